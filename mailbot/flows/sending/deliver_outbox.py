"""Empty the outbox: claim rows under a lease, hand their copies to the relay's connections, record the outcomes.

See `mark_copies.py` for what a crash leaves in doubt (promises.md I9).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import TypeVar

from sqlalchemy import Connection

from mailbot import log
from mailbot.core.senders.dkim import Signer
from mailbot.core.transfer.delivery import Deferred, Marked, Outcome, Transaction
from mailbot.core.transfer.envelope import StorageFull, StorageUnavailable
from mailbot.core.transfer.pace import UNPACED, Buckets, Pace, admit
from mailbot.core.transfer.relay import Relay, RelayAway
from mailbot.core.transfer.seven_bit import seven_bit
from mailbot.flows.sending.make_copies import Begun, Recipe, Recipients, copy_for_all, make_copies, recipe_of
from mailbot.flows.sending.mark_copies import Marks
from mailbot.flows.sending.sign_copies import SignedAhead
from mailbot.net import maildir
from mailbot.net.smtp_client import send
from mailbot.net.smtp_connection import Timeouts
from mailbot.store.database import Database
from mailbot.store.sending import bundles, copy_states, leases

T = TypeVar("T")

_FIRST = 200  # rows claimed at the start of a run: few, so that the first mail leaves at once
_BATCH = 1000  # rows claimed at once after that, while the last half of those before is being sent
_FIRST_BUNDLES, _BUNDLES = 2, 20  # the same of bundles: ten connections have two each at hand
_TOGETHER = 32  # copies made at once, ahead of the connections: their tokens take half as long together
_SOONEST_SECONDS = 1.0  # before it looks again by itself
_OPEN_SECONDS = 2.0  # connections stay open for what comes next, as Postfix keeps its own (smtp_connection_cache_time_limit)
_SAVE_AGAIN_SECONDS = 0.5
_RECIPES = 100  # mailings kept ready between runs
_SPOILT = Deferred("not sent: the cooked mail is not fit to leave")
# Where there is another behind it, a relay that does not greet in this time is passed over.
_ANOTHER_BEHIND = Timeouts(greeting=30)
_AWAY_SECONDS = (1.0, 2.0, 5.0, 10.0, 30.0)  # pauses while no relay answers


@dataclass
class Delivery:
    """What one node needs to empty the outbox."""

    database: Database
    key: bytes  # of the tokens in addresses
    domain: str
    relays: Sequence[Relay]
    connections: int
    owner: str  # this node, in the leases
    clock: Callable[[], datetime]
    signers: Sequence[Signer] = ()  # DKIM; none: the MTA signs
    pace: Pace = UNPACED
    stopping: bool = False
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _loop: asyncio.AbstractEventLoop | None = None  # in which it runs
    _recipes: dict[int, Recipe] = field(default_factory=dict)
    _buckets: Buckets = field(default_factory=dict)
    _unsaved: list[Marks] = field(default_factory=list)  # of runs that the database went away from
    _others_expire: float = 0.0  # from when on, as the loop tells the time, leases of others are looked at

    def wake(self) -> None:
        """Say that there may be something to send; from any thread."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # it has ended
                self._loop.call_soon_threadsafe(self._wake.set)

    def stop(self) -> None:
        """Begin no further copy; `run` ends when those under way are settled, so that none is in doubt."""
        self.stopping = True
        self.wake()

    async def run(self, poll_seconds: float = 1.0) -> None:
        """Deliver until stopped; looks by itself when the next copy is due, and every `poll_seconds` at least."""
        if self._loop is not None:  # the last run has failed
            self.spare_others()
        self._loop = asyncio.get_running_loop()
        await self.take_up()
        failures = 0
        # Where there are several relays, each run begins with the first: it may be back.
        open_seconds = _OPEN_SECONDS if len(self.relays) == 1 else 0.0
        while not self.stopping:
            self._wake.clear()
            if self._unsaved:
                await self.take_up()
            try:
                sent_any = await self.deliver(open_seconds)
                failures = 0
            except RelayAway as away:
                pause = _AWAY_SECONDS[min(failures, len(_AWAY_SECONDS) - 1)]
                failures += 1
                log.event("relay.away", level="warning", reason=away, next_try_seconds=pause)
                await asyncio.sleep(pause)
                continue
            if not sent_any and not self.stopping:
                await self._rest(poll_seconds)

    async def take_up(self) -> None:
        """Save what earlier runs know of their copies and could not save, and free all else that is still under our lease."""
        unsaved, self._unsaved = self._unsaved, []
        try:
            await self.database.writing(_take_up, self.owner, self.clock(), unsaved)
        except (StorageUnavailable, StorageFull):
            self._unsaved = unsaved
            raise

    async def save_the_rest(self, until: float) -> None:
        """After the last run: do as `take_up`, as soon as the database is back, but not later than this time of the loop."""
        loop = asyncio.get_running_loop()
        while self._unsaved:
            try:
                await self.take_up()
            except (StorageUnavailable, StorageFull) as away:
                if loop.time() >= until:
                    known = sum(marks.known for marks in self._unsaved)
                    log.event("outbox.not_saved", level="error", reason=away, leave_again=known)
                    return
                await asyncio.sleep(_SAVE_AGAIN_SECONDS)

    def keep_unsaved(self, marks: Marks) -> None:
        """Remember what a run could not save."""
        if marks.unsaved:
            self._unsaved.append(marks)

    def spare_others(self) -> None:
        """Give other nodes the time of a lease: the database was away, perhaps from them too, and they could not renew theirs."""
        self._others_expire = asyncio.get_running_loop().time() + leases.LEASE.total_seconds()

    async def in_time(self, answer: Awaitable[T], asked: float | None = None) -> T:
        """Wait for the database's answer; where that, or what kept us from asking, took long, it is as if it had been away."""
        loop = asyncio.get_running_loop()
        asked = loop.time() if asked is None else asked
        found = await answer
        if loop.time() - asked > leases.LEASE.total_seconds() / 4:
            self.spare_others()
        return found

    async def release(self) -> None:
        """Free what is under leases that ran out."""
        if asyncio.get_running_loop().time() >= self._others_expire:
            await self.database.writing(_release, self.owner, self.clock())

    async def deliver(self, open_seconds: float = 0.0) -> int:
        """Send what is due now, and what is queued within `open_seconds` of the last row; returns how many rows were taken.

        Raises RelayAway when no relay answers.
        """
        work = _Work(self, open_seconds)
        if not await work.refill(_FIRST, _FIRST_BUNDLES):
            return 0
        keeper = asyncio.create_task(work.keep_lease())
        try:
            while await work.ready():
                await self._send(work)
        finally:
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)
            await work.finish()
        return work.taken

    async def _send(self, work: _Work) -> None:
        """Hand the work to the relays in order of fail-over; a Maildir takes what the servers before it did not."""
        servers = [relay for relay in self.relays if relay.path is None]
        folders = [relay.path for relay in self.relays if relay.path is not None]
        if servers:
            try:
                await send(
                    servers,
                    work,
                    hostname=self.domain,
                    connections=self.connections,
                    downgrade=seven_bit,
                    timeouts=Timeouts() if len(self.relays) == 1 else _ANOTHER_BEHIND,
                )
            except RelayAway:
                if not folders:
                    raise
        for folder in folders[:1]:
            await maildir.send(folder, work)

    async def woken(self, seconds: float) -> bool:
        """Wait so long until somebody says that there may be something to send; tell whether anybody did."""
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return False
        self._wake.clear()
        return True

    async def _rest(self, seconds: float) -> None:
        due = await self.in_time(self.database.reading(copy_states.next_look))
        if due is not None:
            wait = (due - self.clock()).total_seconds()
            seconds = min(seconds, max(wait, _SOONEST_SECONDS))
        # On PostgreSQL it is woken each second, and would never look after the lease of a node that is gone.
        if not await self.woken(seconds) or (due is not None and due <= self.clock()):
            await self.release()

    async def claim(
        self, most: int, most_bundles: int
    ) -> tuple[list[leases.Claimed], list[bundles.Bundle], bool]:
        """Take what is due, under our lease: rows, or bundles, of whichever is the oldest; and tell whether there may be more."""
        claiming = self.database.writing(
            _claim, self.owner, self.clock(), most, most_bundles, singly=self.pace != UNPACED
        )
        return await self.in_time(claiming)

    async def paced(self, rows: list[leases.Claimed]) -> list[leases.Claimed]:
        """Return the rows that may leave now; the others go back and are due when it is their turn."""
        if self.pace == UNPACED or not rows:
            return rows
        admitted = admit([row.address for row in rows], self.pace, self._buckets, self.clock())
        self._buckets = admitted.buckets
        waits = [(row.id, due) for row, due in zip(rows, admitted.waits, strict=True) if due is not None]
        if waits:
            await self.database.writing(leases.postpone, self.owner, waits)
        return [row for row, due in zip(rows, admitted.waits, strict=True) if due is None]

    async def recipes(self, mailing_ids: set[int]) -> dict[int, Recipe]:
        """Return mailings ready to fill, without those that are not fit to leave; some are kept for the next claim."""
        found = {number: recipe for number, recipe in self._recipes.items() if number in mailing_ids}
        if new := sorted(mailing_ids - found.keys()):
            for mailing in await self.database.reading(leases.load_mailings, new):
                try:
                    found[mailing.id] = recipe_of(mailing, self.key, self.signers, self.clock())
                except ValueError as fault:
                    # Our own fault: its rows wait, the operator reads why, the others go on.
                    log.event("outbox.cannot_be_sent", level="error", mailing=mailing.id, reason=fault)
        self._recipes = found if len(found) <= _RECIPES else {}
        return found


def _release(connection: Connection, owner: str, now: datetime, *, everything: bool = False) -> None:
    bundles.release(connection, owner, now, everything=everything)
    leases.release(connection, owner, now, everything=everything)


def _take_up(connection: Connection, owner: str, now: datetime, unsaved: Sequence[Marks]) -> None:
    for marks in unsaved:
        marks.save_late(connection)
    _release(connection, owner, now, everything=True)


def _renew(connection: Connection, owner: str, now: datetime) -> None:
    bundles.renew(connection, owner, now + leases.LEASE)
    leases.renew(connection, owner, now)


def _claim(
    connection: Connection, owner: str, now: datetime, most: int, most_bundles: int, *, singly: bool
) -> tuple[list[leases.Claimed], list[bundles.Bundle], bool]:
    if bundles.are_first(connection, now):
        if not singly:
            until = now + leases.LEASE
            return [], bundles.claim(connection, owner, now, until, most_bundles), True
        bundles.open_due(connection, now, most // bundles.SIZE)
    rows = leases.claim(connection, owner, now, most)
    return rows, [], len(rows) == most or bundles.are_first(connection, now)


class _Work:
    """The rows of one run, as net/smtp_client.py takes and settles them."""

    def __init__(self, delivery: Delivery, open_seconds: float = 0.0) -> None:
        self.delivery = delivery
        self.taken = 0
        self._marks = Marks(delivery.database, delivery.owner, delivery.clock)
        self._open_seconds = open_seconds
        self._failed = False  # nothing more is claimed
        self._last = 0.0  # when the last rows were claimed, as the loop tells the time
        self._lull: asyncio.Task[bool] | None = None  # who waits for further rows
        self._rows: deque[Begun] = deque()  # not begun yet
        self._groups: deque[tuple[Recipients, Recipe]] = deque()  # whose copies are identical
        self._copies: deque[Transaction] = deque()  # made, and not taken
        self._loop = asyncio.get_running_loop()
        self._refilling: asyncio.Task[int] | None = None
        self._more = True  # there may be more to claim
        self._unsigned: list[tuple[int, Outcome]] = []  # could not be signed
        self._signed: SignedAhead[Begun] | None = None
        if delivery.signers:
            self._signed = SignedAhead(self._begin_to_sign, self._sign, self._not_signed)

    async def refill(self, most: int, most_bundles: int = _BUNDLES) -> int:
        """Claim the next rows or bundles and prepare their mailings; returns how many."""
        delivery = self.delivery
        rows, claimed, self._more = await delivery.claim(most, most_bundles)
        packed = self._marks.begin_bundles(claimed)
        rows = await delivery.paced(rows)
        recipes = await delivery.recipes(
            {row.mailing_id for row in rows} | {one.mailing_id for one in packed}
        )
        for one in packed:
            if (recipe := recipes.get(one.mailing_id)) is None:
                await self.settle([(number, _SPOILT) for number, _ in one.recipients], ())
            else:
                self._groups.append((one.recipients, recipe))
        for mailing_id, run in groupby(rows, key=attrgetter("mailing_id")):
            recipe, of_it = recipes.get(mailing_id), list(run)
            if recipe is None:
                await self.settle([(row.id, _SPOILT) for row in of_it], ())
            elif recipe.identical is None:
                self._rows.extend((row, recipe) for row in of_it)
            else:
                self._marks.begin(of_it)
                alike = tuple((row.id, row.address) for row in of_it)
                groups = range(0, len(alike), bundles.SIZE)
                self._groups.extend((alike[first : first + bundles.SIZE], recipe) for first in groups)
        taken = len(rows) + sum(len(one.recipients) for one in packed)
        self.taken += taken
        if taken:
            self._last = self._loop.time()
        return taken

    async def ready(self) -> bool:
        """Wait for the rows that are being claimed or signed, or that may yet come; tell whether there are any to send."""
        while not await self._prepared():
            if self._lull is None or self._lull.done():
                self._lull = asyncio.create_task(self._more_come())
            if not await asyncio.shield(self._lull):  # all connections wait for it
                return False
        return True

    async def _more_come(self) -> bool:
        """Wait while the connections stay open, and claim what is queued, after that once; tell whether any was.

        A receipt follows the one before within a moment; with a connection for each the sender costs twice as much.
        """
        while not self._over():
            left = self._last + self._open_seconds - self._loop.time()
            if left > 0:
                await self.delivery.woken(min(left, _SOONEST_SECONDS))  # what waits for its pace wakes nobody
            if not self._over() and await self.refill(_FIRST, _FIRST_BUNDLES):
                return True
            if left <= 0:
                break
        return False

    def _over(self) -> bool:
        return self.delivery.stopping or self._failed

    async def _prepared(self) -> bool:
        if self._refilling is not None:
            await self._refilling
        if self._groups or self._signed is None:
            return bool(self._copies or self._rows or self._groups) and not self.delivery.stopping
        found = await self._signed.ready()
        if self._unsigned:
            failed, self._unsigned = self._unsigned, []
            await self.settle(failed, ())
        return found and not self.delivery.stopping

    def take(self) -> Transaction | None:
        """Return the next copy to send; the rows after it are claimed before they are needed."""
        if self.delivery.stopping:
            return None
        if self._more and len(self._rows) <= _BATCH // 2 and len(self._groups) <= _BUNDLES // 2:
            self._more = False  # until that claim has told
            self._refilling = asyncio.create_task(self.refill(_BATCH))
        if self._groups:
            return copy_for_all(*self._groups.popleft(), self.delivery.domain)
        if self._signed is not None:
            return self._signed.take()
        if not self._copies:
            begun = [self._rows.popleft() for _ in range(min(_TOGETHER, len(self._rows)))]
            self._marks.begin([row for row, _ in begun])
            self._copies.extend(make_copies(begun, self.delivery.key, self.delivery.domain))
        return self._copies.popleft() if self._copies else None

    def settle(
        self, outcomes: Sequence[tuple[int, Outcome]], starting: Sequence[int]
    ) -> asyncio.Future[bool]:
        """Make outcomes durable and mark what starts; False: not all of what starts is ours any more."""
        return self._marks.settle(outcomes, starting)

    def mark(self, outcomes: Sequence[tuple[int, Outcome]], starting: Sequence[int], marked: Marked) -> None:
        """Do the same, and tell `marked`."""
        self._marks.mark(outcomes, starting, marked)

    async def keep_lease(self) -> None:
        """Renew our lease while the run lasts, and free those that ran out: a busy node looks after a dead one too."""
        delivery, pause = self.delivery, leases.LEASE.total_seconds() / 6
        while True:
            again = self._loop.time() + pause
            await asyncio.sleep(pause)
            try:
                renewing = delivery.database.writing(_renew, delivery.owner, delivery.clock())
                await delivery.in_time(renewing, again)
                await delivery.release()
            except (StorageUnavailable, StorageFull) as away:
                # What waits for the relay's word may be ours again in a moment.
                log.event("outbox.not_renewed", level="warning", reason=away)
                delivery.spare_others()

    async def finish(self) -> None:
        """Give back what was claimed and never begun."""
        if self._signed is not None:
            await self._signed.close()
        self._marks.flush()
        if self._lull is not None and not self._lull.done():  # the run has failed: nobody waits for more
            self._failed = True
            self.delivery.wake()
        # A claim that failed fails again, by itself.
        claims = [task for task in (self._refilling, self._lull) if task is not None]
        await asyncio.gather(*claims, return_exceptions=True)
        self.delivery.keep_unsaved(self._marks)
        await self._marks.put_back([row.id for row, _ in self._rows])

    def _begin_to_sign(self) -> Begun | None:
        """Return the next row that is to be signed, which is under way from now on."""
        if not self._rows:
            return None
        row, recipe = self._rows.popleft()
        self._marks.begin([row])
        return row, recipe

    def _sign(self, begun: Sequence[Begun]) -> list[Transaction]:
        """Make signed copies, in a thread."""
        delivery = self.delivery
        return list(make_copies(begun, delivery.key, delivery.domain, delivery.clock()))

    def _not_signed(self, begun: Sequence[Begun], error: BaseException) -> None:
        """Our own fault: these wait, the operator reads why, the others go on."""
        log.event("outbox.not_signed", level="error", error=error, rows=len(begun))
        self._unsigned += [(row.id, Deferred(f"not signed: {error}")) for row, _ in begun]
