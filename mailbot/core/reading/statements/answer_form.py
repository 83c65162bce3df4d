"""The survey's form as a spreadsheet: what stands in it, and what a filled one says (ballot.md sections 8 and 14)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Literal

from mailbot.core.calendar import Language
from mailbot.core.mail.control_characters import strip_controls_of_lines
from mailbot.core.reading.grammar.answer import read_answer
from mailbot.core.reading.grammar.printed_options import printed_options
from mailbot.core.reading.grammar.understood import Read, Unclear, Understood
from mailbot.core.reading.statements.command import FORM_WORDS
from mailbot.core.reading.text.known_text import line_key
from mailbot.core.surveys.ballot import answer_hint
from mailbot.core.surveys.survey import Question, Survey

MARK = "mailbot-form"  # the first word of its first cell
VERSION = 1  # of what stands where in it
ANSWER = 3  # the column of the answers, from 0; before it: number, question, options

_PRINTED: dict[Language, tuple[str, str, tuple[str, str, str, str]]] = {
    "ja": (
        "{title}（回答様式）",
        (
            "黄色のセルに番号などを記入して保存し、調査のメールへの返信に添付してください。"
            "空欄の問いは、前のお答えのままになります。"
        ),
        ("番号", "問い", "選択肢", "お答え"),
    ),
    "en": (
        "{title} (form)",
        (
            "Write numbers or words into the yellow cells, save, and attach the file to your reply to the survey's mail. "
            "A blank cell leaves an earlier answer as it is."
        ),
        ("No.", "Question", "Options", "Answer"),
    ),
}

Cell = str | None  # what is written; None: a formula or an error, which nobody computes
Fault = Literal["other-ballot", "form-changed", "several-forms"]  # codes of reply.HOLDS


@dataclass(frozen=True)
class Sheet:
    """The sheet of one attached file that begins with our mark."""

    rows: tuple[tuple[Cell, ...], ...]  # from the first row and column on
    more: bool = False  # comments, text boxes or pictures stand beside the cells; nobody reads them here


def takes_form(survey: Survey) -> bool:
    """Say whether a survey can be answered in a form: a written vote is cast in the mail itself."""
    return survey.resolution is None


@lru_cache(maxsize=64)
def form_word_is_free(survey: Survey) -> bool:
    """Say whether 「様式」 asks for the form, and is no answer to a question of this survey."""
    return takes_form(survey) and not any(
        isinstance(read_answer(question, word, today=date.min), Understood)
        for question in survey.questions
        if question.type != "text"
        for word in FORM_WORDS
    )


def form_rows(survey: Survey, language: Language) -> tuple[tuple[str, ...], ...]:
    """Return what we print, row by row; the answers' column is empty."""
    title, how_to, heads = _PRINTED[language]
    asked = [_question_row(question, language) for question in survey.questions]
    content = "\x1f".join(cell for row in asked for cell in row)
    digest = hashlib.sha256(content.encode()).hexdigest()[:16]
    return (
        (f"{MARK} {VERSION} {survey.key} {digest}",),
        (title.format(title=survey.title),),
        (how_to,),
        heads,
        *asked,
    )


def _question_row(question: Question, language: Language) -> tuple[str, ...]:
    hint = answer_hint(question, language)
    asked = f"{question.text}（{hint}）" if language == "ja" else f"{question.text} ({hint})"
    options = (f"{number}. {label}" for number, label in enumerate(printed_options(question, language), 1))
    return question.id, asked, "\n".join(options), ""


def stated_in_forms(
    survey: Survey, sheets: Sequence[Sheet], language: Language
) -> Mapping[str, Cell] | Fault:
    """Return what is written in the answers' cells of the one attached form, by question; else what is wrong with it.

    The same form attached twice is one. Every other cell must say what we printed, and nothing stand beside the
    cells, so that no word of a member's is passed over, and no answer read for a question that he was not asked.
    """
    different = tuple(dict.fromkeys(sheets))
    if not different:
        return {}
    if len(different) > 1:
        return "several-forms"
    rows, printed = different[0].rows, form_rows(survey, language)
    marked = (_at(rows, 0, 0) or "").split()
    if len(marked) > 2 and marked[2].casefold() != survey.key.casefold():
        return "other-ballot"
    places = {
        question.id: len(printed) - len(survey.questions) + at for at, question in enumerate(survey.questions)
    }
    if different[0].more or not _is_as_printed(rows, printed, frozenset(places.values())):
        return "form-changed"
    return {question: _at(rows, row, ANSWER) for question, row in places.items()}


def _is_as_printed(
    rows: Sequence[Sequence[Cell]], printed: Sequence[Sequence[str]], answered: frozenset[int]
) -> bool:
    width = max(map(len, (*rows, *printed)))
    for row in range(max(len(rows), len(printed))):
        for column in range(width):
            ours = printed[row][column] if row < len(printed) and column < len(printed[row]) else ""
            found = _at(rows, row, column)
            own = column == ANSWER and row in answered
            if not own and (found is None or line_key(found) != line_key(ours)):
                return False
    return True


def _at(rows: Sequence[Sequence[Cell]], row: int, column: int) -> Cell:
    return rows[row][column] if row < len(rows) and column < len(rows[row]) else ""


def read_cell(question: Question, cell: Cell, *, today: date) -> Read:
    """Read one answer's cell by the grammar of a slot (ballot.md section 7)."""
    if cell is None:
        return Unclear("formula")
    return read_answer(question, strip_controls_of_lines(cell), today=today)


def choices(question: Question, language: Language) -> tuple[str, ...]:
    """Return what a cell offers for a question with one answer, each of which reads as that option; else nothing."""
    if question.type not in {"single", "yesno", "rating"}:
        return ()
    labels = printed_options(question, language) or tuple("12345" if question.type == "rating" else "")
    numbers = tuple(str(number) for number in range(1, len(labels) + 1))
    with_words = tuple(f"{number} {label}" for number, label in zip(numbers, labels, strict=True))
    plain = all(_is_understood(question, each) and not set(each) & set(',"\n') for each in with_words)
    return with_words if plain and question.type != "rating" else numbers


def _is_understood(question: Question, text: str) -> bool:
    read = read_answer(question, text, today=date.min)
    return isinstance(read, Understood) and not read.remark
