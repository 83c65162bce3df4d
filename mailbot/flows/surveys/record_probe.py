"""One reply to a round-trip probe: see what the way did to our lines, and keep the layout that suits (core/surveys/gateway.py)."""

from __future__ import annotations

import json
from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.mail.automatic import automatic, seems_automatic
from mailbot.core.mail.mailing import fill, template
from mailbot.core.mail.message import Message, parse
from mailbot.core.mail.token import ballot_token
from mailbot.core.surveys.gateway import SentProbe, findings, is_probe
from mailbot.core.surveys.gateway_sentences import finding_sentences
from mailbot.flows.settled import Settled
from mailbot.flows.surveys.answer_reply import queue_receipt
from mailbot.render import Thread
from mailbot.site import Site
from mailbot.store.mail.inbox import Received
from mailbot.store.sending import allowances, sent_texts
from mailbot.store.surveys import gateways
from mailbot.store.surveys.ballots import Ballot


def record_probe(
    connection: Connection, site: Site, received: Received, message: Message, ballot: Ballot, now: datetime
) -> Settled:
    """Keep what a reply to a probe shows; what its member wrote does not matter, if he wrote anything."""
    if automatic(message, received.mail_from) is not None or seems_automatic(message.subject):
        return Settled("discarded", "an automatic answer to a probe: it shows nothing of a reply")
    sent = _sent(connection, site, ballot)
    if sent is None:
        return Settled("discarded", "a reply to a probe that is no longer known")
    found = findings(sent, message, received.received_at)
    gateways.save(connection, ballot.address, ballot.code, found, now)
    if allowances.spend_answer(connection, ballot.address, now):
        name = ballot.subject.replace(":", "-")
        thread = Thread.of(message)
        cooked = site.render.surveys.probe_thanks(name, thread=thread, now=now)
        queue_receipt(connection, "probe_thanks", cooked, ballot, [ballot.address], received.id, now)
    return Settled(
        "answered", f"{ballot.subject} {ballot.code}: {finding_sentences(found, site.language)[0]}"
    )


def _sent(connection: Connection, site: Site, ballot: Ballot) -> SentProbe | None:
    """Return the newest probe that this ballot's address got, as it left."""
    token = ballot_token(site.key, ballot.id, ballot.issue).encode()
    for cooked, fields, delivery_id, address in sent_texts.of_ballot(connection, ballot.id):
        values = {name: text.encode("utf-8") for name, text in json.loads(fields or "{}").items()}
        values |= {"token": token, "delivery": str(delivery_id).encode(), "address": address.encode("utf-8")}
        copy = parse(fill(template(cooked), values))
        if is_probe(copy.text):
            return SentProbe(copy.text, copy.message_id, copy.subject)
    return None
