"""The cross tables of a survey in bits, and the figures in them that are too small to be printed (ballot.md section 15)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import or_

from mailbot.core.surveys.cross_table import CrossTable
from mailbot.core.surveys.survey import Question, Survey
from mailbot.core.surveys.tally import ANSWERED, NONE, NOT_ASKED, columns_of

MOST_ROWS = 8  # rows of a table whose every set of rows is tried: kinds and population classes


@dataclass(frozen=True)
class QuestionBits:
    """The columns of one question."""

    bits: int  # all its columns
    none: int
    outside: int  # its column 非該当
    choices: int  # the columns of its options; none of a question for words, a date or a number
    several: bool  # may be chosen at once
    steers: int  # the columns 非該当 of the questions that depend on it alone
    entangled: bool  # a question depends on it and on another one


@dataclass(frozen=True)
class Shape:
    """A survey's columns: each is one bit, over all questions."""

    columns: Mapping[tuple[str, str], int]  # question id, column -> bit
    questions: tuple[QuestionBits, ...]
    clusters: tuple[int, ...]  # the columns of questions that depend on each other
    silent: int  # the columns 無回答 and 非該当


def shape_of(survey: Survey) -> Shape:
    """Give each column of a survey its bit."""
    columns: dict[tuple[str, str], int] = {}
    for question in survey.questions:
        for column in (*columns_of(question), NOT_ASKED):
            columns[question.id, column] = 1 << len(columns)
    questions = []
    clusters: dict[str, int] = {}
    for question in survey.questions:
        own = {column: columns[question.id, column] for column in (*columns_of(question), NOT_ASKED)}
        bits = reduce(or_, own.values())
        choices = sum(bit for column, bit in own.items() if column not in {NONE, NOT_ASKED, ANSWERED})
        several = question.type == "multi"
        questions.append(QuestionBits(bits, own[NONE], own[NOT_ASKED], choices, several, 0, entangled=False))
        joined = reduce(or_, (clusters[other] for other, _ in question.when), bits)
        clusters = {each: joined if old & joined else old for each, old in clusters.items()}
        clusters[question.id] = joined
    steered = tuple(
        replace(
            own,
            steers=sum(columns[other.id, NOT_ASKED] for other in _dependents(survey, question.id)),
            entangled=any(len(other.when) > 1 for other in _dependents(survey, question.id)),
        )
        for question, own in zip(survey.questions, questions, strict=True)
    )
    silent = reduce(or_, (question.none | question.outside for question in questions), 0)
    return Shape(columns, steered, tuple(dict.fromkeys(clusters.values())), silent)


def _dependents(survey: Survey, question_id: str) -> list[Question]:
    return [other for other in survey.questions if any(each == question_id for each, _ in other.when)]


@dataclass(frozen=True)
class SheetRow:
    """One row of a table."""

    answered: int
    counts: Mapping[int, int]  # column -> bodies


@dataclass(frozen=True)
class Sheet:
    """One table in bits."""

    rows: tuple[SheetRow, ...]
    secret: int  # columns of which the totals alone do not tell everything
    whole: int  # votes


def sheet_of(table: CrossTable, shape: Shape, whole: int) -> Sheet:
    """Return a table in bits; `whole`: how many answered in all."""
    rows = tuple(
        SheetRow(group.answered, {bit: group.counts[q][c] or 0 for (q, c), bit in shape.columns.items()})
        for group in table.groups
    )
    totals = {bit: sum(row.counts[bit] for row in rows) for bit in shape.columns.values()}
    secret = sum(bit for bit, total in totals.items() if 0 < total < whole)
    return Sheet(rows, secret, whole)


def small_figures(sheet: Sheet, shape: Shape, smallest: int) -> Iterator[tuple[int, int]]:
    """Yield the figures that may not be printed for their own sake: row, column."""
    for at, row in enumerate(sheet.rows):
        if row.answered in {0, sheet.whole}:
            continue  # nobody's answers, or the totals once more
        for question in shape.questions:
            base = row.answered - row.counts[question.outside]
            few = row.answered < smallest or 0 < base < smallest
            for bit in bits_of(question.bits & sheet.secret & ~shape.silent):
                count = row.counts[bit]
                alike = bit & question.choices and 0 < count == base - row.counts[question.none]
                if few or 0 < count < smallest or alike:
                    yield at, bit


@dataclass(frozen=True)
class Difference:
    """A group that is printed nowhere: too few bodies, left when rows of one table are subtracted from rows of another."""

    places: frozenset[tuple[int, ...]]  # the rows of its bodies in the tables so far

    def has(self, rows: tuple[int, ...]) -> bool:
        """Tell whether a body in these rows belongs to it."""
        return rows[: len(next(iter(self.places)))] in self.places


def differences_of(
    people: Sequence[Respondent], newest: int, rows: Sequence[int], smallest: int
) -> Iterator[Difference]:
    """Yield each group of fewer than `smallest` bodies that is a difference of the newest table and an older one.

    Whatever sum over bodies follows from two tables is made of such differences: rows of the one, less all rows of the
    other that lie wholly within them. They are looked for in every set of rows of the shorter table.
    """
    bodies = Counter(person.rows[: newest + 1] for person in people)
    found: set[frozenset[tuple[int, ...]]] = set()
    pairs = [pair for older in range(newest) for pair in ((older, newest), (newest, older))]
    for shorter, other in pairs:
        if rows[shorter] > MOST_ROWS:
            continue
        # SheetRow of the other table -> rows of the shorter one in which its bodies are
        touched: dict[int, int] = {}
        for place in bodies:
            touched[place[other]] = touched.get(place[other], 0) | 1 << place[shorter]
        for chosen in range(1, 1 << rows[shorter]):
            rest = frozenset(
                place for place in bodies if chosen >> place[shorter] & 1 and touched[place[other]] & ~chosen
            )
            if 0 < sum(bodies[place] for place in rest) < smallest and rest not in found:
                found.add(rest)
                yield Difference(rest)


def few_columns(row: SheetRow, shape: Shape, smallest: int) -> int:
    """Return the columns that are withheld by the promise alone, although the totals may tell them."""
    bases = [(question.bits, row.answered - row.counts[question.outside]) for question in shape.questions]
    small = 0 < row.answered < smallest
    return sum(bits for bits, base in bases if small or 0 < base < smallest)


def bits_of(mask: int) -> Iterator[int]:
    """Yield the bits of a number, the lowest first."""
    while mask:
        bit = mask & -mask
        yield bit
        mask ^= bit


@dataclass(frozen=True)
class Respondent:
    """One who answered: mostly a body, else a person of it."""

    rows: tuple[int, ...]  # in each table, in the order in which they are decided
    columns: int  # its answers
