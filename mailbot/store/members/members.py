"""The register: bodies and contacts, and which of them a selector means."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import (
    BindParameter,
    Column,
    ColumnElement,
    Connection,
    Date,
    Row,
    Select,
    and_,
    bindparam,
    delete,
    false,
    func,
    insert,
    not_,
    or_,
    select,
    text,
    update,
)

from mailbot.core.frozen import frozen
from mailbot.core.mail.address import address_key
from mailbot.core.members.audience import NOBODY, Selector
from mailbot.core.members.register import Body, Contact
from mailbot.core.members.register_change import Change, Key, changes_to, key_of
from mailbot.store.lists import memberships
from mailbot.store.members import other_addresses
from mailbot.store.statements import Keyed, Written
from mailbot.store.tables import DATED, attendance, body, contact, list_member, other_address


@frozen
class Person:
    """A contact together with its body."""

    id: int
    body: Body
    contact: Contact

    @property
    def names(self) -> str:
        """The names of body, office and contact, as many as the register has: 長野市 情報政策課 山田太郎."""
        return " ".join(filter(None, (self.body.name, self.contact.role, self.contact.name)))


def bodies(connection: Connection, codes: Iterable[str] | None = None) -> dict[str, Body]:
    """Return these bodies (all when None) by their codes."""
    found: Select[Any] = select(*_BODY)
    if codes is not None:
        found = found.where(body.c.code.in_(list(codes)))
    return {row[0]: Body(*row) for row in connection.execute(found)}


def people(connection: Connection, codes: Sequence[str] | None = None) -> list[Person]:
    """Return the contacts of these bodies (all when None), by code and rank."""
    rows = connection.execute(_PEOPLE) if codes is None else connection.execute(_PEOPLE_OF, {"codes": codes})
    return [_person(row) for row in rows]


def people_of(connection: Connection, code: str) -> list[Person]:
    """Return the contacts of one body, by rank."""
    return [_person(row) for row in _PEOPLE_OF_ONE.rows(connection, code)]


def read_people_ahead(connection: Connection, codes: Iterable[str]) -> None:
    """Read what `people_of` will ask for about these bodies."""
    _PEOPLE_OF_ONE.read_ahead(connection, ((code,) for code in codes))


def people_at(connection: Connection, address: str) -> list[Person]:
    """Return every contact that is registered with this address, be it a further one of his."""
    key = address_key(other_addresses.home(connection, address))
    return [_person(row) for row in _PEOPLE_AT.rows(connection, key=key)]


def people_at_domain(connection: Connection, domain: str) -> list[Person]:
    """Return the contacts whose own address is at this domain, by code and rank."""
    here = contact.c.email_key.endswith(f"@{domain.lower()}", autoescape=True)
    return [_person(row) for row in connection.execute(_PEOPLE.where(here))]


def count_registered(connection: Connection, keys: Iterable[str]) -> int:
    """Return how many persons are registered with these addresses (as `address_key` gives them)."""
    wanted = list(keys)
    further = select(other_address.c.home_key).where(other_address.c.email_key.in_(wanted))
    meant = or_(contact.c.email_key.in_(wanted), contact.c.email_key.in_(further))
    return connection.execute(select(func.count(contact.c.email_key.distinct())).where(meant)).scalar_one()


def selected(
    connection: Connection, selector: Selector, *, among: Collection[int] | None = None
) -> list[Person]:
    """Return the contacts that a selector means, by code and rank; of all, or among these (their ids)."""
    if selector == NOBODY:  # as of most lists who may post beside their members
        return []
    query = _PEOPLE.where(condition(selector))
    if among is not None:
        query = query.where(contact.c.id.in_(among))
    return [_person(row) for row in connection.execute(query)]


def condition(selector: Selector) -> ColumnElement[bool]:
    """Return a selector as a condition on `contact` joined with `body`; who does not belong today is never meant."""
    meant = and_(body.c.belongs, _meant(selector))
    if selector.excluded is not None:
        return and_(meant, not_(_meant(selector.excluded, exception=True)))
    return meant


def _meant(selector: Selector, *, exception: bool = False) -> ColumnElement[bool]:
    stated: list[ColumnElement[bool]] = []
    if selector.kinds:
        stated.append(body.c.kind.in_(selector.kinds))
    if selector.prefectures:
        stated.append(body.c.prefecture.in_(selector.prefectures))
    if selector.population_min is not None:
        stated.append(body.c.population >= selector.population_min)
    if selector.population_max is not None:
        stated.append(body.c.population <= selector.population_max)
    if selector.tags:
        stated.append(or_(*(contact.c.tags.contains(f" {tag} ", autoescape=True) for tag in selector.tags)))
    if selector.codes:
        stated.append(body.c.code.in_(selector.codes))
    if selector.lists:
        of_lists = select(list_member.c.email_key).where(list_member.c.list_name.in_(selector.lists))
        stated.append(contact.c.email_key.in_(of_lists))
    if selector.attended:
        there = and_(attendance.c.event_key.in_(selector.attended), attendance.c.people > 0)
        stated.append(body.c.code.in_(select(attendance.c.code).where(there)))
    if selector.partners == "only":
        stated.append(body.c.category == "partner")
    if stated:
        selected_ones = and_(*stated)
    elif selector.everyone:
        selected_ones = contact.c.id.is_not(None)
    else:
        selected_ones = false()
    if selector.partners == "no" and not selector.codes and not exception:
        selected_ones = and_(selected_ones, body.c.category == "regular")
    if selector.emails:
        keys = [address_key(email) for email in selector.emails]
        further = select(other_address.c.home_key).where(other_address.c.email_key.in_(keys))
        selected_ones = or_(selected_ones, contact.c.email_key.in_(keys), contact.c.email_key.in_(further))
    return selected_ones


def misplaced(connection: Connection, today: date) -> bool:
    """Tell whether a body belongs, or does not, otherwise than its dates say for this day."""
    return _MISPLACED.first(connection, today=today) is not None


def set_belongs(connection: Connection, today: date) -> dict[str, bool]:
    """Let each body belong or not as its dates say for this day; returns for which that is new, and how it is now."""
    memberships.lock(connection)
    wrong = update(body).where(body.c.belongs != _belongs(today))
    moved = wrong.values(belongs=not_(body.c.belongs)).returning(body.c.code, body.c.belongs)
    return {row.code: row.belongs for row in connection.execute(moved)}


def _belongs(today: date | BindParameter[date]) -> ColumnElement[bool]:
    """Return `core.register.belongs` as a condition."""
    has_joined = or_(body.c.joined.is_(None), body.c.joined <= today)
    return and_(has_joined, or_(body.c.left_on.is_(None), body.c.left_on > today))


_MISPLACED = Written(  # asked with each look at the due-table
    select(body.c.code)
    .where(text(f"({DATED})"), body.c.belongs != _belongs(bindparam("today", type_=Date)))
    .limit(1)
)


def rows(connection: Connection) -> dict[Key, Body | Contact]:
    """Return the whole register by what its rows are found by."""
    found: dict[Key, Body | Contact] = {(code, ""): one for code, one in bodies(connection).items()}
    others = other_addresses.by_person(connection)
    for code, key, email, name, role, rank, tags in connection.execute(_CONTACTS):
        theirs = others.get(key, _NONE)
        found[code, key] = Contact(code, email, name, role, rank, frozenset(tags.split()), theirs)
    return found


def contact_ids(connection: Connection) -> dict[Key, int]:
    """Return the number of each contact."""
    found = connection.execute(select(contact.c.code, contact.c.email_key, contact.c.id))
    return {(row.code, row.email_key): row.id for row in found}


def replace(connection: Connection, new_bodies: Sequence[Body], new_contacts: Sequence[Contact]) -> None:
    """Put these bodies and, for each body named, exactly these contacts into the register; others stay."""
    save(connection, changes_to(rows(connection), new_bodies, new_contacts))


def save(connection: Connection, changes: Sequence[Change], numbers: Mapping[Key, int] = {}) -> None:
    """Make changes of the register; the lists that it concerns must be counted anew after it. Rows that nothing is said of are not touched.

    `numbers`: those that contacts had who come back, as far as nobody else has them by now.
    """
    memberships.lock(connection)
    fresh = [one.new for one in changes if one.old is None and isinstance(one.new, Body)]
    if fresh:
        _NEW_BODY.run_columns(connection, _body_columns(fresh))
    changed = [_body_row(one.new) for one in changes if isinstance(one.new, Body) and one.old is not None]
    if changed:
        connection.execute(_CHANGE_BODY, [{**row, "key_code": row["code"]} for row in changed])
    ids = contact_ids(connection)
    gone = [ids[key_of(one.old)] for one in changes if isinstance(one.old, Contact) and one.new is None]
    _delete(connection, contact.c.id, gone)
    people_changed = [one.new for one in changes if isinstance(one.new, Contact) and one.old is not None]
    if people_changed:
        changing = [{**_contact_row(one), "key_id": ids[key_of(one)]} for one in people_changed]
        connection.execute(_CHANGE_CONTACT, changing)
    taken = set(ids.values()) - set(gone)
    coming = [one.new for one in changes if one.old is None and isinstance(one.new, Contact)]
    before = {key: number for key, number in numbers.items() if number not in taken}
    back = [one for one in coming if key_of(one) in before] if before else []  # under their old numbers
    if back:
        own = [before[key_of(one)] for one in back]
        _CONTACT_BACK.run_columns(connection, {**_contact_columns(back), "id": own})
    new = [one for one in coming if key_of(one) not in before] if before else coming
    if new:
        _NEW_CONTACT.run_columns(connection, _contact_columns(new))
    stated: dict[str, frozenset[str]] = {}
    for one in (*people_changed, *coming):
        key = address_key(one.email)
        stated[key] = stated.get(key, _NONE) | one.others
    other_addresses.put(connection, stated)
    _delete(
        connection,
        body.c.code,
        [one.old.code for one in changes if isinstance(one.old, Body) and not one.new],
    )


def _delete(connection: Connection, column: Column[Any], gone: Sequence[object]) -> None:
    for start in range(0, len(gone), 500):
        connection.execute(delete(column.table).where(column.in_(gone[start : start + 500])))


def change_email(connection: Connection, old: str, new: str, name: str | None, *, successor: bool) -> None:
    """Give every contact of one address another (and another name, when there is one).

    Where the body has a contact of the new address already, that one takes over rank and tags. Further addresses stay the
    person's; a successor has his own.
    """
    memberships.lock(connection)
    keys = {"email": new, "email_key": address_key(new)} | ({} if name is None else {"name": name})
    for row in _PEOPLE_AT.rows(connection, key=address_key(old)):
        present = [
            one
            for one in people_of(connection, row.code)
            if address_key(one.contact.email) == address_key(new)
        ]
        kept = row.id
        values: dict[str, object] = dict(keys)
        if present:
            kept = present[0].id
            connection.execute(delete(contact).where(contact.c.id == row.id))
            tags = present[0].contact.tags | set(row.tags.split())
            values["rank"] = min(row.rank, present[0].contact.rank)
            values["tags"] = "".join(f" {tag}" for tag in sorted(tags)) + " "
        connection.execute(update(contact).where(contact.c.id == kept).values(**values))
    if successor:
        other_addresses.forget(connection, old)
    else:
        other_addresses.move(connection, old, new)


# Put together once: a reply asks for the people of its body.

_CHANGE_BODY = (
    update(body)
    .where(body.c.code == bindparam("key_code"))
    .values(
        {column.name: bindparam(column.name) for column in body.c if column.name not in {"code", "belongs"}}
    )
)
_CHANGE_CONTACT = (
    update(contact)
    .where(contact.c.id == bindparam("key_id"))
    .values({name: bindparam(name) for name in ("email", "name", "role", "rank", "tags")})
)

_BODY = (
    body.c.code,
    body.c.name.label("body_name"),
    body.c.kind,
    body.c.prefecture,
    body.c.population,
    body.c.joined,
    body.c.left_on,
    body.c.successor,
    body.c.category,
)

# An import brings thousands of these.
_NEW_BODY = Written(insert(body))
_NEW_CONTACT = Written(insert(contact))
_CONTACT_BACK = Written(insert(contact))

_NONE: frozenset[str] = frozenset()
_CONTACTS: Select[Any] = select(
    *(contact.c[name] for name in ("code", "email_key", "email", "name", "role", "rank", "tags"))
).order_by(contact.c.code, contact.c.rank, contact.c.id)

_PEOPLE: Select[Any] = (
    select(
        contact.c.id,
        contact.c.code,
        *_BODY[1:],
        contact.c.email,
        contact.c.name,
        contact.c.role,
        contact.c.rank,
        contact.c.tags,
        other_addresses.OF_CONTACT.label("others"),
    )
    .join_from(contact, body)
    .order_by(contact.c.code, contact.c.rank, contact.c.id)
)

_PEOPLE_OF = _PEOPLE.where(contact.c.code.in_(bindparam("codes", expanding=True)))

_PEOPLE_OF_ONE = Keyed(_PEOPLE, contact.c.code)

_PEOPLE_AT = Written(_PEOPLE.where(contact.c.email_key == bindparam("key")))


def _body(row: Row[Any]) -> Body:
    return Body(
        row.code,
        row.body_name,
        row.kind,
        row.prefecture,
        row.population,
        row.joined,
        row.left_on,
        row.successor,
        row.category,
    )


def _person(row: Row[Any]) -> Person:
    return Person(
        row.id,
        _body(row),
        Contact(
            row.code,
            row.email,
            row.name,
            row.role,
            row.rank,
            frozenset(row.tags.split()),
            frozenset(row.others.split("\n")) if row.others else frozenset(),
        ),
    )


def _body_row(new: Body) -> dict[str, object]:
    return {
        "code": new.code,
        "name": new.name,
        "kind": new.kind,
        "prefecture": new.prefecture,
        "population": new.population,
        "joined": new.joined,
        "left_on": new.left,
        "successor": new.successor,
        "category": new.category,
    }


def _body_columns(new: Sequence[Body]) -> dict[str, list[object]]:
    rows = [*map(_body_row, new)]
    return {name: [row[name] for row in rows] for name in rows[0]}


def _contact_row(new: Contact) -> dict[str, object]:
    return {
        "code": new.code,
        "email": new.email,
        "email_key": address_key(new.email),
        "name": new.name,
        "role": new.role,
        "rank": new.rank,
        "tags": f" {' '.join(sorted(new.tags))} " if new.tags else " ",
    }


def _contact_columns(new: Sequence[Contact]) -> dict[str, list[object]]:
    rows = [*map(_contact_row, new)]
    return {name: [row[name] for row in rows] for name in rows[0]}
