"""A post goes out: cooked once, queued to every member, archived, and its author told."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from mailbot.core.lists.cook import PostIdentity, cook_post
from mailbot.core.lists.expansion import Expansion
from mailbot.core.lists.mailing_list import MailingList
from mailbot.core.lists.reach import Reach
from mailbot.core.lists.target import target_of
from mailbot.core.lists.variant import Place, as_plain_text, without_files
from mailbot.core.mail.message import thread_of
from mailbot.core.senders.arc import seal
from mailbot.core.senders.authentication import Authentication, read_authentication
from mailbot.core.transfer.seven_bit import seven_bit
from mailbot.flows.lists.archive_post import archive_post
from mailbot.flows.lists.list_post import ListPost
from mailbot.flows.lists.may_write_back import may_tell_of_post
from mailbot.flows.lists.tell_decision import tell_accepted
from mailbot.flows.settled import Settled
from mailbot.site import Site
from mailbot.store.lists import archive, lists, memberships
from mailbot.store.mail import inbox
from mailbot.store.mail.inbox import Received
from mailbot.store.members import members, other_addresses
from mailbot.store.members.members import Person
from mailbot.store.sending import fan_outs, outbox

_ONE_MAIL = timedelta(days=30)  # what comes again later is meant to be read again; a post is held for 14 days


def distribute_post(connection: Connection, post: ListPost, *, awaited: bool) -> tuple[int, Reach]:
    """Cook a post, queue it to every member, archive it and tell its author; returns its number and how many.

    To the members of a large list it is queued bit by bit, see store/sending/fan_outs.py. Members who get the same mail by another
    list get no second copy (promises.md I10). The author is told where the post is `awaited` (it had to wait, and the author
    knows), or where both author and list want receipts.
    """
    name, author = post.list.name, post.author
    # The mark is unique: on PostgreSQL, two nodes with the same mail for two lists take their turns here.
    fingerprint = post.received.fingerprint(post.message)
    once = inbox.take_once(connection, "lists", fingerprint, post.received.id)
    had = [] if once else by_other_lists(connection, name, fingerprint, post.now)
    number = lists.next_number(connection, name)
    target = target_of(post.message.text)
    kept = post.list.archive and target is None  # what is not for every member is not kept for all
    stable, thread = "", thread_of(post.message)
    if kept:
        stable = _archive(connection, post, number)
        thread = archive.thread_key(connection, name, number)
    home = author and other_addresses.home(connection, author)
    to = Expansion(name, post.now, home, thread, kept, target)
    reach = Reach(0)
    for profile, content in _forms(connection, post, number, stable, kept=kept).items():
        mailing_id = _add_mailing(connection, post, content, number, stable)
        reach += fan_outs.begin(connection, mailing_id, to, profile=profile, had=had)
    if awaited or (_wants_receipt(connection, post) and may_tell_of_post(connection, post)):
        tell_accepted(connection, post, number, reach)
    return number, reach


def let_out(connection: Connection, post: ListPost, *, awaited: bool = False) -> Settled:
    """Distribute a post; returns what became of it."""
    number, reach = distribute_post(connection, post, awaited=awaited)
    return Settled("posted", f"post {number} to {reach.words('en')} members")


def by_other_lists(connection: Connection, name: str, fingerprint: str, now: datetime) -> list[int]:
    """Return the mailings by which other lists than this have sent, or send, the same mail in the last 30 days."""
    others = [f"list:{other}" for other in lists.names(connection) - {name}]
    return outbox.posts_of(connection, others, fingerprint, now - _ONE_MAIL)


def _archive(connection: Connection, post: ListPost, number: int) -> str:
    received = post.received
    return archive_post(
        connection,
        post.list,
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
        cooked=outgoing_post(connection, form, number, stable, message_id),
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


def _forms(
    connection: Connection, post: ListPost, number: int, stable: str, *, kept: bool
) -> dict[str, bytes]:
    """Return the mail as members of each profile get it, before it is cooked; what is left out is in the archive."""
    content, message, mailing_list, site = post.received.content, post.message, post.list, post.site
    page = f"{site.web_url}/a/{mailing_list.name}/m/{stable}" if stable and site.web_url else ""
    place = Place(number, f"{mailing_list.name}-request@{site.domain}", site.language, page)
    usual = content
    if mailing_list.files_above is not None and kept:
        usual = without_files(content, message, mailing_list.files_above, place)
    if not lists.has_profile(connection, mailing_list.name, "plain"):
        return {"": usual}
    return {"": usual, "plain": as_plain_text(content, message, place)}


def outgoing_post(
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
        site.list_host,
        PostIdentity(number, message_id or _own_message_id(site, received), stable),
        author_label=label,
        now=post.now,
        rewrite=_rewrites(found, mailing_list),
        keep_arc=sealer is not None,
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
    """Tell whether From becomes the list's: always, or unless the author's domain is known to ask receivers for nothing (DMARC).

    Its policy was looked up when the mail came; one that is not known counts as strict.
    """
    return mailing_list.rewrite_from == "always" or found.policy != "none"
