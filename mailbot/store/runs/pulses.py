"""When the service last worked, and what one day of it was."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, insert, select, update

from mailbot.store.moments import last_before
from mailbot.store.sending import bundles, fan_outs
from mailbot.store.sending.copy_states import not_out
from mailbot.store.statements import Written
from mailbot.store.tables import delivery, inbox, mail, mailing, pulse

_ROW = 1
_LAST = Written(select(pulse.c.at).where(pulse.c.id == bindparam("row")))


@dataclass(frozen=True)
class DayFigures:
    """What happened since a moment, and what waits."""

    received: int  # mails that came in
    sent: int  # copies of ours that left
    failed: int  # copies that a server refused, or that were given up
    waiting: int  # copies that have not left
    held: int  # mails that wait for a person


def last(connection: Connection) -> datetime | None:
    """Return when the service last said that it works; None: never."""
    row = _LAST.first(connection, row=_ROW)
    return None if row is None else row.at


def beat(connection: Connection, now: datetime) -> None:
    """Say that the service works now."""
    if not connection.execute(update(pulse).where(pulse.c.id == _ROW).values(at=now)).rowcount:
        connection.execute(insert(pulse).values(id=_ROW, at=now))


def figures_since(connection: Connection, since: datetime) -> DayFigures:
    """Return what came and left since then; of copies, those of mailings made since then."""
    received = connection.execute(
        select(func.count()).where(mail.c.id > last_before(mail, mail.c.received_at, since))
    ).scalar_one()
    states: dict[str, int] = {
        row[0]: row[1]
        for row in connection.execute(
            select(delivery.c.state, func.count())
            .join_from(delivery, mailing)
            .where(mailing.c.id > last_before(mailing, mailing.c.created_at, since))
            .group_by(delivery.c.state)
        )
    }
    waiting = connection.execute(select(func.count()).select_from(delivery).where(not_out())).scalar_one()
    waiting += sum(fan_outs.left(connection).values()) + sum(bundles.copies(connection).values())
    held = connection.execute(select(func.count()).where(inbox.c.state == "held")).scalar_one()
    failed = states.get("failed", 0) + states.get("expired", 0)
    return DayFigures(received, states.get("sent", 0), failed, waiting, held)
