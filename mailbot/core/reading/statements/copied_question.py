"""A ballot's one question, copied above its answer by a member who quotes what he answers (ballot.md section 6)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from mailbot.core.reading.grammar.answer import read_answer
from mailbot.core.reading.grammar.understood import Understood
from mailbot.core.reading.statements.bare_answer import MOST_AT_TOP
from mailbot.core.reading.text.known_text import slot_line
from mailbot.core.reading.text.reply_lines import Line
from mailbot.core.surveys.survey import Survey

_OF_A_QUESTION = frozenset({"question", "option", "more", "slot-more"})


def without_copied_question(survey: Survey, lines: list[Line]) -> list[Line]:
    """Return a reply's lines without the question that was copied above its answer, as we sent it: 「> Q1 ...」, 「→ 2 です。」.

    Only of a ballot with one question of one choice, where nothing of it stands below the answer, the options
    copied are none or the first ones, and the answer is whole; the copy then says nothing, and the answer is one at the top.
    """
    if len(survey.questions) != 1 or survey.questions[0].type not in {"single", "yesno", "rating"}:
        return lines
    begins = next((at for at, line in enumerate(lines[:MOST_AT_TOP]) if line.roles), None)
    if begins is None or not _has(lines[begins], "question"):
        return lines
    ends = begins + 1
    while ends < len(lines) and lines[ends].roles and lines[ends].depth == lines[begins].depth:
        ends += 1
    if not _are_first_options(lines[begins + 1 : ends]):
        return lines
    said = next((at for at in range(ends, len(lines)) if lines[at].key), None)
    if said is None or lines[said].depth or lines[said].roles or slot_line(lines[said].text) is not None:
        return lines
    read = read_answer(survey.questions[0], lines[said].text, today=date.min)
    below = next((line for line in lines[said + 1 :] if line.roles or slot_line(line.text)), None)
    if not isinstance(read, Understood) or (below is not None and _is_of_a_question(below)):
        return lines
    return lines[:begins] + lines[ends:]


def _has(line: Line, kind: str) -> bool:
    return any(role.kind == kind for role in line.roles)


def _are_first_options(lines: Sequence[Line]) -> bool:
    """Say whether lines are the question's first options in their order, or none; one alone may be the choice."""
    numbers = [next((role.option for role in line.roles if role.kind == "option"), 0) for line in lines]
    return len(numbers) != 1 and numbers == list(range(1, len(numbers) + 1))


def _is_of_a_question(line: Line) -> bool:
    return slot_line(line.text) is not None or any(role.kind in _OF_A_QUESTION for role in line.roles)
