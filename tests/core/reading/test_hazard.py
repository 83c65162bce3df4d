"""What a person must look at before anything of a reply counts (ballot.md section 14)."""

from __future__ import annotations

from email.message import EmailMessage

import pytest

from mailbot.core.mail.message import parse
from mailbot.core.reading.hazard import HAZARDS, MAX_PARTS, MAX_SIZE, hazard


def mail(*files: tuple[str, str], subject: str = "Re: survey") -> bytes:
    """Return a reply with these files attached, each of a type and a name."""
    message = EmailMessage()
    message["From"] = "yamada@city.example.lg.jp"
    message["Subject"] = "SUBJECT"
    message.set_content("Q1 2")
    for kind, name in files:
        main, _, sub = kind.partition("/")
        message.add_attachment(b"PK", maintype=main, subtype=sub, filename=name)
    return message.as_bytes().replace(b"SUBJECT", subject.encode())


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [
        ("application/zip", "kaitou.zip", "archive"),
        ("application/x-zip-compressed", "kaitou", "archive"),
        ("application/octet-stream", "回答.LZH", "archive"),
        ("application/octet-stream", "kaitou.tar.gz", "archive"),
        ("application/vnd.ms-excel.sheet.macroEnabled.12", "kaitou", "macros"),
        ("application/octet-stream", "kaitou.docm", "macros"),
        ("application/pdf", "kaitou.pdf", None),
        ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "kaitou.xlsx", None),
        ("application/pkcs7-signature", "smime.p7s", None),
        ("application/pgp-signature", "signature.asc", None),
        ("image/png", "image001.png", None),
        ("application/ms-tnef", "winmail.dat", None),
    ],
)
def test_what_is_attached(kind: str, name: str, expected: str | None) -> None:
    """Archives and files with macros go to the desk; documents, pictures and signatures do not by themselves."""
    assert hazard(parse(mail((kind, name)))) == expected


def test_a_mail_in_a_mail() -> None:
    """A nested mail may hold other answers than the one around it."""
    outer, inner = EmailMessage(), EmailMessage()
    inner.set_content("Q1 3")
    outer.set_content("Q1 2")
    outer.add_attachment(inner)
    assert hazard(parse(outer.as_bytes())) == "nested"


def test_too_large() -> None:
    """Two MB as received are the most."""
    raw = b"From: a@b.example\r\n\r\nQ1 2\r\n"
    assert hazard(parse(raw + b"a" * (MAX_SIZE - len(raw)))) is None
    assert hazard(parse(raw + b"a" * (MAX_SIZE - len(raw) + 1))) == "size"


def test_too_many_parts() -> None:
    """Fifty parts are the most."""
    part = b"--b\r\nContent-Type: text/plain\r\n\r\nQ1 2\r\n"
    head = b"From: a@b.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    assert hazard(parse(head + part * MAX_PARTS + b"--b--\r\n")) is None
    assert hazard(parse(head + part * (MAX_PARTS + 1) + b"--b--\r\n")) == "parts"


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("=?utf-8?q?x=0D=0ABcc:_evil=40example=2Ecom?=", "header"),
        ("=?UTF-8?B?eA0KQmNjOiBlQGV4YW1wbGUuY29t?=", "header"),
        ("=?utf-8?q?x=00y?=", "header"),
        ("=?utf-8?B?5Zue562U?=", None),
        ("=?iso-2022-jp?B?GyRCMnNFehsoQg==?=", None),
        ("=?utf-8?q?a=3F?= =?utf-8?B?!!!?=", None),
    ],
)
def test_a_line_hidden_in_a_header(subject: str, expected: str | None) -> None:
    """A line end inside an encoded word would become a header field of a stranger's where it is copied."""
    assert hazard(parse(mail(subject=subject))) == expected


def test_each_has_its_words() -> None:
    """The office reads why, in either language."""
    assert HAZARDS["ja"].keys() == HAZARDS["en"].keys()
