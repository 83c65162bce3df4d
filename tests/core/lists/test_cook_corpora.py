"""Posts of real and broken mail: prefix and footer leave structure, charset, attachments and signatures as they were."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import Message as Mail
from pathlib import Path

import dkim
import pytest

from mailbot.core.lists.cook import PostIdentity, cook_post
from mailbot.core.lists.list_host import ListHost
from mailbot.core.lists.mailing_list import MailingList
from mailbot.core.mail.entity import canonical, split_entity
from mailbot.core.mail.mailing import fill, template
from mailbot.core.mail.message import parse
from mailbot.core.members.audience import NOBODY
from mailbot.core.transfer.smtp_wire import stuff

CORPORA = Path(__file__).resolve().parents[4] / "shared" / "corpora"
FILES = sorted(
    path for folder in ("mime", "charsets") for path in (CORPORA / folder).rglob("*") if path.is_file()
)
LIST = MailingList(
    "room", "会議室", "open", NOBODY, "[room:%05d]", reply_to="author", footer="お問い合わせは事務局へ\n"
)

ASIDE = {
    "very-very-long-boundary.msg",  # more than 2,000 letters: no line of SMTP holds them, and MIME allows 70
    "obsolete.msg",  # "Subject :", which Python takes for no field, and we do
}

if not FILES:
    pytest.skip("the shared corpora are not here", allow_module_level=True)


def cooked(raw: bytes, mailing_list: MailingList = LIST, *, rewrite: bool = True) -> bytes:
    """Return one copy of a post."""
    content = cook_post(
        raw,
        parse(raw),
        mailing_list,
        ListHost("ml.example.jp", "office@example.jp", "ml.example.jp", "https://ml.example.jp"),
        PostIdentity(1, "<made@ml.example.jp>", "ABC"),
        author_label=None,
        now=datetime(2026, 6, 22, tzinfo=UTC),
        rewrite=rewrite,
    )
    return fill(template(content), {"leave": b"t0ken", "delivery": b"77"})


def parts(content: bytes) -> list[tuple[str, str | None, bytes | None]]:
    """Return type, file name and content of each part, as the standard library's most patient policy reads it."""
    mail: Mail = message_from_bytes(content, policy=policy.compat32)
    return [
        (part.get_content_type(), _name(part), None if part.is_multipart() else _content(part))
        for part in mail.walk()
    ]


def _name(part: Mail) -> str | None:
    try:
        return part.get_filename()
    except (UnicodeError, LookupError, ValueError):
        return "unreadable"


def _content(part: Mail) -> bytes:
    payload = part.get_payload(decode=True)
    return re.sub(rb"\r?\n", b"\n", payload if isinstance(payload, bytes) else b"").rstrip()


@pytest.mark.sampled
@pytest.mark.parametrize(
    "file",
    [file for file in FILES if file.name not in ASIDE],
    ids=lambda path: f"{path.parent.name}/{path.name}",
)
def test_a_post_stays_what_it_was(file: Path) -> None:
    """All that leaves may stand on the wire; parts keep their order, type, name and content; a text only grows."""
    raw = canonical(file.read_bytes())
    copy = cooked(raw)
    stuff(copy)
    before, after = parts(raw), parts(copy)
    footed = parse(copy).text.rstrip().endswith("お問い合わせは事務局へ")
    if footed and len(before) == 1:
        assert before[0][0] == after[0][0] == "text/plain"
        old, new = (re.sub(r"\s+", "", parse(content).text) for content in (raw, copy))
        assert new.startswith(old)
        return
    assert [part[:2] for part in after] == [part[:2] for part in before]
    assert [part[2] for part in after] == [part[2] for part in before]


@pytest.mark.parametrize(
    "file",
    [
        file
        for file in FILES
        if re.search(rb"(?i)multipart/(?:signed|encrypted)|BEGIN PGP", file.read_bytes())
    ],
    ids=lambda path: path.name,
)
def test_what_its_author_signed_or_encrypted_stays_byte_for_byte(file: Path) -> None:
    """No footer, no other encoding, no other line."""
    raw = canonical(file.read_bytes())
    if max(map(len, raw.split(b"\r\n"))) <= 998:
        assert split_entity(cooked(raw))[1].rstrip(b"\r\n") == split_entity(raw)[1].rstrip(b"\r\n")


def test_without_footer_and_prefix_the_authors_signature_survives() -> None:
    """Case B (From kept): what was signed by the author's domain still verifies, whatever we put around it."""
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415

    key = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    der = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    import base64  # noqa: PLC0415

    raw = (
        (
            "From: 山田 <yamada@example.com>\r\nTo: room@ml.example.jp\r\nSubject: hello\r\n"
            "Date: Mon, 22 Jun 2026 09:59:58 +0900\r\nMessage-ID: <1@example.com>\r\nMIME-Version: 1.0\r\n"
            "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n本文です\r\n"
        )
        .replace("山田", "Yamada")
        .encode()
    )
    names = [b"from", b"to", b"subject", b"date", b"message-id", b"mime-version", b"content-type", b"from"]
    signed = dkim.sign(
        raw, b"s", b"example.com", pem, include_headers=names, canonicalize=(b"simple", b"simple")
    )
    plain = MailingList("room", "会議室", "open", NOBODY, reply_to="author")
    copy = cooked(signed + raw, plain, rewrite=False)

    def dns(name: bytes, timeout: int = 5) -> bytes:
        return b"v=DKIM1; k=rsa; p=" + base64.b64encode(der)

    assert dkim.verify(copy, dnsfunc=dns)
    assert not dkim.verify(cooked(signed + raw, LIST, rewrite=False), dnsfunc=dns)
