"""Lists, their members and their numbers."""

from __future__ import annotations

from sqlalchemy import Connection, delete, func, insert, literal, select, update

from mailbot.core.address import address_key
from mailbot.core.audience import Selector, order_of
from mailbot.core.mailing_list import MailingList
from mailbot.store import members
from mailbot.store.database import Written
from mailbot.store.documents import document, list_of
from mailbot.store.tables import body, contact, list_member, mailing_list


def names(connection: Connection) -> frozenset[str]:
    """Return the name of every list."""
    return frozenset(row.name for row in _NAMES.rows(connection))


def every(connection: Connection) -> list[MailingList]:
    """Return every list, by name."""
    return [
        list_of(text)
        for text in connection.execute(
            select(mailing_list.c.definition).order_by(mailing_list.c.name)
        ).scalars()
    ]


def load(connection: Connection, name: str) -> MailingList | None:
    """Return one list."""
    text = connection.execute(select(mailing_list.c.definition).where(mailing_list.c.name == name)).scalar()
    return None if text is None else list_of(text)


def save(connection: Connection, value: MailingList) -> None:
    """Put a list's definition in place and count its members anew."""
    changed = connection.execute(
        update(mailing_list).where(mailing_list.c.name == value.name).values(definition=document(value))
    )
    if not changed.rowcount:
        connection.execute(insert(mailing_list).values(name=value.name, definition=document(value)))
    refresh_members(connection, value)


def refresh_members(connection: Connection, value: MailingList) -> None:
    """Make the list's members those whom its selector means now."""
    connection.execute(delete(list_member).where(list_member.c.list_name == value.name))
    by_register = (
        select(literal(value.name), contact.c.email_key, func.min(contact.c.email), func.min(contact.c.id))
        .join_from(contact, body)
        .where(members.condition(value.members))
        .group_by(contact.c.email_key)
    )
    columns = ["list_name", "email_key", "address", "contact_id"]
    connection.execute(insert(list_member).from_select(columns, by_register))
    outside = _outside(connection, value.members)
    if outside:
        present = select(list_member.c.email_key).where(list_member.c.list_name == value.name)
        for known in connection.execute(present).scalars():
            outside.pop(known, None)
    if outside:
        connection.execute(
            insert(list_member),
            [{"list_name": value.name, "email_key": key, "address": email} for key, email in outside.items()],
        )


def refresh_every(connection: Connection) -> None:
    """Count the members of every list anew, those first from which others take theirs."""
    values = {value.name: value for value in every(connection)}
    for name in order_of({name: value.members for name, value in values.items()}):
        refresh_members(connection, values[name])


def _outside(connection: Connection, selector: Selector) -> dict[str, str]:
    """Return the addresses that a selector adds whether the register knows them or not, by their keys."""
    named = {address_key(email): email for email in selector.emails}
    if selector.lists:
        of_lists = select(list_member.c.email_key, list_member.c.address).where(
            list_member.c.list_name.in_(selector.lists), list_member.c.contact_id.is_(None)
        )
        named.update((row.email_key, row.address) for row in connection.execute(of_lists))
    if selector.excluded is not None:
        for key in _outside(connection, selector.excluded):
            named.pop(key, None)
    return named


def is_member(connection: Connection, name: str, address: str) -> bool:
    """Tell whether an address belongs to the list."""
    query = select(list_member.c.email_key).where(
        list_member.c.list_name == name, list_member.c.email_key == address_key(address)
    )
    return connection.execute(query).first() is not None


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


def next_number(connection: Connection, name: str) -> int:
    """Take the next post's number; it is given back if the transaction does not commit."""
    number: int = connection.execute(
        update(mailing_list)
        .where(mailing_list.c.name == name)
        .values(last_number=mailing_list.c.last_number + 1)
        .returning(mailing_list.c.last_number)
    ).scalar_one()
    return number


def last_number(connection: Connection, name: str) -> int:
    """Return the number of the newest post; 0 before the first."""
    number: int = connection.execute(
        select(mailing_list.c.last_number).where(mailing_list.c.name == name)
    ).scalar_one()
    return number


_NAMES = Written(select(mailing_list.c.name))  # asked for each mail and each RCPT
