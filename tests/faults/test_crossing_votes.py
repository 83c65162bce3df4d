"""A vote and its correction at the same moment by two nodes, and a hundred replies of one person: the last that came stands (I18)."""

from __future__ import annotations

import smtplib
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from mailbot.store.tables import delivery, inbox, mail, mailing
from tests.faults.node import SHORT, Node, new_node, second_node, until
from tests.faults.sink import Sink
from tests.faults.voters import Count, answer_addresses, ask, count, unread, vote
from tests.flows.post_office import TOKYO
from tests.store.postgresql import UNAVAILABLE, server

pytestmark = [
    pytest.mark.fault,
    pytest.mark.postgres,
    pytest.mark.timeout(300),
    pytest.mark.skipif(bool(UNAVAILABLE), reason=UNAVAILABLE or "-"),
]

VOTERS = 40 if SHORT else 150
REPLIES = 100


def two_nodes(folder: Path, name: str, members: int, ends: ExitStack, without: str = "") -> list[Node]:
    """Start two nodes, of which the first is slow, on one database of this name, with an open survey S1."""
    server(durable=True).create(name)
    url = server(durable=True).url(name)
    sink = Sink()
    ends.callback(sink.close)
    first = new_node(folder / "first", sink.port, members=members, database=url)
    nodes = [first, second_node(first, folder / "second", sink.port, url)]
    (first.folder / "slow").touch()
    for node in nodes:
        ends.callback(node.stop)
        node.program = Path(__file__).parent / "claims_slowly.py"
        (node.folder / "without").write_text(without)
        node.start()
    ask(first, "S1", datetime.now(TOKYO).replace(microsecond=0) + timedelta(hours=1))
    until(lambda: len(answer_addresses(first, "S1")) == members, 60, first.log)
    return nodes


def newest(node: Node, key: str) -> dict[str, set[str]]:
    """Return the option of each voter's mail that was received last; of one moment there may be several."""
    addresses = {to: address for address, to in answer_addresses(node, key).items()}
    query = (
        select(inbox.c.recipient, mail.c.received_at, mail.c.content)
        .join_from(inbox, mail)
        .where(inbox.c.recipient.in_(addresses))
    )
    database = node.database
    with database.read() as connection:
        rows = connection.execute(query).all()
    database.close()
    last = {to: max(row.received_at for row in rows if row.recipient == to) for to in addresses}
    found: dict[str, set[str]] = {}
    for row in rows:
        if row.received_at == last[row.recipient]:
            choice = row.content.rpartition(b"Q1 ")[2].strip().decode()
            found.setdefault(addresses[row.recipient], set()).add(choice)
    return found


def hand_in(node: Node, choice: int, addresses: Mapping[str, str], together: threading.Barrier) -> None:
    """Vote for everybody in turn, each at the moment at which somebody else does at another node."""
    with smtplib.SMTP("127.0.0.1", node.port, timeout=60) as client:
        for number, (address, to) in enumerate(addresses.items()):
            together.wait(60)
            vote(client, address, to, choice, 10 * number + choice)


def crossed(folder: Path, name: str, without: str) -> tuple[Count, dict[str, set[str]]]:
    """Let everybody vote twice at a time, by two nodes of which the first is slow; returns the count, and what came last."""
    with ExitStack() as ends:
        nodes = two_nodes(folder, name, VOTERS, ends, without)
        addresses, together = answer_addresses(nodes[0], "S1"), threading.Barrier(2)
        clients = [
            threading.Thread(target=hand_in, args=(node, choice, addresses, together))
            for choice, node in enumerate(nodes, 1)
        ]
        for one in clients:
            one.start()
        for one in clients:
            one.join(200)
        until(lambda: unread(nodes[0]) == 0, 60, nodes[0].log)
        return count(nodes[0], "S1"), newest(nodes[0], "S1")


def test_of_two_votes_at_one_moment_the_one_that_came_last_stands(tmp_path: Path) -> None:
    """Both are in the ledger, which is whole; the one that was overtaken is asked about."""
    course, last = crossed(tmp_path, "crossing", "")
    held = sum("held" in statuses for statuses in course.rows.values())
    print(f"{held} of {VOTERS} were read the other way round")
    assert {len(statuses) for statuses in course.rows.values()} == {2}
    assert {status for statuses in course.rows.values() for status in statuses} <= {"counted", "held"}
    assert {one for one in last if course.stands[one] not in last[one]} == set()
    assert len(course.stands) == VOTERS
    assert course.differences == ()


def test_nodes_that_do_not_look_at_the_order_are_found_out(tmp_path: Path) -> None:
    """The control: what is read last stands, though it came first; where a run happens to read all in order, once more."""
    for attempt in range(4):
        course, last = crossed(tmp_path / str(attempt), f"uncrossed_{attempt}", "order")
        if any(course.stands[one] not in last[one] for one in last):
            return
    pytest.fail("it was never found out")


def test_a_hundred_replies_of_one_person(tmp_path: Path) -> None:
    """The last one stands, each is in the ledger, and he gets no more answers than anybody in an hour (I14)."""
    with ExitStack() as ends:
        nodes = two_nodes(tmp_path, "hundred", 1, ends)
        ((address, to),) = answer_addresses(nodes[0], "S1").items()
        lines = [ends.enter_context(smtplib.SMTP("127.0.0.1", node.port, timeout=60)) for node in nodes]
        for number in range(REPLIES):
            vote(lines[number % 2], address, to, 1 + number % 9, number)
        until(lambda: unread(nodes[0]) == 0, 60, nodes[0].log)
        course = count(nodes[0], "S1")
        database = nodes[0].database
        with database.read() as connection:
            answers = connection.execute(
                select(func.count())
                .select_from(delivery.join(mailing))
                .where(delivery.c.address == address, mailing.c.kind != "invitation")
            ).scalar_one()
        database.close()
    assert len(course.rows[address]) == REPLIES
    assert course.stands == {address: str(1 + (REPLIES - 1) % 9)}
    assert course.differences == ()
    assert answers == 5
