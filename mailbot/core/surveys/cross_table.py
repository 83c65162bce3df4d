"""Cross tables: a survey's answers by kind of body, prefecture and population, and the proof that they sum."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from mailbot.core.members.register import KINDS, Body
from mailbot.core.surveys.group_words import UNKNOWN, group_words
from mailbot.core.surveys.survey import Survey
from mailbot.core.surveys.tally import NOT_ASKED, Vote, columns_of, counted_in, tally

Attribute = Literal["kind", "prefecture", "population"]
ATTRIBUTES: tuple[Attribute, ...] = ("kind", "prefecture", "population")

# The classes that municipal statistics use; each begins at so many persons.
POPULATION_CLASSES: tuple[tuple[str, int], ...] = (
    ("0-", 0),
    ("50000-", 50_000),
    ("100000-", 100_000),
    ("200000-", 200_000),
    ("500000-", 500_000),
)

TITLES: dict[str, dict[Attribute, str]] = {
    "ja": {"kind": "種別", "prefecture": "都道府県", "population": "人口規模"},
    "en": {"kind": "kind", "prefecture": "prefecture", "population": "population"},
}


@dataclass(frozen=True)
class Elector:
    """One ballot: a body, or a person of it where the survey counts persons."""

    body: Body
    undeliverable: bool = False  # 未達: our mail could not reach it


@dataclass(frozen=True)
class Group:
    """One row of a cross table."""

    name: str  # city; 長野県; 50000- (from so many persons); UNKNOWN
    electorate: int
    answered: int
    undeliverable: int  # of those who did not answer
    # Question id -> column of the tally -> bodies; None: withheld
    counts: Mapping[str, Mapping[str, int | None]]

    def base(self, question_id: str) -> int | None:
        """Return how many of those who answered were asked a question; None: withheld."""
        outside = self.counts[question_id][NOT_ASKED]
        return None if outside is None else self.answered - outside


@dataclass(frozen=True)
class CrossTable:
    """One table: every elector is in exactly one of its groups."""

    attribute: Attribute
    groups: tuple[Group, ...]


@dataclass(frozen=True)
class Unsummed:
    """The tables are refused: something in them does not sum to the whole."""

    sentence: str


def cross_tables(
    survey: Survey, electorate: Sequence[Elector], votes: Sequence[Vote]
) -> tuple[CrossTable, ...] | Unsummed:
    """Return the tables of a survey, by kind, prefecture and population, or what does not sum.

    Each vote must be joinable to a body. The row 「その他・未分類」 is always there, since an association's own
    figures of cities, towns and villages do not make up its members.
    """
    bodies = {elector.body.code: elector.body for elector in electorate}
    tables = tuple(_table(attribute, survey, electorate, votes, bodies) for attribute in ATTRIBUTES)
    return unsummed(survey, tables, len(electorate), votes) or tables


def unsummed(
    survey: Survey, tables: Iterable[CrossTable], electorate: int, votes: Sequence[Vote]
) -> Unsummed | None:
    """Return the first sum in the tables that is not the whole's, None when all are."""
    whole = tally(survey, (vote.answers for vote in votes))
    for table in tables:
        title = TITLES["ja"][table.attribute]
        for word, found, expected in (
            ("対象", sum(group.electorate for group in table.groups), electorate),
            ("回答", sum(group.answered for group in table.groups), len(votes)),
        ):
            if found != expected:
                return _refused(
                    survey, f"{title}ごとの{word}の合計が {found} で、全体の {expected} と合いません"
                )
        if over := [group for group in table.groups if group.answered > group.electorate]:
            return _refused(
                survey, f"{title}ごとの「{group_words(over[0].name)}」で回答が対象を上回っています"
            )
        for question in survey.questions:
            for column in columns_of(question):
                found = sum(group.counts[question.id][column] or 0 for group in table.groups)
                if found != whole[question.id][column]:
                    words = f"{title}ごとの {question.id} の {column} の合計が {found} で、全体の"
                    return _refused(survey, f"{words} {whole[question.id][column]} と合いません")
    return None


def group_of(attribute: Attribute, body: Body) -> str:
    """Return the name of the group in which a body stands."""
    match attribute:
        case "kind":
            return body.kind if body.kind in KINDS else "other"
        case "prefecture":
            return body.prefecture.strip() or UNKNOWN
        case "population":
            return population_class(body.population)


def population_class(population: int | None) -> str:
    """Return the class of a number of persons; UNKNOWN when the register has none."""
    if population is None:
        return UNKNOWN
    return next(name for name, begins in reversed(POPULATION_CLASSES) if population >= begins or begins == 0)


def _table(
    attribute: Attribute,
    survey: Survey,
    electorate: Sequence[Elector],
    votes: Sequence[Vote],
    bodies: Mapping[str, Body],
) -> CrossTable:
    asked = Counter(group_of(attribute, elector.body) for elector in electorate)
    answering = Counter(vote.code for vote in votes)
    unreached = Counter(
        group_of(attribute, elector.body)
        for elector in electorate
        if elector.undeliverable and not answering[elector.body.code]
    )
    own: dict[str, list[Vote]] = {}
    for vote in votes:
        if vote.code is not None and vote.code in bodies:
            own.setdefault(group_of(attribute, bodies[vote.code]), []).append(vote)
    groups = tuple(
        Group(name, asked[name], len(own.get(name, ())), unreached[name], _counts(survey, own.get(name, ())))
        for name in _names(attribute, electorate)
    )
    return CrossTable(attribute, groups)


def _names(attribute: Attribute, electorate: Sequence[Elector]) -> list[str]:
    """Return a table's groups in order: kinds and classes as they are named, prefectures by code (JIS X 0401)."""
    match attribute:
        case "kind":
            return list(KINDS)
        case "population":
            return [*(name for name, _ in POPULATION_CLASSES), UNKNOWN]
        case "prefecture":
            ordered = sorted(electorate, key=lambda elector: elector.body.code)
            names = list(dict.fromkeys(group_of(attribute, elector.body) for elector in ordered))
            return sorted(names, key=lambda name: name == UNKNOWN)


def _counts(survey: Survey, votes: Sequence[Vote]) -> dict[str, dict[str, int | None]]:
    counts: dict[str, Counter[str]] = {question.id: Counter() for question in survey.questions}
    for vote in votes:
        for question in survey.questions:
            counts[question.id].update(counted_in(survey, question, vote.answers))
    return {
        question.id: {column: counts[question.id][column] for column in (*columns_of(question), NOT_ASKED)}
        for question in survey.questions
    }


def _refused(survey: Survey, sentence: str) -> Unsummed:
    return Unsummed(f"survey {survey.key}: {sentence}。集計を出さず、事務局で原因をお調べください")
