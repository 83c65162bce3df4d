"""A key is looked for among those of its kind."""

from __future__ import annotations

from mailbot.store import keys
from mailbot.store.database import Database
from tests.flows.post_office import EVENT, SURVEY, open_post_office


def test_a_key_is_one_of_its_kind(database: Database) -> None:
    """Of several kinds where a command is about each of them."""
    office = open_post_office(database)
    office.apply(SURVEY, EVENT)
    with database.read() as connection:
        assert keys.meant(connection, "s26-014", "survey") == SURVEY.key
        assert keys.meant(connection, "s26-014", "event") == "s26-014"
        assert keys.meant(connection, "Security", "survey", "event", "list") == "security"
        assert str(keys.none(connection, "survey", "S26-041")) == (
            "survey S26-041: there is none with this key (S26-014?); `mailbot surveys list` shows them"
        )
        assert "(" not in str(keys.none(connection, "meeting", "S26-041"))
