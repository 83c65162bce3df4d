"""Mailings to many as they leave: how many copies are out, and letting the others rest, go on, or never leave (I23)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, case, func, select, update

from mailbot.store.copy_states import not_out
from mailbot.store.outbox import RESTS
from mailbot.store.tables import delivery, mailing, microseconds

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


def under_way(connection: Connection, subject: str | None = None) -> list[Sending]:
    """Return the mailings to many of which copies have not left, oldest first; of one list, survey or event, or of all."""
    open_copies = select(delivery.c.mailing_id).where(not_out()).distinct()
    condition = mailing.c.id.in_(open_copies)
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
    return connection.execute(
        update(delivery)
        .where(delivery.c.state == "pending", delivery.c.mailing_id.in_(mailing_ids))
        .values(state="withdrawn", reply=why, settled_at=microseconds(now))
    ).rowcount


def _move(connection: Connection, mailing_ids: Collection[int], which: ColumnElement[bool], by: int) -> int:
    return connection.execute(
        update(delivery)
        .where(delivery.c.state == "pending", which, delivery.c.mailing_id.in_(mailing_ids))
        .values(due_at=delivery.c.due_at + by)
    ).rowcount


def _sendings(connection: Connection, condition: ColumnElement[bool]) -> list[Sending]:
    waits = delivery.c.state.in_(_OPEN)
    rows = connection.execute(
        select(
            mailing.c.id,
            mailing.c.kind,
            mailing.c.subject,
            mailing.c.created_at,
            func.count(),
            func.count(case((~waits & (delivery.c.state != "withdrawn"), 1))),
            func.count(case((waits, 1))),
            func.count(case((waits & (delivery.c.due_at >= RESTS), 1))),
        )
        .join_from(mailing, delivery)
        .where(condition)
        .group_by(mailing.c.id, mailing.c.kind, mailing.c.subject, mailing.c.created_at)
        .having(func.count() > 1)
        .order_by(mailing.c.id)
    )
    return [Sending(*row) for row in rows]
