"""Ballots: one for each body at each address, known by the hash of their tokens (promises.md I31)."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import IntegrityError

from mailbot.store.database import Database
from mailbot.store.surveys import ballots
from mailbot.store.surveys.ballots import Ballot, NewBallot


def test_ballots_come_back_by_code_token_and_number(made: tuple[Database, list[Ballot]]) -> None:
    """Only the hash of a token is stored (promises.md I31)."""
    database, (first, second) = made
    assert (first.code, second.code) == ("202011", "202029")
    with database.read() as connection:
        assert ballots.of_subject(connection, "S1") == [first, second]
        assert ballots.by_id(connection, first.id) == first
        assert ballots.by_token(connection, f"hash-{second.id}") == second
        assert ballots.by_token(connection, "hash-0") is None
        assert ballots.by_id(connection, 4711) is None


def test_a_body_is_asked_once_at_each_address(made: tuple[Database, list[Ballot]]) -> None:
    """The database itself refuses a second ballot."""
    database, (first, _) = made
    again = NewBallot(first.code, first.address, first.greeting, first.reference)
    with pytest.raises(IntegrityError), database.write() as connection:
        ballots.make(connection, "survey", "S1", [again], lambda number: f"again-{number}")
