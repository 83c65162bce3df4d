"""A post goes into the archive, in the transaction in which it is queued: from the mail as it came, before any rewrite."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.lists.bigram import terms
from mailbot.core.lists.mailing_list import MailingList
from mailbot.core.lists.thread import answered, known_by_subject, message_id_hash, topic
from mailbot.core.mail.message import Message
from mailbot.store.lists import archive
from mailbot.store.members.members import Person


def archive_post(
    connection: Connection,
    mailing_list: MailingList,
    message: Message,
    people: Sequence[Person],
    *,
    number: int,
    message_id: str,
    written_at: datetime,
    mail_id: int,
    inbox_id: int | None = None,
) -> str:
    """Archive a post whose raw mail is stored; returns its address for ever.

    `people` are the contacts at the author's address, `message_id` is used if the mail has none, `inbox_id` is None for
    a mail from an old archive.
    """
    name = people[0].contact.name if people else ""
    author_name = name or message.from_name
    new = archive.NewPost(
        list=mailing_list.name,
        number=number,
        stable=message_id_hash(message.message_id or message_id),
        message_id=message.message_id or message_id,
        answers=tuple(message_id_hash(one) for one in answered(message)),
        topic=topic(message.subject, mailing_list.subject_prefix),
        by_subject=known_by_subject(message, mailing_list.subject_prefix),
        code=people[0].body.code if people else None,
        author_name=author_name,
        author=message.from_address or "",
        subject=message.subject,
        attachments=message.attachments,
        size=message.size,
        written_at=written_at,
        words=words_of(message, author_name),
    )
    return archive.add(connection, new, mail_id=mail_id, inbox_id=inbox_id)


def words_of(message: Message, author_name: str) -> list[str]:
    """Return the terms by which a post is found: of subject, author, names of files and text."""
    return terms("\n\n".join((message.subject, author_name, *message.attachments, message.text)))
