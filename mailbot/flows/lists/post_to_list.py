"""One post: may it go out? If so it is distributed, else it waits, is refused or put aside, all in one transaction."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.lists.mailing_list import Filter
from mailbot.core.lists.moderation import (
    SAME_DATE,
    SAME_WORDS,
    Accept,
    Ask,
    Discard,
    Hold,
    PostQuestion,
    Reject,
    has_been_through,
    moderate,
)
from mailbot.core.lists.short_reply import is_short_reply
from mailbot.core.lists.subject import stem
from mailbot.core.lists.target import read_target
from mailbot.core.mail.address import same_address
from mailbot.core.mail.automatic import automatic, is_notice
from mailbot.core.mail.message import Message
from mailbot.core.members.audience import Selector
from mailbot.core.reading.text.own_lines import own_lines
from mailbot.core.senders.authentication import read_authentication, verdict
from mailbot.core.senders.spam import spam_mark
from mailbot.flows.lists.ask_author import ask_author, let_post_wait
from mailbot.flows.lists.distribute_post import let_out
from mailbot.flows.lists.hold_post import hold_post
from mailbot.flows.lists.list_post import ListPost
from mailbot.flows.lists.may_write_back import may_write_back
from mailbot.flows.lists.tell_decision import tell_refused
from mailbot.flows.settled import Settled
from mailbot.site import Site
from mailbot.store.lists import archive, lists, memberships
from mailbot.store.mail import inbox
from mailbot.store.mail.inbox import Received
from mailbot.store.members import members, other_addresses
from mailbot.store.members.members import Person

_MOST_NAMED = 5  # of those whom a post names
_BEGINNING = 300  # characters of a mail: what other lists add stands below them, or below a rule
_LOOKED_AT = 2_000  # characters in which they stand, with blanks
# What lists put into Subject, each of them a tag of its own and most of them a number
_BRACKETED = re.compile(r"[\[(（［【〔][^\])）］】〕]*[\])）］】〕]")
_RULE = re.compile(r"^[-_=*─―＿]{2,}[ \t]*$", re.MULTILINE)


def post_to_list(
    connection: Connection, site: Site, received: Received, message: Message, name: str, now: datetime
) -> Settled:
    """Decide about a post to the list of this name, and do what was decided."""
    mailing_list = lists.load(connection, name)
    assert mailing_list is not None, "the route was read in this transaction"
    first = inbox.take_once(connection, f"list:{name}", received.fingerprint(message), received.id)
    post = ListPost(site, received, message, mailing_list, now)
    words, date = (
        bool(turns) and not any(inbox.take_once(connection, *turn, received.id) for turn in turns)
        for turns in (turns_of_words(post), turns_of_date(post))
    )
    question = replace(
        question_of(connection, post),
        distributed=not first,
        same_words=words,
        same_date=first and date and not is_handed_in_by_author(post),
    )
    match moderate(question, mailing_list, site.language):
        case Accept():
            waits = let_post_wait(connection, post, minutes=mailing_list.undo_minutes)
            if waits is not None:
                return Settled("held", f"{waits}, unless its author cancels it", told=True)
            return let_out(connection, post)
        case Ask(rule, reason):
            if ask_author(connection, post, rule, reason, targeted=question.targeted):
                return Settled("held", reason, told=True)
            return hold_post(connection, post, Hold(rule, reason), question)
        case Hold() as hold:
            return hold_post(connection, post, hold, question)
        case Reject(_, reason):
            if may_write_back(connection, post):
                tell_refused(connection, post, reason)
            return Settled("rejected", reason)
        case Discard(_, reason):
            return Settled("discarded", reason)


def turns_of_words(post: ListPost) -> list[tuple[str, str]]:
    """Return the places in which an answer's words are remembered for a day, one for each time that they may come.

    A post that answers nothing has none. Without them, a program that answers each mail of a list, and does not say that it
    is one, would go on for ever (promises.md I13).
    """
    message = post.message
    if not (message.in_reply_to or message.references):
        return []
    own = " ".join(" ".join(own_lines(message.text, "")).split())
    words = f"{post.author}\n{post.received.received_at:%Y-%m-%d}\n{own}"
    fingerprint = hashlib.sha256(words.encode()).hexdigest()
    return [(f"words{turn}:{post.list.name}", fingerprint) for turn in range(SAME_WORDS)]


def turns_of_date(post: ListPost) -> list[tuple[str, str]]:
    """Return the places in which a mail is remembered by what lists elsewhere do not change; none without a Date.

    A list elsewhere may remove every mark of ours, give the mail its own Message-ID, put words below it, and send it in
    again for ever (promises.md I13). No person writes two mails with one subject, one beginning and the same files in one
    second. A program does, so nothing is held whose envelope is its author's own.
    """
    message = post.message
    if not message.date or post.author is None:
        return []
    own = " ".join(_RULE.split(message.text[:_LOOKED_AT], maxsplit=1)[0].split())[:_BEGINNING]
    about = " ".join(_BRACKETED.sub(" ", stem(message.subject, post.list.subject_prefix)[0]).split())
    files = (part.body.sha256() for part in message.parts if part.filename)
    words = "\n".join((post.author, " ".join(message.date.split()), about, own, *files))
    fingerprint = hashlib.sha256(words.encode()).hexdigest()
    return [(f"date{turn}:{post.list.name}", fingerprint) for turn in range(SAME_DATE)]


def is_handed_in_by_author(post: ListPost) -> bool:
    """Tell whether the author is the envelope sender, too: what a list or a forwarder sends in has its own there, or ours."""
    return post.author is not None and same_address(post.received.mail_from, post.author)


def question_of(connection: Connection, post: ListPost) -> PostQuestion:
    """Gather what the rules of core/lists/moderation.py need to know of a post."""
    site, received, message, mailing_list = post.site, post.received, post.message, post.list
    author = post.author
    # Who he is on the list: a person of several addresses may write from any of them.
    person = author and other_addresses.home(connection, author)
    people = members.people_at(connection, author) if author else []
    posters = members.selected(connection, mailing_list.posters, among=[person.id for person in people])
    short = bool(mailing_list.guard) and is_short_reply(message)
    addressed = _lists_addressed(connection, site, message) if mailing_list.guard else 1
    named = read_target(message.text)
    target = named if isinstance(named, Selector) else None
    targeted = lists.targeted(connection, mailing_list.name, target) if target else []
    return PostQuestion(
        author=author,
        member=bool(person) and lists.is_member(connection, mailing_list.name, person or ""),
        contact=bool(people),
        office=author is not None and same_address(author, site.office),
        poster=bool(posters),
        size=len(received.content),
        own_list_fields=has_been_through(
            message.headers, mailing_list.name, site.domain, site.former_domains
        ),
        received=sum(field.lower() == "received" for field, _ in message.headers),
        automatic=automatic(message, received.mail_from),
        null_sender=not received.mail_from,
        authentication=verdict(read_authentication(message.headers, site.authserv_id), author),
        distributed=False,
        empty=not message.text.strip() and not message.attachments,
        notice=is_notice(stem(message.subject, mailing_list.subject_prefix)[0]),
        posting=memberships.load(connection, mailing_list.name, person).posting if person else None,
        spam=spam_mark(message.headers, site.spam_score),
        filtered=next((one for one in mailing_list.filters if _fits(one, message)), None),
        first=mailing_list.moderated == "new"
        and not archive.has_posted(
            connection, mailing_list.name, _addresses(people) or ([author] if author else [])
        ),
        recipients=lists.count_members(connection, mailing_list.name) if short or addressed > 1 else 0,
        short_reply=short,
        lists=addressed,
        target=target,
        target_fault=named if isinstance(named, str) else None,
        targeted=len(targeted),
        sample="、".join(targeted[:_MOST_NAMED]),
    )


def _addresses(people: list[Person]) -> list[str]:
    return [address for person in people for address in person.contact.addresses]


def _lists_addressed(connection: Connection, site: Site, message: Message) -> int:
    """Return how many lists of ours To and Cc name."""
    domains = {domain.lower() for domain in (site.domain, *site.former_domains)}
    parts = [address.lower().rpartition("@") for address in message.to]
    own = {local for local, _, domain in parts if domain in domains}
    return len(own & lists.names(connection)) if len(own) > 1 else 1


def _fits(one: Filter, message: Message) -> bool:
    """Tell whether the words of a filter stand in its field, whatever their case and width."""
    value = message.subject if one.field.lower() == "subject" else message.header(one.field) or ""
    return _folded(one.contains) in _folded(value)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text[:2_000]).casefold()
