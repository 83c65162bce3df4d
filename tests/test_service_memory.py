"""What a long mail costs the service: how often its bytes are in memory at one time, and what stays of them."""

from __future__ import annotations

import base64
import random
import re
import smtplib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.node import LIST, Node, new_node, until
from tests.faults.sink import Sink

_MIB = 1_048_576
_LONG = 20_000_000  # bytes of a post
_AT_ONE_TIME = 100  # MiB above what the service takes when it rests


@pytest.fixture
def node(tmp_path: Path) -> Iterator[tuple[Node, Sink]]:
    """A service with one list of three members, which takes long posts."""
    sink = Sink()
    node = new_node(tmp_path / "site", sink.port, members=3)
    room = node.folder / "config" / "lists" / "room.yaml"
    room.write_text(room.read_text(encoding="utf-8") + "max_size: 26214400\n", encoding="utf-8")
    node.command("apply")
    try:
        node.start()
        yield node, sink
    finally:
        node.stop()
        sink.close()


def _memory(node: Node, which: str) -> float:
    """Return how many MiB its process has (VmRSS), or had at most (VmHWM)."""
    found = re.search(rf"{which}:\s+(\d+) kB", Path(f"/proc/{node.pid}/status").read_text(encoding="ascii"))
    assert found is not None
    return int(found[1]) / 1024


def _post(node: Node, number: int, size: int) -> None:
    """Hand in a post with a file that makes it so long."""
    file = base64.encodebytes(random.Random(number).randbytes(size * 57 // 78)).replace(b"\n", b"\r\n")
    head = (
        f"From: office@example.jp\r\nTo: {LIST}\r\nSubject: post {number}\r\nMessage-ID: <{number}@test>\r\n"
        "Date: Mon, 30 Nov 2026 10:00:00 +0900\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: text/plain\r\n\r\nthe file\r\n--b\r\nContent-Type: application/pdf; name=a.pdf\r\n"
        "Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=a.pdf\r\n\r\n"
    )
    with smtplib.SMTP("127.0.0.1", node.port, timeout=60) as client:
        client.sendmail("office@example.jp", [LIST], head.encode() + file + b"--b--\r\n")


def test_a_long_post_is_in_memory_few_times(node: tuple[Node, Sink]) -> None:
    """From its receipt to its last copy, and little of it stays."""
    service, sink = node
    _post(service, 1, 1_000)
    until(lambda: sink.received.total() == 3, 30, service.log)
    before = _memory(service, "VmRSS")
    _post(service, 2, _LONG)
    until(lambda: sink.received.total() == 6, 60, service.log)
    until(
        lambda: _memory(service, "VmRSS") - before < _LONG / _MIB, 30, service.log
    )  # once the copies are saved
    assert _memory(service, "VmHWM") - before < _AT_ONE_TIME
