"""Mailings to many as they leave: how many copies are out, and letting the others rest, go on, or never leave (I23)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, case, func, select, update

from mailbot.store import bundles, fan_outs
from mailbot.store.copy_states import RESTS, unfinished
from mailbot.store.tables import delivery, fan_out, mailing, microseconds

_OPEN = ("pending", "sending")


@dataclass(frozen=True)
class Sending:
    """One mailing to more than one."""

    mailing_id: int
    kind: str  # its template's name
    subject: str  # list name, or key of the survey or event
    created_at: datetime
    total: int
    out: int  # copies that have left, or were tried and failed for good
    waiting: int  # copies that have not
    resting: int  # of those that wait: stopped
    unqueued: int = 0  # of those that wait: not in the outbox yet


def under_way(connection: Connection, subject: str | None = None) -> list[Sending]:
    """Return the mailings to many of which copies have not left, oldest first; of one list, survey or event, or of all."""
    condition = mailing.c.id.in_(unfinished())
    return _sendings(connection, condition if subject is None else condition & (mailing.c.subject == subject))


def made_at(connection: Connection, subject: str, now: datetime) -> list[Sending]:
    """Return the mailings to many that were made at that very moment, by one run."""
    return _sendings(connection, (mailing.c.subject == subject) & (mailing.c.created_at == now))


def rest(connection: Connection, mailing_ids: Collection[int]) -> int:
    """Let the copies that have not left rest; returns how many. One that is being sent this moment still leaves."""
    return _move(connection, mailing_ids, delivery.c.due_at < RESTS, RESTS)


def resume(connection: Connection, mailing_ids: Collection[int]) -> int:
    """Let the copies that rest leave; returns how many."""
    return _move(connection, mailing_ids, delivery.c.due_at >= RESTS, -RESTS)


def withdraw(connection: Connection, mailing_ids: Collection[int], why: str, now: datetime) -> int:
    """Let the copies that have not left never leave; returns how many."""
    unqueued = fan_outs.drop(connection, mailing_ids)
    bundles.open_waiting(connection, mailing_ids)
    queued = connection.execute(
        update(delivery)
        .where(delivery.c.state == "pending", delivery.c.mailing_id.in_(mailing_ids))
        .values(state="withdrawn", reply=why, settled_at=microseconds(now))
    ).rowcount
    return unqueued + queued


def _move(connection: Connection, mailing_ids: Collection[int], which: ColumnElement[bool], by: int) -> int:
    # What is not queued first: who queues it meanwhile has ended then, and his rows are seen.
    unqueued = fan_outs.move(connection, mailing_ids, by)
    bundles.open_waiting(connection, mailing_ids)
    queued = connection.execute(
        update(delivery)
        .where(delivery.c.state == "pending", which, delivery.c.mailing_id.in_(mailing_ids))
        .values(due_at=delivery.c.due_at + by)
    ).rowcount
    return unqueued + queued


def _sendings(connection: Connection, condition: ColumnElement[bool]) -> list[Sending]:
    waits = delivery.c.state.in_(_OPEN)
    rows = connection.execute(
        select(
            mailing.c.id,
            mailing.c.kind,
            mailing.c.subject,
            mailing.c.created_at,
            func.count(delivery.c.id),
            func.count(case((~waits & (delivery.c.state != "withdrawn"), 1))),
            func.count(case((waits, 1))),
            func.count(case((waits & (delivery.c.due_at >= RESTS), 1))),
        )
        .outerjoin_from(mailing, delivery)
        .where(condition)
        .group_by(mailing.c.id, mailing.c.kind, mailing.c.subject, mailing.c.created_at)
        .order_by(mailing.c.id)
    )
    left = fan_outs.left(connection)
    resting = set(connection.execute(select(fan_out.c.mailing_id).where(fan_out.c.due_at >= RESTS)).scalars())
    bundled: Counter[int] = Counter()
    for (number, _), count in bundles.copies(connection).items():
        bundled[number] += count
    found = [
        _with_more(Sending(*row), bundled[row[0]], left.get(row[0], 0), rests=row[0] in resting)
        for row in rows
    ]
    return [one for one in found if one.total > 1]


def _with_more(one: Sending, bundled: int, unqueued: int, *, rests: bool) -> Sending:
    return replace(
        one,
        total=one.total + bundled + unqueued,
        waiting=one.waiting + bundled + unqueued,
        resting=one.resting + unqueued * rests,
        unqueued=unqueued,
    )
