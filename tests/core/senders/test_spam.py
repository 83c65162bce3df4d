"""What our own spam filter says of a mail."""

from __future__ import annotations

import pytest

from mailbot.core.senders.spam import spam_mark


@pytest.mark.parametrize(
    ("name", "value", "mark"),
    [
        ("X-Spam-Flag", "YES", "X-Spam-Flag YES"),
        ("X-Spam-Flag", "NO", None),
        ("X-Spam-Status", "Yes, score=4.2 required=4.0", "X-Spam-Status Yes"),
        ("X-Spam-Status", "No, score=7.2 required=8.0 tests=A", "X-Spam-Status 7.2"),
        ("X-Spam-Status", "No, score=-1.9 required=5.0", None),
        ("X-Spam-Score", "6.0", "X-Spam-Score 6.0"),
        ("X-Spam-Score", "5.99", None),
        ("X-Spam-Score", "7.1 (+++++++)", "X-Spam-Score 7.1"),
        ("X-Spam-Score", "1.2.3", None),
        ("X-Spam-Score", "9" * 5000, None),
        ("Subject", "X-Spam-Flag: YES", None),
    ],
)
def test_marks(name: str, value: str, mark: str | None) -> None:
    """The flag, or a score from the limit on; never where no limit is configured."""
    assert spam_mark([(name, value)], 6.0) == mark
    assert spam_mark([(name, value)], None) is None
