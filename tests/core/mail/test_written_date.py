"""Dates as a secretary writes them, checked against the calendar (core/mail/written_date.py)."""

from __future__ import annotations

from datetime import date
from datetime import time as clock

import pytest

from mailbot.core.calendar import japanese_date, wareki
from mailbot.core.mail.written_date import WrittenDate, read_written


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-10-22", WrittenDate(date(2026, 10, 22), None)),
        ("2026-10-22 (Thu) 10:00", WrittenDate(date(2026, 10, 22), clock(10))),
        ("2026年10月22日（木）10時", WrittenDate(date(2026, 10, 22), clock(10))),
        ("令和８年１０月２２日（木曜日）午後２時半", WrittenDate(date(2026, 10, 22), clock(14, 30))),
        ("令和9年4月1日", WrittenDate(date(2027, 4, 1), None)),
        ("令和元年5月1日", WrittenDate(date(2019, 5, 1), None)),
        ("平成31年4月30日 17:15", WrittenDate(date(2019, 4, 30), clock(17, 15))),
        ("R8.10.22", WrittenDate(date(2026, 10, 22), None)),
        ("10/22", None),
        ("2026/10/22", None),
        ("来週の木曜日", None),
    ],
)
def test_forms(text: str, expected: WrittenDate | None) -> None:
    """Western years and eras, with or without the day of the week and the time; what leaves the year open is no date."""
    assert read_written(text) == expected


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("2026年10月22日（水）", "is a Thursday \\(木曜日\\)"),
        ("2026-10-22 Friday", "is a Thursday"),
        ("令和9年2月29日", "does not exist in the calendar"),
        ("平成32年4月1日", "that day is 令和2年4月1日"),
        ("令和元年4月30日", "that day is 平成31年4月30日"),
        ("2026年10月22日25時", "does not exist on the clock"),
    ],
)
def test_what_does_not_exist_is_refused_with_what_is_right(text: str, sentence: str) -> None:
    """A day of the week that does not fit is named with the right one; nothing is guessed."""
    with pytest.raises(ValueError, match=sentence):
        read_written(text)


def test_what_we_write_we_read() -> None:
    """Every day of two years is read back from both of its Japanese forms."""
    for ordinal in range(date(2018, 6, 1).toordinal(), date(2020, 6, 1).toordinal()):
        day = date.fromordinal(ordinal)
        assert read_written(japanese_date(day)) == read_written(wareki(day)) == WrittenDate(day, None)
