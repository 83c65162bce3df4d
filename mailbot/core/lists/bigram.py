"""What a text can be found by: pairs of neighbouring characters for Japanese, whole words for everything else.

Japanese has no blanks between words, and the full-text search of neither database knows its words: SQLite's trigrams
find セミナー but not 災害. So 災害対策 is stored as 災害 害対 対策 策, and a search for 害対策 asks for 害対 next to 対策.
The last character of a run stands once more alone: thus each character begins some term, and one can be searched for.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from itertools import pairwise

# Of one text, the rest is not searched: PostgreSQL numbers a text's words no further (16,383)
MAX_TERMS = 16_000
MAX_WORD = 64  # characters of a word that is no Japanese
MAX_PHRASES = 20  # words in one search
_LOOKED_AT = MAX_TERMS * MAX_WORD  # characters of a text: as many words of the longest kind

# Characters that are written without blanks between words: kana, Han, hangul, and the marks that stand among them.
_UNSPACED = (
    "\u3005-\u3007\u3021-\u3029\u3031-\u3035\u3038-\u303c\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff"
    "\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff"
)
_RUN = re.compile(rf"([{_UNSPACED}]+)|[^\W_{_UNSPACED}]+")
# A Japanese line is broken anywhere, the next one perhaps quoted.
_BROKEN = re.compile(rf"(?<=[{_UNSPACED}])\n[> \u3000]*(?=[{_UNSPACED}])")
_QUOTED = re.compile(r'["“”「]([^"“”「」]*)["“”」]|(\S+)')


@dataclass(frozen=True)
class Phrase:
    """Terms that stand next to each other in a text."""

    terms: tuple[str, ...]
    begins: bool  # the last one is only the beginning of a term


def fold(text: str) -> str:
    """Return the text in the one form in which it is compared: full width, half width, capitals make no difference."""
    return unicodedata.normalize("NFKC", text).casefold()


def terms(text: str) -> list[str]:
    """Return the terms of a text, in order, at most MAX_TERMS; each consists of letters and digits only."""
    found: list[str] = []
    for run in _RUN.finditer(_BROKEN.sub("", fold(text[:_LOOKED_AT]))):
        found += _terms(run)
        if len(found) >= MAX_TERMS:
            break
    return found[:MAX_TERMS]


def phrases(words: str) -> tuple[Phrase, ...]:
    """Return what a person searches for: all of these must be found. Empty: there is nothing to search for in it.

    Words are divided by blanks, full-width ones too; what stands in quotes, "…" or 「…」, is one.
    """
    found = (_phrase(quoted or word) for quoted, word in _QUOTED.findall(words))
    return tuple(phrase for phrase in found if phrase is not None)[:MAX_PHRASES]


def excerpt(text: str, words: str, width: int = 80) -> str:
    """Return the line of a text in which the first of the words is found, at most so many characters; else its first."""
    wanted = [fold(quoted or word) for quoted, word in _QUOTED.findall(words)]
    lines = [" ".join(line.split()) for line in text.splitlines() if line.strip()]
    for word in wanted:
        for line in lines:
            place = fold(line).find(word)
            if place >= 0:
                begin = max(0, min(place - width // 4, len(line) - width))
                return ("…" if begin else "") + line[begin : begin + width]
    return lines[0][:width] if lines else ""


def _terms(run: re.Match[str]) -> list[str]:
    text = run[0]
    if run[1] is None:
        return [text[:MAX_WORD]]
    return [first + second for first, second in pairwise(text)] + [text[-1]]


def _phrase(words: str) -> Phrase | None:
    runs = list(_RUN.finditer(_BROKEN.sub("", fold(words))))
    found = [term for run in runs for term in _terms(run)]
    if not found:
        return None
    # Where the words end, the text may go on: the single last character is not the text's.
    unspaced = runs[-1][1] is not None
    if unspaced and len(runs[-1][0]) > 1:
        return Phrase(tuple(found[:-1]), begins=False)
    return Phrase(tuple(found), begins=unspaced)
