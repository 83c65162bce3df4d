"""What a member wrote beside his answers, which no rule knows: it counts for nothing, and nobody loses sight of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailbot.core.surveys.ledger import BESIDE
from mailbot.show.show_results import survey_text
from tests.flows.post_office import NAGANO, SURVEY, YAMADA, PostOffice

MOVING = "来月、庁舎が移転します。"
NOTE = "お答えのほかに書かれた文は、お答えとしては数えず、事務局が拝見します。"


def test_the_office_sees_it_and_its_author_knows_that_it_is_no_answer(office: PostOffice) -> None:
    """The answer counts, the words stand with it, and the receipt says what became of them."""
    invitation = office.open_survey()[YAMADA]
    office.reply(
        invitation, f"お世話になっております。\n長野市の山田です。\n\nQ1 2\nQ2 1\n{MOVING}\n--\n長野市 山田"
    )
    row = office.stands()[NAGANO].row
    assert (row.status, dict(row.remarks)) == ("counted", {BESIDE: MOVING})
    receipt = office.only_copy("vote_receipt")
    assert NOTE in receipt.said
    lines = receipt.text.splitlines()
    at = next(at for at, line in enumerate(lines) if line.startswith(f"・{NOTE[:10]}"))
    assert lines[at + 1].startswith("　"), "what does not fit stands under the words of its point"


@pytest.mark.parametrize("words", ["よろしくお願いいたします。", "回答が遅くなり申し訳ございません。", ""])
def test_courtesy_is_not_kept(office: PostOffice, words: str) -> None:
    """Greetings and apologies say nothing about the answers."""
    invitation = office.open_survey()[YAMADA]
    office.reply(invitation, f"{words}\n\nQ1 2\nQ2 1")
    assert dict(office.stands()[NAGANO].row.remarks) == {}
    assert NOTE not in office.only_copy("vote_receipt").said


SLOGAN = "マイナンバーカードの申請はお済みですか？"


@pytest.mark.parametrize(
    "signature",
    [
        f"-----------------\n長野市 情報政策課 山田太郎\nTEL 026-000-0000\n{SLOGAN}\n-----------------",
        f"＝＝＝＝＝＝＝＝＝＝\n{SLOGAN}\n長野市 山田太郎\nyamada@city.nagano.lg.jp\n＝＝＝＝＝＝＝＝＝＝",
        "*****************\n長野市 山田太郎\nhttps://www.city.nagano.example/\n住みたいまちを目指しています。",
        f"長野市 情報政策課 山田太郎\n電話 026-000-0000\n{SLOGAN}",
    ],
)
def test_a_slogan_in_a_signature_is_no_sentence_to_the_office(office: PostOffice, signature: str) -> None:
    """It stands below the signature's rule with addresses, or right below them."""
    invitation = office.open_survey()[YAMADA]
    office.reply(invitation, f"Q1 2\nQ2 1\n\n{signature}")
    assert dict(office.stands()[NAGANO].row.remarks) == {}
    assert NOTE not in office.only_copy("vote_receipt").said


@pytest.mark.parametrize(
    "text",
    [
        "締切を延ばせますか？\n\n-----------------\n長野市 山田太郎\nTEL 026-000-0000\n-----------------",
        "締切を延ばせますか？\n長野市 山田太郎\nTEL 026-000-0000",
        "-----------------\n長野市 山田太郎\nTEL 026-000-0000\n-----------------\n締切を延ばせますか？",
    ],
)
def test_a_question_beside_a_signature_is_one(office: PostOffice, text: str) -> None:
    """What is asked above a signature, or below its end, is for the office."""
    invitation = office.open_survey()[YAMADA]
    office.reply(invitation, f"Q1 2\nQ2 1\n\n{text}")
    assert "締切を延ばせますか" in "".join(office.stands()[NAGANO].row.remarks.values())


def test_in_a_sealed_survey_nothing_is_kept(office: PostOffice) -> None:
    """A sentence of one's own could tell who chose what."""
    invitation = office.open_survey(replace(SURVEY, mode="sealed"))[YAMADA]
    office.reply(invitation, f"Q1 2\nQ2 1\n\n{MOVING}")
    row = office.stands()[NAGANO].row
    assert (row.status, dict(row.remarks)) == ("counted", {})


def test_it_is_shown_beside_the_answers(capsys: pytest.CaptureFixture[str]) -> None:
    """`surveys show --office` has a column for it where there is any."""
    vote = {"body": NAGANO, "status": "counted", "version": 1, "answers": {"Q1": ["2"]}, "problems": []}
    survey_text({"key": "S26-014", "tally": {}, "votes": [vote | {"remarks": {}}]})
    assert "remarks" not in capsys.readouterr().out
    survey_text({"key": "S26-014", "tally": {}, "votes": [vote | {"remarks": {BESIDE: MOVING}}]})
    assert MOVING in capsys.readouterr().out
