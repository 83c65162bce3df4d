"""Purge posts for good: raw mail, copies, index; their place in the thread stays, with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from mailbot import log
from mailbot.core.lists.old_posts import numbers_words
from mailbot.core.mail.canonical_hash import canonical_hash
from mailbot.core.refusal import Refusal
from mailbot.net.maildir import forget
from mailbot.site import Site
from mailbot.store.lists import purges
from mailbot.store.mail import inbox
from mailbot.store.transactions import after_commit


@dataclass(frozen=True)
class Purged:
    """What is gone, or would be."""

    posts: tuple[tuple[int, str, str], ...]  # number, author, subject
    mails: int  # raw mails, with those that came twice
    shared: tuple[tuple[str, int], ...]  # posts of other lists that are the same mail, which therefore stays


def purge_posts(
    connection: Connection,
    site: Site,
    name: str,
    numbers: Sequence[int],
    now: datetime,
    *,
    why: str = "",
    dry_run: bool = False,
) -> Purged:
    """Purge these posts of a list. Raises Refusal when one is not there, or mail that holds it is just leaving.

    A mail that is also a post of another list stays until it is purged there, too. What others quoted of it is theirs.
    """
    posts = purges.behind(connection, name, numbers)
    if missing := sorted(set(numbers) - {one.number for one in posts}):
        raise Refusal(f"archive: {name} has no post {numbers_words(missing)}; nothing was purged")
    mails = {one.mail_id for one in posts}
    for one in posts:
        print_ = canonical_hash(purges.raw(connection, one.mail_id))
        mails |= {
            mail_id
            for mail_id, content in purges.other_arrivals(connection, one)
            if content and canonical_hash(content) == print_
        }
    shared = purges.other_posts(connection, mails, [one.post_id for one in posts])
    arrivals = purges.arrivals(connection, mails)
    told = tuple((one.number, one.author, one.subject) for one in posts)
    if dry_run:
        return Purged(told, 0 if shared else len(mails), tuple(shared))
    since = min(one.written_at for one in posts)
    if leaving := purges.leaving(connection, name, arrivals, since):
        raise Refusal(
            f"archive: {leaving} copies that hold these posts are just leaving; nothing was purged. "
            "Try again when they have left (`mailbot queue`)"
        )
    replies = purges.empty_copies(connection, name, arrivals, since)
    emptied = purges.empty_posts(connection, posts, () if shared else mails, why, now)
    for number in arrivals:
        inbox.note(connection, f"purged from {name}: {why}".rstrip(": "), now=now, inbox_id=number)

    def finish() -> None:  # what no rollback would bring back
        files = forget(site.outgoing, replies)
        log.event("archive.purged", list=name, posts=numbers_words(numbers), mails=emptied, files=files)

    after_commit(connection, finish)
    return Purged(told, emptied, tuple(shared))
