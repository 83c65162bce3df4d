"""The count of a survey."""

from __future__ import annotations

from dataclasses import replace

from mailbot.core.surveys.survey import Answers, Question
from mailbot.core.surveys.tally import tally
from tests.mails.standard import STANDARD


def test_every_option_has_its_row() -> None:
    """All options stand in the tally, also with nobody."""
    assert tally(STANDARD, []) == {
        "Q1": {"1": 0, "2": 0, "3": 0, "none": 0},
        "Q2": {"1": 0, "2": 0, "3": 0, "4": 0, "none": 0},
        "Q3": {"answered": 0, "none": 0},
    }


def test_conditions_decide_the_base() -> None:
    """A vote for which a question's condition does not hold is not in that question's base."""
    votes: list[Answers] = [
        {"Q1": ("2",), "Q2": ("1", "3"), "Q3": "あり"},
        {"Q1": ("1",), "Q2": ("1",)},
        {"Q1": ("2",), "Q2": None},
        {},
    ]
    assert tally(STANDARD, votes) == {
        "Q1": {"1": 1, "2": 2, "3": 0, "none": 1},
        "Q2": {"1": 1, "2": 0, "3": 1, "4": 0, "none": 1},
        "Q3": {"answered": 1, "none": 3},
    }


def test_each_type_is_counted_in_its_own_columns() -> None:
    """A yes/no question counts its three values, a rating its scale, number and date whether there is an answer."""
    questions = (
        Question("Q1", "賛否", "yesno"),
        Question("Q2", "満足度", "rating"),
        Question("Q3", "台数", "number", when=(("Q1", ("1",)),)),
        Question("Q4", "予定日", "date"),
    )
    votes: list[Answers] = [
        {"Q1": "yes", "Q2": ("4",), "Q3": "0", "Q4": "2026-07-02"},
        {"Q1": "no", "Q3": "5"},
        {"Q1": "abstain"},
    ]
    assert tally(replace(STANDARD, questions=questions), votes) == {
        "Q1": {"yes": 1, "no": 1, "abstain": 1, "none": 0},
        "Q2": {"1": 0, "2": 0, "3": 0, "4": 1, "5": 0, "none": 2},
        "Q3": {"answered": 1, "none": 0},
        "Q4": {"answered": 1, "none": 2},
    }
