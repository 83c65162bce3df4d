"""Business days, local times across clock changes, quiet hours and date words (core/calendar.py)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from zoneinfo import ZoneInfo

import jpholiday
import pytest

from mailbot.core.calendar import (
    Days,
    business_day,
    business_days_before,
    date_words,
    japanese_date,
    japanese_moment,
    local_moment,
    moment_before,
    moment_words,
    receipt_words,
    short_date,
    short_words,
    unconfirmed,
    unusual,
    wareki,
)
from mailbot.folder.holidays import is_holiday
from tests.thorough import part

TOKYO = ZoneInfo("Asia/Tokyo")
BERLIN = ZoneInfo("Europe/Berlin")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")  # clocks change by half an hour


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2026, 7, 2), True),  # a Thursday
        (date(2026, 7, 4), False),  # a Saturday
        (date(2026, 7, 5), False),  # a Sunday
        (date(2026, 7, 20), False),  # 海の日
        (date(2026, 5, 6), False),  # 振替休日
        (date(2026, 9, 22), False),  # 国民の休日 between two holidays
        (date(2026, 12, 28), True),
        (date(2026, 12, 29), False),
        (date(2027, 1, 1), False),
        (date(2025, 1, 3), False),  # a Friday
        (date(2027, 1, 4), True),
    ],
)
def test_business_day(day: date, expected: bool) -> None:
    """Town halls work Monday to Friday, not on public holidays, not from 12/29 to 1/3."""
    assert business_day(day, is_holiday) is expected


@pytest.mark.parametrize(
    ("day", "n", "expected"),
    [
        (date(2026, 7, 2), 3, date(2026, 6, 29)),
        (date(2026, 7, 2), 0, date(2026, 7, 2)),
        (date(2026, 7, 5), 0, date(2026, 7, 3)),  # a Sunday: the Friday before
        (date(2026, 7, 5), 1, date(2026, 7, 3)),
        (date(2026, 7, 21), 1, date(2026, 7, 17)),  # over 海の日 and a weekend
        (date(2026, 5, 7), 1, date(2026, 5, 1)),  # over the whole Golden Week
        (date(2027, 1, 4), 1, date(2026, 12, 28)),  # over the year's end
        (date(2026, 10, 22), 3, date(2026, 10, 19)),
    ],
)
def test_business_days_before(day: date, n: int, expected: date) -> None:
    """The n-th business day before a day skips weekends, holidays and the year's end."""
    assert business_days_before(day, n, is_holiday) == expected


def test_moment_before_is_local() -> None:
    """A relative time is wall-clock time in the configured zone."""
    assert moment_before(date(2026, 7, 2), 3, "09:00", is_holiday, TOKYO) == datetime(
        2026, 6, 29, 0, 0, tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("day", "time", "zone", "written", "utc"),
    [
        (date(2026, 3, 29), clock(2, 30), BERLIN, "03:30", "01:30"),  # does not exist: moved on by the gap
        (date(2026, 3, 29), clock(1, 59), BERLIN, "01:59", "00:59"),
        (date(2026, 3, 29), clock(3, 0), BERLIN, "03:00", "01:00"),
        (date(2026, 10, 25), clock(2, 30), BERLIN, "02:30", "00:30"),  # twice: the first
        (date(2026, 10, 25), clock(2, 30, fold=1), BERLIN, "02:30", "00:30"),  # whatever the fold says
        (date(2026, 10, 4), clock(2, 15), LORD_HOWE, "02:45", "15:45"),
        (date(2026, 7, 2), clock(17, 0), TOKYO, "17:00", "08:00"),
    ],
)
def test_clock_changes(day: date, time: clock, zone: ZoneInfo, written: str, utc: str) -> None:
    """A local time in the gap is moved on by the gap; a local time that comes twice is the first."""
    moment = local_moment(day, time, zone)
    assert f"{moment:%H:%M}" == written
    assert f"{moment.astimezone(UTC):%H:%M}" == utc


@pytest.mark.drawn
def test_round_trip_of_every_hour() -> None:
    """Every local time of two years of clock changes survives the way through UTC and back unchanged."""
    for hour in part(range(2 * 365 * 24)):
        local = (datetime(2025, 1, 1, tzinfo=UTC) + timedelta(hours=hour)).astimezone(BERLIN)
        again = local_moment(local.date(), local.time(), BERLIN)
        assert again.replace(tzinfo=None) == local.replace(tzinfo=None)


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        (datetime(2026, 6, 18, 9, 0), ()),
        (datetime(2026, 6, 18, 8, 0), ()),
        (datetime(2026, 6, 18, 19, 59), ()),
        (datetime(2026, 6, 18, 20, 0), ("20:00",)),
        (datetime(2026, 6, 18, 3, 0), ("outside",)),
        (datetime(2026, 7, 4, 9, 0), ("Saturday",)),
        (datetime(2026, 7, 20, 23, 0), ("public holiday", "outside")),
        (datetime(2026, 12, 30, 9, 0), ("year-end",)),
    ],
)
def test_unusual_times_are_named(moment: datetime, words: tuple[str, ...]) -> None:
    """A written time on a day off or at night is kept, and said in one sentence."""
    sentence = unusual(moment.replace(tzinfo=TOKYO), is_holiday)
    if not words:
        assert sentence is None
    else:
        assert sentence is not None
        assert all(word in sentence for word in words)


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2019, 4, 30), "平成31年4月30日"),
        (date(2019, 5, 1), "令和元年5月1日"),
        (date(2026, 7, 2), "令和8年7月2日"),
        (date(1989, 1, 7), "昭和64年1月7日"),
        (date(1989, 1, 8), "平成元年1月8日"),
        (date(1926, 12, 24), "大正15年12月24日"),
        (date(1926, 12, 25), "昭和元年12月25日"),
        (date(1912, 7, 29), "1912年7月29日"),
    ],
)
def test_eras(day: date, expected: str) -> None:
    """An era begins on its own first day, and its first year is 元年."""
    assert wareki(day) == expected


def test_date_words() -> None:
    """Dates are written as the association writes them, in each language and length."""
    moment = datetime(2026, 7, 2, 17, 0, tzinfo=TOKYO)
    assert japanese_date(moment.date()) == "2026年7月2日（木）"
    assert japanese_moment(moment) == "2026年7月2日（木）17時00分"
    assert short_date(moment.date()) == short_words(moment.date(), "ja") == "7/2"
    assert date_words(moment.date(), "en") == "Thursday, 2 July 2026"
    assert moment_words(moment, "en") == "Thursday, 2 July 2026, 17:00"
    assert moment_words(moment, "ja") == japanese_moment(moment)
    assert receipt_words(datetime(2026, 6, 20, 10, 12, tzinfo=TOKYO), "ja") == "6月20日 10時12分"
    assert receipt_words(datetime(2026, 6, 20, 10, 12, tzinfo=TOKYO), "en") == "20 June, 10:12"
    assert short_words(moment.date(), "en") == "2 July"


def test_the_office_s_own_closing_days_are_no_business_days() -> None:
    """A day of one year and a span of every year, also over the year's end, are off like a holiday."""
    own = replace(is_holiday, closed=(Days((8, 13), (8, 15)), Days(date(2026, 7, 2), date(2026, 7, 2))))
    assert not business_day(date(2026, 7, 2), own)
    assert business_day(date(2027, 7, 2), own)
    assert business_days_before(date(2026, 8, 17), 1, own) == date(2026, 8, 12)
    assert date(2027, 1, 2) in Days((12, 28), (1, 4))
    assert "a closing day of the office" in (unusual(datetime(2026, 7, 2, 9, tzinfo=TOKYO), own) or "")


def test_beyond_the_published_holidays_somebody_is_asked() -> None:
    """Holidays are law: after the last published year the date may still move, and it is said."""
    assert unconfirmed(is_holiday.confirmed_until, is_holiday) is None
    assert "published" in (unconfirmed(is_holiday.confirmed_until + timedelta(days=1), is_holiday) or "")


@pytest.mark.parametrize(
    ("planned", "before", "expected"),
    [
        (date(2027, 3, 24), date(2027, 3, 31), date(2027, 3, 24)),  # not in the season
        (date(2027, 3, 30), date(2027, 4, 20), date(2027, 4, 12)),  # after it: 4/11 is a Sunday
        (date(2027, 4, 5), date(2027, 4, 9), date(2027, 3, 24)),  # too late after it: before it
        (date(2027, 4, 8), date(2027, 4, 12), date(2027, 3, 24)),  # not on the day of the close itself
    ],
)
def test_nobody_is_reminded_at_the_turn_of_the_year(planned: date, before: date, expected: date) -> None:
    """A reminder of the last days of March or 1 to 10 April goes after them, or before them where that is too late."""
    assert is_holiday.reminding_day(planned, before) == expected
    assert replace(is_holiday, no_reminders=None).reminding_day(planned, before) == planned


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (datetime(2026, 7, 2, 9, 0), datetime(2026, 7, 2, 9, 0)),
        (datetime(2026, 7, 2, 3, 0), datetime(2026, 7, 2, 8, 0)),
        (datetime(2026, 7, 2, 20, 0), datetime(2026, 7, 3, 8, 0)),
        (datetime(2026, 7, 3, 23, 0), datetime(2026, 7, 6, 8, 0)),  # over the weekend
        (datetime(2026, 12, 28, 20, 0), datetime(2027, 1, 4, 8, 0)),
    ],
)
def test_the_next_opening(moment: datetime, expected: datetime) -> None:
    """What may not go out now goes out at the beginning of the hours of the next business day."""
    assert is_holiday.next_opening(moment.replace(tzinfo=TOKYO)) == expected.replace(tzinfo=TOKYO)


@pytest.mark.drawn
def test_the_shipped_holidays_are_those_that_others_know() -> None:
    """Day for day the shipped table is what an independent library says, the published years and the expected ones."""
    first, last = min(is_holiday.holidays), max(is_holiday.holidays)
    for day in part([first + timedelta(days=number) for number in range((last - first).days + 1)]):
        assert is_holiday(day) is bool(jpholiday.is_holiday(day)), day
