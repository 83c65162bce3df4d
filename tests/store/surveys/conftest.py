"""What tests of surveys in the store may ask for."""

from __future__ import annotations

import pytest

from mailbot.core.members.register import Body
from mailbot.store.database import Database
from mailbot.store.members import members
from mailbot.store.surveys import ballots
from mailbot.store.surveys.ballots import Ballot, NewBallot

NEW = [
    NewBallot("202029", "b@b.example", "松本市 様", "S1-202029"),
    NewBallot("202011", "a@a.example", "長野市 様", "S1-202011"),
]


@pytest.fixture
def made(database: Database) -> tuple[Database, list[Ballot]]:
    """Two ballots of one survey."""
    with database.write() as connection:
        bodies = [Body(new.code, new.greeting, "city", "長野県") for new in NEW]
        members.replace(connection, bodies, [])
        return database, ballots.make(connection, "survey", "S1", NEW, lambda number: f"hash-{number}")
