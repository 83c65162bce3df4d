"""The office decides about a held mail, once: it goes out or counts, is refused, or is put aside."""

from __future__ import annotations

import pytest

from mailbot.core.refusal import Refusal
from mailbot.flows.announce_event import announce_event
from mailbot.flows.settle_held import settle_held
from mailbot.store import inbox
from tests.flows.post_office import EVENT, NAGANO, STRANGER, SURVEY, TANAKA, YAMADA, PostOffice


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
    assert "admitted by the office" in settle(office, late.id, "accept")
    assert office.stands()[NAGANO].row.status == "counted"


def test_an_unreadable_vote_cannot_be_accepted(office: PostOffice) -> None:
    """Prose is not made an answer by accepting it; the mail stays held."""
    invitation = office.open_survey()[YAMADA]
    held = office.reply(invitation, "前向きに検討しております。")
    with pytest.raises(Refusal, match="nothing in it can be read as an answer"):
        settle(office, held.id, "accept")
    assert state(office, held.id)[0] == "held"


def test_an_accepted_rsvp_gets_its_seat(office: PostOffice) -> None:
    """Like a vote."""
    office.apply(EVENT)
    with office.database.write() as connection:
        announce_event(connection, office.site, EVENT.key, 0, office.now)
    notice = next(copy for copy in office.copies("event_notice") if copy.to == YAMADA)
    held = office.reply(notice, "Q1 1", STRANGER)
    settle(office, held.id, "accept")
    assert office.stands(EVENT.key)[NAGANO].row.status == "attending"


def test_a_letter_to_the_owner_is_answered_by_the_office(office: PostOffice) -> None:
    """Mail for the people behind a list is held; accepting it says that it was answered."""
    held = office.post(TANAKA, "security-owner@ml.example.jp")
    assert held.state == "held"
    settle(office, held.id, "accept")
    assert state(office, held.id)[0] == "answered"
