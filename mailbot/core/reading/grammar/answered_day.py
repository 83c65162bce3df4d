"""A day as members write it: 2026/7/2, 7月2日（木）, 令和8年7月2日, 20260702 (ballot.md section 7)."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from mailbot.core.reading.grammar.understood import Unclear
from mailbot.core.reading.text.numeral import KANJI_DIGITS, kanji_number

SEASON_DAYS = 120  # a date without its year may lie so far back, or reach so far into the next year
_WEEKDAYS = "月火水木金土日"
_KANJI_IN_DATE = re.compile(f"[{KANJI_DIGITS}]{{1,3}}(?=[年月日])")  # 令和八年七月二日
_ERAS = {"令和": 2018, "r": 2018, "平成": 1988, "h": 1988}
_YEAR = r"(?:(?P<era>令和|平成|[rh])\s?(?P<era_year>[0-9]{1,2}|元)|(?P<year>[0-9]{4}))"
_DATE_FORMS = (
    re.compile(_YEAR + r"\s?年\s?(?P<month>[0-9]{1,2})\s?月\s?(?P<day>[0-9]{1,2})\s?日"),
    re.compile(_YEAR + r"(?P<mark>[/.-])(?P<month>[0-9]{1,2})(?P=mark)(?P<day>[0-9]{1,2})(?![0-9])"),
    re.compile(r"(?P<year>20[0-9]{2})(?P<month>[0-9]{2})(?P<day>[0-9]{2})(?![0-9])"),
    re.compile(r"(?P<month>[0-9]{1,2})\s?月\s?(?P<day>[0-9]{1,2})\s?日"),
    re.compile(r"(?P<month>[0-9]{1,2})/(?P<day>[0-9]{1,2})(?![0-9/])"),
)
# 「令和7年（2025年）4月1日」
_YEAR_TWICE = re.compile(
    r"(?P<era>令和|平成|[rh])\s?(?P<era_year>[0-9]{1,2}|元)年?\s?\((?P<year>[0-9]{4})年?\)\s?年?"
)
# 「2025年（令和7年）4月1日」
_ERA_BEHIND = re.compile(
    r"(?P<year>[0-9]{4})年?\s?\((?P<era>令和|平成|[rh])\s?(?P<era_year>[0-9]{1,2}|元)年?\)\s?年?"
)
_WEEKDAY = re.compile(r"\s?(?:\((?P<short>[月火水木金土日])\)|\(?(?P<long>[月火水木金土日])曜日?\)?)")


class Day(NamedTuple):
    """A day that was read, and what follows it."""

    day: date
    year_assumed: bool  # it was written without its year
    rest: str


def read_day(written: str, today: date) -> Day | Unclear:
    """Read the day with which a tidied text begins; a weekday beside it must fit, and its year must be plain from `today`."""
    written = _KANJI_IN_DATE.sub(lambda found: str(kanji_number(found[0]) or found[0]), written)
    written = _of_this_year(written, today)
    if (twice := _YEAR_TWICE.match(written) or _ERA_BEHIND.match(written)) is not None:
        of_era = 1 if twice["era_year"] == "元" else int(twice["era_year"])
        if _ERAS[twice["era"]] + of_era == int(twice["year"]):
            written = f"{twice['year']}年{written[twice.end() :]}"
    if (short := _SHORT_YEAR.match(written)) is not None and _is_about_now(int(short["year"]), today):
        found = read_day(f"令和{written}", today)
        return found if isinstance(found, Unclear) else found._replace(year_assumed=True)
    written = _LAST_OF_MONTH.sub(_last_of_month, written, count=1)
    for form in _DATE_FORMS:
        match = form.match(written)
        if match is None:
            continue
        parts = match.groupdict()
        day = _day(parts, today)
        if isinstance(day, Unclear):
            return day
        weekday = _WEEKDAY.match(written, match.end())
        if weekday and (weekday["short"] or weekday["long"]) != _WEEKDAYS[day.weekday()]:
            return Unclear("weekday")
        year_assumed = not (parts.get("year") or parts.get("era"))
        return Day(day, year_assumed, written[weekday.end() if weekday else match.end() :])
    return Unclear("unclear")


# 「令和9年12月末日」, of a month whose year is written.
_LAST_OF_MONTH = re.compile(_YEAR + r"\s?年\s?(?P<month>[0-9]{1,2})\s?月\s?(?:の\s?)?末日")


def _last_of_month(said: re.Match[str]) -> str:
    """Return the last day of a month with its figure."""
    if not 1 <= (month := int(said["month"])) <= 12:
        return said[0]
    years = 1 if said["era_year"] == "元" else int(said["era_year"] or 0)
    year = int(said["year"] or _ERAS.get(said["era"], 0) + years)
    return said[0].replace("の", "").replace("末日", f"{monthrange(year, month)[1]}日")


# 「8年11月18日」: of 令和8年, where that is about now; 「30年」 may be of any era.
_SHORT_YEAR = re.compile(r"(?P<year>[0-9]{1,2})年\s?[0-9]{1,2}月\s?[0-9]{1,2}日")
_THIS_YEAR = re.compile(r"(?:今年|本年)の?\s?(?=[0-9]{1,2}月)")
_NEW_YEAR = 7  # days of January in which a mail of December may still arrive


def _of_this_year(written: str, today: date) -> str:
    """Return a day of 今年 with its year, where a mail that came today was surely written in this year."""
    if today == date.min or (today.month == 1 and today.day <= _NEW_YEAR):
        return written
    return _THIS_YEAR.sub(f"{today.year}年", written, count=1) if _THIS_YEAR.match(written) else written


def _is_about_now(year: int, today: date) -> bool:
    """Say whether a year of 令和 is this one or the last."""
    return today != date.min and today.year - _ERAS["令和"] - year in {0, 1}


def _day(parts: Mapping[str, str | None], today: date) -> date | Unclear:
    """Return the day; without its year only where the year is plain from the season in which we ask."""
    month, day = int(parts["month"] or 0), int(parts["day"] or 0)
    if era := parts.get("era"):
        era_year = parts.get("era_year") or "元"
        years = 1 if era_year == "元" else int(era_year)
        if years < 1 or (years > _LAST_HEISEI and _ERAS[era] == _ERAS["平成"]):
            return Unclear("no-such-day")
        return _within_reach(_date_or_none(_ERAS[era] + years, month, day), today, _FARTHEST_OF_ERA)
    if written := parts.get("year"):
        return _within_reach(_date_or_none(int(written), month, day), today, _FARTHEST)
    this_year = _date_or_none(today.year, month, day)
    if this_year and (today - this_year).days <= SEASON_DAYS:
        return this_year if (this_year - today).days <= 365 - SEASON_DAYS else Unclear("year")
    next_year = _date_or_none(today.year + 1, month, day)
    if next_year and (next_year - today).days <= SEASON_DAYS:
        return next_year
    return Unclear("year" if this_year or next_year else "no-such-day")


_FARTHEST = 100  # years ahead; 2926 is a slip of the pen
_FARTHEST_OF_ERA = 50  # 令和80年 is one
_FIRST_YEAR = 1868
_LAST_HEISEI = 31


def _within_reach(day: date | None, today: date, years: int) -> date | Unclear:
    """Return the day unless it does not exist or is so far off that its year is a slip; date.min as today: any year."""
    if day is None:
        return Unclear("no-such-day")
    far = today != date.min and day.year > today.year + years
    return Unclear("year") if far or day.year < _FIRST_YEAR else day


def _date_or_none(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
