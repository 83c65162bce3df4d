"""What a list allows: who may join, leave and look, as its preset has it or as it says itself."""

from __future__ import annotations

import pytest

from mailbot.core.lists.mailing_list import MailingList, Preset, joining, leaving, viewers
from mailbot.core.members.audience import NOBODY


@pytest.mark.parametrize(
    ("preset", "expected"),
    [
        ("closed", ("ask", True, "members")),
        ("open", ("confirm", True, "office")),
        ("announce", ("confirm", False, "office")),
    ],
)
def test_the_preset_says_what_members_may(preset: Preset, expected: tuple[str, bool, str]) -> None:
    """A closed list is joined with the office's approval, and a list of announcements is a duty."""
    plain = MailingList("a", "a", preset, NOBODY)
    assert (joining(plain), leaving(plain), viewers(plain)) == expected


def test_what_the_list_says_itself_holds() -> None:
    """Each of the three can be stated."""
    stated = MailingList("a", "a", "announce", NOBODY, join="closed", leave=True, who="nobody")
    assert (joining(stated), leaving(stated), viewers(stated)) == ("closed", True, "nobody")
