"""How many events a year has: ours, and those that others hold or help to hold apart."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from mailbot.core.events.event_figures import Held, YearFigures, event_figures, holder, year_of
from tests.core.events.test_event import SEMINAR

US = "全国協議会"


@pytest.mark.parametrize(
    ("organiser", "co_organisers", "expected"),
    [
        ("", (), "ours"),
        ("全国 協議会", (), "ours"),
        ("", ("全国協議会",), "ours"),
        ("地方自治情報センター", ("全国協議会",), "with others"),
        ("地方自治情報センター", (), "with others"),
        ("", ("県町村会",), "with others"),
    ],
)
def test_who_holds_an_event(organiser: str, co_organisers: tuple[str, ...], expected: str) -> None:
    """The centre's seminar is counted, and as held with others; our own name among the organisers is nobody else."""
    event = replace(SEMINAR, organiser=organiser, co_organisers=co_organisers)
    assert holder(event, US, of_meeting=False) == expected
    assert holder(event, US, of_meeting=True) == "meeting"


def test_a_fiscal_year_begins_in_april() -> None:
    """The seminar of 10 February belongs to the year before."""
    assert year_of(date(2027, 2, 10), fiscal=False) == 2027
    assert year_of(date(2027, 3, 31), fiscal=True) == 2026
    assert year_of(date(2027, 4, 1), fiscal=True) == 2027


def test_the_figures_of_each_year() -> None:
    """What was cancelled is counted as that alone, and who attends a meeting is no guest of a seminar."""
    held = (
        Held(date(2026, 10, 22), "ours", False, 60, 57),
        Held(date(2026, 11, 5), "with others", False, 40, 0),
        Held(date(2026, 12, 1), "ours", True, 9, 0),
        Held(date(2027, 2, 10), "ours", False, 30, 0),
        Held(date(2027, 2, 12), "meeting", False, 8, 8),
    )
    assert event_figures(held, fiscal=False) == (
        YearFigures(2026, 1, 1, 0, 1, 100, 57),
        YearFigures(2027, 1, 0, 1, 0, 30, 0),
    )
    assert event_figures(held, fiscal=True) == (YearFigures(2026, 2, 1, 1, 1, 130, 57),)
    assert event_figures((), fiscal=True) == ()
