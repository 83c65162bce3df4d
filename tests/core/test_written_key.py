"""The key that a person types is found in any case and width, where it is one; else those that look like it are named."""

from __future__ import annotations

import pytest

from mailbot.core.written_key import meant_key, near_keys

KEYS = frozenset({"S26-014", "S26-021", "K26-02", "B26-01-P", "n26-07"})


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("S26-014", "S26-014"),
        ("s26-014", "S26-014"),
        ("Ｓ２６－０１４", "S26-014"),
        ("ｓ26ー014", "S26-014"),
        ("s26−014", "S26-014"),
        (" S26-014　", "S26-014"),
        ("N26-07", "n26-07"),
        ("S26-14", "S26-14"),
        ("", ""),
    ],
)
def test_one_that_fits_is_meant(written: str, meant: str) -> None:
    """Nothing else is changed, so that the sentence about it names what was typed."""
    assert meant_key(written, KEYS) == meant


def test_of_two_that_fit_none_is_guessed() -> None:
    """The one that is written exactly is meant all the same."""
    keys = {"S26-014", "s26-014"}
    assert meant_key("s26-014", keys) == "s26-014"
    assert meant_key("Ｓ26-014", keys) == "Ｓ26-014"
    assert near_keys("Ｓ26-014", keys) == ("S26-014", "s26-014")


@pytest.mark.parametrize(
    ("written", "near"),
    [
        ("S26-14", {"S26-014"}),
        ("s26-041", {"S26-014", "S26-021"}),
        ("Ｋ26－2", {"K26-02"}),
        ("B26-01", {"B26-01-P"}),
        ("S99-999", set()),
        ("yakuin", set()),
        ("", set()),
    ],
)
def test_those_that_look_like_it(written: str, near: set[str]) -> None:
    """At most three."""
    assert {*near_keys(written, KEYS)} == near
    assert len(near_keys("s26-01", {f"S26-01{digit}" for digit in range(10)})) == 3
