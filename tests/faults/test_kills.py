"""K1: the service is killed at random while it sends; nothing is lost, and what may have gone twice is counted."""

from __future__ import annotations

import os
import random
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from mailbot.core.lists.mailing_list import Copies
from tests.faults.node import CONNECTIONS, SHORT, Node, new_node, until
from tests.faults.sink import Sink

pytestmark = [pytest.mark.fault, pytest.mark.timeout(900)]

MEMBERS = 100
KILLS = 3 if SHORT else 70
SEED = int(os.environ.get("FAULTS_SEED", random.randrange(10**6)))


@dataclass(frozen=True)
class Account:
    """What came of a run with kills."""

    lost: int  # (post, member) pairs that never arrived
    repeated: int  # copies beyond the first of a pair
    possible: int  # what `queue` calls duplicates_possible
    kills: int


def killed_at_random(node: Node, sink: Sink, kills: int, members: int = MEMBERS) -> Account:
    """Post, kill in the middle of the fan-out, start again, so many times; then let everything settle."""
    chance = random.Random(SEED)
    taken = 0
    for _ in range(kills):
        node.start()
        if node.post(taken):
            taken += 1
        before = sink.received.total()
        until(partial(_more_than, before, sink), 30, node.log)
        time.sleep(chance.uniform(0, 0.15))
        node.kill()
    node.start()
    until(node.settled, 60, node.log)
    node.stop()
    arrived = sink.received
    pairs = {
        (f"m{member}@member.example", f"<{post}@test>") for post in range(taken) for member in range(members)
    }
    return Account(
        lost=len(pairs - set(arrived)),
        repeated=sum(times - 1 for times in arrived.values()),
        possible=node.doubtful(),
        kills=kills,
    )


def _more_than(before: int, sink: Sink) -> bool:
    return sink.received.total() > before


def test_kills_lose_nothing_and_repeat_at_most_what_is_counted(tmp_path: Path, slow_sink: Sink) -> None:
    """Lost 0; repeated at most one for each connection and kill, and never more than `queue` admits (I1, I8, I9)."""
    node = new_node(tmp_path / "site", slow_sink.port, members=MEMBERS)
    try:
        account = killed_at_random(node, slow_sink, KILLS)
    finally:
        node.stop()
    print(f"seed {SEED}: {account}")
    assert account.lost == 0, f"seed {SEED}: {account}"
    assert account.repeated <= account.possible <= CONNECTIONS * account.kills, f"seed {SEED}: {account}"


def test_kills_repeat_at_most_a_group_of_identical_copies_for_each_connection(
    tmp_path: Path, slow_sink: Sink
) -> None:
    """Fifty recipients share a transaction; each of those who may have got it twice is counted."""
    node = new_node(tmp_path / "site", slow_sink.port, members=4_000, copies="identical")
    kills = 3 if SHORT else 15
    try:
        account = killed_at_random(node, slow_sink, kills, members=4_000)
    finally:
        node.stop()
    print(f"seed {SEED}: {account}")
    assert account.lost == 0, f"seed {SEED}: {account}"
    assert account.repeated <= account.possible <= 50 * CONNECTIONS * kills, f"seed {SEED}: {account}"


@pytest.mark.parametrize(("copies", "members"), [("personal", MEMBERS), ("identical", 4_000)])
def test_a_service_that_marks_before_it_sends_is_found_out(
    tmp_path: Path, slow_sink: Sink, copies: Copies, members: int
) -> None:
    """The control: with the safeguard turned round, the same kills lose mail, and the count shows it."""
    node = new_node(tmp_path / "site", slow_sink.port, members=members, copies=copies)
    node.program = Path(__file__).parent / "marks_before_sending.py"
    try:
        account = killed_at_random(
            node, slow_sink, 10, members=members
        )  # each finds it out more often than not
    finally:
        node.stop()
    print(f"seed {SEED}: {account}")
    assert account.lost > 0, f"seed {SEED}: {account}"
