"""Close a survey in one transaction: from its moment on every reply is late, and the result goes out (I20)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.ledger import standings
from mailbot.core.refusal import Refusal
from mailbot.core.survey import Answers, Question, Survey
from mailbot.core.tally import tally
from mailbot.core.vote import applies
from mailbot.flows.open_survey import ballot_copy
from mailbot.render import QuestionResult, SurveyResult
from mailbot.site import Site
from mailbot.store import ballots, inbox, occurrences, outbox, surveys

COUNTS = frozenset({"counted", "partial"})  # the statuses whose answers are in the tally


class StillReading(Refusal):
    """Raised while mail that came before the close has not been read: come back in a moment."""


def close_survey(
    connection: Connection,
    site: Site,
    key: str,
    at: datetime,
    now: datetime,
    *,
    late_since: datetime | None = None,
) -> int:
    """Close an open survey as of `at`; returns how many bodies' answers count.

    Raises Refusal when it is not open, and StillReading when mail received before `at` waits to be read.
    """
    inbox.stop_intake(connection)
    stored = surveys.lock(connection, key)
    if stored is None or stored.state != "open":
        state = "not there" if stored is None else stored.state
        raise Refusal(f"survey {key} is {state}; only an open survey can be closed")
    waiting = inbox.waiting_before(connection, at)
    if waiting:
        raise StillReading(
            f"survey {key}: {waiting} mails that came before its close wait to be read; "
            "let the service run (`mailbot serve`), then close it again"
        )
    surveys.set_closed(connection, key, at)
    occurrences.settle_waiting(connection, f"survey:{key}:close", "done", "closed", now)
    for number, _ in enumerate(stored.survey.reminders, 1):  # closed by hand: there is nobody left to remind
        occurrences.settle_waiting(
            connection, f"survey:{key}:reminder:{number}", "withdrawn", "the survey was closed", now
        )
    outbox.withdraw(connection, ("invitation", "reminder"), key)
    votes = counted_answers(connection, key)
    _publish(connection, site, stored.survey, votes, now, late_since)
    return len(votes)


def counted_answers(connection: Connection, key: str) -> list[Answers]:
    """Return the answers that are in the tally, one for each body."""
    stands = standings(ballots.ledger(connection, key)).values()
    return [standing.row.answers for standing in stands if standing.row.status in COUNTS]


def result_of(survey: Survey, votes: list[Answers], invited: int) -> SurveyResult:
    """Return what the answers come to, in the words of the ballot."""
    counts = tally(survey, votes)
    return SurveyResult(
        invited,
        len(votes),
        tuple(
            _question_result(
                question, counts[question.id], sum(applies(survey, question, vote) for vote in votes)
            )
            for question in survey.questions
        ),
    )


def _question_result(question: Question, counts: Mapping[str, int], base: int) -> QuestionResult:
    labels = {str(number): label for number, label in enumerate(question.options, 1)}
    given = tuple((labels.get(answer, answer), count) for answer, count in counts.items() if answer != "none")
    return QuestionResult(question, base, given, counts["none"])


def _publish(
    connection: Connection,
    site: Site,
    survey: Survey,
    votes: list[Answers],
    now: datetime,
    late_since: datetime | None,
) -> None:
    asked = ballots.of_subject(connection, survey.key)
    result = result_of(survey, votes, len(asked))
    if survey.publish_to == "audience":
        to = [ballot_copy(ballot) for ballot in asked]
    else:
        fields = {"greeting": "事務局", "reference": survey.key, "code": "office"}
        to = [outbox.Addressee(site.office, None, fields)]
    if survey.publish_to != "nobody":
        mailing_id = outbox.add_mailing(
            connection,
            kind="result",
            subject=survey.key,
            cooked=site.render.result(survey, result, now=now, late_since=late_since),
            bounces="bounce",
            now=now,
        )
        outbox.queue(connection, mailing_id, to, now)
