"""U1: whoever brings the database up to date is killed at each step of it; the next start does it, and nothing is lost (I27)."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import func, insert, select
from sqlalchemy.exc import DBAPIError

from mailbot import store
from mailbot.store.database import SCHEMA, Database, schema_of
from mailbot.store.tables import delivery, mailing
from tests.databases import empty_url
from tests.dialogs.conversation import environment
from tests.faults.node import ROOT, SHORT

__all__ = ["empty_url"]
pytestmark = [pytest.mark.fault, pytest.mark.timeout(300)]

NOW = datetime(2026, 7, 14, 9, tzinfo=UTC)
QUEUED = 1_000
BEFORE = "0025"  # the version before the newest
STEPS = 3 if SHORT else 1


def set_back(database: Database) -> None:
    """Bring the tables one version back."""
    settings = Config()
    settings.set_main_option("script_location", str(Path(store.__file__).parent / "migrations"))
    with database._engine.connect() as connection:
        settings.attributes["connection"] = connection
        command.downgrade(settings, BEFORE)
        connection.commit()


def queue(database: Database) -> None:
    """Put copies into the outbox."""
    with database.write() as connection:
        row = {"kind": "post", "subject": "room", "cooked": b"x", "created_at": NOW}
        number = connection.execute(insert(mailing).values(row).returning(mailing.c.id)).scalar_one()
        connection.execute(
            insert(delivery),
            [{"mailing_id": number, "address": f"m{one}@x.test", "due_at": 1} for one in range(QUEUED)],
        )


def found(database: Database) -> tuple[str | None, int]:
    """Return the version that a database has, and how many copies wait in it."""
    with database.read() as connection:
        waiting = select(func.count()).where(delivery.c.state == "pending")
        return schema_of(connection), connection.execute(waiting).scalar_one()


def killed_at(url: str, number: int, *mutant: str) -> bool:
    """Bring a database up to date, and be killed at this step of it; False: there is no such step."""
    program = Path(__file__).parent / "dies_in_migration.py"
    words = [sys.executable, str(program), url, str(number), *mutant]
    status = subprocess.run(words, cwd=ROOT, env=environment(ROOT), check=False, timeout=60).returncode
    assert status in {0, -signal.SIGKILL}
    return status != 0


def each_kill(database: Database, url: str) -> Iterator[int]:
    """Yield the number of each step at which the migration was killed."""
    for number in count(1, STEPS):
        set_back(database)
        if not killed_at(url, number):
            return
        yield number


def test_a_migration_that_is_killed_anywhere_is_done_by_the_next_start(empty_url: str) -> None:
    """It is there whole or not at all, and so are the copies that wait."""
    database = Database(empty_url)
    try:
        database.upgrade()
        queue(database)
        kills = 0
        for number in each_kill(database, empty_url):
            kills += 1
            version, waiting = found(database)
            assert version in {BEFORE, SCHEMA}, number
            assert waiting == QUEUED, number
            database.upgrade()
            assert found(database) == (SCHEMA, QUEUED), number
        assert kills >= 3
    finally:
        database.close()


def test_a_migration_in_pieces_is_found_out(empty_url: str) -> None:
    """The control: where each statement is a transaction of its own, the next start finds half of it in its way."""
    database = Database(empty_url)
    try:
        database.upgrade()
        for number in count(1):
            set_back(database)
            assert killed_at(empty_url, number, "each"), "it was never in the way"
            try:
                database.upgrade()
            except DBAPIError:
                break
    finally:
        database.close()
