"""The office or a moderator decides about a held mail: let it act, refuse it with a sentence, or put it aside."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.address import Post, Reply, address_key, route, same_address
from mailbot.core.calendar import Language, moment_words
from mailbot.core.decision import REASONS
from mailbot.core.delivery_hours import leaves_at
from mailbot.core.desk_sentences import mail_name
from mailbot.core.event import Event, rsvp_deadline
from mailbot.core.ledger import own_rows, standing
from mailbot.core.mailing_list import MailingList
from mailbot.core.message import Message
from mailbot.core.post_sentences import post_sentence
from mailbot.core.refusal import Refusal
from mailbot.core.survey import Survey
from mailbot.core.token import token_hash
from mailbot.core.two_persons import COMMAND_LINE
from mailbot.flows.events.record_rsvp import record_rsvp
from mailbot.flows.lists.ask_author import waiting_words
from mailbot.flows.lists.post_to_list import distribute, refuse, wants_receipt
from mailbot.flows.lists.tell_decision import tell_accepted, tell_decision
from mailbot.flows.settled import Settled
from mailbot.flows.surveys.answer_reply import queue_receipt
from mailbot.flows.surveys.record_for_body import ballot_of_mail
from mailbot.flows.surveys.record_vote import contacts, is_late, record_vote
from mailbot.render import Thread
from mailbot.site import Site
from mailbot.store import (
    ballots,
    events,
    held_posts,
    inbox,
    journal,
    lists,
    memberships,
    other_addresses,
    surveys,
)
from mailbot.store.ballots import Ballot
from mailbot.store.held_posts import ACCEPTED, HeldPost
from mailbot.store.inbox import Received

_DECIDED = {"accept": "accepted", "trust": "trusted", "reject": "rejected", "discard": "discarded"}
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
    answered: Thread | None = None,
) -> str:
    """Do what was decided about a held mail: accept, trust (accept, and all that its author posts there), reject, discard.

    `by` says who decided, `answered` in which mail; the reason may be the number of one of the list's reasons. Returns
    a sentence. Raises Refusal when it is not held.
    """
    received = inbox.load(connection, number)
    if received is None or not inbox.claim(connection, number, "held"):
        state = "unknown" if received is None else received.state
        raise Refusal(f"mail {number} is {state}, not held; `mailbot held list` shows what waits")
    message = received.message(site.authserv_id)
    mailing_list = _posted_to(connection, site, received)
    if mailing_list is not None:
        settled = _settle_post(
            connection, site, received, message, mailing_list, decision, reason, by, now, answered
        )
        _write_down(
            connection, "post", decision, mailing_list.name, message.from_address, by, received, settled, now
        )
        return _say(connection, received, message, settled, now)
    ballot = ballot_of_mail(connection, site, received)
    match decision:
        case "trust":
            raise Refusal(f"mail {number} is no post to a list; accept it, reject it or discard it")
        case "accept":
            settled = _accept(connection, site, received, message, by, now)
        case "reject":
            settled = _reject(connection, site, received, message, reason, by, now)
        case _:
            settled = Settled("discarded", reason or "put aside by the office")
            ballot = _answered(connection, site, received)
            if ballot is not None:
                _leave_aside(connection, ballot, received, "desk 破棄", settled.reason, by)
    # What a vote says stands in its ledger alone; of a sealed one's, nowhere after the close.
    said = replace(settled, reason="")
    about = f"mail {received.id}" if ballot is None else ballot.subject
    _write_down(connection, "held", decision, about, message.from_address, by, received, said, now)
    return _say(connection, received, message, settled, now)


def _write_down(
    connection: Connection,
    kind: str,
    decision: str,
    about: str,
    author: str | None,
    by: str,
    received: Received,
    settled: Settled,
    now: datetime,
) -> None:
    journal.add(
        connection,
        f"{kind}.{_DECIDED[decision]}",
        now,
        who=COMMAND_LINE if by == "office" else by,
        about=about,
        person=author or "",
        detail=": ".join(filter(None, (f"mail {received.id}", settled.reason))),
    )


def _say(
    connection: Connection, received: Received, message: Message, settled: Settled, now: datetime
) -> str:
    sender = message.from_address or message.from_header
    inbox.settle(
        connection, received.id, settled.state, settled.reason, sender=sender, title=message.subject, now=now
    )
    return f"mail {received.id}: {settled.state}, {settled.reason}"


# --- posts ---------------------------------------------------------------------------------------------------------


def _posted_to(connection: Connection, site: Site, received: Received) -> MailingList | None:
    """Return the list to which a held mail was posted; None: it is something else."""
    found = route(
        received.recipient, domain=site.domain, reply_domain=site.reply_domain, lists=lists.names(connection)
    )
    return lists.load(connection, found.list) if isinstance(found, Post) else None


def _settle_post(
    connection: Connection,
    site: Site,
    received: Received,
    message: Message,
    mailing_list: MailingList,
    decision: str,
    reason: str,
    by: str,
    now: datetime,
    answered: Thread | None,
) -> Settled:
    """Let a post out, refuse it or put it aside; the moderators hear of it, and the author who was told that it waits."""
    waited = held_posts.load(connection, received.id)
    held_posts.forget(connection, received.id)
    by_office = by == "office" or same_address(by, site.office)
    who = "the office" if by_office else by
    figures: dict[str, object] = {
        "by": post_sentence(site.language, "office") if by_office else by,
        "mail": mail_name(received.id),
        "subject": message.subject,
    }
    if decision in {"accept", "trust"}:
        author = message.from_address or ""
        if not author:
            decision = "accept"  # nobody can be trusted who is not named
        if decision == "trust":
            _trust(connection, mailing_list, author, by, now)
        opens = leaves_at(mailing_list.hours, now.astimezone(site.zone))
        # Whoever accepts it a second time wants it out at once.
        if opens > now and (waited is None or waited.rule != ACCEPTED):
            told = waited is not None and waited.author_told
            held_posts.add(
                connection,
                HeldPost(received.id, mailing_list.name, "clock", ACCEPTED, author_told=told, until=opens),
                now,
            )
            at = moment_words(opens, site.language)
            tell_decision(
                *(connection, site, mailing_list),
                post_sentence(site.language, "accept-later", at=at, **figures),
                now,
                inbox_id=received.id,
                by=by,
                answered=answered,
            )
            return Settled("held", f"accepted by {who}; {waiting_words(site, opens, now)}", told=True)
        number, reach = distribute(connection, site, received, message, mailing_list, now)
        settled = Settled("posted", f"accepted by {who}: post {number} to {reach.words('en')} members")
        figures |= {"number": number, "count": reach.words(site.language), "author": author}
        told = waited is not None and waited.author_told
        if told or wants_receipt(connection, message, mailing_list):
            tell_accepted(connection, site, message, mailing_list, number, reach, now, inbox_id=received.id)
    elif decision == "reject":
        sentence = _sentence(site, mailing_list, reason)
        refuse(connection, site, received, message, mailing_list, sentence, now)
        settled = Settled("rejected", sentence)
        figures["reason"] = sentence
    else:
        settled = Settled("discarded", reason or f"put aside by {who}")
    tell_decision(
        connection,
        site,
        mailing_list,
        post_sentence(site.language, decision, **figures),
        now,
        inbox_id=received.id,
        by=by,
        answered=answered,
    )
    return settled


def _trust(connection: Connection, mailing_list: MailingList, author: str, by: str, now: datetime) -> None:
    """Let what this author posts to this list out from now on, as far as the other rules go."""
    author = other_addresses.home(connection, author)
    before = memberships.load(connection, mailing_list.name, author)
    memberships.save(connection, replace(before, posting="accept", changed_by=by, changed_at=now))
    lists.refresh_every(connection, author)


def _sentence(site: Site, mailing_list: MailingList, reason: str) -> str:
    """Return the sentence of a refusal: the list's own when its number is given."""
    canned = mailing_list.reasons or REASONS[site.language]
    words = unicodedata.normalize("NFKC", reason).strip()
    if words.isascii() and words.isdecimal():
        if not 1 <= int(words) <= len(canned):
            raise Refusal(f"{mailing_list.name} has no reason {words}; its reasons are 1 to {len(canned)}")
        return canned[int(words) - 1]
    if reason:
        return reason
    return post_sentence(site.language, "no-reason" if mailing_list.moderators else "no-reason-office")


# --- replies to surveys and events, and mail to people ------------------------------------------------------------


def _accept(
    connection: Connection, site: Site, received: Received, message: Message, by: str, now: datetime
) -> Settled:
    found = route(
        received.recipient, domain=site.domain, reply_domain=site.reply_domain, lists=lists.names(connection)
    )
    match found:
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
    sentence = reason or _NO_REASON[site.language]
    return Settled("rejected", sentence)


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
        for one in (
            ballot.address,
            *(each.email for each in contacts(connection, ballot) if author and each.writes_from(author)),
        )
    }
    to = [one for one in addresses.values() if inbox.may_answer(connection, one, now)]
    if len(to) < len(addresses):
        inbox.note(connection, "no answer: too many to this address", now=now, inbox_id=received.id)
    if not to:
        return
    about, is_open = _about(connection, site, ballot, now)
    unit = about.unit if isinstance(about, Survey) else "body"
    stands = standing(own_rows(ballots.ledger(connection, ballot.subject, ballot.code), unit, ballot.id))
    cooked = site.render.surveys.reply_rejected(
        about,
        author=author or message.from_header,
        at=received.received_at,
        reason=reason,
        answers={} if stands is None else stands.row.stands,
        version=0 if stands is None else stands.row.version,
        is_open=is_open,
        thread=Thread.of(message),
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
