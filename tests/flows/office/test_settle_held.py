"""The office decides about a held mail, once: it goes out or counts, is refused, or is put aside."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailbot.core.refusal import Refusal
from mailbot.flows.events.announce_event import announce_event
from mailbot.flows.office.settle_held import settle_held
from mailbot.flows.surveys.close_survey import close_survey
from mailbot.flows.surveys.recount import recount
from mailbot.store.mail import inbox
from tests.flows.post_office import (
    EVENT,
    NAGANO,
    STRANGER,
    SURVEY,
    SUZUKI,
    TANAKA,
    YAMADA,
    Copy,
    PostOffice,
    in_english,
)


def settle(office: PostOffice, number: int, decision: str, reason: str = "") -> str:
    """Decide about a mail, as `mailbot held accept|reject|discard` does."""
    with office.database.write() as connection:
        return settle_held(connection, office.site, number, decision, reason, office.now)


def state(office: PostOffice, number: int) -> tuple[str, str]:
    """Return the state and reason of a mail."""
    with office.database.read() as connection:
        entry = inbox.entry(connection, number)
    assert entry is not None
    return entry.state, entry.reason


def test_an_accepted_post_goes_out_like_any_other(office: PostOffice) -> None:
    """It gets the next number; a stranger does not become a member by it."""
    held = office.post(STRANGER, subject="ご案内")
    office.copies()
    assert settle(office, held.id, "accept") == (
        f"mail {held.id}: posted, accepted by the office: post 1 to 3 members"
    )
    assert [copy["Subject"] for copy in office.copies("post")] == ["[security:00001] ご案内"] * 3
    assert state(office, held.id)[0] == "posted"
    assert office.post(STRANGER).state == "held"


def test_a_rejected_post_tells_its_author_the_office_s_own_words(office: PostOffice) -> None:
    """A reason that was given stands in the answer; else a plain one does."""
    held = [office.post(STRANGER) for _ in range(2)]
    office.copies()
    settle(office, held[0].id, "reject", "会員の方からご投稿ください。")
    assert "会員の方からご投稿ください。" in office.only_copy("post_rejected").text
    settle(office, held[1].id, "reject")
    assert "見合わせ" in office.only_copy("post_rejected").text
    assert state(office, held[0].id) == ("rejected", "会員の方からご投稿ください。")


def test_a_discarded_mail_is_put_aside_in_silence(office: PostOffice) -> None:
    """Nobody hears of it, and the history keeps it."""
    held = office.post(STRANGER)
    office.copies()
    settle(office, held.id, "discard", "迷惑メール")
    assert office.copies() == []
    assert state(office, held.id) == ("discarded", "迷惑メール")


def test_a_decision_is_made_once(office: PostOffice) -> None:
    """The second is refused and says what became of the mail."""
    held = office.post(STRANGER)
    settle(office, held.id, "accept")
    office.copies()
    with pytest.raises(Refusal, match=f"mail {held.id} is posted, not held"):
        settle(office, held.id, "accept")
    assert office.copies() == []


@pytest.mark.parametrize("what", ["unknown", "posted"])
def test_only_what_is_held_can_be_decided(office: PostOffice, what: str) -> None:
    """An unknown number, and a mail that went its way, are refused with what to do."""
    number = office.post(YAMADA).id if what == "posted" else 4711
    with pytest.raises(Refusal, match=f"is {what}, not held; `mailbot held list`"):
        settle(office, number, "discard")


def test_an_accepted_vote_counts_as_it_was_read(office: PostOffice) -> None:
    """A reply from a private address counts when the office says so; the registered contact gets the receipt."""
    invitation = office.open_survey()[YAMADA]
    held = office.reply(invitation, "Q1 2", "taro@gmail.com")
    office.copies()
    assert "admitted by the office" in settle(office, held.id, "accept")
    row = office.stands()[NAGANO].row
    assert (row.status, row.version, row.answers) == ("counted", 1, {"Q1": ("2",)})
    assert office.only_copy("vote_receipt").to == YAMADA


def test_a_late_vote_may_be_admitted(office: PostOffice) -> None:
    """What came after the close waits for the office, and counts once the office says so."""
    invitation = office.open_survey()[YAMADA]
    office.now = SURVEY.closes
    late = office.reply(invitation, "Q1 2")
    assert late.state == "held"
    assert office.stands()[NAGANO].row.status == "late"
    office.copies()
    assert "admitted by the office" in settle(office, late.id, "accept")
    assert office.stands()[NAGANO].row.status == "counted"
    told = office.only_copy("vote_receipt").text
    assert "締切を過ぎていますので、返信で直すことはできません。" in told
    assert "　受付済み　Q1 利用していない" in told
    assert "【Q1回答】" not in told  # no ballot to fill in
    assert "取り消す" not in told


def test_an_unreadable_vote_cannot_be_accepted(office: PostOffice) -> None:
    """Prose is not made an answer by accepting it; the mail stays held."""
    invitation = office.open_survey()[YAMADA]
    held = office.reply(invitation, "前向きに検討しております。")
    said = rf"U-000{held.id} には、お答えとして読み取れるところがありません.*{YAMADA} に番号での返信を"
    with pytest.raises(Refusal, match=said):
        settle(office, held.id, "accept")
    assert state(office, held.id)[0] == "held"


# --- a held reply that is refused, or put aside -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("author", "told"),
    [
        (YAMADA, {YAMADA}),
        (SUZUKI, {YAMADA, SUZUKI}),
        (STRANGER, {YAMADA}),
        ("kato@city.nagano.lg.jp", {YAMADA}),
    ],
)
def test_a_rejected_reply_is_answered_to_registered_addresses_alone(
    office: PostOffice, author: str, told: set[str]
) -> None:
    """They read the reason and whose reply it was, and have the ballot again; no stranger hears a word."""
    invitation = office.open_survey()[YAMADA]
    held = office.reply(invitation, "前向きに検討しております。", author)
    assert held.state == "held"
    office.copies()
    settle(office, held.id, "reject", "番号でお答えください。")
    copies = office.copies()
    assert {(copy.kind, copy.to) for copy in copies} == {("reply_rejected", address) for address in told}
    mail = next(copy for copy in copies if copy.to == YAMADA)
    assert "番号でお答えください。" in mail.text
    assert author in mail.text
    assert mail["Subject"].endswith("[S26-014]")
    assert state(office, held.id) == ("rejected", "番号でお答えください。")
    office.reply(mail, "", slots={"Q1": "1"})
    assert office.stands()[NAGANO].row.answers == {"Q1": ("1",)}


def test_a_rejected_reply_in_english(office: PostOffice) -> None:
    """The twin says the same."""
    english = in_english(office)
    invitation = english.open_survey()[YAMADA]
    held = english.reply(invitation, "Q1 2", STRANGER)
    english.copies()
    settle(english, held.id, "reject")
    assert "The office declined it." in english.only_copy("reply_rejected").text


def test_the_answer_to_a_rejected_reply_keeps_the_limit(office: PostOffice) -> None:
    """Six an hour are too many to one address."""
    invitation = office.open_survey()[YAMADA]
    held = [office.reply(invitation, f"検討しております。{number}", STRANGER) for number in range(7)]
    office.copies()
    for one in held:
        settle(office, one.id, "reject")
    assert len(office.copies("reply_rejected")) < 6


@pytest.mark.parametrize("sealed", [False, True])
@pytest.mark.parametrize("decision", ["reject", "discard"])
def test_what_the_office_decided_about_waits_no_more(office: PostOffice, decision: str, sealed: bool) -> None:
    """The ledger says who left which reply aside; other held replies of the body wait on, and the vote stands."""
    survey = replace(SURVEY, mode="sealed" if sealed else "aggregate")
    invitation = office.open_survey(survey)[YAMADA]
    first = office.reply(invitation, "Q1 2", STRANGER)
    office.reply(invitation, "Q1 1")
    second, third = (office.reply(invitation, f"Q1 {number}", STRANGER) for number in (3, 2))
    settle(office, first.id, decision)
    settle(office, second.id, decision, "別の団体の方でした。")
    assert office.stands()[NAGANO].held
    settle(office, third.id, decision)
    stands = office.stands()[NAGANO]
    assert (stands.held, stands.row.answers, stands.row.version) == (False, {"Q1": ("1",)}, 1)
    row = next(row for row in office.ledger() if row.reason == "別の団体の方でした。")
    assert (row.status, row.by, row.inbox_id, row.waits_for) == ("ignored", "office", second.id, "")
    for _ in range(2):
        with office.database.read() as connection:
            found = recount(connection, office.site, SURVEY.key)
        assert found.differences == ()
        assert [check.basis for check in found.votes].count("person") == 3
        assert not any("not compared" in note for note in found.notes)  # nobody but the body decided its vote
        assert found.tally["Q1"]["1"] == 1
        assert not office.stands()[NAGANO].held
        if found.state == "open":  # and once more after the close
            office.now = SURVEY.closes
            with office.database.write() as connection:
                close_survey(connection, office.site, SURVEY.key, office.now, office.now)


def test_a_reply_that_was_rejected_is_not_counted_on_the_primarys_word(office: PostOffice) -> None:
    """The question to the primary is answered by then; another one that waits is not."""
    invitation = office.open_survey()[YAMADA]
    held = office.reply(invitation, "Q1 2", STRANGER)
    asked = office.copies("primary_asked")[0]
    settle(office, held.id, "reject")
    office.reply(asked, "承認")
    assert office.stands()[NAGANO].row.status == "held"
    office.reply(invitation, "Q1 3", STRANGER)
    settle(office, office.reply(invitation, "前向きに検討しております。", SUZUKI).id, "discard")
    office.reply(asked, "承認")
    assert office.stands()[NAGANO].row.answers == {"Q1": ("3",)}


def test_a_late_reply_that_is_rejected_gets_no_ballot(office: PostOffice) -> None:
    """There is nothing left to answer."""
    invitation = office.open_survey()[YAMADA]
    office.now = SURVEY.closes
    late = office.reply(invitation, "Q1 2")
    office.copies()
    settle(office, late.id, "reject", "締切を過ぎたためです。")
    mail = office.only_copy("reply_rejected")
    assert "【Q1回答】" not in mail.text
    assert "jimukyoku@example.jp" in mail["Reply-To"]


def noticed(office: PostOffice) -> Copy:
    """Announce an event, and return what Nagano was sent."""
    office.apply(EVENT)
    with office.database.write() as connection:
        announce_event(connection, office.site, EVENT.key, 0, office.now)
    return next(copy for copy in office.copies("event_notice") if copy.to == YAMADA)


def test_a_rejected_rsvp_is_answered_too(office: PostOffice) -> None:
    """With the form again, until the day by which to answer."""
    held = office.reply(noticed(office), "Q1 1", STRANGER)
    assert held.state == "held"
    office.copies()
    settle(office, held.id, "reject", "会員の方だけの催しです。")
    mail = office.only_copy("reply_rejected")
    assert (mail.to, "会員の方だけの催しです。" in mail.text) == (YAMADA, True)
    assert "2026年10月9日（金）17時00分" in mail.text
    assert not office.stands(EVENT.key)[NAGANO].held
    office.reply(mail, "", slots={"Q1": "1"})
    assert office.stands(EVENT.key)[NAGANO].row.status == "attending"


def test_an_accepted_rsvp_gets_its_seat(office: PostOffice) -> None:
    """Like a vote."""
    held = office.reply(noticed(office), "Q1 1", STRANGER)
    settle(office, held.id, "accept")
    assert office.stands(EVENT.key)[NAGANO].row.status == "attending"


def test_a_letter_to_the_owner_is_answered_by_the_office(office: PostOffice) -> None:
    """Mail for the people behind a list is held; accepting it says that it was answered."""
    held = office.post(TANAKA, "security-owner@ml.example.jp")
    assert held.state == "held"
    settle(office, held.id, "accept")
    assert state(office, held.id)[0] == "answered"


@pytest.mark.parametrize(
    "to", ["security-owner@ml.example.jp", "postmaster@ml.example.jp", "survey@ml.example.jp"]
)
def test_the_office_reads_the_letter_that_it_is_to_answer(office: PostOffice, to: str) -> None:
    """Its words stand in the mail to the office; to the surveys' address not while a sealed one runs, for it may be a vote."""
    office.post(STRANGER, to, text="締切はいつですか。")
    told = office.only_copy("office_held").text
    assert "締切はいつですか。" in told
    assert "採用" in told
    office.open_survey(replace(SURVEY, mode="sealed"))
    office.post(STRANGER, to, text="会場はどこですか。")
    assert ("会場はどこですか。" in office.only_copy("office_held").text) is not to.startswith("survey@")


def with_archive(mail: bytes) -> bytes:
    """Return a reply with an archive attached."""
    head, _, body = mail.partition(b"\r\n\r\n")
    kind = b"Content-Type: text/plain; charset=UTF-8"
    head = head.replace(kind, b"Content-Type: multipart/mixed; boundary=b")
    archive = b"--b\r\nContent-Type: application/zip; name=kaitou.zip\r\n\r\nPK\r\n--b--\r\n"
    return head + b"\r\n\r\n--b\r\n" + kind + b"\r\n\r\n" + body + b"\r\n" + archive


def test_an_answer_beside_an_archive_counts_when_it_is_admitted(office: PostOffice) -> None:
    """The desk sees it first (ballot.md section 14); admitted, it counts as it was read, and the recount agrees."""
    invitation = office.open_survey()[YAMADA]
    mail = with_archive(office.reply_mail(invitation, "Q1 2"))
    held = office.hand_in(mail, office.reply_address(invitation))
    assert held.state == "held"
    assert office.stands()[NAGANO].row.version == 0
    settle(office, held.id, "accept")
    row = office.stands()[NAGANO].row
    assert (row.status, row.answers, row.version) == ("counted", {"Q1": ("2",)}, 1)
    with office.database.read() as connection:
        assert not recount(connection, office.site, SURVEY.key).differences


def test_an_answer_below_the_subject_of_a_vacation_note_counts_when_it_is_admitted(
    office: PostOffice,
) -> None:
    """The machine may have been a person (ballot.md section 13)."""
    invitation = office.open_survey()[YAMADA]
    mail = office.reply_mail(invitation, "Q1 2").replace(
        b"Subject: Re: ", "Subject: 休暇中につき携帯から ".encode()
    )
    held = office.hand_in(mail, office.reply_address(invitation))
    assert held.state == "held"
    settle(office, held.id, "accept")
    assert office.stands()[NAGANO].row.status == "counted"


def test_a_place_beside_an_archive_is_for_the_office(office: PostOffice) -> None:
    """A seminar's reply is looked at as a survey's is."""
    office.apply(EVENT)
    with office.database.write() as connection:
        announce_event(connection, office.site, EVENT.key, 0, office.now)
    notice = next(copy for copy in office.copies("event_notice") if copy.to == YAMADA)
    held = office.hand_in(with_archive(office.reply_mail(notice, "Q1 1")), office.reply_address(notice))
    assert held.state == "held"
    assert office.stands(EVENT.key)[NAGANO].row.status == "unclear"
    settle(office, held.id, "accept")
    assert office.stands(EVENT.key)[NAGANO].row.status == "attending"
