"""Acts that need a second person: asked by one, approved or sent back by another, once (ballot.md section 14)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, insert, select, update

from mailbot.core.bulletins.bulletin import Bulletin
from mailbot.core.surveys.survey import Survey
from mailbot.core.surveys.two_persons import Act, ActState, Order
from mailbot.store.database import storable
from mailbot.store.documents import document
from mailbot.store.tables import act


@dataclass(frozen=True)
class StoredAct:
    """One act, as it was asked for and what became of it."""

    id: int
    key: str  # of the survey or bulletin
    act: Act
    detail: Mapping[str, str]
    digest: str  # of what was shown
    asked_by: str  # an address, or COMMAND_LINE
    asked_at: datetime
    state: ActState
    decided_by: str
    decided_at: datetime | None
    note: str


def digest_of(value: Survey | Bulletin) -> str:
    """Return what stands for exactly this survey or bulletin, dates and audience included: SHA-256 of its definition."""
    return hashlib.sha256(document(value).encode()).hexdigest()


def add(connection: Connection, order: Order, digest: str, now: datetime) -> int:
    """Store an act that waits for a second person, who is shown what `digest` stands for; returns its id."""
    row = {
        "subject": order.key,
        "act": order.act,
        "detail": json.dumps(dict(order.detail), sort_keys=True),
        "digest": digest,
        "asked_by": storable(order.by),
        "asked_at": now,
        "state": "waiting",
    }
    act_id: int = connection.execute(insert(act).values(row).returning(act.c.id)).scalar_one()
    return act_id


def lock(connection: Connection, act_id: int) -> StoredAct | None:
    """Return one act and keep other transactions from deciding about it until this one ends."""
    row = connection.execute(_acts().where(act.c.id == act_id).with_for_update()).first()
    return None if row is None else _stored(row)


def decide(
    connection: Connection, act_id: int, state: ActState, *, by: str, note: str, now: datetime
) -> None:
    """Say what became of an act."""
    connection.execute(
        update(act)
        .where(act.c.id == act_id)
        .values(state=state, decided_by=storable(by), decided_at=now, note=storable(note))
    )


def is_of_bulletin(connection: Connection, act_id: int) -> bool:
    """Tell whether an act is about a bulletin; else it is about a survey."""
    return connection.execute(select(act.c.act).where(act.c.id == act_id)).scalar() == "send"


def waiting(connection: Connection, key: str | None = None) -> list[StoredAct]:
    """Return the acts that wait, oldest first; of one survey when its key is given."""
    query = _acts().where(act.c.state == "waiting")
    if key is not None:
        query = query.where(act.c.subject == key)
    return [_stored(row) for row in connection.execute(query)]


def every(connection: Connection, key: str | None = None) -> list[StoredAct]:
    """Return all acts in order; of one survey when its key is given."""
    query = _acts() if key is None else _acts().where(act.c.subject == key)
    return [_stored(row) for row in connection.execute(query)]


def approved(connection: Connection, key: str, what: str, digest: str) -> bool:
    """Tell whether this act was approved for a survey that is still exactly the one that was shown."""
    return _last_word(connection, key, what, digest) == "approved"


def sent_back(connection: Connection, key: str, what: str, digest: str) -> bool:
    """Tell whether this act was sent back, and not approved since, for a survey that is still the one shown."""
    return _last_word(connection, key, what, digest) == "rejected"


def _last_word(connection: Connection, key: str, what: str, digest: str) -> str | None:
    query = (
        select(act.c.state)
        .where(act.c.subject == key, act.c.act == what, act.c.digest == digest)
        .where(act.c.state.in_(("approved", "rejected")))
        .order_by(act.c.decided_at.desc(), act.c.id.desc())
        .limit(1)
    )
    return connection.execute(query).scalar()


def _acts() -> Select[Any]:
    return select(
        act.c.id,
        act.c.subject,
        act.c.act,
        act.c.detail,
        act.c.digest,
        act.c.asked_by,
        act.c.asked_at,
        act.c.state,
        act.c.decided_by,
        act.c.decided_at,
        act.c.note,
    ).order_by(act.c.id)


def _stored(row: Row[Any]) -> StoredAct:
    return StoredAct(
        row.id,
        row.subject,
        row.act,
        json.loads(row.detail),
        row.digest,
        row.asked_by,
        row.asked_at,
        row.state,
        row.decided_by,
        row.decided_at,
        row.note,
    )
