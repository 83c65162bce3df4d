"""SPF as receivers check it (RFC 7208)."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address

import pytest

from mailbot.core.spf import Host, check_host


@dataclass
class Table:
    """A DNS of fixed answers."""

    texts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    hosts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    exchangers: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def txt(self, name: str) -> tuple[str, ...]:
        return self.texts.get(name, ())

    def mx(self, name: str) -> tuple[str, ...]:
        return self.exchangers.get(name, ())

    def addresses(self, name: str) -> tuple[Host, ...]:
        return tuple(ip_address(one) for one in self.hosts.get(name, ()))


@pytest.mark.parametrize(
    ("record", "result"),
    [
        ("v=spf1 ip4:203.0.113.0/24 -all", "pass"),
        ("v=spf1 ip4:203.0.113.5 -all", "pass"),
        ("v=spf1 ip4:198.51.100.0/24 -all", "fail"),
        ("v=spf1 ip6:2001:db8::/32 ~all", "softfail"),
        ("v=spf1 mx -all", "pass"),
        ("v=spf1 a:mail.example.jp -all", "pass"),
        ("v=spf1 a:far.example.jp/24 -all", "fail"),
        ("v=spf1 a:near.example.jp/24//64 -all", "pass"),
        ("v=spf1 include:provider.example -all", "pass"),
        ("v=spf1 redirect=provider.example", "pass"),
        ("v=spf1 ?all", "neutral"),
        ("v=spf1", "neutral"),
        ("v=spf1 exp=why.example.jp +ALL", "pass"),
        ("v=spf1 ipv4:203.0.113.5 -all", "permerror"),
        ("v=spf1 ip4:203.0.113.300 -all", "permerror"),
        ("v=spf1 include:nothing.example -all", "permerror"),
        ("v=spf1 redirect=nothing.example", "permerror"),
        ("v=spf1 a:x1.example a:x2.example a:x3.example -all", "permerror"),
    ],
)
def test_the_first_term_that_matches_decides(record: str, result: str) -> None:
    """What a mail from 203.0.113.5 gets by each record."""
    dns = Table(
        {"ml.example.jp": ("other text", record), "provider.example": ("v=spf1 ip4:203.0.113.5 -all",)},
        {
            "mail.example.jp": ("203.0.113.5",),
            "far.example.jp": ("198.51.100.9",),
            "near.example.jp": ("203.0.113.77",),
        },
        {"ml.example.jp": ("mail.example.jp",)},
    )
    assert check_host(ip_address("203.0.113.5"), "ml.example.jp", dns).result == result


def test_two_records_are_none() -> None:
    """Receivers believe neither of two SPF records."""
    dns = Table({"ml.example.jp": ("v=spf1 mx -all", "v=spf1 +all")})
    verdict = check_host(ip_address("203.0.113.5"), "ml.example.jp", dns)
    assert (verdict.result, "2 SPF records" in verdict.why) == ("permerror", True)


def test_ten_lookups_are_allowed_and_no_eleventh() -> None:
    """RFC 7208 section 4.6.4; a record that includes itself ends so too."""
    chain: dict[str, tuple[str, ...]] = {
        f"n{n}.example": (f"v=spf1 include:n{n + 1}.example -all",) for n in range(12)
    }
    dns = Table(
        chain
        | {"n10.example": ("v=spf1 ip4:203.0.113.5 -all",), "self.example": ("v=spf1 include:self.example",)}
    )
    host = ip_address("203.0.113.5")
    assert check_host(host, "n0.example", dns).result == "pass"
    assert check_host(host, "n0.example", dns).lookups == 10
    dns.texts["n10.example"] = ("v=spf1 include:n11.example -all",)
    assert "more than 10 look-ups" in check_host(host, "n0.example", dns).why
    assert check_host(host, "self.example", dns).result == "permerror"


def test_no_record_is_none() -> None:
    """A domain without SPF has no result."""
    assert check_host(ip_address("2001:db8::1"), "ml.example.jp", Table()).result == "none"
