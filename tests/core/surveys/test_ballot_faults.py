"""Which surveys may not be sent as they are written, and why (ballot.md sections 1 to 4)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailbot.core.surveys.ballot import ballot_lines, wrap_safely
from mailbot.core.surveys.ballot_faults import faults, mail_faults
from mailbot.core.surveys.survey import Question
from tests.core.surveys.test_ballot import EVERY, survey
from tests.mails.standard import REFERENCE, STANDARD


def test_sound_surveys_have_no_faults() -> None:
    """The standard survey and one with every type may be sent."""
    assert faults(STANDARD) == ()
    assert faults(EVERY) == ()
    assert faults(STANDARD, "en") == ()


YES_NO = ("はい", "いいえ")


@pytest.mark.parametrize(
    ("questions", "words"),
    [
        ((), "問いがありません"),
        ((Question("Q2", "利用", "text"),), "Q1"),
        ((Question("Q1", "利用", "text"), Question("Q1", "意見", "text")), "2つあります"),
        ((Question("Q1", "利用", "single"),), "options"),
        ((Question("Q1", "利用", "text", ("甲",)),), "書けません"),
        ((Question("Q1", "利用", "single", ("ＡＢ", "ab")),), "区別できません"),
        ((Question("Q1", "台数", "single", ("2", "1")),), "紛れます"),
        ((Question("Q1", "利用①", "single", YES_NO),), "(1)"),
        ((Question("Q1", "利用", "single", ("㈱甲", "乙")),), "「(株)」"),
        ((Question("Q1", "期間 4月～6月", "text"),), "「〜」（波ダッシュ）か「から」"),
        ((Question("Q1", "髙山村の状況", "text"),), "「高」"),
        ((Question("Q1", "ｶﾞｲﾄﾞﾗｲﾝの利用", "text"),), "「ガイドライン」"),
        ((Question("Q1", "Q1 2", "single", YES_NO),), "お答えとして読めて"),
        ((Question("Q1", "意見", "text"), Question("Q2", "Q1 はい", "text")), "お答えとして読めて"),
        ((Question("Q1", "2", "single", YES_NO),), "お答えとして読めて"),
        ((Question("Q1", "取下げ", "text"),), "お答えとして読めて"),
        ((Question("Q1", "意見", "text", when=(("Q9", ("1",)),)),), "Q9"),
        (
            (
                Question("Q1", "意見", "text", when=(("Q2", ("1",)),)),
                Question("Q2", "利用", "single", YES_NO),
            ),
            "後にある",
        ),
        (
            (
                Question("Q1", "利用", "single", YES_NO),
                Question("Q2", "意見", "text", when=(("Q1", ("3",)),)),
            ),
            "選択肢 3",
        ),
        ((Question("Q1", "利用", "yesno", ("はい", "賛成")),), "yesno"),
    ],
)
def test_a_survey_that_may_not_be_sent_says_why(questions: tuple[Question, ...], words: str) -> None:
    """A survey that may not be sent says in a sentence what is wrong and where."""
    found = faults(survey(*questions))
    assert any(words in sentence for sentence in found), found
    assert faults(survey(*questions), "en")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (
            {"title": "髙度化の調査"},
            "「髙度化の調査」の「髙」は返信で文字化けすることがあります。「高」と書いてください",
        ),
        ({"purpose": "一行目\n期間は4月～6月"}, "「期間は4月～6月」の「～」"),
        ({"contact": "事務局 ☎ 03-0000-0000"}, "別の字で書いてください"),
        ({"contact": "ﾎｰﾑﾍﾟｰｼﾞ"}, "「ホームページ」と書いてください"),
        ({"purpose": "上\n--------\n下"}, "「--------」の行は、ここで本文が終わると見る"),
        ({"purpose": "Q1 2"}, "お答えとして読めて"),
        ({"contact": "取下げ"}, "お答えとして読めて"),
        ({"title": "問２"}, "お答えとして読めて"),
    ],
)
def test_faults_of_other_texts(changed: dict[str, str], words: str) -> None:
    """The title, the purpose and the contact are held to the same rules; the sentence quotes the whole line."""
    found = faults(replace(STANDARD, **changed))  # type: ignore[arg-type]
    assert len(found) == 1
    assert words in found[0]
    assert faults(replace(STANDARD, **changed), "en")  # type: ignore[arg-type]


def test_what_only_a_narrow_ballot_shows() -> None:
    """A question is refused whose broken line reads as another option or an answer, at any width that we print."""
    for behind in ("1. の場合", "Q1 2", "【Q1回答】", "★★"):
        found = [
            faults(survey(Question("Q1", "語" * count + " " + behind, "single", YES_NO)))
            for count in range(10, 34)
        ]
        assert any(found), behind
        assert not all(found), behind


def test_a_question_named_at_the_end_of_a_sentence_does_not_stand_alone() -> None:
    """It would read as an answer, and be given a mark that nobody understands; the sentence is broken earlier."""
    sentence = "・ご出席かご欠席かを読み取れませんでした。番号をお書きください。（Q1）"
    assert wrap_safely(sentence, 68) == (
        "・ご出席かご欠席かを読み取れませんでした。番号をお書きくださ",
        "い。（Q1）",
    )


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("語" * 35, "68桁を超えています"),
        ("Q1 2", "お答えや引用"),
        ("> 引用", "お答えや引用"),
        ("From here", "お答えや引用"),
        ("-- ", "お答えや引用"),
        ("再送", "お答えや引用"),
    ],
)
def test_mail_faults(line: str, words: str) -> None:
    """A whole mail is looked through line by line; a long address and a filled slot are no faults."""
    sound = "\n".join(ballot_lines(STANDARD, REFERENCE, 2, answers={"Q1": ("2",)})) + "\nhttps://" + "x" * 80
    assert mail_faults(STANDARD, sound) == ()
    (fault,) = mail_faults(STANDARD, f"{sound}\n{line}\n")
    assert words in fault
    assert mail_faults(STANDARD, f"{sound}\n{line}\n", language="en")
