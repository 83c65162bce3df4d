"""SPF as receivers check it (RFC 7208)."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Literal

import pytest

from mailbot.core.senders.dns_answers import Host, NoAnswer
from mailbot.core.senders.spf import check_host


@dataclass
class Table:
    """A DNS of fixed answers."""

    texts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    hosts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    exchangers: dict[str, tuple[str, ...]] = field(default_factory=dict)
    reverse: dict[str, tuple[str, ...]] = field(default_factory=dict)
    silent: frozenset[str] = frozenset()  # names that are not answered for

    def txt(self, name: str) -> tuple[str, ...]:
        if name in self.silent:
            raise NoAnswer(f"nobody answers for {name}")
        return self.texts.get(name, ())

    def mx(self, name: str) -> tuple[str, ...]:
        return self.exchangers.get(name, ())

    def addresses(self, name: str, family: Literal[4, 6] | None = None) -> tuple[Host, ...]:
        if name in self.silent:
            raise NoAnswer(f"nobody answers for {name}")
        found = [ip_address(one) for one in self.hosts.get(name, ())]
        return tuple(one for one in found if family in {None, one.version})

    def names(self, address: Host) -> tuple[str, ...]:
        return self.reverse.get(str(address), ())


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


MAIL_HOST = ip_address("192.0.2.3")


@pytest.mark.parametrize(
    ("spec", "asked"),
    [
        ("%{i}._spf.%{d}", "192.0.2.3._spf.sub.example.jp"),
        ("%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.jp"),
        ("%{l}.x.%{o}", "strong-bad.x.sub.example.jp"),
        ("%{lr-}.lp.%{d}", "bad.strong.lp.sub.example.jp"),
        ("%{h}.%{d1}", "mx.example.org.jp"),
        ("%%%{d}", "%sub.example.jp"),
        ("%{p}.%{d}", "mx.sub.example.jp.sub.example.jp"),
        ("%{S}", "strong-bad%40sub.example.jp"),
    ],
)
def test_macros(spec: str, asked: str) -> None:
    """A term may be made of the client's address, the sender and the greeting (section 7)."""
    dns = Table(
        {"sub.example.jp": (f"v=spf1 exists:{spec} -all",)},
        {asked: ("127.0.0.2",), "mx.sub.example.jp": ("192.0.2.3",)},
        reverse={"192.0.2.3": ("mx.sub.example.jp",)},
    )
    verdict = check_host(
        MAIL_HOST, "sub.example.jp", dns, sender="strong-bad@sub.example.jp", helo="mx.example.org"
    )
    assert verdict.result == "pass"


def test_macros_of_an_ipv6_client() -> None:
    """An IPv6 address is written as its 32 digits, each a label (section 7.3)."""
    name = "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.example.jp"
    dns = Table({"example.jp": ("v=spf1 exists:%{ir}.%{v}.%{d} -all",)}, {name: ("127.0.0.2",)})
    verdict = check_host(ip_address("2001:db8::cb01"), "example.jp", dns, sender="a@example.jp")
    assert verdict.result == "pass"


def test_a_reverse_name_counts_when_it_leads_back() -> None:
    """Ptr believes only names whose own address is the client's (section 5.5)."""
    dns = Table(
        {"example.jp": ("v=spf1 ptr -all",)},
        {"mx.example.jp": ("192.0.2.3",), "liar.example.jp": ("192.0.2.9",)},
        reverse={"192.0.2.3": ("mx.example.jp",), "192.0.2.4": ("liar.example.jp",)},
    )
    assert check_host(MAIL_HOST, "example.jp", dns, sender="a@example.jp").result == "pass"
    assert check_host(ip_address("192.0.2.4"), "example.jp", dns, sender="a@example.jp").result == "fail"


@pytest.mark.parametrize(
    "record",
    [
        "v=spf1 a:%{x}.example.jp -all",
        "v=spf1 -all exp=%{r}.example.jp",
        "v=spf1 a:example.jp:8080 -all",
        "v=spf1 a:%{d0} -all",
        "v=spf1 ip4:192.0.2.0/33 -all",
        "v=spf1 ip4:192.0.2 -all",
        "v=spf1 a/33 -all",
        "v=spf1 all: -all",
        "v=spf1 redirect=a.example.jp redirect=b.example.jp",
        "v=spf1 moo",
        "v=spf1 include: -all",
        "v=spf1 ip4:192.0.2.3 moo",
        "v=spf1 " + "a:" + "a" * 600,
        "v=spf1 " + "x" * 5_000,
    ],
)
def test_a_mistake_anywhere_spoils_the_record(record: str) -> None:
    """Also behind the term that matches (section 4.6); and what is far too long is not read."""
    dns = Table({"example.jp": (record,)})
    assert check_host(MAIL_HOST, "example.jp", dns, sender="a@example.jp").result == "permerror"


def test_what_the_dns_leaves_open_is_a_temporary_error() -> None:
    """Unless a term before it matches: the rest is not asked."""
    dns = Table(
        {
            "example.jp": ("v=spf1 ip4:192.0.2.0/24 a:slow.example.jp -all",),
            "far.example.jp": ("v=spf1 a:slow.example.jp -all",),
        },
        silent=frozenset({"slow.example.jp", "dead.example.jp"}),
    )
    assert check_host(MAIL_HOST, "example.jp", dns).result == "pass"
    assert check_host(MAIL_HOST, "far.example.jp", dns).result == "temperror"
    assert check_host(MAIL_HOST, "dead.example.jp", dns).result == "temperror"


def test_more_than_ten_mail_hosts_are_a_mistake() -> None:
    """Section 4.6.4."""
    dns = Table(
        {"example.jp": ("v=spf1 mx -all",)},
        exchangers={"example.jp": tuple(f"mx{number}.example.jp" for number in range(11))},
    )
    assert check_host(MAIL_HOST, "example.jp", dns).result == "permerror"


@pytest.mark.parametrize(
    "domain", ["", "localhost", "a..example.jp", "a" * 64 + ".example.jp", "[192.0.2.3]"]
)
def test_what_is_no_domain_has_no_result(domain: str) -> None:
    """Section 4.3; nothing is asked."""
    assert check_host(MAIL_HOST, domain, Table()).result == "none"


def test_an_ipv4_client_in_ipv6_form() -> None:
    """::ffff:192.0.2.3 is 192.0.2.3 (section 5)."""
    dns = Table({"example.jp": ("v=spf1 ip4:192.0.2.3 -all",)})
    assert check_host(ip_address("::ffff:192.0.2.3"), "example.jp", dns).result == "pass"
