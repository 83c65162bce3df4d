"""Reading the inbox: what breaks us is quarantined and reported, what cannot be saved waits on, two nodes share."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from time import monotonic, sleep

import pytest
from sqlalchemy import Connection, select, text

from mailbot.core.events.event import Event
from mailbot.core.mail.message import Message
from mailbot.core.transfer.envelope import StorageFull
from mailbot.flows import read_mail as module
from mailbot.flows.events.announce_event import announce_event
from mailbot.flows.lists.post_to_list import post_to_list
from mailbot.flows.read_mail import AT_ONCE, read_mail, read_waiting
from mailbot.flows.settled import Settled
from mailbot.site import Site
from mailbot.store.database import Database
from mailbot.store.lists import lists, memberships
from mailbot.store.mail import inbox
from mailbot.store.mail.inbox import Received
from mailbot.store.tables import metadata
from tests.databases import BOTH, own_database
from tests.flows.post_office import (
    EVENT,
    KAIGI_REQUEST,
    OFFICE,
    SATO,
    STRANGER,
    TAKAHASHI,
    TANAKA,
    YAMADA,
    Copy,
    PostOffice,
    open_post_office,
)

TO, KAIGI = "security@ml.example.jp", "kaigi@ml.example.jp"


def states(office: PostOffice) -> dict[str, int]:
    """Return how many mails are in each state."""
    with office.database.read() as connection:
        return inbox.count_by_state(connection)


def test_mail_is_read_in_its_order_and_once(office: PostOffice) -> None:
    """Whoever looks again finds nothing."""
    for number in range(3):
        office.store(office.mail(YAMADA, TO, subject=f"第{number}報"), TO)
    assert read_waiting(office.database, office.site, lambda: office.now) == 3
    assert read_waiting(office.database, office.site, lambda: office.now) == 0
    subjects = [copy["Subject"] for copy in office.copies("post")][::3]
    assert subjects == [f"[security:{number + 1:05}] 第{number}報" for number in range(3)]


def test_a_mail_that_breaks_us_is_quarantined_and_the_next_is_read(
    office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Our own fault loses nothing: what it had begun is taken back, the office is told (promises.md I7)."""
    mails = [office.store(office.mail(YAMADA, TO, subject=subject), TO) for subject in ("一", "二")]

    def breaks(
        connection: Connection, site: Site, received: Received, message: Message, name: str, now: datetime
    ) -> Settled:
        settled = post_to_list(connection, site, received, message, name, now)
        if received.id == mails[0]:
            raise RuntimeError("boom")
        return settled

    monkeypatch.setattr(module, "post_to_list", breaks)
    read_waiting(office.database, office.site, lambda: office.now)
    assert states(office) == {"posted": 1, "quarantined": 1}
    copies = office.copies()
    assert {copy.kind for copy in copies} == {"office_held", "post"}
    assert {copy["Subject"] for copy in copies if copy.kind == "post"} == {"[security:00001] 二"}
    report = next(copy for copy in copies if copy.kind == "office_held")
    assert report.to == OFFICE
    assert "boom" in report.text


@pytest.mark.parametrize(
    "to", ["postmaster@ml.example.jp", "security-owner@ml.example.jp", "nobody@ml.example.jp"]
)
def test_what_waits_for_a_person_waits_once(office: PostOffice, to: str) -> None:
    """A mailbox that was set up anew brings old mail again; another mail in the same words is another (promises.md I6)."""
    first, other = (office.mail(YAMADA, to, subject="質問") for _ in range(2))
    for raw in (first, b"Received: from a by b\r\n" + first, other):
        office.hand_in(raw, to)
    waits = "quarantined" if to.startswith("nobody") else "held"
    assert states(office) == {waits: 2, "discarded": 1}
    assert len(office.copies()) == 2


def test_a_full_store_leaves_the_mail_waiting(office: PostOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is settled that could not be saved; it is read when there is room (promises.md I3)."""
    number = office.store(office.mail(YAMADA, TO), TO)

    def full(*_: object) -> None:
        raise StorageFull("no room")

    with monkeypatch.context() as patched:
        patched.setattr(module, "post_to_list", full)
        with pytest.raises(StorageFull):
            read_mail(office.database, office.site, number, office.now)
    assert states(office) == {"received": 1}
    read_mail(office.database, office.site, number, office.now)
    assert states(office) == {"posted": 1}


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\r\n",
        b"\xff\xfe\x00\x01",
        b"From: \x00\r\n\r\n\x00",
        b"From: a@b\r\nFrom: c@d\r\n\r\nx",
        b"Subject: =?utf-8?q?x=0D=0ABcc:_evil=40x?=\r\nFrom: yamada@city.nagano.lg.jp\r\n\r\n\xed\xa0\x80",
        b"From: yamada@city.nagano.lg.jp\r\nContent-Type: text/plain; charset=punycode\r\n\r\n"
        + b"a" * 50_000,
        b"A: b\r\n" * 5_000,
    ],
)
def test_whatever_a_stranger_sends_ends_in_a_state_with_a_reason(office: PostOffice, raw: bytes) -> None:
    """No mail stays unread, no mail is without a reason, and none puts a line into a header (promises.md I33, I29)."""
    entry = office.hand_in(raw, TO, mail_from="eve@evil.test")
    assert entry.state in {"held", "quarantined", "rejected", "discarded", "posted"}
    assert entry.reason
    assert all(copy["Bcc"] == "" for copy in office.copies())


def test_two_nodes_read_each_mail_once(database_url: str) -> None:
    """Both scan at the same time, every mail is acted upon by one of them."""
    nodes = [Database(database_url) for _ in range(2)]
    office = open_post_office(nodes[0])
    for _ in range(10):
        office.store(office.mail(YAMADA, TO), TO)
    together = threading.Barrier(len(nodes))

    def read(node: Database) -> None:
        together.wait(10)
        read_waiting(node, office.site, lambda: office.now)

    threads = [threading.Thread(target=read, args=(node,)) for node in nodes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert states(office) == {"posted": 10}
    assert len(office.copies("post")) == 30
    for node in nodes:
        node.close()


@pytest.mark.parametrize("database_url", BOTH[1:], indirect=True)
def test_mails_and_a_page_that_concern_one_list_wait_in_order(office: PostOffice) -> None:
    """A post and a command in one transaction, and a member's setting beside it: neither is ended for the other (I24)."""
    proved = b"Authentication-Results: mx.example.jp; dmarc=pass header.from=city.matsumoto.lg.jp\r\n"
    office.store(office.mail(YAMADA, KAIGI), KAIGI)
    office.store(proved + office.mail(SATO, KAIGI_REQUEST, "状態\n通常"), KAIGI_REQUEST)
    waits = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    with ThreadPoolExecutor(1) as threads:
        with office.database.write() as connection:
            memberships.lock(connection)
            reading = threads.submit(read_waiting, office.database, office.site, lambda: office.now)
            until = monotonic() + 10
            with office.database.read() as watching:
                while not watching.execute(waits).scalar():
                    assert monotonic() < until
                    sleep(0.01)
            lists.lock_number(connection, "kaigi")
        assert reading.result(10) == 2
    assert states(office) == {"posted": 1, "answered": 1}


@pytest.mark.parametrize("kind", ["survey", "event"])
@pytest.mark.parametrize("database_url", BOTH[1:], indirect=True)
def test_one_reply_that_came_twice_is_read_by_two_nodes_at_once(office: PostOffice, kind: str) -> None:
    """Of two nodes one waits for the other before it takes the mail: neither is ended for the other (I24)."""
    asked = office.open_survey() if kind == "survey" else announced(office)
    words = "Q1 1" if kind == "survey" else "出席"
    office.store(office.reply_mail(asked[YAMADA], words), office.reply_address(asked[YAMADA]))
    twice, to = office.reply_mail(asked[SATO], words), office.reply_address(asked[SATO])
    office.store(twice, to)
    read_by_two_nodes(office, lambda: office.store(twice, to))
    done = "voted" if kind == "survey" else "answered"
    assert states(office) == {done: 2, "discarded": 1}


@pytest.mark.parametrize("database_url", BOTH[1:], indirect=True)
def test_replies_to_two_events_are_read_by_two_nodes_at_once(office: PostOffice) -> None:
    """Each locks both events in one order, in whichever its mails came (I24)."""
    both = [announced(office), announced(office, replace(EVENT, key="N26-08", title="第2回研修会"))]

    def come(address: str, notices: list[dict[str, Copy]]) -> None:
        for asked in notices:
            office.store(office.reply_mail(asked[address], "出席"), office.reply_address(asked[address]))

    come(YAMADA, both)
    read_by_two_nodes(office, lambda: come(SATO, both[::-1]))
    assert states(office) == {"answered": 4}


def read_by_two_nodes(office: PostOffice, come: Callable[[], object]) -> None:
    """Read the two mails that wait; before the second of them more come, which another node reads until it must wait."""
    waits = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    moments: list[datetime] = []
    others: list[Future[int]] = []
    with ThreadPoolExecutor(1) as threads:

        def clock() -> datetime:
            if len(moments) == 1:
                come()
                others.append(threads.submit(read_waiting, office.database, office.site, lambda: office.now))
                until = monotonic() + 10
                with office.database.read() as watching:
                    while not watching.execute(waits).scalar():
                        assert monotonic() < until
                        sleep(0.01)
            moments.append(office.now)
            return office.now

        assert read_waiting(office.database, office.site, clock) == 2
        others[0].result(10)
    while read_waiting(office.database, office.site, lambda: office.now):
        pass


def announced(office: PostOffice, value: Event = EVENT) -> dict[str, Copy]:
    """Announce an event; returns the notices by address."""
    office.apply(value)
    with office.database.write() as connection:
        announce_event(connection, office.site, value.key, 0, office.now)
    return {copy.to: copy for copy in office.copies("event_notice")}


@pytest.mark.parametrize("kind", BOTH)
def test_what_mails_do_in_one_transaction_is_what_they_do_one_by_one(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is read ahead and saved together leaves the same rows everywhere, whatever lies between two replies."""
    monkeypatch.setattr(module, "_act_by_itself", None)  # that would be one by one
    found = []
    for name in ("together", "alone"):
        (tmp_path / name).mkdir()
        with own_database(kind, tmp_path / name) as database:
            office = open_post_office(database)
            numbers = [office.store(raw, to, mail_from=sender) for raw, to, sender in _mails(office)]
            if name == "together":
                assert read_waiting(database, office.site, partial(_now, office)) == len(numbers) < AT_ONCE
            else:
                for number in numbers:
                    read_mail(database, office.site, number, office.now)
            with database.read() as connection:
                tables = {
                    table.name: connection.execute(select(table)).all() for table in metadata.sorted_tables
                }
            found.append(tables)
            assert len(office.ledger()) > 8
    together, alone = found
    different = {name for name in together if together[name] != alone[name]}
    assert different == {"journal", "journal_head"}  # whose lines have a salt


def _now(office: PostOffice) -> datetime:
    return office.now


def _mails(office: PostOffice) -> list[tuple[bytes, str, str]]:
    """Return replies of four bodies, some of one body, some the same, with other mails between them."""
    invitations = office.open_survey()
    mails: list[tuple[bytes, str, str]] = []

    def add(raw: bytes, to: str, sender: str) -> None:
        numbered = re.sub(rb"(?mi)^Message-ID: .*$", b"Message-ID: <%d@client.test>" % len(mails), raw)
        mails.append((numbered, to, sender))

    def reply(body: str, text: str, author: str | None = None) -> None:
        invitation = invitations[body]
        add(
            office.reply_mail(invitation, text, author=author),
            office.reply_address(invitation),
            author or body,
        )

    reply(YAMADA, "Q1 2\nQ2 1")
    reply(SATO, "Q1 1")
    mails.append(mails[0])  # the same mail once more
    reply(YAMADA, "Q1 3")  # which stands on what the first one said
    reply(TANAKA, "Q1 1", STRANGER)  # waits, and its domain is noted
    add(office.mail(YAMADA, TO, subject="会議"), TO, YAMADA)
    reply(SATO, "再送")
    reply(TAKAHASHI, "Q1 9")  # is asked back
    add(b"From: x\r\n" + b"A: b\r\n" * 5_000, office.reply_address(invitations[TANAKA]), TANAKA)
    reply(TANAKA, "Q1 1")
    for number in range(5):  # more than are acknowledged in an hour
        reply(YAMADA, f"Q1 {number % 3 + 1}")
    return mails
