"""Tell the author of a post, and the moderators of a list, what became of it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.lists.mailing_list import MailingList
from mailbot.core.lists.reach import Reach
from mailbot.core.mail.address import same_address
from mailbot.flows.lists.list_post import ListPost
from mailbot.flows.question_reply import QuestionReply
from mailbot.render import Thread
from mailbot.site import Site
from mailbot.store.lists import archive
from mailbot.store.sending import allowances, outbox

_PER_HOUR, _PER_DAY = 60, 400  # each mail that asks is followed by one or two of these at most


def tell_decision(
    connection: Connection,
    site: Site,
    mailing_list: MailingList,
    sentence: str,
    now: datetime,
    *,
    inbox_id: int,
    by: str = "",
    answered: Thread | None = None,
) -> None:
    """Queue a sentence about a held post to each moderator; to `by`, in answer to his own mail."""
    for address in mailing_list.moderators:
        tell_moderator(
            connection,
            site,
            address,
            mailing_list,
            sentence,
            now,
            inbox_id=inbox_id,
            answered=answered if same_address(address, by) else None,
        )


def tell_moderator(
    connection: Connection,
    site: Site,
    address: str,
    mailing_list: MailingList,
    sentence: str,
    now: datetime,
    *,
    inbox_id: int,
    answered: Thread | None,
) -> None:
    """Queue a sentence about a held post to one moderator."""
    if not allowances.spend_duty_mail(connection, address, now, per_hour=_PER_HOUR, per_day=_PER_DAY):
        return
    cooked = site.render.letter(
        "moderator_told", now=now, thread=answered, title=mailing_list.title, sentence=sentence
    )
    outbox.queue_letter(
        connection, "moderator_told", mailing_list.name, cooked, address, now, inbox_id=inbox_id
    )


def tell_author(
    connection: Connection, reply: QuestionReply, mailing_list: MailingList, sentence: str
) -> None:
    """Queue a sentence about a post to its author, in answer to what the author replied about it."""
    address, now = reply.asked.address, reply.now
    if not allowances.spend_answer(connection, address, now):
        return
    cooked = reply.site.render.letter(
        "author_told", now=now, thread=reply.thread, title=mailing_list.title, sentence=sentence
    )
    outbox.queue_letter(
        connection, "author_told", mailing_list.name, cooked, address, now, inbox_id=reply.received.id
    )


def tell_accepted(connection: Connection, post: ListPost, number: int, reach: Reach) -> None:
    """Tell the author of a post that it has gone out, under which number, to how many, and where it is kept."""
    author, site, mailing_list, now = post.author, post.site, post.list, post.now
    if author is None or not allowances.spend_answer(connection, author, now):
        return
    cooked = site.render.letter(
        "post_accepted",
        now=now,
        thread=post.thread,
        title=mailing_list.title,
        subject=post.message.subject,
        number=number,
        count=reach.words(site.language),
        place=_place(connection, site, mailing_list, number),
        request=f"{mailing_list.name}-request@{site.domain}" if mailing_list.receipts else "",
    )
    outbox.queue_letter(
        connection, "post_accepted", mailing_list.name, cooked, author, now, inbox_id=post.received.id
    )


def tell_refused(connection: Connection, post: ListPost, reason: str) -> None:
    """Tell a registered author why his post did not go out, within the limit of automatic answers."""
    author, now = post.author, post.now
    if author is None or not allowances.spend_answer(connection, author, now):
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


def _place(connection: Connection, site: Site, mailing_list: MailingList, number: int) -> str:
    """Return the address of a post in the archive; "": it has none."""
    kept = archive.by_number(connection, mailing_list.name, number) if site.web_url else None
    return "" if kept is None else f"{site.web_url}/a/{mailing_list.name}/m/{kept.stable}"
