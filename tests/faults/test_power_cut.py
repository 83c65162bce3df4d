"""P1, P2: the power is cut. What was answered 250 is there when it is back, and no more went twice than is counted.

The service runs under strace; from what it wrote and synced the disk is made anew as each of many cuts could have left
it, and the service goes on from there.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import smtplib
from collections import Counter, defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.disk_trace import Disk, Moment, Said, moments
from tests.faults.node import CONNECTIONS, LIST, Node, new_node, until
from tests.faults.sink import Received, Sink, message_id

pytestmark = [
    pytest.mark.fault,
    pytest.mark.timeout(1_200),
    pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace"),
]

SEED = int(os.environ.get("FAULTS_SEED", random.randrange(10**6)))
MEMBERS = 12
POSTS = 8
SESSIONS = 3
CUTS = 60
DATABASE = "mailbot.db*"
HERE = Path(__file__).parent


@dataclass
class Life:
    """What a service did until it was killed, and who knows what of it."""

    node: Node
    sink: Sink
    start: dict[Path, bytes]  # its files before
    moments: Sequence[Moment]
    posts: dict[int, int]  # the client's port of each post


@dataclass
class Outcome:
    """What a cut did."""

    lost: int = 0  # copies of acknowledged posts that nobody ever gets
    twice: int = 0
    counted: int = 0  # that may have gone twice, as the service itself says


def live(folder: Path, sink: Sink) -> Life:
    """Let a service under strace take some posts at a time, and send them; then kill it."""
    node = new_node(folder, sink.port, members=MEMBERS)
    start = {path: path.read_bytes() for path in (folder / "data").glob(DATABASE)}
    node.program, node.forked = HERE / "traced.py", False
    node.start()
    with ThreadPoolExecutor(SESSIONS) as clients:
        posts = dict(
            zip(range(POSTS), clients.map(lambda number: post(node, number), range(POSTS)), strict=True)
        )
    sink.wait_for(POSTS * MEMBERS, 60)
    node.kill()
    trace = folder / "trace"
    until(lambda: "+++ killed" in trace.read_text(encoding="ascii")[-100:], 10, node.log)
    node.program, node.forked = None, True
    return Life(node, sink, start, moments(trace), posts)


def post(node: Node, number: int) -> int:
    """Hand in a post; returns the port that it was handed in from."""
    head = (
        f"From: office@example.jp\r\nTo: {LIST}\r\nSubject: post {number}\r\nMessage-ID: <{number}@test>\r\n"
    )
    with smtplib.SMTP("127.0.0.1", node.port, timeout=20) as client:
        client.sendmail("office@example.jp", [LIST], f"{head}\r\nhello\r\n")
        assert client.sock is not None
        return int(client.sock.getsockname()[1])


def acknowledged(life: Life, before: Sequence[Moment]) -> set[int]:
    """Return which posts had their 250 before the cut."""
    told = {
        int(moment.theirs.rpartition(":")[2])
        for moment in before
        if isinstance(moment, Said) and b"250 2.0.0 The mail is stored" in moment.words
    }
    return {number for number, port in life.posts.items() if port in told}


def left(life: Life, before: Sequence[Moment]) -> Received:
    """Return which copies had left for the sink, with their final dot, before the cut."""
    streams: dict[str, bytes] = defaultdict(bytes)
    for moment in before:
        if isinstance(moment, Said) and moment.theirs.endswith(f":{life.sink.port}"):
            streams[moment.ours] += moment.words
    found: Received = Counter()
    for stream in streams.values():
        for commands, content in re.findall(rb"(MAIL FROM:.*?)DATA\r\n(.*?\r\n)\.\r\n", stream, re.DOTALL):
            (recipient,) = re.findall(rb"RCPT TO:<([^>]*)>", commands)
            found[recipient.decode().lower(), message_id(content)] += 1
    return found


def cut(life: Life, number: int, chance: random.Random) -> Outcome:
    """Cut the power after so many moments, let the service go on, and see who has what."""
    before = life.moments[:number]
    disk = Disk(dict(life.start))
    for place, moment in enumerate(before):
        disk.see(place, moment)
    data = life.node.folder / "data"
    for path in data.glob(DATABASE):
        path.unlink()
    for path, content in disk.after_a_cut(chance).items():
        if path.parent == data:
            path.write_bytes(content)
    life.sink.received.clear()
    life.node.start()
    until(life.node.settled, 60, life.node.log)
    outcome = Outcome(counted=life.node.doubtful())
    life.node.kill()
    copies = left(life, before) + life.sink.received
    for post_number in acknowledged(life, before):
        for member in range(MEMBERS):
            outcome.lost += copies[f"m{member}@member.example", f"<{post_number}@test>"] == 0
    outcome.twice = sum(times - 1 for times in copies.values())
    return outcome


def cuts(folder: Path, sink: Sink) -> list[Outcome]:
    """Cut a service's life at moments of which each is as likely as any other, but not before anything was said."""
    print(f"FAULTS_SEED={SEED}")
    chance = random.Random(SEED)
    life = live(folder, sink)
    first = next(place for place, moment in enumerate(life.moments) if isinstance(moment, Said))
    try:
        outcomes = [cut(life, chance.randrange(first, len(life.moments)), chance) for _ in range(CUTS)]
    finally:
        life.node.stop()
    print(outcomes)
    return outcomes


def test_nothing_acknowledged_is_lost_and_what_went_twice_is_counted(tmp_path: Path, sink: Sink) -> None:
    """I1, I2 and I9 over a loss of power."""
    outcomes = cuts(tmp_path / "site", sink)
    assert [outcome for outcome in outcomes if outcome.lost] == []
    assert [outcome for outcome in outcomes if outcome.twice > min(CONNECTIONS, outcome.counted)] == []


def test_a_log_that_is_synced_late_is_found_out(
    tmp_path: Path, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: with synchronous = NORMAL acknowledged posts are gone, or more goes twice than is known."""
    monkeypatch.setenv("TRACED", str(HERE / "syncs_late.py"))
    outcomes = cuts(tmp_path / "site", sink)
    assert sum(outcome.lost for outcome in outcomes) > 0
    assert any(outcome.twice > min(CONNECTIONS, outcome.counted) for outcome in outcomes)
