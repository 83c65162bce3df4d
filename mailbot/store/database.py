"""The database: SQLite in one file (WAL, synchronous=FULL) or PostgreSQL; transactions in threads of their own."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Dialect, Engine, Update, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import DBAPIError

from mailbot.core.envelope import StorageFull, StorageUnavailable

SCHEMA = "0002"  # the newest migration; a test compares
_THREADS = 4
_BUSY_MS = 10_000
_UPGRADE_LOCK = 0x6D61696C  # PostgreSQL advisory lock, so that two nodes do not upgrade at once

P = ParamSpec("P")
T = TypeVar("T")


class Database:
    """A pool of connections, and the transactions that flows run in.

    The store is synchronous: a whole flow (load, decide, save) is one function in one thread, which costs one
    hop between threads instead of one for each query.
    """

    def __init__(self, url: str) -> None:
        self._sqlite = url.startswith("sqlite")
        self._engine = _sqlite_engine(url) if self._sqlite else _postgresql_engine(url)
        self._writing = threading.Lock() if self._sqlite else contextlib.nullcontext()
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="store")

    @contextlib.contextmanager
    def write(self) -> Iterator[Connection]:
        """Run the block in one transaction; committed at its end, rolled back on any exception.

        Raises StorageFull or StorageUnavailable when the database cannot take it.
        """
        with self._writing, storage_errors(), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """Run the block on one consistent snapshot, without hindering writers."""
        with (
            storage_errors(),
            self._engine.connect().execution_options(mailbot_reads=True) as connection,
            connection.begin(),
        ):
            yield connection

    async def in_thread(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a blocking function in one of the store's threads; it ends even if the caller is cancelled."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, lambda: function(*args, **kwargs))

    async def writing(
        self, function: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run `function(connection, ...)` in one transaction in a thread."""
        return await self.in_thread(self._within, self.write, function, args, kwargs)

    async def reading(
        self, function: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run `function(connection, ...)` on one snapshot in a thread."""
        return await self.in_thread(self._within, self.read, function, args, kwargs)

    @staticmethod
    def _within(
        transaction: Callable[[], contextlib.AbstractContextManager[Connection]],
        function: Callable[..., T],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> T:
        with transaction() as connection:
            return function(connection, *args, **kwargs)

    def upgrade(self) -> None:
        """Bring the tables to the newest form; from an empty database too. Does nothing when they are there."""
        with self.read() as connection:
            if _schema_of(connection) == SCHEMA:
                return
        # Slow to import, and most starts find the tables as they should be.
        from alembic import command  # noqa: PLC0415
        from alembic.config import Config as AlembicConfig  # noqa: PLC0415

        with self._engine.connect() as connection:
            if not self._sqlite:
                connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": _UPGRADE_LOCK})
                connection.commit()
            settings = AlembicConfig()
            settings.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
            settings.attributes["connection"] = connection
            command.upgrade(settings, "head")
            if not self._sqlite:
                connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": _UPGRADE_LOCK})
            connection.commit()

    def close(self) -> None:
        """Wait for what is running and close every connection."""
        self._threads.shutdown(wait=True)
        self._engine.dispose()


def run_each(connection: Connection, statement: Update, rows: Sequence[Mapping[str, object]]) -> int:
    """Run an UPDATE once for each of these sets of parameters; returns how many rows it changed in all.

    It goes to the driver in one call, written out once: SQLAlchemy's own way costs some four times as much, for
    each mail that leaves.
    """
    written = _write_out(statement, connection.dialect)
    return connection.exec_driver_sql(written.sql, [written.parameters(row) for row in rows]).rowcount


class _Written:
    """A statement as the driver takes it."""

    def __init__(self, statement: Update, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        self.sql = compiled.string
        self._constants = dict(
            compiled.params
        )  # values that stand in the statement itself; None for the others
        self._order = compiled.positiontup  # None where the driver takes names

    def parameters(self, row: Mapping[str, object]) -> tuple[object, ...] | dict[str, object]:
        named = {**self._constants, **row}
        return named if self._order is None else tuple([named[name] for name in self._order])


@lru_cache(maxsize=64)
def _write_out(statement: Update, dialect: Dialect) -> _Written:
    return _Written(statement, dialect)


def storable(words: str) -> str:
    """Return text that both databases take: no NUL, no lone surrogate (PostgreSQL refuses them)."""
    return words.replace("\0", "\N{SYMBOL FOR NULL}").encode("utf-8", "replace").decode("utf-8")


def _schema_of(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _sqlite_engine(url: str) -> Engine:
    engine = create_engine(url, pool_size=_THREADS + 2, connect_args={"check_same_thread": False})

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        # Python's sqlite3 would open transactions by its own rules; ours begin in `begin` below.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")  # NORMAL loses acknowledged commits at a power cut
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A transaction that may write takes the lock at once: it can then never fail half-way for want of it.
        reads = connection.get_execution_options().get("mailbot_reads", False)
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    return engine


def _postgresql_engine(url: str) -> Engine:
    return create_engine(make_url(url), pool_size=_THREADS + 2, pool_pre_ping=True)


@contextlib.contextmanager
def storage_errors() -> Iterator[None]:
    """Turn what the database's driver raises into the two things that the rest of the service knows."""
    try:
        yield
    except DBAPIError as error:
        words = str(error.orig)
        if "disk is full" in words or "No space left" in words or "could not extend file" in words:
            raise StorageFull(words) from error
        if error.connection_invalidated or type(error.orig).__name__ == "OperationalError":
            raise StorageUnavailable(words) from error
        raise
