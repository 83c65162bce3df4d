"""The lines of a reply: quote marks taken off, wrapped pieces joined again, ours told from the member's (ballot.md 6)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

from mailbot.core.reading.text.joined_lines import SHORTEST_JOINED, taken_apart
from mailbot.core.reading.text.known_text import (
    ANSWER_LINE,
    LONGEST_LINE,
    SHORT_LINE,
    Known,
    Role,
    line_key,
    slot_line,
)

# A longer mail is read so far and then kept for the office: nobody's answer needs more.
LONGEST_REPLY = 64_000  # characters
MOST_LINES = 1_500
MOST_ROWS = 300  # lines with cells, of tables that are not ours
DEEPEST_QUOTE = 50
MOST_PIECES = 10  # lines into which a gateway may have wrapped one of ours

_QUOTE_MARKS = frozenset(">＞|｜")
_RARE_QUOTE_MARKS = frozenset(":：}｝#»》%")  # quote marks where a line of ours follows
_CELL_MARKS = frozenset("\t|｜")
_NAMED_QUOTE_MARKS = frozenset(">＞")
_NAMED_QUOTE = re.compile(r"^\s*(?P<name>[^\s>＞]{1,20})[>＞]\s?(?P<rest>.*)$")
_STRUCK = re.compile(r"~~[^~]{1,500}~~")

Mark = Literal["chosen", "doubtful", "crossed", "empty"]
_EMPTY_BOXES = "□☐"


def _marks(characters: str, pointing: str = "") -> tuple[frozenset[str], tuple[re.Pattern[str], ...]]:
    """Return marks, and the forms of a line with one before, between its number and its label, or behind."""
    return frozenset(characters + pointing), (
        re.compile(rf"^[\[(<]?[{characters}{pointing}][\])>]?(?P<rest>.+)$"),
        re.compile(rf"^(?P<number>[0-9]{{1,3}}\.)[\[(]?[{characters}][\])]?(?P<rest>.+)$"),
        re.compile(rf"^(?P<rest>.+?)[\[(<←]?[{characters}][\])>]?$"),
    )


_MARKS: tuple[tuple[Mark, tuple[frozenset[str], tuple[re.Pattern[str], ...]]], ...] = (
    ("doubtful", _marks("△▲")),
    ("crossed", _marks("×✕✖❌╳")),
    ("chosen", _marks("○◎✓✔✅レ☑■●★◆◉", "→⇒☞▶👉")),
)
_MARKDOWN_BOX = re.compile(r"\[(?P<tick>[xv]?)\]")
_ARROW_AFTER = re.compile(
    r"(?:←|⇐|<-|<=)+(?:これ|こちら|ここ|該当|選択|回答|お?答え|[当本][市町村区県])?(?:です|に(?:し|致し|いたし)ます|を選択(?:します)?)?[○◎。]?$"
)


class Line(NamedTuple):
    """One line of a reply, its quote marks taken off."""

    depth: int
    text: str
    key: str
    roles: tuple[Role, ...]


_line = tuple.__new__  # a third of what Line(...) costs, for each of fifty lines: 15 us less for a reply


def _row(line: str) -> str | None:
    """Return a row of an answer table, 「| Q1 | 2 |」 or cells with tabs between, as "Q1 → 2"; None: it is none.

    Only a line that is not ours is asked for: a program may have put tabs for the blanks of our own.
    """
    bare = line.strip()
    if bare[:1] in {"|", "｜"} and bare[-1:] in {"|", "｜"}:
        cells = [cell.strip() for cell in bare[1:-1].replace("｜", "|").split("|")]
    elif "\t" in bare:
        cells = [cell.strip() for cell in bare.split("\t")]
    else:
        return None
    cells = [cell for cell in cells if cell]
    name = ANSWER_LINE.match(cells[0]) if 2 <= len(cells) <= 4 else None
    return f"{' '.join(cells[:-1])} → {cells[-1]}" if name and not name["rest"].strip() else None


def _unquoted(line: str) -> tuple[int, str]:
    """Return how deep a line is quoted, and the line without its quote marks."""
    depth = at = 0
    for place, mark in enumerate(line):
        if mark in _QUOTE_MARKS:
            depth, at = depth + 1, place + 1
            if depth == DEEPEST_QUOTE:
                break
        elif not mark.isspace():
            break
    return depth, line[at:] if depth else line


class _Piece(NamedTuple):
    """One line of a reply by itself."""

    depth: int  # how deep it is quoted
    body: str  # without its quote marks
    key: str
    odd: str  # the whole line where it may be a table's or begin with a rare quote mark: what we sent tells; else ""


def _piece(raw: str) -> _Piece:
    line = raw.rstrip("\r")[:LONGEST_LINE]
    if "~~" in line:
        line = _STRUCK.sub("", line)
    depth, body = _unquoted(line)
    key = line_key(body)
    odd = (
        not _CELL_MARKS.isdisjoint(line)
        or key[:1] in _RARE_QUOTE_MARKS
        or not _NAMED_QUOTE_MARKS.isdisjoint(body[:22])
    )
    return _Piece(depth, body, key, line if odd else "")


# Nearly all lines are ours, and the same in the replies of others.
_short_piece = lru_cache(maxsize=8192)(_piece)


def _rejoined(pieces: Sequence[Line], at: int, known: Known) -> tuple[str, int]:
    """Return the line of ours that begins here and was wrapped on the way, and over how many lines it runs."""
    depth, _, first, _ = pieces[at]
    whole, evenly = first, True
    for count in range(2, MOST_PIECES + 1):
        if not known.begins(whole):
            break
        if at + count > len(pieces):
            break
        piece = pieces[at + count - 1]
        if not piece[2] or piece[0] > depth or (piece[0] < depth and not evenly):
            break
        # A gateway leaves what it cut off without its quote mark; a figure there may be the member's.
        if piece[0] < depth and (count > 2 or piece[2].strip(".,").isdecimal()):
            break
        evenly = piece[0] == depth
        whole += piece[2]
        if whole in known.roles:
            return whole, count
    return first, 1


def _is_ours(rest: str, known: Known) -> bool:
    return line_key(rest) in known.roles or slot_line(rest) is not None


def reply_lines(text: str, known: Known) -> list[Line]:
    """Return the lines of a reply, each with what it is if it is ours; re-wrapped ones as one."""
    lines: list[Line] = []
    odd, roles_of = _OddPieces(known), known.roles.get
    pieces_of_ours = False
    for raw in text.split("\n", MOST_LINES)[:MOST_LINES]:
        piece = _short_piece(raw) if len(raw) <= SHORT_LINE else _piece(raw)
        depth, body, key, whole = piece
        if whole:
            depth, body, key, _ = odd.beside_ours(piece)
        roles = roles_of(key, ())
        if not roles and len(key) >= SHORTEST_JOINED:
            for part in taken_apart(body, key, known):
                lines.append(_line(Line, (depth, part, line_key(part), roles_of(line_key(part), ()))))
                key = ""
            if not key:
                continue
        if key and not roles and not pieces_of_ours:
            pieces_of_ours = known.begins(key) and slot_line(body) is None
        lines.append(_line(Line, (depth, body, key, roles)))
    return _with_rejoined(lines, known) if pieces_of_ours else lines


def _with_rejoined(read: list[Line], known: Known) -> list[Line]:
    """Return the lines with those of ours whole again that were wrapped on the way."""
    lines: list[Line] = []
    at = 0
    while at < len(read):
        line = read[at]
        at += 1
        if line.key and not line.roles and slot_line(line.text) is None:
            key, taken = _rejoined(read, at - 1, known)
            line = Line(line.depth, line.text, key, known.roles.get(key, ()))
            at += taken - 1
        lines.append(line)
    return lines


class _OddPieces:
    """Sees what the odd lines of one reply are, beside what we sent."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self._rows_left = MOST_ROWS
        self._names: set[str] = (
            set()
        )  # what stands in front of > where a client writes the sender's name there
        self._marks: set[str] = set()  # rare quote marks that stood in front of a line of ours

    def beside_ours(self, piece: _Piece) -> _Piece:
        """Return a row of a table as an answer, and what follows a rare quote mark without it."""
        depth, body, key, line = piece
        roles = self._known.roles
        if not _CELL_MARKS.isdisjoint(line) and not _is_ours(body, self._known):
            row = _row(line) if self._rows_left > 0 else None
            self._rows_left -= 1
            if row is not None:
                depth, body, key = 0, row, line_key(row)
        if key[:1] in _RARE_QUOTE_MARKS and key not in roles:
            mark, rest = body.lstrip()[:1], body.lstrip()[1:]
            ours = _is_ours(rest, self._known)
            if ours:
                self._marks.add(mark)
            if ours or mark in self._marks or not line_key(rest):
                depth, body, key = depth + 1, rest, line_key(rest)
        if key not in roles and not _NAMED_QUOTE_MARKS.isdisjoint(body[:22]):
            named = _NAMED_QUOTE.match(body)
            deeper, rest = _unquoted(named["rest"]) if named else (0, "")  # 「佐藤> > ...」
            if named and (named["name"] in self._names or _is_ours(rest, self._known)):
                self._names.add(named["name"])
                depth, body = depth + 1 + deeper, rest
                key = line_key(body)
        return _Piece(depth, body, key, line)


def without_mark(key: str) -> Iterable[tuple[str, Mark]]:
    """Yield the keys that a line has without a mark before, after or between, and what the mark says.

    △ is no choice and no refusal; × may mean either, beside options without ○: both are for a person to ask about.
    """
    if key[0] in _EMPTY_BOXES:
        yield key.lstrip(_EMPTY_BOXES), "empty"
    if key[-1] in _EMPTY_BOXES:
        yield key.rstrip(_EMPTY_BOXES), "empty"
    bare = key.strip(_EMPTY_BOXES)
    if bare[0:1] == "[" and (boxed := _MARKDOWN_BOX.match(bare)):
        yield bare[boxed.end() :], "chosen" if boxed["tick"] else "empty"
    if "←" in bare or "⇐" in bare or "<" in bare:
        yield _ARROW_AFTER.sub("", bare), "chosen"
    for meaning, (marks, forms) in _MARKS:
        if marks.isdisjoint(bare):
            continue
        for form in forms:
            if match := form.match(bare):
                yield match.groupdict().get("number", "") + match["rest"], meaning
