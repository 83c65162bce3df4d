"""Meetings of groups: their definitions, and when each is held."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, delete, insert, select, update

from mailbot.core.events.meeting import Meeting, poll_key
from mailbot.store.documents import document, read_document
from mailbot.store.tables import meeting


@dataclass(frozen=True)
class StoredMeeting:
    """A meeting as the database holds it."""

    meeting: Meeting
    starts: datetime | None  # once it is fixed


def every(connection: Connection) -> list[StoredMeeting]:
    """Return every meeting, by key."""
    rows = connection.execute(_meetings().order_by(meeting.c.key))
    return [StoredMeeting(read_document(Meeting, row[0]), row[1]) for row in rows]


def load(connection: Connection, key: str) -> StoredMeeting | None:
    """Return one meeting."""
    row = connection.execute(_meetings().where(meeting.c.key == key)).first()
    return None if row is None else StoredMeeting(read_document(Meeting, row[0]), row[1])


def lock(connection: Connection, key: str) -> StoredMeeting | None:
    """Return one meeting and keep other transactions from changing it until this one ends."""
    row = connection.execute(_meetings().where(meeting.c.key == key).with_for_update()).first()
    return None if row is None else StoredMeeting(read_document(Meeting, row[0]), row[1])


def save(connection: Connection, value: Meeting) -> None:
    """Put a meeting's definition in place."""
    changed = connection.execute(
        update(meeting).where(meeting.c.key == value.key).values(definition=document(value))
    )
    if not changed.rowcount:
        connection.execute(insert(meeting).values(key=value.key, definition=document(value)))


def forget(connection: Connection, key: str) -> None:
    """Take a meeting out that was only planned."""
    connection.execute(delete(meeting).where(meeting.c.key == key, meeting.c.starts.is_(None)))


def set_starts(connection: Connection, key: str, starts: datetime) -> None:
    """Say when the meeting is held."""
    connection.execute(update(meeting).where(meeting.c.key == key).values(starts=starts))


def own_keys(connection: Connection) -> frozenset[str]:
    """Return the keys of the events and polls that meetings made; no file defines them."""
    keys = connection.execute(select(meeting.c.key)).scalars().all()
    return frozenset(keys) | {poll_key(key) for key in keys}


def _meetings() -> Select[Any]:
    return select(meeting.c.definition, meeting.c.starts)
