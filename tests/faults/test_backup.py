"""A backup in the middle of a fan-out, and the machine gone behind it: nobody is left out, and nobody gets it twice unsaid."""

from __future__ import annotations

import json
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.databases import postgres
from tests.dialogs.conversation import run
from tests.faults.node import SHORT, Node, new_node, until
from tests.faults.sink import Received, Sink
from tests.ports import free_port
from tests.store.postgresql import server

pytestmark = [pytest.mark.fault, pytest.mark.timeout(300)]

MEMBERS = 100  # twenty chunks
ROUNDS = 1 if SHORT else 3
Keep = Callable[
    [Node, Path, str], None
]  # makes of a node's folder, while it runs, another one with that database


@dataclass(frozen=True)
class Course:
    """What came of the posts that were taken before the backup began."""

    missing: int  # copies that nobody ever got
    twice: int  # copies that came twice although they had come before the backup began
    since: int  # copies that came twice and had come since
    told: int  # copies that `resume` says had not left by the backup
    possible: int  # what the restored service calls duplicates_possible
    queued: bool  # whether the fan-out was under way


@contextmanager
def databases(kind: str, name: str) -> Iterator[tuple[str, str]]:
    """Two empty databases: their lines in the configuration."""
    if kind == "sqlite":
        yield "sqlite:data/mailbot.db", "sqlite:data/mailbot.db"
        return
    names = (name, f"{name}_back")
    for one in names:
        server(durable=True).create(one)
    try:
        yield server(durable=True).url(names[0]), server(durable=True).url(names[1])
    finally:
        for one in names:
            server(durable=True).drop(one)


def goes_on(folder: Path, url: str, keep: Keep, other: str) -> Course:
    """Post, keep a copy of the installation in the middle of the fan-out, lose the machine, and go on from the copy."""
    sink = Sink(seconds_each=0.01)
    node = new_node(folder / "site", sink.port, members=MEMBERS, database=url)
    node.program = Path(__file__).parent / "queues_in_fives.py"
    back = Node(folder / "back", free_port(), node.program)
    try:
        node.start()
        until(lambda: node.post(0), 20, node.log)
        until(lambda: sink.received.total() == MEMBERS, 60, node.log)
        assert node.post(1)
        until(lambda: sink.received.total() > MEMBERS, 30, node.log)
        before: Received = Counter(sink.received)
        keep(node, back.folder, other)
        queued = node.queues()
        node.kill()
        time.sleep(0.1)
        left: Received = Counter(sink.received)
        _move(node, back)
        told = _resume(back)
        back.start()
        until(lambda: back.settled() and not back.queues(), 60, back.log)
    finally:
        node.stop()
        back.stop()
        sink.close()
    pairs = {(f"m{member}@member.example", f"<{post}@test>") for post in (0, 1) for member in range(MEMBERS)}
    again = {pair for pair, times in sink.received.items() if times > 1}
    return Course(
        missing=len(pairs - set(sink.received)),
        twice=len(again & set(before)),
        since=len((again & set(left)) - set(before)),
        told=told,
        possible=back.doubtful(),
        queued=queued,
    )


def _move(node: Node, back: Node) -> None:
    """Let the copy listen elsewhere."""
    configuration = back.folder / "config" / "mailbot.yaml"
    text = configuration.read_text(encoding="utf-8").replace(f":{node.port}", f":{back.port}")
    configuration.write_text(text, encoding="utf-8")


def _resume(back: Node) -> int:
    """Let go what had not left by the backup, where a restore holds it; returns how many copies it is said to be."""
    if not (back.folder / "data" / "restored.json").exists():
        return 0
    shown = json.loads(back.command("resume", "--json"))
    back.command("resume", "--send")
    return sum(one["copies"] for one in shown["copies"])


def backed_up(node: Node, folder: Path, url: str) -> None:
    """Back up and restore, as operator.md says."""
    file = folder.with_suffix(".tar.gz")
    node.command("backup", str(file))
    options = ["--database", url] if url.startswith("postgresql") else []
    status, output = run(["restore", str(file), str(folder), *options], folder.parent)
    assert status == 0, output


def copied(node: Node, folder: Path, url: str) -> None:
    """Copy the files as they lie there: the database, and not the log beside it."""
    shutil.copytree(node.folder, folder, ignore=shutil.ignore_patterns("*-wal", "*-shm", "serve.log"))


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=postgres)])
def test_a_backup_in_a_fan_out_leaves_nobody_out(tmp_path: Path, kind: str) -> None:
    """Only what left while the backup was made, or since, goes again; the operator is asked, and the rest is counted."""
    for number in range(ROUNDS):
        with databases(kind, f"backup_{number}") as (url, other):
            course = goes_on(tmp_path / str(number), url, backed_up, other)
        print(course)
        assert course.missing == 0
        assert course.twice <= course.possible
        assert course.since <= course.told


def test_a_copy_of_the_file_is_found_out(tmp_path: Path) -> None:
    """The control: who copies the database while the service writes to it does not have what stands in its log."""
    course = goes_on(tmp_path, "sqlite:data/mailbot.db", copied, "")
    print(course)
    assert course.missing > 0 or course.twice > course.possible
