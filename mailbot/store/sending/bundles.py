"""Bundles: up to a hundred copies of a mailing that is identical for all, in one row while they wait and while they leave.

A bundle is nothing but a short form of that many rows of the outbox with one state, one due time, one lease and one mark. When the
relay has taken all of it, its rows are born as `sent`, and the bundle goes in the same transaction. Whatever is not so
simple (a recipient who was refused, a withdrawal, a crash behind the mark) opens it: its rows then stand in the outbox as they would
have stood there from the beginning.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    Connection,
    Integer,
    Select,
    bindparam,
    cast,
    delete,
    func,
    insert,
    literal,
    select,
    true,
    update,
)

from mailbot.core.mail.address import address_key
from mailbot.store.statements import Written
from mailbot.store.tables import bundle, delivery, mailing, microseconds

# Copies in one, and recipients in one transaction with the relay, as many as every server takes (RFC 5321 section 4.5.3.1.8);
# a kill leaves all of them in doubt (I9).
SIZE = 100
_INSERTED_AT_ONCE = 1_000


class Bundle(NamedTuple):
    """One under our lease."""

    id: int
    mailing_id: int
    due_at: int
    addresses: str  # JSON, as it is kept
    numbers: tuple[int, ...]  # of its recipients: none that a row of the outbox has
    recipients: tuple[tuple[int, str], ...]  # these numbers, and the addresses


def bundle_of(number: int) -> int:
    """Return the id of the bundle in which a recipient has this number, which is below 0; his row has no id yet."""
    return -number // SIZE


def is_bundled(connection: Connection, mailing_id: int) -> bool:
    """Tell whether the copies of a mailing wait in bundles."""
    row = _IDENTICAL.first(connection, number=mailing_id)
    return row is not None and bool(row.identical)


def pack(connection: Connection, mailing_id: int, addresses: Sequence[str], due_at: int) -> None:
    """Queue a mailing to these, in bundles."""
    packs = [addresses[first : first + SIZE] for first in range(0, len(addresses), SIZE)]
    if packs:
        columns: dict[str, Sequence[object]] = {
            "addresses": [json.dumps(one, ensure_ascii=False) for one in packs],
            "copies": [len(one) for one in packs],
        }
        _PACK.run_columns(connection, columns, mailing_id=mailing_id, due_at=due_at)


def are_first(connection: Connection, now: datetime) -> bool:
    """Tell whether some bundle is due, and no row of the outbox waits for longer."""
    bundled, single = _OLDEST.first(connection)
    return bundled is not None and bundled <= min(single or bundled, microseconds(now))


def claim(connection: Connection, owner: str, now: datetime, until: datetime, most: int) -> list[Bundle]:
    """Take the oldest bundles that are due, under a lease; no other node gets them while it lasts (I24)."""
    values = {"now": microseconds(now), "until": microseconds(until), "owner": owner, "most": most}
    found = []
    for number, mailing_id, due_at, addresses in sorted(_CLAIM.rows(connection, **values)):
        to = json.loads(addresses)
        numbers = tuple(range(-number * SIZE, -number * SIZE - len(to), -1))
        found.append(
            Bundle(number, mailing_id, due_at, addresses, numbers, tuple(zip(numbers, to, strict=True)))
        )
    return found


def lock(connection: Connection, numbers: Iterable[int]) -> None:
    """Keep others from the bundles of these until the end of this transaction, which marks and settles them in whatever order.

    Whoever opens bundles locks them in the same order, so that PostgreSQL finds no deadlock; SQLite has one writer.
    """
    if connection.dialect.name == "postgresql":
        these = select(bundle.c.id).where(bundle.c.id.in_({bundle_of(one) for one in numbers if one < 0}))
        connection.execute(these.order_by(bundle.c.id).with_for_update())


def start(connection: Connection, owner: str, bundle_id: int) -> bool:
    """Mark a bundle whose final dot is about to leave; False: it is not ours, or not there any more."""
    return _START.run(connection, row=bundle_id, owner=owner) == 1


def take_back(connection: Connection, owner: str, bundle_ids: Collection[int]) -> None:
    """Give back bundles of ours that `start` has just marked in this transaction, and whose mail will not leave."""
    _give_back(connection, bundle.c.id.in_(bundle_ids) & (bundle.c.lease_owner == owner))


def put_back(connection: Connection, owner: str, bundle_ids: Collection[int]) -> None:
    """Give back bundles of ours that were never begun."""
    never = bundle.c.in_flight.is_(False)
    _give_back(connection, bundle.c.id.in_(bundle_ids) & (bundle.c.lease_owner == owner) & never)


def settle_sent(connection: Connection, owner: str, one: Bundle, words: str, at: int) -> bool:
    """Record that the next hop has taken all of a bundle, with its words; False: it is not ours, or not there any more."""
    if _GONE.run(connection, row=one.id, owner=owner) != 1:
        return False
    born = _BORN_POSTGRESQL if connection.dialect.name == "postgresql" else _BORN_SQLITE
    values = {"number": one.mailing_id, "due": one.due_at, "addresses": one.addresses}
    born.run(connection, words=words, at=at, **values)
    return True


def rows_of(connection: Connection, owner: str, one: Bundle, *, whoever: bool = False) -> dict[int, int]:
    """Open a bundle of ours, unless that is done; returns the rows that are still ours by the recipients' numbers.

    `whoever`: those that are not ours any more, too.
    """
    open_all(connection, (bundle.c.id == one.id) & (bundle.c.lease_owner == owner))
    rows = connection.execute(
        select(delivery.c.address, delivery.c.id).where(
            delivery.c.mailing_id == one.mailing_id,
            delivery.c.address.in_([address for _, address in one.recipients]),
            true() if whoever else delivery.c.lease_owner == owner,
        )
    )
    found = {address: number for address, number in rows}  # noqa: C416  they are rows, not pairs
    return {number: found[address] for number, address in one.recipients if address in found}


def open_all(connection: Connection, which: ColumnElement[bool] | None = None) -> None:
    """Open these bundles, or all: from now on their copies are rows of the outbox, in the same state and under the same lease."""
    _open(connection, true() if which is None else which)


def open_for(connection: Connection, mailing_id: int, address: str) -> None:
    """Open the bundle in which the copy of a mailing for an address is just being sent: it may have left, and come back."""
    _open(connection, (bundle.c.mailing_id == mailing_id) & (bundle.c.state == "sending") & holds(address))


def holds(address: str) -> ColumnElement[bool]:
    """Return the condition that a copy for an address may be in a bundle: its letters are."""
    addresses = func.lower(bundle.c.addresses)
    key = json.dumps(address_key(address), ensure_ascii=False)[1:-1]
    return func.replace(addresses, key, "") != addresses  # not LIKE: `_` is a letter of addresses


def open_waiting(connection: Connection, mailings: Collection[int] | Select[tuple[int]]) -> None:
    """Open the bundles of these mailings that nobody has taken yet: their copies are to be changed."""
    _open(connection, bundle.c.mailing_id.in_(mailings) & (bundle.c.state == "pending"))


def open_due(connection: Connection, now: datetime, most: int) -> None:
    """Open some of the bundles that are due: their copies are to be taken one by one."""
    due = select(bundle.c.id).where(bundle.c.state == "pending", bundle.c.due_at <= microseconds(now))
    first = due.order_by(bundle.c.due_at, bundle.c.id).limit(most).with_for_update(skip_locked=True)
    _open(connection, bundle.c.id.in_(first))


def release(connection: Connection, owner: str, now: datetime, *, everything: bool = False) -> None:
    """Free bundles whose lease ran out, or all of this owner's. Where the final dot may have left, each copy is in doubt (I9)."""
    over = bundle.c.lease_owner == owner if everything else bundle.c.lease_until < microseconds(now)
    free = (bundle.c.state == "sending") & over
    _open(
        connection, free & bundle.c.in_flight, state="pending", lease_owner=None, in_flight=False, doubtful=1
    )
    # Not one that a node, paused until now, has started between these two statements: the next time counts it.
    _give_back(connection, free & ~bundle.c.in_flight)


def renew(connection: Connection, owner: str, until: datetime) -> None:
    """Lengthen the lease of the bundles that this owner still holds."""
    # One that is locked is being marked or settled this moment: to wait for it could be a deadlock, and the next time will do.
    held = select(bundle.c.id).where(bundle.c.state == "sending", bundle.c.lease_owner == owner)
    mine = bundle.c.id.in_(held.with_for_update(skip_locked=True))
    connection.execute(update(bundle).where(mine).values(lease_until=microseconds(until)))


def copies(
    connection: Connection, condition: ColumnElement[bool] | None = None
) -> dict[tuple[int, str], int]:
    """Return how many copies are in the bundles that the condition names, or in all, by mailing and state."""
    query = select(bundle.c.mailing_id, bundle.c.state, func.sum(bundle.c.copies, type_=BigInteger))
    found = connection.execute(
        query.where(true() if condition is None else condition).group_by(bundle.c.mailing_id, bundle.c.state)
    )
    return {(row[0], row[1]): row[2] for row in found}


def addresses(connection: Connection, mailings: Collection[int]) -> Select[tuple[str]]:
    """Return the query for the addresses in the bundles of these mailings."""
    written: ColumnElement[Any] = bundle.c.addresses
    if connection.dialect.name == "postgresql":
        each = func.json_array_elements_text(cast(written, JSON)).table_valued("value")
    else:
        each = func.json_each(written).table_valued("value")
    return (
        select(each.c.value).select_from(bundle.join(each, true())).where(bundle.c.mailing_id.in_(mailings))
    )


def _give_back(connection: Connection, which: ColumnElement[bool]) -> None:
    freed = {"state": "pending", "lease_owner": None, "in_flight": False}
    connection.execute(update(bundle).where(which).values(freed))


def _open(connection: Connection, which: ColumnElement[bool], **changed: object) -> None:
    these = select(bundle.c.id).where(which)
    if connection.dialect.name == "postgresql":
        # Locked in the sender's order, so that there is no deadlock; SQLite, which locks no row, would walk along all.
        these = these.order_by(bundle.c.id).with_for_update()
    opened: Any = connection.execute(
        delete(bundle)
        .where(bundle.c.id.in_(these))
        .returning(
            *(bundle.c.id, bundle.c.mailing_id, bundle.c.addresses, bundle.c.due_at, bundle.c.state),
            *(bundle.c.lease_owner, bundle.c.lease_until, bundle.c.in_flight),
        )
    )
    rows = _singly(sorted(opened), changed)
    while some := list(islice(rows, _INSERTED_AT_ONCE)):
        connection.execute(insert(delivery), some)


def _singly(opened: Sequence[Any], changed: dict[str, object]) -> Iterator[dict[str, object]]:
    for one in opened:
        values = {**one._asdict(), **changed}
        del values["id"]
        for address in json.loads(values.pop("addresses")):
            yield {**values, "address": address}


_PACK = Written(insert(bundle))

_OLDEST = Written(
    select(
        *(
            select(func.min(table.c.due_at))
            .where(table.c.state == "pending")
            .scalar_subquery()
            .label(table.name)
            for table in (bundle, delivery)
        )
    )
)

_CLAIM = Written(
    update(bundle)
    .where(
        bundle.c.id.in_(
            select(bundle.c.id)
            .where(bundle.c.state == "pending", bundle.c.due_at <= bindparam("now"))
            .order_by(bundle.c.due_at, bundle.c.id)
            .limit(bindparam("most", type_=Integer))
            .with_for_update(skip_locked=True)
        )
    )
    .values(state="sending", lease_owner=bindparam("owner"), lease_until=bindparam("until"), in_flight=False)
    .returning(bundle.c.id, bundle.c.mailing_id, bundle.c.due_at, bundle.c.addresses)
)

_IDENTICAL = Written(select(mailing.c.identical).where(mailing.c.id == bindparam("number")))

_OURS = (bundle.c.id == bindparam("row")) & (bundle.c.lease_owner == bindparam("owner"))

_START = Written(update(bundle).where(_OURS).values(in_flight=True))

_GONE = Written(delete(bundle).where(_OURS))


def _born(address: ColumnElement[str]) -> Written:
    """Return what inserts the rows of a bundle that the next hop has taken."""
    row: dict[str, ColumnElement[Any]] = {
        "mailing_id": bindparam("number", type_=BigInteger),
        "address": address,
        "state": literal("sent"),
        "attempts": literal(1),
        "due_at": bindparam("due", type_=BigInteger),
        "reply": bindparam("words", type_=delivery.c.reply.type),
        "settled_at": bindparam("at", type_=BigInteger),
    }
    return Written(insert(delivery).from_select(list(row), select(*row.values())))


_TEXT = delivery.c.address.type
_ADDRESSES = bindparam("addresses", type_=_TEXT)
_BORN_SQLITE = _born(func.json_each(_ADDRESSES).table_valued("value").c.value)
_BORN_POSTGRESQL = _born(func.json_array_elements_text(cast(_ADDRESSES, JSON)).table_valued("value").c.value)
