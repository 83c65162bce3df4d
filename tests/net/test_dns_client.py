"""The DNS is asked within bounds, and what it does not say is told from what is not there."""

from __future__ import annotations

import time
from ipaddress import ip_address

import pytest

from mailbot.core.senders.dns_answers import NoAnswer
from mailbot.net.dns_client import DnsClient
from tests.net.dns_server import dns_server


def test_each_kind_of_record() -> None:
    """MX by preference, addresses of both kinds, TXT strings joined (over TCP when they are long), names of an address."""
    zone = {
        ("ml.example.jp", "MX"): ["20 second.example.jp.", "5 first.example.jp."],
        ("first.example.jp", "A"): ["203.0.113.5"],
        ("first.example.jp", "AAAA"): ["2001:db8::5"],
        ("k._domainkey.ml.example.jp", "TXT"): [f'"{"a" * 255}" "{"b" * 255}" "{"c" * 200}"'],
        ("5.113.0.203.in-addr.arpa", "PTR"): ["First.example.jp."],
        ("alias.example.jp", "CNAME"): ["first.example.jp."],
        ("null.example.jp", "MX"): ["0 ."],
    }
    with dns_server(zone) as server:
        dns = DnsClient(nameserver=server)
        assert dns.mx("ml.example.jp") == ("first.example.jp", "second.example.jp")
        assert dns.addresses("first.example.jp") == (ip_address("203.0.113.5"), ip_address("2001:db8::5"))
        assert dns.txt("k._domainkey.ML.example.jp.") == ("a" * 255 + "b" * 255 + "c" * 200,)
        assert dns.names(ip_address("203.0.113.5")) == ("first.example.jp",)
        assert dns.is_alias("alias.example.jp")
        assert dns.mx("null.example.jp") == ("",)
        assert dns.mx("first.example.jp") == ()
        assert dns.txt("nowhere.example.jp") == ()


def test_a_silent_server_costs_its_seconds_once() -> None:
    """Each question has its bound, all of them together have one, and no question is asked twice."""
    with dns_server({}, silent=True) as server:
        dns = DnsClient(nameserver=server, seconds=1.0, each=0.4)
        began = time.monotonic()
        for name in ("a.example", "a.example", "b.example", "c.example", "d.example", "e.example"):
            with pytest.raises(NoAnswer, match=r"answered within|asked for"):
                dns.txt(name)
        assert time.monotonic() - began < 2.0
