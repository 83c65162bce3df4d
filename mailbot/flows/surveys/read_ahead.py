"""What the replies of one transaction will ask the database for, read for all of them by one statement each.

Nothing is decided here: later queries find the rows read already, or read them again where something has changed since.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from mailbot.core.mail.address import Bounces, Reply
from mailbot.core.mail.message import Message
from mailbot.core.mail.token import token_hash
from mailbot.site import Site
from mailbot.store.events import events
from mailbot.store.lists import memberships
from mailbot.store.mail import inbox
from mailbot.store.mail.inbox import Received
from mailbot.store.members import members, troubles
from mailbot.store.sending import allowances, sent_texts
from mailbot.store.surveys import ballots, gateways, ledgers, surveys


def read_ahead(connection: Connection, site: Site, mails: Sequence[tuple[Received, Message]]) -> None:
    """Read what these mails will ask for, as far as they are replies to surveys, which stay locked as events do.

    Where others are among them, posts and commands, who belongs to lists stays locked as well.
    """
    by_token: dict[str, list[tuple[Received, Message]]] = {}
    others = False
    for received, message in mails:
        found = site.route(received.recipient, ())
        if isinstance(found, Reply) and not message.defects:
            by_token.setdefault(token_hash(found.token), []).append((received, message))
        elif not isinstance(found, Bounces):
            others = True
    known = ballots.read_ahead(connection, by_token) if len(mails) > 1 else []
    # In one order, so that two nodes do not wait for each other. What follows holds as long as the locks do.
    if len(mails) > 1 and (others or len(known) < len(by_token)):
        memberships.lock(connection)
    for subject in sorted({ballot.subject for _, ballot in known if ballot.kind == "event"}):
        events.lock(connection, subject)
    if len(by_token) < 2:
        return
    opened = [(hashed, ballot) for hashed, ballot in known if ballot.kind == "survey"]
    for subject in sorted({ballot.subject for _, ballot in opened}):
        surveys.lock(connection, subject)
    ledgers.read_ahead(connection, [(ballot.subject, ballot.code) for _, ballot in opened])
    members.read_people_ahead(connection, [ballot.code for _, ballot in opened])
    sent_texts.read_ahead(connection, [ballot.id for _, ballot in opened])
    gateways.read_layouts_ahead(connection, [ballot for _, ballot in opened])
    replies = [(ballot, *mail) for hashed, ballot in opened for mail in by_token[hashed]]
    inbox.read_seen_ahead(
        connection,
        [(ballots.place(ballot.id), received.fingerprint(message)) for ballot, received, message in replies],
    )
    authors = {message.from_address for _, _, message in replies if message.from_address is not None}
    allowances.read_answers_ahead(connection, authors | {ballot.address for _, ballot in opened})
    troubles.read_states_ahead(connection, authors)
