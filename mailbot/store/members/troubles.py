"""Copies that did not arrive, and the addresses whose mail comes back (core/members/trouble.py)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Row,
    Select,
    and_,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    union_all,
    update,
)

from mailbot.core.mail.address import address_key
from mailbot.core.members.trouble import Failure, State, Trouble
from mailbot.store.database import storable
from mailbot.store.moments import last_before
from mailbot.store.sending import bundles
from mailbot.store.sending.copy_states import given_up_since
from mailbot.store.statements import Keyed, upserting
from mailbot.store.tables import (
    ballot,
    bundle,
    contact,
    delivery,
    failure,
    list_member,
    mailing,
    microseconds,
    post,
    trouble,
)

PROBE = "address_probe"  # the kind of mailing that asks an address for a sign of life


@dataclass(frozen=True)
class RefusedCopy:
    """A copy that our relay refused, or that was given up, and was not weighed yet."""

    delivery_id: int
    address: str
    reply: str
    expired: bool


@dataclass(frozen=True)
class Missed:
    """Somebody who did not get one mailing."""

    address: str
    state: str  # refused | given up | came back | waits | withdrawn | suspended
    words: str


# --- what came back -----------------------------------------------------------------------------------------------


def add_failure(connection: Connection, delivery_id: int, address: str, one: Failure, now: datetime) -> bool:
    """Record that a copy did not arrive; False when that was known, so that it counts once however often it is told.

    A copy that fails for good after it had seemed to fail for a time is told anew.
    """
    row = {
        "delivery_id": delivery_id,
        "email_key": address_key(storable(address)),
        "status": one.status,
        "permanent": one.permanent,
        "reason": one.reason,
        "words": storable(one.words),
        "at": now,
    }
    added = connection.execute(
        upserting(connection.dialect.name, failure)
        .values(row)
        .on_conflict_do_nothing()
        .returning(failure.c.delivery_id)
    ).first()
    if added is not None:
        return True
    worse = and_(failure.c.delivery_id == delivery_id, failure.c.permanent.is_(False), literal(one.permanent))
    return (
        connection.execute(update(failure).where(worse).values(row).returning(failure.c.delivery_id)).first()
        is not None
    )


def nobody_at(connection: Connection, subject: str, ballot_id: int | None = None) -> dict[int, list[str]]:
    """Return, by ballot of a survey, or for one of them, the addresses (`address_key`) where nobody was; one for each copy."""
    query = (
        select(delivery.c.ballot_id, failure.c.email_key)
        .join_from(ballot, delivery, delivery.c.ballot_id == ballot.c.id)
        .join(failure, failure.c.delivery_id == delivery.c.id)
        .where(ballot.c.subject == subject, failure.c.permanent.is_(True), failure.c.reason == "unknown")
    )
    found: dict[int, list[str]] = {}
    for number, key in connection.execute(
        query if ballot_id is None else query.where(ballot.c.id == ballot_id)
    ):
        found.setdefault(number, []).append(key)
    return found


def is_probe(connection: Connection, delivery_id: int) -> bool:
    """Tell whether a copy is a mail that asked an address for a sign of life."""
    query = select(mailing.c.kind).join_from(delivery, mailing).where(delivery.c.id == delivery_id)
    return connection.execute(query).scalar() == PROBE


def share_failed(connection: Connection, delivery_id: int) -> tuple[int, int]:
    """Return how many copies of this copy's mailing did not arrive, and how many there are."""
    of = select(delivery.c.mailing_id).where(delivery.c.id == delivery_id).scalar_subquery()
    failed = select(func.count()).select_from(failure).join(delivery).where(delivery.c.mailing_id == of)
    copies = select(func.count()).select_from(delivery).where(delivery.c.mailing_id == of)
    bundled = sum(bundles.copies(connection, bundle.c.mailing_id == of).values())
    return connection.execute(failed).scalar_one(), connection.execute(copies).scalar_one() + bundled


def refused(connection: Connection, since: datetime, most: int = 500) -> list[RefusedCopy]:
    """Return copies that were refused, or given up, since then and have not been weighed."""
    query = (
        select(delivery.c.id, delivery.c.address, delivery.c.reply, delivery.c.state)
        .where(given_up_since(microseconds(since)), delivery.c.id.not_in(select(failure.c.delivery_id)))
        .order_by(delivery.c.id)
        .limit(most)
    )
    return [
        RefusedCopy(row[0], row[1], row[2] or "", row[3] == "expired") for row in connection.execute(query)
    ]


# --- the addresses ------------------------------------------------------------------------------------------------


def load(connection: Connection, address: str) -> Trouble | None:
    """Return how things stand with an address; None: its mail does not come back."""
    row = connection.execute(select(trouble).where(trouble.c.email_key == _key(address))).first()
    return None if row is None else _trouble(row)


def every(connection: Connection) -> list[Trouble]:
    """Return every address whose mail comes back, suspended ones first, then the worst."""
    order = (trouble.c.state == "suspended").desc(), trouble.c.score.desc(), trouble.c.email_key
    return [_trouble(row) for row in connection.execute(select(trouble).order_by(*order))]


def state_of(connection: Connection, address: str) -> State | None:
    """Return the state of an address; None: none. Asked for each mail that somebody vouches for."""
    rows = _STATE.rows(connection, _key(address))
    return rows[0].state if rows else None


def read_states_ahead(connection: Connection, addresses: Iterable[str]) -> None:
    """Read what `state_of` will ask for about these addresses."""
    _STATE.read_ahead(connection, ((_key(address),) for address in addresses))


def save(connection: Connection, one: Trouble) -> None:
    """Put an address's row in place."""
    row = {
        "address": storable(one.address),
        "since": one.since,
        "last_at": one.last_at,
        "score": round(one.score * 1000),
        "scored_at": one.scored_at,
        "counted_on": None if one.counted_on is None else one.counted_on.isoformat(),
        "permanent": one.failure.permanent,
        "reason": one.failure.reason,
        "status": one.failure.status,
        "words": storable(one.failure.words),
        "state": one.state,
        "state_at": one.state_at,
        "state_by": storable(one.state_by),
        "summed_at": one.summed_at,
    }
    key = _key(one.address)
    changed = connection.execute(update(trouble).where(trouble.c.email_key == key).values(row))
    if not changed.rowcount:
        connection.execute(insert(trouble).values({**row, "email_key": key}))


def forget(connection: Connection, address: str) -> bool:
    """Forget what came back from an address; False when nothing was known."""
    return bool(connection.execute(delete(trouble).where(trouble.c.email_key == _key(address))).rowcount)


def is_ours(connection: Connection, address: str) -> bool:
    """Tell whether anybody is registered, or a member of a list, with this address."""
    key = _key(address)
    known = union_all(
        select(literal(1)).select_from(contact).where(contact.c.email_key == key),
        select(literal(1)).select_from(list_member).where(list_member.c.email_key == key),
    )
    return connection.execute(known.limit(1)).first() is not None


def suspended() -> Select[tuple[str]]:
    """Return the keys of the addresses that get no list mail, as a subquery."""
    return select(trouble.c.email_key).where(trouble.c.state == "suspended")


def probed_before(connection: Connection, moment: datetime) -> list[Trouble]:
    """Return the addresses that were asked before this moment and from which nothing has come back since."""
    query = select(trouble).where(trouble.c.state == "probing", trouble.c.state_at <= moment)
    return [_trouble(row) for row in connection.execute(query)]


def quiet_since(connection: Connection, moment: datetime) -> list[Trouble]:
    """Return the watched addresses from which nothing has come back since this moment."""
    query = select(trouble).where(trouble.c.state == "watched", trouble.c.last_at <= moment)
    return [_trouble(row) for row in connection.execute(query)]


def reached(connection: Connection, one: Trouble, before: datetime) -> bool:
    """Tell whether a copy left for this address after its last bounce and before this moment, and did not come back."""
    query = (
        select(delivery.c.id)
        .join_from(mailing, delivery)
        .where(
            mailing.c.id > last_before(mailing, mailing.c.created_at, one.last_at),
            mailing.c.created_at > one.last_at,
            mailing.c.created_at <= before,
            delivery.c.address == one.address,
            delivery.c.state == "sent",
            delivery.c.settled_at <= microseconds(before),
            delivery.c.id.not_in(select(failure.c.delivery_id)),
        )
    )
    return connection.execute(query.limit(1)).first() is not None


def summed_before(connection: Connection, moment: datetime) -> bool:
    """Tell whether there is an address in trouble that the office has not seen in a summary since this moment."""
    query = select(trouble.c.email_key).where(
        or_(trouble.c.summed_at.is_(None), trouble.c.summed_at < moment)
    )
    return connection.execute(query.limit(1)).first() is not None


def mark_summed(connection: Connection, now: datetime) -> None:
    """Note that the office sees all of them now."""
    connection.execute(update(trouble).values(summed_at=now))


# --- who did not get a mail --------------------------------------------------------------------------------------


def mailings_of(connection: Connection, inbox_id: int) -> list[tuple[int, str, datetime]]:
    """Return the posts that one received mail became: mailing, list, and when."""
    query = select(mailing.c.id, mailing.c.subject, mailing.c.created_at)
    query = query.where(mailing.c.inbox_id == inbox_id, mailing.c.kind == "post").order_by(mailing.c.id)
    return [(row[0], row[1], row[2]) for row in connection.execute(query)]


def received_as(connection: Connection, list_name: str, number: int) -> int | None:
    """Return the number in the inbox of a list's post; None: the archive has none that came this way."""
    query = select(post.c.inbox_id).where(post.c.list_name == list_name, post.c.number == number)
    return connection.execute(query).scalar()


def missed(connection: Connection, mailing_id: int, list_name: str, made_at: datetime) -> list[Missed]:
    """Return who did not get a post: refused, given up, came back, still waits, or suspended when it left."""
    query = (
        select(delivery.c.address, delivery.c.state, delivery.c.reply, failure.c.words, failure.c.permanent)
        .outerjoin_from(delivery, failure, failure.c.delivery_id == delivery.c.id)
        .where(delivery.c.mailing_id == mailing_id)
        .where(or_(delivery.c.state != "sent", failure.c.delivery_id.is_not(None)))
        .order_by(delivery.c.address)
    )
    rows = [
        Missed(row[0], _MISSED.get(row[1], "waits"), row[3] or row[2] or "")
        for row in connection.execute(query)
    ]
    rows += [
        Missed(address, "waits", "")
        for addresses in connection.execute(
            select(bundle.c.addresses).where(bundle.c.mailing_id == mailing_id)
        ).scalars()
        for address in json.loads(addresses)
    ]
    left_out = (
        select(trouble.c.address, trouble.c.words)
        .join_from(trouble, list_member, list_member.c.email_key == trouble.c.email_key)
        .where(
            list_member.c.list_name == list_name,
            trouble.c.state == "suspended",
            trouble.c.state_at <= made_at,
        )
        .order_by(trouble.c.email_key)
    )
    return rows + [Missed(row[0], "suspended", row[1]) for row in connection.execute(left_out)]


_MISSED = {"sent": "came back", "failed": "refused", "expired": "given up", "withdrawn": "withdrawn"}

_STATE = Keyed(select(trouble.c.state), trouble.c.email_key)


def _key(address: str) -> str:
    return address_key(storable(address))


def _trouble(row: Row[Any]) -> Trouble:
    return Trouble(
        address=row.address,
        since=row.since,
        last_at=row.last_at,
        score=row.score / 1000,
        scored_at=row.scored_at,
        counted_on=None if row.counted_on is None else date.fromisoformat(row.counted_on),
        failure=Failure(row.permanent, row.reason, row.status, row.words),
        state=row.state,
        state_at=row.state_at,
        state_by=row.state_by,
        summed_at=row.summed_at,
    )
