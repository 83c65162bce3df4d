"""Replies as people write them: clear ones are read, doubtful ones are asked back or held, none is guessed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from mailbot.core.mail.html_text import html_to_text
from mailbot.core.reading.both_forms import read_both_forms
from mailbot.core.reading.findings import HOLDS
from mailbot.core.reading.grammar.understood import EXPLANATIONS
from mailbot.core.reading.reply import read_reply
from mailbot.core.surveys.survey import Answer, Question, Reading, Survey
from tests.mails.standard import RESOLUTION, STANDARD, TODAY, acknowledgement, invitation, quoted

SENT = invitation()
BOTH: dict[str, Answer] = {"Q1": ("2",), "Q2": ("1", "3")}
SIGNATURE = "\n--\n○○市 情報政策課 山田太郎\n〒123-4567 ○○市1-2-3\nTEL 03-1234-5678 (内線 2)\nFAX 03-1234-5679\n2026年6月20日\n"
EVERY = replace(
    STANDARD,
    questions=(
        *STANDARD.questions[:2],
        Question("Q3", "研修に参加しますか", "yesno"),
        Question("Q4", "参加人数", "number"),
        Question("Q5", "希望日", "date"),
        Question("Q6", "ご意見", "text"),
    ),
)
ONE = replace(STANDARD, questions=STANDARD.questions[:1])


def phone(top: str, of: Survey = STANDARD) -> str:
    sent = quoted(invitation(of))
    return f"お世話になっております。○○市の山田です。\n下記のとおり回答します。\n\n{top}\n{SIGNATURE}\n2026年6月18日(木) 9:00 事務局 <office@example.or.jp>:\n\n{sent}"


def header(
    subject: str = "RE: 【調査S26-014】LG.JPドメインの利用", who: str = "事務局 <office@example.or.jp>"
) -> str:
    return f"\n-----元のメッセージ-----\n差出人: {who}\n送信日時: 2026年6月19日 9:00\n宛先: 山田\n件名: {subject}\n\n"


def outlook(top: str, of: Survey = STANDARD) -> str:
    return f"お世話になっております。\n\n{top}\n{header()}{invitation(of)}"


def alone(top: str, of: Survey = STANDARD) -> str:
    return f"{top}\niPhoneから送信\n"


def read(text: str, of: Survey = STANDARD, *known: str, awaiting: frozenset[str] = frozenset()) -> Reading:
    return read_reply(of, text, known or (invitation(of),), today=TODAY, awaiting=awaiting)


def is_clear(reading: Reading, answers: dict[str, Answer]) -> bool:
    return dict(reading.answers) == answers and not reading.problems and reading.hold is None


CLEAR = (
    "Q1 2\nQ2 1,3", "Q1→2 Q2→1,3", "Q1：2　Q2：1、3", "Q1:2, Q2:1,3", "Q1=2;Q2=1,3", "Q1　２\nQ2　１，３", "Q1.2\nQ2.1,3",
    "問１は２番でお願いします。\n問２は１番と３番でお願いします。", "問1　2番です\n問2　1番と3番です", "【Q1回答】２\n【Q2回答】１，３",
    "Q1：利用していない\nQ2：費用、必要がない", "Q1 回答：2\nQ2 回答：1,3", "Q1の回答は「2」です。\nQ2の回答は「1,3」です。",
    "Q2 1,3\nQ1 2", "設問1　②\n設問2　①③", "Q1 ２．利用していない\nQ2 １．費用　３．必要がない", "q1 2\nq2 1 3", "Ｑ１．２\nＱ２．１・３",
    "・Q1：2\n・Q2：1,3", "○Q1：2\n○Q2：1,3", "(Q1) 2\n(Q2) 1,3", "Ｑ１）２\nＱ２）１，３", "Q1 は2です。\nQ2 は1と3です。",
    "Q1は、2です。\nQ2は、1と3です。", "Q1 2（利用していない）\nQ2 1（費用）、3（必要がない）", "Q1……2\nQ2……1,3", "Q1 ⇒ 2\nQ2 ⇒ 1,3",
    "Q1 ＞ 2\nQ2 ＞ 1,3", "Q1 - 2\nQ2 - 1,3", "Q1-2、Q2-1,3", "Q1: 2\nQ2: 1 and 3", "A1 2\nA2 1,3", "A1：2\nA2：1,3", "Q1 A.2\nQ2 A.1,3",
    "Q1 2 です\nQ2 1 と 3 です", "質問１の回答：２\n質問２の回答：１、３", "Q1\n2\n\nQ2\n1,3", "Q1：\n　2\nQ2：\n　1,3", "Q1 2／Q2 1,3",
    "Q1 二番\nQ2 一、三", "Q1 2番を選択します\nQ2 1番と3番を選択します", "Q1については2です。\nQ2については1と3です。", "Q1:2です。Q2:1と3です。",
    "Q1は2、Q2は1と3でお願いします。", "問1は2、問2は1と3です。", "1問目は2番、2問目は1番と3番です。", "<Q1> 2\n<Q2> 1,3", "Q1 [2]\nQ2 [1,3]",
    "Q1【2】\nQ2【1,3】", "Q1（2）\nQ2（1,3）", "Q1「2」Q2「1,3」", "Q1\t2\nQ2\t1,3", "Q1|2\nQ2|1,3", "| Q1 | 2 |\n| Q2 | 1,3 |",
    "Q1＝２\nQ2＝１＆３", "Q 1 2\nQ 2 1,3", "Q1 2番です。\nQ2 1番および3番です。", "Q1 2で。\nQ2 1と3で。", "Q1 2に○\nQ2 1と3に○",
    "Q1 「2 利用していない」\nQ2 「1 費用」「3 必要がない」", "Q1 2と回答します。\nQ2 1,3と回答します。", "Q1:２ですね。\nQ2:１と３ですね。",
    "問1は2番。問2は1番と3番。よろしくお願いします。", "Question 1: 2\nQuestion 2: 1, 3", "Q1: option 2\nQ2: options 1 and 3", "Q1: No. 2\nQ2: 1,3",
    "Q1 is 2\nQ2 is 1 and 3", "Answer to Q1: 2\nAnswer to Q2: 1,3", "Q1) 2\nQ2) 1,3", "Q.1 2\nQ.2 1,3", "Q-1：2\nQ-2：1,3", "Q1②\nQ2①③",
    "問一　二\n問二　一、三", "問一 2\n問二 1,3", "Q1\nA. 2\nQ2\nA. 1,3", "Q1\u200b 2\u200b\nQ2\u200b 1,3", "- Q1 2\n- Q2 1,3",
    "Q1\tLG.JPドメインを利用していますか\t2\nQ2\t利用していない理由\t1,3", "Q1 LG.JPドメインを利用していますか（1つ）\n2\n\nQ2 利用していない理由\n　1 費用、3 必要がない",
    "1. Q1：2\n2. Q2：1,3", "問い１　２\n問い２　１，３", "第1問：2\n第2問：1、3", "回答：Q1 2、Q2 1,3", "【回答】Q1：2　Q2：1,3",
    "Q1/2\nQ2/1,3", "◆問1◆\n2\n◆問2◆\n1,3", "Q1が2、Q2が1と3になります。", "1問目が2で、2問目が1と3です。", "Q1の答え　2\nQ2の答え　1,3", "Q1への回答：2\nQ2に対する回答は1と3です。", "まずQ1は2です。次にQ2は1と3です。",
    "（回答）Q1 2\n（回答）Q2 1,3", "Q1;2  Q2;1,3", "Q1_2\nQ2_1,3", "Q1 2のみ\nQ2 1,3に該当します",
    "標記の件、Q1は2、Q2は1と3です。", "掲題の件ですが、Q1 2\nQ2 1,3", "拝見のうえ、Q1は2です。Q2は1と3です。", "遅れてすみません、Q1は2、Q2は1と3です。", "返信遅くなりました！ Q1は2、Q2は1と3です",
    "Q1：2\nQ2：1、3（国の方針が固まっていない）",
    "おつかれさまです！Q1は2、Q2は1,3です！", "Q1 2\nQ2 ・費用\n　　・必要がない", "Q1 2にてお願いいたします。\nQ2 1,3にて回答いたします。",
)  # fmt: skip


@pytest.mark.sampled(3)
@pytest.mark.parametrize("shape", [phone, outlook, alone])
@pytest.mark.parametrize("written", CLEAR)
def test_clear_answers(written: str, shape: Callable[[str], str]) -> None:
    """Every plain way to write two answers is read, above a quotation of any kind or without one."""
    assert is_clear(read(shape(written)), BOTH)


EVERY_ANSWER: dict[str, Answer] = BOTH | {"Q3": "yes", "Q4": "2", "Q5": "2026-07-10", "Q6": "特にありません"}


@pytest.mark.parametrize(
    "written",
    [
        "Q1 2\nQ2 1,3\nQ3 はい\nQ4 2名\nQ5 7月10日\nQ6 特にありません",
        "Q1：2\nQ2：1、3\nQ3：参加\nQ4：２人\nQ5：2026/7/10\nQ6：特にありません",
        "Q1は2、Q2は1と3、Q3ははい、Q4は2名、Q5は7月10日、Q6は特にありません",
        "Q1 2\nQ2 1,3\nQ3 参加します\nQ4 ２名です\nQ5 令和8年7月10日（金）\nQ6 特にありません",
        "Q1 2\nQ2 1,3\nQ3 ○\nQ4 約2名\nQ5 R8.7.10\nQ6 特にありません",
        "Q1 2\nQ2 1,3\nQ3 1\nQ4 2\nQ5 7/10\nQ6 特にありません",
    ],
)
def test_clear_answers_of_every_type(written: str) -> None:
    """Yes and no, quantities, dates and free words are read beside choices."""
    assert is_clear(read(phone(written, EVERY), EVERY), EVERY_ANSWER)


@pytest.mark.parametrize("shape", [phone, outlook])
@pytest.mark.parametrize(
    "written",
    [
        "2",
        "2番です",
        "２です。",
        "2でお願いします。",
        "回答：2",
        "回答：２番",
        "【回答】2",
        "回答は2です。",
        "回答 2",
        "②",
        "「2」",
        "二番",
        "利用していない",
        "2 利用していない",
        "2番で回答します",
        "Q1 2",
        "Answer: 2",
    ],
)
def test_one_question(written: str, shape: Callable[[str, Survey], str]) -> None:
    """The only question needs no number of its own."""
    assert is_clear(read(shape(written, ONE), ONE), {"Q1": ("2",)})


@pytest.mark.parametrize("quote", ["> ", ">", "", ">> ", "＞", "| "])
@pytest.mark.parametrize(
    "value",
    [
        "[ 2 ]",
        "[2]",
        "［２］",
        "[２番]",
        "[ ② ]",
        "[2 利用していない]",
        "[　　] 2",
        "[　　]　←2番です",
        "[　　]→2",
        "[ 2 ] です",
        "[2.]",
        "[○2]",
        "[2○]",
        "[ 2）]",
        "2",
        "：2",
        "（２）",
        "[　　]\n2です",
        "[　　]\n　2",
        "[　　]\n利用していない",
        "[\n2\n]",
        "[　2",
        "[[2]]",
        "[「2」]",
        "[　　]２でお願いします",
        "[　　]\n　→２",
        "[ 二 ]",
    ],
)
def test_slots(value: str, quote: str) -> None:
    """A number in, behind or under the brackets is read, however the client quotes."""
    assert is_clear(
        read(quoted(SENT.replace("【Q1回答】[　　]", f"【Q1回答】{value}"), quote)), {"Q1": ("2",)}
    )


@pytest.mark.parametrize(
    "written",
    [
        "1. 2\n2. 1,3",
        "1) 2\n2) 1,3",
        "(1) 2\n(2) 1,3",
        "1：2\n2：1,3",
        "① 2\n② 1,3",
        "2\n1,3",
        "2番です",
        "一つ目は2、二つ目は1と3です。",
        "お世話になっております問1は2番問2は1番と3番でお願いします",
        "Q1 2\n訂正 Q1 3",
        "Q1 2\n訂正します。Q1は3です。",
        "Q1 2\nQ1 3",
        "Q1は2でしたが3に変更します。",
        "先日Q1は2と回答しましたが、3に訂正します。",
        "Q1の回答を2から3に変更してください。",
        "Q1 2 ではなく 3 でお願いします",
        "検討の上、後日Q1から順に回答します。",
        "Q1の意味が分かりません。",
        "Q1、Q2とも確認中です。",
        "Q1について質問です。2番は何を指しますか。",
        "Q1 2番の意味を教えてください",
        "Q1～Q3は後日回答します",
        "Q1-Q3 未定",
        "Q2 1については該当しません",
        "Q1とQ2は2",
        "Q1・Q2 2",
        "Q1,Q2: 2",
        "Q2-4: 1",
        "Q2-3は1",
        "Q1が2の方のみ）",
        "Q1 is 2)",
    ],
)
def test_never_guessed(written: str) -> None:
    """A list that may number the questions or the options, a correction, a question to the office: nothing is counted."""
    for shape in (phone, outlook, alone):
        reading = read(shape(written))
        assert not reading.answers or reading.hold is not None


@pytest.mark.parametrize(
    "value",
    [
        "1か2",
        "1または2",
        "2?",
        "2かな",
        "2番以外",
        "2ではない",
        "2（1かもしれません）",
        "1→2",
        "1⇒2に変更",
        "1ではなく2",
        "12",
        "1-2",
        "たぶん2",
        "利用していないわけではない",
        "利用していないが検討中",
        "2の予定",
        "1年前から利用している",
        "3年後に利用",
        "2課で検討",
        "2026年から",
        "2/3",
        "1.5",
        "2回目",
        "２ or ３",
        "2 → 3",
        "2（仮）",
        "2（未定）",
        "2（確認中）",
        "検討中ではない",
        "未利用",
        "2だと思いますが確認します",
    ],
)
def test_doubtful_answers_are_asked_back(value: str) -> None:
    """A value of which any word may change the meaning is asked back, never shortened to its number."""
    reading = read(phone(f"Q1 {value}"))
    assert not reading.answers
    assert [problem.question for problem in reading.problems] == ["Q1"]


@pytest.mark.parametrize(
    "value",
    [
        "条件付き賛成",
        "賛成できない",
        "おおむね賛成",
        "賛成しない",
        "賛成（ただし施行は来年度）",
        "賛成。ただし金額は再検討",
        "原則賛成",
        "賛成多数なら賛成",
        "反対ではない",
        "異議なしとはいえない",
        "1 反対",
        "1,2",
        "4",
        "賛成?",
        "賛成・反対",
        "どちらかといえば賛成",
        "賛成だが反対意見あり",
        "1か2",
    ],
)
def test_a_vote_is_never_rounded(value: str) -> None:
    """Whatever is not wholly yes, no or abstain is no vote in a resolution."""
    reading = read(f"議案1 {value}\n{quoted(invitation(RESOLUTION))}", RESOLUTION)
    assert not reading.answers
    assert reading.problems


RECEIPT = acknowledgement({"Q1": ("2",), "Q2": ("1", "3"), "Q3": "LGWAN接続が先です。"})
OLDER = header(who="山田 <yamada@city.example.jp>")


@pytest.mark.parametrize(("top", "answers"), [("Q1 3\n", {"Q1": ("3",)}), ("承知しました。\n", {}), ("", {})])
def test_an_older_mail_of_the_member_beneath_is_history(top: str, answers: dict[str, Answer]) -> None:
    """What the member wrote in an earlier mail, quoted without marks below our receipt, is not said again."""
    text = f"{top}{header()}{RECEIPT}{OLDER}Q1 2\nQ2 1,3\n\n山田\n{header()}{SENT}"
    assert dict(read(text, STANDARD, RECEIPT, SENT).answers) == answers
    withdrawn = f"{top}{header()}{RECEIPT}{OLDER}取下げ\n{header()}{SENT}"
    assert read(withdrawn, STANDARD, RECEIPT, SENT).command is None


@pytest.mark.parametrize(
    "words", ["必要がない", "なし", "予算が足りません。", "利用していない理由は費用です。", "今は検討中"]
)
def test_a_free_answer_in_words_of_ours_stays(words: str) -> None:
    """A member's own sentence under a free slot is his, even where our lines hold the same words."""
    for slot in (f"[ {words} ]", f"[　　]\n{words}"):
        text = SENT.replace("【Q3回答】[　　]", f"【Q3回答】{slot}")
        assert is_clear(read(quoted(text)), {"Q3": words})


def test_a_vote_by_boxes_alone_at_the_top() -> None:
    """A line as on paper, which speaks of every vote, is the vote itself; two marked boxes are none."""
    one = replace(RESOLUTION, questions=RESOLUTION.questions[:1])
    reading = read(f"□賛成　■反対　□棄権\n{quoted(invitation(one))}", one)
    assert (reading.answers, reading.hold) == ({"Q1": "no"}, None)
    assert not read(f"■賛成　■反対　□棄権\n{quoted(invitation(one))}", one).answers


@pytest.mark.parametrize(
    ("line", "whom"),
    [
        ("委任 議長", "議長"),
        ("委任状 議長", "議長"),
        ("議長に委任", "議長"),
        ("議長を代理人と定め、書面表決に係る議決権の行使を委任します。", "議長"),
        ("私は、長野市を代理人と定め、一切の議決権の行使を委任いたします。", "長野市"),
        ("議長一任", "議長"),
        ("「議長一任」", "議長"),
        ("議長に委任します。", "議長"),
        ("議長へ一任いたします", "議長"),
        ("委任：議長", "議長"),
        ("委任　○○市長 山田太郎", "○○市長 山田太郎"),
        ("委任状　会長 鈴木一郎 様", "会長 鈴木一郎"),
        ("○○市長に委任します", "○○市長"),
        ("proxy: the chair", "the chair"),
    ],
)
def test_proxy(line: str, whom: str) -> None:
    """委任 with its person is a command in a resolution alone."""
    reading = read(f"お世話になります。\n{line}\n{quoted(invitation(RESOLUTION))}", RESOLUTION)
    assert (reading.command, reading.detail, reading.hold) == ("proxy", whom, None)
    assert read(f"{line}\n{quoted(SENT)}").command is None


@pytest.mark.parametrize(
    "line",
    [
        "委任状を提出します",
        "議長には委任しません",
        "委任はできますか？",
        "議長に委任したいのですが可能ですか。",
        "委任状は別紙のとおりです",
        "委任 しません",
    ],
)
def test_talk_of_a_proxy_is_none(line: str) -> None:
    """A sentence about a proxy gives none."""
    assert read(f"{line}\n{quoted(invitation(RESOLUTION))}", RESOLUTION).command is None


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("承認", "approve"),
        ("承認します。", "approve"),
        ("承認いたします", "approve"),
        ("差替", "replace"),
        ("差し替えでお願いします", "replace"),
        ("差し替えてください", "replace"),
        ("そのまま", "keep"),
        ("「そのまま」", "keep"),
        ("そのままでお願いします。", "keep"),
    ],
)
def test_awaited_commands(line: str, command: str) -> None:
    """承認, 差替 and そのまま are commands only where we asked for them."""
    assert read(phone(line), awaiting=frozenset({command})).command == command
    assert read(phone(line)).command is None
    assert read(phone(f"{line}ことはできません"), awaiting=frozenset({command})).command is None


def test_consent_is_an_answer_unless_it_is_awaited() -> None:
    """A lone 承認 answers the only motion; where we wait for it, it is the word that we asked for."""
    one = replace(RESOLUTION, questions=RESOLUTION.questions[:1])
    text = f"承認\n{quoted(invitation(one))}"
    assert is_clear(read(text, one), {"Q1": "yes"})
    waited = read(text, one, awaiting=frozenset({"approve"}))
    assert (waited.command, dict(waited.answers)) == ("approve", {})


@pytest.mark.parametrize(
    ("text", "hold"),
    [
        ("承認\nQ1 2\n", "command-and-answers"),
        ("差替\nそのまま\n", "two-commands"),
        ("取下げ\n再送\n", "two-commands"),
    ],
)
def test_contradicting_commands_are_held(text: str, hold: str) -> None:
    """Two different commands, or a command and answers, are for a person."""
    reading = read(phone(text), awaiting=frozenset({"approve", "replace", "keep"}))
    assert (reading.hold, reading.ask) == (hold, True)


SIGNED_SLOT = next(line for line in invitation(RESOLUTION).split("\n") if line.startswith("【表決者氏名】"))


@pytest.mark.parametrize("quote", ["> ", ">", ""])
@pytest.mark.parametrize(
    ("slot", "name"),
    [
        (SIGNED_SLOT, ""),
        (SIGNED_SLOT.replace("[　　　　　　]", "[ 山田太郎 ]"), "山田太郎"),
        (SIGNED_SLOT.replace("[　　　　　　]", "[　　　　　　]山田太郎"), "山田太郎"),
        (SIGNED_SLOT.replace("[　　　　　　]", "[ 鈴木花子（委任あり） ]"), "鈴木花子（委任あり）"),
        (SIGNED_SLOT + "\n山田太郎", "山田太郎"),
        ("【表決者氏名】山田太郎", "山田太郎"),
        ("【表決者氏名】[ 山田太郎", "山田太郎"),
        ("［表決者氏名］［山田　太郎］", "山田　太郎"),
    ],
)
def test_signature(slot: str, name: str, quote: str) -> None:
    """The name in 【表決者氏名】 is read, and never taken for a vote."""
    text = invitation(RESOLUTION).replace(SIGNED_SLOT, slot).replace("【Q1回答】[　　]", "【Q1回答】[ 1 ]")
    reading = read(quoted(text, quote), RESOLUTION)
    assert reading.signed == name
    assert is_clear(reading, {"Q1": "yes"})


@pytest.mark.parametrize(
    ("name", "hold"),
    [
        ("委任 長野市", "conditional"),
        ("議長に委任", "conditional"),
        ("副市長 田中（委任状は後日）", "conditional"),
        ("未定", "conditional"),
        ("（確認中）", "conditional"),
        ("鈴木（当市ではありません）", "conditional"),
        ("松本市長 佐藤", "correction"),
        ("松本市情報政策課　佐藤", "correction"),
        ("○○市情報政策課長 山田", None),
        ("中村 太郎", None),
        ("中村課長", None),
    ],
)
def test_a_voter_who_is_none_of_ours(name: str, hold: str | None) -> None:
    """Where the voter's name belongs stands whom the vote is given to, a proxy without a letter, nobody, or another body."""
    signed = SIGNED_SLOT.replace("[　　　　　　]", f"[ {name} ]")
    text = invitation(RESOLUTION).replace(SIGNED_SLOT, signed).replace("【Q1回答】[　　]", "【Q1回答】[ 1 ]")
    assert read(quoted(text), RESOLUTION).hold == hold


def test_each_hold_has_its_sentence_in_both_languages() -> None:
    """Whatever holds a reply is said in Japanese and in English."""
    assert HOLDS["ja"].keys() == HOLDS["en"].keys()
    assert EXPLANATIONS["ja"].keys() == EXPLANATIONS["en"].keys()


def test_forms_that_contradict_each_other_are_held() -> None:
    """A plain part that lost what was struck through is not believed against the formatted one."""
    many = replace(
        ONE,
        questions=(Question("Q1", "区分", "single", tuple(f"区分その{place}" for place in range(1, 13))),),
    )
    sent = invitation(many)
    plain, struck, silent = (
        quoted(sent.replace("【Q1回答】[　　]", f"【Q1回答】[ {value} ]")) for value in ("12", "~~1~~2", "　")
    )
    assert is_clear(read(plain, many), {"Q1": ("12",)})

    def both(plain: str, formatted: str) -> Reading:
        return read_both_forms(
            many, plain, formatted, lambda text: read_reply(many, text, [sent], today=TODAY)
        )

    reading = both(plain, struck)
    assert (reading.hold, reading.ask) == ("forms-differ", True)
    for agreeing in (plain, silent):
        assert is_clear(both(plain, agreeing), {"Q1": ("12",)})


def test_a_plain_form_that_states_nothing_leaves_it_to_the_other() -> None:
    """Where a gateway's plain part lost the answer it is read from the HTML form, unless a sentence stands there alone."""

    def both(plain: str, formatted: str) -> Reading:
        return read_both_forms(ONE, plain, formatted, lambda text: read_reply(ONE, text, [sent], today=TODAY))

    sent = invitation(ONE)
    untouched, filled = (
        quoted(sent.replace("【Q1回答】[　　]", f"【Q1回答】[ {value} ]")) for value in ("　", "2")
    )
    told = "課内で相談して決めました。\n"
    for plain, formatted in (
        (untouched, filled),
        ("", "Q1 2"),
        ("お世話になっております。\n", "お世話になっております。\nQ1 2\n" + untouched),
        (told + untouched, told + filled),
        ("", "~~Q1 1~~\nQ1 2"),
    ):
        assert is_clear(both(plain, formatted), {"Q1": ("2",)}), plain
    for plain, formatted in (
        ("やはり3番が妥当と考えています。\n" + untouched, filled),
        (untouched, "~~Q1 2~~\n" + untouched),
        ("取下げ\n", filled),
        ("今回は回答を見合わせます。\n", filled),
    ):
        assert not both(plain, formatted).answers, plain


def test_a_table_of_answers_in_html() -> None:
    """A table with number, question and answer side by side is read row by row."""
    rows = (("Q1", "LG.JPドメインを利用していますか（1つ）", "2"), ("Q2", "利用していない理由", "1,3"))
    cells = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    assert is_clear(read(html_to_text(f"<p>回答します。</p><table>{cells}</table>")), BOTH)


def in_ballot(value: str, question: int = 1) -> str:
    return SENT.replace(f"【Q{question}回答】[　　]", value)


@pytest.mark.parametrize("value", ["[\t]", "[\t\t]", "[ \t]", "\t[　　]", "[\t　　\t]"])
@pytest.mark.parametrize("quote", ["", "> ", "| "])
def test_tabs_for_blanks_are_no_answer(value: str, quote: str) -> None:
    """A line that is ours is never taken for a row of a table, whatever a program made of its blanks."""
    text = SENT.replace("[　　]", value).replace("   ", "\t").replace("（", "\t（")
    assert not read(quoted(text, quote)).answers


@pytest.mark.parametrize(
    "line",
    [
        "②　利用していない", "2. 利用していない　←", "2. 利用していない　←こちらです", "→ 2. 利用していない", "★ 2. 利用していない", "2. ○ 利用していない", "[x] 2. 利用していない", "2. 利用していない　←当市",
        "2. 利用していない（○）",
    ],
)  # fmt: skip
def test_a_mark_on_one_option(line: str) -> None:
    """A circled number, an arrow or a star on one option line selects it."""
    assert is_clear(read(quoted(SENT.replace("   2. 利用していない", line))), {"Q1": ("2",)})


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("△ 1. 利用している", "◎ 2. 利用していない"),
        ("1. 利用している △", "2. 利用していない ○"),
        ("1. △ 利用している", "○ 2. 利用していない"),
        ("   1. 利用している", "△ 2. 利用していない"),
        ("   1. 利用している", "× 2. 利用していない"),
        ("1. 利用している ←", "2. 利用していない ←"),
        ("→ 1. 利用している", "→ 2. 利用していない"),
        ("○ 1. 利用している（庁外）", "   2. 利用していない"),
        ("1. 利用している○と思います", "   2. 利用していない"),
    ],
)
def test_marks_that_leave_it_open(first: str, second: str) -> None:
    """△ beside a mark, × without one, and two marks on a single choice are asked back."""
    text = SENT.replace("   1. 利用している", first).replace("   2. 利用していない", second)
    reading = read(quoted(text))
    assert not reading.answers
    assert [problem.question for problem in reading.problems] == ["Q1"]


@pytest.mark.parametrize(
    "line",
    [
        "○ 4. その他（住民説明会）",
        "4. その他（住民説明会）　○",
        "4. その他：住民説明会 ✓",
        "✓4. その他 → 住民説明会",
    ],
)
def test_a_mark_on_other_and_what_that_is(line: str) -> None:
    """What stands behind その他 takes its mark not away, so that the other marks alone are not all."""
    text = SENT.replace("   1. 費用", "○ 1. 費用").replace("   4. その他", line)
    assert is_clear(
        read(quoted(text.replace("【Q1回答】[　　]", "【Q1回答】[2]"))), BOTH | {"Q2": ("1", "4")}
    )


def test_crosses_beside_a_circle() -> None:
    """○ on one option and × on all others is one clear choice."""
    text = SENT.replace("   1. 利用している", "× 1. 利用している").replace("   2. 利用して", "○ 2. 利用して")
    assert is_clear(read(quoted(text.replace("   3. 検討中", "× 3. 検討中"))), {"Q1": ("2",)})


@pytest.mark.parametrize("written", ["2（？）", "2 (仮)", "2（要確認）"])
@pytest.mark.parametrize("place", ["head", "slot", "under"])
def test_a_tentative_answer_counts_nowhere(written: str, place: str) -> None:
    """「2（仮）」 is asked back at the top, in the slot and below it."""
    texts = {
        "head": f"Q1 {written}\n\n{quoted(SENT)}",
        "slot": quoted(in_ballot(f"【Q1回答】[{written}]")),
        "under": quoted(SENT).replace("> 【Q1回答】[　　]", f"> 【Q1回答】[　　]\n{written}"),
    }
    reading = read(texts[place])
    assert not reading.answers
    assert [problem.question for problem in reading.problems] == ["Q1"]


@pytest.mark.parametrize(
    "typed", ["2 利用していない", "2. 利用していない", "利用していない", "⇒ 2", "回答：２", "2番"]
)
def test_typed_below_a_quoted_slot(typed: str) -> None:
    """A line without the quotation's mark below a slot is the member's, although it may equal one of ours."""
    text = quoted(SENT).replace("> 【Q1回答】[　　]", f"> 【Q1回答】[　　]\n{typed}")
    assert is_clear(read(text), {"Q1": ("2",)})


def test_a_trimmed_quotation() -> None:
    """The question alone with the answer below it is read; with the rest of our text below it, it is not."""
    asked = "> Q2 利用していない理由（いくつでも。Q1が2の方のみ）\n"
    assert is_clear(read(f"{asked}1,3\n"), {"Q2": ("1", "3")})
    assert not read(f"{asked}>    1. 費用\n").answers


def test_a_copied_question_is_weighed_against_the_slot() -> None:
    """A question copied to the top with an answer below it counts like one; without one the slot counts."""
    copied = "Q1 LG.JPドメインを利用していますか（1つ）\n"
    filled = quoted(in_ballot("【Q1回答】[ 1 ]"))
    assert not read(f"{copied}2\n\n{filled}").answers
    assert is_clear(read(f"{copied}1\n\n{filled}"), {"Q1": ("1",)})
    assert is_clear(read(f"{copied}\n{filled}"), {"Q1": ("1",)})


def test_an_explicit_line_below_an_outlook_quotation() -> None:
    """What stands below our last line and as deep as it is the member's; one level less or more is not."""
    below = quoted(f"{SENT}\nQ1 2\n")
    assert is_clear(read(below), {"Q1": ("2",)})
    assert not read(quoted(f"{quoted(SENT)}\nQ1 2\n")).answers
    assert not read(quoted(f"{SENT}\n> Q1 2\n")).answers


def test_the_lines_of_a_quoted_opinion() -> None:
    """The blank behind a quote mark belongs to the mark, not to the opinion."""
    text = quoted(in_ballot("【Q3回答】[1つ目は費用。\n2つ目は時間。]", 3))
    assert read(text).answers == {"Q3": "1つ目は費用。\n2つ目は時間。"}


def test_two_bodies_in_one_mail() -> None:
    """A second ballot of another body, filled beside the member's own, is for the office."""
    own, other = (in_ballot(f"【Q1回答】[ {value} ]") for value in "12")
    text = f"{own}\n\n{other.replace('13201', '13202')}"
    assert read(text).hold == "other-ballot"


@pytest.mark.parametrize(
    ("top", "hold"),
    [
        ("受付ありがとうございました。引き続きよろしくお願いいたします。", "untouched"),
        ("On Thu, 18 Jun 2026 09:00:00 +0900", "untouched"),
        ("【注意】このメールは庁外から送信されたものです。", "untouched"),
        ("Thank you very much for your mail.", "untouched"),
        ("Thank you, we will discuss it.", "prose"),
        ("内容を庁内で検討しています。", "prose"),
        ("担当が鈴木に変わりました。", "contact-change"),
    ],
)
def test_why_an_untouched_ballot_is_held(top: str, hold: str) -> None:
    """Thanks and what machines add are no prose; a sentence about the matter is, in either language."""
    assert read(f"{top}\n\n{quoted(SENT)}").hold == hold


def test_an_opinion_line_that_names_an_answered_question() -> None:
    """A line that is either more of a free answer or a correction is kept in the one and asked for the other."""
    reading = read("Q1 2\nQ3 前回は\nQ1 3と答えました。")
    assert reading.answers == {"Q3": "前回は\nQ1 3と答えました。"}
    assert [problem.question for problem in reading.problems] == ["Q1"]


@pytest.mark.parametrize(
    "after",
    [
        "回答は以上です。",
        "別件ですが、研修会の申込みはいつからでしょうか。",
        "不明な点がありましたら、内線2310の石井までお願いします。",
        "よろしくお願いします。",
        "お手数をおかけします。",
        "ありがとうございました。",
        "寒くなってまいりましたので、どうぞご自愛ください。",
    ],
)
def test_what_stands_below_a_free_answer_and_is_none_of_it(after: str) -> None:
    """A closing sentence ends it; one more of its own lines does not."""
    assert read(f"Q1 2\nQ3 費用が課題です。\n人も足りません。\n{after}\n山田").answers == {
        "Q1": ("2",),
        "Q3": "費用が課題です。\n人も足りません。",
    }


def test_courtesy_below_a_free_answer_to_a_copied_question() -> None:
    """It ends the answer there too; a line that only begins with 以上 does not."""
    reading = read(
        "Q1 2\nQ3 ご意見\n　費用が課題です。\n以上の理由で進みません。\n以上、よろしくお願いします。"
    )
    assert reading.answers == {"Q1": ("2",), "Q3": "費用が課題です。\n以上の理由で進みません。"}


def test_a_token_in_our_quoted_address_names_no_question() -> None:
    """Whether a reply is counted may not depend on the letters of its body's token: one in seven has a q before a figure."""
    ours = "From: 回答受付 <4g1kxvbkq15jpnsy@kaitou.example.jp>"
    reading = read(f"Q1 2\nQ2 1,3\n市議会ではなく市長部局の情報課に勤務しております三田村と山田\n{ours}")
    assert (reading.hold, reading.answers) == (None, {"Q1": ("2",), "Q2": ("1", "3")})


def test_the_words_of_another_choice_name_another_town_or_a_hiring() -> None:
    """「他市との」 and 「採用面接」 are no word of a copy or of a choice between answers."""
    for said in ("採用面接", "他市との打合せ"):
        reading = read(f"Q1 2\nQ2 1,4（{said}）")
        assert (reading.answers["Q2"], reading.problems) == (("1", "4"), ())


def test_the_head_of_a_quotation_is_no_part_of_the_sentence_below() -> None:
    """Notes quotes without marks; its two lines of a head are not wrapped ones of what stands at the end."""
    head = "From: 全国自治体情報主管課長協議 会 回答受付 <xnje9nvamf2s16jt@kaitou.example.jp>\nDate: 2026/12/01 09:12"
    assert read(f"Q1 2\nQ2 1,3\n\n{head}\n\n{SENT}\n\n以上、よろしくお願いいたします。").hold is None


def test_a_free_answer_behind_its_copied_question() -> None:
    """The question's own words are none of it, set apart by a blank or a colon."""
    for written in ("Q3 ご意見　費用が課題です。", "Q3 ご意見：費用が課題です。", "Q3 費用が課題です。"):
        assert read(f"Q1 2\n{written}").answers == {"Q1": ("2",), "Q3": "費用が課題です。"}
    assert read("Q1 2\nQ3 ご意見は特にありません。").answers["Q3"] == "ご意見は特にありません。"


LONG_LIST = "1、2、3、4、5、6、7、8、9、10、11、1\n1、12"
TWELVE = replace(
    ONE, questions=(Question("Q1", "区分", "multi", tuple(f"区分の{place}番目" for place in range(1, 13))),)
)


@pytest.mark.parametrize("place", ["head", "slot", "behind", "under"])
def test_a_number_cut_at_the_end_of_a_line(place: str) -> None:
    """Where a gateway may have broken a number in two, nothing of the list is accepted."""
    sent = invitation(TWELVE)
    texts = {
        "head": f"Q1 {LONG_LIST}\n\n{quoted(sent)}",
        "slot": quoted(sent.replace("【Q1回答】[　　]", f"【Q1回答】[ {LONG_LIST} ]")),
        "behind": sent.replace("【Q1回答】[　　]", f"【Q1回答】[　　]{LONG_LIST}"),
        "under": quoted(sent).replace("> 【Q1回答】[　　]", f"> 【Q1回答】[　　]\n{LONG_LIST}"),
    }
    assert not read(texts[place], TWELVE).answers


def test_option_lines_run_together() -> None:
    """Two option lines of ours on one line, with nothing else left of them, are no answer."""
    text = SENT.replace("   1. 費用\n   2. 手続き\n", "   1. 費用   2. 手続き\n").replace(
        "   3. 必要がない\n   4. その他\n【Q2回答】", "   3. 必要がない   4. その他【Q2回答】"
    )
    assert "Q2" not in read(quoted(text)).answers
