"""One mail to two lists: whom both reach gets it once (promises.md I10)."""

from __future__ import annotations

import sqlite3
import threading
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import ColumnElement, Connection, insert, select

from mailbot.core.lists.mailing_list import Copies
from mailbot.core.transfer.envelope import Envelope
from mailbot.flows.lists.post_to_list import post_to_list
from mailbot.flows.lists.queue_digest import queue_digest
from mailbot.flows.lists.queue_rest import queue_rest
from mailbot.flows.lists.stop_list import start_list, stop_list
from mailbot.flows.members.set_member import set_member
from mailbot.flows.office.settle_held import settle_held
from mailbot.flows.read_mail import read_mail
from mailbot.flows.rehearse import rehearse
from mailbot.flows.runs.steer_sending import steer_sending
from mailbot.store.database import Database
from mailbot.store.lists import archive, lists, purges
from mailbot.store.mail import inbox
from mailbot.store.sending import bundles, fan_outs, leases, outbox
from mailbot.store.sending.copy_states import RESTS
from mailbot.store.tables import bundle, delivery, fan_out_done, list_member, mailing
from mailbot.store.tables import inbox as inbox_table
from tests.flows.post_office import (
    KAIGI,
    SATO,
    SECURITY,
    SUZUKI,
    TAKAHASHI,
    TANAKA,
    YAMADA,
    PostOffice,
    open_post_office,
)

TO_SECURITY, TO_KAIGI = "security@ml.example.jp", "kaigi@ml.example.jp"
BOTH = f"{TO_SECURITY}, {TO_KAIGI}"
ONCE = Counter([YAMADA, SUZUKI, SATO, TANAKA, TAKAHASHI])


def got(office: PostOffice) -> Counter[str]:
    """Return how many copies each address has got since this was last asked."""
    return Counter(copy.to for copy in office.copies("post"))


def member(name: str, address: str) -> ColumnElement[bool]:
    """Return the condition for one member of a list."""
    return (list_member.c.list_name == name) & (list_member.c.address == address)


def kept(office: PostOffice) -> list[bool]:
    """Return whether each of the two archives has the post."""
    with office.database.read() as connection:
        return [archive.by_number(connection, name, 1) is not None for name in ("security", "kaigi")]


def test_one_transaction_for_two_lists(office: PostOffice) -> None:
    """Three are in both lists: they have the copy of the first, the second says so, and both archives have the post."""
    mail = office.mail(YAMADA, BOTH)
    with office.database.write() as connection:
        envelope = Envelope(YAMADA, (TO_SECURITY, TO_KAIGI), "127.0.0.1", "smtp")
        inbox.add(connection, [(mail, envelope)], lambda: office.now)
        numbers = list(connection.execute(select(inbox_table.c.id).order_by(inbox_table.c.id)).scalars())
    for number in numbers:
        read_mail(office.database, office.site, number, office.now)
    with office.database.read() as connection:
        entries = [inbox.entry(connection, number) for number in numbers]
    assert [entry and entry.reason for entry in entries] == [
        "post 1 to 3 members",
        "post 1 to 2 and, by another list, 3 more members",
    ]
    assert got(office) == ONCE
    assert kept(office) == [True, True]


@pytest.mark.parametrize("order", [(TO_SECURITY, TO_KAIGI), (TO_KAIGI, TO_SECURITY)])
def test_two_transactions_with_one_mail(office: PostOffice, order: tuple[str, str]) -> None:
    """A sender's server may divide the recipients: it is the same mail all the same, in whichever order."""
    mail = office.mail(YAMADA, BOTH)
    for to in order:
        assert (
            office.hand_in(b"Received: from a by b; Tue, 14 Jul 2026 09:00:00 +0900\r\n" + mail, to).state
            == "posted"
        )
    assert got(office) == ONCE


def test_a_rehearsal_and_the_receipt_say_so(office: PostOffice) -> None:
    """The one names whom the second list would reach, the other how many have it by the first."""
    office.apply(replace(KAIGI, receipts=True))
    mail = office.mail(YAMADA, BOTH)
    office.hand_in(mail, TO_SECURITY)
    with office.database.read() as connection:
        found = rehearse(connection, office.site, mail, TO_KAIGI, None, office.now)
    assert found.outcome == "accept: post 1 goes to 2 and, by another list, 3 more members"
    assert set(found.recipients) == {TANAKA, TAKAHASHI}
    office.hand_in(mail, TO_KAIGI)
    (receipt,) = office.copies("post_accepted")
    assert "配信先　2名と、別のリストから届く3名" in receipt.text


def test_a_held_post_counts_when_it_goes_out(office: PostOffice) -> None:
    """What waits at the first list has reached nobody: the second sends to all, and the first to nobody again."""
    office.apply(replace(SECURITY, moderated="yes"))
    mail = office.mail(YAMADA, BOTH)
    number = office.store(mail, TO_SECURITY)
    read_mail(office.database, office.site, number, office.now)
    office.hand_in(mail, TO_KAIGI)
    assert got(office) == ONCE
    with office.database.write() as connection:
        settle_held(connection, office.site, number, "accept", "", office.now)
    assert not got(office)


@pytest.mark.parametrize("digest_of", ["security", "kaigi"])
def test_who_has_digests_of_one_list(office: PostOffice, digest_of: str) -> None:
    """He gets one copy by the other list, also when the one was held, and each digest is whole."""
    office.apply(replace(SECURITY, moderated="yes"))
    with office.database.write() as connection:
        set_member(connection, office.site, digest_of, SATO, office.now, mode="digest")
    mail = office.mail(YAMADA, BOTH)
    number = office.store(mail, TO_SECURITY)
    read_mail(office.database, office.site, number, office.now)
    office.hand_in(mail, TO_KAIGI)
    with office.database.write() as connection:
        settle_held(connection, office.site, number, "accept", "", office.now)
    assert got(office) == ONCE
    assert kept(office) == [True, True]
    with office.database.write() as connection:
        value = lists.load(connection, digest_of)
        assert value is not None
        assert queue_digest(connection, office.site, value, office.now + timedelta(hours=9)) == 1


def test_the_same_message_id_with_another_text(office: PostOffice) -> None:
    """It is another mail, and nobody is left out."""
    for to, text in ((TO_SECURITY, "一つ目"), (TO_KAIGI, "二つ目")):
        mail = office.mail(YAMADA, BOTH, text).replace(b"Message-ID: <", b"X-Was: <")
        office.hand_in(b"Message-ID: <same@member.example>\r\n" + mail, to)
    assert got(office) == ONCE + Counter([YAMADA, SUZUKI, SATO])


def test_who_has_no_copy_by_the_first_gets_the_seconds(office: PostOffice) -> None:
    """Who has digests or nothing of the first list, whose copy was withdrawn, or who had the mail long ago."""
    with office.database.write() as connection:
        for address, mode in ((SATO, "none"), (SUZUKI, "digest")):
            connection.execute(list_member.update().where(member("security", address)).values(mode=mode))
    mail = office.mail(YAMADA, BOTH)
    office.hand_in(mail, TO_SECURITY)
    assert office.hand_in(mail, TO_KAIGI).reason == "post 1 to 4 and, by another list, 1 more members"
    assert got(office) == ONCE
    again = office.mail(YAMADA, BOTH)
    office.hand_in(again, TO_SECURITY)
    with office.database.write() as connection:
        assert outbox.withdraw(connection, ["post"], "security") == 2
    office.hand_in(again, TO_KAIGI)
    assert Counter(copy.to for copy in office.copies("post") if copy.state != "withdrawn") == ONCE
    late = office.mail(YAMADA, BOTH)
    office.hand_in(late, TO_SECURITY)
    office.now += timedelta(days=31)
    office.hand_in(late, TO_KAIGI)
    assert got(office) == ONCE + Counter([YAMADA])


def sent(office: PostOffice, name: str) -> Counter[str]:
    """Return to whom a list's posts are on their way, none of which rests."""
    with office.database.read() as connection:
        query = select(delivery.c.address).join_from(delivery, mailing).where(mailing.c.subject == name)
        goes = query.where(delivery.c.state != "withdrawn", delivery.c.due_at < RESTS)
        return Counter(connection.execute(goes).scalars())


def cancel(office: PostOffice, name: str) -> str:
    """Let what a list sends never leave; returns what is said."""
    with office.database.write() as connection:
        steered = steer_sending(connection, office.site, name, "cancel", office.now, by="office")
    while queue_rest(office.database):
        pass
    office.all_copies()  # takes them out of bundles
    return steered.said[0]


@pytest.mark.parametrize("copies", ["personal", "identical"])
@pytest.mark.parametrize("chunk", [1, 20_000])
def test_what_the_first_withdraws_goes_by_the_second(
    office: PostOffice, monkeypatch: pytest.MonkeyPatch, chunk: int, copies: Copies
) -> None:
    """Who was left out for it gets it after all, unless it leaves by the first; what both withdraw goes to nobody."""
    monkeypatch.setattr(fan_outs, "CHUNK", chunk)
    office.apply(replace(SECURITY, copies=copies), replace(KAIGI, copies=copies))
    mail = office.mail(YAMADA, BOTH)
    office.hand_in(mail, TO_SECURITY)
    while queue_rest(office.database):
        pass
    office.hand_in(mail, TO_KAIGI)
    office.all_copies()
    with office.database.write() as connection:
        first = leases.claim(connection, "n", office.now, 1)
    assert "別のリストから、そのリストの会員" in cancel(office, "security")
    assert sent(office, "security") == Counter(row.address for row in first)
    assert sent(office, "security") + sent(office, "kaigi") == ONCE
    cancel(office, "kaigi")
    assert sent(office, "security") + sent(office, "kaigi") == Counter(row.address for row in first)


def test_a_stopped_list_passes_on_nothing_before_it_withdraws(office: PostOffice) -> None:
    """Copies that rest go on; withdrawn, they go by the other list, and rest where that is stopped."""
    mail = office.mail(YAMADA, BOTH)
    for to in (TO_SECURITY, TO_KAIGI):
        office.hand_in(mail, to)
    with office.database.write() as connection:
        stop_list(connection, "security", "office", office.now)
    assert sent(office, "security") + sent(office, "kaigi") == Counter([TANAKA, TAKAHASHI])
    with office.database.write() as connection:
        stop_list(connection, "kaigi", "office", office.now)
        said = stop_list(connection, "security", "office", office.now, withdraw=True)
    assert said.endswith("to 3 other lists send the same mail")
    assert sent(office, "security") + sent(office, "kaigi") == Counter()
    with office.database.write() as connection:
        start_list(connection, "kaigi", "office", office.now)
    assert sent(office, "kaigi") == ONCE


def test_two_sendings_are_stopped_and_then_called_off(office: PostOffice) -> None:
    """What is passed on to a post that is stopped rests like that, so that nothing leaves before both are called off."""
    mail = office.mail(YAMADA, BOTH)
    for to in (TO_SECURITY, TO_KAIGI):
        office.hand_in(mail, to)
    with office.database.write() as connection:
        for name in ("security", "kaigi"):
            steer_sending(connection, office.site, name, "stop", office.now, by="office")
    cancel(office, "security")
    assert sent(office, "security") + sent(office, "kaigi") == Counter()
    assert "5通のうち0通は、もう出ています。残りの5通は送りません。" in cancel(office, "kaigi")


def test_what_was_removed_is_passed_on_to_nobody(office: PostOffice) -> None:
    """A list that has destroyed the post does not send it, whatever another one withdraws."""
    mail = office.mail(YAMADA, BOTH)
    numbers = []
    for to in (TO_SECURITY, TO_KAIGI):
        numbers.append(office.store(mail, to))
        read_mail(office.database, office.site, numbers[-1], office.now)
    with office.database.write() as connection:
        connection.execute(delivery.update().where(delivery.c.address == TANAKA).values(state="sent"))
        connection.execute(delivery.update().where(delivery.c.address == TAKAHASHI).values(state="sent"))
        purges.empty_copies(connection, "kaigi", numbers[1:], office.now)
    assert "別のリスト" not in cancel(office, "security")
    assert sent(office, "kaigi") == Counter([TANAKA, TAKAHASHI])


@pytest.mark.parametrize("order", [(TO_SECURITY, TO_KAIGI), (TO_KAIGI, TO_SECURITY)])
@pytest.mark.parametrize("chunk", [1, 2])
def test_chunks(
    office: PostOffice, monkeypatch: pytest.MonkeyPatch, order: tuple[str, str], chunk: int
) -> None:
    """Who is still to be looked at for the first list is passed by like who has his copy; neither list is queued whole for it."""
    monkeypatch.setattr(fan_outs, "CHUNK", chunk)
    mail = office.mail(YAMADA, BOTH)
    reasons = [office.hand_in(mail, to).reason for to in order]
    assert all(f"to the first {chunk}" in reason for reason in reasons[: 1 if order[1] == TO_SECURITY else 2])
    while queue_rest(office.database):
        pass
    assert got(office) == ONCE
    with office.database.read() as connection:
        assert not connection.execute(select(fan_out_done)).all()


def test_a_large_list_waits_in_bundles(sqlite: Database) -> None:
    """However many wait, they are asked for by no parameter each, of which SQLite takes 32,766."""
    office = open_post_office(sqlite)
    office.apply(*(replace(one, copies="identical", guard=0) for one in (SECURITY, KAIGI)))
    many = [f"m{number}@member.example" for number in range(300)]
    with sqlite.write() as connection:
        limit(connection)
        for name in ("security", "kaigi"):
            rows = [{"list_name": name, "email_key": one, "address": one} for one in many]
            connection.execute(insert(list_member), rows)
    mail = office.mail(YAMADA, BOTH)
    office.hand_in(mail, TO_SECURITY)
    with sqlite.read() as connection:
        limit(connection)
        found = rehearse(connection, office.site, mail, TO_KAIGI, None, office.now)
    assert set(found.recipients) == {TANAKA, TAKAHASHI}
    assert office.hand_in(mail, TO_KAIGI).reason == "post 1 to 2 and, by another list, 303 more members"
    assert got(office) == ONCE + Counter(many)


def limit(connection: Connection) -> None:
    """Let SQLite take no more than 250 parameters."""
    held: Any = connection.connection.dbapi_connection
    held.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 250)


@pytest.mark.parametrize("leaving", [False, True])
def test_identical_copies(office: PostOffice, leaving: bool) -> None:
    """What stands in bundles counts as what it is, and so does what leaves this moment."""
    office.apply(replace(SECURITY, copies="identical"), replace(KAIGI, copies="identical"))
    mail = office.mail(YAMADA, BOTH)
    office.hand_in(mail, TO_SECURITY)
    with office.database.write() as connection:
        assert len(connection.execute(select(bundle)).all()) == 1
        if leaving:
            assert len(bundles.claim(connection, "n", office.now, office.now + timedelta(minutes=1), 9)) == 1
    assert office.hand_in(mail, TO_KAIGI).reason == "post 1 to 2 and, by another list, 3 more members"
    assert got(office) == ONCE


def test_two_nodes_take_turns(office: PostOffice) -> None:
    """While one node settles the mail for the first list, the other waits with that for the second."""
    mail = office.mail(YAMADA, BOTH)
    first, second = office.store(mail, TO_SECURITY), office.store(mail, TO_KAIGI)
    other = threading.Thread(target=read_mail, args=(office.database, office.site, second, office.now))
    with office.database.write() as connection:
        assert inbox.claim(connection, first)
        received = inbox.load(connection, first)
        assert received is not None
        message = received.message(office.site.authserv_id)
        post_to_list(connection, office.site, received, message, "security", office.now)
        other.start()
        other.join(0.3)
    other.join()
    assert got(office) == ONCE


def test_an_address_in_another_case(office: PostOffice) -> None:
    """It is the same mailbox, however either list writes it."""
    with office.database.write() as connection:
        capitals = list_member.update().where(member("security", SATO)).values(address=SATO.upper())
        connection.execute(capitals)
    mail = office.mail(YAMADA, BOTH)
    office.hand_in(mail, TO_SECURITY)
    office.hand_in(mail, TO_KAIGI)
    with office.database.read() as connection:
        addresses = list(connection.execute(select(delivery.c.address)).scalars())
    assert Counter(map(str.lower, addresses)) == ONCE
