"""Old posts by mail: which of those that somebody asked for fit one mail, and how posts are named in a line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo

from mailbot.core.lists.archived import Archived
from mailbot.core.lists.subject import untagged

MOST_POSTS = 50  # in one mail
MOST_BYTES = 5_000_000  # in one mail: municipal gateways refuse larger ones
MAILS_PER_DAY = 20  # of old posts to one address
MOST_LISTED = 50  # posts in one table of contents, or found by one search

_YEAR = re.compile(r"((?:19|20)[0-9]{2})年?")


@dataclass(frozen=True)
class Fitting:
    """What of some posts goes into one mail, and what is left."""

    sent: tuple[Archived, ...]
    rest: tuple[Archived, ...]


def fitting(posts: Sequence[Archived]) -> Fitting:
    """Return those from the first on that fit one mail; the first one always does, since it went out once."""
    size = 0
    for place, one in enumerate(posts):
        size += one.size
        if place and (place == MOST_POSTS or size > MOST_BYTES):
            return Fitting(tuple(posts[:place]), tuple(posts[place:]))
    return Fitting(tuple(posts), ())


def author_words(one: Archived) -> str:
    """Return who wrote a post, with his body: 山田太郎（長野市）."""
    name = one.author_name or one.author.partition("@")[0]
    return f"{name}（{one.body}）" if one.body else name


def post_line(one: Archived, prefix: str, zone: tzinfo) -> str:
    """Return a post in one line, without the list's tag: 「123　2026/06/18　山田太郎（長野市）　標準化の移行時期」."""
    return "　".join(
        (
            str(one.number),
            f"{one.written_at.astimezone(zone):%Y/%m/%d}",
            author_words(one),
            untagged(one.subject, prefix),
        )
    )


def numbers_words(numbers: Sequence[int]) -> str:
    """Return numbers in order as people write them: 3-5, 8."""
    ranges: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1] = (ranges[-1][0], number)
        else:
            ranges.append((number, number))
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges)


def split_year(words: str) -> tuple[str, int | None]:
    """Return what is searched for, and the year that may follow it: 「標準化 2025」; None: any year."""
    before, _, last = words.rstrip().rpartition(" ")
    year = _YEAR.fullmatch(last)
    return (before.rstrip(), int(year[1])) if year and before.strip() else (words, None)
