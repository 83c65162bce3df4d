"""The door: many mails in one commit, nobody hears 250 before it, everybody hears when it fails."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

import pytest
from sqlalchemy import Connection, event

from mailbot.core.transfer.envelope import Envelope, StorageFull, StorageUnavailable
from mailbot.flows.receive_mail import Intake
from mailbot.store.database import Database
from mailbot.store.mail import inbox
from tests.flows.post_office import NOW

ENVELOPE = Envelope("a@b.example", ("security@ml.example.jp", "kaigi@ml.example.jp"), "192.0.2.1", "smtp")


@asynccontextmanager
async def intake(database: Database, stored: Callable[[], None] = lambda: None) -> AsyncIterator[Intake]:
    """Run an intake while the block lasts."""
    door = Intake(database, lambda: NOW, stored)
    running = asyncio.create_task(door.run())
    try:
        yield door
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def waiting(database: Database) -> list[int]:
    """Return the inbox rows that wait to be read."""
    with database.read() as connection:
        return [received.id for received in inbox.load_waiting(connection, 10_000)]


async def test_a_mail_is_there_when_its_sender_hears_so(database: Database) -> None:
    """One mail, one row for each recipient, byte for byte."""
    calls: list[None] = []
    async with intake(database, lambda: calls.append(None)) as door:
        await door.receive(b"Subject: \xff\x00\r\n\r\nx", ENVELOPE)
        rows = waiting(database)
    assert len(rows) == 2
    assert len(calls) == 1
    with database.read() as connection:
        first = inbox.load(connection, rows[0])
    assert first is not None
    assert (first.content, first.recipient, first.received_at) == (
        b"Subject: \xff\x00\r\n\r\nx",
        ENVELOPE.recipients[0],
        NOW,
    )


async def test_many_senders_share_a_commit(database: Database) -> None:
    """A hundred mails that come at once cost a few commits, not a hundred."""
    commits: list[None] = []
    event.listen(database._engine, "commit", lambda _: commits.append(None))
    async with intake(database) as door:
        await asyncio.gather(*(door.receive(b"x%d" % number, ENVELOPE) for number in range(100)))
    assert len(waiting(database)) == 200
    assert len(commits) <= 5


@pytest.mark.parametrize("error", [StorageFull("no room"), StorageUnavailable("away"), RuntimeError("boom")])
async def test_a_failure_reaches_every_sender_and_the_next_mail_is_stored(
    database: Database, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """Nobody waits in vain, nothing is half stored, and the door stays open (promises.md I3)."""
    real = inbox.add
    fails = [True]

    def add(
        connection: Connection,
        arrivals: Sequence[tuple[bytes, Envelope]],
        clock: Callable[[], datetime],
        *,
        check: bool = False,
    ) -> None:
        real(connection, arrivals, clock, check=check)
        if fails:
            fails.clear()
            raise error

    monkeypatch.setattr(inbox, "add", add)
    async with intake(database) as door:
        async with asyncio.timeout(20):
            answers = await asyncio.gather(
                *(door.receive(b"x", ENVELOPE) for _ in range(10)), return_exceptions=True
            )
        assert answers == [error] * 10
        assert waiting(database) == []
        await door.receive(b"y", ENVELOPE)
    assert len(waiting(database)) == 2


async def test_a_sender_who_goes_away_does_not_take_the_others_along(database: Database) -> None:
    """A cancelled receive leaves its mail to be stored, and the commit of the batch goes on."""
    async with intake(database) as door:
        leaves = asyncio.create_task(door.receive(b"one", ENVELOPE))
        stays = asyncio.create_task(door.receive(b"two", ENVELOPE))
        await asyncio.sleep(0)
        leaves.cancel()
        async with asyncio.timeout(20):
            await stays
        assert len(waiting(database)) == 4


async def test_when_the_service_stops_nobody_waits_for_ever(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is in a commit or in the queue behind it hears "try again later"."""
    begun, go_on = threading.Event(), threading.Event()

    def add(*_: object, check: bool = False) -> None:
        begun.set()
        assert go_on.wait(20)

    monkeypatch.setattr(inbox, "add", add)
    async with intake(database) as door:
        first = asyncio.create_task(door.receive(b"one", ENVELOPE))
        await asyncio.to_thread(begun.wait, 20)
        second = asyncio.create_task(door.receive(b"two", ENVELOPE))
        await asyncio.sleep(0)
    go_on.set()
    async with asyncio.timeout(20):
        answers = await asyncio.gather(first, second, return_exceptions=True)
    assert all(isinstance(answer, StorageUnavailable) for answer in answers)


async def test_what_imap_brought_before_is_not_stored_again(database: Database) -> None:
    """Account, UIDVALIDITY and UID name a mail for ever (promises.md I6)."""
    fetched = Envelope("", ("security@ml.example.jp",), "imap:ml@imap.example.jp/1/7", "imap")
    async with intake(database) as door:
        for _ in range(2):
            await door.receive(b"x", fetched)
    assert len(waiting(database)) == 1
