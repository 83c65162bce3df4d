"""Questions to one person: each token works once, and nobody can have us ask without end (promises.md I30)."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Connection

from mailbot.core.mail.token import confirm_token, token_hash
from mailbot.store.database import Database
from mailbot.store.members import confirmations
from tests.flows.post_office import NOW

HOUR = timedelta(hours=1)


def make(connection: Connection, address: str = "a@city.example", *, by_mail: bool = True) -> int:
    """Make a question."""
    new = confirmations.NewConfirmation(
        "join", "room", address, {"list": "room"}, NOW + HOUR, by_mail=by_mail
    )
    return confirmations.make(connection, new, lambda number: token_hash(confirm_token(b"k", number)), NOW)


def test_a_token_works_once(database: Database) -> None:
    """Its question is found by the token however its letters are written, and is used up."""
    with database.write() as connection:
        number = make(connection)
        found = confirmations.by_token(connection, token_hash(confirm_token(b"k", number).upper()))
        assert found == confirmations.Confirmation(
            number, "join", "room", "a@city.example", {"list": "room"}, NOW, NOW + HOUR, None
        )
        assert confirmations.use(connection, number, NOW)
        assert not confirmations.use(connection, number, NOW)
        assert confirmations.by_token(connection, token_hash("0" * 16)) is None


def test_one_person_is_asked_three_times_a_day(database: Database) -> None:
    """By other people's mails; what the service asks of itself is not counted."""
    with database.write() as connection:
        make(connection, by_mail=False)
        for _ in range(3):
            assert confirmations.may_ask(connection, "A@CITY.EXAMPLE", NOW)
            make(connection)
        assert not confirmations.may_ask(connection, "a@city.example", NOW + 23 * HOUR)
        assert confirmations.may_ask(connection, "a@city.example", NOW + 24 * HOUR)
        assert confirmations.may_ask(connection, "b@city.example", NOW)


def test_a_hundred_questions_an_hour_in_all(database: Database) -> None:
    """Then nobody is asked until the hour is over."""
    with database.write() as connection:
        for number in range(100):
            make(connection, f"a{number}@city.example")
        assert not confirmations.may_ask(connection, "b@city.example", NOW)
        assert confirmations.may_ask(connection, "b@city.example", NOW + HOUR)
