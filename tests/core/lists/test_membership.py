"""A member's settings on one list."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mailbot.core.lists.membership import Membership, is_off

NOW = datetime(2026, 7, 10, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("off_from", "off_until", "expected"),
    [
        (None, None, False),
        (NOW - DAY, None, True),
        (NOW + DAY, None, False),
        (NOW - DAY, NOW + DAY, True),
        (NOW - DAY, NOW, False),
        (NOW, NOW + DAY, True),
    ],
)
def test_a_leave_of_absence_begins_and_ends(
    off_from: datetime | None, off_until: datetime | None, *, expected: bool
) -> None:
    """From its first moment on, up to its last, or without end."""
    membership = Membership("room", "a@city.example", off_from=off_from, off_until=off_until)
    assert is_off(membership, NOW) is expected
