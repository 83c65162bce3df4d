"""The limit of automatic answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from mailbot.store.database import Database
from mailbot.store.sending import allowances
from mailbot.store.tables import answered

NOW = datetime(2026, 6, 18, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("every", "answers"),
    [
        (timedelta(minutes=1), 5),  # the limit of an hour
        (timedelta(minutes=13), 20),  # less than five an hour, until the limit of a day
        (timedelta(hours=2), 30),  # twelve a day: no limit
    ],
)
def test_the_limit_of_automatic_answers(database: Database, every: timedelta, answers: int) -> None:
    """Five in an hour and twenty in a day to one address, however it is written (promises.md I14)."""
    with database.write() as connection:
        times = min(30, int(timedelta(minutes=59) / every) + 1) if answers == 5 else 30
        allowed = sum(
            allowances.spend_answer(connection, "A@Example.JP" if n % 2 else "A@example.jp", NOW + n * every)
            for n in range(times)
        )
    assert allowed == answers


def test_the_record_of_answers_does_not_grow_for_ever(database: Database) -> None:
    """What is older than a day goes with the next answer."""
    with database.write() as connection:
        for number in range(10):
            assert allowances.spend_answer(connection, "a@b.example", NOW + number * timedelta(days=2))
        assert connection.execute(select(func.count()).select_from(answered)).scalar() == 1
