"""The office decides about a held mail: let it act, refuse it with a sentence, or put it aside."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.address import Post, Reply, route
from mailbot.core.message import Message, parse
from mailbot.core.refusal import Refusal
from mailbot.core.token import token_hash
from mailbot.flows.post_to_list import distribute, refuse
from mailbot.flows.record_rsvp import record_rsvp
from mailbot.flows.record_vote import record_vote
from mailbot.flows.settled import Settled
from mailbot.site import Site
from mailbot.store import ballots, inbox, lists
from mailbot.store.inbox import Received


def settle_held(
    connection: Connection, site: Site, number: int, decision: str, reason: str, now: datetime
) -> str:
    """Do what the office decided about a held mail; returns a sentence. Raises Refusal when it is not held."""
    received = inbox.load(connection, number)
    if received is None or not inbox.claim(connection, number, "held"):
        state = "unknown" if received is None else received.state
        raise Refusal(f"mail {number} is {state}, not held; `mailbot held list` shows what waits")
    message = parse(received.content)
    match decision:
        case "accept":
            settled = _accept(connection, site, received, message, now)
        case "reject":
            settled = _reject(connection, site, received, message, reason, now)
        case _:
            settled = Settled("discarded", reason or "put aside by the office")
    sender = message.from_address or message.from_header
    inbox.settle(
        connection, number, settled.state, settled.reason, sender=sender, title=message.subject, now=now
    )
    return f"mail {number}: {settled.state}, {settled.reason}"


def _accept(
    connection: Connection, site: Site, received: Received, message: Message, now: datetime
) -> Settled:
    found = route(
        received.recipient, domain=site.domain, reply_domain=site.reply_domain, lists=lists.names(connection)
    )
    match found:
        case Post(name):
            mailing_list = lists.load(connection, name)
            assert mailing_list is not None, "the route was read in this transaction"
            post, recipients = distribute(connection, site, received, message, mailing_list, now)
            return Settled("posted", f"accepted by the office: post {post} to {recipients} members")
        case Reply(token):
            ballot = ballots.by_token(connection, token_hash(token))
            assert ballot is not None, "a held reply has its ballot"
            record = record_vote if ballot.kind == "survey" else record_rsvp
            settled = record(connection, site, received, message, ballot, now, admitted=True)
            if settled.state == "held":
                raise Refusal(
                    f"mail {received.id}: nothing in it can be read as an answer ({settled.reason}); "
                    f"ask {message.from_address} to answer by number, then discard this one"
                )
            return Settled(settled.state, f"admitted by the office: {settled.reason}")
        case _:
            return Settled("answered", "answered by the office")


def _reject(
    connection: Connection, site: Site, received: Received, message: Message, reason: str, now: datetime
) -> Settled:
    found = route(
        received.recipient, domain=site.domain, reply_domain=site.reply_domain, lists=lists.names(connection)
    )
    sentence = reason or (
        "事務局の判断により、配信を見合わせました。" if site.language == "ja" else "The office declined it."
    )
    if isinstance(found, Post):
        mailing_list = lists.load(connection, found.list)
        assert mailing_list is not None, "the route was read in this transaction"
        refuse(connection, site, received, message, mailing_list, sentence, now)
    return Settled("rejected", sentence)
