"""The plan as a calendar file for the secretariat's own calendar (RFC 5545): an entry for each run to come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from mailbot.core.calendar import Language
from mailbot.formats.ics import add_zones

_LENGTH = timedelta(minutes=15)  # an entry of no length is not shown by every program


@dataclass(frozen=True)
class PlanEntry:
    """One run to come."""

    number: int  # P-0012
    at: datetime  # aware, in the zone in which it is planned
    words: str  # S26-014の再度のお願い
    mails: int


def plan_ics(entries: Sequence[PlanEntry], *, stamp: datetime, language: Language, domain: str) -> bytes:
    """Return the calendar file; CRLF, lines of at most 75 octets. Read again, each entry replaces its earlier one."""
    import icalendar  # noqa: PLC0415  slow to import, and only this needs it

    calendar = icalendar.Calendar()
    calendar.add("prodid", "-//mailbot//plan//")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    for one in entries:
        entry = icalendar.Event()
        entry.add("uid", f"plan-{one.number}@{domain}")
        entry.add("dtstamp", stamp.astimezone(UTC))
        entry.add("summary", _summary(one, language))
        entry.add("dtstart", one.at)
        entry.add("dtend", one.at + _LENGTH)
        entry.add("transp", "TRANSPARENT")
        calendar.add_component(entry)
    add_zones(calendar)
    return bytes(calendar.to_ical())


def _summary(one: PlanEntry, language: Language) -> str:
    if language == "ja":
        return f"{one.words}（{one.mails:,}通）" if one.mails else one.words
    return f"{one.words} ({one.mails:,} mails)" if one.mails else one.words
