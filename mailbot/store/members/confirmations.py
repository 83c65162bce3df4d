"""Words that we asked one person for by mail: to whom, for what, until when; each token works once (promises.md I28, I31)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, func, insert, select, update

from mailbot.core.mail.address import address_key
from mailbot.store.database import storable
from mailbot.store.tables import answered, confirmation, mailing

PER_PERSON_AND_DAY = 3  # I30: mails to one address that other people's mails may cause
PER_HOUR = 100  # ... and in all


@dataclass(frozen=True)
class Confirmation:
    """One question to one person, and what a yes does."""

    id: int
    kind: str  # see flows/members/settle_confirmation.py
    about: str  # the list, the mail, ...
    address: str  # to whom it was sent; nobody else may answer
    detail: Mapping[str, str]
    made_at: datetime
    expires_at: datetime
    used_at: datetime | None


@dataclass(frozen=True)
class NewConfirmation:
    """A question that is about to be asked."""

    kind: str
    about: str
    address: str
    detail: Mapping[str, str]
    expires_at: datetime
    by_mail: bool  # anybody's mail may have caused it: it counts for the limits of `may_ask`


def make(connection: Connection, new: NewConfirmation, hash_of: Callable[[int], str], now: datetime) -> int:
    """Store a question; returns its id. `hash_of(id)` is the stored form of its token."""
    row = {
        "kind": new.kind,
        "about": storable(new.about),
        "address": storable(new.address),
        "email_key": address_key(storable(new.address)),
        "detail": json.dumps(dict(new.detail)),  # escapes what a database might refuse
        "by_mail": new.by_mail,
        "made_at": now,
        "expires_at": new.expires_at,
    }
    number: int = connection.execute(
        insert(confirmation).values(row).returning(confirmation.c.id)
    ).scalar_one()
    connection.execute(
        update(confirmation).where(confirmation.c.id == number).values(token_hash=hash_of(number))
    )
    return number


def by_token(connection: Connection, token_hash: str) -> Confirmation | None:
    """Return the question whose token has this hash, used and expired ones too."""
    return _first(connection, confirmation.c.token_hash == token_hash)


def by_id(connection: Connection, number: int, kind: str) -> Confirmation | None:
    """Return a question by its number, used and expired ones too; None: there is none of this kind."""
    return _first(connection, (confirmation.c.id == number) & (confirmation.c.kind == kind))


def _first(connection: Connection, which: ColumnElement[bool]) -> Confirmation | None:
    row = connection.execute(
        select(
            confirmation.c.id,
            confirmation.c.kind,
            confirmation.c.about,
            confirmation.c.address,
            confirmation.c.detail,
            confirmation.c.made_at,
            confirmation.c.expires_at,
            confirmation.c.used_at,
        ).where(which)
    ).first()
    if row is None:
        return None
    return Confirmation(*row[:4], json.loads(row.detail), *row[5:])


def set_expiry(connection: Connection, number: int, moment: datetime) -> None:
    """Let what a question gave last until this moment."""
    connection.execute(update(confirmation).where(confirmation.c.id == number).values(expires_at=moment))


def wanted(connection: Connection, number: int) -> None:
    """Count a question's mail no more among those that anybody can cause: who got it had asked for it."""
    connection.execute(update(confirmation).where(confirmation.c.id == number).values(by_mail=False))


def use(connection: Connection, number: int, now: datetime) -> bool:
    """Use a token up; False when it was used before, also by another node a moment ago."""
    used = connection.execute(
        update(confirmation)
        .where(confirmation.c.id == number, confirmation.c.used_at.is_(None))
        .values(used_at=now)
        .returning(confirmation.c.id)
    ).first()
    return used is not None


def may_ask(connection: Connection, address: str, now: datetime) -> bool:
    """Tell whether one more mail may go to this address that anybody's mail can cause (promises.md I30)."""
    caused = select(func.count()).select_from(confirmation).where(confirmation.c.by_mail)
    to_him = caused.where(
        confirmation.c.email_key == address_key(address), confirmation.c.made_at > now - timedelta(days=1)
    )
    told = select(func.count()).select_from(answered)
    told = told.where(answered.c.email_key == _told(address), answered.c.at > now - timedelta(days=1))
    if sum(connection.execute(query).scalar_one() for query in (to_him, told)) >= PER_PERSON_AND_DAY:
        return False
    in_all = caused.where(confirmation.c.made_at > now - timedelta(hours=1))
    return connection.execute(in_all).scalar_one() < PER_HOUR


def spend_unproved_answer(connection: Connection, address: str, now: datetime) -> bool:
    """Spend one of the answers that this address may get to mails nobody vouches for; False: none is left by the same limits."""
    if not may_ask(connection, address, now):
        return False
    connection.execute(insert(answered).values(email_key=_told(address), at=now))
    return True


def _told(address: str) -> str:
    return f"unproved {address_key(storable(address))}"  # beside the address's own count: no address has a blank here


def subject_of(number: int) -> str:
    """Return what the mailing that carries a token is filed under."""
    return f"confirm:{number}"


def mail_of(connection: Connection, number: int) -> bytes | None:
    """Return the cooked mail that asked; None when it is no longer kept."""
    query = select(mailing.c.cooked).where(mailing.c.subject == subject_of(number)).limit(1)
    return connection.execute(query).scalar()
