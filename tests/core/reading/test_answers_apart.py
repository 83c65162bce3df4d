"""Answers that stand apart from their question or from each other, and lines beside them that announce or attribute."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailbot.core.reading.reply import read_reply
from mailbot.core.surveys.survey import Question, Reading, Survey
from tests.core.reading.test_reply import survey
from tests.mails.standard import RESOLUTION, TODAY, acknowledgement, invitation, quoted

MOVED = survey(
    Question("Q1", "移行の状況", "single", ("移行済み", "移行中", "未定"), required=True),
    Question("Q2", "課題", "multi", ("費用", "人手", "その他")),
    Question("Q3", "研修は要りますか", "yesno"),
)
PLACES = survey(Question("Q1", "使える場所", "multi", ("執務室", "会議室", "議場", "窓口"), required=True))


def read(text: str, of: Survey, *known: str, quotation: bool = False) -> Reading:
    sent = invitation(of)
    return read_reply(of, f"{text}\n\n{quoted(sent)}" if quotation else text, known or (sent,), today=TODAY)


@pytest.mark.parametrize(
    ("written", "answer"),
    [("1\n3", ("1", "3")), ("①\n②\n④", ("1", "2", "4")), ("1、\n3、", ("1", "3")), ("2\n\n長野市", ("2",))],
)
def test_numbers_one_below_another_are_one_answer(written: str, answer: tuple[str, ...]) -> None:
    """Of the only question, which takes several."""
    for quotation in (True, False):
        assert read(written, PLACES, quotation=quotation).answers == {"Q1": answer}


@pytest.mark.parametrize("written", ["3\n1", "1\n1\n2", "1\n5", "1\n3\nではない"])
def test_numbers_that_do_not_rise_are_asked_about(written: str) -> None:
    """They may correct each other, or be a page's."""
    reading = read(written, PLACES)
    assert not reading.answers or reading.hold is not None


def asked_again(of: Survey, *answered: str) -> str:
    """Our mail that asks one question again."""
    left = tuple(question for question in of.questions if question.id not in answered)
    return acknowledgement({}, 2, replace(of, questions=left))


def test_the_label_of_the_one_question_that_is_asked_again() -> None:
    """It can be of no other question; a number may answer an older mail of ours."""
    sent, again = invitation(MOVED), asked_again(MOVED, "Q2", "Q3")
    assert read("移行中", MOVED, again, sent).answers == {"Q1": ("2",)}
    assert read("移行中です。", MOVED, again, sent).answers == {"Q1": ("2",)}
    for written in ("2", "費用", "はい", "移行中\n未定", "移行", "移行中ではない", "移行中\nでよいですか"):
        assert not read(written, MOVED, again, sent).answers, written
    assert not read("移行中", MOVED, sent).answers
    assert not read("はい", MOVED, asked_again(MOVED, "Q1", "Q2"), sent).hold


def test_the_attribution_of_shuriken_is_no_correction() -> None:
    """Its second line quotes our Subject, in which 改正 and 変更 may stand."""
    of = replace(RESOLUTION, questions=RESOLUTION.questions[:1])
    above = "2026/06/20 9:12に○○協議会 事務局さんから頂いたメール\n「【書面表決】やはり議案1を訂正します [K26-31]」への返信です。"
    filled = quoted(invitation(of).replace("【Q1回答】[　　]", "【Q1回答】[ 1 ]"))
    reading = read_reply(of, f"{above}\n\n{filled}", [invitation(of)], today=TODAY)
    assert (reading.answers, reading.hold) == ({"Q1": "yes"}, None)
    doubted = f"「やはり議案1を訂正します」への返信です。\n\n{filled}"
    assert read_reply(of, doubted, [invitation(of)], today=TODAY).hold is not None


def test_a_heading_that_announces_the_corrections_below_it() -> None:
    """「Q1とQ2を訂正します。」 above both of them says what they are; of a question that is not there, or with more in it, it is asked about."""
    below = "\n\nQ1 1\nQ2 1,3"
    answers = {"Q1": ("1",), "Q2": ("1", "3")}
    for said in (
        "Q1とQ2を訂正します。",
        "10月に要綱を定めておりましたので、Q1とQ2を訂正します。",
        "Q1及びQ2について下記のとおり訂正いたします。",
    ):
        reading = read(said + below, MOVED)
        assert (reading.answers, reading.hold) == (answers, None), said
    for said in (
        "Q1とQ3を訂正します。",
        "Q1を訂正する予定です。",
        "Q1は誤りなので、Q1とQ2を訂正します。やはりQ1は3です。",
        "決裁待ちのため、Q1とQ2を訂正します。",
    ):
        reading = read(said + below, MOVED)
        assert reading.hold is not None or reading.answers != answers, said
