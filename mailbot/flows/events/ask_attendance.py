"""When an event has ended the office gets the list of those who said that they come, and answers by reply who did."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.events.attendance import Attendee
from mailbot.core.events.event import time_words
from mailbot.flows.events.list_attendees import list_attendees
from mailbot.flows.office.tell_office import tell_office
from mailbot.site import Site
from mailbot.store.events import events

MAIL = "attendance"  # template and kind
_MOST_SHOWN = 200  # bodies


def ask_attendance(connection: Connection, site: Site, key: str, now: datetime) -> int:
    """Mail the list to the office; returns how many bodies are on it.

    No mail when the event was never announced or was cancelled, when nobody said that he comes, or when the office has
    entered all of them already.
    """
    stored = events.lock(connection, key)
    if stored is None or stored.state != "announced" or stored.event.cancelled is not None:
        return 0
    attendees = sorted(list_attendees(connection, key)[1], key=lambda one: one.code)
    coming = [one for one in attendees if one.status == "attending"]
    waiting = [one for one in attendees if one.status == "waiting"]
    if all(one.came is not None for one in coming) and not any(one.came is None for one in waiting):
        return 0
    cooked = site.render.office.letter(
        MAIL,
        now=now,
        key=key,
        title=stored.event.title,
        when=time_words(stored.event, site.language),
        bodies=len(coming),
        people=sum(one.people for one in coming),
        coming=[_line(site, one) for one in coming[:_MOST_SHOWN]],
        waiting=[_line(site, one) for one in waiting[:_MOST_SHOWN]],
        more=max(0, len(coming) - _MOST_SHOWN) + max(0, len(waiting) - _MOST_SHOWN),
        example=(coming or waiting)[0].body,
    )
    tell_office(connection, site, cooked, now, kind=MAIL)
    return len(coming) + len(waiting)


def _line(site: Site, one: Attendee) -> str:
    """Return one body of the list: 「202011 長野市（長野県）　2名　山田太郎、鈴木花子」."""
    if site.language == "ja":
        return f"{one.code} {one.body}（{one.prefecture}）　{one.people}名　{'、'.join(one.names)}".rstrip(
            "　"
        )
    return f"{one.code} {one.body} ({one.prefecture})  {one.people}  {', '.join(one.names)}".rstrip()
