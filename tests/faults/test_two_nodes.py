"""Two nodes on one PostgreSQL: one is killed in the middle of a fan-out, and the other does the rest (I24)."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.faults.node import CONNECTIONS, SHORT, new_node, second_node, until
from tests.faults.sink import Sink
from tests.store.postgresql import UNAVAILABLE, server

pytestmark = [
    pytest.mark.fault,
    pytest.mark.postgres,
    pytest.mark.timeout(300),
    pytest.mark.skipif(bool(UNAVAILABLE), reason=UNAVAILABLE or "-"),
]

MEMBERS = 800


@pytest.mark.parametrize("comes_back", [True] if SHORT else [True, False])
def test_a_killed_node_s_copies_are_sent_by_the_other(tmp_path: Path, comes_back: bool) -> None:
    """All are delivered; a node that comes back frees its own leases at once, else they are free after 30 s."""
    name = f"nodes_{comes_back}".lower()
    server(durable=True).create(name)
    url = server(durable=True).url(name)
    sink = Sink(seconds_each=0.004)
    first = new_node(tmp_path / "first", sink.port, members=MEMBERS, database=url)
    second = second_node(first, tmp_path / "second", sink.port, url)
    try:
        first.start()
        second.start()
        posts = 2
        assert first.post(0)
        assert second.post(1)
        until(lambda: sink.received.total() > MEMBERS // 2, 30, first.log)
        first.kill()
        killed = time.monotonic()
        if comes_back:
            first.start()
        until(second.settled, 45, second.log)
        took = time.monotonic() - killed
    finally:
        first.stop()
        second.stop()
        sink.close()
    pairs = {
        (f"m{member}@member.example", f"<{post}@test>") for post in range(posts) for member in range(MEMBERS)
    }
    repeated = sink.received.total() - len(sink.received)
    print(f"after the kill it took {took:.1f} s; {repeated} repeated, {first.doubtful()} counted as possible")
    assert pairs == set(sink.received)
    assert repeated <= first.doubtful() <= CONNECTIONS
