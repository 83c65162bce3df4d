"""A survey's report from the database: electorate, votes, what could not be delivered, the survey before."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailbot.core.refusal import Refusal
from mailbot.core.surveys.comparison import Before
from mailbot.core.surveys.report import Report
from mailbot.core.surveys.tally import Vote
from mailbot.flows.surveys.close_survey import close_survey
from mailbot.flows.surveys.report_survey import report_survey, votes_by_body
from tests.flows.post_office import KARUIZAWA, NAGANO, SATO, SURVEY, TANAKA, YAMADA, PostOffice


def report(office: PostOffice, key: str = SURVEY.key, votes: list[Vote] | None = None) -> Report:
    """Return the report as of now."""
    with office.database.read() as connection:
        return report_survey(connection, key, office.now, votes)


def test_the_report_counts_what_stands(office: PostOffice) -> None:
    """One vote of each body that answered, out of all that were asked, in groups that sum."""
    invitations = office.open_survey()
    office.reply(invitations[YAMADA], "Q1 2\nQ2 1,3\nQ3 高い")
    office.reply(invitations[SATO], "Q1 1")
    office.reply(invitations[SATO], "Q1 3")
    office.reply(invitations[TANAKA], "回答しない")
    made = report(office)
    assert (made.electorate, made.answered, made.undeliverable) == (4, 2, 0)
    assert made.questions[0].counts == {"1": 0, "2": 1, "3": 1, "none": 0}
    assert [(table.attribute, sum(group.electorate for group in table.groups)) for table in made.tables] == [
        ("kind", 4),
        ("prefecture", 4),
        ("population", 4),
    ]
    assert made.questions[2].texts[0].body == ""


def test_votes_may_come_from_elsewhere(office: PostOffice) -> None:
    """A recount hands in its own votes; those of nobody who was asked are refused with a sentence."""
    office.open_survey()
    assert report(office, votes=[Vote(NAGANO, {"Q1": ("1",)})]).questions[0].counts["1"] == 1
    assert report(office, votes=[Vote(None, {"Q1": ("1",)})]).tables == ()
    with pytest.raises(Refusal, match="合いません"):
        report(office, votes=[Vote("130001", {"Q1": ("1",)})])


def test_there_must_be_a_survey(office: PostOffice) -> None:
    """A wrong key is answered with how to find the right one."""
    with pytest.raises(Refusal, match="surveys list"):
        report(office, "S99-001")


def test_the_survey_before_is_compared(office: PostOffice) -> None:
    """`previous:` names a survey in the same database; one that is not there is said to be missing."""
    before = office.open_survey()
    office.reply(before[YAMADA], "Q1 2")
    office.apply(replace(SURVEY, key="S27-014", previous=SURVEY.key))
    compared = report(office, "S27-014").questions[0].before
    assert compared == Before(1, {"1": 0, "2": 1, "3": 0})
    office.apply(replace(SURVEY, key="S27-015", previous="S20-001"))
    assert report(office, "S27-015").earlier_missing == "S20-001"


def test_the_office_sees_what_each_body_answered(office: PostOffice) -> None:
    """Raw data has a line for each body that was asked; a sealed survey keeps none."""
    invitations = office.open_survey()
    office.reply(invitations[YAMADA], "Q1 2\nQ2 1,3")
    made = report(office)
    with office.database.read() as connection:
        votes = {vote.body.code: vote for vote in votes_by_body(connection, SURVEY.key, made)}
        with pytest.raises(Refusal, match="sealed"):
            votes_by_body(connection, SURVEY.key, replace(made, survey=replace(SURVEY, mode="sealed")))
    assert len(votes) == 4
    assert (votes[NAGANO].status, votes[NAGANO].answers["Q2"]) == ("counted", ("1", "3"))
    assert (votes[KARUIZAWA].status, votes[KARUIZAWA].answers) == ("", {})


def test_each_member_gets_its_own_result(office: PostOffice) -> None:
    """Everybody's result, with the recipient's own answers marked in the table of its kind."""
    invitations = office.open_survey(replace(SURVEY, mode="named"))
    office.reply(invitations[YAMADA], "Q1 2\nQ2 1")
    office.reply(invitations[SATO], "Q1 1")
    office.copies()
    with office.database.write() as connection:
        close_survey(connection, office.site, SURVEY.key, office.now, office.now)
    results = {copy.to: copy.text.replace("\r\n", "\n") for copy in office.copies("result")}
    assert "　　2. 利用していない　★貴団体\n　　　　1団体（50.0%）" in results[YAMADA]
    assert "　　1. 利用している　★貴団体\n　　　　1団体（50.0%）" in results[SATO]
    assert "集計に入る貴団体のお答えは、締切までに届いておりませんでした。" in results[TANAKA]
    assert all("■ 全体の結果" in text for text in results.values())


def test_with_few_answers_no_kind_is_broken_down(office: PostOffice) -> None:
    """集計のみ: of two answers from cities nothing is printed for cities, only the own answer to its own body."""
    invitations = office.open_survey()
    office.reply(invitations[YAMADA], "Q1 2\nQ2 1")
    office.reply(invitations[SATO], "Q1 1")
    office.copies()
    with office.database.write() as connection:
        close_survey(connection, office.site, SURVEY.key, office.now, office.now)
    text = {copy.to: copy.text.replace("\r\n", "\n") for copy in office.copies("result")}[YAMADA]
    own = text.partition("■ 貴団体のお答え")[2]
    assert "★" not in own, "no row is marked, and no line speaks of a mark"
    assert "　　貴団体のお答え　2. 利用していない\n　　市の内訳は伏せています（＊）。\n" in own
