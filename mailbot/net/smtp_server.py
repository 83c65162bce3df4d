"""Receive mail by SMTP (RFC 5321) and LMTP (RFC 2033): aiosmtpd, with the limits that a public port needs.

What this server does where the RFCs leave a choice, or where it is stricter than they are:

* PIPELINING is not offered, and input that arrives before our reply is never run: 503, and the connection ends.
  Text behind the final dot in the same read refuses the mail as well; text that arrives while the mail is being
  stored costs the sender his connection only, since the mail is ours by then. (RFC 2033 wants PIPELINING in
  LMTP; Postfix does without.)
* CR, LF and NUL that are not part of a CRLF end the connection with 5xx, in commands and in content: they are how
  one mail is made to look like two (SMTP smuggling).
* After a reply that ends the connection nothing more is read as a command, nor as content.
* Every reply but the greetings carries an enhanced status code (RFC 2034, RFC 3463).
"""

from __future__ import annotations

import asyncio
import collections
import email.utils
import logging
import math
import re
import ssl
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import Any, Literal, cast

import aiosmtpd.smtp

from mailbot import log
from mailbot.core.transfer.envelope import Envelope, Knows, Receive, StorageFull, StorageUnavailable
from mailbot.core.transfer.smtp_content import Content, Fault, LineEnds

Protocol = Literal["smtp", "lmtp"]

_LINGER = 10  # seconds in which a client may read why it was refused, before its connection is cut
_BUSY = 1  # seconds: a connection that was idle for less keeps its place when the server is full
_STEP = 512  # bytes: less than this in one read is no progress, so that single bytes buy no time
_KNOWN_SECONDS = 1.0  # after which a recipient is asked about again
_COMMANDS = 4096  # bytes of commands that may wait for a reply

_SYNC = "503 5.5.0 Input arrived before our reply, and PIPELINING is not offered; closing the connection"
_BARE = "CR, LF and NUL are taken only as CRLF at the end of a line (RFC 5321 section 2.3.8); closing the connection"
_FAULTS: dict[Fault, str] = {
    "too large": "552 5.3.4 The mail is larger than {limits.size} bytes",
    "line too long": "500 5.5.2 A line of the mail is longer than {limits.line} bytes",
    "input behind the dot": _SYNC,
}
_SHUTDOWN = "421 4.3.2 The service is shutting down, please try again"
_LATE = "451 4.4.5 The mail could not be stored in time, please try again later"
_CROWDED = "421 4.3.2 Too many connections, please try again"

# aiosmtpd's own replies carry no enhanced status codes; these fit all that it gives with each code.
_ENHANCED = {
    "220": "2.0.0",
    "221": "2.0.0",
    "250": "2.0.0",
    "454": "4.7.0",
    "500": "5.5.2",
    "501": "5.5.4",
    "502": "5.5.1",
    "503": "5.5.1",
    "552": "5.3.4",
    "553": "5.1.3",
    "555": "5.5.4",
}

# A path in angle brackets, its parameters behind. Local parts of Japanese mobile mail have dots where RFC 5321 allows
# none (a..b@, a.@), so dots are free; source routes, comments and bare addresses are refused.
_PATH = re.compile(
    r"""<(|(?i:postmaster)|(?:[^\s"(),:;<>@\[\\\]]+|"(?:[^"\\]|\\.)*")@(?:[^\s"(),:;<>@\[\\\]]+|\[[0-9A-Fa-fIPv.:]+\]))>"""
    r"(?: (.*))?"
)
_HELO_NAME = re.compile(r"[A-Za-z0-9_.:\[\]-]+")  # the underscore is common and does no harm


@dataclass(frozen=True)
class SmtpLimits:
    """What one client, and all of them together, may use up (promises.md R4, I4, I7; RFC 5321 section 4.5.3)."""

    size: int = 26_214_400  # bytes of a mail, counted since DATA, and announced as SIZE
    recipients: int = 100  # of one mail; the others are told 452 and come back
    line: int = 65_536  # bytes of a line of the content, CRLF included
    commands: int = 1_000  # since the connection began or its last mail was taken
    errors: int = 50  # the same, of refused commands
    connections: int = 400
    connections_per_peer: int = 200  # a local MTA is one peer
    memory: int = 268_435_456  # bytes of all mails that are under way
    command_seconds: float = 300  # without a command, or without progress in the content
    session_seconds: float = 1800  # of a connection as a whole
    store_seconds: float = 30  # for `receive` and `knows`, after which the client is told 451


async def listen(
    host: str,
    port: int,
    *,
    protocol: Protocol,
    hostname: str,
    receive: Receive,
    knows: Knows,
    limits: SmtpLimits | None = None,
    tls: ssl.SSLContext | None = None,
) -> Server:
    """Start to receive mail; port 0 takes any free port. STARTTLS is offered when `tls` is given.

    `receive` gets each mail as sent, its dots unstuffed, below a Received field of ours (RFC 5321 section 4.4).
    It is called once for each mail that came whole, runs to its end even if the client hangs up, and only when it
    returns is the client told 250. Raises OSError when the address cannot be listened on.
    """
    # Its lines repeat, without the names of our log, what is logged here; its warnings would reach standard error.
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)
    server = Server(protocol, hostname, receive, knows, limits or SmtpLimits(), tls)
    await server.start(host, port)
    return server


@dataclass(eq=False)
class Server:
    """One listening socket, its connections, and the mails that are being stored; made by `listen`."""

    protocol: Protocol
    hostname: str
    receive: Receive
    knows: Knows
    limits: SmtpLimits
    tls: ssl.SSLContext | None
    held: int = 0  # bytes of mails that are under way
    draining: bool = False
    _sessions: set[_Session] = field(default_factory=set)
    _peers: collections.Counter[str] = field(default_factory=collections.Counter)  # connections of each
    _storing: set[asyncio.Task[str]] = field(default_factory=set)
    _known: set[tuple[str, str]] = field(default_factory=set)  # recipients, each with the sender
    _known_until: float = 0.0  # of the monotonic clock
    _listener: asyncio.Server = field(init=False)

    async def start(self, host: str, port: int) -> None:
        """Open the socket."""
        self._listener = await asyncio.get_running_loop().create_server(lambda: _Door(self), host, port)

    @property
    def sockets(self) -> tuple[Any, ...]:
        """The listening sockets, as asyncio.Server has them."""
        return tuple(self._listener.sockets)

    async def drain(self, seconds: float) -> None:
        """Take no new connection and no new mail, let those under way end for so many seconds, then close."""
        self._listener.close()
        self.draining = True
        for session in list(self._sessions):
            session.leave_if_idle()
        await self._wait(seconds)
        self.close()
        await self.wait_closed()

    def close(self) -> None:
        """Take no new connection and end those that are open; a mail that came whole is still stored."""
        self._listener.close()
        for session in list(self._sessions):
            session.dismiss(_SHUTDOWN)

    async def wait_closed(self) -> None:
        """Wait until all connections have ended and the mails that came whole are stored, if in time."""
        await self._wait(max(_LINGER + 1, self.limits.store_seconds))
        await self._listener.wait_closed()

    async def _wait(self, seconds: float) -> None:
        pending = {*self._storing, *(session.dialogue for session in self._sessions)}
        if pending:
            await asyncio.wait(pending, timeout=seconds)

    def admit(self, peer: str) -> bool:
        """Tell whether this peer may have one more connection.

        When there are too many, the one that has been idle longest gives up its place, so that a crowd of silent
        or slow clients does not lock out those who have mail to bring.
        """
        if len(self._sessions) >= self.limits.connections:
            crowd = list(self._sessions)
        elif self._peers[peer] >= self.limits.connections_per_peer:
            crowd = [session for session in self._sessions if session.peer == peer]
        else:
            return True
        idlest = min(crowd, key=lambda session: session.idle_since, default=None)
        if idlest is None or asyncio.get_running_loop().time() - idlest.idle_since < _BUSY:
            return False
        self.leave(idlest)
        idlest.make_room()
        return True

    async def is_known(self, address: str, sender: str) -> bool:
        """Tell whether an address is ours; what was said of it for this sender a moment ago is not asked again."""
        now = time.monotonic()
        if now > self._known_until:
            self._known.clear()
            self._known_until = now + _KNOWN_SECONDS
        if (address, sender) in self._known:
            return True
        async with asyncio.timeout(self.limits.store_seconds):
            known = await self.knows(address, sender)
        if known:
            self._known.add((address, sender))
        return known

    def enter(self, session: _Session) -> None:
        """Count a connection."""
        self._sessions.add(session)
        self._peers[session.peer] += 1

    def leave(self, session: _Session) -> None:
        """Stop counting a connection; it may have left before."""
        if session in self._sessions:
            self._sessions.discard(session)
            self._peers[session.peer] -= 1
            if not self._peers[session.peer]:
                del self._peers[session.peer]

    def store(self, raw: bytes, envelope: Envelope, taken: int) -> asyncio.Task[str]:
        """Begin to store a mail, in a task of its own: no client can cancel it. Its result is the reply.

        So many bytes of `held` are its: they count until it is stored, also when its client has gone.
        """
        task = asyncio.get_running_loop().create_task(self._store(raw, envelope))
        self._storing.add(task)
        task.add_done_callback(partial(self._stored, taken))
        return task

    def _stored(self, taken: int, task: asyncio.Task[str]) -> None:
        self.held -= taken
        self._storing.discard(task)

    async def _store(self, raw: bytes, envelope: Envelope) -> str:
        failure: Exception | None = None
        try:
            await self.receive(raw, envelope)
        except StorageFull:
            reply = "452 4.3.1 There is no room for the mail at present, please try again later"
        except StorageUnavailable:
            reply = "451 4.3.0 The mail cannot be stored at present, please try again later"
        except Exception as error:  # noqa: BLE001  whatever the fault is, the mail is not ours and the client keeps it
            failure = error
            reply = "451 4.3.0 The mail could not be stored, please try again later"
        else:
            reply = "250 2.0.0 The mail is stored"
        log.event(
            f"{self.protocol}.mail",
            level="error" if failure else "info",
            error=failure,
            peer=envelope.peer,
            kib=-(-len(raw) // 4096) * 4,  # rounded up: a sealed reply's size tells something of its answers
            recipients=len(envelope.recipients),
            reply=reply,
        )
        return reply


class _Door(asyncio.Protocol):
    """A client that has just connected: refused at little cost when the server is full, else given a session."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport = cast("asyncio.Transport", transport)
        address = transport.get_extra_info("peername")
        peer = address[0] if address else "unknown"  # it may be gone already
        if not self._server.admit(peer):
            log.event(f"{self._server.protocol}.refused", peer=peer, reply=_CROWDED)
            transport.write(f"{_CROWDED}\r\n".encode())
            transport.close()
            return
        session = _Session(self._server, peer)
        transport.set_protocol(session)
        session.connection_made(transport)


class _Hooks:
    """What aiosmtpd asks: who may greet, send, and be sent to."""

    def __init__(self, server: Server) -> None:
        self._server = server

    async def handle_HELO(self, _smtp: object, session: Any, _envelope: object, name: str) -> str:  # noqa: N802  aiosmtpd's name
        """Take the client's name."""
        if not _HELO_NAME.fullmatch(name):
            return "501 5.5.4 This is not a host name"
        session.host_name = name
        return f"250 {self._server.hostname}"

    async def handle_EHLO(  # noqa: N802  aiosmtpd's name
        self, _smtp: object, session: Any, _envelope: object, name: str, offered: list[str]
    ) -> list[str]:
        """Take the client's name and say what we offer: what aiosmtpd has, but for AUTH and HELP."""
        if not _HELO_NAME.fullmatch(name):
            return ["501 5.5.4 This is not a host name"]
        session.host_name = name
        kept = [line for line in offered if not line[4:].startswith(("AUTH", "HELP"))]
        return ["\r\n".join([*kept, "250 ENHANCEDSTATUSCODES"])]  # one write, not seven

    async def handle_MAIL(  # noqa: N802  aiosmtpd's name
        self, _smtp: object, _session: object, envelope: Any, address: str, options: list[str]
    ) -> str:
        """Take the sender."""
        if not (address.isascii() or envelope.smtp_utf8):
            return "553 5.6.7 An address that is not ASCII needs SMTPUTF8 (RFC 6531)"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 Sender taken"

    async def handle_RCPT(  # noqa: N802  aiosmtpd's name
        self, _smtp: object, _session: object, envelope: Any, address: str, _options: list[str]
    ) -> str:
        """Take a recipient that is ours."""
        limits = self._server.limits
        if len(envelope.rcpt_tos) >= limits.recipients:
            return f"452 4.5.3 One mail takes {limits.recipients} recipients; send it again to the others"
        if not (address.isascii() or envelope.smtp_utf8):
            return "553 5.6.7 An address that is not ASCII needs SMTPUTF8 (RFC 6531)"
        if address == "<>" or not await self._server.is_known(address, envelope.mail_from or ""):
            return f"550 5.1.1 {address} is not an address of this service; please check how it is written"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Recipient taken"

    async def handle_exception(self, error: Exception) -> str:
        """Keep the session usable after a fault of ours, or of the database that `knows` asks."""
        if isinstance(error, aiosmtpd.smtp.TLSSetupException):
            log.event(f"{self._server.protocol}.tls_failed", reason=repr(error.__cause__))
        elif isinstance(error, StorageFull | StorageUnavailable | TimeoutError):
            # A line, and no traceback: while the database is away each client comes to it again and again.
            log.event(f"{self._server.protocol}.failed", level="warning", reason=str(error) or repr(error))
        else:
            log.event(f"{self._server.protocol}.failed", level="error", error=error)
        return "451 4.3.0 This cannot be answered at present, please try again later"


class _Session(aiosmtpd.smtp.SMTP):
    """One connection. The overridden methods say why; a test fails when aiosmtpd's own change under them."""

    def __init__(self, server: Server, peer: str) -> None:
        super().__init__(
            _Hooks(server),
            data_size_limit=server.limits.size,
            enable_SMTPUTF8=True,
            hostname=server.hostname,
            ident="LMTP" if server.protocol == "lmtp" else "ESMTP",
            tls_context=server.tls,
            timeout=server.limits.command_seconds,
            loop=asyncio.get_running_loop(),
        )
        greetings = ("LHLO",) if server.protocol == "lmtp" else ("EHLO", "HELO")
        starttls = ("STARTTLS",) if server.tls else ()
        verbs = (*greetings, *starttls, "MAIL", "RCPT", "DATA", "RSET", "NOOP", "VRFY", "QUIT")
        self._smtp_methods = {verb: getattr(self, f"smtp_{verb}") for verb in verbs}
        # aiosmtpd shares this table between all connections, and EHLO changes it.
        self.command_size_limits = collections.defaultdict(lambda: self.command_size_limit)
        self.peer = peer
        self.idle_since = self.loop.time()  # of the loop's clock; inf while a mail is being stored
        self._server = server
        self._deadline = math.inf  # of the loop's clock: when nothing has come for too long
        self._typed = bytearray()  # commands that were not read yet
        self._line: asyncio.Future[None] | None = None  # set while the dialogue waits for one
        self._content: Content | None = None  # set from DATA to the final dot
        self._outcome: asyncio.Future[str]  # the reply to the mail
        self._line_ends = LineEnds()
        self._replies = 1  # that the client waits for: in LMTP, after DATA, one for each recipient
        self._unanswered = 0  # bytes of commands since our last reply
        self._answered = self._refused = 0  # commands
        self._dismissed = False
        self._cut_off: asyncio.TimerHandle | None = None
        self.dialogue: asyncio.Task[None]  # ends with the connection

    # The connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin the dialogue; aiosmtpd calls this again when TLS has begun (RFC 3207: all is forgotten)."""
        self._typed.clear()
        super().connection_made(transport)
        if self._cut_off is not None:
            del self._smtp_methods["STARTTLS"]  # aiosmtpd would begin TLS within TLS
        else:
            assert self._handler_coroutine is not None
            self.dialogue = self._handler_coroutine
            self.dialogue.add_done_callback(self._end)
            self._server.enter(self)
            self._cut_off = self.loop.call_later(
                self._server.limits.session_seconds,
                self.dismiss,
                "421 4.4.2 The session takes too long, please try again",
            )

    def data_received(self, data: bytes) -> None:
        """Judge what was read: aiosmtpd neither counts nor looks at line ends.

        Nothing reaches its StreamReader: that has no bound in the content without a CRLF, and costs more than the answer.
        """
        if self._dismissed:
            return
        if self._line_ends.bare(data):
            self.dismiss(f"500 5.5.2 {_BARE}" if self._content is None else f"554 5.6.0 {_BARE}")
        elif self._content is not None:
            self._take_content(self._content, data)
        else:
            self._unanswered += len(data)
            if self._unanswered > _COMMANDS:
                self.dismiss("500 5.5.2 The command is too long; closing the connection")
                return
            self._typed += data
            if self._line is not None and b"\r\n" in self._typed and not self._line.done():
                self._line.set_result(None)

    def connection_lost(self, error: Exception | None) -> None:
        """Give up the place. aiosmtpd cancels the dialogue, but not the storing of a whole mail."""
        self._server.leave(self)
        if self._cut_off is not None:
            self._cut_off.cancel()
        super().connection_lost(error)

    def _end(self, dialogue: asyncio.Task[None]) -> None:
        """Close with the dialogue: aiosmtpd leaves a connection open that its client ended before our greeting."""
        _retrieve(dialogue)
        transport = cast("asyncio.Transport | None", self.transport)
        if transport is not None:
            transport.close()

    def _reset_timeout(self, duration: float | None = None) -> None:
        """Begin to wait anew. One timer serves many waits: it looks at the deadline when it fires."""
        self._deadline = self.loop.time() + (duration or self._timeout_duration)
        if self._timeout_handle is None:
            self._timeout_handle = self.loop.call_at(self._deadline, self._timeout_cb)

    def _timeout_cb(self) -> None:
        """Say why, which aiosmtpd does not; if something has come since the timer was set, wait for the rest."""
        if self.loop.time() < self._deadline:
            self._timeout_handle = self.loop.call_at(self._deadline, self._timeout_cb)
        else:
            self.dismiss("421 4.4.2 Nothing has come for too long, please try again")

    def dismiss(self, reply: str) -> None:
        """Answer for the last time, and forget what else the client sends.

        A permanent refusal must be read, else the same mail comes for days: so the connection stays open until the
        client closes it, since closing it over unread input makes the kernel throw away our reply too. A temporary
        one may be lost, as the client tries again either way.
        """
        transport = cast("asyncio.Transport | None", self.transport)
        if self._dismissed or transport is None or transport.is_closing():
            return
        self._dismissed = True
        log.event(f"{self._server.protocol}.refused", peer=self.peer, reply=reply)
        transport.write(f"{reply}\r\n".encode() * self._replies)
        if reply.startswith("4"):
            transport.close()
        elif transport.can_write_eof():
            transport.write_eof()
        if self._cut_off is not None:
            self._cut_off.cancel()
        self._cut_off = self.loop.call_later(_LINGER, transport.abort)  # also if the reply is never read

    def make_room(self) -> None:
        """Give up the place to another."""
        if self._dismissed and self.transport is not None:
            cast("asyncio.Transport", self.transport).abort()
        else:
            self.dismiss(_CROWDED)

    def leave_if_idle(self) -> None:
        """Say goodbye, when the service shuts down, if no mail is under way."""
        if self.envelope is None or self.envelope.mail_from is None:
            self.dismiss(_SHUTDOWN)

    # Commands

    async def _handle_client(self) -> None:
        """Answer line after line, as aiosmtpd does, without its StreamReader and without a log line for each command."""
        await self.push(f"220 {self.hostname} {self.__ident__}")
        while self.transport is not None:
            try:
                line = await self._next_line()
                name, _, words = line.partition(b" ")
                assert self.session is not None
                command = name.upper().decode("ascii", "replace")
                most = (
                    self.command_size_limits[command]
                    if self.session.extended_smtp
                    else self.command_size_limit
                )
                method = self._smtp_methods.get(command)
                if len(line) > most:
                    await self.push("500 5.5.2 The command is too long")
                elif method is not None:
                    self._reset_timeout()
                    await method(words.strip().decode("utf-8", "surrogateescape") if words else None)
                else:
                    await self.push("500 5.5.2 This is no command that is known here")
            except (asyncio.CancelledError, ConnectionResetError):
                self._writer.close()
                raise
            except Exception as error:  # noqa: BLE001  the session stays usable
                reply = await self.handle_exception(error)
                if isinstance(error, aiosmtpd.smtp.TLSSetupException):
                    self.transport.close()
                    self.connection_lost(error)
                else:
                    await self.push(reply)

    async def _next_line(self) -> bytes:
        """Wait for the next command; return it without its CRLF."""
        while (end := self._typed.find(b"\r\n")) < 0:
            self._line = self.loop.create_future()
            try:
                await self._line
            finally:
                self._line = None
        line = bytes(self._typed[:end])
        del self._typed[: end + 2]
        return line

    async def push(self, status: str | bytes) -> None:
        """Send a reply. As each reply passes here, the rules about all commands are kept here."""
        if self._dismissed or self.transport is None:
            await self.loop.create_future()  # until connection_lost cancels this task
        reply = self._enhanced(status if isinstance(status, str) else status.decode())
        early = bool(self._typed)
        self._unanswered = 0
        self._answered += 1
        self.idle_since = self.loop.time()
        # Too many recipients is no error: an MTA has a right to ask, and sends to the others later.
        if reply.startswith(("4", "5")) and not reply.startswith("452 4.5.3"):
            self._refused += 1
            log.event(f"{self._server.protocol}.refused", peer=self.peer, reply=reply)
        transport = cast("asyncio.Transport", self.transport)
        transport.write(reply.encode() + b"\r\n")
        if transport.get_write_buffer_size():
            await self._writer.drain()
        if early:
            self.dismiss(_SYNC)
        elif self._refused >= self._server.limits.errors:
            self.dismiss("421 4.7.0 Too many errors")
        elif self._answered >= self._server.limits.commands:
            self.dismiss("421 4.7.0 Too many commands without a mail")
        elif self._server.draining:
            self.leave_if_idle()
        if self._dismissed:
            await self.loop.create_future()

    async def check_helo_needed(self, _: str = "HELO") -> bool:
        """Name the greeting that this protocol has."""
        if self.session is not None and self.session.host_name:
            return False
        return await super().check_helo_needed("LHLO" if self._server.protocol == "lmtp" else "EHLO")

    async def smtp_LHLO(self, name: str) -> None:  # noqa: N802  aiosmtpd's name
        """Greet in LMTP (RFC 2033 section 4.1)."""
        await self.smtp_EHLO(name)

    async def smtp_VRFY(self, _: str) -> None:  # noqa: N802  aiosmtpd's name
        """Tell nothing: aiosmtpd repeats what the client sent, and RFC 5321 section 7.3 allows this."""
        await self.push("252 2.5.0 Send the mail, and you will see")

    async def smtp_DATA(self, arg: str | None) -> None:  # noqa: N802  aiosmtpd's name
        """Take a mail: aiosmtpd's own reads it line by line, without bounds, and answers once in LMTP."""
        if await self.check_helo_needed():
            return
        assert self.envelope is not None
        if arg:
            await self.push("501 5.5.4 DATA takes no argument")
        elif not self.envelope.rcpt_tos:
            await self.push("503 5.5.1 DATA needs a recipient first")
        else:
            reply = await self._take_mail(len(self.envelope.rcpt_tos))
            self.envelope = self._create_envelope()
            await self.push(reply)

    async def _take_mail(self, recipients: int) -> str:
        """Read and store one mail; return the reply, in LMTP once for each recipient (RFC 2033 section 4.2)."""
        content = self._content = Content(self._server.limits.size, self._server.limits.line)
        self._outcome = self.loop.create_future()
        try:
            if self._server.protocol == "lmtp":
                self._replies = recipients
            await self.push("354 End the mail with a line that has only a dot")
            reply = await self._outcome
        finally:
            if self._content is not None:  # it did not come whole
                self._server.held -= content.taken
                self._content = None
        replies, self._replies = self._replies, 1
        if reply.startswith("2"):
            self._answered = self._refused = 0
        return "\r\n".join([reply] * replies)

    def _take_content(self, content: Content, data: bytes) -> None:
        if len(data) >= _STEP:
            self._reset_timeout()
            self.idle_since = self.loop.time()
        fault = content.take(data)
        self._server.held += len(data)
        if fault is not None:
            self.dismiss(_FAULTS[fault].format(limits=self._server.limits))
        elif self._server.held > self._server.limits.memory:
            self.dismiss("452 4.3.1 Too many mails are under way, please try again later")
        elif content.whole:
            # Here and not in the dialogue's task, which is cancelled if the client hangs up behind the dot.
            self._content = None
            self.idle_since = math.inf
            outcome = self._outcome
            late = self.loop.call_later(self._server.limits.store_seconds, _tell, outcome, _LATE)
            self._store(content).add_done_callback(partial(_stored, outcome, late))

    def _store(self, content: Content) -> asyncio.Task[str]:
        assert self.envelope is not None
        recipients = tuple(dict.fromkeys(self.envelope.rcpt_tos))
        sender = self.envelope.mail_from or ""
        assert self.session is not None
        envelope = Envelope(
            "" if sender == "<>" else sender,
            recipients,
            self.peer,
            self._server.protocol,
            self.session.host_name or "",
        )
        return self._server.store(content.hand_over(self._received(recipients)), envelope, content.taken)

    def _received(self, recipients: tuple[str, ...]) -> bytes:
        """Return the trace field of RFC 5321 section 4.4, with the protocol names of RFC 3848 and RFC 6531."""
        assert self.session is not None
        assert self.envelope is not None
        extended = self._server.protocol == "smtp" and self.session.extended_smtp
        utf8 = self.envelope.smtp_utf8
        protocol = ("UTF8" if utf8 else "E" if extended else "") + self._server.protocol.upper()
        secure = "S" if self.session.ssl is not None else ""
        address = f"IPv6:{self.peer}" if ":" in self.peer else self.peer
        only = f"\r\n\tfor <{recipients[0]}>" if len(recipients) == 1 else ""
        return (
            f"Received: from {self.session.host_name} ([{address}])\r\n"
            f"\tby {self._server.hostname} with {protocol}{secure}{only};\r\n"
            f"\t{_date(int(time.time()))}\r\n"
        ).encode()

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        """Read `<path> parameters`: aiosmtpd takes comments and routes, at 90 microseconds an address."""
        found = _PATH.fullmatch(arg) if arg.isprintable() else None
        if found is None or not (found[2] or "").isascii():
            return None, None
        return found[1] or "<>", found[2] or ""

    def _enhanced(self, reply: str) -> str:
        code, blank, text = reply[:3], reply[3:4], reply[4:]
        if blank != " " or text.startswith(("2.", "4.", "5.", self.hostname)) or code not in _ENHANCED:
            return reply
        return f"{code} {_ENHANCED[code]} {text}"


@lru_cache(maxsize=1)
def _date(second: int) -> str:
    """Return a moment (seconds since 1970) as mail writes it; it is the same for all mails of a second."""
    return email.utils.format_datetime(datetime.fromtimestamp(second, UTC))


def _tell(outcome: asyncio.Future[str], reply: str) -> None:
    """Let a dialogue answer its mail, unless it has ended or was told before."""
    if not outcome.done():
        outcome.set_result(reply)


def _stored(outcome: asyncio.Future[str], late: asyncio.TimerHandle, storing: asyncio.Task[str]) -> None:
    late.cancel()
    if not storing.cancelled():
        _tell(outcome, storing.result())


def _retrieve(task: asyncio.Task[None]) -> None:
    """Take note of how a dialogue ended, else asyncio complains of each connection that a client resets."""
    if not task.cancelled():
        error = task.exception()
        if error is not None and not isinstance(error, ConnectionError):
            log.event("smtp.failed", level="error", error=error)
