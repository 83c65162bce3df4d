"""K4: the client hangs up, in the middle of the dialogue or between the final dot and the 250."""

from __future__ import annotations

import random
import socket
import struct
from pathlib import Path

import pytest
from sqlalchemy import select

from mailbot.store.tables import mail
from tests.faults.node import LIST, SHORT, Node, new_node, until
from tests.faults.sink import Sink

pytestmark = [pytest.mark.fault, pytest.mark.timeout(300)]

CUTS = 15 if SHORT else 60


def dialogue(number: int) -> list[bytes]:
    """Return what a client says to hand in one mail, as it waits for an answer behind each."""
    content = f"From: office@example.jp\r\nSubject: {number}\r\nMessage-ID: <{number}@test>\r\n\r\n{'x' * 400}\r\nend\r\n"
    return [
        b"EHLO there\r\n",
        b"MAIL FROM:<office@example.jp>\r\n",
        f"RCPT TO:<{LIST}>\r\n".encode(),
        b"DATA\r\n",
        content.encode() + b".\r\n",
    ]


def hang_up(node: Node, said: list[bytes], cut: int, *, reset: bool) -> None:
    """Say so many bytes of a dialogue, read no answer to the last, and go, by FIN or by RST."""
    with socket.create_connection(("127.0.0.1", node.port), timeout=10) as client:
        reader = client.makefile("rb")
        while reader.readline()[3:4] == b"-":
            pass
        for words in said:
            client.sendall(words[: max(0, cut)])
            cut -= len(words)
            if cut <= 0:
                break
            while reader.readline()[3:4] == b"-":
                pass
        if reset:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        reader.close()


def test_a_mail_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    """Wherever the client goes, no half mail is stored, none goes out twice, and the next client is served."""
    chance = random.Random(4)
    sink = Sink()
    node = new_node(tmp_path / "site", sink.port, members=3)
    node.start()
    try:
        for number in range(CUTS):
            said = dialogue(number)
            hang_up(node, said, chance.randrange(sum(map(len, said))), reset=number % 2 == 0)
        for number in range(CUTS, 2 * CUTS):
            said = dialogue(number)
            hang_up(node, said, sum(map(len, said)), reset=number % 2 == 0)
        assert node.post(4711)
        until(
            lambda: any(post == "<4711@test>" for _, post in sink.received) and node.settled(), 30, node.log
        )
        database = node.database
        with database.read() as connection:
            stored = connection.execute(select(mail.c.content)).scalars().all()
        database.close()
        assert all(content.endswith((b"\r\nend\r\n", b"hello\r\n")) for content in stored)
        posts = {post for _, post in sink.received}
        assert len(posts) == len(stored)
        assert not posts & {f"<{number}@test>" for number in range(CUTS)}
        assert set(sink.received.values()) == {1}
        assert sink.received.total() == 3 * len(stored)
        assert "Traceback" not in node.log()
    finally:
        node.stop()
        sink.close()
