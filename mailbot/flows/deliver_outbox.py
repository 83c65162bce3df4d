"""Empty the outbox: claim rows under a lease, splice each recipient's own bytes in, send, record the outcomes.

The final dot of a copy leaves only after its row says so and the connection's last outcome is durable; so a
crash leaves at most one copy for each connection in doubt (promises.md I9).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain, groupby, islice, repeat
from operator import attrgetter

from sqlalchemy import Connection

from mailbot import log
from mailbot.core.mail.delivery import Deferred, Marked, Outcome, Sent, Transaction
from mailbot.core.mail.entity import split_entity
from mailbot.core.mail.mailing import fill, fill_each, folded_mailbox, template
from mailbot.core.mail.pace import UNPACED, Buckets, Pace, admit
from mailbot.core.mail.relay import Relay, RelayAway
from mailbot.core.mail.seven_bit import seven_bit
from mailbot.core.mail.smtp_wire import all_usual, body_of, double_dots, stuff
from mailbot.core.mail.token import (
    ballot_token,
    bounce_tokens,
    calendar_token,
    confirm_token,
    desk_token,
    leave_token,
    leave_tokens,
    mailing_token,
)
from mailbot.core.senders.dkim import Covered, Signer, covered, signature
from mailbot.flows.sign_copies import SignedAhead, sign_copy
from mailbot.net import maildir
from mailbot.net.smtp_client import Timeouts, send
from mailbot.store import bundles, copy_states, outbox
from mailbot.store.database import Database, storable
from mailbot.store.tables import microseconds

_FIRST = 200  # rows claimed at the start of a run: few, so that the first mail leaves at once
_BATCH = 1000  # rows claimed at once after that, while the last half of those before is being sent
_FIRST_BUNDLES, _BUNDLES = 4, 40  # the same of bundles: ten connections have two each at hand
_TOGETHER = 32  # copies made at once, ahead of the connections: their tokens take half as long together
_GATHER_SECONDS = 0.002  # a commit waits so long for connections that are likely to come to it
_SOONEST_SECONDS = 1.0  # before it looks again by itself
_OPEN_SECONDS = 2.0  # connections stay open for what comes next, as Postfix keeps its own (smtp_connection_cache_time_limit)
_RECIPES = 100  # mailings kept ready between runs
_QUICK = frozenset({"delivery", "leave"})  # fields of a post, which need nothing but the row's number
_DOTLESS = frozenset({"delivery", "leave", "token"})  # fields whose values are letters and digits
_SPOILT = Deferred("not sent: the cooked mail is not fit to leave")
# Where there is another behind it, a relay that does not greet in this time is passed over.
_ANOTHER_BEHIND = Timeouts(greeting=30)
_AWAY_SECONDS = (1.0, 2.0, 5.0, 10.0, 30.0)  # pauses while no relay answers


@dataclass(frozen=True)
class _Recipe:
    """A mailing as we send it: its pieces, already dot-stuffed, and what each copy must fill in."""

    pieces: tuple[bytes | str, ...]
    names: frozenset[str]
    subject: str  # the list, survey or event
    bounces: str | None  # local part of the return path; None: null sender
    covered: Covered | None = None  # what a signature covers, when that is the same for every copy
    signers: tuple[Signer, ...] = ()  # who signs each copy for itself
    dotted: bool = False  # leading dots are doubled already, and no recipient's own bytes have any
    body: str = ""  # `Transaction.body` of each copy, where recipients' own bytes are nothing but letters and digits of ours
    identical: bytes | None = None  # what leaves for all alike; then `bounces` is the whole local part


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
    _recipes: dict[int, _Recipe] = field(default_factory=dict)
    _buckets: Buckets = field(default_factory=dict)

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
        self._loop = asyncio.get_running_loop()
        await self.database.writing(_release, self.owner, self.clock(), everything=True)
        failures = 0
        # Where there are several relays, each run begins with the first: it may be back.
        open_seconds = _OPEN_SECONDS if len(self.relays) == 1 else 0.0
        while not self.stopping:
            self._wake.clear()
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
        due = await self.database.reading(copy_states.next_look)
        if due is not None:
            wait = (due - self.clock()).total_seconds()
            seconds = min(seconds, max(wait, _SOONEST_SECONDS))
        # On PostgreSQL it is woken each second, and would never look after the lease of a node that is gone.
        if not await self.woken(seconds) or (due is not None and due <= self.clock()):
            await self.database.writing(_release, self.owner, self.clock())

    async def claim(
        self, most: int, most_bundles: int
    ) -> tuple[list[outbox.Claimed], list[bundles.Bundle], bool]:
        """Take what is due, under our lease: rows, or bundles, of whichever is the oldest; and tell whether there may be more."""
        return await self.database.writing(
            _claim, self.owner, self.clock(), most, most_bundles, singly=self.pace != UNPACED
        )

    async def paced(self, rows: list[outbox.Claimed]) -> list[outbox.Claimed]:
        """Return the rows that may leave now; the others go back and are due when it is their turn."""
        if self.pace == UNPACED or not rows:
            return rows
        admitted = admit([row.address for row in rows], self.pace, self._buckets, self.clock())
        self._buckets = admitted.buckets
        waits = [(row.id, due) for row, due in zip(rows, admitted.waits, strict=True) if due is not None]
        if waits:
            await self.database.writing(outbox.postpone, self.owner, waits)
        return [row for row, due in zip(rows, admitted.waits, strict=True) if due is None]

    async def recipes(self, mailing_ids: set[int]) -> dict[int, _Recipe]:
        """Return mailings ready to fill, without those that are not fit to leave; some are kept for the next claim."""
        found = {number: recipe for number, recipe in self._recipes.items() if number in mailing_ids}
        if new := sorted(mailing_ids - found.keys()):
            for mailing in await self.database.reading(outbox.load_mailings, new):
                try:
                    found[mailing.id] = (
                        _recipe_for_all(mailing, self.key, self.signers, self.clock())
                        if mailing.identical
                        else _recipe(mailing, self.signers, self.clock())
                    )
                except ValueError as fault:
                    # Our own fault: its rows wait, the operator reads why, the others go on.
                    log.event("outbox.cannot_be_sent", level="error", mailing=mailing.id, reason=fault)
        self._recipes = found if len(found) <= _RECIPES else {}
        return found


def _release(connection: Connection, owner: str, now: datetime, *, everything: bool = False) -> None:
    bundles.release(connection, owner, now, everything=everything)
    outbox.release(connection, owner, now, everything=everything)


def _renew(connection: Connection, owner: str, now: datetime) -> None:
    bundles.renew(connection, owner, now + outbox.LEASE)
    outbox.renew(connection, owner, now)


def _claim(
    connection: Connection, owner: str, now: datetime, most: int, most_bundles: int, *, singly: bool
) -> tuple[list[outbox.Claimed], list[bundles.Bundle], bool]:
    if bundles.are_first(connection, now):
        if not singly:
            until = now + outbox.LEASE
            return [], bundles.claim(connection, owner, now, until, most_bundles), True
        bundles.open_due(connection, now, most // bundles.SIZE)
    rows = outbox.claim(connection, owner, now, most)
    return rows, [], len(rows) == most or bundles.are_first(connection, now)


def _recipe(mailing: outbox.Mailing, signers: Sequence[Signer], now: datetime) -> _Recipe:
    """Return a mailing ready to fill. Raises ValueError when it is not fit to leave.

    Whoever converts what is signed breaks it, so it is made 7-bit before (RFC 6376 section 5.3). Where all copies have
    the same body, who may sign once for all of them does it here.
    """
    cooked, shared, own = mailing.cooked, None, tuple(signers)
    if signers and b"\x00" not in split_entity(cooked)[1]:
        cooked = seven_bit(cooked)
        shared = covered(cooked)
        common = covered(cooked, shared=True)
        try:
            once = [signature(common, {}, signer, now) for signer in signers if signer.shared]
        except Exception as error:
            raise ValueError(f"not signed: {error}") from error
        cooked = b"".join([*once, cooked])
        own = tuple(signer for signer in signers if not signer.shared)
    pieces = template(cooked)
    names = frozenset(piece for piece in pieces if isinstance(piece, str))
    looked_at = stuff(fill(pieces, dict.fromkeys(names, b"x")))  # once for all copies (promises.md R6, I16)
    dotted = (not own or shared is not None) and names <= _DOTLESS  # whoever signs has its bytes in `shared`
    if dotted:
        pieces = template(double_dots(cooked))
    body = body_of(looked_at) if dotted and names <= _QUICK else ""
    return _Recipe(pieces, names, mailing.subject, mailing.bounces, shared, own, dotted, body)


def _recipe_for_all(mailing: outbox.Mailing, key: bytes, signers: Sequence[Signer], now: datetime) -> _Recipe:
    """Return a mailing of identical copies ready to leave: whoever signs does it once. Raises ValueError as above."""
    recipe = _recipe(mailing, [replace(signer, shared=True) for signer in signers], now)
    if recipe.names or not recipe.dotted:
        raise ValueError(
            f"it has fields of its recipients, and is to be the same for all: {sorted(recipe.names)}"
        )
    bounces = None if mailing.bounces is None else f"{mailing.bounces}+{mailing_token(key, mailing.id)}"
    return replace(recipe, bounces=bounces, identical=fill(recipe.pieces, {}))


_Recipients = tuple[tuple[int, str], ...]
_Mark = tuple[Sequence[tuple[int, Outcome]], Sequence[int], Marked]  # as `mark` gets them


def _numbers(batch: Sequence[_Mark]) -> Iterator[int]:
    for outcomes, starting, _ in batch:
        yield from (number for number, _ in outcomes)
        yield from starting


class _Work:
    """The rows of one run, as net/smtp_client.py takes and settles them."""

    def __init__(self, delivery: Delivery, open_seconds: float = 0.0) -> None:
        self.delivery = delivery
        self.taken = 0
        self._open_seconds = open_seconds
        self._failed = False  # nothing more is claimed
        self._last = 0.0  # when the last rows were claimed, as the loop tells the time
        self._lull: asyncio.Task[bool] | None = None  # who waits for further rows
        self._rows: deque[tuple[outbox.Claimed, _Recipe]] = deque()
        self._groups: deque[tuple[_Recipients, _Recipe]] = deque()  # whose copies are identical
        self._bundles: dict[int, bundles.Bundle] = {}  # of which some recipients have no outcome yet, by id
        self._open: dict[int, int] = {}  # how many these are
        self._copies: deque[Transaction] = deque()  # made, and not taken
        self._attempts: dict[int, int] = {}  # of the rows under way
        self._waiting: list[_Mark] = []
        self._loop = asyncio.get_running_loop()
        self._committing: asyncio.Handle | None = None  # the next commit, when it is on its way
        self._expected = 1  # connections that are likely to come to it
        self._refilling: asyncio.Task[int] | None = None
        self._more = True  # there may be more to claim
        self._unsigned: list[tuple[int, Outcome]] = []  # could not be signed
        self._signed = SignedAhead(self._begin, self._sign, self._not_signed) if delivery.signers else None

    async def refill(self, most: int, most_bundles: int = _BUNDLES) -> int:
        """Claim the next rows or bundles and prepare their mailings; returns how many."""
        delivery = self.delivery
        rows, claimed, self._more = await delivery.claim(most, most_bundles)
        # One whose lease we had lost, and have again, is still here.
        packed = [one for one in claimed if one.id not in self._bundles]
        self._bundles |= {one.id: one for one in packed}
        self._open |= {one.id: len(one.recipients) for one in packed}
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
                self._attempts.update((row.id, row.attempts) for row in of_it)
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
            return self._for_all(*self._groups.popleft())
        if self._signed is not None:
            return self._signed.take()
        if not self._copies:
            self._copies.extend(self._make(list(islice(iter(self._begin, None), _TOGETHER))))
        return self._copies.popleft() if self._copies else None

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

    async def keep_lease(self) -> None:
        """Renew our lease while the run lasts, and free those that ran out: a busy node looks after a dead one too."""
        delivery = self.delivery
        while True:
            await asyncio.sleep(outbox.LEASE.total_seconds() / 6)
            await delivery.database.writing(_renew, delivery.owner, delivery.clock())
            await delivery.database.writing(_release, delivery.owner, delivery.clock())

    async def finish(self) -> None:
        """Give back what was claimed and never begun."""
        if self._signed is not None:
            await self._signed.close()
        if self._committing is not None:
            self._committing.cancel()
            self._commit()
        if self._lull is not None and not self._lull.done():  # the run has failed: nobody waits for more
            self._failed = True
            self.delivery.wake()
        # A claim that failed fails again, by itself.
        claims = [task for task in (self._refilling, self._lull) if task is not None]
        await asyncio.gather(*claims, return_exceptions=True)
        left = [*(row.id for row, _ in self._rows), *self._attempts]
        if left or self._bundles:
            await self.delivery.database.writing(self._put_back, left)

    def _put_back(self, connection: Connection, rows: Sequence[int]) -> None:
        owner, left = self.delivery.owner, list(rows)
        if self._bundles:
            bundles.put_back(connection, owner, self._bundles)
            for one in self._bundles.values():
                left += bundles.rows_of(connection, owner, one).values()
        if left:
            outbox.put_back(connection, owner, left)

    def _commit(self) -> None:
        """Save what waits for it, in this thread: the sender has it for itself, and two hops cost as much as the commit."""
        self._committing = None
        batch, self._waiting = self._waiting, []
        self._expected = max(1, len(batch))
        try:
            ours, settled = self._save(batch)
        except Exception as error:  # noqa: BLE001  each connection must hear of it; R9: nothing more is sent
            log.event("outbox.not_marked", level="error", reason=error)
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
        now, owner, database = self.delivery.clock(), self.delivery.owner, self.delivery.database
        sent: list[tuple[int, str]] = []
        unsent: list[outbox.Settled] = []
        settled = Counter[int]()
        with database.brief() as connection:
            if self._bundles:
                bundles.lock(connection, _numbers(batch))
            for outcomes, _, _ in batch:
                of_rows = self._settle_bundles(connection, outcomes, settled) if self._bundles else outcomes
                for row_id, outcome in of_rows:
                    if isinstance(outcome, Sent):
                        sent.append((row_id, outcome.reply))
                    else:
                        unsent.append(outbox.Settled(row_id, self._attempts.get(row_id, 0), outcome))
            outbox.settle_sent(connection, owner, sent, now)
            if unsent:
                outbox.settle(connection, owner, unsent, now, random.random())  # noqa: S311  only spreads retries
            ours = self._start(connection, [starting for _, starting, _ in batch])
        for one in unsent:
            log.event("outbox." + type(one.outcome).__name__.lower(), outbox=one.id, reply=one.outcome.reply)
        return ours, settled

    def _settle_bundles(
        self, connection: Connection, outcomes: Sequence[tuple[int, Outcome]], settled: Counter[int]
    ) -> list[tuple[int, Outcome]]:
        """Record the bundles that the next hop took whole with one reply; returns the outcomes of all others, by their rows."""
        of_rows: list[tuple[int, Outcome]] = []
        owner, at = self.delivery.owner, microseconds(self.delivery.clock())
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
        owner = self.delivery.owner
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
        started = outbox.start(connection, owner, singly)
        ours |= started
        ours.update(each for each, row in rows.items() if row in started)
        for ids in starting:
            if len(ids) > 1 and not ours.issuperset(ids):  # the others of a group stay here, too
                marked = [rows.get(each, each) for each in ids if each in ours]
                outbox.take_back(connection, owner, [row for row in marked if row >= 0])
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

    def _begin(self) -> tuple[outbox.Claimed, _Recipe] | None:
        """Return the next row that is claimed and not begun, which is under way from now on."""
        if not self._rows:
            return None
        row, recipe = self._rows.popleft()
        self._attempts[row.id] = row.attempts
        return row, recipe

    def _for_all(self, recipients: _Recipients, recipe: _Recipe) -> Transaction:
        """Return the transaction of some who get identical copies."""
        assert recipe.identical is not None, "it is a group of such a mailing"
        mail_from = "" if recipe.bounces is None else f"{recipe.bounces}@{self.delivery.domain}"
        return Transaction(mail_from, recipients, recipe.identical, stuffed=True, identical=True)

    def _make(
        self, claims: Sequence[tuple[outbox.Claimed, _Recipe]], signed_at: datetime | None = None
    ) -> list[Transaction]:
        """Return the copies of these rows as they leave."""
        delivery, made = self.delivery, list[Transaction]()
        for _, group in groupby(claims, lambda claim: claim[0].mailing_id):
            same = list(group)
            rows, recipe = [row for row, _ in same], same[0][1]
            columns = _own_columns(recipe.names, delivery.key, recipe.subject, rows)
            if signed_at is None:
                copies = fill_each(recipe.pieces, columns, len(rows))
            else:
                own = [
                    {name: of_all[place] for name, of_all in columns.items()} for place in range(len(rows))
                ]
                copies = [
                    sign_copy(recipe.pieces, values, recipe.covered, recipe.signers, signed_at)
                    for values in own
                ]
            if not recipe.dotted:
                copies = [double_dots(copy) for copy in copies]
            senders = self._senders(recipe, rows)
            bodies: Iterable[str] = repeat("")
            if all_usual([*filter(None, senders), *[row.address for row in rows]]):
                bodies = repeat(recipe.body) if recipe.body else map(body_of, copies)
            made += map(
                Transaction,
                senders,
                [((row.id, row.address),) for row in rows],
                copies,
                repeat(True),
                repeat(False),
                bodies,
            )
        return made

    def _senders(self, recipe: _Recipe, rows: Sequence[outbox.Claimed]) -> list[str]:
        """Return each copy's own return path."""
        if recipe.bounces is None:
            return [""] * len(rows)
        tokens = bounce_tokens(self.delivery.key, [row.id for row in rows])
        return [f"{recipe.bounces}+{token}@{self.delivery.domain}" for token in tokens]

    def _sign(self, claims: Sequence[tuple[outbox.Claimed, _Recipe]]) -> list[Transaction]:
        """Make signed copies, in a thread."""
        return self._make(claims, self.delivery.clock())

    def _not_signed(self, claims: Sequence[tuple[outbox.Claimed, _Recipe]], error: BaseException) -> None:
        """Our own fault: these wait, the operator reads why, the others go on."""
        log.event("outbox.not_signed", level="error", error=error, rows=len(claims))
        self._unsigned += [(row.id, Deferred(f"not signed: {error}")) for row, _ in claims]


def _own_columns(
    names: frozenset[str], key: bytes, subject: str, rows: Sequence[outbox.Claimed]
) -> dict[str, list[bytes]]:
    """Return for each field that a mailing has what `own_values` says for each of these rows."""
    if not names <= _QUICK:
        values = [own_values(names, key, subject, row) for row in rows]
        return {name: [own[name] for own in values] for name in names}
    columns = {}
    if "delivery" in names:
        columns["delivery"] = [b"%d" % row.id for row in rows]
    if "leave" in names:
        columns["leave"] = [token.encode() for token in leave_tokens(key, subject, [row.id for row in rows])]
    return columns


def own_values(names: frozenset[str], key: bytes, subject: str, row: outbox.Claimed) -> dict[str, bytes]:
    """Return one recipient's own bytes for the fields that its mailing has."""
    values: dict[str, bytes] = {}
    if row.fields is not None:
        values = {name: text.encode("utf-8") for name, text in json.loads(row.fields).items()}
    if "delivery" in names:
        values["delivery"] = str(row.id).encode()
    if "address" in names:
        values["address"] = row.address.encode("utf-8")
    if "mailbox" in names:
        values["mailbox"] = folded_mailbox(row.address)
        values.setdefault("partstat", b"NEEDS-ACTION")
        values["calendar"] = calendar_token(key, row.ballot_id or 0).encode()
    if "leave" in names:
        values["leave"] = leave_token(key, subject, row.id).encode()
    if "token" in names and row.ballot_id is not None:
        values["token"] = ballot_token(key, row.ballot_id, int(values.get("issue", b"1"))).encode()
    elif "token" in names and "desk" in values:
        values["token"] = desk_token(key, int(values["desk"])).encode()
    elif "token" in names and "confirm" in values:
        values["token"] = confirm_token(key, int(values["confirm"])).encode()
    return values
