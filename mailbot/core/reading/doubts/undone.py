"""Whether a sentence beside the answers leaves them standing: whatever takes them back, corrects, doubts or disowns them does not."""

from __future__ import annotations

from functools import lru_cache

from mailbot.core.reading.doubts.correction import corrects, discards
from mailbot.core.reading.doubts.doubt import doubts
from mailbot.core.reading.doubts.said_of_answers import says_something_of_answers
from mailbot.core.reading.text.known_text import SHORT_LINE


def undoes(line: str, asked: str = "", *, before: str = "") -> bool:
    """Say whether a line beside the answers keeps them from being counted without a question (ballot.md section 8).

    `asked`: the words of the survey's title and questions; `before`: the line above, which may tell whom a footer asks.
    """
    by_itself = _short_undoes(line, asked) if len(line) <= SHORT_LINE else _undoes(line, asked)
    return by_itself or discards(before, line)


def _undoes(line: str, asked: str) -> bool:
    return corrects(line) or doubts(line, asked) or says_something_of_answers(line)


_short_undoes = lru_cache(maxsize=4096)(_undoes)  # greetings and signatures stand in many replies
