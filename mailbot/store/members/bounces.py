"""Bounces: which copies came back, and which bodies could not be reached."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, insert, select, update

from mailbot.core.mail.address import address_key, same_address
from mailbot.store.sending import bundles, fan_outs
from mailbot.store.tables import ballot, bounce, bundle, delivery, failure, mailing


@dataclass(frozen=True)
class Returned:
    """How much of one mailing failed for good: it was refused, or came back."""

    subject: str
    copies: int
    failed: int


def copy_to(connection: Connection, mailing_id: int, address: str) -> int | None:
    """Return the copy of a mailing that left for an address, however that is capitalised; None: there is none."""
    # It may be faster than our note that the copy left.
    bundles.open_for(connection, mailing_id, address)
    query = select(delivery.c.id, delivery.c.address).where(
        delivery.c.mailing_id == mailing_id, delivery.c.state.in_(("sent", "sending"))
    )
    for near in (delivery.c.address == address, func.lower(delivery.c.address) == address_key(address)):
        for copy_id, sent_to in connection.execute(query.where(near)):
            if same_address(sent_to, address):
                return int(copy_id)
    return None


def add(
    connection: Connection, delivery_id: int, inbox_id: int, *, status: str, permanent: bool, now: datetime
) -> None:
    """Record that a copy came back."""
    connection.execute(
        insert(bounce).values(
            delivery_id=delivery_id, inbox_id=inbox_id, status=status, permanent=permanent, at=now
        )
    )


def ballot_of(connection: Connection, delivery_id: int) -> int | None:
    """Return the ballot that a copy was about."""
    return connection.execute(select(delivery.c.ballot_id).where(delivery.c.id == delivery_id)).scalar()


def returned(connection: Connection, delivery_id: int) -> Returned:
    """Return how many copies of the mailing that this copy belongs to failed for good.

    Of a mailing of identical copies a bounce is not counted: its recipients all see the return path.
    """
    of = select(delivery.c.mailing_id).where(delivery.c.id == delivery_id).scalar_subquery()
    subject, identical = connection.execute(
        select(mailing.c.subject, mailing.c.identical).where(mailing.c.id == of)
    ).one()
    copies = connection.execute(
        select(func.count()).select_from(delivery).where(delivery.c.mailing_id == of)
    ).scalar_one()
    failures = select(func.count()).select_from(failure).join(delivery)
    failures = failures.where(delivery.c.mailing_id == of, failure.c.permanent.is_(True))
    if identical:
        failures = failures.where(delivery.c.state.in_(("failed", "expired")))
    copies += sum(bundles.copies(connection, bundle.c.mailing_id == of).values())
    return Returned(subject, copies, connection.execute(failures).scalar_one())


def stop_mailing(connection: Connection, delivery_id: int) -> int:
    """Withdraw what has not left of the mailing that this copy belongs to; returns how many."""
    of = select(delivery.c.mailing_id).where(delivery.c.id == delivery_id)
    unqueued = fan_outs.drop(connection, of)
    bundles.open_waiting(connection, of)
    queued = connection.execute(
        update(delivery)
        .where(delivery.c.mailing_id == of.scalar_subquery(), delivery.c.state == "pending")
        .values(state="withdrawn")
    ).rowcount
    return unqueued + queued


def undeliverable(connection: Connection, subject: str) -> set[str]:
    """Return the bodies whose mail of this survey or event was refused for good, gave up, or came back."""
    copies = select(ballot.c.code).join_from(delivery, ballot).where(ballot.c.subject == subject)
    refused = copies.where(delivery.c.state.in_(("failed", "expired")))
    back = copies.join(bounce, bounce.c.delivery_id == delivery.c.id).where(bounce.c.permanent.is_(True))
    return set(connection.execute(refused.union(back)).scalars())
