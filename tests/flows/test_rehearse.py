"""A rehearsal says what a mail would cause, and leaves no trace."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import func, select

from mailbot.flows.events.announce_event import announce_event
from mailbot.flows.members.set_member import set_member
from mailbot.flows.rehearse import Rehearsal, rehearse
from mailbot.store.tables import metadata
from tests.flows.post_office import EVENT, SECURITY, STRANGER, SUZUKI, TANAKA, YAMADA, PostOffice


def rehearsed(office: PostOffice, raw: bytes, to: str, sender: str | None = None) -> Rehearsal:
    """Rehearse a mail, and see that no table has a row more or less."""
    before = counts(office)
    with office.database.read() as connection:
        found = rehearse(connection, office.site, raw, to, sender, office.now)
    assert counts(office) == before
    return found


def counts(office: PostOffice) -> dict[str, int]:
    """Return how many rows each table has."""
    with office.database.read() as connection:
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in metadata.sorted_tables
        }


def test_a_post_is_shown_as_it_would_leave(office: PostOffice) -> None:
    """Each rule with its result, the number that it would get, its headers and who would get it."""
    office.post(YAMADA)
    to = "security@ml.example.jp"
    found = rehearsed(office, office.mail(YAMADA, to, subject="点検"), to)
    assert found.outcome == "accept: post 2 goes to 3 members"
    assert len(found.recipients) == 3
    assert any(line.startswith("List-Id:") for line in found.headers)
    assert [name for name, _ in found.rules][:2] == ["same-post", "loop"]


def test_where_a_list_keeps_no_posts_whoever_wants_digests_is_among_them(office: PostOffice) -> None:
    """He gets each post there, since no digest can be made any more."""
    with office.database.write() as connection:
        set_member(connection, office.site, SECURITY.name, SUZUKI, office.now, mode="digest")
    office.apply(replace(SECURITY, archive=False))
    to = "security@ml.example.jp"
    mail = office.mail(YAMADA, to)
    found = rehearsed(office, mail, to)
    assert SUZUKI in found.recipients
    office.hand_in(mail, to)
    assert {copy.to for copy in office.copies("post")} == set(found.recipients)


def test_the_headers_are_those_of_the_copies(office: PostOffice) -> None:
    """Field by field, with the place in the archive; what differs from copy to copy has a name between percent signs."""
    office.site = replace(office.site, web_url="https://ml.example.jp")
    to = "security@ml.example.jp"
    mail = office.mail(YAMADA, to, subject="点検")
    shown = rehearsed(office, mail, to).headers
    office.hand_in(mail, to)
    copy = office.copies("post")[0]
    assert [line.partition(":")[0] for line in shown if not line.startswith((" ", "\t"))] == [
        *copy.mail.keys()
    ]
    assert f"Archived-At: {copy['Archived-At']}" in shown


@pytest.mark.parametrize(("author", "outcome"), [(TANAKA, "reject: "), (STRANGER, "hold: ")])
def test_a_post_that_would_not_go_out_says_why(office: PostOffice, author: str, outcome: str) -> None:
    """The rule that decides gives its sentence."""
    to = "security@ml.example.jp"
    found = rehearsed(office, office.mail(author, to), to)
    assert found.outcome.startswith(outcome)
    assert found.recipients == ()


def test_a_post_that_went_out_would_not_go_out_again(office: PostOffice) -> None:
    """What the list has sent it knows."""
    to = "security@ml.example.jp"
    mail = office.mail(YAMADA, to)
    office.hand_in(mail, to)
    assert rehearsed(office, mail, to).outcome.startswith("discard: ")


def test_a_reply_is_read_without_being_counted(office: PostOffice) -> None:
    """What would be understood of it."""
    invitation = office.open_survey()[YAMADA]
    mail = office.reply_mail(invitation, "Q1 2\nQ2 9")
    found = rehearsed(office, mail, office.reply_address(invitation))
    assert found.outcome.startswith("partial: Q1=('2',)")
    assert found.rules[0][0] == "Q2"
    assert office.ledger() == []


def test_an_answer_to_an_event_is_read_without_being_counted(office: PostOffice) -> None:
    """As one to a survey is: who comes, and that nothing is written."""
    office.apply(EVENT)
    with office.database.write() as connection:
        announce_event(connection, office.site, EVENT.key, 0, office.now)
    notice = next(copy for copy in office.copies("event_notice") if copy.to == YAMADA)
    mail = office.reply_mail(notice, "出席 2名")
    found = rehearsed(office, mail, office.reply_address(notice))
    assert found.outcome.startswith("counted: Q1=")
    assert office.stands(EVENT.key) == {}


@pytest.mark.parametrize(
    ("to", "outcome"),
    [
        ("nobody@ml.example.jp", "refused in the dialogue: 550 5.1.1"),
        ("0000000000000000@kaitou.example.jp", "refused in the dialogue: 550 5.1.1 (no such token)"),
        ("someone@elsewhere.example", "refused in the dialogue: 550 5.1.1"),
        ("security-owner@ml.example.jp", "see the manual: this address has its own rules"),
    ],
)
def test_other_addresses(office: PostOffice, to: str, outcome: str) -> None:
    """Unknown ones would hear 550; what the others are for is said in words."""
    found = rehearsed(office, office.mail(YAMADA, to), to)
    assert found.outcome == outcome
    assert "(" not in found.means


def test_a_mail_beyond_the_bounds_would_be_quarantined(office: PostOffice) -> None:
    """A thousand nested parts are not read, here as little as in earnest."""
    nested = b"".join(
        b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (n, n) for n in range(1000)
    )
    found = rehearsed(office, b"From: a@b.example\r\n" + nested, "security@ml.example.jp")
    assert found.outcome.startswith("quarantined: ")
