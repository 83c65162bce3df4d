"""The office decides about a held mail: let it act, refuse it with a sentence, or put it aside."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.address import Post, Reply, address_key, route, same_address
from mailbot.core.calendar import Language
from mailbot.core.event import Event, rsvp_deadline
from mailbot.core.ledger import own_rows, standing
from mailbot.core.message import Message, parse
from mailbot.core.refusal import Refusal
from mailbot.core.survey import Survey
from mailbot.core.token import token_hash
from mailbot.flows.answer_reply import queue_receipt
from mailbot.flows.post_to_list import distribute, refuse
from mailbot.flows.record_for_body import ballot_of_mail
from mailbot.flows.record_rsvp import record_rsvp
from mailbot.flows.record_vote import contacts, is_late, record_vote
from mailbot.flows.settled import Settled
from mailbot.render import Thread
from mailbot.site import Site
from mailbot.store import ballots, events, inbox, lists, surveys
from mailbot.store.ballots import Ballot
from mailbot.store.inbox import Received

_NO_REASON: dict[Language, str] = {
    "ja": "事務局の判断により、お受けできませんでした。",
    "en": "The office declined it.",
}


def settle_held(
    connection: Connection,
    site: Site,
    number: int,
    decision: str,
    reason: str,
    now: datetime,
    *,
    by: str = "office",
) -> str:
    """Do what the office decided about a held mail (`by`: who); returns a sentence.

    Raises Refusal when it is not held.
    """
    received = inbox.load(connection, number)
    if received is None or not inbox.claim(connection, number, "held"):
        state = "unknown" if received is None else received.state
        raise Refusal(f"mail {number} is {state}, not held; `mailbot held list` shows what waits")
    message = parse(received.content)
    match decision:
        case "accept":
            settled = _accept(connection, site, received, message, by, now)
        case "reject":
            settled = _reject(connection, site, received, message, reason, by, now)
        case _:
            settled = Settled("discarded", reason or "put aside by the office")
            ballot = _answered(connection, site, received)
            if ballot is not None:
                _leave_aside(connection, ballot, received, "desk 破棄", settled.reason, by)
    sender = message.from_address or message.from_header
    inbox.settle(
        connection, number, settled.state, settled.reason, sender=sender, title=message.subject, now=now
    )
    return f"mail {number}: {settled.state}, {settled.reason}"


def _accept(
    connection: Connection, site: Site, received: Received, message: Message, by: str, now: datetime
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
            if ballot is None:
                raise Refusal(
                    f"mail {received.id} is a command to the desk; it must be sent again, in reply to a mail to the "
                    "office"
                )
            record = record_vote if ballot.kind == "survey" else record_rsvp
            settled = record(connection, site, received, message, ballot, now, by=by)
            if settled.state == "held":
                raise Refusal(
                    f"mail {received.id}: nothing in it can be read as an answer ({settled.reason}); "
                    f"ask {message.from_address} to answer by number, then discard this one"
                )
            return Settled(settled.state, f"admitted by the office: {settled.reason}")
        case _:
            return Settled("answered", "answered by the office")


def _reject(
    connection: Connection,
    site: Site,
    received: Received,
    message: Message,
    reason: str,
    by: str,
    now: datetime,
) -> Settled:
    ballot = _answered(connection, site, received)
    if ballot is not None:
        sentence = reason or _NO_REASON[site.language]
        _leave_aside(connection, ballot, received, "desk 返送", sentence, by)
        _tell_body(connection, site, ballot, received, message, sentence, now)
        return Settled("rejected", sentence)
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


# --- replies to surveys and events --------------------------------------------------------------------------------


def _answered(connection: Connection, site: Site, received: Received) -> Ballot | None:
    """Return the ballot of the survey or event that a held mail answers; its ledger is taken for this transaction."""
    ballot = ballot_of_mail(connection, site, received)
    if ballot is None or ballot.kind not in {"survey", "event"}:
        return None
    if ballot.kind == "survey":
        surveys.lock(connection, ballot.subject)
    else:
        events.lock(connection, ballot.subject)
    return ballot


def _leave_aside(
    connection: Connection, ballot: Ballot, received: Received, rule: str, reason: str, by: str
) -> None:
    """Write into the ledger that a person decided about a held reply: it waits no more, and changes no vote."""
    own = ballots.ledger(connection, ballot.subject, ballot.code)
    held = next((row for row in reversed(own) if row.inbox_id == received.id), None)
    if held is None:
        return  # a wish, such as a change of contact, has no row
    row = replace(
        held,
        status="ignored",
        version=own[-1].version,
        answers={},
        problems=(),
        reason=reason,
        rule=rule,
        by=by,
        remarks={},
        flags={},
        waits_for="",
        commitment="",
    )
    stored = surveys.load(connection, ballot.subject) if ballot.kind == "survey" else None
    sealed = stored is not None and stored.survey.mode == "sealed"
    ballots.append(connection, ballot.subject, row, sealed=sealed)


def _tell_body(
    connection: Connection,
    site: Site,
    ballot: Ballot,
    received: Received,
    message: Message,
    reason: str,
    now: datetime,
) -> None:
    """Tell the registered address why a reply is refused, and its author where he is registered for the body, too.

    Nobody else hears of it: a stranger's address may be forged.
    """
    author = message.from_address
    addresses = {
        address_key(one): one
        for one in (ballot.address, *(contact.email for contact in contacts(connection, ballot)))
        if same_address(one, ballot.address) or (author is not None and same_address(one, author))
    }
    to = [one for one in addresses.values() if inbox.may_answer(connection, one, now)]
    if len(to) < len(addresses):
        inbox.note(connection, "no answer: too many to this address", now=now, inbox_id=received.id)
    if not to:
        return
    about, is_open = _about(connection, site, ballot, now)
    unit = about.unit if isinstance(about, Survey) else "body"
    stands = standing(own_rows(ballots.ledger(connection, ballot.subject, ballot.code), unit, ballot.id))
    cooked = site.render.reply_rejected(
        about,
        author=author or message.from_header,
        at=received.received_at,
        reason=reason,
        answers={} if stands is None else stands.row.stands,
        version=0 if stands is None else stands.row.version,
        is_open=is_open,
        thread=Thread(message.message_id, message.references),
        now=now,
        columns=ballot.columns,
    )
    queue_receipt(connection, "reply_rejected", cooked, ballot, to, received.id, now)


def _about(connection: Connection, site: Site, ballot: Ballot, now: datetime) -> tuple[Survey | Event, bool]:
    """Return what a ballot is of, and whether it still takes answers."""
    if ballot.kind == "event":
        event = events.load(connection, ballot.subject)
        assert event is not None, "a ballot has its event"
        return event.event, now < rsvp_deadline(event.event, site.zone)
    stored = surveys.load(connection, ballot.subject)
    assert stored is not None, "a ballot has its survey"
    is_open = stored.state == "open" and not is_late(stored, now)
    return stored.survey, is_open and ballot.frozen_at is None
