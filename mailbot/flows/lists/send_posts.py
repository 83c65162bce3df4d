"""Send old posts to a member who asked for them: each whole and under its number, in one mail of bounded size."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.lists.archived import Archived
from mailbot.core.lists.cook import cook_old_post
from mailbot.core.lists.list_sentences import list_sentence
from mailbot.core.lists.mailing_list import MailingList
from mailbot.core.lists.old_posts import (
    MAILS_PER_DAY,
    MOST_BYTES,
    MOST_POSTS,
    fitting,
    numbers_words,
    post_line,
)
from mailbot.core.mail.enclosure import Enclosed
from mailbot.core.mail.message import parse
from mailbot.core.refusal import Refusal
from mailbot.site import Site
from mailbot.store.lists import archive
from mailbot.store.sending import allowances, outbox


def send_posts(
    connection: Connection,
    site: Site,
    value: MailingList,
    address: str,
    posts: Sequence[Archived],
    now: datetime,
    inbox_id: int | None,
) -> tuple[str, tuple[str, ...]]:
    """Queue a mail with as many of these posts as fit it; returns a sentence and lines about it.

    Raises Refusal when so many mails went to him today.
    """
    say = site.language
    here = fitting([one for one in posts if one.purged_at is None])
    enclosed = [each for one in here.sent if (each := _enclosed(connection, site, value, one)) is not None]
    # No address has a blank in it: these mails are counted apart from the automatic answers to the person.
    key = f"posts {address}"
    if not allowances.spend_answer(connection, key, now, per_hour=MAILS_PER_DAY, per_day=MAILS_PER_DAY):
        raise Refusal(list_sentence(say, "posts-limit", most=MAILS_PER_DAY))
    numbers = numbers_words([one.number for one in here.sent])
    cooked = site.render.letter(
        "old_posts",
        now=now,
        enclosed=enclosed,
        title=value.title,
        list=value.name,
        numbers=numbers,
        count=len(enclosed),
        lines=tuple(post_line(one, value.subject_prefix, site.zone) for one in here.sent),
    )
    outbox.queue_letter(connection, "old_posts", value.name, cooked, address, now, inbox_id=inbox_id)
    sentence = list_sentence(say, "sent-posts", title=value.title, numbers=numbers, count=len(enclosed))
    if not here.rest:
        return sentence, ()
    rest = list_sentence(
        say,
        "sent-rest",
        most=MOST_POSTS,
        size=MOST_BYTES // 1_000_000,
        first=here.rest[0].number,
        last=max(one.number for one in here.rest),
    )
    return sentence, (rest,)


def _enclosed(connection: Connection, site: Site, value: MailingList, one: Archived) -> Enclosed | None:
    content = archive.raw(connection, value.name, one.number)
    if content is None:
        return None
    cooked = cook_old_post(content, parse(content), one, value, site.list_host)
    return Enclosed(f"{value.name}-{one.number:05d}.eml", cooked)
