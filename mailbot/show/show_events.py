"""What `mailbot events` prints: where an event stands, and who comes."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from mailbot.core.events.attendance import Attendee
from mailbot.core.events.event import rsvp_of, time_words
from mailbot.core.events.event_figures import Held, YearFigures, holder
from mailbot.core.surveys.ledger import Standing, standings
from mailbot.show import Row, facts, table
from mailbot.store.events import attendances, events, meetings
from mailbot.store.sending import outbox
from mailbot.store.surveys import ledgers

_IN_LIST = ("key", "title", "when", "place", "state", "attending", "waiting")
_RSVP_STATUSES = frozenset({"attending", "waiting", "declined"})


def event_rows(connection: Connection, association: str) -> list[tuple[Row, Held]]:
    """Return for each event a row, and how it is counted."""
    of_meetings = meetings.own_keys(connection)
    rows = []
    for stored in events.every(connection):
        shown, key = event(connection, stored.event.key), stored.event.key
        by = holder(stored.event, association, of_meeting=key in of_meetings)
        came = sum(attendances.of_event(connection, key).values())
        row = {name: shown[name] for name in _IN_LIST} | {"came": came, "held": by}
        cancelled = stored.event.cancelled is not None
        rows.append((row, Held(stored.event.date, by, cancelled, shown["attending"], came)))
    return rows


def year_text(figures: YearFigures, *, fiscal: bool) -> None:
    """Print the events of one year in a line."""
    held = f"{figures.ours} of ours, {figures.with_others} with others, {figures.meetings} meetings"
    people = f"{figures.attending} people with seats, {figures.came} entered as there"
    cancelled = f"; {figures.cancelled} cancelled" if figures.cancelled else ""
    print(f"{'FY' if fiscal else ''}{figures.year}: {held}{cancelled}; {people}")


def event(connection: Connection, key: str) -> Row:
    """Return where an event stands."""
    stored = events.require(connection, key)
    replies = [_rsvp(code, standing) for code, standing in standings(ledgers.rows(connection, key)).items()]
    people = {status: sum(r["people"] for r in replies if r["status"] == status) for status in _RSVP_STATUSES}
    copies = outbox.count_by_kind(connection, key)
    return {
        "key": key,
        "title": stored.event.title,
        "when": time_words(stored.event),
        "place": stored.event.place,
        "state": stored.state if stored.event.cancelled is None else "cancelled",
        "sequence": stored.sequence,
        "capacity": stored.event.capacity,
        "noticed": sum(copies.get("event_notice", {}).values()),
        "attending": people["attending"],
        "waiting": people["waiting"],
        "declined": sum(reply["status"] == "declined" for reply in replies),
        "replies": replies,
    }


def event_text(shown: Row) -> None:
    """Print where an event stands."""
    facts({name: fact for name, fact in shown.items() if name != "replies"})
    rows = [{**reply, "names": "、".join(reply["names"])} for reply in shown["replies"]]
    table(rows, as_json=False, empty="no replies yet")


def attendance_rows(attendees: Sequence[Attendee]) -> list[Row]:
    """Return one row for each body that comes, waits, or came without a seat."""
    return [
        {
            "code": one.code,
            "body": one.body,
            "status": one.status,
            "people": one.people,
            "names": "、".join(one.names),
            "came": one.came,
        }
        for one in attendees
    ]


def _rsvp(code: str, standing: Standing) -> Row:
    status = standing.row.status
    said = rsvp_of(standing.row.answers)
    comes = status in {"attending", "waiting"}
    return {
        "body": code,
        "status": status if status in _RSVP_STATUSES else "unclear",
        "people": said.people if comes else 0,
        "names": list(said.names) if comes else [],
        "later": status == "later",
        "version": standing.row.version,
    }
