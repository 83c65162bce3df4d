"""The register: which contacts a selector means, and what an import changes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailbot.core.lists.mailing_list import MailingList
from mailbot.core.members.audience import NOBODY, Selector
from mailbot.core.members.register import Body, Contact
from mailbot.core.members.register_change import Change, changes_to
from mailbot.store.database import Database
from mailbot.store.lists import lists
from mailbot.store.members import members

CITY = Body("202011", "長野市", "city", "長野県", 370_000)
TOWN = Body("203211", "軽井沢町", "town", "長野県", 20_000)
ISLAND = Body("134015", "八丈町", "town", "東京都", None)
BODIES = (CITY, TOWN, ISLAND)
A = Contact(CITY.code, "A@City.example", "甲", "課長", 1, frozenset({"officer", "100%"}))
B = Contact(CITY.code, "b@city.example", "乙", "", 2, frozenset({"security"}))
C = Contact(TOWN.code, "c@town.example", "丙", "", 1, frozenset({"security_a", "officers"}))
D = Contact(ISLAND.code, "d@island.example", "", "", 1)
CONTACTS = (A, B, C, D)


@pytest.fixture
def register(database: Database) -> Database:
    """A database with three bodies and four contacts."""
    with database.write() as connection:
        members.replace(connection, BODIES, CONTACTS)
    return database


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        (NOBODY, []),
        (Selector(everyone=True), [D, A, B, C]),
        (Selector(kinds=("town",)), [D, C]),
        (Selector(kinds=("town", "city")), [D, A, B, C]),
        (Selector(prefectures=("長野県",), kinds=("town",)), [C]),
        (Selector(population_min=20_000), [A, B, C]),
        (Selector(population_max=20_000), [C]),  # who has no number is in no range
        (Selector(population_min=20_001, population_max=370_000), [A, B]),
        (Selector(tags=("officer",)), [A]),  # not officers
        (Selector(tags=("security",)), [B]),  # not security_a
        (Selector(tags=("security_a", "officer")), [A, C]),
        (Selector(tags=("security%",)), []),
        (Selector(tags=("100%",)), [A]),
        (Selector(codes=("202011",)), [A, B]),
        (Selector(codes=("202011",), tags=("security",)), [B]),
        (Selector(emails=("d@ISLAND.example", "a@city.example")), [D, A]),
        (Selector(tags=("security",), emails=("d@island.example",)), [D, B]),
        (Selector(everyone=True, tags=("security",)), [B]),
        (Selector(everyone=True, excluded=Selector(kinds=("town",))), [A, B]),
        (
            Selector(tags=("security",), emails=("d@island.example",), excluded=Selector(codes=("134015",))),
            [B],
        ),
        (Selector(everyone=True, excluded=Selector(tags=("officer",), emails=("C@town.example",))), [D, B]),
    ],
)
def test_whom_a_selector_means(register: Database, selector: Selector, found: list[Contact]) -> None:
    """Every stated condition holds, any value of one does; single addresses are added."""
    with register.read() as connection:
        assert [person.contact for person in members.selected(connection, selector)] == found


def test_the_same_again_changes_nothing(register: Database) -> None:
    """An import that says what is there says nothing."""
    with register.write() as connection:
        assert changes_to(members.rows(connection), BODIES, CONTACTS) == ()
        members.replace(connection, BODIES, CONTACTS)
        assert [person.contact for person in members.people(connection)] == [D, A, B, C]


def test_every_kind_of_change_is_named_and_made(register: Database) -> None:
    """Bodies added and changed; contacts added, changed, removed; bodies that are not named stay."""
    village = Body("204129", "川上村", "village", "長野県", 4_000)
    new_bodies = (replace(CITY, population=371_000), village)
    e = Contact(village.code, "e@village.example")
    new_contacts = (replace(A, name="甲山"), e)
    with register.write() as connection:
        changes = changes_to(members.rows(connection), new_bodies, new_contacts)
        members.replace(connection, new_bodies, new_contacts)
        assert changes == (
            Change(CITY, new_bodies[0]),
            Change(A, new_contacts[0]),
            Change(B, None),
            Change(None, village),
            Change(None, e),
        )
        assert len(members.bodies(connection)) == 4
        assert members.bodies(connection)["202011"].population == 371_000
        assert [person.contact for person in members.people(connection, ["202011", "203211"])] == [
            replace(A, name="甲山"),
            C,
        ]


def test_an_address_may_belong_to_several_bodies(register: Database) -> None:
    """However its letters are written."""
    with register.write() as connection:
        members.replace(connection, [TOWN], [C, replace(A, code=TOWN.code, rank=2)])
        assert [person.body for person in members.people_at(connection, "A@CITY.example")] == [CITY, TOWN]
        assert members.people_at(connection, "nobody@city.example") == []


def test_a_list_has_each_address_once(register: Database) -> None:
    """One who serves two bodies gets one copy (promises.md I10)."""
    room = MailingList("room", "会議室", "open", Selector(everyone=True, emails=("guest@else.example",)))
    with register.write() as connection:
        members.replace(connection, [TOWN], [C, replace(A, code=TOWN.code, rank=2)])
        lists.save(connection, room)
        assert lists.count_members(connection, "room") == 5
        assert lists.is_member(connection, "room", "A@city.EXAMPLE")
        assert lists.is_member(connection, "room", "guest@else.example")
        assert not lists.is_member(connection, "room", "stranger@else.example")


def test_a_list_loses_members_with_the_register(register: Database) -> None:
    """After `refresh_members` the list is what its selector means now."""
    room = MailingList("room", "会議室", "open", Selector(tags=("security",)))
    with register.write() as connection:
        lists.save(connection, room)
        members.replace(connection, [CITY], [A])
        lists.refresh_members(connection, room)
        assert lists.member_addresses(connection, "room") == []


def test_members_of_lists_are_selected(register: Database) -> None:
    """A selector takes the members of other lists, whom the register does not know among them; `except` takes away."""
    staff = MailingList(
        "staff", "職員", "closed", Selector(tags=("security",), emails=("guest@else.example",))
    )
    heads = MailingList("heads", "課長", "closed", Selector(tags=("officer",)))
    both = MailingList("both", "合同", "closed", Selector(lists=("staff", "heads")))
    rest = MailingList(
        "a-rest", "ほか", "closed", Selector(everyone=True, excluded=Selector(lists=("both",)))
    )
    guests = Selector(lists=("both",), excluded=Selector(lists=("heads",), emails=("guest@else.example",)))
    with register.write() as connection:
        for value in (staff, heads, both, rest, MailingList("c", "丙", "closed", guests)):
            lists.save(connection, value)
        assert lists.member_addresses(connection, "both") == [
            "A@City.example",
            "b@city.example",
            "guest@else.example",
        ]
        assert lists.member_addresses(connection, "a-rest") == ["c@town.example", "d@island.example"]
        assert lists.member_addresses(connection, "c") == ["b@city.example"]
        assert [person.contact for person in members.selected(connection, both.members)] == [A, B]
        members.replace(connection, [CITY], [replace(B, tags=frozenset())])
        lists.refresh_every(connection)  # by name, `a-rest` comes first, yet leans on `both`
        assert lists.member_addresses(connection, "both") == ["guest@else.example"]
        assert lists.member_addresses(connection, "a-rest") == [
            "b@city.example",
            "c@town.example",
            "d@island.example",
        ]


def test_a_number_that_was_not_committed_is_given_again(register: Database) -> None:
    """A post that could not be stored leaves no gap."""
    room = MailingList("room", "会議室", "open", NOBODY)
    with register.write() as connection:
        lists.save(connection, room)
        assert lists.next_number(connection, "room") == 1
    with pytest.raises(KeyError), register.write() as connection:
        raise KeyError(lists.next_number(connection, "room"))
    with register.write() as connection:
        assert lists.next_number(connection, "room") == 2
        assert lists.last_number(connection, "room") == 2


def test_a_thousand_bodies_are_imported_at_once(database: Database) -> None:
    """And removed: no statement has more parameters than either database takes."""
    many = [Body(f"{n:06}", f"第{n}市", "city", "長野県", n) for n in range(1401)]
    contacts = [Contact(body.code, f"m{n}@{body.code}.example") for body in many for n in range(2)]
    with database.write() as connection:
        members.replace(connection, many, contacts)
        assert len(members.people(connection)) == 2802
        members.replace(connection, many, contacts[::2])
        assert len(members.people(connection)) == 1401
