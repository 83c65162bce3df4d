"""Say what a mail would cause, without storing or sending anything."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.lists.delivery_hours import leaves_at
from mailbot.core.lists.expansion import Expansion
from mailbot.core.lists.mailing_list import MailingList
from mailbot.core.lists.moderation import Accept, Ask, explain, moderate
from mailbot.core.lists.reach import Reach
from mailbot.core.lists.thread import message_id_hash
from mailbot.core.mail.address import (
    Bounces,
    Commands,
    Draft,
    Get,
    Join,
    Leave,
    OfService,
    Owner,
    Post,
    Reply,
    Route,
    ThreadChoice,
)
from mailbot.core.mail.message import Message, parse, thread_of
from mailbot.core.mail.token import token_hash
from mailbot.core.senders.authentication import authserv_id_of
from mailbot.flows.events.record_rsvp import rehearse_rsvp
from mailbot.flows.lists.distribute_post import by_other_lists, outgoing_post
from mailbot.flows.lists.list_post import ListPost
from mailbot.flows.lists.post_to_list import (
    is_handed_in_by_author,
    question_of,
    turns_of_date,
    turns_of_words,
)
from mailbot.flows.surveys.record_vote import rehearse_vote
from mailbot.site import Site
from mailbot.store.lists import lists
from mailbot.store.mail import inbox
from mailbot.store.mail.inbox import Received
from mailbot.store.members import confirmations, other_addresses
from mailbot.store.office import desk_words
from mailbot.store.surveys import ballots


@dataclass(frozen=True)
class Rehearsal:
    """What would happen."""

    recipient: str
    means: str  # what the address means
    author: str | None
    authentication: str  # what was found out about its sender, as Authentication-Results has it; "": nothing
    rules: tuple[tuple[str, str], ...]  # each rule with its result
    outcome: str
    headers: tuple[str, ...]  # of the copies, as they would leave
    recipients: tuple[str, ...]


def rehearse(
    connection: Connection,
    site: Site,
    raw: bytes,
    recipient: str,
    sender: str | None,
    now: datetime,
    results: str | None = None,
) -> Rehearsal:
    """Return what this mail would cause if it came now; `results` is what we found out about its sender ourselves."""
    message = parse(raw)
    mail_from = sender if sender is not None else message.from_address or ""
    received = Received(0, raw, mail_from, recipient, now, "received", "", results)
    message = received.message(site.authserv_id)
    found = _found_out(message, site)
    return replace(_rehearse(connection, site, received, message, now), authentication=found)


def _found_out(message: Message, site: Site) -> str:
    """Return what counts as found out about the sender."""
    stated = [value.strip() for name, value in message.headers if name.lower() == "authentication-results"]
    return " | ".join(value for value in stated if authserv_id_of(value) == site.authserv_id.lower())


def _rehearse(
    connection: Connection, site: Site, received: Received, message: Message, now: datetime
) -> Rehearsal:
    recipient = received.recipient
    found = site.route(recipient, lists.names(connection))
    if message.defects:
        return _plain(recipient, message, _means(found), "quarantined: " + "; ".join(message.defects))
    match found:
        case Post(name):
            mailing_list = lists.load(connection, name)
            assert mailing_list is not None
            return _post(connection, site, received, message, mailing_list, now)
        case Reply(token):
            return _reply(connection, site, received, message, token, now)
        case None:
            return _plain(recipient, message, _means(None), "refused in the dialogue: 550 5.1.1")
        case _:
            return _plain(recipient, message, _means(found), "see the manual: this address has its own rules")


def _means(found: Route | None) -> str:
    """Return what an address means, in words."""
    match found:
        case None:
            return "nobody"
        case Post(name):
            return f"a post to the list {name}"
        case Owner(name):
            return f"a letter to the people behind the list {name}, which is held for them"
        case Commands(name):
            return f"commands, one a line, about the list {name}"
        case Join(name) | Leave(name):
            return f"a wish to {type(found).__name__.lower()} the list {name}"
        case Draft(name):
            return f"the draft of a bulletin for the list {name}"
        case ThreadChoice(name, choice):
            return f"a wish to {choice} the thread that it answers, on the list {name}"
        case Get(name, first, last):
            return f"a wish for the posts {first} to {last} of the list {name}"
        case Bounces(name):
            return f"a report about a copy of ours{f' to the list {name}' if name else ''} that came back"
        case Reply():
            return "an answer"
        case OfService(role):
            return f"{role}@, an address of the service itself"


def _post(
    connection: Connection,
    site: Site,
    received: Received,
    message: Message,
    mailing_list: MailingList,
    now: datetime,
) -> Rehearsal:
    post = ListPost(site, received, message, mailing_list, now)
    known = inbox.is_seen(connection, f"list:{mailing_list.name}", received.fingerprint(message))
    words, date = (
        bool(turns) and all(inbox.is_seen(connection, *turn) for turn in turns)
        for turns in (turns_of_words(post), turns_of_date(post))
    )
    question = replace(
        question_of(connection, post),
        distributed=known,
        same_words=words,
        same_date=date and not is_handed_in_by_author(post),
    )
    disposition = moderate(question, mailing_list, site.language)
    rules = explain(question, mailing_list, site.language)
    author = message.from_address and other_addresses.home(connection, message.from_address)
    if author != message.from_address:
        rules = (("author", f"writes from a further address of {author}"), *rules)
    means = f"a post to the list {mailing_list.name} ({mailing_list.preset})"
    if not isinstance(disposition, Accept):
        outcome = f"{type(disposition).__name__.lower()}: {disposition.reason}"
        meant: tuple[str, ...] = ()
        if isinstance(disposition, Ask) and question.target is not None:
            wanted = Expansion(mailing_list.name, now, author, thread_of(message), target=question.target)
            meant = tuple(lists.recipients(connection, wanted))
        return Rehearsal(received.recipient, means, message.from_address, "", rules, outcome, (), meant)
    number = lists.last_number(connection, mailing_list.name) + 1
    kept = mailing_list.archive and question.target is None and message.message_id is not None
    cooked = outgoing_post(
        connection, post, number, message_id_hash(message.message_id or "") if kept else ""
    )
    head = cooked.partition(b"\r\n\r\n")[0].decode("utf-8", "replace")
    of_all = Expansion(mailing_list.name, now, author, thread_of(message), mailing_list.archive)
    had = by_other_lists(connection, mailing_list.name, received.fingerprint(message), now)
    to = tuple(lists.recipients(connection, of_all, had))
    count = lists.count_recipients(connection, of_all)
    reach = Reach(len(to), elsewhere=count - len(to))
    outcome = f"accept: post {number} goes to {reach.words('en')} members"
    opens = leaves_at(mailing_list.hours, now.astimezone(site.zone))
    if opens > now:
        outcome += f", in the list's hours: at {opens:%Y-%m-%d %H:%M}"
    headers = tuple(head.replace("\0", "%").split("\r\n"))
    return Rehearsal(received.recipient, means, message.from_address, "", rules, outcome, headers, to)


def _reply(
    connection: Connection, site: Site, received: Received, message: Message, token: str, now: datetime
) -> Rehearsal:
    ballot = ballots.by_token(connection, token_hash(token))
    if ballot is None and desk_words.by_token(connection, token_hash(token)) is not None:
        return _plain(
            received.recipient, message, "a command to the desk", "obeyed once, if it is authenticated"
        )
    asked = confirmations.by_token(connection, token_hash(token)) if ballot is None else None
    if asked is not None:
        return _plain(
            received.recipient, message, f"a word that {asked.address} was asked for", "obeyed once, from him"
        )
    if ballot is None:
        return _plain(
            received.recipient, message, "an answer", "refused in the dialogue: 550 5.1.1 (no such token)"
        )
    if ballot.kind not in {"survey", "event"}:
        return _plain(
            received.recipient, message, f"the answer to a {ballot.kind} of ours", "read, never counted"
        )
    if ballot.kind == "survey":
        verdict = rehearse_vote(connection, site, ballot, received, message, now)
    else:
        verdict = rehearse_rsvp(connection, site, received, message, ballot, now)
    rules = tuple((problem.question or "mail", problem.text) for problem in verdict.problems)
    answers = ", ".join(f"{question}={answer}" for question, answer in verdict.answers.items())
    means = f"the answer of body {ballot.code} to {ballot.subject}"
    outcome = f"{verdict.status}: {answers or 'no answers'} {verdict.reason}".strip()
    return Rehearsal(
        received.recipient, means, message.from_address, "", rules, outcome, (), (ballot.address,)
    )


def _plain(recipient: str, message: Message, means: str, outcome: str) -> Rehearsal:
    return Rehearsal(recipient, means, message.from_address, "", (), outcome, (), ())
