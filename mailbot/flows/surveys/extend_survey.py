"""Put off the close of an open survey, tell everybody who was asked, and move its planned runs along."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from mailbot import log
from mailbot.core.refusal import Refusal
from mailbot.flows.runs.plan_runs import plan_runs
from mailbot.flows.surveys.open_survey import queue_ballots
from mailbot.site import Site
from mailbot.store.surveys import ballots, surveys
from mailbot.store.surveys.surveys import StoredSurvey


def extend_survey(
    connection: Connection, site: Site, key: str, closes: datetime, now: datetime, *, by: str
) -> int:
    """Let an open survey close later; returns how many are told. `by`: who decided it.

    The close in the definition file stays known: `apply` does not take the old one back. Raises Refusal when the
    survey is not open or the new close is not later.
    """
    stored = surveys.lock(connection, key)
    if stored is None or stored.state != "open":
        state = "not there" if stored is None else stored.state
        raise Refusal(f"survey {key} is {state}; only an open survey can be extended")
    old = stored.survey
    if closes <= old.closes or closes <= now:
        raise Refusal(
            f"survey {key} closes {old.closes.astimezone(site.zone):%Y-%m-%d %H:%M}; a new close must be later "
            "than that and than now"
        )
    return move_close(connection, site, stored, closes, now, by=by)


def move_close(
    connection: Connection, site: Site, stored: StoredSurvey, closes: datetime, now: datetime, *, by: str
) -> int:
    """Put a new close in place, tell everybody who was asked, and move the planned runs; returns how many are told.

    The ballots say when the survey closes: whoever changes it announces it (ballot.md section 14).
    """
    old = stored.survey
    survey = replace(old, closes=closes)
    surveys.move_close(connection, survey, stored.extended_from or old.closes)
    # A reminder that the new close would have had earlier today is no late one: everybody is written to now.
    plan_runs(connection, site, survey, anew_from=now)
    asked = ballots.of_subject(connection, survey.key)
    queue_ballots(
        connection,
        "extension",
        asked,
        lambda layout: site.render.surveys.extension(survey, old.closes, now=now, layout=layout),
        now,
    )
    log.event("survey.extended", survey=survey.key, closes=closes.isoformat(), by=by, told=len(asked))
    return len(asked)
