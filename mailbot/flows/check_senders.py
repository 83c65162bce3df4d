"""Look at who sent each mail, between its storing and its reading: the DNS is asked in threads, outside of any transaction.

What is found out is stored with the raw mail. So reading stays a pure decision, and a recount asks no DNS.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import IPv4Network, IPv6Network, ip_address

from sqlalchemy import Connection

from mailbot import log
from mailbot.core.mail.message import parse
from mailbot.core.senders.authentication import Authentication, read_authentication
from mailbot.core.senders.dkim_signature import Verify
from mailbot.core.senders.dns_answers import Answers
from mailbot.core.senders.sender_check import Client, SenderResults, check_sender
from mailbot.store.database import Database
from mailbot.store.mail import sender_checks
from mailbot.store.mail.sender_checks import Unchecked

_AT_ONCE = 32  # mails; most of their time is waiting for the DNS
# Bytes of these mails together, or one longer mail; the body that is hashed is in memory four times
_ROOM = 16 * 1024 * 1024
_AGAIN = (timedelta(seconds=15), timedelta(seconds=60))  # after which what the DNS left open is asked anew


@dataclass(frozen=True)
class SenderCheck:
    """With what a sender is looked at."""

    own_id: str  # our authserv-id
    mta: tuple[IPv4Network | IPv6Network, ...]  # from these hosts comes what was looked at before us
    sealers: tuple[str, ...]  # whose word in ARC is taken
    dns: Callable[[], Answers]  # one mail's questions, within their bounds
    verify: Verify

    def look(
        self, content: bytes, *, peer: str, protocol: str, helo: str, mail_from: str, now: datetime
    ) -> SenderResults:
        """Return what is found out about one mail; asks the DNS."""
        end = content.find(b"\r\n\r\n")
        head = parse(content[: end if end >= 0 else len(content)] + b"\r\n\r\n")
        client = None if self._is_own(peer, protocol) else Client(ip_address(peer), helo, mail_from)
        # Only of what comes from a host of our own the head may speak in our name.
        stated = read_authentication(head.headers, self.own_id) if client is None else Authentication()
        return check_sender(
            content,
            head.from_address,
            client,
            stated,
            self.dns(),
            self.verify,
            own_id=self.own_id,
            sealers=self.sealers,
            now=now,
        )

    def _is_own(self, peer: str, protocol: str) -> bool:
        if protocol != "smtp":
            return True
        try:
            host = ip_address(peer)
        except ValueError:  # the client was gone before it could be asked
            return False
        return any(host in network for network in self.mta if network.version == host.version)


@dataclass
class SenderChecking:
    """Takes the mails that wait, several at a time, and stores what came of each."""

    database: Database
    check: SenderCheck
    clock: Callable[[], datetime]
    checked: Callable[[], None]  # called after each commit: there is something to read
    counts: Counter[str] = field(default_factory=Counter)  # DMARC's results since the start
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    def wake(self) -> None:
        """Say that there may be a mail."""
        self._wake.set()

    async def run(self, poll_seconds: float = 1.0) -> None:
        """Check until cancelled; looks by itself every `poll_seconds`, for what other processes stored."""
        under_way: dict[asyncio.Task[SenderResults | None], Unchecked] = {}
        threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="senders")
        try:
            while True:
                self._wake.clear()
                for one in await self._claim(list(under_way.values())):
                    under_way[asyncio.create_task(self._look(one, threads))] = one
                await self._next(set(under_way), poll_seconds)
                done = [(under_way.pop(task), task.result()) for task in list(under_way) if task.done()]
                if done:
                    await self.database.writing(self._save, done, self.clock())
                    self.checked()
        finally:
            for task in under_way:
                task.cancel()
            # Threads that still wait for the DNS are left alone: their mails will be looked at again.
            threads.shutdown(wait=False, cancel_futures=True)

    async def _claim(self, busy: Sequence[Unchecked]) -> list[Unchecked]:
        now, free = self.clock(), _AT_ONCE - len(busy)
        room = _ROOM - sum(one.size for one in busy)
        if free <= 0 or room <= 0 or not await self.database.reading(sender_checks.is_due, now):
            return []
        return await self.database.writing(sender_checks.claim, now, free, room)

    async def _next(self, under_way: set[asyncio.Task[SenderResults | None]], seconds: float) -> None:
        """Wait until one of them is done, a mail comes, or it is time to look."""
        woken = asyncio.create_task(self._wake.wait())
        try:
            await asyncio.wait({woken, *under_way}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            woken.cancel()

    async def _look(self, one: Unchecked, threads: ThreadPoolExecutor) -> SenderResults | None:
        """Return what is found out; None where the look itself fails: the mail must be read all the same."""
        try:
            content = await self.database.reading(sender_checks.content, one.id)
            return await asyncio.get_running_loop().run_in_executor(threads, self._of, one, content)
        except Exception as error:  # noqa: BLE001  whatever a stranger's mail or zone does to us
            log.event("sender.failed", level="error", mail=one.id, error=error)
            return None

    def _of(self, one: Unchecked, content: bytes) -> SenderResults:
        return self.check.look(
            content,
            peer=one.peer,
            protocol=one.protocol,
            helo=one.helo,
            mail_from=one.mail_from,
            now=one.received_at,
        )

    def _save(
        self, connection: Connection, done: Sequence[tuple[Unchecked, SenderResults | None]], now: datetime
    ) -> None:
        """Write results down; what the DNS left open waits a little, but not for ever."""
        settled: list[tuple[int, str]] = []
        waits: list[tuple[int, datetime]] = []
        for one, found in done:
            if (found is None or found.temporary) and one.checks <= len(_AGAIN):
                waits.append((one.id, now + _AGAIN[one.checks - 1]))
                continue
            text = f"{self.check.own_id}; dmarc=temperror (it could not be looked at)"
            settled.append((one.id, found.text if found is not None else text))
        if settled:
            sender_checks.save(connection, settled)
        if waits:
            sender_checks.postpone(connection, waits)
        self.counts.update(
            read_authentication([("Authentication-Results", text)], self.check.own_id).dmarc
            for _, text in settled
        )
        self.counts["again"] += len(waits)
