"""Times that come again: 「毎月第1営業日 10:00」, "second Tuesday of the month 10:00", as a secretary writes them.

Grammar, Japanese and English; `[]` may be left out, and the time of day comes last:

    毎月第1営業日 10:00                  first business day of the month 10:00
    毎月最終営業日 10:00                 last business day of the month 10:00
    毎月第2火曜日 10:00                  second Tuesday of the month 10:00     (also: every second Tuesday 10:00)
    毎月最終金曜日 10:00                 last Friday of the month 10:00
    毎月15日 10:00                       day 15 of the month 10:00
    毎月末日 10:00                       last day of the month 10:00
    毎年5月・11月の第3木曜日 14:00       third Thursday of May and November 14:00
    毎週月曜日 9:00                      every Monday 9:00
    隔週火曜日 2026-06-09から 10:00      every other Tuesday from 2026-06-09 10:00
    毎営業日 9:00                        every business day 9:00

A day that is off gives way to the next business day, the last ones of a month to the one before; 「（休日は前営業日）」
and 「（休日は翌営業日）」, "(or the business day before)" and "(... after)" behind the time say otherwise. 「（8月を除く）」 and "(except August)" leave months out.
"""

from __future__ import annotations

import re
import unicodedata
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from datetime import time as clock
from typing import Literal

from mailbot.core.calendar import Holiday, Language, business_day, local_moment

Kind = Literal["business day", "weekday", "day", "week", "every business day"]

_ALL_MONTHS = frozenset(range(1, 13))
_LAST = -1
_JA_WEEKDAYS = "月火水木金土日"
_EN_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_EN_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_EN_ORDINALS = ("first", "second", "third", "fourth", "fifth")
_FORMS = '「毎月第1営業日 10:00」「毎月第2火曜日 10:00」 or "first business day of the month 10:00"'
_MOST_TRIED = 480  # months, or weeks, without a date: there is none


@dataclass(frozen=True)
class Recurrence:
    """One rule of dates, with the time of day."""

    kind: Kind
    time: clock
    number: int = 0  # the n-th business day or weekday, or the day of the month; -1: the last
    weekday: int = 0  # Monday 0
    months: frozenset[int] = _ALL_MONTHS
    weeks: int = 1  # of "week": every so many
    since: date | None = None  # of "week" with weeks > 1: one of its days
    off: Literal["next", "previous"] = "next"  # which business day stands in for a day that is off


def read_recurrence(text: str) -> Recurrence:
    """Read a rule. Raises ValueError, with a sentence, when it is none."""
    plain = " ".join(unicodedata.normalize("NFKC", text).split()).casefold()
    rest, stated, left_out = _conditions(plain)
    timed = re.fullmatch(
        r"(?P<rule>.+?)[ の]*(?P<hour>[0-9]{1,2})(?::(?P<minute>[0-9]{2})|時(?:(?P<of>[0-9]{1,2})分)?)", rest
    )
    if timed is None:
        raise ValueError(f"{text!r} has no time of day at its end; write it like {_FORMS}")
    hour, minute = int(timed["hour"]), int(timed["minute"] or timed["of"] or 0)
    if hour > 23 or minute > 59:
        raise ValueError(f"{text!r}: {hour}:{minute:02d} does not exist on the clock")
    rule = re.sub(r"[ ,、の]+(?:at)?$", "", timed["rule"])
    found = _japanese(rule) or _english(rule)
    if found is None:
        raise ValueError(f"{text!r} cannot be read; write it like {_FORMS}")
    kind, number, weekday, months, weeks, since = found
    if kind == "day" and number > 28:
        raise ValueError(
            f'{text!r}: not every month has a day {number}; write 毎月末日 or "last day of the month"'
        )
    if kind == "weekday" and number > 5:
        raise ValueError(f"{text!r}: no month has so many of them")
    if kind == "business day" and number > 18:
        raise ValueError(f"{text!r}: not every month has {number} business days; write 最終営業日")
    if kind == "week" and weeks > 1 and since is None:
        raise ValueError(f"{text!r}: write one of its days as well, as in 隔週火曜日 2026-06-09から 10:00")
    if since is not None and since.weekday() != weekday:
        raise ValueError(f"{text!r}: {since} is a {_EN_WEEKDAYS[since.weekday()].capitalize()}")
    if not months - left_out:
        raise ValueError(f"{text!r}: no month is left")
    off = stated or _usual(number)
    return Recurrence(kind, clock(hour, minute), number, weekday, months - left_out, weeks, since, off)


def _usual(number: int) -> Literal["next", "previous"]:
    """Return which business day stands in for one that is off: what belongs to the end of a month stays in it."""
    return "previous" if number == _LAST else "next"


# The month and year of one date by a rule; the rest is a rule as of every month.
_OF_ONE_MONTH = (
    re.compile(
        r"(?:(?P<year>[0-9]{4})|令和(?P<era>[0-9]{1,2}))年(?P<month>[0-9]{1,2})月の? ?(?P<rest>(?:第|最終|最後の|末日).+)"
    ),
    re.compile(rf"(?P<rest>.+) of (?P<name>{'|'.join(_EN_MONTHS)}) (?P<year>[0-9]{{4}})(?P<behind> .+)"),
)


def read_in_month(text: str, holiday: Holiday, zone: tzinfo) -> datetime | None:
    """Read one date by a rule: 「2027年1月の第1営業日 10:00」, "first business day of January 2027 10:00"; local.

    None when it is written otherwise. Raises ValueError, with a sentence, when the month has no such day.
    """
    plain = " ".join(unicodedata.normalize("NFKC", text).split()).casefold()
    found = next((match for form in _OF_ONE_MONTH if (match := form.fullmatch(plain))), None)
    if found is None:
        return None
    parts = found.groupdict()
    year = int(parts.get("year") or 0) or 2018 + int(parts["era"] or 0)
    if name := parts.get("name"):
        month = _EN_MONTHS.index(name) + 1
        rule = read_recurrence(f"{parts['rest']} of {name}{parts['behind']}")
    else:
        month = int(parts["month"] or 0)
        rule = read_recurrence(f"毎年{month}月の{parts['rest']}")
    day = _in_month(rule, year, month, holiday) if month in _ALL_MONTHS else None
    if day is None:
        raise ValueError(f"{text!r}: that month has no such day")
    return local_moment(day, rule.time, zone)


def coming(rule: Recurrence, after: datetime, holiday: Holiday, zone: tzinfo) -> Iterator[datetime]:
    """Yield the moments (UTC) of a rule after a moment, in order; none twice, for ever."""
    last = after.astimezone(UTC)
    for day in _days(rule, after.astimezone(zone).date(), holiday):
        at = local_moment(day, rule.time, zone).astimezone(UTC)
        if at > last:
            yield at
            last = at


def recurrence_words(rule: Recurrence, language: Language) -> str:
    """Return the rule as `read_recurrence` reads it again."""
    return _words_ja(rule) if language == "ja" else _words_en(rule)


# --- the dates --------------------------------------------------------------------------------------------------


def _days(rule: Recurrence, start: date, holiday: Holiday) -> Iterator[date]:
    if rule.kind in {"week", "every business day"}:
        yield from _by_weeks(rule, start, holiday)
        return
    year, month = start.year, start.month
    tried = 0
    year, month = (year - 1, 12) if month == 1 else (year, month - 1)  # whose day may give way into this one
    while tried < _MOST_TRIED:
        day = _in_month(rule, year, month, holiday) if month in rule.months else None
        tried += 1
        if day is not None:
            tried = 0
            yield day
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)


def _by_weeks(rule: Recurrence, start: date, holiday: Holiday) -> Iterator[date]:
    if rule.kind == "every business day":
        day = start
        while True:
            if business_day(day, holiday) and day.month in rule.months:
                yield day
            day += timedelta(days=1)
    step = timedelta(weeks=rule.weeks)
    base = rule.since or start + timedelta(days=(rule.weekday - start.weekday()) % 7)
    day = base + step * ((start - base) // step) - step
    while True:
        if day.month in rule.months and (rule.since is None or day >= rule.since):
            yield _shifted(day, rule, holiday)
        day += step


def _in_month(rule: Recurrence, year: int, month: int, holiday: Holiday) -> date | None:
    length = monthrange(year, month)[1]
    days = [date(year, month, number) for number in range(1, length + 1)]
    match rule.kind:
        case "business day":
            chosen = [day for day in days if business_day(day, holiday)]
        case "weekday":
            chosen = [day for day in days if day.weekday() == rule.weekday]
        case _:
            chosen = days
    place = rule.number if rule.number == _LAST else rule.number - 1
    if place >= len(chosen) or not chosen:
        return None
    day = chosen[place]
    return day if rule.kind == "business day" else _shifted(day, rule, holiday)


def _shifted(day: date, rule: Recurrence, holiday: Holiday) -> date:
    step = timedelta(days=1 if rule.off == "next" else -1)
    while not business_day(day, holiday):
        day += step
    return day


# --- reading ----------------------------------------------------------------------------------------------------

_Found = tuple[Kind, int, int, frozenset[int], int, date | None]

# In brackets behind a rule: what happens where the day is off.
_BEFORE = re.compile(
    r"\((?:(?:休日|休業日|閉庁日)(?:の場合|のとき)?は(?P<ja>前|翌)営業日|or the business day (?P<en>before|after))\)"
)
_EXCEPT = re.compile(r"\((?:(?P<ja>[0-9、・,月]+)を除く|except (?P<en>[a-z, ]+))\)")


def _conditions(plain: str) -> tuple[str, Literal["next", "previous"] | None, frozenset[int]]:
    """Take what stands in brackets off the rule."""
    off: Literal["next", "previous"] | None = None
    left_out: frozenset[int] = frozenset()
    if found := _BEFORE.search(plain):
        off = "previous" if "前" in (found["ja"] or "") or found["en"] == "before" else "next"
        plain = plain[: found.start()] + plain[found.end() :]
    if found := _EXCEPT.search(plain):
        left_out = _months_ja(found["ja"]) if found["ja"] else _months_en(found["en"])
        if not left_out:
            raise ValueError(f"{found[0]}: names no month")
        plain = plain[: found.start()] + plain[found.end() :]
    return " ".join(plain.split()), off, left_out


# 毎月第1営業日, 毎年4,10月の末日, 毎月第2火曜日.
_JA_MONTHLY = re.compile(
    r"(?:毎月|毎年(?P<months>[0-9]{1,2}月?(?:[、・,と][0-9]{1,2}月?)*)) ?の? ?"
    r"(?:第(?P<nth>[0-9一二三四五]{1,2})|(?P<last>最終|最後の)|(?P<day>[0-9]{1,2})日|(?P<end>末日))"
    r"(?:(?P<business>営業日|開庁日)|(?P<weekday>[月火水木金土日])曜?日?)?"
)
# 毎週月曜日, 隔週火曜日 2026-06-02から.
_JA_WEEKLY = re.compile(
    r"(?P<every>毎週|隔週)の?(?P<weekday>[月火水木金土日])曜?日?(?: ?(?P<since>[0-9]{4}-[0-9]{2}-[0-9]{2})から)?"
)


def _japanese(rule: str) -> _Found | None:
    if rule in {"毎営業日", "毎開庁日"}:
        return "every business day", 0, 0, _ALL_MONTHS, 1, None
    if found := _JA_WEEKLY.fullmatch(rule):
        weeks = 2 if found["every"] == "隔週" else 1
        return "week", 0, _JA_WEEKDAYS.index(found["weekday"]), _ALL_MONTHS, weeks, _day(found["since"])
    found = _JA_MONTHLY.fullmatch(rule)
    if found is None:
        return None
    months = _months_ja(found["months"]) if found["months"] else _ALL_MONTHS
    if not months:
        return None
    if found["day"] or found["end"]:
        number = int(found["day"]) if found["day"] else _LAST
        plain_day = not (found["business"] or found["weekday"]) and number != 0
        return ("day", number, 0, months, 1, None) if plain_day else None
    number = _LAST if found["last"] else _number(found["nth"])
    if number == 0:
        return None
    if found["business"]:
        return "business day", number, 0, months, 1, None
    if found["weekday"]:
        return "weekday", number, _JA_WEEKDAYS.index(found["weekday"]), months, 1, None
    return None


def _number(text: str) -> int:
    kanji = "〇一二三四五"
    return int(text) if text.isdecimal() else kanji.index(text) if text in kanji else 0


def _months_ja(text: str) -> frozenset[int]:
    months = frozenset(int(number) for number in re.findall(r"[0-9]+", text))
    return months if months <= _ALL_MONTHS else frozenset()


_EN_ORDINAL = r"(?P<nth>first|second|third|fourth|fifth|[0-9]{1,2}(?:st|nd|rd|th)|last)"
_EN_OF = r"(?: of (?:the month|each month|every month|(?P<months>[a-z, ]+)))"
# first business day of each month, last friday of april, october.
_EN_MONTHLY = re.compile(
    rf"(?:every |on the |the )*{_EN_ORDINAL} (?:(?P<business>business day|working day)|(?P<weekday>[a-z]+day)|(?P<day>day)){_EN_OF}?"
)
_EN_DAY = re.compile(rf"(?:every |on )*day (?P<day>[0-9]{{1,2}}){_EN_OF}?")
# every monday, every other tuesday from 2026-06-02.
_EN_WEEKLY = re.compile(
    r"every (?P<other>other )?(?P<weekday>[a-z]+day)(?: from (?P<since>[0-9]{4}-[0-9]{2}-[0-9]{2}))?"
)


def _english(rule: str) -> _Found | None:
    if re.fullmatch(r"every (?:business|working) day", rule):
        return "every business day", 0, 0, _ALL_MONTHS, 1, None
    if (found := _EN_WEEKLY.fullmatch(rule)) and found["weekday"] in _EN_WEEKDAYS:
        weeks = 2 if found["other"] else 1
        return "week", 0, _EN_WEEKDAYS.index(found["weekday"]), _ALL_MONTHS, weeks, _day(found["since"])
    if found := _EN_DAY.fullmatch(rule):
        months = _months_en(found["months"]) if found["months"] else _ALL_MONTHS
        return ("day", int(found["day"]), 0, months, 1, None) if months and int(found["day"]) else None
    found = _EN_MONTHLY.fullmatch(rule)
    if found is None:
        return None
    months = _months_en(found["months"]) if found["months"] else _ALL_MONTHS
    number = _ordinal(found["nth"])
    if not months or number == 0:
        return None
    if found["business"]:
        return "business day", number, 0, months, 1, None
    if found["day"]:
        return "day", number, 0, months, 1, None
    if found["weekday"] in _EN_WEEKDAYS:
        return "weekday", number, _EN_WEEKDAYS.index(found["weekday"]), months, 1, None
    return None


def _ordinal(text: str) -> int:
    if text == "last":
        return _LAST
    return _EN_ORDINALS.index(text) + 1 if text in _EN_ORDINALS else int(text[:-2])


def _months_en(text: str) -> frozenset[int]:
    names = [name for name in re.split(r",? and |,? ", text.strip()) if name]
    known = [place for name in names for place, month in enumerate(_EN_MONTHS, 1) if name == month]
    return frozenset(known) if len(known) == len(names) else frozenset()


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text} does not exist in the calendar") from None


# --- writing ----------------------------------------------------------------------------------------------------


def _words_ja(rule: Recurrence) -> str:
    which = (
        ""
        if rule.off == _usual(rule.number)
        else f"（休日は{'前' if rule.off == 'previous' else '翌'}営業日）"
    )
    left_out = sorted(_ALL_MONTHS - rule.months)
    few = 0 < len(left_out) < 6
    without = f"（{'・'.join(f'{one}月' for one in left_out)}を除く）" if few else ""
    at = f"{rule.time.hour}:{rule.time.minute:02d}{which}{without}"
    weekday = f"{_JA_WEEKDAYS[rule.weekday]}曜日"
    if rule.kind == "every business day":
        return f"毎営業日 {at}"
    if rule.kind == "week":
        since = f" {rule.since}から" if rule.since else ""
        return f"{'毎週' if rule.weeks == 1 else '隔週'}{weekday}{since} {at}"
    named = "・".join(f"{one}月" for one in sorted(rule.months))
    months = f"毎年{named}の" if left_out and not few else "毎月"
    if rule.kind == "day":
        return f"{months}{'末日' if rule.number == _LAST else f'{rule.number}日'} {at}"
    nth = "最終" if rule.number == _LAST else f"第{rule.number}"
    return f"{months}{nth}{'営業日' if rule.kind == 'business day' else weekday} {at}"


def _words_en(rule: Recurrence) -> str:
    usual = rule.off == _usual(rule.number)
    which = "" if usual else f" (or the business day {'before' if rule.off == 'previous' else 'after'})"
    left_out = [_EN_MONTHS[one - 1].capitalize() for one in sorted(_ALL_MONTHS - rule.months)]
    few = 0 < len(left_out) < 6
    at = f"{rule.time.hour}:{rule.time.minute:02d}{which}" + (
        f" (except {', '.join(left_out)})" if few else ""
    )
    weekday = _EN_WEEKDAYS[rule.weekday].capitalize()
    if rule.kind == "every business day":
        return f"every business day {at}"
    if rule.kind == "week":
        since = f" from {rule.since}" if rule.since else ""
        return f"every {'other ' if rule.weeks > 1 else ''}{weekday}{since} {at}"
    named = " and ".join(_EN_MONTHS[one - 1].capitalize() for one in sorted(rule.months))
    of = f"of {named}" if left_out and not few else "of the month"
    if rule.kind == "day":
        return f"{'last day' if rule.number == _LAST else f'day {rule.number}'} {of} {at}"
    ordinal = _EN_ORDINALS[rule.number - 1] if 0 < rule.number <= 5 else f"{rule.number}th"
    nth = "last" if rule.number == _LAST else ordinal
    return f"{nth} {'business day' if rule.kind == 'business day' else weekday} {of} {at}"
