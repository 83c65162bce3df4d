"""Columns of text with full-width characters, and lines broken where Japanese may be broken (禁則処理)."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

COLUMNS = 68  # 34 full-width characters, so that "> " before them wraps nothing (ballot.md section 1)

_NOT_FIRST = frozenset(
    "、。，．）」』】〕］｝〉》！？：；・ー々ゝゞヽヾぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ…‥〜,.)]}!?:;%"
)
_NOT_LAST = frozenset("（「『【〔［｛〈《([{")
_PIECE = re.compile(r"[!-~]+|\s+|.")  # a word or address of ASCII, blanks, or one other character
_LONGEST_WORD = 300  # columns; an address longer than this is cut, so that no line exceeds 998 octets
_SHORTEST_LAST = 8  # columns of the last line: four characters
_LONG_ENOUGH = 14  # columns: a last line as long as this may begin within a phrase
_FARTHEST = 24  # columns that are looked through for the beginning of a phrase
NARROWEST = 40  # columns: the narrowest lines that we write


def columns(text: str) -> int:
    """Return how many columns the text takes; a character of ambiguous width (★, →, ○) takes two, as in Japan."""
    return sum(map(_width, text))


def wrap(
    line: str,
    width: int = COLUMNS,
    *,
    indent: str | None = None,
    longest_word: int = _LONGEST_WORD,
    balanced: bool = False,
) -> tuple[str, ...]:
    """Break a line into lines of at most so many columns, each with the indent of the first, or this one.

    No line begins or ends with a character that may not stand there; words and addresses of ASCII stay whole up
    to `longest_word` columns. `balanced`: the last line is no rest of a word, 「す。」; it takes the whole phrase.
    """
    if 2 * len(line) <= width or columns(line) <= width:
        return (line,)
    text = line.lstrip()
    first = line[: len(line) - len(text)]
    if columns(first) > width // 2:  # no indent, but a line that somebody filled with blanks
        first = ""
    after = first if indent is None else indent
    lines = [""]
    least_room = max(width - max(columns(first), columns(after)), 10)
    for piece in _unbreakable(text, longest_word, least_room):
        room = max(width - columns(after if len(lines) > 1 else first), 10)
        if lines[-1] and columns(lines[-1] + piece.rstrip()) > room:
            lines.append("")
        lines[-1] += piece if lines[-1] else piece.lstrip()
    lines = [each for each in lines if each.strip()]
    if balanced and len(lines) > 1:
        lines[-2:] = _balanced(lines[-2], lines[-1], _unbreakable(lines[-2], longest_word, least_room), width)
    begun, *others = (each.rstrip() for each in lines)
    return (first + begun, *(after + each for each in others))


def _unbreakable(text: str, longest: int, room: int) -> list[str]:
    """Return the pieces between which the text may be broken.

    A word of ASCII is cut at `longest` columns; a piece that grows by what may not begin a line ends with the room,
    unless the word in it leaves none anyway.
    """
    pieces: list[str] = []
    taken = 0  # columns of the last piece
    for match in _PIECE.finditer(text):
        for piece in _cut(match[0], longest):
            width = columns(piece)
            glued = pieces and (piece[0] in _NOT_FIRST or pieces[-1][-1] in _NOT_LAST)
            if glued and (taken + width <= room or room < taken < longest):
                pieces[-1] += piece
                taken += width
            else:
                pieces.append(piece)
                taken = width
    return pieces


def _balanced(line: str, last: str, pieces: list[str], width: int) -> tuple[str, str]:
    """Return the last two lines, with so much of the first in the second that this is no rest of a word: 「す。」.

    It begins with a phrase (文節) where one begins near, so that 「必要です。」 stays together; `pieces`: of the first.
    """
    length = columns(last.rstrip())
    enough = length >= _SHORTEST_LAST
    if length >= _LONG_ENOUGH or (enough and _begins_phrase(line, last)):
        return line, last
    taken = ""
    fits: str | None = None  # the least that is enough, where no phrase begins
    for piece in reversed(pieces[1:]):
        taken = piece + taken
        if columns(line) - columns(taken) < width // 2 or columns(taken) > _FARTHEST:
            break
        if columns((taken + last).rstrip()) < _SHORTEST_LAST:
            continue
        fits = fits if enough else fits or taken
        if _begins_phrase(line[: len(line) - len(taken)], taken):
            fits = taken
            break
    return (line, last) if fits is None else (line[: len(line) - len(fits)], (fits + last).lstrip())


def _begins_phrase(before: str, after: str) -> bool:
    """Say whether a phrase may begin here: behind a blank, a comma or a particle; a whole sentence is not set apart.

    What a stranger wrote would stand alone on a line, and a reply in which it comes back without marks is read by lines.

    お and ご stand with the word that they honour.
    """
    mark = before[-1]
    if mark.isspace() or mark in "、，）」』】":
        return True
    honours = after[0] in "おご" and len(after) > 1 and not "ぁ" <= after[1] <= "ん"
    return honours or (mark in "をがはにでとのもへやて" and not "ぁ" <= after[0] <= "ん")


def _cut(word: str, longest: int) -> list[str]:
    """Return a word of ASCII, or a run of blanks, in pieces of at most so many columns."""
    length = longest if word.isascii() else max(longest // 2, 1)
    return [word[at : at + length] for at in range(0, len(word), length)]


@lru_cache(maxsize=4096)
def _width(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) in {"Cf", "Mn", "Me"}:
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WFA" else 1
