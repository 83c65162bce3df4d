"""Authentication-Results: only our own, read within bounds."""

from __future__ import annotations

import time

import pytest

from mailbot.core.senders.authentication import (
    Authentication,
    aligned,
    authserv_id_of,
    read_authentication,
    verdict,
)
from tests.drawing import given, st

OWN = "ml.example.jp"


def read(*values: str) -> Authentication:
    return read_authentication([("Authentication-Results", value) for value in values], OWN)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (f"{OWN}; dmarc=pass header.from=a.jp", Authentication("pass", None, "a.jp")),
        (f"{OWN} 1; dmarc=pass header.from=A.JP", Authentication("pass", None, "a.jp")),
        (
            "ML.Example.jp; DMARC = Pass (p=reject dis=none) header.from=a.jp",
            Authentication("pass", "reject", "a.jp"),
        ),
        (
            f"{OWN}; dmarc=fail (p=NONE sp=NONE dis=NONE) header.from=a.jp",
            Authentication("fail", "none", "a.jp"),
        ),
        (
            f"{OWN}; dmarc=fail policy.published-domain-policy=quarantine",
            Authentication("fail", "quarantine"),
        ),
        (f"{OWN}; dmarc=temperror", Authentication("unsure")),
        (f"{OWN}; dmarc=none header.from=a.jp", Authentication("none", "none", "a.jp")),
        (
            f"{OWN}; dmarc=fail (p=reject); arc=pass policy.sealer=lists.b.jp",
            Authentication("fail", "reject", chain="pass", sealer="lists.b.jp"),
        ),
        (f"{OWN}; arc=fail policy.sealer=lists.b.jp", Authentication(chain="fail")),
        (f"{OWN}; none", Authentication()),
        (f"{OWN};", Authentication()),
        (OWN, Authentication()),
        ("", Authentication()),
        (f"{OWN} (our (own) server; dmarc=fail); dmarc=pass", Authentication("pass")),
        (
            f"{OWN}; dkim=pass header.d=a.jp header.s=x; dkim=fail header.d=b.jp; dkim=pass header.i=@c.jp",
            Authentication(dkim_domains=("a.jp", "c.jp")),
        ),
        (f"{OWN}; spf=pass smtp.mailfrom=x@a.jp", Authentication(spf_domain="a.jp")),
        (f"{OWN}; spf=softfail smtp.mailfrom=x@a.jp", Authentication()),
        (f'{OWN}; spf=fail reason="x; dmarc=pass" smtp.mailfrom=a.jp', Authentication()),
        (f'{OWN}; spf=pass smtp.mailfrom="x; dmarc=pass"@a.jp', Authentication(spf_domain="a.jp")),
        ("evil.test; dmarc=pass", Authentication()),
        (f"{OWN}.evil.test; dmarc=pass", Authentication()),
        (f"evil.test ({OWN}); dmarc=pass", Authentication()),
        (f'"{OWN}"; dmarc=pass', Authentication("pass")),
    ],
)
def test_read(value: str, expected: Authentication) -> None:
    """Results are read by the grammar of RFC 8601, and only those that exactly our server states."""
    assert read(value) == expected


def test_disagreement() -> None:
    """A forged pass above or below our own failure changes nothing."""
    honest, forged = f"{OWN}; dmarc=fail (p=reject)", f"{OWN}; dmarc=pass (p=none)"
    assert read(honest, forged) == read(forged, honest)
    assert (read(honest, forged).dmarc, read(honest, forged).policy) == ("fail", "reject")


@pytest.mark.parametrize(
    ("value", "address", "expected"),
    [
        ("dmarc=pass header.from=a.jp", "x@a.jp", "pass"),
        ("dmarc=pass header.from=a.jp", "x@A.jp", "pass"),
        ("dmarc=pass header.from=evil.test", "x@a.jp", "none"),
        ("dmarc=pass", "x@a.jp", "pass"),
        ("dmarc=fail", "x@a.jp", "fail"),
        ("dmarc=fail (p=quarantine)", "x@a.jp", "fail"),
        ("dmarc=fail (p=none)", "x@a.jp", "none"),
        ("dmarc=none", "x@a.jp", "none"),
        ("dmarc=temperror (p=reject)", "x@a.jp", "unsure"),
        ("dmarc=temperror; dkim=pass header.d=a.jp", "x@a.jp", "pass"),
        ("dmarc=fail (p=reject); dkim=pass header.d=a.jp", "x@a.jp", "fail"),
        ("dmarc=fail (p=reject); arc=pass policy.sealer=lists.b.jp", "x@a.jp", "pass"),
        ("dmarc=fail (p=reject); arc=pass header.oldest-pass=0", "x@a.jp", "fail"),
        ("dkim=pass header.d=a.jp", "x@a.jp", "pass"),
        ("dkim=pass header.d=city.a.lg.jp", "x@soumu.city.a.lg.jp", "pass"),
        ("dkim=pass header.d=lg.jp", "x@city.a.lg.jp", "none"),
        ("dkim=pass header.d=evil.test", "x@a.jp", "none"),
        ("spf=pass smtp.mailfrom=b@a.jp", "x@a.jp", "pass"),
        ("spf=pass smtp.mailfrom=b@list.test", "x@a.jp", "none"),
        ("dmarc=pass", None, "none"),
    ],
)
def test_verdict(value: str, address: str | None, expected: str) -> None:
    """Somebody vouches for the From, its own domain disowns it, or nothing is known."""
    assert verdict(read(f"{OWN}; {value}"), address) == expected


def test_other_helpers() -> None:
    """Who states a field is its first word; a parent domain speaks only from three labels up."""
    assert authserv_id_of(" (x) MX.a.jp 1; spf=pass") == "mx.a.jp"
    assert aligned("a.jp", "a.jp")
    assert not aligned("", "")
    assert not aligned("a.jp", "b.a.jp")


@given(st.text(alphabet='ml.exaplj=;()"\\ \tdmrcps1/', max_size=300))
def test_never_raises(value: str) -> None:
    """Whatever stands in the field, reading it ends with a result."""
    read(f"{OWN};{value}", value)


@pytest.mark.parametrize("piece", ["(", '"', ";", "= ", "dkim=pass ", "\\"])
def test_hostile_fields_are_quick(piece: str) -> None:
    """A megabyte of brackets costs milliseconds."""
    start = time.process_time()
    read(*[f"{OWN}; {piece * (1_000_000 // len(piece))}"] * 30)
    assert time.process_time() - start < 2
