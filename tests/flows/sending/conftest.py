"""What the tests of sending share: a relay."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.sink import Sink


@pytest.fixture
def sink() -> Iterator[Sink]:
    """A relay that takes everything."""
    running = Sink()
    yield running
    running.close()
