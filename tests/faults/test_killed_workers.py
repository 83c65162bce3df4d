"""K1 for a service in several processes: any of them is killed at random; nothing is lost, what may be double is counted."""

from __future__ import annotations

import os
import random
import re
import signal
import time
from functools import partial
from pathlib import Path

import pytest

from mailbot.core.lists.mailing_list import Copies
from tests.faults.node import CONNECTIONS, SHORT, Node, new_node, until
from tests.faults.sink import Sink

pytestmark = [pytest.mark.fault, pytest.mark.timeout(900)]

MEMBERS = 100
ROUNDS = 2 if SHORT else 20  # of each kind of worker
SEED = int(os.environ.get("FAULTS_SEED", random.randrange(10**6)))
KINDS = ("receive", "process,schedule,web", "deliver")


def pids(node: Node, kind: str) -> list[int]:
    """Return the processes that had this share so far, the one that lives last."""
    return [int(pid) for pid in re.findall(rf"worker\.started pid=(\d+) roles={kind}\n", node.log())]


def _more_than(before: int, sink: Sink) -> bool:
    return sink.received.total() > before


def _begun_anew(node: Node, kind: str, before: int) -> bool:
    return len(pids(node, kind)) > before


@pytest.mark.parametrize(
    ("copies", "members", "together"), [("personal", MEMBERS, 1), ("identical", 20 * MEMBERS, 50)]
)
def test_a_killed_worker_loses_nothing_and_begins_anew(
    tmp_path: Path, slow_sink: Sink, copies: Copies, members: int, together: int
) -> None:
    """Lost 0; repeated at most one for each connection and killed sender, and never more than `queue` admits."""
    chance = random.Random(SEED)
    node = new_node(tmp_path / "site", slow_sink.port, members=members, copies=copies)
    node.options = ("--workers", "3")
    node.program = Path(__file__).parent / "begins_anew_soon.py"
    taken = 0
    try:
        node.start()
        until(lambda: "workers.ready" in node.log(), 30, node.log)
        for kind in KINDS * ROUNDS:
            before, begun = slow_sink.received.total(), len(pids(node, kind))
            until(partial(node.post, taken), 30, node.log)
            taken += 1
            until(partial(_more_than, before, slow_sink), 30, node.log)
            time.sleep(chance.uniform(0, 0.15))
            os.kill(pids(node, kind)[-1], signal.SIGKILL)
            until(partial(_begun_anew, node, kind, begun), 40, node.log)
        until(node.settled, 60, node.log)
    finally:
        node.stop()
    pairs = {
        (f"m{member}@member.example", f"<{post}@test>") for post in range(taken) for member in range(members)
    }
    repeated = sum(times - 1 for times in slow_sink.received.values())
    print(
        f"seed {SEED}: {taken} posts, {len(KINDS) * ROUNDS} kills, repeated {repeated} of {node.doubtful()}"
    )
    assert pairs == set(slow_sink.received), f"seed {SEED}"
    assert "again_seconds=0.02" in node.log()  # the second time in a row it was given a pause
    assert repeated <= node.doubtful() <= CONNECTIONS * ROUNDS * together, f"seed {SEED}"
