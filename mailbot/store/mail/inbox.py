"""Received mail: the raw bytes first, then one row for each recipient and what became of it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Select,
    bindparam,
    case,
    cast,
    func,
    insert,
    select,
    update,
)

from mailbot.core.frozen import frozen
from mailbot.core.mail.address import tokens_of
from mailbot.core.mail.canonical_hash import canonical_hash
from mailbot.core.mail.message import Message, parse
from mailbot.core.mail.token import token_hash
from mailbot.core.senders.authentication import with_results
from mailbot.core.transfer.envelope import Envelope
from mailbot.store.database import storable
from mailbot.store.statements import LONG, Keyed, Listed, Written, next_ids, put_apart, upserting
from mailbot.store.tables import Moment, ballot, history, inbox, mail, seen, survey
from mailbot.store.transactions import gather

_INTAKE_LOCK = 0x696E626F  # PostgreSQL advisory lock between intake and the close of a survey
_FETCH_LOCK = 0x696D6170  # the same, between nodes that watch one mailbox


@frozen
class Received:
    """One mail for one recipient, as it lies in the inbox."""

    id: int  # of the inbox row
    content: bytes
    mail_from: str  # "" is the null sender
    recipient: str
    received_at: datetime
    state: str
    reason: str
    results: str | None = None  # what we found out about its sender ourselves; None: its head says what was

    @cached_property
    def content_hash(self) -> str:
        """Return the hash of the mail without what its way added (35 us for a reply)."""
        return canonical_hash(self.content)

    def fingerprint(self, message: Message) -> str:
        """Return what makes two arrivals the same mail: Message-ID and content, whatever way they came."""
        return hashlib.sha256(f"{message.message_id}\n{self.content_hash}".encode()).hexdigest()

    def message(self, own_id: str) -> Message:
        """Return the mail parsed; its head says in the name of `own_id`, our authserv-id, what counts."""
        message = parse(self.content)
        return message if self.results is None else with_results(message, self.results, own_id)


@dataclass(frozen=True)
class InboxEntry:
    """One inbox row for people to look at."""

    id: int
    received_at: datetime
    state: str
    recipient: str
    sender: str
    title: str
    reason: str
    results: str | None = None  # what we found out about its sender


def add(
    connection: Connection,
    arrivals: Sequence[tuple[bytes, Envelope]],
    clock: Callable[[], datetime],
    *,
    check: bool = False,
) -> None:
    """Store raw mails, each with its envelope; one that was fetched by IMAP before is left out.

    With `check` each waits until its sender was looked at (store/mail/sender_checks.py). The time of receipt is read inside
    the transaction: what a close (`stop_intake`) does not see is after it, also by the clock of a node that is slow.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock_shared(_INTAKE_LOCK)))
        _wait_for_fetchers(connection, arrivals)
    now = clock()
    (newest_close,) = _NEWEST_CLOSE.first(connection)
    fresh = list(_fresh(connection, arrivals))
    if not fresh:
        return
    mails, rows, long = [], [], []
    for mail_id, (content, envelope, key) in zip(next_ids(connection, mail, len(fresh)), fresh, strict=True):
        received_at = now
        if newest_close is not None and newest_close > now:
            received_at = _behind_its_close(connection, envelope.recipients, now)
        apart = len(content) > LONG and connection.dialect.name == "sqlite"
        if apart:
            long.append((mail_id, content))
        mails.append(
            {
                "id": mail_id,
                "content": b"" if apart else content,
                "mail_from": storable(envelope.mail_from),
                "peer": storable(envelope.peer),
                "protocol": envelope.protocol,
                "imap_key": key,
                "received_at": received_at,
                "helo": storable(envelope.helo),
                "check_due": now if check else None,
            }
        )
        rows += [
            {"mail_id": mail_id, "recipient": storable(recipient), "state": "received"}
            for recipient in dict.fromkeys(envelope.recipients)
        ]
    _ADD.insert_each(connection, mails)
    for mail_id, content in long:
        put_apart(connection, _PUT_LONG, mail_id, content)
    _ADD_RECIPIENT.insert_each(connection, rows)


def pass_on(connection: Connection, inbox_id: int, recipient: str) -> None:
    """Let a stored mail be read as one to this address of ours, too, unless it came there anyway; when it came stays."""
    own = select(inbox.c.mail_id).where(inbox.c.id == inbox_id).scalar_subquery()
    there = select(inbox.c.id).where(inbox.c.mail_id == own, inbox.c.recipient == recipient)
    if connection.execute(there).first() is None:
        connection.execute(insert(inbox).values(mail_id=own, recipient=recipient, state="received"))


_NEWEST_CLOSE = Written(select(func.max(survey.c.closed_at, type_=Moment).label("at")))

_CLOSE_OF_TOKEN = Listed(
    select(survey.c.closed_at.label("at"))
    .join_from(ballot, survey, ballot.c.subject == survey.c.key)
    .where(ballot.c.kind == "survey", survey.c.closed_at.is_not(None)),
    ballot.c.token_hash,
)


def _behind_its_close(connection: Connection, recipients: Iterable[str], now: datetime) -> datetime:
    """Return when a mail came, where some survey was closed by a clock that is ahead of ours.

    An answer did not come before the close of its own survey. Any other mail came now, however far that clock was ahead.
    """
    keys = [(token_hash(token),) for recipient in recipients for token in tokens_of(recipient)]
    closes: list[datetime] = [row.at for row in _CLOSE_OF_TOKEN.rows(connection, keys)] if keys else []
    return max([now, *closes])


def _fresh(
    connection: Connection, arrivals: Sequence[tuple[bytes, Envelope]]
) -> Iterator[tuple[bytes, Envelope, str | None]]:
    """Yield the mails that are new, each with the key by which it is known when it is fetched by IMAP again."""
    taken: dict[str, bytes] = {}
    for content, envelope in arrivals:
        if envelope.protocol != "imap":
            yield content, envelope, None
        elif (key := _free_key(connection, storable(envelope.peer), content, taken)) is not None:
            taken[key] = content
            yield content, envelope, key


def _free_key(connection: Connection, key: str, content: bytes, taken: Mapping[str, bytes]) -> str | None:
    """Return the key under which a mail that was fetched by IMAP is new; None: it was fetched before.

    A server that was set up anew may give one mail's number to another: that one is stored beside it. What was purged
    can be compared no more, and counts as the same.
    """
    while (known := taken[key] if key in taken else _fetched(connection, key)) is not None:
        if known in {content, b""}:
            return None
        key += "'"
    return key


def _fetched(connection: Connection, key: str) -> bytes | None:
    """Return what was fetched under this key; None: nothing was."""
    return connection.execute(select(mail.c.content).where(mail.c.imap_key == key)).scalar()


def _wait_for_fetchers(connection: Connection, arrivals: Iterable[tuple[bytes, Envelope]]) -> None:
    """Let another node that has just fetched one of the same mails by IMAP store it first."""
    for key in sorted({storable(envelope.peer) for _, envelope in arrivals if envelope.protocol == "imap"}):
        number = func.pg_advisory_xact_lock(cast(_FETCH_LOCK, Integer), func.hashtext(key))
        connection.execute(select(number))


def stop_intake(connection: Connection) -> None:
    """Let no mail be stored until this transaction ends; one on its way is stored before or after it, never both.

    On SQLite the one writer does so already.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_INTAKE_LOCK)))


def load_waiting(connection: Connection, most: int) -> list[Received]:
    """Return the oldest mails that nobody has settled, without those whose sender is still looked at.

    A mail longer than LONG comes by itself: what is read at one time is in memory at one time.
    """
    found: list[Received] = []
    for row in _WAITING.rows(connection, most=most):
        if row.content is None:
            return found or [one for one in [load(connection, row.id)] if one is not None]
        found.append(Received(*row))
    return found


def waiting_before(connection: Connection, moment: datetime) -> int:
    """Return how many mails that were received before this moment nobody has settled."""
    query = (
        select(func.count())
        .select_from(inbox.join(mail))
        .where(inbox.c.state == "received", mail.c.received_at < moment)
    )
    return connection.execute(query).scalar_one()


def load(connection: Connection, inbox_id: int) -> Received | None:
    """Return one mail."""
    row = _LOAD.first(connection, row=inbox_id)
    return None if row is None else Received(*row)


@dataclass(frozen=True)
class Arrival:
    """One inbox row without the raw mail."""

    id: int
    mail_id: int
    recipient: str
    state: str
    reason: str
    received_at: datetime


def arrivals(connection: Connection, since: datetime) -> list[Arrival]:
    """Return everything that was received from a moment on, in the order of its numbers."""
    query = (
        select(
            inbox.c.id, inbox.c.mail_id, inbox.c.recipient, inbox.c.state, inbox.c.reason, mail.c.received_at
        )
        .join_from(inbox, mail)
        .where(mail.c.received_at >= since)
        .order_by(inbox.c.id)
    )
    return [Arrival(*row) for row in connection.execute(query)]


def claim(connection: Connection, inbox_id: int, state: str = "received") -> bool:
    """Take a row for this transaction; False when another node has it or it is no longer in this state."""
    return bool(claim_each(connection, [inbox_id], state))


def claim_each(connection: Connection, inbox_ids: Sequence[int], state: str = "received") -> set[int]:
    """Take rows for this transaction; returns them, without those that another node has or that have changed."""
    keys = [(inbox_id, state) for inbox_id in inbox_ids]
    return {row.id for row in _CLAIM.rows(connection, keys)} if keys else set()


def settle(
    connection: Connection, inbox_id: int, state: str, reason: str, *, sender: str, title: str, now: datetime
) -> None:
    """Say what became of a mail, and why."""
    row = (inbox_id, state, storable(reason), storable(sender[:320]), storable(title[:500]))
    gather(connection, _save_settled, row)
    note(connection, f"{state}: {reason}" if reason else state, now=now, inbox_id=inbox_id)


def change(connection: Connection, inbox_id: int, state: str, reason: str, *, now: datetime) -> None:
    """Say that a mail which waited for a person is settled by another mail."""
    connection.execute(
        update(inbox).where(inbox.c.id == inbox_id).values(state=state, reason=storable(reason))
    )
    note(connection, f"{state}: {reason}", now=now, inbox_id=inbox_id)


def note(
    connection: Connection,
    what: str,
    *,
    now: datetime,
    inbox_id: int | None = None,
    delivery_id: int | None = None,
) -> None:
    """Add a line to the history of a mail."""
    gather(connection, _save_notes, (inbox_id, delivery_id, now, storable(what)))


def story(connection: Connection, inbox_id: int) -> list[tuple[datetime, str]]:
    """Return the history of one received mail."""
    rows = connection.execute(
        select(history.c.at, history.c.what).where(history.c.inbox_id == inbox_id).order_by(history.c.id)
    )
    return [(row.at, row.what) for row in rows]


def count_by_state(connection: Connection) -> dict[str, int]:
    """Return how many mails are in each state."""
    rows = connection.execute(
        select(inbox.c.state, func.count()).group_by(inbox.c.state).order_by(inbox.c.state)
    )
    return {row[0]: row[1] for row in rows}


def held(
    connection: Connection, *, after: int = 0, most: int | None = None, among: Collection[int] | None = None
) -> list[InboxEntry]:
    """Return the mails that wait for a person, oldest first: behind a number, so many at most, of these alone; or all."""
    query = _entries().where(inbox.c.state == "held", inbox.c.id > after).order_by(inbox.c.id).limit(most)
    if among is not None:
        query = query.where(inbox.c.id.in_(among))
    return [InboxEntry(*row) for row in connection.execute(query)]


def count_held(connection: Connection) -> int:
    """Return how many mails wait for a person."""
    query = select(func.count()).select_from(inbox).where(inbox.c.state == "held")
    return connection.execute(query).scalar_one()


def entry(connection: Connection, inbox_id: int) -> InboxEntry | None:
    """Return one inbox row for people."""
    row = connection.execute(_entries().where(inbox.c.id == inbox_id)).first()
    return None if row is None else InboxEntry(*row)


def take_once(connection: Connection, place: str, fingerprint: str, inbox_id: int) -> bool:
    """Remember that this place took this mail; False when it had taken it before."""
    ahead = _SEEN.ahead(connection, place, fingerprint)
    if ahead is not None:
        if not ahead:
            _SEEN.put(connection, (place, fingerprint), [(inbox_id,)])
            gather(connection, _save_seen, (place, fingerprint, inbox_id))
        return not ahead
    added = _take_once(connection.dialect.name).first(
        connection, place=place, fingerprint=fingerprint, inbox_id=inbox_id
    )
    return added is not None


def read_seen_ahead(connection: Connection, mails: Iterable[tuple[str, str]]) -> None:
    """Read, for places and fingerprints, what `take_once` will ask for. Nobody else may add to these places meanwhile."""
    _SEEN.read_ahead(connection, mails)


def is_seen(connection: Connection, place: str, fingerprint: str) -> bool:
    """Tell whether this place took this mail before."""
    query = select(seen.c.inbox_id).where(seen.c.place == place, seen.c.fingerprint == fingerprint)
    return connection.execute(query).first() is not None


def untold(connection: Connection, note: str, since: datetime) -> list[InboxEntry]:
    """Return the mails that wait for a person and have this note in their history since then, oldest first."""
    noted = select(history.c.id).where(
        history.c.inbox_id == inbox.c.id, history.c.what == note, history.c.at >= since
    )
    query = _entries().where(inbox.c.state.in_(("held", "quarantined")), noted.exists())
    return [InboxEntry(*row) for row in connection.execute(query.order_by(inbox.c.id))]


def _entries() -> Select[Any]:
    return select(
        inbox.c.id,
        mail.c.received_at,
        inbox.c.state,
        inbox.c.recipient,
        inbox.c.sender,
        inbox.c.title,
        inbox.c.reason,
        mail.c.results,
    ).join_from(inbox, mail)


# What runs for each mail is put together once: that costs SQLAlchemy more than running it.

_ADD = Written(insert(mail))

_PUT_LONG = Written(update(mail).where(mail.c.id == bindparam("row")).values(content=bindparam("long")))

_ADD_RECIPIENT = Written(insert(inbox))


def _received(content: ColumnElement[bytes | None]) -> Select[Any]:
    return select(
        inbox.c.id,
        content,
        mail.c.mail_from,
        inbox.c.recipient,
        mail.c.received_at,
        inbox.c.state,
        inbox.c.reason,
        mail.c.results,
    ).join_from(inbox, mail)


_SHORT = case((func.length(mail.c.content) <= LONG, mail.c.content)).label("content")

_WAITING = Written(
    _received(_SHORT)
    .where(inbox.c.state == "received", mail.c.check_due.is_(None))
    .order_by(inbox.c.id)
    .limit(bindparam("most", type_=Integer))
)

_LOAD = Written(_received(mail.c.content).where(inbox.c.id == bindparam("row")))

_CLAIM = Listed(select(inbox.c.id).with_for_update(skip_locked=True), inbox.c.id, inbox.c.state)

_SETTLE = Written(
    update(inbox)
    .where(inbox.c.id == bindparam("row"))
    .values(
        state=bindparam("new_state"),
        reason=bindparam("why"),
        sender=bindparam("author"),
        title=bindparam("about"),
    )
)

_NOTE = Written(insert(history))


def _save_settled(connection: Connection, rows: list[tuple[int, str, str, str, str]]) -> None:
    _SETTLE.run_rows(connection, ("row", "new_state", "why", "author", "about"), rows)


def _save_notes(connection: Connection, rows: list[tuple[int | None, int | None, datetime, str]]) -> None:
    _NOTE.run_rows(connection, ("inbox_id", "delivery_id", "at", "what"), rows)


@cache
def _take_once(dialect: str) -> Written:
    return Written(upserting(dialect, seen).on_conflict_do_nothing().returning(seen.c.inbox_id))


_SEEN = Keyed(select(seen.c.inbox_id), seen.c.place, seen.c.fingerprint)

_ADD_SEEN = Written(insert(seen))


def _save_seen(connection: Connection, rows: list[tuple[str, str, int]]) -> None:
    _ADD_SEEN.run_rows(connection, ("place", "fingerprint", "inbox_id"), rows)
