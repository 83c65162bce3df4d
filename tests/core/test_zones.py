"""Every change of the clocks in three years of every zone that the zone database knows: each written time once (docs/why.md T4)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from functools import cache
from itertools import pairwise, takewhile
from zoneinfo import ZoneInfo, available_timezones

import pytest

from mailbot.core.calendar import business_day, daily_moment, local_moment
from mailbot.core.office.plan import occurrence
from mailbot.core.recurrence import Recurrence, coming
from tests.thorough import part

BEGIN, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2029, 1, 1, tzinfo=UTC)
MINUTE, DAY, WEEK = timedelta(minutes=1), timedelta(days=1), timedelta(days=7)
QUARTER = 15 * MINUTE


@dataclass(frozen=True)
class Change:
    """One change of a zone's clocks."""

    at: datetime  # UTC; the first moment with the new offset
    before: timedelta  # the offset from UTC until then
    after: timedelta


@dataclass(frozen=True)
class Clocks:
    """What the clocks of one zone, or of several alike, do in the three years, as bisecting found it out."""

    zone: ZoneInfo
    first: timedelta  # the offset at the beginning
    changes: tuple[Change, ...]

    def moment(self, written: datetime) -> datetime:
        """Say by the rule when a written local time is meant, without any arithmetic of ours or of zoneinfo.

        The first moment at which the clocks show it; where they never do, so much later as they are set on.
        """
        offsets = {self.first} | {one.after for one in self.changes}
        shown = [
            at for offset in offsets if self._offset(at := (written - offset).replace(tzinfo=UTC)) == offset
        ]
        if shown:
            return min(shown)
        (skipping,) = (
            one
            for one in self.changes
            if one.at + one.before <= written.replace(tzinfo=UTC) < one.at + one.after
        )
        return (written - skipping.before).replace(tzinfo=UTC)

    def times(self) -> set[clock]:
        """Return the times of day that these clocks skip or show twice, their ends and their middles, and the day's ends."""
        found = {clock(0), clock(10), clock(23, 59)}
        for one in self.changes:
            low, high = sorted((one.at + one.before, one.at + one.after))
            found |= {(low + part * (high - low) / 4).time() for part in range(5)}
            found |= {(low - MINUTE).time(), (high - MINUTE).time()}
        return found

    def _offset(self, at: datetime) -> timedelta:
        return next((one.after for one in reversed(self.changes) if one.at <= at), self.first)


@cache
def all_clocks() -> tuple[Clocks, ...]:
    """Return the clocks of every zone that is tried in this run; of zones whose clocks do the same, one."""
    found: dict[tuple[timedelta, tuple[Change, ...]], Clocks] = {}
    for name in part(sorted(available_timezones())):
        zone = ZoneInfo(name)
        clocks = Clocks(zone, _offset(zone, BEGIN - WEEK), tuple(_changes(zone)))
        found.setdefault((clocks.first, clocks.changes), clocks)
    return tuple(found.values())


def _offset(zone: ZoneInfo, at: datetime) -> timedelta:
    offset = at.astimezone(zone).utcoffset()
    assert offset is not None
    return offset


def _changes(zone: ZoneInfo) -> Iterator[Change]:
    """Bisect each three weeks at whose ends the clocks differ: none changes its clocks to and fro within so few."""
    low = BEGIN - WEEK
    while low < END + WEEK:
        before, high = _offset(zone, low), low + 3 * WEEK
        later = high
        if _offset(zone, high) != before:
            while high - low > timedelta(seconds=1):
                middle = (low + (high - low) / 2).replace(microsecond=0)
                low, high = (middle, high) if _offset(zone, middle) == before else (low, middle)
            yield Change(high, before, _offset(zone, high))
        low = later


def around(change: Change) -> Iterator[date]:
    """Yield the local days about a change."""
    day = (change.at + change.before).date()
    return (day + DAY * number for number in range(-1, 2))


def test_the_zone_database_is_all_there() -> None:
    """Hundreds of zones, with changes by half an hour, an hour and two, at midnight and on working days."""
    changes = [one for clocks in all_clocks() for one in clocks.changes]
    assert len(available_timezones()) > 400
    assert len(changes) > 100
    assert {abs(one.after - one.before) / MINUTE for one in changes} >= {30, 60, 120}
    assert any((one.at + one.after).time() == clock(0) for one in changes)
    assert any((one.at + one.before).weekday() < 5 for one in changes)


@pytest.mark.drawn
def test_every_written_time_comes_once() -> None:
    """Of two the first, in the gap by its length later; a later day comes later, and no two days' runs share a key."""
    for clocks in all_clocks():
        times = clocks.times() | {clock(hour, 30) for hour in range(24)}
        for change in clocks.changes:
            for time in times:
                moments = [local_moment(day, time, clocks.zone).astimezone(UTC) for day in around(change)]
                expected = [clocks.moment(datetime.combine(day, time)) for day in around(change)]
                assert moments == expected, (clocks.zone, change, time)
                assert all(before < after for before, after in pairwise(moments))
                keys = [occurrence(at, clocks.zone) for at in moments]
                assert len(set(keys)) == len(keys)


@pytest.mark.drawn
def test_what_the_clocks_show_twice_is_one_run() -> None:
    """Every moment about a change has the key of the first at which the clocks showed its time."""
    for clocks in all_clocks():
        for change in part(clocks.changes):
            moment = change.at - DAY
            while moment < change.at + DAY:
                local = moment.astimezone(clocks.zone).replace(tzinfo=None)
                first = clocks.moment(local)
                assert occurrence(moment, clocks.zone) == occurrence(first, clocks.zone)
                assert first == moment or first < moment < first + abs(change.after - change.before) * 2
                moment += QUARTER


@pytest.mark.drawn
def test_a_rule_of_dates_skips_no_day_and_doubles_none() -> None:
    """Each working day of three years has its moment, at the hours that the clocks change and others, wherever one begins."""
    for clocks in all_clocks():
        changes = [one for one in clocks.changes if BEGIN < one.at < END]
        for time in _changed(changes) | {clock(10)}:
            rule = Recurrence("every business day", time)
            found = list(takewhile(lambda at: at < END, coming(rule, BEGIN, _never, clocks.zone)))
            days = (BEGIN.date() - DAY + DAY * number for number in range(3 * 366))
            moments = (
                clocks.moment(datetime.combine(day, time)) for day in days if business_day(day, _never)
            )
            assert found == [at for at in moments if BEGIN < at < END], (clocks.zone, time)
            for change in changes:
                for after in (change.at - QUARTER, change.at, change.at + QUARTER):
                    following = next(coming(rule, after, _never, clocks.zone))
                    assert following == found[bisect_right(found, after)], (clocks.zone, time, change)


@pytest.mark.drawn
def test_what_comes_every_day_comes_on_each() -> None:
    """Looked at each quarter of an hour about a change, each day's is found at its moment, and no other ever is."""
    for clocks in all_clocks():
        for change in part(clocks.changes):
            for time in _changed([change]) | {clock(0), clock(23, 45)}:
                looks = [change.at + QUARTER * number for number in range(-150, 150)]
                found: dict[datetime, datetime] = {}
                for now in looks:
                    at = daily_moment(now, time, clocks.zone)
                    if at is not None and at >= looks[0]:
                        found.setdefault(at.astimezone(UTC), now)
                days = (change.at.date() + DAY * number for number in range(-3, 4))
                moments = (clocks.moment(datetime.combine(day, time)) for day in days)
                assert list(found) == [at for at in moments if looks[0] <= at <= looks[-1]]
                assert all(at <= now < at + QUARTER for at, now in found.items()), (clocks.zone, change, time)


def _changed(changes: list[Change]) -> set[clock]:
    """Return the middle of what the clocks skip or show twice."""
    return {(one.at + (one.before + one.after) / 2).time() for one in changes}


def _never(_day: date) -> bool:
    return False
