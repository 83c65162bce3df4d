"""One post: may it go out, and if so, cooked once and queued to every member, all in one transaction."""

from __future__ import annotations

import hashlib
import unicodedata
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from mailbot.core.lists.cook import cook_post
from mailbot.core.lists.mailing_list import Filter, MailingList
from mailbot.core.lists.moderation import (
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
from mailbot.core.lists.reach import Reach
from mailbot.core.lists.short_reply import is_short_reply
from mailbot.core.lists.target import Fault, read_target
from mailbot.core.lists.variant import Place, as_plain_text, without_files
from mailbot.core.mail.address import same_address
from mailbot.core.mail.automatic import automatic
from mailbot.core.mail.message import Message, thread_of
from mailbot.core.mail.seven_bit import seven_bit
from mailbot.core.members.audience import Selector
from mailbot.core.office.desk import own_lines
from mailbot.core.senders.arc import seal
from mailbot.core.senders.authentication import Authentication, read_authentication, verdict
from mailbot.core.senders.spam import spam_mark
from mailbot.flows.lists.archive_post import archive_post
from mailbot.flows.lists.ask_author import ask_author, let_post_wait
from mailbot.flows.lists.hold_post import hold_post
from mailbot.flows.lists.list_post import ListPost
from mailbot.flows.lists.tell_decision import tell_accepted
from mailbot.flows.settled import Settled
from mailbot.site import Site
from mailbot.store import archive, fan_outs, inbox, lists, members, memberships, other_addresses, outbox
from mailbot.store.inbox import Received
from mailbot.store.members import Person

_MOST_NAMED = 5  # of those whom a post names
_ONE_MAIL = timedelta(days=30)  # what comes again later is meant to be read again; a post is held for 14 days


def post_to_list(
    connection: Connection, site: Site, received: Received, message: Message, name: str, now: datetime
) -> Settled:
    """Decide about a post to the list of this name, and do what was decided."""
    mailing_list = lists.load(connection, name)
    assert mailing_list is not None, "the route was read in this transaction"
    first = inbox.first_time(connection, f"list:{name}", received.fingerprint(message), received.id)
    post = ListPost(site, received, message, mailing_list, now)
    turns = turns_of_words(post)
    again = bool(turns) and not any(inbox.first_time(connection, *turn, received.id) for turn in turns)
    question = replace(question_of(connection, post), distributed=not first, same_words=again)
    match moderate(question, mailing_list, site.language):
        case Accept():
            waits = let_post_wait(connection, post, minutes=mailing_list.undo_minutes)
            if waits is not None:
                return Settled("held", f"{waits}, unless its author cancels it", told=True)
            number, reach = distribute(connection, post)
            return Settled("posted", f"post {number} to {reach.words('en')} members")
        case Ask(rule, reason):
            if ask_author(connection, post, rule, reason, targeted=question.targeted):
                return Settled("held", reason, told=True)
            return hold_post(connection, post, Hold(rule, reason), question)
        case Hold() as hold:
            return hold_post(connection, post, hold, question)
        case Reject(_, reason):
            refuse(connection, post, reason)
            return Settled("rejected", reason)
        case Discard(_, reason):
            return Settled("discarded", reason)


def turns_of_words(post: ListPost) -> list[tuple[str, str]]:
    """Return in which places an answer's words are remembered for a day, each time in the next one; none for what answers nothing.

    A program that answers each mail of a list and says nowhere that it is one would go on for ever (promises.md I13).
    """
    message = post.message
    if not (message.in_reply_to or message.references):
        return []
    own = " ".join(" ".join(own_lines(message.text, "")).split())
    words = f"{post.author}\n{post.received.received_at:%Y-%m-%d}\n{own}"
    fingerprint = hashlib.sha256(words.encode()).hexdigest()
    return [(f"words{turn}:{post.list.name}", fingerprint) for turn in range(SAME_WORDS)]


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
    target = _selected(named)
    targeted = lists.targeted(connection, mailing_list.name, target) if target else []
    return PostQuestion(
        author=author,
        member=bool(person) and lists.is_member(connection, mailing_list.name, person or ""),
        contact=bool(people),
        office=author is not None and same_address(author, site.office),
        poster=bool(posters),
        size=len(received.content),
        own_list_fields=has_been_through(message.headers, mailing_list.name, site.domain),
        received=sum(field.lower() == "received" for field, _ in message.headers),
        automatic=automatic(message, received.mail_from),
        null_sender=not received.mail_from,
        authentication=verdict(read_authentication(message.headers, site.authserv_id), author),
        distributed=False,
        empty=not message.text.strip() and not message.attachments,
        posting=memberships.load(connection, mailing_list.name, person).posting if person else None,
        spam=spam_mark(message.headers, site.spam_score),
        filtered=next((one for one in mailing_list.filters if _fits(one, message)), None),
        first=mailing_list.moderated == "new"
        and not archive.has_posted(
            connection, mailing_list.name, _addresses(people) or (author and [author]) or []
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


def _selected(named: Selector | Fault | None) -> Selector | None:
    return named if isinstance(named, Selector) else None


def _lists_addressed(connection: Connection, site: Site, message: Message) -> int:
    """Return how many lists of ours To and Cc name."""
    at = f"@{site.domain.lower()}"
    own = {address.lower().removesuffix(at) for address in message.to if address.lower().endswith(at)}
    return len(own & lists.names(connection)) if len(own) > 1 else 1


def _fits(one: Filter, message: Message) -> bool:
    """Tell whether the words of a filter stand in its field, whatever their case and width."""
    value = message.subject if one.field.lower() == "subject" else message.header(one.field) or ""
    return _folded(one.contains) in _folded(value)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text[:2_000]).casefold()


def distribute(connection: Connection, post: ListPost, *, awaited: bool = False) -> tuple[int, Reach]:
    """Cook a post, queue it to every member, archive it and tell its author; returns its number and how many.

    To the members of a large list it is queued bit by bit, see store/fan_outs.py. Who gets the same mail by another list
    gets no second copy (promises.md I10). The author hears of it where it is `awaited`, since he was told that it waits, or
    where he and the list want receipts.
    """
    name, author = post.list.name, post.author
    # The mark is unique: on PostgreSQL, two nodes with the same mail for two lists take their turns here.
    fingerprint = post.received.fingerprint(post.message)
    once = inbox.first_time(connection, "lists", fingerprint, post.received.id)
    had = [] if once else by_other_lists(connection, name, fingerprint, post.now)
    number = lists.next_number(connection, name)
    target = _selected(read_target(post.message.text))
    kept = post.list.archive and target is None  # what is not for every member is not kept for all
    stable, thread = "", thread_of(post.message)
    if kept:
        stable = _archive(connection, post, number)
        thread = archive.thread_key(connection, name, number)
    reach = Reach(0)
    for profile, content in _forms(connection, post, number, kept=kept).items():
        reach += fan_outs.begin(
            connection,
            _add_mailing(connection, post, content, number, stable),
            name,
            post.now,
            author=author and other_addresses.home(connection, author),
            thread=thread,
            digests=kept,
            profile=profile,
            target=target,
            had=had,
        )
    if awaited or _wants_receipt(connection, post):
        tell_accepted(connection, post, number, reach)
    return number, reach


def by_other_lists(connection: Connection, name: str, fingerprint: str, now: datetime) -> list[int]:
    """Return the mailings by which other lists than this have sent, or send, the same mail in the last 30 days."""
    others = [f"list:{other}" for other in lists.names(connection) - {name}]
    return outbox.posts_of(connection, others, fingerprint, now - _ONE_MAIL)


def _archive(connection: Connection, post: ListPost, number: int) -> str:
    received = post.received
    return archive_post(
        connection,
        post.list,
        received.content,
        post.message,
        _people(connection, post),
        number=number,
        message_id=_own_message_id(post.site, received),
        written_at=received.received_at,
        mail_id=archive.mail_of(connection, received.id),
        inbox_id=received.id,
    )


def _add_mailing(connection: Connection, post: ListPost, content: bytes, number: int, stable: str) -> int:
    """Cook one form of a post, `content`, which may be the mail as it came, and store it; returns its id."""
    form = post
    if content is not post.received.content:
        received = replace(post.received, content=content)
        form = replace(post, received=received, message=received.message(post.site.authserv_id))
    message_id = _own_message_id(post.site, post.received)
    return outbox.add_mailing(
        connection,
        kind="post",
        subject=post.list.name,
        cooked=cook(connection, form, number, stable, message_id),
        bounces=f"{post.list.name}-bounces",
        inbox_id=post.received.id,
        now=post.now,
        identical=post.list.copies == "identical",
    )


def _wants_receipt(connection: Connection, post: ListPost) -> bool:
    """Tell whether the list tells its authors that a post has gone out, and this author has not said no to it."""
    if not post.list.receipts or post.author is None:
        return False
    author = other_addresses.home(connection, post.author)
    return memberships.load(connection, post.list.name, author).receipts


def _forms(connection: Connection, post: ListPost, number: int, *, kept: bool) -> dict[str, bytes]:
    """Return the mail as members of each profile get it, before it is cooked; what is left out is in the archive."""
    content, message, mailing_list = post.received.content, post.message, post.list
    place = Place(number, f"{mailing_list.name}-request@{post.site.domain}", post.site.language)
    usual = content
    if mailing_list.files_above is not None and kept:
        usual = without_files(content, message, mailing_list.files_above, place)
    if not lists.has_profile(connection, mailing_list.name, "plain"):
        return {"": usual}
    return {"": usual, "plain": as_plain_text(content, message, place)}


def cook(
    connection: Connection, post: ListPost, number: int, stable: str = "", message_id: str = ""
) -> bytes:
    """Return the post as it leaves, with the author named as the register names him; `stable`: its place in the archive."""
    site, received, message, mailing_list = post.site, post.received, post.message, post.list
    people = _people(connection, post)
    label = None
    if people:
        name = people[0].contact.name or message.from_name
        label = f"{name}（{people[0].body.name}）" if name else people[0].body.name
    found = read_authentication(message.headers, site.authserv_id)
    sealer = site.sealer if received.results is not None and found.chain != "unsure" else None
    cooked = cook_post(
        received.content,
        message,
        mailing_list,
        number=number,
        domain=site.domain,
        authserv_id=site.authserv_id,
        office=site.office,
        author_label=label,
        message_id=message_id or _own_message_id(site, received),
        now=post.now,
        rewrite=_rewrites(found, mailing_list),
        keep_arc=sealer is not None,
        complaints_to=f"abuse@{site.domain}" if site.complaints else "",
        web_url=site.web_url,
        stable=stable,
    )
    if sealer is None or received.results is None or found.chain == "unsure":
        return cooked
    # In 7 bits: nothing on its way may convert what is sealed.
    return seal(seven_bit(cooked), found.chain, received.results, sealer, post.now)


def _people(connection: Connection, post: ListPost) -> list[Person]:
    return members.people_at(connection, post.author) if post.author else []


def _own_message_id(site: Site, received: Received) -> str:
    """Return the Message-ID for a post that has none: it leaves with it, and answers to it find it in the archive."""
    return f"<{received.id}.{hashlib.sha256(received.content).hexdigest()[:16]}@{site.domain}>"


def _rewrites(found: Authentication, mailing_list: MailingList) -> bool:
    """Tell whether From becomes the list's: always, or unless the author's domain is known to mind nothing.

    Its policy is what was found out when the mail came; what is not known counts as strict.
    """
    return mailing_list.rewrite_from == "always" or found.policy != "none"


def refuse(connection: Connection, post: ListPost, reason: str) -> None:
    """Tell a registered author why his post did not go out, within the limit of automatic answers."""
    author, now = post.author, post.now
    if author is None or not inbox.may_answer(connection, author, now):
        return
    cooked = post.site.render.post_rejected(
        f"{post.list.name}@{post.site.domain}",
        post.message.subject,
        reason,
        to=author,
        thread=post.thread,
        now=now,
    )
    outbox.queue_letter(
        connection, "post_rejected", post.list.name, cooked, author, now, inbox_id=post.received.id
    )
