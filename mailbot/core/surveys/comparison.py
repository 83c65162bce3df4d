"""Last year's same question beside this year's: only what was asked alike is compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from mailbot.core.reading.grammar.printed_options import printed_options
from mailbot.core.surveys.survey import Answers, Question, Survey
from mailbot.core.surveys.tally import NONE, columns_of, tally
from mailbot.core.surveys.vote import applies


@dataclass(frozen=True)
class Before:
    """The same question of the earlier survey."""

    base: int
    counts: Mapping[str, int]  # column of the tally -> bodies

    def change(self, column: str, count: int, base: int) -> Fraction | None:
        """Return how many points the share rose (exact); None when one of the bases is 0."""
        if not base or not self.base:
            return None
        return 100 * (Fraction(count, base) - Fraction(self.counts[column], self.base))


@dataclass(frozen=True)
class NotComparable:
    """Why a question cannot be compared with the earlier survey."""

    # No such question; another type; other labels; not counted
    reason: Literal["new", "type", "options", "text"]


Comparison = Before | NotComparable


def compare(survey: Survey, earlier: Survey, votes: Sequence[Answers]) -> dict[str, Comparison]:
    """Return for each question what the earlier survey (its counted votes) says of it.

    Compared are questions of the same id, type and option labels; free answers have nothing to compare.
    """
    counts = tally(earlier, votes)
    return {
        question.id: _compared(question, earlier, votes, counts.get(question.id, {}))
        for question in survey.questions
    }


def _compared(
    question: Question, earlier: Survey, votes: Sequence[Answers], counts: Mapping[str, int]
) -> Comparison:
    same = next((other for other in earlier.questions if other.id == question.id), None)
    if same is None:
        return NotComparable("new")
    if same.type != question.type:
        return NotComparable("type")
    if question.type in {"text", "number", "date"}:
        return NotComparable("text")
    if printed_options(same) != printed_options(question) or columns_of(same) != columns_of(question):
        return NotComparable("options")
    base = sum(applies(earlier, same, vote) for vote in votes)
    return Before(base, {column: count for column, count in counts.items() if column != NONE})
