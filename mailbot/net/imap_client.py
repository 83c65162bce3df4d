r"""Watch a hosted mailbox by IMAP and hand each new mail to the same `receive` as SMTP's (promises.md I6).

A mail is ours to take as long as it lacks our mark, the keyword $Mailbot, which no person's mail program sets by
reading. It gets the mark only after `receive` has stored it for good; a crash in between brings it again, and the
store knows it by the peer (account, folder, UIDVALIDITY, UID) and by its content. Where the server takes no new keywords
the mark is \Flagged, which people set only on purpose; never \Seen, which they set by looking.
"""

from __future__ import annotations

import asyncio
import ipaddress
import os
import socket
import ssl
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal

from mailbot.core.transfer.envelope import Envelope, Knows, Receive, StorageFull, StorageUnavailable
from mailbot.core.transfer.imap_envelope import Account, envelope_of, stated_addresses
from mailbot.log import event
from mailbot.net.imap_connection import ConnectionLost, Folder, ImapConnection, NoStartTls, Refused

_KEYWORD = "$Mailbot"
_AT_ONCE = 200  # UIDs in one command
_TOGETHER = 20  # mails that are fetched, stored and marked together,
_TOGETHER_BYTES = 4_194_304  # unless they are longer; a longer one comes by itself
_STOP_WITHIN = 1.5  # seconds for the mail in hand and the good-bye


@dataclass(frozen=True)
class ImapAccount:
    """One mailbox to watch."""

    host: str
    user: str
    password: str = field(repr=False)
    port: int = 993
    tls: bool | Literal["starttls"] = True  # at once, or before the login; False: only on this machine
    folder: str = "INBOX"  # in plain Unicode
    address: str = ""  # where a mail goes whose headers name no address of ours; empty: user, or user@host
    after: Literal["flag", "move", "delete"] = "flag"  # what happens on the server to a mail that we have
    processed_folder: str = ""  # for after="move"; created when missing
    ca_file: str | None = None  # PEM; None: the system's authorities

    @property
    def name(self) -> str:
        """The account as logs and `Envelope.peer` name it."""
        return f"{self.user}@{self.host}"

    @property
    def as_recipient(self) -> Account:
        """The account as a mail's recipient: its address stands in when a mail names none of ours."""
        return Account(self.user, self.address or (self.user if "@" in self.user else self.name))


@dataclass(frozen=True)
class WatchPace:
    """How long the watch waits, in seconds."""

    silence: float = 30  # for the next byte of an answer
    idle: float = 540  # IDLE is renewed after this; with `silence` a dead line is noticed within ten minutes
    poll: float = 60  # between looks at a server without IDLE
    first_retry: float = 1  # after a lost connection or a failed store, then doubling
    longest_retry: float = 60
    refused_retry: float = 300  # after a refused login or folder: a person must act
    first_mail_retry: float = 5  # of one mail that could not be received, then doubling
    longest_mail_retry: float = 600
    receive: float = 300  # for the store to take one mail


def problem_of(account: ImapAccount) -> str | None:
    """Return the sentence that refuses this account, or None when it can be watched."""
    if not account.tls and not _is_loopback(account.host):
        return f"imap {account.name}: tls: false is taken only for a server on this machine; set tls: true or starttls"
    if account.after == "move" and not account.processed_folder:
        return f"imap {account.name}: after: move needs a processed_folder to move mails to"
    if account.after == "move" and account.processed_folder == account.folder:
        return f"imap {account.name}: processed_folder must differ from the watched folder {account.folder}"
    return None


async def watch(
    account: ImapAccount,
    *,
    receive: Receive,
    knows: Knows,
    stop: asyncio.Event,
    max_size: int,
    domains: Collection[str],
    pace: WatchPace = WatchPace(),
) -> None:
    """Hand every mail of the account's folder to `receive`, old ones first, until `stop` is set.

    `knows` tells whether an address is one of the service's, whose `domains` are given in lower case; mails of more
    than `max_size` bytes stay where they are, starred. Whatever the server or the store does, the watch goes on; it
    ends within two seconds of `stop`.
    Raises ValueError for an account that `problem_of` refuses, OSError for an unreadable ca_file.
    """
    problem = problem_of(account)
    if problem:
        raise ValueError(problem)
    tls = ssl.create_default_context(cafile=account.ca_file) if account.tls else None
    watching = asyncio.create_task(_Watch(account, receive, knows, domains, stop, max_size, pace, tls).run())
    stopped = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({watching, stopped}, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait({watching}, timeout=_STOP_WITHIN)
    finally:
        watching.cancel()
        stopped.cancel()
        await asyncio.gather(watching, stopped, return_exceptions=True)
    if not watching.cancelled():
        watching.result()


async def look_in(account: ImapAccount, *, silence: float) -> Folder:
    """Log in and open the account's folder once, as `watch` does, and change nothing.

    Raises NeedsPerson, ConnectionLost, Refused, OSError or TimeoutError; ValueError for an account that `problem_of` refuses.
    """
    problem = problem_of(account)
    if problem:
        raise ValueError(problem)
    tls = ssl.create_default_context(cafile=account.ca_file) if account.tls else None
    connection = await _open(account, tls, silence)
    try:
        await _log_in(connection, account)
        return await _select(connection, account)
    finally:
        await connection.logout()


class NeedsPerson(Exception):  # noqa: N818  a state of the account, not a fault of ours
    """The account cannot be watched until somebody changes it here or at the server; the sentence says what."""


async def _open(account: ImapAccount, tls: ssl.SSLContext | None, silence: float) -> ImapConnection:
    """Connect. Raises NeedsPerson where only a person can mend it, else OSError, TimeoutError or ConnectionLost."""
    where = f"{account.host}:{account.port}"
    try:
        starttls = account.tls == "starttls"
        return await ImapConnection.open(account.host, account.port, tls, silence=silence, starttls=starttls)
    except NoStartTls as error:
        do = "no password is sent without TLS; set tls: true and the port where it speaks TLS at once, mostly 993"
        raise NeedsPerson(f"{where} cannot be used: {error}; {do}") from error
    except ssl.SSLCertVerificationError as error:
        must = f"it must be for {account.host}, valid today, and from an authority that this machine trusts"
        raise NeedsPerson(f"the certificate of {where} is refused: {error.verify_message}; {must}") from error
    except ssl.SSLError as error:
        if error.reason in {"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG"}:
            do = "set the port where it does, mostly 993, or tls: starttls"
            raise NeedsPerson(f"{where} does not speak TLS from the first byte; {do}") from error
        raise OSError(f"no TLS with {where}: {error.reason or error}") from error
    except TimeoutError as error:
        perhaps = "" if tls else "; if it speaks TLS there, set tls: true"
        raise TimeoutError(f"no greeting from {where} within {silence:g} s{perhaps}") from error
    except OSError as error:
        # What asyncio says of it names the address once more.
        why = (
            os.strerror(error.errno)
            if error.errno and not isinstance(error, socket.gaierror)
            else error.strerror
        )
        raise OSError(f"{where} cannot be reached: {why or error}") from error


async def _log_in(connection: ImapConnection, account: ImapAccount) -> None:
    """Log in. Raises NeedsPerson where only a person can mend it."""
    try:
        await connection.login(account.user, account.password)
    except Refused as error:
        if "[UNAVAILABLE]" in str(error):  # RFC 5530: the server's own trouble, not the password's
            raise
        do = "check user and password; a new one that is set here is read when the service starts"
        raise NeedsPerson(f"the login was refused: {error}; {do}") from error


async def _select(connection: ImapConnection, account: ImapAccount) -> Folder:
    """Open the folder. Raises NeedsPerson when it is not there or cannot be marked in."""
    try:
        folder = await connection.select(account.folder)
    except Refused as error:
        do = "make it at the server, or mend `folder`"
        raise NeedsPerson(f"the folder {account.folder} cannot be opened: {error}; {do}") from error
    if folder.read_only:
        do = "give the account the right to write"
        raise NeedsPerson(
            f"the folder {account.folder} is read-only, so what was taken cannot be marked; {do}"
        )
    _mark(folder)
    return folder


@dataclass
class _Delay:
    """A waiting time that doubles with each failure."""

    seconds: float
    longest: float
    due: float = 0.0  # on the loop's clock

    def next(self) -> float:
        seconds = self.seconds
        self.seconds = min(2 * seconds, self.longest)
        self.due = asyncio.get_running_loop().time() + seconds
        return seconds


@dataclass
class _Watch:
    account: ImapAccount
    receive: Receive
    knows: Knows
    domains: Collection[str]
    stop: asyncio.Event
    max_size: int
    pace: WatchPace
    tls: ssl.SSLContext | None
    mail_delays: dict[tuple[int, int], _Delay] = field(default_factory=dict)  # by UIDVALIDITY and UID

    async def run(self) -> None:
        """Hold one session after the other."""
        loop = asyncio.get_running_loop()
        delay = self._new_delay()
        while not self.stop.is_set():
            started = loop.time()
            try:
                await self._session()
            except NeedsPerson as error:
                self._say("imap.refused", "error", reason=error, retry_s=self.pace.refused_retry)
                await self._pause(self.pace.refused_retry)
            except (OSError, TimeoutError, ConnectionLost, Refused) as error:
                if loop.time() - started > self.pace.longest_retry:
                    delay = self._new_delay()
                seconds = delay.next()
                reason = str(error) or f"no answer within {self.pace.silence:g} s"
                self._say("imap.connection_lost", "warning", reason=reason, retry_s=seconds)
                await self._pause(seconds)

    async def _session(self) -> None:
        account = self.account
        connection = await _open(account, self.tls, self.pace.silence)
        try:
            await _log_in(connection, account)
            if account.after == "move":
                with suppress(Refused):  # it exists already
                    await connection.create(account.processed_folder)
            await self._take_until_stopped(connection)
            await connection.logout()
        finally:
            connection.abort()

    async def _take_until_stopped(self, connection: ImapConnection) -> None:
        store_delay, watched = self._new_delay(), None
        while not self.stop.is_set():
            # Anew each time: a session does not see that its folder was deleted and made again.
            folder = await _select(connection, self.account)
            if folder.uidvalidity != watched:
                mark, idle = _mark(folder), connection.can("IDLE")
                self._say("imap.watching", folder=self.account.folder, mark=mark, idle=idle)
                watched = folder.uidvalidity
            connection.news.clear()
            try:
                await self._take_all(connection, folder.uidvalidity, _mark(folder))
            except (StorageFull, StorageUnavailable) as error:
                seconds = store_delay.next()
                self._say("imap.store_away", "warning", reason=error, retry_s=seconds)
                await self._pause(seconds)
                continue
            store_delay = self._new_delay()
            await self._wait_for_news(connection)

    async def _wait_for_news(self, connection: ImapConnection) -> None:
        if connection.news.is_set():  # mail came while we took what was there
            return
        if connection.can("IDLE"):
            await connection.idle(self.stop, self._until_next_retry(self.pace.idle))
        else:
            await self._pause(self._until_next_retry(self.pace.poll))

    async def _take_all(self, connection: ImapConnection, uidvalidity: int, mark: str) -> None:
        """Take every mail without our mark; one that cannot be received does not hold up those behind it."""
        found = await connection.uids_without(mark)
        waiting = {(uidvalidity, uid) for uid in found}
        self.mail_delays = {key: delay for key, delay in self.mail_delays.items() if key in waiting}
        now = asyncio.get_running_loop().time()
        due = [uid for uid in found if not self._is_delayed((uidvalidity, uid), now)]
        for start in range(0, len(due), _AT_ONCE):
            sizes = await connection.sizes(due[start : start + _AT_ONCE])
            for uid in [uid for uid, size in sorted(sizes.items()) if size > self.max_size]:
                await self._leave_too_large(connection, uid, sizes.pop(uid), mark)
            for uids in _groups(sizes):
                if self.stop.is_set():
                    return
                await self._take(connection, uidvalidity, uids, mark)

    async def _take(
        self, connection: ImapConnection, uidvalidity: int, uids: Sequence[int], mark: str
    ) -> None:
        """Fetch some mails and hand them on together, so that they share a commit; mark those that are stored for good.

        Raises StorageFull or StorageUnavailable: then the next mail would fare no better.
        """
        try:
            raws = await connection.bodies(uids)
        except Refused as error:
            if len(uids) == 1:
                self._put_off(uidvalidity, uids[0], f"the server does not hand it out: {error}")
                return
            for uid in uids:  # it may be for one of them
                await self._take(connection, uidvalidity, [uid], mark)
            return
        for uid in uids:
            if uid not in raws:
                await self._miss(connection, uidvalidity, uid)
        raws = {
            uid: raws[uid] for uid in uids if uid in raws
        }  # in their order, and none that was not asked for
        outcomes = await self._hand_on(raws, uidvalidity)
        stored = [uid for uid, outcome in zip(raws, outcomes, strict=True) if outcome is None]
        if stored:
            await self._settle(connection, uidvalidity, stored, mark)
        away: BaseException | None = None
        for uid, outcome in zip(raws, outcomes, strict=True):
            if isinstance(outcome, StorageFull | StorageUnavailable):
                away = outcome
            elif isinstance(outcome, Exception):  # whatever one mail does, the others must be received
                self._put_off(uidvalidity, uid, str(outcome) or type(outcome).__name__, outcome)
        if away is not None:
            raise away

    async def _hand_on(self, raws: Mapping[int, bytes], uidvalidity: int) -> Sequence[BaseException | None]:
        """Hand mails on, in their order; returns for each, as soon as it is stored for good, None, else what went wrong."""
        reading = (self._envelope(raw, uidvalidity, uid) for uid, raw in raws.items())
        envelopes = await asyncio.gather(*reading, return_exceptions=True)

        async def receive(raw: bytes, envelope: Envelope | BaseException) -> None:
            if isinstance(envelope, BaseException):
                raise envelope
            async with asyncio.timeout(self.pace.receive):
                await self.receive(raw, envelope)

        receiving = map(receive, raws.values(), envelopes)
        return await asyncio.gather(*receiving, return_exceptions=True)

    async def _miss(self, connection: ImapConnection, uidvalidity: int, uid: int) -> None:
        """Say why a mail did not come."""
        if uid in await connection.sizes([uid]):
            self._put_off(uidvalidity, uid, "the server does not hand it out")
        else:
            self._say(
                "imap.gone", uid=uid, reason="another program deleted or moved it before it was fetched"
            )

    async def _envelope(self, raw: bytes, uidvalidity: int, uid: int) -> Envelope:
        stated = stated_addresses(raw, self.domains)
        named = {address for group in stated.recipients for address in group}
        async with asyncio.timeout(self.pace.receive):
            known = await asyncio.gather(*(self.knows(address, stated.mail_from) for address in named))
        ours = {address for address, is_known in zip(named, known, strict=True) if is_known}
        peer = f"imap:{self.account.name}/{self.account.folder}/{uidvalidity}/{uid}"
        return envelope_of(stated, ours, account=self.account.as_recipient, peer=peer)

    async def _settle(
        self, connection: ImapConnection, uidvalidity: int, uids: Sequence[int], mark: str
    ) -> None:
        """Mark mails that are stored for good, and put them out of the way if the account says so."""
        account = self.account
        try:
            await connection.add_flags(uids, mark)
        except Refused as error:
            if len(uids) == 1:
                reason = f"it is stored, but the server does not mark it: {error}"
                self._put_off(uidvalidity, uids[0], reason)
                return
            for uid in uids:
                await self._settle(connection, uidvalidity, [uid], mark)
            return
        for uid in uids:
            try:
                if account.after == "move":
                    await connection.move(uid, account.processed_folder)
                elif account.after == "delete":
                    await connection.delete(uid)
            except Refused as error:
                # It is ours and marked: it only stays where people see it.
                self._say("imap.not_put_away", "warning", uid=uid, after=account.after, reason=error)

    async def _leave_too_large(self, connection: ImapConnection, uid: int, size: int, mark: str) -> None:
        reason = "larger than a mail may be; it stays in the folder, starred, for a person to read"
        self._say("imap.too_large", "warning", uid=uid, bytes=size, limit=self.max_size, reason=reason)
        await connection.add_flags([uid], mark)
        with suppress(Refused):  # the star is for people only
            await connection.add_flags([uid], r"\Flagged")

    def _put_off(self, uidvalidity: int, uid: int, reason: str, error: Exception | None = None) -> None:
        fresh = _Delay(self.pace.first_mail_retry, self.pace.longest_mail_retry)
        delay = self.mail_delays.setdefault((uidvalidity, uid), fresh)
        self._say("imap.not_received", "error", uid=uid, reason=reason, retry_s=delay.next(), error=error)

    def _is_delayed(self, key: tuple[int, int], now: float) -> bool:
        return key in self.mail_delays and self.mail_delays[key].due > now

    def _until_next_retry(self, longest: float) -> float:
        now = asyncio.get_running_loop().time()
        return max(0.0, min([longest, *(delay.due - now for delay in self.mail_delays.values())]))

    def _new_delay(self) -> _Delay:
        return _Delay(self.pace.first_retry, self.pace.longest_retry)

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.stop.wait()

    def _say(
        self, name: str, level: str = "info", *, error: Exception | None = None, **facts: object
    ) -> None:
        event(name, level=level, error=error, account=self.account.name, **facts)


def _groups(sizes: Mapping[int, int]) -> Iterator[list[int]]:
    """Yield the UIDs of mails that are taken together, in ascending order; `sizes` in bytes."""
    group: list[int] = []
    room = _TOGETHER_BYTES
    for uid, size in sorted(sizes.items()):
        if group and (len(group) == _TOGETHER or size > room):
            yield group
            group, room = [], _TOGETHER_BYTES
        group.append(uid)
        room -= size
    if group:
        yield group


def _mark(folder: Folder) -> str:
    """Return the flag that says "taken". Raises NeedsPerson when the server keeps no flag that we could use."""
    flags = folder.permanent_flags
    if flags is not None and flags & {r"\*", _KEYWORD}:
        return _KEYWORD
    if flags is None or r"\Flagged" in flags:
        return r"\Flagged"
    raise NeedsPerson("the server keeps no flags in this folder, so what was taken cannot be marked")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
