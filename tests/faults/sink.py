"""An SMTP server that takes every mail and remembers for whom: the outside world, as the fault tests see it."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections import Counter

Received = Counter[tuple[str, str]]  # (recipient, Message-ID) -> how often


class Sink:
    """A sink in a thread of its own, so that no test can hold it up."""

    def __init__(self, seconds_each: float = 0.0) -> None:
        """Answer each final dot after so many seconds."""
        self.received: Received = Counter()
        self.connections = 0  # how many were opened so far
        self._seconds = seconds_each
        self.port = 0
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="sink", daemon=True)
        self._thread.start()
        assert self._ready.wait(10)

    async def _serve(self) -> None:
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._session, "127.0.0.1", 0, limit=1 << 25)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._end.wait()
        server.close()

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                await self._talk(reader, writer)
        finally:
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        writer.write(b"220 sink\r\n")
        recipients: list[str] = []
        while command := await reader.readline():
            verb = command[:4].upper()
            if verb == b"EHLO":
                writer.write(b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n")
            elif verb == b"DATA":
                writer.write(b"354 go on\r\n")
                await writer.drain()
                content = await reader.readuntil(b"\r\n.\r\n")
                await asyncio.sleep(self._seconds)
                self.received.update((recipient, message_id(content)) for recipient in recipients)
                writer.write(b"250 2.0.0 taken\r\n")
            elif verb == b"QUIT":
                writer.write(b"221 bye\r\n")
                return
            else:
                if verb == b"MAIL":
                    recipients = []
                if verb == b"RCPT":
                    recipients.append(command.partition(b"<")[2].partition(b">")[0].decode().lower())
                writer.write(b"250 fine\r\n")
            await writer.drain()

    def wait_for(self, mails: int, seconds: float = 20.0) -> None:
        """Wait until so many mails came in all. Raises AssertionError when they do not come in time."""
        end = time.monotonic() + seconds
        while self.received.total() < mails:
            assert time.monotonic() < end, f"{self.received.total()} of {mails} mails came"
            time.sleep(0.01)

    def close(self) -> None:
        """Stop at once."""
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(10)


def message_id(content: bytes) -> str:
    """Return what names a mail."""
    for line in content.split(b"\r\n\r\n", 1)[0].split(b"\r\n"):
        if line.lower().startswith(b"message-id:"):
            return line.partition(b":")[2].strip().decode()
    return ""
