"""One session with an IMAP server (RFC 3501): the only file that knows aioimaplib, and where its faults are fenced.

What the library does wrong, and what stands against it here:

* it recurses for each line of a chunk of input, so that a thousand lines end in a RecursionError and the caller
  waits for ever: input is given to it in slices that cannot hold that many lines;
* on a lost connection nothing that waits is told: every waiting command is ended, and further ones are refused;
* new mail that a server announces outside of IDLE is dropped: every announcement is noted in `news`;
* names of folders and users are sent as they are: they are encoded and quoted here;
* it knows no STARTTLS: what is said in clear is said here, before the library sees the connection.

No command waits longer than `silence` seconds without a byte from the server. After a time-out the session cannot
be used any more: abort it.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import logging
import re
import ssl
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from aioimaplib import AioImapException, Command, IMAP4ClientProtocol

# The library writes whole mails, and passwords that need quoting, to its debug log.
logging.getLogger("aioimaplib").setLevel(logging.WARNING)

_SLICE = 1024  # bytes; the shortest line has two, and the interpreter allows a thousand nested calls
_LONGEST_LINE = 16_777_216  # bytes without a line end; a search result of two million mails is shorter
_BYE_WAIT = 1.0  # seconds that a server has to close after LOGOUT
_SIZE = re.compile(rb"RFC822\.SIZE (\d{1,15})")
_UID = re.compile(rb"UID (\d{1,10})")
_OF_ONE = re.compile(rb"\d{1,10} FETCH \(")  # the first line of what is said of one mail
_LONGEST_IN_CLEAR = 16_384  # bytes of a greeting and two answers
_UIDVALIDITY = re.compile(rb"\[UIDVALIDITY (\d{1,10})\]")
_PERMANENT_FLAGS = re.compile(rb"\[PERMANENTFLAGS \(([^)]{0,4000})\)\]")


class ConnectionLost(Exception):  # noqa: N818  a state of the world, as StorageFull is
    """The session has ended, or what came was no IMAP."""


class Refused(Exception):  # noqa: N818  an answer of the server, not a fault of ours
    """The server answered NO or BAD; the text is its own."""


class NoStartTls(Exception):  # noqa: N818  a state of the server, not a fault of ours
    """The server does not offer STARTTLS, or does not begin it."""


@dataclass(frozen=True)
class Folder:
    """What the server says of the selected folder."""

    uidvalidity: int
    permanent_flags: frozenset[str] | None  # None: not stated
    read_only: bool


class _Protocol(IMAP4ClientProtocol):  # type: ignore[misc]  # the library has no types
    """The library's protocol, mended from outside by the methods that it offers to override."""

    def __init__(self, silence: float) -> None:
        super().__init__(asyncio.get_running_loop())
        self.silence = silence
        self.greeting: asyncio.Future[bytes] = self.loop.create_future()
        self.news = asyncio.Event()  # mail came, or the session ends
        self.ended = asyncio.Event()
        self.reason = ""  # why it ended; not empty from BYE on
        self._patience: asyncio.Timeout | None = None

    def data_received(self, chunk: bytes) -> None:
        if self._patience is not None and not self._patience.expired():
            self._patience.reschedule(self.loop.time() + self.silence)
        try:
            for start in range(0, len(chunk), _SLICE):
                super().data_received(chunk[start : start + _SLICE])
            if len(self.incomplete_line) > _LONGEST_LINE:
                self._give_up(f"a line of more than {_LONGEST_LINE} bytes")
        except Exception as error:  # noqa: BLE001  whatever the library cannot read ends the session
            self._give_up(f"unreadable answer: {error}")

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.reason = self.reason or (f"connection lost: {exc}" if exc else "connection closed by the server")
        self.ended.set()
        self.news.set()
        if not self.greeting.done():
            self.greeting.set_result(b"")
        for command in (self.pending_sync_command, *self.pending_async_commands.values()):
            if command is not None:
                command.close(b"", "KO")

    async def welcome(self, command: bytes) -> None:
        if command.startswith(b"* OK"):
            self.state = "NONAUTH"
        if not self.greeting.done():
            self.greeting.set_result(bytes(command))

    async def execute(self, command: Command, scrub: str | None = None) -> object:
        """Send one command and return its OK. Raises ConnectionLost, Refused or TimeoutError."""
        if self.reason:
            raise ConnectionLost(self.reason)
        if command.name == "IDLE":  # is as silent as it likes; whoever started it watches the time
            response = await super().execute(command, scrub)
        else:
            response = await self._execute_patiently(command, scrub)
        if response.result == "OK":
            return response
        if response.result in ("NO", "BAD"):
            raise Refused(bytes(response.lines[-1]).decode("utf-8", "replace"))
        raise ConnectionLost(self.reason)

    async def _execute_patiently(self, command: Command, scrub: str | None) -> Any:
        async with asyncio.timeout(self.silence) as patience:
            self._patience = patience
            try:
                return await super().execute(command, scrub)
            finally:
                self._patience = None

    def _untagged_response(self, line: bytes) -> object:
        if line.endswith(b" EXISTS"):
            self.news.set()
        elif line.startswith(b"* BYE"):
            self.reason = "the server said " + line[2:].decode("utf-8", "replace")
            self.news.set()
        return super()._untagged_response(line)

    def _give_up(self, reason: str) -> None:
        self.reason = self.reason or reason
        self.transport.abort()


class _InClear(asyncio.Protocol):
    """What is said before TLS begins (RFC 3501 section 6.2.1): a greeting, and the answers to two commands without a secret."""

    def __init__(self) -> None:
        self._heard = b""
        self._room = _LONGEST_IN_CLEAR
        self._more = asyncio.Event()
        self._over = ""  # why nothing more is heard

    def data_received(self, data: bytes) -> None:
        self._heard += data
        self._room -= len(data)
        if self._room < 0:
            self._over = f"more than {_LONGEST_IN_CLEAR} bytes in clear"
        self._more.set()

    def connection_lost(self, _error: Exception | None) -> None:
        self._over = self._over or "connection closed by the server"
        self._more.set()

    async def begin_tls(self, transport: asyncio.Transport) -> bytes:
        """Speak until the server awaits the TLS handshake; returns its greeting. Raises NoStartTls or ConnectionLost."""
        greeting = await self._line()
        if not greeting.startswith(b"* OK"):
            return greeting
        transport.write(b"C1 CAPABILITY\r\n")
        if not any(b"STARTTLS" in line.upper().split() for line in await self._answer(b"C1")):
            raise NoStartTls("it does not offer STARTTLS")
        transport.write(b"C2 STARTTLS\r\n")
        *_, last = await self._answer(b"C2")
        if not last.upper().startswith(b"C2 OK"):
            raise NoStartTls(f"it answers STARTTLS with {last[3:].decode('utf-8', 'replace')[:200]!r}")
        if self._heard:  # somebody between us may have said it, to be taken for the server's word within TLS
            raise ConnectionLost("more came in clear than the answer to STARTTLS")
        return greeting

    async def _answer(self, tag: bytes) -> list[bytes]:
        lines = [await self._line()]
        while not lines[-1].startswith(tag + b" "):
            lines.append(await self._line())
        return lines

    async def _line(self) -> bytes:
        while b"\r\n" not in self._heard:
            if self._over:
                raise ConnectionLost(self._over)
            self._more.clear()
            await self._more.wait()
        if self._room < 0:
            raise ConnectionLost(self._over)
        line, _, self._heard = self._heard.partition(b"\r\n")
        return line


@dataclass
class ImapConnection:
    """A session; its methods are called one after the other, never at once."""

    _protocol: _Protocol

    @property
    def news(self) -> asyncio.Event:
        """Is set when mail came or the session ends; the caller clears it before he looks for mail."""
        return self._protocol.news

    @classmethod
    async def open(
        cls, host: str, port: int, tls: ssl.SSLContext | None, *, silence: float, starttls: bool = False
    ) -> ImapConnection:
        """Connect, with TLS from the first byte or, `starttls`, before anything is said that matters; read the greeting.

        Raises OSError, TimeoutError, ConnectionLost or NoStartTls.
        """
        protocol = _Protocol(silence)
        async with asyncio.timeout(silence):
            loop = asyncio.get_running_loop()
            if starttls and tls is not None:
                greeting = await _after_starttls(protocol, host, port, tls)
            else:
                transport, _ = await loop.create_connection(lambda: protocol, host, port, ssl=tls)
                try:
                    greeting = await protocol.greeting
                except BaseException:
                    transport.abort()
                    raise
        # PREAUTH is refused too: nobody but the login may decide whose mailbox it is.
        if not greeting.startswith(b"* OK"):
            if protocol.transport is not None:
                protocol.transport.abort()
            words = greeting.decode("utf-8", "replace")[:200]
            raise ConnectionLost(f"the server greeted with {words!r}" if words else protocol.reason)
        return cls(protocol)

    async def login(self, user: str, password: str) -> None:
        """Log in and learn what the server can do. Raises Refused with its words."""
        if any(character in user + password for character in "\r\n\0"):
            raise Refused("the user name or the password has a line end or a NUL in it")
        try:
            await self._protocol.login(_quoted(user), password)
            await self._protocol.capability()
        except (AioImapException, ValueError) as error:
            raise ConnectionLost(f"unreadable answer to the login: {error}") from error

    def can(self, capability: str) -> bool:
        """Return whether the server offers this capability, such as IDLE."""
        return capability in self._protocol.capabilities

    async def select(self, folder: str) -> Folder:
        """Open the folder for reading and writing. Raises Refused when there is none."""
        lines = (await self._protocol.select(mailbox_name(folder))).lines
        uidvalidity, flags = _first(_UIDVALIDITY, lines), _first(_PERMANENT_FLAGS, lines)
        if uidvalidity is None:
            raise Refused("the server states no UIDVALIDITY for this folder")
        return Folder(
            uidvalidity=int(uidvalidity),
            permanent_flags=None if flags is None else frozenset(flags.decode("ascii", "replace").split()),
            read_only=bytes(lines[-1]).startswith(b"[READ-ONLY]"),
        )

    async def create(self, folder: str) -> None:
        """Create the folder. Raises Refused, also when it exists."""
        await self._protocol.simple_command("CREATE", mailbox_name(folder))

    async def uids_without(self, flag: str) -> list[int]:
        """Return the UIDs of all mails without this flag or keyword, in ascending order."""
        criterion = "UNFLAGGED" if flag == r"\Flagged" else f"UNKEYWORD {flag}"
        response = await self._protocol.search(criterion, charset=None, by_uid=True)
        return sorted({int(word) for line in response.lines[:-1] for word in line.split() if word.isdigit()})

    async def sizes(self, uids: Iterable[int]) -> dict[int, int]:
        """Return the size in bytes of each of these mails that still exists."""
        wanted = ",".join(map(str, uids))
        response = await self._protocol.uid("FETCH", wanted, "(UID RFC822.SIZE)")
        sizes: dict[int, int] = {}
        for line in response.lines[:-1]:
            uid, size = _UID.search(line), _SIZE.search(line)
            if uid and size:
                sizes[int(uid[1])] = int(size[1])
        return sizes

    async def bodies(self, uids: Iterable[int]) -> dict[int, bytes]:
        """Return each of these mails that still exists, whole, by its UID, without marking it as read."""
        wanted = ",".join(map(str, uids))
        response = await self._protocol.uid("FETCH", wanted, "(UID BODY.PEEK[])")
        found: dict[int, bytes] = {}
        uid = raw = None
        for line in response.lines[:-1]:
            # The library hands literals out as bytearray and everything else as bytes; the UID stands before or behind.
            if isinstance(line, bytearray):
                raw = bytes(line)
            elif _OF_ONE.match(line):
                uid, raw = _UID.search(line), None
            else:
                uid = uid or _UID.search(line)
            if uid is not None and raw is not None:
                found[int(uid[1])] = raw
        return found

    async def add_flags(self, uids: Iterable[int], *flags: str) -> None:
        """Set the flags on these mails; returns when the server has done so."""
        wanted = ",".join(map(str, uids))
        await self._protocol.uid("STORE", wanted, "+FLAGS.SILENT", f"({' '.join(flags)})")

    async def move(self, uid: int, folder: str) -> None:
        """Move one mail to another folder (RFC 6851; copied and deleted where the server cannot)."""
        if self.can("MOVE"):
            await self._protocol.uid("MOVE", str(uid), mailbox_name(folder))
        else:
            await self._protocol.uid("COPY", str(uid), mailbox_name(folder))
            await self.delete(uid)

    async def delete(self, uid: int) -> None:
        r"""Delete one mail; without UIDPLUS it is only marked \Deleted, as EXPUNGE would take other mails along."""
        await self.add_flags([uid], r"\Deleted")
        if self.can("UIDPLUS"):
            await self._protocol.uid("EXPUNGE", str(uid))

    async def idle(self, stop: asyncio.Event, seconds: float) -> None:
        """Wait with IDLE (RFC 2177) until there are news, `stop` is set or the time is over.

        Raises ConnectionLost, Refused or TimeoutError.
        """
        protocol = self._protocol
        idling = asyncio.create_task(protocol.idle())
        accepted = asyncio.create_task(protocol.wait_for_idle_response())
        try:
            await asyncio.wait(
                {idling, accepted}, timeout=protocol.silence, return_when=asyncio.FIRST_COMPLETED
            )
            if accepted.done():
                await _first_of(self.news, stop, seconds)
            if not protocol.reason and not idling.done():  # after BYE nobody reads a DONE
                protocol.idle_done()
            async with asyncio.timeout(protocol.silence):
                await idling
        finally:
            for task in (idling, accepted):
                task.cancel()
            await asyncio.gather(idling, accepted, return_exceptions=True)
            while not protocol.idle_queue.empty():  # `news` has told all that is of use in it
                protocol.idle_queue.get_nowait()

    async def logout(self) -> None:
        """Say good-bye and close; a server that is gone already does not matter."""
        with suppress(ConnectionLost, Refused, TimeoutError, AioImapException):
            async with asyncio.timeout(_BYE_WAIT):
                await self._protocol.logout()
                await self._protocol.ended.wait()
        self.abort()

    def abort(self) -> None:
        """Close at once."""
        self._protocol.transport.abort()


async def _after_starttls(protocol: _Protocol, host: str, port: int, tls: ssl.SSLContext) -> bytes:
    """Give the protocol a connection on which TLS has begun; returns the greeting that came before it.

    What the server said it can do counts for nothing: it is asked again after the login.
    """
    loop = asyncio.get_running_loop()
    clear, in_clear = await loop.create_connection(_InClear, host, port)
    try:
        greeting = await in_clear.begin_tls(clear)
        if not greeting.startswith(b"* OK"):
            clear.abort()
            return greeting
        secured = await loop.start_tls(clear, protocol, tls, server_hostname=host)
    except BaseException:
        clear.abort()
        raise
    assert secured is not None, "the server has not hung up"
    protocol.connection_made(secured)
    await protocol.welcome(greeting)
    return greeting


def mailbox_name(name: str) -> str:
    """Return a folder's name as a command takes it: modified UTF-7 in quotes (RFC 3501 section 5.1.3)."""
    pieces: list[str] = []
    for plain, characters in itertools.groupby(name, lambda character: " " <= character <= "~"):
        text = "".join(characters)
        if plain:
            pieces.append(text.replace("&", "&-"))
        else:
            coded = base64.b64encode(text.encode("utf-16-be"), b"+,").decode("ascii").rstrip("=")
            pieces.append(f"&{coded}-")
    return _quoted("".join(pieces))


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _first(pattern: re.Pattern[bytes], lines: Iterable[bytes]) -> bytes | None:
    found = (pattern.search(line) for line in lines)
    return next((match[1] for match in found if match), None)


async def _first_of(one: asyncio.Event, other: asyncio.Event, seconds: float) -> None:
    waits = [asyncio.create_task(event.wait()) for event in (one, other)]
    try:
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)
