"""Columns of text with full-width characters, and lines broken where Japanese may be broken (禁則処理)."""

from __future__ import annotations

import re
import unicodedata

COLUMNS = 68  # 34 full-width characters, so that "> " before them wraps nothing (ballot.md section 1)

_NOT_FIRST = frozenset(
    "、。，．）」』】〕］｝〉》！？：；・ー々ゝゞヽヾぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ…‥〜,.)]}!?:;%"
)
_NOT_LAST = frozenset("（「『【〔［｛〈《([{")
_PIECE = re.compile(r"[!-~]+|\s+|.")  # a word or address of ASCII, blanks, or one other character
_LONGEST_WORD = 300  # characters; an address longer than this is cut, so that no line exceeds 998 octets


def columns(text: str) -> int:
    """Return how many columns the text takes; a character of ambiguous width (★, →, ○) takes two, as in Japan."""
    return sum(_width(char) for char in text)


def wrap(
    line: str, width: int = COLUMNS, *, indent: str | None = None, longest_word: int = _LONGEST_WORD
) -> tuple[str, ...]:
    """Break a line into lines of at most so many columns, each with the indent of the first, or this one.

    No line begins or ends with a character that may not stand there; words and addresses of ASCII stay whole up
    to `longest_word` characters.
    """
    if 2 * len(line) <= width or columns(line) <= width:
        return (line,)
    text = line.lstrip()
    first = line[: len(line) - len(text)]
    after = first if indent is None else indent
    lines = [""]
    for piece in _unbreakable(text, longest_word):
        room = max(width - columns(after if len(lines) > 1 else first), 10)
        if lines[-1] and columns(lines[-1] + piece.rstrip()) > room:
            lines.append("")
        lines[-1] += piece if lines[-1] else piece.lstrip()
    begun, *others = (each.rstrip() for each in lines if each.strip())
    return (first + begun, *(after + each for each in others))


def _unbreakable(text: str, longest: int) -> list[str]:
    """Return the pieces between which the text may be broken."""
    pieces: list[str] = []
    for match in _PIECE.finditer(text):
        piece = match[0]
        if pieces and (piece[0] in _NOT_FIRST or pieces[-1][-1] in _NOT_LAST) and len(pieces[-1]) < longest:
            pieces[-1] += piece
        else:
            pieces.append(piece)
    return [piece[at : at + longest] for piece in pieces for at in range(0, len(piece), longest)]


def _width(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) in {"Cf", "Mn", "Me"}:
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WFA" else 1
