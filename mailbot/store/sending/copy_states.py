"""Copies of some states, found by the index of such rows: most rows are sent, and no index has those."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    CompoundSelect,
    Connection,
    bindparam,
    func,
    select,
    union_all,
)

from mailbot.store.statements import Written
from mailbot.store.tables import Moment, bundle, delivery, fan_out

RESTS = 10**16  # microseconds, some 300 years: added to when a copy is due, it is due no more


def not_out() -> ColumnElement[bool]:
    """Return the condition that a copy has not left, by the two indexes of such rows and not by a look at all that have."""
    row = delivery.alias()
    waiting, leaving = (select(row.c.id).where(row.c.state == state) for state in ("pending", "sending"))
    return delivery.c.id.in_(waiting.union_all(leaving))


def unfinished() -> CompoundSelect[tuple[int]]:
    """Return the query for the mailings of which copies have not left, or are not queued yet."""
    queued = select(delivery.c.mailing_id).where(not_out())
    return union_all(queued, select(bundle.c.mailing_id), select(fan_out.c.mailing_id))


def given_up_since(moment: int) -> ColumnElement[bool]:
    """Return the condition that a copy was refused or given up since then (microseconds), by the index of such rows."""
    # A partial index serves only a query that has its condition word for word.
    row = delivery.alias()
    states: BindParameter[list[str]] = bindparam(
        "ended", ["failed", "expired"], expanding=True, literal_execute=True
    )
    return delivery.c.id.in_(select(row.c.id).where(row.c.state.in_(states), row.c.settled_at >= moment))


def next_look(connection: Connection) -> datetime | None:
    """Return when the next copy is due that waits, or the next lease runs out; None: there is neither."""
    return min((at for at in _NEXT_LOOK.first(connection) if at is not None), default=None)


_NEXT_LOOK = Written(
    select(
        *(
            select(func.min(table.c[at], type_=Moment))
            .where(table.c.state == state)
            .scalar_subquery()
            .label(f"{table}_{at}")
            for table in (delivery, bundle)
            for state, at in (("pending", "due_at"), ("sending", "lease_until"))
        )
    )
)
