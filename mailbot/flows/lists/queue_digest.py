"""The digests of one list: all readers get what is new to them, once; those who get the same share a mailing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.lists.archived import Archived
from mailbot.core.lists.bigram import excerpt
from mailbot.core.lists.cook import cook_digest, cook_old_post
from mailbot.core.lists.digest import MOST_TEXT, shares
from mailbot.core.lists.list_sentences import list_sentence
from mailbot.core.lists.mailing_list import MailingList
from mailbot.core.lists.membership import Mode
from mailbot.core.lists.old_posts import author_words, fitting, numbers_words, post_line
from mailbot.core.mail.enclosure import Enclosed
from mailbot.core.mail.message import parse
from mailbot.site import Site
from mailbot.store.lists import archive, digests, lists
from mailbot.store.sending import outbox

_FIRST_LINE = 60  # characters of a post that a notice shows


def queue_digest(
    connection: Connection,
    site: Site,
    value: MailingList,
    now: datetime,
    *,
    weekly: bool | None = None,
    only: str | None = None,
) -> int:
    """Queue the digests of the daily or weekly readers, or (`only`) of one address; returns how many copies.

    No post goes out or is numbered meanwhile, so that each is either before this or in the next one.
    """
    last = lists.lock_number(connection, value.name)
    found = digests.readers(connection, value.name, now, weekly=weekly, only=only)
    posts = digests.posts(connection, value.name, min((one.seen for one in found), default=last), last)
    by_number = {one.post.number: one.post for one in posts}
    copies = 0
    for (mode, numbers), addresses in shares(found, posts).items():
        copies += _send(connection, site, value, mode, [by_number[each] for each in numbers], addresses, now)
    digests.mark(connection, value.name, last, weekly=weekly, only=only)
    return copies


def _send(
    connection: Connection,
    site: Site,
    value: MailingList,
    mode: Mode,
    posts: Sequence[Archived],
    addresses: Sequence[str],
    now: datetime,
) -> int:
    """Queue one digest to all who get it, in as many mails as its size needs."""
    pieces = [fitting(posts)]
    while pieces[-1].rest:
        pieces.append(fitting(pieces[-1].rest))
    for part, piece in enumerate(pieces, 1):
        cooked = _cooked(connection, site, value, mode, piece.sent, (part, len(pieces)), now)
        mailing_id = outbox.add_mailing(
            connection,
            kind="notices" if mode == "notices" else "digest",
            subject=value.name,
            cooked=cooked,
            bounces=f"{value.name}-bounces",
            now=now,
        )
        outbox.queue(connection, mailing_id, [outbox.Addressee(address) for address in addresses], now)
    return len(pieces) * len(addresses)


def _cooked(
    connection: Connection,
    site: Site,
    value: MailingList,
    mode: Mode,
    posts: Sequence[Archived],
    part: tuple[int, int],
    now: datetime,
) -> bytes:
    """Cook one part of a digest: a line for each post, and the posts themselves as the mode has them."""
    enclosed: list[Enclosed] = []
    lines: list[str] = []
    texts: list[tuple[str, ...]] = []
    for one in posts:
        raw = archive.raw(connection, value.name, one.number) or b""
        message = parse(raw)
        lines.append(post_line(one, value.subject_prefix, site.zone))
        if mode == "notices":
            lines.append(f"　　{excerpt(message.text, '', _FIRST_LINE)}")
        elif mode == "digest-plain":
            texts.append(_text_of(site, one, message.text, lines[-1]))
        else:
            cooked = cook_old_post(raw, message, one, value, site.list_host)
            enclosed.append(Enclosed("", cooked))
    letter = site.render.letter(
        "digest",
        now=now,
        enclosed=enclosed,
        as_digest=True,
        form=mode,
        list=value.name,
        title=value.title,
        numbers=numbers_words([one.number for one in posts]),
        count=len(posts),
        part=part[0],
        parts=part[1],
        lines=tuple(lines),
        texts=tuple(texts),
        first=posts[0].number,
        robot=f"{value.name}-request@{site.domain}",
    )
    return cook_digest(letter, value, site.list_host)


def _text_of(site: Site, one: Archived, text: str, line: str) -> tuple[str, ...]:
    """Return a post as plain text: who and what, what it says, which files came with it."""
    said = text[:MOST_TEXT].strip("\n").splitlines()
    if len(text) > MOST_TEXT:
        said.append(list_sentence(site.language, "digest-cut", number=one.number))
    files = [list_sentence(site.language, "digest-file", name=name) for name in one.attachments]
    named = one.author_name or one.body
    author = f"From: {author_words(one)} <{one.author}>" if named else f"From: {one.author}"
    return (line, author, "", *said, *(["", *files] if files else []))
