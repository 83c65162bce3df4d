"""The ledger: append-only, chained, and a change of any row is found (promises.md I19)."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import delete, text, update

from mailbot.core.surveys.ledger import LedgerRow
from mailbot.core.surveys.survey import Problem
from mailbot.store.database import Database
from mailbot.store.surveys import ledgers, surveys
from mailbot.store.surveys.ballots import Ballot
from mailbot.store.tables import vote
from mailbot.store.transactions import savepoint
from tests.flows.post_office import SURVEY

NOW = datetime(2026, 6, 18, 0, 0, 0, 123456, tzinfo=UTC)


def row(ballot: Ballot, version: int = 1) -> LedgerRow:
    """Return a row of the ledger with something in every field."""
    return LedgerRow(
        ballot_id=ballot.id,
        code=ballot.code,
        inbox_id=None,
        received_at=NOW,
        author="a@a.example",
        status="counted",
        version=version,
        answers={"Q1": ("1", "2"), "Q2": "自由 \udcff\0", "Q3": None},
        problems=(Problem("Q2", "garbled", "文字化け"), Problem(None, "x", "y")),
        reason="お答えを数えました",
    )


def test_a_row_comes_back_as_it_was(made: tuple[Database, list[Ballot]]) -> None:
    """Answers of every kind, problems, the microsecond of receipt."""
    database, (first, second) = made
    rows = [row(first), row(second), row(first, 2)]
    with database.write() as connection:
        for one in rows:
            ledgers.append(connection, "S1", one)
    with database.read() as connection:
        assert ledgers.rows(connection, "S1") == rows
        assert ledgers.rows(connection, "S1", "202011") == [rows[0], rows[2]]
        assert ledgers.rows(connection, "S2") == []
        assert ledgers.broken_link(connection, "S1") is None


@pytest.mark.parametrize(
    "change",
    [
        update(vote).where(vote.c.version == 2).values(answers="{}"),
        update(vote).where(vote.c.version == 2).values(status="withdrawn"),
        update(vote).where(vote.c.version == 2).values(author="b@b.example"),
        update(vote).where(vote.c.version == 2).values(received_at=NOW.replace(microsecond=123457)),
        update(vote).where(vote.c.version == 2).values(reason=""),
        update(vote).where(vote.c.version == 2).values(problems="[]"),
        delete(vote).where(vote.c.version == 2),
        text("UPDATE vote SET version = 5 - version"),  # the order reversed
    ],
)
def test_a_ledger_that_was_tampered_with_is_found_out(
    made: tuple[Database, list[Ballot]], change: object
) -> None:
    """A row changed, removed or moved breaks the chain."""
    database, (first, _) = made
    with database.write() as connection:
        for version in range(1, 5):
            ledgers.append(connection, "S1", row(first, version))
        connection.execute(change)  # type: ignore[call-overload]
    with database.read() as connection:
        assert ledgers.broken_link(connection, "S1") is not None


def test_the_ledgers_of_two_surveys_are_chains_of_their_own(made: tuple[Database, list[Ballot]]) -> None:
    """A row of one does not disturb the other."""
    database, (first, _) = made
    with database.write() as connection:
        for subject in ("S1", "S2", "S1"):
            ledgers.append(connection, subject, row(first))
    with database.read() as connection:
        assert ledgers.broken_link(connection, "S1") is None
        assert ledgers.broken_link(connection, "S2") is None


def test_what_postgresql_refuses_is_replaced_before_it_is_chained(
    made: tuple[Database, list[Ballot]],
) -> None:
    """A NUL in an author's address does not break the chain."""
    database, (first, _) = made
    with database.write() as connection:
        ledgers.append(connection, "S1", replace(row(first), author="a\0b\udcff", reason="\0"))
    with database.read() as connection:
        assert ledgers.broken_link(connection, "S1") is None


def test_what_a_transaction_remembers_of_a_ledger_and_a_survey(made: tuple[Database, list[Ballot]]) -> None:
    """A row is chained to the one before in the same transaction, never to one that a savepoint took back."""
    database, (first, second) = made
    with database.write() as connection:
        surveys.save(connection, replace(SURVEY, key="S1"))
        ledgers.append(connection, "S1", row(first))
        with contextlib.suppress(KeyError), savepoint(connection):
            ledgers.append(connection, "S1", row(second))
            surveys.set_closed(connection, "S1", NOW)
            locked = surveys.lock(connection, "S1")
            assert locked is not None
            assert locked.state == "closed"
            raise KeyError
        locked = surveys.lock(connection, "S1")
        assert locked is not None
        assert locked.state == "planned"
        surveys.set_open(connection, "S1", NOW)
        locked = surveys.lock(connection, "S1")
        assert locked is not None
        assert locked.state == "open"
        ledgers.append(connection, "S1", row(second))
        ledgers.append(connection, "S1", row(first, version=2))
        assert ledgers.broken_link(connection, "S1") is None
    with database.write() as connection:
        ledgers.append(connection, "S1", row(second, version=2))
        assert ledgers.head(connection, "S1").rows == 4
        assert ledgers.broken_link(connection, "S1") is None
