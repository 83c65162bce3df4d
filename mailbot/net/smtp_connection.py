"""One connection to a relay: opened, protected, logged in (RFC 5321, 3207, 4954); what is written gets its replies."""

from __future__ import annotations

import asyncio
import base64
import socket
import ssl
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from ipaddress import ip_address
from typing import cast

from mailbot import log
from mailbot.core.transfer.relay import Relay, RelayAway
from mailbot.core.transfer.smtp_wire import Extensions, GarbledReply, ReplyCutter, SmtpReply, parse_extensions

Answered = Callable[[list[SmtpReply]], None]
_OVERSLEPT = 1.0  # seconds that a deadline is looked at too late: the replies may have come while we waited for a commit
_SLICE = 65_536  # octets of a long content that are written at once


@dataclass(frozen=True)
class Timeouts:
    """Seconds to wait for the next reply, by what was asked last (RFC 5321 4.5.3.2)."""

    connect: float = 30  # ours: name look-up, TCP and TLS
    greeting: float = 300  # also EHLO, STARTTLS, AUTH
    envelope: float = 300  # MAIL, RCPT, DATA
    dot: float = 600  # also for the content to leave
    quit: float = 5  # ours: all is settled by then


RFC_TIMEOUTS = Timeouts()


async def greet(relay: Relay, *, hostname: str, timeouts: Timeouts) -> Extensions:
    """Connect to a relay as for sending, say QUIT, and return what it offers. Raises RelayAway."""
    connection = await connect(relay, hostname, timeouts)
    try:
        await connection.ask(b"QUIT\r\n", 1, timeouts.quit)
    finally:
        await connection.close()
    return connection.extensions


class Connection(asyncio.Protocol):
    """One connection: writes, and matches the replies that come to what was asked."""

    def __init__(self, timeouts: Timeouts) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._cutter = ReplyCutter()
        self._replies: list[SmtpReply] = []
        self._wanted = 1  # the greeting comes unasked
        self.greeting: asyncio.Future[list[SmtpReply]] = self._loop.create_future()  # comes when it likes
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

    def ask(self, data: bytes, count: int, seconds: float) -> asyncio.Future[list[SmtpReply]]:
        """Write, and return what will be the `count` replies; fewer when the connection ends (then `lost` is set)."""
        answer: asyncio.Future[list[SmtpReply]] = self._loop.create_future()
        self.say(data, count, seconds, partial(_give, answer))
        return answer

    def say(
        self,
        data: bytes,
        count: int,
        seconds: float,
        answered: Answered,
        later: Callable[[Connection, bytes], None] | None = None,
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

    def write_long(self, *pieces: bytes | memoryview) -> None:
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


def _give(answer: asyncio.Future[list[SmtpReply]], replies: list[SmtpReply]) -> None:
    if not answer.done():
        answer.set_result(replies)


class _TlsFailed(RelayAway):
    """The handshake after STARTTLS failed."""


async def connect(relay: Relay, hostname: str, timeouts: Timeouts) -> Connection:
    """Return a connection on which mail can be sent. Raises RelayAway."""
    try:
        return await _connect_once(relay, hostname, timeouts)
    except _TlsFailed as failed:
        if relay.tls == "require":
            raise
        log.event("relay.tls_failed", level="warning", relay=relay.name, reason=str(failed))
        return await _connect_once(replace(relay, tls="none"), hostname, timeouts)


async def _connect_once(relay: Relay, hostname: str, timeouts: Timeouts) -> Connection:
    context = _context(relay) if relay.scheme == "smtps" else None
    try:
        async with asyncio.timeout(timeouts.connect):
            _, connection = await asyncio.get_running_loop().create_connection(
                lambda: Connection(timeouts), relay.host, relay.port, ssl=context
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


async def _introduce(connection: Connection, relay: Relay, hostname: str) -> None:
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


async def _say_hello(connection: Connection, relay: Relay, hostname: str) -> None:
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


async def _start_tls(connection: Connection, relay: Relay) -> None:
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


async def _log_in(connection: Connection, relay: Relay) -> None:
    """AUTH PLAIN (RFC 4616), never where somebody could listen."""
    if not connection.confidential:
        raise RelayAway(f"{relay.name}: the password is not said without TLS; set tls=require")
    if not connection.extensions.auth_plain:
        raise RelayAway(f"{relay.name}: it does not offer AUTH PLAIN")
    secret = base64.b64encode(f"\0{relay.user}\0{relay.password or ''}".encode())
    replies = await connection.ask(b"AUTH PLAIN " + secret + b"\r\n", 1, connection.timeouts.greeting)
    _require(relay, connection, replies, 235, "AUTH")


def _require(
    relay: Relay, connection: Connection, replies: list[SmtpReply], code: int, asked: str
) -> SmtpReply:
    if not replies:
        raise RelayAway(f"{relay.name}: {connection.lost}")
    if replies[0].code != code or connection.lost is not None:
        raise RelayAway(f"{relay.name}: {asked} was answered {replies[0].words}")
    return replies[0]
