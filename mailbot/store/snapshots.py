"""Copies of the whole database for `mailbot backup`: made while the service runs, and put into an empty place."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, create_engine, func, inspect, make_url, select

from mailbot.core.refusal import Refusal
from mailbot.store.database import SCHEMA, Database, schema_of, storage_errors
from mailbot.store.spent_numbers import mark
from mailbot.store.surveys import ledgers, sealed, surveys
from mailbot.store.tables import (
    ballot,
    confirmation,
    delivery,
    desk_word,
    ledger_head,
    mail,
    mailing,
    metadata,
    survey,
)

_GAP = 1_000_000  # numbers that were perhaps given out between the backup and the loss
_NUMBERED = (
    mailing,
    delivery,
    desk_word,
    confirmation,
    ballot,
)  # whose numbers are in addresses that we gave out
_WAIT = 600.0  # seconds for a lock
_COUNTED = (
    "inbox",
    "mailing",
    "delivery",
    "bundle",
    "ballot",
    "vote",
    "body",
    "contact",
    "post",
    "event",
    "survey",
)


@dataclass(frozen=True)
class Contents:
    """What a database holds, in figures that can be compared after a restore."""

    schema: str
    rows: Mapping[str, int]  # by table
    newest_mail: datetime | None  # received last
    heads: Mapping[str, str]  # the hash of each ledger's last row, by survey or event
    broken: tuple[str, ...]  # ledgers that do not hold
    sealed_open: tuple[str, ...]  # secret surveys of which it holds who answered what


def copy_database(url: str, target: Path) -> Contents:
    """Write one consistent copy of the database into a file that does not exist yet; writers are not hindered.

    SQLite by its online backup, in one step, so that writers cannot make it begin again; PostgreSQL by pg_dump in its
    custom format. Returns what the copy holds. Raises Refusal when it cannot be made.
    """
    return _copy_file(url, target) if url.startswith("sqlite") else _dump_server(url, target)


def _copy_file(url: str, target: Path) -> Contents:
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        with (
            closing(sqlite3.connect(f"file:{_path(url)}?mode=ro", uri=True, timeout=_WAIT)) as source,
            closing(sqlite3.connect(target)) as copy,
        ):
            source.backup(copy)
            damage = copy.execute("PRAGMA integrity_check(1)").fetchone()[0]
    except sqlite3.Error as error:
        raise Refusal(f"the database cannot be copied: {error}") from None
    if damage != "ok":
        raise Refusal(f"the database is damaged: {damage}; `mailbot doctor` says what to do")
    found = look_into(f"sqlite:///{target}")
    with closing(sqlite3.connect(target)) as copy:
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, whole in itself
    return found


def _dump_server(url: str, target: Path) -> Contents:
    """Let pg_dump see the very snapshot that is counted here."""
    engine = create_engine(make_url(url), isolation_level="REPEATABLE READ")
    try:
        with storage_errors(), engine.connect() as connection, connection.begin():
            snapshot = connection.exec_driver_sql("SELECT pg_export_snapshot()").scalar_one()
            options = ("--format=custom", "--no-owner", f"--snapshot={snapshot}", f"--file={target}")
            _run("pg_dump", url, *options)
            found = contents(connection)
    finally:
        engine.dispose()
    target.chmod(0o600)
    _run("pg_restore", None, "--list", str(target))  # it can be read
    return found


def look_into(url: str) -> Contents:
    """Return what a database holds."""
    database = Database(url)
    try:
        with database.read() as connection:
            return contents(connection)
    finally:
        database.close()


def put_back(url: str, source: Path) -> None:
    """Put a copy where the URL says: a SQLite file that does not exist yet, a PostgreSQL database without tables.

    Raises Refusal when something is there already, or it cannot be done.
    """
    if url.startswith("sqlite"):
        target = _path(url)
        if target.exists():
            raise Refusal(f"{target} exists already; a backup is put back into an empty place only")
        shutil.copyfile(source, target)
        target.chmod(0o600)
        return
    database = Database(url)
    try:
        with database.read() as connection:
            if inspect(connection).get_table_names():
                name = make_url(url).render_as_string(hide_password=True)
                raise Refusal(f"{name} has tables already; make an empty database for it with createdb")
    finally:
        database.close()
    _run(
        "pg_restore",
        url,
        "--no-owner",
        "--exit-on-error",
        "--single-transaction",
        f"--dbname={make_url(url).database}",
        str(source),
    )


def contents(connection: Connection) -> Contents:
    """Count what is there."""
    existing = set(inspect(connection).get_table_names())
    tables = [metadata.tables[name] for name in _COUNTED if name in metadata.tables and name in existing]
    rows = {
        table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
        for table in tables
    }
    heads = connection.execute(select(ledger_head.c.subject, ledger_head.c.chain))
    return Contents(
        schema=schema_of(connection) or "",
        rows=rows,
        newest_mail=connection.execute(select(func.max(mail.c.received_at))).scalar(),
        heads={row[0]: row[1] for row in heads},
        broken=tuple(broken_ledgers(connection)) if schema_of(connection) == SCHEMA else (),
        sealed_open=tuple(
            connection.execute(
                select(survey.c.key).where(survey.c.seal_key.is_not(None)).order_by(survey.c.key)
            ).scalars()
        ),
    )


def broken_ledgers(connection: Connection) -> list[str]:
    """Return the surveys and events whose chain of hashes does not hold."""
    subjects = connection.execute(select(ledger_head.c.subject).order_by(ledger_head.c.subject)).scalars()
    return [subject for subject in subjects if _is_broken(connection, subject)]


def _is_broken(connection: Connection, subject: str) -> bool:
    stored = surveys.load(connection, subject)
    closed = stored is not None and stored.survey.mode == "sealed" and stored.state == "closed"
    lines = sealed.lines(connection, subject) if closed else None
    return ledgers.broken_link(connection, subject, lines) is not None


def skip_numbers(connection: Connection, now: datetime) -> None:
    """Give new rows numbers that nothing had between the backup and the loss.

    Mails of that time are in the world, with addresses made from such numbers: what comes back to one must find nothing,
    rather than another mail, ballot or question.
    """
    for table in _NUMBERED:
        last = connection.execute(select(func.coalesce(func.max(table.c.id), 0))).scalar_one() + _GAP
        if connection.dialect.name == "postgresql":
            sequence = func.pg_get_serial_sequence(table.name, "id")
            connection.execute(select(func.setval(sequence, last)))
        else:
            mark(connection, table, last, now)  # SQLite counts on from the highest number that there is


def _path(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def _run(program: str, url: str | None, *options: str) -> None:
    """Run one of PostgreSQL's programs; the password travels in the environment, where nobody else sees it."""
    environment = dict(os.environ)
    if url is not None:
        made = make_url(url)
        for name, value in (
            ("PGHOST", made.host or made.query.get("host")),
            ("PGPORT", made.port),
            ("PGUSER", made.username),
            ("PGPASSWORD", made.password),
            ("PGDATABASE", made.database),
        ):
            if value is not None:
                environment[name] = str(value)
    try:
        done = subprocess.run(  # noqa: S603  fixed program, options that we made
            [program, *options], env=environment, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        raise Refusal(f"{program} is not installed (Debian: postgresql-client)") from None
    if done.returncode != 0:
        words = " ".join(done.stderr.split()) or f"exit status {done.returncode}"
        raise Refusal(f"{program}: {words[:500]}")
