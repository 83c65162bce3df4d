"""Deliver mail to a relay by SMTP or LMTP as fast as it can listen (RFC 5321, RFC 2033, RFC 2920).

One connection holds at most one mail in doubt: before the content of a mail is written, `work.settle` has made
durable that it is starting and what became of the mail before it (promises.md I9). The content, its final dot and
the next mail's MAIL, RCPT and DATA leave in one write. What becomes of a mail when its connection is lost:

    its final dot was never written     another connection takes it; if it was the first on this one, Deferred
    after the dot, before the reply     Deferred(unknown=True)
"""

from __future__ import annotations

import asyncio
import base64
import re
import socket
import ssl
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from ipaddress import ip_address
from itertools import repeat
from operator import itemgetter
from typing import Literal, cast

from mailbot import log
from mailbot.core.mail.delivery import Deferred, MarkedWork, Outcome, Sent, Transaction
from mailbot.core.mail.relay import Relay, RelayAway
from mailbot.core.mail.smtp_wire import (
    Extensions,
    GarbledReply,
    Prepared,
    Reply,
    ReplyCutter,
    only,
    parse_extensions,
    prepare,
)

_HOST_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[A-Za-z0-9:.]+\]")
Answered = Callable[[list[Reply]], None]
_OVERSLEPT = 1.0  # seconds that a deadline is looked at too late: the replies may have come while we waited for a commit
_ANY_NUMBER = 1 << 30
_LONG = 131_072  # octets from which a content is not joined, but written as the server takes it
_SLICE = 65_536  # octets of it that are written at once
_code = itemgetter(0)  # of a reply
_LOOK_SECONDS = 1.0  # while a server thinks about one mail, an idle connection looks for others so often
_MANY = 50  # recipients of a mail of which half as many connections have enough: a kill leaves all of them in doubt (I9)
_PATIENCE = 3  # connections in a row on which nothing was answered, before a relay counts as away


@dataclass(frozen=True)
class Timeouts:
    """Seconds to wait for the next reply, by what was asked last (RFC 5321 4.5.3.2)."""

    connect: float = 30  # ours: name look-up, TCP and TLS
    greeting: float = 300  # also EHLO, STARTTLS, AUTH
    envelope: float = 300  # MAIL, RCPT, DATA
    dot: float = 600  # also for the content to leave
    quit: float = 5  # ours: all is settled by then


_RFC_TIMEOUTS = Timeouts()


async def send(
    relays: Sequence[Relay],
    work: MarkedWork,
    *,
    hostname: str,
    downgrade: Callable[[bytes], bytes],
    connections: int = 10,
    timeouts: Timeouts = _RFC_TIMEOUTS,
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
            first = await _connect(relay, hostname, timeouts)
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


async def greet(relay: Relay, *, hostname: str, timeouts: Timeouts = _RFC_TIMEOUTS) -> Extensions:
    """Connect to a relay as for sending, say QUIT, and return what it offers. Raises RelayAway."""
    connection = await _connect(relay, hostname, timeouts)
    try:
        await connection.ask(b"QUIT\r\n", 1, timeouts.quit)
    finally:
        await connection.close()
    return connection.extensions


class _Connection(asyncio.Protocol):
    """One connection: writes, and matches the replies that come to what was asked."""

    def __init__(self, timeouts: Timeouts) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._cutter = ReplyCutter()
        self._replies: list[Reply] = []
        self._wanted = 1  # the greeting comes unasked
        self.greeting: asyncio.Future[list[Reply]] = self._loop.create_future()  # comes when it likes
        self._answered: Answered | None = partial(_give, self.greeting)
        self._patience = timeouts.greeting
        self._deadline = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._closed: asyncio.Future[None] = self._loop.create_future()
        self._unwritten: deque[memoryview] = deque()  # of a long content
        self._paused = False  # the server does not take as fast as we write
        self.timeouts = timeouts
        self.extensions = Extensions()
        self.lmtp = False
        self.lost: str | None = None  # why nothing can be asked any more
        self.out_of_step = False  # a reply came that answers nothing: those before it prove nothing

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        sock = transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._wait(self._patience)

    def data_received(self, data: bytes) -> None:
        if self.lost is not None:
            return
        if not self._take(data):
            return
        if self._replies:
            if len(self._replies) == self._wanted:
                self._give_answer()
            else:
                self._wait(self._patience)

    def _take(self, data: bytes) -> bool:
        """Take the replies that these bytes complete; False: they ended the connection."""
        try:
            usual = self._cutter.usual(data)
            if usual is not None and len(self._replies) + len(usual) <= self._wanted:
                self._replies += usual
                return True
            for reply in self._cutter.feed(data):
                if len(self._replies) == self._wanted and reply.code != 421:
                    self.fall_out_of_step(f"the server answered what was not asked: {reply.words}")
                    return False
                if len(self._replies) < self._wanted:
                    self._replies.append(reply)
                if reply.code == 421:
                    self.end(reply.words)
                    return False
        except GarbledReply as garbled:
            self.end(str(garbled))
            return False
        return True

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        self._wait(self._patience)  # the content is still leaving: the server cannot have been asked yet
        self._write_on()

    def connection_lost(self, exc: Exception | None) -> None:
        self.end(f"the connection was lost: {exc}" if exc else "the server closed the connection")
        if not self._closed.done():
            self._closed.set_result(None)

    def ask(self, data: bytes, count: int, seconds: float) -> asyncio.Future[list[Reply]]:
        """Write, and return what will be the `count` replies; fewer when the connection ends (then `lost` is set)."""
        answer: asyncio.Future[list[Reply]] = self._loop.create_future()
        self.say(data, count, seconds, partial(_give, answer))
        return answer

    def say(
        self,
        data: bytes,
        count: int,
        seconds: float,
        answered: Answered,
        later: Callable[[_Connection, bytes], None] | None = None,
    ) -> None:
        """Write, and call back with the replies as `ask` returns them: no task has to wake up for them.

        `later` is to write it soon, together with what other connections say.
        """
        self._answered = answered
        if self.lost is not None or self._transport is None:
            self._give_answer()
            return
        self._wanted = count
        self._wait(seconds)
        if later is None:
            self.write(data)
        else:
            later(self, data)

    def write(self, data: bytes) -> None:
        """Write what `say` was told, unless the connection is lost."""
        if self.lost is None and self._transport is not None:
            self._transport.write(data)

    def write_long(self, *pieces: bytes) -> None:
        """Write these as the server takes them, not joined: a long content is one that other connections write, too."""
        self._unwritten.extend(
            memoryview(piece)[at : at + _SLICE] for piece in pieces for at in range(0, len(piece), _SLICE)
        )
        self._write_on()

    def _write_on(self) -> None:
        while self._unwritten and not self._paused and self.lost is None and self._transport is not None:
            self._transport.write(self._unwritten.popleft())

    def end(self, reason: str) -> None:
        """Close at once; whoever waits gets the replies that came so far."""
        if self.lost is not None:
            return
        self.lost = reason
        self._unwritten.clear()
        if self._timer is not None:
            self._timer.cancel()
        if self._transport is not None:
            self._transport.abort()
        if self._answered is not None:
            self._give_answer()

    def fall_out_of_step(self, reason: str) -> None:
        """Close, since the replies cannot be matched to what was asked."""
        self.out_of_step = True
        self.end(reason)

    async def close(self) -> None:
        """Close, and wait until the socket is gone."""
        self.end("closed by us")
        await asyncio.wait({self._closed}, timeout=1)

    async def start_tls(self, context: ssl.SSLContext, host: str) -> None:
        """Go on in TLS. Raises OSError or ssl.SSLError when the handshake fails.

        Bytes that came behind the server's 220 would be read as if they had come protected: they end the connection.
        """
        if self._cutter.pending:
            self.end("the server sent bytes behind its answer to STARTTLS")
        if self.lost is not None or self._transport is None:
            raise ConnectionError(self.lost)
        transport = await self._loop.start_tls(
            self._transport, self, context, server_hostname=host, ssl_handshake_timeout=self.timeouts.connect
        )
        if transport is None:
            raise ConnectionError("the connection was lost in the TLS handshake")
        self._transport = transport

    @property
    def confidential(self) -> bool:
        """Tell whether a password may be said: in TLS, or on this machine."""
        if self._transport is None:
            return False
        peer = self._transport.get_extra_info("peername")
        protected = self._transport.get_extra_info("ssl_object") is not None
        return protected or (isinstance(peer, tuple) and ip_address(peer[0].partition("%")[0]).is_loopback)

    def _give_answer(self) -> None:
        answered, self._answered = self._answered, None
        replies, self._replies = self._replies, []
        self._wanted = 0
        if answered is not None:
            answered(replies)

    def _wait(self, seconds: float) -> None:
        """Begin to wait anew. One timer serves many waits: it looks at the deadline when it fires."""
        self._patience = seconds
        self._deadline = self._loop.time() + seconds
        if self._timer is None:
            self._timer = self._loop.call_at(self._deadline, self._look_at_clock)
        elif self._timer.when() > self._deadline:
            self._timer.cancel()
            self._timer = self._loop.call_at(self._deadline, self._look_at_clock)

    def _look_at_clock(self) -> None:
        self._timer = None
        if self._answered is None:
            return
        late = self._loop.time() - self._deadline
        if late > _OVERSLEPT:
            self._deadline += late + _OVERSLEPT
        if late < 0 or late > _OVERSLEPT:
            self._timer = self._loop.call_at(self._deadline, self._look_at_clock)
        else:
            self.end(f"no answer within {self._patience:g} s")


def _give(answer: asyncio.Future[list[Reply]], replies: list[Reply]) -> None:
    if not answer.done():
        answer.set_result(replies)


class _TlsFailed(RelayAway):
    """The handshake after STARTTLS failed."""


async def _connect(relay: Relay, hostname: str, timeouts: Timeouts) -> _Connection:
    """Return a connection on which mail can be sent. Raises RelayAway."""
    try:
        return await _connect_once(relay, hostname, timeouts)
    except _TlsFailed as failed:
        if relay.tls == "require":
            raise
        log.event("relay.tls_failed", level="warning", relay=relay.name, reason=str(failed))
        return await _connect_once(replace(relay, tls="none"), hostname, timeouts)


async def _connect_once(relay: Relay, hostname: str, timeouts: Timeouts) -> _Connection:
    context = _context(relay) if relay.scheme == "smtps" else None
    try:
        async with asyncio.timeout(timeouts.connect):
            _, connection = await asyncio.get_running_loop().create_connection(
                lambda: _Connection(timeouts), relay.host, relay.port, ssl=context
            )
    except TimeoutError:
        raise RelayAway(f"{relay.name}: no connection within {timeouts.connect:g} s") from None
    except (OSError, UnicodeError) as error:
        raise RelayAway(f"{relay.name}: {error}") from error
    try:
        await _introduce(connection, relay, hostname)
    except BaseException:
        await connection.close()
        raise
    return connection


async def _introduce(connection: _Connection, relay: Relay, hostname: str) -> None:
    """Hear the greeting, say EHLO, protect the connection and log in, as far as the relay is to be used so."""
    connection.lmtp = relay.scheme == "lmtp"
    _require(relay, connection, await connection.greeting, 220, "its greeting")
    await _say_hello(connection, relay, hostname)
    if relay.scheme != "smtps" and relay.tls != "none":
        if connection.extensions.starttls:
            await _start_tls(connection, relay)
            await _say_hello(connection, relay, hostname)
        elif relay.tls == "require":
            raise RelayAway(f"{relay.name}: it does not offer STARTTLS, which tls=require needs")
    if relay.user is not None:
        await _log_in(connection, relay)


async def _say_hello(connection: _Connection, relay: Relay, hostname: str) -> None:
    verb = "LHLO" if connection.lmtp else "EHLO"
    seconds = connection.timeouts.greeting
    replies = await connection.ask(f"{verb} {hostname}\r\n".encode(), 1, seconds)
    if replies and replies[0].code in {500, 502, 504} and not connection.lmtp:
        _require(
            relay, connection, await connection.ask(f"HELO {hostname}\r\n".encode(), 1, seconds), 250, "HELO"
        )
        connection.extensions = Extensions()
        return
    connection.extensions = parse_extensions(_require(relay, connection, replies, 250, verb))


async def _start_tls(connection: _Connection, relay: Relay) -> None:
    replies = await connection.ask(b"STARTTLS\r\n", 1, connection.timeouts.greeting)
    if replies and replies[0].code != 220 and relay.tls == "opportunistic" and connection.lost is None:
        raise _TlsFailed(f"{relay.name}: STARTTLS was answered {replies[0].words}")
    _require(relay, connection, replies, 220, "STARTTLS")
    if connection.out_of_step:
        raise RelayAway(f"{relay.name}: {connection.lost}")
    try:
        await connection.start_tls(_context(relay), relay.host)
    except OSError as error:
        raise _TlsFailed(f"{relay.name}: TLS failed: {error}") from error


def _context(relay: Relay) -> ssl.SSLContext:
    if relay.tls == "require" or relay.scheme == "smtps":
        return ssl.create_default_context()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False  # any encryption is better than none, which is what it falls back to
    context.verify_mode = ssl.CERT_NONE
    return context


async def _log_in(connection: _Connection, relay: Relay) -> None:
    """AUTH PLAIN (RFC 4616), never where somebody could listen."""
    if not connection.confidential:
        raise RelayAway(f"{relay.name}: the password is not said without TLS; set tls=require")
    if not connection.extensions.auth_plain:
        raise RelayAway(f"{relay.name}: it does not offer AUTH PLAIN")
    secret = base64.b64encode(f"\0{relay.user}\0{relay.password or ''}".encode())
    replies = await connection.ask(b"AUTH PLAIN " + secret + b"\r\n", 1, connection.timeouts.greeting)
    _require(relay, connection, replies, 235, "AUTH")


def _require(relay: Relay, connection: _Connection, replies: list[Reply], code: int, asked: str) -> Reply:
    if not replies:
        raise RelayAway(f"{relay.name}: {connection.lost}")
    if replies[0].code != code or connection.lost is not None:
        raise RelayAway(f"{relay.name}: {asked} was answered {replies[0].words}")
    return replies[0]


@dataclass(frozen=True, slots=True)
class _Envelope:
    """What a server said to one mail's MAIL, RCPT and DATA."""

    mail: Prepared
    accepted: tuple[int, ...]  # delivery ids that the content would reach
    refused: list[tuple[int, Outcome]]
    go_on: bool  # 354: the server waits for content
    answered: bool  # False: the connection was lost before the end
    crowded_out: tuple[int, ...] = ()  # who found no room in this transaction, and goes in the next

    @property
    def starting(self) -> tuple[int, ...]:
        """The deliveries that begin when the content is written."""
        return self.accepted if self.go_on else ()

    @property
    def unanswered(self) -> Transaction | None:
        """What another connection can still take."""
        return only(self.mail.transaction, set(self.mail.ids) - {delivery for delivery, _ in self.refused})


def _read_envelope(mail: Prepared, replies: Sequence[Reply], lost: str | None) -> _Envelope:
    """Match the replies to the commands; there are fewer when the rest was not asked, or the connection is lost.

    A 421 ends a connection and says nothing about a recipient.
    """
    if lost is not None and replies and replies[-1].code == 421:
        replies = replies[:-1]
    if not replies:
        return _Envelope(mail, (), [], go_on=False, answered=False)
    data = replies[-1] if len(replies) == mail.asked else None
    go_on = data is not None and data.code == 354
    if replies[0].code >= 300:
        refusal = _refusal(replies[0])
        return _Envelope(mail, (), [(delivery, refusal) for delivery in mail.ids], go_on, answered=True)
    answers = list(zip(mail.ids, replies[1:], strict=False))  # to RCPT
    accepted = tuple([delivery for delivery, reply in answers if reply.code < 300])
    crowded_out = _crowded_out(answers) if accepted else ()
    refused = [
        (delivery, _refusal(reply))
        for delivery, reply in answers
        if reply.code >= 300 and delivery not in crowded_out
    ]
    if data is not None and not go_on:
        refused += [(delivery, _refusal(data)) for delivery in accepted]
        accepted = ()
    answered = data is not None or lost is None or len(refused) == len(mail.ids)
    return _Envelope(mail, accepted, refused, go_on, answered, crowded_out)


def _crowded_out(answers: Sequence[tuple[int, Reply]]) -> tuple[int, ...]:
    """Return the last recipients in a row who were one too many (RFC 5321 4.5.3.1.10, 552 as older servers say it).

    A mailbox that is full is another matter, though it has the same code.
    """
    crowded_out: list[int] = []
    for delivery, reply in reversed(answers):
        too_many = reply.code == 452 and not reply.text.startswith("4.2.")
        if not (too_many or (reply.code == 552 and reply.text.startswith("5.5.3"))):
            break
        crowded_out.append(delivery)
    return tuple(reversed(crowded_out))


def _refusal(reply: Reply) -> Outcome:
    """Return what a reply means that did not let the mail go on, whatever it says."""
    return reply.outcome if reply.code >= 400 else Deferred(reply.words)


def _read_content(
    starting: Sequence[int], replies: Sequence[Reply], connection: _Connection
) -> list[tuple[int, Outcome]]:
    """Match the replies to the final dot: one for all, or in LMTP one for each; without one nobody knows."""
    if len(replies) == 1 and not connection.lmtp and not 300 <= replies[0].code < 400:
        outcome = replies[0].outcome
        return [(delivery, outcome) for delivery in starting]
    unknown = Deferred(f"lost after the final dot: {connection.lost}", unknown=True)
    verdicts: list[Outcome] = [unknown if 300 <= reply.code < 400 else reply.outcome for reply in replies]
    if not connection.lmtp:
        verdict = verdicts[0] if verdicts else unknown
        return [(delivery, verdict) for delivery in starting]
    verdicts += [unknown] * (len(starting) - len(verdicts))
    return list(zip(starting, verdicts, strict=True))


async def _exchange(connection: _Connection, head: bytes, count: int, mail: Prepared | None) -> list[Reply]:
    """Send what ends one mail (`count` replies) and the envelope of the next: in one write if the server may."""
    seconds = connection.timeouts.dot if count else connection.timeouts.envelope
    if mail is None:
        return await connection.ask(head, count, seconds)
    if not connection.extensions.pipelining:
        replies = await connection.ask(head, count, seconds) if count else []
        replies += await _ask_in_turn(connection, mail)
    else:
        replies = await connection.ask(head + mail.dialogue, count + mail.asked, seconds)
    return _in_step(connection, replies, count + mail.asked)


def _in_step(connection: _Connection, replies: list[Reply], wanted: int) -> list[Reply]:
    """Return the replies up to that to DATA; none when they do not answer what was asked."""
    if len(replies) == wanted and replies[-1].code < 400 and replies[-1].code != 354:
        connection.fall_out_of_step(f"the server answered DATA with {replies[-1].words}")
    return [] if connection.out_of_step else replies


async def _ask_in_turn(connection: _Connection, mail: Prepared) -> list[Reply]:
    """Ask the commands of an envelope one by one (no PIPELINING), and only those that still make sense."""
    replies: list[Reply] = []
    for command in mail.commands:
        answer = await connection.ask(command, 1, connection.timeouts.envelope)
        replies += answer
        mail_refused = replies[:1] and replies[0].code >= 300
        none_accepted = len(replies) == mail.asked - 1 and all(reply.code >= 300 for reply in replies[1:])
        if not answer or mail_refused or none_accepted:
            break
    return replies


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
        self._unwritten: list[tuple[_Connection, bytes]] = []  # leaves as soon as all who wait have been told
        self.away = ""  # why the relay cannot be used any more

    async def drain(self, relay: Relay, first: _Connection) -> bool:
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

    def _start(self, relay: Relay, connection: _Connection | None) -> None:
        task = asyncio.create_task(self._use(relay, connection))
        task.add_done_callback(self._change)
        self._tasks.add(task)

    def _change(self, _ended: asyncio.Task[bool] | None = None) -> None:
        self._changed.set()

    async def _use(self, relay: Relay, connection: _Connection | None) -> bool:
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

    async def _connect(self, relay: Relay) -> _Connection:
        """Return a further connection of the task that asks for it. Raises RelayAway."""
        task = _own_task()
        self._idle.discard(task)
        self._connecting.add(task)
        try:
            return await _connect(relay, self._hostname, self._timeouts)
        finally:
            self._connecting.discard(task)

    async def _deliver(
        self, relay: Relay, connection: _Connection
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
                head, count = _ending(envelope, lmtp=connection.lmtp)
                following = self.next(relay, connection, outcomes)
                replies = await _exchange(connection, head, count, following)
                if envelope.starting:
                    outcomes += _read_content(envelope.starting, replies[:count], connection)
                    useful = useful or bool(replies)
                envelope = following and _read_envelope(following, replies[count:], connection.lost)
            if envelope is None:
                envelope = await self._begin(relay, connection, outcomes)
        if connection.lost is not None:
            return "interrupted" if useful else "barren"
        await connection.ask(b"QUIT\r\n", 1, self._timeouts.quit)
        return "drained"

    async def _begin(
        self, relay: Relay, connection: _Connection, outcomes: list[tuple[int, Outcome]]
    ) -> _Envelope | None:
        """Send the envelope of a mail that no content goes before; None: nothing is left, and all is settled."""
        mail = self.next(relay, connection, outcomes) if connection.lost is None else None
        while mail is None and (outcomes or (connection.lost is None and await self._soon())):
            if outcomes:
                await self._settle(tuple(outcomes), ())
                outcomes.clear()
            mail = self.next(relay, connection, outcomes) if connection.lost is None else None
        if mail is None:
            return None
        return _read_envelope(mail, await _exchange(connection, b"", 0, mail), connection.lost)

    async def _settle(self, outcomes: Sequence[tuple[int, Outcome]], starting: Sequence[int]) -> bool:
        try:
            return await self.work.settle(outcomes, starting)
        except Exception as error:
            self.fail(error)
            raise

    def fail(self, error: BaseException) -> None:
        """Start nothing new: the work raised this."""
        self._error = self._error or error

    def write_soon(self, connection: _Connection, data: bytes) -> None:
        """Write this when what else is ready to leave is ready, too: the relay is then woken up once, and so are we."""
        if not self._unwritten:
            asyncio.get_running_loop().call_soon(self._write)
        self._unwritten.append((connection, data))

    def _write(self) -> None:
        unwritten, self._unwritten = self._unwritten, []
        for connection, data in unwritten:
            connection.write(data)

    async def _give_back(self, envelope: _Envelope, reason: str, *, again: bool) -> None:
        """Let another connection take a mail whose content was not written, or defer it: it may be the reason."""
        left = envelope.unanswered
        if left is None:
            return
        if again:
            self._waiting.appendleft(left)
            self._change()
        else:
            await self._settle([(delivery, Deferred(reason)) for delivery, _ in left.recipients], ())

    def _send_apart(self, envelope: _Envelope) -> _Envelope:
        """Let those for whom there was no room go in the next transaction, none of which is larger; returns the others'."""
        left = only(envelope.mail.transaction, envelope.crowded_out)
        assert left is not None, "somebody was crowded out"
        self._waiting.appendleft(left)
        self._change()
        others = tuple(delivery for delivery in envelope.mail.ids if delivery not in envelope.crowded_out)
        self._most = min(self._most, len(others))
        return replace(envelope, mail=envelope.mail._replace(ids=others), crowded_out=())

    def next(
        self, relay: Relay, connection: _Connection, outcomes: list[tuple[int, Outcome]]
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
        self, run: _Run, relay: Relay, connection: _Connection, outcomes: list[tuple[int, Outcome]]
    ) -> None:
        self._run = run
        self._relay = relay
        self._connection = connection
        self._outcomes = outcomes  # not yet settled
        self._starting: Sequence[int] = ()  # whom the content that was written is for
        self._following: Prepared | None = None
        self._expected = 1  # replies to what was written last
        self._end: asyncio.Future[_Envelope | None] = asyncio.get_running_loop().create_future()
        self.useful = False  # something was answered

    async def run(self, envelope: _Envelope) -> _Envelope | None:
        """Send the content of a mail that is marked, and what comes after it.

        Returns the envelope at which the stream ended, of which no content was written; None: no mail followed.
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

    def _answered(self, replies: list[Reply]) -> None:
        if not self._end.done():
            try:
                self._read(replies)
            except BaseException as error:  # noqa: BLE001  whoever waits for the end raises it
                self._end.set_exception(error)

    def _read(self, replies: list[Reply]) -> None:
        """Read what became of a mail, and let the next be marked if the server waits for all of it."""
        connection, following = self._connection, self._following
        if following is None:
            self.useful = self.useful or bool(replies)
            self._outcomes += _read_content(self._starting, replies, connection)
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
        replies = _in_step(connection, replies, self._expected)
        self.useful = self.useful or bool(replies)
        self._outcomes += _read_content(self._starting, replies[:1], connection)
        self._end.set_result(_read_envelope(following, replies[1:], connection.lost))

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
            self._end.set_result(_Envelope(mail, mail.ids, [], go_on=True, answered=True))
        else:
            try:
                self._send(mail, mail.ids)
            except BaseException as fault:  # noqa: BLE001  as above
                self._end.set_exception(fault)


def _ending(envelope: _Envelope, *, lmtp: bool) -> tuple[bytes, int]:
    """Return what ends this mail on the wire, and how many replies that gets (RFC 2920 3.1, RFC 2033 4.2)."""
    if envelope.starting:
        mail = envelope.mail
        return b"".join((mail.content, mail.tail, b".\r\n")), len(envelope.accepted) if lmtp else 1
    if envelope.go_on:
        return b".\r\n", 1
    return b"RSET\r\n", 1
