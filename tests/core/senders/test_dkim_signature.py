"""Signatures of others: each that an independent signer makes holds, and nothing that was done to it afterwards."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from mailbot.core.senders import dkim as maker
from mailbot.core.senders.dkim import covered, signature
from mailbot.core.senders.dkim_signature import DkimFinding, SignedMail, check_signatures
from mailbot.core.senders.dns_answers import NoAnswer
from mailbot.folder.dkim_keys import load_signer, make_key, verify
from tests.drawing import given, st
from tests.short_keys import make_short_key

NOW = datetime(2026, 6, 18, 1, 0, tzinfo=UTC)
LONG_AFTER = NOW + timedelta(days=4_000)  # the independent signer looks at the clock
MAIL = (
    b"Received: from a by b\r\n"
    b"From: =?utf-8?B?5bGx55Sw?=\r\n\t<yamada@city.example.jp>\r\n"
    b"To: room@ml.example.jp\r\n"
    b"Subject:  Re: x \r\n"
    b"Date: Thu, 18 Jun 2026 10:00:00 +0900\r\n"
    b"Message-ID: <1@city.example.jp>\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\n"
    b"\r\n"
    b"a  line \t with blanks \r\n\r\n.a dot\r\n\r\n\r\n"
)
PLACE = "s._domainkey.city.example.jp"


class Keys:
    """A key of each kind, and its record."""

    def __init__(self, folder: Path) -> None:
        self.rsa, self.pem = make_short_key(folder / "rsa.key")
        self.signer = load_signer(folder / "rsa.key", "city.example.jp", "s")
        self.ed25519 = make_key(folder / "ed.key", "ed25519")
        seed = serialization.load_pem_private_key((folder / "ed.key").read_bytes(), None).private_bytes(
            serialization.Encoding.Raw, serialization.PrivateFormat.Raw, serialization.NoEncryption()
        )
        self.seed = base64.b64encode(seed)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    """Keys of the signer."""
    return Keys(tmp_path_factory.mktemp("keys"))


def check(
    content: bytes, record: str | Mapping[str, str], now: datetime = NOW, author: str = "city.example.jp"
) -> tuple[DkimFinding, ...]:
    """Check with these records in the DNS."""
    records = {PLACE: record} if isinstance(record, str) else record

    def texts(name: str) -> tuple[str, ...]:
        return (records[name],) if name in records else ()

    return check_signatures(SignedMail.of(content), author, texts, verify, now)


def signed(keys: Keys, content: bytes = MAIL, **tags: object) -> bytes:
    """Let the independent signer sign."""
    made = dkim.sign(content, b"s", b"city.example.jp", keys.pem, **tags)
    return bytes(made) + content


def ours(keys: Keys, change: tuple[bytes, bytes]) -> bytes:
    """Sign by ourselves, with tags that no signer of ours writes: the change is made before the signature."""
    plain = covered(MAIL)
    field, _ = maker._field(plain, keys.signer, int(NOW.timestamp()))
    changed = field.replace(*change)
    assert changed != field
    head = b"".join(piece for piece in plain.pieces if isinstance(piece, bytes))
    digest = hashlib.sha256(head + maker.relaxed_field(changed + b"\r\n")[:-2]).digest()
    return changed + base64.b64encode(keys.signer.sign(digest)) + b"\r\n" + MAIL


@pytest.mark.parametrize("head", [b"relaxed", b"simple"])
@pytest.mark.parametrize("body", [b"relaxed", b"simple"])
@pytest.mark.parametrize("algorithm", ["rsa", "ed25519"])
@pytest.mark.parametrize("content", [MAIL, MAIL.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"])
def test_what_an_independent_signer_signs_holds(
    keys: Keys, head: bytes, body: bytes, algorithm: str, content: bytes
) -> None:
    """In each form and with each kind of key, also over an empty body."""
    if algorithm == "rsa":
        mail, record = signed(keys, content, canonicalize=(head, body)), keys.rsa.record
    else:
        made = dkim.sign(
            content,
            b"s",
            b"city.example.jp",
            keys.seed,
            canonicalize=(head, body),
            signature_algorithm=b"ed25519-sha256",
        )
        mail, record = bytes(made) + content, keys.ed25519.record
    (found,) = check(mail, record, LONG_AFTER)
    assert (found.result, found.domain, found.why) == ("pass", "city.example.jp", "")


def test_our_own_signature_holds(keys: Keys) -> None:
    """What core/senders/dkim.py makes, this reads."""
    mail = signature(covered(MAIL), {}, keys.signer, NOW) + MAIL
    assert [found.result for found in check(mail, keys.rsa.record)] == ["pass"]


@pytest.mark.parametrize(
    ("old", "new", "result", "why"),
    [
        (b".a dot", b".b dot", "fail", "body was changed"),
        (b"Subject:  Re: x", b"Subject: Re: y", "fail", "head was changed"),
        (b"Subject:  Re: x", b"Subject: evil\r\nSubject:  Re: x", "policy", "another subject"),
        (b"To: room", b"To: evil@example.jp\r\nTo: room", "policy", "another to"),
        (b"From: =?", b"From: boss@city.example.jp\r\nFrom: =?", "policy", "another from"),
        (b"d=city.example.jp", b"d=evil.test", "permerror", "not within d="),
        (b"s=s;", b"s=t;", "permerror", "not published"),
        (b"v=1;", b"v=2;", "permerror", "version"),
        (b"a=rsa-sha256", b"a=rsa-sha1", "policy", "rsa-sha1"),
        (b"a=rsa-sha256", b"a=rsa-md5", "permerror", "algorithm"),
        (b"a=rsa-sha256", b"a=ed25519-sha256", "permerror", "another kind"),
        (b"s=s;", b"s=../s;", "permerror", "names no key"),
        (b"c=relaxed/simple;", b"c=loose;", "permerror", "form"),
        (b"h=", b"d=x; h=", "permerror", "list of tags"),
        (b"h=", b"x=1; h=", "permerror", "expires before"),
    ],
)
def test_what_was_done_to_it_afterwards(keys: Keys, old: bytes, new: bytes, result: str, why: str) -> None:
    """A changed mail, a changed signature, and a field that was added where the signature does not look."""
    names = [b"from", b"to", b"subject", b"date", b"message-id", b"content-type"]
    mail = bytearray(signed(keys, include_headers=names, canonicalize=(b"relaxed", b"simple")))
    assert old in mail
    (found,) = check(bytes(mail).replace(old, new, 1), keys.rsa.record, LONG_AFTER)
    assert (found.result, why in found.why) == (result, True), found


@pytest.mark.parametrize(
    ("change", "result"),
    [
        ((b"b=", b"l=20; b="), "fail"),
        ((b"b=", b"x=1781744400; b="), "pass"),
        ((b"b=", b"x=1781744399; b="), "permerror"),
        ((b"t=1781744400;", b"x=1781744399;"), "fail"),
        ((b"b=", b"i=@sub.city.example.jp; b="), "pass"),
        ((b"b=", b"i=@evil.test; b="), "permerror"),
        ((b"h=", b"q=http; h="), "permerror"),
        ((b":from", b":fram"), "permerror"),
        ((b"t=1781744400;", b"t=soon;"), "permerror"),
    ],
)
def test_what_a_signature_says_of_itself(keys: Keys, change: tuple[bytes, bytes], result: str) -> None:
    """Times, identity and length hold as section 3.5 has them."""
    mail = ours(keys, change)
    assert [found.result for found in check(mail, keys.rsa.record)] == [result]


def test_a_signature_over_part_of_the_body_proves_too_little(keys: Keys) -> None:
    """With l= anybody may write on behind it (section 8.2); it counts while nothing is behind."""
    mail = signed(keys, length=True, canonicalize=(b"relaxed", b"relaxed"))
    assert [found.result for found in check(mail, keys.rsa.record, LONG_AFTER)] == ["pass"]
    (found,) = check(mail + b"evil\r\n", keys.rsa.record, LONG_AFTER)
    assert found.result == "policy"


@pytest.mark.parametrize(
    ("tags", "result"),
    [
        ("v=DKIM1; k=rsa; p=", "permerror"),
        ("v=DKIM2; p=KEY", "permerror"),
        ("p=KEY", "pass"),
        ("v=DKIM1; t=y; p=KEY", "neutral"),
        ("v=DKIM1; t=s; p=KEY", "pass"),
        ("v=DKIM1; h=sha1; p=KEY", "permerror"),
        ("v=DKIM1; s=tlsrpt; p=KEY", "permerror"),
        ("v=DKIM1; k=ed25519; p=KEY", "permerror"),
        ("v=DKIM1; p=AAAA", "policy"),
        ("v=DKIM1; p=!!!", "permerror"),
        ("v=DKIM1; k=rsa; p=SMALL", "policy"),
        ("something else", "permerror"),
    ],
)
def test_the_published_key_must_allow_it(keys: Keys, tags: str, result: str) -> None:
    """Revoked, for other uses, in testing, too small (RFC 8301: 1,024 bits): none of them vouches."""
    key = rsa.RSAPublicNumbers(65_537, (1 << 1_022) + 1).public_key()
    small = base64.b64encode(
        key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    ).decode()
    record = tags.replace("KEY", keys.rsa.value).replace("SMALL", small)
    assert [found.result for found in check(signed(keys), record, LONG_AFTER)] == [result]


def test_the_author_s_own_signature_is_looked_at_first(keys: Keys) -> None:
    """A hundred signatures of a stranger above it do not hide it, and cost five look-ups."""
    asked: list[str] = []
    junk = b"DKIM-Signature: v=1; a=rsa-sha256; d=evil.test; s=s; h=from; bh=AAAA; b=AAAA\r\n" * 100

    def texts(name: str) -> tuple[str, ...]:
        asked.append(name)
        return (keys.rsa.record,) if name == PLACE else ()

    found = check_signatures(SignedMail.of(junk + signed(keys)), "city.example.jp", texts, verify, LONG_AFTER)
    assert [each.result for each in found] == ["pass", *["fail"] * 4]
    assert asked == [PLACE]  # bodies that do not fit ask for no key


def test_what_the_dns_leaves_open_is_a_temporary_error(keys: Keys) -> None:
    """It is no failure."""

    def texts(name: str) -> tuple[str, ...]:
        raise NoAnswer(f"nobody answers for {name}")

    found = check_signatures(SignedMail.of(signed(keys)), "city.example.jp", texts, verify, NOW)
    assert [each.result for each in found] == ["temperror"]


def test_the_head_ends_where_our_parser_ends_it(keys: Keys) -> None:
    """A signed head below a line that is no field is body to us: it vouches for no From above it."""
    mail = b"From: boss@city.example.jp\r\nSubject: pay\r\nno field\r\n" + signed(keys)
    assert check(mail, keys.rsa.record, LONG_AFTER) == ()


@given(st.text(alphabet="v=1;a rsa-h:bdsc/+.@\t\r\n0", max_size=200))
def test_never_raises(value: str) -> None:
    """Whatever stands in the field, there is a finding."""
    check(b"DKIM-Signature: " + value.encode() + b"\r\n" + MAIL, "v=DKIM1; p=AAAA")
