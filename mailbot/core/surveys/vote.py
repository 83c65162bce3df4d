"""Whether a reading counts, and what a body's vote is after it: the decision table of ballot.md section 8."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Literal

from mailbot.core.calendar import Language
from mailbot.core.frozen import frozen
from mailbot.core.reading.findings import HOLDS
from mailbot.core.reading.grammar.printed_options import yesno_values
from mailbot.core.reading.grammar.remark import mentions_condition
from mailbot.core.reading.grammar.understood import EXPLANATIONS
from mailbot.core.surveys.survey import Answer, Answers, Command, Problem, Question, Reading, Survey

UNREAD = "8 unread"  # rule: nothing of what a reply says was understood
FILLED_BY_MACHINE = "13 filled"  # rule: an automatic mail that holds a filled slot
Status = Literal["counted", "partial", "held", "late", "withdrawn", "declined", "ignored"]
WaitsFor = Literal["", "primary", "office"]


@frozen
class Verdict:
    """What becomes of one reply."""

    status: Status
    answers: Answers = field(default_factory=dict)  # the body's whole vote as it stands after this reply
    problems: tuple[Problem, ...] = ()  # what is asked back
    reason: str = ""  # one sentence for the office, and for the member whose reply is held
    acknowledge: bool = False  # the sender gets a receipt
    ask: bool = False  # the sender is asked to answer (again), in the receipt or in a mail of its own
    # Questions 非該当: answered although their condition does not hold; kept, not in the base
    outside: tuple[str, ...] = ()
    written: str = ""  # the words that are the reason for holding it, for the receipt alone (survey.Reading)
    rule: str = ""  # which rule decided, for the ledger: the section of ballot.md and a word
    waits_for: WaitsFor = ""  # whose word a held reply needs


def weigh(
    survey: Survey,
    previous: Answers | None,
    reading: Reading,
    *,
    late: bool,
    automatic: bool,
    language: Language = "ja",
) -> Verdict:
    """Decide what one reply does to a body's vote (ballot.md section 8; a resolution has the stricter column).

    `previous`: the vote that counts so far, None if there is none; `late`: received after the close; `automatic`: an
    automatic reply by ballot.md section 13, which never counts.
    """
    before, words = dict(previous or {}), REASONS[language]
    if automatic:
        return _automatic(before, reading, words)
    if late:
        merged = _merged(before, reading)
        return Verdict("late", merged, reading.problems, words["late"], acknowledge=True, rule="14 late")
    if reading.hold is not None:
        return _held(previous, reading, language)
    match reading.command:
        case "withdraw":
            return Verdict("withdrawn", {}, (), words["withdraw"], acknowledge=True, rule="7 withdraw")
        case "decline":
            return Verdict("declined", {}, (), words["decline"], acknowledge=True, rule="7 decline")
        case str() as command if not reading.answers and not reading.problems:
            return Verdict("ignored", before, (), words["request"].format(words[command]), rule="7 request")
    if not reading.answers and not reading.problems:
        return Verdict("ignored", before, (), words["unchanged"], rule="4 unchanged")
    if survey.resolution is not None and (held := _not_for_a_resolution(before, reading, words)) is not None:
        return held
    return _counted(survey, before, reading, language)


REASONS: Mapping[Language, Mapping[str | Command, str]] = {
    "ja": {
        "late": "期限後に届きました",
        "withdraw": "取下げの申し出がありました",
        "decline": "回答しないとの申し出がありました",
        "request": "お答えではなく依頼でした（{}）",
        "resend": "回答票の再送",
        "form": "回答様式の請求",
        "contact": "担当変更",
        "help": "使い方の問い合わせ",
        "approve": "承認",
        "replace": "差替",
        "keep": "そのまま",
        "proxy": "委任",
        "unchanged": "お答えの変更はありませんでした",
        "machine": "自動応答でした",
        "machine-filled": "自動応答と思われるメールに、記入のある回答欄がありました",
        "counted": "お答えを数えました",
        "except": "{} を除いて数えました",
        "body": "本文",
        "conditional": "条件の付いた賛否は、賛成にも反対にも数えられません。議長と事務局が取扱いを決めます",
        "neither": "お書きになった言葉を、賛成・反対・棄権のどれとも読み取れません",
        "unread": "お書きになったお答えを読み取れませんでした",
        "unclear": "読み取れない議案があるため、どの議案も数えておりません",
        "read": "残された選択肢だけでは、表決として数えられません。番号でお答えください",
    },
    "en": {
        "late": "it came after the close",
        "withdraw": "the answer was withdrawn",
        "decline": "the body declined to answer",
        "request": "it was a request, not an answer ({})",
        "resend": "a fresh ballot",
        "form": "the form",
        "contact": "a change of contact",
        "help": "help",
        "approve": "approval",
        "replace": "replacement",
        "keep": "leave it as it is",
        "proxy": "a proxy",
        "unchanged": "nothing in the answers was changed",
        "machine": "it was an automatic reply",
        "machine-filled": "a mail that seems automatic holds a filled answer slot",
        "counted": "the answers were counted",
        "except": "all but {} were counted",
        "body": "the text",
        "conditional": "a vote with a condition counts neither for nor against; the chair and the office decide about it",
        "neither": "what you wrote could be read neither as a vote for or against nor as an abstention",
        "unread": "what you wrote could not be read as an answer",
        "unclear": "one of the motions could not be read, so none of them was counted",
        "read": "an option that was left standing is no vote; please answer with a number",
    },
}


def _automatic(before: dict[str, Answer], reading: Reading, words: Mapping[str, str]) -> Verdict:
    if any(answer is not None for answer in reading.answers.values()):
        return Verdict(
            "held", before, (), words["machine-filled"], rule=FILLED_BY_MACHINE, waits_for="office"
        )
    return Verdict("ignored", before, (), words["machine"], rule="13 automatic")


def _held(previous: Answers | None, reading: Reading, language: Language) -> Verdict:
    assert reading.hold is not None
    if reading.hold == "untouched" and previous is not None:
        return Verdict("ignored", dict(previous), (), REASONS[language]["unchanged"], rule="4 unchanged")
    return Verdict(
        "held",
        dict(previous or {}),
        reading.problems,
        HOLDS[language][reading.hold],
        ask=reading.ask,
        written=reading.written,
        rule=f"8 {reading.hold}",
        waits_for="" if reading.ask else "office",
    )


def _not_for_a_resolution(
    before: dict[str, Answer], reading: Reading, words: Mapping[str, str]
) -> Verdict | None:
    """Hold a whole reply of which one motion is unclear: the column Resolution of ballot.md section 8.

    A motion left blank is no vote and harms no other; that is `_counted`'s.
    """
    kinds = {problem.kind for problem in reading.problems}
    if "conditional" in kinds:
        said = [problem.written for problem in reading.problems if problem.kind == "conditional"]
        # 「賛成できない」 is held for the office as well, and has no condition.
        reason = words["conditional" if any(map(_has_condition, said)) else "neither"]
        return Verdict("held", before, reading.problems, reason, rule="8 conditional", waits_for="office")
    if kinds:
        return Verdict("held", before, reading.problems, words["unclear"], ask=True, rule="8 unclear")
    if any("read" in flags for flags in reading.flags.values()):
        return Verdict("held", before, (), words["read"], ask=True, rule="8 lines-left")
    return None


def _has_condition(written: str) -> bool:
    """Say whether the words of a vote set a condition; where the words are not known, assume that they do."""
    return not written or mentions_condition(written)


def _counted(survey: Survey, before: dict[str, Answer], reading: Reading, language: Language) -> Verdict:
    """Count what is understood; ask back what is not, and what is required and still missing.

    Of a reply in which nothing is understood nothing is accepted; it is partial all the same (P in ballot.md section 8).
    """
    merged, words = _merged(before, reading), REASONS[language]
    asked = {problem.question for problem in reading.problems}
    missing = tuple(
        Problem(question.id, "required", EXPLANATIONS[language]["required"])
        for question in survey.questions
        if question.required
        and question.id not in asked
        and merged.get(question.id) is None
        and applies(survey, question, merged)
    )
    unread = tuple(each for each in reading.problems if not _is_not_asked(survey, each, merged))
    problems = unread + missing
    outside = tuple(
        question.id
        for question in survey.questions
        if merged.get(question.id) is not None and not applies(survey, question, merged)
    )
    if not problems:
        return Verdict(
            "counted", merged, (), words["counted"], acknowledge=True, outside=outside, rule="8 counted"
        )
    asked_back = "、".join(dict.fromkeys(problem.question or words["body"] for problem in problems))
    nothing = bool(unread) and not reading.answers
    return Verdict(
        "partial",
        merged,
        problems,
        words["unread"] if nothing else words["except"].format(asked_back),
        acknowledge=True,
        ask=True,
        outside=outside,
        rule=UNREAD if nothing else "8 partial",
    )


def _is_not_asked(survey: Survey, problem: Problem, answers: Answers) -> bool:
    """Say whether 「該当なし」 or 「なし」 was written to a question whose condition plainly does not hold: it is no answer.

    Nor is 「未定」 for a day that need not be named, where no earlier day stands and something else is answered.
    """
    if problem.kind not in {"not-concerned", "none-of-these", "no-value"} or not problem.question:
        return False
    question = survey.question(problem.question)
    if question.type == "date" and not question.required and not question.when:
        return answers.get(question.id) is None and any(answer is not None for answer in answers.values())
    settled = all(answers.get(other) is not None for other, _ in question.when)
    return settled and not applies(survey, question, answers)


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
