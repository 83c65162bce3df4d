"""The statements that a piece of the program runs, and how the database would find the rows of each."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

from sqlalchemy import Connection, event
from sqlalchemy.engine import Engine

from mailbot.store import transactions
from mailbot.store.database import Database

Ran = dict[str, Any]  # the last parameters of each statement, as the driver got them


@contextlib.contextmanager
def watched() -> Iterator[Ran]:
    """Collect what the block runs, through SQLAlchemy or straight to the driver."""
    ran: Ran = {}
    straight = transactions.run

    def run(
        connection: Connection, sql: str, parameters: Any = (), *, each: bool = False, fetch: bool = False
    ) -> Any:
        ran[sql] = parameters[0] if each else parameters
        return straight(connection, sql, parameters, each=each, fetch=fetch)

    def note(_connection: Any, _cursor: Any, sql: str, parameters: Any, _context: Any, many: bool) -> None:
        ran[sql] = parameters[0] if many else parameters

    event.listen(Engine, "before_cursor_execute", note)
    try:
        with patch.object(transactions, "run", run):
            yield ran
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def plan(database: Database, sql: str, parameters: Any) -> list[str]:
    """Return the steps in which the database would run a statement, without running it."""
    with database.read() as connection:
        held = connection.connection.dbapi_connection
        assert held is not None
        cursor = held.cursor()
        if connection.dialect.name == "sqlite":
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}", parameters)
            return [row[3] for row in cursor.fetchall()]
        cursor.execute("SET LOCAL enable_seqscan = off")  # of few rows it would rather look at all
        cursor.execute(f"EXPLAIN {sql}", parameters)
        return [row[0] for row in cursor.fetchall()]
