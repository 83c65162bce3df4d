"""Report a survey: load its electorate, its counted votes and the earlier survey, and make one value of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.members.register import Body
from mailbot.core.refusal import Refusal
from mailbot.core.surveys.cross_table import Elector, Unsummed
from mailbot.core.surveys.ledger import IN_TALLY, Standing, counted_rows, standings, standings_of_ballots
from mailbot.core.surveys.report import BodyVote, Report, make_report
from mailbot.core.surveys.survey import Answers, Survey
from mailbot.core.surveys.tally import Vote
from mailbot.store.members import bounces, members
from mailbot.store.surveys import ballots, ledgers, sealed, surveys


def report_survey(
    connection: Connection, key: str, now: datetime, votes: Sequence[Vote] | None = None
) -> Report:
    """Return a survey's report as of now, from these votes or else from its ledger.

    Raises Refusal when there is no such survey, and when its tables do not sum to the whole.
    """
    stored = surveys.require(connection, key)
    previous = surveys.load(connection, stored.survey.previous) if stored.survey.previous else None
    report = make_report(
        stored.survey,
        stored.state,
        electors(connection, key),
        counted_votes(connection, stored.survey) if votes is None else votes,
        at=now,
        earlier=(previous.survey, counted_votes(connection, previous.survey)) if previous else None,
    )
    if isinstance(report, Unsummed):
        raise Refusal(report.sentence)
    return report


def counted_votes(connection: Connection, survey: Survey) -> list[Vote]:
    """Return the votes that are in the tally: one for each body, or for each person where each has a vote.

    A sealed survey's votes say nothing of whose they are; after its close they lie in the list without bodies.
    """
    if survey.mode == "sealed" and (lines := sealed.answers(connection, survey.key)):
        return [Vote(None, answers) for answers in lines]
    return [
        Vote(None if survey.mode == "sealed" else row.code, row.answers, row.ballot_id)
        for row in counted_rows(ledgers.rows(connection, survey.key), survey.unit)
    ]


def electors(connection: Connection, key: str) -> list[Elector]:
    """Return whom a survey asked, as the register has them; a body that it no longer has is 「その他・未分類」."""
    register = members.bodies(connection)
    unreached = bounces.undeliverable(connection, key)
    return [
        Elector(
            register.get(ballot.code, Body(ballot.code, ballot.code, "other", "")), ballot.code in unreached
        )
        for ballot in ballots.of_subject(connection, key)
    ]


def votes_by_body(connection: Connection, key: str, report: Report) -> list[BodyVote]:
    """Return what each body answered, for the office alone. Raises Refusal when the survey keeps no bodies."""
    if report.survey.mode == "sealed":
        raise Refusal(
            f"survey {key} is sealed: there are no answers by body; leave --raw away for the whole's figures"
        )
    rows = ledgers.rows(connection, key)
    by_body, by_ballot = standings(rows), standings_of_ballots(rows)
    persons = report.survey.unit == "person"
    return [
        BodyVote(elector.body, *_status(by_ballot.get(ballot.id) if persons else by_body.get(ballot.code)))
        for elector, ballot in zip(
            electors(connection, key), ballots.of_subject(connection, key), strict=True
        )
    ]


def _status(stands: Standing | None) -> tuple[str, int, Answers]:
    if stands is None:
        return "", 0, {}
    counts = stands.row.status in IN_TALLY
    return stands.row.status, stands.row.version, stands.row.answers if counts else {}
