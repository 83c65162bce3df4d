"""The report: one value with every figure that is published."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from mailbot.core.members.register import Body
from mailbot.core.surveys.cross_table import Elector, Unsummed
from mailbot.core.surveys.report import Figures, FreeText, Report, make_report, percent
from mailbot.core.surveys.survey import Answers, Mode, Question, Survey
from mailbot.core.surveys.tally import Vote
from mailbot.demo.demo_register import make_register
from tests.mails.standard import STANDARD

NOW = datetime(2026, 7, 2, 8, 0, tzinfo=UTC)


def electors(number: int) -> list[Elector]:
    """Return so many cities."""
    return [Elector(Body(f"{at:06d}", f"第{at}市", "city", "長野県", 9)) for at in range(number)]


def report(survey: Survey, votes: list[Vote], number: int = 8) -> Report:
    """Return the report of so many cities."""
    made = make_report(survey, "closed", electors(number), votes, at=NOW)
    assert isinstance(made, Report)
    return made


def test_the_whole_has_base_silence_and_not_asked() -> None:
    """A multi-select's base is who was asked it, not how many options were ticked."""
    votes = [Vote(f"{at:06d}", {"Q1": ("2",), "Q2": ("1", "2")}) for at in range(5)]
    votes += [Vote("000005", {"Q1": ("1",)}), Vote("000006", {"Q1": ("2",)})]
    second = report(STANDARD, votes).questions[1]
    assert (second.base, second.none, second.not_asked) == (6, 1, 1)
    assert second.options == (("1", 5), ("2", 5), ("3", 0), ("4", 0))
    assert percent(5, second.base) == "83.3%"


@pytest.mark.parametrize(
    ("mode", "texts"),
    [
        ("aggregate", (FreeText("あ", ""), FreeText("い", ""), FreeText("う", ""))),
        ("sealed", (FreeText("あ", ""), FreeText("い", ""), FreeText("う", ""))),
        ("named", (FreeText("う", "第0市"), FreeText("い", "第1市"), FreeText("あ", "第2市"))),
    ],
)
def test_free_answers_stand_by_their_words_or_with_names(mode: Mode, texts: tuple[FreeText, ...]) -> None:
    """The order of words without names says nothing of whose they are (ballot.md section 15)."""
    words = ("う", "い", "あ")
    votes = [Vote(f"{at:06d}", {"Q3": word}) for at, word in enumerate(words)]
    assert report(replace(STANDARD, mode=mode), votes).questions[2].texts == texts


def test_figures_are_summed_and_never_listed() -> None:
    """A list of figures could tell whose each is: total, mean and median are printed, from five answers on."""
    survey = replace(STANDARD, questions=(Question("Q1", "職員数", "number"),))
    values = ("1.5", "2", "3", "10", "-1", "4")
    votes = [Vote(f"{at:06d}", {"Q1": value}) for at, value in enumerate(values)]
    (question,) = report(survey, votes).questions
    assert question.figures == Figures("19.5", "3.3", "2.5")
    assert question.texts == ()
    assert report(survey, votes[:4]).questions[0].figures is None
    assert report(replace(survey, mode="named"), votes[:1]).questions[0].figures is not None


@pytest.mark.parametrize("mode", ["sealed", "aggregate"])
def test_votes_without_bodies_have_no_tables(mode: Mode) -> None:
    """無記名: only the whole's figures are there, also while the votes could still be joined."""
    votes = [Vote("000000" if mode == "sealed" else None, {"Q1": ("1",)})]
    made = report(replace(STANDARD, mode=mode), votes)
    assert made.tables == ()
    assert made.questions[0].counts["1"] == 1


def test_more_votes_than_electors_are_refused() -> None:
    """A count that cannot be is no report."""
    made = make_report(STANDARD, "closed", electors(1), [Vote(None, {}), Vote(None, {})], at=NOW)
    assert isinstance(made, Unsummed)
    assert "回答 2 が対象 1 を上回っています" in made.sentence


@pytest.mark.parametrize(
    ("part", "whole", "words"), [(1, 3, "33.3%"), (1, 2000, "0.1%"), (1, 2001, "0.0%"), (0, 0, "-")]
)
def test_shares_are_rounded_once(part: int, whole: int, words: str) -> None:
    """Half a tenth goes up, by whole numbers: no binary fraction decides."""
    assert percent(part, whole) == words


def test_a_report_of_the_whole_association_takes_two_seconds() -> None:
    """1,401 bodies, 47 prefectures, ten questions, in CPU time; withholding included."""
    questions = tuple(
        Question(f"Q{n}", "問い", "multi" if n % 3 == 0 else "single", ("甲", "乙", "丙", "丁"))
        for n in range(1, 11)
    )
    bodies = [body for body, _ in make_register(1401)]
    votes = []
    for at, body in enumerate(bodies):
        answers: Answers = {
            q.id: (str((at * (n + 7) // 5) % 4 + 1),) for n, q in enumerate(questions) if (at + n) % 17
        }
        if at % 9 < 5:
            votes.append(Vote(body.code, answers))
    began = time.process_time()
    made = make_report(
        replace(STANDARD, questions=questions), "closed", [Elector(body) for body in bodies], votes, at=NOW
    )
    assert time.process_time() - began < 2
    assert isinstance(made, Report)
    assert len(made.tables[1].groups) == 47
