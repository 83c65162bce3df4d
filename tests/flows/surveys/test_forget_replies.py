"""Raw replies are let go when their time is over; the figures and the chain stay."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from mailbot.core.refusal import Refusal
from mailbot.core.transfer.envelope import Envelope
from mailbot.flows.read_mail import read_mail
from mailbot.flows.surveys.close_survey import close_survey
from mailbot.flows.surveys.forget_replies import forget_replies
from mailbot.flows.surveys.recount import recount
from mailbot.store.mail import inbox
from mailbot.store.tables import mail, vote
from tests.flows.post_office import NAGANO, SATO, SURVEY, YAMADA, PostOffice

KEY = SURVEY.key
A_YEAR = timedelta(days=365)


def forget(office: PostOffice) -> int:
    """Let the raw replies go now."""
    with office.database.write() as connection:
        return forget_replies(connection, office.site, KEY, office.now)


def bytes_of_replies(office: PostOffice) -> list[bytes]:
    """Return what is left of every mail that came."""
    with office.database.read() as connection:
        return list(connection.execute(select(mail.c.content).order_by(mail.c.id)).scalars())


@pytest.fixture
def closed(office: PostOffice) -> PostOffice:
    """A survey that two bodies answered, and whose result is out."""
    invited = office.open_survey()
    office.reply(invited[YAMADA], "Q1 2\nQ2 1")
    office.reply(invited[SATO], "Q1 1")
    office.now = SURVEY.closes
    with office.database.write() as connection:
        close_survey(connection, office.site, KEY, office.now, office.now)
    return office


def test_not_before_their_time(closed: PostOffice) -> None:
    """A day before the year is over they stand, and the refusal names the day."""
    closed.pass_time(A_YEAR - timedelta(days=1))
    with pytest.raises(Refusal, match="kept until 2027-07-02"):
        forget(closed)
    assert all(bytes_of_replies(closed))


def test_the_figures_and_the_chain_stay(closed: PostOffice) -> None:
    """What each body answered and that nobody has changed it stays provable; the recount says what vouches for it."""
    before = closed.stands()[NAGANO].row
    closed.pass_time(A_YEAR)
    assert forget(closed) == 2
    assert bytes_of_replies(closed) == [b"", b""]
    assert closed.stands()[NAGANO].row == before
    with closed.database.read() as connection:
        found = recount(connection, closed.site, KEY)
    assert found.differences == ()
    assert {one.basis for one in found.votes} == {"chain"}
    assert any("were let go" in note for note in found.notes)
    assert forget(closed) == 0


def test_a_row_that_is_changed_afterwards_is_found(closed: PostOffice) -> None:
    """The chain alone is enough for that."""
    closed.pass_time(A_YEAR)
    forget(closed)
    with closed.database.write() as connection:
        connection.execute(update(vote).where(vote.c.code == NAGANO).values(answers='{"Q1": ["1"]}'))
    with closed.database.read() as connection:
        assert recount(connection, closed.site, KEY).differences


def test_a_mail_that_somebody_emptied_is_found(closed: PostOffice) -> None:
    """Without the journal's word an empty mail is a changed one."""
    with closed.database.write() as connection:
        connection.execute(update(mail).values(content=b""))
    with closed.database.read() as connection:
        assert recount(connection, closed.site, KEY).differences


def test_what_a_list_has_archived_stays(office: PostOffice) -> None:
    """A reply that went to a list as well is that list's post, too."""
    invitation = office.open_survey()[YAMADA]
    to = (office.reply_address(invitation), "security@ml.example.jp")
    with office.database.write() as connection:
        raw = office.reply_mail(invitation, "Q1 2")
        inbox.add(connection, [(raw, Envelope(YAMADA, to, "127.0.0.1", "smtp"))], lambda: office.now)
        numbers = [one.id for one in inbox.load_waiting(connection, 2)]
    for number in numbers:
        read_mail(office.database, office.site, number, office.now)
    office.now = SURVEY.closes
    with office.database.write() as connection:
        close_survey(connection, office.site, KEY, office.now, office.now)
    office.pass_time(A_YEAR)
    assert forget(office) == 0
    assert all(bytes_of_replies(office))


@pytest.mark.parametrize("change", [{"mode": "sealed"}, {"publish_at": "hand"}])
def test_whose_replies_are_still_needed_or_go_otherwise(office: PostOffice, change: dict[str, str]) -> None:
    """Those of a sealed survey are destroyed; those without a published result prove it first."""
    office.open_survey(replace(SURVEY, **change))  # type: ignore[arg-type]
    office.now = SURVEY.closes
    with office.database.write() as connection:
        close_survey(connection, office.site, KEY, office.now, office.now)
    office.pass_time(A_YEAR * 2)
    with pytest.raises(Refusal, match=r"is sealed|not out yet"):
        forget(office)
