"""Roll-calls, and what each body that was asked has said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, or_, select, update

from mailbot.core.mail.address import address_key
from mailbot.core.members.roll_call import Answer, RollCall
from mailbot.store.database import storable
from mailbot.store.tables import bounce, delivery, mailing, roll_call, roll_entry


@dataclass(frozen=True)
class RollCallEntry:
    """One body that was asked."""

    code: str
    address: str  # where it was asked
    answer: Answer
    at: datetime | None  # of the answer


def plan(connection: Connection, call: RollCall) -> None:
    """Write a roll-call down; one of the same key must not be there."""
    connection.execute(insert(roll_call).values(key=call.key, opens=call.opens, closes=call.closes))


def load(connection: Connection, key: str) -> RollCall | None:
    """Return one roll-call."""
    row = connection.execute(_CALLS.where(roll_call.c.key == key)).first()
    return None if row is None else RollCall(*row)


def newest(connection: Connection) -> RollCall | None:
    """Return the roll-call that opens, or opened, last."""
    row = connection.execute(_CALLS.order_by(roll_call.c.opens.desc()).limit(1)).first()
    return None if row is None else RollCall(*row)


def add(connection: Connection, key: str, asked: Sequence[tuple[str, str]]) -> None:
    """Write down who is asked: code and address."""
    rows = [
        {
            "call_key": key,
            "code": code,
            "address": storable(address),
            "email_key": address_key(address),
            "answer": "",
        }
        for code, address in asked
    ]
    if rows:
        connection.execute(insert(roll_entry), rows)


def entries(connection: Connection, key: str) -> list[RollCallEntry]:
    """Return who was asked and what they said, by code."""
    query = select(roll_entry.c.code, roll_entry.c.address, roll_entry.c.answer, roll_entry.c.answered_at)
    found = connection.execute(query.where(roll_entry.c.call_key == key).order_by(roll_entry.c.code))
    return [RollCallEntry(*row) for row in found]


def answer(connection: Connection, key: str, code: str, said: Answer, now: datetime) -> None:
    """Write down what a body has said; its newest word stands."""
    connection.execute(
        update(roll_entry)
        .where(roll_entry.c.call_key == key, roll_entry.c.code == code)
        .values(answer=said, answered_at=now)
    )


def unreached(connection: Connection, since: datetime) -> frozenset[str]:
    """Return the addresses, by their keys, at which a mail of a roll-call did not arrive since then."""
    failed = or_(delivery.c.state.in_(("failed", "expired")), bounce.c.permanent)
    query = (
        select(delivery.c.address)
        .join_from(delivery, mailing)
        .outerjoin(bounce, bounce.c.delivery_id == delivery.c.id)
        .where(mailing.c.kind == "roll_call", mailing.c.created_at >= since, failed)
    )
    return frozenset(map(address_key, connection.execute(query).scalars()))


_CALLS = select(roll_call.c.key, roll_call.c.opens, roll_call.c.closes)
