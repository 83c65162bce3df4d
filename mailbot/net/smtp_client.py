"""Deliver mail to a relay by SMTP or LMTP as fast as it can listen (RFC 5321, RFC 2033, RFC 2920).

One connection holds at most one mail in doubt: before the content of a mail is written, `work.settle` has made
durable that it is starting and what became of the mail before it (promises.md I9). The content, its final dot and
the next mail's MAIL, RCPT and DATA leave in one write. What becomes of a mail when its connection is lost:

    its final dot was never written     another connection takes it; if it was the first on this one, Deferred
    after the dot, before the reply     Deferred(unknown=True)
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import repeat
from operator import itemgetter
from typing import Literal, cast

from mailbot import log
from mailbot.core.transfer.delivery import Deferred, MarkedWork, Outcome, Sent, Transaction
from mailbot.core.transfer.relay import Relay, RelayAway
from mailbot.core.transfer.smtp_wire import Prepared, SmtpReply, only, prepare
from mailbot.net.smtp_connection import RFC_TIMEOUTS, Connection, Timeouts, connect
from mailbot.net.smtp_transaction import (
    EnvelopeReplies,
    ending,
    exchange,
    in_step,
    read_content,
    read_replies,
)

_HOST_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[A-Za-z0-9:.]+\]")
_ANY_NUMBER = 1 << 30
_LONG = 131_072  # octets from which a content is not joined, but written as the server takes it
_code = itemgetter(0)  # of a reply
_LOOK_SECONDS = 1.0  # while a server thinks about one mail, an idle connection looks for others so often
_MANY = 50  # recipients of a mail of which half as many connections have enough: a kill leaves all of them in doubt (I9)
_PATIENCE = 3  # connections in a row on which nothing was answered, before a relay counts as away


async def send(
    relays: Sequence[Relay],
    work: MarkedWork,
    *,
    hostname: str,
    downgrade: Callable[[bytes], bytes],
    connections: int = 10,
    timeouts: Timeouts = RFC_TIMEOUTS,
) -> None:
    """Deliver all that `work` gives, to the first of `relays` that listens, over up to `connections` connections.

    Returns when `work.take()` gives None and all is settled. Raises RelayAway when no relay listens; nothing was
    taken then, or what was taken and never left is settled as Deferred. What `work` raises ends the run: no new
    mail is started (R9), those under way still end. `hostname` is said in EHLO, `downgrade` makes 7-bit content.
    """
    if not _HOST_NAME.fullmatch(hostname):
        raise ValueError(f"{hostname!r} is not a host name that can be said in EHLO")
    if any(relay.scheme == "maildir" for relay in relays):
        raise ValueError("a Maildir is not spoken to by SMTP; maildir.send keeps mail in it")
    reasons: list[str] = []
    run = _Run(work, hostname, downgrade, connections, timeouts)
    for relay in relays:
        try:
            first = await connect(relay, hostname, timeouts)
        except RelayAway as away:
            log.event("relay.away", level="warning", relay=relay.name, reason=str(away))
            reasons.append(str(away))
            continue
        if await run.drain(relay, first):
            return
        reasons.append(run.away)
    reason = "; ".join(reasons)
    await run.release(reason)
    raise RelayAway(reason)


def _own_task() -> asyncio.Task[bool]:
    task = cast("asyncio.Task[bool] | None", asyncio.current_task())
    assert task is not None, "each connection has a task"
    return task


class _Run:
    """What the connections of one run share: the work, and the mail that came back from a lost connection."""

    def __init__(
        self,
        work: MarkedWork,
        hostname: str,
        downgrade: Callable[[bytes], bytes],
        connections: int,
        timeouts: Timeouts,
    ) -> None:
        self.work = work
        self._hostname = hostname
        self._downgrade = downgrade
        self._connections = connections
        self._timeouts = timeouts
        self._limit = connections  # fewer when the relay does not take as many
        self._most = _ANY_NUMBER  # recipients in a transaction
        self._waiting: deque[Transaction] = deque()  # taken from the work, on no connection
        self._tasks: set[asyncio.Task[bool]] = set()
        self._connecting: set[asyncio.Task[bool]] = set()  # of these, who has no connection yet, and no mail
        self._idle: set[asyncio.Task[bool]] = set()  # and who has found nothing to do
        self._watched = False  # one of the idle looks whether more has come
        self._changed = asyncio.Event()  # one has ended, or become idle, or given a mail back
        self._error: BaseException | None = None  # what the work raised: nothing new is started
        self._unwritten: list[tuple[Connection, bytes]] = []  # leaves as soon as all who wait have been told
        self.away = ""  # why the relay cannot be used any more

    async def drain(self, relay: Relay, first: Connection) -> bool:
        """Deliver over this relay, beginning with this connection; False: it went away with work left."""
        self._limit = self._connections
        self._most = _ANY_NUMBER
        self._start(relay, first)
        try:
            while True:
                usable = await self._join(relay)
                if self._error is not None:
                    raise self._error
                if not self._more():
                    return True
                if not usable:
                    return False
                self._start(relay, None)  # work came when the last connection was closing
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _join(self, relay: Relay) -> bool:
        """Wait until no connection is left; tell whether the last to end had found nothing to do any more."""
        usable = False
        while self._tasks:
            self._changed.clear()
            ended = {task for task in self._tasks if task.done()}
            if not ended:
                await self._changed.wait()
                continue
            self._tasks -= ended
            for task in ended:
                error = task.exception()  # asked of each: asyncio prints those that nobody asked for
                self._error = self._error or error
            usable = self._error is None and any(task.result() for task in ended)
            if usable or self._error is not None:
                await self._wait_for_no_greeting(relay)
        return usable

    async def _wait_for_no_greeting(self, relay: Relay) -> None:
        """Let no connection that the relay has not greeted hold up the end of the run, nor what comes next.

        A server whose queue of new connections was full may never hear of one that we take for open.
        """
        if self._more():
            if self._tasks <= self._connecting:
                self._start(relay, None)
            return
        nobody_greeted = self._tasks & self._connecting
        self._tasks -= nobody_greeted
        for task in nobody_greeted:
            task.cancel()
        await asyncio.gather(*nobody_greeted, return_exceptions=True)

    async def release(self, reason: str) -> None:
        """Give back as Deferred what was taken and never left."""
        outcomes = [(delivery, Deferred(reason)) for mail in self._waiting for delivery, _ in mail.recipients]
        self._waiting.clear()
        if outcomes:
            await self.work.settle(outcomes, ())

    def _start(self, relay: Relay, connection: Connection | None) -> None:
        task = asyncio.create_task(self._use(relay, connection))
        task.add_done_callback(self._change)
        self._tasks.add(task)

    def _change(self, _ended: asyncio.Task[bool] | None = None) -> None:
        self._changed.set()

    async def _use(self, relay: Relay, connection: Connection | None) -> bool:
        """Deliver over one connection after another until nothing is left; False: the relay is of no use."""
        barren = 0
        while barren < _PATIENCE and (connection is not None or self._more()):
            if connection is None:
                try:
                    connection = await self._connect(relay)
                except RelayAway as away:
                    self.away = str(away)
                    self._limit = max(1, sum(not task.done() for task in self._tasks) - 1)
                    return False
            try:
                ending = await self._deliver(relay, connection)
            finally:
                await connection.close()
            if ending == "drained":
                return True
            self.away = f"{relay.name}: {connection.lost}"
            log.event("relay.lost", level="warning", relay=relay.name, reason=connection.lost)
            barren = barren + 1 if ending == "barren" else 0
            connection = None
        return barren < _PATIENCE

    async def _connect(self, relay: Relay) -> Connection:
        """Return a further connection of the task that asks for it. Raises RelayAway."""
        task = _own_task()
        self._idle.discard(task)
        self._connecting.add(task)
        try:
            return await connect(relay, self._hostname, self._timeouts)
        finally:
            self._connecting.discard(task)

    async def _deliver(
        self, relay: Relay, connection: Connection
    ) -> Literal["drained", "interrupted", "barren"]:
        """Send mail after mail over one connection; barren: it was lost before a single mail was answered."""
        outcomes: list[tuple[int, Outcome]] = []  # not yet settled
        useful, first = False, True
        envelope = await self._begin(relay, connection, outcomes)
        while envelope is not None:
            outcomes += envelope.refused
            if envelope.crowded_out and connection.lost is None:
                envelope = self._send_apart(envelope)
            starting = envelope.starting if connection.lost is None else ()
            if not await self._settle(tuple(outcomes), starting) and starting:
                # After 354 there is no other way not to send it: an empty content would be a mail.
                connection.end("the lease of the mail was lost")
                return "interrupted"
            outcomes.clear()
            useful = useful or (envelope.answered and not envelope.starting)
            if envelope.go_on and not envelope.accepted and connection.lmtp:
                connection.end("the server wants content for no recipient")  # and would answer it nothing
            if connection.lost is not None:
                await self._give_back(envelope, connection.lost, again=not first)
                break
            first = False
            if envelope.starting and connection.extensions.pipelining and not connection.lmtp:
                stream = _Stream(self, relay, connection, outcomes)
                envelope = await stream.run(envelope)
                useful = useful or stream.useful
            else:
                head, count = ending(envelope, lmtp=connection.lmtp)
                following = self.next(relay, connection, outcomes)
                replies = await exchange(connection, head, count, following)
                if envelope.starting:
                    outcomes += read_content(envelope.starting, replies[:count], connection)
                    useful = useful or bool(replies)
                envelope = following and read_replies(following, replies[count:], connection.lost)
            if envelope is None:
                envelope = await self._begin(relay, connection, outcomes)
        if connection.lost is not None:
            return "interrupted" if useful else "barren"
        await connection.ask(b"QUIT\r\n", 1, self._timeouts.quit)
        return "drained"

    async def _begin(
        self, relay: Relay, connection: Connection, outcomes: list[tuple[int, Outcome]]
    ) -> EnvelopeReplies | None:
        """Send the envelope of a mail that no content goes before; None: nothing is left, and all is settled."""
        mail = self.next(relay, connection, outcomes) if connection.lost is None else None
        while mail is None and (outcomes or (connection.lost is None and await self._soon())):
            if outcomes:
                await self._settle(tuple(outcomes), ())
                outcomes.clear()
            mail = self.next(relay, connection, outcomes) if connection.lost is None else None
        if mail is None:
            return None
        return read_replies(mail, await exchange(connection, b"", 0, mail), connection.lost)

    async def _settle(self, outcomes: Sequence[tuple[int, Outcome]], starting: Sequence[int]) -> bool:
        try:
            return await self.work.settle(outcomes, starting)
        except Exception as error:
            self.fail(error)
            raise

    def fail(self, error: BaseException) -> None:
        """Start nothing new: the work raised this."""
        self._error = self._error or error

    def write_soon(self, connection: Connection, data: bytes) -> None:
        """Write this when what else is ready to leave is ready, too: the relay is then woken up once, and so are we."""
        if not self._unwritten:
            asyncio.get_running_loop().call_soon(self._write)
        self._unwritten.append((connection, data))

    def _write(self) -> None:
        unwritten, self._unwritten = self._unwritten, []
        for connection, data in unwritten:
            connection.write(data)

    async def _give_back(self, envelope: EnvelopeReplies, reason: str, *, again: bool) -> None:
        """Let another connection take a mail whose content was not written, or defer it: it may be the reason."""
        left = envelope.unanswered
        if left is None:
            return
        if again:
            self._waiting.appendleft(left)
            self._change()
        else:
            await self._settle([(delivery, Deferred(reason)) for delivery, _ in left.recipients], ())

    def _send_apart(self, envelope: EnvelopeReplies) -> EnvelopeReplies:
        """Let those for whom there was no room go in the next transaction, none of which is larger; returns the others'."""
        left = only(envelope.mail.transaction, envelope.crowded_out)
        assert left is not None, "somebody was crowded out"
        self._waiting.appendleft(left)
        self._change()
        others = tuple(delivery for delivery in envelope.mail.ids if delivery not in envelope.crowded_out)
        self._most = min(self._most, len(others))
        return replace(envelope, mail=envelope.mail._replace(ids=others), crowded_out=())

    def next(
        self, relay: Relay, connection: Connection, outcomes: list[tuple[int, Outcome]]
    ) -> Prepared | None:
        """Return the next mail that can be asked on this connection; those that cannot are outcomes."""
        while self._error is None:
            transaction = self._waiting.popleft() if self._waiting else self.work.take()
            if transaction is None:
                break
            if len(transaction.recipients) > self._most:
                now, later = transaction.recipients[: self._most], transaction.recipients[self._most :]
                self._waiting.appendleft(transaction._replace(recipients=later))
                transaction = transaction._replace(recipients=now)
            mail, refused = prepare(transaction, connection.extensions, self._downgrade)
            outcomes += refused
            if mail is not None:
                limit = self._limit if len(mail.ids) < _MANY else (self._limit + 1) // 2
                if len(self._tasks) < limit:
                    self._grow(relay, limit)
                return mail
        return None

    def _more(self) -> bool:
        """Look whether there is anything to do, one mail ahead."""
        if self._error is not None:
            return False
        if not self._waiting:
            mail = self.work.take()
            if mail is None:
                return False
            self._waiting.append(mail)
        return True

    async def _soon(self) -> bool:
        """Wait for what is being made ready; tell whether there is anything to do.

        As long as the server thinks about another connection's mail, for ten minutes perhaps, one stays for what comes next.
        """
        task = _own_task()
        self._idle.add(task)
        self._change()
        while self._error is None:
            if self._waiting or await self.work.ready():
                self._idle.discard(task)
                return True
            if self._watched or not self._others_busy():
                return False
            self._watched = True
            self._changed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_SECONDS):
                    await self._changed.wait()
            self._watched = False
        return False

    def _others_busy(self) -> bool:
        """Tell whether a mail is under way on any connection but those that found nothing to do."""
        return any(not task.done() for task in self._tasks - self._idle - self._connecting)

    def _grow(self, relay: Relay, limit: int) -> None:
        """Open a further connection for each further mail, up to so many."""
        while len(self._tasks) < limit:
            mail = self.work.take()
            if mail is None:
                return
            self._waiting.append(mail)
            self._start(relay, None)


class _Stream:
    """Mail after mail over one connection as long as all goes well, by callbacks: no task wakes up for a mail.

    The steps are those of `_Run._deliver`. At the first that is not as usual the stream ends, and they go on there.
    """

    def __init__(
        self, run: _Run, relay: Relay, connection: Connection, outcomes: list[tuple[int, Outcome]]
    ) -> None:
        self._run = run
        self._relay = relay
        self._connection = connection
        self._outcomes = outcomes  # not yet settled
        self._starting: Sequence[int] = ()  # whom the content that was written is for
        self._following: Prepared | None = None
        self._expected = 1  # replies to what was written last
        self._end: asyncio.Future[EnvelopeReplies | None] = asyncio.get_running_loop().create_future()
        self.useful = False  # something was answered

    async def run(self, envelope: EnvelopeReplies) -> EnvelopeReplies | None:
        """Send the content of a mail that is marked, and what comes after it.

        Returns what was said to the mail at which the stream ended, of which no content was written; None: no mail followed.
        """
        self._send(envelope.mail, envelope.starting)
        return await self._end

    def _send(self, mail: Prepared, starting: Sequence[int]) -> None:
        """Write the content of a mail, its final dot, and what asks for the next."""
        self._starting = starting
        self._following = self._run.next(self._relay, self._connection, self._outcomes)
        dialogue, asked = b"", 0
        if self._following is not None:
            dialogue, asked = self._following.dialogue, self._following.asked
        self._expected = 1 + asked
        connection, seconds = self._connection, self._connection.timeouts.dot
        if len(mail.content) + len(mail.tail) > _LONG:
            end = b".\r\n" + dialogue
            connection.say(
                b"",
                self._expected,
                seconds,
                self._answered,
                lambda one, _: one.write_long(mail.content, mail.tail, end),
            )
            return
        data = b"".join((mail.content, mail.tail, b".\r\n", dialogue))
        connection.say(data, self._expected, seconds, self._answered, self._run.write_soon)

    def _answered(self, replies: list[SmtpReply]) -> None:
        if not self._end.done():
            try:
                self._read(replies)
            except BaseException as error:  # noqa: BLE001  whoever waits for the end raises it
                self._end.set_exception(error)

    def _read(self, replies: list[SmtpReply]) -> None:
        """Read what became of a mail, and let the next be marked if the server waits for all of it."""
        connection, following = self._connection, self._following
        if following is None:
            self.useful = self.useful or bool(replies)
            self._outcomes += read_content(self._starting, replies, connection)
            self._end.set_result(None)
            return
        if (
            len(replies) == self._expected
            and connection.lost is None
            and replies[-1].code == 354
            and max(map(_code, replies[:-1])) < 300
        ):
            self.useful = True
            sent = Sent(replies[0].words)
            outcomes = [*self._outcomes, *zip(self._starting, repeat(sent))]
            self._outcomes.clear()
            self._run.work.mark(outcomes, following.ids, self._marked)
            return
        replies = in_step(connection, replies, self._expected)
        self.useful = self.useful or bool(replies)
        self._outcomes += read_content(self._starting, replies[:1], connection)
        self._end.set_result(read_replies(following, replies[1:], connection.lost))

    def _marked(self, ours: bool, error: Exception | None) -> None:
        """Go on with the next mail, which is marked now, unless it may not leave."""
        if error is not None:
            self._run.fail(error)
        mail = self._following
        if self._end.done() or mail is None:
            return
        if error is not None:
            self._end.set_exception(error)
        elif self._connection.lost is not None or not ours:
            self._end.set_result(EnvelopeReplies(mail, mail.ids, [], go_on=True, answered=True))
        else:
            try:
                self._send(mail, mail.ids)
            except BaseException as fault:  # noqa: BLE001  as above
                self._end.set_exception(fault)
