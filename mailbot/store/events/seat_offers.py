"""Seats that are free and offered to bodies that wait; an offer that was taken, refused or ran out is gone from here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from mailbot.store.tables import seat_offer


@dataclass(frozen=True)
class SeatOffer:
    """Seats kept for one body until a moment."""

    ballot_id: int
    people: int
    expires_at: datetime


def of_event(connection: Connection, key: str) -> list[SeatOffer]:
    """Return the open offers of an event."""
    rows = connection.execute(_OFFERS.where(seat_offer.c.event_key == key).order_by(seat_offer.c.ballot_id))
    return [SeatOffer(*row) for row in rows]


def of_ballot(connection: Connection, ballot_id: int) -> SeatOffer | None:
    """Return the open offer to one body."""
    row = connection.execute(_OFFERS.where(seat_offer.c.ballot_id == ballot_id)).first()
    return None if row is None else SeatOffer(*row)


def add(connection: Connection, key: str, offer: SeatOffer) -> None:
    """Keep an offer."""
    connection.execute(
        insert(seat_offer).values(
            event_key=key, ballot_id=offer.ballot_id, people=offer.people, expires_at=offer.expires_at
        )
    )


def end(connection: Connection, ballot_id: int) -> None:
    """Forget an offer, whatever became of it; the ledger says that."""
    connection.execute(delete(seat_offer).where(seat_offer.c.ballot_id == ballot_id))


_OFFERS = select(seat_offer.c.ballot_id, seat_offer.c.people, seat_offer.c.expires_at)
