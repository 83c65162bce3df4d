"""What a run knows of its copies outlives a database that goes away; what another node has made of them meanwhile stands."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest
from sqlalchemy import Connection, select

from mailbot.core.lists.mailing_list import Copies
from mailbot.core.transfer.delivery import Deferred, Failed, Outcome, Sent
from mailbot.core.transfer.envelope import StorageUnavailable
from mailbot.core.transfer.relay import parse_relay
from mailbot.flows.sending.deliver_outbox import Delivery
from mailbot.store.database import Database
from mailbot.store.sending import bundles, leases
from mailbot.store.tables import delivery, history
from tests.faults.sink import Sink
from tests.flows.post_office import SATO, SECURITY, SUZUKI, YAMADA, PostOffice
from tests.net.test_smtp_client import CLOSE, Said, Server


def sender(office: PostOffice, port: int) -> Delivery:
    """Return what empties the outbox over one connection: each copy's outcome and the next one's mark share a commit."""
    relays = [parse_relay(f"smtp://127.0.0.1:{port}")]
    return Delivery(
        office.database, office.site.key, office.site.domain, relays, 1, "this", lambda: office.now
    )


def rows(office: PostOffice) -> list[tuple[str, str | None, int]]:
    """Return the state of each copy, the server's words and how often it may have gone too many."""
    columns = (delivery.c.state, delivery.c.reply, delivery.c.doubtful)
    with office.database.read() as connection:
        return [tuple(row) for row in connection.execute(select(*columns).order_by(delivery.c.id))]


def cut(monkeypatch: pytest.MonkeyPatch, commit: int, *, carried_out: bool = False) -> None:
    """Let the database go away at this commit of the sender's marks, or before the sender hears that it was carried out."""
    brief, commits = Database.brief, iter(range(1, 100))

    @contextlib.contextmanager
    def cut_off(self: Database) -> Iterator[Connection]:
        gone = next(commits) == commit
        if gone and not carried_out:
            raise StorageUnavailable("the server closed the connection unexpectedly")
        with brief(self) as connection:
            yield connection
        if gone:
            raise StorageUnavailable("the server closed the connection unexpectedly")

    monkeypatch.setattr(Database, "brief", cut_off)


@pytest.mark.parametrize("carried_out", [False, True])
@pytest.mark.parametrize(
    ("copies", "commit"),
    [*(("personal", number) for number in (1, 2, 3, 4)), ("identical", 1), ("identical", 2)],
)
async def test_whenever_the_database_goes_away_each_copy_leaves_once(
    office: PostOffice,
    sink: Sink,
    monkeypatch: pytest.MonkeyPatch,
    copies: Copies,
    commit: int,
    carried_out: bool,
) -> None:
    """What was taken is saved, what was to start has not left, and none is in doubt (I9)."""
    office.apply(replace(SECURITY, copies=copies))
    office.post(YAMADA, Message_ID="<one@test>")
    own = sender(office, sink.port)
    cut(monkeypatch, commit, carried_out=carried_out)
    with pytest.raises(StorageUnavailable):
        await own.deliver()
    await own.take_up()
    await own.deliver()
    assert sink.received == {(member, "<one@test>"): 1 for member in (YAMADA, SUZUKI, SATO)}
    assert rows(office) == [("sent", "250 2.0.0 taken", 0)] * 3


@pytest.mark.parametrize("carried_out", [False, True])
@pytest.mark.parametrize("commit", [1, 2, 3])
async def test_what_the_relay_said_of_a_copy_that_it_did_not_take_is_kept_too(
    office: PostOffice, monkeypatch: pytest.MonkeyPatch, commit: int, carried_out: bool
) -> None:
    """One is refused for good, one is tried again later, one was lost behind its final dot and is in doubt; each counts once."""
    office.post(YAMADA)

    def script(_connection: int, command: str) -> Said:
        if YAMADA in command:
            return b"550 5.1.1 unknown"
        return b"450 4.2.1 later" if SUZUKI in command else CLOSE if command == "." else None

    async with Server(script) as server:
        own = sender(office, server.port)
        cut(monkeypatch, commit, carried_out=carried_out)
        for _ in range(2):
            with contextlib.suppress(StorageUnavailable):
                await own.deliver()
            await own.take_up()
        assert len(server.contents) == 1
    lost = "lost after the final dot: the server closed the connection"
    assert set(rows(office)) == {
        ("failed", "550 5.1.1 unknown", 0),
        ("pending", "450 4.2.1 later", 0),
        ("pending", lost, 1),
    }
    with office.database.read() as connection:
        told = select(history.c.delivery_id).where(history.c.delivery_id.is_not(None))
        assert sorted(connection.execute(told).scalars()) == [1, 2, 3]
        assert set(connection.execute(select(delivery.c.attempts)).scalars()) == {1}


THEIRS = "250 theirs"
OURS = ("sent", "250 2.0.0 taken", 0)
_MEANWHILE: dict[str, tuple[Sequence[str | Outcome], tuple[str, str | None, int]]] = {
    "nothing": ((), OURS),
    "its lease ran out": (("release",), OURS),
    "another node has claimed it": (("release", "claim"), OURS),
    "another node tries again later": (("release", "claim", "start", Deferred("451 busy")), OURS),
    "another node is sending it": (("release", "claim", "start"), ("sending", None, 1)),
    "another node has sent it": (("release", "claim", "start", Sent(THEIRS)), ("sent", THEIRS, 1)),
    "another node heard no": (("release", "claim", "start", Failed("550 no")), ("failed", "550 no", 1)),
}


@pytest.mark.parametrize("copies", ["personal", "identical"])
@pytest.mark.parametrize("meanwhile", _MEANWHILE)
async def test_what_another_node_has_made_of_a_copy_stands(
    office: PostOffice, sink: Sink, monkeypatch: pytest.MonkeyPatch, meanwhile: str, copies: Copies
) -> None:
    """Until it may have sent the copy, ours is the outcome: the other finds that it may not start; after that, its own is (I24)."""
    office.apply(replace(SECURITY, copies=copies))
    office.post(YAMADA)
    own = sender(office, sink.port)
    cut(monkeypatch, 2)
    with pytest.raises(StorageUnavailable):
        await own.deliver()
    acts, expected = _MEANWHILE[meanwhile]
    later = office.now + 2 * leases.LEASE
    with office.database.write() as connection:
        first = 1
        for act in acts:
            if act == "release":
                bundles.release(connection, "other", later)
                leases.release(connection, "other", later)
            elif act == "claim":
                first = leases.claim(connection, "other", later, 1)[0].id
            elif act == "start":
                assert leases.start(connection, "other", [first]) == {first}
            else:
                assert not isinstance(act, str)
                leases.settle(connection, "other", [leases.AttemptOutcome(first, 0, act)], later, 0.0)
    await own.take_up()
    assert rows(office)[0] == expected
    if meanwhile == "another node has claimed it":
        with office.database.write() as connection:
            assert leases.start(connection, "other", [first]) == set()
