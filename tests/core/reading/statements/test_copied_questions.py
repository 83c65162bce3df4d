"""A question that a member copied into his reply, and what stands behind it (ballot.md section 6, rule 4)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailbot.core.reading.reply import read_reply
from mailbot.core.surveys.survey import Question
from mailbot.core.surveys.vote import weigh
from tests.mails.standard import RESOLUTION, STANDARD, TODAY, invitation, quoted

COPIED = replace(
    STANDARD,
    questions=(
        Question("Q1", "書かない窓口を導入していますか", "yesno", required=True),
        Question("Q2", "対象とする手続", "multi", ("転入", "転出", "転居", "住民票の写し")),
        Question("Q3", "方式", "single", ("聞き取り（対面）", "事前の入力", "併用", "検討中")),
        Question("Q4", "短縮の効果", "rating"),
        Question("Q5", "台数（台）", "number"),
    ),
)
_PROCEDURES = "Q2 対象とする手続（いくつでも）"


@pytest.mark.parametrize("shape", ["marks", "outlook", "none"])
@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("Q3 方式\n1. 聞き取り（対面）", ("Q3", ("1",))),
        ("Q3 方式（1つ）\n   4. 検討中\n\n東倉村 佐藤", ("Q3", ("4",))),
        ("Q2 対象とする手続\n 1. 転入\n 4. 住民票の写し", ("Q2", ("1", "4"))),
        (f"{_PROCEDURES}\n1. 転入\n2. 転出", ("Q2", ("1", "2"))),
        (f"{_PROCEDURES}\n→　1. 転入、2. 転出", ("Q2", ("1", "2"))),
        (f"{_PROCEDURES}\n→ 1. 転入\n→ 3. 転居", ("Q2", ("1", "3"))),
        (f"{_PROCEDURES}\n1. 転入\n2. 転出\n3. 転居\n4. 住民票の写し\n1,2", ("Q2", ("1", "2"))),
        (f"{_PROCEDURES}\n1. 転入\n2. 転出\n3. 転居\n4. 住民票の写し", None),  # the list itself
        ("Q3 方式（1つ）\n2. 事前の入力\n（令和8年度から）", ("Q3", ("2",))),
        ("Q1 書かない窓口を導入\n2", ("Q1", "no")),
        ("Q5 台数（台）\n→ 3", ("Q5", "3")),
        ("Q5 台数　3", ("Q5", "3")),
        ("Q5 台数（台）3", ("Q5", "3")),
        ("Q3（窓口の方式）2", ("Q3", ("2",))),
        ("Q3 方式\n\nよろしくお願いします。", None),
        ("Q3 方式", None),
        ("Q4 短縮の効果\n大いにあり", ("Q4", "unclear")),
        (f"{_PROCEDURES}\n→ 転入とか色々", ("Q2", "unclear")),
        ("Q1 書かない窓口を導入\nまだです", ("Q1", "unclear")),
        ("Q3 方式\n1. 聞き取り（対面）\n2. 事前の入力", ("Q3", "lines-left")),
        (f"{_PROCEDURES}\n→ 1. 転入\n2. 転出", ("Q2", "lines-left")),
        (f"{_PROCEDURES}\n1. 転入\n2. 転出\n他は検討中", ("Q2", "unclear")),
        ("Q3 方式\n1. 聞き取り（対面）\n条件付きです", ("Q3", "unclear")),
        ("Q3 方式\n1. 聞き取り（対面）\n（予定）", ("Q3", "unclear")),
        ("Q3 方式\n2. 事前の入力\n\nQ3 方式\n3. 併用", ("Q3", "two-choices")),
        ("Q3 2\n\nQ3 方式\n3. 併用", ("Q3", "differ")),
        ("Q3（窓口の方式の例）2", ("Q3", "unclear")),
        ("Q3（聞き取り） 2", ("Q3", "unclear")),
    ],
)
def test_what_stands_behind_a_copied_question(
    typed: str, answer: tuple[str, tuple[str, ...] | str] | None, shape: str
) -> None:
    """Who copies a question to the top answers it there, also with its option lines; no answer is asked about (ballot.md 6, rule 4)."""
    sent = invitation(COPIED)
    beneath = {
        "marks": quoted(sent),
        "outlook": f"差出人: 事務局\n送信日時: 2026年6月20日\n件名: 調査\n\n{sent}",
        "none": "",
    }
    reading = read_reply(COPIED, f"{typed}\n\n{beneath[shape]}", [sent], today=TODAY)
    asked = {str(problem.question): problem.kind for problem in reading.problems}
    said: dict[str, object] = {**reading.answers, **asked}
    assert said == ({} if answer is None else {answer[0]: answer[1]})


def test_an_option_that_was_copied_is_confirmed() -> None:
    """The receipt names it (読み取りました); a written resolution asks, since it may have been left there."""
    copied = "Q3 方式\n1. 聞き取り（対面）"
    assert read_reply(COPIED, copied, [invitation(COPIED)], today=TODAY).flags == {"Q3": ("read",)}
    reading = read_reply(RESOLUTION, _VOTED, [invitation(RESOLUTION)], today=TODAY)
    assert reading.flags == {"Q1": ("read",)}
    assert dict(reading.answers) == {"Q1": "yes", "Q2": "yes"}
    asked = weigh(RESOLUTION, None, reading, late=False, automatic=False, language="ja")
    assert (asked.status, asked.ask) == ("held", True)


_VOTED = "議案1 規約第5条の改正\n1. 賛成\n議案2 会費の改定\n賛成"


def test_an_option_that_was_copied_above_the_whole_ballot_was_typed() -> None:
    """With the ballot whole beneath, nothing was left there: it is a vote (ballot.md 6, rule 2). Not where it lost a line."""
    sent = invitation(RESOLUTION)
    reading = read_reply(RESOLUTION, f"{_VOTED}\n\n{quoted(sent)}", [sent], today=TODAY)
    assert dict(reading.answers) == {"Q1": "yes", "Q2": "yes"}
    counted = weigh(RESOLUTION, None, reading, late=False, automatic=False, language="ja")
    assert counted.status == "counted"
    cut = quoted(sent).replace("   2. 反対\n", "", 1)
    reading = read_reply(RESOLUTION, f"{_VOTED}\n\n{cut}", [sent], today=TODAY)
    assert weigh(RESOLUTION, None, reading, late=False, automatic=False, language="ja").status == "held"


def test_a_colleague_s_copy_of_a_question_is_quoted() -> None:
    """What stands below the heading of a mail that is quoted without marks is not the sender's."""
    passed_on = "参考\n\n差出人: 山田\n件名: Re: 調査\n\nQ3 方式\n1. 聞き取り（対面）"
    assert not read_reply(COPIED, passed_on, [invitation(COPIED)], today=TODAY).answers


LONE = replace(
    STANDARD,
    questions=(
        Question("Q1", "移行の状況", "single", ("移行済み", "移行中", "これから移行"), required=True),
    ),
)
_TWO_OF_THREE = "> Q1 移行の状況（1つ）\n>   1. 移行済み\n>   2. 移行中\n"


@pytest.mark.parametrize("shape", ["marks", "outlook", "none"])
@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        (f"お世話になります。\n\n{_TWO_OF_THREE}\n→ 2 です。\n\nよろしくお願いします。", ("2",)),
        (_TWO_OF_THREE.replace("> ", "") + "\n→ 3 です。", ("3",)),
        (f"{_TWO_OF_THREE}>   3. これから移行\n\n移行中", ("2",)),
        ("> Q1 移行の状況（1つ）\n\n2 です。", ("2",)),
        (f"{_TWO_OF_THREE}\n→ 2 ですか", None),
        (f"{_TWO_OF_THREE}\n→ 2\nでよいでしょうか", None),
        (f"{_TWO_OF_THREE}\n→ 2 です。\n1です。", None),
        (f"{_TWO_OF_THREE}\n→ 4 です。", None),
        (f"{_TWO_OF_THREE}> → 2 です。", None),  # a colleague's answer, quoted
        ("> Q1 移行の状況（1つ）\n>   1. 移行済み\n>   3. これから移行\n\n→ 2 です。", None),
    ],
)
def test_the_one_question_copied_above_its_answer(
    typed: str, answer: tuple[str, ...] | None, shape: str
) -> None:
    """The copy says nothing; what stands below it is an answer at the top."""
    sent = invitation(LONE)
    quotation = {"marks": quoted(sent), "outlook": sent, "none": ""}[shape]
    reading = read_reply(LONE, f"{typed}\n\n{quotation}", [sent], today=TODAY)
    assert reading.hold is not None or reading.problems or reading.answers == {"Q1": answer}
    assert reading.answers.get("Q1") == answer
