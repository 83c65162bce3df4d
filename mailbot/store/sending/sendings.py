"""Mailings to many as they leave: how many copies are out, and letting the others rest, go on, or never leave (I23)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import BigInteger, ColumnElement, Connection, Table, and_, case, func, or_, select, update

from mailbot.store.sending import bundles, fan_outs
from mailbot.store.sending.copy_states import RESTS, unfinished
from mailbot.store.tables import Moment, bundle, delivery, fan_out, mailing, microseconds

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


@dataclass(frozen=True)
class Made:
    """What one act put into the outbox, of one kind of mailing."""

    kind: str
    copies: int
    due_at: datetime | None  # of the first; None: they rest, since the list is stopped


def newest_mailing(connection: Connection) -> int:
    """Return the number of the newest mailing; 0: there is none."""
    return int(connection.execute(select(func.coalesce(func.max(mailing.c.id), 0))).scalar_one())


@dataclass(frozen=True)
class Last:
    """The last time that a mail of one kind went to many."""

    made_at: datetime
    copies: int


def last(connection: Connection, subject: str, kind: str) -> Last | None:
    """Return when mails of this kind about a list, survey or event were last made, and how many."""
    about = (mailing.c.subject == subject) & (mailing.c.kind == kind)
    query = (
        select(mailing.c.created_at, func.count(delivery.c.id))
        .join_from(mailing, delivery)
        .where(about)
        .group_by(mailing.c.created_at)
        .order_by(mailing.c.created_at.desc())
        .limit(1)
    )
    row = connection.execute(query).first()
    return None if row is None else Last(*row)


def made_after(connection: Connection, mailing_id: int, now: datetime) -> list[Made]:
    """Return what this transaction, which acts at `now`, has put into the outbox since that mailing was the newest.

    On PostgreSQL others make mailings meanwhile; theirs were made at another moment.
    """
    own = (mailing.c.id > mailing_id) & (mailing.c.created_at == now)
    kinds = {row.id: row.kind for row in connection.execute(select(mailing.c.id, mailing.c.kind).where(own))}
    copies: Counter[str] = Counter()
    first: dict[str, datetime] = {}
    for table, count in (
        (delivery, func.count(delivery.c.id)),
        (bundle, func.sum(bundle.c.copies, type_=BigInteger)),
        (fan_out, func.count(fan_out.c.mailing_id)),
    ):
        due = func.min(table.c.due_at, type_=Moment)
        query = select(table.c.mailing_id, count, due).group_by(table.c.mailing_id)
        for number, found, due_at in connection.execute(query.where(table.c.mailing_id.in_(kinds))):
            kind = kinds[number]
            copies[kind] += fan_outs.left(connection)[number] if table is fan_out else found
            first[kind] = min(due_at, first.get(kind, due_at))
    return [Made(kind, copies[kind], None if microseconds(at) >= RESTS else at) for kind, at in first.items()]


def rest(connection: Connection, mailings: fan_outs.Mailings) -> int:
    """Let the copies that have not left rest; returns how many. One that is being sent this moment still leaves."""
    return _move(connection, mailings, delivery.c.due_at < RESTS, RESTS)


def resume(connection: Connection, mailings: fan_outs.Mailings) -> int:
    """Let the copies that rest leave; returns how many."""
    return _move(connection, mailings, delivery.c.due_at >= RESTS, -RESTS)


def count_ahead(connection: Connection, now: datetime) -> int:
    """Return how many copies wait for a time to come, since a clock that ran ahead queued them."""
    singly, packed = (
        select(count)
        .join_from(table, mailing)
        .where(_waits_ahead(table, now), mailing.c.created_at > now)
        .scalar_subquery()
        for table, count in ((delivery, func.count()), (bundle, func.sum(bundle.c.copies)))
    )
    return int(connection.execute(select(singly + func.coalesce(packed, 0))).scalar_one())


def pull_back(connection: Connection, now: datetime, latest: datetime) -> int:
    """Let the copies leave now that a clock which ran ahead queued, or put off until after `latest`; returns how many."""
    made_ahead = select(mailing.c.id).where(mailing.c.created_at > now)
    due = {"due_at": microseconds(now)}
    connection.execute(
        update(fan_out).where(fan_out.c.due_at < RESTS, fan_out.c.mailing_id.in_(made_ahead)).values(due)
    )
    singly, packed = (
        update(table)
        .where(
            _waits_ahead(table, now),
            or_(table.c.due_at > microseconds(latest), table.c.mailing_id.in_(made_ahead)),
        )
        .values(due)
        for table in (delivery, bundle)
    )
    in_bundles = connection.execute(packed.returning(bundle.c.copies)).scalars().all()
    moved: int = connection.execute(singly).rowcount
    return moved + int(sum(in_bundles))


def _waits_ahead(table: Table, now: datetime) -> ColumnElement[bool]:
    return and_(table.c.state == "pending", table.c.due_at > microseconds(now), table.c.due_at < RESTS)


def withdraw(connection: Connection, mailing_ids: Collection[int], why: str, now: datetime) -> int:
    """Withdraw the copies that have not left; returns how many."""
    unqueued = fan_outs.drop(connection, mailing_ids)
    bundles.open_waiting(connection, mailing_ids)
    queued = connection.execute(
        update(delivery)
        .where(delivery.c.state == "pending", delivery.c.mailing_id.in_(mailing_ids))
        .values(state="withdrawn", reply=why, settled_at=microseconds(now))
    ).rowcount
    return unqueued + queued


def _move(connection: Connection, mailings: fan_outs.Mailings, which: ColumnElement[bool], by: int) -> int:
    # Those that are not queued come first: whoever queues them meanwhile has ended by then, and his rows are seen.
    unqueued = fan_outs.move(connection, mailings, by)
    bundles.open_waiting(connection, mailings)
    queued = connection.execute(
        update(delivery)
        .where(delivery.c.state == "pending", which, delivery.c.mailing_id.in_(mailings))
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
