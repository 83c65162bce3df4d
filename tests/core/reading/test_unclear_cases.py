"""What each unclear case does: ballot.md section 8 row by row, for a survey and for a written resolution."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import pytest

from mailbot.core.reading.reply import read_reply
from mailbot.core.surveys.survey import Answer, Answers, Question, Survey
from mailbot.core.surveys.vote import Verdict, weigh
from tests.mails.standard import RESOLUTION, STANDARD, TODAY, acknowledgement, invitation, quoted

NINE = tuple(f"事業{mark}" for mark in "甲乙丙丁戊己庚辛壬")
SURVEY = replace(
    STANDARD,
    questions=(
        *STANDARD.questions[:2],
        Question("Q3", "今後の予定", "multi", (*NINE, "事業癸", "事業子", "事業丑")),
        Question("Q4", "困っている点", "multi", ("費用", "人手", "なし")),
        Question("Q5", "ご意見", "text"),
    ),
)
ONE_QUESTION = replace(SURVEY, questions=SURVEY.questions[:1])
ONE_MOTION = replace(RESOLUTION, questions=RESOLUTION.questions[:1])


class Row(NamedTuple):
    """One case of the table: what the member sends, and what becomes of it."""

    case: str
    text: str
    status: str
    ask: bool = False
    answers: Answers = {}  # noqa: RUF012  a tuple's default, never changed
    kinds: tuple[str, ...] = ()
    of: Survey | None = None  # None: the one of its column
    previous: Answers | None = None
    late: bool = False


def slot(value: str, question: int = 1, of: Survey = SURVEY) -> str:
    return invitation(of).replace(f"【Q{question}回答】[　　]", f"【Q{question}回答】{value}")


def without(*lines: str, of: Survey = SURVEY) -> str:
    text = invitation(of)
    for line in lines:
        assert line in text
        text = text.replace(line + "\n", "", 1)
    return text


def verdict(row: Row, column: Survey) -> Verdict:
    of = row.of or column
    known = [invitation(of)]
    if row.previous is not None:
        known.insert(0, acknowledgement(row.previous, 2, of))
    reading = read_reply(of, row.text, known, today=TODAY)
    return weigh(of, row.previous, reading, late=row.late, automatic=False)


def check(row: Row, column: Survey) -> None:
    found = verdict(row, column)
    assert (found.status, found.ask) == (row.status, row.ask)
    assert dict(found.answers) == dict(row.answers)
    assert tuple(problem.kind for problem in found.problems) == row.kinds
    assert all(problem.text for problem in found.problems)


Q1_2: dict[str, Answer] = {"Q1": ("2",)}
P = ("partial", True)
H = ("held", True)
D = ("held", False)
MARKED = (
    invitation(SURVEY)
    .replace("   1. 利用している", " ○ 1. 利用している")
    .replace("   3. 検討中", " ○ 3. 検討中")
)

SURVEY_ROWS = (
    Row("number and label agree", "Q1 2 利用していない", "counted", False, Q1_2),
    Row(
        "number and label agree in a multi-select", "Q1 2\nQ2 1 費用", "counted", False, Q1_2 | {"Q2": ("1",)}
    ),
    Row("slot typed at the top", "【Q1回答】2", "counted", False, Q1_2),
    Row("value after the empty brackets", slot("[　　]2"), "counted", False, Q1_2),
    Row("number and label differ", "Q1 1 利用していない\nQ4 1", *P, {"Q4": ("1",)}, ("mismatch",)),
    Row("out of range", "Q1 4\nQ4 1", *P, {"Q4": ("1",)}, ("out-of-range",)),
    Row("nought", "Q1 0\nQ4 1", *P, {"Q4": ("1",)}, ("out-of-range",)),
    Row("two choices", "Q1 1,2\nQ4 1", *P, {"Q4": ("1",)}, ("two-choices",)),
    Row("one or the other", "Q1 1か2\nQ4 1", *P, {"Q4": ("1",)}, ("two-choices",)),
    Row("13 of four options", "Q1 2\nQ2 13", *P, Q1_2, ("joined",)),
    Row("12 of twelve options", "Q1 2\nQ3 12", "counted", False, Q1_2 | {"Q3": ("12",)}),
    Row("descending", "Q1 2\nQ2 3-1", *P, Q1_2, ("descending",)),
    Row("all", "Q1 2\nQ2 すべて", *P, Q1_2, ("all",)),
    Row("none without such an option", "Q1 2\nQ2 特になし", *P, Q1_2, ("none-of-these",)),
    Row("none with such an option", "Q1 2\nQ4 なし", "counted", False, Q1_2 | {"Q4": ("3",)}),
    Row("optional slot blank", slot("[ 2 ]"), "counted", False, Q1_2),
    Row("required slot blank", "Q4 1", *P, {"Q4": ("1",)}, ("required",)),
    Row("all blank, some prose", f"内部で検討のうえ、来週お答えしたいと思います。\n{invitation(SURVEY)}", *D),
    Row("untouched", quoted(invitation(SURVEY)), *H),
    Row("bare number, one question", "2", "counted", False, Q1_2, of=ONE_QUESTION),
    Row("bare number, several questions", "2", *H),
    Row("head and slot agree", f"Q1 2\n{quoted(slot('[ 2 ]'))}", "counted", False, Q1_2),
    Row("head and slot differ", f"Q1 1\n{quoted(slot('[ 2 ]'))}", *H, {}, ("differ",)),
    Row(
        "older quotation beneath",
        f"{quoted(slot('[ 2 ]'))}\n{quoted(slot('[ 1 ]'), '>> ')}",
        "counted",
        False,
        Q1_2,
    ),
    Row("outside the condition", "Q1 1\nQ2 1", "counted", False, {"Q1": ("1",), "Q2": ("1",)}),
    Row("words after a clear choice", "Q1 2（来年度から）", "counted", False, Q1_2),
    Row("options deleted, one left", without("   1. 利用している", "   3. 検討中"), "counted", False, Q1_2),
    Row("two marks", quoted(MARKED) + "\nQ4 1\n", *P, {"Q4": ("1",)}, ("two-choices",)),
    Row("damaged", "Q1 \ufffd\nQ4 1", *P, {"Q4": ("1",)}, ("garbled",)),
    Row("geta mark", "Q1 〓\nQ4 1", *P, {"Q4": ("1",)}, ("garbled",)),
    Row("question mark", slot("[ ? ]") + "\nQ4 1", *P, {"Q4": ("1",)}, ("garbled",)),
    Row("after the deadline", "Q1 2", "late", False, Q1_2, late=True),
    Row("two replies disagree", "Q1 3", "counted", False, {"Q1": ("3",)}, previous=Q1_2),
    Row("news of another person", f"このたび異動しました。後任は佐藤です。\n{invitation(SURVEY)}", *D),
    Row("another survey's ballot", slot("[ 2 ]").replace("S26-014-", "S26-011-"), *D),
)


@pytest.mark.parametrize("row", SURVEY_ROWS, ids=lambda row: row.case)
def test_survey(row: Row) -> None:
    """Each row of the column Survey: accepted, asked back in part, held with a question, or left to the office."""
    check(row, SURVEY)


YES_NO: dict[str, Answer] = {"Q1": "yes", "Q2": "no"}
SECOND = "\n議案2 反対"
MARKED_MOTION = invitation(ONE_MOTION).replace("   1. 賛成", " ○ 1. 賛成").replace("   2. 反対", " ○ 2. 反対")

RESOLUTION_ROWS = (
    Row("number and label agree", "議案1 1 賛成" + SECOND, "counted", False, YES_NO),
    Row("slot typed at the top", "【Q1回答】1\n【Q2回答】2", "counted", False, YES_NO),
    Row("value after the empty brackets", slot("[　　]1", of=ONE_MOTION), "counted", False, {"Q1": "yes"}, of=ONE_MOTION),
    Row("number and label differ", "議案1 1 反対" + SECOND, *H, {}, ("mismatch",)),
    Row("out of range", "議案1 4" + SECOND, *H, {}, ("out-of-range",)),
    Row("two choices", "議案1 1,2" + SECOND, *H, {}, ("two-choices",)),
    Row("one or the other", "議案1 賛成か反対" + SECOND, *H, {}, ("two-choices",)),
    Row("one motion blank", "議案1 賛成", *P, {"Q1": "yes"}, ("required",)),
    Row("all blank, some prose", f"理事会で検討のうえ、来週お答えしたいと思います。\n{invitation(RESOLUTION)}", *D),
    Row("untouched", quoted(invitation(RESOLUTION)), *H),
    Row("bare number, one motion", "1", "counted", False, {"Q1": "yes"}, of=ONE_MOTION),
    Row("head and slot agree", f"議案1 賛成\n{slot('[ 1 ]', of=ONE_MOTION)}", "counted", False, {"Q1": "yes"}, of=ONE_MOTION),
    Row("head and slot differ", f"議案1 反対{SECOND}\n{quoted(slot('[ 1 ]', of=RESOLUTION))}", *H, {}, ("differ",)),
    Row(
        "older quotation beneath",
        f"{quoted(slot('[ 1 ]', of=ONE_MOTION))}\n{quoted(slot('[ 2 ]', of=ONE_MOTION), '>> ')}",
        "counted",
        False,
        {"Q1": "yes"},
        of=ONE_MOTION,
    ),
    Row("consent with a condition", "議案1 条件付き賛成" + SECOND, *D, {}, ("conditional",)),
    Row("cannot consent", "議案1 賛成できない" + SECOND, *D, {}, ("conditional",)),
    Row("consent by and large", "議案1 おおむね賛成" + SECOND, *D, {}, ("conditional",)),
    Row("words after a clear choice", "議案1 賛成（早期の施行を望みます）" + SECOND, "counted", False, YES_NO),
    Row("options deleted, one left", without("   2. 反対", "   3. 棄権", of=ONE_MOTION), *H, of=ONE_MOTION),
    Row("two marks", quoted(MARKED_MOTION), *H, {}, ("two-choices",), of=ONE_MOTION),
    Row("damaged", "議案1 〓" + SECOND, *H, {}, ("garbled",)),
    Row("after the deadline", "議案1 賛成" + SECOND, "late", False, YES_NO, late=True),
    Row("two replies disagree", "議案1 棄権", "counted", False, {"Q1": "abstain", "Q2": "no"}, previous=YES_NO),
    Row("news of another person", f"このたび異動しました。後任は佐藤です。\n{invitation(RESOLUTION)}", *D),
)  # fmt: skip


@pytest.mark.parametrize("row", RESOLUTION_ROWS, ids=lambda row: row.case)
def test_resolution(row: Row) -> None:
    """Each row of the column Resolution: one unclear motion holds the whole reply, and nothing is rounded to a yes."""
    check(row, RESOLUTION)


def test_a_remark_is_kept() -> None:
    """Words after a clear choice are kept with the answer, for the office or the chair."""
    reading = read_reply(
        RESOLUTION, "議案1 賛成（早期の施行を望みます）", [invitation(RESOLUTION)], today=TODAY
    )
    assert dict(reading.remarks) == {"Q1": "早期の施行を望みます"}


def test_an_option_left_standing_is_confirmed() -> None:
    """The one option that was left is marked as read from deleted lines, so that the receipt says so."""
    reading = read_reply(
        SURVEY, without("   1. 利用している", "   3. 検討中"), [invitation(SURVEY)], today=TODAY
    )
    assert dict(reading.flags) == {"Q1": ("read",)}


def test_an_answer_outside_its_condition_is_named() -> None:
    """Q2 although Q1 is 1 is counted and named as outside its condition."""
    assert verdict(Row("", "Q1 1\nQ2 1", ""), SURVEY).outside == ("Q2",)


def test_joined_numbers_are_proposed() -> None:
    """13 in a multi-select of up to nine is asked as 1 and 3."""
    reading = read_reply(SURVEY, "Q2 13", [invitation(SURVEY)], today=TODAY)
    assert reading.problems[0].suggested == ("1", "3")
    assert "1と3" in reading.problems[0].text
