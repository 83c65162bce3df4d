"""Mails whose sender is still to be looked at, and what was found out: it stands with the raw mail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, func, select, update

from mailbot.store.database import storable
from mailbot.store.tables import mail

LEASE = timedelta(seconds=30)  # within which who took a mail says what came of it; then anybody may


@dataclass(frozen=True)
class Unchecked:
    """A mail that was taken to be looked at."""

    id: int
    mail_from: str  # "" is the null sender
    peer: str
    protocol: str
    helo: str
    received_at: datetime
    checks: int  # this one included
    size: int  # bytes


def is_due(connection: Connection, now: datetime) -> bool:
    """Tell whether any mail waits whose time has come."""
    query = select(mail.c.id).where(mail.c.check_due <= now).limit(1)
    return connection.execute(query).first() is not None


def claim(connection: Connection, now: datetime, most: int, room: int) -> list[Unchecked]:
    """Take the oldest mails that are due: so many, of so many bytes together, but at least one."""
    query = (
        select(
            *(mail.c.id, mail.c.mail_from, mail.c.peer, mail.c.protocol, mail.c.helo, mail.c.received_at),
            *(mail.c.checks + 1, func.length(mail.c.content)),
        )
        .where(mail.c.check_due <= now)
        .order_by(mail.c.id)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    taken: list[Unchecked] = []
    for row in connection.execute(query):
        room -= row[7]
        if taken and room < 0:
            break
        taken.append(Unchecked(*row))
    if taken:
        connection.execute(
            update(mail)
            .where(mail.c.id.in_([one.id for one in taken]))
            .values(check_due=now + LEASE, checks=mail.c.checks + 1)
        )
    return taken


def content(connection: Connection, mail_id: int) -> bytes:
    """Return a raw mail."""
    return bytes(connection.execute(select(mail.c.content).where(mail.c.id == mail_id)).scalar_one())


def save(connection: Connection, results: Sequence[tuple[int, str]]) -> None:
    """Write down what was found out; from now on the mails may be read."""
    rows = [{"row": mail_id, "found": storable(text)} for mail_id, text in results]
    connection.execute(_SAVE, rows)


def postpone(connection: Connection, waits: Sequence[tuple[int, datetime]]) -> None:
    """Let mails wait until they are looked at again."""
    connection.execute(_POSTPONE, [{"row": mail_id, "due": due} for mail_id, due in waits])


def release(connection: Connection) -> int:
    """Let every mail be read though nobody has looked at its sender; returns how many there were."""
    waiting = mail.c.check_due.is_not(None)
    return connection.execute(update(mail).where(waiting).values(check_due=None)).rowcount


def backlog(connection: Connection) -> tuple[int, datetime | None]:
    """Return how many mails wait to be looked at, and since when the oldest does."""
    query = select(func.count(), func.min(mail.c.received_at)).where(mail.c.check_due.is_not(None))
    count, oldest = connection.execute(query).one()
    return count, oldest


_SAVE = update(mail).where(mail.c.id == bindparam("row")).values(results=bindparam("found"), check_due=None)
_POSTPONE = update(mail).where(mail.c.id == bindparam("row")).values(check_due=bindparam("due"))
