"""Ring the bell: APScheduler wakes the scan of the due-table, which alone is the truth (promises.md R7)."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial

from apscheduler.executors.asyncio import AsyncIOExecutor
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

_SCAN_SECONDS = 1
_KEEP_UP_SECONDS = 5
_LOOK_AT_CLOCK_SECONDS = 5


class Lull:
    """Whether a look can be left out: nobody has written since the last one, and nothing is due by time alone."""

    def __init__(self) -> None:
        self._written = True
        self._looked: datetime | None = None
        self._until: datetime | None = None

    def written(self) -> None:
        """Say that somebody has written."""
        self._written = True

    def lasts(self, now: datetime) -> bool:
        """Tell whether there is nothing to look at now; a clock that was set back ends it."""
        if self._written or self._looked is None or self._until is None:
            return False
        return self._looked <= now < self._until

    def looking(self) -> None:
        """Say that a look begins: what is written from here on ends what it finds."""
        self._written, self._until = False, None

    def looked(self, now: datetime, until: datetime) -> None:
        """Say that a look at `now` has ended well, and until when time alone brings nothing more."""
        self._looked, self._until = now, until


class Bell:
    """Calls the scan every second, and what keeps up beside it every few; none is overtaken by its next."""

    def __init__(self, scan: Callable[[], Awaitable[None]], keep_up: Callable[[], Awaitable[None]]) -> None:
        logging.getLogger("apscheduler").setLevel(logging.ERROR)  # it would log each tick
        self._jobs = ((scan, _SCAN_SECONDS), (keep_up, _KEEP_UP_SECONDS))
        self._looks = [asyncio.Lock() for _ in self._jobs]  # each held while its job is under way
        self._scheduler = AsyncIOScheduler(
            jobstores={"default": MemoryJobStore()}, executors={"default": AsyncIOExecutor()}, timezone="UTC"
        )
        self._looking_at_clock: asyncio.TimerHandle | None = None

    def start(self, clock: Callable[[], datetime]) -> None:
        """Begin to ring, in the running loop: at once, so that a service that never lives long does its work all the same."""
        now = clock()
        for (job, seconds), look in zip(self._jobs, self._looks, strict=True):
            self._scheduler.add_job(
                partial(_ring, job, look),
                IntervalTrigger(seconds=seconds),
                next_run_time=now,
                # Without these two a bell that is a second late would not ring at all.
                misfire_grace_time=None,
                coalesce=True,
                max_instances=1,
            )
        self._scheduler.start()
        self._look_at_clock(clock)

    def _look_at_clock(self, clock: Callable[[], datetime]) -> None:
        """Ring on when the clock was set back: the scheduler would be silent until it shows again what it showed before.

        Longer even, where it is put right meanwhile: how long it sleeps was settled when it was wrong.
        """
        now = clock()
        for job in self._scheduler.get_jobs():
            if job.next_run_time > now + timedelta(seconds=2 * _KEEP_UP_SECONDS):
                job.modify(next_run_time=now)
        loop = asyncio.get_running_loop()
        self._looking_at_clock = loop.call_later(_LOOK_AT_CLOCK_SECONDS, self._look_at_clock, clock)

    async def stop(self, seconds: float) -> None:
        """Ring no more. A look that is under way has so long to end: the scheduler would break it off as a fault."""
        if self._looking_at_clock is not None:
            self._looking_at_clock.cancel()
        self._scheduler.pause()
        await asyncio.sleep(0)  # what was called already begins
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                for look in self._looks:
                    await look.acquire()
        self._scheduler.shutdown(wait=False)


async def _ring(job: Callable[[], Awaitable[None]], look: asyncio.Lock) -> None:
    async with look:
        await job()
