"""When a delivery is tried again, when it is given up, and what a reply means."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mailbot.core.transfer.delivery import Deferred, Failed, Outcome, Sent, classify, given_up, next_attempt

NOW = datetime(2026, 6, 18, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("attempts", "seconds"),
    [(0, 300), (1, 300), (2, 600), (3, 1200), (4, 2400), (5, 4000), (6, 4000), (10_000, 4000)],
)
def test_wait_doubles(attempts: int, seconds: int) -> None:
    """The first retry is after 5 minutes, each next wait is double, up to 4,000 seconds."""
    assert next_attempt(attempts, NOW, 0.0) == NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize(("spread", "seconds"), [(0.0, 300), (0.5, 315), (1.0, 330)])
def test_jitter(spread: float, seconds: int) -> None:
    """Jitter makes a wait up to a tenth longer, never shorter."""
    assert next_attempt(1, NOW, spread) == NOW + timedelta(seconds=seconds)


def test_given_up_after_five_days() -> None:
    """A delivery is given up when it has been queued for five days."""
    assert not given_up(NOW, NOW + timedelta(days=5, microseconds=-1))
    assert given_up(NOW, NOW + timedelta(days=5))


@pytest.mark.parametrize(
    ("code", "text", "outcome"),
    [
        (250, "2.0.0 queued", Sent("250 2.0.0 queued")),
        (252, "", Sent("252")),
        (354, "go on", Deferred("354 go on")),
        (421, "closing", Deferred("421 closing")),
        (452, "4.3.1 full", Deferred("452 4.3.1 full")),
        (550, "5.1.1 nobody", Failed("550 5.1.1 nobody")),
    ],
)
def test_classify(code: int, text: str, outcome: Outcome) -> None:
    """A reply is success, failure or to be tried again by its first digit, and its words are kept."""
    assert classify(code, text) == outcome
