"""V3: votes race the close of their survey. What came before it counts, nothing else, and each voter was told which (I18, I20)."""

from __future__ import annotations

import smtplib
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.faults.node import SHORT, new_node, second_node, until
from tests.faults.sink import Sink
from tests.faults.voters import Count, Vote, answer_addresses, ask, contradictions, count, unread, vote
from tests.flows.post_office import TOKYO
from tests.store.postgresql import UNAVAILABLE, server

postgres = [pytest.mark.postgres, pytest.mark.skipif(bool(UNAVAILABLE), reason=UNAVAILABLE or "-")]
pytestmark = [pytest.mark.fault, pytest.mark.timeout(900)]

VOTERS, CLIENTS = (90, 24) if SHORT else (300, 24)
FEW, FEW_CLIENTS = 40, 8  # of the controls: a close by the faster clock finds moments without unread mail
ROUNDS = 1 if SHORT else 3
ROUNDS_OF_CONTROL = 4  # at most: nobody gets more than five receipts in an hour
BEFORE, AFTER = 5.0, 1.0  # seconds around the close over which the votes are spread
LULL = 4.0, 1.2  # seconds before the close in which nobody votes, where the faster clock is to close in quiet
DAWDLES = 0.8  # seconds, of the node whose clock is right; what a close must not overlook is under way nearly always
AHEAD = 3.5  # seconds, of one of two clocks: it closes in the middle of them, however late it looks
PROGRAM = Path(__file__).parent / "dawdles_at_the_close.py"


class Race:
    """One or two nodes with as many members as vote."""

    def __init__(
        self,
        folder: Path,
        name: str,
        nodes: int,
        ends: ExitStack,
        *,
        voters: int = VOTERS,
        clients: int = CLIENTS,
        lull: bool = False,
    ) -> None:
        """Start them; of two, the second has a clock that is ahead. `name`: of the database of two nodes."""
        self.voters, self.clients, self.lull = voters, clients, lull
        sink = Sink()
        ends.callback(sink.close)
        url = "sqlite:data/mailbot.db"
        if nodes == 2:
            server(durable=True).create(name)
            url = server(durable=True).url(name)
        self.nodes = [new_node(folder / "first", sink.port, members=voters, database=url)]
        if nodes == 2:
            self.nodes.append(second_node(self.nodes[0], folder / "second", sink.port, url))
            (self.nodes[0].folder / "dawdles").write_text(str(DAWDLES))
            (self.nodes[1].folder / "ahead").write_text(str(AHEAD))
        self.ahead = timedelta(seconds=AHEAD if nodes == 2 else 0)
        for node in self.nodes:
            ends.callback(node.stop)

    def start(self, without: str = "") -> None:
        """Start the nodes without a safeguard, or with all."""
        for node in self.nodes:
            node.program = PROGRAM
            (node.folder / "without").write_text(without)
            node.start()

    def close(self, key: str) -> tuple[list[Vote], Count]:
        """Let a survey be opened, voted on and closed; returns what was answered 250, and what it came to.

        Where the machine is so slow that it does not open in time to vote before the close, another one is tried.
        """
        first = self.nodes[0]
        for attempt in range(1, 5):
            name = f"{key}-{attempt}"
            closes = datetime.now(TOKYO).replace(microsecond=0) + timedelta(seconds=5 + 4 * attempt)
            ask(first, name, closes)
            until(lambda: len(answer_addresses(first, name)) == self.voters, 60, first.log)  # noqa: B023
            addresses = answer_addresses(first, name)
            if datetime.now(TOKYO) < closes - timedelta(seconds=BEFORE):
                break
        votes = self._vote(addresses, closes)
        until(lambda: count(first, name).figure is not None and unread(first) == 0, 60, first.log)
        return votes, count(first, name)

    def _vote(self, addresses: dict[str, str], closes: datetime) -> list[Vote]:
        votes: list[Vote] = []
        clients = [
            threading.Thread(target=self._client, args=(number, list(addresses.items()), closes, votes))
            for number in range(self.clients)
        ]
        for one in clients:
            one.start()
        for one in clients:
            one.join(120)
        return votes

    def _client(
        self, own: int, addresses: Sequence[tuple[str, str]], closes: datetime, votes: list[Vote]
    ) -> None:
        """Hand in every so many-th vote, each at its own moment."""
        with smtplib.SMTP("127.0.0.1", self.nodes[own % len(self.nodes)].port, timeout=60) as client:
            for number in range(own, len(addresses), self.clients):
                time.sleep(max(0.0, closes.timestamp() + self._moment(number) - time.time()))
                one = vote(client, *addresses[number], 1 + number % 9, number)
                assert one is not None
                votes.append(one)

    def _moment(self, number: int) -> float:
        """Return when a vote is handed in, in seconds from the close on."""
        moment = (BEFORE + AFTER) * number / self.voters - BEFORE
        return -LULL[1] if self.lull and -LULL[0] < moment < -LULL[1] else moment


KINDS = [pytest.param(1, id="sqlite"), pytest.param(2, id="two nodes", marks=postgres)]


@pytest.mark.parametrize("nodes", KINDS)
def test_what_came_before_the_close_counts_and_nothing_else(tmp_path: Path, nodes: int) -> None:
    """By the ledger, the receipts, the figure of the result and the recount, by two clocks of which one is ahead."""
    with ExitStack() as ends:
        race = Race(tmp_path, "race", nodes, ends)
        race.start()
        for number in range(ROUNDS):
            votes, came = race.close(f"R{number}")
            print(f"{len(votes)} votes, {came.figure} counted")
            assert len(votes) == VOTERS
            assert contradictions(votes, came, race.ahead) == []
            assert came.figure
            assert came.figure < VOTERS
        assert all("Traceback" not in node.log() for node in race.nodes)


@pytest.mark.postgres
@pytest.mark.skipif(bool(UNAVAILABLE), reason=UNAVAILABLE or "-")
@pytest.mark.parametrize("without", ["stop"] if SHORT else ["stop", "behind", "wait"])
def test_a_close_without_a_safeguard_is_found_out(tmp_path: Path, without: str) -> None:
    """The control: a close that waits for no unread mail, or stops no intake, or says nothing to a slower clock."""
    with ExitStack() as ends:
        race = Race(
            *(tmp_path, f"race_{without}", 2, ends), voters=FEW, clients=FEW_CLIENTS, lull=without == "behind"
        )
        race.start(without)
        found: list[str] = []
        for number in range(ROUNDS_OF_CONTROL):
            votes, came = race.close(f"R{number}")
            found = contradictions(votes, came, race.ahead)
            print(without, found[:3], len(found))
            if found:
                break
        assert found
