"""How many a post goes to, in words."""

from __future__ import annotations

from mailbot.core.reach import Reach


def test_what_is_not_counted_yet_is_said_as_at_most() -> None:
    """A number where it is known; else what is queued, and how many members are still looked at."""
    assert Reach(1401).words("ja") == "1401"
    assert f"{Reach(20_000, 80_000).words('ja')}名に" == "20,000名、続いて最大80,000名に"
    assert Reach(20_000, 80_000).words("en") == "20,000 and then up to 80,000"
