"""What the mails say that answer a reply: what counts, what does not, and what stands all the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from mailbot.core.surveys.ballot_faults import mail_faults
from mailbot.core.surveys.survey import Question
from tests.flows.post_office import NAGANO, SURVEY, SUZUKI, YAMADA, Copy, PostOffice
from tests.flows.surveys.test_who_counts import RESOLUTION

STANDS = "先にいただいたお答え（第1版、6月18日 10時00分）は、確認が済むまで、そのまま有効です。"
RATED = replace(SURVEY, questions=(*SURVEY.questions, Question("Q4", "満足度", "rating")))
ONE_QUESTION = replace(SURVEY, questions=SURVEY.questions[:1])


def told(office: PostOffice, to: str = YAMADA) -> Copy:
    """Return the receipt that this reader was sent last."""
    return [copy for copy in office.copies("vote_receipt") if copy.to == to][-1]


def test_beside_a_reply_that_is_held_the_earlier_answer_stands(office: PostOffice) -> None:
    """Its slots show the earlier answers: the mail says that they still count, and since when."""
    invitation = office.open_survey()[YAMADA]
    office.reply(invitation, "Q1 9")
    assert "先にいただいた" not in told(office).text  # nothing counts yet
    office.reply(invitation, "Q1 2")
    office.copies()
    for unclear in ("来月までに検討する予定です。", "Q1 1\nQ1 3"):
        office.reply(invitation, unclear)
        receipt = told(office)
        assert receipt.says(
            "先にいただいたお答え（第2版、6月18日 10時00分）は、確認が済むまで、そのまま有効です。"
        )
        assert "【Q1回答】[ 2 ]" in receipt.text
    office.pass_time(timedelta(hours=1))
    office.reply(invitation, "取下げ")
    office.reply(invitation, "来月までに検討する予定です。")
    assert "先にいただいた" not in told(office).text


def test_beside_a_vote_that_is_held_the_earlier_one_stands(office: PostOffice) -> None:
    """As in a survey, in the words of a resolution."""
    invitation = office.open_survey(RESOLUTION)[YAMADA]
    office.reply(invitation, "議案1 賛成")
    office.reply(invitation, "議案1 おおむね賛成")
    assert told(office).says(STANDS.replace("お答え", "表決"))


def test_a_question_that_is_asked_again_keeps_its_earlier_answer_until_then(office: PostOffice) -> None:
    """Its slot shows it below words that say it was not read: they also say what it is."""
    invitation = office.open_survey(RATED)[YAMADA]
    office.reply(invitation, "Q1 1\nQ4 3")
    office.reply(invitation, "Q1 2\nQ4 9")
    receipt = told(office)
    assert "一部確認" in receipt["Subject"]
    assert receipt.says("それまでは、先にいただいたお答え「3」のままです。（Q4）")
    assert "【Q4回答】[ 3 ]" in receipt.text
    office.reply(receipt, "")  # sent back as it is
    assert office.stands()[NAGANO].row.answers == {"Q1": ("2",), "Q4": ("3",)}


def test_a_reply_in_which_nothing_was_understood_is_not_said_to_be_received(office: PostOffice) -> None:
    """Nothing of it is accepted, and its author is asked again (ballot.md section 8: P)."""
    invitation = office.open_survey(ONE_QUESTION)[YAMADA]
    office.reply(invitation, "Q1 設置済")
    receipt = told(office)
    assert not receipt.says("受け付けました")
    assert "第1版" not in receipt["Subject"]
    assert receipt.says("まだ数えておりません")
    assert office.stands()[NAGANO].row.answers == {}
    office.reply(receipt, "2")  # the one question that was asked again
    assert told(office).says("次のとおり受け付けました")


def test_a_vote_that_is_not_counted_is_answered_to_its_author_alone(office: PostOffice) -> None:
    """What counts is told to everyone registered (ballot.md section 10); what does not is no news to the deputy."""
    invitation = office.open_survey(RESOLUTION)[YAMADA]
    office.reply(invitation, "議案1 おおむね賛成")
    assert {copy.to for copy in office.copies("vote_receipt")} == {YAMADA}
    office.reply(invitation, "議案1 賛成")
    assert {copy.to for copy in office.copies("vote_receipt")} == {YAMADA, SUZUKI}


OF_EACH_KIND = replace(
    SURVEY,
    questions=(
        SURVEY.questions[0],
        Question("Q2", "台数", "number"),
        Question("Q3", "切替えの予定日", "date"),
        Question("Q4", "設置はお済みですか", "yesno"),
    ),
)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("設置済", "お書きになった言葉を、お答えとして読み取れません。お書きの内容「設置済」"),
        ("2027年3月", "お書きになった言葉を、お答えとして読み取れません。お書きの内容「2027年3月」"),
        ("約100台", "お書きの内容「約100台」"),
        ("賛成", "どの問い（議案）へのお答えか分かりません。お書きの内容「賛成」"),
        ("2", "番号だけが書かれていて、どの問いへのお答えか分かりません。お書きの内容「2」"),
        ("Q9 2", "書かれた番号の問いは、この回答票にありません。"),
        ("来月までに検討する予定です。", "お書きの内容「来月までに検討する予定です」"),
        ("", "お答えが見当たりません。恐れ入りますが"),
        ("長野市 情報政策課\n山田太郎", "お答えが見当たりません。恐れ入りますが"),
        ("田中\n電話 026-000-0000", "お答えが見当たりません。恐れ入りますが"),
    ],
)
def test_why_a_reply_is_held_is_said_of_what_was_written(office: PostOffice, written: str, said: str) -> None:
    """Nobody reads that a number stood alone where none did, or that nothing was found where something was written."""
    invitation = office.open_survey(OF_EACH_KIND)[YAMADA]
    office.reply(invitation, written)
    assert told(office).says(said)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (
            "Q2 たくさん",
            "「たくさん」を、お答えとして読み取れませんでした。数字を「12」のようにお書きください。（Q2）",
        ),
        (
            "Q3 春ごろ",
            "「春ごろ」を、お答えとして読み取れませんでした。日付を「2026/7/2」のようにお書きください。（Q3）",
        ),
        ("Q3 2026/2/30", "「2026/2/30」：その日付はありません。（Q3）"),
        (
            "Q4 まあまあ",
            "「まあまあ」を、お答えとして読み取れませんでした。選択肢の番号を1つお書きください。（Q4）",
        ),
    ],
)
def test_an_answer_that_was_not_read_is_shown_with_the_form_of_its_question(
    office: PostOffice, written: str, said: str
) -> None:
    """A day or a figure has no number of an option: each is asked for in its own form, by an example."""
    invitation = office.open_survey(OF_EACH_KIND)[YAMADA]
    office.reply(invitation, written)
    receipt = told(office)
    assert receipt.says(said)
    assert mail_faults(OF_EACH_KIND, receipt.text) == ()


def test_the_office_asks_for_what_the_questions_take(office: PostOffice) -> None:
    """Where no question has numbered options, no mail asks for a number."""
    of_days = replace(SURVEY, questions=(Question("Q1", "切替えの予定日", "date", required=True),))
    invitation = office.open_survey(of_days)[YAMADA]
    assert invitation.says("本文の先頭に日付を書く")
    office.reply(invitation, "来年度に検討する予定です。")
    receipt = told(office)
    assert receipt.says("日付（例 2026/7/2）でお答えくだされば、すぐに受け付けます。")
    assert not receipt.says("番号でお答え")


@pytest.mark.parametrize(
    ("written", "said", "not_said"),
    [
        ("議案1 おおむね賛成", "条件の付いた賛否は", "どれとも読み取れません"),
        ("議案1 賛成の方向で調整します", "賛成・反対・棄権のどれとも読み取れません", "条件"),
    ],
)
def test_a_vote_in_other_words_is_no_vote_with_a_condition(
    office: PostOffice, written: str, said: str, not_said: str
) -> None:
    """Both are the office's; only where a condition stands the mail speaks of one."""
    invitation = office.open_survey(RESOLUTION)[YAMADA]
    assert office.reply(invitation, written).state == "held"
    receipt = told(office)
    assert receipt.says(said)
    assert not receipt.says(not_said)
