"""What a purge takes away: the raw mails of posts, every copy that holds them, and what they are found by."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, delete, func, or_, select, update

from mailbot.store.lists import search_words
from mailbot.store.sending import bundles, fan_outs
from mailbot.store.sending.copy_states import not_out
from mailbot.store.tables import bundle, delivery, inbox, mail, mailing, post, post_words
from mailbot.store.transactions import scrub_after

# Mails of a list that may hold several of its posts, or lines of them: once they have left nobody needs them.
_COLLECTIONS = ("old_posts", "digest", "notices", "member_answer")
_TOUCHED = ("mail", "mailing", "inbox", "post", "post_words")


@dataclass(frozen=True)
class Behind:
    """What stands behind one post."""

    number: int
    post_id: int
    mail_id: int
    inbox_id: int | None  # None: imported
    author: str
    subject: str
    written_at: datetime


def behind(connection: Connection, name: str, numbers: Collection[int]) -> list[Behind]:
    """Return what stands behind these posts of a list, without those that are purged."""
    query = select(
        post.c.number,
        post.c.id,
        post.c.mail_id,
        post.c.inbox_id,
        post.c.author,
        post.c.subject,
        post.c.written_at,
    )
    query = query.where(post.c.list_name == name, post.c.number.in_(numbers), post.c.purged_at.is_(None))
    return [Behind(*row) for row in connection.execute(query.order_by(post.c.number))]


def other_arrivals(connection: Connection, one: Behind) -> list[tuple[int, bytes]]:
    """Return the mails, with their content, that came under the same author and subject: one of them may be the same."""
    query = (
        select(mail.c.id, mail.c.content)
        .join_from(inbox, mail)
        .where(inbox.c.sender == one.author, inbox.c.title == one.subject[:500], mail.c.id != one.mail_id)
    )
    return [(row[0], row[1]) for row in connection.execute(query.distinct())]


def raw(connection: Connection, mail_id: int) -> bytes:
    """Return the bytes of one mail."""
    content: bytes = connection.execute(select(mail.c.content).where(mail.c.id == mail_id)).scalar_one()
    return content


def other_posts(
    connection: Connection, mail_ids: Collection[int], post_ids: Collection[int]
) -> list[tuple[str, int]]:
    """Return the other posts, by list and number, that are these very mails: one mail may go to two lists."""
    query = select(post.c.list_name, post.c.number).where(
        post.c.mail_id.in_(mail_ids), post.c.id.not_in(post_ids), post.c.purged_at.is_(None)
    )
    return [(row[0], row[1]) for row in connection.execute(query.order_by(post.c.list_name, post.c.number))]


def arrivals(connection: Connection, mail_ids: Collection[int]) -> list[int]:
    """Return the inbox rows of these mails."""
    return list(connection.execute(select(inbox.c.id).where(inbox.c.mail_id.in_(mail_ids))).scalars())


def leaving(connection: Connection, name: str, inbox_ids: Collection[int], since: datetime) -> int:
    """Return how many copies are just being sent, or wait with other posts in the same mail."""
    caused = and_(mailing.c.inbox_id.in_(inbox_ids), delivery.c.state == "sending")
    gathered = and_(_collections(name, since), not_out())
    query = select(func.count()).select_from(delivery.join(mailing)).where(or_(caused, gathered))
    of_these = select(mailing.c.id).where(mailing.c.inbox_id.in_(inbox_ids))
    bundled = bundles.copies(connection, bundle.c.mailing_id.in_(of_these) & (bundle.c.state == "sending"))
    return connection.execute(query).scalar_one() + sum(bundled.values())


def empty_copies(connection: Connection, name: str, inbox_ids: Collection[int], since: datetime) -> list[str]:
    """Withdraw the copies of these posts that wait, and empty all mails of ours that hold them.

    Returns what the relay said to the copies that left; a Maildir named the file.
    """
    holding = or_(mailing.c.inbox_id.in_(inbox_ids), _collections(name, since))
    numbers = list(connection.execute(select(mailing.c.id).where(holding, mailing.c.cooked != b"")).scalars())
    of_these = delivery.c.mailing_id.in_(numbers)
    fan_outs.drop(connection, numbers)
    bundles.open_waiting(connection, numbers)
    connection.execute(
        update(delivery).where(of_these, delivery.c.state == "pending").values(state="withdrawn")
    )
    replies = select(delivery.c.reply).where(of_these, delivery.c.reply.is_not(None))
    said = list(connection.execute(replies).scalars())
    connection.execute(update(mailing).where(mailing.c.id.in_(numbers)).values(cooked=b""))
    return [words for words in said if words is not None]


def empty_posts(
    connection: Connection, posts: Sequence[Behind], mail_ids: Collection[int], why: str, now: datetime
) -> int:
    """Empty raw mails and all that is known of these posts but their place; returns how many mails had content.

    After the commit the pages that held it are overwritten, and the database's log is emptied.
    """
    emptied = connection.execute(
        update(mail)
        .where(mail.c.id.in_(mail_ids), mail.c.content != b"")
        .values(content=b"", mail_from="", peer="")
    ).rowcount
    connection.execute(update(inbox).where(inbox.c.mail_id.in_(mail_ids)).values(title="", sender=""))
    numbers = [one.post_id for one in posts]
    connection.execute(delete(post_words).where(post_words.c.post_id.in_(numbers)))
    connection.execute(
        update(post)
        .where(post.c.id.in_(numbers))
        .values(
            code=None,
            author_name="",
            author="",
            subject="",
            topic="",
            attachments=json.dumps([]),
            size=0,
            purged_at=now,
            purged_why=why,
        )
    )
    search_words.purge(connection)
    scrub_after(connection, _TOUCHED)
    return emptied


def _collections(name: str, since: datetime) -> ColumnElement[bool]:
    return and_(mailing.c.subject == name, mailing.c.kind.in_(_COLLECTIONS), mailing.c.created_at >= since)
