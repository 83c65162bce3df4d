"""A bounce: which copy could not be delivered, and is it for good? Only a token that we signed is believed (I15)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.automatic import automatic, seems_automatic
from mailbot.core.bounce import read_bounce
from mailbot.core.message import Message
from mailbot.core.token import read_bounce_token
from mailbot.flows.settled import Settled
from mailbot.site import Site
from mailbot.store import bounces
from mailbot.store.inbox import Received


def record_bounce(
    connection: Connection, site: Site, received: Received, message: Message, token: str | None, now: datetime
) -> Settled:
    """Record what a mail to a return path says about the copy that its token names."""
    delivery_id = None if token is None else read_bounce_token((site.key,), token)
    if delivery_id is None:
        if automatic(message, received.mail_from):
            return Settled("discarded", "a bounce whose address carries no token of ours; it names no copy")
        return Settled("held", "it was written to a return path by a person; please answer it")
    address = bounces.address_of(connection, delivery_id)
    if address is None:
        return Settled("discarded", "a bounce of a copy that is no longer known")
    reports = read_bounce(message)
    if not reports or seems_automatic(message.subject):
        return Settled("discarded", f"an automatic answer to the copy for {address}, not a bounce")
    permanent = any(report.permanent for report in reports)
    status = next((report.status for report in reports if report.status), "5.0.0" if permanent else "4.0.0")
    bounces.add(connection, delivery_id, received.id, status=status, permanent=permanent, now=now)
    kind = "permanent" if permanent else "temporary"
    return Settled("bounced", f"{kind} failure {status} of the copy for {address}")
