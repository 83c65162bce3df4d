"""Answers numbered as the questions are: read where the whole sequence is there and nothing else can be meant."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailbot.core.reading.reply import read_reply
from mailbot.core.surveys.survey import Answer, Question, Reading, Survey
from tests.core.reading.test_reply import survey
from tests.mails.standard import RESOLUTION, TODAY, invitation, quoted

EIGHT = survey(
    Question("Q1", "BCPを策定していますか", "single", ("策定済み", "策定中", "未策定"), required=True),
    Question(
        "Q2", "策定していない理由", "multi", ("人員不足", "予算不足", "その他"), when=(("Q1", ("2", "3")),)
    ),
    Question("Q3", "バックアップの保管先", "multi", ("庁舎内", "庁舎外", "データセンター"), required=True),
    Question("Q4", "復旧訓練を実施していますか", "yesno", required=True),
    Question("Q5", "直近の訓練の実施日", "date", when=(("Q4", ("1",)),)),
    Question("Q6", "予算額（千円）", "number", required=True),
    Question("Q7", "満足度", "rating", required=True),
    Question("Q8", "ご意見", "text"),
)
FIRST, SECOND = RESOLUTION.questions[:2]
THREE = replace(RESOLUTION, questions=(FIRST, SECOND, replace(SECOND, id="Q3", text="役員の選任")))
TWO_TEXTS = survey(Question("Q1", "課題", "text"), Question("Q2", "要望", "text"))
TWO_YES_NO = survey(Question("Q1", "研修は要りますか", "yesno"), Question("Q2", "動画は要りますか", "yesno"))
TWO_FIGURES = survey(
    Question("Q1", "端末の台数", "number", required=True), Question("Q2", "職員数", "number", required=True)
)
ALL: dict[str, Answer] = {
    "Q1": ("3",),
    "Q2": ("1", "2"),
    "Q3": ("1",),
    "Q4": "no",
    "Q6": "0",
    "Q7": ("3",),
    "Q8": "人が足りません。",
}


def read(text: str, of: Survey, *, quotation: bool = True) -> Reading:
    sent = invitation(of)
    return read_reply(of, f"{text}\n\n{quoted(sent)}" if quotation else text, [sent], today=TODAY)


@pytest.mark.parametrize("quotation", [True, False])
@pytest.mark.parametrize(
    "written",
    [
        "1. 3\n2. 1,2\n3. 1\n4. 2\n5. なし\n6. 0\n7. 3\n8. 人が足りません。",
        "①3\n②1,2\n③1\n④2\n⑤なし\n⑥0\n⑦3\n⑧人が足りません。",
        "（１）未策定\n（２）人員不足、予算不足\n（３）庁舎内\n（４）いいえ\n（５）なし\n（６）0\n（７）3\n（８）人が足りません。",
        "お世話になります。\n1：3\n\n2：1,2\n3：1\n4：2\n5：なし\n6：0\n7：3\n8：人が足りません。",
        "1 3\n2 1,2\n3 1\n4 2\n5 なし\n6 0\n7 3\n8 人が足りません。",
        "①3 ②1,2 ③1 ④2\n⑤なし ⑥0 ⑦3 ⑧人が足りません。",
    ],
)
def test_a_whole_sequence_is_read_by_its_numbers(written: str, quotation: bool) -> None:
    """All questions are there, in order, and each item is a whole answer to its question."""
    reading = read(written, EIGHT, quotation=quotation)
    assert {number: answer for number, answer in reading.answers.items() if answer is not None} == ALL
    assert reading.hold is None


def test_those_that_need_no_answer_may_be_left_out() -> None:
    """What depends on another answer, and what may be empty."""
    reading = read("（1）策定済み\n（3）庁舎外\n（4）いいえ\n（6）430千円\n（7）3\n\n山田", EIGHT)
    assert reading.answers == {"Q1": ("1",), "Q3": ("2",), "Q4": "no", "Q6": "430", "Q7": ("3",)}


@pytest.mark.parametrize(
    ("written", "votes"),
    [
        ("①賛成　②賛成　③賛成", ("yes", "yes", "yes")),
        ("(1)賛成 (2)反対 (3)賛成", ("yes", "no", "yes")),
        ("1. 賛成\n2. 賛成\n3. 棄権", ("yes", "yes", "abstain")),
        (
            "記\n1　規約第5条の改正　　賛成\n2　会費の改定　　賛成\n3　役員の選任　　賛成\n\n以上",
            ("yes", "yes", "yes"),
        ),
        ("1. 規約：賛成\n2. 会費　反対\n3. 役員の選任 → 賛成", ("yes", "no", "yes")),
        ("記\n1　議案1　賛成\n2　議案2　賛成\n3　議案3　反対\n\n以上", ("yes", "yes", "no")),
    ],
)
def test_motions_by_their_numbers(written: str, votes: tuple[str, ...]) -> None:
    """A vote behind each number, also behind the motion's own words."""
    reading = read(written, THREE)
    assert tuple(reading.answers.values()) == votes
    assert reading.hold is None


@pytest.mark.parametrize(
    ("written", "of"),
    [
        ("1 賛成\n2 反対\n3 棄権", THREE),  # the options, copied
        ("①賛成 ②反対 ③棄権", THREE),
        ("1. 賛成\n2. 反対", THREE),
        ("1. 賛成\n2. 賛成", THREE),  # the third is left out
        ("①賛成 ②賛成できない ③賛成", THREE),
        ("①賛成 ②条件付き賛成 ③賛成", THREE),
        ("①賛成 ③賛成 ②反対", THREE),
        ("①賛成 ②賛成 ②反対 ③賛成", THREE),
        ("①② ③", THREE),
        ("1 1\n2 1\n3 2", THREE),
        ("1. 会費：賛成\n2. 規約：反対\n3. 役員：賛成", THREE),
        ("①賛成 ②賛成 ③賛成 ④賛成", THREE),
        ("1. 会費の改定 賛成\n2. 規約第5条の改正 反対\n3. 役員の選任 賛成", THREE),  # numbered otherwise
        ("1. 賛成\nとは言えない\n2. 賛成\n3. 賛成", THREE),
        ("1. はい\n2. いいえ", TWO_YES_NO),
        ("1 2\n2 1", TWO_YES_NO),
        ("1. 予算が足りない\n2. 人が足りない", TWO_TEXTS),
        ("1. 2\n2. 1\n3. 3", EIGHT),
        ("1. 3\n2. 1\n3. 1\n4. 2\n6. 0\n8. なし", EIGHT),  # the seventh is required
        ("1. 策定済み\n2. 策定中\n3. 未策定", EIGHT),
        ("1. 5\n2. 1\n3. 1\n4. 2\n5. なし\n6. 0\n7. 3\n8. なし", EIGHT),  # no such option
        ("以下は昨年の回答です。\n1. 3\n2. 1\n3. 1\n4. 2\n5. なし\n6. 0\n7. 3\n8. なし", EIGHT),
        ("問い合わせ先一覧\n1. 3\n2. 1\n3. 1\n4. 2\n6. 0\n7. 3", EIGHT),
        ("電話番号\n\n1. 30\n2. 50", TWO_FIGURES),
        ("1.5\n2.5", TWO_FIGURES),
        ("1:30\n2:50", TWO_FIGURES),
        ("1. 5月\n2. 6月", TWO_FIGURES),
        ("2. 1\n3. 1\n4. 2\n5. なし\n6. 0\n7. 3\n8. なし", EIGHT),
    ],
)
@pytest.mark.parametrize("quotation", [True, False])
def test_anything_less_is_asked_about(written: str, of: Survey, quotation: bool) -> None:
    """The numbers may be those of options, or of a list of something else."""
    reading = read(written, of, quotation=quotation)
    assert reading.hold is not None
    assert reading.ask or not reading.answers


def test_a_signature_and_a_quotation_number_nothing() -> None:
    """What stands in a colleague's mail, or below the line of a signature."""
    for written in ("> 1. 賛成\n> 2. 賛成\n> 3. 賛成", "--\n1. 賛成\n2. 賛成\n3. 賛成"):
        assert not read(written, THREE, quotation=False).answers


def test_numbers_beside_named_answers_stay_as_they_are() -> None:
    """A mail that names its questions numbers something else."""
    reading = read("Q1 1\nQ2 1\nQ3 2\n\n1. 賛成\n2. 賛成\n3. 賛成", THREE)
    assert reading.hold is not None or reading.answers == {"Q1": "yes", "Q2": "yes", "Q3": "no"}


WITH_GAPS: dict[str, Answer] = {"Q1": ("1",), "Q3": ("2",), "Q4": "no", "Q6": "430", "Q7": ("3",)}


@pytest.mark.parametrize(
    "written",
    [
        "1. 策定済み\n2.\n3. 庁舎外\n4. いいえ\n5.\n6. 430\n7. 3\n8.",
        "(1) 策定済み\n(2) 空欄\n(3) 庁舎外\n(4) いいえ\n(5) 空欄\n(6) 430\n(7) 3\n(8) 空欄",
        "[1] 1\n[3] 2\n[4] 2\n[6] 430\n[7] 3",
        "【1】1\n【2】\n【3】2\n【4】2\n【5】無回答\n【6】430\n【7】3\n\n山田",
    ],
)
def test_items_left_empty(written: str) -> None:
    """What needs no answer has none there."""
    reading = read(written, EIGHT)
    assert ({number: each for number, each in reading.answers.items() if each is not None}, reading.hold) == (
        WITH_GAPS,
        None,
    )


@pytest.mark.parametrize(
    "written",
    [
        "1.\n2.\n3. 庁舎外\n4. いいえ\n5.\n6. 430\n7. 3\n8.",
        "1. 策定済み\n2.\n3. 庁舎外\n4. いいえ\n5.\n6. 430\n7. 3\n8.\n人が足りません。",
        "1. 策定済み\n2.\n1,2\n3. 庁舎外\n4. いいえ\n5.\n6. 430\n7. 3",
        "[1]\n[2]\n[3]\n[4]\n[5]\n[6]\n[7]\n[8]",
    ],
)
def test_items_left_empty_that_need_an_answer_or_may_have_one(written: str) -> None:
    """The first question needs one; an answer may stand on the line below its number."""
    reading = read(written, EIGHT)
    assert all(answer is None for answer in reading.answers.values())
    assert reading.ask


RENEWAL = survey(
    Question("Q1", "職員用パソコンの台数（台）", "number", required=True),
    Question("Q2", "更新の周期", "single", ("4年", "5年", "6年以上"), required=True),
    Question("Q3", "調達の方法", "multi", ("リース", "購入")),
    Question("Q4", "1台の単価（千円）", "number"),
)


@pytest.mark.parametrize("quotation", [True, False])
@pytest.mark.parametrize(
    ("written", "answers"),
    [
        ("台数：620\n周期：5年\n調達：リース", {"Q1": "620", "Q2": ("2",), "Q3": ("1",)}),
        (
            "お世話になります。\n・台数→620台\n・周期→6年以上\n・単価→150千円",
            {"Q1": "620", "Q2": ("3",), "Q4": "150"},
        ),
    ],
)
def test_answers_named_by_the_questions_words(
    written: str, answers: dict[str, Answer], quotation: bool
) -> None:
    """Each by words that are one question's alone."""
    reading = read(written, RENEWAL, quotation=quotation)
    assert (reading.answers, reading.hold) == (answers, None)


@pytest.mark.parametrize(
    "written",
    [
        "職員：50\n周期：5年",  # what the number counts is not named by the question's last words
        "台数：620",
        "台数：620\n調達：リース",
        "周期：5年\n台数：620",
        "台数：620\n支所：20\n周期：5年",
        "台数：620\n周期：5年でしょうか",
        "台数：620\n周期：2",
        "台数：620\n備品の購入：リース\n周期：5年",
        "昨年の数です。\n台数：620\n周期：5年",
        "昨年の状況です。\n台数：620\n周期：5年",
        "隣の町の状況です。\n台数：620\n周期：5年",
        "台数：620\n周期：5年\n（昨年の値）",
        "台数：620\n周期：5年\n本庁だけです",
        "台数：620\n周期：5年\n周期：4年",
        "支所の分\n台数：620\n周期：5年",
    ],
)
def test_words_that_may_name_something_else(written: str) -> None:
    """Those that are left over, out of order, or below a heading of their own are asked about."""
    reading = read(written, RENEWAL)
    assert reading.answers == {}
    assert reading.hold is not None


def test_words_of_two_questions_name_neither() -> None:
    """Which 台数 is it?"""
    of = survey(RENEWAL.questions[0], RENEWAL.questions[1], Question("Q3", "プリンターの台数", "number"))
    assert read("台数：620\n周期：5年", of).answers == {}
