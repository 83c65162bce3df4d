"""Our copies for people who look: those in trouble, those of one received mail, those of one address."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, case, func, or_, select, union_all

from mailbot.core.mail.address import address_key
from mailbot.store.sending import bundles, fan_outs
from mailbot.store.sending.copy_states import given_up_since, not_out
from mailbot.store.tables import (
    bundle,
    contact,
    delivery,
    failure,
    history,
    list_member,
    mailing,
    membership,
    other_address,
    survey,
    trouble,
)

# As many as a person reads at a terminal
_MOST_TROUBLED = 50
_MOST_OF_ONE_MAIL = 1000


@dataclass(frozen=True)
class Copy:
    """One recipient's row for people to look at."""

    id: int
    address: str
    kind: str
    subject: str
    state: str
    attempts: int
    reply: str | None
    doubtful: int


@dataclass(frozen=True)
class OwnCopy:
    """One of the copies of an address."""

    id: int | None  # None: it waits in a bundle, where it has no number yet
    made_at: datetime
    kind: str
    subject: str
    state: str  # came_back: sent, and a bounce said that it did not arrive
    attempts: int
    reply: str | None  # the server's last words; of one that came back, the bounce's


@dataclass(frozen=True)
class Some:
    """Some of the copies that were asked for, and how many there are."""

    copies: list[Copy]
    total: int


def copy(connection: Connection, delivery_id: int) -> Copy | None:
    """Return one copy."""
    row = connection.execute(_COPIES.where(delivery.c.id == delivery_id)).first()
    return None if row is None else Copy(*row)


def troubled(connection: Connection) -> list[Copy]:
    """Return the newest copies that were deferred or failed, newest first."""
    query = _COPIES.where(or_(not_out(), given_up_since(0)), delivery.c.reply.is_not(None))
    return [
        Copy(*row) for row in connection.execute(query.order_by(delivery.c.id.desc()).limit(_MOST_TROUBLED))
    ]


def count_by_state(connection: Connection, inbox_id: int) -> Counter[str]:
    """Return how many of the copies that one received mail caused are in each state; who waits to be queued is pending.

    What left and came back is counted as `came_back`, not as sent.
    """
    caused = select(mailing.c.id).where(mailing.c.inbox_id == inbox_id)
    numbers = set(connection.execute(caused).scalars())
    query = select(_STATE, func.count()).outerjoin_from(delivery, failure)
    rows = connection.execute(query.where(delivery.c.mailing_id.in_(numbers)).group_by(_STATE))
    counts = Counter({row[0]: row[1] for row in rows})
    for (_, state), number in bundles.copies(connection, bundle.c.mailing_id.in_(numbers)).items():
        counts[state] += number
    for number, left in fan_outs.left(connection).items():
        counts["pending"] += left if number in numbers else 0
    return +counts


def in_trouble(connection: Connection, inbox_id: int) -> Some:
    """Return those copies of one received mail that have not arrived, or not at the first attempt.

    Those that wait in bundles are not among them.
    """
    rows = connection.execute(
        select(*_columns(_STATE, _WORDS), func.count().over())
        .join_from(delivery, mailing)
        .outerjoin(failure)
        .where(mailing.c.inbox_id == inbox_id)
        .where(or_(_STATE != "sent", delivery.c.attempts > 1))
        .order_by(delivery.c.id)
        .limit(_MOST_OF_ONE_MAIL)
    ).all()
    return Some([Copy(*row[:-1]) for row in rows], rows[0][-1] if rows else 0)


def to_address(connection: Connection, address: str, most: int) -> tuple[list[OwnCopy], int]:
    """Return the newest copies of an address, and how many it has in all.

    No index has addresses: it would cost each copy more than the rare question is worth. From the newest mailing back, the
    index of the copies of a mailing is asked for the address, so that a mailing costs the same whether it has one copy or a
    million; the address must be spelled as it was, so every spelling that is registered is asked for.
    """
    waiting = _bundled(connection, address)
    numbers = sorted(connection.execute(_numbers(_spellings(connection, address))).scalars(), reverse=True)
    query = (
        select(
            *(delivery.c.id, mailing.c.created_at, mailing.c.kind, mailing.c.subject),
            *(_STATE, delivery.c.attempts, _WORDS),
        )
        .join_from(delivery, mailing)
        .outerjoin(failure)
        .where(delivery.c.id.in_(numbers[:most]))
        .order_by(delivery.c.id.desc())
    )
    found = [*waiting, *(OwnCopy(*row) for row in connection.execute(query))]
    return found[:most], len(waiting) + len(numbers)


def results_to(connection: Connection, address: str, most: int) -> list[tuple[str, datetime, int]]:
    """Return the published results that went to an address, newest first: key of the survey, when, number of the copy."""
    query = (
        select(survey.c.key, survey.c.published_at, func.max(delivery.c.id))
        .join_from(survey, mailing, (mailing.c.subject == survey.c.key) & (mailing.c.kind == "result"))
        .join(delivery, delivery.c.mailing_id == mailing.c.id)
        .where(survey.c.published_at.is_not(None), delivery.c.address.in_(_spellings(connection, address)))
        .where(delivery.c.state != "withdrawn")
        .group_by(survey.c.key, survey.c.published_at)
    )
    rows = connection.execute(query.order_by(survey.c.published_at.desc(), survey.c.key).limit(most))
    return [(row[0], row[1], row[2]) for row in rows]


def sent_content(connection: Connection, delivery_id: int) -> tuple[bytes, str | None] | None:
    """Return the cooked mail of a copy, and its own fields (JSON); None: there is no such copy."""
    query = select(mailing.c.cooked, delivery.c.fields).join_from(delivery, mailing)
    row = connection.execute(query.where(delivery.c.id == delivery_id)).first()
    return None if row is None else (row.cooked, row.fields)


def story(connection: Connection, delivery_ids: Sequence[int]) -> list[tuple[datetime, int, str]]:
    """Return the history of these copies."""
    rows = connection.execute(
        select(history.c.at, history.c.delivery_id, history.c.what)
        .where(history.c.delivery_id.in_(delivery_ids))
        .order_by(history.c.id)
    )
    return [(row[0], row[1], row[2]) for row in rows]


def _spellings(connection: Connection, address: str) -> set[str]:
    key = address_key(address)
    registered = union_all(
        *(
            select(table.c[column]).where(table.c.email_key == key)
            for table, column in (
                (contact, "email"),
                (other_address, "email"),
                (list_member, "address"),
                (membership, "address"),
                (trouble, "address"),
            )
        )
    )
    return {address, key, *connection.execute(registered).scalars()}


def _numbers(spellings: set[str]) -> Select[tuple[int]]:
    newest = select(func.max(delivery.c.mailing_id).label("id")).cte("walk", recursive=True)
    before = delivery.alias()
    next_one = select(func.max(before.c.mailing_id)).where(before.c.mailing_id < newest.c.id)
    walk = newest.union_all(select(next_one.scalar_subquery()).where(newest.c.id.is_not(None)))
    mine = and_(delivery.c.mailing_id == walk.c.id, delivery.c.address.in_(spellings))
    return select(delivery.c.id).select_from(walk.join(delivery, mine))


def _bundled(connection: Connection, address: str) -> list[OwnCopy]:
    """Return those that wait, or are being sent, in bundles: there are few, for they go when they are sent."""
    query = (
        select(mailing.c.created_at, mailing.c.kind, mailing.c.subject, bundle.c.state, bundle.c.addresses)
        .join_from(bundle, mailing)
        .where(bundles.holds(address))
        .order_by(bundle.c.id.desc())
    )
    key = address_key(address)
    rows = connection.execute(query).all()
    return [
        OwnCopy(None, row.created_at, row.kind, row.subject, row.state, 0, None)
        for row in rows
        if key in map(address_key, json.loads(row.addresses))
    ]


_CAME_BACK = and_(delivery.c.state == "sent", failure.c.delivery_id.is_not(None))

_STATE = case((_CAME_BACK, "came_back"), else_=delivery.c.state)

_WORDS = case(
    (_CAME_BACK, func.coalesce(func.nullif(failure.c.words, ""), failure.c.status)), else_=delivery.c.reply
)


def _columns(state: Any, words: Any) -> tuple[Any, ...]:
    return (
        delivery.c.id,
        delivery.c.address,
        mailing.c.kind,
        mailing.c.subject,
        state,
        delivery.c.attempts,
        words,
        delivery.c.doubtful,
    )


_COPIES = select(*_columns(delivery.c.state, delivery.c.reply)).join_from(delivery, mailing)
