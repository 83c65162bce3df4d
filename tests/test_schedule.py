"""The bell: it rings at once and on, and lets a look that is under way end."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from mailbot.schedule import Bell


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
    bell.start(datetime.now(UTC))
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
    bell.start(datetime.now(UTC))
    await asyncio.wait_for(begun.wait(), 10)
    await asyncio.wait_for(bell.stop(0.1), 5)
