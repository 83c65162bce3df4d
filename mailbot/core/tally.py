"""The count of a survey: a pure function of its votes (promises.md I19)."""

from __future__ import annotations

from collections.abc import Iterable

from mailbot.core.answer import choice_count
from mailbot.core.survey import Answer, Answers, Question, Survey
from mailbot.core.vote import applies


def tally(survey: Survey, votes: Iterable[Answers]) -> dict[str, dict[str, int]]:
    """Return for each question how many votes chose each option, and how many gave no answer ("none").

    yesno counts "yes", "no" and "abstain"; number, date and text count "answered". A vote for which the question's
    condition does not hold is left out of that question's base.
    """
    counts = {question.id: dict.fromkeys(_rows(question), 0) for question in survey.questions}
    for vote in votes:
        for question in survey.questions:
            if applies(survey, question, vote):
                for row in _counted_in(question, vote.get(question.id)):
                    counts[question.id][row] += 1
    return counts


def _rows(question: Question) -> tuple[str, ...]:
    match question.type:
        case "single" | "multi" | "rating":
            return (*(str(number) for number in range(1, choice_count(question) + 1)), "none")
        case "yesno":
            return ("yes", "no", "abstain", "none")
        case "number" | "date" | "text":
            return ("answered", "none")


def _counted_in(question: Question, answer: Answer) -> tuple[str, ...]:
    """Return the rows in which one answer counts."""
    if answer is None or answer == ():
        return ("none",)
    if isinstance(answer, tuple):
        return answer
    return (answer,) if question.type == "yesno" else ("answered",)
