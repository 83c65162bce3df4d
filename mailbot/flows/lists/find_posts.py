"""Tell a member which old posts there are: the newest ones, or those that hold his words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.lists.archived import Search
from mailbot.core.lists.bigram import excerpt, phrases
from mailbot.core.lists.list_sentences import list_sentence
from mailbot.core.lists.mailing_list import MailingList
from mailbot.core.lists.old_posts import MOST_LISTED, post_line, split_year
from mailbot.core.mail.message import parse
from mailbot.core.refusal import Refusal
from mailbot.site import Site
from mailbot.store import archive

_EXCERPT = 60  # characters


def find_posts(
    connection: Connection, site: Site, values: Sequence[MailingList], words: str
) -> tuple[str, tuple[str, ...]]:
    """Return a sentence and lines about the newest posts of one list ("" as words), or what is found in these lists.

    A year that stands last limits the search to it. Raises Refusal with a sentence for him.
    """
    if not words:
        return _index(connection, site, values[0])
    say = site.language
    asked, year = split_year(words)
    if not phrases(asked):
        raise Refusal(list_sentence(say, "search-empty"))
    first = None if year is None else datetime(year, 1, 1, tzinfo=site.zone)
    wanted = Search(
        asked,
        lists=tuple(value.name for value in values),
        since=first,
        before=None if first is None else first.replace(year=first.year + 1),
    )
    found = archive.search(connection, wanted, MOST_LISTED + 1)
    if not found:
        return list_sentence(say, "found-none", words=words), ()
    prefixes = {value.name: value.subject_prefix for value in values}
    lines: list[str] = []
    for one in found[:MOST_LISTED]:
        content = archive.raw(connection, one.list, one.number)
        shown = "" if content is None else excerpt(parse(content).text, asked, _EXCERPT)
        place = f"[{one.list}] " if len(values) > 1 else ""
        lines += [place + post_line(one, prefixes[one.list], site.zone), *([f"　{shown}"] if shown else [])]
    name = "found" if len(found) <= MOST_LISTED else "found-more"
    sentence = list_sentence(say, name, words=words, count=min(len(found), MOST_LISTED))
    of_list = f" {found[0].list}" if len(values) > 1 else ""
    return sentence, (*lines, list_sentence(say, "how-get", number=f"{found[0].number}{of_list}"))


def _index(connection: Connection, site: Site, value: MailingList) -> tuple[str, tuple[str, ...]]:
    say = site.language
    posts = archive.newest(connection, value.name, MOST_LISTED)
    if not posts:
        return list_sentence(say, "index-none", title=value.title), ()
    lines = tuple(post_line(one, value.subject_prefix, site.zone) for one in posts)
    sentence = list_sentence(say, "index", title=value.title, count=len(posts))
    return sentence, (*lines, list_sentence(say, "how-get", number=posts[0].number))
