"""Look at the wall clock beside one that nobody sets, and log each time that it was set."""

from __future__ import annotations

from collections.abc import Callable

from mailbot import log
from mailbot.core.office.lapse import ClockReading, Lapse, lapse


class ClockWatch:
    """The clocks of this node, as they were when it last looked and when it last kept the pulse."""

    def __init__(self, read: Callable[[], ClockReading]) -> None:
        self._read = read
        self._looked = read()
        self._kept: ClockReading | None = None

    def look(self) -> Lapse | None:
        """Log that the wall clock was set since the last look, if it was; returns what has passed since the pulse was kept."""
        before, self._looked = self._looked, self._read()
        if set_by := lapse(before, self._looked).set_by:
            log.event("clock.set", level="warning", seconds=f"{set_by.total_seconds():+.1f}", was=before.wall)
        return None if self._kept is None else lapse(self._kept, self._looked)

    def kept(self) -> None:
        """Remember that the pulse was kept at the last look."""
        self._kept = self._looked
