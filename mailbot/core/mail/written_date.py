"""Dates as a secretary writes them: 2026-10-22, 2026年10月22日（木）, 令和8年10月22日10時, R8.10.22, each checked against the calendar."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from datetime import time as clock

from mailbot.core.calendar import ERAS, english_weekday, japanese_weekday, wareki

_INITIALS = {"r": "令和", "h": "平成", "s": "昭和", "t": "大正"}
# 2027-01-14, R9.1.14, 令和9年1月14日, 2027年1月14日, with the day of the week behind it.
_DAY = re.compile(
    r"(?:(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})(?![0-9])"
    r"|(?P<initial>[rhst])(?P<initial_year>[0-9]{1,2})\.(?P<month1>[0-9]{1,2})\.(?P<day1>[0-9]{1,2})(?![0-9])"
    r"|(?:(?P<era>令和|平成|昭和|大正) ?(?P<era_year>[0-9]{1,2}|元)|(?P<year2>[0-9]{4})) ?年"
    r" ?(?P<month2>[0-9]{1,2}) ?月 ?(?P<day2>[0-9]{1,2}) ?日)"
    r"(?: ?\(?(?P<weekday>[月火水木金土日](?:曜日?)?|(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*)\)?)?"
)
# 9:00, 9:00:00, 9時, 9時半, 午後1時30分.
_TIME = re.compile(
    r"(?P<half>午前|午後)?\s?(?P<hour>[0-9]{1,2})"
    r"(?::(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2}))?|時(?:(?P<minutes>[0-9]{1,2})分|(?P<thirty>半))?)"
)


@dataclass(frozen=True)
class WrittenDate:
    """A date that was read, with the time of day behind it, if there is one."""

    day: date
    time: clock | None


def read_written(text: str) -> WrittenDate | None:
    """Read a date, and the time of day behind it; None when it is written in no form that we know.

    Raises ValueError, with a sentence, for a day, an era's year or a time that does not exist, and for a weekday that
    does not fit.
    """
    plain = " ".join(unicodedata.normalize("NFKC", text).split()).casefold()
    found = _DAY.match(plain)
    if found is None:
        return None
    rest = plain[found.end() :].strip(" t")
    timed = _TIME.fullmatch(rest) if rest else None
    if rest and timed is None:
        return None
    return WrittenDate(_day(found, text), None if timed is None else _time(timed, text))


def _day(found: re.Match[str], text: str) -> date:
    era = found["era"] or _INITIALS.get(found["initial"], "")
    year = int(found["year"] or found["year2"] or 0)
    if era:
        of_era = found["era_year"] or found["initial_year"]
        year = ERAS[era].year - 1 + (1 if of_era == "元" else int(of_era))
    month, of_month = (found[name] or found[f"{name}1"] or found[f"{name}2"] for name in ("month", "day"))
    try:
        day = date(year, int(month), int(of_month))
    except ValueError:
        raise ValueError(f"{text!r} does not exist in the calendar") from None
    if era and not wareki(day).startswith(era):
        raise ValueError(f"{text!r} does not exist: that day is {wareki(day)}")
    said = found["weekday"]
    if said and said[0] != japanese_weekday(day) and said[:3] != english_weekday(day)[:3].lower():
        right = f"{english_weekday(day)} ({japanese_weekday(day)}曜日)"
        raise ValueError(f"{text!r}: {day} is a {right}; mend the date or the day of the week")
    return day


def _time(found: re.Match[str], text: str) -> clock:
    hour = int(found["hour"])
    minute = int(found["minute"] or found["minutes"] or (30 if found["thirty"] else 0))
    if found["half"] and hour > 12:
        raise ValueError(f"{text!r} does not exist on the clock")
    if found["half"] == "午後" and hour < 12:
        hour += 12
    try:
        return clock(hour, minute, int(found["second"] or 0))
    except ValueError:
        raise ValueError(f"{text!r} does not exist on the clock") from None
