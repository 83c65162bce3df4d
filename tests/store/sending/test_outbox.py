"""The outbox: leases that no two nodes hold, outcomes that only the holder records, doubts that are counted."""

from __future__ import annotations

import pytest
from sqlalchemy import or_, select
from sqlalchemy.exc import IntegrityError

from mailbot.core.members.register import Body
from mailbot.core.transfer.delivery import Sent
from mailbot.store.database import Database
from mailbot.store.members import members
from mailbot.store.sending import leases, outbox
from mailbot.store.sending.copy_states import given_up_since, not_out
from mailbot.store.sending.outbox import Addressee
from mailbot.store.statements import LONG
from mailbot.store.surveys import ballots
from mailbot.store.tables import delivery, microseconds
from tests.store.sending.test_leases import NOW, SECOND, claim, queue, row, settle


def test_a_mailing_is_stored_whole_whatever_its_length(database: Database) -> None:
    """A long one is put into its row by itself."""
    long = [b"x" * LONG, b"y" * (LONG + 1), b"z" * (2 * LONG)]
    with database.write() as connection:
        ids = [
            outbox.add_mailing(connection, kind="post", subject="room", cooked=one, bounces="b", now=NOW)
            for one in long
        ]
    with database.read() as connection:
        stored = {one.id: one.cooked for one in leases.load_mailings(connection, ids)}
    assert [stored[one] for one in ids] == long


def test_what_waits_can_be_withdrawn_and_what_is_on_its_way_cannot(database: Database) -> None:
    """Of the named kinds about the named subject alone (promises.md I23)."""
    posts, invitations = queue(database, 2), queue(database, 2, kind="invitation")
    claim(database, "a", most=3)
    with database.write() as connection:
        assert outbox.withdraw(connection, ("invitation",), "other") == 0
        assert outbox.withdraw(connection, ("invitation", "reminder"), "room") == 1
    states = [row(database, number)["state"] for number in posts + invitations]
    assert states == ["sending", "sending", "sending", "withdrawn"]


def test_the_queue_in_figures(database: Database) -> None:
    """By state, by kind, the oldest that is unfinished, the next that is due."""
    rows = queue(database, 2)
    queue(database, 1, kind="receipt", at=NOW + SECOND)
    claim(database, "a", most=2)
    settle(database, "a", rows[0], Sent("250"))
    with database.read() as connection:
        assert outbox.count_by_state(connection) == {"pending": 1, "sending": 1, "sent": 1}
        assert outbox.count_by_kind(connection, "room") == {
            "post": {"sending": 1, "sent": 1},
            "receipt": {"pending": 1},
        }
        assert outbox.oldest_pending(connection) == NOW
        assert leases.next_due(connection) == microseconds(NOW + SECOND)


def test_one_copy_for_each_recipient_of_a_ballot(database: Database) -> None:
    """The database itself refuses a second row for the same ballot and address (promises.md R1)."""
    with database.write() as connection:
        members.replace(connection, [Body("202011", "長野市", "city", "長野県")], [])
        new = ballots.NewBallot("202011", "a@a.example", "", "")
        (ballot,) = ballots.make(connection, "survey", "S1", [new], str)
        mailing_id = outbox.add_mailing(
            connection, kind="invitation", subject="S1", cooked=b"x", bounces="b", now=NOW
        )
    twice = [Addressee("a@a.example", ballot.id)] * 2
    with pytest.raises(IntegrityError), database.write() as connection:
        outbox.queue(connection, mailing_id, twice, NOW)


def test_who_asks_for_copies_that_are_not_out_does_not_look_at_all_that_are(sqlite: Database) -> None:
    """Of millions of rows that are sent, those that wait, are under way or ended otherwise are found by their own indexes."""
    wanted = select(delivery.c.id).where(or_(not_out(), given_up_since(1)))
    with sqlite.read() as connection:
        written = wanted.compile(connection, compile_kwargs={"render_postcompile": True})
        plan = connection.exec_driver_sql(
            f"EXPLAIN QUERY PLAN {written}", tuple(written.params[name] for name in written.positiontup or ())
        )
        steps = [row[3] for row in plan]
    for index in ("ix_delivery_waiting", "ix_delivery_leased", "ix_delivery_refused"):
        assert index in " ".join(steps), steps
    assert not [step for step in steps if step.startswith("SCAN") and "USING INDEX" not in step], steps
