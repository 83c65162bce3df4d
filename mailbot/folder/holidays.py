"""Japan's public holidays from a table: the one that is shipped, and the Cabinet Office's own, newer one beside it."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from pathlib import Path

from mailbot.core.calendar import OfficeCalendar

_SHIPPED = Path(__file__).with_name("holidays.csv")
_EXPECTED = "# expected"  # the line below which nothing is published yet


def with_published(calendar: OfficeCalendar, content: bytes) -> OfficeCalendar:
    """Return the calendar with the years of the Cabinet Office's table (syukujitsu.csv) in place of its own.

    The table is read as it is downloaded, in CP932, or in UTF-8. Raises ValueError with a sentence when it is none.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp932", errors="replace")
    published = _read(text.splitlines())
    years = {day.year for day in published}
    kept = {day: name for day, name in calendar.holidays.items() if day.year not in years}
    return replace(
        calendar,
        holidays=kept | published,
        confirmed_until=max(calendar.confirmed_until, _end_of_last_year(published)),
    )


def _shipped() -> OfficeCalendar:
    lines = _SHIPPED.read_text(encoding="utf-8").splitlines()
    published, expected = (
        _read(part) for part in (lines[: lines.index(_EXPECTED)], lines[lines.index(_EXPECTED) :])
    )
    return OfficeCalendar(published | expected, _end_of_last_year(published))


def _end_of_last_year(published: Iterable[date]) -> date:
    """Return until when a table is complete: the Cabinet Office publishes whole years."""
    return date(max(published).year, 12, 31)


def _read(lines: Iterable[str]) -> dict[date, str]:
    names: dict[date, str] = {}
    for row in csv.reader(line for line in lines if not line.startswith("#")):
        if len(row) < 2 or not row[0][:1].isdecimal():
            continue  # the head
        try:
            year, month, day = (int(part) for part in row[0].replace("-", "/").split("/"))
            names[date(year, month, day)] = row[1].strip()
        except ValueError:
            raise ValueError(f"{row[0]!r} is not a date such as 2027/1/1") from None
    if not names:
        raise ValueError("names no holiday; each line is a date and a name, as in 2027/1/1,元日")
    return names


is_holiday = _shipped()  # called with a day, it tells whether that is a public holiday (国民の祝日・休日)
