"""The count of a survey: a pure function of its votes (promises.md I19)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from mailbot.core.reading.grammar.printed_options import choice_count, yesno_values
from mailbot.core.surveys.ballot import answer_words
from mailbot.core.surveys.survey import Answer, Answers, Question, Survey
from mailbot.core.surveys.vote import applies

NONE = "none"  # 無回答: asked, and no answer given
NOT_ASKED = "not_asked"  # 非該当: the question's condition does not hold
ANSWERED = "answered"  # a number, a date or words were given

_WORDS = {
    "ja": {NONE: "無回答", NOT_ASKED: "非該当", ANSWERED: "お答えあり"},
    "en": {NONE: "no answer", NOT_ASKED: "not asked", ANSWERED: "answered"},
}


@dataclass(frozen=True)
class Vote:
    """What one elector answered, as it counts."""

    code: str | None  # of the body; None: nobody can tell any more whose it is (a closed sealed survey)
    answers: Answers
    ballot_id: int | None = None  # tells the persons of one body apart, where each has a vote


def tally(survey: Survey, votes: Iterable[Answers]) -> dict[str, dict[str, int]]:
    """Return for each question how many votes chose each option, and how many gave no answer ("none").

    yesno counts "yes", "no" and "abstain"; number, date and text count "answered". A vote for which the question's
    condition does not hold is left out of that question's base.
    """
    counts = {question.id: dict.fromkeys(columns_of(question), 0) for question in survey.questions}
    for vote in votes:
        for question in survey.questions:
            for column in counted_in(survey, question, vote):
                if column != NOT_ASKED:
                    # Somebody wrote a column into the table that is not on the ballot: the sums and a recount show it.
                    counts[question.id][column] = counts[question.id].get(column, 0) + 1
    return counts


def columns_of(question: Question) -> tuple[str, ...]:
    """Return the columns in which a question's answers are counted, "none" last."""
    match question.type:
        case "single" | "multi" | "rating":
            return (*(str(number) for number in range(1, choice_count(question) + 1)), NONE)
        case "yesno":
            return ("yes", "no", "abstain", NONE)
        case "number" | "date" | "text":
            return (ANSWERED, NONE)


def counted_in(survey: Survey, question: Question, vote: Answers) -> tuple[str, ...]:
    """Return the columns in which one vote counts: several for a multi-select, "not_asked" alone outside the base."""
    if not applies(survey, question, vote):
        return (NOT_ASKED,)
    answer = vote.get(question.id)
    if answer is None or answer == ():
        return (NONE,)
    if isinstance(answer, tuple):
        return answer
    return (answer,) if question.type == "yesno" else (ANSWERED,)


def column_words(question: Question, column: str, language: Literal["ja", "en"] = "ja") -> str:
    """Return what a column counts: the option's label, 無回答, 非該当, お答えあり."""
    if column in _WORDS[language]:
        return _WORDS[language][column]
    answer: Answer = column if question.type == "yesno" else (column,)
    return answer_words(question, answer, language) or column


def column_head(question: Question, column: str, language: Literal["ja", "en"] = "ja") -> str:
    """Return a column's words with the number under which the ballot prints its option: 1. 利用している."""
    words = column_words(question, column, language)
    number = column if column.isdigit() else ""
    if question.type == "yesno":
        values = yesno_values(question)
        number = str(values.index(column) + 1) if column in values else ""
    return words if not number or words == number else f"{number}. {words}"
