"""The watch on a mailbox, against a real Dovecot that is also killed."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import itertools
import ssl
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from mailbot.core.transfer.envelope import Envelope, StorageUnavailable
from mailbot.net.imap_client import ImapAccount, WatchPace, problem_of, watch
from mailbot.net.imap_connection import Folder, ImapConnection, Refused, mailbox_name
from tests.net.dovecot import PASSWORD, UNAVAILABLE, Dovecot, dovecot

real_server = [pytest.mark.dovecot, pytest.mark.skipif(bool(UNAVAILABLE), reason=UNAVAILABLE or "-")]

QUICK = WatchPace(
    silence=5,
    first_retry=0.1,
    longest_retry=0.5,
    refused_retry=0.2,
    first_mail_retry=0.1,
    longest_mail_retry=0.5,
)
_MAX_SIZE = 52_428_800
_USERS = itertools.count(1)


@pytest.fixture(scope="session")
def server() -> Iterator[Dovecot]:
    if UNAVAILABLE:
        pytest.skip(UNAVAILABLE)
    with dovecot() as running:
        yield running


@pytest.fixture
def account(server: Dovecot) -> ImapAccount:
    """A new user's account, watched over TLS as the default is."""
    return ImapAccount(
        "localhost", f"ml{next(_USERS)}", PASSWORD, port=server.tls_port, ca_file=str(server.ca_file)
    )


@pytest.fixture(autouse=True)
async def _no_task_is_left() -> AsyncIterator[None]:
    """Whatever a watch started is gone when it has ended, however it ended."""
    before = asyncio.all_tasks()
    yield
    mine = asyncio.current_task()
    assert {task for task in asyncio.all_tasks() if task is not mine} <= before


@dataclass
class Inbox:
    """What the service's store does: takes each mail once, by its content."""

    mails: dict[str, tuple[bytes, Envelope]] = field(default_factory=dict)
    peers: list[str] = field(default_factory=list)  # of every call, in order
    before: Callable[[bytes], object] = lambda _: None  # may raise, or return an awaitable

    async def receive(self, raw: bytes, envelope: Envelope) -> None:
        self.peers.append(envelope.peer)
        wait = self.before(raw)
        if asyncio.isfuture(wait) or asyncio.iscoroutine(wait):
            await wait
        self.mails.setdefault(hashlib.sha256(raw).hexdigest(), (raw, envelope))

    @property
    def raws(self) -> list[bytes]:
        return [raw for raw, _ in self.mails.values()]


async def _knows(address: str, _sender: str) -> bool:
    return address.endswith("@ml.example.jp")


async def _watch(
    account: ImapAccount,
    inbox: Inbox,
    stop: asyncio.Event,
    *,
    pace: WatchPace = QUICK,
    max_size: int = _MAX_SIZE,
) -> None:
    await watch(
        account,
        receive=inbox.receive,
        knows=_knows,
        stop=stop,
        max_size=max_size,
        domains={"ml.example.jp"},
        pace=pace,
    )


@asynccontextmanager
async def _watching(
    account: ImapAccount, inbox: Inbox, *, pace: WatchPace = QUICK, max_size: int = _MAX_SIZE
) -> AsyncIterator[None]:
    """Watch within the block; leaving it stops the watch, which must end within two seconds."""
    stop = asyncio.Event()
    watching = asyncio.create_task(_watch(account, inbox, stop, pace=pace, max_size=max_size))
    try:
        yield
    finally:
        stop.set()
        async with asyncio.timeout(2):
            await watching


async def _until(condition: Callable[[], bool], seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  what is waited for lies in another process
            await asyncio.sleep(0.02)


def _mail(number: int, *, size: int = 0) -> bytes:
    head = f"From: m{number}@city.example.jp\r\nTo: ant@ml.example.jp\r\nSubject: {number}\r\n\r\n".encode()
    line = b"0123456789abcdef" * 4 + b"\r\n"
    return head + b"%d\r\n" % number + line * (size // len(line))


class TestTaking:
    """Which mails are taken, and how they are marked."""

    pytestmark = real_server

    async def test_mail_is_pushed_within_two_seconds(self, server: Dovecot, account: ImapAccount) -> None:
        """IDLE brings a mail as soon as it lies in the mailbox, also after the first."""
        inbox = Inbox()
        async with _watching(account, inbox):
            for number in range(4):
                server.deliver(account.user, _mail(number))
                await _until(lambda number=number: len(inbox.mails) == number + 1, 10 if not number else 2)  # type: ignore[misc]
        assert inbox.raws == [_mail(number) for number in range(4)]

    async def test_the_envelope_comes_from_the_headers_and_names_the_place(
        self, server: Dovecot, account: ImapAccount
    ) -> None:
        """Recipients are ours, the peer is account, folder, UIDVALIDITY and UID; without a recipient it is the account."""
        inbox = Inbox()
        server.deliver(account.user, b"Return-Path: <a@x.jp>\r\nTo: x@y.jp, ant@ml.example.jp\r\n\r\n.\r\n")
        async with _watching(account, inbox):
            await _until(lambda: len(inbox.mails) == 1)
            server.deliver(account.user, b"Subject: to nobody\r\n\r\n")
            await _until(lambda: len(inbox.mails) == 2)
        uidvalidity = _uidvalidity(server, account.user)
        place = f"imap:{account.user}@localhost/INBOX/{uidvalidity}"
        assert [envelope for _, envelope in inbox.mails.values()] == [
            Envelope("a@x.jp", ("ant@ml.example.jp",), f"{place}/1", "imap"),
            Envelope("unclear", (f"{account.user}@localhost",), f"{place}/2", "imap"),
        ]

    async def test_a_mail_that_somebody_else_deletes_first_is_no_fault(
        self, server: Dovecot, account: ImapAccount, caplog: pytest.LogCaptureFixture
    ) -> None:
        """It was found and is gone when it is fetched: the log says so once, and the next one is taken."""
        caplog.set_level("INFO", "mailbot")
        size = 5_000_000  # so that each is fetched by itself
        for number in range(3):
            server.deliver(account.user, _mail(number, size=size))

        def delete_the_second(raw: bytes) -> None:
            if raw == _mail(0, size=size):
                with server.client(account.user) as person:
                    person.select("INBOX")
                    person.uid("STORE", "2", "+FLAGS", r"(\Deleted)")
                    person.expunge()

        inbox = Inbox(before=delete_the_second)
        async with _watching(account, inbox):
            await _until(lambda: len(inbox.mails) == 2)
        assert inbox.raws == [_mail(0, size=size), _mail(2, size=size)]
        assert caplog.text.count("imap.gone") == 1
        assert "ERROR" not in caplog.text

    async def test_three_hundred_mails_are_taken_in_order_and_once(
        self, server: Dovecot, account: ImapAccount
    ) -> None:
        """A full mailbox is emptied in the order of UIDs, each mail handed on once and marked."""
        for number in range(300):
            server.deliver(account.user, _mail(number))
        inbox = Inbox()
        async with _watching(account, inbox):
            await _until(lambda: len(inbox.mails) == 300)
        uids = [int(peer.rpartition("/")[2]) for peer in inbox.peers]
        assert uids == list(range(1, 301))
        assert set(server.flags(account.user).values()) == {"$Mailbot"}

    async def test_twenty_megabytes_arrive_unchanged(self, server: Dovecot, account: ImapAccount) -> None:
        """A large mail is the same to the last byte, of type bytes."""
        raw = _mail(1, size=20_000_000)
        server.deliver(account.user, raw)
        inbox = Inbox()
        async with _watching(account, inbox):
            await _until(lambda: len(inbox.mails) == 1)
        assert type(inbox.raws[0]) is bytes
        assert inbox.raws[0] == raw

    async def test_a_mail_that_a_person_has_read_is_taken_and_none_looks_read_by_us(
        self, server: Dovecot, account: ImapAccount
    ) -> None:
        r"""Our mark is neither set by reading nor does taking a mail set \Seen."""
        server.deliver(account.user, _mail(1))
        server.deliver(account.user, _mail(2))
        with server.client(account.user) as person:
            person.select("INBOX")
            person.store("1", "+FLAGS", r"\Seen \Flagged")
        inbox = Inbox()
        async with _watching(account, inbox):
            await _until(lambda: len(inbox.mails) == 2)
        flags = server.flags(account.user)
        assert set(flags[1].split()) == {r"\Seen", r"\Flagged", "$Mailbot"}
        assert flags[2] == "$Mailbot"

    async def test_a_server_that_takes_no_new_keywords_gets_a_star(
        self, server: Dovecot, account: ImapAccount, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        r"""Then \Flagged is the mark, and \Seen still is not."""
        select = ImapConnection.select

        async def poorer(self: ImapConnection, folder: str) -> Folder:
            known = await select(self, folder)
            return dataclasses.replace(known, permanent_flags=frozenset({r"\Seen", r"\Flagged"}))

        monkeypatch.setattr(ImapConnection, "select", poorer)
        server.deliver(account.user, _mail(1))
        inbox = Inbox()
        async with _watching(account, inbox):
            await _until(lambda: len(inbox.mails) == 1)
            server.deliver(account.user, _mail(2))
            await _until(lambda: len(inbox.mails) == 2)
        assert server.flags(account.user) == {1: r"\Flagged", 2: r"\Flagged"}
        assert len(inbox.peers) == 2

    async def test_a_mail_over_the_limit_stays_starred_and_is_reported_once(
        self, server: Dovecot, account: ImapAccount, caplog: pytest.LogCaptureFixture
    ) -> None:
        """It is not fetched, not lost and not looked at again; the mails behind it are taken."""
        caplog.set_level("INFO", "mailbot")
        server.deliver(account.user, _mail(1, size=300_000))
        server.deliver(account.user, _mail(2))
        inbox = Inbox()
        async with _watching(account, inbox, max_size=200_000):
            await _until(lambda: len(inbox.mails) == 1)
            server.deliver(account.user, _mail(3))
            await _until(lambda: len(inbox.mails) == 2)
        assert inbox.raws == [_mail(2), _mail(3)]
        assert set(server.flags(account.user)[1].split()) == {r"\Flagged", "$Mailbot"}
        assert sum("imap.too_large" in record.message for record in caplog.records) == 1

    async def test_a_japanese_folder_is_watched(self, server: Dovecot, account: ImapAccount) -> None:
        """Folder names are given in plain Unicode, with blanks, quotes and ampersands."""
        folder = '調査 "回答" & 申込'
        with server.client(account.user) as person:
            assert person.create(mailbox_name(folder))[0] == "OK"
            assert person.append(mailbox_name(folder), "", "", _mail(1))[0] == "OK"
        inbox = Inbox()
        async with _watching(dataclasses.replace(account, folder=folder), inbox):
            await _until(lambda: len(inbox.mails) == 1)

    @pytest.mark.parametrize("movable", [True, False])
    async def test_a_taken_mail_is_moved_where_the_account_says(
        self, server: Dovecot, account: ImapAccount, movable: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The folder for processed mail is made when missing; a server without MOVE copies and deletes."""
        if not movable:
            can = ImapConnection.can
            monkeypatch.setattr(ImapConnection, "can", lambda self, what: what != "MOVE" and can(self, what))
        server.deliver(account.user, _mail(1))
        inbox = Inbox()
        moving = dataclasses.replace(account, after="move", processed_folder="受付済")
        async with _watching(moving, inbox):
            await _until(lambda: len(inbox.mails) == 1)
            server.deliver(account.user, _mail(2))
            await _until(lambda: len(inbox.mails) == 2)
        assert server.flags(account.user) == {}
        assert list(server.flags(account.user, mailbox_name("受付済")).values()) == ["$Mailbot"] * 2

    async def test_a_taken_mail_is_deleted_where_the_account_says(
        self, server: Dovecot, account: ImapAccount
    ) -> None:
        """Only our own mail is expunged: what a person marked as deleted stays until he expunges it."""
        server.deliver(account.user, _mail(1))
        with server.client(account.user) as person:
            person.select("INBOX")
            person.store("1", "+FLAGS", r"\Deleted $Mailbot")
        server.deliver(account.user, _mail(2))
        inbox = Inbox()
        async with _watching(dataclasses.replace(account, after="delete"), inbox):
            await _until(lambda: len(inbox.mails) == 1)
        assert inbox.raws == [_mail(2)]
        assert list(server.flags(account.user)) == [1]

    async def test_two_accounts_are_watched_side_by_side(self, server: Dovecot, account: ImapAccount) -> None:
        """One that cannot log in does not disturb the other."""
        good, bad = Inbox(), Inbox()
        locked_out = dataclasses.replace(account, user="elsewhere", password="wrong")
        other = dataclasses.replace(account, user=f"ml{next(_USERS)}")
        second = Inbox()
        async with _watching(locked_out, bad), _watching(account, good), _watching(other, second):
            for number in range(20):
                server.deliver(account.user, _mail(number))
                server.deliver(other.user, _mail(100 + number))
            await _until(lambda: len(good.mails) == 20 and len(second.mails) == 20)
        assert bad.mails == {}
        assert set(good.mails).isdisjoint(second.mails)

    async def test_the_flags_of_three_thousand_mails_do_not_hang(
        self, server: Dovecot, account: ImapAccount
    ) -> None:
        """The library's recursion over untagged lines is fenced: 3,000 lines in one answer are read."""
        for number in range(3_000):
            server.deliver(account.user, _mail(number))
        tls = ssl.create_default_context(cafile=account.ca_file)
        connection = await ImapConnection.open("localhost", server.tls_port, tls, silence=10)
        async with asyncio.timeout(30):
            await connection.login(account.user, PASSWORD)
            await connection.select("INBOX")
            answer = await connection._protocol.uid("FETCH", "1:*", "(FLAGS)")
            await connection.logout()
        assert sum(b"FETCH (UID" in line for line in answer.lines) == 3_000


class TestDurability:
    """A mail is marked after it is stored and not before; what fails is taken later."""

    pytestmark = real_server

    async def test_no_mark_before_the_store_has_it(self, server: Dovecot, account: ImapAccount) -> None:
        """While receive() works the mail stands unmarked on the server."""
        release = asyncio.get_running_loop().create_future()
        inbox = Inbox(before=lambda _: release)
        server.deliver(account.user, _mail(1))
        async with _watching(account, inbox):
            await _until(lambda: len(inbox.peers) == 1)
            assert await asyncio.to_thread(server.flags, account.user) == {1: ""}
            release.set_result(None)
            await _until(lambda: server.flags(account.user) == {1: "$Mailbot"})

    async def test_mails_share_a_commit_and_each_is_marked_for_itself(
        self, server: Dovecot, account: ImapAccount
    ) -> None:
        """Of those that are handed on at one time the stored ones are marked, the others not, and taken later."""
        together: list[int] = []
        failing = [True]

        async def before(raw: bytes) -> None:
            together.append(1)
            await asyncio.sleep(0.05)
            together.append(-1)
            if failing[0] and raw in {_mail(3), _mail(17)}:
                raise LookupError("unreadable")

        inbox = Inbox(before=before)
        for number in range(1, 31):
            server.deliver(account.user, _mail(number))
        expected = dict.fromkeys(range(1, 31), "$Mailbot") | {3: "", 17: ""}
        async with _watching(account, inbox, pace=dataclasses.replace(QUICK, first_mail_retry=5)):
            await _until(lambda: server.flags(account.user) == expected)
            assert max(itertools.accumulate(together)) == 20
            failing[0] = False
        assert len(inbox.mails) == 28

    async def test_a_crash_before_the_mark_brings_the_mail_again_with_the_same_key(
        self, server: Dovecot, account: ImapAccount
    ) -> None:
        """A watch that dies within receive() leaves the mail; the next one hands it on under the same peer."""
        never = asyncio.get_running_loop().create_future()
        inbox = Inbox(before=lambda _: never)
        server.deliver(account.user, _mail(1))
        stop = asyncio.Event()
        dying = asyncio.create_task(_watch(account, inbox, stop))
        await _until(lambda: len(inbox.peers) == 1)
        dying.cancel()
        with pytest.raises(asyncio.CancelledError):
            await dying
        assert server.flags(account.user) == {1: ""}
        inbox.before = lambda _: None
        async with _watching(account, inbox):
            await _until(lambda: len(inbox.mails) == 1)
        assert len(inbox.peers) == 2
        assert len(set(inbox.peers)) == 1

    async def test_a_mail_that_fails_again_and_again_does_not_block_the_others(
        self, server: Dovecot, account: ImapAccount, caplog: pytest.LogCaptureFixture
    ) -> None:
        """It is passed over, tried again with growing delay, and marked when it is stored at last."""
        caplog.set_level("INFO", "mailbot")
        failures = itertools.count(1)

        def refuse_first(raw: bytes) -> None:
            if raw == _mail(1) and next(failures) <= 4:
                raise LookupError("unreadable")

        inbox = Inbox(before=refuse_first)
        for number in range(1, 6):
            server.deliver(account.user, _mail(number))
        async with _watching(account, inbox):
            await _until(lambda: len(inbox.mails) == 4)
            assert await asyncio.to_thread(server.flags, account.user) | {1: ""} == dict.fromkeys(
                range(1, 6), "$Mailbot"
            ) | {1: ""}
            await _until(lambda: len(inbox.mails) == 5)
        assert inbox.raws[-1] == _mail(1)
        assert server.flags(account.user)[1] == "$Mailbot"
        waits = [r.message for r in caplog.records if r.message.startswith("imap.not_received")]
        assert [wait.rpartition("retry_s=")[2] for wait in waits] == ["0.1", "0.2", "0.4", "0.5"]

    async def test_a_mark_that_the_server_refuses_holds_up_nobody(
        self, server: Dovecot, account: ImapAccount, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The mail is stored and comes again later with the same content; the others go on."""
        add_flags, refusals = ImapConnection.add_flags, itertools.count(1)

        async def refuse_thrice(self: ImapConnection, uids: Sequence[int], *flags: str) -> None:
            if 1 in uids and next(refusals) <= 3:  # with the other, by itself, and once again
                raise Refused("[OVERQUOTA] no room for flags")
            await add_flags(self, uids, *flags)

        monkeypatch.setattr(ImapConnection, "add_flags", refuse_thrice)
        inbox = Inbox()
        for number in (1, 2):
            server.deliver(account.user, _mail(number))
        async with _watching(account, inbox):
            await _until(lambda: len(inbox.peers) == 4)
            await _until(lambda: server.flags(account.user) == {1: "$Mailbot", 2: "$Mailbot"})
        assert inbox.raws == [_mail(1), _mail(2)]
        assert [peer.rpartition("/")[2] for peer in inbox.peers] == ["1", "2", "1", "1"]

    async def test_a_store_that_is_away_is_waited_for(self, server: Dovecot, account: ImapAccount) -> None:
        """Nothing is marked and no further mail is fetched meanwhile; afterwards each is taken once."""
        away, tries = [True], 3

        def before(_: bytes) -> None:
            if away[0]:
                raise StorageUnavailable("the database does not answer")

        inbox = Inbox(before=before)
        for number in range(30):
            server.deliver(account.user, _mail(number))
        async with _watching(account, inbox):
            await _until(lambda: len(inbox.peers) == tries * 20)
            assert len(set(inbox.peers)) == 20
            assert set((await asyncio.to_thread(server.flags, account.user)).values()) == {""}
            away[0] = False
            await _until(lambda: len(inbox.mails) == 30)
        assert set(server.flags(account.user).values()) == {"$Mailbot"}

    @pytest.mark.parametrize(("at", "in_doubt"), [(1, 8), (7, 8), (12, 4)])
    async def test_a_server_killed_while_mails_are_fetched_loses_and_repeats_nothing(
        self, server: Dovecot, account: ImapAccount, at: int, in_doubt: int
    ) -> None:
        """The watch connects again and goes on behind what it has; the content tells those in doubt, which are few."""
        for number in range(12):
            server.deliver(account.user, _mail(number, size=500_000))
        inbox = Inbox()
        killed = asyncio.Event()

        def kill(_: bytes) -> None:
            if len(inbox.peers) == at:
                server.kill()
                killed.set()

        inbox.before = kill
        try:
            async with _watching(account, inbox):
                await _until(killed.is_set)
                await asyncio.to_thread(server.start)
                await _until(lambda: len(inbox.mails) == 12)
                await _until(lambda: set(server.flags(account.user).values()) == {"$Mailbot"})
        finally:
            if server._process is None:
                server.start()
        assert inbox.raws == [_mail(number, size=500_000) for number in range(12)]
        assert len(inbox.peers) == 12 + in_doubt  # eight of half a megabyte are taken together

    async def test_a_server_killed_in_idle_is_found_again(
        self, server: Dovecot, account: ImapAccount
    ) -> None:
        """Mail that comes while the line is down is taken when it is up, and nothing twice."""
        server.deliver(account.user, _mail(1))
        inbox = Inbox()
        async with _watching(account, inbox):
            await _until(lambda: len(inbox.mails) == 1)
            for number in (2, 3):
                # Killed before the flag is set, the mail would be handed in again: that is another test.
                await _until(lambda: set(server.flags(account.user).values()) == {"$Mailbot"})
                await asyncio.to_thread(server.kill)
                server.deliver(account.user, _mail(number))
                await asyncio.sleep(0.3)
                await asyncio.to_thread(server.start)
                await _until(lambda number=number: len(inbox.mails) == number)  # type: ignore[misc]
            server.deliver(account.user, _mail(4))
            await _until(lambda: len(inbox.mails) == 4)
        assert len(inbox.peers) == 4

    async def test_a_new_uidvalidity_neither_loses_nor_repeats(
        self, server: Dovecot, account: ImapAccount
    ) -> None:
        """In a folder made anew old mails come again under another key, and the content tells; new ones are taken."""
        with server.client(account.user) as person:
            person.create("votes")
            for number in (1, 2):
                person.append("votes", "", "", _mail(number))
        inbox = Inbox()
        watched = dataclasses.replace(account, folder="votes")
        async with _watching(watched, inbox, pace=dataclasses.replace(QUICK, idle=0.5)):
            await _until(lambda: len(inbox.mails) == 2)
            with server.client(account.user) as person:
                person.delete("votes")
                person.create("votes")
                for number in (1, 2, 3):
                    person.append("votes", "", "", _mail(number))
            await _until(lambda: len(inbox.mails) == 3)
        assert inbox.raws == [_mail(1), _mail(2), _mail(3)]
        assert len({peer.split("/")[2] for peer in inbox.peers}) == 2
        assert set(server.flags(account.user, "votes").values()) == {"$Mailbot"}


class TestTrouble:
    """What goes wrong between us and the server is said in the log and tried again."""

    pytestmark = real_server

    async def test_a_refused_login_is_said_clearly_and_tried_again(
        self, server: Dovecot, account: ImapAccount, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The password is never in the log, nor anything of it in the account's repr."""
        caplog.set_level("DEBUG")
        wrong = dataclasses.replace(account, password='se"cret')
        async with _watching(wrong, Inbox()):
            await _until(lambda: sum("the login was refused" in r.message for r in caplog.records) >= 2)
        assert any(f"account={account.user}@localhost" in r.message for r in caplog.records)
        assert "cret" not in caplog.text
        assert "cret" not in repr(wrong)

    async def test_a_missing_folder_is_said_clearly(
        self, server: Dovecot, account: ImapAccount, caplog: pytest.LogCaptureFixture
    ) -> None:
        """It is taken up as soon as somebody has made it."""
        caplog.set_level("INFO", "mailbot")
        inbox = Inbox()
        async with _watching(dataclasses.replace(account, folder="late"), inbox):
            await _until(lambda: "the folder late cannot be opened" in caplog.text)
            assert "make it at the server, or mend `folder`" in caplog.text
            with server.client(account.user) as person:
                person.create("late")
                person.append("late", "", "", _mail(1))
            await _until(lambda: len(inbox.mails) == 1)

    async def test_a_certificate_that_nobody_vouches_for_is_refused(
        self, account: ImapAccount, caplog: pytest.LogCaptureFixture
    ) -> None:
        """TLS is verified: no login is sent to a server that cannot prove its name."""
        caplog.set_level("INFO", "mailbot")
        async with _watching(dataclasses.replace(account, ca_file=None), Inbox()):
            await _until(lambda: "imap.refused" in caplog.text)
        assert (
            f"the certificate of localhost:{account.port} is refused: self-signed certificate" in caplog.text
        )
        assert "from an authority that this machine trusts" in caplog.text
        assert "imap.watching" not in caplog.text

    async def test_a_port_without_tls_is_said_clearly(
        self, server: Dovecot, account: ImapAccount, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Whoever names the port of STARTTLS reads what is wanted."""
        caplog.set_level("INFO", "mailbot")
        async with _watching(dataclasses.replace(account, port=server.port), Inbox()):
            await _until(lambda: "imap.refused" in caplog.text)
        assert f"localhost:{server.port} does not speak TLS from the first byte" in caplog.text
        assert "mostly 993, or tls: starttls" in caplog.text

    async def test_starttls_begins_tls_before_the_login(self, server: Dovecot, account: ImapAccount) -> None:
        """By a server that takes no login without TLS mail is taken, large mail too, and IDLE brings more."""
        inbox = Inbox()
        server.deliver(account.user, _mail(1, size=3_000_000))
        asked = dataclasses.replace(account, port=server.port, tls="starttls")
        async with _watching(asked, inbox):
            await _until(lambda: len(inbox.mails) == 1)
            server.deliver(account.user, _mail(2))
            await _until(lambda: len(inbox.mails) == 2)
        assert inbox.raws == [_mail(1, size=3_000_000), _mail(2)]
        assert "TLS" in server.last_login(account.user)

    async def test_starttls_verifies_the_certificate(
        self, server: Dovecot, account: ImapAccount, caplog: pytest.LogCaptureFixture
    ) -> None:
        """No login is sent to a server that cannot prove its name."""
        caplog.set_level("INFO", "mailbot")
        asked = dataclasses.replace(account, port=server.port, tls="starttls", ca_file=None)
        async with _watching(asked, Inbox()):
            await _until(lambda: "imap.refused" in caplog.text)
        assert f"the certificate of localhost:{server.port} is refused" in caplog.text
        assert "imap.watching" not in caplog.text

    async def test_a_port_with_tls_that_is_greeted_without_is_said_clearly(
        self, server: Dovecot, account: ImapAccount, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Such a server waits for us, as we do for it."""
        caplog.set_level("INFO", "mailbot")
        pace = dataclasses.replace(QUICK, silence=0.5)
        async with _watching(dataclasses.replace(account, tls=False), Inbox(), pace=pace):
            await _until(lambda: "imap.connection_lost" in caplog.text)
        assert (
            f"no greeting from localhost:{account.port} within 0.5 s; if it speaks TLS there" in caplog.text
        )

    async def test_a_plain_connection_on_this_machine_works(
        self, server: Dovecot, account: ImapAccount
    ) -> None:
        """tls: false is for a server behind a local tunnel or on the same machine."""
        server.deliver(account.user, _mail(1))
        inbox = Inbox()
        plain = dataclasses.replace(account, host="127.0.0.1", port=server.port, tls=False, ca_file=None)
        async with _watching(plain, inbox):
            await _until(lambda: len(inbox.mails) == 1)

    async def test_a_server_without_idle_is_polled(
        self, server: Dovecot, account: ImapAccount, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Without IDLE new mail is found by looking again."""
        can = ImapConnection.can
        monkeypatch.setattr(ImapConnection, "can", lambda self, what: what != "IDLE" and can(self, what))
        inbox = Inbox()
        async with _watching(account, inbox, pace=dataclasses.replace(QUICK, poll=0.2)):
            for number in range(3):
                server.deliver(account.user, _mail(number))
                await _until(lambda number=number: len(inbox.mails) == number + 1)  # type: ignore[misc]

    async def test_idle_is_renewed(self, server: Dovecot, account: ImapAccount) -> None:
        """The session survives many renewals, and mail still comes at once."""
        inbox = Inbox()
        async with _watching(account, inbox, pace=dataclasses.replace(QUICK, idle=0.05)):
            await asyncio.sleep(1)
            server.deliver(account.user, _mail(1))
            await _until(lambda: len(inbox.mails) == 1, 2)

    async def test_stopping_while_the_store_hangs_ends_in_time(
        self, server: Dovecot, account: ImapAccount
    ) -> None:
        """A receive() that never returns is cancelled, and its mail stays unmarked."""
        never = asyncio.get_running_loop().create_future()
        inbox = Inbox(before=lambda _: never)
        server.deliver(account.user, _mail(1))
        async with _watching(account, inbox):
            await _until(lambda: len(inbox.peers) == 1)
        assert server.flags(account.user) == {1: ""}

    async def test_cancelling_in_idle_leaves_no_task_behind(
        self, server: Dovecot, account: ImapAccount
    ) -> None:
        """Whoever cancels the watch gets its CancelledError at once, and nothing of it goes on."""
        inbox = Inbox()
        server.deliver(account.user, _mail(1))
        watching = asyncio.create_task(_watch(account, inbox, asyncio.Event()))
        await _until(lambda: len(inbox.mails) == 1)
        await asyncio.sleep(0.2)
        watching.cancel()
        async with asyncio.timeout(1):
            with pytest.raises(asyncio.CancelledError):
                await watching


async def test_a_server_that_cannot_be_reached_is_tried_with_growing_delay(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The delay doubles up to its limit, each attempt is logged, and stopping does not wait for it."""
    caplog.set_level("INFO", "mailbot")
    account = ImapAccount("127.0.0.1", "ml", "x", port=1, tls=False)
    started = time.monotonic()
    async with _watching(account, Inbox()):
        await _until(lambda: caplog.text.count("imap.connection_lost") >= 4)
        assert time.monotonic() - started > 0.1 + 0.2 + 0.4
    waits = [record.message.rpartition("retry_s=")[2] for record in caplog.records]
    assert waits[:4] == ["0.1", "0.2", "0.4", "0.5"]
    assert "127.0.0.1:1 cannot be reached: Connection refused" in caplog.text


async def test_a_server_without_starttls_is_refused(caplog: pytest.LogCaptureFixture) -> None:
    """One sentence says what is missing and what to do, and no password was sent."""
    caplog.set_level("INFO", "mailbot")
    said: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK ready\r\n")
        said.append(await reader.readline())
        writer.write(b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\nC1 OK done\r\n")
        said.append(await reader.read())
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        account = ImapAccount("localhost", "ml", "x", port=port, tls="starttls")
        async with _watching(account, Inbox()):
            await _until(lambda: "imap.refused" in caplog.text)
    assert f"localhost:{port} cannot be used: it does not offer STARTTLS; no password is sent" in caplog.text
    assert set(said) == {b"C1 CAPABILITY\r\n", b""}


async def test_a_server_that_falls_silent_is_noticed(caplog: pytest.LogCaptureFixture) -> None:
    """A connection that takes our bytes and never answers is given up after the time of silence."""
    caplog.set_level("INFO", "mailbot")
    connections: list[asyncio.StreamWriter] = []

    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)
        writer.write(b"* OK ready\r\n")
        await reader.read()
        writer.close()

    async with await asyncio.start_server(swallow, "127.0.0.1", 0) as silent:
        port = silent.sockets[0].getsockname()[1]
        account = ImapAccount("127.0.0.1", "ml", "x", port=port, tls=False)
        async with _watching(account, Inbox(), pace=dataclasses.replace(QUICK, silence=0.2)):
            await _until(lambda: len(connections) >= 3)
    assert "no answer within 0.2 s" in caplog.text


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({}, None),
        ({"host": "127.0.0.1", "tls": False}, None),
        ({"host": "::1", "tls": False}, None),
        ({"host": "localhost", "tls": False}, None),
        ({"tls": "starttls", "port": 143}, None),
        ({"tls": False}, "set tls: true"),
        ({"host": "192.0.2.1", "tls": False}, "set tls: true"),
        ({"after": "move"}, "needs a processed_folder"),
        ({"after": "move", "processed_folder": "INBOX"}, "must differ"),
        ({"after": "move", "processed_folder": "受付済"}, None),
    ],
)
async def test_an_account_that_cannot_be_watched_safely_is_refused(
    changes: dict[str, object], sentence: str | None
) -> None:
    """A password never travels in clear, and a move needs somewhere to go."""
    account = dataclasses.replace(ImapAccount("imap.example.jp", "ml", "x"), **changes)  # type: ignore[arg-type]
    problem = problem_of(account)
    if sentence is None:
        assert problem is None
    else:
        assert sentence in str(problem)
        with pytest.raises(ValueError, match=sentence):
            await _watch(account, Inbox(), asyncio.Event())


def _uidvalidity(server: Dovecot, user: str) -> int:
    with server.client(user) as person:
        person.select("INBOX")
        return int(person.response("UIDVALIDITY")[1][0])
