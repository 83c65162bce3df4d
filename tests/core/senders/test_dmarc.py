"""Which DMARC policy holds for a domain (RFC 9989, the tree walk)."""

from __future__ import annotations

import pytest

from mailbot.core.senders.dmarc import aligned, find_policy, names_to_ask, organisational_domain, parse_record


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


def test_a_domain_that_is_not_in_the_dns_has_its_own_policy() -> None:
    """np= is for names below the organisation that do not exist, sp= for those that do; the DNS is asked only then."""
    record = {"_dmarc.example.jp": ("v=DMARC1; p=none; sp=none; np=reject",)}
    asked = []

    def exists(answer: bool) -> bool:
        asked.append(answer)
        return answer

    def action(domain: str, answer: bool) -> str:
        policy = find_policy(domain, lambda name: record.get(name, ()), lambda: exists(answer))
        assert policy is not None
        return policy.action

    assert action("made-up.example.jp", answer=False) == "reject"
    assert action("ml.example.jp", answer=True) == "none"
    assert action("example.jp", answer=False) == "none"
    assert asked == [False, True]


def test_a_policy_in_testing_is_one_step_milder() -> None:
    """t=y makes reject a quarantine, and quarantine nothing (section 4.7)."""
    for said, done in {"reject": "quarantine", "quarantine": "none", "none": "none"}.items():
        policy = find_policy("example.jp", lambda name, said=said: (f"v=DMARC1; p={said}; t=y",))  # type: ignore[misc]
        assert policy is not None
        assert (policy.action, policy.effective) == (said, done)


@pytest.mark.parametrize(
    ("records", "domain", "found"),
    [
        ({"example.jp": "v=DMARC1; p=none"}, "a.b.example.jp", "example.jp"),
        ({}, "a.example.jp", "a.example.jp"),
        (
            {"example.jp": "v=DMARC1; p=none", "b.example.jp": "v=DMARC1; psd=n"},
            "a.b.example.jp",
            "b.example.jp",
        ),
        ({"lg.jp": "v=DMARC1; psd=y"}, "mail.city.lg.jp", "city.lg.jp"),
        ({"lg.jp": "v=DMARC1; psd=y"}, "lg.jp", "lg.jp"),
        ({"city.lg.jp": "v=DMARC1; p=none", "lg.jp": "v=DMARC1; psd=y"}, "a.city.lg.jp", "city.lg.jp"),
    ],
)
def test_the_organisation_of_a_domain(records: dict[str, str], domain: str, found: str) -> None:
    """The shortest name with a record, unless psd= says where the organisation begins (section 4.10.2)."""
    texts = {f"_dmarc.{name}": (text,) for name, text in records.items()}
    assert organisational_domain(domain, lambda name: texts.get(name, ())) == found


def test_alignment() -> None:
    """Relaxed: the same organisation; strict: the same domain; nothing is asked where the answer is plain."""
    texts = {"_dmarc.example.jp": ("v=DMARC1; p=reject",), "_dmarc.evil.jp": ("v=DMARC1; p=reject",)}
    asked: list[str] = []

    def look(name: str) -> tuple[str, ...]:
        asked.append(name)
        return texts.get(name, ())

    assert aligned("a.example.jp", "a.example.jp", look, strict=True)
    assert not aligned("a.example.com", "a.example.jp", look, strict=False)
    assert asked == []
    assert aligned("mail.example.jp", "ml.example.jp", look, strict=False)
    assert not aligned("mail.example.jp", "ml.example.jp", look, strict=True)
    assert not aligned("evil.jp", "example.jp", look, strict=False)
    assert not aligned("badexample.jp", "example.jp", look, strict=False)
