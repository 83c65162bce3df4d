"""F1: the disk is full. 452 to clients, nothing that was taken is lost, and it goes on by itself when there is room.

It fills up while mail comes in, in the middle of a fan-out, and over the close of a survey.
"""

from __future__ import annotations

import smtplib
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

import pytest

from tests.faults.node import LIST, SHORT, Node, new_node, until
from tests.faults.sink import Sink
from tests.faults.voters import Vote, answer_addresses, ask, contradictions, count, unread, vote
from tests.flows.post_office import TOKYO

pytestmark = [pytest.mark.fault, pytest.mark.timeout(300)]

MEMBERS = 5
PAGE = 4096
Limit = Callable[[bool], None]  # True: no more room; False: room again
Disk = Callable[[Node], AbstractContextManager[Limit]]
Place = tuple[Node, Sink, Limit]


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


def answer_to_post(node: Node, number: int, lines: int = 280) -> int:
    """Post so many lines, of 72 bytes; returns the server's answer to the final dot, or to whatever it refused before."""
    text = (
        f"From: office@example.jp\r\nSubject: {number}\r\nMessage-ID: <{number}@test>\r\n\r\n"
        + "x" * 70
        + "\r\n"
    )
    with smtplib.SMTP("127.0.0.1", node.port, timeout=20) as client:
        try:
            client.sendmail("office@example.jp", [LIST], text + ("y" * 70 + "\r\n") * lines)
        except smtplib.SMTPResponseException as refused:
            return refused.smtp_code
        except smtplib.SMTPRecipientsRefused as refused:
            return next(iter(refused.recipients.values()))[0]
    return 250


@contextmanager
def running(
    folder: Path, disk: Disk, *, members: int, seconds_each: float, program: Path | None
) -> Iterator[Place]:
    """Start a node on such a disk, with the program where the disk does not ask for its own."""
    sink = Sink(seconds_each)
    node = new_node(folder, sink.port, members=members)
    node.program = program
    try:
        with disk(node) as limit:
            node.start()
            try:
                yield node, sink, limit
            finally:
                node.stop()
    except subprocess.CalledProcessError as refused:
        if "mount" not in refused.cmd:
            raise
        pytest.skip("nothing can be mounted here; the other form of this test ran")
    finally:
        sink.close()


def fill(node: Node, answers: dict[int, int]) -> None:
    """Post until even a small mail is refused; `answers` by the post's number, which begin at 1."""
    sizes = iter([280] * 400 + [0] * 400)
    while list(answers.values())[-2:] != [452, 452]:
        answers[len(answers)] = answer_to_post(node, len(answers), next(sizes))


def fills_in_a_fan_out(folder: Path, disk: Disk, program: Path) -> tuple[list[str], int]:
    """Vote and post, fill the disk in the middle of the fan-out until the survey is over, and give room again.

    Returns what contradicts what was promised, and how many copies left while it was full.
    """
    members = 60
    with running(folder, disk, members=members, seconds_each=0.02, program=program) as (node, sink, limit):
        lead = 8
        while True:  # until it opens in time to vote before the close
            closes = datetime.now(TOKYO).replace(microsecond=0) + timedelta(seconds=lead)
            key = f"S{lead}"
            ask(node, key, closes)
            until(lambda: len(answer_addresses(node, key)) == members, 60, node.log)  # noqa: B023
            if datetime.now(TOKYO) < closes - timedelta(seconds=4):
                break
            lead *= 2
        until(node.settled, 60, node.log)
        voters = iter(enumerate(answer_addresses(node, key).items()))
        votes = [_vote(node, number, one) for number, one in islice(voters, members // 3)]
        before = sink.received.total()
        answers = {0: answer_to_post(node, 0)}
        assert answers[0] == 250
        until(lambda: sink.received.total() > before, 20, node.log)
        limit(True)
        fill(node, answers)
        time.sleep(0.5)  # what was on its way is there
        left = sink.received.total()
        votes += [_vote(node, number, one) for number, one in islice(voters, members // 3)]
        time.sleep(max(0.0, closes.timestamp() + 1.5 - time.time()))
        votes += [_vote(node, number, one) for number, one in voters]
        left = sink.received.total() - left
        limit(False)
        until(lambda: answer_to_post(node, len(answers)) == 250, 20, node.log)
        answers[len(answers)] = 250
        until(lambda: count(node, key).figure is not None and unread(node) == 0, 60, node.log)
        until(node.settled, 90, node.log)
        found = contradictions([one for one in votes if one is not None], count(node, key))
        for number, answer in answers.items():
            copies = [times for (_, post), times in sink.received.items() if post == f"<{number}@test>"]
            if len(copies) != (members if answer == 250 else 0):
                found.append(f"post {number} was answered {answer}, and has {len(copies)} copies")
        if sink.received.total() - len(sink.received) > node.doubtful():
            found.append(f"{sink.received.total() - len(sink.received)} twice, {node.doubtful()} counted")
        if "Traceback" in node.log():
            found.append(node.log()[-3_000:])
        refused = sum(one is None for one in votes)
        print(
            f"{len(answers)} posts, {refused} of {members} votes refused, {left} copies left while it was full"
        )
        return found, left


def _vote(node: Node, number: int, one: tuple[str, str]) -> Vote | None:
    with smtplib.SMTP("127.0.0.1", node.port, timeout=30) as client:
        refusals = (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused)
        return vote(client, *one, 1 + number % 9, number, refusals)


@pytest.mark.parametrize("disk", [small_disk, few_pages])
def test_a_full_disk_loses_nothing(tmp_path: Path, disk: Disk) -> None:
    """Each post is taken with 250 and delivered to every member once, or refused with 452 (promises.md I3)."""
    with running(tmp_path / "site", disk, members=MEMBERS, seconds_each=0.0, program=None) as place:
        _run(*place)


@pytest.mark.parametrize("disk", [small_disk, few_pages])
def test_a_disk_that_fills_up_in_a_fan_out_and_over_a_close_loses_nothing(tmp_path: Path, disk: Disk) -> None:
    """The fan-out goes on where it was, the survey closes as of its time, and each vote is what its voter was told."""
    program = Path(__file__).parent / "queues_in_fives.py"
    found, _ = fills_in_a_fan_out(tmp_path / "site", disk, program)
    assert found == []


def test_a_service_that_answers_early_is_found_out(tmp_path: Path) -> None:
    """The control: a 250 for what lies in memory is lost when it cannot be written."""
    program = Path(__file__).parent / "answers_early.py"
    with running(tmp_path / "site", small_disk, members=MEMBERS, seconds_each=0.0, program=program) as place:
        node, sink, limit = place
        limit(True)
        answers = [answer_to_post(node, number) for number in range(60)]
        limit(False)
        until(node.settled, 30, node.log)
        assert answers.count(250) * MEMBERS > len(sink.received)


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
