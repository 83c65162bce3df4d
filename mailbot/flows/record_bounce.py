"""A bounce: which copy could not be delivered, and is it for good? Only a token that we signed is believed (I15)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.automatic import absent_until, automatic, seems_automatic
from mailbot.core.bounce import read_bounce
from mailbot.core.message import Message
from mailbot.core.token import read_bounce_token
from mailbot.flows.settled import Settled
from mailbot.flows.tell_office import tell_office
from mailbot.render import ReportItem
from mailbot.site import Site
from mailbot.store import ballots, bounces
from mailbot.store.inbox import Received

_FEWEST = 20  # bounces below which no share says anything
_MOST = 0.3  # of the copies of one mailing (ballot.md section 13)


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
        _note_absence(connection, received, message, delivery_id)
        return Settled("discarded", f"an automatic answer to the copy for {address}, not a bounce")
    permanent = any(report.permanent for report in reports)
    status = next((report.status for report in reports if report.status), "5.0.0" if permanent else "4.0.0")
    bounces.add(connection, delivery_id, received.id, status=status, permanent=permanent, now=now)
    if permanent:
        _break_off(connection, site, delivery_id, now)
    kind = "permanent" if permanent else "temporary"
    return Settled("bounced", f"{kind} failure {status} of the copy for {address}")


def _break_off(connection: Connection, site: Site, delivery_id: int, now: datetime) -> None:
    """Stop a mailing of which too much came back, before the rest of it harms our name; the office is told once."""
    returned = bounces.returned(connection, delivery_id)
    if returned.bounced < _FEWEST or returned.bounced <= _MOST * returned.copies:
        return
    if not (stopped := bounces.stop_mailing(connection, delivery_id)):
        return
    item = ReportItem(
        f"{returned.kind} {returned.subject}",
        f"{returned.bounced} of {returned.copies} copies came back for good, so the other {stopped} were withdrawn "
        "before they left. See `mailbot queue`; those who have not answered get the next reminder.",
    )
    tell_office(connection, site, site.render.office_report((item,), now=now), now, kind="office_report")


def _note_absence(connection: Connection, received: Received, message: Message, delivery_id: int) -> None:
    """Remember the absence that a vacation note tells of: RFC 3834 sends it to the return path."""
    until = absent_until(message.text, received.received_at)
    ballot_id = bounces.ballot_of(connection, delivery_id)
    if until is not None and ballot_id is not None:
        ballots.set_absent(connection, ballot_id, until)
