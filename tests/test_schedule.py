"""The bell: it rings at once and on, and lets a look that is under way end."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta, tzinfo

import pytest

from mailbot.schedule import Bell, Lull


def clock() -> datetime:
    return datetime.now(UTC)


class SetClock(datetime):
    """The machine's clock, as somebody has set it."""

    by = timedelta()

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> SetClock:
        """Return what it shows."""
        return cls.fromtimestamp((datetime.now(UTC) + cls.by).timestamp(), tz)


@pytest.mark.parametrize("mended", [False, True])
async def test_it_rings_on_when_the_clock_is_set_back(mended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither until it has come as far again, nor, where it is put right soon, for as long as it was wrong."""
    for what in ("_SCAN_SECONDS", "_LOOK_AT_CLOCK_SECONDS"):
        monkeypatch.setattr(f"mailbot.schedule.{what}", 0.05)
    monkeypatch.setattr("apscheduler.schedulers.base.datetime", SetClock)
    back, right = timedelta(hours=-9), timedelta()
    rung = asyncio.Event()

    async def scan() -> None:
        rung.set()

    async def keep_up() -> None:
        pass

    bell = Bell(scan, keep_up)
    bell.start(lambda: SetClock.now(UTC))
    for by in (right, back, right if mended else back):
        monkeypatch.setattr(SetClock, "by", by)
        for _ in range(3):  # one may have been on its way
            rung.clear()
            await asyncio.wait_for(rung.wait(), 5)
    await bell.stop(10)


async def test_a_look_under_way_ends_before_the_bell_stops(caplog: pytest.LogCaptureFixture) -> None:
    """A stop while something is looked at breaks nothing off, and nothing is logged as a fault."""
    begun, seen = asyncio.Event(), []

    async def scan() -> None:
        begun.set()
        await asyncio.sleep(0.2)
        seen.append("scan")

    async def keep_up() -> None:
        seen.append("keep up")

    bell = Bell(scan, keep_up)
    bell.start(clock)
    await asyncio.wait_for(begun.wait(), 10)
    await bell.stop(10)
    assert sorted(seen) == ["keep up", "scan"]
    assert not caplog.records


async def test_a_look_that_does_not_end_is_not_waited_for() -> None:
    """The bell stops after its time all the same."""
    begun = asyncio.Event()

    async def scan() -> None:
        begun.set()
        await asyncio.sleep(60)

    async def keep_up() -> None:
        pass

    bell = Bell(scan, keep_up)
    bell.start(clock)
    await asyncio.wait_for(begun.wait(), 10)
    await asyncio.wait_for(bell.stop(0.1), 5)


NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def after(seconds: float) -> datetime:
    """Return a moment of that day."""
    return NOON + timedelta(seconds=seconds)


def test_a_lull_lasts_until_time_or_somebody_ends_it() -> None:
    """Nothing is left out before the first look, from the moment at which something is due, or once somebody wrote."""
    lull = Lull()
    assert not lull.lasts(NOON)
    lull.looking()
    lull.looked(NOON, after(10))
    assert [lull.lasts(after(seconds)) for seconds in (0, 9.9, 10, 11, -1)] == [
        True,
        True,
        False,
        False,
        False,
    ]
    lull.written()
    assert not lull.lasts(after(1))


def test_what_is_written_during_a_look_is_looked_at() -> None:
    """The look may not have seen it; one that failed begins no lull."""
    lull = Lull()
    lull.looking()
    lull.written()
    lull.looked(NOON, after(10))
    assert not lull.lasts(after(1))
    lull.looking()
    assert not lull.lasts(after(1))
