"""The report of a survey: every figure that is published, withheld ones left out, as one value (ballot.md section 15)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from mailbot.core.members.register import Body
from mailbot.core.reading.grammar.printed_options import yesno_values
from mailbot.core.surveys.comparison import Comparison, compare
from mailbot.core.surveys.cross_table import CrossTable, Elector, Unsummed, cross_tables
from mailbot.core.surveys.disclosure import SMALLEST_GROUP, withheld
from mailbot.core.surveys.survey import Answers, Question, Survey
from mailbot.core.surveys.tally import ANSWERED, NONE, NOT_ASKED, Vote, counted_in, tally

WITHHELD = "＊"  # stands where a figure is not printed


@dataclass(frozen=True)
class FreeText:
    """One answer in a member's own words."""

    words: str
    body: str  # its name where the survey names bodies, else ""


@dataclass(frozen=True)
class Figures:
    """What the answers to a question for a number come to, each as a plain decimal."""

    total: str
    mean: str  # one decimal, half a tenth rounded up
    median: str


@dataclass(frozen=True)
class QuestionReport:
    """One question over the whole electorate."""

    question: Question
    base: int  # of those who answered, how many were asked it
    not_asked: int  # 非該当
    counts: Mapping[str, int]  # column of the tally -> bodies; 無回答 is "none"
    texts: tuple[FreeText, ...] = ()
    figures: Figures | None = None  # of a question for a number, unless too few answered it
    before: Comparison | None = None  # None: no earlier survey is compared

    @property
    def none(self) -> int:
        """Of the base, how many gave no answer."""
        return self.counts[NONE]

    @property
    def options(self) -> tuple[tuple[str, int], ...]:
        """The columns that count an answer, in order; 棄権 only where the ballot offers it or somebody wrote it."""
        offered = yesno_values(self.question) if self.question.type == "yesno" else tuple(self.counts)
        return tuple(
            (column, count)
            for column, count in self.counts.items()
            if column != NONE and (count or column in offered)
        )


@dataclass(frozen=True)
class Report:
    """A survey's result."""

    survey: Survey
    state: Literal["planned", "open", "closed"]
    at: datetime  # when these figures were made
    electorate: int
    answered: int
    undeliverable: int  # 未達, of those who did not answer
    questions: tuple[QuestionReport, ...]
    tables: tuple[CrossTable, ...]  # none when nobody can tell whose the answers are
    smallest: int  # groups of fewer bodies are withheld; 1: none is
    earlier: str = ""  # key of the survey that is compared; "": none
    earlier_missing: str = ""  # key of the survey that was to be compared and is not there

    def table(self, attribute: str) -> CrossTable | None:
        """Return the table by this attribute."""
        return next((table for table in self.tables if table.attribute == attribute), None)


@dataclass(frozen=True)
class BodyVote:
    """What one body answered, for the office alone."""

    body: Body
    status: str  # of its standing reply (ledger.LedgerRow); "": none came
    version: int
    answers: Answers  # as they count; empty when they do not


def make_report(
    survey: Survey,
    state: Literal["planned", "open", "closed"],
    electorate: Sequence[Elector],
    votes: Sequence[Vote],
    *,
    at: datetime,
    earlier: tuple[Survey, Sequence[Vote]] | None = None,
) -> Report | Unsummed:
    """Return the report, or what in it does not sum.

    Votes that cannot be joined to a body (a sealed survey's) have no cross tables, only the whole's figures.
    """
    if len(votes) > len(electorate):
        return Unsummed(
            f"survey {survey.key}: 回答 {len(votes)} が対象 {len(electorate)} を上回っています。"
            "集計を出さず、事務局で原因をお調べください"
        )
    joinable = survey.mode != "sealed" and all(vote.code is not None for vote in votes)
    tables: tuple[CrossTable, ...] = ()
    if joinable:
        made = cross_tables(survey, electorate, votes)
        if isinstance(made, Unsummed):
            return made
        bodies = {elector.body.code: elector.body for elector in electorate}
        tables = withheld(survey, made, bodies, votes, SMALLEST_GROUP[survey.mode])
    answered = {vote.code for vote in votes}
    names = {elector.body.code: elector.body.name for elector in electorate}
    counts = tally(survey, (vote.answers for vote in votes))
    compared = compare(survey, earlier[0], [vote.answers for vote in earlier[1]]) if earlier else {}
    return Report(
        survey=survey,
        state=state,
        at=at,
        electorate=len(electorate),
        answered=len(votes),
        undeliverable=sum(
            elector.undeliverable and elector.body.code not in answered for elector in electorate
        ),
        questions=tuple(
            _question(survey, question, votes, counts[question.id], names, compared.get(question.id))
            for question in survey.questions
        ),
        tables=tables,
        smallest=SMALLEST_GROUP[survey.mode],
        earlier=earlier[0].key if earlier else "",
        earlier_missing="" if earlier else survey.previous,
    )


def percent(part: int, whole: int) -> str:
    """Return a share with one decimal, half a tenth rounded up: 53.5%; "-" of nothing."""
    return f"{tenths(Fraction(100 * part, whole))}%" if whole else "-"


def tenths(value: Fraction) -> str:
    """Return a value of at least 0 with one decimal, half a tenth rounded up."""
    whole, tenth = divmod(int(value * 10 + Fraction(1, 2)), 10)
    return f"{whole}.{tenth}"


def _question(
    survey: Survey,
    question: Question,
    votes: Sequence[Vote],
    counts: Mapping[str, int],
    names: Mapping[str, str],
    before: Comparison | None,
) -> QuestionReport:
    given: list[tuple[str, str]] = []  # the body's name, what it wrote
    outside = 0
    for vote in votes:
        columns = counted_in(survey, question, vote.answers)
        outside += columns == (NOT_ASKED,)
        answer = vote.answers.get(question.id)
        if columns == (ANSWERED,) and isinstance(answer, str):
            given.append((names.get(vote.code or "", ""), answer))
    return QuestionReport(
        question,
        len(votes) - outside,
        outside,
        counts,
        texts=_texts(survey, question, given),
        figures=_figures(question, [answer for _, answer in given], SMALLEST_GROUP[survey.mode]),
        before=before,
    )


def _texts(survey: Survey, question: Question, given: Sequence[tuple[str, str]]) -> tuple[FreeText, ...]:
    """Return free answers sorted by their words, so that their order says nothing of whose they are; or by body.

    A list of figures could tell whose each is (a budget, a number of staff): it is printed with names or not at all.
    """
    if survey.mode == "named" and question.type in {"text", "number", "date"}:
        return tuple(FreeText(answer, body) for body, answer in sorted(given))
    if question.type in {"text", "date"}:
        return tuple(FreeText(answer, "") for answer in sorted(answer for _, answer in given))
    return ()


def _figures(question: Question, given: Sequence[str], smallest: int) -> Figures | None:
    if question.type != "number" or len(given) < max(smallest, 1):
        return None
    values = sorted(Decimal(answer) for answer in given)
    middle = (values[(len(values) - 1) // 2] + values[len(values) // 2]) / 2
    total = sum(values, Decimal())
    mean = Fraction(total) / len(values)
    return Figures(_plain(total), ("-" if mean < 0 else "") + tenths(abs(mean)), _plain(middle))


def _plain(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
