"""One person with several addresses: he writes from any of them, is one member, and reads everything once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailbot.core.audience import Selector
from mailbot.core.refusal import Refusal
from mailbot.core.register import Contact
from mailbot.flows.erase_person import erase_person
from mailbot.flows.export_person import export_person
from mailbot.flows.import_members import Incoming, import_members
from mailbot.flows.rehearse import rehearse
from mailbot.flows.undo_import import undo_import
from mailbot.store import lists, members
from mailbot.store.snapshots import broken_ledgers
from tests.flows.post_office import (
    BODIES,
    CONTACTS,
    KAIGI,
    MATSUMOTO,
    NAGANO,
    NEWS,
    SATO,
    SECURITY,
    STRANGER,
    SUZUKI,
    TANAKA,
    YAMADA,
    PostOffice,
)
from tests.flows.test_erase_person import traces
from tests.flows.test_obey_member import KAIGI_REQUEST, belongs, find, plain, settings, write

PHONE = "sato.hanako@docomo.example"
DESK = "joho@city.nagano.lg.jp"  # 山田's other desk


def with_others(*pairs: tuple[str, str]) -> list[Contact]:
    """Return the contacts, these with a further address each."""
    own = dict(pairs)
    return [replace(one, others=frozenset({own[one.email]})) if one.email in own else one for one in CONTACTS]


@pytest.fixture
def several(office: PostOffice) -> PostOffice:
    """An installation in which two persons have a further address."""
    office.register(BODIES, with_others((SATO, PHONE), (YAMADA, DESK)))
    return office


def received(office: PostOffice) -> list[str]:
    """Return to whom posts went since this was last asked."""
    return sorted(copy.to for copy in office.copies("post"))


def test_he_posts_from_each_of_his_addresses(several: PostOffice) -> None:
    """What he writes from a further address is a member's post, and names him as the register does."""
    assert several.post(PHONE).state == "posted"
    copies = several.copies("post")
    assert sorted(copy.to for copy in copies) == sorted([YAMADA, SUZUKI, SATO])
    assert "佐藤花子（松本市）" in copies[0]["From"]
    assert several.post(STRANGER).state != "posted"


def test_no_copy_of_his_own_posts_goes_to_him(several: PostOffice) -> None:
    """Who wants none of his own posts gets none, whatever address he wrote from."""
    write(several, SATO, KAIGI_REQUEST, "自分の投稿 不要")
    several.copies()
    assert several.post(PHONE, "kaigi@ml.example.jp").state == "posted"
    assert SATO not in received(several)


def test_one_copy_whatever_meets_him(several: PostOffice) -> None:
    """A list that names both of his addresses, and his tag, has him once, at the address where his mail goes."""
    both = replace(SECURITY, members=Selector(tags=("security",), emails=(PHONE, SATO.upper(), DESK)))
    several.apply(both)
    several.post(SUZUKI)
    assert received(several) == sorted([YAMADA, SUZUKI, SATO])


def test_an_address_that_was_a_member_by_itself(office: PostOffice) -> None:
    """Whom the office had added with his second address is one member when the register learns whose it is."""
    office.apply(replace(KAIGI, members=Selector(codes=(NAGANO,), emails=(PHONE,))))
    office.post(YAMADA, "kaigi@ml.example.jp")
    assert received(office) == sorted([YAMADA, SUZUKI, PHONE])
    office.register(BODIES, with_others((SATO, PHONE)))
    office.post(YAMADA, "kaigi@ml.example.jp")
    assert received(office) == sorted([YAMADA, SUZUKI, SATO])


def test_his_commands_are_his(several: PostOffice) -> None:
    """A command from a further address changes his settings, and is answered where he wrote."""
    write(several, PHONE, KAIGI_REQUEST, "停止")
    assert several.only_copy("member_answer").to == PHONE
    assert settings(several, "kaigi", SATO).off_from is not None
    several.post(YAMADA, "kaigi@ml.example.jp")
    assert SATO not in received(several)


def test_who_only_claims_a_further_address_is_asked_there(several: PostOffice) -> None:
    """Nothing vouches for the mail: the question goes to that registered address, and his reply from it counts."""
    write(several, PHONE, KAIGI_REQUEST, "停止", proved=False)
    question = several.only_copy("confirm_commands")
    assert question.to == PHONE
    assert several.reply(question, "承認").state == "answered"
    assert settings(several, "kaigi", SATO).off_from is not None


def test_a_question_may_be_answered_from_another_address_of_his(several: PostOffice) -> None:
    """What his main address is asked he may answer from the other; nobody else may."""
    write(several, SATO, KAIGI_REQUEST, "停止", proved=False)
    question = several.only_copy("confirm_commands")
    assert several.reply(question, "承認", author=TANAKA).state == "rejected"
    assert several.reply(question, "承認", author=PHONE).state == "answered"
    assert settings(several, "kaigi", SATO).off_from is not None


def test_his_vote_has_his_rank(several: PostOffice) -> None:
    """The primary's reply from a further address is the primary's: a deputy's does not pass it, and he may correct it."""
    invitation = several.open_survey()[YAMADA]
    assert several.reply(invitation, "Q1 1", author=DESK).state == "voted"
    assert [copy.to for copy in several.copies("vote_receipt")] == [DESK]
    several.reply(invitation, "Q1 2", author=SUZUKI)
    rows = several.ledger(code=NAGANO)
    assert [(row.status, row.level) for row in rows] == [("counted", "3"), ("held", "3")]
    several.copies()
    several.reply(invitation, "Q1 3", author=YAMADA)
    assert several.stands()[NAGANO].row.answers["Q1"] == ("3",)
    assert [copy.to for copy in several.copies("vote_receipt")] == [YAMADA]  # one copy for one person


def test_an_address_has_one_owner(office: PostOffice) -> None:
    """An import that would give one address to two persons changes nothing, and says whose it is."""
    with pytest.raises(Refusal, match=f"{SUZUKI} would belong to two persons, {SUZUKI} and {SATO}"):
        office.register(BODIES, with_others((SATO, SUZUKI)))
    with pytest.raises(Refusal, match="would belong to two persons"):
        office.register(BODIES, with_others((SATO, PHONE), (YAMADA, PHONE)))
    office.register(BODIES, with_others((SATO, PHONE)))
    moved = [*CONTACTS[:2], replace(CONTACTS[2], email=PHONE), *CONTACTS[3:]]
    office.register(BODIES, moved)  # within one person it is a move
    with office.database.read() as connection:
        assert [one.contact.email for one in members.people_of(connection, MATSUMOTO)] == [PHONE]


def test_an_import_with_further_addresses_is_taken_back(office: PostOffice) -> None:
    """They come with the diff, stay where a file has no column for them, and go with the undo."""
    with office.database.write() as connection:
        told = import_members(
            connection, office.site, Incoming(BODIES, with_others((SATO, PHONE))), office.now
        )
        assert [change.row for change in told.changes] == [with_others((SATO, PHONE))[2]]
        without = frozenset({"code", "email", "name", "role", "rank", "tags"})
        kept = Incoming(BODIES, CONTACTS, columns=without)
        assert import_members(connection, office.site, kept, office.now).changes == ()
        undo_import(connection, office.site, told.number, "office", office.now)
        assert members.people_at(connection, PHONE) == []
    assert office.post(PHONE).state != "posted"


def test_a_new_main_address_keeps_the_others(several: PostOffice) -> None:
    """Changing to an address of his own makes the old one a further one; the old may take it back."""
    write(several, SATO, KAIGI_REQUEST, f"アドレス変更 {PHONE}")
    assert several.reply(find(several.copies(), "confirm_address"), "承認").state == "answered"
    notice = find(several.copies(), "address_changed")
    with several.database.read() as connection:
        (now,) = members.people_of(connection, MATSUMOTO)
    assert (now.contact.email, now.contact.others) == (PHONE, frozenset({SATO}))
    assert belongs(several, "security", PHONE)
    assert several.post(SATO).state == "posted"
    assert several.reply(notice, "取消").state == "answered"
    with several.database.read() as connection:
        (now,) = members.people_of(connection, MATSUMOTO)
    assert (now.contact.email, now.contact.others) == (SATO, frozenset({PHONE}))


def test_a_successor_does_not_write_from_his_forerunners_addresses(several: PostOffice) -> None:
    """The further addresses stay with the person who goes; if he takes it back he has them again."""
    new = "kato@city.matsumoto.lg.jp"
    write(several, SATO, KAIGI_REQUEST, f"後任 {new}")
    several.reply(find(several.copies(), "confirm_address"), "承認")
    notice = find(several.copies(), "address_changed")
    assert several.post(PHONE).state != "posted"
    assert several.post(new).state == "posted"
    several.reply(notice, "取消")
    assert several.post(PHONE).state == "posted"


def test_a_further_address_of_another_is_no_new_address(several: PostOffice) -> None:
    """Nobody moves to an address that is registered as somebody else's."""
    write(several, TANAKA, KAIGI_REQUEST, f"アドレス変更 {PHONE}")
    assert plain("ほかの方のアドレス") in plain(several.only_copy("member_answer").text)


def test_a_rehearsal_names_the_person(several: PostOffice) -> None:
    """It says whose address it is, and who would get the post."""
    raw = several.mail(PHONE, "security@ml.example.jp")
    with several.database.read() as connection:
        shown = rehearse(connection, several.site, raw, "security@ml.example.jp", None, several.now)
    assert shown.rules[0] == ("author", f"writes from a further address of {SATO}")
    assert sorted(shown.recipients) == sorted([YAMADA, SUZUKI, SATO])


def test_his_body_left(several: PostOffice) -> None:
    """A person whose body has left is no member, from whatever address."""
    with several.database.read() as connection:
        assert lists.is_member(connection, "security", SATO)
        assert not lists.is_member(connection, "security", PHONE)


@pytest.mark.parametrize("named", [SATO, PHONE])
def test_handed_out_and_erased_whole(several: PostOffice, named: str) -> None:
    """Whichever of his addresses is named, all of them are handed out, and nothing of any is left."""
    several.apply(replace(NEWS, posters=Selector()))
    several.post(PHONE, text=f"携帯からです。返信は {SATO} へ。")
    several.reply(several.open_survey()[SATO], "Q1 1", author=PHONE)
    with several.database.read() as connection:
        files = {one.name: one for one in export_person(connection, named, several.now)}
    assert sum(name.startswith("sent/") for name in files) == 2
    assert PHONE.encode() in files["register.json"].content
    with several.database.write() as connection:
        erase_person(connection, several.site, named, several.now)
    assert traces(several, SATO) == traces(several, PHONE) == {}
    with several.database.read() as connection:
        assert broken_ledgers(connection) == []
