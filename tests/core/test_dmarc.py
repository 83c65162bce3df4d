"""Which DMARC policy holds for a domain (RFC 9989, the tree walk)."""

from __future__ import annotations

import pytest

from mailbot.core.dmarc import find_policy, names_to_ask, parse_record


def test_the_walk_asks_eight_names_at_most() -> None:
    """The domain itself, then upwards; from more than eight labels it jumps to the last seven."""
    assert names_to_ask("ml.example.jp") == ["ml.example.jp", "example.jp", "jp"]
    long = "a.b.c.d.e.f.g.h.i.j.mail.example.com"
    asked = names_to_ask(long)
    assert len(asked) == 8
    assert asked[:2] == [long, "g.h.i.j.mail.example.com"]


@pytest.mark.parametrize(
    ("records", "action", "at"),
    [
        ({"ml.example.jp": "v=DMARC1; p=reject"}, "reject", "ml.example.jp"),
        ({"ml.example.jp": "v=DMARC1; p=none", "example.jp": "v=DMARC1; p=reject"}, "none", "ml.example.jp"),
        ({"example.jp": "v=DMARC1; p=reject"}, "reject", "example.jp"),
        ({"example.jp": "v=DMARC1; p=reject; sp=quarantine"}, "quarantine", "example.jp"),
        ({"example.jp": "v=DMARC1; p=none; psd=n", "jp": "v=DMARC1; p=reject"}, "none", "example.jp"),
        (
            {"example.jp": "v=DMARC1; p=quarantine", "jp": "v=DMARC1; p=reject; psd=y"},
            "quarantine",
            "example.jp",
        ),
        ({"jp": "v=DMARC1; p=reject; psd=y"}, "reject", "jp"),
        ({"example.jp": "v=DMARC1; p=bogus"}, "none", "example.jp"),
        ({"example.jp": "v=DMARC1; rua=mailto:x@example.jp"}, "none", "example.jp"),
    ],
)
def test_whose_record_holds(records: dict[str, str], action: str, at: str) -> None:
    """The domain's own, else the organisational domain's `sp`, else `p`; psd says where an organisation ends."""
    texts = {f"_dmarc.{name}": ("something else", text) for name, text in records.items()}
    policy = find_policy("ml.example.jp", lambda name: texts.get(name, ()))
    assert policy is not None
    assert (policy.action, policy.at) == (action, at)


def test_no_record_is_no_policy_and_two_are_a_mistake() -> None:
    """Nothing is invented, and two records at the domain itself are told."""
    assert find_policy("ml.example.jp", lambda _: ()) is None
    with pytest.raises(ValueError, match=r"2 DMARC records"):
        find_policy("ml.example.jp", lambda _: ("v=DMARC1; p=none", "v=DMARC1; p=reject"))


@pytest.mark.parametrize("text", ["p=none; v=DMARC1", "v=DMARC2; p=none", "v=spf1 -all", "", ";"])
def test_what_is_no_record(text: str) -> None:
    """The version comes first, and is DMARC1."""
    assert parse_record(text) is None
