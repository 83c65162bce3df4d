"""Copies under a lease: claimed, marked before they leave, and settled with the words of the next hop (promises.md I9, I24)."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    Connection,
    Integer,
    bindparam,
    case,
    cast,
    func,
    insert,
    or_,
    select,
    update,
)

from mailbot.core.transfer.delivery import Deferred, Failed, Outcome, Sent, given_up, next_attempt
from mailbot.store.database import storable
from mailbot.store.statements import Written
from mailbot.store.tables import bundle, delivery, fan_out, history, mailing, microseconds

_STRETCH = 3  # neighbouring rows from which one statement for all is quicker than one for each
LEASE = timedelta(seconds=24)  # with the pace at which others look, a dead node's rows are free within 30 s


class Claimed(NamedTuple):
    """One recipient's row under our lease."""

    id: int
    mailing_id: int
    address: str
    ballot_id: int | None
    fields: str | None  # JSON
    attempts: int


@dataclass(frozen=True)
class Mailing:
    """A cooked message that several recipients share."""

    id: int
    cooked: bytes  # with the fields of core/mail/mailing.py
    subject: str  # list name, or key of the survey or event
    bounces: str | None  # local part for its bounces; None: null sender
    identical: bool  # one content and one return path for all


class AttemptOutcome(NamedTuple):
    """The outcome of one attempt, with what is needed to plan the next."""

    id: int
    attempts: int  # before this one
    outcome: Outcome


def claim(connection: Connection, owner: str, now: datetime, most: int) -> list[Claimed]:
    """Take the oldest rows that are due, under a lease; no other node gets them while it lasts (I24)."""
    until = microseconds(now + LEASE)
    rows: list[Claimed] = sorted(_DUE.rows(connection, most=most, now=microseconds(now)))
    for ids in _pieces([row.id for row in rows]):
        if isinstance(ids, range):
            _LEASE_STRETCH.run(connection, owner=owner, until=until, first=ids[0], last=ids[-1])
        else:
            _LEASE.run_columns(connection, {"row": ids}, owner=owner, until=until)
    return rows


def load_mailings(connection: Connection, mailing_ids: Sequence[int]) -> list[Mailing]:
    """Return these cooked messages."""
    query = select(mailing.c.id, mailing.c.cooked, mailing.c.subject, mailing.c.bounces, mailing.c.identical)
    return [Mailing(*row) for row in connection.execute(query.where(mailing.c.id.in_(mailing_ids)))]


def start(connection: Connection, owner: str, ids: Sequence[int]) -> set[int]:
    """Mark rows whose final dot is about to leave; returns those that are still ours."""
    if not ids:
        return set()
    started = 0
    for some in _pieces(sorted(ids)):
        if isinstance(some, range):
            started += _START_STRETCH.run(connection, owner=owner, first=some[0], last=some[-1])
        else:
            started += _START.run_columns(connection, {"row": some}, owner=owner)
    return set(ids) if started == len(ids) else still_ours(connection, owner, ids)


def still_ours(connection: Connection, owner: str, ids: Collection[int]) -> set[int]:
    """Return which of these rows are under the lease of this owner."""
    ours = select(delivery.c.id).where(
        delivery.c.id.in_(ids), delivery.c.lease_owner == owner, delivery.c.state == "sending"
    )
    return set(connection.execute(ours).scalars()) if ids else set()


def settle_sent(connection: Connection, owner: str, sent: Sequence[tuple[int, str]], now: datetime) -> None:
    """Record what the next hop has taken, with its words. A row whose lease went to somebody else is left to them."""
    said, at = {row: storable(words) for row, words in sent}, microseconds(now)
    for ids in _pieces(sorted(said)):
        words = [said[row] for row in ids]
        if isinstance(ids, range):
            values = {"owner": owner, "at": at, "words": json.dumps(words, ensure_ascii=False)}
            _SENT_STRETCH[connection.dialect.name].run(connection, first=ids[0], last=ids[-1], **values)
        else:
            _SENT.run_columns(connection, {"row": ids, "words": words}, owner=owner, at=at)


def settle_late(connection: Connection, owner: str, sent: Sequence[tuple[int, str]], now: datetime) -> int:
    """Record what the next hop took from us when that could not be recorded; returns of how many it was still to be said.

    Where the lease has run out meanwhile the row waits again, and a doubt was counted that is none; another node that has
    claimed it, too, finds that it may not start. If that one's final dot may have left, or has, its own outcome stands.
    """
    at = microseconds(now)
    late = [{"row": row, "words": storable(words), "at": at, "owner": owner} for row, words in sorted(sent)]
    return connection.execute(_SENT_LATE, late).rowcount if late else 0


def settle(
    connection: Connection, owner: str, settled: Sequence[AttemptOutcome], now: datetime, spread: float
) -> None:
    """Record outcomes. A row whose lease went to somebody else is left to them.

    `spread` (0 to 1) moves the next attempts apart, see core/transfer/delivery.py.
    """
    sent = [(one.id, one.outcome.reply) for one in settled if isinstance(one.outcome, Sent)]
    settle_sent(connection, owner, sent, now)
    others = [one for one in settled if not isinstance(one.outcome, Sent)]
    if others:
        queued_at = _queued_at(connection, [one.id for one in others])
        connection.execute(_UNSENT, [_unsent(one, owner, queued_at[one.id], now, spread) for one in others])
        connection.execute(
            insert(history),
            [{"delivery_id": one.id, "at": now, "what": _words(one.outcome)} for one in others],
        )


def _pieces(ids: Sequence[int]) -> list[range | list[int]]:
    """Cut ascending ids into stretches without a gap, and lists of the ids that are in none, in their order.

    The rows of a list's mailing are neighbours, and those of a round of the connections nearly always: one statement for
    them takes SQLite and its driver two thirds of what one for each does. Both lock rows in one order, see `renew`.
    """
    if len(ids) >= _STRETCH and ids[-1] - ids[0] == len(ids) - 1:
        return [range(ids[0], ids[-1] + 1)]
    pieces: list[range | list[int]] = []
    begin = 0
    for end in range(1, len(ids) + 1):
        if end < len(ids) and ids[end] == ids[end - 1] + 1:
            continue
        if end - begin >= _STRETCH:
            pieces.append(range(ids[begin], ids[end - 1] + 1))
        elif pieces and isinstance(pieces[-1], list):
            pieces[-1] += ids[begin:end]
        else:
            pieces.append([*ids[begin:end]])
        begin = end
    return pieces


def release(connection: Connection, owner: str, now: datetime, *, everything: bool = False) -> int:
    """Free rows whose lease ran out, or all of this owner's (at its start); returns how many.

    Where the final dot may have left, a copy may go twice: that is counted (promises.md I9).
    """
    mine = delivery.c.lease_owner == owner
    over = delivery.c.lease_until < microseconds(now)
    return connection.execute(
        update(delivery)
        .where(delivery.c.state == "sending", mine if everything else over)
        .values(
            state="pending",
            doubtful=delivery.c.doubtful + case((delivery.c.in_flight, 1), else_=0),
            in_flight=False,
            lease_owner=None,
        )
    ).rowcount


def renew(connection: Connection, owner: str, now: datetime) -> None:
    """Lengthen the lease of the rows that this owner still holds."""
    # Locked in the order in which `start` and `settle` lock them, so that PostgreSQL finds no deadlock.
    held = select(delivery.c.id).where(delivery.c.state == "sending", delivery.c.lease_owner == owner)
    connection.execute(
        update(delivery)
        .where(delivery.c.id.in_(held.order_by(delivery.c.id).with_for_update()))
        .values(lease_until=microseconds(now + LEASE))
    )


def put_back(connection: Connection, owner: str, ids: Sequence[int]) -> None:
    """Give back rows of ours that were never begun."""
    connection.execute(_PUT_BACK, [{"row": row_id, "owner": owner} for row_id in ids])


def take_back(connection: Connection, owner: str, ids: Sequence[int]) -> None:
    """Give back rows of ours that `start` has just marked in this transaction, and whose mail will not leave."""
    if ids:
        connection.execute(
            update(delivery)
            .where(delivery.c.id.in_(ids), delivery.c.lease_owner == owner)
            .values(state="pending", lease_owner=None, in_flight=False)
        )


def postpone(connection: Connection, owner: str, waits: Sequence[tuple[int, datetime]]) -> None:
    """Give back rows of ours that were never begun, due later; it is no attempt."""
    connection.execute(
        _PUT_BACK.values(due_at=bindparam("due")),
        [{"row": row_id, "owner": owner, "due": microseconds(due)} for row_id, due in waits],
    )


def next_due(connection: Connection) -> int | None:
    """Return when the next copy is due (microseconds), queued or not; None when nothing waits."""
    queued = [
        select(func.min(table.c.due_at)).where(table.c.state == "pending") for table in (delivery, bundle)
    ]
    dues = [connection.execute(query).scalar() for query in (*queued, select(func.min(fan_out.c.due_at)))]
    return min((due for due in dues if due is not None), default=None)


def overdue(connection: Connection, now: datetime) -> timedelta:
    """Return how long some row has been due without anybody taking it; zero where none has."""
    due = next_due(connection)
    return timedelta(microseconds=max(0, microseconds(now) - due)) if due is not None else timedelta()


# What runs for each claim is put together once: that costs SQLAlchemy more than running it.

_DUE = Written(
    select(
        delivery.c.id,
        delivery.c.mailing_id,
        delivery.c.address,
        delivery.c.ballot_id,
        delivery.c.fields,
        delivery.c.attempts,
    )
    .where(delivery.c.state == "pending", delivery.c.due_at <= bindparam("now"))
    .order_by(delivery.c.due_at, delivery.c.id)
    .limit(bindparam("most", type_=Integer))
    .with_for_update(skip_locked=True),
    Claimed,
)

_LEASED = {
    "state": "sending",
    "lease_owner": bindparam("owner"),
    "lease_until": bindparam("until"),
    "in_flight": False,
}

_LEASE = Written(update(delivery).where(delivery.c.id == bindparam("row")).values(_LEASED))

_LEASE_STRETCH = Written(
    update(delivery).where(delivery.c.id.between(bindparam("first"), bindparam("last"))).values(_LEASED)
)

_PUT_BACK = (
    update(delivery)
    .where(
        delivery.c.id == bindparam("row"),
        delivery.c.lease_owner == bindparam("owner"),
        delivery.c.in_flight.is_(False),
    )
    .values(state="pending", lease_owner=None)
)

_START = Written(
    update(delivery)
    .where(
        delivery.c.id == bindparam("row"),
        delivery.c.lease_owner == bindparam("owner"),
        delivery.c.state == "sending",
    )
    .values(in_flight=True)
)

# Whose lease it is says that it is being sent. Stated, that would lead SQLite to the index of all such rows.
_START_STRETCH = Written(
    update(delivery)
    .where(
        delivery.c.id.between(bindparam("first"), bindparam("last")),
        delivery.c.lease_owner == bindparam("owner"),
    )
    .values(in_flight=True)
)

_AS_SENT = {
    "state": "sent",
    "attempts": delivery.c.attempts + 1,
    "settled_at": bindparam("at"),
    "in_flight": False,
    "lease_owner": None,
}

_SENT = Written(
    update(delivery)
    .where(delivery.c.id == bindparam("row"), delivery.c.lease_owner == bindparam("owner"))
    .values({**_AS_SENT, "reply": bindparam("words")})
)

_SENT_LATE = (
    update(delivery)
    .where(
        delivery.c.id == bindparam("row"),
        or_(delivery.c.state == "pending", delivery.c.state == "sending"),
        or_(delivery.c.lease_owner == bindparam("owner"), delivery.c.in_flight.is_(False)),
    )
    .values(
        {
            **_AS_SENT,
            "reply": bindparam("words"),
            "doubtful": case(
                (delivery.c.lease_owner == bindparam("owner"), delivery.c.doubtful),
                (delivery.c.doubtful > 0, delivery.c.doubtful - 1),
                else_=0,
            ),
        }
    )
)


def _sent_stretch(words: ColumnElement[Any]) -> Written:
    """Return what records neighbours as sent; the server's words are a JSON array, one for each."""
    place = delivery.c.id - bindparam("first", type_=BigInteger)
    return Written(
        update(delivery)
        .where(
            delivery.c.id.between(bindparam("first"), bindparam("last")),
            delivery.c.lease_owner == bindparam("owner"),
        )
        .values({**_AS_SENT, "reply": words.op("->>")(cast(place, Integer))})
    )


_WORDS = bindparam("words", type_=delivery.c.reply.type)
_SENT_STRETCH = {"sqlite": _sent_stretch(_WORDS), "postgresql": _sent_stretch(cast(_WORDS, JSON))}

_UNSENT = (
    update(delivery)
    .where(delivery.c.id == bindparam("row"), delivery.c.lease_owner == bindparam("owner"))
    .values(
        state=bindparam("new_state"),
        attempts=delivery.c.attempts + 1,
        due_at=bindparam("due"),
        reply=bindparam("words"),
        doubtful=delivery.c.doubtful + bindparam("doubt"),
        settled_at=bindparam("at"),
        in_flight=False,
        lease_owner=None,
    )
)


def _queued_at(connection: Connection, ids: Sequence[int]) -> dict[int, datetime]:
    rows = connection.execute(
        select(delivery.c.id, mailing.c.created_at).join_from(delivery, mailing).where(delivery.c.id.in_(ids))
    )
    return {row[0]: row[1] for row in rows}


def _unsent(
    one: AttemptOutcome, owner: str, queued_at: datetime, now: datetime, spread: float
) -> dict[str, object]:
    row: dict[str, object] = {
        "row": one.id,
        "owner": owner,
        "words": storable(one.outcome.reply),
        "at": microseconds(now),
        "due": microseconds(now),
        "doubt": 0,
        "new_state": "failed",
    }
    if isinstance(one.outcome, Deferred):
        row["doubt"] = int(one.outcome.unknown)
        if given_up(queued_at, now):
            row["new_state"] = "expired"
        else:
            row["new_state"] = "pending"
            row["due"] = microseconds(next_attempt(one.attempts + 1, now, spread))
    return row


def _words(outcome: Outcome) -> str:
    match outcome:
        case Failed(reply):
            return storable(f"failed: {reply}")
        case Deferred(reply, unknown=True):
            return storable(f"deferred, perhaps delivered: {reply}")
        case Deferred(reply) | Sent(reply):
            return storable(f"deferred: {reply}")
