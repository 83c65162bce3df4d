"""F1: the disk is full. 452 to clients, nothing that was taken is lost, and it goes on by itself when there is room."""

from __future__ import annotations

import smtplib
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.node import LIST, SHORT, Node, new_node, until
from tests.faults.sink import Sink

pytestmark = [pytest.mark.fault, pytest.mark.timeout(300)]

MEMBERS = 5
PAGE = 4096
Limit = Callable[[bool], None]  # True: no more room; False: room again


@contextmanager
def small_disk(node: Node) -> Iterator[Limit]:
    """Put the node's data on a disk of 8 MiB of its own that a ballast file fills; needs the right to mount."""
    kept = node.folder / "kept"
    (node.folder / "data").rename(kept)
    data = node.folder / "data"
    data.mkdir()
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "none", str(data)], check=True, capture_output=True
    )
    try:
        subprocess.run(["cp", "-a", f"{kept}/.", str(data)], check=True)

        def limit(full: bool) -> None:
            ballast = data / "ballast"
            if not full:
                ballast.unlink()
                return
            room = int(subprocess.check_output(["df", "--output=avail", "-B1", str(data)]).split()[-1])
            ballast.write_bytes(b"x" * max(0, room - 64 * PAGE))

        yield limit
    finally:
        subprocess.run(["umount", "-l", str(data)], check=True)


@contextmanager
def few_pages(node: Node) -> Iterator[Limit]:
    """Let SQLite believe that the disk is full: for machines on which nothing can be mounted."""
    node.program = Path(__file__).parent / "fills_up.py"

    def limit(full: bool) -> None:
        size = (node.folder / "data" / "mailbot.db").stat().st_size // PAGE
        aside = node.folder / "room.new"  # the service reads the file at any moment: it must never be empty
        aside.write_text(str(size + 20 if full else 1 << 20))
        aside.rename(node.folder / "room")

    (node.folder / "room").write_text(str(1 << 20))
    yield limit


def answer_to_post(node: Node, number: int) -> int:
    """Post 20 kB; returns the server's answer to the final dot, or to whatever it refused before."""
    text = (
        f"From: office@example.jp\r\nSubject: {number}\r\nMessage-ID: <{number}@test>\r\n\r\n"
        + "x" * 70
        + "\r\n"
    )
    with smtplib.SMTP("127.0.0.1", node.port, timeout=20) as client:
        try:
            client.sendmail("office@example.jp", [LIST], text + ("y" * 70 + "\r\n") * 280)
        except smtplib.SMTPResponseException as refused:
            return refused.smtp_code
        except smtplib.SMTPRecipientsRefused as refused:
            return next(iter(refused.recipients.values()))[0]
    return 250


@pytest.mark.parametrize("disk", [small_disk, few_pages])
def test_a_full_disk_loses_nothing(tmp_path: Path, disk: Callable[[Node], Iterator[Limit]]) -> None:
    """Each post is taken with 250 and delivered to every member once, or refused with 452 (promises.md I3)."""
    sink = Sink()
    node = new_node(tmp_path / "site", sink.port, members=MEMBERS)
    try:
        with disk(node) as limit:  # type: ignore[attr-defined]
            node.start()
            try:
                _run(node, sink, limit)
            finally:
                node.stop()
    except subprocess.CalledProcessError as refused:
        if "mount" not in refused.cmd:
            raise
        pytest.skip("nothing can be mounted here; the other form of this test ran")
    finally:
        sink.close()


def _run(node: Node, sink: Sink, limit: Limit) -> None:
    answers = {0: answer_to_post(node, 0)}
    assert answers[0] == 250
    until(lambda: sink.received.total() == MEMBERS, 20, node.log)
    limit(True)
    while 452 not in answers.values():
        assert len(answers) < 500, "it was never full"
        answers[len(answers)] = answer_to_post(node, len(answers))
    end = time.monotonic() + (2 if SHORT else 20)
    while time.monotonic() < end:
        answers[len(answers)] = answer_to_post(node, len(answers))
        time.sleep(0.1)
    assert set(answers.values()) <= {250, 452}, answers
    limit(False)
    until(lambda: answer_to_post(node, len(answers)) == 250, 20, node.log)
    answers[len(answers)] = 250
    until(node.settled, 30, node.log)
    assert "Traceback" not in node.log()  # a full disk is no fault of the program
    taken = {f"<{number}@test>" for number, answer in answers.items() if answer == 250}
    arrived = {post for _, post in sink.received}
    assert arrived == taken
    assert sink.received.total() - len(sink.received) <= node.doubtful()
    assert {post: sum(post == other for _, other in sink.received) for post in taken} == dict.fromkeys(
        taken, MEMBERS
    )
