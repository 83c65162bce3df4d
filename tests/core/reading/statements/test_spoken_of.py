"""A sentence that names a question which is answered elsewhere in the mail (ballot.md section 8)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailbot.core.reading.reply import read_reply
from mailbot.core.surveys.survey import Question, Reading
from tests.mails.standard import RESOLUTION, STANDARD, TODAY, invitation, quoted

ASKED = replace(
    STANDARD,
    questions=(
        Question("Q1", "書かない窓口を導入していますか", "yesno", required=True),
        Question("Q2", "近隣の市町村との共同利用に関心がありますか", "yesno", required=True),
    ),
)
SENT = invitation(ASKED)


@pytest.mark.parametrize("below", [False, True])
@pytest.mark.parametrize(
    "said",
    [
        "Q1については、国の補助金が採択されなかったため導入を見送った経緯があります。",
        "Q2は県内の町村会でも話題になっております。",
        "Q2は昨年の首長会議で決まった方針に沿ったものです。",
        "Q1は庁内で長く議論してきたテーマです。",
    ],
)
def test_what_only_speaks_of_a_question(said: str, below: bool) -> None:
    """It is no second answer; the office sees it."""
    typed = f"Q1 2\nQ2 1\n\n{said}" if below else f"{said}\n\nQ1 2\nQ2 1"
    reading = read_reply(ASKED, f"{typed}\n\n{quoted(SENT)}", [SENT], today=TODAY)
    assert (reading.hold, dict(reading.answers)) == (None, {"Q1": "no", "Q2": "yes"})
    assert reading.beside in said
    assert reading.beside


@pytest.mark.parametrize(
    "said",
    """Q1は導入しております。|Q1については、昨年から導入を進めています。|Q2は前向きに考えております。|Q2は関心がありません。|Q2については、まだ決まっておりません。
    |Q1は後ほど連絡します。|Q1は情報システム係に聞いてください。|Q1は財政課の了解が得られました。|Q1ははいの意味です。|Q1については隣町と同じです。|Q1はようやく始動しました。
    |Q2は町長も乗り気でおります。|Q1は試行の段階に入っております。|Q2は課内で意見が割れている話題です。|Q1は古い情報に基づくものです。|Q2は国の事情で見送った経緯があります。
    |Q1は一度導入した経緯があります。|Q1は現在取り組んでいるテーマです。|Q2は議論が分かれております。|Q1は1が庁内の話題になっております。|Q1は例規に沿ったものではありません。""".replace(
        "\n    ", ""
    ).split("|"),
)
def test_what_may_be_another_answer(said: str) -> None:
    """It is asked about, as before."""
    reading = read_reply(ASKED, f"Q1 2\nQ2 1\n\n{said}\n\n{quoted(SENT)}", [SENT], today=TODAY)
    assert reading.hold or said[:2] not in reading.answers


def test_only_beside_a_clear_answer() -> None:
    """By itself it leaves the question open."""
    reading = read_reply(ASKED, "Q1 2\nQ2は県内の町村会でも話題になっております。", [SENT], today=TODAY)
    assert [problem.question for problem in reading.problems] == ["Q2"]


def voted(said: str) -> Reading:
    sent = invitation(RESOLUTION)
    return read_reply(RESOLUTION, f"議案1　2\n議案2　1\n\n{said}\n\n{quoted(sent)}", [sent], today=TODAY)


@pytest.mark.parametrize(
    "said",
    [
        "議案1については、会長が交代するたびに事務所が移ることになり、事務の継続性に不安があるためです。",
        "議案1は、庁内で意見がまとまらなかったため反対といたします。",
        "議案1：会費の値上げ幅が大きいため",
        "議案1につきましては、町長の意向により反対です。",
        "議案1は、委員会の意見を踏まえて反対としました。",
        "議案2は、担い手が増えるためです。",
    ],
)
def test_the_reason_of_a_vote(said: str) -> None:
    """It may say the vote again; the chair sees it."""
    reading = voted(said)
    assert (reading.hold, reading.answers, reading.problems) == (None, {"Q1": "no", "Q2": "yes"}, ())
    shown = reading.beside or reading.remarks["Q1"]
    assert shown
    assert shown.rstrip("。") in said


@pytest.mark.parametrize(
    "said",
    """議案1は、説明を受けたため賛成とします。|議案1は、まだ庁内で検討中のためです。|議案1は、町長の判断待ちのため反対とします。|議案1は反対意見が多いためです。|議案1は、条件が整わないためです。
    |議案1は再検討を求めます。|議案1は、議会の議決を経ていないため保留とします。|議案1は、内容が未定のためです。|議案1は2番の修正が必要なためです。|議案1は、やむを得ないため棄権とします。
    |議案1は、賛同できる内容であるためです。|議案1は、説明を受けて納得したためです。|議案2は、再検討が必要なためです。|議案1は、特に問題がないためです。|議案2は、時期尚早なためです。""".replace(
        "\n    ", ""
    ).split("|"),
)
def test_a_reason_that_may_be_another_vote(said: str) -> None:
    """What is pending, a condition, another vote: the motion is asked about, or all is held."""
    reading = voted(said)
    named = "Q1" if said.startswith("議案1") else "Q2"
    assert reading.hold or named not in reading.answers


def test_the_reason_of_an_answer() -> None:
    """In a survey it is the office that sees it; one that names another option may choose it."""
    for said, stands in (
        ("Q2は、近隣に相手がいないためです。", True),
        ("Q2は、まだ方針が決まっていないためです。", False),
        ("Q2は、やはり実施することになったためです。", False),
    ):
        reading = read_reply(ASKED, f"Q1 2\nQ2 2\n\n{said}\n\n{quoted(SENT)}", [SENT], today=TODAY)
        assert (reading.hold is None and "Q2" in reading.answers) == stands
    sent = invitation(STANDARD)
    said = "Q1は、手続きが煩雑なためです。"
    assert read_reply(STANDARD, f"Q1 2\n{said}\n\n{quoted(sent)}", [sent], today=TODAY).answers == {
        "Q1": ("2",)
    }
