"""Further addresses of a person 別アドレス: he writes from any of them, and is the same person; his mail goes to one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from sqlalchemy import Connection, Text, bindparam, delete, func, insert, select, update
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from mailbot.core.mail.address import address_key, same_address
from mailbot.store.lists import memberships
from mailbot.store.statements import Written
from mailbot.store.tables import contact, other_address

_AT_ONCE = 500  # addresses in one statement


def home(connection: Connection, address: str) -> str:
    """Return the address to which the mail of this address's person goes; itself, when it is nobody's further one."""
    row = _HOME.first(connection, key=address_key(address))
    return address if row is None or row.email is None else row.email


def of_person(connection: Connection, address: str) -> tuple[str, ...]:
    """Return every address of the person at one of them; the one to which his mail goes is the first."""
    main = home(connection, address)
    query = select(other_address.c.email).where(other_address.c.home_key == address_key(main))
    return (main, *connection.execute(query.order_by(other_address.c.email_key)).scalars())


def homes(connection: Connection, keys: Iterable[str]) -> dict[str, str]:
    """Return, for each of these keys (`address_key`) that is a further address, where its person's mail goes."""
    wanted = list(keys)
    if not wanted:
        return {}
    query = (
        select(other_address.c.email_key, func.min(contact.c.email).label("email"))
        .join_from(other_address, contact, contact.c.email_key == other_address.c.home_key)
        .where(other_address.c.email_key.in_(wanted))
        .group_by(other_address.c.email_key)
    )
    return {row.email_key: row.email for row in connection.execute(query)}


def of_same_persons(connection: Connection, keys: AbstractSet[str]) -> set[str]:
    """Return these keys (`address_key`) with those of all addresses of the same persons."""
    query = select(other_address.c.email_key, other_address.c.home_key)
    wanted, found = sorted(keys), set(keys)
    for column in (other_address.c.email_key, other_address.c.home_key):
        for start in range(0, len(wanted), _AT_ONCE):
            some = query.where(column.in_(wanted[start : start + _AT_ONCE]))
            found.update(*connection.execute(some).all())
        wanted = sorted(found)  # the homes of what was asked for, and then their further addresses
    return found


def by_home(connection: Connection) -> dict[str, set[str]]:
    """Return the keys of everybody's further addresses, by the key of the address to which his mail goes."""
    found: dict[str, set[str]] = {}
    for row in connection.execute(select(other_address.c.home_key, other_address.c.email_key)):
        found.setdefault(row.home_key, set()).add(row.email_key)
    return found


def by_person(connection: Connection) -> dict[str, frozenset[str]]:
    """Return everybody's further addresses as registered, by the key of the address to which his mail goes."""
    found: dict[str, set[str]] = {}
    for home_key, email in connection.execute(select(other_address.c.home_key, other_address.c.email)):
        found.setdefault(home_key, set()).add(email)
    return {home_key: frozenset(emails) for home_key, emails in found.items()}


def same_person(connection: Connection, one: str, other: str) -> bool:
    """Tell whether two addresses are the same one, or the same registered person's."""
    return same_address(one, other) or same_address(home(connection, one), home(connection, other))


def put(connection: Connection, stated: Mapping[str, Iterable[str]]) -> None:
    """Let these persons (by the key of their address) have exactly these further addresses.

    Addresses whose person is in the register no more are forgotten.
    """
    memberships.lock(connection)
    having = connection.execute(select(other_address.c.home_key).distinct()).scalars()
    anew = [key for key in having if key in stated]
    for start in range(0, len(anew), _AT_ONCE):
        some = anew[start : start + _AT_ONCE]
        connection.execute(delete(other_address).where(other_address.c.home_key.in_(some)))
    registered = select(contact.c.email_key)
    connection.execute(delete(other_address).where(other_address.c.home_key.not_in(registered)))
    rows = [
        {"email_key": key, "email": email, "home_key": whose}
        for whose, addresses in stated.items()
        for key, email in {address_key(one): one for one in addresses}.items()
    ]
    if rows:
        connection.execute(insert(other_address), rows)


def add(connection: Connection, whose: str, address: str) -> None:
    """Give the person whose mail goes to `whose` one more address."""
    memberships.lock(connection)
    row = {"email_key": address_key(address), "email": address, "home_key": address_key(whose)}
    connection.execute(insert(other_address).values(row))


def remove(connection: Connection, address: str) -> None:
    """Forget one further address."""
    memberships.lock(connection)
    connection.execute(delete(other_address).where(other_address.c.email_key == address_key(address)))


def move(connection: Connection, old: str, new: str) -> None:
    """Give the further addresses of one person to the one whose mail goes to `new`."""
    remove(connection, new)
    connection.execute(
        update(other_address)
        .where(other_address.c.home_key == address_key(old))
        .values(home_key=address_key(new))
    )


def forget(connection: Connection, whose: str) -> None:
    """Forget all further addresses of one person."""
    connection.execute(delete(other_address).where(other_address.c.home_key == address_key(whose)))


class _Lines(FunctionElement[str]):
    """Texts of several rows as lines of one."""

    type = Text()
    inherit_cache = True


@compiles(_Lines, "sqlite")
def _lines_sqlite(element: _Lines, compiler: SQLCompiler, **more: Any) -> str:
    return f"group_concat({compiler.process(element.clauses, **more)}, char(10))"


@compiles(_Lines, "postgresql")
def _lines_postgresql(element: _Lines, compiler: SQLCompiler, **more: Any) -> str:
    return f"string_agg({compiler.process(element.clauses, **more)}, chr(10))"


OF_CONTACT = (  # of each row of `contact`: the person's further addresses, one a line; null when there are none
    select(_Lines(other_address.c.email))
    .where(other_address.c.home_key == contact.c.email_key)
    .scalar_subquery()
)

_HOME = Written(  # asked for the author of each mail
    select(func.min(contact.c.email).label("email"))
    .join_from(other_address, contact, contact.c.email_key == other_address.c.home_key)
    .where(other_address.c.email_key == bindparam("key"))
)
