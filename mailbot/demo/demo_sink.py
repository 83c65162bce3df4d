"""Where the demo's mail arrives: a small SMTP server (RFC 5321, PIPELINING of RFC 2920) that keeps every mail."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Self, cast

from mailbot.core.mail.encoded_word import decode_header

_DOT = b"\r\n.\r\n"
_HELLO = b"250-sink.invalid\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES\r\n"
_REPLIES = {
    b"EHLO": _HELLO,
    b"HELO": b"250 sink.invalid\r\n",
    b"MAIL": b"250 2.1.0 Sender ok\r\n",
    b"RCPT": b"250 2.1.5 Recipient ok\r\n",
    b"DATA": b"354 Go ahead\r\n",
    b"RSET": b"250 2.0.0 Reset\r\n",
    b"NOOP": b"250 2.0.0 Still here\r\n",
    b"QUIT": b"221 2.0.0 Bye\r\n",
}


@dataclass(frozen=True)
class Arrived:
    """One mail that was taken."""

    mail_from: str  # "" is the null sender
    recipients: tuple[str, ...]
    content: bytes  # its dots unstuffed

    def header(self, name: str) -> str:
        """Return the first field of this name, decoded; "" if there is none."""
        head = b"\r\n" + self.content.partition(b"\r\n\r\n")[0]
        start = head.lower().find(f"\r\n{name.lower()}:".encode("ascii"))
        if start < 0:
            return ""
        value = bytearray()
        for line in head[start + len(name) + 3 :].split(b"\r\n"):
            if value and line[:1] not in {b" ", b"\t"}:
                break
            value += line
        return _decoded(bytes(value))


@lru_cache(maxsize=512)
def _decoded(value: bytes) -> str:
    return decode_header(value).strip()


class Sink:
    """The server, in a thread of its own while its `with` block lasts; `mails` grows as they come."""

    def __init__(self) -> None:
        self.port = 0  # known once it listens
        self.mails: list[Arrived] = []
        self._listening = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="sink", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._listening.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self) -> None:
        server = self._loop.run_until_complete(
            self._loop.create_server(lambda: _Session(self.mails.append), "127.0.0.1", 0)
        )
        self.port = server.sockets[0].getsockname()[1]
        self._listening.set()
        self._loop.run_forever()
        server.close()
        self._loop.run_until_complete(server.wait_closed())


class _Session(asyncio.Protocol):
    """One connection; whatever came in one read is answered in one write."""

    def __init__(self, keep: Callable[[Arrived], None]) -> None:
        self._keep = keep
        self._input = bytearray()
        self._in_content = False
        self._looked = 0  # so far no final dot
        self._mail_from = ""
        self._recipients: list[str] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(b"220 sink.invalid ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        self._input += data
        replies = bytearray()
        while (reply := self._content() if self._in_content else self._command()) is not None:
            replies += reply
        self._transport.write(bytes(replies))
        if replies.endswith(_REPLIES[b"QUIT"]):
            self._transport.close()

    def _command(self) -> bytes | None:
        end = self._input.find(b"\r\n")
        if end < 0:
            return None
        line = bytes(self._input[:end])
        del self._input[: end + 2]
        verb = line[:4].upper()
        if verb == b"MAIL":
            self._mail_from, self._recipients = _path(line), []
        elif verb == b"RCPT":
            self._recipients.append(_path(line))
        elif verb == b"DATA":
            self._in_content = True
            self._input[:0] = b"\r\n"  # so that the first line's dot looks like every other
            self._looked = 0
        return _REPLIES.get(verb, b"502 5.5.1 Not here\r\n")

    def _content(self) -> bytes | None:
        end = self._input.find(_DOT, self._looked)
        if end < 0:
            self._looked = max(0, len(self._input) - len(_DOT) + 1)
            return None
        content = bytes(self._input[: end + 2]).replace(b"\r\n.", b"\r\n")[2:]
        del self._input[: end + len(_DOT)]
        self._in_content = False
        self._keep(Arrived(self._mail_from, tuple(self._recipients), content))
        return b"250 2.0.0 Taken\r\n"


def _path(line: bytes) -> str:
    """Return the address of MAIL FROM:<...> or RCPT TO:<...>."""
    return line.partition(b"<")[2].partition(b">")[0].decode("utf-8", "replace")
