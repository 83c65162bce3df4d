"""A list whose posts are the same for all: from its definition to the relay, and what comes back of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, select, update

from mailbot.core.mail.token import bounce_token, mailing_token
from mailbot.core.transfer.envelope import StorageFull
from mailbot.core.transfer.pace import Pace
from mailbot.core.transfer.relay import Relay
from mailbot.flows.sending.deliver_outbox import Delivery
from mailbot.folder.definitions import load_definitions
from mailbot.store.members import bounces, troubles
from mailbot.store.sending import bundles, leases, outbox
from mailbot.store.tables import bundle, delivery, failure, mailing
from tests.flows.post_office import SATO, SECURITY, SUZUKI, TANAKA, YAMADA, PostOffice, dsn
from tests.folder.test_definitions import folder
from tests.net.test_smtp_client import CLOSE, Said, Server, at

IDENTICAL = replace(SECURITY, copies="identical")
DEFINITION = "name: many\ntitle: 大きな会\npreset: open\nmembers: all\ncopies: identical\n"
ALL = ("PIPELINING", "8BITMIME", "SIZE 100000", "DSN")


def sender(office: PostOffice, *relays: Relay, connections: int = 4) -> Delivery:
    """Return what empties the outbox."""
    return Delivery(
        office.database, office.site.key, office.site.domain, relays, connections, "this", lambda: office.now
    )


def states(office: PostOffice) -> dict[str, int]:
    """Return how many copies are in each state."""
    with office.database.read() as connection:
        return outbox.count_by_state(connection)


def doubtful(office: PostOffice) -> int:
    """Return what `queue --json` calls duplicates_possible."""
    with office.database.read() as connection:
        return outbox.count_doubtful(connection)


def large(office: PostOffice, members: int) -> None:
    """Give the list so many members, three of whom are in the register."""
    many = tuple(f"m{n:04}@member.example" for n in range(members - 3))
    office.apply(replace(IDENTICAL, members=replace(SECURITY.members, emails=many)))


async def test_from_the_definition_to_the_relay(office: PostOffice, tmp_path: Path) -> None:
    """One transaction with one content for all; nothing in it says whose it is, and it says how to leave by mail."""
    config = folder(tmp_path, lists_many=DEFINITION)
    office.apply(*load_definitions(config).lists)
    assert office.post(YAMADA, "many@ml.example.jp").reason == "post 1 to 5 members"
    async with Server(offers=ALL) as server:
        assert await sender(office, server.relay).deliver() == 5
    assert states(office) == {"sent": 5}
    (content,) = server.contents
    (commands,) = server.commands
    (copy, *_) = office.copies("post")
    token = mailing_token(office.site.key, mailing_of(office, copy.id))
    assert commands[1].startswith(f"MAIL FROM:<many-bounces+{token}@ml.example.jp> ")
    rcpts = [line for line in commands if line.startswith("RCPT")]
    assert len(rcpts) == 5
    for line in rcpts:
        address = line.partition("<")[2].partition(">")[0]
        assert line == f"RCPT TO:<{address}> NOTIFY=FAILURE,DELAY ORCPT=rfc822;{address}"
    head = content.partition(b"\r\n\r\n")[0].decode("ascii")
    assert "List-Unsubscribe: <mailto:many-leave@ml.example.jp>\r\n" in head
    assert "One-Click" not in head
    assert "X-Mailbot-Delivery" not in head
    assert b"\x00" not in content


def mailing_of(office: PostOffice, copy_id: int) -> int:
    """Return the mailing that a copy is of."""
    with office.database.read() as connection:
        query = delivery.select().where(delivery.c.id == copy_id)
        return int(connection.execute(query).one().mailing_id)


async def test_a_hundred_get_it_in_one_transaction(office: PostOffice) -> None:
    """And each has his own row with the relay's words."""
    large(office, 460)
    office.post(YAMADA)
    async with Server() as server:
        assert await sender(office, server.relay).deliver() == 460
    groups = [
        sum(line.startswith("RCPT") for line in part.split("\n"))
        for commands in server.commands
        for part in "\n".join(commands).split("MAIL")[1:]
    ]
    assert sorted(groups) == [60, 100, 100, 100, 100]
    assert states(office) == {"sent": 460}
    assert {copy.state for copy in office.copies("post")} == {"sent"}
    assert len(set(server.contents)) == 1


async def test_half_as_many_connections_carry_groups(office: PostOffice) -> None:
    """A kill leaves a group in doubt for each, so that there are not more of them than it takes to keep the relay busy."""
    large(office, 800)
    office.post(YAMADA)
    async with Server() as server:
        await sender(office, server.relay, connections=5).deliver()
        assert len(server.commands) == 3
    assert states(office) == {"sent": 800}


async def test_who_is_refused_among_many_has_an_outcome_of_his_own(office: PostOffice) -> None:
    """The others have the mail; he is tried again alone, or never."""
    large(office, 240)
    office.post(YAMADA)
    script = at({"RCPT TO:<m0007@": b"450 4.2.1 later", "RCPT TO:<m0011@": b"550 5.1.1 nobody"})
    async with Server(script) as server:
        await sender(office, server.relay).deliver()
    assert states(office) == {"failed": 1, "pending": 1, "sent": 238}
    office.pass_time(leases.LEASE * 100)
    async with Server() as server:
        assert await sender(office, server.relay).deliver() == 1
        assert sum(line.startswith("RCPT") for line in server.commands[0]) == 1
    assert states(office) == {"failed": 1, "sent": 239}
    assert doubtful(office) == 0


@pytest.mark.parametrize(("said", "doubts"), [(CLOSE, 100), (b"451 4.3.0 not now", 0)])
async def test_a_group_that_is_in_doubt_is_counted_by_its_recipients(
    office: PostOffice, said: Said, doubts: int
) -> None:
    """Each of them may get the mail again, and who may not has it once."""
    large(office, 300)
    office.post(YAMADA)
    answers = iter([None, said])
    async with Server(lambda _connection, command: next(answers, None) if command == "." else None) as server:
        await sender(office, server.relay, connections=1).deliver()
    assert states(office) == {"pending": 100, "sent": 200}
    assert doubtful(office) == doubts
    office.pass_time(leases.LEASE * 100)
    async with Server() as again:
        await sender(office, again.relay).deliver()
    assert states(office) == {"sent": 300}


async def test_killed_in_the_middle_a_group_for_each_connection_is_in_doubt(office: PostOffice) -> None:
    """What was marked and not settled goes again after the restart, counted; nothing else goes twice, nobody is left out."""
    large(office, 400)
    office.post(YAMADA)
    with office.database.write() as connection:  # as a kill leaves it: two groups written, the rest claimed
        taken = bundles.claim(connection, "this", office.now, office.now + leases.LEASE, 8)
        assert all(bundles.start(connection, "this", one.id) for one in taken[:2])
    async with Server() as server:
        restarted = sender(office, server.relay)
        with office.database.write() as connection:
            bundles.release(connection, "this", office.now, everything=True)
        assert await restarted.deliver() == 400
    assert states(office) == {"sent": 400}
    assert doubtful(office) == 200


async def test_a_group_whose_lease_is_lost_stays_with_its_new_holder(office: PostOffice) -> None:
    """Also where it is only a part of it (promises.md I24): the rest of the group leaves without that part, in no doubt."""
    large(office, 120)
    office.post(YAMADA)
    with office.database.write() as connection:
        bundles.open_all(connection)
    start = leases.start
    moved: list[int] = []

    def taken(connection: Connection, owner: str, ids: Sequence[int]) -> set[int]:
        if ids and len(moved) < 2:  # one of each group; what goes back is claimed again in the same run
            moved.append(ids[3])
            connection.execute(update(delivery).where(delivery.c.id == ids[3]).values(lease_owner="other"))
            assert not server.contents
        return start(connection, owner, ids)

    async with Server() as server:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(leases, "start", taken)
            await sender(office, server.relay, connections=1).deliver()
        await sender(office, server.relay).deliver()
    assert len(server.contents) == 2
    assert states(office) == {"sending": 2, "sent": 118}
    assert doubtful(office) == 0


async def test_a_bundle_whose_lease_is_lost_stays_with_its_new_holder(office: PostOffice) -> None:
    """Nothing of it leaves, and what we say of it counts for nothing (promises.md I24)."""
    large(office, 300)
    office.post(YAMADA)
    start = bundles.start

    async with Server() as server:
        with pytest.MonkeyPatch.context() as patched:

            def taken(connection: Connection, owner: str, bundle_id: int) -> bool:
                connection.execute(update(bundle).where(bundle.c.id == 2).values(lease_owner="other"))
                return start(connection, owner, bundle_id)

            patched.setattr(bundles, "start", taken)
            await sender(office, server.relay, connections=1).deliver()
        await sender(office, server.relay).deliver()
    assert len(server.contents) == 2
    assert states(office) == {"sending": 100, "sent": 200}
    assert doubtful(office) == 0


@pytest.mark.parametrize("when", ["before its mark", "before its outcome"])
async def test_a_bundle_that_is_opened_on_its_way_leaves_as_rows(office: PostOffice, when: str) -> None:
    """An erasure, or a bounce that is faster than our note, makes rows of it: each recipient gets it once all the same."""
    large(office, 180)
    office.post(YAMADA)
    patched_one = "start" if when == "before its mark" else "settle_sent"
    real = getattr(bundles, patched_one)

    def opened(connection: Connection, *arguments: object) -> bool:
        bundles.open_all(connection)
        return bool(real(connection, *arguments))

    async with Server() as server:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(bundles, patched_one, opened)
            assert await sender(office, server.relay).deliver() >= 180
        await sender(office, server.relay).deliver()
    assert rcpts(server) == Counter(dict.fromkeys(rcpts(server), 1))
    assert states(office) == {"sent": 180}
    assert doubtful(office) == 0


def rcpts(*servers: Server) -> Counter[str]:
    """Return who was named how often."""
    return Counter(
        line for server in servers for commands in server.commands for line in commands if line[:4] == "RCPT"
    )


async def test_a_relay_that_takes_fewer_at_once_gets_them_in_several(office: PostOffice) -> None:
    """The rest of a bundle goes in the next transaction, each recipient once."""
    large(office, 130)
    office.post(YAMADA)
    room: list[str] = []

    def crowded(_connection: int, command: str) -> Said:
        if command[:4] == "MAIL":
            room.clear()
        if command[:4] == "RCPT":
            room.append(command)
            return b"452 4.5.3 too many recipients" if len(room) > 20 else None
        return None

    async with Server(crowded) as server:
        await sender(office, server.relay, connections=1).deliver()
    assert states(office) == {"sent": 130}
    assert doubtful(office) == 0
    assert len(server.contents) == 7  # five times 20; 20, 10


@pytest.mark.parametrize("where", ["MAIL", "RCPT TO:<m0060@", "DATA"])
async def test_a_relay_that_goes_away_in_the_middle_leaves_nobody_in_doubt(
    office: PostOffice, where: str
) -> None:
    """421 before the content: the next relay gets the bundle."""
    large(office, 400)
    office.post(YAMADA)
    seen: list[str] = []

    def leaving(_connection: int, command: str) -> Said:
        seen.append(command)
        late = sum(one == "." for one in seen) >= 1
        return b"421 4.3.2 bye" if late and command.startswith(where) else None

    async with Server(leaving) as first, Server() as second:
        await sender(office, first.relay, second.relay, connections=2).deliver()
        office.pass_time(leases.LEASE * 100)
        await sender(office, second.relay).deliver()
    assert states(office) == {"sent": 400}
    assert doubtful(office) == 0
    assert len(first.contents) + len(second.contents) >= 4


async def test_a_maildir_keeps_a_file_for_each(office: PostOffice, tmp_path: Path) -> None:
    """With a reply of its own, so that each has his row before it is settled."""
    large(office, 240)
    office.post(YAMADA)
    await sender(office, Relay("maildir", path=tmp_path / "kept")).deliver()
    assert states(office) == {"sent": 240}
    assert len(list((tmp_path / "kept" / "new").iterdir())) == 240
    assert len({copy.id for copy in office.copies("post")}) == 240


async def test_a_limited_pace_takes_them_one_by_one(office: PostOffice) -> None:
    """Each waits for his own turn."""
    large(office, 130)
    office.post(YAMADA)
    paced = replace(sender(office), pace=Pace(all=60))
    async with Server() as server:
        paced.relays = [server.relay]
        for _ in range(40):
            await paced.deliver()
            office.pass_time(timedelta(seconds=30))
    assert states(office) == {"sent": 130}
    assert max(rcpts(server).values()) == 1


async def test_what_cannot_leave_waits_and_the_others_go_on(office: PostOffice) -> None:
    """A mailing that is spoilt is tried again later, recipient by recipient."""
    large(office, 240)
    office.post(YAMADA)
    with office.database.write() as connection:
        (good,) = connection.execute(select(mailing.c.cooked).where(mailing.c.identical)).scalars()
        connection.execute(update(mailing).values(cooked=b"no end"))
    async with Server() as server:
        await sender(office, server.relay).deliver()
        assert states(office) == {"pending": 240}
        with office.database.write() as connection:
            connection.execute(update(mailing).values(cooked=good))
        office.pass_time(leases.LEASE * 100)
        await sender(office, server.relay).deliver()
    assert states(office) == {"sent": 240}


async def test_while_nothing_can_be_noted_nothing_leaves(office: PostOffice) -> None:
    """The run ends, what it had not begun goes back whole (promises.md R9)."""
    large(office, 400)
    office.post(YAMADA)

    def full(*_: object) -> bool:
        raise StorageFull("disk full")

    async with Server() as server:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(bundles, "start", full)
            with pytest.raises(StorageFull):
                await sender(office, server.relay).deliver()
        assert not server.contents
        assert states(office) == {"pending": 400}
        assert await sender(office, server.relay).deliver() == 400
    assert states(office) == {"sent": 400}
    assert doubtful(office) == 0


def test_a_bounce_says_itself_whose_copy_it_is_about(office: PostOffice) -> None:
    """It counts for one to whom that mailing went, whatever the case in which it names him, and for nobody else."""
    to = sent(office)
    entry = office.hand_in(dsn_for("YAMADA@city.nagano.lg.jp", "stranger@example.jp"), to, mail_from="")
    assert entry.state == "bounced"
    assert entry.reason == "permanent failure 5.1.1 of the copy for YAMADA@city.nagano.lg.jp"
    assert failed(office) == {YAMADA}
    again = office.hand_in(dsn_for(YAMADA, number=2), to, mail_from="")
    assert (again.state, again.reason) == (
        "discarded",
        "of identical copies 1 arrived, or are known to have failed",
    )


def test_one_report_may_name_several(office: PostOffice) -> None:
    """A relay tells of a whole transaction at once."""
    entry = office.hand_in(dsn_for(YAMADA, SATO), sent(office), mail_from="")
    assert failed(office) == {YAMADA, SATO}
    assert entry.reason.count("permanent failure 5.1.1") == 2


@pytest.mark.parametrize("spoil", ["token", "none", "copy", "nobody", "other"])
def test_what_is_forged_or_names_nobody_counts_for_nothing(office: PostOffice, spoil: str) -> None:
    """Without the mailing's token, or with that of another purpose, or for whom it did not go to (promises.md I15)."""
    to = sent(office)
    whom = [YAMADA]
    match spoil:
        case "token":
            local, _, domain = to.partition("@")
            to = f"{local[:-1]}{'z' if local[-1] != 'z' else 'y'}@{domain}"
        case "none":
            to = "security-bounces@ml.example.jp"
        case "copy":  # the number of the mailing, in a token for a copy
            (copy, *_) = office.all_copies()
            to = f"security-bounces+{bounce_token(b'x' * 32, mailing_of(office, copy.id))}@ml.example.jp"
        case "nobody":
            whom = ["stranger@example.jp"]
        case _:  # who has had another mailing
            whom = [TANAKA]
            assert office.post(YAMADA, "kaigi@ml.example.jp", Message_ID="<other@test>").state == "posted"
            leave(office)
    assert office.hand_in(dsn_for(*whom), to, mail_from="").state == "discarded"
    assert failed(office) == set()


def test_a_member_who_forges_bounces_of_others_stops_nobodys_mail(office: PostOffice) -> None:
    """All recipients see the token. At the most his victim is asked, at a return path that nobody else knows; the list goes on."""
    for number in range(4):
        to = sent(office, number)
        office.hand_in(dsn_for(SUZUKI, number=number), to, mail_from="")
        office.pass_time(leases.LEASE * 4000)  # more than a day
    with office.database.read() as connection:
        found = troubles.load(connection, SUZUKI)
    assert found is not None
    assert found.state != "suspended"
    office.post(YAMADA, Message_ID="<after@test>")
    assert SUZUKI in {copy.to for copy in office.copies("post")}


def test_forged_bounces_break_no_mailing_off(office: PostOffice) -> None:
    """However many of its recipients one report names, the rest of the mailing leaves."""
    large(office, 103)
    office.post(YAMADA)
    made = office.copies("post")
    with office.database.write() as connection:
        first = [copy.id for copy in made[:60]]
        connection.execute(update(delivery).where(delivery.c.id.in_(first)).values(state="sent"))
    to = f"security-bounces+{mailing_token(office.site.key, mailing_of(office, made[0].id))}@ml.example.jp"
    office.hand_in(dsn_for(*(copy.to for copy in made[:60])), to, mail_from="")
    with office.database.read() as connection:
        assert bounces.returned(connection, made[0].id).failed == 0
    assert states(office) == {"pending": 43, "sent": 60}


def test_a_vacation_note_is_no_bounce(office: PostOffice) -> None:
    """It is sent to the return path (RFC 3834)."""
    note = office.mail(YAMADA, "x", "不在です。", "自動応答", Auto_Submitted="auto-replied")
    assert office.hand_in(note, sent(office), mail_from="").state == "discarded"
    assert failed(office) == set()


def test_who_leaves_by_the_list_s_address_is_asked_back(office: PostOffice) -> None:
    """Nothing in the copy says whose it is, so that a From alone takes nobody off (promises.md I28)."""
    sent(office)
    office.post(SUZUKI, "security-leave@ml.example.jp", Message_ID="<leave@test>")
    asked = office.copies()
    assert [copy.to for copy in asked] == [SUZUKI]
    office.post(YAMADA, Message_ID="<after@test>")
    assert SUZUKI in {copy.to for copy in office.copies("post")}


def sent(office: PostOffice, number: int = 0) -> str:
    """Post to the list, as if it had left; returns its return path."""
    office.apply(IDENTICAL)
    office.post(YAMADA, Message_ID=f"<{number}@test>")
    (copy, *_) = office.copies("post")
    leave(office)
    return (
        f"{copy.mail_from}+{mailing_token(office.site.key, mailing_of(office, copy.id))}@{office.site.domain}"
    )


def leave(office: PostOffice) -> None:
    """Say of all copies that they have left."""
    with office.database.write() as connection:
        connection.execute(update(delivery).values(state="sent"))


def dsn_for(*addresses: str, number: int = 0) -> bytes:
    """Return a report that names these."""
    one = b"Final-Recipient: rfc822; yamada@city.nagano.lg.jp\r\nAction: failed\r\nStatus: 5.1.1\r\n"
    groups = b"\r\n".join(
        b"Final-Recipient: rfc822; elsewhere@example.org\r\n"
        + f"Original-Recipient: rfc822; {address}\r\n".encode()
        + b"Action: failed\r\nStatus: 5.1.1\r\n"
        for address in addresses
    )
    return dsn().replace(one, groups).replace(b"<dsn5", b"<dsn%d-5" % number)


def failed(office: PostOffice) -> set[str]:
    """Return for whom a copy is known to have failed."""
    with office.database.read() as connection:
        return {row.email_key for row in connection.execute(failure.select())}
