"""Ring the bell: APScheduler wakes the scan of the due-table, which alone is the truth (promises.md R7)."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime

from apscheduler.executors.asyncio import AsyncIOExecutor
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

_SCAN_SECONDS = 1
_KEEP_UP_SECONDS = 5


class Bell:
    """Calls the scan every second, and what keeps up beside it every few; none is overtaken by its next."""

    def __init__(self, scan: Callable[[], Awaitable[None]], keep_up: Callable[[], Awaitable[None]]) -> None:
        logging.getLogger("apscheduler").setLevel(logging.ERROR)  # it would log each tick
        self._jobs = ((scan, _SCAN_SECONDS), (keep_up, _KEEP_UP_SECONDS))
        self._scheduler = AsyncIOScheduler(
            jobstores={"default": MemoryJobStore()}, executors={"default": AsyncIOExecutor()}, timezone="UTC"
        )

    def start(self, now: datetime) -> None:
        """Begin to ring, in the running loop: at once, so that a service that never lives long does its work all the same."""
        for job, seconds in self._jobs:
            self._scheduler.add_job(
                job,
                IntervalTrigger(seconds=seconds),
                next_run_time=now,
                # Without these two a bell that is a second late would not ring at all.
                misfire_grace_time=None,
                coalesce=True,
                max_instances=1,
            )
        self._scheduler.start()

    def stop(self) -> None:
        """Ring no more."""
        self._scheduler.shutdown(wait=False)
