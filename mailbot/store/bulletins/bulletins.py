"""Bulletins: what is written, what was sent, and what became of its copies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, func, insert, select, update

from mailbot.core.bulletins.bulletin import Bulletin, BulletinState
from mailbot.core.lists.expansion import Expansion
from mailbot.core.mail.address import address_key
from mailbot.store.database import storable
from mailbot.store.documents import document, read_document
from mailbot.store.members.troubles import suspended
from mailbot.store.sending.fan_outs import wanted_by
from mailbot.store.tables import bulletin, delivery, list_member, mailing, membership


@dataclass(frozen=True)
class StoredBulletin:
    """A bulletin as the database holds it."""

    bulletin: Bulletin
    state: BulletinState
    written_by: str  # "": a file; else the address that mailed it in
    number: int | None  # of the issue, once it is sent
    post: int | None  # its number in the list's archive
    sent_at: datetime | None
    mailings: tuple[int, ...]
    note: str


def every(connection: Connection) -> list[StoredBulletin]:
    """Return every bulletin, by key."""
    return [_stored(row) for row in connection.execute(_bulletins().order_by(bulletin.c.key))]


def load(connection: Connection, key: str) -> StoredBulletin | None:
    """Return one bulletin."""
    row = connection.execute(_bulletins().where(bulletin.c.key == key)).first()
    return None if row is None else _stored(row)


def lock(connection: Connection, key: str) -> StoredBulletin | None:
    """Return one bulletin and keep other transactions from changing it until this one ends."""
    row = connection.execute(_bulletins().where(bulletin.c.key == key).with_for_update()).first()
    return None if row is None else _stored(row)


def save(connection: Connection, value: Bulletin, *, written_by: str = "") -> None:
    """Put a bulletin in place; a new one is a draft."""
    row = {"definition": document(value), "list_name": value.list}
    changed = connection.execute(update(bulletin).where(bulletin.c.key == value.key).values(row))
    if not changed.rowcount:
        row |= {"key": value.key, "state": "draft", "written_by": storable(written_by)}
        connection.execute(insert(bulletin).values(row))


def set_sent(
    connection: Connection,
    key: str,
    *,
    number: int | None,
    post: int | None,
    mailings: Sequence[int],
    now: datetime,
) -> None:
    """Say that a bulletin is in the outbox, under this number, by these mailings."""
    connection.execute(
        update(bulletin)
        .where(bulletin.c.key == key)
        .values(state="sent", number=number, post=post, sent_at=now, mailings=" ".join(map(str, mailings)))
    )


def set_state(connection: Connection, key: str, state: BulletinState, note: str) -> None:
    """Say where a bulletin stands, and why."""
    connection.execute(update(bulletin).where(bulletin.c.key == key).values(state=state, note=storable(note)))


def numbers(connection: Connection, list_name: str) -> list[int]:
    """Return the numbers of a list's issues that went out, in order."""
    query = select(bulletin.c.number).where(
        bulletin.c.list_name == list_name, bulletin.c.state == "sent", bulletin.c.number.is_not(None)
    )
    return list(connection.execute(query.order_by(bulletin.c.number)).scalars())


def issue(connection: Connection, list_name: str, number: int) -> StoredBulletin | None:
    """Return the issue of this number."""
    query = _bulletins().where(
        bulletin.c.list_name == list_name, bulletin.c.number == number, bulletin.c.state == "sent"
    )
    row = connection.execute(query).first()
    return None if row is None else _stored(row)


def last_sent(connection: Connection, list_name: str) -> datetime | None:
    """Return when the list's last issue went out; None: there was none."""
    query = select(func.max(bulletin.c.sent_at)).where(
        bulletin.c.list_name == list_name, bulletin.c.state == "sent"
    )
    return connection.execute(query).scalar()


def left(connection: Connection, list_name: str) -> set[str]:
    """Return the keys of addresses that left a list, or were taken off it, members of it or not."""
    query = select(membership.c.email_key).where(
        membership.c.list_name == list_name, membership.c.standing.in_(("left", "removed"))
    )
    return set(connection.execute(query).scalars())


def gets(connection: Connection, list_name: str, address: str) -> bool:
    """Tell whether an address got a bulletin of this list, being a member or not, and has not left since."""
    key = address_key(address)
    if key in left(connection, list_name):
        return False
    query = (
        select(delivery.c.id)
        .join_from(delivery, mailing)
        .where(mailing.c.kind == "bulletin", mailing.c.subject == list_name)
        .where(func.lower(delivery.c.address) == key)
    )
    return connection.execute(query.limit(1)).first() is not None


@dataclass(frozen=True)
class ListReader:
    """A member of the list who gets its bulletins at once."""

    address: str
    profile: str  # how his mail system wants its mail


def readers_of_list(
    connection: Connection, list_name: str, now: datetime, *, digests: bool
) -> list[ListReader]:
    """Return the members who want each mail of a list now, by address; see `fan_outs.wanted_by`."""
    query = select(list_member.c.address, list_member.c.profile).where(
        wanted_by(Expansion(list_name, now, digests=digests))
    )
    return [ListReader(*row) for row in connection.execute(query.order_by(list_member.c.email_key))]


def unreachable(connection: Connection) -> set[str]:
    """Return the keys of the addresses whose mail comes back."""
    return {row.email_key for row in connection.execute(suspended())}


def copies_by_state(connection: Connection, mailings: Sequence[int]) -> dict[str, int]:
    """Return how many copies of these mailings are in each state."""
    rows = connection.execute(
        select(delivery.c.state, func.count())
        .where(delivery.c.mailing_id.in_(mailings))
        .group_by(delivery.c.state)
        .order_by(delivery.c.state)
    )
    return {row[0]: row[1] for row in rows}


@dataclass(frozen=True)
class BulletinCopy:
    """What became of one recipient's copy."""

    address: str
    state: str
    attempts: int
    reply: str


def copies(connection: Connection, mailings: Sequence[int], states: Sequence[str] = ()) -> list[BulletinCopy]:
    """Return the copies of these mailings in the order in which they leave; in these states, or all."""
    query = select(delivery.c.address, delivery.c.state, delivery.c.attempts, delivery.c.reply).where(
        delivery.c.mailing_id.in_(mailings)
    )
    if states:
        query = query.where(delivery.c.state.in_(states))
    rows = connection.execute(query.order_by(delivery.c.id))
    return [BulletinCopy(row[0], row[1], row[2], row[3] or "") for row in rows]


def withdraw(connection: Connection, mailings: Sequence[int], why: str) -> int:
    """Withdraw the copies of these mailings that have not left; returns how many."""
    return connection.execute(
        update(delivery)
        .where(delivery.c.state == "pending", delivery.c.mailing_id.in_(mailings))
        .values(state="withdrawn", reply=storable(why))
    ).rowcount


def _bulletins() -> Select[Any]:
    return select(
        bulletin.c.definition,
        bulletin.c.state,
        bulletin.c.written_by,
        bulletin.c.number,
        bulletin.c.post,
        bulletin.c.sent_at,
        bulletin.c.mailings,
        bulletin.c.note,
    )


def _stored(row: Row[Any]) -> StoredBulletin:
    made = tuple(map(int, row.mailings.split()))
    return StoredBulletin(
        read_document(Bulletin, row.definition),
        row.state,
        row.written_by,
        row.number,
        row.post,
        row.sent_at,
        made,
        row.note,
    )
