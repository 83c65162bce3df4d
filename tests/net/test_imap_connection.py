"""One IMAP session, against a server that says what the test tells it to."""

from __future__ import annotations

import asyncio
import inspect
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import aioimaplib
import pytest

from mailbot.net.imap_connection import (
    ConnectionLost,
    Folder,
    ImapConnection,
    NoStartTls,
    Refused,
    mailbox_name,
)

Dialogue = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def _session(dialogue: Dialogue, *, silence: float = 5) -> AsyncIterator[ImapConnection]:
    """Open a session with a server that holds this dialogue and then hangs up."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await dialogue(reader, writer)
        finally:
            writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        connection = await ImapConnection.open("127.0.0.1", port, None, silence=silence)
        try:
            yield connection
        finally:
            connection.abort()
            await asyncio.sleep(0)


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *untagged: bytes) -> bytes:
    """Read one command, answer it with these lines and OK, and return it without its tag."""
    tag, _, command = (await reader.readline()).partition(b" ")
    writer.write(b"".join(line + b"\r\n" for line in untagged) + tag + b" OK done\r\n")
    await writer.drain()
    return command.rstrip()


async def _begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> list[bytes]:
    """Greet and answer LOGIN, CAPABILITY and SELECT."""
    writer.write(b"* OK ready\r\n")
    return [
        await _answer(reader, writer),
        await _answer(reader, writer, b"* CAPABILITY IMAP4rev1 IDLE"),
        await _answer(reader, writer, b"* 2 EXISTS", b"* OK [UIDVALIDITY 77] fine"),
    ]


async def _enter(connection: ImapConnection) -> Folder:
    await connection.login("ml", "secret")
    return await connection.select("INBOX")


@pytest.mark.parametrize(
    ("name", "coded"),
    [
        ("INBOX", '"INBOX"'),
        ("My Folder", '"My Folder"'),
        ("A&B", '"A&-B"'),
        ("受付済", '"&U9dO2G4I-"'),
        ("Entwürfe", '"Entw&APw-rfe"'),
        ("~peter/mail/台北/日本語", '"~peter/mail/&U,BTFw-/&ZeVnLIqe-"'),
        ("😀", '"&2D3eAA-"'),
        ('a"b\\c', '"a\\"b\\\\c"'),
        ("a\r\nb", '"a&AA0ACg-b"'),
    ],
)
def test_folder_names_travel_in_modified_utf7(name: str, coded: str) -> None:
    """What is not printable ASCII is base64 of UTF-16 between & and - (RFC 3501 section 5.1.3)."""
    assert mailbox_name(name) == coded


def test_the_library_still_has_what_we_override_and_touch() -> None:
    """A new aioimaplib in which a touched name moved is noticed here and not in the mailbox."""
    protocol = aioimaplib.IMAP4ClientProtocol
    source = inspect.getsource(protocol)
    for name in ("data_received", "connection_lost", "welcome", "execute", "_untagged_response"):
        assert callable(getattr(protocol, name))
    for name in ("pending_sync_command", "pending_async_commands", "incomplete_line", "idle_queue", "state"):
        assert f"self.{name} = " in source
    assert list(inspect.signature(protocol.execute).parameters) == ["self", "command", "scrub"]
    assert list(inspect.signature(aioimaplib.Command.close).parameters) == ["self", "line", "result"]
    assert "self.welcome(line)" in source
    assert "_untagged_response(line)" in source


async def test_user_and_password_are_quoted() -> None:
    """Blanks, quotes and backslashes in a user name or password reach the server as they are."""
    heard: list[bytes] = []

    async def dialogue(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK ready\r\n")
        heard.append(await _answer(reader, writer))
        await _answer(reader, writer, b"* CAPABILITY IMAP4rev1")

    async with _session(dialogue) as connection:
        await connection.login("m l", 'a"b\\c')
    assert heard == [b'LOGIN "m l" "a\\"b\\\\c"']


@pytest.mark.parametrize("password", ["a\r\nb", "a\0b"])
async def test_a_password_with_a_line_end_is_refused_here(password: str) -> None:
    """Nothing in a password can become a command of its own."""

    async def dialogue(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK ready\r\n")
        assert await reader.read() == b""

    async with _session(dialogue) as connection:
        with pytest.raises(Refused, match="line end"):
            await connection.login("ml", password)


@pytest.mark.parametrize(
    "greeting", [b"* PREAUTH welcome\r\n", b"* BYE busy\r\n", b"HTTP/1.1 400 Bad\r\n", b""]
)
async def test_a_greeting_that_is_not_ok_ends_the_session(greeting: bytes) -> None:
    """Only a server that waits for our login is talked to."""

    async def dialogue(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        await writer.drain()

    with pytest.raises(ConnectionLost):
        async with _session(dialogue):
            pass


@pytest.mark.parametrize(
    "noise", [b"\r\n", b"* 1 FETCH (FLAGS ())\r\n", b"* 1 EXISTS\r\n", b"* OK x\r\n", b"+ \r\n"]
)
async def test_a_flood_of_lines_in_one_chunk_is_read(noise: bytes) -> None:
    """Twenty thousand lines that arrive at once end in no recursion and no endless wait."""

    async def dialogue(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _begin(reader, writer)
        tag = (await reader.readline()).split()[0]
        writer.write(noise * 20_000 + b"* SEARCH 9 3\r\n" + tag + b" OK done\r\n")
        await writer.drain()
        await reader.read()

    async with _session(dialogue) as connection:
        await _enter(connection)
        async with asyncio.timeout(10):
            assert await connection.uids_without("$Mailbot") == [3, 9]


async def test_a_body_that_looks_like_imap_is_taken_as_it_is() -> None:
    """Literals are counted, not read: tags, parentheses and literal marks in a mail mean nothing."""
    body = b"A1 OK done\r\n* BYE\r\n)\r\n((( {5}\r\n* 4 EXISTS\r\n" * 300

    async def dialogue(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _begin(reader, writer)
        before = b"* 2 FETCH (UID 8 BODY[] {%d}\r\n%b)" % (len(body), body)
        behind = b"* 3 FETCH (BODY[] {%d}\r\n%b UID 9)" % (len(body), body)
        other = b"* 4 FETCH (FLAGS (\\Seen) UID 10)"
        await _answer(reader, writer, before, other, behind)
        await _answer(reader, writer, behind, before)

    async with _session(dialogue) as connection:
        await _enter(connection)
        for _ in range(2):
            assert await connection.bodies([8, 9, 10]) == {8: body, 9: body}


async def test_an_announcement_outside_of_idle_is_not_missed() -> None:
    """EXISTS that comes with the answer to another command sets `news`, so IDLE is not entered over it."""

    async def dialogue(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _begin(reader, writer)
        await _answer(reader, writer, b"* SEARCH", b"* 3 EXISTS")

    async with _session(dialogue) as connection:
        await _enter(connection)
        connection.news.clear()
        assert await connection.uids_without("$Mailbot") == []
        assert connection.news.is_set()


async def test_no_done_is_sent_after_bye() -> None:
    """A server that says BYE during IDLE hears nothing more, and the wait ends at once."""
    after_bye: list[bytes] = []

    async def dialogue(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _begin(reader, writer)
        await reader.readline()
        writer.write(b"+ idling\r\n")
        await writer.drain()
        writer.write(b"* BYE shutting down\r\n")
        await writer.drain()
        with suppress(TimeoutError):
            async with asyncio.timeout(0.2):
                after_bye.append(await reader.read(100))

    async with _session(dialogue) as connection:
        await _enter(connection)
        connection.news.clear()
        with pytest.raises(ConnectionLost, match="shutting down"):
            await connection.idle(asyncio.Event(), 60)
    assert after_bye == []


async def test_idle_ends_with_news_stop_and_time() -> None:
    """IDLE returns when mail is announced, when told to stop, and when its time is over."""

    async def dialogue(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _begin(reader, writer)
        for push in (b"* OK still here\r\n* 3 EXISTS\r\n", b"", b""):
            tag = (await reader.readline()).split()[0]
            writer.write(b"+ idling\r\n")
            await writer.drain()
            writer.write(push)
            assert await reader.readline() == b"DONE\r\n"
            writer.write(tag + b" OK done\r\n")
        await reader.read()

    stop = asyncio.Event()
    async with _session(dialogue) as connection, asyncio.timeout(10):
        await _enter(connection)
        connection.news.clear()
        await connection.idle(stop, 60)
        assert connection.news.is_set()
        connection.news.clear()
        await connection.idle(stop, 0.05)
        assert not connection.news.is_set()
        stop.set()
        await connection.idle(stop, 60)


async def test_a_server_that_hangs_up_ends_every_wait() -> None:
    """The command in hand and every later one end with the reason, in IDLE too."""

    async def dialogue(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _begin(reader, writer)
        await reader.readline()
        writer.write(b"+ idling\r\n")

    async with _session(dialogue) as connection:
        await _enter(connection)
        connection.news.clear()
        async with asyncio.timeout(5):
            with pytest.raises(ConnectionLost):
                await connection.idle(asyncio.Event(), 60)
            with pytest.raises(ConnectionLost):
                await connection.bodies([1])


async def test_a_silent_server_is_given_up_but_a_slow_one_is_not() -> None:
    """The time runs from the last byte: a long mail over a slow line is waited for."""

    async def dialogue(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _begin(reader, writer)
        tag = (await reader.readline()).split()[0]
        writer.write(b"* 1 FETCH (UID 1 BODY[] {10}\r\n")
        for _ in range(10):
            await asyncio.sleep(0.1)
            writer.write(b"x")
        writer.write(b")\r\n" + tag + b" OK done\r\n")
        await reader.read()

    async with _session(dialogue, silence=0.5) as connection:
        await _enter(connection)
        assert await connection.bodies([1]) == {1: b"x" * 10}
        with pytest.raises(TimeoutError):
            await connection.bodies([2])


async def test_an_answer_that_is_no_imap_ends_the_session() -> None:
    """A tag that we never sent is a reason to start anew, not to wait for ever."""

    async def dialogue(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _begin(reader, writer)
        await reader.readline()
        writer.write(b"ZZZ OK whose is this\r\n")
        await reader.read()

    async with _session(dialogue) as connection:
        await _enter(connection)
        async with asyncio.timeout(2):
            with pytest.raises(ConnectionLost, match="unreadable answer"):
                await connection.uids_without("$Mailbot")


async def test_the_folder_tells_its_uidvalidity_and_flags() -> None:
    """UIDVALIDITY, the permanent flags and whether it is read-only are read from SELECT's answer."""

    async def dialogue(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _begin(reader, writer)
        tag = (await reader.readline()).split()[0]
        writer.write(
            b"* OK [UIDVALIDITY 5] fine\r\n* OK [PERMANENTFLAGS (\\Seen \\*)] limited\r\n"
            + tag
            + b" OK [READ-ONLY] done\r\n"
        )
        await reader.read()

    async with _session(dialogue) as connection:
        assert await _enter(connection) == Folder(77, None, read_only=False)
        assert await connection.select("x") == Folder(5, frozenset({r"\Seen", r"\*"}), read_only=True)


@pytest.mark.parametrize(
    ("dialogue", "error", "words"),
    [
        ([b"* OK ready", b"* CAPABILITY IMAP4rev1\r\nC1 OK"], NoStartTls, "does not offer STARTTLS"),
        ([b"* OK ready", b"* CAPABILITY STARTTLS\r\nC1 OK", b"C2 NO not now"], NoStartTls, "'NO not now'"),
        (
            [b"* OK ready", b"* CAPABILITY STARTTLS\r\nC1 OK", b"C2 OK\r\n* CAPABILITY IMAP4rev1"],
            ConnectionLost,
            "more came in clear",
        ),
        ([b"* PREAUTH welcome"], ConnectionLost, "PREAUTH"),
        ([b"* BYE full"], ConnectionLost, "BYE full"),
        ([b"* OK " + b"x" * 20_000], ConnectionLost, "more than 16384 bytes in clear"),
        ([b"* OK ready"], ConnectionLost, "connection closed by the server"),
    ],
)
async def test_without_tls_nothing_is_said_that_matters(
    dialogue: list[bytes], error: type[Exception], words: str
) -> None:
    """STARTTLS that is not offered, refused or followed by words in clear ends it: no login, and nothing heard is believed."""
    said = []
    hung_up = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for number, lines in enumerate(dialogue):
            if number:
                said.append(await reader.readline())
            writer.write(lines + b"\r\n")
        if dialogue != [b"* OK ready"]:
            said.append(await reader.read())
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
        hung_up.set()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        tls = ssl.create_default_context()
        with pytest.raises(error, match=re.escape(words)):
            await ImapConnection.open("127.0.0.1", port, tls, silence=5, starttls=True)
        await hung_up.wait()
    assert b"".join(said) in {b"", b"C1 CAPABILITY\r\n", b"C1 CAPABILITY\r\nC2 STARTTLS\r\n"}
