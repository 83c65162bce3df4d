"""Who was at an event, as the office entered it afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from mailbot.store.tables import attendance


def of_event(connection: Connection, key: str) -> dict[str, int]:
    """Return how many people of each body were there, by code; 0: nobody came. Empty: nothing was entered."""
    rows = connection.execute(
        select(attendance.c.code, attendance.c.people)
        .where(attendance.c.event_key == key)
        .order_by(attendance.c.code)
    )
    return {code: people for code, people in rows}  # noqa: C416  a row is no pair to the type checker


def enter(connection: Connection, key: str, people: Mapping[str, int], now: datetime, by: str) -> None:
    """Put in place what is said of these bodies; what was entered of others stands."""
    connection.execute(
        delete(attendance).where(attendance.c.event_key == key, attendance.c.code.in_(list(people)))
    )
    rows = [
        {"event_key": key, "code": code, "people": number, "entered_at": now, "entered_by": by}
        for code, number in people.items()
    ]
    if rows:
        connection.execute(insert(attendance), rows)
