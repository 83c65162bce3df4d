"""A service looks at nothing in vain, and misses nothing: what others put into its database it finds, what they hold it waits for."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailbot.core.transfer.envelope import Envelope
from mailbot.store.mail import inbox
from tests.faults.node import LIST, Node, new_node, until
from tests.faults.sink import Sink

_SETTLED_SECONDS = 3.0  # after its start, when nothing wakes it any more


@pytest.fixture
def rested(tmp_path: Path) -> Iterator[tuple[Node, Sink]]:
    """A service that has nothing to do."""
    sink = Sink()
    node = new_node(tmp_path / "site", sink.port, members=3)
    try:
        node.start()
        time.sleep(_SETTLED_SECONDS)
        yield node, sink
    finally:
        node.stop()
        sink.close()


def test_what_another_process_stores_is_found(rested: tuple[Node, Sink]) -> None:
    """It is read, and its copies are sent, long before the look that is taken anyway."""
    node, sink = rested
    post = f"From: m1@member.example\r\nTo: {LIST}\r\nSubject: x\r\nMessage-ID: <x@test>\r\n\r\nx\r\n"
    envelope = Envelope("m1@member.example", (LIST,), "127.0.0.1", "lmtp")
    database = node.database
    with database.write() as connection:
        inbox.add(connection, [(post.encode(), envelope)], lambda: datetime.now(UTC))
    database.close()
    until(lambda: sink.received.total() == 3, 10, node.log)


def test_what_another_process_holds_is_waited_for(tmp_path: Path) -> None:
    """Started while a large import has the database for longer than a statement waits, it goes on when that has ended."""
    sink = Sink()
    node = new_node(tmp_path / "site", sink.port, members=3)
    held = sqlite3.connect(node.folder / "data" / "mailbot.db", isolation_level=None)
    held.execute("BEGIN IMMEDIATE")
    try:
        node.start()
        until(lambda: "database.away" in node.log(), 30, node.log)
        held.execute("ROLLBACK")
        assert node.post(0)
        until(lambda: sink.received.total() == 3, 30, node.log)
    finally:
        held.close()
        node.stop()
        sink.close()
    assert "Traceback" not in node.log()
