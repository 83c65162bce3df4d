"""SPF, DKIM and DMARC together: what one mail is worth, in one line that nothing of a stranger's can bend."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Literal

import pytest

from mailbot.core.senders.authentication import Authentication, read_authentication, verdict
from mailbot.core.senders.dns_answers import Host, NoAnswer
from mailbot.core.senders.sender_check import Client, check_sender
from tests.drawing import given, st

OWN = "ml.example.jp"
NOW = datetime(2026, 6, 18, 1, 0, tzinfo=UTC)
HOST = ip_address("203.0.113.5")
MAIL = b"From: yamada@city.example.jp\r\nSubject: x\r\n\r\nx\r\n"
SPF = {
    "city.example.jp": "v=spf1 ip4:203.0.113.5 -all",
    "mail.city.example.jp": "v=spf1 ip4:203.0.113.5 -all",
}


@dataclass
class Table:
    """A DNS of fixed answers."""

    texts: dict[str, str] = field(default_factory=dict)
    silent: tuple[str, ...] = ()
    asked: int = 0

    def txt(self, name: str) -> tuple[str, ...]:
        self.asked += 1
        if name in self.silent:
            raise NoAnswer("nobody answers")
        return (self.texts[name],) if name in self.texts else ()

    def mx(self, name: str) -> tuple[str, ...]:
        return ()

    def addresses(self, name: str, family: Literal[4, 6] | None = None) -> tuple[Host, ...]:
        return ()

    def names(self, address: Host) -> tuple[str, ...]:
        return ()


def check(
    dns: Table,
    mail_from: str = "yamada@city.example.jp",
    author: str | None = "yamada@city.example.jp",
    stated: Authentication | None = None,
    *,
    direct: bool = True,
    helo: str = "mail.city.example.jp",
) -> Authentication:
    """Look, and read back what was found out."""
    client = Client(HOST, helo, mail_from) if direct else None
    found = check_sender(
        *(MAIL, author, client, stated, dns, lambda *_: False), own_id=OWN, sealers=(), now=NOW
    )
    assert found.temporary == ("temperror" in found.text)
    assert found.text.isprintable()
    return read_authentication([("Authentication-Results", found.text)], OWN)


@pytest.mark.parametrize(
    ("policy", "mail_from", "result"),
    [
        ("v=DMARC1; p=reject", "yamada@city.example.jp", "pass"),
        ("v=DMARC1; p=reject", "bounce@mail.city.example.jp", "pass"),
        ("v=DMARC1; p=reject; aspf=s", "bounce@mail.city.example.jp", "fail"),
        ("v=DMARC1; p=reject", "eve@evil.test", "fail"),
        ("v=DMARC1; p=reject", "", "pass"),
        ("v=DMARC1; p=none", "eve@evil.test", "fail"),
        ("", "eve@evil.test", "none"),
    ],
)
def test_dmarc_by_spf(policy: str, mail_from: str, result: str) -> None:
    """What SPF vouches for must be the author's organisation; of a null sender the greeting is checked."""
    records = SPF | {"evil.test": "v=spf1 +all"} | ({"_dmarc.city.example.jp": policy} if policy else {})
    assert check(Table(records), mail_from).dmarc == result


def test_a_policy_of_the_organisation_holds_below_it() -> None:
    """sp= of the organisation, np= where the name is not in the DNS."""
    dns = Table({"_dmarc.example.jp": "v=DMARC1; p=none; sp=quarantine; np=reject"})
    assert check(dns, "eve@evil.test").policy == "reject"
    assert (
        check(Table({"_dmarc.example.jp": "v=DMARC1; p=none; sp=quarantine"}), "x@evil.test").policy
        == "quarantine"
    )


@pytest.mark.parametrize(
    ("silent", "mail_from", "result"),
    [
        ("_dmarc.city.example.jp", "yamada@city.example.jp", "unsure"),
        ("city.example.jp", "yamada@city.example.jp", "unsure"),
        ("evil.test", "eve@evil.test", "fail"),
    ],
)
def test_only_what_may_decide_is_open(silent: str, mail_from: str, result: str) -> None:
    """A stranger whose own DNS is dead leaves nothing open."""
    dns = Table(SPF | {"_dmarc.city.example.jp": "v=DMARC1; p=reject"}, (silent,))
    found = check_sender(
        *(MAIL, "yamada@city.example.jp", Client(HOST, "x", mail_from), None, dns, lambda *_: False),
        own_id=OWN,
        sealers=(),
        now=NOW,
    )
    read = read_authentication([("Authentication-Results", found.text)], OWN)
    assert (read.dmarc, found.temporary) == (result, result == "unsure")


def test_no_author_and_no_domain_are_a_permanent_error() -> None:
    """Nothing is asked of the DNS about them."""
    for author in (None, "yamada@localhost"):
        dns = Table()
        found = check(dns, "", author, helo="x")
        assert (found.dmarc, found.policy, dns.asked) == ("none", None, 0)


def test_what_our_own_mail_exchanger_found_stays() -> None:
    """Its results are kept, the policy is looked up where it did not say it, and no DMARC of its own is made up."""
    dns = Table({"_dmarc.city.example.jp": "v=DMARC1; p=quarantine"})
    stated = Authentication("pass", None, "city.example.jp", ("city.example.jp",), "city.example.jp")
    assert check(dns, stated=stated, direct=False) == Authentication(
        "pass", "quarantine", "city.example.jp", ("city.example.jp",), "city.example.jp"
    )
    other = Authentication("pass", "none", "evil.test")
    assert check(dns, stated=other, direct=False).dmarc == "none"
    failed = Authentication("fail", "reject", "city.example.jp")
    assert verdict(check(dns, stated=failed, direct=False), "yamada@city.example.jp") == "fail"


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60))
def test_strangers_words_bend_nothing(mail_from: str, helo: str, record: str) -> None:
    """Whatever a stranger calls himself, or publishes: no result of another's stands in the line."""
    dns = Table({"_dmarc.city.example.jp": "v=DMARC1; p=reject", "evil.test": f"v=spf1 {record}"})
    for sender in (f"{mail_from}@evil.test", mail_from):
        found = check_sender(
            *(MAIL, "yamada@city.example.jp", Client(HOST, helo, sender), None, dns, lambda *_: False),
            own_id=OWN,
            sealers=(),
            now=NOW,
        )
        read = read_authentication([("Authentication-Results", found.text)], OWN)
        assert (read.dmarc, read.policy, read.sealer, read.dkim_domains) == ("fail", "reject", None, ())
