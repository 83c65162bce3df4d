"""`serve --workers`: the roles are shared out, the processes wake each other, and none outlives the others."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from mailbot.service import ROLES
from mailbot.workers import MOST, Ties, share_out
from tests.faults.node import Node, new_node, until
from tests.faults.sink import Sink


@pytest.mark.parametrize("workers", range(1, MOST + 1))
def test_each_role_is_in_one_share(workers: int) -> None:
    """Whatever the number of processes, each role is done by exactly one."""
    shares = share_out(frozenset(ROLES), workers)
    assert len(shares) == workers
    assert sorted(role for share in shares for role in share) == sorted(ROLES)


def test_a_share_without_a_wanted_role_makes_no_process() -> None:
    """`--roles` says what is done, `--workers` only in how many processes."""
    assert share_out(frozenset({"deliver", "receive"}), 3) == (frozenset({"receive"}), frozenset({"deliver"}))


async def test_one_process_wakes_another() -> None:
    """A byte is heard, a full pipe holds nobody up, and who has no such neighbour wakes nobody."""
    pipe = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    ties = Ties({"deliver": pipe})
    heard = asyncio.Event()
    ties.listen("deliver", heard.set)
    wake = ties.waker("deliver")
    for _ in range(100_000):  # more than a pipe holds
        wake()
    await asyncio.wait_for(heard.wait(), 5)
    asyncio.get_running_loop().remove_reader(pipe[0])
    for end in pipe:
        os.close(end)
    Ties().waker("deliver")()
    Ties().listen("deliver", heard.set)
    Ties().say_ready()


def alive(pid: int) -> bool:
    """Tell whether a process runs; one that is dead and was not asked for yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def workers(node: Node) -> list[int]:
    """Return every worker that the service has begun."""
    return [int(pid) for pid in re.findall(r"worker\.started pid=(\d+)", node.log())]


@contextmanager
def service(folder: Path) -> Iterator[tuple[Node, Sink]]:
    """A service of three processes with three members."""
    sink = Sink()
    node = new_node(folder, sink.port, members=3)
    node.options = ("--workers", "3")
    try:
        node.start()
        until(lambda: "workers.ready" in node.log(), 30, node.log)
        yield node, sink
    finally:
        node.stop()
        sink.close()


def _ended(node: Node) -> bool:
    return not any(map(alive, workers(node)))


def test_a_post_goes_through_three_processes(tmp_path: Path) -> None:
    """Received by one, read by another, sent by the third; SIGTERM ends them all, with status 0 and in good order."""
    with service(tmp_path / "site") as (node, sink):
        assert node.post(1)
        until(lambda: sink.received.total() == 3, 30, node.log)
        assert len(workers(node)) == 3
        node.stop()
        assert _ended(node)
    assert node.log().count("service.stopped") == 3
    assert "Traceback" not in node.log()


def test_no_worker_outlives_its_parent(tmp_path: Path) -> None:
    """The parent is killed: the workers end by themselves, and the folder is free for the next service."""
    with service(tmp_path / "site") as (node, _):
        node.kill()
        until(partial(_ended, node), 30, node.log)
        node.start()
        assert node.post(1)


def test_a_worker_that_dies_begins_anew(tmp_path: Path) -> None:
    """Its share of the work goes on in a new process; the others do not stop."""
    with service(tmp_path / "site") as (node, sink):
        sender = int(re.findall(r"worker\.started pid=(\d+) roles=deliver", node.log())[-1])
        os.kill(sender, signal.SIGKILL)
        until(lambda: len(workers(node)) == 4, 30, node.log)
        assert node.post(1)
        until(lambda: sink.received.total() == 3, 30, node.log)
        assert "worker.died roles=deliver status=137 again_seconds=0.0" in node.log()


def test_one_that_cannot_begin_ends_all(tmp_path: Path) -> None:
    """A port that is taken: one sentence, the status of a refusal, and no process is left over."""
    sink = Sink()
    node = new_node(tmp_path / "site", sink.port, members=3)
    node.options = ("--workers", "3")
    try:
        with (
            socket.create_server(("127.0.0.1", node.port)),
            pytest.raises(RuntimeError, match="cannot be listened on"),
        ):
            node.start()
        assert _ended(node)
    finally:
        node.stop()
        sink.close()
