"""Look up the mails that wait for whoever is at the desk: which, why, what stands in them, and what a decision would do."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection

from mailbot.core.calendar import moment_words
from mailbot.core.lists.decision import REASONS
from mailbot.core.lists.delivery_hours import leaves_at
from mailbot.core.lists.expansion import Expansion
from mailbot.core.lists.mailing_list import MailingList
from mailbot.core.lists.target import target_of
from mailbot.core.mail.address import Post
from mailbot.core.mail.attached_file import AttachedFile, attached_files, content_of
from mailbot.core.mail.formatted_text import formatted_text, hidden_addresses
from mailbot.core.mail.mailing import copy_shown
from mailbot.core.mail.message import Message, parse, thread_of
from mailbot.core.office.desk_sentences import mail_name, sentence
from mailbot.core.senders.authentication import Verdict, read_authentication, verdict
from mailbot.core.surveys.receipt_words import sentence as whole_sentence
from mailbot.core.surveys.two_persons import SecondNeeded, persons_needed
from mailbot.flows.lists.distribute_post import by_other_lists, outgoing_post
from mailbot.flows.lists.list_post import ListPost
from mailbot.flows.office.know_decider import Decider
from mailbot.flows.office.quote_held import is_secret
from mailbot.flows.office.report_held import NOT_SHOWN, held_about, what_it_takes
from mailbot.flows.office.tell_office import is_desk_word
from mailbot.flows.question_reply import question_of_mail
from mailbot.flows.surveys.held_reply import ballot_of_mail
from mailbot.render import Takes
from mailbot.site import Site
from mailbot.store.lists import held_posts, lists
from mailbot.store.lists.held_posts import ACCEPTED, HeldPost
from mailbot.store.mail import inbox
from mailbot.store.mail.inbox import InboxEntry, Received
from mailbot.store.members import other_addresses
from mailbot.store.surveys import surveys
from mailbot.store.surveys.ballots import Ballot

Decision = Literal["accept", "trust", "reject", "discard"]

MOST_LINES = 30  # mails on one page
_MOST_LINKS = 50
_MOST_TEXT = 100_000  # characters of one mail


@dataclass(frozen=True)
class HeldLine:
    """A mail that waits, in the list of them."""

    number: int
    name: str  # U-0231
    about: str  # the list, or the key of the survey or event that it answers
    list: str  # the list's name; "": no post
    sender: str
    subject: str
    why: str  # a sentence
    since: datetime
    until: datetime | None  # when it is given up, or goes out
    claimed_by: str  # the moderator who will decide; ""
    stamp: str  # changes whenever it waits for something else


@dataclass(frozen=True)
class HeldShown:
    """A mail that waits, as much of it as may be seen."""

    line: HeldLine
    author: str  # of a post: as its copies will name him
    vouched: Verdict  # what our own mail exchanger, or our own look, says of its sender
    subject: str
    text: str
    whole: bool  # False: the text goes on
    # Its HTML form where that says something else, which most programs show; None: too large to be compared
    formatted: str | None
    links: tuple[str, ...]  # where its HTML leads, as far as no text shows it
    readable: bool  # False: nobody may read it (a secret survey's), or there is nothing to decide by
    files: tuple[AttachedFile, ...]
    words: tuple[str, ...]  # of a reply: what its writer wrote himself, without what he quotes
    answers: tuple[str, ...]  # how a reply to a survey was read: Q1 1 賛成
    choices: tuple[Decision, ...]
    reasons: tuple[str, ...]  # the sentences for a refusal that its list has ready


@dataclass(frozen=True)
class Foreseen:
    """What a decision about one mail would do, before it is done."""

    line: HeldLine
    sentence: str
    possible: bool
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class _Mail:
    """A held mail, loaded."""

    entry: InboxEntry
    waits: HeldPost | None
    received: Received
    message: Message
    list: MailingList | None  # to which it was posted
    ballot: Ballot | None  # that it answers


def held_lines(
    connection: Connection, site: Site, decider: Decider, after: int
) -> tuple[list[HeldLine], int | None]:
    """Return the mails after a number that wait for him, oldest first, and the number after which more follow; None: none do."""
    waiting = held_posts.every(connection)
    own = None
    if not decider.of_office:
        own = {number for number, one in waiting.items() if _is_his(decider, one)}
    found = inbox.held(connection, after=after, most=MOST_LINES + 1, among=own)
    lines = lines_of(connection, site, found[:MOST_LINES], waiting)
    return lines, lines[-1].number if len(found) > MOST_LINES else None


def lines_of(
    connection: Connection,
    site: Site,
    found: Sequence[InboxEntry],
    waiting: Mapping[int, HeldPost] | None = None,
) -> list[HeldLine]:
    """Return these mails as the list shows them; `waiting`: the posts among those that wait, if they were read before."""
    if not found:
        return []
    waits = held_posts.every(connection) if waiting is None else waiting
    titles = {value.name: value.title for value in lists.every(connection)}
    return [_line(connection, site, entry, waits.get(entry.id), titles) for entry in found]


def count_waiting(connection: Connection, decider: Decider) -> int:
    """Return how many mails wait for him."""
    if decider.of_office:
        return inbox.count_held(connection)
    return sum(_is_his(decider, one) for one in held_posts.every(connection).values())


def show_held(
    connection: Connection, site: Site, decider: Decider, number: int, now: datetime
) -> HeldShown | None:
    """Return one mail that waits for him, as it would go out; None: none of this number does."""
    mail = _load(connection, site, decider, number)
    if mail is None:
        return None
    takes, quoted = what_it_takes(connection, site, mail.received, mail.message)
    readable = _may_be_read(connection, mail, takes)
    shown = mail.message if mail.list is None else _as_it_leaves(connection, site, mail, mail.list, now)
    text = shown.text.strip("\n") if readable else ""
    formatted = formatted_text(shown) if readable else ""
    line = _line_of(connection, site, mail)
    return HeldShown(
        line,
        "" if mail.list is None else shown.from_header,
        vouched=verdict(
            read_authentication(mail.message.headers, site.authserv_id), mail.message.from_address
        ),
        subject=line.subject if is_secret(connection, mail.ballot) else shown.subject or "(no subject)",
        text=text[:_MOST_TEXT],
        whole=len(text) <= _MOST_TEXT,
        formatted=None if formatted is None or len(formatted) > _MOST_TEXT else formatted.strip("\n"),
        links=hidden_addresses(shown)[:_MOST_LINKS] if readable else (),
        readable=readable,
        files=attached_files(mail.message) if readable else (),
        words=quoted.words if readable and mail.list is None else (),
        answers=quoted.answers,
        choices=_choices(mail, takes),
        reasons=_reasons(site, mail.list),
    )


def file_of_held(
    connection: Connection, site: Site, decider: Decider, number: int, place: int
) -> tuple[AttachedFile, bytes] | None:
    """Return one file of a mail that waits for him, from 1; None: there is none that he may have."""
    mail = _load(connection, site, decider, number)
    if mail is None:
        return None
    takes, _ = what_it_takes(connection, site, mail.received, mail.message)
    return content_of(mail.message, place) if _may_be_read(connection, mail, takes) else None


def foresee(
    connection: Connection, site: Site, decider: Decider, number: int, decision: Decision, now: datetime
) -> Foreseen | None:
    """Return what this decision would do to a mail that waits for him; None: none of this number does."""
    mail = _load(connection, site, decider, number)
    if mail is None:
        return None
    takes, quoted = what_it_takes(connection, site, mail.received, mail.message)
    possible = decision in _choices(mail, takes)
    if not possible:
        said = _impossible(connection, site, mail, decision)
    elif mail.list is not None:
        said = _will_post(connection, site, mail, mail.list, decision, now)
    else:
        said = _will_settle(connection, site, mail, decider, decision, quoted.answers)
    return Foreseen(_line_of(connection, site, mail), said, possible, _reasons(site, mail.list))


def stamp_of(entry: InboxEntry, waits: HeldPost | None) -> str:
    """Return a stamp that changes whenever a mail begins to wait for something else: it says what a decision was made about."""
    how = "" if waits is None else f"{waits.waits_for} {waits.rule} {waits.until.isoformat()}"
    return hashlib.sha256(f"{entry.id} {entry.state} {entry.reason} {how}".encode()).hexdigest()[:16]


def is_for(decider: Decider, waits: HeldPost | None) -> bool:
    """Tell whether a held mail is somebody's to decide about: a moderator has no business with anything but his lists' posts."""
    return decider.of_office or (waits is not None and _is_his(decider, waits))


# --- one mail -----------------------------------------------------------------------------------------------------


def _is_his(decider: Decider, waits: HeldPost) -> bool:
    return waits.waits_for == "moderators" and waits.list_name in decider.lists


def _load(connection: Connection, site: Site, decider: Decider, number: int) -> _Mail | None:
    entry = inbox.entry(connection, number)
    waits = held_posts.load(connection, number)
    received = inbox.load(connection, number)
    if entry is None or received is None or entry.state != "held" or not is_for(decider, waits):
        return None
    found = site.route(received.recipient, lists.names(connection))
    return _Mail(
        entry,
        waits,
        received,
        received.message(site.authserv_id),
        lists.load(connection, found.list) if isinstance(found, Post) else None,
        ballot_of_mail(connection, site, received),
    )


def _may_be_read(connection: Connection, mail: _Mail, takes: Takes) -> bool:
    """Tell whether a person may read a held mail: nothing of what answers a secret survey, or is a command's."""
    return takes != "neither" and not is_secret(connection, mail.ballot)


def _choices(mail: _Mail, takes: Takes) -> tuple[Decision, ...]:
    """Return what may be decided: what the office's mail about it offers."""
    if mail.list is not None:
        by_name: tuple[Decision, ...] = ("accept", "trust", "reject", "discard")
        return by_name if mail.message.from_address else ("accept", "reject", "discard")
    match takes:
        case "letter" | "report":
            return ("accept", "discard")
        case "accept" | "answers":
            return ("accept", "reject", "discard")
        case "entered" | "unread":
            return ("reject", "discard")
        case "neither":
            return ("discard",)


def _reasons(site: Site, mailing_list: MailingList | None) -> tuple[str, ...]:
    return () if mailing_list is None else mailing_list.reasons or REASONS[site.language]


def _as_it_leaves(
    connection: Connection, site: Site, mail: _Mail, mailing_list: MailingList, now: datetime
) -> Message:
    """Return a post as its copies will be."""
    post = ListPost(site, mail.received, mail.message, mailing_list, now)
    number = lists.last_number(connection, mailing_list.name) + 1
    return parse(copy_shown(outgoing_post(connection, post, number)))


# --- what would be done -------------------------------------------------------------------------------------------


def _impossible(connection: Connection, site: Site, mail: _Mail, decision: Decision) -> str:
    name = mail_name(mail.entry.id)
    if decision == "trust":
        return sentence(site.language, "no-post", mail=name)
    if decision == "reject":
        return sentence(site.language, "no-reject", mail=name)
    if is_desk_word(connection, site, mail.received.recipient):
        return sentence(site.language, "no-accept", mail=name)
    figures = {"why": mail.entry.reason, "author": mail.message.from_address}
    of_event = mail.ballot is not None and mail.ballot.kind == "event"
    return sentence(site.language, "no-rsvp-in-it" if of_event else "no-answer-in-it", mail=name, **figures)


def _will_post(
    connection: Connection,
    site: Site,
    mail: _Mail,
    mailing_list: MailingList,
    decision: Decision,
    now: datetime,
) -> str:
    """Say what becomes of a post."""
    author = mail.message.from_address
    if decision == "discard":
        return sentence(site.language, "will-discard")
    if decision == "reject":
        return sentence(site.language, "will-reject" if author else "will-reject-nobody", author=author)
    opens = leaves_at(mailing_list.hours, now.astimezone(site.zone))
    waited = mail.waits is not None and mail.waits.rule == ACCEPTED
    later = opens > now and not waited
    target = target_of(mail.message.text)
    post = Expansion(
        mailing_list.name,
        now,
        author and other_addresses.home(connection, author),
        thread_of(mail.message),
        mailing_list.archive,
        target,
    )
    had = by_other_lists(connection, mailing_list.name, mail.received.fingerprint(mail.message), now)
    count = lists.count_recipients(connection, post, had)
    figures = {
        "title": mailing_list.title,
        "count": count,
        "members": lists.count_members(connection, mailing_list.name),
        "at": moment_words(opens, site.language),
    }
    said = sentence(site.language, "will-post-later" if later else "will-post", **figures)
    return said + (sentence(site.language, "will-trust", author=author) if decision == "trust" else "")


def _will_settle(
    connection: Connection,
    site: Site,
    mail: _Mail,
    decider: Decider,
    decision: Decision,
    answers: tuple[str, ...],
) -> str:
    """Say what becomes of a reply to a survey or event, or of a letter."""
    language, ballot = site.language, mail.ballot
    if decision == "discard":
        return sentence(language, "will-discard")
    if ballot is None or ballot.kind not in {"survey", "event"}:
        asked = question_of_mail(connection, site, mail.received)
        if asked is not None and asked.kind == "roll_call":
            return sentence(language, "will-confirm", body=asked.about)
        return sentence(language, "will-answer")
    key, body = ballot.subject, ballot.greeting or ballot.code
    if decision == "reject":
        return sentence(language, "will-reject-body", body=body)
    stored = surveys.load(connection, key) if ballot.kind == "survey" else None
    if stored is None:
        return sentence(language, "will-read", body=body, key=key.rpartition(":")[2])
    match persons_needed(stored.survey, "admit", site.people, asked_by=decider.address):
        case SecondNeeded(others):
            return sentence(language, "will-wait", others="、".join(others), key=key)
        case _:
            said = "、".join(answers) if answers else sentence(language, "will-count-unseen")
            return sentence(language, "will-count", body=body, key=key, answers=said)


# --- lines --------------------------------------------------------------------------------------------------------


def _line_of(connection: Connection, site: Site, mail: _Mail) -> HeldLine:
    titles = {} if mail.list is None else {mail.list.name: mail.list.title}
    return _line(connection, site, mail.entry, mail.waits, titles)


def _line(
    connection: Connection, site: Site, entry: InboxEntry, waits: HeldPost | None, titles: dict[str, str]
) -> HeldLine:
    found = site.route(entry.recipient, titles)
    own = found.list if isinstance(found, Post) else ""
    received = Received(entry.id, b"", "", entry.recipient, entry.received_at, entry.state, entry.reason)
    secret = not own and is_secret(connection, ballot_of_mail(connection, site, received))
    return HeldLine(
        number=entry.id,
        name=mail_name(entry.id),
        about=f"{titles[own]}（{own}）" if own else held_about(connection, site, received),
        list=own,
        sender=entry.sender,
        subject=NOT_SHOWN[site.language] if secret else entry.title or "(no subject)",
        why=_why(site, entry, waits),
        since=entry.received_at,
        until=None if waits is None else waits.until,
        claimed_by="" if waits is None else waits.claimed_by,
        stamp=stamp_of(entry, waits),
    )


def _why(site: Site, entry: InboxEntry, waits: HeldPost | None) -> str:
    if waits is None or waits.waits_for == "moderators":
        return whole_sentence(entry.reason, site.language)
    name = "waits-author" if waits.waits_for == "author" else "waits-clock"
    if waits.rule == ACCEPTED:
        name = "waits-accepted"
    return sentence(site.language, name, at=moment_words(waits.until.astimezone(site.zone), site.language))
