"""What is done for each mail, each copy and each second costs the same whatever the database holds already.

Not by a clock: each statement that these run must find its rows by an index, on both databases.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from mailbot.core.transfer.delivery import Deferred, Failed, Sent
from mailbot.core.transfer.envelope import Envelope
from mailbot.flows.lists.queue_rest import queue_rest
from mailbot.flows.office.keep_pulse import keep_pulse
from mailbot.flows.read_mail import read_waiting
from mailbot.flows.runs.keep_up import keep_up
from mailbot.flows.runs.run_due import run_due
from mailbot.store.database import Database
from mailbot.store.lists import digests
from mailbot.store.mail import inbox, sender_checks
from mailbot.store.runs import pulses
from mailbot.store.sending import bundles, fan_outs, leases, outbox, sendings
from tests.flows.post_office import EVENT, KAIGI, SECURITY, SURVEY, YAMADA, Copy, PostOffice
from tests.statements import plan, watched

# Tables that grow with what was sent, received, posted or registered.
_GROWING = frozenset(
    {
        *(
            "delivery",
            "mailing",
            "mail",
            "inbox",
            "post",
            "post_words",
            "history",
            "seen",
            "bounce",
            "failure",
            "bundle",
        ),
        *("vote", "ballot", "answered", "journal", "confirmation", "desk_word", "membership", "list_member"),
        *("contact", "body", "occurrence", "register_change", "thread_choice"),
    }
)
# Read whole by an index that holds some rows only.
_PARTIAL = re.compile(
    r"USING (COVERING )?INDEX ix_((delivery|bundle)_(waiting|leased|doubtful)|bundle_mailing_id|list_member_not_each|body_dated|ballot_receipt_owed)"
)

# From the newest row on, until one is older: store/moments.py.
_BACKWARDS = re.compile(r"ORDER BY (mail|mailing)\.id DESC\s+LIMIT")


@pytest.fixture
def busy(office: PostOffice) -> tuple[PostOffice, list[Copy]]:
    """An office with an open survey, and its invitations."""
    office.now = SURVEY.opens
    office.apply(SECURITY, KAIGI, SURVEY, EVENT)
    office.look()
    return office, office.copies("invitation")


def looked_through(database: Database, act: Callable[[], Any]) -> list[str]:
    """Let something be done; returns the statements that look through a table which grows."""
    with watched() as ran:
        act()
    found = []
    for sql, parameters in ran.items():
        if re.match(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b", sql):
            found += [
                f"{step}: {sql}"
                for step in plan(database, sql, parameters)
                if _looks_through(step)
                and not (_BACKWARDS.search(sql) and step in {"SCAN mail", "SCAN mailing"})
            ]
    return found


def _looks_through(step: str) -> bool:
    found = re.match(r"SCAN (\w+)|.*Seq Scan on (\w+)", step)
    if found is None or _PARTIAL.search(step):
        return False
    return re.sub(r"_\d+$", "", found[1] or found[2]) in _GROWING


def test_who_looks_through_a_table_is_found_out(database: Database) -> None:
    """The control: a question that no index answers is seen as such on both databases."""

    def ask() -> None:
        with database.read() as connection:
            outbox.count_by_state(connection)

    assert looked_through(database, ask)


def test_a_mail_is_stored_and_read(busy: tuple[PostOffice, list[Copy]]) -> None:
    """A post, the same to another list, and replies to a survey."""
    office, invitations = busy
    envelope = Envelope(YAMADA, ("security@ml.example.jp",), "127.0.0.1", "smtp")
    mail = office.mail(YAMADA, "security@ml.example.jp")

    def take_in() -> None:
        with office.database.write() as connection:
            inbox.add(connection, [(mail, envelope)], lambda: office.now)

    read = partial(read_waiting, office.database, office.site, lambda: office.now)
    assert looked_through(office.database, take_in) == []
    assert looked_through(office.database, read) == []
    office.store(mail, "kaigi@ml.example.jp")
    assert looked_through(office.database, read) == []
    for copy in invitations:
        office.store(office.reply_mail(copy, "Q1: 1"), office.reply_address(copy))
    assert looked_through(office.database, read) == []
    assert looked_through(office.database, read) == []  # there is none


def _within(office: PostOffice, function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    with office.database.write() as connection:
        return function(connection, *arguments, **options)


def _look(office: PostOffice, function: Callable[..., Any], *arguments: Any, **options: Any) -> list[str]:
    return looked_through(office.database, partial(_within, office, function, *arguments, **options))


def test_copies_leave(busy: tuple[PostOffice, list[Copy]]) -> None:
    """From the claim to the outcomes, leases included."""
    office, _ = busy
    taken: list[leases.Claimed] = []

    within, look = partial(_within, office), partial(_look, office)
    assert (
        looked_through(office.database, lambda: taken.extend(within(leases.claim, "n", office.now, 100)))
        == []
    )
    ids = [row.id for row in taken]
    settled = [
        leases.AttemptOutcome(ids[0], 0, Sent("250")),
        leases.AttemptOutcome(ids[1], 0, Failed("550")),
        leases.AttemptOutcome(ids[2], 0, Deferred("451")),
    ]
    assert look(leases.load_mailings, [row.mailing_id for row in taken]) == []
    assert look(leases.start, "n", ids) == []
    assert look(leases.settle, "n", settled, office.now, 0.5) == []
    assert look(leases.renew, "n", office.now) == []
    assert look(leases.postpone, "n", [(ids[3], office.now)]) == []
    assert look(leases.put_back, "n", ids) == []
    assert look(leases.release, "n", office.now + timedelta(days=1)) == []
    assert look(leases.release, "n", office.now, everything=True) == []
    assert look(sendings.rest, [taken[0].mailing_id]) == []


def test_identical_copies_leave(office: PostOffice) -> None:
    """In bundles: claimed, marked, settled, opened, released."""
    office.apply(replace(SECURITY, copies="identical"))
    for number in range(3):
        office.post(YAMADA, Message_ID=f"<{number}@test>")
    until = office.now + leases.LEASE

    within, look = partial(_within, office), partial(_look, office)
    assert look(bundles.are_first, office.now) == []
    taken: list[bundles.Bundle] = []
    assert (
        looked_through(
            office.database, lambda: taken.extend(within(bundles.claim, "n", office.now, until, 10))
        )
        == []
    )
    first, second, third = taken
    assert look(bundles.start, "n", first.id) == []
    assert look(bundles.settle_sent, "n", first, "250", 7) == []
    assert look(bundles.rows_of, "n", second) == []
    assert look(bundles.renew, "n", until) == []
    assert look(bundles.put_back, "n", [third.id]) == []
    assert look(bundles.open_due, office.now, 1) == []
    assert look(bundles.release, "n", office.now + timedelta(days=1)) == []
    assert look(bundles.release, "n", office.now, everything=True) == []
    assert look(bundles.open_waiting, [first.mailing_id]) == []


def test_a_copy_comes_back(busy: tuple[PostOffice, list[Copy]]) -> None:
    """A bounce, and the look that follows it."""
    office, (invitation, *_) = busy
    bounce = office.mail("MAILER-DAEMON@x.example", "x", "550 5.1.1 unknown", "failure")
    office.store(bounce, office.return_path(invitation), mail_from="")
    read = partial(read_waiting, office.database, office.site, lambda: office.now)
    assert looked_through(office.database, read) == []
    office.pass_time(timedelta(days=40))
    assert looked_through(office.database, partial(keep_up, office.database, office.site, office.now)) == []


def test_each_second_and_each_few(
    busy: tuple[PostOffice, list[Copy]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The schedule, what follows from time, the pulse, the health page, the office's figures of a day."""
    office, _ = busy
    database, site = office.database, office.site
    assert looked_through(database, partial(run_due, database, site, office.now)) == []
    assert looked_through(database, partial(keep_up, database, site, office.now)) == []
    assert looked_through(database, partial(keep_pulse, database, site, office.now, None)) == []
    monkeypatch.setattr(fan_outs, "CHUNK", 1)
    office.post(YAMADA)
    assert looked_through(database, partial(queue_rest, database)) == []

    def look() -> None:
        with database.read() as connection:
            leases.overdue(connection, office.now)
            outbox.oldest_pending(connection)
            outbox.count_doubtful(connection)
            sender_checks.backlog(connection)
            digests.wanted(connection)

    assert looked_through(database, look) == []

    def of_a_day() -> None:
        with database.read() as connection:
            pulses.figures_since(connection, office.now)

    # From the newest row backwards, until one is older.
    backwards = r"SCAN (mail|mailing):.*ORDER BY (mail|mailing)\.id DESC\s+LIMIT"
    assert [
        one for one in looked_through(database, of_a_day) if not re.match(backwards, one, re.DOTALL)
    ] == []
