"""A voter's key is typable, its own, and leads to one line."""

from __future__ import annotations

import re

from mailbot.core.surveys.seal import LINE, line_of, seal_of, voter_key

SECRET = b"s" * 32


def test_a_key_is_twenty_letters_in_groups_of_five() -> None:
    """A hundred bits of letters that nobody takes for others (Crockford's base32)."""
    assert re.fullmatch(r"[0-9a-hjkmnp-tv-z]{5}(-[0-9a-hjkmnp-tv-z]{5}){3}", voter_key(SECRET, 17))


def test_a_line_is_what_openssl_prints() -> None:
    """HMAC-SHA256 of the reference; worked out with `openssl dgst -sha256 -hmac KEY`."""
    assert line_of("k7q2m-3xd9w-pt4hv-8n0rc", "S26-099-202011") == "f4a90a6defce3a5e8950064dbe3c267c"
    assert len(line_of("k", "r")) == LINE


def test_every_ballot_has_a_key_and_a_line_of_its_own() -> None:
    """Of other ballots, and of the same ballot under another secret."""
    seals = {seal_of(SECRET, number, f"S-{number}") for number in range(500)} | {seal_of(b"t" * 32, 0, "S-0")}
    assert len({seal.key for seal in seals}) == len({seal.line for seal in seals}) == 501
