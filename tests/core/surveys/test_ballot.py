"""The text of a ballot (ballot.md sections 1 to 4)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailbot.core.mail.japanese import fold
from mailbot.core.mail.wrap import columns
from mailbot.core.surveys.ballot import (
    WIDTHS,
    ballot_lines,
    faults,
    how_to_lines,
    mail_faults,
    survives,
    wrap_safely,
)
from mailbot.core.surveys.survey import Answer, Question, Survey
from tests.mails.standard import REFERENCE, STANDARD

SECTION_2 = """\
★★ 回答欄 ここから ★★（この行は残してください）
受付番号 S26-014-13201 第1版
Q1 LG.JPドメインを利用していますか（1つ）
   1. 利用している
   2. 利用していない
   3. 検討中
【Q1回答】[　　]

Q2 利用していない理由（いくつでも。Q1が2の方のみ）
   1. 費用
   2. 手続き
   3. 必要がない
   4. その他
【Q2回答】[　　]

Q3 ご意見（ご自由に。空欄でもかまいません）
【Q3回答】[　　]
★★ 回答欄 ここまで ★★"""


def survey(*questions: Question) -> Survey:
    return Survey(STANDARD.key, STANDARD.title, STANDARD.audience, STANDARD.opens, STANDARD.closes, questions)


LONG = "情報システムの標準化に伴う" * 6
EVERY = survey(
    Question("Q1", LONG, "single", (LONG[:-1] + "場合", "B" * 30 + " " + "C" * 50, "その他")),
    Question("Q2", "理由", "multi", ("費用", "手続き")),
    Question("Q3", "規約の改正に賛成ですか", "yesno", ("賛成", "反対", "棄権")),
    Question("Q4", "庁内の端末台数", "number"),
    Question("Q5", "導入の予定日", "date", required=True),
    Question("Q6", "満足度", "rating"),
    Question("Q7", "出席されますか", "yesno"),
    Question("Q8", "ご意見", "text", required=True),
)


def test_the_form_of_section_2() -> None:
    """The ballot is printed as the specification shows it."""
    assert "\n".join(ballot_lines(STANDARD, REFERENCE, 1)) == SECTION_2


def test_an_acknowledgement_fills_the_slots() -> None:
    """An acknowledgement fills the slots, with the answer in words behind the number."""
    answers: dict[str, Answer] = {
        "Q2": ("1", "2"),
        "Q3": "abstain",
        "Q4": "1200",
        "Q5": "2026-07-02",
        "Q6": ("4",),
        "Q7": "yes",
        "Q8": "一行目\nQ1 2",
    }
    lines = ballot_lines(EVERY, REFERENCE, 2, answers=answers)
    for line in (
        "受付番号 S26-014-13201 第2版",
        "【Q1回答】[　　]",
        "【Q2回答】[ 1,2 ]　費用、手続き",
        "【Q3回答】[ 3 ]　棄権",
        "【Q4回答】[ 1200 ]",
        "【Q5回答】[ 2026/7/2 ]　2026年7月2日（木）",
        "【Q6回答】[ 4 ]",
        "【Q7回答】[ 1 ]　はい",
        "【Q8回答】[ 一行目",
        "      ※Q1 2 ]",
    ):
        assert line in lines


def test_an_ask_back_repeats_only_what_was_not_understood() -> None:
    """An ask-back repeats only the questions that were not understood."""
    lines = ballot_lines(STANDARD, REFERENCE, 2, only=frozenset({"Q2"}))
    assert [line for line in lines if "回答】" in line] == ["【Q2回答】[　　]"]


@pytest.mark.parametrize("language", ["ja", "en"])
def test_lines_are_narrow_and_harmless(language: str) -> None:
    """No line is wider than 34 full-width characters, a rule, or something that a client treats on its own."""
    assert language in {"ja", "en"}
    for lines in (
        ballot_lines(EVERY, REFERENCE, 1, answers={"Q8": LONG + "\n-- \n> x\nFrom y"}, language=language),  # type: ignore[arg-type]
        how_to_lines(EVERY, language),  # type: ignore[arg-type]
    ):
        for line in lines:
            assert columns(line) <= 68
            assert line.rstrip() != "--"
            assert not line.startswith((">", "From ", "."))
            assert not line or line.strip("-_=─ ")


def test_how_to_lines_fit_the_questions() -> None:
    """The examples name this survey's questions and stand inside sentences."""
    assert "     例）1問目が2番なら「Q1 2」、複数は「Q2 1,3」" in how_to_lines(STANDARD)
    assert any("「Q1 12」" in line for line in how_to_lines(survey(Question("Q1", "台数", "number"))))


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


@pytest.mark.parametrize("mark", "漢あア〜−‖…ａ★※→○①髙～－—㈱ｱ\\~¥é")
def test_survives(mark: str) -> None:
    """A character is accepted only if real ISO-2022-JP and CP932 bring it back as the reader compares it."""
    try:
        jis = mark.encode("iso2022_jp").decode("iso2022_jp") == mark
        windows = fold(_windows(mark).decode("cp932")) == fold(mark)
    except UnicodeError:
        jis = windows = False
    assert not survives(mark) or (jis and windows)
    assert survives(mark) == (mark not in "①髙～－—㈱ｱ¥é")


def _windows(mark: str) -> bytes:
    """Return a character as a Windows program writes it: by its place in JIS."""
    return mark.encode("ascii") if mark.isascii() else mark.encode("shift_jis")


@pytest.mark.parametrize("width", WIDTHS)
def test_every_width(width: int) -> None:
    """A ballot has no wider line than it was asked for, and each begins and ends with its own marks."""
    for language in ("ja", "en"):
        lines = ballot_lines(
            EVERY, REFERENCE, 1, answers={"Q2": ("1", "2"), "Q8": LONG}, language=language, columns=width
        )
        assert max(map(columns, lines)) <= width
        assert lines[0].startswith(("★★ 回答欄 ここから ★★", "** ANSWERS START **"))
        for quotes in (True, False):
            how = how_to_lines(EVERY, language, columns=width, quotes=quotes)
            assert max(map(columns, how)) <= width
            assert any("［　］" in line or "between the brackets" in line for line in how) == quotes


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
