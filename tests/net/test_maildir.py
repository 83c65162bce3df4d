"""Outgoing mail kept in a Maildir."""

from __future__ import annotations

import errno
import mailbox
import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from mailbot.core.transfer.delivery import Deferred, Failed, Outcome, Sent, Transaction
from mailbot.core.transfer.relay import RelayAway
from mailbot.core.transfer.smtp_wire import stuff
from mailbot.net import maildir

CONTENT = "Subject: x\r\n\r\n本文\r\n.dot\r\n".encode()


class Queue:
    """The work of a test."""

    def __init__(self, *mails: Transaction, lost: int | None = None) -> None:
        self.mails = list(mails)
        self.outcomes: dict[int, Outcome] = {}
        self.in_doubt: set[int] = set()
        self.most_in_doubt = 0
        self.lost = lost

    def take(self) -> Transaction | None:
        return self.mails.pop(0) if self.mails else None

    async def ready(self) -> bool:
        return bool(self.mails)

    async def settle(self, outcomes: Sequence[tuple[int, Outcome]], starting: Sequence[int]) -> bool:
        self.outcomes.update(outcomes)
        self.in_doubt -= self.outcomes.keys()
        self.in_doubt.update(starting)
        self.most_in_doubt = max(self.most_in_doubt, len(self.in_doubt))
        return self.lost not in starting


def files(folder: Path) -> list[bytes]:
    return sorted(path.read_bytes() for path in (folder / "new").iterdir())


def mails(count: int) -> list[Transaction]:
    return [Transaction("", ((number, f"r{number}@x"),), b"x\r\n") for number in range(count)]


async def test_a_kept_mail(tmp_path: Path) -> None:
    """One file for each recipient, with its envelope on top and LF lines, whole in new/ and private."""
    await maildir.send(
        tmp_path, Queue(Transaction("bounce@ml.example.jp", ((1, "a@x"), (2, "b@x")), CONTENT))
    )
    body = "Subject: x\n\n本文\n.dot\n".encode()
    assert files(tmp_path) == [
        b"Return-Path: <bounce@ml.example.jp>\nDelivered-To: a@x\n" + body,
        b"Return-Path: <bounce@ml.example.jp>\nDelivered-To: b@x\n" + body,
    ]
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "new").iterdir()} == {0o600}
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.parametrize(
    ("content", "mail_from", "recipient"),
    [
        (CONTENT, "a@x\nBcc: evil@x", "b@x"),
        (CONTENT, "", "b@x\r\nBcc: evil@x"),
        (CONTENT, "", ""),
        (b"a\nb\r\n", "", "b@x"),
        (b"no end", "", "b@x"),
    ],
)
async def test_what_is_not_kept(tmp_path: Path, content: bytes, mail_from: str, recipient: str) -> None:
    """An address that would add a header line, or content with bare line ends, is refused and no file is written."""
    queue = Queue(Transaction(mail_from, ((1, recipient),), content))
    await maildir.send(tmp_path, queue)
    assert isinstance(queue.outcomes[1], Failed)
    assert files(tmp_path) == []


async def test_send(tmp_path: Path) -> None:
    """Everything is kept once in a folder that a mail reader opens; dot-stuffing is undone."""
    folder = tmp_path / "data" / "outgoing"
    queue = Queue(
        Transaction("s@x", ((1, "a@x"), (2, "b@x")), CONTENT),
        Transaction("", ((3, "c@x"),), stuff(CONTENT), stuffed=True),
        Transaction("", ((4, "no address"), (5, "d@x")), CONTENT),
        Transaction("", ((6, "e@x"),), b"a\nb\r\n"),
    )
    await maildir.send(folder, queue)
    assert {delivery: type(outcome) for delivery, outcome in queue.outcomes.items()} == {
        1: Sent,
        2: Sent,
        3: Sent,
        4: Failed,
        5: Sent,
        6: Failed,
    }
    box = mailbox.Maildir(folder, create=False)
    assert sorted(str(message["Delivered-To"]) for message in box) == ["a@x", "b@x", "c@x", "d@x"]
    assert all(message.get_payload() is not None and b"\r" not in message.as_bytes() for message in box)
    assert sum(b"\n.dot\n" in file for file in files(folder)) == 4


async def test_no_more_in_doubt_than_a_batch(tmp_path: Path) -> None:
    """At a crash at most ten mails are in doubt: the next ten start when the last ten are settled (I9)."""
    queue = Queue(*mails(95))
    await maildir.send(tmp_path, queue)
    assert len(files(tmp_path)) == len(queue.outcomes) == 95
    assert queue.most_in_doubt == 10


async def test_lost_lease(tmp_path: Path) -> None:
    """A batch whose lease was lost is not written and not spoken of; the next one goes on."""
    queue = Queue(*mails(25), lost=12)
    await maildir.send(tmp_path, queue)
    assert set(queue.outcomes) == {*range(10), *range(20, 25)}
    assert len(files(tmp_path)) == 15


async def test_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """Where no folder can be the relay is away, and nothing was taken."""
    (tmp_path / "file").write_text("in the way")
    queue = Queue(*mails(1))
    with pytest.raises(RelayAway, match="maildir:"):
        await maildir.send(tmp_path / "file" / "outgoing", queue)
    assert len(queue.mails) == 1


async def test_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that the disk does not take is deferred with the reason, and leaves nothing behind."""
    real, calls = os.fsync, []

    def fsync(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    queue = Queue(*mails(3))
    await maildir.send(tmp_path, queue)
    assert queue.outcomes[1] == Deferred(f"maildir:{tmp_path}: No space left on device")
    assert isinstance(queue.outcomes[0], Sent)
    assert isinstance(queue.outcomes[2], Sent)
    assert len(files(tmp_path)) == 2
    assert list((tmp_path / "tmp").iterdir()) == []


async def test_folder_that_cannot_be_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the folder's entries cannot be made durable, whether the mail is kept is unknown."""
    real, calls = os.fsync, []

    def fsync(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == 2:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    queue = Queue(*mails(1))
    await maildir.send(tmp_path, queue)
    outcome = queue.outcomes[0]
    assert isinstance(outcome, Deferred)
    assert outcome.unknown
