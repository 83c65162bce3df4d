"""Search archives: for the answer to a mail that asks, and for our pages."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.lists.archived import Archived, Search
from mailbot.core.lists.bigram import excerpt, phrases
from mailbot.core.lists.old_posts import split_year
from mailbot.core.mail.message import parse
from mailbot.site import Site
from mailbot.store.lists import archive, searches


def search_posts(
    connection: Connection, site: Site, lists: Iterable[str], words: str, most: int
) -> tuple[str, list[Archived]] | None:
    """Return the newest posts of these lists that hold the words, and the words without the year that stands last and limits them.

    None: there is nothing to look for.
    """
    asked, year = split_year(words)
    if not phrases(asked):
        return None
    first = None if year is None else datetime(year, 1, 1, tzinfo=site.zone)
    before = None if first is None else first.replace(year=first.year + 1)
    wanted = Search(asked, lists=tuple(lists), since=first, before=before)
    return asked, searches.search(connection, wanted, most)


def excerpt_of(connection: Connection, one: Archived, words: str, width: int) -> str:
    """Return the line of a post that holds these words, cut to so many characters; "": the post is purged."""
    content = archive.raw(connection, one.list, one.number)
    return "" if content is None else excerpt(parse(content).text, words, width)
