"""D1, D3: PostgreSQL's primary is killed or cut off and its standby takes over: what was answered 250 is there, and goes to all (I25)."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from tests.faults.node import CONNECTIONS, Node, new_node, second_node, until
from tests.faults.sink import Sink
from tests.store.postgresql import UNAVAILABLE, PostgreSQL

pytestmark = [
    pytest.mark.fault,
    pytest.mark.postgres,
    pytest.mark.timeout(300),
    pytest.mark.skipif(bool(UNAVAILABLE), reason=UNAVAILABLE or "-"),
]

MEMBERS = 8
OF_SPLIT = 400  # members, where a post must take seconds
CLIENTS = 3
PAUSE = 0.1  # seconds between a client's posts
BEFORE, CUT_OFF, AFTER = (
    1.5,
    1.0,
    3.0,
)  # seconds of posts: before; while the standby hears nothing; after the fail-over


@dataclass
class Pair:
    """A server with its standby; `url` leads to the one that can be written to."""

    primary: PostgreSQL
    standby: PostgreSQL
    url: str

    def ask(self, server: PostgreSQL, question: str) -> object:
        """Return the first value of the answer."""
        with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
            row = connection.execute(question.encode()).fetchone()
        return row[0] if row else None

    def tell(self, server: PostgreSQL, statement: str) -> None:
        """Run a statement of administration."""
        with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())


@contextmanager
def pair(*, synchronous: bool) -> Iterator[Pair]:
    """Start a primary with an empty database and its standby; `synchronous`: commits wait for the standby."""
    primary = PostgreSQL(Path(tempfile.mkdtemp(prefix="mailbot-pg-")), durable=True, replicates=True)
    primary.create("mailbot")
    standby = PostgreSQL(
        Path(tempfile.mkdtemp(prefix="mailbot-pg-")), durable=True, replicates=True, of=primary
    )
    both = f"host=127.0.0.1:{primary.port}&host=127.0.0.1:{standby.port}"
    found = Pair(primary, standby, f"postgresql://mailbot@/mailbot?{both}&target_session_attrs=read-write")
    if synchronous:
        found.tell(primary, "ALTER SYSTEM SET synchronous_standby_names = '*'")
        found.tell(primary, "SELECT pg_reload_conf()")
    wanted = "sync" if synchronous else "async"
    state = "SELECT sync_state FROM pg_stat_replication"
    until(lambda: found.ask(primary, state) == wanted, 20, lambda: "the standby does not follow")
    try:
        yield found
    finally:
        primary.remove()
        standby.stop()


def fail_over(servers: Pair, node: Node) -> set[int]:
    """Post without pause, kill the primary and promote the standby; returns the posts that were answered 250.

    In the last second before it the standby hears nothing: what the primary acknowledges then by itself is lost with it.
    """
    taken: set[int] = set()
    numbers = iter(range(1_000_000))
    ends = threading.Event()

    def client() -> None:
        while not ends.is_set():
            number = next(numbers)
            while not (answered := node.post(number)) and not ends.is_set():
                time.sleep(0.2)  # once more with the same bytes, as a mail server does
            if answered:
                taken.add(number)
            time.sleep(PAUSE)

    clients = [threading.Thread(target=client) for _ in range(CLIENTS)]
    for one in clients:
        one.start()
    time.sleep(BEFORE)
    servers.tell(servers.standby, "ALTER SYSTEM SET primary_conninfo = ''")
    servers.tell(servers.standby, "SELECT pg_reload_conf()")
    time.sleep(CUT_OFF)
    servers.primary.kill()
    servers.standby.promote()
    time.sleep(AFTER)
    ends.set()
    for one in clients:
        one.join(30)
    return taken


def lives_on(folder: Path, *, synchronous: bool) -> tuple[int, int, int]:
    """Fail over under posts; returns how many of their copies nobody got, how many went twice, and may have as `queue` says."""
    sink = Sink()
    with pair(synchronous=synchronous) as servers:
        node = new_node(folder, sink.port, members=MEMBERS, database=servers.url)
        node.start()
        try:
            taken = fail_over(servers, node)
            until(node.settled, 120, node.log)
            doubtful = node.doubtful()
        finally:
            node.stop()
            sink.close()
    wanted = {
        (f"m{member}@member.example", f"<{number}@test>") for number in taken for member in range(MEMBERS)
    }
    lost = len(wanted - set(sink.received))
    twice = sink.received.total() - len(sink.received)
    print(
        f"{len(taken)} posts taken; of {len(wanted)} copies {lost} lost; {twice} twice, {doubtful} counted as possible"
    )
    return lost, twice, doubtful


def test_nothing_acknowledged_is_lost_with_a_synchronous_standby(tmp_path: Path) -> None:
    """The service finds the promoted standby by itself, and goes on."""
    lost, twice, doubtful = lives_on(tmp_path / "site", synchronous=True)
    assert lost == 0
    assert twice <= doubtful <= CONNECTIONS


def test_a_standby_that_is_not_waited_for_is_found_out(tmp_path: Path) -> None:
    """The control: the primary acknowledges alone what dies with it."""
    lost, _, _ = lives_on(tmp_path / "site", synchronous=False)
    assert lost > 0


# --- D3: the old primary lives on, cut off, with a node of its own ----------------------------------------------------


def splits(folder: Path, *, synchronous: bool) -> tuple[int, int, int]:
    """Promote the standby while the primary, cut off from it, goes on with one node; the other node has the promoted one.

    Returns how many copies of a post nobody got, how many went twice, and may have as the promoted one says.
    """
    sink = Sink(seconds_each=0.05)
    with pair(synchronous=synchronous) as servers:
        old = new_node(folder / "old", sink.port, members=OF_SPLIT, database=servers.primary.url("mailbot"))
        new = second_node(old, folder / "new", sink.port, servers.standby.url("mailbot"))
        try:
            old.start()
            assert old.post(0)
            until(lambda: sink.received.total() > OF_SPLIT // 20, 30, old.log)
            servers.tell(servers.standby, "ALTER SYSTEM SET primary_conninfo = ''")
            servers.tell(servers.standby, "SELECT pg_reload_conf()")
            servers.standby.promote()
            new.start()
            until(new.settled, 120, new.log)  # the leases of the old node must run out
            possible = new.doubtful()
        finally:
            old.kill()
            new.stop()
            sink.close()
            servers.primary.stop()
    lost = OF_SPLIT - len(sink.received)
    twice = sink.received.total() - len(sink.received)
    print(f"of {OF_SPLIT} copies {lost} lost; {twice} twice, {possible} counted as possible")
    return lost, twice, possible


def test_a_primary_that_was_cut_off_sends_nothing_beside_the_promoted_one(tmp_path: Path) -> None:
    """It cannot commit without its standby, and what is not marked does not leave (I24, I25)."""
    lost, twice, possible = splits(tmp_path, synchronous=True)
    assert lost == 0
    assert twice <= possible <= CONNECTIONS


def test_two_primaries_are_found_out(tmp_path: Path) -> None:
    """The control: one that commits alone sends what the promoted one sends."""
    _, twice, possible = splits(tmp_path, synchronous=False)
    assert twice > possible
