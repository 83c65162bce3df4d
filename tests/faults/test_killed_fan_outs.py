"""The service is killed while a post to a large list is being queued bit by bit: each member gets it once."""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import select

from mailbot.store.tables import delivery
from tests.faults.node import SHORT, Node, new_node, until
from tests.faults.sink import Sink

pytestmark = [pytest.mark.fault, pytest.mark.timeout(900)]

MEMBERS = 100  # twenty chunks, of which each is followed by a pause: a second and more
POSTS = 1 if SHORT else 5
KILLS = 3 if SHORT else 6  # of each post
SEED = int(os.environ.get("FAULTS_SEED", random.randrange(10**6)))


def killed_while_queueing(node: Node, kills: int, seed: int = SEED) -> tuple[Counter[str], int]:
    """Post, and kill at random while it is being queued; returns the copies by address, and how many kills fell there."""
    chance = random.Random(seed)
    fell = 0
    for number in range(POSTS):
        node.start()
        assert node.post(number)
        for _ in range(kills):
            until(lambda: node.queues() or node.settled(), 30, node.log)  # a busy machine takes its time
            time.sleep(chance.uniform(0.0, 0.3))
            node.kill()
            fell += node.queues()
            node.start()
        until(node.settled, 60, node.log)
        node.stop()
    database = node.database
    with database.read() as connection:
        copies = Counter(connection.execute(select(delivery.c.address)).scalars())
    database.close()
    return copies, fell


def test_kills_while_it_is_queued_leave_nobody_out_and_queue_nobody_twice(tmp_path: Path, sink: Sink) -> None:
    """The row that says how far it has come changes with the rows that it speaks of (promises.md I1)."""
    node = new_node(tmp_path / "site", sink.port, members=MEMBERS)
    node.program = Path(__file__).parent / "queues_in_fives.py"
    try:
        copies, fell = killed_while_queueing(node, KILLS)
    finally:
        node.stop()
    print(f"seed {SEED}: {fell} of {POSTS * KILLS} kills while it was queued")
    assert fell, "no kill fell while it was queued"
    assert copies == {f"m{member}@member.example": POSTS for member in range(MEMBERS)}, f"seed {SEED}"
    assert len(sink.received) == MEMBERS * POSTS
    assert sink.received.total() - len(sink.received) <= node.doubtful()


def test_a_service_that_notes_it_too_late_is_found_out(tmp_path: Path, sink: Sink) -> None:
    """The control: where the two are not one transaction, the same kills give members a second copy."""
    for attempt in range(6):  # each finds it out more often than not
        node = new_node(tmp_path / f"site{attempt}", sink.port, members=MEMBERS)
        node.program = Path(__file__).parent / "forgets_how_far.py"
        try:
            copies, fell = killed_while_queueing(node, 10, SEED + attempt)
        finally:
            node.stop()
        if max(copies.values()) > POSTS:
            break
    assert max(copies.values()) > POSTS, f"seed {SEED}, {fell} kills of the last while it was queued"
