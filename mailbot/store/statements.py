"""Statements that are written out once and then go to the driver as they are: for what runs for each mail."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import repeat
from operator import itemgetter
from types import ModuleType
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Delete,
    Dialect,
    Insert,
    Integer,
    Select,
    Table,
    Update,
    and_,
    bindparam,
    func,
    or_,
    select,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.visitors import iterate

from mailbot.store import transactions

LONG = 1_048_576  # bytes of a mail that is stored, and read, by itself
_SIZES = (32, 16, 8, 4, 2, 1)  # rows of one INSERT

Statement = Select[Any] | Insert | Update | Delete


class Written:
    """A statement that is written out once and then goes to the driver as it is: for what runs for each mail.

    SQLAlchemy compiles it for a database, and says how values are converted both ways. Only its own way of running a
    statement is left out: that costs several times as much as SQLite needs. An INSERT gets the same columns each time.
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
            changed(connection, self._changes)
        form = self._forms.get(connection.dialect.name) or self._form(connection.dialect, values)
        return form.rows(transactions.run(connection, form.sql, form.parameters(values), fetch=True))

    def first(self, connection: Connection, **values: object) -> Any:
        """Run it; returns its first row, None when there is none."""
        rows = self.rows(connection, **values)
        return rows[0] if rows else None

    def run(self, connection: Connection, **values: object) -> int:
        """Run it; returns how many rows it changed."""
        changed(connection, self._changes)
        form = self._forms.get(connection.dialect.name) or self._form(connection.dialect, values)
        return int(transactions.run(connection, form.sql, form.parameters(values)))

    def run_each(self, connection: Connection, rows: Sequence[Mapping[str, object]]) -> int:
        """Run it once for each of these sets of values (at least one); returns how many rows it changed in all."""
        changed(connection, self._changes)
        form = self._forms.get(connection.dialect.name) or self._form(connection.dialect, rows[0])
        return int(transactions.run(connection, form.sql, [form.parameters(row) for row in rows], each=True))

    def run_columns(
        self, connection: Connection, columns: Mapping[str, Sequence[object]], **same: object
    ) -> int:
        """Run it once for each row of these columns (of one length, at least one), with the same other values each time.

        Returns how many rows it changed in all.
        """
        changed(connection, self._changes)
        form = self._forms.get(connection.dialect.name) or self._form(connection.dialect, {**columns, **same})
        return int(transactions.run(connection, form.sql, form.of_columns(columns, same), each=True))

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
            form = self._forms.get(connection.dialect.name) or self._form(connection.dialect, chunk[0])
            if form.positional:
                values = [value for row in chunk for value in form.parameters(row)]
                transactions.run(connection, form.for_rows(size), values)
            else:  # PostgreSQL's sends them all before it waits for an answer
                self.run_each(connection, chunk)

    def make_ready(self, dialect: Dialect) -> None:
        """Write it out before it is needed; the columns of an INSERT are known only when it runs."""
        if not isinstance(self._statement, Insert) and dialect.name not in self._forms:
            self._form(dialect, {})

    def _form(self, dialect: Dialect, values: Mapping[str, object]) -> _Form:
        form = self._forms[dialect.name] = _Form(self._statement, dialect, values, self._row)
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


def put_apart(connection: Connection, put: Written, row: int, long: bytes) -> None:
    """Put a long value into a row by itself, with a statement that takes `row` and `long`, so that no copy of it stays.

    SQLite's driver keeps what a statement was given until it runs again: here at once, for no row.
    """
    put.run(connection, row=row, long=long)
    put.run(connection, row=None, long=b"")


class Listed:
    """A query for a list of keys, written out once for each length of the list."""

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

    What was read ahead holds for this transaction until it changes a table of the query. To gather a row of such a table
    (transactions.gather) is no change yet: whoever does so calls `forget` or `put`.
    """

    def __init__(self, query: Select[Any], *columns: ColumnElement[Any]) -> None:
        self._places = len(columns)
        self._tables = frozenset(part for part in iterate(query) if isinstance(part, Table))
        one = and_(*(column == bindparam(f"key_{at}") for at, column in enumerate(columns)))
        self._one = Written(query.where(one))
        self._many = Listed(
            query.add_columns(*(c.label(f"ahead_{at}") for at, c in enumerate(columns))), *columns
        )

    def make_ready(self, dialect: Dialect) -> None:
        """Write out how one key is asked for, before it is needed."""
        self._one.make_ready(dialect)

    def rows(self, connection: Connection, *key: Any) -> list[Any]:
        """Return the rows of one key."""
        found = self.ahead(connection, *key)
        if found is None:
            return self._one.rows(connection, **{f"key_{at}": value for at, value in enumerate(key)})
        return found

    def ahead(self, connection: Connection, *key: Any) -> list[Any] | None:
        """Return the rows of one key if they were read ahead, else None."""
        ahead = transactions.transaction_of(connection).ahead.get(self)
        return None if ahead is None else ahead.rows.get(key)

    def read_ahead(self, connection: Connection, keys: Iterable[tuple[Any, ...]]) -> list[Any]:
        """Read what belongs to these keys; returns all their rows."""
        wanted = list(dict.fromkeys(keys))
        if not wanted:
            return []
        rows = self._many.rows(connection, wanted)
        found: dict[tuple[Any, ...], list[Any]] = {key: [] for key in wanted}
        for row in rows:
            found[row[-self._places :]].append(row)
        ahead = transactions.transaction_of(connection).ahead
        ahead.setdefault(self, transactions.Ahead(self._tables)).rows.update(found)
        return rows

    def put(self, connection: Connection, key: tuple[Any, ...], rows: list[Any]) -> None:
        """Say what belongs to a key now, where it was read ahead."""
        if self.ahead(connection, *key) is not None:
            transactions.transaction_of(connection).ahead[self].rows[key] = rows

    def forget(self, connection: Connection, *key: Any) -> None:
        """Let the rows of one key be read again."""
        ahead = transactions.transaction_of(connection).ahead.get(self)
        if ahead is not None:
            ahead.rows.pop(key, None)


def make_ready(connection: Connection, *modules: ModuleType) -> None:
    """Write out the statements of these modules, a quarter of a millisecond for each: the first mail need not wait for it."""
    for module in modules:
        for value in vars(module).values():
            if isinstance(value, Written | Keyed):
                value.make_ready(connection.dialect)


def changed(connection: Connection, table: object) -> None:
    """Forget what was read ahead of a table."""
    ahead = transactions.transaction_of(connection).ahead
    for query in [query for query, read in ahead.items() if table is None or table in read.tables]:
        del ahead[query]


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
            # For a single name, itemgetter would return the bare value.
            self._in_order = (
                itemgetter(*order) if len(order) > 1 else (lambda named: [named[name] for name in order])
            )
        # Not its exported columns: a statement keeps those, and they take as much memory as all the rest of its form.
        returned = (
            statement.column_descriptions
            if isinstance(statement, Select)
            else statement.returning_column_descriptions
        )
        self._row = row or _row_of(*(str(column["name"]) for column in returned))
        self._outward = [
            (place, outward)
            for place, column in enumerate(returned)
            if (outward := column["type"].dialect_impl(dialect).result_processor(dialect, None)) is not None
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


@cache
def _row_of(*names: str) -> type[tuple[Any, ...]]:
    """Return the named tuples with these names; nearly half of all statements return none."""
    make: Any = namedtuple  # the names are known at run time only  # noqa: PYI024
    row: type[tuple[Any, ...]] = make("_Row", names)
    return row


def _chunks(count: int) -> Iterator[tuple[int, int]]:
    """Cut so many rows into pieces of a few sizes, whose statements the driver keeps: where each begins, and its size."""
    start = 0
    for size in _SIZES:
        while count - start >= size:
            yield start, size
            start += size


def upserting(dialect: str, table: Table) -> Any:
    """Return an INSERT that may say ON CONFLICT, in the words of one database (`connection.dialect.name`)."""
    if dialect == "postgresql":
        from sqlalchemy.dialects import postgresql  # noqa: PLC0415  all its drivers, where SQLite needs none

        return postgresql.insert(table)
    return sqlite.insert(table)
