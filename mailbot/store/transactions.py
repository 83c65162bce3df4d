"""What a transaction has beside its statements: what it knows, what it has yet to save, what is done at its end."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import Connection, Table
from sqlalchemy.exc import DBAPIError

_TRANSACTION = "mailbot_transaction"  # on a connection: its `Transaction`; `info` would ask the pool

R = TypeVar("R")


@dataclass
class Ahead:
    """What one query found before it was asked for; it holds until the transaction changes one of its tables."""

    tables: frozenset[Table]
    rows: dict[tuple[Any, ...], list[Any]] = field(default_factory=dict)  # by key


@dataclass
class TransactionState:
    """What a transaction has beside its statements; a connection begins each with an empty one."""

    begun: bool = False  # the driver is in it, and SQLAlchemy is not told
    first: list[Callable[[Connection], None]] = field(default_factory=list)  # done just before the commit
    later: list[Callable[[], object]] = field(default_factory=list)  # done after it
    scrub: Sequence[str] = ()  # tables to rewrite after it
    known: dict[tuple[str, str], Any] = field(default_factory=dict)  # what nobody else can change before it
    gathered: dict[Callable[..., object], list[Any]] = field(default_factory=dict)  # unsaved, by who saves
    ahead: dict[object, Ahead] = field(default_factory=dict)  # read, not yet asked for: by statements.Keyed


def transaction_of(connection: Connection) -> TransactionState:
    """Return what belongs to the transaction of this connection."""
    found: TransactionState = vars(connection).get(_TRANSACTION) or begin_anew(connection)
    return found


def begin_anew(connection: Connection) -> TransactionState:
    """Forget the transaction before: nothing that it left may be saved, nor believed, by the next."""
    found = vars(connection)[_TRANSACTION] = TransactionState()
    return found


def scrub_after(connection: Connection, tables: Sequence[str]) -> None:
    """Leave nothing on the disk, once this transaction is committed, of what it removed from these tables."""
    transaction_of(connection).scrub = tables


def before_commit(connection: Connection, act: Callable[[Connection], None]) -> None:
    """Do this once, as the last step of this transaction, because others must wait from then on."""
    acts = transaction_of(connection).first
    if act not in acts:
        acts.append(act)


def after_commit(connection: Connection, act: Callable[[], object]) -> None:
    """Do this once the transaction is committed, and not at all when it, or the savepoint it is in, is rolled back."""
    transaction_of(connection).later.append(act)


def known(connection: Connection) -> dict[tuple[str, str], Any]:
    """Return what this transaction has locked or written, and so need not read again before its end.

    Whoever changes it there says so here too. It is forgotten with what a savepoint takes back.
    """
    return transaction_of(connection).known


def gather(connection: Connection, save: Callable[[Connection, list[R]], object], row: R) -> None:
    """Let `save` save this row together with all others that are gathered for it.

    They are saved before the next statement of this transaction, whichever that is, and at the latest before its commit.
    So the only difference to a row that is saved at once is that a fault shows later.
    """
    transaction_of(connection).gathered.setdefault(save, []).append(row)


def save_gathered(connection: Connection) -> None:
    """Save what `gather` was given."""
    own = transaction_of(connection)
    if not own.gathered:
        return
    gathered, own.gathered = own.gathered, {}
    ahead, own.ahead = own.ahead, {}  # who gathers has told it already
    for save, rows in gathered.items():
        save(connection, rows)
    own.ahead = ahead


def take_back(connection: Connection) -> None:
    """Forget what a savepoint may have changed and what it has not saved."""
    own = transaction_of(connection)
    for kept in (own.known, own.gathered, own.ahead):
        kept.clear()


@contextlib.contextmanager
def savepoint(connection: Connection) -> Iterator[None]:
    """Run the block; when it fails, what it did is undone, and nothing else.

    Not SQLAlchemy's `begin_nested`, which takes as long as three statements, for each mail that is read.
    """
    run(connection, "SAVEPOINT one")
    later = transaction_of(connection).later
    before = len(later)
    try:
        yield
        save_gathered(connection)
    except BaseException:
        del later[before:]
        take_back(connection)
        run(connection, "ROLLBACK TO SAVEPOINT one")
        raise
    run(connection, "RELEASE SAVEPOINT one")


def run(
    connection: Connection, sql: str, parameters: Any = (), *, each: bool = False, fetch: bool = False
) -> Any:
    """Let the driver run a statement as it is; returns its rows, or how many it changed.

    Raises what the driver raises as SQLAlchemy would, and gives a broken connection up.
    """
    save_gathered(connection)
    held = connection.connection
    try:
        assert held.dbapi_connection is not None, "it is open"
        cursor = held.dbapi_connection.cursor()
        if each:
            cursor.executemany(sql, parameters)
            changed = cursor.rowcount
            if connection.dialect.name == "postgresql":
                # psycopg sends them in a pipeline, after which the server does not hold to the time that database.py sets.
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
