"""The office or a moderator decides about a held mail: let it act, refuse it with a sentence, or put it aside."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.calendar import Language, moment_words
from mailbot.core.events.event import Event, rsvp_deadline
from mailbot.core.lists.decision import REASONS
from mailbot.core.lists.delivery_hours import leaves_at
from mailbot.core.lists.mailing_list import MailingList
from mailbot.core.lists.post_sentences import post_sentence
from mailbot.core.mail.address import Post, address_key, same_address
from mailbot.core.mail.message import Message
from mailbot.core.office.desk_sentences import mail_name, sentence
from mailbot.core.office.journal_line import COMMAND_LINE
from mailbot.core.refusal import Refusal
from mailbot.core.surveys.survey import Survey
from mailbot.flows.events.record_rsvp import record_rsvp
from mailbot.flows.know_recipient import token_answered
from mailbot.flows.lists.ask_author import waiting_words
from mailbot.flows.lists.distribute_post import distribute_post
from mailbot.flows.lists.list_post import ListPost
from mailbot.flows.lists.tell_decision import tell_decision, tell_refused
from mailbot.flows.settled import Settled
from mailbot.flows.surveys.answer_reply import queue_receipt, standing_of
from mailbot.flows.surveys.held_reply import ballot_of_mail
from mailbot.flows.surveys.missed_result import AFTER_RESULT, published_at
from mailbot.flows.surveys.record_vote import contacts, is_late, record_vote
from mailbot.render import Thread
from mailbot.site import Site
from mailbot.store.events import events
from mailbot.store.lists import held_posts, lists, memberships
from mailbot.store.lists.held_posts import ACCEPTED, HeldPost
from mailbot.store.mail import inbox
from mailbot.store.mail.inbox import Received
from mailbot.store.members import confirmations, other_addresses, roll_calls
from mailbot.store.office import journal
from mailbot.store.sending import allowances
from mailbot.store.surveys import ballots, gateways, ledgers, surveys
from mailbot.store.surveys.ballots import Ballot

_DECIDED = {"accept": "accepted", "trust": "trusted", "reject": "rejected", "discard": "discarded"}
_NO_REASON: dict[Language, str] = {
    "ja": "事務局の判断により、お受けできませんでした。",
    "en": "The office declined it.",
}


@dataclass(frozen=True)
class _Held:
    """One held mail, and what was decided about it."""

    site: Site
    received: Received
    message: Message
    reason: str
    by: str  # an address; "office": at the command line
    now: datetime
    answered: Thread | None  # the mail in which it was decided

    @property
    def from_office(self) -> bool:
        """Whether the office decided, and not a moderator."""
        return self.by == "office" or same_address(self.by, self.site.office)


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
    a sentence, also of a result that does not contain what counts now. Raises Refusal when it is not held.
    """
    received = inbox.load(connection, number)
    if received is None or not inbox.claim(connection, number, "held"):
        state = "unknown" if received is None else received.state
        raise Refusal(f"mail {number} is {state}, not held; `mailbot held list` shows what waits")
    message = received.message(site.authserv_id)
    held = _Held(site, received, message, reason, by, now, answered)
    mailing_list = _posted_to(connection, site, received)
    missed = ""
    if mailing_list is not None:
        settled = _settle_post(connection, held, mailing_list, decision)
        _write_down(connection, held, f"post.{_DECIDED[decision]}", mailing_list.name, settled.reason)
    else:
        ballot = ballot_of_mail(connection, site, received)
        settled = _settle_reply(connection, held, decision)
        about = f"mail {received.id}" if ballot is None else ballot.subject
        vote = ballot is not None and ballot.kind == "survey" and decision == "accept"
        out = published_at(connection, about) if vote else None
        # What a vote says stands in its ledger alone; of a sealed one's, nowhere after the close.
        _write_down(connection, held, f"held.{_DECIDED[decision]}", about, AFTER_RESULT if out else "")
        if out is not None:
            missed = f"; the result of {about} went out {out.astimezone(site.zone):%Y-%m-%d %H:%M} without it"
    sender = message.from_address or message.from_header
    inbox.settle(
        connection, received.id, settled.state, settled.reason, sender=sender, title=message.subject, now=now
    )
    return f"mail {received.id}: {settled.state}, {settled.reason}{missed}"


def _write_down(connection: Connection, held: _Held, what: str, about: str, reason: str) -> None:
    journal.add(
        connection,
        what,
        held.now,
        who=COMMAND_LINE if held.by == "office" else held.by,
        about=about,
        person=held.message.from_address or "",
        detail=": ".join(filter(None, (f"mail {held.received.id}", reason))),
    )


# --- posts ---------------------------------------------------------------------------------------------------------


def _posted_to(connection: Connection, site: Site, received: Received) -> MailingList | None:
    """Return the list to which a held mail was posted; None: it is something else."""
    found = site.route(received.recipient, lists.names(connection))
    return lists.load(connection, found.list) if isinstance(found, Post) else None


def _settle_post(connection: Connection, held: _Held, mailing_list: MailingList, decision: str) -> Settled:
    """Let a post out, refuse it or put it aside; the moderators hear of it, and the author who was told that it waits."""
    waited = held_posts.load(connection, held.received.id)
    held_posts.forget(connection, held.received.id)
    match decision:
        case "accept" | "trust":
            return _let_out(connection, held, mailing_list, waited, trust=decision == "trust")
        case "reject":
            sentence = _sentence(held.site, mailing_list, held.reason)
            tell_refused(connection, _post(held, mailing_list), sentence)
            _tell_moderators(connection, held, mailing_list, "reject", reason=sentence)
            return Settled("rejected", sentence)
        case _:
            _tell_moderators(connection, held, mailing_list, decision)
            return Settled("discarded", held.reason or f"put aside by {_who(held)}")


def _let_out(
    connection: Connection, held: _Held, mailing_list: MailingList, waited: HeldPost | None, *, trust: bool
) -> Settled:
    """Let a post out, at once or when the hours of its list begin; with `trust`, all that its author posts there."""
    author = held.message.from_address or ""
    trust = trust and author != ""  # nobody can be trusted who is not named
    if trust:
        _trust(connection, mailing_list, author, held.by, held.now)
    told = waited is not None and waited.author_told
    opens = leaves_at(mailing_list.hours, held.now.astimezone(held.site.zone))
    # Whoever accepts it a second time wants it out at once.
    if opens > held.now and (waited is None or waited.rule != ACCEPTED):
        post = HeldPost(held.received.id, mailing_list.name, "clock", ACCEPTED, author_told=told, until=opens)
        held_posts.add(connection, post, held.now)
        at = moment_words(opens, held.site.language)
        _tell_moderators(connection, held, mailing_list, "accept-later", at=at)
        later = waiting_words(held.site, opens, held.now)
        return Settled("held", f"accepted by {_who(held)}; {later}", told=True)
    number, reach = distribute_post(connection, _post(held, mailing_list), awaited=told)
    count = reach.words(held.site.language)
    _tell_moderators(
        connection,
        held,
        mailing_list,
        "trust" if trust else "accept",
        number=number,
        count=count,
        author=author,
    )
    return Settled("posted", f"accepted by {_who(held)}: post {number} to {reach.words('en')} members")


def _post(held: _Held, mailing_list: MailingList) -> ListPost:
    return ListPost(held.site, held.received, held.message, mailing_list, held.now)


def _who(held: _Held) -> str:
    return "the office" if held.from_office else held.by


def _tell_moderators(
    connection: Connection, held: _Held, mailing_list: MailingList, what: str, **figures: object
) -> None:
    sentence = post_sentence(
        held.site.language,
        what,
        by=post_sentence(held.site.language, "office") if held.from_office else held.by,
        mail=mail_name(held.received.id),
        subject=held.message.subject,
        **figures,
    )
    tell_decision(
        connection,
        held.site,
        mailing_list,
        sentence,
        held.now,
        inbox_id=held.received.id,
        by=held.by,
        answered=held.answered,
    )


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
            figures = {"name": mailing_list.name, "number": words, "most": len(canned)}
            raise Refusal(sentence(site.language, "no-such-reason", **figures))
        return canned[int(words) - 1]
    if reason:
        return reason
    return post_sentence(site.language, "no-reason" if mailing_list.moderators else "no-reason-office")


# --- replies to surveys and events, and mail to people ------------------------------------------------------------


def _settle_reply(connection: Connection, held: _Held, decision: str) -> Settled:
    match decision:
        case "trust":
            raise Refusal(sentence(held.site.language, "no-post", mail=mail_name(held.received.id)))
        case "accept":
            return _accept(connection, held)
        case "reject":
            return _reject(connection, held)
        case _:
            reason = held.reason or "put aside by the office"
            ballot = _answered(connection, held)
            if ballot is not None:
                _leave_aside(connection, held, ballot, "desk 破棄", reason)
            return Settled("discarded", reason)


def _accept(connection: Connection, held: _Held) -> Settled:
    site, received = held.site, held.received
    hashed = token_answered(connection, site, received.recipient)
    if hashed is None:
        return Settled("answered", "answered by the office")
    ballot = ballots.by_token(connection, hashed)
    asked = confirmations.by_token(connection, hashed) if ballot is None else None
    if asked is not None:
        if asked.kind == "roll_call":
            roll_calls.answer(connection, asked.detail["call"], asked.about, "confirmed", held.now)
        return Settled("answered", "answered by the office")
    if ballot is None:
        raise Refusal(sentence(site.language, "no-accept", mail=mail_name(received.id)))
    record = record_vote if ballot.kind == "survey" else record_rsvp
    settled = record(connection, site, received, held.message, ballot, held.now, by=held.by)
    if settled.state == "held":
        figures = {"why": settled.reason, "author": held.message.from_address}
        name = "no-answer-in-it" if ballot.kind == "survey" else "no-rsvp-in-it"
        raise Refusal(sentence(site.language, name, mail=mail_name(received.id), **figures))
    return Settled(settled.state, f"admitted by the office: {settled.reason}")


def _reject(connection: Connection, held: _Held) -> Settled:
    sentence = held.reason or _NO_REASON[held.site.language]
    ballot = _answered(connection, held)
    if ballot is not None:
        _leave_aside(connection, held, ballot, "desk 返送", sentence)
        _tell_body(connection, held, ballot, sentence)
    return Settled("rejected", sentence)


def _answered(connection: Connection, held: _Held) -> Ballot | None:
    """Return the ballot of the survey or event that a held mail answers; its ledger is taken for this transaction."""
    ballot = ballot_of_mail(connection, held.site, held.received)
    if ballot is None or ballot.kind not in {"survey", "event"}:
        return None
    if ballot.kind == "survey":
        surveys.lock(connection, ballot.subject)
    else:
        events.lock(connection, ballot.subject)
    return ballot


def _leave_aside(connection: Connection, held: _Held, ballot: Ballot, rule: str, reason: str) -> None:
    """Write into the ledger that a person decided about a held reply: it waits no more, and changes no vote."""
    own = ledgers.rows(connection, ballot.subject, ballot.code)
    waiting = next((row for row in reversed(own) if row.inbox_id == held.received.id), None)
    if waiting is None:
        return  # a wish, such as a change of contact, has no row
    row = replace(
        waiting,
        status="ignored",
        version=own[-1].version,
        answers={},
        problems=(),
        reason=reason,
        rule=rule,
        by=held.by,
        remarks={},
        flags={},
        waits_for="",
        commitment="",
    )
    stored = surveys.load(connection, ballot.subject) if ballot.kind == "survey" else None
    sealed = stored is not None and stored.survey.mode == "sealed"
    ledgers.append(connection, ballot.subject, row, sealed=sealed)


def _tell_body(connection: Connection, held: _Held, ballot: Ballot, reason: str) -> None:
    """Tell the registered address why a reply is refused, and its author where he is registered for the body, too.

    Nobody else hears of it: a stranger's address may be forged.
    """
    author = held.message.from_address
    addresses = {
        address_key(one): one
        for one in (
            ballot.address,
            *(each.email for each in contacts(connection, ballot) if author and each.writes_from(author)),
        )
    }
    to = [one for one in addresses.values() if allowances.spend_answer(connection, one, held.now)]
    if len(to) < len(addresses):
        inbox.note(connection, "no answer: too many to this address", now=held.now, inbox_id=held.received.id)
    if not to:
        return
    about, is_open = _about(connection, held.site, ballot, held.now)
    stands = standing_of(connection, ballot, about.unit if isinstance(about, Survey) else "body")
    cooked = held.site.render.surveys.reply_rejected(
        about,
        None if stands is None else stands.row,
        author=author or held.message.from_header,
        at=held.received.received_at,
        reason=reason,
        is_open=is_open,
        thread=Thread.of(held.message),
        now=held.now,
        layout=gateways.layout_of(connection, ballot),
    )
    queue_receipt(connection, "reply_rejected", cooked, ballot, to, held.received.id, held.now)


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
