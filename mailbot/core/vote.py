"""Whether a reading counts, and what a body's vote is after it: the decision table of ballot.md section 8."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from mailbot.core.answer import EXPLANATIONS, yesno_values
from mailbot.core.reply import HOLDS
from mailbot.core.survey import Answer, Answers, Problem, Question, Reading, Survey

Status = Literal["counted", "partial", "held", "late", "withdrawn", "declined", "ignored"]


@dataclass(frozen=True)
class Verdict:
    """What becomes of one reply."""

    status: Status
    answers: Answers = field(default_factory=dict)  # the body's whole vote as it stands after this reply
    problems: tuple[Problem, ...] = ()  # what is asked back
    reason: str = ""  # one sentence for the office
    acknowledge: bool = False  # the sender gets a receipt
    ask: bool = False  # the sender is asked to answer (again), in the receipt or in a mail of its own
    outside: tuple[
        str, ...
    ] = ()  # 非該当: answered although their condition does not hold; kept, not in the base


def weigh(
    survey: Survey, previous: Answers | None, reading: Reading, *, late: bool, automatic: bool
) -> Verdict:
    """Decide what one reply does to a body's vote (ballot.md section 8, column Survey).

    `previous`: the vote that counts so far, None if there is none; `late`: received after the close; `automatic`: an
    automatic reply by ballot.md section 13, which never counts.
    """
    before = dict(previous or {})
    if automatic:
        return _automatic(before, reading)
    if late:
        merged = _merged(before, reading)
        return Verdict("late", merged, reading.problems, "期限後に届きました", acknowledge=True)
    if reading.hold is not None:
        return _held(previous, reading)
    match reading.command:
        case "withdraw":
            return Verdict("withdrawn", {}, (), "取下げの申し出がありました", acknowledge=True)
        case "decline":
            return Verdict("declined", {}, (), "回答しないとの申し出がありました", acknowledge=True)
        case "resend" | "contact" | "help" if not reading.answers and not reading.problems:
            return Verdict("ignored", before, (), f"お答えではなく依頼でした（{_REQUESTS[reading.command]}）")
    if not reading.answers and not reading.problems:
        return Verdict("ignored", before, (), "お答えの変更はありませんでした")
    return _counted(survey, before, reading)


_REQUESTS = {"resend": "回答票の再送", "contact": "担当変更", "help": "使い方の問い合わせ"}


def _automatic(before: dict[str, Answer], reading: Reading) -> Verdict:
    if any(answer is not None for answer in reading.answers.values()):
        return Verdict("held", before, (), "自動応答と思われるメールに、記入のある回答欄がありました")
    return Verdict("ignored", before, (), "自動応答でした")


def _held(previous: Answers | None, reading: Reading) -> Verdict:
    assert reading.hold is not None
    if reading.hold == "untouched" and previous is not None:
        return Verdict("ignored", dict(previous), (), "お答えの変更はありませんでした")
    reason = HOLDS[reading.hold]
    return Verdict("held", dict(previous or {}), reading.problems, reason, ask=reading.ask)


def _counted(survey: Survey, before: dict[str, Answer], reading: Reading) -> Verdict:
    """Count what is understood; ask back what is not, and what is required and still missing."""
    merged = _merged(before, reading)
    asked = {problem.question for problem in reading.problems}
    missing = tuple(
        Problem(question.id, "required", EXPLANATIONS["ja"]["required"])
        for question in survey.questions
        if question.required
        and question.id not in asked
        and merged.get(question.id) is None
        and applies(survey, question, merged)
    )
    problems = reading.problems + missing
    outside = tuple(
        question.id
        for question in survey.questions
        if merged.get(question.id) is not None and not applies(survey, question, merged)
    )
    if problems:
        unread = "、".join(dict.fromkeys(problem.question or "本文" for problem in problems))
        reason = f"{unread} を除いて数えました"
        return Verdict("partial", merged, problems, reason, acknowledge=True, ask=True, outside=outside)
    return Verdict("counted", merged, (), "お答えを数えました", acknowledge=True, outside=outside)


def _merged(before: dict[str, Answer], reading: Reading) -> dict[str, Answer]:
    """Replace the answers that the reply states; None (a slot emptied on purpose) takes an answer away."""
    return before | dict(reading.answers)


def applies(survey: Survey, question: Question, answers: Answers) -> bool:
    """Say whether a question's condition holds for these answers (「Q1が2の方のみ」)."""
    return all(
        bool(_numbers(survey.question(other), answers.get(other)).intersection(numbers))
        for other, numbers in question.when
    )


def _numbers(question: Question, answer: Answer) -> set[str]:
    """Return an answer as option numbers; a yes/no answer also by its name."""
    if answer is None:
        return set()
    if isinstance(answer, tuple):
        return set(answer)
    if question.type == "yesno":
        values = yesno_values(question)
        return {answer} | ({str(values.index(answer) + 1)} if answer in values else set())
    return {answer}
