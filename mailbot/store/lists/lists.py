"""Lists, their members and their numbers."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    and_,
    bindparam,
    case,
    delete,
    func,
    insert,
    literal,
    not_,
    or_,
    select,
    text,
    update,
)

from mailbot.core.lists.expansion import Expansion
from mailbot.core.lists.mailing_list import MailingList, joining
from mailbot.core.lists.membership import standings_outside
from mailbot.core.mail.address import address_key, same_address
from mailbot.core.members.audience import Selector, asks_register, emails_of, lists_of, order_of
from mailbot.core.refusal import Refusal
from mailbot.store.documents import document, read_document
from mailbot.store.lists import memberships
from mailbot.store.members import members, other_addresses
from mailbot.store.sending import fan_outs
from mailbot.store.statements import Written
from mailbot.store.tables import (
    OWN_PROFILE,
    body,
    contact,
    list_member,
    mailing_list,
    membership,
    other_address,
)


def names(connection: Connection) -> frozenset[str]:
    """Return the name of every list."""
    return frozenset(row.name for row in _NAMES.rows(connection))


def every(connection: Connection) -> list[MailingList]:
    """Return every list, by name."""
    return [
        read_document(MailingList, text)
        for text in connection.execute(
            select(mailing_list.c.definition).order_by(mailing_list.c.name)
        ).scalars()
    ]


def load(connection: Connection, name: str) -> MailingList | None:
    """Return one list."""
    row = _DEFINITION.first(connection, name=name)
    return None if row is None else read_document(MailingList, row.definition)


def require(connection: Connection, name: str) -> MailingList:
    """Return one list. Raises Refusal, with what to do, when there is none."""
    value = load(connection, name)
    if value is None:
        raise Refusal(f"there is no list {name}; `mailbot lists` shows them")
    return value


def save(connection: Connection, value: MailingList) -> None:
    """Put a list's definition in place and count its members anew."""
    memberships.lock(connection)
    changed = connection.execute(
        update(mailing_list).where(mailing_list.c.name == value.name).values(definition=document(value))
    )
    if not changed.rowcount:
        connection.execute(insert(mailing_list).values(name=value.name, definition=document(value)))
    refresh_members(connection, value)


def rename_moderator(connection: Connection, old: str, new: str) -> None:
    """Let a new address moderate where the old one did; `config/lists/` is changed by a person, or by `mailbot export`."""
    for value in every(connection):
        if any(same_address(one, old) for one in value.moderators):
            kept = (new if same_address(one, old) else one for one in value.moderators)
            save(connection, replace(value, moderators=tuple(dict.fromkeys(kept))))


def refresh_members(connection: Connection, value: MailingList, address: str | None = None) -> None:
    """Make the list's members those whom its selector means now, but for what members chose; or look at one address only."""
    memberships.lock(connection)
    only = None if address is None else address_key(address)
    if only is None:
        fan_outs.finish(connection, value.name)
    else:
        fan_outs.settle_member(connection, value.name, only)
    connection.execute(delete(list_member).where(_of(list_member, value, only)))
    _add_selected(connection, value, only)
    _add_outside(connection, value, only)
    if not _CHOSEN.rows(connection, name=value.name):
        return  # of many lists few have members who chose anything
    _add_joined(connection, value, only)
    own = _of(membership, value, only)
    out = select(membership.c.email_key).where(own, membership.c.standing.in_(standings_outside(value)))
    connection.execute(
        delete(list_member).where(_of(list_member, value, only), list_member.c.email_key.in_(out))
    )
    connection.execute(
        update(list_member)
        .where(
            own,
            list_member.c.list_name == membership.c.list_name,
            list_member.c.email_key == membership.c.email_key,
        )
        .values(
            mode=membership.c.mode,
            off_from=membership.c.off_from,
            off_until=membership.c.off_until,
            copies_own=membership.c.copies_own,
            profile=membership.c.profile,
        )
    )


def refresh_every(connection: Connection, address: str | None = None) -> None:
    """Count the members of every list anew, those first from which others take theirs; or look at one address only."""
    memberships.lock(connection)
    values = _in_order(connection)
    for value in values if address is None else _concerned(connection, values, {address_key(address)}):
        refresh_members(connection, value, address)


def refresh_concerned(connection: Connection, keys: AbstractSet[str]) -> None:
    """Count the members anew of each list that a change about these addresses (`address_key`) may concern."""
    memberships.lock(connection)
    for value in _concerned(connection, _in_order(connection), keys):
        refresh_members(connection, value)


def _in_order(connection: Connection) -> list[MailingList]:
    """Return every list, each behind those from which it takes members."""
    values = {value.name: value for value in every(connection)}
    return [values[name] for name in order_of({name: value.members for name, value in values.items()})]


def _concerned(
    connection: Connection, values: Sequence[MailingList], keys: AbstractSet[str]
) -> list[MailingList]:
    """Return which of these lists, given in their order, have or may get one of these addresses as a member.

    Hundreds of lists whose members were stated or joined one by one need not be counted for somebody who is in none of them.
    """
    if all(asks_register(value.members) for value in values):
        return list(values)
    keys = other_addresses.of_same_persons(connection, keys)
    here = _lists_with(connection, keys)
    found: dict[str, MailingList] = {}
    for value in values:
        meant = value.members
        if (
            asks_register(meant)
            or value.name in here
            or not found.keys().isdisjoint(lists_of(meant))
            or not keys.isdisjoint(map(address_key, emails_of(meant)))
        ):
            found[value.name] = value
    return list(found.values())


def _lists_with(connection: Connection, keys: AbstractSet[str]) -> set[str]:
    """Return the lists that have one of these addresses as a member, or of which its owner chose something."""
    found: set[str] = set()
    wanted = sorted(keys)
    for start in range(0, len(wanted), _AT_ONCE):
        some = wanted[start : start + _AT_ONCE]
        for table in (list_member, membership):
            found.update(
                connection.execute(select(table.c.list_name).where(table.c.email_key.in_(some))).scalars()
            )
    return found


def is_selected(connection: Connection, value: MailingList, address: str) -> bool:
    """Tell whether the list's selector means this address, whatever its owner chose."""
    key = address_key(address)
    if key in _outside(connection, value.members):
        return True
    query = select(contact.c.id).join_from(contact, body)
    query = query.where(members.condition(value.members), contact.c.email_key == key)
    return connection.execute(query.limit(1)).first() is not None


def of_address(connection: Connection, address: str) -> list[str]:
    """Return the names of the lists to which an address belongs."""
    query = select(list_member.c.list_name).where(list_member.c.email_key == address_key(address))
    return list(connection.execute(query.order_by(list_member.c.list_name)).scalars())


def is_member(connection: Connection, name: str, address: str) -> bool:
    """Tell whether an address belongs to the list."""
    return _IS_MEMBER.first(connection, name=name, key=address_key(address)) is not None


def has_profile(connection: Connection, name: str, profile: str) -> bool:
    """Tell whether the mail system of any member wants its mail in this way."""
    return _HAS_PROFILE.first(connection, name=name, profile=profile) is not None


def count_members(connection: Connection, name: str) -> int:
    """Return how many members the list has."""
    return connection.execute(
        select(func.count()).select_from(list_member).where(list_member.c.list_name == name)
    ).scalar_one()


def member_addresses(connection: Connection, name: str) -> list[str]:
    """Return the members' addresses."""
    query = (
        select(list_member.c.address).where(list_member.c.list_name == name).order_by(list_member.c.email_key)
    )
    return list(connection.execute(query).scalars())


def targeted(connection: Connection, name: str, target: Selector) -> list[str]:
    """Return the names of the bodies of those members whom a selector means, one for each member."""
    query = (
        select(func.min(body.c.name))
        .join_from(list_member, contact, contact.c.email_key == list_member.c.email_key)
        .join(body, body.c.code == contact.c.code)
        .where(list_member.c.list_name == name, members.condition(target))
        .group_by(list_member.c.email_key)
        .order_by(func.min(body.c.code))
    )
    return list(connection.execute(query).scalars())


def recipients(connection: Connection, post: Expansion, had: Collection[int] = ()) -> list[str]:
    """Return the addresses to which a post goes at once; `had`: see `fan_outs.begin`."""
    query = select(list_member.c.address).where(_wanted(connection, post, had))
    return list(connection.execute(query.order_by(list_member.c.email_key)).scalars())


def count_recipients(connection: Connection, post: Expansion, had: Collection[int] = ()) -> int:
    """Return how many these are."""
    query = select(func.count()).select_from(list_member).where(_wanted(connection, post, had))
    return connection.execute(query).scalar_one()


def _wanted(connection: Connection, post: Expansion, had: Collection[int]) -> ColumnElement[bool]:
    wanted = fan_outs.wanted_by(post)
    return and_(wanted, not_(fan_outs.gets(connection, had))) if had else wanted


def next_number(connection: Connection, name: str) -> int:
    """Take the next post's number; it is given back if the transaction does not commit."""
    memberships.lock(connection)
    number: int = _NEXT_NUMBER.first(connection, name=name).last_number
    return number


def raise_number(connection: Connection, name: str, number: int) -> None:
    """Let the next post's number be beyond this one."""
    connection.execute(
        update(mailing_list)
        .where(mailing_list.c.name == name, mailing_list.c.last_number < number)
        .values(last_number=number)
    )


def lock_number(connection: Connection, name: str) -> int:
    """Return the number of the newest post; until this transaction ends no post gets one, and nobody joins, leaves or chooses."""
    memberships.lock(connection)
    query = select(mailing_list.c.last_number).where(mailing_list.c.name == name)
    query = query.with_for_update(key_share=True)  # rows that refer to the list's do not wait
    number: int = connection.execute(query).scalar_one()
    return number


def last_number(connection: Connection, name: str) -> int:
    """Return the number of the newest post; 0 before the first."""
    number: int = connection.execute(
        select(mailing_list.c.last_number).where(mailing_list.c.name == name)
    ).scalar_one()
    return number


_AT_ONCE = 500  # addresses in one statement
_CHOSEN = Written(select(membership.c.email_key).where(membership.c.list_name == bindparam("name")).limit(1))

# What is asked for each mail or post is put together once: that costs SQLAlchemy more than running it.

_NAMES = Written(select(mailing_list.c.name))

_DEFINITION = Written(select(mailing_list.c.definition).where(mailing_list.c.name == bindparam("name")))

_IS_MEMBER = Written(
    select(list_member.c.email_key).where(
        list_member.c.list_name == bindparam("name"), list_member.c.email_key == bindparam("key")
    )
)

_HAS_PROFILE = Written(
    select(list_member.c.email_key)
    .where(
        list_member.c.list_name == bindparam("name"),
        text(OWN_PROFILE),
        list_member.c.profile == bindparam("profile"),
    )
    .limit(1)
)

_NEXT_NUMBER = Written(
    update(mailing_list)
    .where(mailing_list.c.name == bindparam("name"))
    .values(last_number=mailing_list.c.last_number + 1)
    .returning(mailing_list.c.last_number)
)


def _of(table: Table, value: MailingList, only: str | None) -> ColumnElement[bool]:
    """Return the condition for one list's rows, or for one address's among them."""
    of_list = table.c.list_name == value.name
    return of_list if only is None else and_(of_list, table.c.email_key == only)


def _add_selected(connection: Connection, value: MailingList, only: str | None) -> None:
    condition = members.condition(value.members)
    by_register = (
        select(literal(value.name), contact.c.email_key, func.min(contact.c.email), func.min(contact.c.id))
        .join_from(contact, body)
        .where(condition if only is None else and_(condition, contact.c.email_key == only))
        .group_by(contact.c.email_key)
    )
    connection.execute(insert(list_member).from_select(_COLUMNS, by_register))


def _add_outside(connection: Connection, value: MailingList, only: str | None) -> None:
    """Add the addresses of the selector that nobody has registered."""
    outside = _outside(connection, value.members)
    if only is not None:
        outside = {key: email for key, email in outside.items() if key == only}
    if outside:
        present = select(list_member.c.email_key).where(list_member.c.list_name == value.name)
        known = set(connection.execute(present).scalars())
        rows = [
            {"list_name": value.name, "email_key": key, "address": email}
            for key, email in outside.items()
            if key not in known
        ]
        if rows:
            connection.execute(insert(list_member), rows)


def _outside(connection: Connection, selector: Selector) -> dict[str, str]:
    """Return the addresses that a selector adds whether the register knows them or not, by their keys.

    In place of a person's further address stands the one to which his mail goes.
    """
    named = {address_key(email): email for email in selector.emails}
    if selector.lists:
        of_lists = select(list_member.c.email_key, list_member.c.address).where(
            list_member.c.list_name.in_(selector.lists), list_member.c.contact_id.is_(None)
        )
        named.update((row.email_key, row.address) for row in connection.execute(of_lists))
    further = other_addresses.homes(connection, named)
    for key, email in further.items():
        del named[key]
        named.setdefault(address_key(email), email)
    if selector.excluded is not None:
        for key in _outside(connection, selector.excluded):
            named.pop(key, None)
    return named


def _add_joined(connection: Connection, value: MailingList, only: str | None) -> None:
    """Add whom the office added; and who joined by himself, while the list allows it and he is registered."""
    here = select(list_member.c.email_key).where(list_member.c.list_name == value.name)
    here_today = (
        select(contact.c.id, contact.c.email_key, contact.c.email)
        .join_from(contact, body)
        .where(body.c.belongs)
        .subquery()
    )
    # What was chosen for an address that has become somebody's further one makes that person a member.
    key = func.coalesce(other_address.c.home_key, membership.c.email_key)
    written = case((other_address.c.home_key.is_(None), membership.c.address), else_=here_today.c.email)
    chose = select(membership.c.email_key).where(membership.c.list_name == value.name)
    joined = (
        select(membership.c.list_name, key, func.min(func.coalesce(written, key)), func.min(here_today.c.id))
        .outerjoin_from(membership, other_address, other_address.c.email_key == membership.c.email_key)
        .outerjoin(here_today, here_today.c.email_key == key)
        .where(membership.c.list_name == value.name, key.not_in(here))
        .where(or_(other_address.c.home_key.is_(None), other_address.c.home_key.not_in(chose)))
        .group_by(membership.c.list_name, key)
    )
    if only is not None:
        joined = joined.where(key == only)
    by_office = membership.c.standing == "added"
    by_himself = and_(membership.c.standing == "joined", here_today.c.id.is_not(None))
    allowed = by_office if joining(value) == "closed" else or_(by_office, by_himself)
    connection.execute(insert(list_member).from_select(_COLUMNS, joined.where(allowed)))


_COLUMNS = ["list_name", "email_key", "address", "contact_id"]
