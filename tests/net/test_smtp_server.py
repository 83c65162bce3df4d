"""SMTP and LMTP as strangers speak it: whole dialogues over real sockets, limits, smuggling, lost clients."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import inspect
import re
import shutil
import socket
import ssl
import struct
import subprocess
import tempfile
import time
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiosmtpd.smtp
import pytest

from mailbot.core.transfer.envelope import Envelope, StorageFull, StorageUnavailable
from mailbot.net import smtp_server
from mailbot.net.smtp_server import Protocol, Server, SmtpLimits, listen
from tests.net.postfix import UNAVAILABLE, lay_out


@dataclass
class Store:
    """Stands for the inbox: keeps what it is given, and can be told to be slow or to fail."""

    mails: list[tuple[bytes, Envelope]] = field(default_factory=list)
    failure: Exception | None = None
    gate: asyncio.Event | None = None  # if set, a mail is kept only after this
    begun: int = 0

    async def receive(self, raw: bytes, envelope: Envelope) -> None:
        self.begun += 1
        if self.gate is not None:
            await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        self.mails.append((raw, envelope))


async def knows(address: str, _sender: str) -> bool:
    if address.startswith("broken"):
        raise StorageUnavailable
    return address.endswith("@ml.test") or address == "postmaster"


class Client:
    """A client that sends exactly the bytes it is told to."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def reply(self) -> str:
        """Return one reply, its lines joined; "" when the server has closed."""
        lines: list[str] = []
        while not lines or lines[-1][3:4] == "-":
            try:
                line = await asyncio.wait_for(self.reader.readline(), 10)
            except ConnectionError:
                line = b""
            if not line:
                break
            lines.append(line.decode().rstrip("\r\n"))
        return "\n".join(lines)

    async def say(self, line: str) -> str:
        self.writer.write(line.encode() + b"\r\n")
        return await self.reply()

    async def rest(self) -> list[str]:
        """Return all replies until the server closes."""
        replies = []
        while reply := await self.reply():
            replies.append(reply)
        return replies

    async def begin(self, *recipients: str, protocol: str = "smtp") -> None:
        """Speak until 354."""
        await self.reply()
        await self.say("LHLO c.test" if protocol == "lmtp" else "EHLO c.test")
        await self.say("MAIL FROM:<a@c.test>")
        for recipient in recipients or ("ant@ml.test",):
            assert (await self.say(f"RCPT TO:<{recipient}>")).startswith("250")
        assert (await self.say("DATA")).startswith("354")


Start = Callable[..., Awaitable[Server]]
Connect = Callable[..., Awaitable[Client]]


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
async def start(store: Store) -> AsyncIterator[Start]:
    servers: list[Server] = []

    async def starter(
        protocol: Protocol = "smtp", limits: SmtpLimits | None = None, tls: ssl.SSLContext | None = None
    ) -> Server:
        server = await listen(
            "127.0.0.1", 0, protocol=protocol, hostname="mx.test", receive=store.receive, knows=knows,
            limits=limits, tls=tls,
        )  # fmt: skip
        servers.append(server)
        return server

    yield starter
    if store.gate is not None:
        store.gate.set()
    for server in servers:
        server.close()
        await server.wait_closed()


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    clients: list[Client] = []

    async def connector(server: Server, **options: Any) -> Client:
        client = Client(*await asyncio.open_connection(*server.sockets[0].getsockname(), **options))
        clients.append(client)
        return client

    yield connector
    for client in clients:
        client.writer.close()
        try:
            await client.writer.wait_closed()
        except (ConnectionError, ssl.SSLError):
            continue


async def until(condition: Callable[[], bool]) -> None:
    """Wait, at most ten seconds, until something has come true."""
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in ten seconds"
        await asyncio.sleep(0.01)


DIALOGUES: dict[str, tuple[Protocol, str]] = {
    "a mail from EHLO to QUIT": ("smtp", """
        S: 220 mx.test ESMTP
        C: EHLO c.test
        S: 250-mx.test
        S: 250-SIZE 1000
        S: 250-8BITMIME
        S: 250-SMTPUTF8
        S: 250 ENHANCEDSTATUSCODES
        C: MAIL FROM:<kacho@city.nagano.test> SIZE=300 BODY=8BITMIME
        S: 250 2.1.0 *
        C: RCPT TO:<ant@ml.test>
        S: 250 2.1.5 *
        C: DATA
        S: 354 *
        C: Subject: x
        C:
        C: ..
        C: .
        S: 250 2.0.0 *
        C: QUIT
        S: 221 2.0.0 *
        S: (closed)"""),
    "HELO, the null sender, and postmaster without a domain": ("smtp", """
        S: 220 mx.test ESMTP
        C: HELO [192.0.2.1]
        S: 250 mx.test
        C: MAIL FROM:<>
        S: 250 *
        C: RCPT TO:<Postmaster>
        S: 550 5.1.1 Postmaster is not *
        C: RCPT TO:<postmaster>
        S: 250 *
        C: DATA
        S: 354 *
        C: .
        S: 250 *"""),
    "an unknown recipient is refused in the dialogue, the others are not": ("smtp", """
        S: 220 *
        C: EHLO c.test
        S: 250-*
        C: MAIL FROM:<a@c.test>
        S: 250 *
        C: RCPT TO:<nobody@elsewhere.test>
        S: 550 5.1.1 nobody@elsewhere.test is not an address of this service; *
        C: DATA
        S: 503 5.5.1 *
        C: RCPT TO:<broken@ml.test>
        S: 451 4.3.0 *
        C: RCPT TO:<ant@ml.test>
        S: 250 *"""),
    "commands out of order": ("smtp", """
        S: 220 *
        C: MAIL FROM:<a@c.test>
        S: 503 5.5.1 Error: send EHLO first
        C: LHLO c.test
        S: 500 5.5.2 *
        C: EHLO c.test
        S: 250-*
        C: RCPT TO:<ant@ml.test>
        S: 503 5.5.1 *
        C: DATA
        S: 503 5.5.1 *
        C: MAIL FROM:<a@c.test>
        S: 250 *
        C: MAIL FROM:<b@c.test>
        S: 503 5.5.1 *
        C: RSET
        S: 250 2.0.0 *
        C: RCPT TO:<ant@ml.test>
        S: 503 5.5.1 *
        C: VRFY ant
        S: 252 2.5.0 *
        C: AUTH PLAIN AGEAYg==
        S: 500 5.5.2 *
        C: STARTTLS
        S: 500 5.5.2 *"""),
    "names and parameters that are not what they should be": ("smtp", """
        S: 220 *
        C: EHLO a\x1bb
        S: 501 5.5.4 *
        C: EHLO ほげ
        S: 501 5.5.4 *
        C: EHLO pc_1.local
        S: 250-*
        C: MAIL FROM:<a@c.test> SIZE=1001
        S: 552 5.3.4 *
        C: MAIL FROM:<a@c.test> SIZE=x
        S: 501 5.5.4 *
        C: MAIL FROM:<a@c.test> SIZE=²
        S: 553 5.1.3 *
        C: MAIL FROM:<a@c.test> BODY=BINARYMIME
        S: 501 5.5.4 *
        C: MAIL FROM:<課長@c.test>
        S: 553 5.6.7 *
        C: MAIL FROM:<a@c.test>
        S: 250 *
        C: RCPT TO:<ant@ml.test> NOTIFY=NEVER ORCPT=rfc822;x@y
        S: 5*
        C: RCPT TO:<>
        S: 550 *"""),
    "a mail by LMTP to three, one of them unknown": ("lmtp", """
        S: 220 mx.test LMTP
        C: EHLO c.test
        S: 500 *
        C: LHLO c.test
        S: 250-mx.test
        S: 250-SIZE 1000
        S: 250-8BITMIME
        S: 250-SMTPUTF8
        S: 250 ENHANCEDSTATUSCODES
        C: MAIL FROM:<a@c.test>
        S: 250 *
        C: RCPT TO:<ant@ml.test>
        S: 250 *
        C: RCPT TO:<nobody@elsewhere.test>
        S: 550 *
        C: RCPT TO:<bee@ml.test>
        S: 250 *
        C: RCPT TO:<ant@ml.test>
        S: 250 *
        C: DATA
        S: 354 *
        C: Subject: x
        C: .
        S: 250 2.0.0 *
        S: 250 2.0.0 *
        S: 250 2.0.0 *
        C: NOOP
        S: 250 2.0.0 *"""),
    "a mail that is too large": ("lmtp", """
        S: 220 *
        C: LHLO c.test
        S: 250-*
        C: MAIL FROM:<a@c.test>
        S: 250 *
        C: RCPT TO:<ant@ml.test>
        S: 250 *
        C: RCPT TO:<bee@ml.test>
        S: 250 *
        C: DATA
        S: 354 *
        C: (1001 bytes)
        S: 552 5.3.4 The mail is larger than 1000 bytes
        S: 552 5.3.4 The mail is larger than 1000 bytes
        S: (closed)"""),
}  # fmt: skip


@pytest.mark.parametrize("name", DIALOGUES)
async def test_dialogue(name: str, start: Start, connect: Connect) -> None:
    """The server answers as written; * stands for any text."""
    protocol, text = DIALOGUES[name]
    client = await connect(await start(protocol, SmtpLimits(size=1000)))
    lines = iter(line.strip() for line in text.strip().splitlines())
    for line in lines:
        side, _, words = line.partition(":")
        words = words.removeprefix(" ")
        if side == "C":
            client.writer.write((words.encode() if words != "(1001 bytes)" else b"x" * 1001) + b"\r\n")
            continue
        got = (await asyncio.wait_for(client.reader.readline(), 10)).decode().rstrip("\r\n")
        assert re.fullmatch(re.escape(words.replace("(closed)", "")).replace(r"\*", ".*"), got), (line, got)
        while words.endswith("-*") and got[3:4] == "-":
            got = (await client.reader.readline()).decode()


async def test_the_mail_is_as_sent(store: Store, start: Start, connect: Connect) -> None:
    """`receive` gets the very bytes, its dots unstuffed, below our Received field, and the envelope."""
    client = await connect(await start())
    await client.begin()
    sent = b"Subject: =?x\r\n\r\n..\xff\x83 \x80\r\n" + b"x" * 65_534 + b"\r\n...a\r\n"
    client.writer.write(sent + b".\r\n")
    assert (await client.reply()).startswith("250")
    [(raw, envelope)] = store.mails
    received, _, rest = raw.partition(b"Subject")
    assert b"Subject" + rest == sent.replace(b"\r\n..", b"\r\n.")
    assert re.fullmatch(
        rb"Received: from c\.test \(\[127\.0\.0\.1\]\)\r\n\tby mx\.test with ESMTP\r\n\tfor <ant@ml\.test>;\r\n"
        rb"\t[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} [\d:]{8} \+0000\r\n",
        received,
    )
    assert envelope == Envelope("a@c.test", ("ant@ml.test",), "127.0.0.1", "smtp", "c.test")


@pytest.mark.parametrize(
    "address",
    ["b@x>\nRSET", "b@x\rDATA", "b\0@x", "<@relay.test:ant@ml.test>", "<ant@ml.test", "ant@ml.test",
     "<a b@x>", "<a@x>b", "<a\x7f@x>", "<a\u2028@x>", "<a(c)@x>", "<a@x,b@x>"],
)  # fmt: skip
@pytest.mark.parametrize("command", ["MAIL FROM:", "RCPT TO:"])
async def test_malformed_address(command: str, address: str, start: Start, connect: Connect) -> None:
    """An address with control characters, routes, comments or without its brackets is refused, not repaired."""
    client = await connect(await start())
    await client.reply()
    await client.say("EHLO c.test")
    if command == "RCPT TO:":
        await client.say("MAIL FROM:<a@c.test>")
    assert (await client.say(f"{command}{address}")).startswith("5")


@pytest.mark.parametrize(
    "sender",
    ["a..b.@docomo.test", '"a b>"@c.test', "x" * 120 + "@c.test", "a@[192.0.2.1]", "a=b+c%d!e@c.test"],
)
async def test_unusual_senders(sender: str, store: Store, start: Start, connect: Connect) -> None:
    """Senders as they are in the wild are taken, and kept as they were written."""
    client = await connect(await start())
    await client.reply()
    await client.say("EHLO c.test")
    assert (await client.say(f"MAIL FROM:<{sender}>")).startswith("250")
    await client.say("RCPT TO:<ant@ml.test>")
    await client.say("DATA")
    assert (await client.say(".")).startswith("250")
    assert store.mails[0][1].mail_from == sender


# promises.md, attack 1; those that an exact reader may take for text, or that are plain text, are in the second table.
SMUGGLED = [
    b"\n.\n", b"\n.\r", b"\r.\n", b"\r.\r", b"\n.\r\n", b"\r.\r\n", b"\r\n\x00.\r\n", b"\r\n.\r\r\n", b"\r\r\n.\r\r\n",
    b"\r\n.\n", b"\r\n.\r", b"\r\r\n.\r\n", b"\n\r.\n\r", b"\r\n.\x00\r\n",
]  # fmt: skip
TEXT = [
    b"\r\n. \r\n", b"\r\n .\r\n", b"\x0b.\r\n", b"\x0c.\x0c", b"\x1c.\x1c", b"\xc2\x85.\xc2\x85",
    b"\xe2\x80\xa8.\xe2\x80\xa8", b"\xc0\x8a.\xc0\x8a", b"\r\n\xef\xbc\x8e\r\n", b"\r\n..\r\n",
]  # fmt: skip
SECOND = b"MAIL FROM:<admin@ml.test>\r\nRCPT TO:<ant@ml.test>\r\nDATA\r\nSubject: evil\r\n\r\nx\r\n.\r\n"


async def smuggle(client: Client, attack: bytes, pieces: int, protocol: str) -> list[str]:
    """Send a mail with something that may look like its end, and a second mail behind; return the replies."""
    await client.begin("ant@ml.test", "bee@ml.test", protocol=protocol)
    body = b"Subject: x\r\n\r\nbody" + attack + SECOND
    client.writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for start in range(0, len(body), pieces):
        client.writer.write(body[start : start + pieces])
        await client.writer.drain()
        await asyncio.sleep(0)
    client.writer.write_eof()
    return await client.rest()


@pytest.mark.parametrize("protocol", ["smtp", "lmtp"])
@pytest.mark.parametrize("pieces", [1, 10_000])
@pytest.mark.parametrize("attack", SMUGGLED)
async def test_smuggling(
    attack: bytes, pieces: int, protocol: Protocol, store: Store, start: Start, connect: Connect
) -> None:
    """A CR, LF or NUL that is no line end ends the connection with 5xx, and neither mail is taken."""
    replies = await smuggle(await connect(await start(protocol)), attack, pieces, protocol)
    assert [reply[:9] for reply in replies] == ["554 5.6.0"] * (2 if protocol == "lmtp" else 1)
    assert not store.begun


@pytest.mark.parametrize("protocol", ["smtp", "lmtp"])
@pytest.mark.parametrize("pieces", [1, 10_000])
@pytest.mark.parametrize("attack", TEXT)
async def test_what_only_looks_like_an_end(
    attack: bytes, pieces: int, protocol: Protocol, store: Store, start: Start, connect: Connect
) -> None:
    """What is no CRLF.CRLF is text: one mail, with the second one as its text."""
    server = await start(protocol)
    await smuggle(await connect(server), attack, pieces, protocol)
    server.close()
    await server.wait_closed()
    [(raw, envelope)] = store.mails
    assert raw.endswith(b"body" + attack.replace(b"\r\n.", b"\r\n") + SECOND[:-3])
    assert envelope.mail_from == "a@c.test"


@pytest.mark.parametrize("protocol", ["smtp", "lmtp"])
@pytest.mark.parametrize("pieces", [1, 10_000])
async def test_input_behind_the_final_dot(
    pieces: int, protocol: Protocol, store: Store, start: Start, connect: Connect
) -> None:
    """What follows the final dot before our reply is never run: 503, and the connection ends."""
    replies = await smuggle(await connect(await start(protocol)), b"\r\n.\r\n", pieces, protocol)
    assert replies[-1].startswith("503 5.5.0") or pieces == 1
    assert len(store.mails) <= (1 if pieces == 1 else 0)
    assert all(envelope.mail_from == "a@c.test" for _, envelope in store.mails)


async def test_input_while_the_mail_is_stored(store: Store, start: Start, connect: Connect) -> None:
    """A mail that is being stored when more input comes is answered for, the input is not run."""
    store.gate = asyncio.Event()
    server = await start()
    client = await connect(server)
    await client.begin()
    client.writer.write(b"x\r\n.\r\n")
    await until(lambda: store.begun == 1)
    client.writer.write(SECOND)
    await until(lambda: all(session._unanswered for session in server._sessions))
    store.gate.set()
    assert [reply[:9] for reply in await client.rest()] == ["250 2.0.0", "503 5.5.0"]
    assert len(store.mails) == 1


async def test_pipelined_commands(store: Store, start: Start, connect: Connect) -> None:
    """Commands that do not wait for our reply end the connection, as PIPELINING is not offered."""
    client = await connect(await start())
    await client.reply()
    await client.say("EHLO c.test")
    client.writer.write(b"MAIL FROM:<a@c.test>\r\nRCPT TO:<ant@ml.test>\r\nDATA\r\nx\r\n.\r\n")
    assert [reply[:9] for reply in await client.rest()] == ["250 2.1.0", "503 5.5.0"]
    assert not store.begun


@pytest.mark.parametrize("line", [b"NOOP\n", b"NO\rOP\r\n", b"NOOP\0\r\n", b"x" * 5000])
async def test_malformed_command(line: bytes, start: Start, connect: Connect) -> None:
    """A command line that does not end with CRLF, or does not end, ends the connection."""
    client = await connect(await start())
    await client.reply()
    client.writer.write(line)
    assert [reply[:9] for reply in await client.rest()] == ["500 5.5.2"]


@pytest.mark.parametrize("size", [600, 1500])
async def test_long_command(size: int, start: Start, connect: Connect) -> None:
    """A command line that is somewhat too long is refused, and the session goes on."""
    client = await connect(await start())
    await client.reply()
    assert (await client.say("NOOP " + "x" * size)).startswith("500 5.5.2")
    assert (await client.say("NOOP")).startswith("250")


@pytest.mark.parametrize(
    ("unit", "reply"),
    [(b"x" * 65_536, "500 5.5.2"), (b"x" * 998 + b"\r\n", "552 5.3.4")],
    ids=["no CRLF", "CRLF"],
)
async def test_data_without_end(
    unit: bytes, reply: str, store: Store, start: Start, connect: Connect
) -> None:
    """Content without end, with or without CRLF, is cut off at the limit, and the client can read why."""
    client = await connect(await start(limits=SmtpLimits(size=4_000_000)))
    await client.begin()
    tracemalloc.start()
    for _ in range(40_000_000 // len(unit)):
        client.writer.write(unit)
        await client.writer.drain()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    client.writer.write_eof()
    assert [answer[:9] for answer in await client.rest()] == [reply]
    assert peak < 12_000_000
    assert not store.begun


async def test_memory_of_all_mails(store: Store, start: Start, connect: Connect) -> None:
    """Many large mails at once are put off before they fill the memory."""
    server = await start(limits=SmtpLimits(memory=10_000))
    first, second = await connect(server), await connect(server)
    for client in (first, second):
        await client.begin()
    first.writer.write((b"x" * 998 + b"\r\n") * 6)
    await until(lambda: server.held == 6000)
    second.writer.write((b"x" * 998 + b"\r\n") * 6)
    assert [reply[:9] for reply in await second.rest()] == ["452 4.3.1"]
    await until(lambda: server.held == 6000)
    assert (await first.say(".")).startswith("250")
    assert (server.held, len(store.mails)) == (0, 1)


async def test_a_mail_counts_until_it_is_stored(store: Store, start: Start, connect: Connect) -> None:
    """Also one whose client hung up behind the dot is in memory as long as the database takes."""
    store.gate = asyncio.Event()
    server = await start(limits=SmtpLimits(memory=10_000))
    first, second = await connect(server), await connect(server)
    for client in (first, second):
        await client.begin()
    first.writer.write((b"x" * 998 + b"\r\n") * 6 + b".\r\n")
    await until(lambda: store.begun == 1)
    first.writer.close()
    await until(lambda: len(server._sessions) == 1)
    second.writer.write((b"x" * 998 + b"\r\n") * 6)
    assert [reply[:9] for reply in await second.rest()] == ["452 4.3.1"]
    store.gate.set()
    await until(lambda: server.held == 0)
    assert len(store.mails) == 1


async def test_many_recipients(store: Store, start: Start, connect: Connect) -> None:
    """The recipients beyond the limit are told to come later, and the mail goes to the others."""
    client = await connect(await start(limits=SmtpLimits(recipients=100, errors=10)))
    await client.reply()
    await client.say("EHLO c.test")
    await client.say("MAIL FROM:<a@c.test>")
    replies = [await client.say(f"RCPT TO:<m{number}@ml.test>") for number in range(150)]
    assert [reply[:9] for reply in replies] == ["250 2.1.5"] * 100 + ["452 4.5.3"] * 50
    await client.say("DATA")
    assert (await client.say(".")).startswith("250")
    assert len(store.mails[0][1].recipients) == 100


async def test_20000_recipients(store: Store, start: Start, connect: Connect) -> None:
    """Commands without a mail come to an end."""
    client = await connect(await start())
    await client.reply()
    await client.say("EHLO c.test")
    await client.say("MAIL FROM:<a@c.test>")
    for number in range(20_000):
        reply = await client.say(f"RCPT TO:<m{number}@ml.test>")
        if not reply.startswith(("250", "452")):
            break
    assert number < 1000
    assert reply.startswith("421 4.7.0")
    assert await client.rest() == []


async def test_errors(start: Start, connect: Connect) -> None:
    """A client that guesses addresses is sent away."""
    client = await connect(await start(limits=SmtpLimits(errors=5)))
    await client.reply()
    await client.say("EHLO c.test")
    await client.say("MAIL FROM:<a@c.test>")
    replies = [await client.say(f"RCPT TO:<guess{number}@elsewhere.test>") for number in range(5)]
    assert [reply[:9] for reply in replies] == ["550 5.1.1"] * 5
    assert [reply[:9] for reply in await client.rest()] == ["421 4.7.0"]


@pytest.mark.parametrize("protocol", ["smtp", "lmtp"])
@pytest.mark.parametrize(
    ("failure", "reply"),
    [(StorageFull(), "452 4.3.1"), (StorageUnavailable(), "451 4.3.0"), (ZeroDivisionError(), "451 4.3.0")],
)
async def test_storage_fails(
    failure: Exception, reply: str, protocol: Protocol, store: Store, start: Start, connect: Connect
) -> None:
    """A mail that cannot be stored is left with the client, once for each recipient in LMTP; the next one is taken."""
    store.failure = failure
    client = await connect(await start(protocol))
    await client.begin("ant@ml.test", "bee@ml.test", "cat@ml.test", protocol=protocol)
    client.writer.write(b".\r\n")
    answers = 3 if protocol == "lmtp" else 1
    assert [(await client.reply())[:9] for _ in range(answers)] == [reply] * answers
    store.failure = None
    await client.say("MAIL FROM:<a@c.test>")
    await client.say("RCPT TO:<ant@ml.test>")
    await client.say("DATA")
    assert (await client.say(".")).startswith("250")
    assert len(store.mails) == 1


async def test_a_database_that_is_away_is_a_line_of_the_log(
    start: Start, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    """And no traceback for each recipient that comes meanwhile: it is no fault of the program (I26)."""
    client = await connect(await start())
    await client.reply()
    await client.say("EHLO c.test")
    await client.say("MAIL FROM:<a@c.test>")
    assert (await client.say("RCPT TO:<broken@ml.test>")).startswith("451 4.3.0")
    (line,) = [record for record in caplog.records if "smtp.failed" in record.getMessage()]
    assert line.levelname == "WARNING"
    assert line.exc_info is None


async def test_storage_is_too_slow(store: Store, start: Start, connect: Connect) -> None:
    """A mail that is not stored in time is answered 451, and its storing is not broken off."""
    store.gate = asyncio.Event()
    client = await connect(await start("lmtp", SmtpLimits(store_seconds=0.1)))
    await client.begin("ant@ml.test", "bee@ml.test", protocol="lmtp")
    client.writer.write(b".\r\n")
    assert [(await client.reply())[:9] for _ in range(2)] == ["451 4.4.5"] * 2
    assert (await client.say("NOOP")).startswith("250")
    store.gate.set()
    await until(lambda: len(store.mails) == 1)


async def test_a_mail_that_is_stored_too_late_does_not_answer_the_next(
    store: Store, start: Start, connect: Connect
) -> None:
    """Who was told 451 and sends his next mail hears what becomes of that one."""
    first = store.gate = asyncio.Event()
    client = await connect(await start(limits=SmtpLimits(store_seconds=0.3)))
    await client.begin()
    assert (await client.say(".")).startswith("451 4.4.5")
    store.gate = asyncio.Event()
    await client.say("MAIL FROM:<a@c.test>")
    await client.say("RCPT TO:<ant@ml.test>")
    await client.say("DATA")
    client.writer.write(b"Subject: second\r\n.\r\n")
    await until(lambda: store.begun == 2)
    first.set()
    await until(lambda: len(store.mails) == 1)
    assert (await client.reply()).startswith("451 4.4.5")


@pytest.mark.parametrize("reset", [False, True], ids=["FIN", "RST"])
@pytest.mark.parametrize("waiting", [False, True], ids=["at once", "while it is stored"])
async def test_client_hangs_up_behind_the_dot(
    waiting: bool, reset: bool, store: Store, start: Start, connect: Connect
) -> None:
    """A mail that came whole is stored exactly once, whatever becomes of the client."""
    store.gate = asyncio.Event()
    client = await connect(await start())
    await client.begin()
    client.writer.write(b"Subject: x\r\n.\r\n")
    if waiting or reset:  # a reset may overtake the dot
        await until(lambda: store.begun == 1)
    if reset:
        linger = struct.pack("ii", 1, 0)
        client.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    client.writer.close()
    await until(lambda: store.begun == 1)
    await asyncio.sleep(0.05)
    store.gate.set()
    await until(lambda: len(store.mails) == 1)
    assert store.begun == 1


def test_client_hangs_up_before_the_greeting() -> None:
    """A connection that its client ends at once is forgotten, also by uvloop, which reads before our first step."""
    uvloop = pytest.importorskip("uvloop", reason="the extra `speed` is not installed")

    async def hang_up() -> None:
        server = await listen(
            "127.0.0.1", 0, protocol="smtp", hostname="mx.test", receive=Store().receive, knows=knows
        )
        socket.create_connection(server.sockets[0].getsockname()).close()
        await asyncio.sleep(0.1)
        await until(lambda: not server._sessions)
        await server.drain(1)

    uvloop.run(hang_up())


DIALOGUE = b"EHLO c.test\r\n|MAIL FROM:<a@c.test>\r\n|RCPT TO:<ant@ml.test>\r\n|DATA\r\n|Subject: x\r\n\r\n..\r\n.\r\n"


@pytest.mark.parametrize("reset", [False, True], ids=["FIN", "RST"])
async def test_client_hangs_up_anywhere(reset: bool, store: Store, start: Start, connect: Connect) -> None:
    """A mail is whole or absent at whichever byte the client hangs up, and no connection stays behind."""
    server = await start()
    for cut in range(0, len(DIALOGUE), 2):
        client = await connect(server)
        await client.reply()
        for step in DIALOGUE[:cut].split(b"|"):
            client.writer.write(step)
            if step.endswith(b"\r\n") and step != DIALOGUE[:cut].rpartition(b"|")[2]:
                await client.reply()
        if reset:
            linger = struct.pack("ii", 1, 0)
            client.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        client.writer.close()
    await until(lambda: not server._sessions)
    assert not store.mails
    gc.collect()


async def test_silent_client(start: Start, connect: Connect) -> None:
    """A client that sends nothing, or single bytes, for too long is sent away."""
    server = await start(
        limits=SmtpLimits(command_seconds=0.8)
    )  # time to say hello in, on a machine with much else to do
    silent, slow = await connect(server), await connect(server)
    await silent.reply()
    await slow.begin()
    began = time.monotonic()
    while not slow.reader.at_eof() and time.monotonic() < began + 5:
        slow.writer.write(b"x")
        await asyncio.sleep(0.05)
        if await read_421(slow):
            break
    assert [reply[:9] for reply in await silent.rest()] == ["421 4.4.2"]
    assert time.monotonic() - began < 3


async def test_a_client_that_goes_on_is_not_sent_away(start: Start, connect: Connect) -> None:
    """Each command begins the wait anew, however many there were; then silence ends it as at the beginning."""
    client = await connect(await start(limits=SmtpLimits(command_seconds=0.4)))
    await client.reply()
    for _ in range(6):
        await asyncio.sleep(0.2)
        assert (await client.say("NOOP")).startswith("250")
    began = time.monotonic()
    assert (await client.reply()).startswith("421 4.4.2")
    assert 0.3 < time.monotonic() - began < 2


async def test_a_recipient_is_asked_about_again(start: Start, connect: Connect) -> None:
    """What was said of a recipient holds for this sender and for a moment; a no is never kept."""
    asked: list[tuple[str, str]] = []
    ours = {"ant@ml.test"}

    async def look(address: str, sender: str) -> bool:
        asked.append((address, sender))
        return address in ours

    server = await start()
    server.knows = look
    client = await connect(server)
    await client.reply()
    await client.say("EHLO c.test")

    async def reply_to(sender: str, recipient: str) -> str:
        await client.say(f"MAIL FROM:<{sender}>")
        reply = await client.say(f"RCPT TO:<{recipient}>")
        await client.say("RSET")
        return reply[:3]

    assert [await reply_to("a@c.test", "ant@ml.test") for _ in range(3)] == ["250"] * 3
    assert await reply_to("b@c.test", "ant@ml.test") == "250"
    assert [await reply_to("a@c.test", "bee@ml.test") for _ in range(2)] == ["550"] * 2
    ours.clear()
    assert await reply_to("a@c.test", "ant@ml.test") == "250"
    await asyncio.sleep(1.1)
    assert await reply_to("a@c.test", "ant@ml.test") == "550"
    assert len(asked) == 5


async def read_421(client: Client) -> bool:
    try:
        async with asyncio.timeout(0.01):
            return (await client.reader.readline()).startswith(b"421 4.4.2")
    except TimeoutError:
        return False


async def test_long_session(start: Start, connect: Connect) -> None:
    """A session comes to an end however busy it is; in LMTP with a reply for each recipient."""
    client = await connect(await start("lmtp", SmtpLimits(session_seconds=0.3)))
    await client.begin("ant@ml.test", "bee@ml.test", protocol="lmtp")
    assert [reply[:9] for reply in await client.rest()] == ["421 4.4.2"] * 2


async def test_too_many_connections(start: Start, connect: Connect) -> None:
    """Who comes when all places are taken is told 421."""
    server = await start(limits=SmtpLimits(connections=3))
    clients = [await connect(server) for _ in range(5)]
    replies = [(await client.reply())[:3] for client in clients]
    assert replies == ["220"] * 3 + ["421"] * 2


async def test_too_many_connections_of_one_peer(start: Start, connect: Connect) -> None:
    """One peer cannot take the places of all."""
    server = await start(limits=SmtpLimits(connections_per_peer=2))
    clients = [await connect(server) for _ in range(3)]
    other = await connect(server, local_addr=("127.0.0.2", 0))
    replies = [(await client.reply())[:3] for client in (*clients, other)]
    assert replies == ["220", "220", "421", "220"]
    clients[0].writer.close()
    await until(lambda: len(server._sessions) == 2)
    assert (await (await connect(server)).reply()).startswith("220")


async def test_a_crowd_of_silent_clients(
    store: Store, start: Start, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When all places are taken, the client that has been idle longest makes room for one with a mail."""
    monkeypatch.setattr(smtp_server, "_BUSY", 0.1)
    server = await start(limits=SmtpLimits(connections=20))
    crowd = [await connect(server) for _ in range(20)]
    for client in crowd:
        await client.reply()
    await asyncio.sleep(0.2)
    for _ in range(5):
        good = await connect(server)
        await good.begin()
        assert (await good.say(".")).startswith("250")
    assert [reply[:9] for reply in await crowd[0].rest()] == ["421 4.3.2"]
    assert (await crowd[19].say("NOOP")).startswith("250")
    assert len(store.mails) == 5


async def test_drain(store: Store, start: Start, connect: Connect) -> None:
    """A service that shuts down takes no new mail, and lets those under way end."""
    server = await start()
    store.gate = asyncio.Event()
    idle, busy, storing = [await connect(server) for _ in range(3)]
    await idle.reply()
    await busy.begin()
    await storing.begin()
    storing.writer.write(b".\r\n")
    await until(lambda: store.begun == 1)
    address = server.sockets[0].getsockname()
    draining = asyncio.create_task(server.drain(5))
    assert [reply[:9] for reply in await idle.rest()] == ["421 4.3.2"]
    with pytest.raises(ConnectionError):
        await asyncio.open_connection(*address)
    store.gate.set()
    assert [reply[:9] for reply in await storing.rest()] == ["250 2.0.0", "421 4.3.2"]
    busy.writer.write(b".\r\n")
    assert [reply[:9] for reply in await busy.rest()] == ["250 2.0.0", "421 4.3.2"]
    await asyncio.wait_for(draining, 2)
    assert len(store.mails) == 2


async def test_drain_is_bounded(store: Store, start: Start, connect: Connect) -> None:
    """A client that does not end its mail does not hold up the shut-down."""
    server = await start()
    client = await connect(server)
    await client.begin()
    await asyncio.wait_for(server.drain(0.1), 3)
    assert [reply[:9] for reply in await client.rest()] == ["421 4.3.2"]


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and certificate for mx.test in one file."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("the openssl program is not installed")
    folder = tmp_path_factory.mktemp("tls")
    key, signed = folder / "key.pem", folder / "cert.pem"
    command = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-days", "2", "-subj", "/CN=mx.test"]
    command += ["-addext", "subjectAltName=DNS:mx.test", "-keyout", str(key), "-out", str(signed)]
    subprocess.run([openssl, *command], check=True, capture_output=True)
    signed.write_text(signed.read_text() + key.read_text())
    return signed


@pytest.mark.parametrize("protocol", ["smtp", "lmtp"])
async def test_starttls(
    protocol: Protocol, certificate: Path, store: Store, start: Start, connect: Connect
) -> None:
    """STARTTLS is offered with a certificate; what was said before is forgotten, and smuggling is refused within."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    trust = ssl.create_default_context(cafile=certificate)
    hello = "LHLO c.test" if protocol == "lmtp" else "EHLO c.test"
    server = await start(protocol, tls=context)
    for attack in (b"", *SMUGGLED):
        client = await connect(server)
        await client.reply()
        assert "STARTTLS" in await client.say(hello)
        assert (await client.say("STARTTLS")).startswith("220 2.0.0")
        await client.writer.start_tls(trust, server_hostname="mx.test")
        assert (await client.say("MAIL FROM:<a@c.test>")).startswith("503")
        assert "STARTTLS" not in await client.say(hello)
        assert (await client.say("STARTTLS")).startswith("500")
        await client.say("MAIL FROM:<a@c.test>")
        await client.say("RCPT TO:<ant@ml.test>")
        await client.say("DATA")
        client.writer.write(b"x" + attack + b"MAIL FROM:<e@c.test>\r\n.\r\n" if attack else b"x\r\n.\r\n")
        assert (await client.reply()).startswith("554" if attack else "250")
    [(raw, _)] = store.mails
    assert f"with {'LMTPS' if protocol == 'lmtp' else 'ESMTPS'}" in raw.decode()


async def test_commands_behind_starttls(certificate: Path, start: Start, connect: Connect) -> None:
    """What a third party adds behind STARTTLS in clear is not run within TLS (CVE-2024-34083)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    client = await connect(await start(tls=context))
    await client.reply()
    await client.say("EHLO c.test")
    client.writer.write(b"STARTTLS\r\nEHLO injected\r\nMAIL FROM:<evil@x.y>\r\n")
    assert [reply[:9] for reply in await client.rest()] == ["220 2.0.0", "503 5.5.0"]


@pytest.mark.parametrize("hello", [b"garbage\r\n", b""], ids=["garbage", "nothing"])
async def test_failed_handshake(
    hello: bytes, certificate: Path, start: Start, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    """A client that asks for TLS and does not begin it loses its connection, and nobody else notices."""
    gc.collect()  # what earlier tests left says so now, not below
    caplog.clear()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = await start(tls=context)
    client = await connect(server)
    await client.reply()
    await client.say("EHLO c.test")
    await client.say("STARTTLS")
    client.writer.write(hello)
    client.writer.write_eof()
    await until(lambda: not server._sessions)
    gc.collect()
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
    assert (await (await connect(server)).reply()).startswith("220")


POSTFIX = """
default_transport = lmtp:inet:[127.0.0.1]:{port}
maximal_backoff_time = 1s
minimal_backoff_time = 1s
queue_run_delay = 1s
"""


@pytest.fixture
async def postfix() -> AsyncIterator[Callable[[int], Awaitable[Path]]]:
    """Start a Postfix of its own, which relays all mail by LMTP to a port; gives its folder."""
    if UNAVAILABLE:
        pytest.skip(UNAVAILABLE)
    with tempfile.TemporaryDirectory() as name:  # not in pytest's folder, which other users cannot enter
        folder = Path(name)
        command: list[str] = []

        async def begin(port: int) -> Path:
            command[:] = lay_out(folder, POSTFIX.format(port=port))
            await run(*command, "start")
            return folder

        try:
            yield begin
        finally:
            await run(*command, "stop")


async def run(*command: str, stdin: bytes = b"") -> None:
    pipe, nothing = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=nothing, stderr=pipe)
    _, errors = await asyncio.wait_for(process.communicate(stdin), 30)
    assert process.returncode == 0, errors.decode()


@pytest.mark.postfix
async def test_postfix_delivers_by_lmtp(
    postfix: Callable[[int], Awaitable[Path]], store: Store, start: Start
) -> None:
    """A real Postfix that got a temporary failure brings the mail to both recipients later, once."""
    server = await start("lmtp")
    store.failure = StorageFull()
    folder = await postfix(server.sockets[0].getsockname()[1])
    mail = b"From: a@c.test\nSubject: x\n\nbody\n"
    recipients = ("ant@ml.test", "bee@ml.test")
    await run("sendmail", "-C", str(folder / "etc"), "-f", "a@c.test", *recipients, stdin=mail)
    await until(lambda: store.begun >= 1)
    store.failure = None
    await until(lambda: bool(store.mails))
    await until(lambda: (folder / "log").read_bytes().count(b"status=sent") == 2)
    [(raw, envelope)] = store.mails
    assert raw.endswith(b"\r\n\r\nbody\r\n")
    assert envelope == Envelope("a@c.test", recipients, "127.0.0.1", "lmtp", "mail.test")


def test_aiosmtpd_is_as_we_know_it() -> None:
    """The class that we build on, private parts included, is the one that was read; if not, read what changed."""
    source = inspect.getsource(aiosmtpd.smtp.SMTP)
    assert hashlib.sha256(source.encode()).hexdigest()[:16] == "895f1864684bdd31"
