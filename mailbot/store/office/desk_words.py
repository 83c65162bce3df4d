"""The one-time words with which the office answers a mail of ours (ballot.md section 14): whose, for what, until when."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from mailbot.store.database import storable
from mailbot.store.tables import desk_word, mailing


@dataclass(frozen=True)
class DeskWord:
    """One word: the token of the reply address in one mail to one person of the office."""

    id: int
    address: str  # to whom it was sent; nobody else may use it
    act_id: int | None  # the act that it approves or sends back; None: commands alone
    expires_at: datetime
    used_at: datetime | None


_WORDS = select(
    desk_word.c.id, desk_word.c.address, desk_word.c.act_id, desk_word.c.expires_at, desk_word.c.used_at
)


def make(
    connection: Connection,
    address: str,
    act_id: int | None,
    expires_at: datetime,
    hash_of: Callable[[int], str],
) -> int:
    """Make a word for this address; returns its id. `hash_of(id)` is the stored form of its token (I31)."""
    row = {"address": storable(address), "act_id": act_id, "expires_at": expires_at}
    word_id: int = connection.execute(insert(desk_word).values(row).returning(desk_word.c.id)).scalar_one()
    connection.execute(update(desk_word).where(desk_word.c.id == word_id).values(token_hash=hash_of(word_id)))
    return word_id


def by_token(connection: Connection, token_hash: str) -> DeskWord | None:
    """Return the word whose token has this hash, used and expired ones too."""
    row = connection.execute(_WORDS.where(desk_word.c.token_hash == token_hash)).first()
    return None if row is None else DeskWord(*row)


def of_act(connection: Connection, act_id: int, address: str) -> DeskWord | None:
    """Return the newest word by which this address may approve an act; None: it was sent none."""
    query = _WORDS.where(desk_word.c.act_id == act_id, desk_word.c.address == storable(address))
    row = connection.execute(query.order_by(desk_word.c.id.desc()).limit(1)).first()
    return None if row is None else DeskWord(*row)


def newest(
    connection: Connection, addresses: Collection[str], most: int
) -> list[tuple[str, datetime, bytes]]:
    """Return the newest mails that carry a word to one of these addresses: to whom, when, and the mail as it was cooked."""
    query = select(desk_word.c.id, desk_word.c.address).where(desk_word.c.address.in_(addresses))
    words = {
        subject_of(row.id): row.address
        for row in connection.execute(query.order_by(desk_word.c.id.desc()).limit(most))
    }
    mails = connection.execute(
        select(mailing.c.subject, mailing.c.created_at, mailing.c.cooked)
        .where(mailing.c.subject.in_(words))
        .order_by(mailing.c.id.desc())
    )
    return [(words[row.subject], row.created_at, row.cooked) for row in mails]


def use(connection: Connection, word_id: int, now: datetime) -> bool:
    """Use a word up; False when it was used before, also by another node a moment ago."""
    used = connection.execute(
        update(desk_word)
        .where(desk_word.c.id == word_id, desk_word.c.used_at.is_(None))
        .values(used_at=now)
        .returning(desk_word.c.id)
    ).first()
    return used is not None


def subject_of(word_id: int) -> str:
    """Return what the mailing that carries a word is filed under."""
    return f"desk:{word_id}"


def mail_of(connection: Connection, word_id: int) -> bytes | None:
    """Return the cooked mail that carried this word; None when it is no longer kept."""
    query = select(mailing.c.cooked).where(mailing.c.subject == subject_of(word_id)).limit(1)
    return connection.execute(query).scalar()
