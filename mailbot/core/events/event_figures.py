"""The association's events in figures: how many in a year, its own and those held with others apart."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal

from mailbot.core.events.event import Event
from mailbot.core.mail.fold import fold

Holder = Literal["ours", "with others", "meeting"]
_FISCAL_YEAR_BEGINS = 4  # April


@dataclass(frozen=True)
class Held:
    """One event, as it is counted."""

    day: date
    holder: Holder
    cancelled: bool
    attending: int  # people with seats
    came: int  # people, as the office entered it afterwards


@dataclass(frozen=True)
class YearFigures:
    """The events of one year. What was cancelled is counted as that alone."""

    year: int
    ours: int
    with_others: int
    meetings: int
    cancelled: int
    attending: int  # people; of seminars and the like, not of meetings
    came: int


def holder(event: Event, association: str, *, of_meeting: bool) -> Holder:
    """Return who holds an event: the association alone, or with others, who organise it or help to; or it is a meeting's."""
    if of_meeting:
        return "meeting"
    others = [name for name in (event.organiser, *event.co_organisers) if name.strip()]
    return "with others" if any(_key(name) != _key(association) for name in others) else "ours"


def year_of(day: date, *, fiscal: bool) -> int:
    """Return the year of a day; a fiscal year 年度 begins in April."""
    return day.year - (fiscal and day.month < _FISCAL_YEAR_BEGINS)


def event_figures(events: Iterable[Held], *, fiscal: bool) -> tuple[YearFigures, ...]:
    """Return the figures of each year in which there is an event, in order."""
    years: dict[int, list[Held]] = {}
    for one in events:
        years.setdefault(year_of(one.day, fiscal=fiscal), []).append(one)
    return tuple(_figures(year, years[year]) for year in sorted(years))


def _figures(year: int, every: list[Held]) -> YearFigures:
    held = [one for one in every if not one.cancelled]
    seminars = [one for one in held if one.holder != "meeting"]
    return YearFigures(
        year,
        ours=sum(one.holder == "ours" for one in held),
        with_others=sum(one.holder == "with others" for one in held),
        meetings=sum(one.holder == "meeting" for one in held),
        cancelled=len(every) - len(held),
        attending=sum(one.attending for one in seminars),
        came=sum(one.came for one in seminars),
    )


def _key(name: str) -> str:
    return "".join(fold(name).casefold().split())
