"""The list of a reception, and what the office says of who was there (core/events/attendance.py)."""

from __future__ import annotations

import pytest

from mailbot.core.events.attendance import Attendee, guests, read_attendance

SEATS = {"202011": 2, "202029": 1}


def test_a_line_for_each_person() -> None:
    """Who has a seat by code, then who waits; people without a name have a line, too."""
    waits = Attendee("202011", "長野市", "長野県", "waiting", 1, ())
    comes = Attendee("202029", "松本市", "長野県", "attending", 2, ("佐藤花子",))
    assert [(one.number, one.attendee.code, one.name) for one in guests([waits, comes])] == [
        (1, "202029", "佐藤花子"),
        (2, "202029", ""),
        (3, "202011", ""),
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("全員",), SEATS),
        (("all", "202029=0"), {"202011": 2, "202029": 0}),
        (("202029=0", "all"), {"202011": 2, "202029": 0}),
        (("２０２０１１＝１名",), {"202011": 1}),
        (("20201",), {"202011": 2}),
        (("202037=3",), {"202037": 3}),
    ],
)
def test_what_the_office_says(words: tuple[str, ...], said: dict[str, int]) -> None:
    """All as registered, then each body that was otherwise; who came without a seat has a number."""
    assert read_attendance(words, SEATS) == said


@pytest.mark.parametrize(
    ("word", "why"),
    [
        ("長野市", "is neither"),
        ("202037", "had no seat"),
        ("202012", "check digit|202012"),
        ("202011=", "is neither"),
    ],
)
def test_what_cannot_be_read(word: str, why: str) -> None:
    """One sentence for the first word that is no attendance."""
    with pytest.raises(ValueError, match=why):
        read_attendance((word,), SEATS)
