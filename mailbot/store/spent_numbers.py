"""Numbers of rows of which tokens were made: they are not given out again when the row is gone (promises.md I31).

PostgreSQL's sequences never go back. SQLite counts on from the highest number that there is, so that without the newest row
the next one would get its number, and with it the link, the cookie or the reply address of whoever is gone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import Connection, Table, func, insert, select

from mailbot.store.tables import body, confirmation, delivery, desk_word, mailing, microseconds


@contextmanager
def numbers_stay(connection: Connection, tables: tuple[Table, ...], now: datetime) -> Iterator[None]:
    """Keep the numbers of rows of these tables spent although the block deletes the rows."""
    before = [_highest(connection, table) for table in tables]
    yield
    if connection.dialect.name == "sqlite":
        for table, number in zip(tables, before, strict=True):
            if _highest(connection, table) < number:
                if table is delivery:  # the mark is a copy of no mail of anybody's
                    mark(connection, mailing, _highest(connection, mailing) + 1, now)
                mark(connection, table, number, now)


def _highest(connection: Connection, table: Table) -> int:
    number: int = connection.execute(select(func.coalesce(func.max(table.c.id), 0))).scalar_one()
    return number


def mark(connection: Connection, table: Table, number: int, now: datetime) -> None:
    """Leave a row that means nothing in the place of this number."""
    values: dict[str, object] = {"id": number}
    if table is mailing:
        values |= {"kind": "restored", "cooked": b"", "created_at": now}
    elif table is delivery:
        newest = connection.execute(select(func.max(mailing.c.id))).scalar_one()
        values |= {
            "mailing_id": newest,
            "address": "",
            "state": "withdrawn",
            "due_at": microseconds(now),
            "settled_at": microseconds(now),
        }
    elif table is desk_word:
        values |= {"address": "", "expires_at": now, "used_at": now}
    elif table is confirmation:
        values |= dict.fromkeys(("kind", "about", "address", "email_key"), "")
        values |= {"detail": "{}", "by_mail": False, "made_at": now, "expires_at": now, "used_at": now}
    else:
        code = connection.execute(select(func.min(body.c.code))).scalar()
        if code is None:
            return  # no bodies, no ballots
        values |= {"code": code} | dict.fromkeys(("subject", "kind", "address", "greeting", "reference"), "")
    connection.execute(insert(table).values(values))
