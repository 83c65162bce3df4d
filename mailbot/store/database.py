"""The database: SQLite in one file (WAL, synchronous=FULL) or PostgreSQL; transactions in threads of their own."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    create_engine,
    event,
    insert,
    inspect,
    make_url,
    text,
)
from sqlalchemy.exc import DBAPIError

from mailbot.core.transfer.envelope import StorageFull, StorageUnavailable
from mailbot.store import statements, transactions
from mailbot.store.tables import metadata

SCHEMA = "0026"  # the newest migration; a test compares
_THREADS = 4
_BUSY_MS = 10_000
_BUSY_AGAIN_SECONDS = 0.01
_VERSION = Table(  # which migration a database has, as Alembic keeps it
    "alembic_version",
    MetaData(),
    Column("version_num", String(32)),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
# A node that is paused, or whose machine has gone, in the middle of a transaction holds its locks, at which all other
# nodes wait, until the server finds out: after seconds for one that serves, and before its leases are free. (I24)
_ABANDONED = "20s"
# How libpq finds out that the server's machine has gone (I26); by itself it waits for hours. What the URL says holds.
_PATIENCE = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,  # milliseconds
}
_UPGRADE_LOCK = 0x6D61696C  # PostgreSQL advisory lock, so that two nodes do not upgrade at once

P = ParamSpec("P")
T = TypeVar("T")


class Database:
    """A pool of connections, and the transactions that flows run in.

    The store is synchronous: a whole flow (load, decide, save) is one function in one thread, which costs one
    hop between threads instead of one for each query.
    """

    def __init__(self, url: str, *, serves: bool = False) -> None:
        """Open nothing yet. With `serves`, PostgreSQL ends a transaction that this process abandons: see `_ABANDONED`."""
        self._sqlite = url.startswith("sqlite")
        self._engine = _sqlite_engine(url) if self._sqlite else _postgresql_engine(url, serves=serves)
        self._readers = self._engine
        if self._sqlite:
            self._readers = _sqlite_engine(url).execution_options(mailbot_reads=True)
        self._writing = threading.Lock()
        self._writer: Connection | None = None
        self._noticing: Connection | None = None
        self._noticed: object = None
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="store")

    @contextlib.contextmanager
    def write(self) -> Iterator[Connection]:
        """Run the block in one transaction; committed at its end, rolled back on any exception.

        Raises StorageFull or StorageUnavailable when the database cannot take it.
        """
        with storage_errors(), self._to_write() as connection:
            own = transactions.transaction_of(connection)
            with connection.begin() as transaction:
                yield connection
                if not transaction.is_active:
                    # It was taken back, as a trial run is, with all that was to follow it.
                    own = transactions.TransactionState()
                for last in own.first:
                    last(connection)
                transactions.save_gathered(connection)
            try:
                for act in own.later:
                    act()
            finally:
                if own.scrub:
                    self._scrub(connection, own.scrub)

    @contextlib.contextmanager
    def brief(self) -> Iterator[Connection]:
        """Run the block as `write` does, for little that is done often; nothing in it waits for the commit.

        Its statements are mostly `Written`: for those SQLAlchemy need not know of the transaction, and what it does to
        begin and to end one takes longer than the sender's marks for a round of copies.
        """
        if not self._sqlite:
            with self.write() as connection:
                yield connection
            return
        with storage_errors(), self._to_write() as connection:
            driver: Any = connection.connection.driver_connection
            own = transactions.transaction_of(connection)
            own.begun = True
            try:
                transactions.run(connection, "BEGIN IMMEDIATE")
                yield connection
                transactions.save_gathered(connection)
                if connection.in_transaction():
                    connection.commit()
                else:
                    transactions.run(connection, "COMMIT")
            except BaseException:
                if connection.in_transaction():
                    connection.rollback()
                elif driver.in_transaction:  # SQLite itself takes back some of what fails
                    driver.rollback()
                raise
            finally:
                own.begun = False

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """Run the block on one consistent snapshot, without hindering writers."""
        with storage_errors(), self._readers.connect() as connection, connection.begin():
            transactions.begin_anew(connection)
            yield connection

    @contextlib.contextmanager
    def _to_write(self) -> Iterator[Connection]:
        """Give the connection that writes: on SQLite always the same, since another's writes would empty its page cache."""
        if not self._sqlite:
            with self._engine.connect() as connection:
                transactions.begin_anew(connection)
                yield connection
            return
        with self._writing:
            # To take it from the pool and to give it back would cost as much as a small transaction.
            if self._writer is None:
                self._writer = self._engine.connect()
            transactions.begin_anew(self._writer)
            try:
                yield self._writer
            finally:
                if self._writer.invalidated:
                    self._writer.close()
                    self._writer = None

    def written(self) -> bool:
        """Tell whether anybody, in whatever process, may have written since this was asked last: one cheap statement.

        Not for two threads at once. PostgreSQL cannot say, so that there the answer is always yes.
        """
        if not self._sqlite:
            return True
        try:
            with storage_errors():
                if self._noticing is None:
                    self._noticing = self._readers.connect()
                # It changes with each commit of another connection, and this one never commits anything.
                ((found,),) = transactions.run(self._noticing, "PRAGMA data_version", fetch=True)
        except StorageUnavailable:
            if self._noticing is not None:
                self._noticing.close()
                self._noticing = None
            raise
        before, self._noticed = self._noticed, found
        return bool(found != before)

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

    def upgrade(self, allow: Callable[[str], None] | None = None) -> None:
        """Bring the tables to the newest form; from an empty database too. Does nothing when they are there.

        Tables of another form are changed once `allow` was told which they have; it may raise.
        """
        with self.read() as connection:
            found = schema_of(connection)
        if found == SCHEMA or (found is None and self._create()):
            return
        if found is not None and allow is not None:
            allow(found)
        self.migrate()

    def _create(self) -> bool:
        """Make the newest tables at once where there are none; tells whether they are there now.

        A test holds that this makes, to the letter, what all migrations make one after the other.
        """
        with storage_errors(), self._engine.connect() as connection, connection.begin():
            if not self._sqlite:  # SQLite's transaction is alone from its beginning
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _UPGRADE_LOCK})
            if inspect(connection).get_table_names():
                # Another process was faster, or they are somebody else's.
                return schema_of(connection) == SCHEMA
            metadata.create_all(connection, checkfirst=False)
            _VERSION.create(connection)
            connection.execute(insert(_VERSION).values(version_num=SCHEMA))
            return True

    def migrate(self) -> None:
        """Run the migrations that this database does not have yet, one after the other."""
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

    def _scrub(self, connection: Connection, tables: Sequence[str]) -> None:
        """Rewrite what holds these tables, and empty the write-ahead log: deleted rows outlive their deletion there."""
        if self._sqlite:
            own = connection.connection.driver_connection
            assert own is not None, "the connection is open"
            for statement in ("VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
                rows = own.execute(statement).fetchall()
            if rows[0][0]:
                raise StorageUnavailable(
                    "what was destroyed is still in the database's log, which others read"
                )
            return
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as alone:
            for table in tables:
                alone.execute(text(f"VACUUM FULL {table}"))

    def close(self) -> None:
        """Wait for what is running and close every connection."""
        self._threads.shutdown(wait=True)
        if self._writer is not None:
            self._writer.close()
        if self._noticing is not None:
            self._noticing.close()
        self._readers.dispose()
        self._engine.dispose()


def _watch(engine: Engine) -> None:
    """Before each statement that SQLAlchemy runs itself, save what is gathered, and forget what was read of what it changes."""

    @event.listens_for(engine, "before_cursor_execute")
    def before(
        connection: Connection, _cursor: object, _sql: str, _values: object, context: Any, _each: object
    ) -> None:
        own = transactions.transaction_of(connection)
        if own.gathered:
            transactions.save_gathered(connection)
        if own.ahead:
            compiled = context.compiled
            if compiled is None or context.is_text:
                own.ahead.clear()
            elif context.is_crud:
                statements.changed(connection, compiled.statement.table)

    @event.listens_for(engine, "rollback_savepoint")
    def taken_back(connection: Connection, *_: object) -> None:
        transactions.take_back(connection)


def storable(words: str) -> str:
    """Return text that both databases take: no NUL, no lone surrogate (PostgreSQL refuses them)."""
    if words.isascii() and "\0" not in words:
        return words
    return words.replace("\0", "\N{SYMBOL FOR NULL}").encode("utf-8", "replace").decode("utf-8")


def schema_of(connection: Connection) -> str | None:
    """Return the newest migration that the database has; None: it has no tables yet."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _sqlite_engine(url: str) -> Engine:
    # What a statement was given may be an address or a secret answer: a traceback in the log does not say it.
    engine = create_engine(
        url,
        pool_size=_THREADS + 2,
        pool_use_lifo=True,
        connect_args={"check_same_thread": False},
        hide_parameters=True,
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        # Python's sqlite3 would open transactions by its own rules; ours begin in `begin` below.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
        _write_ahead(cursor)
        cursor.execute("PRAGMA synchronous = FULL")  # NORMAL loses acknowledged commits at a power cut
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA secure_delete = ON")  # what is deleted is overwritten
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A transaction that may write takes the lock at once: it can then never fail half-way for want of it.
        if transactions.transaction_of(connection).begun:
            return
        reads = connection.get_execution_options().get("mailbot_reads", False)
        transactions.run(connection, "BEGIN" if reads else "BEGIN IMMEDIATE")

    _watch(engine)
    return engine


def _write_ahead(cursor: sqlite3.Cursor) -> None:
    """Let the file have a write-ahead log, as it has from its first connection on.

    While another process makes that same file, SQLite refuses this at once: its time-out for locks does not hold here.
    """
    until = time.monotonic() + _BUSY_MS / 1000
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(_BUSY_AGAIN_SECONDS)
        else:
            return


def _postgresql_engine(url: str, *, serves: bool) -> Engine:
    made = make_url(url)
    patience = {name: value for name, value in _PATIENCE.items() if name not in made.query}
    engine = create_engine(
        made, pool_size=_THREADS + 2, pool_pre_ping=True, connect_args=patience, hide_parameters=True
    )
    if serves:

        @event.listens_for(engine, "connect")
        def prepare(connection: Any, _record: object) -> None:
            # Not by `options`, which a pool of connections between us and the server may refuse.
            connection.execute(f"SET idle_in_transaction_session_timeout = '{_ABANDONED}'")
            connection.commit()

    _watch(engine)
    return engine


@contextlib.contextmanager
def storage_errors() -> Iterator[None]:
    """Turn what the database's driver raises into the two things that the rest of the service knows."""
    try:
        yield
    except DBAPIError as error:
        words = " ".join(str(error.orig).split())  # a driver's second line is no second sentence of ours
        if "disk is full" in words or "No space left" in words or "could not extend file" in words:
            raise StorageFull(words) from error
        broken = "file is not a database" in words or "disk image is malformed" in words
        passes = type(error.orig).__name__ in {"OperationalError", "DeadlockDetected"}
        if broken or error.connection_invalidated or passes:
            raise StorageUnavailable(words) from error
        raise
