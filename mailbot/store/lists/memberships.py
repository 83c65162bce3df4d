"""What members chose on their lists, or was decided for them; the lists' members are counted anew from it.

Whoever changes who belongs to a list, or how, or the register behind it, holds `lock` before any row of theirs: somebody's
settings on one list rewrite his rows on all lists, which refer to the lists' rows and the register's. Two that take these in
different orders would each wait for the other, which PostgreSQL ends.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, select, tuple_, update

from mailbot.core.lists.membership import Membership, ThreadChoice
from mailbot.core.mail.address import address_key
from mailbot.store.database import storable
from mailbot.store.statements import Written, upserting
from mailbot.store.tables import list_member, membership, thread_choice
from mailbot.store.transactions import known

_LOCK = 0x6D656D62  # PostgreSQL advisory lock


def lock(connection: Connection) -> None:
    """Let nobody else change who belongs to a list before this transaction ends; on SQLite the one writer does so already."""
    if connection.dialect.name == "postgresql" and ("membership", "lock") not in known(connection):
        connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
        known(connection)["membership", "lock"] = True


def load(connection: Connection, list_name: str, address: str) -> Membership:
    """Return one member's settings; who never touched any has the defaults."""
    row = _SETTINGS_OF.first(connection, list_name=list_name, key=address_key(address))
    return Membership(list_name, address) if row is None else _membership(row)


def of_list(connection: Connection, list_name: str) -> dict[str, Membership]:
    """Return what members of one list chose, by the key of their address; who chose nothing is not there."""
    rows = connection.execute(
        _SETTINGS.add_columns(membership.c.email_key).where(membership.c.list_name == list_name)
    )
    return {row.email_key: _membership(row) for row in rows}


def of_person(connection: Connection, address: str) -> list[Membership]:
    """Return the settings of one address on every list that it belongs to, or chose something on, by the lists' names."""
    key = address_key(address)
    chosen = {
        row.list_name: _membership(row)
        for row in connection.execute(_SETTINGS.where(membership.c.email_key == key))
    }
    belongs = connection.execute(
        select(list_member.c.list_name, list_member.c.address).where(list_member.c.email_key == key)
    )
    every = {row.list_name: Membership(row.list_name, row.address) for row in belongs} | chosen
    return [every[name] for name in sorted(every)]


def save(connection: Connection, value: Membership) -> None:
    """Put a member's settings in place; `lists.refresh_every` for this address must follow."""
    lock(connection)
    row = {
        "list_name": value.list_name,
        "email_key": address_key(value.address),
        "address": storable(value.address),
        "standing": value.standing,
        "mode": value.mode,
        "off_from": value.off_from,
        "off_until": value.off_until,
        "copies_own": value.copies_own,
        "posting": value.posting,
        "profile": value.profile,
        "changed_by": storable(value.changed_by),
        "changed_at": value.changed_at,
        "weekly": value.weekly,
        "digested": value.digested,
        "receipts": value.receipts,
    }
    statement = upserting(connection.dialect.name, membership).values(row)
    keys = ["list_name", "email_key"]
    settings = {name: statement.excluded[name] for name in row if name not in keys}
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=settings))


def move(connection: Connection, old: str, new: str, by: str, now: datetime) -> list[str]:
    """Give everything that one address chose to another; returns the lists. What the new one chose before gives way."""
    lock(connection)
    names = [one.list_name for one in of_person(connection, old)]
    for table in (membership, thread_choice):
        connection.execute(delete(table).where(table.c.email_key == address_key(new)))
    connection.execute(
        update(membership)
        .where(membership.c.email_key == address_key(old))
        .values(email_key=address_key(new), address=storable(new), changed_by=storable(by), changed_at=now)
    )
    connection.execute(
        update(thread_choice)
        .where(thread_choice.c.email_key == address_key(old))
        .values(email_key=address_key(new))
    )
    return names


def fold(connection: Connection, old: str, into: str) -> None:
    """Give what was chosen for one address to another that is the same person's; where that chose itself, that holds."""
    lock(connection)
    key, kept = address_key(old), address_key(into)
    places = {
        membership: tuple_(membership.c.list_name),
        thread_choice: tuple_(thread_choice.c.list_name, thread_choice.c.thread),
    }
    for table, place in places.items():
        mine = table.c.email_key == key
        theirs = select(*place.clauses).where(table.c.email_key == kept)
        connection.execute(delete(table).where(mine, place.in_(theirs)))
        named = {"address": storable(into)} if table is membership else {}
        connection.execute(update(table).where(mine).values(email_key=kept, **named))


def choose_thread(
    connection: Connection, list_name: str, address: str, thread: str, choice: ThreadChoice | None
) -> None:
    """Mute or follow one thread (the Message-ID of its first post); None: neither."""
    lock(connection)
    key = address_key(address)
    connection.execute(
        delete(thread_choice).where(
            thread_choice.c.list_name == list_name,
            thread_choice.c.thread == storable(thread),
            thread_choice.c.email_key == key,
        )
    )
    if choice is not None:
        row = {"list_name": list_name, "thread": storable(thread), "email_key": key, "choice": choice}
        connection.execute(thread_choice.insert().values(row))


def thread_choices(connection: Connection, list_name: str, address: str) -> dict[str, str]:
    """Return the threads that a member muted or follows on one list."""
    query = select(thread_choice.c.thread, thread_choice.c.choice).where(
        thread_choice.c.list_name == list_name, thread_choice.c.email_key == address_key(address)
    )
    return {row.thread: row.choice for row in connection.execute(query)}


_SETTINGS = select(
    membership.c.list_name,
    membership.c.address,
    membership.c.standing,
    membership.c.mode,
    membership.c.off_from,
    membership.c.off_until,
    membership.c.copies_own,
    membership.c.posting,
    membership.c.profile,
    membership.c.changed_by,
    membership.c.changed_at,
    membership.c.weekly,
    membership.c.digested,
    membership.c.receipts,
)

_SETTINGS_OF = Written(  # asked for each post
    _SETTINGS.where(
        membership.c.list_name == bindparam("list_name"), membership.c.email_key == bindparam("key")
    )
)


def _membership(row: Any) -> Membership:
    return Membership(*tuple(row)[:14])
