"""Received mail: stored once, settled once."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from mailbot.core.transfer.envelope import Envelope
from mailbot.store.database import Database
from mailbot.store.mail import inbox
from mailbot.store.statements import LONG
from mailbot.store.tables import mail

NOW = datetime(2026, 6, 18, 0, 0, tzinfo=UTC)


def envelope(*recipients: str) -> Envelope:
    """Return the envelope of a mail that came by SMTP."""
    return Envelope("a@b.example", recipients or ("room@ml.example.jp",), "192.0.2.1", "smtp")


def fetched(peer: str) -> Envelope:
    """Return the envelope of a mail that was fetched by IMAP."""
    return Envelope("", ("room@ml.example.jp",), peer, "imap")


def add(database: Database, *arrivals: tuple[bytes, Envelope], at: datetime = NOW) -> list[int]:
    """Store mails; returns all rows that wait."""
    with database.write() as connection:
        inbox.add(connection, arrivals, lambda: at)
        return [received.id for received in inbox.load_waiting(connection, 1000)]


def test_bytes_come_back_as_they_were(database: Database) -> None:
    """The raw mail is the truth: no byte of it is changed."""
    content = bytes(range(256)) * 10
    (number,) = add(database, (content, envelope()))
    with database.read() as connection:
        received = inbox.load(connection, number)
    assert received is not None
    assert (received.content, received.mail_from, received.received_at, received.state) == (
        content,
        "a@b.example",
        NOW,
        "received",
    )


def test_one_mail_to_three_has_three_rows_and_is_stored_once(database: Database) -> None:
    """A recipient named twice has one row."""
    rows = add(database, (b"x", envelope("a@ml", "b@ml", "a@ml", "c@ml")))
    assert len(rows) == 3
    with database.read() as connection:
        assert connection.execute(select(func.count()).select_from(mail)).scalar() == 1


def test_what_imap_fetched_is_known_by_its_key(database: Database) -> None:
    """The same account, UIDVALIDITY and UID is left out, another UID is not (promises.md I6)."""
    add(database, (b"x", fetched("imap:a/1/7")))
    rows = add(
        database, (b"x", fetched("imap:a/1/7")), (b"x", fetched("imap:a/1/8")), (b"x", fetched("imap:a/1/8"))
    )
    assert len(rows) == 2


def test_a_number_that_its_server_gave_to_another_mail_is_no_reason_to_lose_it(database: Database) -> None:
    """Another content under a known key is another mail, and is known itself from then on (promises.md I6)."""
    add(database, (b"x", fetched("imap:a/INBOX/1/7")))
    for _ in range(2):
        rows = add(database, (b"y", fetched("imap:a/INBOX/1/7")), (b"", fetched("imap:a/INBOX/1/7")))
    assert len(rows) == 3


def test_two_nodes_that_watch_one_mailbox_store_each_mail_once(postgresql: Database) -> None:
    """The second waits until the first has stored it, and nothing fails: mail by SMTP may be in the same commit."""
    stored: list[int] = []

    def second() -> None:
        stored.extend(add(postgresql, (b"x", fetched("imap:a/INBOX/1/7")), (b"z", envelope())))

    thread = threading.Thread(target=second)
    with postgresql.write() as connection:
        inbox.add(connection, [(b"x", fetched("imap:a/INBOX/1/7"))], lambda: NOW)
        thread.start()
        time.sleep(0.3)
        assert stored == []
    thread.join(20)
    assert len(stored) == 2


def test_a_row_is_settled_with_its_reason_and_its_story(database: Database) -> None:
    """It no longer waits, is counted under its state, and the history has a line."""
    (number,) = add(database, (b"x", envelope()))
    with database.write() as connection:
        assert inbox.claim(connection, number)
        inbox.settle(connection, number, "held", "why\0", sender="s" * 999, title="t" * 999, now=NOW)
    with database.read() as connection:
        assert inbox.load_waiting(connection, 10) == []
        assert not inbox.claim(connection, number)
        assert inbox.claim(connection, number, "held")
        assert inbox.count_by_state(connection) == {"held": 1}
        assert [(entry.id, entry.reason, len(entry.sender)) for entry in inbox.held(connection)] == [
            (number, "why␀", 320)
        ]
        assert inbox.story(connection, number) == [(NOW, "held: why␀")]


def test_two_nodes_never_claim_the_same_mail(postgresql: Database) -> None:
    """The second passes it over."""
    (number,) = add(postgresql, (b"x", envelope()))
    with postgresql.write() as one, postgresql.write() as other:
        assert inbox.claim(one, number)
        assert not inbox.claim(other, number)


def test_mail_before_a_moment_is_counted_until_it_is_settled(database: Database) -> None:
    """What a close waits for (promises.md I20)."""
    (number,) = add(database, (b"x", envelope()))
    with database.write() as connection:
        assert inbox.waiting_before(connection, NOW) == 0
        assert inbox.waiting_before(connection, NOW + timedelta(microseconds=1)) == 1
        inbox.settle(connection, number, "posted", "", sender="", title="", now=NOW)
        assert inbox.waiting_before(connection, NOW + timedelta(days=1)) == 0


def test_while_intake_is_stopped_no_mail_is_stored(postgresql: Database) -> None:
    """A close and an arriving mail are one before the other, never both at once."""
    stored = threading.Event()

    def arrive() -> None:
        add(postgresql, (b"x", envelope()))
        stored.set()

    with postgresql.write() as connection:
        inbox.stop_intake(connection)
        thread = threading.Thread(target=arrive)
        thread.start()
        assert not stored.wait(0.2)
        assert inbox.load_waiting(connection, 1) == []
    thread.join(20)
    assert stored.is_set()


def test_a_place_takes_a_mail_once(database: Database) -> None:
    """Other places, other mails: not the same."""
    with database.write() as connection:
        assert inbox.take_once(connection, "list:a", "f", 1)
        assert not inbox.take_once(connection, "list:a", "f", 2)
        assert inbox.take_once(connection, "list:b", "f", 3)
        assert inbox.take_once(connection, "list:a", "g", 4)
        assert inbox.is_seen(connection, "list:a", "f")
        assert not inbox.is_seen(connection, "list:c", "f")


def test_many_mails_take_few_statements(database: Database) -> None:
    """A hundred mails for two recipients each are stored as they came, on SQLite by some dozen statements."""
    mails = [
        (b"Subject: %d\r\n\r\n" % number, envelope(f"a{number}@ml.example.jp", f"b{number}@ml.example.jp"))
        for number in range(100)
    ]
    add(database, (b"before", envelope()))
    statements: list[str] = []
    with database.write() as connection:
        own: Any = connection.connection.dbapi_connection
        if connection.dialect.name == "sqlite":
            own.set_trace_callback(statements.append)
        inbox.add(connection, mails, lambda: NOW)
        if connection.dialect.name == "sqlite":
            own.set_trace_callback(None)
        found = inbox.load_waiting(connection, 1000)[1:]
    stored = {(one.content, one.recipient) for one in found}
    assert len(found) == 200
    assert stored == {(content, recipient) for content, to in mails for recipient in to.recipients}
    assert len(statements) <= 15


def test_a_long_mail_is_read_by_itself(database: Database) -> None:
    """Neither with others nor with itself for another recipient: that would be in memory as often."""
    for content in (b"1", b"2", b"x" * (LONG + 1), b"4", b"5" * LONG):
        add(
            database,
            (content, envelope(*(f"{name}@ml.example.jp" for name in "ab"[: 1 + (len(content) > 1)]))),
        )
    groups = []
    while waiting := _waiting(database):
        groups.append([len(one.content) for one in waiting])
        with database.write() as connection:
            for one in waiting:
                inbox.change(connection, one.id, "posted", "", now=NOW)
    assert groups == [[1, 1], [LONG + 1], [LONG + 1], [1, LONG, LONG]]


def _waiting(database: Database) -> list[inbox.Received]:
    with database.read() as connection:
        return inbox.load_waiting(connection, 20)
