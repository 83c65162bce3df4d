"""Make the words that posts are found by anew, from their raw mails: after a change of the rules, or damage."""

from __future__ import annotations

from collections.abc import Callable

from mailbot.core.lists.old_archive import with_author
from mailbot.core.mail.message import parse
from mailbot.flows.lists.archive_post import words_of
from mailbot.store.database import Database
from mailbot.store.lists import archive, search_words

AT_ONCE = 50  # posts in one transaction


def rebuild_index(
    database: Database, name: str, told: Callable[[int, int], None] = lambda _done, _all: None
) -> int:
    """Index every post of a list again; returns how many. Searches go on meanwhile; `told(done, all)` hears how far it is."""
    with database.read() as connection:
        count = archive.count(connection, name)
    done = after = 0
    while True:
        with database.write() as connection:
            numbers = archive.numbers(connection, name, after, AT_ONCE)
            for number in numbers:
                one = archive.by_number(connection, name, number)
                content = archive.raw(connection, name, number)
                if one is not None and content is not None:
                    words = words_of(with_author(parse(content)), one.author_name)
                    search_words.replace(connection, name, number, words)
        done += len(numbers)
        told(done, count)
        if not numbers:
            break
        after = numbers[-1]
    with database.write() as connection:
        search_words.tidy(connection)
    return done
