"""Signatures of ours, as an independent verifier sees them, and the canonical forms of RFC 6376."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import dkim
import pytest

from mailbot.core.mail.mailing import fill, template
from mailbot.core.senders.dkim import Covered, Signer, covered, relaxed_body, relaxed_field, signature
from mailbot.folder.dkim_keys import PublicKey, load_signer, make_key
from tests.drawing import given, st
from tests.short_keys import make_short_key

NOW = datetime(2026, 6, 18, 1, 0, tzinfo=UTC)
MAIL = (
    b"Received: from a by b\r\n"
    b"From: =?utf-8?B?5bGx55Sw?=\r\n\t<room@ml.example.jp>\r\n"
    b"To: room@ml.example.jp\r\n"
    b"Subject:  [room:00001]   Re: x \r\n"
    b"Date: Thu, 18 Jun 2026 10:00:00 +0900\r\n"
    b"Message-ID: <1@example.jp>\r\n"
    b"MIME-Version: 1.0\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\n"
    b"List-Id: <room.ml.example.jp>\r\n"
    b"List-Unsubscribe: <mailto:room-leave+\x00leave\x00@ml.example.jp>\r\n"
    b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    b"X-Mailbot-Delivery: \x00delivery\x00\r\n"
    b"\r\n"
    b"a  line \t with blanks \r\n.a dot\r\n\r\n\r\n"
)
VALUES = {"leave": b"abc", "delivery": b"17"}

Key = tuple[Signer, PublicKey]


@pytest.fixture(scope="module", params=["rsa", "ed25519"])
def key(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Key:
    """A key of each kind."""
    return made(tmp_path_factory.mktemp("keys"), request.param)


@pytest.fixture(scope="module")
def rsa(tmp_path_factory: pytest.TempPathFactory) -> Key:
    """An RSA key."""
    return made(tmp_path_factory.mktemp("keys"), "rsa")


def made(folder: Path, kind: str) -> Key:
    """Make a key and what signs with it."""
    file = folder / "s.key"
    public = make_short_key(file)[0] if kind == "rsa" else make_key(file, "ed25519")
    return load_signer(file, "ml.example.jp", "2026a"), public


def verified(mail: bytes, public: PublicKey, index: int = 0) -> bool:
    """Ask the verifier, with the key in the place where the DNS should have it."""

    def dns(name: bytes, timeout: int = 5) -> bytes:
        assert name == b"2026a._domainkey.ml.example.jp."
        return public.record.encode()

    try:
        return bool(dkim.DKIM(mail).verify(index, dnsfunc=dns))
    except dkim.ValidationError:  # how it says that the body hash does not fit
        return False


def signed(mail: bytes, signer: Signer, values: dict[str, bytes] = VALUES) -> bytes:
    """Return a copy with its signature."""
    return signature(covered(mail), values, signer, NOW) + fill(template(mail), values)


def test_an_independent_verifier_accepts_each_copy(key: Key) -> None:
    """What is prepared once for a mailing is right for a copy with its own values, with either kind of key."""
    signer, public = key
    for values in (VALUES, {"leave": b"xyz9", "delivery": b"18"}):
        assert verified(signed(MAIL, signer, values), public)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"room-leave+abc@", b"room-leave+abd@"),
        (b"One-Click", b"One-Clack"),
        (b"Subject:", b"Subject: added\r\nSubject:"),
        (b"\r\nFrom:", b"\r\nFrom: <other@example.com>\r\nFrom:"),
        (b"\r\nDate:", b"\r\nTo: <other@example.com>\r\nDate:"),
        (b"a dot", b"a dash"),
        (b"\r\n\r\n\r\n", b"\r\nmore\r\n"),
    ],
)
def test_whatever_a_reader_goes_by_is_covered(rsa: Key, old: bytes, new: bytes) -> None:
    """To change or add a From, a Subject, a way to leave, or anything to the body breaks the signature."""
    signer, public = rsa
    mail = signed(MAIL, signer)
    changed = mail.replace(old, new)
    assert changed != mail
    assert verified(mail, public)
    assert not verified(changed, public)


def test_what_relays_change_is_not_covered(rsa: Key) -> None:
    """Trace fields, blanks, folds and empty lines at the end are not what was signed."""
    signer, public = rsa
    mail = b"Received: from c by d\r\n" + signed(MAIL, signer).replace(b"Date: Thu,", b"DATE:\r\n   Thu,")
    assert verified(mail.replace(b"Received: from a by b\r\n", b"") + b"\r\n\r\n", public)


def test_the_field(rsa: Key) -> None:
    """Relaxed both ways, no l=, From, Subject, Date and To once more than they stand, the last namesake first."""
    mail = MAIL.replace(b"Received", b"Comments: x\r\nList-X: 1\r\nReceived").replace(
        b"MIME", b"List-X: 2\r\nMIME"
    )
    signer = replace(rsa[0], sign=lambda digest: digest * 8)  # as long as what a key of 2,048 bits makes
    field = signature(covered(mail), VALUES, signer, NOW).decode()
    lines = field.split("\r\n")
    assert max(map(len, lines)) <= 78
    tags = dict(tag.strip().split("=", 1) for tag in re.sub(r"\s+", " ", field.partition(":")[2]).split(";"))
    names = tags["h"].replace(" ", "").split(":")
    assert {name: tags[name] for name in ("v", "a", "c", "d", "s", "t")} == {
        "v": "1",
        "a": "rsa-sha256",
        "c": "relaxed/relaxed",
        "d": "ml.example.jp",
        "s": "2026a",
        "t": str(int(NOW.timestamp())),
    }
    assert "l" not in tags
    assert [name for name in names if names.count(name) == 2] == [
        *("list-x", "date", "subject", "to", "from", "list-x"),
        *("from", "subject", "date", "to"),
    ]
    assert not {"received", "comments", "x-mailbot-delivery"} & set(names)
    assert {"list-unsubscribe", "list-unsubscribe-post", "content-type"} < set(names)
    assert len(base64.b64decode(tags["b"].replace(" ", ""))) == 256


def test_rfc_6376_section_3_4_5() -> None:
    """The example of the RFC: relaxed header and body."""
    assert relaxed_field(b"A: X\r\n") == b"a:X\r\n"
    assert relaxed_field(b"B : Y\t\r\n\tZ  \r\n") == b"b:Y Z\r\n"
    assert relaxed_body(b" C \r\nD \t E\r\n\r\n\r\n") == b" C\r\nD E\r\n"


@pytest.mark.parametrize("body", [b"", b"\r\n", b"\r\n\r\n", b" \r\n\t\r\n"])
def test_an_empty_body_stays_empty(body: bytes) -> None:
    """RFC 6376 section 3.4.4: nothing but empty lines is nothing."""
    assert relaxed_body(body) == b""
    assert covered(b"From: a\r\n\r\n" + body).body_hash.hex().startswith("e3b0c442")


@given(
    st.lists(st.binary(max_size=30).map(lambda line: re.sub(rb"[\r\n\x00]", b" ", line)), max_size=8),
    st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=30),
)
def test_any_mail_is_signed_so_that_it_verifies(rsa: Key, lines: list[bytes], subject: str) -> None:
    """Whatever bytes stand in the body, and whatever blanks in a field."""
    signer, public = rsa
    mail = f"From: <a@b>\r\nSubject: {subject.encode('ascii', 'replace').decode()}\r\n\r\n".encode()
    assert verified(signed(mail + b"\r\n".join([*lines, b""]), signer, {}), public)


def test_a_value_with_blanks_is_signed_as_it_is_read(rsa: Key) -> None:
    """A quoted local part may hold two blanks; relaxed, they are one."""
    signer, public = rsa
    mail = b"From: <a@b>\r\nTo: \x00address\x00\r\n\r\nx\r\n"
    assert verified(signed(mail, signer, {"address": b'"a  b"@example.jp'}), public)


def test_what_is_covered_is_told_once_for_all_copies() -> None:
    """The fields of a cooked mailing stay in what is signed, to be filled for each copy."""
    what = covered(MAIL)
    assert isinstance(what, Covered)
    assert [piece for piece in what.pieces if isinstance(piece, str)] == ["leave"]
