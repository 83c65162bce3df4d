"""One person with several addresses: he writes from any of them, is one member, and reads everything once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailbot.core.members.audience import Selector
from mailbot.core.members.register import Contact
from mailbot.core.refusal import Refusal
from mailbot.flows.members.add_address import add_address
from mailbot.flows.members.erase_person import erase_person
from mailbot.flows.members.export_person import export_person
from mailbot.flows.members.import_members import Incoming, import_members
from mailbot.flows.members.merge_persons import merge_persons
from mailbot.flows.members.set_member import add_member
from mailbot.flows.members.undo_import import undo_import
from mailbot.flows.rehearse import rehearse
from mailbot.store.lists import lists
from mailbot.store.members import members
from mailbot.store.office import journal
from mailbot.store.snapshots import broken_ledgers
from tests.flows.lists.test_decide_post import hold
from tests.flows.lists.test_send_digests import EVENING, at, choose, numbers, post
from tests.flows.members.test_erase_person import traces
from tests.flows.members.test_obey_link import follow, token
from tests.flows.post_office import (
    BODIES,
    CONTACTS,
    KAIGI,
    KAIGI_REQUEST,
    MATSUMOTO,
    NAGANO,
    NEWS,
    SATO,
    SECURITY,
    STRANGER,
    SUZUKI,
    TANAKA,
    UEDA,
    YAMADA,
    PostOffice,
    find,
)

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
    several.write(SATO, KAIGI_REQUEST, "自分の投稿 不要")
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
    several.write(PHONE, KAIGI_REQUEST, "停止")
    assert several.only_copy("member_answer").to == PHONE
    assert several.settings("kaigi", SATO).off_from is not None
    several.post(YAMADA, "kaigi@ml.example.jp")
    assert SATO not in received(several)


def test_who_only_claims_a_further_address_is_asked_there(several: PostOffice) -> None:
    """Nothing vouches for the mail: the question goes to that registered address, and his reply from it counts."""
    several.write(PHONE, KAIGI_REQUEST, "停止", proved=False)
    question = several.only_copy("confirm_commands")
    assert question.to == PHONE
    assert several.reply(question, "承認").state == "answered"
    assert several.settings("kaigi", SATO).off_from is not None


def test_a_question_may_be_answered_from_another_address_of_his(several: PostOffice) -> None:
    """What his main address is asked he may answer from the other; nobody else may."""
    several.write(SATO, KAIGI_REQUEST, "停止", proved=False)
    question = several.only_copy("confirm_commands")
    assert several.reply(question, "承認", author=TANAKA).state == "rejected"
    assert several.reply(question, "承認", author=PHONE).state == "answered"
    assert several.settings("kaigi", SATO).off_from is not None


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
    several.write(SATO, KAIGI_REQUEST, f"アドレス変更 {PHONE}")
    assert several.reply(find(several.copies(), "confirm_address"), "承認").state == "answered"
    notice = find(several.copies(), "address_changed")
    with several.database.read() as connection:
        (now,) = members.people_of(connection, MATSUMOTO)
    assert (now.contact.email, now.contact.others) == (PHONE, frozenset({SATO}))
    assert several.belongs("security", PHONE)
    assert several.post(SATO).state == "posted"
    assert several.reply(notice, "取消").state == "answered"
    with several.database.read() as connection:
        (now,) = members.people_of(connection, MATSUMOTO)
    assert (now.contact.email, now.contact.others) == (SATO, frozenset({PHONE}))


def test_a_successor_does_not_write_from_his_forerunners_addresses(several: PostOffice) -> None:
    """The further addresses stay with the person who goes; if he takes it back he has them again."""
    new = "kato@city.matsumoto.lg.jp"
    several.write(SATO, KAIGI_REQUEST, f"後任 {new}")
    several.reply(find(several.copies(), "confirm_address"), "承認")
    notice = find(several.copies(), "address_changed")
    assert several.post(PHONE).state != "posted"
    assert several.post(new).state == "posted"
    several.reply(notice, "取消")
    assert several.post(PHONE).state == "posted"


def test_a_further_address_of_another_is_no_new_address(several: PostOffice) -> None:
    """Nobody moves to an address that is registered as somebody else's."""
    several.write(TANAKA, KAIGI_REQUEST, f"アドレス変更 {PHONE}")
    assert "ほかの方のアドレス" in several.only_copy("member_answer").said


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


# --- added, dropped and merged -----------------------------------------------------------------------------------


def test_an_address_is_added_once_it_has_answered(office: PostOffice) -> None:
    """別アドレス追加: nothing is his before the new address says yes; then he writes from it, and hears of it."""
    office.write(SATO, KAIGI_REQUEST, f"別アドレス追加 {PHONE}")
    copies = office.copies()
    question = find(copies, "confirm_further_address")
    assert (question.to, find(copies, "member_answer").to) == (PHONE, SATO)
    assert office.post(PHONE).state != "posted"
    office.copies()
    assert office.reply(question, "承認").state == "answered"
    copies = office.copies()
    assert find(copies, "address_added").to == SATO
    assert find(copies, "member_answer").to == PHONE
    assert office.post(PHONE).state == "posted"
    with office.database.read() as connection:
        (line,) = [one.line for one in journal.every(connection) if one.line.what == "address.added"]
    assert (line.who, line.person, line.detail) == (SATO, SATO, f"{SATO} + {PHONE}")


def test_the_person_may_object(office: PostOffice) -> None:
    """取消 in reply to the notice takes the address away again."""
    office.write(SATO, KAIGI_REQUEST, f"別アドレス追加 {PHONE}")
    office.reply(find(office.copies(), "confirm_further_address"), "はい")
    notice = find(office.copies(), "address_added")
    assert office.reply(notice, "ありがとうございます。").state == "held"
    assert office.reply(notice, "取消").state == "answered"
    assert office.post(PHONE).state != "posted"


def test_who_only_claims_to_be_the_person_is_asked_first(office: PostOffice) -> None:
    """The registered address confirms before the new one is asked."""
    office.write(SATO, KAIGI_REQUEST, f"別アドレス追加 {PHONE}", proved=False)
    question = office.only_copy("confirm_commands")
    assert (question.to, PHONE in question.text) == (SATO, True)
    office.reply(question, "承認")
    assert find(office.copies(), "confirm_further_address").to == PHONE


def test_his_addresses_are_listed_and_dropped(several: PostOffice) -> None:
    """別アドレス shows them, 別アドレス削除 drops one, from whichever he writes."""
    several.write(PHONE, KAIGI_REQUEST, "別アドレス")
    answer = several.only_copy("member_answer")
    assert answer.to == PHONE
    assert f"お届け先は{SATO}" in answer.said
    assert PHONE in answer.text
    several.write(SATO, KAIGI_REQUEST, f"別アドレス削除 {PHONE}")
    several.copies()
    assert several.post(PHONE).state != "posted"
    several.copies()
    several.write(SATO, KAIGI_REQUEST, "状態\n別アドレス")
    answer = several.only_copy("member_answer")
    assert "別アドレスはありません" in answer.said


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (f"別アドレス追加 {SUZUKI}", "ほかの方のアドレス"),
        (f"別アドレス追加 {DESK}", "ほかの方のアドレス"),
        (f"別アドレス追加 {PHONE}", "すでにその方のアドレス"),
        (f"別アドレス追加 {SATO}", "すでにその方のアドレス"),
        ("別アドレス追加 kaigi@ml.example.jp", "このサービス自身"),
        (f"別アドレス削除 {SATO}", "外せません"),
        (f"別アドレス削除 {DESK}", "ご自分のアドレスとして登録されていません"),
        ("別アドレス追加", "アドレスを1つお書きください"),
    ],
)
def test_what_cannot_be_added_or_dropped(several: PostOffice, line: str, words: str) -> None:
    """Another person's, one's own, one of the service's; the address to which the mail goes."""
    several.write(SATO, KAIGI_REQUEST, line)
    assert several.only_copy("member_answer").says(words)


def test_somebody_else_was_faster(office: PostOffice) -> None:
    """What has become another person's while the question was open is not taken from him."""
    office.write(SATO, KAIGI_REQUEST, f"別アドレス追加 {PHONE}")
    question = find(office.copies(), "confirm_further_address")
    office.register(BODIES, with_others((TANAKA, PHONE)))
    assert office.reply(question, "承認").state == "answered"
    assert "ほかの方のアドレス" in office.only_copy("member_answer").said
    with office.database.read() as connection:
        assert members.people_at(connection, PHONE)[0].contact.email == TANAKA


def test_what_was_chosen_for_the_new_address_comes_along(office: PostOffice) -> None:
    """An address that the office had added to a list by itself brings the membership with it."""
    with office.database.write() as connection:
        add_member(connection, office.site, "security", "tanaka@home.example", office.now)
        add_address(connection, office.site, TANAKA, "tanaka@home.example", "office", office.now)
    office.post(YAMADA)
    assert received(office) == sorted([YAMADA, SUZUKI, SATO, TANAKA])


def test_two_entries_become_one_person(office: PostOffice) -> None:
    """The one that stays keeps name and settings, and takes over rank, tags, lists and open questions of the other."""
    invitations = office.open_survey()
    office.write(YAMADA, KAIGI_REQUEST, "自分の投稿 不要")
    office.copies()
    with office.database.write() as connection:
        merged = merge_persons(connection, SUZUKI, YAMADA, "office", office.now)
        (now,) = members.people_of(connection, NAGANO)
        assert (now.contact.email, now.contact.rank, now.contact.others) == (SUZUKI, 1, frozenset({YAMADA}))
        assert now.contact.tags == {"security", "officer"}
        assert not lists.is_member(connection, "security", YAMADA)
    office.post(YAMADA)
    assert received(office) == sorted([SATO, SUZUKI])
    assert not office.settings("kaigi", SUZUKI).copies_own
    assert office.reply(invitations[YAMADA], "Q1 1").state == "voted"
    with office.database.write() as connection:
        with pytest.raises(Refusal, match="are one person already"):
            merge_persons(connection, SUZUKI, YAMADA, "office", office.now)
        undo_import(connection, office.site, merged.number, "office", office.now)
        assert [one.contact for one in members.people_of(connection, NAGANO)] == list(CONTACTS[:2])


def test_two_persons_of_different_bodies_become_one(office: PostOffice) -> None:
    """He stands for both bodies, and reads a post to both once."""
    with office.database.write() as connection:
        merge_persons(connection, SATO, TANAKA, "office", office.now)
        people = members.people_at(connection, TANAKA)
    assert [(one.body.code, one.contact.email) for one in people] == [(MATSUMOTO, SATO), (UEDA, SATO)]
    office.post(YAMADA, "kaigi@ml.example.jp")
    assert received(office).count(SATO) == 1
    assert TANAKA not in received(office)


# --- wherever else one person is known --------------------------------------------------------------------------


def test_a_link_in_an_old_copy_still_leaves(office: PostOffice) -> None:
    """A copy that went to what is a further address by now takes its person off the list."""
    link = token(office, TANAKA)
    with office.database.write() as connection:
        merge_persons(connection, SATO, TANAKA, "office", office.now)
    assert office.belongs("kaigi", SATO)
    follow(office, link)
    assert not office.belongs("kaigi", SATO)


def test_a_moderator_decides_from_another_address(several: PostOffice) -> None:
    """The moderator's word counts from any of his addresses, and from nobody else's."""
    held, asked = hold(several)
    assert several.reply(asked[SATO], "承認", author=TANAKA).state == "rejected"
    assert several.reply(asked[SATO], "承認", author=PHONE).state == "answered"
    assert several.state(held.id) == "posted"


def test_trust_and_a_first_post_are_the_persons(several: PostOffice) -> None:
    """Whose posts go out by themselves from one address, his go out from the other; he is new once."""
    several.apply(replace(SECURITY, moderated="new", moderators=(YAMADA,)))
    first = several.post(SATO)
    assert first.state == "held"
    several.reply(several.copies("moderate_post")[0], "承認")
    assert several.post(PHONE).state == "posted"
    several.apply(replace(SECURITY, moderated="yes", moderators=(YAMADA,)))
    several.copies()
    assert several.post(PHONE).state == "held"
    several.reply(several.copies("moderate_post")[0], "承認して以後も")
    assert several.post(SATO).state == "posted"


def test_a_digest_leaves_his_own_posts_out(several: PostOffice) -> None:
    """Who wants none of his own has none of them in digests, from whichever address he posted."""
    choose(several, "まとめ送り\n自分の投稿 不要", SATO)
    post(several, PHONE)
    post(several, YAMADA)
    (digest,) = [copy for copy in at(several, EVENING) if copy.to == SATO]
    assert numbers(digest) == [2]
