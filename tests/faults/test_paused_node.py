"""A node that is paused (SIGSTOP) or gone holds up nobody: the other does its work, and nothing goes twice unsaid (I24, N3)."""

from __future__ import annotations

import signal
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.node import CONNECTIONS, Node, new_node, second_node, until
from tests.faults.sink import Sink
from tests.store.postgresql import UNAVAILABLE, server

pytestmark = [
    pytest.mark.fault,
    pytest.mark.postgres,
    pytest.mark.timeout(300),
    pytest.mark.skipif(bool(UNAVAILABLE), reason=UNAVAILABLE or "-"),
]

TOGETHER = 50  # recipients of a bundle
LEASE = 3  # seconds; pauses.py


def two_nodes(folder: Path, sink: Sink, name: str, members: int) -> tuple[Node, Node]:
    """Make two nodes with short leases on one database of this name."""
    server(durable=True).create(name)
    url = server(durable=True).url(name)
    first = new_node(folder / "first", sink.port, members=members, database=url, copies="identical")
    second = second_node(first, folder / "second", sink.port, url)
    for node in (first, second):
        node.program = Path(__file__).parent / "pauses.py"
    return first, second


@dataclass(frozen=True)
class Course:
    """What came of a post while a node that was sending it was paused in the middle of a transaction."""

    left: int  # copies that nobody had sent when the first was let go on
    missing: int  # at the end
    repeated: int
    possible: int  # what `queue` calls duplicates_possible


def paused(
    folder: Path, name: str, seconds: float, monkeypatch: pytest.MonkeyPatch, abandoned: str
) -> Course:
    """Pause a node that has marked a bundle, and not committed it, for so many seconds beyond its lease."""
    monkeypatch.setenv("ABANDONED", abandoned)
    members = 6 * TOGETHER
    sink = Sink(seconds_each=0.02)
    first, second = two_nodes(folder, sink, name, members)
    try:
        (first.folder / "pause").touch()
        first.start()
        assert first.post(0)
        until((first.folder / "paused").exists, 20, first.log)
        second.start()  # not before: it could have sent all by itself
        end = time.monotonic() + LEASE + seconds
        while not second.settled() and time.monotonic() < end:
            time.sleep(0.2)
        left = sum(number for state, number in second.outbox().items() if state != "sent")
        assert first._process is not None
        first._process.send_signal(signal.SIGCONT)
        until(second.settled, 30, second.log)
    finally:
        if first._process is not None:
            first._process.send_signal(signal.SIGCONT)
        first.stop()
        second.stop()
        sink.close()
    return Course(
        left=left,
        missing=members - len(sink.received),
        repeated=sink.received.total() - len(sink.received),
        possible=second.doubtful(),
    )


def test_a_paused_node_holds_up_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server ends its transaction, so that the other sends what it held while it is still paused."""
    course = paused(tmp_path, "paused", 20, monkeypatch, "1s")
    print(course)
    assert course.left == course.missing == 0, course
    assert course.repeated <= course.possible <= CONNECTIONS * TOGETHER, course


def test_a_transaction_that_nobody_ends_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: without an end to its transaction, all that it had claimed waits for as long as it is paused."""
    course = paused(tmp_path, "for_ever", 20, monkeypatch, "0")
    print(course)
    assert course.left >= TOGETHER, course
    assert course.missing == 0, course
    assert course.repeated <= course.possible, course
