"""F3: a process with 64 file descriptors. Who comes beyond them is told so, and nothing that was taken is lost."""

from __future__ import annotations

import contextlib
import socket
from collections import Counter
from pathlib import Path

import pytest

from tests.faults.node import new_node, until
from tests.faults.sink import Sink

pytestmark = [pytest.mark.fault, pytest.mark.timeout(120)]

IDLE = 80
MEMBERS = 5


def greetings(clients: list[socket.socket]) -> Counter[bytes]:
    """Return how many clients heard which code; b"" was sent away without a word."""
    heard: Counter[bytes] = Counter()
    for client in clients:
        try:
            heard[client.recv(200)[:3]] += 1
        except ConnectionError:
            heard[b""] += 1
    return heard


def test_who_comes_beyond_the_descriptors_is_told_so(tmp_path: Path) -> None:
    """421, which is tried again; when there is room once more a post is taken and goes to all."""
    sink = Sink()
    node = new_node(tmp_path / "site", sink.port, members=MEMBERS)
    node.program = Path(__file__).parent / "has_few_files.py"
    node.start()
    try:
        with contextlib.ExitStack() as ends:
            clients = [
                ends.enter_context(socket.create_connection(("127.0.0.1", node.port), timeout=20))
                for _ in range(IDLE)
            ]
            heard = greetings(clients)
            print(heard)
            assert heard[b"220"] >= 10
            assert heard[b"421"] == IDLE - heard[b"220"]
            assert not node.post(0)
        until(lambda: node.post(0), 20, node.log)
        sink.wait_for(MEMBERS)
    finally:
        node.stop()
        sink.close()
    assert "door.few_files" in node.log()
    assert "part_failed" not in node.log()
