"""The calendar entry beside an event's notice (RFC 5545; RFC 5546 METHOD:PUBLISH, and CANCEL when it is not held)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

from mailbot.core.calendar import local_moment
from mailbot.core.event import Event


def event_ics(
    event: Event, *, sequence: int, stamp: datetime, zone: tzinfo, organizer: str, domain: str
) -> bytes:
    """Return the event as a calendar file; CRLF, lines of at most 75 octets.

    The UID is one per event, so that a later notice with a higher SEQUENCE replaces the entry, and so that two
    people of one body have the same one. PUBLISH, not REQUEST: the answer is a reply in words, and a calendar
    program shall send none of its own. While the time is undecided the entry is a tentative one for the day.
    """
    import icalendar  # noqa: PLC0415  slow to import, and only events need it

    entry = icalendar.Event()
    entry.add("uid", f"{event.key.lower()}@{domain}")
    entry.add("dtstamp", stamp.astimezone(UTC))
    entry.add("sequence", sequence)
    entry.add("organizer", icalendar.vCalAddress(f"mailto:{organizer}"))
    if event.place:
        entry.add("location", event.place)
    if about := [*event.programme.splitlines(), *event.contact.splitlines()]:
        entry.add("description", "\n".join(about))
    if event.starts is None:
        entry.add("summary", f"【時間未定】{event.title}")
        entry.add("dtstart", event.date)
        entry.add("dtend", event.date + timedelta(days=1))
        entry.add("status", "TENTATIVE" if event.cancelled is None else "CANCELLED")
        entry.add("transp", "TRANSPARENT")
    else:
        entry.add("summary", event.title)
        entry.add("dtstart", local_moment(event.date, event.starts, zone))
        if event.ends is not None:
            entry.add("dtend", local_moment(event.date, event.ends, zone))
        entry.add("status", "CONFIRMED" if event.cancelled is None else "CANCELLED")
    calendar = icalendar.Calendar()
    calendar.add("prodid", "-//mailbot//events//")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH" if event.cancelled is None else "CANCEL")
    calendar.add_component(entry)
    calendar.add_missing_timezones()
    return bytes(calendar.to_ical())
