"""Read a list's archive on our pages: its newest threads, one thread, what holds some words; for members of the list alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.lists.archived import Archived
from mailbot.core.lists.mailing_list import MailingList
from mailbot.core.lists.old_posts import author_words
from mailbot.core.lists.subject import untagged
from mailbot.core.mail.attached_file import AttachedFile, attached_files, content_of
from mailbot.core.mail.message import parse
from mailbot.flows.lists.search_posts import excerpt_of, search_posts
from mailbot.site import Site
from mailbot.store.lists import archive, lists
from mailbot.store.members import other_addresses

MOST_THREADS = 30  # on one page
MOST_POSTS = 20  # of a thread on one page: each is parsed anew
MOST_FOUND = 50
_EXCERPT = 80  # characters
_MOST_TEXT = 100_000  # characters of one post


@dataclass(frozen=True)
class ThreadLine:
    """A thread in the table of contents."""

    stable: str  # of its newest post
    subject: str  # of its first one that is still here, without the list's tag
    posts: int
    author: str  # who wrote last
    written_at: datetime  # when


@dataclass(frozen=True)
class PostShown:
    """A post as a page shows it."""

    post: Archived
    author: str
    subject: str
    text: str  # "": it is purged
    whole: bool  # False: the text goes on
    files: tuple[AttachedFile, ...]


@dataclass(frozen=True)
class FoundLine:
    """A post that holds what was looked for."""

    post: Archived
    author: str
    subject: str
    excerpt: str


def may_read(connection: Connection, site: Site, name: str, address: str) -> MailingList | None:
    """Return a list whose archive this person may read: as one of its members, or for the office; else None."""
    value = lists.load(connection, name)
    if value is None or not value.archive:
        return None
    member = lists.is_member(connection, name, address)
    return value if member or acts_for_office(connection, site, address) else None


def acts_for_office(connection: Connection, site: Site, address: str) -> bool:
    """Tell whether this person acts for the office, which reads every archive."""
    return any(other_addresses.same_person(connection, address, one) for one in site.of_office)


def newest_threads(
    connection: Connection, value: MailingList, before: int | None
) -> tuple[list[ThreadLine], int | None]:
    """Return the threads that were written to last, each by its newest post below a number; and where the next page begins."""
    newest = archive.newest_of_threads(connection, value.name, MOST_THREADS + 1, before)
    shown = newest[:MOST_THREADS]
    heads = archive.thread_heads(connection, value.name, [one.thread for one in shown])
    lines = [
        ThreadLine(
            one.stable,
            _subject(heads[one.thread][0], value),
            heads[one.thread][1],
            author_words(one),
            one.written_at,
        )
        for one in shown
    ]
    return lines, shown[-1].number if len(newest) > MOST_THREADS else None


def read_thread(
    connection: Connection, value: MailingList, stable: str, after: int
) -> tuple[list[PostShown], int | None]:
    """Return posts of the thread to which the post at this address belongs, and the number after which others follow.

    No number: these are the last. No posts: there is no such address.
    """
    one = archive.by_stable(connection, value.name, stable)
    if one is None:
        return [], None
    numbers = archive.thread_numbers(connection, value.name, one.thread)
    first = numbers.index(after) + 1 if after in numbers else 0
    if not after:  # the page on which the asked one is
        first = numbers.index(one.number) // MOST_POSTS * MOST_POSTS
    shown = numbers[first : first + MOST_POSTS]
    posts = archive.by_numbers(connection, value.name, shown)
    more = shown[-1] if len(numbers) > first + MOST_POSTS else None
    return [_shown(connection, value, posts[number]) for number in shown], more


def read_file(
    connection: Connection, value: MailingList, stable: str, place: int
) -> tuple[AttachedFile, bytes] | None:
    """Return one file of the post at this address, from 1; None: there is none, or the post is purged."""
    one = archive.by_stable(connection, value.name, stable)
    content = None if one is None else archive.raw(connection, value.name, one.number)
    return None if content is None else content_of(parse(content), place)


def search_archive(
    connection: Connection, site: Site, value: MailingList, words: str
) -> list[FoundLine] | None:
    """Return the posts that hold these words, newest first; a year that stands last limits them. None: there is nothing to look for."""
    searched = search_posts(connection, site, [value.name], words, MOST_FOUND)
    if searched is None:
        return None
    asked, found = searched
    return [
        FoundLine(
            one, author_words(one), _subject(one.subject, value), excerpt_of(connection, one, asked, _EXCERPT)
        )
        for one in found
    ]


def _shown(connection: Connection, value: MailingList, one: Archived) -> PostShown:
    content = archive.raw(connection, value.name, one.number)
    message = None if content is None else parse(content)
    text = "" if message is None else message.text.strip("\n")
    return PostShown(
        one,
        author_words(one),
        _subject(one.subject, value),
        text[:_MOST_TEXT],
        len(text) <= _MOST_TEXT,
        () if message is None else attached_files(message),
    )


def _subject(subject: str, value: MailingList) -> str:
    return untagged(subject, value.subject_prefix) or "(no subject)"
