"""What lay between two looks of one node at its clocks: how long it was, and how far the wall clock was set (docs/why.md T3)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

_UNSET = timedelta(seconds=1)  # a time service slews what is less, and a leap second is no more


@dataclass(frozen=True)
class ClockReading:
    """Both clocks at one moment."""

    wall: datetime  # UTC; people and time services set it
    steady: float  # seconds of a clock that nobody sets, and that goes on while the machine sleeps


@dataclass(frozen=True)
class Lapse:
    """The time between two readings."""

    passed: timedelta
    set_by: timedelta  # how far the wall clock was set on, or back (negative); 0: it kept time


def lapse(before: ClockReading, after: ClockReading) -> Lapse:
    """Return what lay between two readings; a wall clock that is off by no more than a second has kept time."""
    passed = timedelta(seconds=after.steady - before.steady)
    set_by = after.wall - before.wall - passed
    return Lapse(passed, set_by if abs(set_by) > _UNSET else timedelta(0))
