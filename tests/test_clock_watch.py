"""Each time that the wall clock is set is logged at the next look, by a clock that nobody sets (clock_watch.py, core/office/lapse.py; T3)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from mailbot.clock_watch import ClockWatch
from mailbot.core.office.lapse import ClockReading, Lapse
from mailbot.service import both_clocks

LOOK = 5.0  # seconds between two looks


@dataclass
class Clocks:
    """A wall clock that can be set, and one that cannot."""

    wall: datetime = datetime(2026, 6, 17, 3, 0, tzinfo=UTC)
    steady: float = 1_000.0

    def read(self) -> ClockReading:
        return ClockReading(self.wall, self.steady)

    def go(self, seconds: float, set_by: float = 0) -> None:
        """Let so much time pass; meanwhile the wall clock is set."""
        self.wall += timedelta(seconds=seconds + set_by)
        self.steady += seconds


@pytest.mark.parametrize("seconds", [2, -2, 5, -5, 30, -59, 61, 3_600, -3_600, 86_400, -86_400])
def test_each_jump_is_logged_once_at_the_next_look(caplog: pytest.LogCaptureFixture, seconds: int) -> None:
    """Within seconds, with how far it was set and what it had shown; the looks after it are quiet."""
    caplog.set_level("INFO", "mailbot")
    clocks = Clocks()
    watch = ClockWatch(clocks.read)
    for number in range(24):
        clocks.go(LOOK, set_by=seconds if number == 12 else 0)
        watch.look()
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert record.getMessage() == f'clock.set seconds={seconds:+d}.0 was="2026-06-17 03:01:00+00:00"'


@pytest.mark.parametrize("passed", [LOOK, 7_200.0], ids=["between two looks", "asleep for two hours"])
def test_what_is_no_jump_is_not_logged(caplog: pytest.LogCaptureFixture, passed: float) -> None:
    """A look that is late, a leap second, a clock that is slewed by half a second at each look."""
    caplog.set_level("INFO", "mailbot")
    clocks = Clocks()
    watch = ClockWatch(clocks.read)
    for set_by in (0.0, -1.0, 0.5, 0.5, -0.5):
        clocks.go(passed, set_by)
        watch.look()
    assert caplog.messages == []


def test_a_clock_that_trembles_is_logged_each_time(caplog: pytest.LogCaptureFixture) -> None:
    """Five seconds to and fro: ten jumps are ten lines."""
    caplog.set_level("INFO", "mailbot")
    clocks = Clocks()
    watch = ClockWatch(clocks.read)
    for number in range(10):
        clocks.go(LOOK, 5 if number % 2 else -5)
        watch.look()
    assert len(caplog.messages) == 10


def test_what_passed_is_counted_since_the_pulse_was_kept() -> None:
    """Before it is kept nothing is known; while the database is away it adds up, and a jump in that time is not lost."""
    clocks = Clocks()
    watch = ClockWatch(clocks.read)
    clocks.go(LOOK)
    assert watch.look() is None
    watch.kept()
    clocks.go(LOOK, set_by=600)
    watch.look()  # and the database is away
    clocks.go(7_200)
    assert watch.look() == Lapse(timedelta(seconds=7_205), timedelta(minutes=10))
    watch.kept()
    clocks.go(LOOK)
    assert watch.look() == Lapse(timedelta(seconds=LOOK), timedelta(0))


def test_the_machine_s_own_clocks_go_together() -> None:
    """What the service reads is a wall clock in UTC, and a steady one that does not stand still."""
    first, second = both_clocks(), both_clocks()
    assert first.wall.tzinfo is UTC
    assert 0 <= second.steady - first.steady < 5
