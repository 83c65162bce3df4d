"""Copies under a lease: no two nodes send one, and each has an outcome (promises.md I9, I24)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from mailbot.core.transfer.delivery import Deferred, Failed, Outcome, Sent
from mailbot.store.database import Database
from mailbot.store.sending import copies as our_copies
from mailbot.store.sending import leases, outbox
from mailbot.store.sending.leases import LEASE
from mailbot.store.sending.outbox import Addressee
from mailbot.store.tables import delivery
from tests.drawing import given, st

NOW = datetime(2026, 6, 18, 0, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def queue(database: Database, copies: int, *, kind: str = "post", at: datetime = NOW) -> list[int]:
    """Queue a mailing to so many addresses; returns the rows' ids."""
    with database.write() as connection:
        mailing_id = outbox.add_mailing(
            connection, kind=kind, subject="room", cooked=b"x\r\n", bounces="room-bounces", now=at
        )
        outbox.queue(connection, mailing_id, [Addressee(f"m{n}@b.example") for n in range(copies)], at)
        rows = select(delivery.c.id).where(delivery.c.mailing_id == mailing_id).order_by(delivery.c.id)
        return list(connection.execute(rows).scalars())


def claim(database: Database, owner: str, most: int = 100, at: datetime = NOW) -> list[int]:
    """Claim rows for a node."""
    with database.write() as connection:
        return [row.id for row in leases.claim(connection, owner, at, most)]


def start(database: Database, owner: str, ids: list[int]) -> set[int]:
    """Say that these are about to leave."""
    with database.write() as connection:
        return leases.start(connection, owner, ids)


def settle(
    database: Database, owner: str, row: int, outcome: Outcome, at: datetime = NOW, attempts: int = 0
) -> None:
    """Record an outcome."""
    with database.write() as connection:
        leases.settle(connection, owner, [leases.AttemptOutcome(row, attempts, outcome)], at, 0.0)


def release(database: Database, owner: str, at: datetime, *, everything: bool = False) -> int:
    """Free what may be freed."""
    with database.write() as connection:
        return leases.release(connection, owner, at, everything=everything)


def row(database: Database, number: int) -> dict[str, object]:
    """Return what the table says of one copy."""
    columns = (
        delivery.c.state,
        delivery.c.attempts,
        delivery.c.due_at,
        delivery.c.lease_owner,
        delivery.c.in_flight,
        delivery.c.doubtful,
        delivery.c.reply,
    )
    with database.read() as connection:
        found = connection.execute(select(*columns).where(delivery.c.id == number)).one()
    return dict(found._mapping)


def test_the_oldest_that_are_due_are_claimed_once(database: Database) -> None:
    """In their order, as many as are wanted, none that is not due, none a second time."""
    later = queue(database, 1, at=NOW + SECOND)
    first = queue(database, 3)
    assert claim(database, "a", most=2) == first[:2]
    assert claim(database, "b") == first[2:]
    assert claim(database, "b") == []
    assert claim(database, "b", at=NOW + SECOND) == later


def test_two_nodes_claim_at_the_same_time_and_share(postgresql: Database) -> None:
    """The second passes over what the first is just taking; neither waits (promises.md I24)."""
    rows = queue(postgresql, 6)
    with postgresql.write() as one, postgresql.write() as other:
        first = [taken.id for taken in leases.claim(one, "a", NOW, 3)]
        second = [taken.id for taken in leases.claim(other, "b", NOW, 10)]
    assert (first, second) == (rows[:3], rows[3:])


def test_a_claim_says_what_a_sender_needs(database: Database) -> None:
    """Mailing, address, the recipient's own fields, and how often it was tried."""
    with database.write() as connection:
        mailing_id = outbox.add_mailing(
            connection, kind="notice", subject="N1", cooked=b"", bounces=None, now=NOW
        )
        outbox.queue(connection, mailing_id, [Addressee("長@b.example", None, {"greeting": "長野市"})], NOW)
        (taken,) = leases.claim(connection, "a", NOW, 1)
        (mailing,) = leases.load_mailings(connection, [mailing_id])
    assert (taken.mailing_id, taken.address, taken.fields, taken.attempts) == (
        mailing_id,
        "長@b.example",
        '{"greeting": "長野市"}',
        0,
    )
    assert (mailing.cooked, mailing.subject, mailing.bounces) == (b"", "N1", None)


def test_only_the_holder_of_the_lease_may_start_and_settle(database: Database) -> None:
    """A node that was paused for longer than its lease can neither send nor mark (I24: fencing)."""
    (number,) = queue(database, 1)
    claim(database, "a")
    assert release(database, "b", NOW + LEASE) == 0
    assert release(database, "b", NOW + LEASE + SECOND) == 1
    assert claim(database, "b", at=NOW + LEASE + SECOND) == [number]
    assert start(database, "a", [number]) == set()
    settle(database, "a", number, Sent("250 mine"))
    settle(database, "a", number, Failed("550 mine"))
    with database.write() as connection:
        leases.put_back(connection, "a", [number])
    assert row(database, number)["lease_owner"] == "b"
    assert row(database, number)["state"] == "sending"
    assert start(database, "b", [number]) == {number}


def test_start_returns_those_that_are_still_ours(database: Database) -> None:
    """Of several, exactly the ones under our lease; of none, none."""
    rows = queue(database, 3)
    claim(database, "a", most=2)
    claim(database, "b")
    assert start(database, "a", rows) == set(rows[:2])
    assert start(database, "a", []) == set()
    assert [row(database, number)["in_flight"] for number in rows] == [True, True, False]


def test_a_lease_that_is_renewed_holds(database: Database) -> None:
    """Thirty seconds from the renewal on."""
    queue(database, 1)
    claim(database, "a")
    with database.write() as connection:
        leases.renew(connection, "a", NOW + LEASE)
    assert release(database, "b", NOW + LEASE + SECOND) == 0
    assert release(database, "b", NOW + 2 * LEASE + SECOND) == 1


def test_a_node_that_starts_again_frees_its_own_at_once_and_no_other_s(database: Database) -> None:
    """What may have left is counted as possibly repeated, what had not begun is not (promises.md I9)."""
    rows = queue(database, 3)
    claim(database, "a", most=2)
    claim(database, "b")
    start(database, "a", rows[:1])
    assert release(database, "a", NOW, everything=True) == 2
    assert [row(database, number)["doubtful"] for number in rows] == [1, 0, 0]
    assert claim(database, "a") == rows[:2]
    start(database, "a", rows[:1])
    release(database, "a", NOW, everything=True)
    with database.read() as connection:
        assert outbox.count_doubtful(connection) == 2  # the same copy may have gone three times


@pytest.mark.parametrize(
    ("outcome", "state", "doubtful", "wait"),
    [
        (Sent("250 2.0.0 ok"), "sent", 0, None),
        (Failed("550 5.1.1 no such user"), "failed", 0, None),
        (Deferred("451 4.3.0 later"), "pending", 0, 300),
        (Deferred("connection lost behind the dot", unknown=True), "pending", 1, 300),
    ],
)
def test_what_an_attempt_comes_to(
    database: Database, outcome: Outcome, state: str, doubtful: int, wait: int | None
) -> None:
    """The server's words are kept; a deferred copy comes back in five minutes; the lease ends."""
    (number,) = queue(database, 1)
    claim(database, "a")
    start(database, "a", [number])
    settle(database, "a", number, outcome)
    found = row(database, number)
    assert (found["state"], found["attempts"], found["doubtful"]) == (state, 1, doubtful)
    assert (found["reply"], found["in_flight"]) == (outcome.reply, False)
    assert release(database, "a", NOW, everything=True) == 0
    if wait is None:
        assert claim(database, "a", at=NOW + timedelta(days=9)) == []
    else:
        assert claim(database, "b", at=NOW + timedelta(seconds=wait - 1)) == []
        assert claim(database, "b", at=NOW + timedelta(seconds=wait)) == [number]


def test_after_five_days_a_copy_is_given_up(database: Database) -> None:
    """It expires with the last words of the server (promises.md I8)."""
    (number,) = queue(database, 1)
    late = NOW + timedelta(days=5)
    claim(database, "a", at=late)
    settle(database, "a", number, Deferred("451 still no"), at=late, attempts=70)
    assert (row(database, number)["state"], row(database, number)["reply"]) == ("expired", "451 still no")


def test_what_was_tried_in_vain_has_a_story(database: Database) -> None:
    """Every refusal and deferral is a line (promises.md I33); words that cannot be stored are replaced."""
    (number,) = queue(database, 1)
    claim(database, "a")
    settle(database, "a", number, Deferred("451 \0 later"))
    claim(database, "a", at=NOW + timedelta(hours=1))
    settle(database, "a", number, Failed("550 no"), attempts=1)
    with database.read() as connection:
        assert [what for _, _, what in our_copies.story(connection, [number])] == [
            "deferred: 451 ␀ later",
            "failed: 550 no",
        ]
        (copy,) = our_copies.troubled(connection)
        assert copy.address == "m0@b.example"
        assert our_copies.copy(connection, number) == copy
        assert our_copies.copy(connection, number + 1_000) is None


def test_what_was_claimed_and_never_begun_is_put_back(database: Database) -> None:
    """At once and without a doubt; what has begun stays."""
    rows = queue(database, 2)
    claim(database, "a")
    start(database, "a", rows[:1])
    with database.write() as connection:
        leases.put_back(connection, "a", rows)
    assert [row(database, number)["state"] for number in rows] == ["sending", "pending"]
    assert claim(database, "b") == rows[1:]


@given(st.sets(st.integers(1, 12)))
def test_pieces_are_all_ids_in_their_order(ids: set[int]) -> None:
    """Who is written by one statement, and who one by one: each once, and nobody else; a stretch is not cut."""
    pieces = leases._pieces(sorted(ids))
    assert [number for piece in pieces for number in piece] == sorted(ids)
    assert all(piece for piece in pieces)
    for piece in pieces:
        if isinstance(piece, range):
            assert len(piece) >= 3
            assert piece[0] - 1 not in ids
            assert piece[-1] + 1 not in ids


def test_one_statement_does_for_neighbours(database: Database) -> None:
    """Each row of a group gets its own words, those between which there is a gap included; others' rows are left to them."""
    rows = queue(database, 60)
    assert claim(database, "a") == rows
    with database.write() as connection:
        connection.execute(update(delivery).where(delivery.c.id == rows[40]).values(lease_owner="b"))
    assert start(database, "a", [*reversed(rows)]) == {*rows} - {rows[40]}
    words = [f'250 "{place}" \\ は受けた\x01' for place in range(52)]
    outcomes = [(rows[place], Sent(words[place])) for place in range(52) if place != 20]
    with database.write() as connection:
        leases.settle(
            connection,
            "a",
            [leases.AttemptOutcome(number, 0, outcome) for number, outcome in outcomes],
            NOW,
            0.0,
        )
    for place, number in enumerate(rows):
        found = row(database, number)
        if place in {20, 40} or place >= 52:
            assert (found["state"], found["attempts"], found["reply"]) == ("sending", 0, None)
        else:
            assert (found["state"], found["attempts"], found["reply"]) == ("sent", 1, words[place])
            assert (found["lease_owner"], found["in_flight"]) == (None, False)
