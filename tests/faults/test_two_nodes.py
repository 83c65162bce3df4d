"""Two nodes on one PostgreSQL, killed in the middle of a fan-out and while notices fall due: the other does the rest (I22, I24)."""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from datetime import time as clock
from pathlib import Path

import pytest
from sqlalchemy import select

from mailbot.core.events.event import Event, Notice
from mailbot.core.lists.mailing_list import Copies
from mailbot.core.members.audience import Selector
from mailbot.folder.definition_yaml import write_yaml
from mailbot.store.tables import delivery, mailing, occurrence
from tests.faults import lives
from tests.faults.lives import Lives
from tests.faults.node import CONNECTIONS, SHORT, Node, new_node, second_node, until
from tests.faults.sink import Sink
from tests.flows.post_office import TOKYO
from tests.store.postgresql import UNAVAILABLE, server

pytestmark = [
    pytest.mark.fault,
    pytest.mark.postgres,
    pytest.mark.timeout(900),
    pytest.mark.skipif(bool(UNAVAILABLE), reason=UNAVAILABLE or "-"),
]

MEMBERS = 800
SEED = int(os.environ.get("FAULTS_SEED", random.randrange(10**6)))


@pytest.mark.parametrize(
    ("copies", "members", "together"), [("personal", MEMBERS, 1), ("identical", 10 * MEMBERS, 50)]
)
@pytest.mark.parametrize("comes_back", [True] if SHORT else [True, False])
def test_a_killed_node_s_copies_are_sent_by_the_other(
    tmp_path: Path, comes_back: bool, copies: Copies, members: int, together: int
) -> None:
    """All are delivered; a node that comes back frees its own leases at once, else they are free after 30 s."""
    name = f"nodes_{comes_back}_{copies}".lower()
    server(durable=True).create(name)
    url = server(durable=True).url(name)
    sink = Sink(seconds_each=0.004)
    first = new_node(tmp_path / "first", sink.port, members=members, database=url, copies=copies)
    second = second_node(first, tmp_path / "second", sink.port, url)
    try:
        first.start()
        second.start()
        posts = 2
        assert first.post(0)
        assert second.post(1)
        until(lambda: sink.received.total() > members // 2, 30, first.log)
        first.kill()
        killed = time.monotonic()
        if comes_back:
            first.start()
        until(second.settled, 45, second.log)
        took = time.monotonic() - killed
    finally:
        first.stop()
        second.stop()
        sink.close()
    pairs = {
        (f"m{member}@member.example", f"<{post}@test>") for post in range(posts) for member in range(members)
    }
    repeated = sink.received.total() - len(sink.received)
    print(f"after the kill it took {took:.1f} s; {repeated} repeated, {first.doubtful()} counted as possible")
    assert pairs == set(sink.received)
    assert repeated <= first.doubtful() <= CONNECTIONS * together


# --- T1: the schedule -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Course:
    """What came of notices that fell due while both nodes were killed each second."""

    states: Counter[str]  # of the runs
    copies: Counter[int]  # how many notices have so many copies
    arrived: int  # mails, each counted once
    repeated: int  # mails that arrived again
    possible: int  # what `queue` calls duplicates_possible
    kills: int
    during: int  # runs that were done by the last kill
    begun: tuple[int, int]  # how often each node did a run; what a kill took back was begun once more


def killed_each_second(
    folder: Path, name: str, notices: int, seconds: int, program: Path, *, spared: bool = False
) -> Course:
    """Let so many notices fall due over so many seconds, in each of which both nodes are killed and started again.

    Where the machine is slow the kills go on until half of the notices were done in spite of them, and each life is longer
    than the one before for as long as nothing is done in any. `spared`: nobody is killed.
    """
    server(durable=True).create(name)
    url = server(durable=True).url(name)
    sink = Sink()
    first = new_node(folder / "first", sink.port, members=1, database=url)
    second = second_node(first, folder / "second", sink.port, url)
    nodes = [Lives(node, program) for node in (first, second)]
    try:
        for node in nodes:
            node.start()
        until(lambda: all("service.ready" in node.log() for node in (first, second)), 90, first.log)
        announce(first, notices, seconds)
        chance = random.Random(SEED)
        kills, ends, life, done = 0, time.monotonic() + seconds, 1.0, 0
        while not spared and (time.monotonic() < ends or done < notices // 2):
            assert time.monotonic() < ends + 200, f"too little was done\n{first.log()[-3_000:]}"
            kills += kill_within(life, nodes, chance)
            before, done = done, states(first)["done"]
            if done == before and time.monotonic() >= ends:
                life *= 1.5
        during = states(first)["done"]
        until(lambda: "waiting" not in states(first), 60, first.log)
        until(first.settled, 60, first.log)
    finally:
        for node in nodes:
            node.end()
        sink.close()
    of_each = copies(first)
    return Course(
        states=states(first),
        copies=Counter(of_each[f"N{number}"] for number in range(notices)),
        arrived=len(sink.received),
        repeated=sink.received.total() - len(sink.received),
        possible=first.doubtful(),
        kills=kills,
        during=during,
        begun=(first.log().count("schedule.done"), second.log().count("schedule.done")),
    )


def announce(node: Node, notices: int, seconds: int) -> None:
    """Define so many events, N0 and so on; a notice of each goes out in one of these seconds, which begin about now."""
    folder = node.folder / "config" / "events"
    folder.mkdir()
    begins = datetime.now(UTC).astimezone(TOKYO).replace(microsecond=0) + timedelta(seconds=1 + notices // 40)
    for number in range(notices):
        at = begins + timedelta(seconds=number * seconds // notices)
        event = Event(
            key=f"N{number}",
            title="研修会",
            date=at.date() + timedelta(days=9),
            starts=clock(10),
            ends=clock(12),
            place="長野",
            audience=Selector(everyone=True),
            notices=(Notice(at=at),),
            calendar="none",  # to make a calendar file takes longer than all the rest
        )
        (folder / f"n{number}.yaml").write_text(write_yaml(event, TOKYO), encoding="utf-8")
    node.command("apply")


def kill_within(seconds: float, nodes: list[Lives], chance: random.Random) -> int:
    """Kill each node at some moment of so many seconds and start it again at once; returns how many kills that were."""
    begun = time.monotonic()
    for at, number in sorted((seconds * chance.random(), number) for number in range(len(nodes))):
        time.sleep(max(0.0, begun + at - time.monotonic()))
        nodes[number].kill()
        nodes[number].start()
    time.sleep(max(0.0, begun + seconds - time.monotonic()))
    return len(nodes)


def states(node: Node) -> Counter[str]:
    """Return how many notices are in each state; an event has other runs as well."""
    query = select(occurrence.c.state).where(occurrence.c.job.contains(":notice:"))
    database = node.database
    with database.read() as connection:
        found = Counter(connection.execute(query).scalars().all())
    database.close()
    return found


def copies(node: Node) -> Counter[str]:
    """Return how many copies there are about each event: of one notice one, since one body is asked."""
    database = node.database
    with database.read() as connection:
        found = Counter(
            connection.execute(select(mailing.c.subject).join_from(delivery, mailing)).scalars().all()
        )
    database.close()
    return found


def test_two_nodes_that_are_killed_each_second_do_each_run_once(tmp_path: Path) -> None:
    """Each notice is one copy for the body that is asked, and reaches it; again only where `queue` says that it may (T1)."""
    notices, seconds = (20, 6) if SHORT else (200, 60)
    course = killed_each_second(tmp_path, "killed", notices, seconds, Path(lives.__file__))
    print(f"seed {SEED}: {course}")
    assert course.states == {"done": notices}, f"seed {SEED}: {course}"
    assert course.copies == {1: notices}, f"seed {SEED}: {course}"
    assert course.arrived == notices, f"seed {SEED}: {course}"
    assert course.repeated <= course.possible, f"seed {SEED}: {course}"


def test_nodes_that_claim_nothing_are_found_out(tmp_path: Path) -> None:
    """The control: where a run is done because it was seen to be due, some are done twice, and the count shows it.

    Nobody is killed: while one node starts, the other would do all by itself.
    """
    notices = 20 if SHORT else 100
    program = Path(__file__).parent / "claims_nothing.py"
    course = killed_each_second(tmp_path, "unclaimed", notices, 3, program, spared=True)
    print(course)
    assert max(course.copies) > 1, course
