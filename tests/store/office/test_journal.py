"""The journal keeps each act with its transaction, and shows whoever changes, drops or moves a line of it."""

from __future__ import annotations

import contextlib
import threading
from datetime import timedelta

import pytest
from sqlalchemy import text

from mailbot.core.members.erasure import ErasedPerson
from mailbot.store.database import Database
from mailbot.store.office import journal
from tests.flows.post_office import NOW

SATO, ITO = "sato@city.example", "ito@town.example"
ERASED = "erased-1@erased.invalid"

_COLUMNS = "at, what, who, about, person, detail, salt, commitment, renewed, chain"
_COPY_OF_THE_LAST = (
    f"INSERT INTO journal (number, {_COLUMNS}) SELECT 5, {_COLUMNS} FROM journal WHERE number = 4"
)


@pytest.fixture
def written(database: Database) -> Database:
    """A journal of four lines, from three transactions."""
    with database.write() as connection:
        journal.add(connection, "list.changed", NOW, who="command line", about="room", detail="title: a → b")
    with database.write() as connection:
        journal.add(connection, "member.joined", NOW, who=SATO, about="room")
        journal.add(connection, "member.set", NOW, who=ITO, about="room", person=SATO, detail=f"{SATO}: none")
    with database.write() as connection:
        journal.add(
            connection, "survey.closed", NOW + timedelta(days=1), who="schedule", about="S26-014", detail="3"
        )
    return database


def fault(database: Database) -> int | None:
    """Return the number of the first line that is not what was written."""
    with database.read() as connection:
        found = journal.verify(connection)
    return None if found is None else found.number


def tamper(database: Database, *statements: str) -> None:
    """Change the database as somebody with a database client would."""
    with database.write() as connection:
        for statement in statements:
            connection.execute(text(statement))


def test_lines_stand_in_the_order_of_their_commits_and_the_chain_holds(written: Database) -> None:
    """Numbers run from 1 without gaps, and nothing is found in a journal that nobody touched."""
    with written.read() as connection:
        entries = journal.every(connection)
    assert [(one.number, one.line.what) for one in entries] == [
        (1, "list.changed"),
        (2, "member.joined"),
        (3, "member.set"),
        (4, "survey.closed"),
    ]
    assert fault(written) is None


@pytest.mark.parametrize(
    ("statements", "number"),
    [
        (("UPDATE journal SET detail = 'title: a → c' WHERE number = 1",), 1),
        (("UPDATE journal SET who = 'schedule' WHERE number = 2",), 2),
        (("UPDATE journal SET about = 'hall' WHERE number = 2",), 2),
        (("UPDATE journal SET person = '' WHERE number = 3",), 3),
        (("UPDATE journal SET what = 'member.left' WHERE number = 2",), 2),
        (("UPDATE journal SET at = at + 1 WHERE number = 3",), 3),
        (("UPDATE journal SET salt = '' WHERE number = 4",), 4),
        (('UPDATE journal SET renewed = \'{"1": "0"}\' WHERE number = 4',), 4),
        (("DELETE FROM journal WHERE number = 1",), 1),
        (("DELETE FROM journal WHERE number = 2",), 2),
        (("DELETE FROM journal WHERE number = 4",), 4),
        (("DELETE FROM journal",), 1),
        (
            (
                "DELETE FROM journal WHERE number = 2",
                "UPDATE journal SET number = 2 WHERE number = 3",
                "UPDATE journal SET number = 3 WHERE number = 4",
            ),
            2,
        ),
        (
            (
                "UPDATE journal SET number = 9 WHERE number = 2",
                "UPDATE journal SET number = 2 WHERE number = 3",
                "UPDATE journal SET number = 3 WHERE number = 9",
            ),
            2,
        ),
        ((_COPY_OF_THE_LAST,), 5),
        (("UPDATE journal_head SET rows = 5",), 5),
        (("DELETE FROM journal_head",), 4),
    ],
)
def test_what_was_changed_dropped_moved_or_added_is_found(
    written: Database, statements: tuple[str, ...], number: int
) -> None:
    """The first line that is not what was written is named, whatever was done by SQL."""
    tamper(written, *statements)
    assert fault(written) == number


def test_a_line_goes_with_its_act(written: Database) -> None:
    """What a trial run, a savepoint or a failure takes back leaves no line, and the chain has no gap."""
    with written.write() as connection:
        journal.add(connection, "list.changed", NOW, who="x", about="dry")
        transaction = connection.get_transaction()
        assert transaction is not None
        transaction.rollback()
    with contextlib.suppress(ZeroDivisionError), written.write() as connection:
        journal.add(connection, "list.changed", NOW, who="x", about="failed")
        raise ZeroDivisionError
    with written.write() as connection:
        nested = connection.begin_nested()
        journal.add(connection, "list.changed", NOW, who="x", about="savepoint")
        nested.rollback()
        journal.add(connection, "list.changed", NOW, who="x", about="kept")
    with written.read() as connection:
        assert [one.line.about for one in journal.every(connection)][4:] == ["kept"]
    assert fault(written) is None


def test_writers_at_once_make_one_chain(written: Database) -> None:
    """Lines of many transactions at the same time stand one behind the other."""

    def write(who: str) -> None:
        for _ in range(5):
            with written.write() as connection:
                journal.add(connection, "list.changed", NOW, who=who)
                journal.add(connection, "list.changed", NOW, who=who)

    threads = [threading.Thread(target=write, args=(str(number),)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with written.read() as connection:
        assert len(journal.every(connection)) == 44
    assert fault(written) is None


def test_an_erased_address_is_gone_and_the_chain_holds(written: Database) -> None:
    """Erasure takes an address out of every line, whatever its case; what is left is held as before."""
    with written.write() as connection:
        journal.add(connection, "member.left", NOW, who=SATO.upper(), about="room")
        assert (
            journal.erase(connection, ErasedPerson(SATO, (), ERASED).out_of_text, NOW, who="command line")
            == 3
        )
    with written.read() as connection:
        rows = str(connection.execute(text("SELECT * FROM journal")).all()).lower()
        entries = journal.every(connection)
    assert SATO not in rows
    assert [one.line.who for one in entries[1:5]] == [ERASED, ITO, "schedule", ERASED]
    assert (entries[2].line.person, entries[2].line.detail) == (ERASED, f"{ERASED}: none")
    assert (entries[-1].line.what, entries[-1].line.detail) == ("person.erased", "journal lines 2, 3, 5")
    assert fault(written) is None


def test_two_persons_of_one_line_can_be_erased_one_after_the_other(written: Database) -> None:
    """A line that was written anew can be written anew once more."""
    for address in (SATO, ITO):
        with written.write() as connection:
            journal.erase(connection, ErasedPerson(address, (), ERASED).out_of_text, NOW, who="command line")
    with written.read() as connection:
        assert journal.every(connection, about=SATO) + journal.every(connection, who=ITO) == []
    assert fault(written) is None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE journal SET who = 'command line' WHERE number = 2",  # another instead of the erased one
        "UPDATE journal SET detail = 'erased-1@erased.invalid: digest' WHERE number = 3",  # what the line still says
        "UPDATE journal SET who = 'erased-1@erased.invalid' WHERE number = 3",  # one more than was erased
    ],
)
def test_an_erasure_hides_no_other_change(written: Database, statement: str) -> None:
    """The words that an erasure left are held by the line that tells of it."""
    with written.write() as connection:
        journal.erase(connection, ErasedPerson(SATO, (), ERASED).out_of_text, NOW, who="command line")
    tamper(written, statement)
    assert fault(written) in {2, 3}


def test_lines_are_found_by_thing_person_and_time(written: Database) -> None:
    """A thing or a person is found whether it was done by, to or about; case does not matter."""
    with written.read() as connection:

        def found(**wanted: object) -> list[int]:
            return [one.number for one in journal.every(connection, **wanted)]  # type: ignore[arg-type]

        assert found(about="room") == [1, 2, 3]
        assert found(about="SATO@city.example") == [2, 3]
        assert found(who=SATO) == [2]
        assert found(who="schedule") == [4]
        assert found(since=NOW + timedelta(hours=1)) == [4]
