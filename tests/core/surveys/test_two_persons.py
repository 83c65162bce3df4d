"""Which acts need a second person, who that may be, and when an act makes no sense any more (ballot.md section 14)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import get_args

import pytest

from mailbot.core.members.audience import Selector
from mailbot.core.office.journal_line import COMMAND_LINE
from mailbot.core.surveys.survey import Resolution, Share, Survey
from mailbot.core.surveys.two_persons import (
    Act,
    NobodyElse,
    OneIsEnough,
    SecondNeeded,
    SurveyState,
    distinct,
    may_decide,
    opening_waits_for,
    out_of_place,
    persons_needed,
)

A, B, C = "a@example.jp", "b@example.jp", "c@example.jp"
PLAIN = Survey(
    "S26-014",
    "調査",
    Selector(everyone=True),
    datetime(2026, 6, 18, tzinfo=UTC),
    datetime(2026, 7, 2, tzinfo=UTC),
    (),
)
HALF = Share(1, 2, "electorate", more_than=True)
RESOLUTION = replace(PLAIN, resolution=Resolution(date(2026, 6, 1), "規約第12条", HALF, (HALF,)))
SEALED = replace(PLAIN, mode="sealed")
DRAFTED = replace(PLAIN, approvers=(A,))
ACTS: tuple[Act, ...] = get_args(Act)


@pytest.mark.parametrize("act", ACTS)
def test_a_resolution_needs_two_for_everything(act: Act) -> None:
    """Every other person of the office may be the second; where nobody else is named, one acts and it is written down."""
    assert persons_needed(RESOLUTION, act, (A, B, C), asked_by=A) == SecondNeeded((B, C))
    assert persons_needed(RESOLUTION, act, (A, B), asked_by=COMMAND_LINE) == SecondNeeded((A, B))
    assert persons_needed(RESOLUTION, act, (A,), asked_by=COMMAND_LINE) == NobodyElse()
    assert persons_needed(RESOLUTION, act, (A, "A@Example.JP"), asked_by=A) == NobodyElse()


@pytest.mark.parametrize("act", ACTS)
def test_another_survey_needs_two_only_to_destroy_and_to_open_with_approvers(act: Act) -> None:
    """One person's word is enough for all else."""
    assert persons_needed(PLAIN, act, (A, B), asked_by=A) == OneIsEnough()
    sealed = SecondNeeded((B,)) if act == "destroy" else OneIsEnough()
    assert persons_needed(SEALED, act, (A, B), asked_by=A) == sealed
    drafted = SecondNeeded((A,)) if act == "open" else OneIsEnough()
    assert persons_needed(DRAFTED, act, (B,), asked_by=B) == drafted


@pytest.mark.parametrize(
    ("survey", "people", "waits_for"),
    [
        (PLAIN, (A, B), ()),
        (DRAFTED, (B,), (A,)),
        (RESOLUTION, (B,), ()),
        (RESOLUTION, (A, B), (A, B)),
        (replace(RESOLUTION, approvers=(C,)), (A, B), (C,)),
    ],
)
def test_what_an_opening_by_plan_waits_for(
    survey: Survey, people: tuple[str, ...], waits_for: tuple[str, ...]
) -> None:
    """The approvers, else the office, where two persons are needed; nobody once one of them has approved."""
    assert opening_waits_for(survey, people, approved=False) == waits_for
    assert opening_waits_for(survey, people, approved=True) == ()


def test_a_draft_that_was_sent_back_does_not_open() -> None:
    """Also where no rule had asked for approval: whoever was asked has said no."""
    assert opening_waits_for(PLAIN, (A,), approved=False, sent_back=True) == (A,)
    assert opening_waits_for(PLAIN, (A,), approved=True, sent_back=True) == ()


@pytest.mark.parametrize(
    ("survey", "act", "address", "may"),
    [
        (RESOLUTION, "close", B, True),
        (RESOLUTION, "close", "B@EXAMPLE.jp", True),
        (RESOLUTION, "close", A, False),
        (RESOLUTION, "close", "A@EXAMPLE.jp", False),
        (RESOLUTION, "close", C, False),
        (replace(RESOLUTION, approvers=(C,)), "open", C, True),
        (replace(RESOLUTION, approvers=(C,)), "open", B, False),
        (replace(RESOLUTION, approvers=(C,)), "close", C, False),
    ],
)
def test_who_may_approve(survey: Survey, act: Act, address: str, may: bool) -> None:
    """One of those who were asked, and never the asker, however his address is spelt."""
    assert may_decide(survey, act, (A, B), asked_by=A, address=address) is may


@pytest.mark.parametrize(
    ("act", "fits"),
    [
        ("open", {"planned"}),
        ("close", {"open"}),
        ("extend", {"open"}),
        ("publish", {"closed"}),
        ("destroy", {"closed"}),
        ("admit", {"open", "closed"}),
    ],
)
def test_when_an_act_makes_sense(act: Act, fits: set[str]) -> None:
    """A result is published once, and nothing is done in a state that has gone by."""
    states: tuple[SurveyState, ...] = get_args(SurveyState)
    assert {state for state in states if not out_of_place(act, state, published=False)} == fits
    assert out_of_place("publish", "closed", published=True)


def test_one_mailbox_is_one_person() -> None:
    """Two spellings of it are not two."""
    assert distinct((A, B, "A@example.JP")) == (A, B)
