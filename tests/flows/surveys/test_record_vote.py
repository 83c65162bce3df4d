"""A reply to a survey: what counts, who is told what, and what a second reply does to the first."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage

import pytest

from mailbot.core.members.register import Contact
from mailbot.flows.read_mail import read_mail
from mailbot.flows.surveys.close_survey import close_survey
from mailbot.store.mail import inbox
from mailbot.store.surveys import ledgers
from tests.flows.post_office import (
    BODIES,
    CONTACTS,
    MATSUMOTO,
    NAGANO,
    OFFICE,
    SATO,
    STRANGER,
    SURVEY,
    SUZUKI,
    UEDA,
    YAMADA,
    Copy,
    PostOffice,
    in_english,
)
from tests.mails.hostile import AUTHOR, SHAPES
from tests.thorough import part

COLLEAGUE = "ito@city.nagano.lg.jp"


def test_an_answer_at_the_top_counts_and_is_acknowledged(office: PostOffice, invitation: Copy) -> None:
    """The receipt says what was understood, in the sender's thread, from the null sender, and is the next ballot."""
    entry = office.reply(invitation, "Q1 2\nQ2 1,3\nQ3 検討します")
    assert entry.state == "voted"
    row = office.stands()[NAGANO].row
    assert (row.status, row.version) == ("counted", 1)
    assert row.answers == {"Q1": ("2",), "Q2": ("1", "3"), "Q3": "検討します"}
    receipt = office.only_copy("vote_receipt")
    assert (receipt.to, receipt.mail_from) == (YAMADA, "")
    assert receipt["Auto-Submitted"] == "auto-replied"
    assert receipt["Subject"].endswith("[S26-014]")
    assert "第1版" in receipt.text
    assert "【Q1回答】[ 2 ]" in receipt.text
    assert "【Q2回答】[ 1,3 ]" in receipt.text


def test_the_receipt_is_in_the_thread_of_the_reply(office: PostOffice, invitation: Copy) -> None:
    """In-Reply-To names the member's mail, References the whole thread."""
    mail = office.reply_mail(invitation, "Q1 1")
    office.hand_in(mail, office.reply_address(invitation))
    receipt = office.only_copy("vote_receipt")
    own = next(line for line in mail.decode().splitlines() if line.startswith("Message-ID:")).partition(" ")[
        2
    ]
    assert receipt["In-Reply-To"] == own
    assert receipt["References"].split() == [invitation["Message-ID"], own]


def test_answers_in_the_quoted_slots_count(office: PostOffice, invitation: Copy) -> None:
    """A member who writes between the brackets is understood as well."""
    office.reply(invitation, "", slots={"Q1": "3", "Q3": "特にありません"})
    assert office.stands()[NAGANO].row.answers == {"Q1": ("3",), "Q3": "特にありません"}


def test_what_is_unclear_is_asked_back_and_the_rest_counts(office: PostOffice, invitation: Copy) -> None:
    """A partial answer is counted as far as it goes; only the open question is printed again, and then completes it."""
    office.reply(invitation, "Q1 9\nQ3 異動の時期と重なります")
    row = office.stands()[NAGANO].row
    assert (row.status, row.version, row.answers) == ("partial", 1, {"Q3": "異動の時期と重なります"})
    assert [problem.question for problem in row.problems] == ["Q1"]
    asked = office.only_copy("vote_receipt")
    assert "一部確認" in asked["Subject"]
    assert "【Q1回答】" in asked.text
    assert "【Q3回答】" not in asked.text
    office.reply(asked, "", slots={"Q1": "1"})
    row = office.stands()[NAGANO].row
    assert (row.status, row.version) == ("counted", 2)
    assert row.answers == {"Q1": ("1",), "Q3": "異動の時期と重なります"}


def test_a_correction_in_the_quoted_receipt_changes_only_what_it_changes(
    office: PostOffice, invitation: Copy
) -> None:
    """A slot that comes back as it was says nothing new."""
    office.reply(invitation, "Q1 2\nQ2 1,3")
    receipt = office.only_copy("vote_receipt")
    office.reply(receipt, "", slots={"Q2": "2"})
    row = office.stands()[NAGANO].row
    assert (row.version, row.answers) == (2, {"Q1": ("2",), "Q2": ("2",)})
    assert "第2版" in office.only_copy("vote_receipt").text


def test_a_receipt_returned_unchanged_is_no_new_answer(office: PostOffice, invitation: Copy) -> None:
    """Thanks above a quoted receipt neither counts again nor is answered."""
    office.reply(invitation, "Q1 2")
    receipt = office.only_copy("vote_receipt")
    assert office.reply(receipt, "ありがとうございました。").state == "discarded"
    assert office.copies() == []
    assert office.stands()[NAGANO].row.version == 1


@pytest.mark.parametrize(
    ("command", "status", "state", "kind"),
    [
        ("取下げ", "withdrawn", "voted", "vote_receipt"),
        ("回答しない", "declined", "voted", "vote_receipt"),
        ("再送", "counted", "answered", "fresh_ballot"),
    ],
)
def test_commands(
    office: PostOffice, invitation: Copy, command: str, status: str, state: str, kind: str
) -> None:
    """A word alone on its line takes the vote back, declines, or has the ballot sent again as it stands."""
    office.reply(invitation, "Q1 2")
    office.copies()
    assert office.reply(invitation, command).state == state
    assert office.stands()[NAGANO].row.status == status
    copy = office.only_copy(kind)
    assert (copy.to, copy.mail_from, copy["Auto-Submitted"]) == (YAMADA, "", "auto-replied")
    if command == "再送":
        assert "【Q1回答】[ 2 ]" in copy.text


def test_a_withdrawn_vote_can_be_given_again(office: PostOffice, invitation: Copy) -> None:
    """Versions go on counting; the vote before the withdrawal does not come back."""
    office.reply(invitation, "Q1 2\nQ3 ご意見")
    office.reply(invitation, "取下げ")
    office.reply(invitation, "Q1 1")
    row = office.stands()[NAGANO].row
    assert (row.status, row.version, row.answers) == ("counted", 3, {"Q1": ("1",)})


@pytest.mark.parametrize(
    ("text", "ask"),
    [
        ("2", True),  # a bare number, several questions
        ("", True),  # the ballot returned untouched
        ("前向きに検討しております。", False),  # prose: the office reads it
    ],
)
def test_what_cannot_be_read_is_held_and_nothing_counts(
    office: PostOffice, invitation: Copy, text: str, ask: bool
) -> None:
    """The member is asked again, or the office looks at it; nothing is guessed (ballot.md section 8)."""
    entry = office.reply(invitation, text)
    assert entry.state == ("voted" if ask else "held")
    assert office.stands()[NAGANO].row.status == "held"
    assert office.stands()[NAGANO].row.version == 0
    copies = office.copies()
    assert {copy.kind for copy in copies} == ({"vote_receipt"} if ask else {"vote_receipt", "office_held"})


def test_an_attachment_alone_is_held(office: PostOffice, invitation: Copy) -> None:
    """An answer in a file is never opened: the office looks at it, and the sender hears that."""
    mail = EmailMessage()
    mail["From"], mail["Subject"], mail["Message-ID"] = YAMADA, "回答", "<file@nagano>"
    mail.set_content("\n")
    mail.add_attachment(b"PK\x03\x04", maintype="application", subtype="vnd.ms-excel", filename="回答.xls")
    entry = office.hand_in(mail.as_bytes(), office.reply_address(invitation))
    assert entry.state == "held"
    assert "添付" in entry.reason
    assert office.stands()[NAGANO].row.status == "held"


@pytest.mark.parametrize(
    ("fields", "mail_from", "state"),
    [
        ({"Auto_Submitted": "auto-replied", "Subject": "不在のお知らせ"}, YAMADA, "discarded"),
        ({"Subject": "自動応答: 出張中"}, YAMADA, "discarded"),
        ({"Subject": "Re: 調査"}, "", "discarded"),
        ({"X_Autoreply": "yes"}, YAMADA, "discarded"),
    ],
)
def test_a_machine_neither_votes_nor_is_answered(
    office: PostOffice, invitation: Copy, fields: dict[str, str], mail_from: str, state: str
) -> None:
    """Vacation notes and null senders leave no vote and get no mail (promises.md I14)."""
    to = office.reply_address(invitation)
    mail = office.mail(YAMADA, to, "ただいま不在にしております。", **fields)
    assert office.hand_in(mail, to, mail_from=mail_from).state == state
    assert office.stands() == {}
    assert office.copies() == []


def test_a_machine_with_a_filled_slot_is_for_the_office(office: PostOffice, invitation: Copy) -> None:
    """Held, but not answered."""
    mail = office.reply_mail(invitation, "", slots={"Q1": "2"}).replace(
        b"Subject: ", b"Subject: Automatic reply: ", 1
    )
    entry = office.hand_in(b"Auto-Submitted: auto-replied\r\n" + mail, office.reply_address(invitation))
    assert entry.state == "held"
    assert [copy.kind for copy in office.copies()] == ["office_held"]


def test_the_same_mail_counts_once(office: PostOffice, invitation: Copy) -> None:
    """Delivered again, by another way, with other trace fields: one row in the ledger (promises.md I17)."""
    mail = office.reply_mail(invitation, "Q1 2")
    to = office.reply_address(invitation)
    assert office.hand_in(mail, to).state == "voted"
    assert office.hand_in(b"Received: from b by c\r\n" + mail, to.upper()).state == "discarded"
    assert len(office.ledger()) == 1
    assert len(office.copies("vote_receipt")) == 1


def test_a_reply_after_the_close_is_late(office: PostOffice, invitation: Copy) -> None:
    """Our own time of receipt decides; it is kept, does not count, and its sender hears so (promises.md I18)."""
    office.reply(invitation, "Q1 2")
    office.copies()
    office.now = SURVEY.closes
    office.reply(invitation, "Q1 1")
    assert office.stands()[NAGANO].row.answers == {"Q1": ("2",)}
    assert [row.status for row in office.ledger()] == ["counted", "late"]
    receipt, told = office.copies()
    assert "期限後" in receipt["Subject"]
    assert "【Q1回答】" not in receipt.text.partition("さんは書きました")[0]
    assert told.to == OFFICE  # who may admit it


def test_a_reply_in_the_last_moment_counts_though_it_is_read_later(
    office: PostOffice, invitation: Copy
) -> None:
    """Received a microsecond before the close and read after it: it counts."""
    office.now = SURVEY.closes - timedelta(microseconds=1)
    number = office.store(office.reply_mail(invitation, "Q1 2"), office.reply_address(invitation))
    office.now = SURVEY.closes + timedelta(minutes=5)
    read_mail(office.database, office.site, number, office.now)
    assert office.stands()[NAGANO].row.status == "counted"


def test_a_reply_that_comes_after_the_close_is_late_by_a_slow_clock_too(
    office: PostOffice, invitation: Copy
) -> None:
    """Another node has closed the survey, and sent its result, by a clock that is ahead of ours: no vote is behind it (I20, V3)."""
    with office.database.write() as connection:
        close_survey(connection, office.site, SURVEY.key, SURVEY.closes, SURVEY.closes)
    office.now = SURVEY.closes - timedelta(milliseconds=300)
    entry = office.reply(invitation, "Q1 2")
    assert entry.received_at == SURVEY.closes
    assert office.stands()[NAGANO].row.status == "late"


def test_a_close_by_a_clock_a_day_ahead_touches_its_own_survey_alone(
    office: PostOffice, invitation: Copy
) -> None:
    """Its own replies are behind it, since the result is out; another survey's replies, and posts, came when they came."""
    other = office.open_survey(replace(SURVEY, key="S26-015"))[YAMADA]
    with office.database.write() as connection:
        close_survey(connection, office.site, SURVEY.key, SURVEY.closes, SURVEY.closes)
    office.now = SURVEY.closes - timedelta(days=1)
    assert office.reply(invitation, "Q1 2").received_at == SURVEY.closes
    assert office.stands()[NAGANO].row.status == "late"
    assert office.reply(other, "Q1 2").received_at == office.now
    assert office.stands("S26-015")[NAGANO].row.status == "counted"
    assert office.post(YAMADA).received_at == office.now


def test_long_after_the_close_a_reply_only_hears_that_it_is_over(
    office: PostOffice, invitation: Copy
) -> None:
    """A token is dead a month after the close (ballot.md sections 8 and 14)."""
    office.now = SURVEY.closes
    with office.database.write() as connection:
        close_survey(connection, office.site, SURVEY.key, office.now, office.now)
    office.copies()
    office.pass_time(timedelta(days=31))
    office.reply(invitation, "Q1 2")
    assert office.stands()[NAGANO].row.status == "late"
    assert "締め切りました" in office.only_copy("vote_receipt").text


@pytest.mark.parametrize(
    ("author", "fields", "status", "told"),
    [
        (YAMADA, {}, "counted", [YAMADA]),
        (SUZUKI, {}, "counted", [SUZUKI, YAMADA]),  # registered for the body
        (COLLEAGUE, {}, "counted", [COLLEAGUE, YAMADA]),  # the same domain
        (STRANGER, {}, "held", [YAMADA, OFFICE]),
        (SATO, {}, "held", [YAMADA, OFFICE]),  # another body's
        ("robot@ml.example.jp", {}, "held", [OFFICE]),  # ours
        (YAMADA, {"dmarc": "fail"}, "held", [OFFICE]),
        (YAMADA, {"dmarc": "pass"}, "counted", [YAMADA]),
    ],
)
def test_the_ladder_of_trust(
    office: PostOffice, invitation: Copy, author: str, fields: dict[str, str], status: str, told: list[str]
) -> None:
    """Who sent it decides whether it counts and who is told; a doubtful sender is never answered (ballot.md 10)."""
    mail = office.reply_mail(invitation, "Q1 2", author)
    if "dmarc" in fields:
        domain = author.partition("@")[2]
        stated = f"Authentication-Results: mx.example.jp; dmarc={fields['dmarc']} header.from={domain}\r\n"
        mail = stated.encode() + mail
    office.hand_in(mail, office.reply_address(invitation))
    assert office.stands()[NAGANO].row.status == status
    assert [copy.to for copy in office.copies()] == told


def test_a_deputy_does_not_replace_what_the_primary_answered(office: PostOffice, invitation: Copy) -> None:
    """It is kept beside, and the primary is asked (ballot.md section 11)."""
    office.reply(invitation, "Q1 2")
    office.copies()
    office.reply(invitation, "Q1 1", SUZUKI)
    stands = office.stands()[NAGANO]
    assert (stands.row.answers, stands.held) == ({"Q1": ("2",)}, True)
    assert [copy.to for copy in office.copies("primary_asked")] == [YAMADA]


def test_the_primary_replaces_what_a_deputy_answered(office: PostOffice, invitation: Copy) -> None:
    """A higher rank counts after a lower one."""
    office.reply(invitation, "Q1 2", SUZUKI)
    office.reply(invitation, "Q1 1")
    assert office.stands()[NAGANO].row.answers == {"Q1": ("1",)}


def test_at_most_five_receipts_an_hour_but_every_vote_counts(office: PostOffice, invitation: Copy) -> None:
    """The sixth change in an hour counts without a receipt, and the history says why (promises.md I14)."""
    entries = [office.reply(invitation, f"Q1 {1 + number % 3}") for number in range(6)]
    assert office.stands()[NAGANO].row.version == 6
    assert len(office.copies("vote_receipt")) == 5
    with office.database.read() as connection:
        story = inbox.story(connection, entries[-1].id)
    assert any("no receipt" in what for _, what in story)


def test_a_token_that_we_never_gave_out(office: PostOffice, invitation: Copy) -> None:
    """Mail for it (as IMAP may bring it) is quarantined and reaches no ballot."""
    entry = office.hand_in(office.mail(YAMADA, "x", "Q1 2"), "0000000000000000@kaitou.example.jp")
    assert entry.state == "quarantined"
    assert office.stands() == {}


def test_one_ballot_cannot_answer_for_another_body(office: PostOffice) -> None:
    """The token says whose vote it is, whatever ballot is quoted beneath."""
    invitations = office.open_survey()
    to = office.reply_address(invitations[SATO])
    office.hand_in(office.reply_mail(invitations[YAMADA], "Q1 1", SATO), to)
    assert set(office.stands()) == {MATSUMOTO}


def test_one_person_in_charge_of_two_bodies_answers_for_each(office: PostOffice) -> None:
    """Two bodies with the same contact get a ballot each, to the same address, and vote apart."""
    shared = Contact(UEDA, YAMADA, "山田太郎", "", 1)
    office.register(BODIES, [*(one for one in CONTACTS if one.code != UEDA), shared])
    office.apply(SURVEY)
    office.open_survey()
    by_body = {copy.text.split()[0]: copy for copy in office.all_copies() if copy.kind == "invitation"}
    assert [copy.to for name, copy in by_body.items() if name in {"長野市", "上田市"}] == [YAMADA, YAMADA]
    office.reply(by_body["長野市"], "Q1 1")
    office.reply(by_body["上田市"], "Q1 2")
    stands = office.stands()
    assert (stands[NAGANO].row.answers, stands[UEDA].row.answers) == ({"Q1": ("1",)}, {"Q1": ("2",)})


def test_a_vote_can_change_a_running_survey_only_by_the_ledger(office: PostOffice, invitation: Copy) -> None:
    """Every reply adds a row, and the chain over them holds (promises.md I19)."""
    for text in ("Q1 9", "Q1 2", "取下げ", "前向きに検討しております。", "Q1 3"):
        office.reply(invitation, text)
    assert [row.status for row in office.ledger()] == ["partial", "counted", "withdrawn", "held", "counted"]
    with office.database.read() as connection:
        assert ledgers.broken_link(connection, SURVEY.key) is None


def test_a_ballot_in_english(office: PostOffice) -> None:
    """An English site reads and answers in English."""
    english = in_english(office)
    questions = tuple(replace(question, text=f"Question {question.id}") for question in SURVEY.questions)
    invitation = english.open_survey(replace(SURVEY, title="Domains", questions=questions))[YAMADA]
    english.reply(invitation, "Q1 2")
    assert english.stands()[NAGANO].row.status == "counted"
    assert "received" in english.only_copy("vote_receipt").text.lower()


@pytest.mark.drawn
def test_hostile_replies_are_settled_and_hold_up_nobody(office: PostOffice, invitation: Copy) -> None:
    """A megabyte of whatever shape counts for nothing, and the reply behind all of them counts."""
    for name, make in part(list(SHAPES.items())):
        raw = make().replace(AUTHOR.encode(), YAMADA.encode(), 1)
        entry = office.hand_in(raw, office.reply_address(invitation))
        assert entry.state in {"voted", "held", "quarantined", "discarded"}, name
        assert "処理できませんでした" not in entry.reason, name
        office.pass_time(timedelta(hours=2))
    assert {row.status for row in office.ledger()}.isdisjoint({"counted", "late"})
    office.reply(invitation, "Q1 3")
    assert office.stands()[NAGANO].row.answers["Q1"] == ("3",)
