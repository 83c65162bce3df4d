"""Numbers of deleted rows are not given out again, whichever of them was the newest."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, delete

from mailbot.store.database import Database
from mailbot.store.members import confirmations
from mailbot.store.sending import outbox
from mailbot.store.spent_numbers import numbers_stay
from mailbot.store.tables import confirmation, delivery, mailing
from tests.databases import database, database_url

__all__ = ["database", "database_url"]
NOW = datetime(2026, 6, 24, tzinfo=UTC)


def ask(connection: Connection) -> int:
    """Make a question."""
    later = NOW + timedelta(days=1)
    new = confirmations.NewConfirmation("visit", "", "a@example.jp", {}, later, by_mail=True)
    return confirmations.make(connection, new, str, NOW)


def send(connection: Connection) -> int:
    """Queue a copy; returns its number."""
    number = outbox.add_mailing(connection, kind="x", subject="x", cooked=b"x", bounces=None, now=NOW)
    outbox.queue(connection, number, [outbox.Addressee("a@example.jp", None, {})], NOW)
    newest: int = max(connection.execute(delivery.select()).scalars())
    return newest


def test_numbers_stay_spent(database: Database) -> None:
    """Of questions, mails and copies, each time; the rows that keep the place name nobody."""
    with database.write() as connection:
        seen_questions, seen_copies = set[int](), set[int]()
        for _ in range(3):
            seen_questions |= {ask(connection), ask(connection)}
            seen_copies |= {send(connection), send(connection)}
            with numbers_stay(connection, (mailing, delivery, confirmation), NOW):
                connection.execute(delete(delivery).where(delivery.c.address != ""))
                connection.execute(delete(mailing).where(mailing.c.kind == "x"))
                connection.execute(delete(confirmation).where(confirmation.c.address != ""))
        assert (len(seen_questions), len(seen_copies)) == (6, 6)
        for table in (delivery, confirmation):
            assert {row.address for row in connection.execute(table.select())} <= {""}
