"""One session with an IMAP server (RFC 3501): the only file that knows aioimaplib, and where its faults are fenced.

What the library does wrong, and what stands against it here:

* it recurses for each line of a chunk of input, so that a thousand lines end in a RecursionError and the caller
  waits for ever: input is given to it in slices that cannot hold that many lines;
* on a lost connection nothing that waits is told: every waiting command is ended, and further ones are refused;
* new mail that a server announces outside of IDLE is dropped: every announcement is noted in `news`;
* names of folders and users are sent as they are: they are encoded and quoted here.

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
_UIDVALIDITY = re.compile(rb"\[UIDVALIDITY (\d{1,10})\]")
_PERMANENT_FLAGS = re.compile(rb"\[PERMANENTFLAGS \(([^)]{0,4000})\)\]")


class ConnectionLost(Exception):  # noqa: N818  a state of the world, as StorageFull is
    """The session has ended, or what came was no IMAP."""


class Refused(Exception):  # noqa: N818  an answer of the server, not a fault of ours
    """The server answered NO or BAD; the text is its own."""


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
        cls, host: str, port: int, tls: ssl.SSLContext | None, *, silence: float
    ) -> ImapConnection:
        """Connect and read the greeting. Raises OSError, TimeoutError or ConnectionLost."""
        protocol = _Protocol(silence)
        async with asyncio.timeout(silence):
            loop = asyncio.get_running_loop()
            transport, _ = await loop.create_connection(lambda: protocol, host, port, ssl=tls)
            try:
                greeting = await protocol.greeting
            except BaseException:
                transport.abort()
                raise
        # PREAUTH is refused too: nobody but the login may decide whose mailbox it is.
        if not greeting.startswith(b"* OK"):
            transport.abort()
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

    async def body(self, uid: int) -> bytes | None:
        """Return the whole mail without marking it as read; None: it does not exist any more."""
        response = await self._protocol.uid("FETCH", str(uid), "(UID BODY.PEEK[])")
        # The library hands literals out as bytearray and everything else as bytes.
        return next((bytes(line) for line in response.lines if isinstance(line, bytearray)), None)

    async def add_flags(self, uid: int, *flags: str) -> None:
        """Set the flags on one mail; returns when the server has done so."""
        await self._protocol.uid("STORE", str(uid), "+FLAGS.SILENT", f"({' '.join(flags)})")

    async def move(self, uid: int, folder: str) -> None:
        """Move one mail to another folder (RFC 6851; copied and deleted where the server cannot)."""
        if self.can("MOVE"):
            await self._protocol.uid("MOVE", str(uid), mailbox_name(folder))
        else:
            await self._protocol.uid("COPY", str(uid), mailbox_name(folder))
            await self.delete(uid)

    async def delete(self, uid: int) -> None:
        r"""Delete one mail; without UIDPLUS it is only marked \Deleted, as EXPUNGE would take other mails along."""
        await self.add_flags(uid, r"\Deleted")
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
