"""Remind, of an open survey, only those bodies from whom nothing complete has come."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.ledger import standings
from mailbot.core.refusal import Refusal
from mailbot.flows.open_survey import ballot_copy
from mailbot.site import Site
from mailbot.store import ballots, outbox, surveys
from mailbot.store.ballots import Ballot


def remind_survey(
    connection: Connection, site: Site, key: str, now: datetime, *, late_since: datetime | None = None
) -> int:
    """Queue a reminder to those missing; returns how many. Raises Refusal when the survey is not open."""
    stored = surveys.lock(connection, key)
    if stored is None or stored.state != "open":
        state = "not there" if stored is None else stored.state
        raise Refusal(f"survey {key} is {state}; only an open survey has somebody to remind")
    asked = missing(connection, key)
    if asked:
        mailing_id = outbox.add_mailing(
            connection,
            kind="reminder",
            subject=key,
            cooked=site.render.reminder(stored.survey, now=now, late_since=late_since),
            bounces="bounce",
            now=now,
        )
        outbox.queue(connection, mailing_id, [ballot_copy(ballot) for ballot in asked], now)
    return len(asked)


def missing(connection: Connection, key: str) -> list[Ballot]:
    """Return the ballots of the bodies from whom nothing complete has come."""
    stands = standings(ballots.ledger(connection, key))
    done = {code for code, standing in stands.items() if standing.row.status in {"counted", "declined"}}
    return [ballot for ballot in ballots.of_subject(connection, key) if ballot.code not in done]
