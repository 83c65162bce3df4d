"""Make the result mail of a survey: cooked once, with each member's own answers and its kind's table as a field."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.surveys.cross_table import group_of
from mailbot.core.surveys.survey import Survey
from mailbot.flows.surveys.open_survey import ballot_copy
from mailbot.flows.surveys.report_survey import counted_votes, electors, report_survey
from mailbot.site import Site
from mailbot.store.sending.outbox import Addressee
from mailbot.store.surveys import ballots
from mailbot.store.surveys.ballots import Ballot


def result_copies(
    connection: Connection, site: Site, survey: Survey, now: datetime, *, late_since: datetime | None = None
) -> tuple[bytes, list[Addressee]]:
    """Return the cooked result and to whom it goes: every ballot's address, the office alone, or nobody.

    `late_since` is when it should have gone out. Raises Refusal when the survey's tables do not sum.
    """
    votes = counted_votes(connection, survey)
    report = report_survey(connection, survey.key, now, votes)
    cooked = site.render.results.result(report, now=now, late_since=late_since)
    own = site.render.results.own_result(report)
    match survey.publish_to:
        case "nobody":
            return cooked, []
        case "office":
            fields = {"greeting": "事務局", "reference": survey.key, "code": "office", "own": own("", None)}
            return cooked, [Addressee(site.office, None, fields)]
        case "audience":
            persons = survey.unit == "person"
            answers = {vote.ballot_id if persons else vote.code: vote.answers for vote in votes}
            asked = zip(
                electors(connection, survey.key), ballots.of_subject(connection, survey.key), strict=True
            )
            return cooked, [
                _copy(
                    ballot,
                    own(group_of("kind", elector.body), answers.get(ballot.id if persons else ballot.code)),
                )
                for elector, ballot in asked
            ]


def _copy(ballot: Ballot, own: str) -> Addressee:
    copy = ballot_copy(ballot)
    return replace(copy, fields={**(copy.fields or {}), "own": own})
