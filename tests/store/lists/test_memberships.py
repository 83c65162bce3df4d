"""What members chose outlives every new count of the list, and decides whom a post goes to at once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Event
from time import monotonic, sleep
from typing import Any

import pytest
from sqlalchemy import Connection, text

from mailbot.core.lists.expansion import Expansion
from mailbot.core.lists.mailing_list import MailingList
from mailbot.core.lists.membership import Membership
from mailbot.core.lists.reach import Reach
from mailbot.core.members.audience import Selector
from mailbot.core.members.register import Body, Contact
from mailbot.core.members.register_change import Change
from mailbot.store.database import Database
from mailbot.store.lists import lists, memberships
from mailbot.store.members import members
from mailbot.store.sending import fan_outs, outbox
from tests.databases import BOTH
from tests.flows.post_office import NOW

A, B, C, GUEST = "a@city.example", "b@city.example", "c@town.example", "guest@else.example"
ROOM = MailingList("room", "会議室", "closed", Selector(tags=("security",)))
DAY = timedelta(days=1)


@pytest.fixture
def room(database: Database) -> Database:
    """A list of a and b; c is registered, too."""
    with database.write() as connection:
        members.replace(
            connection,
            [Body("202011", "長野市", "city", "長野県"), Body("203211", "軽井沢町", "town", "長野県")],
            [
                Contact("202011", "A@city.example", rank=1, tags=frozenset({"security"})),
                Contact("202011", B, rank=2, tags=frozenset({"security"})),
                Contact("203211", C),
            ],
        )
        lists.save(connection, ROOM)
    return database


def choose(database: Database, address: str, mailing_list: MailingList = ROOM, **settings: Any) -> None:
    """Save settings and look at that one address."""
    with database.write() as connection:
        before = memberships.load(connection, mailing_list.name, address)
        memberships.save(connection, replace(before, **settings))
        lists.refresh_every(connection, address)


def belong(database: Database, mailing_list: MailingList = ROOM) -> set[str]:
    """Return the members, after they were counted one by one and after they were counted anew."""
    with database.write() as connection:
        one_by_one = lists.member_addresses(connection, mailing_list.name)
        lists.refresh_members(connection, mailing_list)
        assert lists.member_addresses(connection, mailing_list.name) == one_by_one
    return {address.lower() for address in one_by_one}


def receive(database: Database, author: str | None = None, thread: str = "<t@x>", at: datetime = NOW) -> str:
    """Return the first letters of those to whom a post goes now, as the outbox has it and as it is foretold."""
    with database.write() as connection:
        number = outbox.add_mailing(
            connection, kind="post", subject="room", cooked=b"x", bounces=None, now=at
        )
        to = Expansion("room", at, author, thread)
        told = lists.recipients(connection, to)
        assert fan_outs.begin(connection, number, to) == Reach(len(told))
    return "".join(address[0].lower() for address in told)


@pytest.mark.parametrize(
    ("standing", "address", "expected"),
    [
        ("left", A, {B}),
        ("removed", A, {B}),
        ("joined", C, {A, B, C}),
        ("added", C, {A, B, C}),
        ("added", GUEST, {A, B, GUEST}),
        ("joined", GUEST, {A, B}),  # nobody has registered him any more
        ("", C, {A, B}),
    ],
)
def test_a_wish_overrides_the_selector(
    room: Database, standing: str, address: str, expected: set[str]
) -> None:
    """Both ways, and after every import; who joined by himself must be registered."""
    choose(room, address, standing=standing)
    assert belong(room) == expected


def test_a_wish_holds_while_the_list_allows_it(room: Database) -> None:
    """Where nobody may leave or join, the selector and the office alone decide; the wish is kept."""
    for address, standing in ((A, "left"), (B, "removed"), (C, "joined"), (GUEST, "added")):
        choose(room, address, standing=standing)
    duty = replace(ROOM, join="closed", leave=False)
    with room.write() as connection:
        lists.save(connection, duty)
    assert belong(room, duty) == {A, GUEST}
    with room.write() as connection:
        lists.save(connection, ROOM)
    assert belong(room) == {C, GUEST}


def test_lists_of_lists_follow(room: Database) -> None:
    """A list that takes its members from this one loses whom this one loses."""
    whole = replace(ROOM, name="whole", members=Selector(lists=("room",)))
    with room.write() as connection:
        lists.save(connection, whole)
    choose(room, A, standing="left")
    choose(room, GUEST, standing="added")
    assert belong(room, whole) == {B, GUEST}


def test_settings_outlive_an_import(room: Database) -> None:
    """Also of one who is taken out of the register and comes back."""
    choose(room, A, mode="digest", copies_own=False, posting="hold", profile="plain", changed_by=A)
    with room.write() as connection:
        lists.save(connection, replace(ROOM, members=Selector(tags=("other",))))
        lists.save(connection, ROOM)
        found = memberships.load(connection, "room", "A@CITY.example")
    assert found == Membership(
        "room", A, mode="digest", copies_own=False, posting="hold", profile="plain", changed_by=A
    )
    assert receive(room) == "b"


def test_a_post_goes_to_who_wants_each_now(room: Database) -> None:
    """No digest reader, nobody who is away, and the author unless he wants no copy of his own."""
    assert receive(room) == "ab"
    choose(room, A, off_from=NOW, off_until=NOW + DAY)
    assert receive(room) == "b"
    assert receive(room, at=NOW + DAY) == "ab"
    assert receive(room, at=NOW - DAY) == "ab"
    choose(room, A, off_from=NOW, off_until=None)
    assert receive(room, at=NOW + 9 * DAY) == "b"
    choose(room, A, off_from=None, copies_own=False)
    assert receive(room, author="A@City.Example") == "b"
    assert receive(room, author=B) == "ab"
    choose(room, B, mode="notices")
    assert receive(room) == "a"


def test_a_muted_thread_and_a_followed_one(room: Database) -> None:
    """Who muted a thread gets no more of it; who follows one gets each post of it at once, digest or not."""
    choose(room, B, mode="digest")
    with room.write() as connection:
        memberships.choose_thread(connection, "room", A, "<t@x>", "mute")
        memberships.choose_thread(connection, "room", B, "<t@x>", "follow")
        memberships.choose_thread(connection, "room", B, "<t@x>", "follow")
        assert memberships.thread_choices(connection, "room", B) == {"<t@x>": "follow"}
    assert receive(room) == "b"
    assert receive(room, thread="<other@x>") == "a"
    choose(room, B, mode="none")
    assert receive(room) == ""
    with room.write() as connection:
        memberships.choose_thread(connection, "room", A, "<t@x>", None)
    assert receive(room) == "a"


def waits_for_a_lock(connection: Connection, pid: int) -> bool:
    """Tell whether what a connection of the server does waits for another."""
    waits = text("SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = :pid")
    return bool(connection.execute(waits, {"pid": pid}).scalar())


Step = Callable[[Connection], object]


def set_member(name: str = "room", **settings: Any) -> Step:
    """Return what changes A's settings, as every flow that does so."""

    def act(connection: Connection) -> None:
        before = memberships.load(connection, name, A)
        memberships.save(connection, replace(before, **settings))
        lists.refresh_every(connection, A)

    return act


def of_register(connection: Connection) -> None:
    """Take A out of the register, as an import does."""
    members.replace(connection, [], [Contact("202011", B, tags=frozenset({"security"}))])
    lists.refresh_concerned(connection, {A})


MEETINGS: dict[
    str, tuple[Step, Step, Step]
] = {  # what one does first, what the other does, what the one does then
    "a form that waits for the posts, and another": (
        lambda connection: lists.lock_number(connection, "room"),
        set_member(mode="notices"),
        set_member(mode="digest"),
    ),
    "two settings on two lists": (
        set_member(mode="notices"),
        set_member("hall", copies_own=False),
        set_member(mode="digest"),
    ),
    "an import, and a setting": (
        lambda connection: members.save(
            connection, [Change(Contact("202011", B, rank=2), Contact("202011", B, rank=3))]
        ),
        set_member(mode="notices"),
        of_register,
    ),
    "the list itself, and a setting": (
        lambda connection: lists.save(connection, ROOM),
        set_member(mode="notices"),
        lambda connection: lists.save(connection, replace(ROOM, title="新会議室")),
    ),
}


@pytest.mark.parametrize("meeting", MEETINGS)
@pytest.mark.parametrize("database_url", BOTH[1:], indirect=True)
def test_two_who_change_one_member_wait_for_each_other_in_order(room: Database, meeting: str) -> None:
    """From two nodes, or from a page and a mail: both are done, whatever each did first."""
    first, other, then = MEETINGS[meeting]
    with room.write() as connection:
        lists.save(connection, replace(ROOM, name="hall"))
    begun = Event()
    pids: list[int] = []

    def act() -> None:
        with room.write() as connection:
            pids.append(connection.execute(text("SELECT pg_backend_pid()")).scalar_one())
            begun.set()
            other(connection)

    with ThreadPoolExecutor(1) as threads:
        with room.write() as connection:
            first(connection)
            waiting = threads.submit(act)
            assert begun.wait(10)
            until = monotonic() + 10
            with room.read() as watching:
                while not waits_for_a_lock(watching, pids[0]):
                    assert monotonic() < until
                    assert not waiting.done(), "the second went by"
                    sleep(0.01)
            then(connection)
        waiting.result(10)


def test_settings_move_with_their_owner(room: Database) -> None:
    """To a new address, with the muted threads; what that one chose before gives way."""
    choose(room, A, mode="digest")
    choose(room, C, mode="none")
    with room.write() as connection:
        memberships.choose_thread(connection, "room", A, "<t@x>", "mute")
        assert memberships.move(connection, A, C, "office", NOW) == ["room"]
        assert memberships.load(connection, "room", A) == Membership("room", A)
        moved = memberships.load(connection, "room", C)
        assert memberships.thread_choices(connection, "room", C) == {"<t@x>": "mute"}
    assert moved == Membership("room", C, mode="digest", changed_by="office", changed_at=NOW)


def test_every_list_of_a_person(room: Database) -> None:
    """Those he belongs to, and those on which he chose something."""
    with room.write() as connection:
        lists.save(connection, replace(ROOM, name="all", members=Selector(everyone=True)))
        lists.save(connection, replace(ROOM, name="zoo"))
    choose(room, C, replace(ROOM, name="zoo"), standing="left")
    with room.read() as connection:
        assert memberships.of_person(connection, C) == [
            Membership("all", C),
            Membership("zoo", C, standing="left"),
        ]
        assert memberships.of_list(connection, "zoo") == {C: Membership("zoo", C, standing="left")}
        assert lists.is_selected(connection, ROOM, "A@CITY.example")
        assert not lists.is_selected(connection, ROOM, C)
