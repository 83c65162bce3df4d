"""The register: what an import changes, that the lists follow it, and that it can be taken back."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from mailbot.core.lists.mailing_list import MailingList
from mailbot.core.members.audience import Selector
from mailbot.core.members.register import Body, Contact, full_code
from mailbot.core.members.register_change import Change
from mailbot.core.refusal import Refusal
from mailbot.flows.members.import_members import Imported, Incoming, import_members
from mailbot.flows.members.undo_import import undo_import
from mailbot.store.lists import lists
from mailbot.store.members import imports, members
from tests.flows.post_office import BODIES, CONTACTS, NAGANO, NOW, SATO, SUZUKI, YAMADA, PostOffice

IIDA = Body("202053", "飯田市", "city", "長野県", 100_000)


def run(office: PostOffice, contacts: list[Contact], bodies: tuple[Body, ...] = BODIES) -> Imported:
    """Import these contacts with their bodies."""
    codes = {contact.code for contact in contacts}
    incoming = Incoming(
        [body for body in bodies if body.code in codes], contacts, "meibo.csv", "ab" * 32, "office"
    )
    with office.database.write() as connection:
        return import_members(connection, office.site, incoming, office.now)


def undo(office: PostOffice, number: int | None = None, *, keep_later: bool = False) -> Imported:
    """Take an import back."""
    with office.database.write() as connection:
        return undo_import(connection, office.site, number, "office", office.now, keep_later=keep_later)


def addresses(office: PostOffice) -> list[str]:
    """Return the members of the closed list."""
    with office.database.read() as connection:
        return lists.member_addresses(connection, "security")


def register(office: PostOffice) -> list[Contact]:
    """Return every contact, in the order in which they are asked."""
    with office.database.read() as connection:
        return [person.contact for person in members.people(connection)]


def test_the_same_file_again_changes_nothing(office: PostOffice) -> None:
    """Not a body, not a contact; and there is nothing to take back."""
    assert run(office, list(CONTACTS)) == Imported((), None)


def test_a_new_person_in_charge_replaces_the_old_one_everywhere(office: PostOffice) -> None:
    """In April 山田 goes and 小林 comes: the lists know it at once, other bodies stay as they were."""
    kobayashi = Contact(NAGANO, "kobayashi@city.nagano.lg.jp", "小林", "", 1, frozenset({"security"}))
    assert set(run(office, [kobayashi, CONTACTS[1]]).changes) == {
        Change(None, kobayashi),
        Change(CONTACTS[0], None),
    }
    assert set(addresses(office)) == {"kobayashi@city.nagano.lg.jp", SUZUKI, SATO}
    assert office.post(YAMADA).state == "held"  # he is a stranger now


def test_a_tag_that_goes_takes_the_membership_along(office: PostOffice) -> None:
    """A contact without the tag is no longer a member of the list that asks for it."""
    changed = replace(CONTACTS[0], tags=frozenset({"officer"}))
    assert run(office, [changed, CONTACTS[1]]).changes == (Change(CONTACTS[0], changed),)
    assert YAMADA not in addresses(office)


def test_a_survey_that_runs_keeps_its_ballots(office: PostOffice) -> None:
    """Who leaves the register in the middle of a survey leaves a vote that still counts."""
    invitation = office.open_survey()[YAMADA]
    office.reply(invitation, "Q1 1")
    run(office, [CONTACTS[1]])
    assert office.stands()[NAGANO].row.status == "counted"
    with office.database.read() as connection:
        assert [person.contact.email for person in members.people(connection, [NAGANO])] == [SUZUKI]


def test_an_import_is_written_down(office: PostOffice) -> None:
    """When, by whom, from which file, and what it changed."""
    number = run(office, [CONTACTS[1]]).number
    assert number is not None
    with office.database.read() as connection:
        found = imports.load(connection, number)
        assert found == imports.every(connection)[0]
        assert imports.changes(connection, number) == (Change(CONTACTS[0], None),)
        assert imports.counts(connection)[number]["contacts_removed"] == 1
    assert found is not None
    assert (found.made_at, found.made_by, found.source, found.sha256) == (
        NOW,
        "office",
        "meibo.csv",
        "ab" * 32,
    )


def test_an_import_is_taken_back_exactly(office: PostOffice) -> None:
    """Bodies and contacts are as they were, in the order in which they are asked, and the lists with them."""
    office.register(
        BODIES, [*CONTACTS, replace(CONTACTS[1], email="a@city.nagano.lg.jp")]
    )  # of the same rank
    before = register(office)
    run(
        office,
        [replace(CONTACTS[0], name="山田", tags=frozenset()), Contact(IIDA.code, "i@city.iida.lg.jp")],
        (*BODIES, IIDA),
    )
    assert addresses(office) != [SATO, SUZUKI, YAMADA]
    undo(office)
    assert register(office) == before
    assert YAMADA in addresses(office)
    with office.database.read() as connection:
        assert members.bodies(connection) == {body.code: body for body in BODIES}


def test_an_undo_can_be_taken_back_too(office: PostOffice) -> None:
    """It is an import itself; the one that it took back is not taken back twice."""
    number = run(office, [CONTACTS[1]]).number
    own = undo(office, number).number
    with pytest.raises(Refusal, match=rf"import {number} was taken back already, by import {own}"):
        undo(office, number)
    undo(office, own)
    assert YAMADA not in [contact.email for contact in register(office)]


def test_what_changed_again_since_is_not_overwritten(office: PostOffice) -> None:
    """The undo says what is in its way, or leaves exactly that as it is."""
    first = run(office, [replace(CONTACTS[0], name="誤"), replace(CONTACTS[1], name="誤")]).number
    run(office, [replace(CONTACTS[0], name="正"), replace(CONTACTS[1], name="誤")])
    with pytest.raises(
        Refusal, match=f"import {first} cannot be taken back whole: {NAGANO} {YAMADA} changed again"
    ):
        undo(office, first)
    undo(office, first, keep_later=True)
    assert [contact.name for contact in register(office) if contact.code == NAGANO] == ["正", "鈴木一郎"]


def test_a_body_that_was_asked_something_stays(office: PostOffice) -> None:
    """Its ballots are history; the undo says so, or leaves the body where it is."""
    run(office, [Contact(IIDA.code, "i@city.iida.lg.jp")], (IIDA,))
    office.open_survey()
    with pytest.raises(Refusal, match=f"{IIDA.code} got ballots since"):
        undo(office)
    undo(office, keep_later=True)
    with office.database.read() as connection:
        assert IIDA.code in members.bodies(connection)
        assert members.people_of(connection, IIDA.code) == []


@pytest.mark.parametrize(("number", "sentence"), [(77, "there is no import 77"), (None, None)])
def test_an_undo_of_nothing(office: PostOffice, number: int | None, sentence: str | None) -> None:
    """An import that is not there is named; without a number it is the newest that stands."""
    if sentence:
        with pytest.raises(Refusal, match=sentence):
            undo(office, number)
        return
    run(office, [CONTACTS[1]])
    undo(office)
    with office.database.read() as connection:
        newest = imports.every(connection)[0]
    assert newest.undoes == newest.id - 1
    undo(office)  # the first import of all: its bodies have no ballots yet
    assert register(office) == []
    with pytest.raises(Refusal, match="no import to take back"):
        undo(office)


def test_a_file_that_lost_half_of_its_rows_is_doubted(office: PostOffice) -> None:
    """Deputies gone from every body: refused in one sentence, and done when the person is sure."""
    many = [Body(full_code(str(n)), f"第{n}市", "city", "長野県", n) for n in range(10_000, 10_100)]
    both = [Contact(body.code, f"m{n}@{body.code}.example", rank=n) for body in many for n in (1, 2)]
    firsts = Incoming(many, both[::2], "broken.csv")
    with office.database.write() as connection:
        import_members(connection, office.site, Incoming(many, both), NOW)
        with pytest.raises(Refusal, match=re.escape("broken.csv: it takes 100 of 205 contacts away")):
            import_members(connection, office.site, firsts, NOW)
        assert len(members.people(connection)) == 205
        import_members(connection, office.site, firsts, NOW, sure=True)
        assert len(members.people(connection)) == 105


def test_twice_the_association_comes_changes_and_is_taken_back(office: PostOffice) -> None:
    """2,802 bodies: every statement of an import or an undo is one for many rows, as far as a database takes them."""
    many = [Body(full_code(str(n)), f"第{n}市", "city", "長野県", n) for n in range(25_000, 27_802)]
    people = [Contact(body.code, f"m@{body.code}.example", "担当", "主事") for body in many]
    room = MailingList("room", "会議室", "open", Selector(everyone=True))
    with office.database.write() as connection:
        lists.save(connection, room)
    for contacts in (people, [replace(one, name="後任") for one in people], None):
        with office.database.write() as connection:
            if contacts is None:
                undo_import(connection, office.site, None, "", NOW)
            else:
                import_members(connection, office.site, Incoming(many, contacts), NOW)
    with office.database.read() as connection:
        found = members.people(connection, [body.code for body in many])
        assert [one.contact.name for one in found] == ["担当"] * len(many)
        assert lists.count_members(connection, "room") == len(many) + len(CONTACTS)
