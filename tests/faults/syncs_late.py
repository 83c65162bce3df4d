"""A mutant of the service: SQLite syncs its log at checkpoints only. The power cuts must find it out."""

from __future__ import annotations

import sqlite3

from sqlalchemy import Engine, event

from mailbot.cli import main
from mailbot.store import database

_sqlite_engine = database._sqlite_engine


def sqlite_engine(url: str) -> Engine:
    """Return the engine as it would be, with the pragma that many take for enough."""
    engine = _sqlite_engine(url)

    @event.listens_for(engine, "connect")
    def sync_late(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA synchronous = NORMAL")

    return engine


setattr(database, "_sqlite_engine", sqlite_engine)  # noqa: B010  mypy would not have it
main()
