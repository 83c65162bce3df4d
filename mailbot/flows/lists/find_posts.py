"""Tell a member which old posts there are: the newest ones, or those that hold his words."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from mailbot.core.lists.list_sentences import list_sentence
from mailbot.core.lists.mailing_list import MailingList
from mailbot.core.lists.old_posts import MOST_LISTED, post_line
from mailbot.core.refusal import Refusal
from mailbot.flows.lists.search_posts import excerpt_of, search_posts
from mailbot.site import Site
from mailbot.store.lists import archive

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
    searched = search_posts(connection, site, [value.name for value in values], words, MOST_LISTED + 1)
    if searched is None:
        raise Refusal(list_sentence(say, "search-empty"))
    asked, found = searched
    if not found:
        return list_sentence(say, "found-none", words=words), ()
    prefixes = {value.name: value.subject_prefix for value in values}
    lines: list[str] = []
    for one in found[:MOST_LISTED]:
        shown = excerpt_of(connection, one, asked, _EXCERPT)
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
