"""Reading replies by alignment: ballot.md sections 6 to 8, row by row, and what must never be accepted."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any, get_args

import pytest

from mailbot.core.reading.reply import read_reply
from mailbot.core.reading.statements.named_answer import explicit_answers
from mailbot.core.surveys.ballot import ballot_lines
from mailbot.core.surveys.ballot_faults import faults
from mailbot.core.surveys.how_to_answer import confirmation, how_to_lines
from mailbot.core.surveys.survey import Answer, Question, QuestionType, Reading, Survey
from tests.drawing import HealthCheck, given, settings, st
from tests.mails.standard import REFERENCE, STANDARD, TODAY, acknowledgement, invitation, quoted, reminder
from tests.mails.surveys import SURVEYS
from tests.thorough import examples

INVITATION = invitation()
FILLED: dict[str, Answer] = {"Q1": ("2",), "Q2": ("1", "3"), "Q3": "LGWAN接続が先です。\nQ1 3の方が]よい"}
ACK = acknowledgement(FILLED)


def survey(*questions: Question) -> Survey:
    return Survey(STANDARD.key, STANDARD.title, STANDARD.audience, STANDARD.opens, STANDARD.closes, questions)


def read(text: str, *known: str, of: Survey = STANDARD, **options: Any) -> Reading:
    return read_reply(of, text, known or (INVITATION,), today=TODAY, **options)


def slot(question: int, value: str, text: str = INVITATION) -> str:
    return text.replace(f"【Q{question}回答】[　　]", f"【Q{question}回答】{value}")


@pytest.mark.parametrize(
    ("written", "answers"),
    [
        ("Q1 2\nQ2 1,3", {"Q1": ("2",), "Q2": ("1", "3")}),
        ("【Q1回答】2", {"Q1": ("2",)}),
        ("【Q1回答】[　　]2", {"Q1": ("2",)}),
        ("[Q1] 2", {"Q1": ("2",)}),
        ("問1：２", {"Q1": ("2",)}),
        ("設問１　2番", {"Q1": ("2",)}),
        ("質問1=2", {"Q1": ("2",)}),
        ("議案1 2", {"Q1": ("2",)}),
        ("第1号議案 2", {"Q1": ("2",)}),
        ("Q1は2です。", {"Q1": ("2",)}),
        ("・Q1 2\n・Q2 1 and 3", {"Q1": ("2",), "Q2": ("1", "3")}),
        ("Q1の回答は2です", {"Q1": ("2",)}),
        ("Q1） 2", {"Q1": ("2",)}),
        ("Q1→利用していない", {"Q1": ("2",)}),
        ("Q1 2、Q2 1と3", {"Q1": ("2",), "Q2": ("1", "3")}),
        ("Q1\n2", {"Q1": ("2",)}),
        ("Q1 LG.JPドメインを利用していますか（1つ） → 2", {"Q1": ("2",)}),
        ("Q3 一行目\n二行目\n\n山田", {"Q3": "一行目\n二行目"}),
        ("Q3 特になし\n山田", {"Q3": "特になし"}),
        ("Q3は特になし", {"Q3": "特になし"}),
        ("*Q1 2*", {"Q1": ("2",)}),  # bold words in the plain form of Gmail and Thunderbird
        ("*Q1*：2\n**Q2** 1,3", {"Q1": ("2",), "Q2": ("1", "3")}),
        ("＊ Q1 : 2", {"Q1": ("2",)}),
        ("Q1│2", {"Q1": ("2",)}),
        ("Q1 2 🙇", {"Q1": ("2",)}),
        ("Q1：回答欄に記入しました\nQ2 1,3", {"Q2": ("1", "3")}),
        ("Q2,1,3", {"Q2": ("1", "3")}),  # names no three questions
        ("Q3 *重要* です", {"Q3": "*重要* です"}),
        ("Q3 回答精度の確認が要ります", {"Q3": "回答精度の確認が要ります"}),
        ("Q3：回答期限が短い。\n年2回がよい。", {"Q3": "回答期限が短い。\n年2回がよい。"}),
        ("Q2\n1. 費用\n3. 必要がない", {"Q2": ("1", "3")}),
        ("Q2\n   1. 費用\n   3. 必要がない\n   4. その他", {"Q2": ("1", "3", "4")}),
        ("Q1 3\n検討中です。", {"Q1": ("3",)}),
        ("Q1 LG.JPドメインを利用していますか\n→2. 利用していない", {"Q1": ("2",)}),
    ],
)
@pytest.mark.parametrize("quote", ["> ", "＞", "| ", "", "yamada> "])
def test_answers_at_the_top(written: str, answers: dict[str, Answer], quote: str) -> None:
    """What stands above the quotation behind a question's number is read, however the quotation looks."""
    reading = read(f"お世話になっております。\n{written}\n\n{quoted(INVITATION, quote)}")
    assert reading.answers == answers
    assert not reading.problems
    assert reading.hold is None


@pytest.mark.parametrize(
    "value",
    [
        "[ 2 ]",
        "[２]",
        "［2］",
        "[　　]2",
        "[　　] 2",
        "2",
        "（2）",
        "「2」",
        "〔②〕",
        "[ 2",
        "[ 利用していない ]",
        "[ 2 利用していない ]",
        "[ 2 ]　利用していない",
        "[　　]\n2",
        "[　　]\n   2. 利用していない",
        "[　　]\n→ 2",
        "[　　]←2",
        "→2",
    ],
)
@pytest.mark.parametrize("quote", ["> ", ">", "> > ", "", "jimu> "])
def test_answers_in_the_slot(value: str, quote: str) -> None:
    """A number in, behind or under the brackets of any shape is read at any quotation depth."""
    assert read(quoted(slot(1, value), quote)).answers == {"Q1": ("2",)}


@pytest.mark.parametrize("quote", ["", "> ", ">> ", "＞ ", "| ", "yamada> ", "> | "])
@pytest.mark.parametrize(
    "known", [(INVITATION,), (ACK, INVITATION), (acknowledgement(FILLED, 3), ACK, reminder())]
)
def test_nothing_of_ours_is_an_answer(quote: str, known: tuple[str, ...]) -> None:
    """A quotation that nobody touched says nothing, whichever of our mails it is."""
    for text in known:
        reading = read(quoted(text, quote), *known)
        assert not reading.answers
        assert not reading.problems
        assert (reading.hold, reading.ask) == ("untouched", True)


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("Q1 1 利用していない", "mismatch"),
        ("Q1 4", "out-of-range"),
        ("Q1 0", "out-of-range"),
        ("Q1 1,2", "two-choices"),
        ("Q1 1か2", "two-choices"),
        ("Q2 13", "joined"),
        ("Q2 3-1", "descending"),
        ("Q2 すべて", "all"),
        ("Q2 特になし", "none-of-these"),
        ("Q1 ?", "garbled"),
        ("Q1 〓", "garbled"),
        ("Q1 \ufffd", "garbled"),
        ("Q1 利用してい", "unclear"),
        ("Q1 1にするか迷っています", "unclear"),
    ],
)
def test_what_is_not_understood_is_asked_back(written: str, kind: str) -> None:
    """Each unclear form of section 8 makes a problem of its kind and no answer."""
    reading = read(f"{written}\n\n{quoted(INVITATION)}")
    assert not reading.answers
    assert [problem.kind for problem in reading.problems] == [kind]
    assert reading.hold is None


@pytest.mark.parametrize(
    ("text", "hold", "ask"),
    [
        (f"2\n{quoted(INVITATION)}", "bare-number", True),
        (f"Q1 1\n{quoted(slot(1, '[ 2 ]'))}", "differ", True),
        ("Q1 1\nQ1 2\n", "differ", True),
        ("", "untouched", True),
        ("> Q1 2\n> Q2 3\n", "quoted-only", False),
        (f"来月になったら改めてお返事したいと思います。\n{INVITATION}", "prose", False),
        (f"担当者が代わりました。\n{INVITATION}", "contact-change", False),
        (slot(1, "[ 2 ]").replace("S26-014-13201", "S26-011-13201"), "other-ballot", False),
        (f"Q1 2\nすみません、やはりQ1は3です。\n{INVITATION}", "correction", True),
        (f"Q1 2\n{quoted(INVITATION)}\n上は間違いで、3番でした。", "correction", True),
        ("受付番号 S26-014-99999 第1版\nQ1 2", "other-ballot", False),
        (f"取下げ\nQ1 2\n{INVITATION}", "command-and-answers", True),
    ],
)
def test_what_is_held(text: str, hold: str, ask: bool) -> None:
    """What may not count at all is held with its reason, and asked back where section 8 says H."""
    reading = read(text)
    assert (reading.hold, reading.ask) == (hold, ask)


def test_head_and_slot_agree() -> None:
    """The same answer at the top and in the slot is one answer."""
    assert read(f"Q1 2\n{quoted(slot(1, '[ ２ ]'))}").answers == {"Q1": ("2",)}


def test_shallowest_quotation_wins() -> None:
    """A slot filled in an older quotation beneath is history."""
    older = quoted(slot(1, "[ 1 ]"), ">> ")
    assert read(f"{quoted(slot(1, '[ 2 ]'))}\n{older}").answers == {"Q1": ("2",)}
    assert read(f"{slot(1, '[ 3 ]')}\n-----元のメッセージ-----\n{slot(1, '[ 1 ]')}").answers == {"Q1": ("3",)}


@pytest.mark.parametrize("mark", "○〇◯⭕◎✓✔レﾚ☑■●")
@pytest.mark.parametrize(
    "shape",
    [
        "{m}2. 利用していない",
        " {m} 2. 利用していない",
        "2. 利用していない {m}",
        "[{m}] 2. 利用していない",
        "2. {m}利用していない",
        "2. 利用していない（{m}）",
    ],
)
def test_marks_on_an_option_line(mark: str, shape: str) -> None:
    """An option line of ours with a mark selects the option."""
    marked = INVITATION.replace("   2. 利用していない", shape.format(m=mark))
    assert read(quoted(marked)).answers == {"Q1": ("2",)}


def test_deleted_option_lines() -> None:
    """The one option that was left is read and confirmed; a quotation that was merely cut off says nothing."""
    left = INVITATION.replace("   1. 利用している\n", "").replace("   3. 検討中\n", "")
    reading = read(quoted(left))
    assert reading.answers == {"Q1": ("2",)}
    assert reading.flags == {"Q1": ("read",)}
    cut = INVITATION[: INVITATION.index("   2. 利用していない")]
    assert not read(quoted(cut)).answers
    tail = INVITATION[INVITATION.index("   3. 検討中") :]
    assert not read(quoted(tail)).answers
    two = read(quoted(INVITATION.replace("   1. 利用している\n", "")))
    assert [problem.kind for problem in two.problems] == ["lines-left"]


def test_several_options_left_of_those_that_may_all_be_chosen() -> None:
    """They are read where more than one was taken away; a single line may have been lost on the way."""
    left = INVITATION
    for line in ("   1. 利用している\n", "   3. 検討中\n", "   1. 費用\n", "   4. その他\n"):
        left = left.replace(line, "")
    reading = read(quoted(left))
    assert reading.answers == {"Q1": ("2",), "Q2": ("2", "3")}
    assert reading.flags == {"Q1": ("read",), "Q2": ("read",)}
    one = read(quoted(INVITATION.replace("   4. その他\n", "")))
    assert [(problem.question, problem.kind) for problem in one.problems] == [("Q2", "lines-left")]


@pytest.mark.parametrize("kept", ["1. 利用している", "2. 利用していない"])
def test_one_of_two_options_deleted(kept: str) -> None:
    """Where nothing else of the ballot is missing, a member took the other one away; else it may have been lost."""
    two = Question("Q1", "利用していますか", "single", ("利用している", "利用していない"))
    asked = survey(two, STANDARD.questions[1])
    sent = invitation(asked)
    gone = ({"   1. 利用している\n", "   2. 利用していない\n"} - {f"   {kept}\n"}).pop()
    left = sent.replace(gone, "")
    reading = read(quoted(left), sent, of=asked)
    assert (reading.answers, reading.flags) == ({"Q1": (kept[0],)}, {"Q1": ("read",)})
    for other in (
        "Q2 利用していない理由",
        "   3. 必要がない\n",
        "受付番号",
        "★★ 回答欄 ここまで",
        "【Q2回答】",
    ):
        line = next(line for line in left.splitlines(keepends=True) if other.strip() in line)
        reading = read(quoted(left.replace(line, "")), sent, of=asked)
        assert "Q1" not in reading.answers, other
        assert "lines-left" in {problem.kind for problem in reading.problems}, other


def test_lines_wrapped_on_the_way() -> None:
    """Up to three lines that together are one of ours are ours."""
    for width in (12, 20, 30):
        wrapped = "\n".join(
            "\n".join(f"> {line[at : at + width]}" for at in range(0, max(len(line), 1), width))
            if len(line) <= 3 * width
            else f"> {line}"
            for line in INVITATION.split("\n")
        )
        reading = read(f"Q1 2\n\n{wrapped}")
        assert reading.answers == {"Q1": ("2",)}
        assert not reading.problems


def test_acknowledgement_is_the_next_ballot() -> None:
    """A changed slot replaces that answer only; the number decides where our own words stand behind it."""
    known = (ACK, INVITATION)
    assert read(quoted(ACK.replace("[ 2 ]", "[ 3 ]")), *known).answers == {"Q1": ("3",)}
    assert read(ACK.replace("[ 1,3 ]", "[ 4 ]"), *known).answers == {"Q2": ("4",)}
    assert read(ACK.replace("[ 2 ]　利用していない", "[ 3 ]　検討中"), *known).answers == {"Q1": ("3",)}
    assert read(ACK.replace("[ 2 ]　利用していない", "[　]　検討中"), *known).answers == {"Q1": ("3",)}
    assert read(ACK.replace("[ 1,3 ]", "[　　]"), *known).answers == {"Q2": None}
    changed = read(ACK.replace("[ 2 ]　利用していない", "[ 2 ]　検討中"), *known)
    assert [problem.kind for problem in changed.problems] == ["mismatch"]
    text = read(ACK.replace("LGWAN接続が先です。", "やはり不要です。"), *known).answers["Q3"]
    assert isinstance(text, str)
    assert text.startswith("やはり不要です。")


def test_answers_on_an_old_invitation_after_an_acknowledgement() -> None:
    """The slot is compared with the edition that the reply quotes."""
    known = (ACK, INVITATION)
    assert read(quoted(slot(1, "[ 2 ]")), *known).answers == {"Q1": ("2",)}
    assert not read(quoted(INVITATION), *known).answers


def test_text_in_the_slot_over_several_lines() -> None:
    """A bracket that is closed later runs on; one that is never closed runs to our next line."""
    for value in ("[ 一行目\n二行目 ]", "[ 一行目\n二行目", "[　　]\n一行目\n二行目", "一行目\n二行目"):
        answer = read(slot(3, value)).answers["Q3"]
        assert isinstance(answer, str)
        assert [line.strip() for line in answer.splitlines()] == ["一行目", "二行目"]


def test_a_signature_is_not_a_free_answer() -> None:
    """What stands after the last slot without a line of ours behind it belongs to no question."""
    cut = INVITATION[: INVITATION.index("★★ 回答欄 ここまで")]
    assert read(f"{cut}\n\n山田太郎\n電話 2").hold == "untouched"


def test_explicit_answer_below_everything() -> None:
    """An explicit line counts wherever the member wrote it; a bare number below does not."""
    assert read(f"{quoted(INVITATION)}\n\nQ1 2").answers == {"Q1": ("2",)}
    assert read(f"{quoted(INVITATION)}\n\n2").hold == "untouched"


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("取下げ", "withdraw"),
        ("「取下げ」", "withdraw"),
        ("回答を取り下げます。", "withdraw"),
        ("今回は回答しません", "decline"),
        ("回答票を再送してください", "resend"),
        ("再送", "resend"),
        ("回答しない", "decline"),
        ("ヘルプ", "help"),
        ("担当変更 佐藤花子 sato@city.example.jp", "contact"),
    ],
)
def test_commands(line: str, command: str) -> None:
    """A command counts alone on its line, never as a word in a sentence or in a quotation."""
    assert read(f"お世話になります。\n{line}\n{quoted(INVITATION)}").command == command
    assert read(f"> {line}\n").command is None
    assert read(f"もう{line}ことはできますか。\n{INVITATION}").command is None


def test_confirmation_by_yes() -> None:
    """A lone はい confirms what our newest mail proposed, and nothing else does."""
    asked = "\n".join(("お答えを確認させてください。", *confirmation(STANDARD.questions[1], ("1", "3"))))
    assert read("はい\n", asked, INVITATION).answers == {"Q2": ("1", "3")}
    assert not read("はい\n", INVITATION, asked).answers
    assert not read("はい、来月になります。\n", asked).answers
    assert not read(quoted(asked), asked).answers


ONE = survey(Question("Q1", "出欠", "single", ("出席", "欠席", "時間が決まってから返事")))
TWO = survey(*ONE.questions, Question("Q2", "人数", "number"))


def test_one_question() -> None:
    """A bare number or a copied option line at the top answers the only question."""
    known = invitation(ONE)
    assert read(f"2\n{quoted(known)}", known, of=ONE).answers == {"Q1": ("2",)}
    assert read(f"1. 出席\n{quoted(known)}", known, of=ONE).answers == {"Q1": ("1",)}
    assert read(f"1\n2\n{quoted(known)}", known, of=ONE).hold == "differ"
    assert not read(f"出席できないと思います。\n{quoted(known)}", known, of=ONE).answers


@pytest.mark.parametrize(
    ("written", "answer"),
    [
        ("1. 会場\n3. 録画", ("1", "3")),
        ("・会場\n・録画", ("1", "3")),
        ("会場\n録画です", ("1", "3")),
        ("Q1\n1. 会場\n3. 録画", ("1", "3")),
        ("1. 会場\n2. 中継\n3. 録画\n4. 資料", None),  # the list itself
        ("Q1\n1. 会場\n2. 中継\n3. 録画\n4. 資料", None),
        ("Q1 1\n1. 会場\n2. 中継\n3. 録画\n4. 資料", ("1",)),
        ("Q1 1. 会場\n3. 録画", ("1", "3")),
        ("Q1 1. 会場\n   3. 録画\n   4. 資料", ("1", "3", "4")),
        ("Q1 1. 会場\n2. 中継\n3. 録画\n4. 資料", None),
        ("Q1 2. 中継\n1. 会場\n2. 中継\n3. 録画\n4. 資料", ("2",)),
        ("○1. 会場\n2. 中継\n○3. 録画", None),
        ("1. 会場\n3. 録画\nでよろしいでしょうか。", None),
        ("1. 会場\n\n3. 録画", ("1", "3")),
        ("1. 録画\n2. 会場", None),
        ("・会場\n・郵送", None),
        ("・郵送\n・会場", None),
        ("1. 会場\n2. 郵送", None),
        ("・会場", ("1",)),
    ],
)
def test_options_one_below_another(written: str, answer: tuple[str, ...] | None) -> None:
    """Several of them, copied to the top of a ballot of one question, are one answer; all of them say no more than すべて."""
    of = survey(Question("Q1", "受け方", "multi", ("会場", "中継", "録画", "資料")))
    known = invitation(of)
    reading = read(f"{written}\n\n{quoted(known)}", known, of=of)
    assert (reading.answers.get("Q1") if reading.hold is None else None) == answer


@pytest.mark.parametrize("said", ["検討中です。", "3 検討中", "すみません、3に訂正をお願いします。\n\nQ1 3"])
def test_an_answer_that_sounds_like_a_doubt(said: str) -> None:
    """An option's own words are the answer; a correction to what is answered beside it takes nothing back."""
    of = survey(STANDARD.questions[0])
    known = invitation(of)
    assert read(f"{said}\n\n{quoted(known)}", known, of=of).answers == {"Q1": ("3",)}
    assert read("2に訂正をお願いします。\n\nQ1 3", known, of=of).hold == "differ"


def test_an_answer_between_a_question_and_its_options() -> None:
    """It belongs to the question above it (ballot.md section 6, rule 5), where nothing of ours may have left a number there."""
    asked, first = "Q1 LG.JPドメインを利用していますか（1つ）\n", "   1. 利用している\n"
    for typed in ("2\n", "→ 2\n", "→２\n"):
        assert read(quoted(INVITATION.replace(asked, asked + typed))).answers == {"Q1": ("2",)}
    for damaged in (asked + "2\n3\n" + first, asked + "1\n"):
        assert not read(quoted(INVITATION.replace(asked + first, damaged))).answers


def test_a_remark_under_the_slot_is_one_behind_the_answer() -> None:
    """In brackets or behind ※, by the same rules."""
    said = read(quoted(slot(1, "[ 1 ]\n（令和7年度に導入）")))
    assert (said.answers, said.remarks) == ({"Q1": ("1",)}, {"Q1": "令和7年度に導入"})
    assert read(quoted(slot(1, "[ 1 ]\n※令和7年度から"))).answers == {"Q1": ("1",)}
    assert not read(quoted(slot(1, "[ 1 ]\n（2も検討）"))).answers
    assert not read(quoted(slot(1, "[ 1 ]\n※確認中"))).answers


def test_several_free_answers_on_one_line() -> None:
    """Each begins with its number and a colon; a number in passing begins none."""
    of = survey(Question("Q1", "テーマ", "text"), Question("Q2", "要望", "text"))
    assert explicit_answers(of, "Q1：AI　Q2：なし") == [("Q1", "AI"), ("Q2", "なし")]
    assert explicit_answers(of, "Q1：AI、Q2の件も") == [("Q1", "AI、Q2の件も")]
    assert explicit_answers(of, "Q2：Q1のとおり。Q1：再掲") == [("Q2", "Q1のとおり。Q1：再掲")]


def test_a_question_left_open_on_the_line() -> None:
    """「Q1 2 Q2 - Q3 なし」 says nothing to the second."""
    reading = read(f"Q1 1 Q2 - Q3 なし\n\n{quoted(INVITATION)}")
    assert (reading.problems, reading.hold) == ((), None)
    assert {number: said for number, said in reading.answers.items() if said} == {"Q1": ("1",), "Q3": "なし"}


def test_yes_and_no_glued_to_their_numbers() -> None:
    """「Q1はい、Q2いいえ、Q3はい」 on one line."""
    of = survey(*(Question(f"Q{number}", f"対策{number}", "yesno") for number in (1, 2, 3)))
    known = invitation(of)
    for written in ("Q1はい、Q2いいえ、Q3はい", "Q1はい Q2いいえ Q3はい", "Q1○ Q2× Q3○"):
        answers = read(f"{written}\n\n{quoted(known)}", known, of=of).answers
        assert answers == {"Q1": "yes", "Q2": "no", "Q3": "yes"}


def test_what_is_asked_below_the_last_answer_is_asked_of_all() -> None:
    """「でよろしいでしょうか」 goes on with one line, and is said of every answer."""
    assert read("Q1 2\nQ2 1\nでよろしいでしょうか。").hold == "correction"
    assert "Q1" not in read("Q1 2\nと3の中間です。").answers
    assert read("Q1 2\nQ2 1\nでお願いします。").answers == {"Q1": ("2",), "Q2": ("1",)}


def test_bare_label() -> None:
    """With bare_label_ok a whole label with courtesy answers the first question that has it."""
    known = invitation(TWO)
    said = read(f"出席します。\nQ2 2名\n{quoted(known)}", known, of=TWO, bare_label_ok=True)
    assert said.answers == {"Q1": ("1",), "Q2": "2"}
    assert not read(f"出席できません。\n{known}", known, of=TWO, bare_label_ok=True).answers
    assert read(f"出席\n欠席\n{known}", known, of=TWO, bare_label_ok=True).hold == "differ"
    assert not read(f"出席します。\n{known}", known, of=TWO).answers


def test_english() -> None:
    """The English form is read as well."""
    lines = [*how_to_lines(STANDARD, "en"), "", *ballot_lines(STANDARD, REFERENCE, 1, language="en"), ""]
    known = "\n".join(lines)
    assert read(quoted(known), known, language="en").hold == "untouched"
    filled = known.replace("[Q1 answer] [    ]", "[Q1 answer] [ 2 ]")
    assert read(quoted(filled), known, language="en").answers == {"Q1": ("2",)}


@pytest.mark.parametrize(
    "made",
    [
        lambda: "A" * 10**6,
        lambda: "\n" * 10**6,
        lambda: "> " * 500_000,
        lambda: "Q1 " * 300_000,
        lambda: "【Q1回答】[" * 90_000,
        lambda: "Q1 2\n" * 200_000,
        lambda: INVITATION * 700,
        lambda: "[" * 10**6,
        lambda: (" " * 998 + "x\n") * 1_000,
        lambda: ("Q1" + " " * 990 + "\u3000x\n") * 1_000,
        lambda: ("[" + " " * 990 + "x\n") * 1_000,
        lambda: ("~~a" * 333 + "\n") * 1_000,
        lambda: INVITATION[: INVITATION.index("【Q2回答】")] + "あい出席費用\n" * 300_000,
        lambda: "Q1 " + "お願いします" * 160_000,
        lambda: ("Q1 " + "です" * 140 + "x\n") * 3_000,
        lambda: ("Q2 " + "1," * 140 + "x\n") * 3_000,
        lambda: INVITATION[: INVITATION.index("【Q3回答】")] + "【Q3回答】[\n" + "あ[\n" * 300_000,
        lambda: "\n".join(f"Q{number % 3 + 1} {number}" for number in range(100_000)),
        lambda: "\n".join(f"【Q{number % 3 + 1}回答】[ {number}" for number in range(60_000)),
        lambda: ("Q1 2 " * 190 + "\n") * 1_000,
        lambda: "差出人: x\n" * 100_000,
        lambda: "\n".join(f"y{number}> Q1 {number}" for number in range(70_000)),
        lambda: ("Q1" + "…" * 990 + "\n") * 1_000,
        lambda: ("a\t" * 499 + "\n") * 1_000,
        lambda: (
            INVITATION[: INVITATION.index("【Q3回答】")] + "【Q3回答】[　　]\n" + ("?" * 140 + "\n") * 7_000
        ),
        lambda: INVITATION[: INVITATION.index("【Q3回答】")] + INVITATION.replace("回答", "回頭") * 900,
        lambda: "Q1 2\n" + ("回答のほうが、" * 140 + "\n") * 1_000,
    ],
    ids=range(27),
)
def test_hostile_text_is_cheap(made: Callable[[], str]) -> None:
    """A megabyte of hostile text is held and costs some milliseconds (promises.md, attack 7)."""
    text = made()
    for _ in range(3):
        started = time.process_time()
        reading = read(text, ACK, INVITATION)
        cost = time.process_time() - started
        assert reading.hold is not None
        if cost < 0.15:  # 50 ms on an idle machine
            break
    assert cost < 0.15


def test_more_answers_than_anybody_writes_are_held() -> None:
    """Thirty answers by name for each question are read; beyond them a person looks (promises.md, attack 7)."""
    assert read("Q1 2\n" * 80).hold is None
    assert read("Q1 2\n" * 100).hold == "too-long"


def damaged(text: str, chance: random.Random) -> str:
    """Return a text as bad gateways pass it on: damaged characters, lines wrapped anew or run together."""
    lines = text.split("\n")
    if chance.random() < 0.6:
        lines = [
            "".join(chance.choice("?〓\ufffd　") if chance.random() < 0.03 else c for c in line)
            for line in lines
        ]
    if chance.random() < 0.5:
        width = chance.randrange(8, 60)
        lines = [line[at : at + width] for line in lines for at in range(0, max(1, len(line)), width)]
    elif chance.random() < 0.5:
        merged = [lines[0]]
        for line in lines[1:]:
            if chance.random() < 0.15:
                merged[-1] += line
            else:
                merged.append(line)
        lines = merged
    return "\n".join(lines)


@pytest.mark.drawn
@pytest.mark.parametrize("quote", ["", "> ", "yamada> "])
def test_an_untouched_ballot_damaged_on_the_way_says_nothing(quote: str) -> None:
    """However a gateway maltreats our lines, none of them becomes a choice, a number, a date or a free answer."""
    of = survey(
        *STANDARD.questions[:2],
        Question("Q3", "出席されますか", "yesno"),
        Question("Q4", "人数は何名ですか", "number"),
        Question("Q5", "導入の予定日", "date"),
        Question("Q6", "満足度", "rating"),
        Question("Q7", "賛成ですか", "single", ("はい", "いいえ")),
        Question("Q8", "ご意見やご要望があればお書きください", "text"),
        Question("Q9", "その他の連絡", "text"),
    )
    sent = invitation(of)
    chance = random.Random(20260620)
    for _ in range(examples(700)):
        text = quoted(damaged(sent, chance), quote)
        reading = read(text, sent, of=of)
        assert not reading.answers or reading.hold is not None, text


WORDS = st.text("利用検討導入費手続必要市町村課電算移行年度予算ABCdef", min_size=2, max_size=24)


@st.composite
def surveys(draw: st.DrawFn) -> Survey:
    questions = []
    for place in range(1, draw(st.integers(1, 4)) + 1):
        kind: QuestionType = draw(st.sampled_from(get_args(QuestionType)))
        options: tuple[str, ...] = ()
        if kind in {"single", "multi"}:
            options = tuple(
                draw(st.lists(WORDS, min_size=2, max_size=12, unique_by=lambda word: word.casefold()))
            )
        questions.append(Question(f"Q{place}", draw(WORDS), kind, options, draw(st.booleans())))
    return survey(*questions)


@st.composite
def answered(draw: st.DrawFn, question: Question) -> tuple[Answer, str]:
    """Draw an answer and one of the shapes in which a member writes it."""
    count = len(question.options) or 5
    match question.type:
        case "single" | "rating":
            number = draw(st.integers(1, count))
            shapes = ["{n}", "{n}番", " {n} ", "{n}です", "({n})"]
            text = draw(st.sampled_from(shapes)).format(n=number)
            if question.type == "single" and draw(st.booleans()):
                text = draw(st.sampled_from(["{n} {label}", "{label}", "{label}です。"])).format(
                    n=number, label=question.options[number - 1]
                )
            return (str(number),), draw(st.sampled_from([text, text.translate(WIDE)]))
        case "multi":
            numbers = sorted(draw(st.sets(st.integers(1, count), min_size=1, max_size=min(count, 5))))
            separator = draw(st.sampled_from([",", "、", "，", " ", "・", "と", "/"]))
            return tuple(map(str, numbers)), separator.join(map(str, numbers))
        case "yesno":
            answer, word = draw(
                st.sampled_from(
                    [("yes", "はい"), ("no", "いいえ"), ("yes", "1"), ("no", "２"), ("abstain", "棄権")]
                )
            )
            return answer, word
        case "number":
            value = draw(st.integers(0, 10**9))
            return str(value), draw(
                st.sampled_from([str(value), f"{value:,}", f"{value}人", str(value).translate(WIDE)])
            )
        case "date":
            day = draw(st.dates(date(2026, 1, 1), date(2027, 12, 31)))
            shapes = [
                f"{day.year}/{day.month}/{day.day}",
                f"{day.year}年{day.month}月{day.day}日",
                f"R{day.year - 2018}.{day.month}.{day.day}",
            ]
            return day.isoformat(), draw(st.sampled_from(shapes))
        case "text":
            text = (
                f"所見 {draw(WORDS)}"  # a free answer that repeats the question's own words is taken for ours
            )
            return text, text


WIDE = str.maketrans("0123456789,", "０１２３４５６７８９，")


@settings(max_examples=400, suppress_health_check=[HealthCheck.filter_too_much])
@given(data=st.data())
def test_any_survey_answered_in_any_shape_reads_back(data: st.DataObject) -> None:
    """Compose a survey, answer it in a shape that people use, and read the same answers; untouched it says nothing."""
    asked = data.draw(surveys())
    if faults(asked):
        return
    sent = invitation(asked)
    quote = data.draw(st.sampled_from(["> ", ">", "", "＞ ", "yamada> "]))
    untouched = read(quoted(sent, quote), sent, of=asked)
    assert (dict(untouched.answers), untouched.problems, untouched.hold) == ({}, (), "untouched")
    expected: dict[str, Answer] = {}
    head, body = [], sent
    for place, question in enumerate(asked.questions, 1):
        where = data.draw(st.sampled_from(["head", "slot", "under", "none"]))
        if where == "none":
            continue
        expected[question.id], written = data.draw(answered(question))
        if where == "head":
            head.append(f"{question.id} {written}")
        elif where == "slot":
            body = body.replace(f"【Q{place}回答】[　　]", f"【Q{place}回答】[ {written} ]")
        else:
            body = body.replace(f"【Q{place}回答】[　　]", f"【Q{place}回答】[　　]\n{written}")
    reading = read("\n".join(head) + "\n\n" + quoted(body, quote), sent, of=asked)
    assert reading.problems == ()
    assert reading.answers == expected
    receipt = acknowledgement(expected, 2, asked)
    again = read(quoted(receipt, quote), receipt, sent, of=asked)
    assert (dict(again.answers), again.problems) == ({}, ())


def test_a_date_that_our_own_example_names_is_an_answer() -> None:
    """The example of the how-to shows a date; a member who answers just that one under the slot is read."""
    asked = replace(STANDARD, questions=(Question("Q1", "実施日", "date"),))
    sent = invitation(asked)
    assert "2026/7/2" in sent
    for written in ("2026/7/2", "2026年7月2日", "2026年7月2日（木）"):
        below = sent.replace("【Q1回答】[　　]", f"【Q1回答】[　　]\n{written}")
        assert dict(read(quoted(below, "> "), sent, of=asked).answers) == {"Q1": "2026-07-02"}


@pytest.mark.parametrize(
    "doubt",
    """※上記は仮|（未確定）|（案）|上記は誤り|要確認|担当課に確認中|取消|上の回答は取り消します。|3の可能性もあります。|よろしいでしょうか。
    |この内容は誤りです。|下記の回答は間違いです。再送します。|まだ提出しないでください。|回答は待ってください。|この回答は保留とします。|誤送信です。
    |下記は取り消してください。|この回答は無効です。|訂正前の回答です。|テスト送信です。|無効にしてください。|差し戻します。|再考願います。|これで出してよいですか。
    |※以下は仮です|下の回答は仮のものです。|（要協議）|協議中です|調整中|ボツ|他市の回答例|参考：他市の回答|※以下は他市の回答例です|※記入例です|サンプル|昨年度の回答です
    |前回の回答は以下のとおりでした。|以下は旧版です|以下、誤った回答です。|この回答は削除してください|以下は無視してください|で合っていますか|未決裁です|まだ決裁が下りていません
    |決裁後に改めて回答します|後日正式に回答します|正式な回答は後日送ります|上司に確認してから確定します|まだ確定ではありません|いや、1です|すみません、1でした|あ、すみません、1でした。|あっ、いや1です。
    |以下は山田市の回答です|山田市の表決です|以下山田市分|山田市様からの回答を転送します。|回答団体：山田市|【団体名】長野県山田市|山田市の回答：|【山田町の回答】|以下、山田市さんの回答です。|破棄してください。|無視してください|この回答は破棄してください
    |1かもしれません。|いや、1でお願いします。|3番かもしれないです|部長に確認します。|念のため課長に相談してみます|どちらとも言えません。|検討中とも言えます。|本庁は2、支所は3です。""".replace(
        "\n    ", ""
    ).split("|"),
)
def test_a_doubt_beside_answers(doubt: str) -> None:
    """A short sentence that doubts, takes back or submits the answers to somebody's approval: nothing is counted."""
    for text in (f"{doubt}\n\nQ1 2\nQ2 1", f"Q1 2\n\n{doubt}", f"{doubt}\n\n{quoted(slot(1, '[ 2 ]'))}"):
        reading = read(text)
        assert reading.hold == "correction" or "Q1" not in reading.answers


@pytest.mark.parametrize(
    "doubt", ["※上記は仮", "（案）", "ではありません", "よろしいでしょうか。", "でよいですか。"]
)
def test_a_doubt_under_a_slot(doubt: str) -> None:
    """The same under a filled slot."""
    assert "Q1" not in read(quoted(slot(1, f"[ 2 ]\n{doubt}"))).answers


def test_a_doubt_typed_where_a_client_marks_its_quotation_with_a_colon() -> None:
    """A mark that stood before lines of ours is one before the next line too."""
    marked = slot(1, "[ 2 ]\nかと思います").replace("\n", "\n：")
    assert "Q1" not in read(f"：{marked}").answers
    assert dict(read(f"：{marked}".replace("かと思います", "と思います")).answers) == {"Q1": ("2",)}


@pytest.mark.parametrize(
    "behind",
    ["？", "×", "ではありません", "以外", "→ 1に修正します", "…と言いたいところですが。", "と、昨年は答えました。", "が妥当か、ご意見ください。"],
)  # fmt: skip
def test_a_doubt_right_below_an_answer(behind: str) -> None:
    """The line right below an answer may go on with it."""
    assert "Q1" not in read(f"Q1 2\n{behind}").answers


@pytest.mark.parametrize(
    "written",
    [
        "Q1は2、Q2は1、Q3は1です。まだ決裁が下りていません。",
        "Q1 2\nQ2 1\nQ3は1です。上司に確認してから確定します。",
    ],
)
def test_a_doubt_behind_the_last_answer(written: str) -> None:
    """It may be said of all of them, so none is counted; what speaks of another thing leaves the others standing."""
    three = survey(*(Question(f"Q{number}", "規約の改正", "yesno") for number in (1, 2, 3)))
    sent = "\n".join(ballot_lines(three, REFERENCE, 1))
    assert read(written, sent, of=three).hold == "correction"
    other = read(f"{written.partition('。')[0]}。庁舎は駅の北にあります。", sent, of=three)
    assert (dict(other.answers), other.hold) == ({"Q1": "no", "Q2": "yes", "Q3": "yes"}, None)


@pytest.mark.parametrize(
    "words",
    """本件は決裁を経て回答しております。|添付の案内も拝見しました。|次回の会議は1月20日でよろしいでしょうか。|本回答で問題ありません。|担当は私でよろしいでしょうか。
    |誤って受信された場合は、破棄してください。|日程の確認をお願いします。|4月から庁舎が移転します。|資料1の修正は後日お送りします。|お返事をお待ちしております。
    |昨年度の回答を参考にしました。|前回の回答と同じです。|記入例どおりに書きました。|他市の回答も教えてください。|会議の日程は調整中です。|お手数ですが本メールを削除してください。
    |※回答は代表の課がまとめたものです。|前回の調査（S26-101）は回答済みです。|正式な文書は後日郵送します。|すみません、第2係の田中です。|不要な項目は削除しました。|本市の回答です。
    |○○市の回答は以下のとおりです。|回答団体：○○市|団体名：長野県○○市|山田市分の資料も拝見しました。|部長に確認しました。|日程は課長に確認します。|本庁は2人、支所は1人です。|本庁は2、支所も2です。|○○市の回答です|山田市の回答も教えてください。|財政課の回答を含みます。""".replace(
        "\n    ", ""
    ).split("|"),
)
def test_no_doubt_beside_answers(words: str) -> None:
    """Sentences about other things leave the answers as they are."""
    for text in (f"{words}\n\nQ1 2\nQ2 1", f"Q1 2\nQ2 1\n\n{words}"):
        reading = read(text)
        assert (dict(reading.answers), reading.hold) == ({"Q1": ("2",), "Q2": ("1",)}, None)


def asked_again(*only: str) -> str:
    """Return a mail of ours that repeats these questions."""
    ballot = ballot_lines(STANDARD, REFERENCE, 2, only=frozenset(only))
    return "\n".join(
        ("次の問だけ、もう一度お答えください。", "", *ballot, "", "　受付済み　Q1 利用していない", "")
    )


def test_a_bare_answer_below_which_one_question_is_asked_again() -> None:
    """A ballot that repeats one question is a ballot of one question, also for a number alone at the top."""
    again = asked_again("Q2")
    for written in ("1,3", "費用と必要がない", "1と3です。"):
        assert dict(read(f"{written}\n\n{quoted(again)}", again, INVITATION).answers) == {"Q2": ("1", "3")}
    assert read(f"2\n\n{quoted(again)}".replace("[　　]", "[ 1 ]"), again, INVITATION).hold == "differ"
    cut = again[: again.index("★★ 回答欄 ここまで")]
    for unsure in (cut, asked_again("Q1", "Q2"), INVITATION, ""):
        assert read(f"1\n\n{quoted(unsure)}", again, INVITATION).hold == "bare-number"


@pytest.mark.parametrize("written", ["訂正 Q1：2→3", "2→3", "１番⇒３番"])
def test_no_correction_above_an_unchanged_receipt_is_lost(written: str) -> None:
    """What may be meant as an answer is asked about; below it our receipt stands as we sent it, which alone says nothing."""
    reading = read(f"{written}\n\n{quoted(ACK)}", ACK, INVITATION)
    assert (reading.hold, reading.ask, dict(reading.answers)) == ("words-unread", True, {})
    thanks = f"ありがとうございました。\n架空市第2庁舎3階\n\n{quoted(ACK)}"
    assert read(thanks, ACK, INVITATION).hold == "untouched"


@pytest.mark.parametrize(
    ("written", "answer", "hold"),
    [
        ("すみません、Q1を3に訂正します。", ("3",), None), ("3に変更をお願いいたします。", ("3",), None), ("正しくは3です。", ("3",), None),
        ("先ほどの回答は3に訂正してください", ("3",), None), ("内容に誤りがありましたので、訂正いたします。\nQ1 3", ("3",), None),
        ("数字に誤りがありましたので、以下のとおり訂正します。\n3", ("3",), None),
        ("内容に誤りがありましたので、訂正いたします。", None, "prose"), ("内容に誤りがありました。後日訂正します。\nQ1 3", ("3",), "correction"),
        ("正しくは1か3です", None, None), ("3に変更する予定です", None, "prose"), ("正しくは13です", None, "prose"),
        ("Q1 1\n3に変更をお願いします", None, "differ"), ("すみません、Q1 3", None, "words-unread"),
    ],
)  # fmt: skip
def test_a_correction_above_the_receipt_of_one_question(
    written: str, answer: tuple[str, ...] | None, hold: str | None
) -> None:
    """One that says which number is right is the answer; one that does not, or asks, is not passed over."""
    of = replace(STANDARD, questions=STANDARD.questions[:1])
    receipt = acknowledgement({"Q1": ("2",)}, survey=of)
    reading = read(f"{written}\n\n{quoted(receipt)}", receipt, invitation(of), of=of)
    assert (reading.answers.get("Q1"), reading.hold) == (answer, hold)
    assert answer or hold or reading.problems


@pytest.mark.parametrize(
    ("line", "answers"),
    [
        ("Ｑ２．１．４", {"Q2": ("1", "4")}), ("Q1を2に訂正します", {"Q1": ("2",)}), ("Q1の回答を２に変更いたします。", {"Q1": ("2",)}),
        ("→Q1 2", {"Q1": ("2",)}), ("＜回答＞Q1 2、Q2 1,3", {"Q1": ("2",), "Q2": ("1", "3")}), ("Q1；２", {"Q1": ("2",)}), ("Q1|2|", {"Q1": ("2",)}), ("Q1 2\nと思います。", {"Q1": ("2",)}),
    ],
)  # fmt: skip
def test_further_lines_that_name_their_question(line: str, answers: dict[str, Answer]) -> None:
    """A point or a bar for everything, and a correction where it is the only answer."""
    reading = read(f"{line}\n\n{quoted(INVITATION)}")
    assert (dict(reading.answers), reading.hold) == (answers, None)


@pytest.mark.parametrize(
    "line",
    [
        "Q1 2\nQ1を3に訂正します", "Q1を2に訂正しますか", "Q1を2か3に訂正します", "Q1を2に訂正するかもしれません", "Q1を2に訂正しないでください", "Q1 2\nかと思います",
        "Q1 2\nで合っていますか", "Q1 2\nで検討しています",
    ],
)  # fmt: skip
def test_corrections_that_are_none(line: str) -> None:
    """Beside another answer, in doubt or denied, nothing is counted."""
    assert "Q1" not in read(f"{line}\n\n{quoted(INVITATION)}").answers


@pytest.mark.parametrize("below", ["と思います。", "でお願いします", "です"])
def test_the_rest_of_a_polite_sentence_under_a_slot(below: str) -> None:
    """What makes a whole answer with the slot's words doubts nothing."""
    assert dict(read(quoted(slot(1, f"[ 2 ]\n{below}"))).answers) == {"Q1": ("2",)}


def test_motions_agreed_to_in_a_sentence() -> None:
    """「議案1に賛成します」 is a vote; 「議案1に賛成なら」 is our hint, and no reservation is rounded."""
    by_law = SURVEYS["by-law"].survey
    assert explicit_answers(by_law, "議案1に賛成します。") == [("Q1", "賛成します。")]
    assert explicit_answers(by_law, "議案1には反対です") == [("Q1", "反対です")]
    for line in ("議案1に賛成なら「Q1 1」", "議案1に賛成しかねます", "議案1に賛成する予定"):
        assert explicit_answers(by_law, line) == []


def test_none_beside_other_options() -> None:
    """Who chooses 「なし」 and something else is asked which of the two is meant."""
    ways = Question("Q1", "用途", "multi", ("要約", "翻訳", "なし"))
    of = survey(ways)
    text = "\n".join(ballot_lines(of, REFERENCE, 1))
    for written in ("Q1 1,3", "Q1 要約、なし"):
        reading = read(written, text, of=of)
        assert (dict(reading.answers), [each.kind for each in reading.problems]) == ({}, ["none-and-more"])
    assert dict(read("Q1 3", text, of=of).answers) == {"Q1": ("3",)}


@pytest.mark.parametrize(
    ("last", "asked"),
    [
        ("実施していない", True), ("導入しておりません", True), ("何も行っていない", True), ("いずれも該当しない", True),
        ("いずれも都合が悪い", True), ("どの日も出席できない", True), ("いずれも差し支えない", False), ("いずれの課も協力的である", False),
        ("必要がない", False), ("予算が確保できていない", False), ("実施していない団体への支援", False),
    ],
)  # fmt: skip
def test_not_done_beside_what_was(last: str, asked: bool) -> None:
    """「実施していない」 behind all other options denies them, and すべて leaves it out; anywhere else it is one of several."""
    of = survey(Question("Q1", "研修", "multi", ("集合研修", "訓練", "その他", last)))
    text = "\n".join(ballot_lines(of, REFERENCE, 1))
    reading = read("Q1 1,4", text, of=of)
    assert [each.kind for each in reading.problems] == (["none-and-more"] if asked else [])
    assert read("Q1 4", text, of=of).answers == {"Q1": ("4",)}
    (every,) = read("Q1 すべて", text, of=of).problems
    assert ("4" in every.suggested) is not asked
    middle = survey(Question("Q1", "研修", "multi", (last, "訓練", "集合研修")))
    text = "\n".join(ballot_lines(middle, REFERENCE, 1))
    assert read("Q1 1,2", text, of=middle).answers == {"Q1": ("1", "2")}


COPIED = survey(
    Question("Q1", "昨年度の研修", "multi", ("座学", "訓練", "講演")),
    Question("Q2", "情報担当の職員数（人）", "number"),
    Question("Q3", "システム経費（千円）", "number"),
    Question("Q4", "回線の更改日", "date"),
)


@pytest.mark.parametrize(
    ("written", "answers"),
    [
        ("Q1　昨年度の研修　1,3", {"Q1": ("1", "3")}),
        ("Q1 昨年度の研修 2番", {"Q1": ("2",)}),
        ("Q1 昨年度の研修 13", {}),
        ("Q1 昨年度の研修 1,3以外", {}),
        ("Q1 昨年度の研修 1. 座学 2. 訓練 3. 講演", {}),
        ("Q2 情報担当の職員数（人） 8\nQ3 システム経費（千円） 77,000", {"Q2": "8", "Q3": "77000"}),
        ("Q3 システム経費（千円） 360万円", {}),
        ("Q4　回線の更改日　2027/3/1", {"Q4": "2027-03-01"}),
        ("Q4 回線の更改日 2027/3/1または8日", {}),
        ("Q4 更改日　2027/3/1", {"Q4": "2027-03-01"}),
        ("Q4 回線　2027/3/1", {}),
        ("Q4 契約日　2027/3/1", {}),
        ("情報担当の職員数　5人\nシステム経費：16,000千円", {"Q2": "5", "Q3": "16000"}),
        ("情報担当の職員数（人）：5名", {"Q2": "5"}),
        ("情報担当の職員数は5人から減ります", {}),
        ("情報担当の職員数5人", {}),
        ("情報担当の職員数　5人以上", {}),
        ("システム経費　360万円", {}),
    ],
)
def test_questions_copied_before_their_answers(written: str, answers: dict[str, Answer]) -> None:
    """The question's own words may stand before numbers alone, a whole quantity or a day, with its number or without."""
    text = "\n".join(ballot_lines(COPIED, REFERENCE, 1))
    for sent in (text, quoted(text)):
        assert read(f"{written}\n\n{sent}", text, of=COPIED).answers == answers


def test_the_words_of_two_questions_name_neither() -> None:
    """「システム経費」 is the beginning of both."""
    of = survey(
        Question("Q1", "システム経費（千円）", "number"), Question("Q2", "システム経費（円）", "number")
    )
    text = "\n".join(ballot_lines(of, REFERENCE, 1))
    assert read(f"システム経費　16,000\n\n{quoted(text)}", text, of=of).answers == {}


def test_one_answer_to_several_motions() -> None:
    """Motions named together, with one whole answer to each; a bare number there may be an option's."""
    vote = ("賛成", "反対", "棄権")
    of = survey(
        Question("Q1", "規約第5条の改正", "yesno", vote), Question("Q2", "令和9年度予算", "yesno", vote)
    )
    both = [("Q1", "賛成"), ("Q2", "賛成")]
    for line in ("議案1、議案2とも賛成", "両議案に賛成", "議案1及び議案2のいずれも賛成", "議案1・2とも賛成", "議案1、議案2　賛成", "第１号議案、第２号議案ともに賛成"):  # fmt: skip
        assert explicit_answers(of, line) == both
    for line in ("議案1、2 賛成", "議案1、議案2とも賛成できない", "議案1、議案2 1", "議案1、議案2、議案3とも賛成", "全議案に賛成", "両議案に賛成か反対か"):  # fmt: skip
        assert "Q2" not in dict(explicit_answers(of, line))


def test_a_motion_named_by_its_title() -> None:
    """The title alone, behind the number, or short in brackets; what is no part of it stays the member's words."""
    vote = ("賛成", "反対", "棄権")
    of = survey(
        Question("Q1", "規約第5条の改正", "yesno", vote), Question("Q2", "令和9年度予算", "yesno", vote)
    )
    for line in ("令和9年度予算　反対", "令和9年度予算：反対", "議案2（令和9年度予算）…反対", "議案2（予算） 反対", "議案2　令和９年度予算について　２．反対"):  # fmt: skip
        assert dict(read(line, of=of).answers) == {"Q2": "no"}
    bracketed = survey(
        Question("Q1", "会則第5条（役員）の改正", "yesno", vote),
        Question("Q2", "会則第20条（会費）の改正", "yesno", vote),
    )
    said = read("会則第5条の改正　賛成\n会則第20条の改正　反対", of=bracketed)
    assert dict(said.answers) == {"Q1": "yes", "Q2": "no"}
    for line in (
        "令和9年度予算に反対する理由",
        "令和9年度予算反対",
        "議案2（補正） 反対",
        "議案2（賛成） 反対",
    ):
        assert dict(read(line, of=of).answers) == {}
    of = survey(
        Question("Q1", "役員の補欠選任", "yesno", vote), Question("Q2", "令和9年度予算", "yesno", vote)
    )
    assert dict(read("役員の補欠選任：賛成\n令和9年度予算：反対", of=of).answers) == {"Q1": "yes", "Q2": "no"}


@pytest.mark.parametrize(
    ("line", "answers"),
    [
        ("Q2を「1,3」に訂正します。他は変更ありません。", {"Q2": ("1", "3")}), ("Q2だけ1,3に変更してください。", {"Q2": ("1", "3")}),
        ("Q1 2 | Q2 1,3", {"Q1": ("2",), "Q2": ("1", "3")}), ("Q1につきましては、2番です。", {"Q1": ("2",)}),
    ],
)  # fmt: skip
def test_lines_that_name_what_they_change(line: str, answers: dict[str, Answer]) -> None:
    """Several numbers in a correction, and two questions in one row of a table."""
    assert dict(read(f"{line}\n\n{quoted(INVITATION)}").answers) == answers


HOW_TO_MEET = survey(
    Question("Q1", "開催方法", "single", ("会場で開催", "オンライン", "どちらでもよい"), required=True)
)


def test_what_is_said_of_a_figure_beside_it() -> None:
    """「Q1は当初予算額です。」 beside a filled slot is no second answer; a figure in it is one."""
    costs = survey(Question("Q1", "経費（千円）", "number"), Question("Q2", "ご意見", "text"))
    filled = "\n".join(ballot_lines(costs, REFERENCE, 1)).replace("【Q1回答】[　　]", "【Q1回答】[ 88,120 ]")
    for said, answers in (("Q1は当初予算額です。", {"Q1": "88120"}), ("Q1は88,000です。", {})):
        reading = read(f"{said}\n\n{quoted(filled)}", "\n".join(ballot_lines(costs, REFERENCE, 1)), of=costs)
        assert (reading.answers, reading.problems == ()) == (answers, bool(answers))
    reading = read(
        "Q2について、他市の例を知りたいです。", "\n".join(ballot_lines(costs, REFERENCE, 1)), of=costs
    )
    assert reading.answers == {"Q2": "他市の例を知りたいです。"}


@pytest.mark.parametrize(
    "line", ["遅くなり申し訳ございません。2です。", "部長まで確認済みです。回答は「2」となります。", "担当者が不在のため代理の者が回答します。2でお願いします。よろしくお願いします。"]
)  # fmt: skip
def test_an_answer_in_a_line_s_last_sentence(line: str) -> None:
    """Sentences about other things stand before it."""
    assert dict(read(line, "\n".join(ballot_lines(HOW_TO_MEET, REFERENCE, 1)), of=HOW_TO_MEET).answers) == {
        "Q1": ("2",)
    }


@pytest.mark.parametrize(
    "line",
    """隣の市に聞きました。2です。|1も検討しました。2です。|まだ決裁前です。2です。|昨年と同じです。2です。|オンラインは可能ですか。2です。|2です。山田市の意見です。|2です。ただし未定です。|3かもしれません。2です。|了解しました。2番ですね。
    |回答は取り消します。2です。|会場で開催が難しいです。2です。""".replace("\n    ", "").split("|"),
)
def test_no_answer_behind_such_a_sentence(line: str) -> None:
    """Somebody else's words, another choice, a doubt or a question before it, or anything but a greeting behind it."""
    assert not read(line, "\n".join(ballot_lines(HOW_TO_MEET, REFERENCE, 1)), of=HOW_TO_MEET).answers


def test_what_stands_beside_answers_and_is_no_courtesy_is_kept() -> None:
    """Sentences of the member's own above the ballot or below it; not his signature, nor a line that is the answer itself."""
    text = f"お世話になっております。\nQ1 2\n夏に庁舎が移りました。\n\n{quoted(INVITATION)}\n部内で長く話し合いました。\n--\n第2係が担当します。"
    assert read(text).beside == "夏に庁舎が移りました。\n部内で長く話し合いました。"
    one = survey(replace(STANDARD.questions[0]))
    sent = invitation(one)
    assert read(f"2番でお願いします。\n\n{quoted(sent)}", sent, of=one).beside == ""
    assert read("夏に庁舎が移りました。").beside == ""
    assert len(read("Q1 2\n" + "部内で長く話し合いました。\n" * 100).beside) == 500


@pytest.mark.parametrize(
    "written", ["○○市：2", "○○市は2です", "【○○市】2", "○○市の回答は欠席です。", "○○市です。2です。"]
)
def test_the_own_name_before_the_answer_to_one_question(written: str) -> None:
    """A body may name itself before a bare answer; another one's is none."""
    seminar = SURVEYS["seminar"]
    sent = seminar.sent("invitation")
    for body in ("○○市", "松本市"):
        reading = read(f"{written.replace('○○市', body)}\n\n{quoted(sent)}", sent, of=seminar.survey)
        assert (reading.answers == {"Q1": ("2",)} and reading.hold is None) == (body == "○○市")


@pytest.mark.parametrize(
    "written",
    [
        "1号議案 賛成、2号議案 反対",
        "第1号議案：可とする。第2号議案：否とする。",
        "議案1 賛成票を投じます\n議案2 不可とします",
    ],
)
def test_motions_on_one_line_and_by_other_words(written: str) -> None:
    """第 may be missing, and a vote may be cast."""
    by_law = SURVEYS["by-law"]
    sent = by_law.sent("invitation")
    assert read(f"{written}\n\n{quoted(sent)}", sent, of=by_law.survey).answers == {"Q1": "yes", "Q2": "no"}


@pytest.mark.parametrize(
    "line",
    [
        "松本市情報政策課の山田です。",
        "松本市役所総務部情報課です",
        "松本市さんの代わりに送ります。",
        "県が取りまとめた松本市の分です。",
        "（松本市長名で提出）",
    ],
)
def test_who_writes_for_another_body(line: str) -> None:
    """Answers under another body's name are asked about; under our own, or a section's, they count."""
    assert read(f"{line}\nQ1 2\n\n{quoted(INVITATION)}").hold == "correction"
    assert read(f"{line.replace('松本', '○○')}\nQ1 2\n\n{quoted(INVITATION)}").hold is None


@pytest.mark.parametrize(
    "line",
    [
        "4月に着任しました田村です。",
        "都市計画課です。",
        "市町村課の中村です。",
        "中村です。",
        "総務部市民課より",
    ],
)
def test_whose_section_is_no_body(line: str) -> None:
    """Sections and names end like bodies."""
    assert read(f"{line}\nQ1 2\n\n{quoted(INVITATION)}").hold is None


@pytest.mark.parametrize("quote", ["> ", ""])
def test_a_slot_typed_anew_below_the_empty_one(quote: str) -> None:
    """Who does not find the way into the brackets copies the line and fills the copy."""
    text = INVITATION.replace("【Q1回答】[　　]", "【Q1回答】[　　]\n【Q1回答】[ 2 ]")
    assert read(quoted(text, quote)).answers == {"Q1": ("2",)}


@pytest.mark.parametrize(
    "line", ["すみません、1の誤りです", "1に変更します", "誤：2　正：1", "※2は誤記", "1番の間違いでした"]
)
def test_another_number_said_to_be_right(line: str) -> None:
    """Below an answer it is asked about; 「2に変更します」 beside a 2 only says what changed."""
    assert read(f"Q1 2\n{line}\n\n{quoted(INVITATION)}").hold in {"correction", "differ"}
    assert read(f"Q1 2\n先日1で回答しましたが、2に変更します。\n\n{quoted(INVITATION)}").hold is None


@pytest.mark.parametrize(
    "beside",
    [
        "期限を過ぎての回答となり申し訳ありません。",
        "不備等ありましたら、ご連絡ください。",
        "市長の承認を得ましたので回答いたします。",
        "昨年に引き続き参加いたします。",
        "On Mon, 30 Nov 2026 12:07:46 +0900\nJimu <jimu@example.jp> wrote:",
    ],
)
def test_a_bare_vote_beside_courtesy(beside: str) -> None:
    """あり and 承認 within a sentence about other things are no condition, and an attribution's figures no answer."""
    motion = survey(Question("Q1", "規約の改正", "yesno", ("賛成", "反対", "棄権"), required=True))
    sent = "\n".join(ballot_lines(motion, REFERENCE, 1))
    for text in (f"1\n{beside}", f"{beside}\n1"):
        assert read(f"{text}\n\n{quoted(sent)}", sent, of=motion).answers == {"Q1": "yes"}
    assert read(f"おおむね賛成と回答します。\n\n{quoted(sent)}", sent, of=motion).answers == {}


def test_numbers_of_two_offices_beside_a_choice() -> None:
    """「本庁は1、支所は2です。」 beside 1 is asked about, whatever else the ballot asks; of numbers alone it is their detail."""
    choice = replace(STANDARD.questions[0], id="Q1")
    for questions, held in (
        ((choice, Question("Q2", "台数", "number")), True),
        ((Question("Q1", "人数", "number"),), False),
    ):
        of = survey(*questions)
        sent = "\n".join(ballot_lines(of, REFERENCE, 1))
        reading = read(f"Q1 1\nQ2 100\n\n本庁は1、支所は2です。\n\n{quoted(sent)}", sent, of=of)
        assert (reading.hold == "correction") is held


@pytest.mark.parametrize(
    ("written", "remark"),
    [
        ("2番です。来年1月に移行が終わる予定です。", "来年1月に移行が終わる予定です。"),
        ("2です。順調に進んでいます。", "順調に進んでいます。"),
        ("2です。部長に確認します。", None), ("2です。1かもしれません。", None), ("2です。来年には3になります。", None),
        ("2です。まだ決まっていません。", None), ("2です。ただし、支所は別です。", None), ("2です。検討中の課もあります。", None),
        ("2です。と言いたいところですが、違います。", None), ("2です。しかし実際は使っています。", None), ("2です。それでよいですか。", None),
        ("2です。無視してください。", None), ("2です。隣の市の回答です。", None), ("2です。担当に確認中です。", None), ("2です。うそです。", None),
    ],
)  # fmt: skip
def test_sentences_behind_a_choice_on_its_line(written: str, remark: str | None) -> None:
    """A sentence behind 「2番です。」 is a remark like one in brackets, or the choice is asked about."""
    of = replace(STANDARD, questions=STANDARD.questions[:1])
    sent = invitation(of)
    for line in (written, f"Q1 {written}"):
        reading = read(f"{line}\n\n{quoted(sent)}", sent, of=of)
        if remark is not None:
            assert (dict(reading.answers), reading.remarks) == ({"Q1": ("2",)}, {"Q1": remark})
        else:
            assert not reading.answers
            assert reading.hold is not None or reading.problems


def test_unseen_characters_within_our_words() -> None:
    """A zero-width space or a word joiner in the slot's own line does no harm (ballot.md section 5)."""
    text = quoted(slot(1, "[ 2 ]")).replace("Q1回答", "Q1\u200b回\u2060答")
    assert read(text).answers == {"Q1": ("2",)}


def test_all_leaves_out_the_option_for_none() -> None:
    """Else the はい that we ask for would be refused as one for none and others."""
    asked = survey(Question("Q1", "対策", "multi", ("要員", "予算", "該当なし")))
    sent = "\n".join(ballot_lines(asked, REFERENCE, 1))
    (problem,) = read(f"Q1 すべて\n\n{quoted(sent)}", sent, of=asked).problems
    assert (problem.kind, problem.suggested) == ("all", ("1", "2"))


def test_a_planned_day_where_one_is_asked_for() -> None:
    """（予定） behind it says what the question says; elsewhere it is asked about. ¥ may stand before an amount."""
    for text, answers in (("更新の予定日", {"Q1": "2027-03-01"}), ("実施日", {})):
        asked = survey(Question("Q1", text, "date"), Question("Q2", "費用", "number"))
        sent = "\n".join(ballot_lines(asked, REFERENCE, 1))
        reading = read(f"Q1 令和9年3月1日（予定）\nQ2 ￥3,000,000\n\n{quoted(sent)}", sent, of=asked)
        assert reading.answers == {**answers, "Q2": "3000000"}


@pytest.mark.parametrize("left", ["。", "。。", " 。　。 "])
def test_a_full_stop_cut_off_by_a_gateway_says_nothing(left: str) -> None:
    """A line that holds no more than what a re-wrapped sentence of ours ended with does not stop the reading."""
    reading = read(f"Q1 2\n{left}\n\n> {left}\n{left}")
    assert dict(reading.answers) == {"Q1": ("2",)}
    assert read(left).hold == "untouched"


def _run_together(text: str) -> str:
    """Return a text as a gateway leaves it that turns each paragraph into one line."""
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))


def test_lines_run_together_on_the_way() -> None:
    """A line that holds several of ours, with blanks between, is those lines: slots are read, and nothing else is an answer."""
    filled = slot(1, "[ 2 ]", slot(2, "[　　]1,3"))
    reading = read(_run_together(filled))
    assert dict(reading.answers) == {"Q1": ("2",), "Q2": ("1", "3")}
    assert not reading.problems
    assert read(_run_together(INVITATION)).hold == "untouched"
    assert read("Q1 1\n\n" + _run_together(filled)).hold == "differ"
    two = read(_run_together(slot(1, "[ 1,2 ]")))
    assert "Q1" not in two.answers
    assert [problem.kind for problem in two.problems] == ["two-choices"]


def test_quote_marks_run_together_with_a_slot() -> None:
    """The marks before a line of ours that was joined to an empty slot for words are no words of the member."""
    joined = slot(1, "[ 2 ]").replace("【Q3回答】[　　]\n★★", "【Q3回答】[　　] 佐藤> > ★★")
    assert joined != slot(1, "[ 2 ]")
    assert dict(read(quoted(joined, "佐藤> ")).answers) == {"Q1": ("2",)}


def test_options_run_together_with_a_motion() -> None:
    """The options behind a motion's title on one line are ours; the one that a member copied there is his vote."""
    asked = SURVEYS["by-law"]
    sent = asked.sent("invitation")
    title = next(line for line in sent.split("\n") if line.startswith("議案1 "))
    joined = sent.replace(f"{title}\n   1. 賛成\n   2. 反対\n   3. 棄権", f"{title} 1. 賛成 2. 反対 3. 棄権")
    assert joined != sent
    voted = read(joined.replace("【Q1回答】[　　]", "【Q1回答】[ 2 反対 ]", 1), sent, of=asked.survey)
    assert dict(voted.answers) == {"Q1": "no"}
    assert not [problem for problem in voted.problems if problem.question == "Q1"]
    copied = read(f"{title} 1. 賛成\n{title} 反対", sent, of=asked.survey)
    assert not copied.answers
    assert [problem.question for problem in copied.problems] == ["Q1"]


def test_a_reply_passed_on_whose_top_and_slots_differ() -> None:
    """What the top of a quoted reply says counts for nothing beside the slots quoted with it, and holds them if it differs."""
    passed_on = "確認して送ります。\n> Q1 {}\n> \n" + quoted(slot(1, "[ 1 ]"))
    assert read(passed_on.format(2)).hold == "differ"
    assert dict(read(passed_on.format(1)).answers) == {"Q1": ("1",)}
    older = f"{quoted(slot(1, '[ 1 ]'))}\n> > Q1 2\n"  # his reply of before, beneath
    assert dict(read(older).answers) == {"Q1": ("1",)}


@pytest.mark.parametrize("mark", ["  事務局> ", "佐藤> > ", "佐藤>> ", "> 佐藤> "])
def test_names_before_further_quote_marks(mark: str) -> None:
    """The name that a client writes before its quotation may be indented, and what it quotes may be quoted already."""
    assert dict(read(quoted(slot(1, "[ 2 ]"), mark)).answers) == {"Q1": ("2",)}
    assert read(quoted(INVITATION, mark)).hold == "untouched"


def test_options_numbered_anew_on_the_way() -> None:
    """Option lines that a program wrote as a list of its own are no words of doubt, whatever their labels say."""
    anew = (
        slot(1, "[ 2 ]")
        .replace("1. 利用", "1) 利用")
        .replace("2. 利用", "2) 利用")
        .replace("3. 検討", "3) 検討")
    )
    assert dict(read(quoted(anew)).answers) == {"Q1": ("2",)}
    typed = slot(1, "[ 2 ]").replace("   1. 利用している", "3) 検討中\n   1. 利用している")
    assert not read(quoted(typed)).answers
