"""ARC: our link is accepted by an independent verifier, its links by us, and a chain that was touched by nobody."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import dkim
import pytest

from mailbot.core.senders.arc import Chain, check_chain, seal
from mailbot.core.senders.dkim_signature import SignedMail
from mailbot.folder.dkim_keys import load_signer, verify
from tests.drawing import given, st
from tests.short_keys import make_short_key

NOW = datetime(2026, 6, 18, 1, 0, tzinfo=UTC)
MAIL = (
    b"Authentication-Results: lists.partner.jp; arc=none; spf=pass smtp.mailfrom=city.jp;\r\n"
    b" dmarc=pass (p=reject) header.from=city.jp\r\n"
    b"From: =?utf-8?B?5bGx55Sw?= <yamada@city.jp>\r\n"
    b"To: room@ml.example.jp\r\n"
    b"Subject: Re: x\r\n"
    b"Date: Thu, 18 Jun 2026 10:00:00 +0900\r\n"
    b"Message-ID: <1@city.jp>\r\n"
    b"List-Id: <room.ml.example.jp>\r\n"
    b"\r\n"
    b"a line\r\n"
)
RESULTS = "ml.example.jp; spf=pass smtp.mailfrom=city.jp; dmarc=pass header.from=city.jp"


class Key:
    """A host's key and its record."""

    def __init__(self, folder: Path, domain: str) -> None:
        self.domain = domain
        self.public, self.pem = make_short_key(folder / f"{domain}.key")
        self.signer = load_signer(folder / f"{domain}.key", domain, "s")


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Key]:
    """A partner's key and ours."""
    folder = tmp_path_factory.mktemp("keys")
    return {domain: Key(folder, domain) for domain in ("lists.partner.jp", "ml.example.jp")}


def records(keys: dict[str, Key]) -> dict[str, str]:
    """Return the DNS."""
    return {f"s._domainkey.{domain}": key.public.record for domain, key in keys.items()}


def ours(content: bytes, keys: dict[str, Key]) -> Chain:
    """Let our reader check a chain."""
    known = records(keys)
    return check_chain(
        SignedMail.of(content), lambda name: (known[name],) if name in known else (), verify, NOW
    )


def theirs(content: bytes, keys: dict[str, Key]) -> str:
    """Let the independent verifier check it."""
    known = records(keys)

    def dns(name: bytes, timeout: int = 5) -> bytes:
        return known.get(name.decode().rstrip("."), "").encode()

    state, _, _ = dkim.arc_verify(content, dnsfunc=dns)
    return str(state.decode())


def by_partner(keys: dict[str, Key], content: bytes = MAIL) -> bytes:
    """Let the independent implementation seal as the partner's list server would."""
    made = dkim.arc_sign(
        content,
        b"s",
        b"lists.partner.jp",
        keys["lists.partner.jp"].pem,
        b"lists.partner.jp",
        [b"from", b"to", b"subject", b"date", b"message-id"],
        timestamp=1_781_744_000,
    )
    return b"".join(made) + content


def test_our_first_link_is_accepted(keys: dict[str, Key]) -> None:
    """A mail without a chain gets set 1, with what we found out."""
    sealed = seal(MAIL, "none", RESULTS, keys["ml.example.jp"].signer, NOW)
    assert theirs(sealed, keys) == "pass"
    chain = ours(sealed, keys)
    assert (chain.state, chain.sealers, chain.results) == ("pass", ("ml.example.jp",), (RESULTS,))


def test_a_chain_goes_on(keys: dict[str, Key]) -> None:
    """A partner's link holds; our list changes the mail and adds set 2, and both verifiers accept the whole."""
    came = by_partner(keys)
    chain = ours(came, keys)
    assert (chain.state, chain.sealers) == ("pass", ("lists.partner.jp",))
    changed = came.replace(b"Subject: Re: x", b"Subject: [room:00001] Re: x").replace(
        b"a line", b"a line\r\n-- "
    )
    assert ours(changed, keys).state == "fail"
    sealed = seal(changed, chain.state, RESULTS, keys["ml.example.jp"].signer, NOW)
    assert theirs(sealed, keys) == "pass"
    chain = ours(sealed, keys)
    assert (chain.state, chain.sealers) == ("pass", ("lists.partner.jp", "ml.example.jp"))


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("old", "new"),
    [
        (rb"a line", b"another line"),
        (rb"Subject: Re", b"Subject: Rx"),
        (rb"i=1; lists.partner.jp", b"i=1; lists.partner.jx"),
        (rb"cv=none", b"cv=pass"),
        (rb"cv=pass", b"cv=none"),
        (rb"ARC-Seal: i=1", b"ARC-Seal: i=3"),
        (rb"(?s)ARC-Seal: i=1.*?\r\n(?! )", b""),
        (rb"(?s)(ARC-Seal: i=1.*?\r\n(?! ))", rb"\1\1"),
        (rb"(?s)(ARC-Authentication-Results: i=1.*?\r\n(?! ))", b""),
        (rb"(?s)(ARC-Authentication-Results: i=1;.*?header.from=)city", rb"\1town"),
    ],
)
def test_a_chain_that_was_touched_breaks(keys: dict[str, Key], old: bytes, new: bytes) -> None:
    """Whatever in it is changed, left out or doubled."""
    whole = seal(
        by_partner(keys), ours(by_partner(keys), keys).state, RESULTS, keys["ml.example.jp"].signer, NOW
    )
    assert ours(whole, keys).state == "pass"
    touched = re.sub(old, new, whole, count=1)
    assert touched != whole
    assert ours(touched, keys).state == "fail"


def test_a_broken_chain_is_called_broken_once(keys: dict[str, Key]) -> None:
    """We seal that it fails, over our own set alone; behind that nobody adds anything (section 5.1.2)."""
    came = by_partner(keys).replace(b"a line", b"another line")
    chain = ours(came, keys)
    sealed = seal(came, chain.state, RESULTS, keys["ml.example.jp"].signer, NOW)
    assert b"cv=fail" in sealed
    again = ours(sealed, keys)
    assert (again.state, again.why) == ("fail", "a host before us found it broken")
    assert seal(sealed, again.state, RESULTS, keys["ml.example.jp"].signer, NOW) == sealed


def test_each_copy_s_own_fields_are_not_covered(keys: dict[str, Key]) -> None:
    """One seal serves all copies of a mailing: their own way to leave is not in it."""
    cooked = MAIL.replace(
        b"\r\n\r\n", b"\r\nList-Unsubscribe: <mailto:room-leave+\0leave\0@ml.example.jp>\r\n\r\n", 1
    )
    sealed = seal(cooked, "none", RESULTS, keys["ml.example.jp"].signer, NOW)
    for own in (b"abc", b"xyz"):
        copy = sealed.replace(b"\0leave\0", own)
        assert theirs(copy, keys) == "pass"
        assert ours(copy, keys).state == "pass"


def test_a_chain_of_too_many_links_is_none(keys: dict[str, Key]) -> None:
    """Fifty sets that are no chain cost no look-up."""
    junk = b"".join(
        b"ARC-Seal: i=%d; cv=none; a=rsa-sha256; d=a.b; s=s; b=AAAA\r\n"
        b"ARC-Message-Signature: i=%d; a=rsa-sha256; d=a.b; s=s; h=from; bh=AAAA; b=AAAA\r\n"
        b"ARC-Authentication-Results: i=%d; x; none\r\n" % (number, number, number)
        for number in range(1, 50)
    )
    assert ours(junk + MAIL, keys).why == "it has too many sets"


@given(st.text(alphabet="i=1;cv none pass,a:rsa-sha256hb/d.\t\r\n", max_size=200))
def test_never_raises(value: str) -> None:
    """Whatever stands in the fields, there is a finding."""
    head = "".join(
        f"{name}: {value}\r\n" for name in ("ARC-Seal", "ARC-Message-Signature", "ARC-Authentication-Results")
    )
    check_chain(SignedMail.of(head.encode() + MAIL), lambda _: (), verify, NOW)
