"""The story of one mail after it was stored: parse it, see what its address means, and let that flow act on it.

What the mail causes and what is said of it are saved in one transaction. A mail that breaks us is quarantined
with its raw bytes, and the office is told; it never stops the mails behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import Connection

from mailbot import log
from mailbot.core.address import Bounces, Post, Reply, route
from mailbot.core.envelope import StorageFull, StorageUnavailable
from mailbot.core.message import Message, parse
from mailbot.core.token import token_hash
from mailbot.flows.post_to_list import post_to_list
from mailbot.flows.record_bounce import record_bounce
from mailbot.flows.record_rsvp import record_rsvp
from mailbot.flows.record_vote import record_vote
from mailbot.flows.settled import Settled
from mailbot.flows.tell_office import tell_office
from mailbot.render import HeldMail
from mailbot.site import Site
from mailbot.store import ballots, inbox, lists
from mailbot.store.database import Database, storage_errors
from mailbot.store.inbox import Received

_AT_ONCE = 20  # mails in one transaction: few enough that nobody who wants to write waits long for its end


def read_waiting(database: Database, site: Site, clock: Callable[[], datetime]) -> int:
    """Read the oldest mails that wait; returns how many, 0 when none is left."""
    with database.read() as connection:
        waiting = inbox.waiting(connection, _AT_ONCE)
    if waiting:
        _read(database, site, waiting, clock)
    return len(waiting)


def read_mail(database: Database, site: Site, inbox_id: int, now: datetime) -> None:
    """Read one mail. Raises StorageFull or StorageUnavailable, and the mail waits on, when nothing can be saved."""
    _read(database, site, [inbox_id], lambda: now)


def _read(database: Database, site: Site, inbox_ids: Sequence[int], clock: Callable[[], datetime]) -> None:
    """Read some mails in one transaction, which saves the disk a sync for each; each stands and falls by itself."""
    with database.read() as connection:
        mails = [received for number in inbox_ids if (received := inbox.load(connection, number)) is not None]
    parsed = [(received, parse(received.content)) for received in mails]
    with database.write() as connection:
        outcomes = [
            (received, _read_one(connection, site, received, message, clock()))
            for received, message in parsed
            if inbox.claim(connection, received.id)
        ]
    for received, settled in outcomes:  # only now is it true
        log.event(
            "inbox." + settled.state, inbox=received.id, recipient=received.recipient, reason=settled.reason
        )


def _read_one(
    connection: Connection, site: Site, received: Received, message: Message, now: datetime
) -> Settled:
    try:
        with storage_errors(), connection.begin_nested():
            settled = _act(connection, site, received, message, now)
    except (StorageFull, StorageUnavailable):
        raise
    except Exception as error:  # noqa: BLE001  the mail is stored; it must neither be lost nor stop the others
        log.event("inbox.failed", level="error", inbox=received.id, error=error)
        settled = Settled("quarantined", f"it could not be processed: {type(error).__name__}: {error}")
    _settle(connection, site, received, message, settled, now)
    return settled


def _act(connection: Connection, site: Site, received: Received, message: Message, now: datetime) -> Settled:
    """Let the flow act that the recipient's address asks for."""
    if message.defects:
        return Settled("quarantined", "; ".join(message.defects))
    found = route(
        received.recipient, domain=site.domain, reply_domain=site.reply_domain, lists=lists.names(connection)
    )
    match found:
        case Post(name):
            return post_to_list(connection, site, received, message, name, now)
        case Bounces(_, token):
            return record_bounce(connection, site, received, message, token, now)
        case Reply(token):
            ballot = ballots.by_token(connection, token_hash(token))
            if ballot is None:
                return Settled("quarantined", "its reply address is none that we gave out")
            act = record_vote if ballot.kind == "survey" else record_rsvp
            return act(connection, site, received, message, ballot, now)
        case None:
            return Settled("quarantined", f"nobody here is called {received.recipient}")
        case _:
            return Settled(
                "held", f"it was written to the people behind {received.recipient}; please answer it"
            )


def _settle(
    connection: Connection, site: Site, received: Received, message: Message, settled: Settled, now: datetime
) -> None:
    sender = message.from_address or message.from_header
    inbox.settle(
        connection, received.id, settled.state, settled.reason, sender=sender, title=message.subject, now=now
    )
    if settled.state in {"held", "quarantined"}:
        held = HeldMail(str(received.id), sender, message.subject, received.recipient, settled.reason)
        tell_office(
            connection,
            site,
            site.render.office_held(held, now=now),
            now,
            kind="office_held",
            inbox_id=received.id,
        )
