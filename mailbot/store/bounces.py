"""Bounces: which copies came back, and which bodies could not be reached."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, insert, select

from mailbot.store.tables import ballot, bounce, delivery


def address_of(connection: Connection, delivery_id: int) -> str | None:
    """Return the address that a copy went to."""
    return connection.execute(select(delivery.c.address).where(delivery.c.id == delivery_id)).scalar()


def add(
    connection: Connection, delivery_id: int, inbox_id: int, *, status: str, permanent: bool, now: datetime
) -> None:
    """Record that a copy came back."""
    connection.execute(
        insert(bounce).values(
            delivery_id=delivery_id, inbox_id=inbox_id, status=status, permanent=permanent, at=now
        )
    )


def undeliverable(connection: Connection, subject: str) -> set[str]:
    """Return the bodies whose mail of this survey or event was refused for good, gave up, or came back."""
    copies = select(ballot.c.code).join_from(delivery, ballot).where(ballot.c.subject == subject)
    refused = copies.where(delivery.c.state.in_(("failed", "expired")))
    back = copies.join(bounce, bounce.c.delivery_id == delivery.c.id).where(bounce.c.permanent.is_(True))
    return set(connection.execute(refused.union(back)).scalars())
