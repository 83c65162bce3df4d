"""How many automatic mails one address may still get: each is spent in the transaction that queues it (promises.md I14)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, insert, select

from mailbot.core.mail.address import address_key
from mailbot.store.statements import Keyed, Written
from mailbot.store.tables import answered
from mailbot.store.transactions import gather


def spend_answer(
    connection: Connection, address: str, now: datetime, *, per_hour: int = 5, per_day: int = 20
) -> bool:
    """Spend one of the automatic answers that this address may get; False: none is left (promises.md I14)."""
    key = address_key(address)
    a_day_ago, an_hour_ago = now - timedelta(days=1), now - timedelta(hours=1)
    rows = _ANSWERED.rows(connection, key)
    times = [row.at for row in rows]
    of_a_day = sum(at > a_day_ago for at in times)
    if of_a_day >= per_day or sum(at > an_hour_ago for at in times) >= per_hour:
        return False
    if of_a_day < len(times):
        gather(connection, _forget_answered, (key, a_day_ago))
    gather(connection, _save_answered, (key, now))
    _ANSWERED.forget(connection, key)
    return True


def read_answers_ahead(connection: Connection, addresses: Iterable[str]) -> None:
    """Read what `spend_answer` will ask for about these addresses."""
    _ANSWERED.read_ahead(connection, ((address_key(address),) for address in addresses))


def spend_duty_mail(
    connection: Connection, address: str, now: datetime, *, per_hour: int = 30, per_day: int = 200
) -> bool:
    """Spend one of the mails that the office or a moderator may get by duty; False: one more would be a flood.

    It is counted beside the answers to what they write themselves, so that neither uses the other up: no address has a
    blank in it.
    """
    return spend_answer(connection, f"duty {address}", now, per_hour=per_hour, per_day=per_day)


def spend_asked_mail(connection: Connection, address: str, now: datetime) -> bool:
    """Spend one of the mails that the office asked for, or gets by plan; False only when something writes in a circle."""
    return spend_answer(connection, f"asked {address}", now, per_hour=120, per_day=600)


def leave_untold(connection: Connection, address: str, now: datetime) -> None:
    """Remember that somebody was not told of a mail that waits, since this hour he had been told of too many."""
    gather(connection, _save_answered, (_untold(address), now))
    _ANSWERED.forget(connection, _untold(address))


def untold_since(connection: Connection, address: str) -> datetime | None:
    """Return when somebody was first not told of a mail that waits; None: he was told of all."""
    return min((row.at for row in _ANSWERED.rows(connection, _untold(address))), default=None)


def take_untold(connection: Connection, address: str) -> datetime | None:
    """Return what `untold_since` returns, and forget it: whoever asks next gets None."""
    since = untold_since(connection, address)
    if since is None:
        return None
    gone = connection.execute(delete(answered).where(answered.c.email_key == _untold(address))).rowcount
    _ANSWERED.forget(connection, _untold(address))
    return since if gone else None


def _untold(address: str) -> str:
    return address_key(f"untold {address}")  # beside the answers of `spend_answer`, as "duty" and "asked" are


_ANSWERED = Keyed(select(answered.c.at), answered.c.email_key)

_ADD_ANSWERED = Written(insert(answered))

_FORGET_ANSWERED = Written(
    delete(answered).where(answered.c.email_key == bindparam("key"), answered.c.at <= bindparam("before"))
)


def _save_answered(connection: Connection, rows: list[tuple[str, datetime]]) -> None:
    _ADD_ANSWERED.run_rows(connection, ("email_key", "at"), rows)


def _forget_answered(connection: Connection, rows: list[tuple[str, datetime]]) -> None:
    _FORGET_ANSWERED.run_rows(connection, ("key", "before"), rows)
