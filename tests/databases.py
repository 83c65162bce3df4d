"""The two databases that the same tests run on, migrated once and empty for each test."""

from __future__ import annotations

import atexit
import itertools
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import event

from mailbot.store.database import Database
from mailbot.store.tables import metadata
from tests.store.postgresql import UNAVAILABLE, server

postgres = [pytest.mark.postgres, pytest.mark.skipif(bool(UNAVAILABLE), reason=UNAVAILABLE or "-")]
BOTH = ["sqlite", pytest.param("postgresql", marks=postgres)]

_numbers = itertools.count(1)


@pytest.fixture(params=BOTH)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The SQLAlchemy URL of a migrated, empty database."""
    if request.param == "sqlite":
        shutil.copy(sqlite_template(), tmp_path / "mailbot.db")
        return f"sqlite:///{tmp_path / 'mailbot.db'}"
    return _emptied_postgresql()


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A migrated, empty database."""
    with _opened(database_url) as opened:
        yield opened


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Database]:
    """A migrated, empty database in a file, for what SQLite alone does."""
    shutil.copy(sqlite_template(), tmp_path / "mailbot.db")
    with _opened(f"sqlite:///{tmp_path / 'mailbot.db'}") as opened:
        yield opened


@pytest.fixture(params=[pytest.param("postgresql", marks=postgres)])
def postgresql_url(request: pytest.FixtureRequest) -> str:
    """The SQLAlchemy URL of a migrated, empty database on a server, for what only a server does."""
    return _emptied_postgresql()


@pytest.fixture
def postgresql(postgresql_url: str) -> Iterator[Database]:
    """A migrated, empty database on a server."""
    with _opened(postgresql_url) as opened:
        yield opened


@contextmanager
def own_database(kind: str, folder: Path) -> Iterator[Database]:
    """Open a migrated, empty database that is of nobody else, for a fixture that lives longer than a test."""
    name = f"own_{next(_numbers)}"
    opened = Database(f"sqlite:///{folder / 'mailbot.db'}" if kind == "sqlite" else server().create(name))
    opened.upgrade()
    yield opened
    opened.close()
    if kind != "sqlite":
        server().drop(name)


@pytest.fixture(params=BOTH)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The SQLAlchemy URL of a database without a single table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    name = f"empty_{next(_numbers)}"
    yield server().create(name)
    server().drop(name)


@cache
def sqlite_template() -> Path:
    """Return a migrated, empty database file, made once; to be copied."""
    folder = tempfile.TemporaryDirectory(prefix="mailbot-template-")
    _kept.append(folder)
    path = Path(folder.name, "template.db")
    _migrated(f"sqlite:///{path}")
    return path


@cache
def _migrated_postgresql() -> str:
    url = server().create("tests")
    _migrated(url)
    return url


@cache
def _cleaner() -> psycopg.Connection:
    connection = psycopg.connect(server().url("tests"), autocommit=True)
    connection.execute("SET lock_timeout = '10s'")
    atexit.register(connection.close)
    return connection


def _emptied_postgresql() -> str:
    """Return the one migrated database, without a row: to delete them is 500 times faster than to make a new one."""
    url = _migrated_postgresql()
    rows = "; ".join(f"DELETE FROM {table.name}" for table in reversed(metadata.sorted_tables))
    numbers = "SELECT setval(oid, 1, false) FROM pg_class WHERE relkind = 'S'"
    _cleaner().execute(f"{rows}; {numbers}".encode())
    return url


@contextmanager
def _opened(url: str) -> Iterator[Database]:
    """Open a database with what the first one of its kind knows, which halves what a test takes.

    SQLAlchemy keeps a compiled statement for as long as the engine lives, under the dialect that it was compiled by, and
    what PostgreSQL knows of tables and statements lives as long as the connection.
    """
    kind = "sqlite" if url.startswith("sqlite") else "postgresql"
    opened = Database(url if kind == "sqlite" else server().near_url("tests"))
    for engine in (opened._engine, opened._readers) if kind == "sqlite" else ():
        event.listen(engine, "connect", _hurry)
    first = _first_of_kind.setdefault(kind, opened)
    if kind == "postgresql":
        if first is opened:
            event.listen(opened._engine, "connect", _remember)
            atexit.register(opened._engine.dispose)  # before the server ends, which was registered earlier
        opened._engine = opened._readers = first._engine
        yield opened
        opened._threads.shutdown(wait=True)
        return
    if first is opened:
        with opened.read():  # a dialect learns from its first connection what the driver can do
            pass
    for own, known in ((opened._engine, first._engine), (opened._readers, first._readers)):
        own.dialect, own._compiled_cache = known.dialect, known._compiled_cache
    yield opened
    opened.close()


def _hurry(connection: Any, _record: object) -> None:
    """Let commits not wait for the disk, as the server's do not: no test of these cuts the power."""
    connection.execute("PRAGMA synchronous = OFF")


def _remember(connection: psycopg.Connection, _record: object) -> None:
    """Keep what is prepared: all tests together have more statements than the hundred of a connection by itself."""
    connection.prepared_max = 5_000


def _migrated(url: str) -> None:
    database = Database(url)
    try:
        database.upgrade()
    finally:
        database.close()


_first_of_kind: dict[str, Database] = {}
_kept: list[tempfile.TemporaryDirectory[str]] = []  # removed when the process ends
