"""Keep outgoing mail in a Maildir instead of sending it: for trying things out, and for tests.

A mail stands in new/ only when it is whole and on the disk: written to tmp/, synced, renamed, the folder synced.
Lines end with LF, as Maildir readers expect.
"""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Sequence
from itertools import count, islice
from pathlib import Path

from mailbot.core.members.erasure import ErasedPerson
from mailbot.core.transfer.delivery import Deferred, Failed, Outcome, Sent, Transaction, Work
from mailbot.core.transfer.relay import RelayAway
from mailbot.core.transfer.smtp_wire import address_problem, stuff, unstuff

_BATCH = 10  # mails that may be in doubt at a crash: as many as connections to a server (promises.md I9)

_KEPT = "250 2.0.0 kept in new/"  # before the file's name, in the reply that `forget` reads

_numbers = count()
_host = socket.gethostname().replace("/", "\\057").replace(":", "\\072") or "localhost"


async def send(folder: Path, work: Work) -> None:
    """Keep all that `work` gives in a Maildir, with the settle discipline of an SMTP connection.

    Returns when `work.take()` gives None and all is settled. Raises RelayAway, with nothing taken, when the folder
    cannot be used.
    """
    try:
        await asyncio.to_thread(_make, folder)
    except OSError as error:
        raise RelayAway(f"maildir:{folder}: {error.strerror or error}") from error
    outcomes: list[tuple[int, Outcome]] = []
    while True:
        batch = list(islice(iter(work.take, None), _BATCH))
        starting = [delivery for mail in batch for delivery, _ in mail.recipients]
        if not starting and not outcomes:
            return
        if await work.settle(outcomes, starting) and starting:
            outcomes = await asyncio.to_thread(_keep, folder, batch)
        else:
            outcomes = []  # nothing was starting, or others have the lease of it


def forget(folders: Sequence[Path], replies: Sequence[str]) -> int:
    """Remove the mails that were kept with these replies (`send`), read by a mail program or not; returns how many."""
    names = {reply.removeprefix(_KEPT) for reply in replies if reply.startswith(_KEPT)}
    removed = 0
    for folder in folders:
        for path in [*folder.glob("new/*"), *folder.glob("cur/*")]:
            if path.name.partition(":2,")[0] in names:
                path.unlink(missing_ok=True)
                removed += 1
    return removed


def take_out(folders: Sequence[Path], person: ErasedPerson) -> int:
    """Remove the kept mails to a person, and take the person out of the others; returns how many files changed."""
    count = 0
    for folder in folders:
        for path in (path for name in ("tmp", "new", "cur") for path in folder.glob(f"{name}/*")):
            content = path.read_bytes()
            if not person.is_in(content):
                continue
            count += 1
            if person.is_in(content.partition(b"Delivered-To: ")[2].partition(b"\n")[0]):
                path.unlink(missing_ok=True)
            else:
                path.write_bytes(person.out_of_bytes(content))
    return count


def _make(folder: Path) -> None:
    for name in ("tmp", "new", "cur"):
        (folder / name).mkdir(parents=True, exist_ok=True, mode=0o700)
    if not os.access(folder / "new", os.W_OK):
        raise PermissionError(0, "its folder new/ cannot be written")


def _keep(folder: Path, batch: Sequence[Transaction]) -> list[tuple[int, Outcome]]:
    """Write a batch; the mails count as sent only when the folder's own entries are on the disk."""
    outcomes = [
        (delivery, _try(folder, mail, address)) for mail in batch for delivery, address in mail.recipients
    ]
    try:
        _sync_folder(folder / "new")
    except OSError as error:
        doubt = Deferred(f"maildir:{folder}: {error.strerror or error}", unknown=True)
        return [(delivery, doubt if isinstance(outcome, Sent) else outcome) for delivery, outcome in outcomes]
    return outcomes


def _try(folder: Path, mail: Transaction, address: str) -> Outcome:
    content = unstuff(mail.whole) if mail.stuffed else mail.whole
    try:
        _check(content, mail.mail_from, address)
        path = _write(folder, content, mail.mail_from, address)
    except ValueError as error:
        return Failed(f"554 5.6.0 not kept: {error}")
    except OSError as error:
        return Deferred(f"maildir:{folder}: {error.strerror or error}")
    return Sent(f"{_KEPT}{path.name}")


def _check(content: bytes, mail_from: str, recipient: str) -> None:
    """Raise ValueError for what would bring a line of its own into the file's head, or must not leave at all."""
    for address in (mail_from, recipient) if mail_from else (recipient,):
        problem = address_problem(address)
        if problem is not None:
            raise ValueError(problem)
    stuff(content)  # for its checks


def _write(folder: Path, content: bytes, mail_from: str, recipient: str) -> Path:
    """Write, sync and rename one mail; the caller syncs the folder."""
    name = f"{time.time_ns() // 1_000_000_000}.P{os.getpid()}Q{next(_numbers)}R{os.urandom(4).hex()}.{_host}"
    head = f"Return-Path: <{mail_from}>\nDelivered-To: {recipient}\n".encode()
    unfinished, finished = folder / "tmp" / name, folder / "new" / name
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(head + content.replace(b"\r\n", b"\n"))
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(finished)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise
    return finished


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
