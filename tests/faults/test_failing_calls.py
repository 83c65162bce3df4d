"""F2: the disk and the system say no to every so many-th call. Nothing that was answered 250 is lost, and the service goes on."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from tests.faults.node import new_node, until
from tests.faults.sink import Sink

pytestmark = [
    pytest.mark.fault,
    pytest.mark.timeout(300),
    pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace"),
]

HERE = Path(__file__).parent
MEMBERS = 6
POSTS = 40
FAILURES = [  # strace counts the calls of each thread by itself
    "fdatasync:error=EIO:when=4+5",
    "pwrite64:error=EIO:when=60+37",
    "pwrite64:error=ENOSPC:when=60+37",
    "accept4:error=EMFILE:when=5+4",
    "connect:error=ECONNRESET:when=2+2",
]


def posts_through(folder: Path) -> tuple[int, int, list[str]]:
    """Post, each again until it is taken.

    Returns how many calls failed, how often a post was refused, and what contradicts that they were taken.
    """
    sink = Sink()
    node = new_node(folder, sink.port, members=MEMBERS)
    node.program = HERE / "failing_calls.py"
    refused = 0
    try:
        node.start()
        for number in range(POSTS):
            end = time.monotonic() + 30
            while not node.post(number):
                refused += 1
                assert time.monotonic() < end, node.log()[-3_000:]
        failed = (folder / "trace").read_text(encoding="ascii").count("(INJECTED)")
        node.kill()  # what is in memory alone is gone
        node.program = None
        node.start()
        until(node.settled, 60, node.log)
        doubtful = node.doubtful()
    finally:
        node.stop()
        sink.close()
    pairs = {
        (f"m{member}@member.example", f"<{number}@test>")
        for number in range(POSTS)
        for member in range(MEMBERS)
    }
    found = [f"{pair} is lost" for pair in sorted(pairs - set(sink.received))]
    twice = sink.received.total() - len(sink.received)
    if twice > doubtful:
        found.append(f"{twice} twice, {doubtful} counted as possible")
    return failed, refused, found


@pytest.mark.parametrize("failing", FAILURES)
def test_a_call_that_fails_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    """A post is refused for now, or is delivered to all."""
    monkeypatch.setenv("FAILING", failing)
    failed, refused, found = posts_through(tmp_path / "site")
    print(f"{failing}: {failed} failed, {refused} posts refused")
    assert failed
    assert found == []


def test_a_service_that_answers_early_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: where a commit fails behind the 250, the post is lost."""
    monkeypatch.setenv("FAILING", FAILURES[0])
    monkeypatch.setenv("TRACED", str(HERE / "answers_early.py"))
    *_, found = posts_through(tmp_path / "site")
    assert any("lost" in one for one in found)
