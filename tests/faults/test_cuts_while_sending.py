"""The database is cut off while copies leave: what the next hop has taken is saved afterwards, and does not leave again (I9, I26)."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from mailbot.core.lists.mailing_list import Copies
from tests.faults.node import CONNECTIONS, SHORT, Node, new_node, second_node, until
from tests.faults.sink import Sink
from tests.faults.wire import Wire
from tests.store.postgresql import UNAVAILABLE, server

pytestmark = [pytest.mark.fault, pytest.mark.timeout(900)]

MEMBERS = 100
CUTS = 2 if SHORT else 20
AWAY = 1.0  # seconds
LEASE = 6.0  # seconds
LOCKED = 11.0  # seconds; SQLite waits ten for a lock
SEED = int(os.environ.get("FAULTS_SEED", random.randrange(10**6)))


@dataclass(frozen=True)
class Account:
    """What came of a run with cuts."""

    lost: int  # (post, member) pairs that never arrived
    repeated: int  # copies beyond the first of a pair
    possible: int  # what `queue` calls duplicates_possible
    felt: int  # cuts in which the sender could not save what it knew


def cut_at_random(node: Node, sink: Sink, cut: Callable[[], None], cuts: int, members: int) -> Account:
    """Post, cut in the middle of the fan-out and mend again, so many times; then let everything settle."""
    chance = random.Random(SEED)
    try:
        node.start()
        for number in range(cuts):
            until(partial(node.post, number), 60, node.log)
            until(partial(_more_than, number * members, sink), 60, node.log)
            time.sleep(chance.uniform(0, 0.15))
            cut()
            until(node.settled, 60, node.log)
    finally:
        node.stop()
    pairs = {
        (f"m{member}@member.example", f"<{post}@test>") for post in range(cuts) for member in range(members)
    }
    return Account(
        lost=len(pairs - set(sink.received)),
        repeated=sink.received.total() - len(sink.received),
        possible=node.doubtful(),
        felt=node.log().count("outbox.not_marked"),
    )


@dataclass(frozen=True)
class Pair:
    """What came of a post that two nodes were sending."""

    lost: int
    repeated: int
    possible: int
    states: dict[str, int]


@contextlib.contextmanager
def two_nodes_at_work(
    folder: Path, name: str, monkeypatch: pytest.MonkeyPatch, sink: Sink
) -> Iterator[tuple[Wire, list[Pair]]]:
    """Let two nodes with leases of `LEASE` send a post each, the first over a wire; at the end look what came of it."""
    monkeypatch.setenv("LEASE", str(LEASE))
    server(durable=True).create(name)
    wire = Wire(server(durable=True).port)
    members, urls = (
        4 * MEMBERS,
        [f"postgresql://mailbot@127.0.0.1:{wire.port}/{name}", server(durable=True).url(name)],
    )
    first = new_node(folder / "first", sink.port, members=members, database=urls[0])
    second = second_node(first, folder / "second", sink.port, urls[1])
    found: list[Pair] = []
    try:
        for number, node in enumerate((first, second)):
            node.program = Path(__file__).parent / "pauses.py"
            node.start()
            assert node.post(number)
        until(partial(_more_than, members // 4, sink), 30, first.log)
        yield wire, found
        until(second.settled, 60, second.log)
        time.sleep(2.5)  # so that the first has come back and said what it knows
    finally:
        first.stop()
        second.stop()
        wire.close()
    pairs = {
        (f"m{member}@member.example", f"<{post}@test>") for post in range(2) for member in range(members)
    }
    repeated = sink.received.total() - len(sink.received)
    found.append(Pair(len(pairs - set(sink.received)), repeated, second.doubtful(), second.outbox()))


def _more_than(before: int, sink: Sink) -> bool:
    return sink.received.total() > before


@pytest.mark.postgres
@pytest.mark.skipif(bool(UNAVAILABLE), reason=UNAVAILABLE or "-")
@pytest.mark.parametrize(("copies", "members"), [("personal", MEMBERS), ("identical", 20 * MEMBERS)])
@pytest.mark.parametrize("how", ["wire", "server", "stop"])
def test_a_cut_from_postgresql_repeats_nothing(
    tmp_path: Path, slow_sink: Sink, how: str, copies: Copies, members: int
) -> None:
    """The process knows what was accepted: nothing is lost, nothing goes again, nothing is in doubt.

    So it is where the service is stopped meanwhile, if the database is back in the seconds that a stop may take.
    """
    name = f"cut_{how}_{copies}"
    server(durable=True).create(name)
    wire = Wire(server(durable=True).port)
    url = f"postgresql://mailbot@127.0.0.1:{wire.port}/{name}"

    def cut() -> None:
        if how == "server":
            server(durable=True).halt()
            time.sleep(AWAY)
            server(durable=True).resume()
            return
        wire.cut()
        back = threading.Timer(AWAY, wire.mend)
        back.start()
        if how == "stop":
            node.stop()
        back.join()
        if how == "stop":
            node.start()

    node = new_node(tmp_path / "site", slow_sink.port, members=members, database=url, copies=copies)
    try:
        account = cut_at_random(node, slow_sink, cut, CUTS, members)
    finally:
        wire.close()
    print(f"seed {SEED}: {account}")
    assert account.felt, account
    assert (account.lost, account.repeated, account.possible) == (0, 0, 0), f"seed {SEED}: {account}"


def test_a_locked_sqlite_file_repeats_nothing(tmp_path: Path, slow_sink: Sink) -> None:
    """So it is where another program keeps the file locked for longer than anybody waits."""
    node = new_node(tmp_path / "site", slow_sink.port, members=MEMBERS)

    def lock() -> None:
        with sqlite3.connect(node.folder / "data" / "mailbot.db", timeout=10, isolation_level=None) as other:
            other.execute("BEGIN IMMEDIATE")
            time.sleep(LOCKED)
            other.execute("ROLLBACK")
        other.close()

    account = cut_at_random(node, slow_sink, lock, 1 if SHORT else 20, MEMBERS)
    print(f"seed {SEED}: {account}")
    assert account.felt, account
    assert (account.lost, account.repeated, account.possible) == (0, 0, 0), f"seed {SEED}: {account}"


@pytest.mark.postgres
@pytest.mark.skipif(bool(UNAVAILABLE), reason=UNAVAILABLE or "-")
def test_nodes_that_were_all_cut_off_leave_each_other_the_time_to_come_back(
    tmp_path: Path, slow_sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All leases ran out while the server was away: who is back first leaves to the other what that one knows of (I24)."""
    with two_nodes_at_work(tmp_path, "pair_away", monkeypatch, slow_sink) as (wire, found):
        server(durable=True).halt()
        wire.cut()
        time.sleep(LEASE + 1.0)
        server(durable=True).resume()
        time.sleep(LEASE / 2)
        wire.mend()
    print(found)
    assert found == [Pair(0, 0, 0, {"sent": 8 * MEMBERS})]


@pytest.mark.postgres
@pytest.mark.skipif(bool(UNAVAILABLE), reason=UNAVAILABLE or "-")
def test_nodes_whose_server_stood_still_take_nothing_from_each_other(
    tmp_path: Path, slow_sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No connection was lost, but no lease could be renewed: a machine that was paused, or a disk that did not answer (I24)."""
    monkeypatch.setenv("ABANDONED", "20s")
    with two_nodes_at_work(tmp_path, "pair_still", monkeypatch, slow_sink) as (_, found):
        server(durable=True).signal_all(signal.SIGSTOP)
        time.sleep(LEASE + 3.0)
        server(durable=True).signal_all(signal.SIGCONT)
    print(found)
    assert found == [Pair(0, 0, 0, {"sent": 8 * MEMBERS})]


@pytest.mark.postgres
@pytest.mark.skipif(bool(UNAVAILABLE), reason=UNAVAILABLE or "-")
def test_what_another_node_has_taken_over_stays_with_it(
    tmp_path: Path, slow_sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One node alone is cut off for longer than its lease: the other sends the rest, and what goes twice by that is counted."""
    with two_nodes_at_work(tmp_path, "pair_wire", monkeypatch, slow_sink) as (wire, found):
        wire.cut()
        time.sleep(LEASE + 2.0)
        wire.mend()
    print(found)
    (pair,) = found
    assert pair.lost == 0
    assert pair.states == {"sent": 8 * MEMBERS}
    assert pair.repeated <= pair.possible <= CONNECTIONS
