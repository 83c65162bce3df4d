"""Last year's same question: what is compared, and what is said not to be comparable."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from mailbot.core.surveys.comparison import Before, NotComparable, compare
from mailbot.core.surveys.survey import Answers, Question
from tests.mails.standard import STANDARD

VOTES: list[Answers] = [{"Q1": ("1",)}, {"Q1": ("2",), "Q2": ("1", "2")}, {"Q1": ("2",)}, {}]


def test_the_same_question_is_compared_with_its_own_base() -> None:
    """Both bases count who was asked; the change is exact, in points."""
    before = compare(STANDARD, replace(STANDARD, key="S25-010"), VOTES)
    assert before["Q1"] == Before(4, {"1": 1, "2": 2, "3": 0})
    assert before["Q2"] == Before(2, {"1": 1, "2": 1, "3": 0, "4": 0})
    assert isinstance(before["Q1"], Before)
    assert before["Q1"].change("1", 2, 3) == Fraction(200, 3) - 25
    assert before["Q1"].change("1", 0, 0) is None


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        (Question("Q9", "別の問い", "single", ("甲", "乙")), "new"),
        (Question("Q1", "問い", "multi", STANDARD.questions[0].options), "type"),
        (Question("Q1", "問い", "single", ("利用している", "利用していない", "検討していない")), "options"),
        (Question("Q3", "ご意見", "text"), "text"),
    ],
)
def test_what_was_asked_otherwise_is_not_compared(question: Question, reason: str) -> None:
    """Another type or another label makes another question, whatever its id; words have nothing to compare."""
    survey = replace(STANDARD, questions=(question,))
    assert compare(survey, STANDARD, VOTES) == {question.id: NotComparable(reason)}  # type: ignore[arg-type]
