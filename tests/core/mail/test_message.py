"""Mails of clients, of attackers and of other projects' collections, as the service sees them."""

from __future__ import annotations

import base64
import email.message
import email.policy
import hashlib
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from mailbot.core.mail import message as message_module
from mailbot.core.mail.canonical_hash import canonical_hash
from mailbot.core.mail.message import Message, parse
from tests.drawing import given, settings, st

CORPORA = Path(__file__).resolve().parents[4] / "shared" / "corpora"

REPLY = """\
From: =?iso-2022-jp?B?GyRCOzNFRBsoQiAbJEJCQE86GyhC?= <yamada@City.Example.LG.JP>
To: "Office, Main" <jimukyoku@example.jp>, b@example.jp
Cc: group: c@example.jp;
Subject: =?iso-2022-jp?B?UmU6IBskQiFaRDQ6OiFbGyhC?=
Message-ID: <a1@example.jp>
In-Reply-To: <s26-014@kaitou.example.jp>
References: <r1@x>
 <s26-014@kaitou.example.jp>
Date: Mon, 22 Jun 2026 10:00:00 +0900
Auto-Submitted: No (really)
MIME-Version: 1.0
Content-Type: text/plain; charset="ISO-2022-JP"
Content-Transfer-Encoding: 7bit

"""


def mail(body: str | bytes, *fields: str) -> bytes:
    content = body if isinstance(body, bytes) else body.encode()
    return "\r\n".join(["From: a@example.jp", *fields, "", ""]).encode("utf-8", "surrogateescape") + content


def multipart(kind: str, *parts: str) -> bytes:
    inner = "".join(f"--b\r\n{part}\r\n" for part in parts)
    return mail(f"preamble\r\n{inner}--b--\r\nepilogue", f'Content-Type: multipart/{kind}; boundary="b"')


def test_a_plain_reply() -> None:
    """A Japanese reply gives its people, its thread and its text, vendor characters included."""
    message = parse(REPLY.encode() + b"Q1 \x1b$B-!\x1b(B\r\n> \x1b$B;?@.\x1b(B\r\n")
    assert message.subject == "Re: 【調査】"
    assert (message.from_name, message.from_address) == ("山田 太郎", "yamada@city.example.lg.jp")
    assert message.to == ("jimukyoku@example.jp", "b@example.jp", "c@example.jp")
    assert message.message_id == "<a1@example.jp>"
    assert message.in_reply_to == ("<s26-014@kaitou.example.jp>",)
    assert message.references == ("<r1@x>", "<s26-014@kaitou.example.jp>")
    assert message.date == "Mon, 22 Jun 2026 10:00:00 +0900"
    assert message.auto_submitted == "no"
    assert message.text == "Q1 ①\n> 賛成\n"
    assert not message.garbled
    assert message.content_type == "text/plain"
    assert message.header("CC") == "group: c@example.jp;"
    assert message.header("X-None") is None
    assert message.headers[4] == ("Message-ID", "<a1@example.jp>")
    assert message.parts[0].charset == "iso-2022-jp"
    assert (message.attachments, message.defects) == ((), ())


@pytest.mark.parametrize(
    ("raw", "text", "attachments"),
    [
        (mail("Q1 2"), "Q1 2", ()),
        (mail(base64.b64encode("賛成".encode()), "Content-Transfer-Encoding: BASE64"), "賛成", ()),
        (mail("=E8=B3=9B=\r\n=E6=88=90", "Content-Transfer-Encoding: quoted-printable"), "賛成", ()),
        (mail("<p>Q1 2<blockquote>x", "Content-Type: text/html"), "Q1 2\n> x", ()),
        (mail("a \r\nb\r\n", "Content-Type: text/plain; format=flowed"), "a b\n", ()),
        (mail("2", 'Content-Type: text/plain; name="body.txt"'), "2", ()),
        (mail("2", "Content-Disposition: attachment; filename=v.txt"), "", ("v.txt",)),
        (mail("2", "Content-Type: text/plain charset=utf-8"), "2", ()),
        (mail("2", "Content-Type: multipart/mixed"), "2", ()),
        (mail("2", "Content-Type: nonsense"), "2", ()),
        (multipart("alternative", "\r\nplain", "Content-Type: text/html\r\n\r\n<p>rich"), "plain", ()),
        (multipart("alternative", "\r\n \r\n", "Content-Type: text/html\r\n\r\n<p>rich"), "rich", ()),
        (
            multipart("mixed", "\r\n2", "Content-Type: text/plain; name=x.txt\r\n\r\n3", "\r\n4"),
            "2\n4",
            ("x.txt",),
        ),
        (
            multipart("mixed", "\r\n2", "Content-Type: message/rfc822\r\n\r\nFrom: b@x\r\n\r\n3"),
            "2",
            ("message/rfc822",),
        ),
        (multipart("digest", "\r\nFrom: b@x\r\n\r\n3"), "", ("message/rfc822",)),
        (
            multipart(
                "report", "\r\nfailed", "Content-Type: message/delivery-status\r\n\r\nStatus: 5.1.1", "\r\nx"
            ),
            "failed",
            ("message/delivery-status",),
        ),
        (
            multipart(
                "mixed",
                "\r\n2",
                "Content-Type: image/png; name*0*=iso-2022-jp''%1B$B%3B%3F; name*1*=%1B%28B.png\r\n\r\n",
            ),
            "2",
            ("賛.png",),
        ),
        (
            multipart("mixed", "\r\n2", 'Content-Type: a/b; name="../../etc/=?utf-8?B?6LOb?=;x"\r\n\r\n'),
            "2",
            ("賛;x",),
        ),
    ],
)
def test_readable_text_and_attachments(raw: bytes, text: str, attachments: tuple[str, ...]) -> None:
    """What the author typed is the text; what has a name, or is a mail of its own, is an attachment."""
    message = parse(raw)
    assert (message.text, message.attachments, message.defects) == (text, attachments, ())


def test_report_parts_keep_their_bytes() -> None:
    """A bounce's machine-readable part is there, as it came."""
    message = parse(
        multipart("report", "\r\nx", "Content-Type: message/delivery-status\r\n\r\nStatus: 5.1.1\r\n")
    )
    assert message.content_type == "multipart/report"
    assert (message.parts[1].content_type, message.parts[1].content) == (
        "message/delivery-status",
        b"Status: 5.1.1\n",
    )


def test_a_broken_charset_is_told() -> None:
    """A text that no table reads is garbled, and still not blank."""
    message = parse(mail(b"Q1 \xff\xff\x80\xa0", "Content-Type: text/plain; charset=utf-8"))
    assert message.garbled
    assert message.text.startswith("Q1 ")


@pytest.mark.parametrize(
    "value",
    [
        "x\r\nBcc: e@x",
        "=?utf-8?q?x=0D=0ABcc:_e=40x?=",
        "x\u2028Bcc:",
        "x\x85Bcc:",
        "x\x0bBcc:",
        "x\x1cB",
        "x\0y",
    ],
)
def test_no_field_brings_a_line_end(value: str) -> None:
    """What is decoded from a header field is one line without control characters (promises.md attack 5)."""
    raw = f'Subject: {value}\r\nFrom: "{value}" <a@example.jp>\r\nContent-Type: a/b; name="{value}"\r\n\r\n'
    message = parse(raw.encode())
    for text in (message.subject, message.from_header, message.from_name, *message.attachments):
        assert len(text.splitlines()) <= 1
        assert "\0" not in text


def nested(levels: int) -> bytes:
    heads = "".join(f"--{n}\nContent-Type: multipart/mixed; boundary={n + 1}\n\n" for n in range(levels))
    return b"Content-Type: multipart/mixed; boundary=0\n\n" + heads.encode() + b"x"


BOMBS: dict[str, tuple[Callable[[], bytes], bool]] = {  # what it holds, and whether it must go to quarantine
    "continuations": (
        lambda: b"Content-Type: a/b" + b"".join(b";\n name*%d=x" % n for n in range(10_000)) + b"\n\nx",
        True,
    ),
    "33 continuations": (
        lambda: b"Content-Type: a/b" + b"".join(b"; name*%d=x" % n for n in range(33)) + b"\n\nx",
        True,
    ),
    "parameters": (lambda: b"Content-Type: a/b" + b";a=b" * 15_000 + b"\n\nx", True),
    "quotes": (lambda: b"Content-Type: a/b" + b';"' * 30_000 + b"\n\nx", True),
    "parts": (lambda: b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 100_000, True),
    "empty parts": (lambda: b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n" * 250_000, True),
    "almost boundaries": (
        lambda: b"Content-Type: multipart/mixed; boundary=b\n\n--b\n" + b"--bb\n" * 200_000,
        True,
    ),
    "folded subject": (lambda: b"Subject: " + b"x" * 70 + b"\n " * 1_400_000 + b"\n\nx", True),
    "wide subject": (lambda: b"Subject: " + b"x" * 4_000_000 + b"\n\nx", True),
    "word subject": (lambda: b"Subject: " + b"=?utf-8?q?x?= " * 4_600 + b"\n\nx", False),
    "broken words": (lambda: b"Subject: " + b"=?a?q?" * 10_000 + b"\n\nx", False),
    "header lines": (lambda: b"X: y\n" * 100_000 + b"\nx", True),
    "no header end": (lambda: b"a" * 4_000_000, False),
    "nested": (lambda: nested(1_000), True),
    "nested 21": (lambda: nested(21), True),
    "nested 20": (lambda: nested(20), False),
    "addresses": (lambda: b"To: " + b"\n ".join([b"a@b.jp," * 90] * 200) + b"\n\nx", True),
    "brackets": (lambda: b"From: " + b"<" * 50_000 + b"\nTo: " + b"<" * 50_000 + b"\n\nx", False),
    "comments": (lambda: b"From: " + b"(" * 20_000 + b" <a@b.jp>\nTo: " + b"(" * 20_000 + b"\n\nx", False),
    "message id": (
        lambda: b"Message-ID: <" + b"[" * 60_000 + b"\nReferences: " + b"<" * 60_000 + b"\n\nx",
        False,
    ),
    "forwarded": (lambda: b"Content-Type: message/rfc822\n\n" * 500 + b"x", False),
    "html": (lambda: b"Content-Type: text/html\n\n" + b"<div>" * 100_000 + b"x", False),
    "html brackets": (lambda: b"Content-Type: text/html\n\n" + b"<" * 50_000, False),
    "html parts": (
        lambda: (
            b"Content-Type: multipart/mixed; boundary=b\n\n"
            + (b"--b\nContent-Type: text/html\n\n" + b"<p>x" * 10_000 + b"\n") * 150
        ),
        False,
    ),
    "flowed": (lambda: b"Content-Type: text/plain; format=flowed\n\n" + b">x \n" * 250_000, False),
    "base64": (lambda: b"Content-Transfer-Encoding: base64\n\n" + b"QQ==" * 250_000, True),
    "escapes": (lambda: b"Content-Type: text/plain; charset=iso-2022-jp\n\n" + b"\x1b$B!" * 250_000, False),
    "kana": (
        lambda: b"Content-Type: text/plain; charset=iso-2022-jp\n\n\x1b$B" + b"\x0e\xff" * 500_000,
        False,
    ),
    "spaced pairs": (
        lambda: b"Content-Type: text/plain; charset=iso-2022-jp\n\n\x1b$B" + b" !!" * 330_000,
        False,
    ),
    "hard parts": (
        lambda: (
            b"Content-Type: multipart/mixed; boundary=b\n\n"
            + (b"--b\nContent-Type: text/plain; charset=euc-jp\n\n" + b"\xad\xa1" * 400_000 + b"\n") * 12
        ),
        False,
    ),
    "long euc": (
        lambda: b"Content-Type: text/plain; charset=euc-jp\n\n" + b"\xad\xa1\x8f" * 3_000_000,
        False,
    ),
    "euc": (lambda: b"Content-Type: text/plain; charset=euc-jp\n\n" + b"\xad\xa1\x8f" * 300_000, False),
    "punycode": (lambda: b"Content-Type: text/plain; charset=punycode\n\n" + b"a-" * 100_000, False),
    "nul": (lambda: b"\0" * 1_000_000, False),
    "empty": (lambda: b"", False),
}


@pytest.mark.parametrize("name", BOMBS)
def test_hostile_mail_costs_little(name: str) -> None:
    """No mail costs two seconds; what goes beyond a bound has a defect and keeps its header (attack 6)."""
    made, quarantined = BOMBS[name]
    raw = made()
    started = time.process_time()
    message = parse(b"Date: today\n" + raw)
    canonical_hash(raw)
    assert time.process_time() - started < 2
    assert bool(message.defects) == quarantined
    assert len(set(message.defects)) == len(message.defects)  # each is a sentence that the office reads
    assert message.date == "today"


def test_forwarded_mail_is_not_the_authors_text() -> None:
    """Five hundred mails within each other are one attachment."""
    message = parse(BOMBS["forwarded"][0]())
    assert (message.text, message.attachments) == ("", ("message/rfc822",))


def test_a_long_mail_takes_its_size_once() -> None:
    """Beside the mail as it came there is the form that is parsed, while it is; to know it, or its file, again takes nothing."""
    file = base64.encodebytes(bytes(3_000_000)).replace(b"\n", b"\r\n")
    raw = (
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nsee below\r\n--b\r\nContent-Type: application/pdf\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n%b--b--\r\n" % file
    )
    tracemalloc.start()
    try:
        message = parse(raw)
        left, parsed = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        canonical_hash(raw)
        print_ = message.parts[1].body.sha256()
        _, hashed = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (parsed < 1.1 * len(raw), left < 100_000, hashed < 500_000) == (True, True, True)
    assert print_ == hashlib.sha256(bytes(3_000_000)).hexdigest()
    assert message.parts[1].content == bytes(3_000_000)


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r", b"\r\r\n"])
def test_parts_of_a_long_mail_are_those_of_a_short_one(
    line_end: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it stands in the mail as it came, a part has the bytes that it has in the form that is parsed."""
    for seed in SEEDS:
        raw = (b"From x\n" * (line_end == b"\n") + seed.replace(b"\r\n", b"\n")).replace(b"\n", line_end)
        contents = []
        for long in (1, 1_000_000):
            monkeypatch.setattr(message_module, "_LONG", long)
            contents.append([(part.content, part.body.sha256()) for part in parse(raw).parts])
        assert contents[0] == contents[1]


SEEDS = [
    REPLY.encode() + b"Q1 \x1b$B-!\x1b(B\r\n",
    multipart("alternative", "\r\nplain", "Content-Type: text/html\r\n\r\n<p>rich &amp; <s>x</s>"),
    multipart("report", "\r\nx", "Content-Type: message/delivery-status\r\n\r\nStatus: 5.1.1"),
    mail(
        "=E8=B3=9B", "Content-Type: text/plain; charset*0*=utf-8''%75; format=flowed", "Subject: =?a?b?Yg?="
    ),
]


@settings(max_examples=300)
@given(st.data())
def test_parse_never_raises(data: st.DataObject) -> None:
    """Whatever happens to a mail on its way, it parses, and its text fits into a database."""
    raw = data.draw(st.sampled_from(SEEDS))
    for _ in range(data.draw(st.integers(0, 6))):
        start = data.draw(st.integers(0, len(raw)))
        end = start + data.draw(st.integers(0, 20))
        raw = raw[:start] + data.draw(st.binary(max_size=8)) + raw[end:]
    message = parse(raw)
    canonical_hash(raw)
    assert isinstance(message, Message)
    assert not any("cannot be read" in defect for defect in message.defects)
    for text in (message.text, message.subject, message.from_name, *message.attachments):
        assert "\0" not in text
        text.encode()


def corpus(*folders: str) -> list[Path]:
    found = [path for folder in folders for path in sorted((CORPORA / folder).rglob("*")) if path.is_file()]
    return [path for path in found if path.suffix not in {".json", ".md"}]


@pytest.mark.skipif(not CORPORA.is_dir(), reason="the shared collections of mail are not on this machine")
@pytest.mark.parametrize("folder", ["mime", "charsets", "replies", "bounces"])
def test_collections_of_real_mail(folder: str) -> None:
    """No real mail raises, costs much or loses its header fields."""
    for path in corpus(folder):
        raw = path.read_bytes()
        started = time.process_time()
        message = parse(raw)
        assert time.process_time() - started < 2, path
        assert not any("cannot be read" in defect for defect in message.defects), path


@pytest.mark.skipif(not CORPORA.is_dir(), reason="the shared collections of mail are not on this machine")
def test_no_charset_blanks_a_text() -> None:
    """A mail whose text parts say something says something here as well."""
    for path in corpus("charsets", "mime"):
        message = parse(path.read_bytes())
        said = any(
            part.content.strip() and part.filename is None and part.content_type == "text/plain"
            for part in message.parts
        )
        assert message.text.strip() or not said or message.attachments, path


@pytest.mark.skipif(not CORPORA.is_dir(), reason="the shared collections of mail are not on this machine")
def test_the_parts_are_those_of_the_standard_library() -> None:
    """On well-formed mail our splitter and Python's see the same parts."""
    differing = []
    for path in corpus("mime", "charsets", "bounces"):
        raw = path.read_bytes()
        theirs = email.message_from_bytes(raw, policy=email.policy.compat32)
        ours = parse(raw)
        if ours.defects or any(part.defects for part in theirs.walk()):
            continue
        types = [part.get_content_type() for part in _leaves(theirs)]
        if types != [part.content_type for part in ours.parts]:
            differing.append((path.name, types, [part.content_type for part in ours.parts]))
    assert not differing


def _leaves(part: email.message.Message) -> list[email.message.Message]:
    children = part.get_payload()
    if part.get_content_maintype() != "multipart" or not isinstance(children, list):
        return [part]
    return [leaf for child in children if isinstance(child, email.message.Message) for leaf in _leaves(child)]


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("head", "content"),
    [
        (b"text/plain; charset=iso-2022-jp", "回答欄です。\n".encode("iso2022_jp") * 50_000),
        (b"text/plain; charset=euc-jp", b"\xad\xa1\n" * 300_000),
        (b"text/plain", bytes(range(128, 256)) * 7_000),
        (b"text/html; charset=utf-8", b"<p>a</p>" * 125_000),
        (b"text/html; charset=utf-8", b"<blockquote>x" * 75_000),
    ],
)
def test_what_is_slow_to_read_is_read_up_to_a_bound_and_said_to_be_cut(head: bytes, content: bytes) -> None:
    """A megabyte of it costs as much as the first part of it (promises.md attack 6)."""
    message = parse(b"Content-Type: " + head + b"\n\n" + content)
    assert 0 < len(message.text) < 500_000
    assert message.garbled or message.text.endswith("[…]")


def test_what_is_quick_to_read_is_read_whole() -> None:
    """UTF-8, and ASCII with it."""
    whole = parse(b"Content-Type: text/plain; charset=utf-8\n\n" + "回答です。\n".encode() * 60_000)
    assert (len(whole.text), whole.garbled) == (360_000, False)
