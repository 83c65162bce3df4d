"""The relays of the fault tests; and which of them the short form leaves out: what traces a process, or takes long to set up."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.node import SHORT
from tests.faults.sink import Sink

collect_ignore = ["test_fail_over.py", "test_failing_calls.py", "test_power_cut.py"] if SHORT else []


@pytest.fixture
def sink() -> Iterator[Sink]:
    """A relay that takes everything at once."""
    running = Sink()
    yield running
    running.close()


@pytest.fixture
def slow_sink() -> Iterator[Sink]:
    """A relay that takes 10 ms for each mail, so that a fan-out takes a quarter of a second."""
    running = Sink(seconds_each=0.01)
    yield running
    running.close()
