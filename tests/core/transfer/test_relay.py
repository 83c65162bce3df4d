"""How a relay is written in the configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailbot.core.transfer.relay import Relay, parse_relay


@pytest.mark.parametrize(
    ("text", "relay"),
    [
        ("maildir:data/outgoing", Relay("maildir", path=Path("data/outgoing"))),
        ("smtp://127.0.0.1:2525", Relay("smtp", "127.0.0.1", 2525)),
        ("smtp://localhost", Relay("smtp", "localhost", 25)),
        ("smtp://mail.example.jp", Relay("smtp", "mail.example.jp", 25, tls="opportunistic")),
        ("smtp://mail.example.jp:587/?tls=require", Relay("smtp", "mail.example.jp", 587, tls="require")),
        ("smtp://mail.example.jp?tls=none", Relay("smtp", "mail.example.jp", 25, tls="none")),
        ("smtp://[::1]:25", Relay("smtp", "::1", 25)),
        ("smtps://mail.example.jp", Relay("smtps", "mail.example.jp", 465, tls="require")),
        ("lmtp://127.0.0.1", Relay("lmtp", "127.0.0.1", 24)),
        (
            "smtp://ml%40example.jp@mail.example.jp:587?password_file=/etc/mailbot/relay",
            Relay(
                "smtp",
                "mail.example.jp",
                587,
                user="ml@example.jp",
                password_file=Path("/etc/mailbot/relay"),
                tls="require",
            ),
        ),
    ],
)
def test_parse(text: str, relay: Relay) -> None:
    """Each form gives its relay, with the port and the protection that fit it."""
    assert parse_relay(text) == relay


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is not maildir:DIR"),
        ("maildir:", "names no folder"),
        ("mail.example.jp:25", "is not maildir:DIR"),
        ("smtp:mail.example.jp", "is not maildir:DIR"),
        ("SMTP://mail.example.jp", "is not maildir:DIR"),
        ("smtp://", "is not a host name"),
        ("smtp://mail.example.jp:70000", "cannot be read"),
        ("smtp://mail.example.jp:0", "the port must be 1"),
        ("smtp://mail.example.jp:x", "cannot be read"),
        ("smtp://mail_.-example/x", "nothing may follow"),
        ("smtp://a b", "is not a host name"),
        ("smtp://host?tls=maybe", "is not none, opportunistic or require"),
        ("smtp://host?speed=high", "is not an option"),
        ("smtp://host?tls", "is not tls="),
        ("smtps://host?tls=none", "smtps is always TLS"),
        ("smtp://host?password_file=x", "needs a user"),
        ("smtp://host\r\nX: y", "control characters"),
        ("smtp://" + "a" * 1000, "too long"),
    ],
)
def test_parse_refuses(text: str, said: str) -> None:
    """What is not a relay is refused with a sentence."""
    with pytest.raises(ValueError, match=r"^relay") as refused:
        parse_relay(text)
    assert said in str(refused.value)


def test_password_is_not_shown() -> None:
    """A password in the address is refused without repeating it, and a relay's form for logs leaves it out."""
    with pytest.raises(ValueError, match="password_file") as refused:
        parse_relay("smtp://ml:geheim@mail.example.jp")
    assert "geheim" not in str(refused.value)
    assert "geheim" not in repr(Relay("smtp", "mail.example.jp", 25, user="ml", password="geheim"))


@pytest.mark.parametrize("text", ["smtp://[::1]:25", "smtps://mail.example.jp:465", "maildir:data/outgoing"])
def test_name(text: str) -> None:
    """A relay is called by what the configuration says, without user and options."""
    assert parse_relay(text).name == text
