"""Which bodies try things out first, and what their trial shows (core/surveys/trial.py)."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

from mailbot.core.members.register import Body, Kind
from mailbot.core.surveys.ledger import LedgerRow
from mailbot.core.surveys.survey import Problem
from mailbot.core.surveys.trial import Confusing, TrialReport, pilot_bodies, trial_report

KINDS: tuple[Kind, ...] = ("city", "town", "village")
BODIES = tuple(
    Body(f"{prefecture:02d}{number:03d}{kind[0]}", f"{kind}{number}", kind, f"県{prefecture}")
    for prefecture in range(1, 48)
    for kind, count in zip(KINDS, (15, 10, 2), strict=True)
    for number in range(count)
)


def test_a_pilot_round_is_spread() -> None:
    """Ten bodies are of all kinds alike, and of ten prefectures."""
    chosen = pilot_bodies(BODIES, 10)
    assert sorted(Counter(body.kind for body in chosen).values()) == [3, 3, 4]
    assert len({body.prefecture for body in chosen}) == 10
    assert len({body.code for body in chosen}) == 10


def test_a_pilot_round_is_the_same_each_time() -> None:
    """The order of the register does not matter."""
    assert pilot_bodies(BODIES, 10) == pilot_bodies(reversed(BODIES), 10)


def test_a_pilot_is_never_larger_than_the_register() -> None:
    """There are never more than there are, and none of none."""
    assert len(pilot_bodies(BODIES[:4], 10)) == 4
    assert pilot_bodies((), 10) == ()


def row(code: str, status: str, *problems: Problem, reason: str = "") -> LedgerRow:
    at = datetime(2026, 6, 18, tzinfo=UTC)
    return LedgerRow(1, code, None, at, "", status, 1, {}, problems, reason)


def test_the_report_counts_bodies_and_names_what_confuses() -> None:
    """It counts bodies, not replies, and names what confuses, the worst first."""
    joined, range_ = Problem("Q2", "joined", "区切り"), Problem("Q2", "out-of-range", "範囲")
    rows = [
        row("A", "counted"),
        row("B", "partial", joined),
        row("B", "partial", joined, range_),
        row("B", "counted"),
        row("C", "partial", joined, Problem("Q1", "garbled", "文字化け")),
        row("D", "held", reason="お答えが見当たりません"),
        row("E", "declined"),
    ]
    assert trial_report(10, rows) == TrialReport(
        sent=10,
        answered=5,
        read_at_once=2,
        read_in_the_end=3,
        asked_back=(
            Confusing("Q2", 2, ("区切り", "範囲")),
            Confusing("", 1, ("お答えが見当たりません",)),
            Confusing("Q1", 1, ("文字化け",)),
        ),
    )


def test_a_trial_that_nobody_answered_has_nothing_to_say() -> None:
    """A trial that nobody has answered has nothing to say."""
    assert trial_report(3, []) == TrialReport(3, 0, 0, 0, ())
