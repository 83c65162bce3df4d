"""Make the result mail of a resolution: who took part, the quorum, and what became of each motion."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.surveys.survey import Survey
from mailbot.flows.surveys.count_resolution import count_resolution
from mailbot.flows.surveys.open_survey import ballot_copy
from mailbot.site import Site
from mailbot.store.sending.outbox import Addressee
from mailbot.store.surveys import ballots


def resolution_copies(
    connection: Connection,
    site: Site,
    survey: Survey,
    now: datetime,
    *,
    late_since: datetime | None = None,
    without: Collection[int] = (),
) -> tuple[bytes, list[Addressee]]:
    """Return the cooked result and to whom it goes: every ballot's address, the office alone, or nobody.

    `late_since` is when it should have gone out; `without`: see `count_resolution`.
    """
    counted = count_resolution(connection, survey.key, without)
    cooked = site.render.results.resolution_result(survey, counted.outcome, now=now, late_since=late_since)
    match survey.publish_to:
        case "nobody":
            return cooked, []
        case "office":
            fields = {"greeting": "事務局", "reference": survey.key, "code": "office"}
            return cooked, [Addressee(site.office, None, fields)]
        case "audience":
            return cooked, [ballot_copy(ballot) for ballot in ballots.of_subject(connection, survey.key)]
