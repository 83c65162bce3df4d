"""The text of a ballot (ballot.md sections 1 to 4)."""

from __future__ import annotations

import pytest

from mailbot.core.mail.wrap import columns
from mailbot.core.surveys.ballot import WIDTHS, ballot_lines
from mailbot.core.surveys.how_to_answer import how_to_lines
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


@pytest.mark.parametrize(
    ("written", "line"),
    [
        ("2名 山田太郎", "【Q8回答】[ 2名 山田太郎 ]"),
        ("1200", "【Q8回答】[ 1200 ]"),
        ("2. 欠席", "【Q8回答】[ ※2. 欠席 ]"),
        ("2名\n山田太郎", "【Q8回答】[ ※2名"),
        ("（2名）", "【Q8回答】[ ※（2名） ]"),
    ],
)
def test_a_figure_at_the_beginning_of_a_free_answer(written: str, line: str) -> None:
    """On the slot's own line it begins no line, and needs no mark; like an option, or of several lines, it gets one."""
    assert line in ballot_lines(EVERY, REFERENCE, 2, answers={"Q8": written})


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
