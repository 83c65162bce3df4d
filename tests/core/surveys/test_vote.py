"""What a reading does to a body's vote: the column Survey of ballot.md section 8."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailbot.core.reading.reply import read_reply
from mailbot.core.surveys.survey import Answer, Answers, Question, Reading
from mailbot.core.surveys.vote import Verdict, weigh
from tests.mails.standard import STANDARD, TODAY, acknowledgement, invitation, quoted

SENT = invitation()


def verdict(
    text: str, previous: Answers | None = None, *, late: bool = False, automatic: bool = False
) -> Verdict:
    known = [invitation()] if previous is None else [acknowledgement(previous), invitation()]
    return weigh(
        STANDARD, previous, read_reply(STANDARD, text, known, today=TODAY), late=late, automatic=automatic
    )


def slot(question: int, value: str) -> str:
    return SENT.replace(f"【Q{question}回答】[　　]", f"【Q{question}回答】{value}")


ONE_LEFT = SENT.replace("   1. 利用している\n", "").replace("   3. 検討中\n", "")
TWO_MARKED = SENT.replace("   1. 利用", "  ○1. 利用").replace("   2. 利用", "  ○2. 利用")


@pytest.mark.parametrize(
    ("text", "status", "ask", "answers"),
    [
        ("Q1 2 利用していない\nQ2 1 費用", "counted", False, {"Q1": ("2",), "Q2": ("1",)}),
        ("【Q1回答】2", "counted", False, {"Q1": ("2",)}),
        (slot(1, "[　　]2"), "counted", False, {"Q1": ("2",)}),
        ("Q1 1 利用していない\nQ3 あり", "partial", True, {"Q3": "あり"}),
        ("Q1 4\nQ3 あり", "partial", True, {"Q3": "あり"}),
        ("Q1 1,2\nQ3 あり", "partial", True, {"Q3": "あり"}),
        ("Q1 2\nQ2 13", "partial", True, {"Q1": ("2",)}),
        ("Q1 2\nQ2 3-1", "partial", True, {"Q1": ("2",)}),
        ("Q1 2\nQ2 すべて", "partial", True, {"Q1": ("2",)}),
        ("Q1 2\nQ2 特になし", "partial", True, {"Q1": ("2",)}),
        ("Q1 2", "counted", False, {"Q1": ("2",)}),
        ("Q3 あり", "partial", True, {"Q3": "あり"}),
        (f"検討に時間がかかるため、お答えは来週にしたいと思います。\n{SENT}", "held", False, {}),
        (SENT, "held", True, {}),
        ("2", "held", True, {}),
        (f"Q1 2\n{slot(1, '[2]')}", "counted", False, {"Q1": ("2",)}),
        (f"Q1 1\n{slot(1, '[2]')}", "held", True, {}),
        (f"{quoted(slot(1, '[2]'))}\n{quoted(slot(1, '[1]'), '>> ')}", "counted", False, {"Q1": ("2",)}),
        ("Q1 1\nQ2 1", "counted", False, {"Q1": ("1",), "Q2": ("1",)}),
        ("Q1 2（来年度から）", "counted", False, {"Q1": ("2",)}),
        (ONE_LEFT, "counted", False, {"Q1": ("2",)}),
        (TWO_MARKED, "partial", True, {}),
        ("Q1 〓", "partial", True, {}),
        ("Q1 2\nQ2 ?", "partial", True, {"Q1": ("2",)}),
        ("異動しました。", "held", False, {}),
        ("取下げ", "withdrawn", False, {}),
        ("回答しない", "declined", False, {}),
        ("再送", "ignored", False, {}),
        ("担当変更 佐藤 sato@city.example.jp", "ignored", False, {}),
    ],
)
def test_what_becomes_of_a_first_reply(text: str, status: str, ask: bool, answers: dict[str, Answer]) -> None:
    """Each row of the table: what counts, what is asked back, what is held."""
    found = verdict(text)
    assert (found.status, found.ask, dict(found.answers)) == (status, ask, answers)
    assert found.acknowledge is (status in {"counted", "partial", "withdrawn", "declined"})
    assert found.reason


def test_an_answer_outside_its_condition_is_kept_and_flagged() -> None:
    """An answer whose condition does not hold is kept and flagged 非該当."""
    assert verdict("Q1 1\nQ2 1").outside == ("Q2",)
    assert verdict("Q1 2\nQ2 1").outside == ()


def test_what_a_body_was_not_asked_is_not_asked_back() -> None:
    """「該当なし」 or 「なし」 to a question whose condition does not hold is no answer; where it holds, or may, it is asked back."""
    found = verdict("Q1 1\nQ2 該当なし")
    assert (found.status, dict(found.answers), found.problems) == ("counted", {"Q1": ("1",)}, ())
    assert verdict("Q1 2\nQ2 該当なし").problems[0].question == "Q2"
    assert "Q2" in {problem.question for problem in verdict("Q2 該当なし").problems}
    assert verdict("Q1 1\nQ2は対象外のため記入していません。").problems == ()
    assert verdict("Q1 1\nQ2 なし").problems == ()
    assert verdict("Q1 2\nQ2 なし").problems[0].kind == "none-of-these"


@pytest.mark.parametrize(
    ("written", "required", "previous", "status"),
    [
        ("Q1 2\nQ2 未定", False, None, "counted"),
        ("Q1 2\nQ2 （予定なし）", False, None, "counted"),
        ("Q1 2\nQ2 なし", False, None, "counted"),
        ("Q1 2\nQ2 未定", True, None, "partial"),
        ("Q1 2\nQ2 春ごろ", False, None, "partial"),
        ("Q1 2\nQ2 未定", False, {"Q1": ("1",), "Q2": "2026-07-10"}, "partial"),  # does that day still hold?
        ("Q2 未定", False, None, "partial"),
    ],
)
def test_a_day_that_need_not_be_named(
    written: str, required: bool, previous: Answers | None, status: str
) -> None:
    """「未定」 to it is no answer and needs no question back, unless a day stands or nothing else is said."""
    of = replace(
        STANDARD, questions=(STANDARD.questions[0], Question("Q2", "更改日", "date", required=required))
    )
    known = [invitation(of)] if previous is None else [acknowledgement(previous, survey=of), invitation(of)]
    found = weigh(of, previous, read_reply(of, written, known, today=TODAY), late=False, automatic=False)
    assert (found.status, found.answers.get("Q2")) == (status, (previous or {}).get("Q2"))


def test_correction_changes_only_what_it_changes() -> None:
    """A later reply replaces the answers that it states and no others."""
    found = verdict("Q2 4", {"Q1": ("2",), "Q2": ("1",), "Q3": "あり"})
    assert (found.status, found.answers) == ("counted", {"Q1": ("2",), "Q2": ("4",), "Q3": "あり"})


def test_partial_until_complete() -> None:
    """A vote stays partial while a required question has no answer, and is counted once it has."""
    first = verdict("Q1 9\nQ2 1")
    assert [problem.question for problem in first.problems] == ["Q1"]
    second = verdict("Q3 あり", first.answers)
    assert (second.status, [problem.kind for problem in second.problems]) == ("partial", ["required"])
    assert verdict("Q1 2", second.answers).status == "counted"


def test_acknowledgement_returned_unchanged() -> None:
    """A receipt that comes back untouched changes nothing and asks nothing."""
    before = {"Q1": ("2",)}
    found = verdict(f"ありがとうございました。\n{quoted(acknowledgement(before))}", before)
    assert (found.status, found.answers, found.ask, found.acknowledge) == ("ignored", before, False, False)


def test_a_reply_after_the_close_is_stored_as_late() -> None:
    """After the close a reply is stored as late, and the sender is told."""
    found = verdict("Q1 2", late=True)
    assert (found.status, found.acknowledge, found.ask) == ("late", True, False)


def test_an_automatic_reply_never_counts() -> None:
    """An automatic reply never counts; one with answers in it is for the office."""
    assert verdict("不在にしております。", automatic=True).status == "ignored"
    held = verdict("Q1 2", automatic=True)
    assert (held.status, held.ask, held.acknowledge, held.answers) == ("held", False, False, {})


def test_held_keeps_the_vote_that_counts() -> None:
    """A held reply leaves the vote as it was."""
    before = {"Q1": ("2",)}
    reading = replace(Reading(answers={"Q1": ("3",)}), hold="differ", ask=True)
    assert weigh(STANDARD, before, reading, late=False, automatic=False).answers == before
