"""Enter who was at an event: from then on `audience: {attended: ...}` means them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.events.attendance import read_attendance
from mailbot.core.events.event import begins, rsvp_of
from mailbot.core.office.journal_line import COMMAND_LINE
from mailbot.core.refusal import Refusal
from mailbot.core.surveys.ledger import standings
from mailbot.site import Site
from mailbot.store.events import attendances, events
from mailbot.store.members import members
from mailbot.store.office import journal
from mailbot.store.surveys import ledgers


def enter_attendance(
    connection: Connection, site: Site, key: str, words: Sequence[str], now: datetime
) -> dict[str, int]:
    """Enter who was there, in the words of `read_attendance`; returns people by code.

    Entered again, a body's number replaces the one before; the others stand. Raises Refusal when there is no such
    event, it was cancelled or has not begun, or a word cannot be read.
    """
    stored = events.require(connection, key, locked=True)
    if stored.event.cancelled is not None:
        raise Refusal(f"event {key} was cancelled; nobody was there")
    if now < begins(stored.event, site.zone):
        raise Refusal(f"event {key} has not begun; who was there is entered afterwards")
    try:
        said = read_attendance(words, seats_of(connection, key))
    except ValueError as unread:
        raise Refusal(f"event {key}: {unread}") from unread
    unknown = said.keys() - members.bodies(connection).keys()
    if unknown:
        raise Refusal(f"event {key}: {min(unknown)} is no body of the register")
    save_attendance(connection, key, said, now, by=COMMAND_LINE)
    return said


def save_attendance(
    connection: Connection, key: str, said: Mapping[str, int], now: datetime, *, by: str
) -> None:
    """Put in place how many people of each body were there, on record."""
    attendances.enter(connection, key, said, now, by)
    detail = f"{sum(said.values())} people of {sum(number > 0 for number in said.values())} bodies"
    journal.add(connection, "event.attendance", now, who=by, about=key, detail=detail)


def seats_of(connection: Connection, key: str) -> dict[str, int]:
    """Return how many people of each body had seats, by code."""
    stands = standings(ledgers.rows(connection, key))
    return {
        code: rsvp_of(own.row.answers).people for code, own in stands.items() if own.row.status == "attending"
    }
