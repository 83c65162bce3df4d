"""How many a post goes to, in words."""

from __future__ import annotations

from mailbot.core.lists.reach import Reach


def test_what_is_not_counted_yet_is_not_said() -> None:
    """A number where it is known; else that these are the first ones."""
    assert Reach(1401).words("ja") == "1401"
    assert f"{Reach(20_000, more=True).words('ja')}名に" == "最初の20,000名に"
    assert Reach(20_000, more=True).words("en") == "the first 20,000"
