"""Rules of dates that come again, as a secretary writes them (core/recurrence.py)."""

from __future__ import annotations

from datetime import datetime
from itertools import islice
from zoneinfo import ZoneInfo

import pytest

from mailbot.core.recurrence import coming, read_in_month, read_recurrence, recurrence_words
from mailbot.folder.holidays import is_holiday
from tests.drawing import given, st

TOKYO = ZoneInfo("Asia/Tokyo")
BERLIN = ZoneInfo("Europe/Berlin")


def dates(text: str, after: datetime = datetime(2026, 11, 29, tzinfo=TOKYO), number: int = 3) -> list[str]:
    found = islice(coming(read_recurrence(text), after, is_holiday, TOKYO), number)
    return [f"{at.astimezone(TOKYO):%Y-%m-%d %H:%M}" for at in found]


@pytest.mark.parametrize(
    ("japanese", "english", "expected"),
    [
        (
            "毎月第1営業日 10:00",
            "first business day of the month 10:00",
            ["2026-12-01 10:00", "2027-01-04 10:00", "2027-02-01 10:00"],
        ),
        (
            "毎月第２火曜日　10時",
            "every second Tuesday 10:00",
            ["2026-12-08 10:00", "2027-01-12 10:00", "2027-02-09 10:00"],
        ),
        (
            "毎月最終営業日 17:00",
            "last business day of the month 17:00",
            ["2026-11-30 17:00", "2026-12-28 17:00", "2027-01-29 17:00"],
        ),
        (
            "毎年5月・11月の第3木曜日 14時30分",
            "third Thursday of May and November 14:30",
            ["2027-05-20 14:30", "2027-11-18 14:30", "2028-05-18 14:30"],
        ),
        ("毎週月曜日 9:00", "every Monday 9:00", ["2026-11-30 09:00", "2026-12-07 09:00", "2026-12-14 09:00"]),
        (
            "隔週火曜日 2026-06-09から 10:00",
            "every other Tuesday from 2026-06-09 10:00",
            ["2026-12-08 10:00", "2026-12-22 10:00", "2027-01-05 10:00"],
        ),
        ("毎営業日 9:00", "every business day 9:00", ["2026-11-30 09:00", "2026-12-01 09:00", "2026-12-02 09:00"]),
        # 1 and 11 January are off: the next business day; the end of a month stays in the month
        ("毎月11日 10:00", "day 11 of the month 10:00", ["2026-12-11 10:00", "2027-01-12 10:00", "2027-02-12 10:00"]),
        ("毎月末日 10:00", "last day of the month 10:00", ["2026-11-30 10:00", "2026-12-28 10:00", "2027-01-29 10:00"]),
        (
            "毎月11日 10:00（休日は前営業日）",
            "day 11 of the month 10:00 (or the business day before)",
            ["2026-12-11 10:00", "2027-01-08 10:00", "2027-02-10 10:00"],
        ),
        (
            "毎月第1営業日 10:00（1月・2月を除く）",
            "first business day of the month 10:00 (except January and February)",
            ["2026-12-01 10:00", "2027-03-01 10:00", "2027-04-01 10:00"],
        ),
        ("毎月第5金曜日 10:00", "fifth Friday of the month 10:00", ["2027-01-29 10:00", "2027-04-30 10:00", "2027-07-30 10:00"]),
    ],
)  # fmt: skip
def test_the_next_dates(japanese: str, english: str, expected: list[str]) -> None:
    """Japanese and English say the same rule, and it is written back so that it is read again."""
    rule = read_recurrence(japanese)
    assert read_recurrence(english) == rule
    assert dates(japanese) == dates(english) == expected
    assert read_recurrence(recurrence_words(rule, "ja")) == rule
    assert read_recurrence(recurrence_words(rule, "en")) == rule


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("毎月第1営業日", "has no time of day"),
        ("毎月第1営業日 25:00", "does not exist on the clock"),
        ("毎月31日 10:00", "not every month has a day 31"),
        ("毎月第6火曜日 10:00", "no month has so many"),
        ("毎月第19営業日 10:00", "not every month has 19 business days"),
        ("隔週火曜日 10:00", "one of its days"),
        ("隔週火曜日 2026-06-10から 10:00", "2026-06-10 is a Wednesday"),
        ("隔週火曜日 2026-02-30から 10:00", "does not exist in the calendar"),
        ("毎月第0営業日 10:00", "cannot be read"),
        ("second Caturday of the month 10:00", "cannot be read"),
        ("月初めの適当な日 10:00", "cannot be read"),
    ],
)
def test_what_is_no_rule_is_refused(text: str, sentence: str) -> None:
    """One sentence says what is wrong with it."""
    with pytest.raises(ValueError, match=sentence):
        read_recurrence(text)


def test_a_rule_s_time_is_local_whatever_the_clocks_do() -> None:
    """10:00 in Berlin is 10:00 before and after the clocks change, and 02:30 comes once a day."""
    for text in ("毎営業日 10:00", "毎営業日 2:30"):
        moments = list(
            islice(
                coming(read_recurrence(text), datetime(2026, 1, 1, tzinfo=BERLIN), lambda _: False, BERLIN),
                250,
            )
        )
        days = [at.astimezone(BERLIN).date() for at in moments]
        assert len(set(days)) == len(days)
        assert moments == sorted(moments)


@given(st.text(alphabet="毎月週第12最終営業日火曜 10:00（を除く）every second of the month", max_size=40))
def test_any_text_is_a_rule_or_is_refused(text: str) -> None:
    """No text makes anything else of the reader than a rule or one sentence, and a rule always has a next date."""
    try:
        rule = read_recurrence(text)
    except ValueError:
        return
    start = datetime(2026, 1, 1, tzinfo=TOKYO)
    assert next(coming(rule, start, is_holiday, TOKYO)) > start


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2027年1月の第1営業日 10:00", datetime(2027, 1, 4, 10, tzinfo=TOKYO)),
        ("令和9年1月第2火曜日 9時", datetime(2027, 1, 12, 9, tzinfo=TOKYO)),
        ("first business day of January 2027 10:00", datetime(2027, 1, 4, 10, tzinfo=TOKYO)),
        ("last Friday of April 2027 10:00", datetime(2027, 4, 30, 10, tzinfo=TOKYO)),
        ("2027年4月末日 10:00", datetime(2027, 4, 30, 10, tzinfo=TOKYO)),
        ("2027-01-04 10:00", None),
        ("2027年1月4日 10:00", None),
    ],
)
def test_one_date_by_a_rule(text: str, expected: datetime | None) -> None:
    """A month with its year and a rule name one moment; any other date is left to its own reader."""
    assert read_in_month(text, is_holiday, TOKYO) == expected


def test_a_month_without_such_a_day_is_refused() -> None:
    """The fifth Friday of February 2027 does not exist."""
    with pytest.raises(ValueError, match="no such day"):
        read_in_month("2027年2月の第5金曜日 10:00", is_holiday, TOKYO)
