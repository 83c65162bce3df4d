"""Whose the answers are: sentences that make them another body's, another year's or another survey's."""

from __future__ import annotations

import pytest

from mailbot.core.reading.doubts.whose_answers import introduces_another, is_anothers, names_another
from mailbot.core.reading.text.known_text import known_texts
from tests.core.reading.test_reply import INVITATION, read, slot
from tests.mails.standard import quoted

KNOWN = known_texts((INVITATION,))  # to ○○市, about 「LG.JPドメインの利用」

ANOTHERS = """隣の山田市さんの回答を参考に送ります。|以下は山田市の回答です。|松本市様から当市に誤って届いた回答を転送します。|松本市の担当者から預かった回答です。当市の分ではありません。|参考：松本市の回答|参考までに、松本市の回答をお知らせします。
|松本市から届いた回答です。|隣の市の回答を誤って受け取ったので転送します。|松本市様の回答が当方に届きましたので転送いたします。|松本市に代わって送ります。|松本市さんの代わりに送ります。|県が取りまとめた松本市の分です。|（松本市長名で提出）|鈴木様の回答です。
|令和6年度の回答は次のとおりでした。|昨年度の回答を送ります。|前回の回答内容は以下のとおりでした。|令和7年度調査の回答です。|前回調査時の回答：|「会議室の利用について」の調査への回答です|別の調査の回答です。|総務省の調査への回答です。|ほかの協議会への回答です。
|松本市情報課の回答です。|この回答は隣の松本市のものです。|これは松本市のものです。|本回答は松本市の分です。|上の回答は松本市のものです。|（松本市）|【松本市役所】""".replace(
    "\n", ""
).split("|")

OURS = """当市の回答は以下のとおりです。|○○市の回答です。|標記調査の回答です。|ご照会の調査への回答です。|LG.JPドメインの利用の調査への回答です。|「LG.JPドメインの利用」の調査への回答です。|アンケートの回答です。|先日の照会の回答です。|情報政策課の回答です。|市としての回答です。
|課長の回答です。|本市の回答を送付します。|最終の回答です。|Q1の回答です。|このたびの調査の回答を送ります。|他市の状況も参考にさせていただきたく存じます。|前回の回答を撤回します。|貴会から届いた照会への回答です。|ご担当様|中村市長の了解を得ています。|回答は以下です。
|次の回答期限もお知らせください。|議案の回答です。|この回答は○○市のものです。|この回答は市としてのものです。""".replace(
    "\n", ""
).split("|")


@pytest.mark.parametrize("sentence", ANOTHERS)
def test_answers_that_are_not_this_body_s_to_this_survey(sentence: str) -> None:
    """They are held, whatever stands below."""
    assert any(is_anothers(line, KNOWN) for line in sentence.split("\n"))
    assert read(f"{sentence}\n\nQ1 2\nQ2 1").hold == "correction"


def test_under_a_slot() -> None:
    """It is said of all the answers there, too."""
    answered = slot(1, "2").replace("【Q1回答】2", "【Q1回答】2\n上の回答は松本市のものです。")
    assert read(quoted(answered)).hold == "correction"


@pytest.mark.parametrize("sentence", OURS)
def test_answers_that_are(sentence: str) -> None:
    """What members say of their own answers holds nothing."""
    assert not is_anothers(sentence, KNOWN)
    assert read(f"{sentence}\n\nQ1 2\nQ2 1\n\n{quoted(INVITATION)}").hold is None


def test_introductions() -> None:
    """A section of another body, or that body, says who it is; sections and names only end like bodies."""
    for line in (
        "松本市情報政策課の山田です。",
        "松本市 情報政策課 山田でございます。",
        "松本市です。2です。",
        "松本町です。",
        "松本広域連合です",
        "情報政策課です。松本市です。",
        "北安曇郡松川村役場です。",
        "長野県庁です。",
    ):
        assert introduces_another(line, KNOWN)
    for line in (
        "○○市情報政策課です",
        "都市計画課です",
        "県庁市町村課です",
        "中村です。",
        "総務部市民課です",
        "北安曇郡○○市です。",
        "政令指定都市です。",
        "旧松本町です。",
        "先進地は松本市です。",
        "松本市の事例です。",
        "隣の松本市です。",
        "当町です。",
    ):
        assert not introduces_another(line, KNOWN)


def test_another_survey_s_key() -> None:
    """「S26-102の回答です」 beside answers to S26-014."""
    assert names_another("S26-014", "S26-102の回答です。")
    assert not names_another("S26-014", "S26-014の回答です。")


def test_what_a_gateway_says_of_the_mail() -> None:
    """A mail that may have gone astray is no sentence of the member's; one that did is."""
    footer = "※このメールは誤送信の可能性があります。"
    assert read(f"{footer}\n\nQ1 2\n\n{quoted(INVITATION)}").hold is None
    assert read(f"Q1 2\n\n{quoted(INVITATION)}\n{footer}").hold is None
    assert read("Q1 2\n誤送信です。").hold == "correction"
