"""Business days, times relative to a day, quiet hours, and the words in which a date is written.

Which days are public holidays is not decided here: a `Holiday`, or a whole `OfficeCalendar`, is given as an argument.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from datetime import time as clock
from typing import Literal

Holiday = Callable[[date], bool]
Language = Literal["ja", "en"]

_SATURDAY = 5  # date.weekday() of the first day of the weekend
_YEAR_END = {(12, 29), (12, 30), (12, 31), (1, 1), (1, 2), (1, 3)}  # 行政機関の休日に関する法律 1条1項3号

_WEEKDAYS_JA = "月火水木金土日"
_WEEKDAYS_EN = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS_EN = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
ERAS: Mapping[str, date] = {  # the first day of each era, newest first
    "令和": date(2019, 5, 1),
    "平成": date(1989, 1, 8),
    "昭和": date(1926, 12, 25),
    "大正": date(1912, 7, 30),
}


@dataclass(frozen=True)
class Days:
    """A span of days, both ends included: of one year, or month and day of every year."""

    first: date | tuple[int, int]  # 2026-08-13, or (8, 13)
    last: date | tuple[int, int]

    def __contains__(self, day: date) -> bool:
        if isinstance(self.first, date) and isinstance(self.last, date):
            return self.first <= day <= self.last
        here = (day.month, day.day)
        if isinstance(self.first, date) or isinstance(self.last, date):
            raise TypeError("one end of a span has a year, the other none")
        if self.first <= self.last:
            return self.first <= here <= self.last
        return here >= self.first or here <= self.last  # over the year's end

    def __str__(self) -> str:
        first, last = (
            f"{end.month}/{end.day}" if isinstance(end, date) else f"{end[0]}/{end[1]}"
            for end in (self.first, self.last)
        )
        return first if self.first == self.last else f"{first} to {last}"


# In these weeks the person in charge changes: what is asked then is asked of nobody.
TURN_OF_THE_YEAR = Days((3, 25), (4, 10))


@dataclass(frozen=True)
class OfficeCalendar:
    """Which days are off, in which hours mail is expected, and when nobody is reminded. Called with a day, it is a `Holiday`."""

    holidays: Mapping[date, str]  # 国民の祝日・休日, each with its name
    confirmed_until: date  # later holidays are only expected: dates are law, not arithmetic
    closed: tuple[Days, ...] = ()  # the office's own closing days
    hours: tuple[clock, clock] = (clock(8), clock(20))  # in which an office's mail is expected
    quiet: bool = False  # what is late waits for these hours
    no_reminders: Days | None = TURN_OF_THE_YEAR

    def __call__(self, day: date) -> bool:
        """Tell whether the day is off beside weekends and the year's end."""
        return day in self.holidays or any(day in days for days in self.closed)

    def open_at(self, local: datetime) -> bool:
        """Tell whether mail is expected at a local moment: on a business day, within the hours."""
        first, last = self.hours
        return business_day(local.date(), self) and first <= local.time().replace(fold=0) < last

    def next_opening(self, local: datetime) -> datetime:
        """Return the local moment itself if mail is expected then, else when it is expected again."""
        if self.open_at(local):
            return local
        day = local.date()
        if local.time().replace(fold=0) >= self.hours[0]:
            day += timedelta(days=1)
        while not business_day(day, self):
            day += timedelta(days=1)
        return datetime.combine(day, self.hours[0], local.tzinfo)

    def reminding_day(self, day: date, before: date) -> date:
        """Return the day itself, or, where nobody is reminded on it, the business day after that season or before it.

        After it only if that is still earlier than `before`, the day on which it would be too late.
        """
        if self.no_reminders is None or day not in self.no_reminders:
            return day
        for step in (1, -1):
            moved = day
            while moved in self.no_reminders or not business_day(moved, self):
                moved += timedelta(days=step)
            if moved < before:
                return moved
        return day


def business_day(day: date, holiday: Holiday) -> bool:
    """Tell whether town halls work on this day: Monday to Friday, no public holiday, not 12/29 to 1/3."""
    return day.weekday() < _SATURDAY and not holiday(day) and (day.month, day.day) not in _YEAR_END


def business_days_before(day: date, n: int, holiday: Holiday) -> date:
    """Return the n-th business day before the day; for n = 0 the day itself or the last business day before it.

    The day itself is never counted: three business days before a Thursday are Wednesday, Tuesday, Monday.
    """
    if n == 0 and business_day(day, holiday):
        return day
    found = 0
    while found < max(n, 1):
        day -= timedelta(days=1)
        found += business_day(day, holiday)
    return day


def business_days_after(day: date, n: int, holiday: Holiday) -> date:
    """Return the n-th business day after the day, which is never counted itself."""
    for _ in range(n):
        day += timedelta(days=1)
        while not business_day(day, holiday):
            day += timedelta(days=1)
    return day


def local_moment(day: date, time: clock, zone: tzinfo) -> datetime:
    """Return the aware moment of a local wall-clock time, whatever the zone's clock changes (PEP 495).

    A time that does not exist that day (clocks go forward) is moved on by the length of the gap, so that 02:30
    becomes 03:30; a time that exists twice (clocks go back) is the first of the two.
    """
    written = datetime.combine(day, time.replace(tzinfo=None, fold=0), zone)
    return written.astimezone(UTC).astimezone(zone)


def daily_moment(now: datetime, time: clock, zone: tzinfo) -> datetime | None:
    """Return when a time that comes every day came on today's date, the newest where two fell on it; None: not yet.

    A day whose end the clocks skip has its late hours on the next one (Nuuk), which then has two.
    """
    today = now.astimezone(zone).date()
    for day in (today, today - timedelta(days=1)):
        moment = local_moment(day, time, zone)
        if moment.date() == today and moment.astimezone(UTC) <= now:
            return moment
    return None


def moment_before(day: date, business_days: int, time: str, holiday: Holiday, zone: tzinfo) -> datetime:
    """Return the moment at "HH:MM" local time, so many business days before the day."""
    return local_moment(business_days_before(day, business_days, holiday), clock.fromisoformat(time), zone)


def unusual(moment: datetime, calendar: OfficeCalendar) -> str | None:
    """Return a sentence when a written local time is on a day off or at night; None when it is usual.

    The time holds all the same; `check` and `schedule` only say so.
    """
    day = moment.date()
    reasons = []
    if day.weekday() >= _SATURDAY:
        reasons.append(f"a {_WEEKDAYS_EN[day.weekday()]}")
    if day in calendar.holidays:
        reasons.append("a public holiday")
    elif (day.month, day.day) in _YEAR_END:
        reasons.append("within the year-end closing (12/29 to 1/3)")
    elif calendar(day):
        reasons.append("a closing day of the office")
    first, last = calendar.hours
    if not first <= moment.time().replace(fold=0) < last:
        reasons.append(f"outside {first:%H:%M} to {last:%H:%M}")
    if not reasons:
        return None
    return f"{moment:%Y-%m-%d %H:%M} is {' and '.join(reasons)}; it is kept as written."


def unconfirmed(day: date, calendar: OfficeCalendar) -> str | None:
    """Return a sentence when nobody can know yet which days around this one are holidays; None when all is known."""
    if day <= calendar.confirmed_until:
        return None
    return f"The public holidays of {day.year} are not published yet; this date may still have to move."


def japanese_weekday(day: date) -> str:
    """Return 「木」."""
    return _WEEKDAYS_JA[day.weekday()]


def english_weekday(day: date) -> str:
    """Return "Thursday"."""
    return _WEEKDAYS_EN[day.weekday()]


def japanese_date(day: date) -> str:
    """Return 「2026年7月2日（木）」."""
    return f"{day.year}年{day.month}月{day.day}日（{_WEEKDAYS_JA[day.weekday()]}）"


def japanese_moment(moment: datetime) -> str:
    """Return 「2026年7月2日（木）17時00分」 for a local moment."""
    return f"{japanese_date(moment.date())}{moment.hour}時{moment.minute:02d}分"


def short_date(day: date) -> str:
    """Return 「7/2」."""
    return f"{day.month}/{day.day}"


def wareki(day: date) -> str:
    """Return the date in its Japanese era, 「令和元年5月1日」; before 大正 the plain 「1912年7月29日」."""
    for name, first in ERAS.items():
        if day >= first:
            year = day.year - first.year + 1
            return f"{name}{'元' if year == 1 else year}年{day.month}月{day.day}日"
    return f"{day.year}年{day.month}月{day.day}日"


def english_date(day: date) -> str:
    """Return "Thursday, 2 July 2026"."""
    return f"{_WEEKDAYS_EN[day.weekday()]}, {day.day} {_MONTHS_EN[day.month - 1]} {day.year}"


def english_moment(moment: datetime) -> str:
    """Return "Thursday, 2 July 2026, 17:00" for a local moment."""
    return f"{english_date(moment.date())}, {moment:%H:%M}"


def date_words(day: date, language: Language) -> str:
    """Return the date as a reader of this language expects it."""
    return japanese_date(day) if language == "ja" else english_date(day)


def moment_words(moment: datetime, language: Language) -> str:
    """Return the local moment as a reader of this language expects it."""
    return japanese_moment(moment) if language == "ja" else english_moment(moment)


def receipt_words(moment: datetime, language: Language) -> str:
    """Return the local moment as an acknowledgement writes it: 「6月20日 10時12分」, "20 June, 10:12"."""
    if language == "ja":
        return f"{moment.month}月{moment.day}日 {moment.hour}時{moment.minute:02d}分"
    return f"{moment.day} {_MONTHS_EN[moment.month - 1]}, {moment:%H:%M}"


def short_words(day: date, language: Language) -> str:
    """Return the date as a Subject has room for: 「7/2」, "2 July"."""
    return short_date(day) if language == "ja" else f"{day.day} {_MONTHS_EN[day.month - 1]}"
