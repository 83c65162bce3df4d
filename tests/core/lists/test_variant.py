"""Other forms of a post: what is left out is named, everything else stays, and what is signed is never altered."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from mailbot.core.lists.variant import NARROW, Place, as_plain_text, without_files
from mailbot.core.mail.message import parse
from mailbot.core.mail.wrap import columns

PLACE = Place(12, "room-request@ml.example.jp", "ja")
SHEET = b"PK\x03\x04" + bytes(range(256)) * 20
SMALL = b"tiny"


def mail(*files: tuple[str, bytes], text: str = "本文です。\n", html: str = "") -> bytes:
    """Return a mail with these files."""
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "a@city.example.jp", "room@ml.example.jp", "件名"
    made["Message-ID"] = "<1@x>"
    made.set_content(text, cte="8bit")
    if html:
        made.add_alternative(html, subtype="html")
    for name, content in files:
        made.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return made.as_bytes(policy=policy.SMTP)


def signed(kind: str = "signed") -> bytes:
    """Return a signed or an encrypted mail with a file."""
    inner = mail(("名簿.xlsx", SHEET))
    return (
        f'From: a@x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/{kind}; boundary="s"; micalg=sha-256\r\n\r\n--s\r\n'
    ).encode() + (
        inner.partition(b"MIME-Version")[2].partition(b"\r\n")[2]
        + b"\r\n--s\r\nContent-Type: application/pkcs7-signature; name=smime.p7s\r\n\r\nxx\r\n--s--\r\n"
    )


def shown(content: bytes) -> EmailMessage:
    """Return a mail as a mail program reads it."""
    found = message_from_bytes(content, policy=policy.default)
    assert isinstance(found, EmailMessage)
    return found


def test_a_file_is_named() -> None:
    """Name, size, SHA-256 and how to get it stand where the file was; the rest stays byte for byte."""
    raw = mail(("名簿.xlsx", SHEET), ("地図.png", SMALL))
    changed = without_files(raw, parse(raw), 100, PLACE)
    text, note, small = shown(changed).iter_parts()
    assert text.get_content() == "本文です。\r\n"
    lines = note.get_content().splitlines()
    assert lines[0] == f"【添付ファイル】名簿.xlsx（{len(SHEET):,}バイト）"
    assert lines[1:3] == ["  SHA-256", f"  {hashlib.sha256(SHEET).hexdigest()}"]
    assert "「過去記事 12」" in lines[3]
    address = f"https://ml.example.jp/a/room/m/{'x' * 60}"
    named = without_files(raw, parse(raw), 100, replace(PLACE, page=address))
    assert list(shown(named).iter_parts())[1].get_content().splitlines()[-1] == f"  {address}", "in one piece"
    assert (small.get_filename(), small.get_content()) == ("地図.png", SMALL)
    before, after = raw.split(b"Content-Type: application/octet-stream")[::2]
    assert changed.startswith(before)
    assert changed.endswith(after)


def test_all_files_or_none() -> None:
    """Above 0 every file goes; where none is so large, the mail comes back as it is."""
    raw = mail(("a.bin", SMALL))
    assert [
        part.get_content_type() for part in shown(without_files(raw, parse(raw), 0, PLACE)).iter_parts()
    ] == ["text/plain", "text/plain"]
    assert without_files(raw, parse(raw), 10, PLACE) is raw


def test_a_mail_that_is_a_file() -> None:
    """Its header stays, its content is the note."""
    raw = b"From: a@x\r\nSubject: s\r\nContent-Type: application/pdf; name=x.pdf\r\n\r\n%PDF\r\n"
    changed = shown(without_files(raw, parse(raw), 0, PLACE))
    assert (changed["From"], changed["Subject"]) == ("a@x", "s")
    assert "x.pdf" in changed.get_content()


@pytest.mark.parametrize("kind", ["signed", "encrypted"])
def test_what_is_sealed_keeps_its_files(kind: str) -> None:
    """The policy of a list never breaks a signature."""
    raw = signed(kind)
    assert without_files(raw, parse(raw), 0, PLACE) is raw
    pgp = mail(text="-----BEGIN PGP SIGNED MESSAGE-----\nx\n")
    assert without_files(pgp, parse(pgp), 0, PLACE) is pgp


def test_plain_text_is_narrow_and_names_the_files() -> None:
    """One part, lines of 35 full-width characters, quoted ones quoted on, every file named, From and Subject as they were."""
    raw = mail(
        ("名簿.xlsx", SHEET), text="長い行です。" * 20 + "\n> " + "引用です。" * 20 + "\n", html="<p>x</p>"
    )
    plain = shown(as_plain_text(raw, parse(raw), PLACE))
    assert plain.get_content_type() == "text/plain"
    assert (plain["From"], plain["Subject"], plain["Message-ID"]) == ("a@city.example.jp", "件名", "<1@x>")
    lines = plain.get_content().splitlines()
    assert all(columns(line) <= NARROW for line in lines)
    assert "".join(line for line in lines if line.startswith("> ")).replace("> ", "") == "引用です。" * 20
    assert f"【添付ファイル】名簿.xlsx（{len(SHEET):,}バイト）" in lines


def test_html_alone_becomes_text() -> None:
    """By the reader that reads votes."""
    raw = (
        b"From: a@x\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + "<p>一<br>二</p>".encode() + b"\r\n"
    )
    assert shown(as_plain_text(raw, parse(raw), PLACE)).get_content() == "一\r\n二\r\n"


def test_a_signed_mail_is_described() -> None:
    """Its plain form says that it was signed and where the original is; an encrypted one passes."""
    text = shown(as_plain_text(signed(), parse(signed()), PLACE)).get_content()
    assert "本文です。" in text
    assert "電子署名の付いたメールです" in text
    assert "名簿.xlsx" in text
    assert "p7s" not in text
    sealed = signed("encrypted")
    assert as_plain_text(sealed, parse(sealed), PLACE) is sealed


@pytest.mark.parametrize("kind", ["pkcs7-signature", "x-pkcs7-signature", "pgp-signature"])
def test_of_a_signed_mail_s_files_the_signature_alone_is_not_named(kind: str) -> None:
    """An attached PDF is a file like any other, whatever its kind begins with."""
    raw = signed().replace(b"application/octet-stream", b"application/pdf")
    raw = raw.replace(b"application/pkcs7-signature", f"application/{kind}".encode())
    text = shown(as_plain_text(raw, parse(raw), PLACE)).get_content()
    assert "名簿.xlsx" in text
    assert "p7s" not in text


def test_a_long_text_is_cut() -> None:
    """A gateway's limit is met, and the rest is told of."""
    raw = mail(text="x" * 69 + "\n" + "長い。\n" * 60_000)
    plain = shown(as_plain_text(raw, parse(raw), PLACE)).get_content()
    assert len(plain) < 200_000
    assert "「過去記事 12」で全文をお送りします" in plain
