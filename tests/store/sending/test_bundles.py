"""Bundles: a short form of rows of the outbox, from which nobody can tell them but by what they cost."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config as AlembicConfig
from sqlalchemy import Connection, select

from mailbot import store
from mailbot.core.lists.expansion import Expansion
from mailbot.core.lists.mailing_list import MailingList
from mailbot.core.lists.reach import Reach
from mailbot.core.members.audience import Selector
from mailbot.core.members.register import Body, Contact
from mailbot.store import vitals
from mailbot.store.database import Database
from mailbot.store.lists import lists, purges
from mailbot.store.members import bounces, members, persons, troubles
from mailbot.store.runs import pulses
from mailbot.store.sending import bundles, copy_states, fan_outs, leases, outbox, sendings
from mailbot.store.sending.bundles import Bundle
from mailbot.store.tables import bundle, delivery

NOW = datetime(2026, 7, 14, 9, tzinfo=UTC)
LATER = NOW + leases.LEASE * 10
BODY = Body("202011", "長野市", "city", "長野県")
ROOM = MailingList("room", "会議室", "open", Selector(everyone=True), copies="identical")
M = [f"m{number:03}@b.example" for number in range(240)]  # three bundles: 100, 100, 40


@pytest.fixture
def room(database: Database) -> Database:
    """A list of 240 members."""
    with database.write() as connection:
        members.replace(connection, [BODY], [Contact(BODY.code, address) for address in M])
        lists.save(connection, ROOM)
    return database


def post(room: Database, at: datetime = NOW) -> int:
    """Let a post go; returns its mailing."""
    with room.write() as connection:
        number = outbox.add_mailing(
            connection, kind="post", subject="room", cooked=b"x", bounces="b", now=at, identical=True
        )
        assert fan_outs.begin(connection, number, Expansion("room", at)) == Reach(len(M))
        return number


def claim(connection: Connection, owner: str = "n", most: int = 200) -> list[Bundle]:
    """Take bundles that are due."""
    return bundles.claim(connection, owner, NOW, NOW + leases.LEASE, most)


def rows(connection: Connection) -> list[dict[str, Any]]:
    """Return all rows of the outbox without their numbers, by address."""
    found = connection.execute(select(delivery).order_by(delivery.c.address)).all()
    return [{key: value for key, value in row._asdict().items() if key != "id"} for row in found]


def figures(connection: Connection) -> list[object]:
    """Return whatever is said of copies."""
    return [
        outbox.count_by_state(connection),
        outbox.count_by_kind(connection, "room"),
        outbox.count_waiting(connection),
        outbox.oldest_pending(connection),
        leases.next_due(connection),
        leases.overdue(connection, LATER),
        outbox.count_doubtful(connection),
        copy_states.next_look(connection),
        sendings.under_way(connection),
        pulses.figures_since(connection, NOW - timedelta(days=1)),
        vitals.backlog(connection, LATER).expired_leases,
        sorted(map(repr, troubles.missed(connection, 1, "room", NOW))),
    ]


def test_a_hundred_stand_in_one_row(room: Database) -> None:
    """In the order of their addresses, each once."""
    post(room)
    with room.write() as connection:
        assert rows(connection) == []
        taken = claim(connection)
        assert [len(one.recipients) for one in taken] == [100, 100, 40]
        assert [address for one in taken for _, address in one.recipients] == M
        numbers = [number for one in taken for number, _ in one.recipients]
        assert len(set(numbers)) == 240
        assert max(numbers) < 0
        assert [bundles.bundle_of(number) for number in numbers] == [
            one.id for one in taken for _ in one.recipients
        ]
        assert claim(connection) == []


def test_every_figure_is_the_same_as_of_rows(room: Database) -> None:
    """While they wait, are under way, have left, and whose lease ran out."""
    assert post(room) == 1
    with room.write() as connection:
        first, second = claim(connection, most=2)
        assert bundles.start(connection, "n", first.id)
        assert bundles.settle_sent(connection, "n", first, "250", 5)
        assert bundles.start(connection, "n", second.id)
        before = figures(connection)
        assert before[:2] == [{"pending": 40, "sending": 100, "sent": 100}, {"post": before[0]}]
        assert before[10] == 100
        bundles.open_all(connection)
        assert figures(connection) == before
        assert len(rows(connection)) == 240


def test_its_rows_are_born_as_if_each_had_been_sent(room: Database) -> None:
    """What a row of its own would say after claim, mark and outcome."""
    post(room)
    with room.write() as connection:
        (one, *_) = claim(connection, most=1)
        assert bundles.start(connection, "n", one.id)
        assert bundles.settle_sent(connection, "n", one, "250 ok", 7)
        born = rows(connection)
        bundles.open_all(connection)
        taken = leases.claim(connection, "n", NOW, 200)
        leases.start(connection, "n", [row.id for row in taken])
        leases.settle_sent(connection, "n", [(row.id, "250 ok") for row in taken], NOW)
        last = rows(connection)[-1]
    assert [row["address"] for row in born] == M[:100]
    differ = {"address", "lease_until", "settled_at"}
    kept = last.keys() - differ
    assert {key: last[key] for key in kept} == {key: born[0][key] for key in kept}
    assert born[0]["settled_at"] == 7


def test_who_has_lost_the_lease_changes_nothing(room: Database) -> None:
    """He neither marks nor settles, whether it is another's, waits again, or is open (promises.md I24)."""
    post(room)
    with room.write() as connection:
        other, again, opened = claim(connection)
        connection.execute(bundle.update().where(bundle.c.id == other.id).values(lease_owner="o"))
        bundles.put_back(connection, "n", [again.id])
        bundles.open_all(connection, bundle.c.id == opened.id)
        before = outbox.count_by_state(connection)
        for one in (other, again, opened):
            assert not bundles.start(connection, "n", one.id)
            assert not bundles.settle_sent(connection, "n", one, "250", 7)
        assert bundles.rows_of(connection, "n", other) == {}
        assert bundles.rows_of(connection, "n", again) == {}
        assert sorted(bundles.rows_of(connection, "n", opened)) == sorted(opened.numbers)
        assert outbox.count_by_state(connection) == before == {"pending": 100, "sending": 140}
        bundles.release(connection, "n", NOW, everything=True)
        assert outbox.count_by_state(connection) == {"pending": 100, "sending": 140}


def test_after_a_crash_those_that_were_marked_are_in_doubt(room: Database) -> None:
    """Each recipient of them, and of the others nobody; all of them wait (promises.md I9)."""
    post(room)
    with room.write() as connection:
        taken = claim(connection)
        assert bundles.start(connection, "n", taken[2].id)
        bundles.release(connection, "n", NOW)  # the lease lasts
        assert outbox.count_by_state(connection) == {"sending": 240}
        bundles.renew(connection, "n", LATER)
        bundles.release(connection, "o", LATER)
        assert outbox.count_by_state(connection) == {"sending": 240}
        bundles.release(connection, "o", LATER + leases.LEASE)
        assert outbox.count_by_state(connection) == {"pending": 240}
        assert outbox.count_doubtful(connection) == 40
        assert [row["address"] for row in rows(connection)] == M[200:]
        again = claim(connection)
        assert [address for one in again for _, address in one.recipients] == M[:200]


def test_one_that_is_started_while_leases_are_looked_at_is_in_doubt_too(
    room: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its node was paused in the middle of that, and goes on between the two statements of whoever looks."""
    post(room)
    with room.write() as connection:
        one, *_ = claim(connection)
        opening = bundles._open

        def start_behind(connection: Connection, which: Any, **changed: Any) -> None:
            opening(connection, which, **changed)
            assert bundles.start(connection, "n", one.id)

        monkeypatch.setattr(bundles, "_open", start_behind)
        bundles.release(connection, "o", LATER)
        monkeypatch.setattr(bundles, "_open", opening)
        bundles.release(connection, "o", LATER)
        assert outbox.count_doubtful(connection) == len(one.recipients)
        assert outbox.count_by_state(connection) == {"pending": 240}


def test_what_was_never_begun_goes_back(room: Database) -> None:
    """What was marked does not: it may have left."""
    post(room)
    with room.write() as connection:
        taken = claim(connection)
        bundles.start(connection, "n", taken[0].id)
        bundles.put_back(connection, "n", [one.id for one in taken])
        assert outbox.count_by_state(connection) == {"pending": 140, "sending": 100}
        bundles.take_back(connection, "n", [taken[0].id])
        assert outbox.count_by_state(connection) == {"pending": 240}
        assert outbox.count_doubtful(connection) == 0


@pytest.mark.parametrize("how", ["sending", "subject", "bounces", "purge", "restore"])
def test_what_is_withdrawn_never_leaves(room: Database, how: str) -> None:
    """Whoever withdraws: what waits; what is taken leaves, but after a restore, when nobody sends."""
    number = post(room)
    with room.write() as connection:
        claim(connection, most=1)
        if how == "sending":
            assert sendings.withdraw(connection, [number], "why", NOW) == 140
        elif how == "subject":
            assert outbox.withdraw(connection, ["post"], "room") == 140
        elif how == "restore":
            assert outbox.withdraw_waiting(connection, "why", NOW) == 240
        elif how == "bounces":
            bundles.open_all(connection, bundle.c.state == "sending")
            copy = connection.execute(select(delivery.c.id).limit(1)).scalar_one()
            assert bounces.stop_mailing(connection, copy) == 140
        else:
            connection.execute(bundle.update().where(bundle.c.id == 1).values(copies=100))
            purges.empty_copies(connection, "room", [], NOW)
            outbox.withdraw(connection, ["post"], "room")
        wanted = {"withdrawn": 240} if how == "restore" else {"sending": 100, "withdrawn": 140}
        assert outbox.count_by_state(connection) == wanted


def test_a_stop_holds_for_them(room: Database) -> None:
    """They rest as rows, each is counted, and go on."""
    number = post(room)
    with room.write() as connection:
        assert sendings.rest(connection, [number]) == 240
        assert sendings.rest(connection, [number]) == 0
        assert claim(connection) == []
        (shown,) = sendings.under_way(connection)
        assert (shown.total, shown.waiting, shown.resting) == (240, 240, 240)
        assert outbox.resume(connection, "post", "room") == 240
        assert len(leases.claim(connection, "n", NOW, 400)) == 240


def test_what_rests_while_it_is_queued_is_no_bundle(room: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A later chunk of a post that rests: who lets it go on finds rows."""
    monkeypatch.setattr(fan_outs, "CHUNK", 60)
    with room.write() as connection:
        number = outbox.add_mailing(
            connection, kind="post", subject="room", cooked=b"x", bounces="b", now=NOW, identical=True
        )
        assert fan_outs.begin(connection, number, Expansion("room", NOW)) == Reach(60, more=True)
        assert sendings.rest(connection, [number]) == 240
        while fan_outs.go_on(connection):
            pass
        assert claim(connection) == []
        assert sendings.resume(connection, [number]) == 240
        assert len(leases.claim(connection, "n", NOW, 400)) == 240


def test_the_oldest_come_first(room: Database) -> None:
    """Of bundles and rows: who has waited longest, whatever he is."""
    with room.write() as connection:
        assert not bundles.are_first(connection, NOW)
    post(room, NOW)
    with room.write() as connection:
        assert not bundles.are_first(connection, NOW - timedelta(seconds=1))
        assert bundles.are_first(connection, NOW)
        earlier = NOW - timedelta(seconds=1)
        outbox.queue_letter(connection, "notice", "room", b"x", M[0], earlier, inbox_id=None)
        assert not bundles.are_first(connection, NOW)
        leases.claim(connection, "n", NOW, 1)
        assert bundles.are_first(connection, NOW)


def test_one_by_one_where_their_pace_is_limited(room: Database) -> None:
    """Some that are due are opened, nobody else's."""
    post(room)
    with room.write() as connection:
        claim(connection, "o", most=1)
        bundles.open_due(connection, NOW - timedelta(seconds=1), 9)
        assert rows(connection) == []
        bundles.open_due(connection, NOW, 1)
        assert [row["address"] for row in rows(connection)] == M[100:200]


def test_a_bounce_may_be_faster_than_our_note(room: Database) -> None:
    """Whose copy is being sent can come back; whose waits cannot."""
    number = post(room)
    with room.write() as connection:
        claim(connection, most=1)
        copy = bounces.copy_to(connection, number, M[7])
        assert copy is not None
        assert bounces.copy_to(connection, number, M[140]) is None
        assert outbox.count_by_state(connection) == {"pending": 140, "sending": 100}
        assert bounces.returned(connection, copy).copies == 240
        assert troubles.share_failed(connection, copy) == (0, 240)


def test_of_a_bundle_a_person_is_told_his_own_copy_only(room: Database) -> None:
    """The export names no other."""
    post(room)
    with room.read() as connection:
        (row,) = persons.rows_about(connection, M[3].upper())["bundle"]
        assert row["addresses"] == M[3].upper()
        assert M[4] not in str(row)
        assert "bundle" not in persons.rows_about(connection, M[3][1:])


def test_no_number_is_given_twice(room: Database) -> None:
    """A sender that was paused may still know a bundle that is gone."""
    post(room)
    with room.write() as connection:
        taken = claim(connection)
        for one in taken:
            bundles.settle_sent(connection, "n", one, "250", 7)
    post(room)
    with room.write() as connection:
        assert {one.id for one in claim(connection)}.isdisjoint(one.id for one in taken)


def test_two_nodes_take_no_bundle_twice(room: Database) -> None:
    """Both at once, many times; each member has each post once (promises.md I24)."""
    for _ in range(4):
        post(room)

    def send(owner: str) -> None:
        while True:
            with room.write() as connection:
                taken = claim(connection, owner, most=1)
            if not taken:
                return
            for one in taken:
                with room.write() as connection:
                    assert bundles.start(connection, owner, one.id)
                with room.write() as connection:
                    assert bundles.settle_sent(connection, owner, one, "250", 7)

    nodes = [threading.Thread(target=send, args=(f"n{number}",)) for number in range(3)]
    for node in nodes:
        node.start()
    for node in nodes:
        node.join()
    send("last")  # who found one in another's hands has ended before it was done
    with room.read() as connection:
        assert Counter(row["address"] for row in rows(connection)) == Counter(dict.fromkeys(M, 4))
        assert outbox.count_by_state(connection) == {"sent": 960}


def test_who_leaves_meanwhile_still_gets_it(room: Database) -> None:
    """The members are those of the post: a bundle has the addresses of its moment."""
    post(room)
    with room.write() as connection:
        members.replace(connection, [BODY], [Contact(BODY.code, address) for address in M[:5]])
        lists.refresh_every(connection)
        taken = claim(connection)
        assert [address for one in taken for _, address in one.recipients] == M


def test_addresses_of_any_form_stay_as_they_are(room: Database) -> None:
    """Quotation marks, backslashes and what is beyond ASCII."""
    odd = ['"a\\\\b"@b.example', "長野@b.example", "o'neil@b.example"]
    number = post(room)
    with room.write() as connection:
        claim(connection)
        bundles.pack(connection, number, odd, 0)
        (one,) = claim(connection)
        bundles.settle_sent(connection, "n", one, "250", 7)
        assert [row["address"] for row in rows(connection)] == sorted(odd)


def test_a_personal_list_has_none(room: Database) -> None:
    """Copies of one's own are rows from the beginning."""
    with room.write() as connection:
        lists.save(connection, replace(ROOM, copies="personal"))
        number = outbox.add_mailing(
            connection, kind="post", subject="room", cooked=b"x", bounces="b", now=NOW
        )
        fan_outs.begin(connection, number, Expansion("room", NOW))
        assert claim(connection) == []
        assert len(rows(connection)) == 240


def test_the_version_before_finds_rows(room: Database) -> None:
    """Who goes back to it loses no copy that waits, and none that was under way."""
    post(room)
    with room.write() as connection:
        taken = claim(connection, most=2)
        bundles.start(connection, "n", taken[1].id)
    settings = AlembicConfig()
    settings.set_main_option("script_location", str(Path(store.__file__).parent / "migrations"))
    with room._engine.connect() as connection:
        settings.attributes["connection"] = connection
        command.downgrade(settings, "0025")
        connection.commit()
    room.migrate()
    with room.read() as connection:
        assert [row["address"] for row in rows(connection)] == M
        assert outbox.count_by_state(connection) == {"pending": 40, "sending": 200}
        assert Counter((row["lease_owner"], row["in_flight"]) for row in rows(connection)) == {
            ("n", False): 100,
            ("n", True): 100,
            (None, False): 40,
        }


def test_who_opens_bundles_and_who_settles_them_meet_in_no_deadlock(room: Database) -> None:
    """The sender takes them in whatever order; so on PostgreSQL it locks them first, in that of whoever opens them."""
    for _ in range(6):
        post(room)
    with room.write() as connection:
        taken = claim(connection)
    faults: list[BaseException] = []

    def settle() -> None:
        for first in range(0, len(taken), 6):
            some = taken[first : first + 6][::-1]
            with room.write() as connection:
                bundles.lock(connection, [number for one in some for number in one.numbers])
                for one in some:
                    time.sleep(0.01)
                    if not bundles.settle_sent(connection, "n", one, "250", 7):
                        opened = bundles.rows_of(connection, "n", one)
                        leases.settle_sent(connection, "n", [(row, "250") for row in opened.values()], NOW)

    def open_them() -> None:
        for _ in range(3):
            with room.write() as connection:
                bundles.open_all(connection, bundle.c.state == "sending")

    def run(act: Callable[[], None]) -> None:
        try:
            act()
        except BaseException as fault:  # noqa: BLE001  told below
            faults.append(fault)

    threads = [threading.Thread(target=run, args=(act,)) for act in (settle, open_them)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    with room.read() as connection:
        assert outbox.count_by_state(connection) == {"sent": 1440}
