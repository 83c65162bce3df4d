"""Where a Message-ID stands: in the archive, in a received mail, in one of our own copies (RFC 5322 section 3.6.4)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, LargeBinary, func, select

from mailbot.core.lists.thread import message_id_hash
from mailbot.core.mail.mailing import could_be
from mailbot.core.mail.message import parse
from mailbot.store.tables import delivery, inbox, mail, mailing, mailing_list, post

NEWEST = 5_000  # received mails that are looked at: no index has what stands in them
_AT_ONCE = 200
_HEAD = 32_000  # octets of a mail in which its Message-ID stands
_FIELD = re.compile(rb"^message-id:[ \t]*(.*?)\r?$", re.IGNORECASE | re.MULTILINE)
_NUMBERED = re.compile(r"<(?:[^<>@]*\.)?([0-9]{1,18})@[^<>@]+>")


@dataclass(frozen=True)
class Kept:
    """A post in the archive that came by another way than the inbox: from an old archive, or an issue of ours."""

    list: str
    number: int
    subject: str
    written_at: datetime


def kept_posts(connection: Connection, message_id: str) -> list[Kept]:
    """Return the archive's posts with a Message-ID that did not come through the inbox."""
    columns = (post.c.list_name, post.c.number, post.c.subject, post.c.written_at)
    query = select(*columns).where(_is_post(message_id), post.c.inbox_id.is_(None))
    return [Kept(*row) for row in connection.execute(query.order_by(post.c.list_name, post.c.number))]


def received(connection: Connection, message_id: str) -> list[int]:
    """Return the inbox numbers of mails with a Message-ID: of every post in the archive, and of the newest mails."""
    posted = select(post.c.inbox_id).where(_is_post(message_id), post.c.inbox_id.is_not(None))
    numbers = set(connection.execute(posted).scalars())
    same_mail = select(inbox.c.id).where(inbox.c.mail_id.in_(_newest_with(connection, message_id)))
    return sorted(numbers.union(connection.execute(same_mail).scalars()))


def own_copy(connection: Connection, message_id: str) -> int | None:
    """Return the number of our copy that left with a Message-ID, which names it (render/pen.py); None: none did."""
    found = _NUMBERED.fullmatch(message_id)
    if found is None:
        return None
    query = select(mailing.c.cooked).join_from(delivery, mailing).where(delivery.c.id == int(found[1]))
    stated = _FIELD.search(connection.execute(query).scalar() or b"")
    if stated is None or not could_be(stated[1], message_id, {"delivery": found[1]}):
        return None
    return int(found[1])


def _is_post(message_id: str) -> ColumnElement[bool]:
    names = select(mailing_list.c.name)
    return post.c.list_name.in_(names) & (post.c.stable == message_id_hash(message_id))


def _newest_with(connection: Connection, message_id: str) -> list[int]:
    """Return the newest received mails with a Message-ID, from the newest back."""
    wanted, found = message_id.encode(), []
    last, left = None, NEWEST
    while left > 0:
        query = select(mail.c.id, func.substr(mail.c.content, 1, _HEAD, type_=LargeBinary).label("head"))
        query = query if last is None else query.where(mail.c.id < last)
        rows = connection.execute(query.order_by(mail.c.id.desc()).limit(min(left, _AT_ONCE))).all()
        found += [row.id for row in rows if wanted in row.head and parse(row.head).message_id == message_id]
        if len(rows) < _AT_ONCE:
            break
        last, left = rows[-1].id, left - len(rows)
    return found
