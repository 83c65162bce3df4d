"""A list's archive goes out as one mbox (mboxrd): each mail byte for byte as it came, under its number."""

from __future__ import annotations

from collections.abc import Iterator

from mailbot.core.lists.mbox import write_mail
from mailbot.store.database import Database
from mailbot.store.lists import archive

_AT_ONCE = 20  # mails in memory


def export_archive(database: Database, name: str) -> Iterator[bytes]:
    """Yield each post of a list as it stands in an mbox, in the order of their numbers; purged ones are gone."""
    after = 0
    while True:
        with database.read() as connection:
            numbers = archive.numbers(connection, name, after, _AT_ONCE)
            pieces = [
                write_mail(content, name, one.number, one.written_at)
                for number in numbers
                if (one := archive.by_number(connection, name, number)) is not None
                if (content := archive.raw(connection, name, number)) is not None
            ]
        yield from pieces
        if not numbers:
            return
        after = numbers[-1]
