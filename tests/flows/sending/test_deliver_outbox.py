"""Delivery: each copy with its own bytes, marked before and after, and nothing sent that cannot be marked."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, update

from mailbot.core.mail.token import bounce_token, leave_token
from mailbot.core.transfer.envelope import StorageFull
from mailbot.core.transfer.pace import Pace
from mailbot.core.transfer.relay import Relay, RelayAway, parse_relay
from mailbot.core.transfer.smtp_wire import unstuff
from mailbot.flows.sending import deliver_outbox
from mailbot.flows.sending.deliver_outbox import Delivery
from mailbot.store.sending import copies as our_copies
from mailbot.store.sending import leases, outbox
from mailbot.store.tables import delivery as delivery_table
from mailbot.store.tables import microseconds
from tests.faults.sink import Sink
from tests.flows.post_office import NOW, SATO, SECURITY, SUZUKI, YAMADA, PostOffice
from tests.net.test_smtp_client import SILENT, Said, Server


def delivery(office: PostOffice, *relays: str, owner: str = "this") -> Delivery:
    """Return what empties the outbox into these relays."""
    parsed: list[Relay] = [parse_relay(relay) for relay in relays]
    return Delivery(
        office.database, office.site.key, office.site.domain, parsed, 4, owner, lambda: office.now
    )


def states(office: PostOffice) -> dict[str, int]:
    """Return how many copies are in each state."""
    with office.database.read() as connection:
        return outbox.count_by_state(connection)


def wait_until_sent(office: PostOffice, copies: int, seconds: float = 20.0) -> None:
    """Wait until the outbox says so, and a moment longer. Raises AssertionError when it does not in time."""
    end = time.monotonic() + seconds
    while states(office) != {"sent": copies}:
        assert time.monotonic() < end, f"{states(office)}, not {copies} sent"
        time.sleep(0.01)
    time.sleep(0.2)


def wait_until_out(office: PostOffice, copies: int, seconds: float = 15.0) -> None:
    """Wait until at least so many are sent, whatever the others do. Raises AssertionError when they are not in time."""
    end = time.monotonic() + seconds
    while states(office).get("sent", 0) < copies:
        assert time.monotonic() < end, f"{states(office)}, not {copies} sent"
        time.sleep(0.05)


async def test_each_member_gets_one_copy(office: PostOffice, sink: Sink) -> None:
    """And the outbox says so; a second look finds nothing."""
    office.post(YAMADA, Message_ID="<one@test>")
    sender = delivery(office, f"smtp://127.0.0.1:{sink.port}")
    assert await sender.deliver() == 3
    assert sink.received == {(member, "<one@test>"): 1 for member in (YAMADA, SUZUKI, SATO)}
    assert states(office) == {"sent": 3}
    assert await sender.deliver() == 0


async def test_copies_that_are_made_together_are_those_made_alone(office: PostOffice, sink: Sink) -> None:
    """Return path and way out are each copy's own, as the tokens of its number say."""
    office.post(YAMADA, Message_ID="<one@test>")
    office.post(SATO, Message_ID="<two@test>")
    sender = delivery(office, f"smtp://127.0.0.1:{sink.port}")
    work = deliver_outbox._Work(sender)
    await work.refill(10)
    copies = list(iter(work.take, None))
    await work.finish()
    assert [delivery_id for copy in copies for delivery_id, _ in copy.recipients] == list(range(1, 7))
    for copy in copies:
        (number, _), key = copy.recipients[0], office.site.key
        assert copy.mail_from == f"security-bounces+{bounce_token(key, number)}@{office.site.domain}"
        assert f"<mailto:security-leave+{leave_token(key, 'security', number)}@".encode() in copy.content
        assert b"X-Mailbot-Delivery: %d\r\n" % number in copy.content
    assert states(office) == {"pending": 6}


async def test_copies_of_a_long_post_share_all_but_their_head(office: PostOffice, sink: Sink) -> None:
    """A post of megabytes is in memory once, whoever it goes to; each copy leaves whole."""
    office.apply(replace(SECURITY, max_size=1_000_000))
    office.post(YAMADA, text="".join(f".{number} 行目です。\n" for number in range(20_000)))
    work = deliver_outbox._Work(delivery(office, f"smtp://127.0.0.1:{sink.port}"))
    await work.refill(10)
    first, *others = list(iter(work.take, None))
    await work.finish()
    assert len(first.tail) > 300_000
    assert all(other.tail is first.tail for other in others)
    (queued, *_) = office.copies("post")
    assert unstuff(first.whole) == queued.raw
    assert await delivery(office, f"smtp://127.0.0.1:{sink.port}").deliver() == 3
    assert states(office) == {"sent": 3}


async def test_a_ballot_leaves_as_the_reader_will_compare_it(office: PostOffice, sink: Sink) -> None:
    """Each with a Message-ID of its own, which carries its token."""
    invitations = office.open_survey()
    await delivery(office, f"smtp://127.0.0.1:{sink.port}").deliver()
    assert set(sink.received) == {(copy.to, copy["Message-ID"]) for copy in invitations.values()}


async def test_while_no_relay_answers_nothing_is_touched(office: PostOffice) -> None:
    """The copies wait without an attempt being counted, and go when a relay is back."""
    office.post(YAMADA)
    with pytest.raises(RelayAway):
        await delivery(office, "smtp://127.0.0.1:1").deliver()
    assert states(office) == {"pending": 3}
    with office.database.read() as connection:
        assert outbox.count_doubtful(connection) == 0


async def test_the_next_relay_takes_what_the_first_does_not(office: PostOffice, sink: Sink) -> None:
    """A list of relays is fail-over in its order."""
    office.post(YAMADA)
    await delivery(office, "smtp://127.0.0.1:1", f"smtp://127.0.0.1:{sink.port}").deliver()
    assert states(office) == {"sent": 3}


async def test_a_relay_that_never_greets_is_passed_over(
    office: PostOffice, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there is another: RFC 5321 would wait for five minutes, at each run."""
    monkeypatch.setattr(
        deliver_outbox, "_ANOTHER_BEHIND", replace(deliver_outbox._ANOTHER_BEHIND, greeting=0.3)
    )
    office.post(YAMADA)
    async with Server(lambda _number, _command: SILENT) as server, asyncio.timeout(20):
        await delivery(office, f"smtp://127.0.0.1:{server.port}", f"smtp://127.0.0.1:{sink.port}").deliver()
    assert states(office) == {"sent": 3}


async def test_a_domain_gets_its_mail_at_its_own_pace(office: PostOffice, sink: Sink) -> None:
    """Who is over the limit waits without an attempt being counted, and everybody else gets his at once."""
    office.post(YAMADA)
    sender = replace(
        delivery(office, f"smtp://127.0.0.1:{sink.port}"), pace=Pace(domains={"city.nagano.lg.jp": 12})
    )
    await sender.deliver()
    assert states(office) == {"pending": 1, "sent": 2}
    assert await sender.deliver() == 0
    office.now += timedelta(seconds=5)
    await sender.deliver()
    assert states(office) == {"sent": 3}
    assert set(sink.received.values()) == {1}


async def test_what_cannot_be_marked_is_not_sent(
    office: PostOffice, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the store full no copy leaves, no connection waits for ever, and afterwards each goes once (R9)."""
    for _ in range(5):
        office.post(YAMADA)
    sender = delivery(office, f"smtp://127.0.0.1:{sink.port}")

    def full(connection: Connection, owner: str, ids: Sequence[int]) -> set[int]:
        raise StorageFull("no room")

    with monkeypatch.context() as patched:
        patched.setattr(leases, "start", full)
        async with asyncio.timeout(20):
            with pytest.raises(StorageFull):
                await sender.deliver()
    assert sink.received.total() == 0
    assert states(office) == {"pending": 15}
    await sender.deliver()
    assert sink.received.total() == 15
    assert states(office) == {"sent": 15}


async def test_who_has_lost_his_lease_sends_nothing(
    office: PostOffice, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A node that slept for longer than its lease finds its rows with another, and leaves them there (I24)."""
    office.post(YAMADA)
    start = leases.start

    def overslept(connection: Connection, owner: str, ids: Sequence[int]) -> set[int]:
        leases.release(connection, "other", office.now + 2 * leases.LEASE)
        leases.claim(connection, "other", office.now + 2 * leases.LEASE, 100)
        return start(connection, owner, ids)

    monkeypatch.setattr(leases, "start", overslept)
    await delivery(office, f"smtp://127.0.0.1:{sink.port}").deliver()
    assert sink.received.total() == 0
    assert states(office) == {"sending": 3}


async def test_a_mailing_that_is_not_fit_to_leave_holds_up_no_other(office: PostOffice, sink: Sink) -> None:
    """A bare CR of ours waits with its reason; the mail behind it goes (promises.md I16)."""
    with office.database.write() as connection:
        spoilt = outbox.add_mailing(
            connection,
            kind="post",
            subject="security",
            cooked=b"Subject: x\r\n\r\na\rb\r\n",
            bounces="b",
            now=NOW,
        )
        outbox.queue(connection, spoilt, [outbox.Addressee(SATO)], NOW)
    office.post(YAMADA)
    await delivery(office, f"smtp://127.0.0.1:{sink.port}").deliver()
    assert sink.received.total() == 3
    assert states(office) == {"pending": 1, "sent": 3}
    with office.database.read() as connection:
        (copy,) = our_copies.troubled(connection)
    assert copy.reply is not None
    assert "not sent" in copy.reply


@pytest.mark.parametrize("word", ["", "\x00address\x00"])
async def test_lines_that_begin_with_a_dot_arrive_as_they_are(
    office: PostOffice, tmp_path: Path, word: str
) -> None:
    """Whether dots are doubled once for all copies, or for each since its own bytes may bring some (RFC 5321 4.5.2)."""
    body = f".\r\n..a\r\n\x00delivery\x00.\r\n{word}\r\n"
    with office.database.write() as connection:
        dotted = outbox.add_mailing(
            connection, kind="post", subject="x", cooked=f"X: y\r\n\r\n{body}".encode(), bounces="b", now=NOW
        )
        outbox.queue(connection, dotted, [outbox.Addressee(".dot@example.jp")], NOW)
    await delivery(office, f"maildir:{tmp_path / 'kept'}").deliver()
    (kept,) = (tmp_path / "kept" / "new").iterdir()
    own = body.replace("\x00delivery\x00", "1").replace("\x00address\x00", ".dot@example.jp")
    assert kept.read_bytes().replace(b"\r\n", b"\n").endswith(own.replace("\r\n", "\n").encode())


async def test_more_than_one_batch(office: PostOffice, sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are claimed as they are needed, until none is due."""
    monkeypatch.setattr(deliver_outbox, "_FIRST", 40)
    monkeypatch.setattr(deliver_outbox, "_BATCH", 100)
    many = tuple(f"m{n}@member.example" for n in range(500))
    office.apply(replace(SECURITY, members=replace(SECURITY.members, emails=many)))
    office.post(YAMADA)
    assert await delivery(office, f"smtp://127.0.0.1:{sink.port}").deliver() == 503
    assert len(sink.received) == sink.received.total() == 503


async def test_it_runs_until_it_is_stopped(office: PostOffice, sink: Sink) -> None:
    """It sends what comes while it runs, and frees at its start what it held when it was killed."""
    office.post(YAMADA)
    with office.database.write() as connection:
        leases.claim(connection, "this", office.now, 100)
    sender = delivery(office, f"smtp://127.0.0.1:{sink.port}")
    running = asyncio.create_task(sender.run(poll_seconds=0.05))
    async with asyncio.timeout(20):
        await asyncio.to_thread(sink.wait_for, 3)
        office.post(SATO)
        sender.wake()
        await asyncio.to_thread(sink.wait_for, 6)
        sender.stop()
        await running
    assert states(office) == {"sent": 6}


async def test_what_follows_within_a_moment_leaves_over_the_same_connections(
    office: PostOffice, sink: Sink
) -> None:
    """As the receipts of a survey do; where there are several relays each run begins with the first, which may be back."""
    for relays, connections in (((), 3), (("smtp://127.0.0.1:1",), 6)):
        sender = delivery(office, f"smtp://127.0.0.1:{sink.port}", *relays)
        sink.connections, before = 0, sink.received.total()
        running = asyncio.create_task(sender.run(poll_seconds=60))
        async with asyncio.timeout(20):
            for mails in (3, 6):
                office.post(YAMADA)
                sender.wake()
                await asyncio.to_thread(sink.wait_for, before + mails)
                await asyncio.to_thread(wait_until_sent, office, before + mails)
            sender.stop()
            await running
        assert sink.connections == connections


@pytest.mark.parametrize("relays", [1, 2])
async def test_a_copy_that_the_relay_thinks_about_holds_up_nothing_that_is_queued_later(
    relays: int, office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may think for ten minutes about one, and never greet a further connection."""
    monkeypatch.setattr(deliver_outbox, "_OPEN_SECONDS", 0.5)

    def script(number: int, command: str) -> Said:
        return SILENT if (number, command) == (1, ".") or (number > 3 and command == "") else None

    async with Server(script) as server:
        sender = delivery(office, *[f"smtp://127.0.0.1:{server.port}"] * relays)
        office.post(YAMADA)
        running = asyncio.create_task(sender.run(poll_seconds=0.5))
        async with asyncio.timeout(20):
            await asyncio.sleep(1)  # longer than idle connections stay open
            before = states(office)["sent"]
            assert before in {1, 2}, "the envelope of the third may wait behind the content of the first"
            office.post(SATO)
            sender.wake()
            await asyncio.to_thread(wait_until_out, office, before + 3)
        running.cancel()


async def test_a_copy_that_is_due_later_leaves_at_its_time(office: PostOffice, sink: Sink) -> None:
    """Without being woken: the sender knows when the next one is due."""
    office.post(YAMADA)
    with office.database.write() as connection:
        due = microseconds(office.now + timedelta(seconds=2))
        connection.execute(update(delivery_table).values(due_at=due))
    sender = delivery(office, f"smtp://127.0.0.1:{sink.port}")
    running = asyncio.create_task(sender.run(poll_seconds=60))
    async with asyncio.timeout(20):
        await asyncio.sleep(0.1)
        assert sink.received.total() == 0
        office.pass_time(timedelta(seconds=3))
        await asyncio.to_thread(sink.wait_for, 3)
        sender.stop()
        await running


@pytest.mark.parametrize("woken", [False, True])
async def test_what_another_node_left_behind_is_sent_when_its_lease_is_over(
    woken: bool, office: PostOffice, sink: Sink
) -> None:
    """Thirty seconds after its last sign of life, though one be woken again and again, as on PostgreSQL each second."""
    office.post(YAMADA)
    with office.database.write() as connection:
        leases.claim(connection, "dead", office.now, 100)
    sender = delivery(office, f"smtp://127.0.0.1:{sink.port}")
    running = asyncio.create_task(sender.run(poll_seconds=0.02))
    waking = asyncio.create_task(wake_always(sender if woken else None))
    async with asyncio.timeout(20):
        await asyncio.sleep(0.1)
        assert sink.received.total() == 0
        office.pass_time(leases.LEASE + timedelta(seconds=1))
        await asyncio.to_thread(sink.wait_for, 3)
        waking.cancel()
        sender.stop()
        await running


async def wake_always(sender: Delivery | None) -> None:
    """Wake a sender before it can have waited for long."""
    while sender is not None:
        sender.wake()
        await asyncio.sleep(0.005)
