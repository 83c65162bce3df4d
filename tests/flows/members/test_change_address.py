"""A new address, a successor: the new address answers first, the old one may object, and nothing is left behind."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from mailbot.core.members.register import Contact
from mailbot.store.lists import lists, memberships
from mailbot.store.members import members
from mailbot.store.tables import ballot
from tests.flows.post_office import (
    KAIGI_REQUEST,
    MATSUMOTO,
    NAGANO,
    SATO,
    SUZUKI,
    TANAKA,
    YAMADA,
    PostOffice,
    find,
)

NEW = "sato.hanako@city.matsumoto.lg.jp"


def contacts(office: PostOffice, code: str = MATSUMOTO) -> list[Contact]:
    """Return the contacts of a body."""
    with office.database.read() as connection:
        return [person.contact for person in members.people_of(connection, code)]


def test_everything_moves_once_the_new_address_has_answered(office: PostOffice) -> None:
    """Register, lists with their settings, open ballots; the old address and the office hear of it."""
    invitations = office.open_survey()
    office.write(SATO, KAIGI_REQUEST, "自分の投稿 不要")
    office.copies()
    office.write(SATO, KAIGI_REQUEST, f"アドレス変更 {SATO} {NEW}")
    question = find(office.copies(), "confirm_address")
    assert question.to == NEW
    assert office.belongs("kaigi", SATO)
    assert office.reply(question, "").state == "answered"
    assert {contact.email for contact in contacts(office)} == {NEW}
    assert office.belongs("security", NEW)
    assert not office.belongs("security", SATO)
    assert not office.settings("kaigi", NEW).copies_own
    with office.database.read() as connection:
        assert ballot_address(office) == NEW
        assert memberships.of_person(connection, SATO) == []
    copies = office.copies()
    assert find(copies, "address_changed").to == SATO
    assert "名簿の元の表" in find(copies, "office_report").said
    assert find(copies, "member_answer").to == NEW
    assert office.reply(invitations[SATO], "1", author=NEW).state == "voted"


def ballot_address(office: PostOffice) -> str:
    """Return where the open survey's mails for Matsumoto go."""
    with office.database.read() as connection:
        found = connection.execute(select(ballot.c.address).where(ballot.c.code == MATSUMOTO))
        address: str = found.scalar_one()
    return address


def test_the_old_address_may_object_for_two_weeks(office: PostOffice) -> None:
    """取消 puts everything back, the name too; after that it is too late."""
    office.write(SATO, KAIGI_REQUEST, f"後任 {NEW} 鈴木 一郎")
    office.reply(find(office.copies(), "confirm_address"), "承認")
    notice = find(office.copies(), "address_changed")
    assert contacts(office)[0].name == "鈴木 一郎"
    assert office.reply(notice, "ありがとうございました。").state == "held"
    office.copies()
    office.pass_time(timedelta(days=13))
    assert office.reply(notice, "取消").state == "answered"
    assert [(one.email, one.name) for one in contacts(office)] == [(SATO, "佐藤花子")]
    assert office.belongs("security", SATO)
    assert not office.belongs("security", NEW)


def test_who_only_claims_to_be_the_owner_is_asked_first(office: PostOffice) -> None:
    """The registered address confirms, and only then is the new one asked."""
    office.write(SATO, KAIGI_REQUEST, f"アドレス変更 {NEW}", proved=False)
    question = office.only_copy("confirm_commands")
    assert question.to == SATO
    assert NEW in question.text
    office.reply(question, "")
    assert find(office.copies(), "confirm_address").to == NEW


def test_a_colleague_needs_the_offices_word(office: PostOffice) -> None:
    """A successor whose forerunner has gone: his colleague asks, he confirms, the office approves."""
    new = "kato@city.nagano.lg.jp"
    office.write(SUZUKI, KAIGI_REQUEST, f"後任 {YAMADA} {new} 加藤")
    office.reply(find(office.copies(), "confirm_address"), "はい")
    request = find(office.copies(), "office_request")
    assert request.to == office.site.office
    assert YAMADA in {one.email for one in contacts(office, NAGANO)}
    assert office.command(request, "承認").state == "answered"
    assert (contacts(office, NAGANO)[0].email, contacts(office, NAGANO)[0].name) == (new, "加藤")


@pytest.mark.parametrize(
    ("author", "line", "words"),
    [
        (TANAKA, f"アドレス変更 {SATO} {NEW}", "ご本人と同じ団体の方だけです"),
        (TANAKA, f"アドレス変更 nobody@city.ueda.lg.jp {NEW}", "ご本人と同じ団体の方だけです"),
        (SATO, f"アドレス変更 {SATO}", "新しいアドレスが、いまのアドレスと同じです"),
        (SATO, "アドレス変更 kaigi@ml.example.jp", "このサービス自身のアドレスのため"),
        (SATO, "アドレス変更", "のようにお書きください"),
        (SATO, "後任 鈴木", "のようにお書きください"),
    ],
)
def test_what_cannot_be_changed(office: PostOffice, author: str, line: str, words: str) -> None:
    """Somebody else's address, the same one, one of ours, none."""
    office.write(author, KAIGI_REQUEST, line)
    assert office.only_copy("member_answer").says(words)


def test_a_deputy_takes_the_post_over(office: PostOffice) -> None:
    """Who is registered for the body already keeps one entry, with the rank and tags of the post."""
    office.write(YAMADA, KAIGI_REQUEST, f"後任 {SUZUKI}")
    office.reply(find(office.copies(), "confirm_address"), "承認")
    (only,) = contacts(office, NAGANO)
    assert (only.email, only.rank, only.tags) == (SUZUKI, 1, frozenset({"security", "officer"}))
    with office.database.read() as connection:
        assert lists.member_addresses(connection, "security") == [SATO, SUZUKI]


def test_nobody_is_bombed_with_changes(office: PostOffice) -> None:
    """The new address gets three questions a day, whoever asks (I30)."""
    for _ in range(8):
        office.write(SATO, KAIGI_REQUEST, "アドレス変更 victim@else.example")
    assert len([copy for copy in office.copies() if copy.to == "victim@else.example"]) == 3
