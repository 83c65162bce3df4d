"""The calendar entry of an event (RFC 5545): published to all alike, or an invitation to each (RFC 5546, RFC 6047)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from typing import TYPE_CHECKING

from mailbot.core.calendar import local_moment
from mailbot.core.events.event import Event
from mailbot.core.mail.mailing import field

if TYPE_CHECKING:
    from icalendar import Calendar, Timezone

# What of an invitation is each recipient's own, and the octets that it may take; `mailbox` folds itself.
_OWN = {"calendar": 26, "token": 16, "partstat": 12, "mailbox": 74}
_OCTETS = 75  # of a content line (RFC 5545 section 3.1)
_ATOM = re.compile("\x00([a-z]+)\x00|.", re.DOTALL)


def event_ics(
    event: Event,
    *,
    sequence: int,
    stamp: datetime,
    zone: tzinfo,
    organizer: str,
    organizer_name: str,
    domain: str,
) -> bytes:
    """Return the event as a calendar file; CRLF, lines of at most 75 octets.

    Published, it is the same for all: one UID for each event, so that a later notice with a higher SEQUENCE replaces
    the entry. As an invitation it has fields for what is each recipient's own (`calendar`, `token`, `partstat`,
    `mailbox`; core/mail/mailing.py): a UID of his own, the organizer's address that his answer comes back to, and his
    address. While the time is undecided the entry is a tentative one for the day.
    """
    import icalendar  # noqa: PLC0415  slow to import, and only events need it

    entry = icalendar.Event()
    entry.add("dtstamp", stamp.astimezone(UTC))
    entry.add("sequence", sequence)
    if event.place:
        entry.add("location", event.place)
    if about := [*event.programme.splitlines(), *event.contact.splitlines()]:
        entry.add("description", "\n".join(about))
    for material in event.materials:
        entry.add("attach", material.url)
    held = event.cancelled is None
    if event.starts is None:
        entry.add("summary", f"【時間未定】{event.title}")
        entry.add("dtstart", event.date)
        entry.add("dtend", event.date + timedelta(days=1))
        entry.add("status", "TENTATIVE" if held else "CANCELLED")
        entry.add("transp", "TRANSPARENT")
    else:
        entry.add("summary", event.title)
        entry.add("dtstart", local_moment(event.date, event.starts, zone))
        if event.ends is not None:
            entry.add("dtend", local_moment(event.date, event.ends, zone))
        entry.add("status", "CONFIRMED" if held else "CANCELLED")
    calendar = icalendar.Calendar()
    calendar.add("prodid", "-//mailbot//events//")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", calendar_method(event))
    calendar.add_component(entry)
    add_zones(calendar)
    text = bytes(calendar.to_ical()).decode()
    own = "".join(_folded(line) for line in _who(event, organizer, organizer_name, domain))
    return text.replace("BEGIN:VEVENT\r\n", f"BEGIN:VEVENT\r\n{own}", 1).encode()


def add_zones(calendar: Calendar) -> None:
    """Add the VTIMEZONE of each zone whose times stand in a calendar."""
    zones = [zone for tzid in sorted(calendar.get_missing_tzids()) if (zone := _zone(tzid)) is not None]
    calendar.subcomponents[:0] = zones


@cache  # the one of the association, and whatever others: the rules of many years are walked through for it
def _zone(tzid: str) -> Timezone | None:
    """Return the VTIMEZONE of a zone; None when its name is known to nobody."""
    import icalendar  # noqa: PLC0415  as above

    try:
        return icalendar.Timezone.from_tzid(tzid)
    except ValueError:
        return None


def calendar_method(event: Event) -> str:
    """Return the METHOD of an event's calendar file."""
    if event.cancelled is not None:
        return "CANCEL"
    return "REQUEST" if event.calendar == "request" else "PUBLISH"


def _who(event: Event, organizer: str, organizer_name: str, domain: str) -> Iterator[str]:
    """Yield the content lines that say whose entry it is."""
    name = "".join(mark for mark in organizer_name if mark.isprintable() and mark != '"')
    common = f';CN="{name}"' if name else ""
    if event.calendar != "request":
        yield f"UID:{event.key.lower()}@{domain}"
        yield f"ORGANIZER{common}:mailto:{organizer}"
        return
    yield f"UID:{re.sub('[^a-z0-9-]', '-', event.key.lower())}.{field('calendar')}@{domain}"
    yield f"ORGANIZER{common}:mailto:{field('token')}@{domain}"
    yield (
        f"ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT={field('partstat')};RSVP=TRUE"
        f":mailto:{field('mailbox')}"
    )


def _folded(line: str) -> str:
    """Fold a content line so that it fits whatever its fields are filled with; a field stays whole."""
    lines, room = [""], _OCTETS
    for atom in _ATOM.finditer(line):
        octets = _OWN[atom[1]] if atom[1] else len(atom[0].encode())
        if octets > room:
            lines.append(" ")
            room = _OCTETS - 1
        lines[-1] += atom[0]
        room -= octets
    return "".join(f"{one}\r\n" for one in lines)
