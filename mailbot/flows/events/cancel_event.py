"""Cancel an event: nothing more is sent about it but the news to everybody who was asked, and no RSVP is taken."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.events.event import begins
from mailbot.core.office.journal_line import COMMAND_LINE
from mailbot.core.refusal import Refusal
from mailbot.flows.events.change_event import change_event
from mailbot.site import Site
from mailbot.store.events import events
from mailbot.store.office import journal


def cancel_event(connection: Connection, site: Site, key: str, reason: str, now: datetime) -> int:
    """Cancel an event, whose definition file may say so later or never; returns how many are told.

    `reason`: stands in the mail; may be empty. Raises Refusal when there is no such event, or it is cancelled or past.
    """
    stored = events.require(connection, key, locked=True)
    if stored.event.cancelled is not None:
        raise Refusal(f"event {key} is cancelled already")
    if now >= begins(stored.event, site.zone) and stored.event.starts is not None:
        raise Refusal(f"event {key} has begun; it can no longer be cancelled")
    changed = change_event(connection, site, stored, replace(stored.event, cancelled=reason), now)
    journal.add(connection, "event.cancelled", now, who=COMMAND_LINE, about=key, detail=reason)
    return changed.told
