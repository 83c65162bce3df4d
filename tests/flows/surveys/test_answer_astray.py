"""A reply that came to another address than its ballot's own: whose token it bears, or to whom a fresh ballot goes (ballot.md 9, 10)."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from mailbot.flows.read_mail import read_waiting
from mailbot.flows.surveys.recount import recount
from tests.flows.post_office import (
    MATSUMOTO,
    NAGANO,
    OFFICE,
    SATO,
    STRANGER,
    SURVEY,
    SUZUKI,
    YAMADA,
    Copy,
    PostOffice,
)

ASTRAY = "survey@ml.example.jp"
UNKNOWN_TOKEN = "a7qk2m3xd9wpt4hv@kaitou.example.jp"
NOT_ITS_OWN = pytest.mark.parametrize(
    "to", [ASTRAY, "survey+cut@ml.example.jp", UNKNOWN_TOKEN, "nobody@kaitou.example.jp"]
)


def unthreaded(mail: bytes) -> bytes:
    """Return a reply whose threading fields were lost on its way, or name other mails than ours."""
    return re.sub(
        rb"(?m)^(In-Reply-To|References): .*\r\n(?:[ \t].*\r\n)*", rb"\1: <6c1e@city.nagano.lg.jp>\r\n", mail
    )


@NOT_ITS_OWN
def test_the_message_id_that_it_answers_bears_the_token(
    office: PostOffice, invitation: Copy, to: str
) -> None:
    """As where a mail program answers the From field, or a gateway has spoilt the address."""
    entry = office.hand_in(office.reply_mail(invitation, "Q1 2"), to)
    assert (entry.state, office.copies()) == ("answered", [])
    read_waiting(office.database, office.site, lambda: office.now)
    assert office.stands()[NAGANO].row.answers["Q1"] == ("2",)
    assert office.only_copy("vote_receipt").to == YAMADA
    with office.database.read() as connection:
        assert recount(connection, office.site, SURVEY.key).differences == ()


def test_a_provider_that_writes_message_ids_of_its_own(office: PostOffice, invitation: Copy) -> None:
    """Then References, where the mail before is the last, may still have ours."""
    reply = office.reply_mail(invitation, "Q1 2")
    office.hand_in(re.sub(rb"(?m)^In-Reply-To: .*\r\n", b"In-Reply-To: <1@garoon.test>\r\n", reply), ASTRAY)
    read_waiting(office.database, office.site, lambda: office.now)
    assert office.stands()[NAGANO].row.status == "counted"


def test_the_token_alone_does_not_make_a_stranger_known(office: PostOffice, invitation: Copy) -> None:
    """It is level 1, as with the address: the primary is asked."""
    office.hand_in(office.reply_mail(invitation, "Q1 2", STRANGER), ASTRAY)
    read_waiting(office.database, office.site, lambda: office.now)
    assert office.stands()[NAGANO].row.status != "counted"
    assert [copy.to for copy in office.copies()] == [YAMADA, OFFICE]


def test_a_mail_to_both_addresses_is_read_once(office: PostOffice, invitation: Copy) -> None:
    """Whoever adds the office's address in Cc has answered once."""
    reply = office.reply_mail(invitation, "Q1 2")
    office.hand_in(reply, office.reply_address(invitation))
    office.hand_in(reply, ASTRAY)
    read_waiting(office.database, office.site, lambda: office.now)
    assert len(office.ledger()) == 1
    assert len(office.copies("vote_receipt")) == 1


@NOT_ITS_OWN
@pytest.mark.parametrize("author", [YAMADA, SUZUKI])
def test_a_registered_sender(office: PostOffice, invitation: Copy, author: str, to: str) -> None:
    """From alone votes for nobody, whichever contact of the body it names; the next reply, with the token, counts."""
    entry = office.hand_in(unthreaded(office.reply_mail(invitation, "Q1 2", author)), to)
    assert entry.state == "answered"
    assert not office.ledger()
    fresh = office.only_copy("fresh_ballot")
    assert (fresh.to, fresh.mail_from, fresh["Auto-Submitted"]) == (YAMADA, "", "auto-replied")
    office.reply(fresh, "Q1 2")
    assert office.stands()[NAGANO].row.status == "counted"


@pytest.mark.parametrize(
    ("author", "state"), [(STRANGER, "quarantined"), ("robot@ml.example.jp", "quarantined")]
)
def test_a_sender_who_is_not_registered(
    office: PostOffice, invitation: Copy, author: str, state: str
) -> None:
    """The office sees it, and nobody is answered by machine: its address may be forged (backscatter)."""
    entry = office.hand_in(unthreaded(office.reply_mail(invitation, "Q1 2", author)), UNKNOWN_TOKEN)
    assert entry.state == state
    assert [(copy.kind, copy.to) for copy in office.copies()] == [("office_held", OFFICE)]


def test_what_our_own_exchanger_calls_forged(office: PostOffice, invitation: Copy) -> None:
    """A sender who failed DMARC is not answered."""
    stated = b"Authentication-Results: mx.example.jp; dmarc=fail header.from=city.nagano.lg.jp\r\n"
    assert office.hand_in(stated + unthreaded(office.reply_mail(invitation, "Q1 2")), ASTRAY).state == "held"
    assert [copy.to for copy in office.copies()] == [OFFICE]


def test_only_what_names_an_open_survey_of_the_senders_body(office: PostOffice, invitation: Copy) -> None:
    """Any other letter to the address is for the people behind it."""
    assert office.post(YAMADA, ASTRAY, text="質問があります。").state == "held"
    assert office.post(YAMADA, ASTRAY, subject="Re: [S26-999]").state == "held"
    office.copies()
    assert office.post(SATO, ASTRAY, text="Q1 2", subject="Re: [S26-014]").state == "answered"
    fresh = office.only_copy("fresh_ballot")
    assert fresh.to == SATO
    assert MATSUMOTO in fresh.text
    assert invitation.to == YAMADA


@pytest.mark.parametrize("key", ["S1", "R8.1", "k_26"])
def test_whatever_a_survey_is_called(office: PostOffice, key: str) -> None:
    """A key may be short and hold dots: it is found in the Subject, and in the Message-ID that a reply names."""
    invitation = office.open_survey(replace(SURVEY, key=key))[SATO]
    assert office.post(SATO, ASTRAY, text="Q1 2", subject=f"Re: [{key}]").state == "answered"
    answer = office.mail(SATO, ASTRAY, "Q1 2", "ご回答", In_Reply_To=invitation["Message-ID"])
    assert office.hand_in(answer, ASTRAY).state == "answered"


def test_a_machine_is_not_answered(office: PostOffice, invitation: Copy) -> None:
    """A vacation note that lost its way ends here."""
    mail = b"Auto-Submitted: auto-replied\r\n" + unthreaded(office.reply_mail(invitation, "不在です。"))
    assert office.hand_in(mail, ASTRAY).state == "discarded"
    assert office.copies() == []


def test_at_most_three_a_day(office: PostOffice, invitation: Copy) -> None:
    """Whoever forges a member's address cannot make us send him more (promises.md I30)."""
    for number in range(5):
        office.hand_in(unthreaded(office.reply_mail(invitation, f"Q1 {number}")), ASTRAY)
    assert len(office.copies("fresh_ballot")) == 3
    office.write(YAMADA, "robot@ml.example.jp", "状態", proved=False)
    assert office.copies() == [], "of whatever kind"


def test_the_ballot_meant_among_several_surveys(office: PostOffice, invitation: Copy) -> None:
    """The 受付番号 in the text locates it where the Subject was rewritten (ballot.md section 9)."""
    office.open_survey(replace(SURVEY, key="S26-015"))
    entry = office.post(YAMADA, ASTRAY, text=f"Q1 2\n\n{invitation.text}", subject="回答")
    assert entry.state == "answered"
    assert "[S26-014]" in office.only_copy("fresh_ballot")["Subject"]
