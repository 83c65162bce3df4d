"""What a receipt says of how a reply was read: what was not understood, what was inferred, words beside a choice."""

from __future__ import annotations

from collections.abc import Mapping

from mailbot.core.calendar import Language
from mailbot.core.mail.header import clean
from mailbot.core.reading.grammar.remark import mentions_condition
from mailbot.core.reading.statements.named_answer import looks_like_answer
from mailbot.core.surveys.ballot import answer_words
from mailbot.core.surveys.how_to_answer import confirmation, how_to_write
from mailbot.core.surveys.ledger import BESIDE
from mailbot.core.surveys.survey import Answers, Problem, Question, Survey


def sentence(text: str, language: Language) -> str:
    """Return the words with the full stop that short explanations go without."""
    words = clean(text).strip()
    stop = "。" if language == "ja" else "."
    return words if not words or words.endswith(("。", ".", "!", "?", "！", "？")) else words + stop


_STANDS: dict[Language, str] = {
    "ja": "　それまでは、先にいただいたお答え「{words}」のままです。（{id}）",
    "en": '  Until then your earlier answer "{words}" stands. ({id})',
}


def problem_lines(
    survey: Survey, problems: tuple[Problem, ...], language: Language, stands: Answers | None = None
) -> list[str]:
    """Return what was not understood, one sentence each, and below it how a lone はい confirms what may be meant.

    `stands`: the answers that count all the same; where a question that is asked again has one, it is said, since its
    slot shows it.
    """
    lines = []
    for problem in problems:
        # The question stands after the sentence: a line that begins with it would read as an answer.
        about = f"（{problem.question}）" if language == "ja" else f" ({problem.question})"
        mark = "・" if language == "ja" else "* "
        lines.append(mark + _said_of(survey, problem, language) + (about if problem.question else ""))
        if problem.question and problem.suggested:
            lines += confirmation(survey.question(problem.question), problem.suggested, language)
        if problem.question and (before := (stands or {}).get(problem.question)):
            words = clean(answer_words(survey.question(problem.question), before, language))
            lines.append(_STANDS[language].format(id=problem.question, words=_short(words)))
    return lines


_UNREAD: dict[Language, dict[str, str]] = {
    "ja": {
        "quoted": "「{written}」を、お答えとして読み取れませんでした。",
        "bare": "お答えを読み取れませんでした。",
    },
    "en": {
        "quoted": 'We could not read "{written}" as an answer. ',
        "bare": "We could not read the answer. ",
    },
}


def _said_of(survey: Survey, problem: Problem, language: Language) -> str:
    """Return why an answer was not understood, with what was written, and how the answer is written where that helps."""
    written = quotable(problem.written)
    unread = problem.kind == "unclear" or (
        problem.kind == "conditional" and problem.written and not mentions_condition(problem.written)
    )
    if problem.question and unread:
        how = sentence(how_to_write(survey.question(problem.question), language), language)
        return _UNREAD[language]["quoted" if written else "bare"].format(written=written) + how
    said = sentence(problem.text, language)
    if not written or problem.kind == "garbled":
        return said
    return f"「{written}」：{said}" if language == "ja" else f'"{written}": {said}'


def quotable(written: str) -> str:
    """Return a member's words as a sentence of ours quotes them; "" where the line would read as an answer itself."""
    words = _short(clean(written).replace("「", "").replace("」", "").strip(" 　。"))
    return "" if not words or looks_like_answer(words) else words


_LONGEST_QUOTED = 30  # characters


def _short(words: str) -> str:
    """Return a member's words as they are quoted within a sentence of ours: on one line, and not long."""
    line = " ".join(words.split())
    return line if len(line) <= _LONGEST_QUOTED else f"{line[:_LONGEST_QUOTED]}…"


def asked_back(questions: tuple[Question, ...], problems: tuple[Problem, ...]) -> tuple[str, ...] | None:
    """Return the ids of the questions that are asked again; None: of all, since no problem names one."""
    named = {problem.question for problem in problems}
    return tuple(question.id for question in questions if question.id in named) or None


_NOTES: dict[Language, dict[str, str]] = {
    "ja": {
        "read": "・残された選択肢から、{id}は「{words}」と読み取りました。",
        "approximate": "・おおよその数として、{id}は「{words}」と読み取りました。",
        "year-assumed": "・年を補って、{id}は「{words}」と読み取りました。",
        "beside": "・お答えのほかに書かれた文は、お答えとしては数えず、事務局が拝見します。お答えを変えるときは、直す問いの番号とお答えをお書きください。",
        "remark": "・お答えに添えられたお言葉も承りました（{id}）：{words}",
    },
    "en": {
        "read": '* We read {id} as "{words}", the option that was left.',
        "approximate": '* We read {id} as "{words}", a rough figure.',
        "year-assumed": '* We read {id} as "{words}", with the year added.',
        "beside": "* What you wrote beside the answers is not counted as one; the secretariat reads it. To change an answer, please write its question and the new answer.",
        "remark": "* Your remark is kept as well ({id}): {words}",
    },
}


def reading_notes(
    survey: Survey,
    answers: Answers,
    flags: Mapping[str, tuple[str, ...]],
    remarks: Mapping[str, str],
    language: Language,
) -> list[str]:
    """Return what the member should see of how the reply was read: what was inferred, and words beside a choice."""
    notes = [
        _NOTES[language][flag].format(
            id=question.id, words=clean(answer_words(question, answers.get(question.id), language))
        )
        for question in survey.questions
        for flag in flags.get(question.id, ())
        if flag in _NOTES[language]
    ]
    return notes + [
        _NOTES[language]["beside" if question == BESIDE else "remark"].format(id=question, words=clean(words))
        for question, words in remarks.items()
    ]
