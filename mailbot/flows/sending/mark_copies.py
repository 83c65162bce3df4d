"""Mark the copies that are about to leave, and record what became of those before: one commit for a round of the connections.

The final dot of a copy leaves only after its row says so and the connection's last outcome is durable; so a
crash leaves at most one copy for each connection in doubt (promises.md I9), and a database that goes away none: what
could not be saved then is remembered, and saved when it is back.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain, groupby, islice, repeat

from sqlalchemy import Connection

from mailbot import log
from mailbot.core.transfer.delivery import Marked, Outcome, Sent
from mailbot.store.database import Database, storable
from mailbot.store.sending import bundles, leases
from mailbot.store.tables import microseconds

_GATHER_SECONDS = 0.002  # a commit waits so long for connections that are likely to come to it

_Outcomes = Sequence[tuple[int, Outcome]]
_Mark = tuple[_Outcomes, Sequence[int], Marked]  # as `mark` gets them


class Marks:
    """What one run of the sender has under way, and the commits that say what became of it.

    A recipient's number is the id of his row, or says by its sign that he is in a bundle, and in which (store/sending/bundles.py).
    """

    def __init__(self, database: Database, owner: str, clock: Callable[[], datetime]) -> None:
        """Mark rows and bundles that are under the lease of `owner`."""
        self._database = database
        self._owner = owner
        self._clock = clock
        self._attempts: dict[int, int] = {}  # of the rows under way, before this one
        self._bundles: dict[int, bundles.Bundle] = {}  # of which some recipients have no outcome yet, by id
        self._open: dict[int, int] = {}  # how many these are
        self._waiting: list[_Mark] = []
        self.unsaved: list[tuple[_Outcomes, Sequence[int]]] = []  # the same of commits that failed
        self._loop = asyncio.get_running_loop()
        self._committing: asyncio.Handle | None = None  # the next commit, when it is on its way
        self._expected = 1  # connections that are likely to come to it

    def begin(self, rows: Iterable[leases.Claimed]) -> None:
        """Take these rows as under way, until they have an outcome."""
        self._attempts.update((row.id, row.attempts) for row in rows)

    def begin_bundles(self, claimed: Iterable[bundles.Bundle]) -> list[bundles.Bundle]:
        """Take these bundles as under way, and return them without those that are already: we had lost their lease, and have it again."""
        new = [one for one in claimed if one.id not in self._bundles]
        self._bundles |= {one.id: one for one in new}
        self._open |= {one.id: len(one.recipients) for one in new}
        return new

    def settle(
        self, outcomes: Sequence[tuple[int, Outcome]], starting: Sequence[int]
    ) -> asyncio.Future[bool]:
        """Do as `mark` does, for those who wait in a task."""
        done: asyncio.Future[bool] = self._loop.create_future()

        def marked(ours: bool, error: Exception | None) -> None:
            if done.done():
                return
            if error is not None:
                done.set_exception(error)
            else:
                done.set_result(ours)

        self.mark(outcomes, starting, marked)
        return done

    def mark(self, outcomes: Sequence[tuple[int, Outcome]], starting: Sequence[int], marked: Marked) -> None:
        """Make outcomes durable and mark what starts; many connections share one commit."""
        self._waiting.append((outcomes, starting, marked))
        if len(self._waiting) == self._expected:
            if self._committing is not None:
                self._committing.cancel()
            # With all that this look at the sockets brought.
            self._committing = self._loop.call_soon(self._commit)
        elif self._committing is None:
            self._committing = self._loop.call_later(_GATHER_SECONDS, self._commit)

    def flush(self) -> None:
        """Commit at once what still waits for it."""
        if self._committing is not None:
            self._committing.cancel()
            self._commit()

    async def put_back(self, never_begun: Sequence[int]) -> None:
        """Give back what is under way and never started, and these rows."""
        left = [*never_begun, *self._attempts]
        if left or self._bundles:
            await self._database.writing(self._put_back, left)

    def _put_back(self, connection: Connection, rows: Sequence[int]) -> None:
        left = list(rows)
        if self._bundles:
            bundles.put_back(connection, self._owner, self._bundles)
            for one in self._bundles.values():
                left += bundles.rows_of(connection, self._owner, one).values()
        if left:
            leases.put_back(connection, self._owner, left)

    @property
    def known(self) -> int:
        """How many copies have an outcome that is not saved."""
        return sum(len(outcomes) for outcomes, _ in self.unsaved)

    def save_late(self, connection: Connection) -> None:
        """Save what commits that failed were to say, when the run is over: whose outcome is known need not leave again.

        It may have been saved all the same, or another node may have our rows by now: see `outbox.settle_late`. What was to
        start has not left, whether it is marked or not.
        """
        outcomes: dict[int, Outcome] = {}
        starting: list[int] = []
        for known, never_left in self.unsaved:
            rows = self._rows_of(connection, [number for number, _ in known])
            outcomes |= {rows[number]: outcome for number, outcome in known if number in rows}
            starting += self._rows_of(connection, never_left).values()
        now, owner = self._clock(), self._owner
        sent = [(row, one.reply) for row, one in outcomes.items() if isinstance(one, Sent)]
        saved = leases.settle_late(connection, owner, sent, now)
        unsent = [row for row, one in outcomes.items() if not isinstance(one, Sent)]
        ours = sorted(leases.still_ours(connection, owner, unsent))
        settled = [leases.AttemptOutcome(row, self._attempts.get(row, 0), outcomes[row]) for row in ours]
        leases.settle(connection, owner, settled, now, random.random())  # noqa: S311  only spreads retries
        leases.take_back(connection, owner, starting)
        log.event("outbox.saved_late", sent=saved, others=len(ours), known=len(outcomes))

    def _rows_of(self, connection: Connection, numbers: Sequence[int]) -> dict[int, int]:
        """Return the rows of these recipients by their numbers, whoever has them; a bundle that is still ours is opened."""
        rows = {number: number for number in numbers if number >= 0}
        for each in sorted({bundles.bundle_of(number) for number in numbers if number < 0}):
            rows |= bundles.rows_of(connection, self._owner, self._bundles[each], whoever=True)
        return {number: rows[number] for number in numbers if number in rows}

    def _commit(self) -> None:
        """Save what waits for it, in this thread: the sender has it for itself, and two hops cost as much as the commit."""
        self._committing = None
        batch, self._waiting = self._waiting, []
        self._expected = max(1, len(batch))
        try:
            ours, settled = self._save(batch)
        except Exception as error:  # noqa: BLE001  each connection must hear of it; R9: nothing more is sent
            log.event("outbox.not_marked", level="error", reason=error)
            self.unsaved += [(outcomes, starting) for outcomes, starting, _ in batch]
            for *_, marked in batch:
                marked(False, error)
            return
        for number, count in settled.items():
            self._open[number] -= count
            if not self._open[number]:
                del self._open[number], self._bundles[number]
        for outcomes, starting, marked in batch:
            if self._attempts:
                for row_id, _ in outcomes:
                    self._attempts.pop(row_id, None)
            marked(ours.issuperset(starting), None)

    def _save(self, batch: Sequence[_Mark]) -> tuple[set[int], Counter[int]]:
        """Save outcomes and marks in one transaction; returns which of those that start are ours.

        And how many recipients of each bundle have an outcome now.
        """
        now, owner = self._clock(), self._owner
        sent: list[tuple[int, str]] = []
        unsent: list[leases.AttemptOutcome] = []
        settled = Counter[int]()
        with self._database.brief() as connection:
            if self._bundles:
                bundles.lock(connection, _numbers(batch))
            for outcomes, _, _ in batch:
                of_rows = self._settle_bundles(connection, outcomes, settled) if self._bundles else outcomes
                for row_id, outcome in of_rows:
                    if isinstance(outcome, Sent):
                        sent.append((row_id, outcome.reply))
                    else:
                        unsent.append(leases.AttemptOutcome(row_id, self._attempts.get(row_id, 0), outcome))
            leases.settle_sent(connection, owner, sent, now)
            if unsent:
                leases.settle(connection, owner, unsent, now, random.random())  # noqa: S311  only spreads retries
            ours = self._start(connection, [starting for _, starting, _ in batch])
        for one in unsent:
            log.event("outbox." + type(one.outcome).__name__.lower(), outbox=one.id, reply=one.outcome.reply)
        return ours, settled

    def _settle_bundles(
        self, connection: Connection, outcomes: Sequence[tuple[int, Outcome]], settled: Counter[int]
    ) -> list[tuple[int, Outcome]]:
        """Record the bundles that the next hop took whole with one reply; returns the outcomes of all others, by their rows."""
        of_rows: list[tuple[int, Outcome]] = []
        owner, at = self._owner, microseconds(self._clock())
        place = 0
        while place < len(outcomes):
            number, outcome = outcomes[place]
            if number >= 0:
                of_rows.append(outcomes[place])
                place += 1
                continue
            one = self._bundles[bundles.bundle_of(number)]
            whole = list(zip(one.numbers, repeat(outcome)))
            if (
                not isinstance(outcome, Sent)
                or list(outcomes[place : place + len(whole)]) != whole
                or not bundles.settle_sent(connection, owner, one, storable(outcome.reply), at)
            ):
                whole = []
                for each, outcome in islice(outcomes, place, None):
                    if bundles.bundle_of(each) != one.id:
                        break
                    whole.append((each, outcome))
                rows = bundles.rows_of(connection, owner, one)
                of_rows += [(rows[each], outcome) for each, outcome in whole if each in rows]
            settled[one.id] += len(whole)
            place += len(whole)
        return of_rows

    def _start(self, connection: Connection, starting: Sequence[Sequence[int]]) -> set[int]:
        """Mark what starts, all of each of these or nothing; returns which are ours."""
        owner = self._owner
        whole: set[int] = set()  # bundles
        rows: dict[int, int] = {}  # of the recipients of others, by their numbers
        singly: list[int] = []
        ours: set[int] = set()
        for one, part in chain.from_iterable(map(self._parts, starting)):
            if one is None:
                singly += part
            elif part == one.numbers and bundles.start(connection, owner, one.id):
                whole.add(one.id)
                ours.update(part)
            else:
                found = bundles.rows_of(connection, owner, one)
                singly += [found[each] for each in part if each in found]
                rows |= found
        started = leases.start(connection, owner, singly)
        ours |= started
        ours.update(each for each, row in rows.items() if row in started)
        for ids in starting:
            if len(ids) > 1 and not ours.issuperset(ids):  # the others of a group stay here, too
                marked = [rows.get(each, each) for each in ids if each in ours]
                leases.take_back(connection, owner, [row for row in marked if row >= 0])
                bundles.take_back(connection, owner, whole.intersection(map(bundles.bundle_of, ids)))
        return ours

    def _parts(self, ids: Sequence[int]) -> list[tuple[bundles.Bundle | None, tuple[int, ...]]]:
        """Return who of these is of which bundle, or has a row."""
        numbers = tuple(ids)
        if not self._bundles or not numbers:
            return [(None, numbers)]
        first = self._bundles.get(bundles.bundle_of(numbers[0]))
        if first is not None and numbers == first.numbers:  # one mail, as nearly always
            return [(first, numbers)]
        of_each = groupby(numbers, lambda number: self._bundles.get(bundles.bundle_of(number)))
        return [(one, tuple(part)) for one, part in of_each]


def _numbers(batch: Sequence[_Mark]) -> Iterator[int]:
    for outcomes, starting, _ in batch:
        yield from (number for number, _ in outcomes)
        yield from starting
