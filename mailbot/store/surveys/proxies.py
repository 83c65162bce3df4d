"""Proxies 委任状: who gave its vote in a resolution to whom, and since when."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from mailbot.core.surveys.resolution import Proxy
from mailbot.store.database import storable
from mailbot.store.tables import proxy

_PROXIES = select(proxy.c.code, proxy.c.holder, proxy.c.recorded_at, proxy.c.words, proxy.c.recorded_by)


def standing(connection: Connection, key: str) -> list[Proxy]:
    """Return the proxies of a resolution that stand, one for a giver at most, by giver."""
    rows = connection.execute(
        _PROXIES.where(proxy.c.subject == key, proxy.c.ended_at.is_(None)).order_by(proxy.c.code, proxy.c.id)
    )
    return [Proxy(*row) for row in rows]


def add(connection: Connection, key: str, new: Proxy, inbox_id: int | None) -> None:
    """Record a proxy in place of the one that its giver gave before."""
    end(connection, key, new.code, new.recorded_at)
    connection.execute(
        insert(proxy).values(
            subject=key,
            code=new.code,
            holder=new.holder,
            words=storable(new.words),
            recorded_at=new.recorded_at,
            recorded_by=storable(new.by),
            inbox_id=inbox_id,
        )
    )


def end(connection: Connection, key: str, code: str, at: datetime) -> Proxy | None:
    """End the proxy of this giver and return it; None: there was none."""
    ended = connection.execute(
        update(proxy)
        .where(proxy.c.subject == key, proxy.c.code == code, proxy.c.ended_at.is_(None))
        .values(ended_at=at)
        .returning(*_PROXIES.selected_columns)
    ).first()
    return None if ended is None else Proxy(*ended)
