"""Events and where each stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Select, delete, insert, select, update

from mailbot.core.events.event import Event
from mailbot.store import keys
from mailbot.store.documents import document, read_document
from mailbot.store.tables import event
from mailbot.store.transactions import known

State = Literal["planned", "announced"]


@dataclass(frozen=True)
class StoredEvent:
    """An event as the database holds it."""

    event: Event
    state: State
    sequence: int  # of its calendar entry; rises with each change that was announced (RFC 5545 3.8.7.4)
    announced_at: datetime | None


def every(connection: Connection) -> list[StoredEvent]:
    """Return every event, by key."""
    return [_stored(*row) for row in connection.execute(_events().order_by(event.c.key))]


def load(connection: Connection, key: str) -> StoredEvent | None:
    """Return one event."""
    row = connection.execute(_events().where(event.c.key == key)).first()
    return None if row is None else _stored(*row)


def require(connection: Connection, key: str, *, locked: bool = False) -> StoredEvent:
    """Return one event, as `load` or `lock` does. Raises Refusal, with what to do, when there is none."""
    stored = lock(connection, key) if locked else load(connection, key)
    if stored is None:
        raise keys.none(connection, "event", key)
    return stored


def lock(connection: Connection, key: str) -> StoredEvent | None:
    """Return one event and keep other transactions from changing it until this one ends."""
    locked = known(connection)
    stored: StoredEvent | None = locked.get(("event", key))
    if stored is None:
        row = connection.execute(_events().where(event.c.key == key).with_for_update()).first()
        if row is not None:
            stored = locked["event", key] = _stored(*row)
    return stored


def save(connection: Connection, value: Event) -> None:
    """Put an event's definition in place; a new one is planned."""
    _changes(connection, value.key)
    changed = connection.execute(
        update(event).where(event.c.key == value.key).values(definition=document(value))
    )
    if not changed.rowcount:
        connection.execute(insert(event).values(key=value.key, definition=document(value), state="planned"))


def forget(connection: Connection, key: str) -> None:
    """Take an event out that was only planned."""
    _changes(connection, key)
    connection.execute(delete(event).where(event.c.key == key, event.c.state == "planned"))


def set_announced(connection: Connection, key: str, now: datetime) -> None:
    """Say that the event was announced."""
    _changes(connection, key)
    connection.execute(update(event).where(event.c.key == key).values(state="announced", announced_at=now))


def raise_sequence(connection: Connection, key: str) -> int:
    """Count one announced change; returns the new SEQUENCE."""
    _changes(connection, key)
    sequence: int = connection.execute(
        update(event)
        .where(event.c.key == key)
        .values(sequence=event.c.sequence + 1)
        .returning(event.c.sequence)
    ).scalar_one()
    return sequence


def _changes(connection: Connection, key: str) -> None:
    """Let an event be read anew after this change, by this transaction too."""
    known(connection).pop(("event", key), None)


def _events() -> Select[Any]:
    return select(event.c.definition, event.c.state, event.c.sequence, event.c.announced_at)


def _stored(definition: str, state: State, sequence: int, announced_at: datetime | None) -> StoredEvent:
    return StoredEvent(read_document(Event, definition), state, sequence, announced_at)
