"""What the mails say that answer a reply: what counts, what does not, and what stands all the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

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
    for unclear in ("来月までに検討する予定です。", "Q1 1\nQ1 3", "Q1 9"):
        office.reply(invitation, unclear)
        receipt = told(office)
        assert receipt.says(STANDS)
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


def test_a_reply_in_which_nothing_was_understood_is_no_version(office: PostOffice) -> None:
    """Nothing of it is accepted: it is held, its author is asked again, and the next one is the first."""
    invitation = office.open_survey(ONE_QUESTION)[YAMADA]
    office.reply(invitation, "Q1 設置済")
    receipt = told(office)
    assert not receipt.says("受け付けました")
    assert "第1版" not in receipt["Subject"]
    assert receipt.says("まだ数えておりません")
    assert office.stands()[NAGANO].row.version == 0
    office.reply(receipt, "2")  # the one question that was asked again
    assert "（第1版）" in told(office)["Subject"]


def test_a_vote_that_is_not_counted_is_answered_to_its_author_alone(office: PostOffice) -> None:
    """What counts is told to everyone registered (ballot.md section 10); what does not is no news to the deputy."""
    invitation = office.open_survey(RESOLUTION)[YAMADA]
    office.reply(invitation, "議案1 おおむね賛成")
    assert {copy.to for copy in office.copies("vote_receipt")} == {YAMADA}
    office.reply(invitation, "議案1 賛成")
    assert {copy.to for copy in office.copies("vote_receipt")} == {YAMADA, SUZUKI}
