"""What members write before an answer and behind it: words that announce it, remarks, units (ballot.md section 7)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from mailbot.core.reading.grammar.answer import read_answer
from mailbot.core.reading.grammar.understood import Unclear, Understood
from mailbot.core.reading.reply import read_reply
from mailbot.core.reading.text.prose import is_by_machine
from mailbot.core.surveys.survey import Question
from tests.mails.standard import STANDARD, TODAY, invitation, quoted

AGREED = Question("Q1", "燃料の優先供給に関する協定がありますか", "yesno")
INSTALLED = Question("Q1", "発電機を設置していますか", "single", ("設置している", "設置していない", "その他"))
CARS = Question("Q1", "電気自動車の台数", "single", ("0台（導入していない）", "1台", "2台から4台", "5台以上"))
FORMS = Question("Q1", "希望する形式", "single", ("集合", "オンライン", "集合とオンラインの併用"))
COPIES = Question(
    "Q1", "対象とする手続", "multi", ("転入", "住民票の写し", "住民票の写し（広域交付）", "その他")
)
MOVED = Question("Q1", "移行の時期", "single", ("移行済み", "令和8年度中", "時期未定"))
COMING = Question("Q1", "参加の見込み（人）", "number")
SHARE = Question("Q1", "窓口収納に占める割合（%）", "number")
PAYMENTS = Question("Q1", "令和7年度の決済件数（件）", "number")
COSTS = Question("Q1", "導入の経費（千円）", "number")
MACHINES = Question("Q1", "発電機の台数（台）", "number")
BEGUN = Question("Q1", "導入した日、または導入を予定する日", "date")
TESTED = Question("Q1", "直近の試運転の日", "date")
CONTENT = Question("Q1", "研修の満足度", "rating")


@pytest.mark.parametrize(
    ("question", "slot", "answer"),
    [
        (AGREED, "1（石油組合）", "yes"),
        (AGREED, "1（と思います）", None),
        (AGREED, "はい（期限切れ）", None),
        (AGREED, "いいえ（期限切れ）", "no"),
        (INSTALLED, "1（現在撤去済み）", None),
        (INSTALLED, "2（撤去済み）", ("2",)),
        (INSTALLED, "1（故障中）", None),
        (INSTALLED, "3（撤去済み）", ("3",)),
        (CARS, "1台（予約済み未納車）", None),
        (CARS, "1台（予約済み未納車）です", None),
        (CARS, "1（令和9年度に1台導入予定）", ("1",)),
        (CARS, "2（令和9年度に5台以上導入予定）", None),
        (CARS, "2台から4台（内訳：軽2、普通1）", ("3",)),
        (CARS, "2台から4台（内訳：軽2、普通4）", None),
        (FORMS, "3 集合とオンラインの併用（できれば）", ("3",)),
        (FORMS, "3（できれば2）", None),
        (AGREED, "1（できれば）", None),
        (MOVED, "3（ベンダーと協議中）", ("3",)),
        (MOVED, "3（課長と協議中）", None),
        (MOVED, "2（ベンダーと協議中）", None),
        (COPIES, "住民票の写し", ("2",)),
        (COPIES, "住民票の写し（広域交付）", ("3",)),
        (COPIES, "2 住民票の写し（コンビニ交付）", ("2",)),
        (COPIES, "転入（一部）", ("1",)),
        (COPIES, "住民票の写し（コンビニ交付）", None),
        (COPIES, "転入、住民票の写し（コンビニ交付）", None),
    ],
)
def test_a_remark_in_brackets(question: Question, slot: str, answer: tuple[str, ...] | str | None) -> None:
    """One that says that the answer is so no longer, or not yet, or may belong to another label, is asked about."""
    read = read_answer(question, slot, today=TODAY)
    assert (read.answer if isinstance(read, Understood) else None) == answer


@pytest.mark.parametrize(
    ("question", "slot", "answer"),
    [
        (SHARE, "3%", "3"),
        (SHARE, "7.5%（概算）", "7.5"),
        (SHARE, "7.5%（概算要求時）", "unclear"),
        (SHARE, "150件", "unit"),
        (SHARE, "3人", "unit"),
        (SHARE, "3千円", "unit"),
        (PAYMENTS, "1,500件", "1500"),
        (PAYMENTS, "3%", "unit"),
        (COSTS, "5,500千円（見込み）", "5500"),
        (COSTS, "5500（2年目は6000の見込み）", "unclear"),
        (MACHINES, "2（見込み）", "unclear"),
        (COMING, "2名（予定）", "2"),
        (COMING, "3名の見込みです", "3"),
        (COMING, "2名（予定だが未確定）", "unclear"),
        (BEGUN, "R7.9.1から", "2025-09-01"),
        (BEGUN, "令和7年9月1日より導入", "2025-09-01"),
        (BEGUN, "R7.9.1から10.1", "unclear"),
        (BEGUN, "R7.9.1まで", "unclear"),
        (BEGUN, "R7.9.1から未定", "unclear"),
        (TESTED, "R7.9.1から", "unclear"),
        (TESTED, "令和8年9月30日に夜間の試運転を実施", "2026-09-30"),
        (TESTED, "令和8年9月30日に試運転を実施しました。", "2026-09-30"),
        (TESTED, "令和8年9月30日に試運転を実施予定", "unclear"),
        (TESTED, "令和8年9月30日に試運転を実施せず", "unclear"),
        (TESTED, "令和8年9月30日に監査を実施", "unclear"),
        (TESTED, "令和8年9月30日に隣の市の試運転を実施", "unclear"),
        (TESTED, "未実施", "no-value"),
        (TESTED, "未実施（2月ごろ）", "unclear"),
        (TESTED, "今年の6月1日", "2026-06-01"),
        (TESTED, "本年6月1日", "2026-06-01"),
        (TESTED, "今年度の6月1日", "unclear"),
        (TESTED, "昨年か今年の6月1日", "unclear"),
        (TESTED, "8年11月18日", "2026-11-18"),
        (TESTED, "7年11月18日", "2025-11-18"),
        (TESTED, "9年11月18日", "unclear"),
        (TESTED, "26年11月18日", "unclear"),
        (BEGUN, "令和7年4月1日付け", "2025-04-01"),
        (BEGUN, "令和7年4月1日付。", "2025-04-01"),
        (BEGUN, "令和7年4月1日付けで廃止", "unclear"),
        (BEGUN, "令和7年4月1日付け改定", "unclear"),
        (CONTENT, "4 点", ("4",)),
        (CONTENT, "5点満点", "unclear"),
    ],
)
def test_a_unit_and_what_a_number_is(question: Question, slot: str, answer: tuple[str, ...] | str) -> None:
    """The unit that the question prints in brackets is asked for; costs may be those that are foreseen."""
    read = read_answer(question, slot, today=date(2026, 12, 1))
    said = read.answer if isinstance(read, Understood) else read.kind if isinstance(read, Unclear) else ""
    assert said == answer


@pytest.mark.parametrize(
    "announced", ["【回答】{}", "（答）{}", "答）{}", "回答）{}", "[答] {}", "{}、以上です。"]
)
@pytest.mark.parametrize(
    ("question", "said", "answer"),
    [(COPIES, "1,4", ("1", "4")), (PAYMENTS, "1,500", "1500"), (AGREED, "いいえ", "no")],
)
def test_words_that_announce_an_answer_or_end_it(
    announced: str, question: Question, said: str, answer: tuple[str, ...] | str
) -> None:
    """They are no part of it."""
    assert read_answer(question, announced.format(said), today=TODAY) == Understood(answer)


ASKED = replace(STANDARD, questions=(INSTALLED, replace(AGREED, id="Q2"), replace(CONTENT, id="Q3")))


@pytest.mark.parametrize("marks", ["> ", ""])
@pytest.mark.parametrize("where", ["question", "slot"])
@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("回答：2", ("2",)),
        ("【回答】2", ("2",)),
        ("答）2", ("2",)),
        ("※ 2", ("2",)),
        ("● 2", ("2",)),
        ("→　2", ("2",)),
        ("● 1\n○ 2", None),
        ("【回答】未定", None),
        ("【回答】", None),
    ],
)
def test_an_answer_on_a_line_of_its_own(
    typed: str, answer: tuple[str, ...] | None, where: str, marks: str
) -> None:
    """Below its question or its slot, behind a word or a mark that announces it; of several marked ones it is asked which."""
    sent = invitation(ASKED)
    below = next(
        line for line in sent.split("\n") if line.startswith("Q1 " if where == "question" else "【Q1回答】")
    )
    ballot = quoted(sent, marks).replace(f"{marks}{below}", f"{marks}{below}\n{typed}")
    reading = read_reply(ASKED, f"お世話になります。\n\n{ballot}\n\nQ2 1", [sent], today=TODAY)
    assert reading.answers == ({"Q2": "yes"} if answer is None else {"Q1": answer, "Q2": "yes"})
    assert [problem.question for problem in reading.problems] == ([] if answer else ["Q1"])


def test_a_remark_in_brackets_on_the_line_below_an_answer() -> None:
    """It is one behind the answer, by the same rules."""
    sent = invitation(ASKED)
    for remark, answers in (("（内容が実務的でよかった）", {"Q3": ("4",)}), ("（来年は3）", {})):
        ballot = quoted(sent).replace("> 【Q3回答】[　　]", f"> 【Q3回答】[　　]\n4\n{remark}")
        assert read_reply(ASKED, ballot, [sent], today=TODAY).answers == answers


def test_a_table_of_three_columns() -> None:
    """A program writes each cell on a line of its own; the question between its number and the answer is ours."""
    sent = invitation(ASKED)
    cells = [
        (each.id, each.text, said) for each, said in zip(ASKED.questions, ("2", "いいえ", "4"), strict=True)
    ]
    typed = "\n".join("\n".join(row) for row in (("番号", "設問", "回答"), *cells))
    reading = read_reply(ASKED, f"{typed}\n\n{quoted(sent)}", [sent], today=TODAY)
    assert reading.answers == {"Q1": ("2",), "Q2": "no", "Q3": ("4",)}
    other = typed.replace("満足度", "感想")  # other words are no copy of the question
    reading = read_reply(ASKED, f"{other}\n\n{quoted(sent)}", [sent], today=TODAY)
    assert "Q3" not in reading.answers


def test_this_year_in_the_first_days_of_january() -> None:
    """A mail of December may come then, whose 今年 is the year before."""
    assert isinstance(read_answer(TESTED, "今年の6月1日", today=date(2027, 1, 5)), Unclear)


@pytest.mark.parametrize(
    "head",
    [
        "---- 協議会 回答受付からのメール ----",
        "■全国自治体情報主管課長協議会 回答受付さんからのメッセージ■",
        "--- 協議会 回答受付 さんからのメール ---",
    ],
)
@pytest.mark.parametrize(
    ("below", "hold"),
    [("利用の多い課は、広報課と企画課です。", None), ("回答は部長の案です。", "correction")],
)
def test_a_line_below_a_quotation_under_its_attribution(head: str, below: str, hold: str | None) -> None:
    """The attribution is the program's: its 回答 is not said of the answers."""
    sent = invitation(ASKED)
    ballot = quoted(sent).replace("【Q1回答】[　　]", "【Q1回答】[ 2 ]")
    reading = read_reply(ASKED, f"{head}\n{ballot}\n{below}", [sent], today=TODAY)
    assert (reading.answers, reading.hold) == ({"Q1": ("2",)}, hold)


@pytest.mark.parametrize(
    "line", ["※この回答は部長からのメッセージ。", "　上記の回答は、隣の市からのメール。"]
)
def test_a_sentence_about_the_answers_is_no_attribution(line: str) -> None:
    """It ends like a sentence."""
    assert not is_by_machine(line)
