"""A post to a large list: queued bit by bit, to each member of that moment once, and counted as if all were queued."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from mailbot.core.lists.expansion import Expansion
from mailbot.core.lists.mailing_list import MailingList
from mailbot.core.lists.reach import Reach
from mailbot.core.mail.address import address_key
from mailbot.core.members.audience import Selector
from mailbot.core.members.register import Body, Contact
from mailbot.flows.lists.queue_rest import queue_rest
from mailbot.flows.lists.stop_list import start_list, stop_list
from mailbot.store import vitals
from mailbot.store.database import Database
from mailbot.store.lists import lists, memberships
from mailbot.store.members import members
from mailbot.store.sending import fan_outs, leases, outbox, sendings
from mailbot.store.tables import delivery, fan_out_done

NOW = datetime(2026, 7, 14, 9, tzinfo=UTC)
BODY = Body("202011", "長野市", "city", "長野県")
ROOM = MailingList("room", "会議室", "open", Selector(everyone=True))
M = [f"m{number}@b.example" for number in range(8)]


@pytest.fixture
def room(database: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    """A list of eight members, m0 to m7, of whom three are one chunk."""
    monkeypatch.setattr(fan_outs, "CHUNK", 3)
    with database.write() as connection:
        members.replace(connection, [BODY], [Contact(BODY.code, address) for address in M])
        lists.save(connection, ROOM)
    return database


def post(
    database: Database, name: str = "room", author: str | None = None, profile: str | None = None
) -> Reach:
    """Let a post go."""
    with database.write() as connection:
        number = outbox.add_mailing(connection, kind="post", subject=name, cooked=b"x", bounces="b", now=NOW)
        return fan_outs.begin(connection, number, Expansion(name, NOW, author), profile=profile)


def queued(database: Database) -> list[str]:
    """Return to whom copies are in the outbox."""
    with database.read() as connection:
        return list(connection.execute(select(delivery.c.address).order_by(delivery.c.id)).scalars())


def rest(database: Database) -> None:
    """Queue all that is left, chunk by chunk."""
    while queue_rest(database):
        pass


def test_a_small_list_is_queued_whole(database: Database) -> None:
    """A list of one chunk leaves nothing behind; a list that is not there has no members."""
    with database.write() as connection:
        members.replace(connection, [BODY], [Contact(BODY.code, f"m{n}@b.example") for n in range(1401)])
        lists.save(connection, ROOM)
    assert post(database) == Reach(1401)
    assert post(database, "none") == Reach(0)
    assert not queue_rest(database)


def test_a_large_list_is_queued_bit_by_bit(room: Database) -> None:
    """The first ones in the transaction of the post, each next chunk in one of its own, everybody once."""
    assert post(room) == Reach(3, more=True)
    assert queued(room) == M[:3]
    assert queue_rest(room)
    assert queued(room) == M[:6]
    assert queue_rest(room)
    assert not queue_rest(room)
    assert queued(room) == M


def test_what_is_not_queued_is_counted_as_waiting(room: Database) -> None:
    """In all figures: states, kinds, the oldest, what is due, what is being sent."""
    post(room)
    with room.read() as connection:
        assert outbox.count_by_state(connection) == {"pending": 8}
        assert outbox.count_by_kind(connection, "room") == {"post": {"pending": 8}}
        assert outbox.count_waiting(connection) == {("post", "room"): 8}
        (one,) = sendings.under_way(connection)
        assert (one.total, one.out, one.waiting, one.resting, one.unqueued) == (8, 0, 8, 0, 5)
    with room.write() as connection:  # all that is queued has left: the rest waits all the same
        connection.execute(delivery.update().values(state="sent"))
        later = NOW + timedelta(minutes=5)
        assert outbox.oldest_pending(connection) == NOW
        assert leases.overdue(connection, later) == timedelta(minutes=5)
        assert vitals.backlog(connection, later).overdue == timedelta(minutes=5)
        (one,) = sendings.under_way(connection)
        assert (one.total, one.out, one.waiting, one.unqueued) == (8, 3, 5, 5)


def test_a_stop_holds_for_what_is_not_queued(room: Database) -> None:
    """It rests, is queued resting, and goes on; each is counted."""
    post(room)
    (one,) = _under_way(room)
    with room.write() as connection:
        assert sendings.rest(connection, [one]) == 8
        assert sendings.rest(connection, [one]) == 0
        (shown,) = sendings.under_way(connection)
        assert (shown.waiting, shown.resting) == (8, 8)
    queue_rest(room)
    with room.write() as connection:
        assert leases.claim(connection, "n", NOW + timedelta(days=1), 100) == []
        assert outbox.resume(connection, "post", "room") == 8
    rest(room)
    with room.write() as connection:
        assert len(leases.claim(connection, "n", NOW + timedelta(days=1), 100)) == 8


@pytest.mark.parametrize("how", ["sending", "subject", "restore", "list"])
def test_what_is_withdrawn_is_never_queued(room: Database, how: str) -> None:
    """Whoever withdraws the copies that wait: those that are not queued are counted with them, and never are."""
    post(room)
    (one,) = _under_way(room)
    with room.write() as connection:
        if how == "sending":
            assert sendings.withdraw(connection, [one], "why", NOW) == 8
        elif how == "subject":
            assert outbox.withdraw(connection, ["post"], "room") == 8
        elif how == "restore":
            assert outbox.withdraw_waiting(connection, "why", NOW) == 8
        else:
            assert "8 copies" in stop_list(connection, "room", "office", NOW, withdraw=True)
            start_list(connection, "room", "office", NOW)
    assert not queue_rest(room)
    with room.read() as connection:
        assert "pending" not in outbox.count_by_state(connection)


def _under_way(database: Database) -> list[int]:
    with database.read() as connection:
        return [one.mailing_id for one in sendings.under_way(connection)]


def _leave(database: Database, address: str) -> None:
    with database.write() as connection:
        value = memberships.load(connection, "room", address)
        memberships.save(connection, replace(value, standing="left"))
        lists.refresh_every(connection, address)


def test_who_leaves_or_changes_meanwhile_has_what_was_posted_before(room: Database) -> None:
    """The members are those of the post: who leaves gets it, who takes digests from now on gets it once, as a single mail."""
    post(room)
    _leave(room, M[6])
    _leave(room, M[6])
    _leave(room, M[1])  # who has it already gets no second one
    with room.write() as connection:
        value = memberships.load(connection, "room", M[5])
        memberships.save(connection, replace(value, mode="digest"))
        lists.refresh_every(connection, M[5])
        memberships.save(connection, replace(value, mode="each"))
        lists.refresh_every(connection, M[5])
    rest(room)
    assert Counter(queued(room)) == Counter(M)


def test_who_joins_meanwhile_does_not_have_it(room: Database) -> None:
    """One at a time, or with an import of the register."""
    post(room)
    with room.write() as connection:
        new = "z0@b.example"
        members.replace(connection, [BODY], [Contact(BODY.code, address) for address in [*M, new]])
        lists.refresh_every(connection, new)
    queue_rest(room)
    with room.write() as connection:
        members.replace(
            connection, [BODY], [Contact(BODY.code, address) for address in [*M[2:], "z1@b.example"]]
        )
        lists.refresh_every(connection)
    rest(room)
    assert Counter(queued(room)) == Counter(M)


def test_the_authors_conditions_hold_to_the_end(room: Database) -> None:
    """Who is away, wants no copies of his own, or has another profile, is passed by in every chunk."""
    with room.write() as connection:
        for address, changes in (
            (M[4], {"off_from": NOW - timedelta(days=1)}),
            (M[7], {"copies_own": False}),
            (M[5], {"profile": "plain"}),
        ):
            value = memberships.load(connection, "room", address)
            memberships.save(connection, replace(value, **changes))
            lists.refresh_every(connection, address)
    assert post(room, author=M[7], profile="") == Reach(3, more=True)
    with room.read() as connection:
        assert outbox.count_by_state(connection) == {"pending": 5}
    rest(room)
    assert queued(room) == [*M[:4], M[6]]


def test_two_nodes_do_not_queue_the_same(room: Database) -> None:
    """Both go on at once, many times; each member has one copy."""
    for _ in range(5):
        post(room)
    nodes = [threading.Thread(target=rest, args=(room,)) for _ in range(3)]
    for node in nodes:
        node.start()
    for node in nodes:
        node.join()
    rest(room)  # who found a post in another's hands has ended before it was done
    assert Counter(queued(room)) == Counter(dict.fromkeys(M, 5))


def test_nothing_is_left_behind(room: Database) -> None:
    """The notes about members whose turn came before go with the last chunk."""
    post(room)
    _leave(room, M[7])
    with room.read() as connection:
        assert connection.execute(select(fan_out_done.c.email_key)).scalars().all() == [address_key(M[7])]
    rest(room)
    with room.read() as connection:
        assert connection.execute(select(fan_out_done.c.email_key)).all() == []
        assert fan_outs.left(connection) == {}
