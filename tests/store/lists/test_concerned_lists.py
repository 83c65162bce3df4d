"""Which lists are counted anew after a change: every one in which it changes anything, and few of the others."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date
from typing import Any, get_args

import pytest
from sqlalchemy import Connection, select

from mailbot.core.lists.mailing_list import MailingList
from mailbot.core.lists.membership import MODES, ListStanding
from mailbot.core.mail.address import address_key
from mailbot.core.members.audience import Selector
from mailbot.core.members.register import Body, Contact
from mailbot.core.members.register_change import Rows, addresses_concerned, changes_to
from mailbot.store.database import Database
from mailbot.store.lists import lists, memberships
from mailbot.store.members import members, other_addresses
from mailbot.store.tables import list_member, membership

_CODES = [f"{20_1000 + number}" for number in range(8)]
_LOCAL = [f"u{number}" for number in range(24)]
_DAYS = (date(2026, 4, 1), date(2027, 4, 1))


def _address(chance: random.Random) -> str:
    local = chance.choice(_LOCAL)
    return f"{local.upper() if chance.random() < 0.2 else local}@x.example"


def _register(chance: random.Random) -> tuple[list[Body], list[Contact]]:
    """Return bodies with up to three contacts each; some have further addresses, which are nobody else's."""
    bodies = [
        Body(
            code,
            code,
            chance.choice(["city", "town"]),
            chance.choice(["長野県", "東京都"]),
            left=chance.choice([None, None, _DAYS[1]]),
            category=chance.choice(["regular", "regular", "partner"]),
        )
        for code in _CODES
    ]
    further = {f"u{number}@x.example": f"u{number + 12}@x.example" for number in range(12)}
    kept = {home for home in further if chance.random() < 0.3}
    contacts: dict[tuple[str, str], Contact] = {}
    for code in _CODES:
        for rank in range(1, chance.randint(2, 4)):
            email = _address(chance)
            if email.lower() in {further[home] for home in kept}:
                continue  # it is somebody's further one just now
            others = frozenset({further[email.lower()]}) if email.lower() in kept else frozenset()
            tags = frozenset(chance.sample(["officer", "security"], chance.randint(0, 2)))
            contacts[code, email.lower()] = Contact(code, email, rank=rank, tags=tags, others=others)
    return bodies, list(contacts.values())


def _selector(chance: random.Random, earlier: list[str], *, exception: bool = False) -> Selector:
    stated: dict[str, Any] = {}
    if chance.random() < 0.8:
        stated["emails"] = tuple(_address(chance) for _ in range(chance.randint(0, 3)))
    if earlier and chance.random() < 0.3:
        stated["lists"] = (chance.choice(earlier),)
    if chance.random() < 0.25:
        stated[chance.choice(["tags", "kinds"])] = (chance.choice(["officer", "city"]),)
    if chance.random() < 0.1:
        stated["everyone"] = True
    if not exception and chance.random() < 0.3:
        stated["excluded"] = _selector(chance, earlier, exception=True)
    return Selector(**stated)


def _lists(chance: random.Random) -> list[MailingList]:
    made: list[MailingList] = []
    for number in range(12):
        selector = _selector(chance, [value.name for value in made])
        made.append(MailingList(f"l{number:02}", "題", chance.choice(["open", "closed"]), selector))
    chance.shuffle(made)
    return made


def _choose(connection: Connection, chance: random.Random, address: str) -> None:
    name = f"l{chance.randrange(12):02}"
    standing = chance.choice(get_args(ListStanding))
    now = replace(memberships.load(connection, name, address), standing=standing, mode=chance.choice(MODES))
    memberships.save(connection, now)


def _members(connection: Connection) -> list[Any]:
    columns = [column for column in list_member.c if column.name != "contact_id"]
    query = select(*columns, list_member.c.contact_id.is_(None)).order_by(
        list_member.c.list_name, list_member.c.email_key
    )
    return list(connection.execute(query).all())


def _change_register(connection: Connection, chance: random.Random) -> set[str]:
    before: Rows = members.rows(connection)
    bodies, contacts = _register(chance)
    some = {body.code for body in bodies if chance.random() < 0.3}
    changes = changes_to(
        before,
        [body for body in bodies if body.code in some],
        [contact for contact in contacts if contact.code in some and _is_free(contact, before)],
    )
    members.save(connection, changes)
    moved = members.set_belongs(connection, chance.choice(_DAYS))
    return addresses_concerned(before, changes, moved)


def _is_free(contact: Contact, before: Rows) -> bool:
    """Tell whether no address of this contact is a further one, or has further ones, elsewhere in the register."""
    own = set(map(address_key, contact.addresses))
    elsewhere = [row for row in before.values() if isinstance(row, Contact) and row.code != contact.code]
    return not any(own & {address_key(one) for one in row.addresses} and row.others for row in elsewhere)


@pytest.mark.sampled
@pytest.mark.parametrize("seed", range(6))
def test_a_change_of_the_register_reaches_every_list_that_it_concerns(database: Database, seed: int) -> None:
    """As if all lists had been counted anew: bodies and contacts come, change and go, choices stand meanwhile."""
    chance = random.Random(seed)
    with database.write() as connection:
        members.replace(connection, *_register(chance))
        members.set_belongs(connection, _DAYS[0])
        for value in _lists(chance):
            lists.save(connection, value)
        for _ in range(8):
            _choose(connection, chance, _address(chance))
        lists.refresh_every(connection)
        for _ in range(4):
            lists.refresh_concerned(connection, _change_register(connection, chance))
            found = _members(connection)
            lists.refresh_every(connection)
            assert found == _members(connection)


@pytest.mark.sampled
@pytest.mark.parametrize("seed", range(6))
def test_a_choice_reaches_every_list_that_it_concerns(database: Database, seed: int) -> None:
    """As if all lists had been counted anew: lists that take their members from others follow, too."""
    chance = random.Random(seed)
    with database.write() as connection:
        members.replace(connection, *_register(chance))
        for value in _lists(chance):
            lists.save(connection, value)
        lists.refresh_every(connection)
        for _ in range(10):
            address = other_addresses.home(connection, _address(chance))
            _choose(connection, chance, address)
            lists.refresh_every(connection, address)
            found = _members(connection)
            lists.refresh_every(connection)
            assert found == _members(connection)


def test_lists_of_others_are_left_alone(database: Database) -> None:
    """Of a hundred lists that name their members one by one, who joins one of them is looked for in that one."""
    with database.write() as connection:
        members.replace(
            connection, [Body(_CODES[0], "市", "city", "長野県")], [Contact(_CODES[0], "new@x.example")]
        )
        for number in range(100):
            stated = Selector(emails=(f"m{number}@x.example",))
            lists.save(connection, MailingList(f"l{number:02}", "題", "open", stated))
        chosen = replace(memberships.load(connection, "l07", "new@x.example"), standing="joined")
        memberships.save(connection, chosen)
        connection.execute(list_member.delete())  # whatever is counted now has its members back
        lists.refresh_every(connection, "m7@x.example")
        lists.refresh_concerned(connection, {"new@x.example"})
        assert [row.list_name for row in _members(connection)] == ["l07", "l07"]
        assert connection.execute(select(membership.c.list_name)).scalars().all() == ["l07"]


def test_a_named_address_that_is_nobodys_any_more_comes_back(database: Database) -> None:
    """Only the list's own words say so: while it was a further address, its person stood there in its place."""
    body = Body(_CODES[0], "市", "city", "長野県")
    person = Contact(body.code, "h@x.example", others=frozenset({"f@x.example"}))
    with database.write() as connection:
        members.replace(connection, [body], [person])
        lists.save(connection, MailingList("l00", "題", "open", Selector(emails=("f@x.example",))))
        assert lists.member_addresses(connection, "l00") == ["h@x.example"]
        members.replace(connection, [body], [replace(person, others=frozenset())])
        for address in ("h@x.example", "f@x.example"):
            lists.refresh_every(connection, address)
        assert lists.member_addresses(connection, "l00") == ["f@x.example"]
