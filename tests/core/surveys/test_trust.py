"""The trust ladder: who sent a reply, and does it count?"""

from __future__ import annotations

from typing import Any

import pytest

from mailbot.core.members.register import Contact
from mailbot.core.senders.authentication import Authentication
from mailbot.core.surveys.trust import (
    Consequence,
    Count,
    HoldReply,
    Level,
    Purpose,
    SendBallot,
    ShowOffice,
    consequence,
    same_organisation,
    trust,
)

PRIMARY = Contact("202011", "yamada@city.nagano.example.jp", rank=1)
DEPUTY = Contact("202011", "suzuki@city.nagano.example.jp", rank=2)
PRIVATE = Contact("202011", "tanaka@gmail.com", rank=3)
PASS = Authentication(dmarc="pass", dmarc_domain="city.nagano.example.jp")
DKIM = Authentication(dkim_domains=("city.nagano.example.jp",))
SPF = Authentication(spf_domain="city.nagano.example.jp")
NOTHING = Authentication()
REJECTED = Authentication(dmarc="fail", policy="reject")
LENIENT = Authentication(dmarc="fail", policy="none")


@pytest.mark.parametrize(
    ("from_address", "token", "authentication", "level", "sender"),
    [
        ("yamada@city.nagano.example.jp", True, PASS, 4, PRIMARY),
        ("yamada@City.Nagano.Example.JP", True, PASS, 4, PRIMARY),
        ("yamada@city.nagano.example.jp", True, DKIM, 4, PRIMARY),
        ("yamada@city.nagano.example.jp", True, SPF, 3, PRIMARY),
        ("yamada@city.nagano.example.jp", True, NOTHING, 3, PRIMARY),
        ("yamada@city.nagano.example.jp", True, LENIENT, 3, PRIMARY),
        ("suzuki@city.nagano.example.jp", True, PASS, 3, DEPUTY),
        ("tanaka@gmail.com", True, NOTHING, 3, PRIVATE),
        ("sato@city.nagano.example.jp", True, NOTHING, 2, None),
        ("sato@soumu.city.nagano.example.jp", True, NOTHING, 2, None),
        ("sato@nagano.example.jp", True, NOTHING, 2, None),
        ("sato@gmail.com", True, PASS, 1, None),
        ("sato@pref.nagano.example.com", True, NOTHING, 1, None),
        ("sato@xcity.nagano.example.jp", True, NOTHING, 1, None),
        (None, True, PASS, 1, None),
        ("yamada@city.nagano.example.jp", False, PASS, 0, PRIMARY),
        ("sato@city.nagano.example.jp", False, PASS, "-", None),
        (None, False, NOTHING, "-", None),
        ("yamada@city.nagano.example.jp", True, REJECTED, "x", None),
        ("yamada@city.nagano.example.jp", False, REJECTED, "x", None),
        ("room@ML.example.jp", True, NOTHING, "x", None),
    ],
)
def test_ladder(
    from_address: str | None,
    token: bool,
    authentication: Authentication,
    level: Level,
    sender: Contact | None,
) -> None:
    """Token and From decide the level; a DMARC pass raises it, its absence does not lower it."""
    found = trust(
        from_address,
        token=token,
        designated="yamada@city.nagano.example.jp",
        registered=(PRIMARY, DEPUTY, PRIVATE),
        authentication=authentication,
        own_domains=("ml.example.jp", "kaitou.example.jp"),
    )
    assert (found.level, found.sender) == (level, sender)


@pytest.mark.parametrize(
    ("level", "purpose", "standing"),
    [
        (4, "survey", Count("sender")),
        (4, "resolution", Count("sender")),
        (3, "survey", Count("sender and primary")),
        (3, "resolution", Count("everyone registered")),
        (2, "survey", Count("sender and primary")),
        (2, "rsvp", Count("sender")),
        (2, "resolution", HoldReply("primary")),
        (1, "survey", HoldReply("primary")),
        (1, "rsvp", HoldReply("office")),
        (1, "resolution", HoldReply("office")),
        (0, "survey", SendBallot()),
        ("-", "rsvp", ShowOffice()),
        ("x", "survey", ShowOffice()),
    ],
)
def test_what_follows_from_a_level_depends_on_the_purpose(
    level: Level, purpose: Purpose, standing: Consequence
) -> None:
    """What a level is good for depends on what is at stake."""
    assert consequence(level, purpose) == standing


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("city.x.lg.jp", "city.x.lg.jp", True),
        ("city.x.lg.jp", "soumu.city.x.lg.jp", True),
        ("city.x.lg.jp", "city.y.lg.jp", False),
        ("lg.jp", "city.x.lg.jp", False),
        ("co.jp", "a.co.jp", False),
        ("nagano.jp", "city.nagano.jp", False),
        ("jp", "a.jp", False),
        ("example.jp", "mail.example.jp", True),
        ("gmail.com", "gmail.com", False),
        ("yahoo.co.jp", "yahoo.co.jp", False),
        ("docomo.ne.jp", "docomo.ne.jp", False),
        ("", "", False),
        ("x.jp", "evilx.jp", False),
    ],
)
def test_same_organisation(one: str, other: str, same: bool) -> None:
    """Users of one provider, and neighbours below one public domain, are not colleagues."""
    assert same_organisation(one, other) is same
    assert same_organisation(other, one) is same


def test_every_level_and_purpose_has_a_standing() -> None:
    """The table has no hole."""
    levels: list[Any] = [4, 3, 2, 1, 0, "-", "x"]
    purposes: list[Any] = ["survey", "rsvp", "resolution"]
    assert all(consequence(level, purpose) for level in levels for purpose in purposes)
