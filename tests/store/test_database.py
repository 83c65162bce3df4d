"""The database itself: what the migrations make, how transactions end, and what a broken store is called."""

from __future__ import annotations

import asyncio
import os
import socket
import sqlite3
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from datetime import UTC, date, datetime
from pathlib import Path
from types import ModuleType
from unittest.mock import patch

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, bindparam, delete, func, insert, inspect, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError

from mailbot.core.transfer.envelope import StorageFull, StorageUnavailable
from mailbot.store import database as module
from mailbot.store import statements
from mailbot.store.database import SCHEMA, Database, schema_of, storable
from mailbot.store.statements import Keyed, Written
from mailbot.store.tables import body, mail, metadata
from mailbot.store.transactions import after_commit, before_commit, gather, savepoint, scrub_after

SEARCH = "post_index"  # the full-text index, and SQLite's tables within it, which Alembic does not know
ANT = {"code": "202011", "name": "長野市", "kind": "city", "prefecture": "長野県"}


def test_an_empty_database_gets_all_tables_and_a_second_upgrade_changes_nothing(empty_url: str) -> None:
    """`upgrade` starts from nothing, and does nothing where everything is there."""
    database = Database(empty_url)
    try:
        database.upgrade()
        with database.write() as connection:
            connection.execute(insert(body).values(ANT))
        database.upgrade()
        with database.read() as connection:
            assert connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all() == [
                SCHEMA
            ]
            assert connection.execute(select(body.c.name)).scalars().all() == ["長野市"]
    finally:
        database.close()


def test_two_nodes_may_upgrade_at_the_same_time(empty_url: str) -> None:
    """Two nodes that start on one empty database do not stand in each other's way."""
    nodes = [Database(empty_url) for _ in range(3)]
    threads = [threading.Thread(target=node.upgrade) for node in nodes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    with nodes[0].read() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all() == [SCHEMA]
    for node in nodes:
        node.close()


def test_a_node_waits_for_another_that_is_making_the_file(tmp_path: Path) -> None:
    """Before the file has a write-ahead log, SQLite says "locked" at once, however long it may wait."""
    file = tmp_path / "mailbot.db"
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    node = Database(f"sqlite:///{file}")
    with ThreadPoolExecutor(1) as pool:
        upgraded = pool.submit(node.upgrade)
        time.sleep(0.2)
        assert not upgraded.done()
        other.execute("ROLLBACK")
        upgraded.result(timeout=30)
    other.close()
    with node.read() as connection:
        assert schema_of(connection) == SCHEMA
    node.close()


def test_schema_is_the_newest_migration() -> None:
    """`SCHEMA`, which spares Alembic's start where nothing is to do, names the last migration."""
    settings = Config()
    settings.set_main_option("script_location", str(Path(module.__file__).parent / "migrations"))
    assert ScriptDirectory.from_config(settings).get_current_head() == SCHEMA


def test_the_migrations_make_what_tables_py_says(empty_url: str) -> None:
    """Alembic sees no difference between the migrated database and tables.py."""
    migrated = Database(empty_url)
    migrated.migrate()
    with migrated.read() as connection:
        settings = {"include_name": lambda name, *_: not (name or "").startswith(SEARCH)}
        assert compare_metadata(MigrationContext.configure(connection, opts=settings), metadata) == []
    migrated.close()


def test_a_new_database_is_to_the_letter_what_the_migrations_make(empty_url: str) -> None:
    """Conditions of indexes, defaults, foreign keys, the search index and Alembic's own table: both ways make the same."""
    database = Database(empty_url)
    database.migrate()
    with database.write() as connection:
        migrated, rows = letters(connection), contents(connection)
        metadata.drop_all(connection)
        connection.execute(text("DROP TABLE alembic_version"))
        if connection.dialect.name == "sqlite":
            connection.execute(text(f"DROP TABLE {SEARCH}"))
    database.upgrade()
    with database.read() as connection:
        assert letters(connection) == migrated
        assert contents(connection) == rows
    database.close()


def test_tables_of_others_are_not_taken_for_a_new_database(empty_url: str) -> None:
    """Where tables are but no version, nothing is made beside them: the migrations say what is in their way."""
    database = Database(empty_url)
    with database.write() as connection:
        connection.execute(text("CREATE TABLE body (code TEXT)"))
    with pytest.raises(DBAPIError, match="already exists"):
        database.upgrade()
    with database.read() as connection:
        assert "contact" not in inspect(connection).get_table_names()
    database.close()


def contents(connection: Connection) -> dict[str, list[object]]:
    """Return what stands in the tables of a new database."""
    names = sorted({*metadata.tables, "alembic_version"})
    found: dict[str, list[object]] = {
        name: [*connection.execute(text(f"SELECT * FROM {name}"))] for name in names
    }
    return {name: rows for name, rows in found.items() if rows}


def letters(connection: Connection) -> set[str]:
    """Return every definition that the database itself holds of its tables, as sorted words."""
    if connection.dialect.name == "sqlite":
        query = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL"
        parts = connection.execute(text(query)).scalars()
        return {" ".join(sorted(part.replace(",", " ").split())) for part in parts}
    queries = (
        "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'",
        """SELECT conrelid::regclass || conname || pg_get_constraintdef(oid) FROM pg_constraint
           WHERE connamespace = 'public'::regnamespace""",
        """SELECT concat_ws(' ', table_name, column_name, data_type, is_nullable, column_default)
           FROM information_schema.columns WHERE table_schema = 'public'""",
    )
    return {line for query in queries for line in connection.execute(text(query)).scalars()}


def test_a_transaction_that_fails_leaves_nothing(database: Database) -> None:
    """An exception inside `write` takes everything back."""

    def fail(connection: Connection) -> None:
        connection.execute(insert(body).values(ANT))
        raise KeyError

    with pytest.raises(KeyError), database.write() as connection:
        fail(connection)
    with database.read() as connection:
        assert connection.execute(select(body.c.code)).all() == []


def test_a_brief_transaction_is_whole_or_not_at_all(database: Database) -> None:
    """What fails in it is taken back, what does not is kept, and other transactions go on as ever."""
    add = Written(insert(body))

    def fail(connection: Connection) -> None:
        add.run(connection, **ANT)
        raise KeyError

    def repeat(connection: Connection) -> None:
        add.run(connection, **ANT)
        connection.execute(insert(body).values(ANT))

    with pytest.raises(KeyError), database.brief() as connection:
        fail(connection)
    with pytest.raises(DBAPIError), database.brief() as connection:
        repeat(connection)
    with database.read() as connection:
        assert connection.execute(select(body.c.code)).all() == []
    with database.brief() as connection:
        add.run(connection, **ANT)
        connection.execute(insert(body).values(ANT | {"code": "202029"}))
    with database.write() as connection:
        assert connection.execute(select(func.count()).select_from(body)).scalar() == 2


def test_what_is_to_be_done_after_the_commit(database: Database) -> None:
    """It is done once and then only; not when the transaction, or its own savepoint, was rolled back."""
    done: list[str] = []

    def fail(connection: Connection) -> None:
        after_commit(connection, lambda: done.append("undone"))
        raise KeyError

    with pytest.raises(KeyError), database.write() as connection:
        fail(connection)
    with database.write() as connection:
        after_commit(connection, lambda: done.append("kept"))
        with pytest.raises(KeyError), savepoint(connection):
            fail(connection)
        assert done == []
    with database.write() as connection:
        connection.execute(select(body.c.code))
    assert done == ["kept"]


def test_nothing_follows_a_transaction_that_was_taken_back(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A trial run neither does what was to be done after its commit nor rewrites the database."""
    done: list[object] = []
    monkeypatch.setattr(Database, "_scrub", lambda *told: done.append(told))
    with database.write() as connection:
        before_commit(connection, lambda _: done.append("first"))
        after_commit(connection, lambda: done.append("later"))
        scrub_after(connection, ["mail"])
        transaction = connection.get_transaction()
        assert transaction is not None
        transaction.rollback()
    assert done == []


def test_sqlite_waits_for_the_disk_on_every_connection(tmp_path: Path) -> None:
    """Each pooled connection commits with synchronous=FULL in WAL mode (promises.md R2) and minds foreign keys."""
    database = Database(f"sqlite:///{tmp_path / 'mailbot.db'}")
    names = ("journal_mode", "synchronous", "foreign_keys")
    try:
        opened = [database._engine.connect() for _ in range(6)]
        for connection in opened:
            values = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names]
            assert values == ["wal", 2, 1]
            connection.close()
    finally:
        database.close()


def test_postgresql_waits_for_the_disk(postgresql: Database) -> None:
    """Nothing turns synchronous_commit off (promises.md R2)."""
    with postgresql.write() as connection:
        assert connection.execute(text("SHOW synchronous_commit")).scalar() == "on"


def test_a_full_disk_is_called_so(tmp_path: Path) -> None:
    """No room in the file becomes StorageFull, and what was stored before stays readable."""
    database = Database(f"sqlite:///{tmp_path / 'mailbot.db'}")
    database.upgrade()
    try:
        many = [ANT | {"code": str(number), "name": "あ" * 100} for number in range(1000)]
        with database.write() as connection:
            connection.execute(text("PRAGMA max_page_count = 1"))  # SQLite takes the present size for it
        with pytest.raises(StorageFull), database.write() as connection:
            connection.execute(insert(body), many)
        with pytest.raises(StorageFull), database.brief() as connection:
            Written(insert(body)).run_each(connection, many)
        with database.read() as connection:
            assert connection.execute(select(body.c.code)).all() == []
        with database.brief() as connection:
            Written(insert(body)).run(connection, **ANT)
    finally:
        database.close()


def test_a_database_that_is_away_is_called_so(tmp_path: Path) -> None:
    """A server that does not answer, or a file that cannot be opened or is none, becomes StorageUnavailable, in one line."""
    (tmp_path / "text.db").write_bytes(b"no database at all " * 100)
    for url in (
        f"sqlite:///{tmp_path / 'nowhere' / 'mailbot.db'}",
        f"sqlite:///{tmp_path / 'text.db'}",
        "postgresql+psycopg://nobody@127.0.0.1:1/none",
    ):
        database = Database(url)
        try:
            with pytest.raises(StorageUnavailable) as away, database.read():
                raise AssertionError("it must not be entered")
            assert "\n" not in str(away.value)
        finally:
            database.close()


def test_a_connection_that_the_server_cut_is_called_so_and_the_next_works(postgresql: Database) -> None:
    """After a cut connection the transaction is StorageUnavailable, and the next one gets a new connection (I26)."""

    def cut_off(connection: Connection) -> None:
        own = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        with postgresql.read() as other:
            other.execute(text("SELECT pg_terminate_backend(:own)"), {"own": own})
        connection.execute(text("SELECT 1"))

    with pytest.raises(StorageUnavailable), postgresql.write() as connection:
        cut_off(connection)
    with postgresql.read() as connection:
        assert connection.execute(text("SELECT 1")).scalar() == 1


def test_of_two_that_wait_for_each_other_one_is_told_to_come_again(postgresql: Database) -> None:
    """PostgreSQL ends one: what it was about waits, as while the database is away, and is no mail that breaks us."""
    with postgresql.write() as connection:
        connection.execute(insert(body), [ANT | {"code": code} for code in "12"])
    both = threading.Barrier(2)

    def act(first: str, then: str) -> type[Exception] | None:
        try:
            with postgresql.write() as connection:
                connection.execute(update(body).where(body.c.code == first).values(name=first))
                both.wait(10)
                connection.execute(update(body).where(body.c.code == then).values(name=then))
        except StorageUnavailable as error:
            return type(error)
        return None

    with ThreadPoolExecutor(2) as threads:
        assert set(threads.map(act, "12", "21")) == {None, StorageUnavailable}


def test_who_serves_and_leaves_a_transaction_alone_holds_no_lock_for_long(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A node that is paused in it has lost it when it goes on; any other command takes the time that it takes (I24)."""
    monkeypatch.setattr(module, "_ABANDONED", "100ms")
    several = Written(update(body).values(name=bindparam("new")).where(body.c.name == bindparam("old")))
    for serves, last in ((True, "one"), (True, "several"), (False, "several")):
        node = Database(postgresql_url, serves=serves)
        try:
            ending = pytest.raises(StorageUnavailable) if serves else nullcontext()
            with ending, node.write() as connection:
                connection.execute(insert(body).values(ANT))
                if last == "several":
                    several.run_columns(connection, {"new": ["a", "b"], "old": ["c", "d"]})
                time.sleep(0.5)
                connection.execute(select(body.c.name)).all()
            with node.read() as connection:
                assert connection.execute(select(body.c.name)).all() == ([] if serves else [(ANT["name"],)])
        finally:
            node.close()


def test_a_server_whose_machine_has_gone_is_given_up_within_half_a_minute(postgresql_url: str) -> None:
    """The kernel asks for it after ten seconds of silence, and does not wait for hours; a URL may say otherwise (I26)."""
    for words, idle in (("", 10), ("?keepalives_idle=77", 77)):
        node = Database(postgresql_url + words)
        try:
            with node.read() as connection:
                line = socket.socket(fileno=os.dup(connection.connection.driver_connection.fileno()))  # type: ignore[union-attr]
                with line:
                    assert line.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
                    assert line.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == idle
                    assert line.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 20_000
        finally:
            node.close()


def test_whoever_writes_is_noticed(sqlite: Database, tmp_path: Path) -> None:
    """Be it this process or another: once, and who only reads is not."""
    other = Database(f"sqlite:///{tmp_path / 'mailbot.db'}")
    try:
        assert sqlite.written()  # nobody was asked before
        for writer in (sqlite, other):
            assert not sqlite.written()
            with writer.read() as connection:
                connection.execute(select(body.c.name)).all()
            assert not sqlite.written()
            with writer.write() as connection:
                connection.execute(
                    insert(body).values({**ANT, "code": "202011" if writer is other else "131016"})
                )
            assert sqlite.written()
    finally:
        other.close()


def test_a_server_is_looked_at_each_time(postgresql: Database) -> None:
    """PostgreSQL does not say at this price whether anybody has written."""
    assert postgresql.written()
    assert postgresql.written()


def test_a_reader_is_not_hindered_by_a_writer(database: Database) -> None:
    """While one transaction writes, another reads what was there before."""
    with database.write() as writing:
        writing.execute(insert(body).values(ANT))
        with database.read() as reading:
            assert reading.execute(select(body.c.code)).all() == []


async def test_a_transaction_runs_to_its_end_although_its_caller_goes_away(database: Database) -> None:
    """A cancelled caller does not tear a transaction in two (promises.md R3)."""
    begun, go_on = threading.Event(), threading.Event()

    def add(connection: Connection) -> None:
        begun.set()
        assert go_on.wait(10)
        connection.execute(insert(body).values(ANT))

    caller = asyncio.create_task(database.writing(add))
    await asyncio.to_thread(begun.wait, 10)
    caller.cancel()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await caller
    await asyncio.to_thread(database._threads.shutdown)
    with database.read() as connection:
        assert connection.execute(select(body.c.code)).scalars().all() == ["202011"]


@pytest.mark.parametrize(
    "words", ["\0", "a\0b", "\udcff", "'; DROP TABLE body; --", "%_\\", "👩‍💻", "\ufffe"]
)
def test_whatever_a_stranger_writes_can_be_stored(database: Database, words: str) -> None:
    """NUL and lone surrogates, which PostgreSQL refuses, are replaced; all other text comes back as it was."""
    with database.write() as connection:
        connection.execute(insert(body).values(ANT | {"name": storable(words)}))
    with database.read() as connection:
        stored = connection.execute(select(body.c.name)).scalar_one()
    assert stored == storable(words)
    if "\0" not in words and "\udcff" not in words:
        assert stored == words


_BODY = Written(select(body.c.name, body.c.population.label("people")).where(body.c.code == bindparam("one")))
_ADD_BODY = Written(insert(body).returning(body.c.code))
_RENAME = Written(update(body).where(body.c.kind == "city").values(name=bindparam("called")))
_ADD_MAIL = Written(insert(mail).returning(mail.c.id, mail.c.received_at, mail.c.content))


def test_a_written_statement_gives_what_the_tables_columns_have(database: Database) -> None:
    """What goes to the driver as it is comes back with the names and types of its columns, on both databases."""
    moment = datetime(2026, 6, 18, 9, 0, 0, 1, tzinfo=UTC)
    mail_row = {"content": b"\0\xff", "mail_from": "", "peer": "", "protocol": "smtp", "received_at": moment}
    with database.write() as connection:
        added = _ADD_BODY.first(connection, **ANT, population=None)
        assert (added.code, tuple(added)) == ("202011", ("202011",))
        [row] = _BODY.rows(connection, one="202011")
        assert (row.name, row.people) == ("長野市", None)
        assert _BODY.first(connection, one="000000") is None
        stored = _ADD_MAIL.first(connection, **mail_row)
        assert (stored.received_at, stored.content) == (moment, b"\0\xff")


def test_a_statement_can_be_written_out_before_it_is_needed(database: Database) -> None:
    """What a module has, but for INSERTs; it then runs as it would have, and nothing is put together again."""
    module = ModuleType("asked_for_each_mail")
    rename = Written(update(body).where(body.c.kind == "city").values(name=bindparam("called")))
    of_kind = Keyed(select(body.c.code, body.c.joined), body.c.kind)
    vars(module).update(rename=rename, of_kind=of_kind, add=Written(insert(body)))
    with database.write() as connection:
        module.add.run(connection, **ANT, joined=date(2026, 4, 1))
        statements.make_ready(connection, module)
        with patch.object(statements, "_Form", side_effect=AssertionError):
            statements.make_ready(connection, module)
            assert rename.run(connection, called="松本市") == 1
            assert of_kind.rows(connection, "city") == [("202011", date(2026, 4, 1))]


def test_a_written_statement_says_how_many_rows_it_changed(database: Database) -> None:
    """Run once or for each row of some columns; the values that stand in it need not be given."""
    with database.write() as connection:
        columns = {"code": ["202011", "203211"], "name": ["長野市", "軽井沢町"], "kind": ["city", "town"]}
        assert Written(insert(body)).run_columns(connection, columns, prefecture="長野県") == 2
        assert _RENAME.run(connection, called="松本市") == 1
        assert _BODY.first(connection, one="202011").name == "松本市"
        assert _RENAME.run_columns(connection, {"called": ["松本市", "上田市"]}) == 2
        assert _RENAME.run_each(connection, [{"called": "上田市"}, {"called": "飯田市"}]) == 2
        assert _BODY.first(connection, one="202011").name == "飯田市"


def test_what_the_driver_raises_is_what_sqlalchemy_raises(database: Database) -> None:
    """A fault of ours is no fault of the storage."""
    with database.write() as connection:
        _ADD_BODY.first(connection, **ANT, population=None)
        with pytest.raises(IntegrityError), savepoint(connection):
            _ADD_BODY.first(connection, **ANT, population=None)
        with pytest.raises((KeyError, ProgrammingError)):
            _ADD_BODY.first(connection, **ANT)  # a value is missing


def test_a_cut_connection_is_given_up_by_a_written_statement_too(postgresql: Database) -> None:
    """As by any other: the transaction is StorageUnavailable, and the next one gets a new connection (I26)."""

    def cut_off(connection: Connection) -> None:
        own = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        with postgresql.read() as other:
            other.execute(text("SELECT pg_terminate_backend(:own)"), {"own": own})
        _BODY.rows(connection, one="202011")

    with pytest.raises(StorageUnavailable), postgresql.write() as connection:
        cut_off(connection)
    with postgresql.read() as connection:
        assert _BODY.rows(connection, one="202011") == []


@pytest.mark.parametrize(("code", "fault"), [("203211", ValueError), ("202011", IntegrityError)])
def test_a_savepoint_undoes_what_is_in_it_and_nothing_else(
    database: Database, code: str, fault: type[Exception]
) -> None:
    """One mail that breaks us does not take the others of its transaction with it, whatever broke."""

    def breaks(connection: Connection) -> None:
        with savepoint(connection):
            _RENAME.run(connection, called="何でもない")
            _ADD_BODY.first(connection, **{**ANT, "code": code}, population=None)
            raise ValueError

    with database.write() as connection:
        with savepoint(connection):
            _ADD_BODY.first(connection, **ANT, population=None)
        with pytest.raises(fault):
            breaks(connection)
    with database.read() as connection:
        assert list(connection.execute(select(body.c.name)).scalars()) == ["長野市"]


_BY_CODE = Keyed(select(body.c.name), body.c.code)


def _save_bodies(connection: Connection, names: list[str]) -> None:
    columns = {"code": [f"20{number:04}" for number in range(len(names))], "name": names}
    Written(insert(body)).run_columns(connection, columns, kind="city", prefecture="長野県")


def test_what_is_gathered_is_there_for_the_next_statement_whichever_it_is(database: Database) -> None:
    """Rows that are saved together cannot be told from rows that are saved at once, in a savepoint neither."""
    names = select(body.c.name).order_by(body.c.code)

    def breaks(connection: Connection) -> None:
        with savepoint(connection):
            gather(connection, _save_bodies, "何でもない")
            raise ValueError("broken")

    def breaks_too(connection: Connection) -> None:
        with connection.begin_nested():
            gather(connection, _save_bodies, "何でもない")
            raise ValueError("broken")

    def breaks_whole() -> None:
        with database.write() as connection:
            gather(connection, _save_bodies, "何でもない")
            raise ValueError("broken")

    with database.write() as connection:
        gather(connection, _save_bodies, "長野市")
        gather(connection, _save_bodies, "上田市")
        assert list(connection.execute(names).scalars()) == ["長野市", "上田市"]
        connection.execute(delete(body))
        gather(connection, _save_bodies, "長野市")
        assert [row.name for row in Written(names).rows(connection)] == ["長野市"]
        for broken in (breaks, breaks_too):
            with pytest.raises(ValueError, match="broken"):
                broken(connection)
        connection.execute(delete(body))
        gather(connection, _save_bodies, "軽井沢町")
    with pytest.raises(ValueError, match="broken"):
        breaks_whole()
    with database.brief() as connection:  # the sender's transaction, by the same connection on SQLite
        assert list(connection.execute(names).scalars()) == ["軽井沢町"]
        connection.execute(delete(body))
        gather(connection, _save_bodies, "軽井沢町")
    with database.write() as connection:
        assert list(connection.execute(names).scalars()) == ["軽井沢町"]


def test_a_gathered_row_that_cannot_be_saved_breaks_the_savepoint_it_was_gathered_in(
    database: Database,
) -> None:
    """Its fault belongs to the mail that brought it, and takes no other with it."""

    def breaks(connection: Connection) -> None:
        with savepoint(connection):
            gather(connection, _save_bodies, "上田市")
            gather(connection, _save_bodies, "飯田市")  # of the code that is left

    with database.write() as connection:
        with savepoint(connection):
            gather(connection, _save_bodies, "松本市")
            gather(connection, _save_bodies, "長野市")
        connection.execute(delete(body).where(body.c.name == "松本市"))
        with pytest.raises(IntegrityError):
            breaks(connection)
    with database.read() as connection:
        assert list(connection.execute(select(body.c.name)).scalars()) == ["長野市"]


def test_what_was_read_ahead_holds_until_its_table_changes(database: Database) -> None:
    """Whoever changes the table, by whichever way, the next who asks reads it himself; so does who asks for another key."""
    changes: list[Callable[[Connection], object]] = [
        lambda connection: _RENAME.run(connection, called="飯田市"),
        lambda connection: connection.execute(update(body).values(name="飯田市")),
        lambda connection: connection.execute(text("UPDATE body SET name = '飯田市'")),
        lambda connection: connection.exec_driver_sql("UPDATE body SET name = '飯田市'"),
    ]
    with database.write() as connection:
        _ADD_BODY.first(connection, **ANT, population=None)
    for change in changes:
        with database.write() as connection:
            connection.execute(update(body).values(name="長野市"))
            _BY_CODE.read_ahead(connection, [("202011",), ("202029",), ("202011",)])
            assert _BY_CODE.ahead(connection, "202029") == []
            assert _BY_CODE.ahead(connection, "202037") is None
            assert [row.name for row in _BY_CODE.rows(connection, "202011")] == ["長野市"]
            assert list(connection.execute(select(mail.c.id)).scalars()) == []
            assert _BY_CODE.ahead(connection, "202011") is not None
            change(connection)
            assert [row.name for row in _BY_CODE.rows(connection, "202011")] == ["飯田市"]
    with database.write() as connection:
        assert _BY_CODE.ahead(connection, "202029") is None


def test_an_error_does_not_say_what_the_statement_was_given(database: Database) -> None:
    """It goes into the log with its traceback, and may be an address or a secret answer (promises.md I31)."""
    given = {"a": "taro" + "@example.jp"}
    wrong = pytest.raises((DBAPIError, StorageUnavailable))
    with wrong as caught, database.write() as connection:
        connection.execute(text("SELECT * FROM nowhere WHERE a = :a"), given)
    logged = "".join(traceback.format_exception(caught.value))
    assert "FROM nowhere" in logged
    assert given["a"] not in logged
