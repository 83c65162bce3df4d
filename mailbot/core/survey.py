"""What a survey is: its questions, the values that answers take, and the votes that count (ballot.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from mailbot.core.audience import Selector

QuestionType = Literal["single", "multi", "yesno", "number", "date", "text", "rating"]
Mode = Literal["named", "aggregate", "sealed"]

# single, multi, rating: the chosen option numbers as printed, ("2",) or ("1", "3"); yesno: "yes", "no" or "abstain";
# number: a plain decimal string; date: "YYYY-MM-DD"; text: the member's own words; None: no answer.
Answer = tuple[str, ...] | str | None
Answers = Mapping[str, Answer]  # question id -> answer; a question that is absent was not touched


@dataclass(frozen=True)
class Question:
    """One question of a survey."""

    id: str  # Q1, Q2, ... in order
    text: str
    type: QuestionType
    options: tuple[str, ...] = ()  # labels; option n is printed as "n."; rating: 1..5 by default
    required: bool = False
    when: tuple[tuple[str, tuple[str, ...]], ...] = ()  # asked only if each (question, option numbers) holds


@dataclass(frozen=True)
class Reminder:
    """When those who have not answered are reminded; either a written time or one relative to the close."""

    at: datetime | None = None
    business_days_before_close: int | None = None
    time: str = "09:00"  # HH:MM for the relative form


@dataclass(frozen=True)
class Survey:
    """One survey as the secretariat defined it. Times are aware, in the configured zone."""

    key: str  # S26-014
    title: str
    audience: Selector
    opens: datetime
    closes: datetime
    questions: tuple[Question, ...]
    reminders: tuple[Reminder, ...] = ()
    mode: Mode = "aggregate"
    publish_to: Literal["audience", "office", "nobody"] = "audience"
    purpose: str = ""  # 【調査の趣旨】, free lines
    contact: str = ""  # 【お問い合わせ】, free lines

    def question(self, question_id: str) -> Question:
        """Return the question with this id (KeyError if there is none)."""
        for question in self.questions:
            if question.id == question_id:
                return question
        raise KeyError(question_id)


@dataclass(frozen=True)
class Problem:
    """Something in a reply that was not understood; its text is a sentence for the member."""

    question: str | None  # None: the reply as a whole
    kind: str  # a short code: "out-of-range", "two-choices", "garbled", ...
    text: str
    suggested: tuple[
        str, ...
    ] = ()  # what may have been meant ("13": 1 and 3); counts only after the member's はい


Command = Literal["withdraw", "resend", "decline", "contact", "help"]


@dataclass(frozen=True)
class Reading:
    """What one reply says, before anyone decides whether it counts (ballot.md sections 6 to 8)."""

    answers: Answers = field(
        default_factory=dict
    )  # only what this reply states; None: a filled slot was emptied
    remarks: Mapping[str, str] = field(default_factory=dict)  # words after a clear choice
    flags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    # "approximate" (約), "year-assumed" (a date without its year), "read" (from deleted option lines: confirm it)
    problems: tuple[Problem, ...] = ()
    command: Command | None = None
    detail: str = ""  # what follows the command on its line (担当変更: the new person and address)
    hold: str | None = (
        None  # a reason (short code, reply.HOLDS) why nothing of this reply may count without a person
    )
    ask: bool = False  # a held reply whose sender is asked again (H) rather than left to the office (D)
