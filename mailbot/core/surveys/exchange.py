"""The exchanges that hide a withheld figure: bodies whose answers could be swapped, and nobody would see it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product

from mailbot.core.surveys.small_figures import (
    MOST_ROWS,
    Difference,
    QuestionBits,
    Respondent,
    Shape,
    Sheet,
    bits_of,
)

_DEARER = 10**8  # a figure of a table weighs more than all of the tables after it together
_NEVER = 10**100  # the cost where no exchange exists
_TRIED = 12  # exchanges of two bodies to which two more bodies are joined, if no older table is at stake
_SILENT_CHEAPER = 4  # 無回答 and 非該当 are no answer: readers miss them less


@dataclass(frozen=True)
class _Alike:
    """Bodies in the same rows of the older tables, with the same answers to the questions at hand."""

    rows: tuple[int, ...]  # in the older tables
    groups: int  # the differences to which they belong, one bit each
    columns: int
    places: tuple[int, ...]  # the rows of the newest table in which there are such bodies


@dataclass(frozen=True)
class _Figure:
    """What is to be hidden: a column of a table's row, or of a difference."""

    table: int  # -1: of a difference
    row: int  # or the difference's bit
    column: int  # one bit


@dataclass(frozen=True)
class _Change:
    """What two bodies swap, and in which columns a body must be like one of them to do the same."""

    columns: int
    span: int


@dataclass(frozen=True)
class _Exchange:
    """Bodies that swap answers: those that gain the first one's columns, and as many that lose them."""

    columns: int
    gaining: tuple[tuple[tuple[int, ...], int], ...]  # rows in all tables so far, differences
    losing: tuple[tuple[tuple[int, ...], int], ...]

    def moves(self) -> list[tuple[int, int]]:
        """Return the rows (table, row) and differences (-1, bit) whose figures it changes."""
        net: Counter[tuple[int, int]] = Counter()
        for sign, bodies in ((1, self.gaining), (-1, self.losing)):
            for rows, groups in bodies:
                for place in (*enumerate(rows), *((-1, group) for group in bits_of(groups))):
                    net[place] += sign
        return [place for place, change in net.items() if change]


@dataclass(frozen=True)
class _Pair:
    """Two kinds of bodies that could swap, and what it would cost."""

    fixed: int  # in the table of the figure that is to be hidden, where it is older
    moving: int  # elsewhere, where two more bodies may undo it
    one: _Alike
    other: _Alike
    change: _Change


@dataclass
class Hidden:
    """What is withheld so far: for each table and row, its columns."""

    sheets: Sequence[Sheet]
    silent: int
    rows: list[list[int]] = field(init=False)
    _prices: dict[tuple[int, int, int], int] = field(default_factory=dict)
    _cheapest: dict[tuple[int, tuple[int, ...], int], tuple[int, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Begin with nothing withheld."""
        self.rows = [[0] * len(sheet.rows) for sheet in self.sheets]

    def price(self, table: int, row: int, columns: int) -> int:
        """Return what readers lose when these columns of a row are withheld too: the more who answered, the more."""
        missing = columns & ~self.rows[table][row]
        if not missing:
            return 0
        found = self._prices.get((table, row, missing))
        if found is None:
            worth = (1 + self.sheets[table].rows[row].answered) * _DEARER ** (len(self.sheets) - 1 - table)
            silent = (missing & self.silent).bit_count()
            found = worth * (_SILENT_CHEAPER * missing.bit_count() - (_SILENT_CHEAPER - 1) * silent)
            self._prices[table, row, missing] = found
        return found

    def cheapest(self, table: int, rows: tuple[int, ...], columns: int) -> tuple[int, int]:
        """Return the row of these in which the columns cost the least: its price, and the row."""
        key = (table, rows, columns)
        if key not in self._cheapest:
            self._cheapest[key] = min((self.price(table, row, columns), row) for row in rows)
        return self._cheapest[key]

    def cost(self, exchange: _Exchange) -> int:
        """Return what is lost when everything that an exchange changes is withheld."""
        return sum(self.price(*place, exchange.columns) for place in exchange.moves() if place[0] >= 0)

    def hide(self, exchange: _Exchange) -> None:
        """Withhold what this exchange changes, so that nobody can tell whether it happened."""
        self._cheapest.clear()
        for table, row in exchange.moves():
            if table >= 0:
                self.rows[table][row] |= exchange.columns


@dataclass
class _Crowd:
    """Everybody who answered, as one table is decided."""

    newest: int
    people: Sequence[_Alike]
    _like: dict[tuple[int, int], dict[tuple[int, ...], list[_Alike]]] = field(default_factory=dict)

    def like(self, columns: int, span: int) -> Mapping[tuple[int, ...], Sequence[_Alike]]:
        """Return those who gave the same answers in these columns, by their rows in the older tables."""
        key = (columns & span, span)
        if key not in self._like:
            found = self._like[key] = {}
            for each in self.people:
                if each.columns & span == key[0]:
                    found.setdefault(each.rows, []).append(each)
        return self._like[key]


def protect(
    hidden: Hidden,
    people: Sequence[Respondent],
    differences: Sequence[Difference],
    shape: Shape,
    cluster: int,
    newest: int,
    smallest: int,
) -> None:
    """For each withheld figure and each difference, find an exchange that nobody can see, and withhold its columns.

    A figure that is withheld on the way needs none of its own: the exchange for which it is withheld hides it.
    """
    crowd = _crowd(people, differences, cluster, newest)
    secret = cluster & hidden.sheets[newest].secret
    moved: set[_Figure] = set()
    for figure in _figures(hidden, crowd, differences, secret & ~shape.silent, secret):
        question = next(each for each in shape.questions if each.bits & figure.column)
        exposed: list[_Alike | None] = [*_exposed(hidden, crowd, figure, question, smallest)]
        for who in exposed or [None]:
            if who is None and figure in moved:
                continue
            exchange = _cheapest(hidden, crowd, figure, question, cluster, who)
            if exchange is not None:
                hidden.hide(exchange)
                moved.update(
                    _Figure(*place, column)
                    for place in exchange.moves()
                    for column in bits_of(exchange.columns)
                )


def _crowd(
    people: Sequence[Respondent], differences: Sequence[Difference], cluster: int, newest: int
) -> _Crowd:
    groups: dict[tuple[int, ...], int] = {}
    places: dict[tuple[tuple[int, ...], int, int], set[int]] = {}
    for person in people:
        if person.rows not in groups:
            groups[person.rows] = sum(1 << at for at, each in enumerate(differences) if each.has(person.rows))
        key = (person.rows[:newest], groups[person.rows], person.columns & cluster)
        places.setdefault(key, set()).add(person.rows[newest])
    return _Crowd(newest, [_Alike(*key, tuple(sorted(found))) for key, found in places.items()])


def _figures(
    hidden: Hidden, crowd: _Crowd, differences: Sequence[Difference], answers: int, secret: int
) -> list[_Figure]:
    """Return the figures to be hidden: those of large rows first, which have the fewest exchanges."""
    figures = [
        (hidden.sheets[table].rows[row].answered, _Figure(table, row, column))
        for table in range(crowd.newest + 1)
        for row, columns in enumerate(hidden.rows[table])
        for column in bits_of(columns & secret)
    ]
    figures.sort(key=lambda figure: -figure[0])
    given = {
        _Figure(-1, 1 << at, column)
        for each in crowd.people
        for at in range(len(differences))
        if each.groups >> at & 1
        for column in bits_of(each.columns & answers)
    }
    between = sorted(given, key=lambda figure: (figure.row, figure.column))
    return [figure for _, figure in figures] + between


def _exposed(
    hidden: Hidden, crowd: _Crowd, figure: _Figure, question: QuestionBits, smallest: int
) -> list[_Alike]:
    """Return those whose answer the figure would give away: each needs an exchange of its own.

    That is so in small groups, and where all of a row gave the same answer.
    """
    if figure.table < 0:
        return [
            each
            for each in crowd.people
            if _places(crowd, each, figure, inside=True) and each.columns & figure.column
        ]
    row = hidden.sheets[figure.table].rows[figure.row]
    count = row.counts[figure.column]
    base = row.answered - row.counts[question.outside] - row.counts[question.none]
    few = min(row.answered, row.answered - row.counts[question.outside]) < smallest
    if not few and not (figure.column & question.choices and count == base):
        return []
    return [
        replace(each, places=(place,))
        for each in crowd.people
        if each.columns & figure.column
        for place in _places(crowd, each, figure, inside=True)
    ]


def _cheapest(
    hidden: Hidden, crowd: _Crowd, figure: _Figure, question: QuestionBits, cluster: int, who: _Alike | None
) -> _Exchange | None:
    """Return the exchange that changes this figure and withholds the least anew, None when there is none."""
    best, chosen = _NEVER, None
    begun: dict[tuple[tuple[int, ...], tuple[int, ...], int], _Pair] = {}
    for one, other in _pairs(crowd, figure, who):
        change = _changed(one.columns, other.columns, figure.column, question, cluster)
        fixed = moving = 0
        for table, (mine, yours) in enumerate(zip(one.rows, other.rows, strict=True)):
            if mine != yours:
                cost = hidden.price(table, mine, change.columns) + hidden.price(table, yours, change.columns)
                if table == figure.table:
                    fixed += cost
                else:
                    moving += cost
        key = (one.rows, other.rows, change.columns)
        if fixed + moving >= best and key in begun:
            continue
        added, here, there = _rows(hidden, one.places, other.places, change.columns, crowd.newest)
        begun.setdefault(key, _Pair(fixed, moving + added, one, other, change))
        if fixed + moving + added < best:
            best = fixed + moving + added
            gaining, losing = ((*one.rows, here), one.groups), ((*other.rows, there), other.groups)
            chosen = _Exchange(change.columns, (gaining,), (losing,))
            if not best:
                return chosen
    older = _DEARER ** (len(hidden.sheets) - crowd.newest)  # no figure of an older table costs less
    many = figure.table == crowd.newest and len(hidden.sheets[crowd.newest].rows) > MOST_ROWS
    enough = 0 if many else _TRIED  # of many rows two are found that need no help
    ranked = sorted(begun.values(), key=lambda pair: (pair.fixed, pair.moving))
    for tried, pair in enumerate(ranked):
        if tried >= enough and best < older:
            break
        for exchange in _joined(hidden, crowd, pair.one, pair.other, pair.change):
            cost = hidden.cost(exchange)
            if cost < best and (figure.table, figure.row) in exchange.moves():
                best, chosen = cost, exchange
                if not best:
                    return chosen
    return chosen


def _pairs(crowd: _Crowd, figure: _Figure, who: _Alike | None) -> Iterator[tuple[_Alike, _Alike]]:
    """Yield who could swap so that a figure differs, first those who are alike in the older tables."""
    outside: dict[bool, list[_Alike]] = {False: [], True: []}  # by whether they count in the column
    for each in crowd.people:
        if places := _places(crowd, each, figure, inside=False):
            other = each if places == each.places else replace(each, places=places)
            outside[bool(each.columns & figure.column)].append(other)
    inside = [
        replace(each, places=places)
        for each in ([who] if who else crowd.people)
        if (places := _places(crowd, each, figure, inside=True))
    ]
    for near in (True, False):
        for one in inside:
            for other in outside[not one.columns & figure.column]:
                if (one.rows == other.rows) == near:
                    yield one, other


def _joined(
    hidden: Hidden, crowd: _Crowd, one: _Alike, other: _Alike, change: _Change
) -> Iterator[_Exchange]:
    """Yield exchanges in which two more bodies swap the other way, so that fewer rows change in the end."""
    losing, gaining = crowd.like(other.columns, change.span), crowd.like(one.columns, change.span)
    for rows, backs in losing.items():
        for opposite in _opposites(hidden, rows, one, other, change.columns):
            for back in backs:
                for forth in gaining.get(opposite, ()):
                    four = _four(hidden, crowd, one, other, back, forth, change.columns)
                    for here, there, own, theirs in four:
                        first, second = (*one.rows, here), (*other.rows, there)
                        third, fourth = (*rows, own), (*opposite, theirs)
                        if third != second and fourth != first:  # they are four bodies
                            yield _Exchange(
                                change.columns,
                                ((first, one.groups), (fourth, forth.groups)),
                                ((second, other.groups), (third, back.groups)),
                            )


def _opposites(
    hidden: Hidden, rows: tuple[int, ...], one: _Alike, other: _Alike, columns: int
) -> Iterator[tuple[int, ...]]:
    """Yield the rows whose exchange, in each older table, changes nothing or undoes what the first two changed.

    A row that is withheld anyway may stand in for one that would have to be undone.
    """
    choices = []
    for table, (row, mine, yours) in enumerate(zip(rows, one.rows, other.rows, strict=True)):
        free = {at for at, withheld in enumerate(hidden.rows[table]) if not columns & ~withheld}
        fitting = {row}
        if row == mine or row in free:
            fitting |= free | {yours}
        choices.append(sorted(fitting))
    return product(*choices)


def _four(
    hidden: Hidden, crowd: _Crowd, one: _Alike, other: _Alike, back: _Alike, forth: _Alike, columns: int
) -> Iterator[tuple[int, int, int, int]]:
    """Yield rows of the newest table in which the four may exchange: of one, other, back and forth."""
    together = next((row for row in one.places if row in back.places), None)
    opposite = next((row for row in other.places if row in forth.places), None)
    if together is not None and opposite is not None:
        yield together, opposite, together, opposite
    _, here, there = _rows(hidden, one.places, other.places, columns, crowd.newest)
    _, own, theirs = _rows(hidden, back.places, forth.places, columns, crowd.newest)
    yield here, there, own, theirs


def _places(crowd: _Crowd, each: _Alike, figure: _Figure, *, inside: bool) -> tuple[int, ...]:
    """Return the rows of the newest table in which such bodies are counted, or are not, in the figure's row."""
    if figure.table == crowd.newest:
        return tuple(row for row in each.places if (row == figure.row) == inside)
    counted = each.groups & figure.row > 0 if figure.table < 0 else each.rows[figure.table] == figure.row
    return each.places if counted == inside else ()


def _rows(
    hidden: Hidden, own: tuple[int, ...], theirs: tuple[int, ...], columns: int, newest: int
) -> tuple[int, int, int]:
    """Return where the two exchange at the least cost in the newest table: the cost, and the row of each."""
    for row in own:
        if row in theirs:
            return 0, row, row
    mine, here = hidden.cheapest(newest, own, columns)
    yours, there = hidden.cheapest(newest, theirs, columns)
    return mine + yours, here, there


def _changed(one: int, other: int, column: int, question: QuestionBits, cluster: int) -> _Change:
    """Return the columns that change in the smallest swap that leaves both with possible answers."""
    differ = one ^ other
    if question.entangled or differ & question.steers or (one | other) & question.outside:
        return _Change(differ, cluster)  # who is asked what changes too: all questions that depend on it swap
    if (
        question.several
        and column & question.choices
        and not (one | other) & question.none
        and not question.steers
    ):
        holder = one if one & column else other
        if holder & question.bits & ~column:
            return _Change(column, question.bits)  # one of several options that the holder chose
    return _Change(differ & question.bits, question.bits)
