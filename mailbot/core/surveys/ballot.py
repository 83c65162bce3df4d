"""The ballot as text: question lines, options and slots that survive quoting and are never an answer (ballot.md 1 to 4)."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache

from mailbot.core.calendar import Language, japanese_date
from mailbot.core.mail.wrap import COLUMNS, NARROWEST, wrap
from mailbot.core.mail.wrap import columns as columns_of
from mailbot.core.reading.grammar.printed_options import printed_options, yesno_values
from mailbot.core.reading.statements.command import command_of
from mailbot.core.reading.statements.named_answer import looks_like_answer
from mailbot.core.reading.text.tidy import tidy
from mailbot.core.surveys.survey import Answer, Answers, Question, Survey

# Columns of our lines, by what a gateway leaves alone (core/surveys/gateway.py)
WIDTHS = (COLUMNS, 60, 50, NARROWEST)
_HINTS: dict[Language, dict[str, str]] = {
    "ja": {
        "single": "1つ",
        "multi": "いくつでも",
        "yesno": "1つ",
        "rating": "1から{count}の数字1つ",
        "number": "数字",
        "date": "日付",
        "text": "ご自由に",
    },
    "en": {
        "single": "one",
        "multi": "any number",
        "yesno": "one",
        "rating": "one number, 1 to {count}",
        "number": "a number",
        "date": "a date",
        "text": "in your own words",
    },
}
_EMPTY_OK = {"ja": "。空欄でもかまいません", "en": "; may stay blank"}
FREE = frozenset({"number", "date", "text"})  # types of question without options


def ballot_lines(
    survey: Survey,
    reference: str,
    edition: int,
    *,
    answers: Answers | None = None,
    only: frozenset[str] | None = None,
    language: Language = "ja",
    columns: int = COLUMNS,
) -> tuple[str, ...]:
    """Return the lines from ★★ 回答欄 ここから ★★ to ★★ 回答欄 ここまで ★★ (ballot.md sections 2 to 4).

    `answers` fills the slots (an acknowledgement); `only` names the questions to print (an ask-back); no line is wider than
    `columns`.
    """
    answers = answers or {}
    lines = _first_lines(reference, edition, language, columns)
    asked = [question for question in survey.questions if only is None or question.id in only]
    for place, question in enumerate(asked):
        lines += [""] if place else []
        lines += (
            _question_lines(question, answers.get(question.id), language, columns)
            if survey.resolution is None
            else _motion_lines(question, answers.get(question.id), language, columns)
        )
    if survey.resolution is not None:
        lines += _signature_lines(language, columns)
    lines.append("★★ 回答欄 ここまで ★★" if language == "ja" else "** ANSWERS END **")
    return tuple(lines)


def _first_lines(reference: str, edition: int, language: Language, columns: int) -> list[str]:
    """Return the line that begins the ballot and the one with its reference; narrow ones are our own, not a gateway's."""
    if language == "ja":
        mark, keep, number = (
            "★★ 回答欄 ここから ★★",
            "（この行は残してください）",
            f"受付番号 {reference} 第{edition}版",
        )
        return [mark + keep, number] if columns_of(mark + keep) <= columns else [mark, keep, number]
    mark, keep, number = "** ANSWERS START **", "(please keep this line)", f"Ref {reference} v{edition}"
    if columns >= COLUMNS:
        return [f"{mark} {keep}   {number}"]
    return [f"{mark} {keep}", number] if columns_of(f"{mark} {keep}") <= columns else [mark, keep, number]


def _question_lines(question: Question, answer: Answer, language: Language, columns: int) -> list[str]:
    return [*asking_lines(question, language, columns), *_slot_lines(question, answer, language, columns)]


def _motion_lines(motion: Question, answer: Answer, language: Language, columns: int) -> list[str]:
    """Return one motion of a resolution with its options and slot: 議案1 規約第5条の改正 (ballot.md section 3)."""
    mark = f"議案{motion.id.removeprefix('Q')}" if language == "ja" else motion.id
    lines = wrapped(f"{mark} {_one_line(motion.text)}", "   ", columns)
    return [*lines, *option_lines(motion, language, columns), *_slot_lines(motion, answer, language, columns)]


def _signature_lines(language: Language, columns: int) -> list[str]:
    """Return the slot for the name of the person who votes; its hint begins with a bracket, as no name does."""
    slot, hint = (
        ("【表決者氏名】[　　　　　　]", "（代理の方は、委任の有無も）")
        if language == "ja"
        else ("[Name of voter] [            ]", "(if not the registered person: by what proxy)")
    )
    joined = f"{slot}　　{hint}" if language == "ja" else f"{slot}  {hint}"
    return [joined] if columns_of(joined) <= columns else [slot, *wrapped(f"  {hint}", "   ", columns)]


@lru_cache(maxsize=1024)
def asking_lines(question: Question, language: Language, columns: int) -> tuple[str, ...]:
    """Return the question with its hint, and one line for each option."""
    hint = answer_hint(question, language)
    asked = f"{question.id} {_one_line(question.text)}" + (
        f"（{hint}）" if language == "ja" else f" ({hint})"
    )
    return (*wrapped(asked, "   ", columns), *option_lines(question, language, columns))


def option_lines(question: Question, language: Language, columns: int) -> list[str]:
    """Return the options with their numbers; what a long one goes on with is set in."""
    lines: list[str] = []
    for number, label in enumerate(printed_options(question, language), 1):
        lines += wrapped(f"   {number}. {_one_line(label)}", "      ", columns)
    return lines


def answer_hint(question: Question, language: Language) -> str:
    """Return how to answer, in words: 1つ, いくつでも, and for whom the question is."""
    count = len(question.options) or 5
    hint = _HINTS[language][question.type].format(count=count)
    if question.type in FREE and not question.required and not question.when:
        hint += _EMPTY_OK[language]
    conditions = [
        f"{other}が{'か'.join(numbers)}" if language == "ja" else f"{other} is {' or '.join(numbers)}"
        for other, numbers in question.when
    ]
    if conditions and language == "ja":
        return f"{hint}。{'、'.join(conditions)}の方のみ"
    if conditions:
        return f"{hint}; only if {' and '.join(conditions)}"
    return hint


def _slot_lines(question: Question, answer: Answer, language: Language, columns: int) -> list[str]:
    """Return the slot, empty or filled with the answer and its words."""
    number = question.id.removeprefix("Q")
    mark = f"【Q{number}回答】" if language == "ja" else f"[Q{number} answer] "
    if answer is None or answer == ():
        return [mark + ("[　　]" if language == "ja" else "[    ]")]
    if question.type == "text":
        assert isinstance(answer, str)
        return _wrapped_text(mark, answer, columns)
    value = slot_value(question, answer)
    words = answer_words(question, answer, language)
    filled = f"{mark}[ {value} ]"
    if not words or words == value:
        return [filled]
    filled += f"{'　' if language == 'ja' else '  '}{words}"
    return list(wrap_safely(filled, columns, indent="      ", longest_word=columns - 8))


def slot_value(question: Question, answer: Answer) -> str:
    """Return what stands between the brackets for an answer: the number as printed, the figure, the date."""
    if answer is None:
        return ""
    if isinstance(answer, tuple):
        return ",".join(answer)
    if question.type == "yesno":
        values = yesno_values(question)
        return str(values.index(answer) + 1) if answer in values else _YESNO_WORDS["ja"].get(answer, answer)
    if question.type == "date":
        day = date.fromisoformat(answer)
        return f"{day.year}/{day.month}/{day.day}"
    return answer


_YESNO_WORDS: dict[Language, dict[str, str]] = {
    "ja": {"yes": "はい", "no": "いいえ", "abstain": "棄権"},
    "en": {"yes": "yes", "no": "no", "abstain": "abstain"},
}


def answer_words(question: Question, answer: Answer, language: Language) -> str:
    """Return an answer in words, as an acknowledgement shows it: 利用していない, 費用、その他; "" for no answer."""
    labels = printed_options(question, language)
    if answer is None or answer == ():
        return ""
    if isinstance(answer, tuple):
        # A rating whose steps have no names is its figure.
        named = [labels[int(number) - 1] if int(number) <= len(labels) else number for number in answer]
        return ("、" if language == "ja" else ", ").join(_one_line(label) for label in named)
    if question.type == "yesno":
        values = yesno_values(question)
        if answer in values:
            return _one_line(labels[values.index(answer)])
        return _YESNO_WORDS[language].get(answer, answer)
    if question.type == "date" and language == "ja":
        return japanese_date(date.fromisoformat(answer))
    return answer


def numbered_answers(survey: Survey, answers: Answers, language: Language) -> tuple[str, ...]:
    """Return each answer on a line, as it is written and as it is meant: Q1 1 賛成."""
    lines = []
    for question in survey.questions:
        answer = answers.get(question.id)
        if words := answer_words(question, answer, language):
            said = dict.fromkeys((question.id, _numbers(question, answer), words))
            lines.append(" ".join(part for part in said if part))
    return tuple(lines)


def _numbers(question: Question, answer: Answer) -> str:
    if isinstance(answer, tuple):
        return ",".join(answer)
    values = yesno_values(question) if question.type == "yesno" else ()
    return str(1 + values.index(answer)) if answer in values else ""


def _one_line(text: str) -> str:
    return " ".join(text.split(" ")).replace("\n", " ").replace("\r", "").strip()


def wrapped(text: str, indent: str, columns: int) -> list[str]:
    """Break a line of the ballot; a word longer than a line is cut too, since quoting would cut it anyway."""
    return list(wrap(text, columns, indent=indent, longest_word=columns - len(indent)))


_EARLIER = 12  # columns


@lru_cache(maxsize=1024)
def wrap_safely(
    line: str,
    columns: int,
    *,
    indent: str | None = None,
    longest_word: int | None = None,
    balanced: bool = False,
) -> tuple[str, ...]:
    """Break a line as `wrap` does, but so that no continuation reads as an answer or ends a mail.

    Where one would, the line is broken some columns earlier (「（Q1）」 never stands alone); where that does not help, the
    continuation gets a mark. Such lines hold words of members or of the register, so `faults` cannot refuse them beforehand.
    """
    limit = {} if longest_word is None else {"longest_word": longest_word}
    for earlier in range(0, _EARLIER, 2):
        first, *others = wrap(line, columns - earlier, indent=indent, balanced=balanced, **limit)
        if not any(_is_risky(other.lstrip(" 　")) for other in others):
            return (first, *others)
    first, *others = wrap(line, columns - 2, indent=indent, balanced=balanced, **limit)
    return (first, *(_marked(other) for other in others))


def _marked(line: str) -> str:
    text = line.lstrip(" 　")
    return f"{line[: len(line) - len(text)]}※{text}" if _is_risky(text) else line


def _wrapped_text(mark: str, text: str, columns: int) -> list[str]:
    """Return a free answer in its slot; a line of it that could be taken for something else gets a mark."""
    # 「2名」 on the slot's own line begins no line.
    if text[:1].isdigit() and not _is_risky(text) and "\n" not in text:
        whole = f"{mark}[ {text} ]"
        if columns_of(whole) <= columns - 2:
            return [whole]
    written = [line.strip(" \t\r　") for line in text.splitlines()]
    written = [_harmless(line) for line in written if line]
    lines: list[str] = []
    for place, line in enumerate(written or [""]):
        shown = (f"{mark}[ " if place == 0 else "      ") + line
        lines += wrap_safely(shown, columns - 2, indent="      ", longest_word=columns - 10)
    lines[-1] += " ]"
    return lines


def _harmless(line: str) -> str:
    """Return a member's line so that it neither reads as an answer nor ends the slot when it comes back quoted."""
    folded = tidy(line)
    risky = folded[:1] in set("q問議設質【[(第★*>|-・●■◆◇「") or folded[:1].isdigit() or _is_risky(line)
    return f"※{line}" if risky else line


def _is_risky(line: str) -> bool:
    """Say whether a line reads as an answer or a part of the ballot, or as an end or a quotation to a mail program."""
    folded = tidy(line)
    return (
        folded.startswith(("★", "**", ">", "|", ".", "from "))
        or not folded.strip("-_=─━* ")
        or NUMBERED.match(folded) is not None
        or command_of(line) is not None
        or looks_like_answer(line)
    )


NUMBERED = re.compile(r"[0-9]{1,3}\.\s")  # as our own options begin
