"""An upgrade of the program: no tables are changed under a service at work, and no program works on those of a newer one."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest
from sqlalchemy import text

from mailbot import service
from mailbot.core.refusal import Refusal
from mailbot.folder.config import load_config
from mailbot.folder.serve_lock import only_one
from mailbot.installation import open_database
from mailbot.store.database import SCHEMA, Database, schema_of
from tests.dialogs.conversation import run
from tests.faults.node import new_node

NEWER, OLDER = "9999", "0001"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A working folder with its tables."""
    return new_node(tmp_path / "site", 9, members=1).folder


def form(folder: Path, to: str | None = None) -> str | None:
    """Return which form the tables say they have; `to` lets them say another."""
    database = Database(load_config(folder / "config" / "mailbot.yaml").database)
    if to is not None:
        with database.write() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = :to"), {"to": to})
    with database.read() as connection:
        found = schema_of(connection)
    database.close()
    return found


def test_tables_of_a_newer_version_are_left_alone(folder: Path) -> None:
    """One sentence says what to do, in place of what Alembic would."""
    form(folder, NEWER)
    for words in (["surveys", "list"], ["serve"], ["serve", "--workers", "2"]):
        status, output = run(words, folder)
        assert status == 1
        assert (
            f"the tables of a newer version ({NEWER}, this one knows {SCHEMA}); run the newer mailbot"
            in output
        )
        assert "Traceback" not in output
    assert form(folder) == NEWER


def test_a_command_changes_no_tables_under_a_service(folder: Path) -> None:
    """The program was installed before the service was stopped: that is of the older version, and at work."""
    form(folder, OLDER)
    with only_one(folder):
        status, output = run(["surveys", "list"], folder)
    assert status == 1
    assert "a service runs on this folder" in output
    assert form(folder) == OLDER


def test_a_service_stops_when_its_tables_are_changed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On another node the upgrade was begun: this one would work on tables that it does not know."""
    monkeypatch.setattr(service, "_LOOK_ANYWAY_SECONDS", 0.05)
    config = load_config(folder / "config" / "mailbot.yaml")

    async def upgraded_meanwhile() -> None:
        serving = asyncio.create_task(service.serve(config, frozenset({"deliver", "process"})))
        await asyncio.sleep(0.5)
        assert not serving.done()
        await asyncio.to_thread(form, folder, NEWER)
        await asyncio.wait_for(serving, 20)

    with pytest.raises(Refusal, match=f"has changed the tables of the database .{NEWER}"):
        asyncio.run(upgraded_meanwhile())


def test_a_service_that_is_told_to_stop_has_nothing_to_refuse(folder: Path) -> None:
    """The look at its tables ends with it, and is no finding."""
    config = load_config(folder / "config" / "mailbot.yaml")

    async def told_to_stop() -> None:
        asyncio.get_running_loop().call_later(0.3, os.kill, os.getpid(), signal.SIGTERM)
        await service.serve(config, frozenset({"deliver"}))

    asyncio.run(told_to_stop())


def test_the_service_itself_brings_older_tables_up_to_date(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It holds the folder by then, and so would refuse itself."""
    done: list[str] = []
    monkeypatch.setattr(Database, "migrate", lambda _: done.append("migrated"))
    form(folder, OLDER)
    with only_one(folder):
        open_database(load_config(folder / "config" / "mailbot.yaml"), serves=True).close()
    assert done == ["migrated"]
