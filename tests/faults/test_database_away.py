"""D2: the database is cut off and comes back. 4xx meanwhile, no turning in circles, and each vote counts once (I26, I17)."""

from __future__ import annotations

import os
import smtplib
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.faults.node import SHORT, Node, new_node, until
from tests.faults.sink import Sink
from tests.faults.voters import Count, answer_addresses, ask, count, reply, unread
from tests.faults.wire import Wire
from tests.flows.post_office import TOKYO
from tests.store.postgresql import UNAVAILABLE, server

pytestmark = [
    pytest.mark.fault,
    pytest.mark.postgres,
    pytest.mark.timeout(600),
    pytest.mark.skipif(bool(UNAVAILABLE), reason=UNAVAILABLE or "-"),
]

VOTERS = 60 if SHORT else 200
CUTS = 1 if SHORT else 4
AWAY = 6.0  # seconds
CLIENTS = 4
PAUSE = 0.1  # seconds between a client's votes, so that some fall into each moment
BACK = 30.0  # seconds until all is done again


@dataclass
class Course:
    """What came of it."""

    answers: set[int]  # that clients heard
    count: Count
    busy: float  # processor seconds for each second away, at the most
    missing: int  # copies of the post
    repeated: int
    possible: int


def vote_until_taken(
    port: int, votes: Sequence[tuple[str, str, int]], answers: set[int], done: list[str]
) -> None:
    """Hand in votes, each again with the same bytes until it is taken."""
    for address, to, number in votes:
        code = 0
        while code != 250:
            code = _answer(port, address, to, number)
            answers.add(code)
            time.sleep(PAUSE if code == 250 else 10 * PAUSE)
        done.append(address)


def _answer(port: int, address: str, to: str, number: int) -> int:
    with smtplib.SMTP("127.0.0.1", port, timeout=60) as client:
        try:
            client.sendmail(address, [to], reply(address, to, 1 + number % 9, number))
        except smtplib.SMTPResponseException as refused:
            return refused.smtp_code
        except smtplib.SMTPRecipientsRefused as refused:
            return next(iter(refused.recipients.values()))[0]
    return 250


def processor_seconds(node: Node) -> float:
    """Return how much a node has worked."""
    fields = Path(f"/proc/{node.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def cut_off(folder: Path, name: str, program: Path | None = None) -> Course:
    """Vote, post, and cut the database off in the middle of it."""
    server(durable=True).create(name)
    with ExitStack() as ends:
        wire = Wire(server(durable=True).port)
        ends.callback(wire.close)
        sink = Sink(seconds_each=0.05)
        ends.callback(sink.close)
        url = f"postgresql://mailbot@127.0.0.1:{wire.port}/{name}"
        node = new_node(folder, sink.port, members=VOTERS, database=url)
        node.program = program
        ends.callback(node.stop)
        node.start()
        ask(node, "S1", datetime.now(TOKYO).replace(microsecond=0) + timedelta(hours=1))
        until(lambda: len(answer_addresses(node, "S1")) == VOTERS, 60, node.log)
        until(node.settled, 60, node.log)
        assert node.post(0)
        votes = [(address, to, n) for n, (address, to) in enumerate(answer_addresses(node, "S1").items())]
        answers: set[int] = set()
        done: list[str] = []
        clients = [
            threading.Thread(
                target=vote_until_taken, args=(node.port, votes[own::CLIENTS], answers, done), daemon=True
            )
            for own in range(CLIENTS)
        ]
        for one in clients:
            one.start()
        busy = 0.0
        for number in range(CUTS):
            until(lambda: len(done) > VOTERS * (number + 1) // (CUTS + 2), 60, node.log)  # noqa: B023
            wire.cut()
            time.sleep(1.0)  # what was under way is given up
            before, began = processor_seconds(node), time.monotonic()
            time.sleep(AWAY - 1.0)
            busy = max(busy, (processor_seconds(node) - before) / (time.monotonic() - began))
            wire.mend()
        for one in clients:
            one.join(BACK)
            assert not one.is_alive(), node.log()[-3_000:]
        until(lambda: node.settled() and unread(node) == 0, BACK, node.log)
        posts = [pair for pair in sink.received if pair[1] == "<0@test>"]
        return Course(
            answers,
            count(node, "S1"),
            busy,
            VOTERS - len(posts),
            sink.received.total() - len(sink.received),
            node.doubtful(),
        )


def test_votes_while_the_database_is_away_count_once(tmp_path: Path) -> None:
    """Each is refused for now, or taken for good; the service finds the database again by itself."""
    course = cut_off(tmp_path / "site", "away")
    print(course.answers, course.busy, course.missing, course.repeated, course.possible)
    assert course.answers <= {250, 451}
    assert course.count.rows == {f"m{number}@member.example": ["counted"] for number in range(VOTERS)}
    assert set(map(tuple, course.count.told.values())) == {("受付",)}
    assert course.count.differences == ()
    assert course.missing == 0
    assert course.repeated == course.possible == 0
    assert 451 in course.answers


def test_a_service_that_answers_early_is_found_out(tmp_path: Path) -> None:
    """The control: a 250 for what lies in memory is a lost vote when the database goes."""
    course = cut_off(tmp_path / "site", "away_early", Path(__file__).parent / "answers_early.py")
    assert len(course.count.rows) < VOTERS
