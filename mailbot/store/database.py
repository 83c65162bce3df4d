"""The database: SQLite in one file (WAL, synchronous=FULL) or PostgreSQL; transactions in threads of their own."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
import time
from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from itertools import repeat
from operator import itemgetter
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Delete,
    Dialect,
    Engine,
    Insert,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Select,
    String,
    Table,
    Update,
    and_,
    bindparam,
    create_engine,
    event,
    func,
    insert,
    inspect,
    make_url,
    or_,
    select,
    text,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.visitors import iterate

from mailbot.core.mail.envelope import StorageFull, StorageUnavailable
from mailbot.store.tables import metadata

SCHEMA = "0026"  # the newest migration; a test compares
_THREADS = 4
_BUSY_MS = 10_000
_BUSY_AGAIN_SECONDS = 0.01
_TRANSACTION = "mailbot_transaction"  # on a connection: its `_Transaction`; `info` would ask the pool
_VERSION = Table(  # which migration a database has, as Alembic keeps it
    "alembic_version",
    MetaData(),
    Column("version_num", String(32)),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
_SIZES = (32, 16, 8, 4, 2, 1)  # rows of one INSERT
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

Statement = Select[Any] | Insert | Update | Delete

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")


@dataclass
class _Transaction:
    """What a transaction has beside its statements; a connection begins each with an empty one."""

    begun: bool = False  # the driver is in it, and SQLAlchemy is not told
    first: list[Callable[[Connection], None]] = field(default_factory=list)  # done just before the commit
    later: list[Callable[[], object]] = field(default_factory=list)  # done after it
    scrub: Sequence[str] = ()  # tables to rewrite after it
    known: dict[tuple[str, str], Any] = field(default_factory=dict)  # what nobody else can change before it
    gathered: dict[Callable[..., object], list[Any]] = field(default_factory=dict)  # unsaved, by who saves
    ahead: dict[Keyed, dict[tuple[Any, ...], list[Any]]] = field(default_factory=dict)  # read, not yet asked


def _transaction(connection: Connection) -> _Transaction:
    found: _Transaction = vars(connection).get(_TRANSACTION) or _begin_anew(connection)
    return found


def _begin_anew(connection: Connection) -> _Transaction:
    """Forget the transaction before: nothing that it left may be saved, nor believed, by the next."""
    found = vars(connection)[_TRANSACTION] = _Transaction()
    return found


class Database:
    """A pool of connections, and the transactions that flows run in.

    The store is synchronous: a whole flow (load, decide, save) is one function in one thread, which costs one
    hop between threads instead of one for each query.
    """

    def __init__(self, url: str, *, serves: bool = False) -> None:
        """Open nothing yet. One that serves is ended by PostgreSQL in a transaction that it leaves alone: see `_ABANDONED`."""
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
            own = _transaction(connection)
            with connection.begin() as transaction:
                yield connection
                if (
                    not transaction.is_active
                ):  # it was taken back, as a trial run is, with all that was to follow it
                    own = _Transaction()
                for last in own.first:
                    last(connection)
                _save_gathered(connection)
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
            own = _transaction(connection)
            own.begun = True
            try:
                _run(connection, "BEGIN IMMEDIATE")
                yield connection
                _save_gathered(connection)
                if connection.in_transaction():
                    connection.commit()
                else:
                    _run(connection, "COMMIT")
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
            _begin_anew(connection)
            yield connection

    @contextlib.contextmanager
    def _to_write(self) -> Iterator[Connection]:
        """Give the connection that writes: on SQLite always the same, since one forgets its pages when another writes."""
        if not self._sqlite:
            with self._engine.connect() as connection:
                _begin_anew(connection)
                yield connection
            return
        with self._writing:
            # To take it from the pool and to give it back would cost as much as a small transaction.
            if self._writer is None:
                self._writer = self._engine.connect()
            _begin_anew(self._writer)
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
                # Another number after each commit by another connection, and this one never commits anything.
                ((found,),) = _run(self._noticing, "PRAGMA data_version", fetch=True)
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
            if inspect(
                connection
            ).get_table_names():  # another process was faster, or they are somebody else's
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


def scrub_after(connection: Connection, tables: Sequence[str]) -> None:
    """Let nothing remain on the disk, once this transaction is committed, of what it removed from these tables."""
    _transaction(connection).scrub = tables


def before_commit(connection: Connection, act: Callable[[Connection], None]) -> None:
    """Do this, once, as the last thing in this transaction: for what others wait for meanwhile."""
    acts = _transaction(connection).first
    if act not in acts:
        acts.append(act)


def after_commit(connection: Connection, act: Callable[[], object]) -> None:
    """Do this once the transaction is committed, and not at all when it, or the savepoint it is in, is rolled back."""
    _transaction(connection).later.append(act)


def known(connection: Connection) -> dict[tuple[str, str], Any]:
    """Return what this transaction has locked or written, and so need not read again before its end.

    Whoever changes it there says so here too. It is forgotten with what a savepoint takes back.
    """
    return _transaction(connection).known


def gather(connection: Connection, save: Callable[[Connection, list[R]], object], row: R) -> None:
    """Let `save` save this row together with all others that are gathered for it.

    That is before the next statement of this transaction, whichever it is, and at the latest before its commit: nobody
    can tell it from a row that is saved at once, but that its fault shows later.
    """
    _transaction(connection).gathered.setdefault(save, []).append(row)


def _save_gathered(connection: Connection) -> None:
    own = _transaction(connection)
    if not own.gathered:
        return
    gathered, own.gathered = own.gathered, {}
    ahead, own.ahead = own.ahead, {}  # who gathers has told it already
    for save, rows in gathered.items():
        save(connection, rows)
    own.ahead = ahead


def _take_back(connection: Connection) -> None:
    """Forget what a savepoint may have changed and what it has not saved."""
    own = _transaction(connection)
    for kept in (own.known, own.gathered, own.ahead):
        kept.clear()


@contextlib.contextmanager
def savepoint(connection: Connection) -> Iterator[None]:
    """Run the block so that what it did is undone when it fails, and nothing else.

    Not SQLAlchemy's `begin_nested`, which takes as long as three statements, for each mail that is read.
    """
    _run(connection, "SAVEPOINT one")
    later = _transaction(connection).later
    before = len(later)
    try:
        yield
        _save_gathered(connection)
    except BaseException:
        del later[before:]
        _take_back(connection)
        _run(connection, "ROLLBACK TO SAVEPOINT one")
        raise
    _run(connection, "RELEASE SAVEPOINT one")


def _chunks(count: int) -> Iterator[tuple[int, int]]:
    """Cut so many rows into few pieces of few sizes, so that the driver keeps the statements: where each begins, and its size."""
    start = 0
    for size in _SIZES:
        while count - start >= size:
            yield start, size
            start += size


class Written:
    """A statement that is written out once and then goes to the driver as it is: for what runs for each mail.

    SQLAlchemy says how a database wants it, and turns the values to and fro. Only its own way of running a statement
    is left out: that costs several times as much as SQLite needs. An INSERT gets the same columns each time.
    Its rows are named tuples, of the class `row` where one is given.
    """

    def __init__(self, statement: Statement, row: type[tuple[Any, ...]] | None = None) -> None:
        self._statement = statement
        self._row = row
        self._changes = None if isinstance(statement, Select) else statement.table
        self._forms: dict[str, _Form] = {}  # by the name of the database

    def rows(self, connection: Connection, **values: object) -> list[Any]:
        """Run it; returns its rows, as named tuples."""
        if self._changes is not None:
            _changed(connection, self._changes)
        form = self._forms.get(connection.dialect.name) or self._form(connection, values)
        return form.rows(_run(connection, form.sql, form.parameters(values), fetch=True))

    def first(self, connection: Connection, **values: object) -> Any:
        """Run it; returns its first row, None when there is none."""
        rows = self.rows(connection, **values)
        return rows[0] if rows else None

    def run(self, connection: Connection, **values: object) -> int:
        """Run it; returns how many rows it changed."""
        _changed(connection, self._changes)
        form = self._forms.get(connection.dialect.name) or self._form(connection, values)
        return int(_run(connection, form.sql, form.parameters(values)))

    def run_each(self, connection: Connection, rows: Sequence[Mapping[str, object]]) -> int:
        """Run it once for each of these sets of values (at least one); returns how many rows it changed in all."""
        _changed(connection, self._changes)
        form = self._forms.get(connection.dialect.name) or self._form(connection, rows[0])
        return int(_run(connection, form.sql, [form.parameters(row) for row in rows], each=True))

    def run_columns(
        self, connection: Connection, columns: Mapping[str, Sequence[object]], **same: object
    ) -> int:
        """Run it once for each row of these columns (of one length, at least one), with the same other values each time.

        Returns how many rows it changed in all.
        """
        _changed(connection, self._changes)
        form = self._forms.get(connection.dialect.name) or self._form(connection, {**columns, **same})
        return int(_run(connection, form.sql, form.of_columns(columns, same), each=True))

    def run_rows(
        self, connection: Connection, names: Sequence[str], rows: Sequence[Sequence[object]], **same: object
    ) -> int:
        """Do as `run_columns` does, of rows (at least one) that have the values of these names in this order."""
        return self.run_columns(connection, dict(zip(names, zip(*rows, strict=True), strict=True)), **same)

    def insert_each(self, connection: Connection, rows: Sequence[Mapping[str, object]]) -> None:
        """Insert these rows, each with the same columns, by few statements.

        SQLite's driver gives the interpreter's lock up for each; where an event loop is busy, it comes back 5 ms later.
        """
        for start, size in _chunks(len(rows)):
            chunk = rows[start : start + size]
            form = self._forms.get(connection.dialect.name) or self._form(connection, chunk[0])
            if form.positional:
                values = [value for row in chunk for value in form.parameters(row)]
                _run(connection, form.for_rows(size), values)
            else:  # PostgreSQL's sends them all before it waits for an answer
                self.run_each(connection, chunk)

    def _form(self, connection: Connection, values: Mapping[str, object]) -> _Form:
        form = _Form(self._statement, connection.dialect, values, self._row)
        self._forms[connection.dialect.name] = form
        return form


def next_ids(connection: Connection, table: Table, count: int) -> Sequence[int]:
    """Return the numbers of so many new rows of a table, as the database would give them itself."""
    sequence, newest = _numbering(table)
    if connection.dialect.name == "postgresql":
        return [row.id for row in sequence.rows(connection, count=count)]
    last: int = newest.first(connection).id  # nobody else writes
    return range(last + 1, last + 1 + count)


@cache
def _numbering(table: Table) -> tuple[Written, Written]:
    of_table = func.pg_get_serial_sequence(table.name, "id")
    each = func.generate_series(1, bindparam("count", type_=Integer))
    return (
        Written(select(func.nextval(of_table).label("id")).select_from(each)),
        Written(select(func.coalesce(func.max(table.c.id), 0).label("id"))),
    )


class Listed:
    """A query for those of a list of keys, written out once for each length of it."""

    def __init__(self, query: Select[Any], *columns: ColumnElement[Any]) -> None:
        self._query = query
        self._columns = columns
        self._written: dict[int, Written] = {}  # by how many keys

    def rows(self, connection: Connection, keys: Sequence[tuple[Any, ...]], **same: object) -> list[Any]:
        """Return the rows of these keys (at least one), each a value for each of the columns."""
        written = self._written.get(len(keys)) or self._write(len(keys))
        values = {
            f"key_{place}_{at}": value for place, key in enumerate(keys) for at, value in enumerate(key)
        }
        return written.rows(connection, **values, **same)

    def _write(self, count: int) -> Written:
        first, *others = self._columns
        if others:
            named = [
                [c == bindparam(f"key_{n}_{at}") for at, c in enumerate(self._columns)] for n in range(count)
            ]
            one_of = or_(*(and_(*one) for one in named))
        else:
            one_of = first.in_([bindparam(f"key_{n}_0", type_=first.type) for n in range(count)])
        written = self._written[count] = Written(self._query.where(one_of))
        return written


class Keyed:
    """A query for what belongs to one key, which can be asked for many keys before they are needed.

    What was read ahead holds for this transaction until it changes a table of the query. Who gathers a row of such a
    table says so himself (`forget`, `put`).
    """

    def __init__(self, query: Select[Any], *columns: ColumnElement[Any]) -> None:
        self._places = len(columns)
        self.tables = frozenset(part for part in iterate(query) if isinstance(part, Table))
        one = and_(*(column == bindparam(f"key_{at}") for at, column in enumerate(columns)))
        self._one = Written(query.where(one))
        self._many = Listed(
            query.add_columns(*(c.label(f"ahead_{at}") for at, c in enumerate(columns))), *columns
        )

    def rows(self, connection: Connection, *key: Any) -> list[Any]:
        """Return the rows of one key."""
        found = self.ahead(connection, *key)
        if found is None:
            return self._one.rows(connection, **{f"key_{at}": value for at, value in enumerate(key)})
        return found

    def ahead(self, connection: Connection, *key: Any) -> list[Any] | None:
        """Return the rows of one key if they were read ahead, else None."""
        ahead = _transaction(connection).ahead.get(self)
        return None if ahead is None else ahead.get(key)

    def read_ahead(self, connection: Connection, keys: Iterable[tuple[Any, ...]]) -> list[Any]:
        """Read what belongs to these keys; returns all their rows."""
        wanted = list(dict.fromkeys(keys))
        if not wanted:
            return []
        rows = self._many.rows(connection, wanted)
        found: dict[tuple[Any, ...], list[Any]] = {key: [] for key in wanted}
        for row in rows:
            found[row[-self._places :]].append(row)
        _transaction(connection).ahead.setdefault(self, {}).update(found)
        return rows

    def put(self, connection: Connection, key: tuple[Any, ...], rows: list[Any]) -> None:
        """Say what belongs to a key now, where it was read ahead."""
        if self.ahead(connection, *key) is not None:
            _transaction(connection).ahead[self][key] = rows

    def forget(self, connection: Connection, *key: Any) -> None:
        """Let the rows of one key be read again."""
        _transaction(connection).ahead.get(self, {}).pop(key, None)


def _changed(connection: Connection, table: object) -> None:
    """Forget what was read ahead of a table."""
    ahead = _transaction(connection).ahead
    for keyed in [keyed for keyed in ahead if table is None or table in keyed.tables]:
        del ahead[keyed]


def _watch(engine: Engine) -> None:
    """Let the statements that SQLAlchemy runs itself find what is gathered saved, and forget what they change."""

    @event.listens_for(engine, "before_cursor_execute")
    def before(
        connection: Connection, _cursor: object, _sql: str, _values: object, context: Any, _each: object
    ) -> None:
        own = _transaction(connection)
        if own.gathered:
            _save_gathered(connection)
        if own.ahead:
            compiled = context.compiled
            if compiled is None or context.is_text:
                own.ahead.clear()
            elif context.is_crud:
                _changed(connection, compiled.statement.table)

    @event.listens_for(engine, "rollback_savepoint")
    def taken_back(connection: Connection, *_: object) -> None:
        _take_back(connection)


class _Form:
    """A statement as the driver of one database takes it."""

    def __init__(
        self,
        statement: Statement,
        dialect: Dialect,
        values: Mapping[str, object],
        row: type[tuple[Any, ...]] | None,
    ) -> None:
        columns = list(values) if isinstance(statement, Insert) else None
        compiled = statement.compile(dialect=dialect, column_keys=columns)
        self.sql = compiled.string
        self._constants = {  # values that stand in the statement itself
            name: bind.effective_value for bind, name in compiled.bind_names.items() if not bind.required
        }
        inward = {
            name: turn
            for bind, name in compiled.bind_names.items()
            if (turn := bind.type.dialect_impl(dialect).bind_processor(dialect)) is not None
        }
        for name in inward.keys() & self._constants.keys():
            self._constants[name] = inward[name](self._constants[name])
        self._inward = [(name, turn) for name, turn in inward.items() if name not in self._constants]
        self._in_order: Callable[[Mapping[str, object]], Any] | None = None  # the driver takes names
        self._names = tuple(compiled.bind_names.values())
        if compiled.positiontup is not None:
            order = self._names = tuple(compiled.positiontup)
            # Of one name, itemgetter would give the value itself.
            self._in_order = (
                itemgetter(*order) if len(order) > 1 else (lambda named: [named[name] for name in order])
            )
        returned = list(statement.exported_columns)
        make: Any = namedtuple  # the names are known at run time only  # noqa: PYI024
        self._row = row or make("_Row", [column.key for column in returned])
        self._outward = [
            (place, outward)
            for place, column in enumerate(returned)
            if (outward := column.type.dialect_impl(dialect).result_processor(dialect, None)) is not None
        ]

    @property
    def positional(self) -> bool:
        """Whether the driver takes values by their place."""
        return self._in_order is not None

    def for_rows(self, count: int) -> str:
        """Return an INSERT as it is for so many rows."""
        head, values, group = self.sql.partition(" VALUES ")
        return head + values + ", ".join([group] * count)

    def parameters(self, values: Mapping[str, object]) -> Any:
        """Return the values as the driver wants them."""
        if self._constants or self._inward:
            named = {**self._constants, **values}
            for name, inward in self._inward:
                named[name] = inward(named[name])
            values = named
        return values if self._in_order is None else self._in_order(values)

    def of_columns(self, columns: Mapping[str, Sequence[object]], same: Mapping[str, object]) -> list[Any]:
        """Return the values of each row as the driver wants them; no mapping is made for a row that needs none."""
        named: dict[str, Iterable[object]] = {name: repeat(value) for name, value in self._constants.items()}
        named |= {name: repeat(value) for name, value in same.items()}
        named |= columns
        for name, inward in self._inward:
            named[name] = map(inward, named[name])
        rows = zip(*(named[name] for name in self._names), strict=False)  # those that repeat have no end
        return (
            list(rows)
            if self._in_order is not None
            else [dict(zip(self._names, row, strict=True)) for row in rows]
        )

    def rows(self, found: Sequence[Sequence[Any]]) -> list[Any]:
        """Return what the driver found, as the tables' columns have it."""
        if self._outward:
            turned = [list(values) for values in found]
            for place, outward in self._outward:
                for values in turned:
                    values[place] = outward(values[place])
            found = turned
        # As a named tuple's own `_make` does, but without a step of Python for each row.
        return list(map(tuple.__new__, repeat(self._row), found))


def _run(
    connection: Connection, sql: str, parameters: Any = (), *, each: bool = False, fetch: bool = False
) -> Any:
    """Let the driver run a statement as it is; returns its rows, or how many it changed.

    Raises what the driver raises as SQLAlchemy would, and gives a broken connection up.
    """
    _save_gathered(connection)
    held = connection.connection
    try:
        assert held.dbapi_connection is not None, "it is open"
        cursor = held.dbapi_connection.cursor()
        if each:
            cursor.executemany(sql, parameters)
            changed = cursor.rowcount
            if connection.dialect.name == "postgresql":
                # psycopg sends them in a pipeline, behind whose end the server no longer looks at `_ABANDONED`.
                cursor.execute("SELECT 1")
            return changed
        cursor.execute(sql, parameters)
        return cursor.fetchall() if fetch else cursor.rowcount
    except connection.dialect.loaded_dbapi.Error as error:
        broken = connection.dialect.is_disconnect(error, held.dbapi_connection, None)
        if broken:
            connection.invalidate(error)
        raise DBAPIError.instance(
            sql,
            None,
            error,
            connection.dialect.loaded_dbapi.Error,
            connection_invalidated=broken,
            dialect=connection.dialect,
        ) from error


def upserting(dialect: str, table: Table) -> Any:
    """Return an INSERT that may say ON CONFLICT, in the words of one database (`connection.dialect.name`)."""
    if dialect == "postgresql":
        from sqlalchemy.dialects import postgresql  # noqa: PLC0415  all its drivers, where SQLite needs none

        return postgresql.insert(table)
    return sqlite.insert(table)


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
    engine = create_engine(
        url, pool_size=_THREADS + 2, pool_use_lifo=True, connect_args={"check_same_thread": False}
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
        if _transaction(connection).begun:
            return
        reads = connection.get_execution_options().get("mailbot_reads", False)
        _run(connection, "BEGIN" if reads else "BEGIN IMMEDIATE")

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
    engine = create_engine(made, pool_size=_THREADS + 2, pool_pre_ping=True, connect_args=patience)
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
        if broken or error.connection_invalidated or type(error.orig).__name__ == "OperationalError":
            raise StorageUnavailable(words) from error
        raise
