"""The demo's sink: what is sent to it by SMTP, pipelined or not, is kept as sent."""

from __future__ import annotations

import smtplib
import socket

from mailbot.demo.demo_sink import Arrived, Sink


def test_keeps_what_is_sent() -> None:
    """Envelope and content are kept, leading dots and 8-bit bytes included."""
    content = "Subject: a\r\n\r\n.\r\n..x\r\n賛成\r\n".encode()
    with Sink() as sink, smtplib.SMTP("127.0.0.1", sink.port, local_hostname="c.test") as session:
        session.sendmail("a@c.test", ["b@c.test", "d@c.test"], content)
        session.sendmail("", ["b@c.test"], b"Subject: b\r\n\r\nx\r\n")
    assert sink.mails == [
        Arrived("a@c.test", ("b@c.test", "d@c.test"), content),
        Arrived("", ("b@c.test",), b"Subject: b\r\n\r\nx\r\n"),
    ]


def test_pipelined_in_any_pieces() -> None:
    """Two mails in one stream come out whole, however the stream is cut."""
    one = b"MAIL FROM:<a@c.test> BODY=8BITMIME\r\nRCPT TO:<b@c.test>\r\nDATA\r\nSubject: x\r\n\r\n..\r\n.\r\n"
    stream = b"EHLO c.test\r\n" + one + one.replace(b"Subject: x\r\n\r\n..\r\n", b"") + b"QUIT\r\n"
    for size in (1, 7, len(stream)):
        with Sink() as sink, socket.create_connection(("127.0.0.1", sink.port), timeout=10) as client:
            for at in range(0, len(stream), size):
                client.sendall(stream[at : at + size])
            said = b"".join(iter(lambda client=client: client.recv(4096), b""))  # type: ignore[misc]
        assert [mail.content for mail in sink.mails] == [b"Subject: x\r\n\r\n.\r\n", b""]
        assert said.count(b"354 ") == 2
        assert said.endswith(b"221 2.0.0 Bye\r\n")


def test_header() -> None:
    """A field is unfolded and decoded; one that is missing is empty."""
    mail = Arrived(
        "", (), b"Subject: =?utf-8?B?6LOb?=\r\n =?utf-8?B?5oiQ?= [x]\r\nX: y\r\n\r\nIn-Reply-To: z\r\n"
    )
    assert mail.header("Subject") == "賛成 [x]"
    assert mail.header("x") == "y"
    assert mail.header("In-Reply-To") == ""
