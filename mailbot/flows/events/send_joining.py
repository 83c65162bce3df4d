"""Tell those who attend an event how to join it from afar, the day before."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from mailbot.flows.events.announce_event import codes_with, queue_notice
from mailbot.site import Site
from mailbot.store.events import events
from mailbot.store.surveys import ballots


def send_joining(
    connection: Connection, site: Site, key: str, now: datetime, *, late_since: datetime | None
) -> int:
    """Queue the joining address to every body that has seats; returns how many.

    Who gets a seat later finds it in his receipt.
    """
    stored = events.lock(connection, key)
    if stored is None or not stored.event.joining or stored.event.cancelled is not None:
        return 0
    coming = codes_with(connection, key, frozenset({"attending"}))
    to = [ballot for ballot in ballots.of_subject(connection, key) if ballot.code in coming]
    cooked = site.render.events.joining(stored.event, now=now, late_since=late_since)
    return queue_notice(connection, "event_joining", cooked, stored.event, to, now)
