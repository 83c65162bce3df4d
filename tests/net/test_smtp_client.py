"""The sender against a scripted server on the loopback: each recipient's state, each connection's state, the next mail."""

from __future__ import annotations

import asyncio
import base64
import random
import ssl
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from mailbot.core.transfer.delivery import Deferred, Failed, Marked, Outcome, Sent, Transaction
from mailbot.core.transfer.relay import Relay, RelayAway
from mailbot.core.transfer.smtp_wire import stuff
from mailbot.net import smtp_client, smtp_connection
from mailbot.net.smtp_client import send
from mailbot.net.smtp_connection import Timeouts

SHORT = Timeouts(connect=5, greeting=5, envelope=5, dot=5, quit=5)
CLOSE = "close"  # what a script says in place of a reply
SILENT = "silent"
OK = Sent("250 2.0.0 taken")

Said = bytes | str | None
Script = Callable[[int, str], Said]  # (connection from 1, command; "" the greeting, "." the final dot)


class Server:
    """Answers as its script says, or else as a good server does, and keeps what it heard."""

    def __init__(
        self,
        script: Script = lambda _connection, _command: None,
        *,
        offers: Sequence[str] = ("PIPELINING", "8BITMIME", "SMTPUTF8", "SIZE 100000"),
        scheme: str = "smtp",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.script = script
        self.offers = offers
        self.lmtp = scheme == "lmtp"
        self.implicit_tls = tls if scheme == "smtps" else None
        self.tls = tls
        self.commands: list[list[str]] = []  # of each connection
        self.contents: list[bytes] = []  # as on the wire, without the final dot
        self.reads: list[bytes] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", 0, ssl=self.implicit_tls, limit=1 << 24
        )
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    @property
    def relay(self) -> Relay:
        return Relay("lmtp" if self.lmtp else "smtp", "127.0.0.1", self.port)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.commands.append([])
        try:
            await self._talk(len(self.commands), reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        finally:
            writer.transport.abort()

    async def _talk(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sender, accepted = False, 0
        if not await self._say(number, "", b"220 fake", writer):
            return
        while True:
            command = (await reader.readuntil(b"\r\n"))[:-2].decode()
            self.commands[number - 1].append(command)
            verb = command[:4].upper()
            usual = {
                "EHLO": self._greet(),
                "LHLO": self._greet(),
                "MAIL": b"250 2.1.0 sender",
                "RCPT": b"250 2.1.5 recipient" if sender else b"503 5.5.1 no sender",
                "DATA": b"354 go on" if accepted else b"503 5.5.1 no recipients",
                "QUIT": b"221 2.0.0 bye",
                "STAR": b"220 2.0.0 go ahead",
                "AUTH": b"235 2.7.0 welcome",
            }.get(verb, b"250 2.0.0 fine")
            said = await self._say(number, command, usual, writer)
            if not said or verb == "QUIT":
                return
            if verb in {"MAIL", "RSET"}:
                sender, accepted = said.startswith(b"2") and verb == "MAIL", 0
            if verb == "RCPT" and said.startswith(b"2"):
                accepted += 1
            if verb == "STAR" and said.startswith(b"220") and self.tls is not None:
                await writer.start_tls(self.tls)
            if verb == "DATA" and said.startswith(b"354"):
                self.contents.append(await self._content(reader))
                replies = accepted if self.lmtp else 1
                if not await self._say(number, ".", b"\r\n".join([b"250 2.0.0 taken"] * replies), writer):
                    return

    def _greet(self) -> bytes:
        lines = ["fake", *self.offers]
        marks = ["-"] * (len(lines) - 1) + [" "]
        return "\r\n".join(f"250{mark}{line}" for mark, line in zip(marks, lines, strict=True)).encode()

    async def _content(self, reader: asyncio.StreamReader) -> bytes:
        content = bytearray()
        while content != b".\r\n" and not content.endswith(b"\r\n.\r\n"):
            content += await reader.readuntil(b"\r\n")
        return bytes(content[:-3])

    async def _say(self, number: int, command: str, usual: bytes, writer: asyncio.StreamWriter) -> bytes:
        """Answer; returns what was said, b"" when the connection is over."""
        said = self.script(number, command)
        if said == CLOSE:
            return b""
        if said == SILENT:
            await asyncio.Event().wait()
        reply = said if isinstance(said, bytes) else usual
        writer.write(reply if reply.endswith(b"\n") else reply + b"\r\n")
        await writer.drain()
        return reply


class Queue:
    """The work of a test, which checks the settle discipline (I9) at every call."""

    def __init__(self, *mails: Transaction, connections: int = 10, lost: int | None = None) -> None:
        self.mails = list(mails)
        self.outcomes: dict[int, Outcome] = {}
        self.started: list[int] = []
        self.in_doubt: set[int] = set()
        self.connections = connections
        self.lost = lost
        self.fault: Exception | None = None
        self._marking: set[asyncio.Task[None]] = set()

    def take(self) -> Transaction | None:
        return self.mails.pop(0) if self.mails else None

    async def ready(self) -> bool:
        return bool(self.mails)

    async def settle(self, outcomes: Sequence[tuple[int, Outcome]], starting: Sequence[int]) -> bool:
        await asyncio.sleep(0.001)
        if self.fault is not None:
            raise self.fault
        for delivery, outcome in outcomes:
            assert delivery not in self.outcomes, "settled twice"
            self.outcomes[delivery] = outcome
            self.in_doubt.discard(delivery)
        if self.lost in starting:
            return False
        self.started += starting
        self.in_doubt.update(starting)
        assert len({delivery // 100 for delivery in self.in_doubt}) <= self.connections, "too many in doubt"
        return True

    def mark(self, outcomes: Sequence[tuple[int, Outcome]], starting: Sequence[int], marked: Marked) -> None:
        async def settle() -> None:
            try:
                ours = await self.settle(outcomes, starting)
            except Exception as fault:  # noqa: BLE001  the sender is to hear of it
                marked(False, fault)
            else:
                marked(ours, None)

        task = asyncio.create_task(settle())
        self._marking.add(task)
        task.add_done_callback(self._marking.discard)


def mail(number: int, *recipients: str, content: bytes = b"Subject: x\r\n\r\n.dot\r\n") -> Transaction:
    """A mail whose deliveries are number * 100 and following."""
    names = recipients or (f"r{number}@example.jp",)
    return Transaction(
        f"bounce+{number}@ml.example.jp",
        tuple((number * 100 + index, name) for index, name in enumerate(names)),
        content,
    )


async def deliver(
    queue: Queue, *servers: Server | Relay, connections: int = 1, timeouts: Timeouts = SHORT
) -> None:
    queue.connections = connections
    relays = [server.relay if isinstance(server, Server) else server for server in servers]
    async with asyncio.timeout(20):
        await send(
            relays,
            queue,
            hostname="ml.example.jp",
            connections=connections,
            timeouts=timeouts,
            downgrade=lambda _content: b"7bit\r\n",
        )


def at(answers: dict[str, Said], *, connection: int | None = None) -> Script:
    """A script that answers commands beginning with these words, on one connection or on all."""

    def script(number: int, command: str) -> Said:
        if connection not in {None, number}:
            return None
        return next(
            (
                said
                for start, said in answers.items()
                if command == start or (start and command.startswith(start))
            ),
            None,
        )

    return script


async def test_pipelined_dialogue() -> None:
    """With PIPELINING each mail has its MAIL, RCPT and DATA, content is dot-stuffed, and QUIT ends it politely."""
    async with Server() as server:
        queue = Queue(mail(1), mail(2))
        await deliver(queue, server)
    assert server.commands == [
        [
            "EHLO ml.example.jp",
            "MAIL FROM:<bounce+1@ml.example.jp> SIZE=21",
            "RCPT TO:<r1@example.jp>",
            "DATA",
            "MAIL FROM:<bounce+2@ml.example.jp> SIZE=21",
            "RCPT TO:<r2@example.jp>",
            "DATA",
            "QUIT",
        ]
    ]
    assert server.contents == [b"Subject: x\r\n\r\n..dot\r\n"] * 2
    assert queue.outcomes == {100: OK, 200: OK}
    assert queue.started == [100, 200]


async def test_one_write_holds_content_and_next_envelope() -> None:
    """The content, its dot and the next envelope arrive together, before the server has answered the dot."""
    arrived: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 x\r\n")
        await reader.readuntil(b"\r\n")
        writer.write(b"250-x\r\n250 PIPELINING\r\n")
        arrived.append(await reader.read(65536))
        writer.write(b"250 a\r\n250 b\r\n354 c\r\n")
        arrived.append(await reader.read(65536))
        writer.write(b"250 done\r\n250 a\r\n250 b\r\n354 c\r\n")
        arrived.append(await reader.read(65536))
        writer.write(b"250 done\r\n")
        await reader.read(65536)
        writer.write(b"221 bye\r\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        queue = Queue(mail(1), mail(2))
        await deliver(queue, Relay("smtp", "127.0.0.1", server.sockets[0].getsockname()[1]))
    assert arrived[0].endswith(b"RCPT TO:<r1@example.jp>\r\nDATA\r\n")
    assert arrived[1] == (
        b"Subject: x\r\n\r\n..dot\r\n.\r\n"
        b"MAIL FROM:<bounce+2@ml.example.jp>\r\nRCPT TO:<r2@example.jp>\r\nDATA\r\n"
    )
    assert set(queue.outcomes.values()) == {Sent("250 done")}


@pytest.mark.parametrize("scheme", ["smtp", "lmtp"])
@pytest.mark.parametrize("offers", [("PIPELINING", "8BITMIME"), ("8BITMIME",), ()])
async def test_many_mails_over_many_connections(scheme: str, offers: Sequence[str]) -> None:
    """Each mail arrives once, pipelined or in lock-step, by SMTP or LMTP, over no more connections than allowed."""
    async with Server(offers=offers, scheme=scheme) as server:
        queue = Queue(*(mail(number, content=b"%d\r\n" % number) for number in range(1, 61)))
        await deliver(queue, server, connections=5)
    assert sorted(server.contents) == sorted(b"%d\r\n" % number for number in range(1, 61))
    assert set(queue.outcomes) == {number * 100 for number in range(1, 61)}
    assert set(queue.outcomes.values()) == {OK}
    assert len(server.commands) == 5
    assert all(commands[-1] == "QUIT" for commands in server.commands)


async def test_single_mail_opens_one_connection() -> None:
    """Connections are opened only as many as there is work for."""
    async with Server() as server:
        await deliver(Queue(mail(1)), server, connections=10)
        assert len(server.commands) == 1


async def test_work_that_arrives_late_gets_connections() -> None:
    """A run that began with one mail grows when more work appears."""
    queue = Queue(mail(1))

    def script(number: int, command: str) -> Said:
        if command == "." and len(server.contents) == 1:
            queue.mails.extend(mail(number) for number in range(2, 30))
        return None

    async with Server(script) as server:
        await deliver(queue, server, connections=3)
        assert len(server.commands) == 3
    assert len(queue.outcomes) == 29


async def test_work_that_arrives_while_the_last_connection_closes() -> None:
    """Work that appears when nothing seemed left is delivered, not taken for a relay that went away."""
    queue = Queue(mail(1))

    def script(number: int, command: str) -> Said:
        if command == "QUIT" and number == 1:
            queue.mails.append(mail(2))
        return None

    async with Server(script) as server:
        await deliver(queue, server)
    assert queue.outcomes == {100: OK, 200: OK}


async def test_nothing_is_written_before_it_is_marked() -> None:
    """The content leaves only after settle has made durable that it is starting (I9)."""
    marked: list[list[int]] = []

    def script(_number: int, command: str) -> Said:
        if command == ".":
            marked.append(list(queue.started))
        return None

    async with Server(script) as server:
        queue = Queue(mail(1), mail(2), mail(3))
        await deliver(queue, server)
    assert marked == [[100], [100, 200], [100, 200, 300]]


@pytest.mark.parametrize("offers", [("PIPELINING",), ()])
async def test_lost_lease_sends_nothing(offers: Sequence[str]) -> None:
    """A mail whose lease was lost does not leave, says nothing, and the next one goes on."""
    async with Server(offers=offers) as server:
        queue = Queue(*(mail(number, content=b"%d\r\n" % number) for number in (1, 2, 3)), lost=200)
        await deliver(queue, server)
    assert server.contents == [b"1\r\n", b"3\r\n"]
    assert queue.outcomes == {100: OK, 300: OK}


async def test_store_that_cannot_write_stops_the_run() -> None:
    """When settle raises, no new mail is started, and the caller gets the error (R9)."""
    async with Server() as server:
        queue = Queue(*(mail(number) for number in range(1, 30)))
        queue.fault = OSError("disk full")
        with pytest.raises(OSError, match="disk full"):
            await deliver(queue, server, connections=4)
    assert server.contents == []


@pytest.mark.parametrize("offers", [("PIPELINING",), ()])
@pytest.mark.parametrize(
    ("command", "reply", "outcome"),
    [
        ("MAIL FROM:<bounce+1@", b"550 5.7.1 no", Failed("550 5.7.1 no")),
        ("MAIL FROM:<bounce+1@", b"451 4.3.0 later", Deferred("451 4.3.0 later")),
        ("MAIL FROM:<bounce+1@", b"354 what", Deferred("354 what")),
        ("RCPT TO:<r1@", b"550-5.1.1 no\r\n550 such user", Failed("550 5.1.1 no such user")),
        ("RCPT TO:<r1@", b"452 4.2.2 full", Deferred("452 4.2.2 full")),
    ],
)
async def test_refusal_in_the_envelope(
    offers: Sequence[str], command: str, reply: bytes, outcome: Outcome
) -> None:
    """A refused MAIL or RCPT is this mail's outcome, with the server's words; the next mail is not harmed."""
    async with Server(at({command: reply}), offers=offers) as server:
        queue = Queue(mail(1, content=b"1\r\n"), mail(2, content=b"2\r\n"))
        await deliver(queue, server)
    assert queue.outcomes == {100: outcome, 200: OK}
    assert server.contents == [b"2\r\n"]
    assert len(server.commands) == 1
    assert "RSET" in server.commands[0]


@pytest.mark.parametrize("offers", [("PIPELINING",), ()])
@pytest.mark.parametrize(
    ("start", "reply", "outcome"),
    [
        ("DATA", b"451 4.3.0 later", Deferred("451 4.3.0 later")),
        ("DATA", b"554 5.7.1 never", Failed("554 5.7.1 never")),
        (".", b"452 4.3.1 disk full", Deferred("452 4.3.1 disk full")),
        (".", b"554 5.6.0 spam", Failed("554 5.6.0 spam")),
    ],
)
async def test_refusal_of_the_content(
    offers: Sequence[str], start: str, reply: bytes, outcome: Outcome
) -> None:
    """A refusal of DATA or of the final dot is the outcome of all who were accepted; the next mail is not harmed."""
    answered = []

    def script(_number: int, command: str) -> Said:
        if command == start:
            answered.append(command)
            return reply if len(answered) == 1 else None
        return None

    async with Server(script, offers=offers) as server:
        queue = Queue(mail(1, "a@x", "b@x"), mail(2))
        await deliver(queue, server)
    assert queue.outcomes == {100: outcome, 101: outcome, 200: OK}
    assert len(server.commands) == 1


@pytest.mark.parametrize("offers", [("PIPELINING",), ()])
async def test_one_recipient_of_several_refused(offers: Sequence[str]) -> None:
    """Refused recipients have their own outcome; the content goes to the others."""
    script = at({"RCPT TO:<b@": b"550 5.1.1 no b", "RCPT TO:<c@": b"450 4.2.0 c later"})
    async with Server(script, offers=offers) as server:
        queue = Queue(mail(1, "a@x", "b@x", "c@x", "d@x"), mail(2))
        await deliver(queue, server)
    assert queue.outcomes == {
        100: OK,
        101: Failed("550 5.1.1 no b"),
        102: Deferred("450 4.2.0 c later"),
        103: OK,
        200: OK,
    }
    assert queue.started == [100, 103, 200]


class Small:
    """Takes so many recipients in a transaction and answers the others as told."""

    def __init__(self, most: int, too_many: bytes) -> None:
        self.most, self.too_many = most, too_many
        self.asked: Counter[int] = Counter()  # in the transaction of each connection

    def __call__(self, connection: int, command: str) -> Said:
        if command.startswith("MAIL"):
            self.asked[connection] = 0
        self.asked[connection] += command.startswith("RCPT")
        return self.too_many if command.startswith("RCPT") and self.asked[connection] > self.most else None


@pytest.mark.parametrize("offers", [("PIPELINING",), ()])
@pytest.mark.parametrize(
    "too_many", [b"452 4.5.3 too many recipients", b"452 too many", b"552 5.5.3 too many"]
)
async def test_who_finds_no_room_goes_in_the_next_transaction(too_many: bytes, offers: Sequence[str]) -> None:
    """At once (RFC 5321 4.5.3.1.10), and no later transaction is larger than the relay takes."""
    names = [f"r{number}@x" for number in range(7)]
    async with Server(Small(3, too_many), offers=offers) as server:
        queue = Queue(mail(1, *names), mail(2, *names, content=b"2\r\n"))
        await deliver(queue, server)
    assert queue.outcomes == {number + index: OK for number in (100, 200) for index in range(7)}
    (commands,) = server.commands
    sizes = [
        sum(line.startswith("RCPT") for line in part.split("\n"))
        for part in "\n".join(commands).split("MAIL")[1:]
    ]
    assert sizes == [7, 3, 1, 3, 3, 1]
    assert len(server.contents) == 6


async def test_a_full_mailbox_is_not_one_too_many() -> None:
    """It has the same code; its copy waits, and the transactions stay as large."""
    script = at({"RCPT TO:<c@": b"452 4.2.2 mailbox full"})
    async with Server(script) as server:
        queue = Queue(mail(1, "a@x", "b@x", "c@x"), mail(2, "a@x", "b@x", "d@x"))
        await deliver(queue, server)
    assert queue.outcomes.pop(102) == Deferred("452 4.2.2 mailbox full")
    assert set(queue.outcomes.values()) == {OK}
    assert len(server.contents) == 2


@pytest.mark.parametrize("offers", [("PIPELINING",), ()])
async def test_a_relay_that_has_room_for_nobody_defers_all(offers: Sequence[str]) -> None:
    """452 to the first says nothing of how many: nothing is tried again at once."""
    async with Server(at({"RCPT": b"452 4.3.1 no space"}), offers=offers) as server:
        queue = Queue(mail(1, "a@x", "b@x"), mail(2))
        await deliver(queue, server)
    assert set(queue.outcomes.values()) == {Deferred("452 4.3.1 no space")}
    assert len(queue.outcomes) == 3
    assert server.contents == []


@pytest.mark.parametrize("said", [b"421 4.3.2 going down", CLOSE])
@pytest.mark.parametrize("first", [True, False])
async def test_a_connection_that_ends_among_the_recipients(said: Said, first: bool) -> None:
    """Who was refused before is settled; the others go over another connection, unless that mail may be the reason."""
    script = at({"RCPT TO:<b@": b"550 5.1.1 no b", "RCPT TO:<d@": said}, connection=1)
    group = mail(2, "a@x", "b@x", "c@x", "d@x", "e@x")
    async with Server(script) as server:
        queue = Queue(*([] if first else [mail(1)]), group)
        with suppress(RelayAway):
            await deliver(queue, server)
    assert queue.outcomes[201] == Failed("550 5.1.1 no b")
    others = {queue.outcomes[delivery] for delivery in (200, 202, 203, 204)}
    if first:
        assert {type(one) for one in others} == {Deferred}
    else:
        assert others == {OK}
    assert len(server.contents) == (0 if first else 2)


@pytest.mark.parametrize("said", [CLOSE, b"421 4.3.2 going down", b"4"])
async def test_a_group_whose_dot_is_not_answered_is_in_doubt_as_a_whole(said: Said) -> None:
    """Each of its recipients may have the mail; who was refused before has not."""
    script = at({"RCPT TO:<b@": b"550 5.1.1 no b", ".": said}, connection=1)
    async with Server(script) as server:
        queue = Queue(mail(1, "a@x", "b@x", "c@x"))
        with suppress(RelayAway):
            await deliver(queue, server)
    assert queue.outcomes[101] == Failed("550 5.1.1 no b")
    doubts = [queue.outcomes[delivery] for delivery in (100, 102)]
    answered = said == b"421 4.3.2 going down"
    assert all(isinstance(one, Deferred) and one.unknown is not answered for one in doubts)


async def test_go_on_without_recipients_gets_a_lone_dot() -> None:
    """A server that answers 354 though it accepted nobody gets a single dot (RFC 2920 3.1) and no content."""
    script = at({"RCPT TO:<r1@": b"550 no", "DATA": b"354 go on", ".": None})
    async with Server(script) as server:
        queue = Queue(mail(1), mail(2, content=b"2\r\n"))
        await deliver(queue, server)
    assert queue.outcomes == {100: Failed("550 no"), 200: OK}
    assert queue.started == [200]
    assert server.contents == [b"", b"2\r\n"]


async def test_lmtp_answers_each_recipient() -> None:
    """LMTP gives one reply for each accepted recipient after the dot (RFC 2033 4.2)."""
    script = at({"RCPT TO:<b@": b"550 no b", ".": b"250 a\r\n452 c full\r\n554 d never"})
    async with Server(script, scheme="lmtp") as server:
        queue = Queue(mail(1, "a@x", "b@x", "c@x", "d@x"))
        await deliver(queue, server)
    assert server.commands[0][0] == "LHLO ml.example.jp"
    assert queue.outcomes == {
        100: Sent("250 a"),
        101: Failed("550 no b"),
        102: Deferred("452 c full"),
        103: Failed("554 d never"),
    }


async def test_lmtp_closes_between_the_replies() -> None:
    """Who was answered before an LMTP connection is lost is settled, the others are unknown."""
    script = at({".": b"250 a\r\n421 closing\r\n"})
    async with Server(script, scheme="lmtp") as server:
        queue = Queue(mail(1, "a@x", "b@x", "c@x"))
        await deliver(queue, server)
    assert queue.outcomes[100] == Sent("250 a")
    assert queue.outcomes[101] == Deferred("421 closing")
    assert queue.outcomes[102] == Deferred("lost after the final dot: 421 closing", unknown=True)


@pytest.mark.parametrize("offers", [("PIPELINING",), ()])
@pytest.mark.parametrize(
    "said", [CLOSE, SILENT, b"ok\r\n", b"250 ok\n", b"9" * 10_000, b"250-x\r\n" * 1_000_000]
)
async def test_no_answer_to_the_dot(offers: Sequence[str], said: Said) -> None:
    """Close, silence or garbage after the final dot makes that mail unknown; the next one goes over a new connection."""
    async with Server(at({".": said}, connection=1), offers=offers) as server:
        queue = Queue(mail(1, "a@x", "b@x"), mail(2), mail(3))
        await deliver(queue, server, timeouts=replace(SHORT, dot=0.3))
    for delivery in (100, 101):
        outcome = queue.outcomes[delivery]
        assert isinstance(outcome, Deferred)
        assert outcome.unknown
    assert queue.outcomes[200] == OK
    assert queue.outcomes[300] == OK


@pytest.mark.parametrize("offers", [("PIPELINING",), ()])
@pytest.mark.parametrize("start", ["MAIL FROM:<bounce+2@", "RCPT TO:<r2@", "DATA"])
@pytest.mark.parametrize(
    "said", [CLOSE, b"421 4.3.2 too many mails on this connection", b"rubbish", b"250 a\n"]
)
async def test_lost_before_the_dot(offers: Sequence[str], start: str, said: Said) -> None:
    """A mail whose content was not written is taken again by a new connection, once, without a mark of failure."""
    seen: list[str] = []

    def script(number: int, command: str) -> Said:
        if number == 1 and command.startswith(start):
            seen.append(command)
            return None if start == "DATA" and len(seen) == 1 else said
        return None

    async with Server(script, offers=offers) as server:
        queue = Queue(*(mail(number, content=b"%d\r\n" % number) for number in (1, 2, 3)))
        await deliver(queue, server)
    assert queue.outcomes == {100: OK, 200: OK, 300: OK}
    assert server.contents == [b"1\r\n", b"2\r\n", b"3\r\n"]
    assert len(server.commands) == 2


async def test_refused_recipients_are_not_asked_again() -> None:
    """When the connection is lost in the envelope, only who was not answered goes over the new one."""
    script = at({"RCPT TO:<b@": b"550 no b", "DATA": CLOSE}, connection=2)

    def whole(number: int, command: str) -> Said:
        if number == 1 and command.startswith("MAIL FROM:<bounce+2@"):
            return CLOSE  # the second connection begins with the mail of three recipients
        return (
            None if number == 2 and command == "DATA" and server.contents == [] else script(number, command)
        )

    async with Server(whole) as server:
        queue = Queue(mail(1), mail(2, "a@x", "b@x", "c@x"), mail(3))
        await deliver(queue, server)
    assert queue.outcomes[101 + 100] == Failed("550 no b")
    assert queue.outcomes[100] == OK


@pytest.mark.parametrize("start", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("said", [CLOSE, b"421 4.3.2 going down", b"rubbish"])
async def test_poison_mail_does_not_stop_the_others(start: str, said: Said) -> None:
    """A mail at which the server always hangs up is deferred after a connection of its own; the others arrive."""
    poisoned: set[int] = set()

    def script(number: int, command: str) -> Said:
        if command.startswith("MAIL FROM:<bounce+1@"):
            poisoned.add(number)
        return said if number in poisoned and command.startswith(start) else None

    async with Server(script) as server:
        queue = Queue(mail(1), mail(2), mail(3))
        await deliver(queue, server)
    outcome = queue.outcomes.pop(100)
    assert isinstance(outcome, Deferred)
    assert not outcome.unknown
    assert queue.outcomes == {200: OK, 300: OK}


async def test_421_to_the_dot_is_an_answer() -> None:
    """421 to the final dot is a clear no for now; it is not unknown."""
    async with Server(at({".": b"421 4.3.2 going down"}, connection=1)) as server:
        queue = Queue(mail(1), mail(2))
        await deliver(queue, server)
    assert queue.outcomes == {100: Deferred("421 4.3.2 going down"), 200: OK}


async def test_replies_out_of_step() -> None:
    """A reply too many makes it impossible to say what was answered: the mail is unknown, the connection ends."""
    async with Server(at({".": b"250 one\r\n250 two"}, connection=1)) as server:
        queue = Queue(mail(1), mail(2), mail(3))
        await deliver(queue, server)
    first = queue.outcomes[100]
    assert isinstance(first, Deferred)
    assert first.unknown
    assert queue.outcomes[200] == OK
    assert queue.outcomes[300] == OK


async def test_data_answered_with_success() -> None:
    """250 in the place of 354 sends no content and keeps the mail."""
    async with Server(at({"DATA": b"250 fine"}, connection=1)) as server:
        queue = Queue(mail(1), mail(2))
        await deliver(queue, server)
    assert queue.outcomes == {100: Deferred("the server answered DATA with 250 fine"), 200: OK}
    assert queue.started == [200]


async def test_unasked_421_between_mails() -> None:
    """A 421 while we are settling ends the connection; the mail that waited goes over another one."""

    def script(number: int, command: str) -> Said:
        if number == 1 and command == "." and len(server.contents) == 2:
            return b"250 2.0.0 taken\r\n421 idle too long\r\n"
        return None

    async with Server(script, offers=()) as server:
        queue = Queue(mail(1), mail(2), mail(3))
        await deliver(queue, server)
    assert queue.outcomes[100] == OK
    assert queue.outcomes[300] == OK
    assert len(server.contents) == 3


@pytest.mark.parametrize(
    "script",
    [
        at({"": b"554 no service"}),
        at({"": b"421 too busy"}),
        at({"": CLOSE}),
        at({"": SILENT}),
        at({"": b"hello\r\n"}),
        at({"": b"220 hello\n"}),
        at({"EHLO": b"550 go away"}),
        at({"EHLO": CLOSE}),
        at({"EHLO": b"250-x\r\n" * 100_000}),
    ],
)
async def test_relay_away(script: Script) -> None:
    """A relay that cannot be talked to is away: no recipient was touched, and the reason is told."""
    async with Server(script) as server:
        queue = Queue(mail(1))
        with pytest.raises(RelayAway, match=f"smtp://127.0.0.1:{server.port}: ."):
            await deliver(queue, server, timeouts=replace(SHORT, greeting=0.3))
        assert len(queue.mails) == 1
        assert queue.outcomes == {}


async def test_fail_over() -> None:
    """When a relay refuses the connection the next in the list is used."""
    async with Server() as gone:
        pass
    async with Server(at({"": b"554 no"})) as refusing, Server() as good:
        queue = Queue(mail(1))
        await deliver(queue, gone, refusing, good)
        assert queue.outcomes == {100: OK}
        assert len(good.commands) == 1


async def test_relay_goes_away_in_the_middle() -> None:
    """When a relay stops taking connections, what is left goes to the next one."""

    def script(number: int, command: str) -> Said:
        if number == 1 and command.startswith("MAIL FROM:<bounce+3@"):
            return b"421 going down"
        return b"421 down" if number > 1 and command == "" else None

    async with Server(script) as first, Server() as second:
        queue = Queue(*(mail(number) for number in range(1, 6)))
        await deliver(queue, first, second)
        assert set(queue.outcomes) == {100, 200, 300, 400, 500}
        assert set(queue.outcomes.values()) == {OK}
        assert len(first.contents) == 2
        assert len(second.contents) == 3


async def test_all_relays_go_away_in_the_middle() -> None:
    """What was taken and never left is settled as Deferred, the rest stays with the work, and the caller is told."""

    def script(number: int, command: str) -> Said:
        if number == 1 and command.startswith("MAIL FROM:<bounce+2@"):
            return b"421 going down"
        return b"421 down" if number > 1 and command == "" else None

    async with Server(script) as server:
        queue = Queue(*(mail(number) for number in range(1, 6)))
        with pytest.raises(RelayAway, match="421 down"):
            await deliver(queue, server)
    assert queue.outcomes[100] == OK
    assert isinstance(queue.outcomes[200], Deferred)
    assert len(queue.outcomes) + len(queue.mails) == 5


async def test_relay_takes_fewer_connections() -> None:
    """A relay that takes only two connections gets all mail over two."""

    def script(number: int, command: str) -> Said:
        return b"421 too many connections" if number > 2 and command == "" else None

    async with Server(script) as server:
        queue = Queue(*(mail(number) for number in range(1, 41)))
        await deliver(queue, server, connections=6)
        assert len(server.commands) <= 6
    assert len(queue.outcomes) == 40
    assert set(queue.outcomes.values()) == {OK}


async def test_a_connection_that_is_never_greeted_holds_up_nothing() -> None:
    """A server whose queue of connections was full never hears of one that we take for open; the run ends without it."""
    async with Server(lambda number, command: SILENT if number > 2 and command == "" else None) as server:
        queue = Queue(*(mail(number) for number in range(1, 41)))
        await deliver(queue, server, connections=6, timeouts=replace(SHORT, greeting=60))
    assert len(queue.outcomes) == 40
    assert set(queue.outcomes.values()) == {OK}


async def test_what_comes_while_the_server_thinks_about_another_mail_leaves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A milter may think for ten minutes; who has nothing to do meanwhile looks again, and finds what was queued since."""
    monkeypatch.setattr(smtp_client, "_LOOK_SECONDS", 0.1)
    queue = Queue(mail(1), mail(2), mail(3))

    def script(number: int, command: str) -> Said:
        return SILENT if command == "." and b"slow" in server.contents[-1] else None

    queue.mails[1] = mail(2, content=b"Subject: slow\r\n\r\n")
    async with Server(script) as server:
        running = asyncio.create_task(deliver(queue, server, connections=3, timeouts=replace(SHORT, dot=2)))
        await asyncio.sleep(0.5)
        assert queue.outcomes == {100: OK, 300: OK}
        queue.mails.append(mail(4))
        await asyncio.sleep(0.5)
        assert queue.outcomes == {100: OK, 300: OK, 400: OK}
        await running
    assert queue.outcomes[200] == Deferred("lost after the final dot: no answer within 2 s", unknown=True)


@pytest.mark.parametrize("start", ["MAIL", "RCPT", "DATA"])
async def test_silence_is_bounded(start: str) -> None:
    """A server that stops answering costs one time-out; its mail is deferred and the others go on."""
    async with Server(at({start: SILENT}, connection=1)) as server:
        queue = Queue(mail(1), mail(2))
        await deliver(queue, server, timeouts=replace(SHORT, envelope=0.3))
    assert queue.outcomes == {100: Deferred("no answer within 0.3 s"), 200: OK}


async def test_slow_but_steady_server_is_waited_for() -> None:
    """The time-out counts from each reply anew: many recipients may take long."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 x\r\n")
        await reader.readuntil(b"\r\n")
        writer.write(b"250-x\r\n250 PIPELINING\r\n")
        await reader.readuntil(b"DATA\r\n")
        for reply in [b"250 ok\r\n"] * 5 + [b"354 go\r\n"]:
            await asyncio.sleep(0.2)
            writer.write(reply)
        await reader.readuntil(b"\r\n.\r\n")
        writer.write(b"250 done\r\n")
        await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        queue = Queue(mail(1, "a@x", "b@x", "c@x", "d@x"))
        relay = Relay("smtp", "127.0.0.1", server.sockets[0].getsockname()[1])
        await deliver(queue, relay, timeouts=replace(SHORT, envelope=0.8, quit=0.1))
    assert set(queue.outcomes.values()) == {Sent("250 done")}


async def test_helo_for_an_old_server() -> None:
    """A server that does not know EHLO is greeted with HELO and spoken to in lock-step."""
    async with Server(at({"EHLO": b"502 what"})) as server:
        queue = Queue(mail(1))
        await deliver(queue, server)
    assert server.commands[0][:3] == [
        "EHLO ml.example.jp",
        "HELO ml.example.jp",
        "MAIL FROM:<bounce+1@ml.example.jp>",
    ]
    assert queue.outcomes == {100: OK}


@pytest.mark.parametrize("stuffed", [False, True])
async def test_eight_bit_content(stuffed: bool) -> None:
    """8-bit content is announced, or made 7-bit for a server that does not offer 8BITMIME."""
    content = "Subject: x\r\n\r\n本文\r\n".encode()
    eight_bit = mail(1, content=stuff(content) if stuffed else content)._replace(stuffed=stuffed)
    async with Server(offers=("PIPELINING", "8BITMIME")) as new, Server(offers=("PIPELINING",)) as old:
        await deliver(Queue(eight_bit), new)
        await deliver(Queue(eight_bit), old)
    assert new.contents == [content]
    assert new.commands[0][1].endswith(" BODY=8BITMIME")
    assert old.contents == [b"7bit\r\n"]


async def test_what_cannot_be_sent_does_not_reach_the_wire() -> None:
    """Hostile addresses, SMTPUTF8 and SIZE that are not offered fail without a command; good mail goes on."""
    async with Server(offers=("PIPELINING", "SIZE 1000")) as server:
        queue = Queue(
            mail(1, "b@x>\r\nRCPT TO:<c@x"),
            mail(2, "太郎@example.jp"),
            mail(3, content=b"x" * 900 + b"\r\n" + b"y" * 900 + b"\r\n"),
            mail(4, content=b"a\n.\nb\r\n"),
            mail(5),
            mail(6, "b@x\nRSET", "good@x"),
        )
        await deliver(queue, server)
    assert {delivery for delivery, outcome in queue.outcomes.items() if isinstance(outcome, Failed)} == {
        100,
        200,
        300,
        400,
        600,
    }
    assert queue.outcomes[500] == queue.outcomes[601] == OK
    assert sum(command.startswith("RCPT") for command in server.commands[0]) == 2


async def test_only_bad_mail() -> None:
    """A run in which nothing can be sent settles all of it and ends."""
    async with Server() as server:
        queue = Queue(*(mail(number, "no address") for number in range(1, 300)))
        await deliver(queue, server, connections=3)
    assert len(queue.outcomes) == 299


@pytest.mark.parametrize("hostname", ["", "a b", "a\r\nMAIL", "-a"])
async def test_hostname_is_checked(hostname: str) -> None:
    """A name that would end the EHLO command is refused before any connection."""
    with pytest.raises(ValueError, match="EHLO"):
        await send([], Queue(), hostname=hostname, downgrade=bytes)


async def test_cancelled_run_leaves_no_connection() -> None:
    """A cancelled run closes its connections and says nothing about what was under way."""
    three = asyncio.Event()

    def script(_number: int, command: str) -> Said:
        if command != ".":
            return None
        if len(server.contents) == 3:
            three.set()
        return SILENT

    async with Server(script) as server:
        queue = Queue(*(mail(number) for number in range(1, 10)))
        task = asyncio.create_task(deliver(queue, server, connections=3))
        async with asyncio.timeout(5):
            await three.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert queue.outcomes == {}


def test_uvloop() -> None:
    """The same runs on uvloop."""
    uvloop = pytest.importorskip("uvloop")

    async def run() -> None:
        async with Server() as server:
            queue = Queue(*(mail(number) for number in range(1, 41)))
            await deliver(queue, server, connections=4)
            assert set(queue.outcomes.values()) == {OK}
            assert len(queue.outcomes) == 40

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for 127.0.0.1, with its key in the same file."""
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    try:
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
             "-days", "2", "-subj", "/CN=fake", "-addext", "subjectAltName=IP:127.0.0.1",
             "-keyout", str(file), "-out", str(file) + ".crt"],
            check=True, capture_output=True,
        )  # fmt: skip
    except FileNotFoundError:
        pytest.skip("the openssl program is missing (Debian: openssl)")
    file.write_text(file.read_text() + Path(f"{file}.crt").read_text())
    return file


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine trusts the certificate."""
    monkeypatch.setenv("SSL_CERT_FILE", f"{certificate}.crt")


async def test_starttls_required_and_verified(tls: ssl.SSLContext, trusted: None) -> None:
    """With tls=require the mail goes through verified TLS, and EHLO is said again inside."""
    async with Server(offers=("PIPELINING", "STARTTLS"), tls=tls) as server:
        queue = Queue(mail(1))
        await deliver(queue, replace(server.relay, tls="require"))
    assert queue.outcomes == {100: OK}
    assert server.commands[0][:3] == ["EHLO ml.example.jp", "STARTTLS", "EHLO ml.example.jp"]


async def test_starttls_required_but_not_trusted(tls: ssl.SSLContext) -> None:
    """With tls=require a certificate that nobody vouches for stops everything: no AUTH, no mail."""
    async with Server(offers=("STARTTLS", "AUTH PLAIN"), tls=tls) as server:
        queue = Queue(mail(1))
        with pytest.raises(RelayAway, match="TLS failed"):
            await deliver(queue, replace(server.relay, tls="require", user="u", password="p"))
    assert server.commands == [["EHLO ml.example.jp", "STARTTLS"]]
    assert queue.outcomes == {}


@pytest.mark.parametrize(
    "script",
    [
        at({"STARTTLS": b"454 4.7.0 not now"}),
        at({"STARTTLS": b"220 go\r\n250 injected"}),
        at({"EHLO": b"250 no starttls here"}),
    ],
)
async def test_starttls_stripped_or_injected(script: Script, tls: ssl.SSLContext, trusted: None) -> None:
    """With tls=require a server that drops, refuses or taints STARTTLS gets no mail and no password (attack 4)."""
    async with Server(script, offers=("STARTTLS", "AUTH PLAIN"), tls=tls) as server:
        queue = Queue(mail(1))
        with pytest.raises(RelayAway):
            await deliver(queue, replace(server.relay, tls="require", user="u", password="p"))
    assert all(command.split()[0] in {"EHLO", "STARTTLS"} for command in server.commands[0])
    assert queue.outcomes == {}


async def test_partial_line_behind_starttls() -> None:
    """Bytes behind the 220 that are not even a whole line end the connection as well."""
    heard = b""
    ended = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal heard
        writer.write(b"220 x\r\n")
        heard += await reader.readuntil(b"\r\n")
        writer.write(b"250-x\r\n250 STARTTLS\r\n")
        heard += await reader.readuntil(b"\r\n")
        writer.write(b"220 go\r\n250 inj")
        with suppress(ConnectionError):
            heard += await reader.read()
        writer.close()
        ended.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        relay = Relay("smtp", "127.0.0.1", server.sockets[0].getsockname()[1], tls="require")
        with pytest.raises(RelayAway, match="behind its answer to STARTTLS"):
            await deliver(Queue(mail(1)), relay)
        async with asyncio.timeout(5):
            await ended.wait()
    assert heard == b"EHLO ml.example.jp\r\nSTARTTLS\r\n"


async def test_opportunistic_tls(tls: ssl.SSLContext) -> None:
    """Opportunistic TLS is used without asking who the server is, where it is offered."""
    async with Server(offers=("STARTTLS",), tls=tls) as server, Server() as plain:
        queue = Queue(mail(1))
        await deliver(queue, replace(server.relay, tls="opportunistic"))
        assert queue.outcomes == {100: OK}
        assert [command.split()[0] for command in server.commands[0][:3]] == ["EHLO", "STARTTLS", "EHLO"]
        assert len(server.commands) == 1
        await deliver(Queue(mail(2)), replace(plain.relay, tls="opportunistic"))
        assert "STARTTLS" not in plain.commands[0]


@pytest.mark.parametrize("said", [b"454 4.7.0 not now", CLOSE])
async def test_opportunistic_tls_falls_back(said: Said) -> None:
    """When opportunistic TLS does not work the mail goes in the clear over a new connection, or the relay is away."""
    async with Server(at({"STARTTLS": said}), offers=("STARTTLS",)) as server:
        queue = Queue(mail(1))
        relay = replace(server.relay, tls="opportunistic")
        if said == CLOSE:
            with pytest.raises(RelayAway):
                await deliver(queue, relay)
        else:
            await deliver(queue, relay)
            assert queue.outcomes == {100: OK}


async def test_handshake_that_fails_falls_back() -> None:
    """A server that offers STARTTLS and cannot do it gets opportunistic mail in the clear."""
    async with Server(offers=("STARTTLS",)) as server:  # goes on in plain text after its 220
        queue = Queue(mail(1))
        await deliver(queue, replace(server.relay, tls="opportunistic"), timeouts=replace(SHORT, connect=0.5))
    assert queue.outcomes == {100: OK}


async def test_smtps(tls: ssl.SSLContext, trusted: None) -> None:
    """With smtps it is TLS from the first byte."""
    async with Server(scheme="smtps", tls=tls) as server:
        queue = Queue(mail(1))
        await deliver(queue, Relay("smtps", "127.0.0.1", server.port))
    assert queue.outcomes == {100: OK}


async def test_smtps_not_trusted(tls: ssl.SSLContext) -> None:
    """With smtps it is verified who answers, however the relay value was made."""
    async with Server(scheme="smtps", tls=tls) as server:
        queue = Queue(mail(1))
        with pytest.raises(RelayAway, match="certificate"):
            await deliver(queue, Relay("smtps", "127.0.0.1", server.port))
    assert len(queue.mails) == 1


async def test_auth_plain() -> None:
    """With a user AUTH PLAIN comes before the first mail."""
    async with Server(offers=("PIPELINING", "AUTH LOGIN PLAIN")) as server:
        queue = Queue(mail(1))
        await deliver(queue, replace(server.relay, user="ml", password="geheim"))
    secret = server.commands[0][1].removeprefix("AUTH PLAIN ")
    assert base64.b64decode(secret) == b"\0ml\0geheim"
    assert queue.outcomes == {100: OK}


@pytest.mark.parametrize(
    ("offers", "reply", "said"),
    [(("AUTH LOGIN",), None, "does not offer AUTH PLAIN"), (("AUTH PLAIN",), b"535 5.7.8 no", "535")],
)
async def test_auth_refused(offers: Sequence[str], reply: Said, said: str) -> None:
    """A relay that does not let us log in is away; the password is in no message."""
    async with Server(at({"AUTH": reply}), offers=offers) as server:
        with pytest.raises(RelayAway, match=said) as away:
            await deliver(Queue(mail(1)), replace(server.relay, user="ml", password="geheim"))
    assert "geheim" not in str(away.value)


# --- a relay that does anything at any point ---------------------------------------------------------------------

_WRONGS: dict[str, tuple[Said, ...]] = {
    "MAIL": (b"451 4.3.0 later", b"550 5.7.1 no", b"421 4.3.2 going down", CLOSE, b"rubbish", b"250 a\n"),
    "RCPT": (b"452 4.2.2 full", b"550 5.1.1 nobody", b"421 4.3.2 going down", CLOSE, b"250-x\r\n" * 300),
    "DATA": (
        b"451 4.3.0 later",
        b"554 5.5.0 no",
        b"250 2.0.0 what",
        b"421 4.3.2 going down",
        CLOSE,
        b"354\n",
    ),
    ".": (
        b"451 4.3.0 later",
        b"554 5.6.0 no",
        b"421 4.3.2 going down",
        CLOSE,
        b"ok",
        b"250 2.0.0 a\r\n250 b",
        b"2",
    ),
}


class Capricious:
    """Goes wrong once at a command of some mails, at another place with each seed, and keeps what it did to whom."""

    def __init__(self, chance: random.Random, sizes: Sequence[int], every: int) -> None:
        """`sizes`: how many recipients each mail has; the first is mail 1."""
        self.wrongs: dict[str, Said] = {}  # by mail number, verb, and for RCPT the recipient
        for number, size in enumerate(sizes, 1):
            if not chance.randrange(every):
                verb = chance.choice([*_WRONGS])
                whom = f"{number} {verb} {chance.randrange(size) if verb == 'RCPT' else ''}"
                self.wrongs[whom] = chance.choice(_WRONGS[verb])
        self.did: dict[int, tuple[str, Said]] = {}  # by the mail's number: what was wrong, and what was said
        self.contents: Counter[int] = Counter()  # how often the content of each mail came
        self._current: dict[int, int] = {}  # mail of each connection

    def __call__(self, connection: int, command: str) -> Said:
        if command.startswith("MAIL"):
            self._current[connection] = int(command.partition("+")[2].partition("@")[0])
        number = self._current.get(connection, 0)
        if command == ".":
            self.contents[number] += 1
        recipient = command.partition("<")[2].partition("@")[0] if command.startswith("RCPT") else ""
        whom = f"{number} {command[:4]} {recipient}"
        said = self.wrongs.pop(whom, None)
        if said is not None:
            self.did[number] = whom, said
        return said


@pytest.mark.parametrize("scheme", ["smtp", "lmtp"])
@pytest.mark.parametrize("offers", [("PIPELINING",), ()])
@pytest.mark.parametrize("seed", range(8))
async def test_a_relay_that_does_anything_at_any_point(scheme: str, offers: Sequence[str], seed: int) -> None:
    """Whatever it says and wherever: no content comes twice, each outcome is what was said, and no other mail is harmed."""
    chance = random.Random(seed)
    sizes = [chance.choice([1, 1, 1, 3]) for _ in range(24)]
    relay = Capricious(chance, sizes, every=chance.choice([2, 4, 8]))
    async with Server(relay, offers=offers, scheme=scheme) as server:
        queue = Queue(*(mail(n, *(f"{index}@x" for index in range(size))) for n, size in enumerate(sizes, 1)))
        with suppress(RelayAway):  # three connections in a row on which nothing was answered
            await deliver(
                queue,
                server,
                connections=chance.choice([1, 4]),
                timeouts=replace(SHORT, envelope=0.5, dot=0.5),
            )
            assert len(queue.outcomes) == sum(sizes)
    harmed = set()
    for delivery, outcome in queue.outcomes.items():
        number = delivery // 100
        whom, said = relay.did.get(number, ("", None))
        verb, refused = (
            whom.split()[1:2],
            isinstance(said, bytes) and said[:1] in b"45" and said[:3] != b"421",
        )
        seen = f"delivery {delivery}: {outcome}; {whom!r} was answered {said!r}"
        assert relay.contents[number] <= 1, seen
        if isinstance(outcome, Sent) or (isinstance(outcome, Deferred) and outcome.unknown):
            assert relay.contents[number] == 1, seen
        if refused and (verb != ["RCPT"] or whom.endswith(f" {delivery % 100}")):
            assert isinstance(said, bytes)
            if scheme == "smtp" or verb != ["."] or delivery % 100 == 0:  # LMTP: one reply, for the first
                assert outcome in {Failed(said.decode()), Deferred(said.decode())}, seen
        elif isinstance(outcome, Failed):
            raise AssertionError(seen)
        if not whom and outcome != OK:
            assert isinstance(outcome, Deferred), seen
            # Replies that cannot be matched to what was asked prove nothing of the mail before either.
            assert not outcome.unknown or "the server answered" in outcome.reply, seen
            harmed.add(number)
    assert len(harmed) <= len(relay.did), harmed  # the first on a connection that was lost, or the last


@pytest.mark.parametrize("offers", [("PIPELINING",), ()])
async def test_a_connection_that_is_lost_while_a_mail_is_marked(offers: Sequence[str]) -> None:
    """Its content was not written: it is not in doubt, and goes over another connection."""

    class Slow(Queue):
        async def settle(self, outcomes: Sequence[tuple[int, Outcome]], starting: Sequence[int]) -> bool:
            marked = await super().settle(outcomes, starting)
            if 200 in starting and len(server.commands) == 1:
                for task in server._tasks:
                    task.cancel()
                await asyncio.sleep(0.05)
            return marked

    async with Server(offers=offers) as server:
        queue = Slow(*(mail(number, content=b"%d\r\n" % number) for number in (1, 2, 3)))
        await deliver(queue, server)
    assert queue.outcomes == {100: OK, 200: OK, 300: OK}
    assert server.contents == [b"1\r\n", b"2\r\n", b"3\r\n"]


async def test_a_commit_that_took_long_is_not_taken_for_a_relay_that_is_silent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A deadline that is looked at too late, since the loop itself stood still, leaves time for what comes by then."""
    monkeypatch.setattr(smtp_connection, "_OVERSLEPT", 0.3)

    class Still(Server):
        async def _say(self, number: int, command: str, usual: bytes, writer: asyncio.StreamWriter) -> bytes:
            if command == ".":
                time.sleep(0.8)  # noqa: ASYNC251  the loop is to stand still
                await asyncio.sleep(0.05)
            return await super()._say(number, command, usual, writer)

    async with Still() as server:
        queue = Queue(mail(1))
        await deliver(queue, server, timeouts=replace(SHORT, dot=0.3))
    assert queue.outcomes == {100: OK}


@cache
def long_tail() -> bytes:
    """Return 16 MB of short lines."""
    return b"".join(b"%010d" % number + b"x" * 966 + b"\r\n" for number in range(16_000))


class Slow(Server):
    """Reads contents more slowly than they can be written, up to `most` octets."""

    most = 1 << 30

    async def _content(self, reader: asyncio.StreamReader) -> bytes:
        content = bytearray()
        reader._limit = 65_536  # type: ignore[attr-defined]  # what is not read yet is to stay with the client
        while not content.endswith(b"\r\n.\r\n"):
            if len(content) % 200_000 < 1_000:
                await asyncio.sleep(0.001)
            content += await reader.readuntil(b"\r\n")
            if len(content) > self.most:
                raise ConnectionError
        return bytes(content[:-3])


@pytest.mark.parametrize("offers", [("PIPELINING",), ("PIPELINING", "8BITMIME", "SIZE 99999999")])
async def test_a_long_content_is_written_as_the_server_takes_it(
    monkeypatch: pytest.MonkeyPatch, offers: Sequence[str]
) -> None:
    """No connection has it for itself, however slowly the server reads; what follows it on the wire is not harmed."""
    waiting: list[int] = []
    go_on = smtp_connection.Connection._write_on

    def watched(connection: smtp_connection.Connection) -> None:
        go_on(connection)
        if isinstance(transport := connection._transport, asyncio.WriteTransport):
            waiting.append(transport.get_write_buffer_size())

    monkeypatch.setattr(smtp_connection.Connection, "_write_on", watched)
    mails = [
        mail(number, content=b"To: r%d\r\n\r\n" % number)._replace(stuffed=True) for number in range(1, 7)
    ]
    long = [one._replace(tail=long_tail()) for one in mails[:4]]
    async with Slow(offers=offers) as server:
        queue = Queue(*long, *mails[4:])
        await deliver(queue, server, connections=2)
    assert queue.outcomes == dict.fromkeys((100, 200, 300, 400, 500, 600), OK)
    assert sorted(server.contents) == [
        b"To: r%d\r\n\r\n" % number + (long_tail() if number < 5 else b"") for number in range(1, 7)
    ]
    assert len(waiting) > 8, "it came to waiting"
    assert max(waiting) < 1_000_000


async def test_a_long_content_that_is_cut_off_is_in_doubt() -> None:
    """Nobody can tell how much of it has left; the mail behind it takes another connection."""
    async with Slow(offers=["PIPELINING"]) as server:
        server.most = 1_000_000
        queue = Queue(mail(1)._replace(tail=long_tail()), mail(2))
        await deliver(queue, server)
    assert isinstance(queue.outcomes[100], Deferred)
    assert queue.outcomes[100].unknown
    assert queue.outcomes[200] == OK
