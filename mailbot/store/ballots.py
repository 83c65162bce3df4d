"""Ballots (one for each body or person that is asked), their tokens, and the ledger of what came back."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from mailbot.core.ledger import FIRST_CHAIN, LedgerRow, chain, commitment
from mailbot.store.database import storable
from mailbot.store.documents import (
    answers_of,
    answers_text,
    flags_of,
    flags_text,
    problems_of,
    problems_text,
    remarks_of,
    remarks_text,
)
from mailbot.store.tables import ballot, ledger_head, replaced_token, sighting, vote


@dataclass(frozen=True)
class Ballot:
    """What one body (or person) was asked by one survey or event."""

    id: int
    kind: str  # survey | event | probe
    subject: str  # its key
    code: str
    address: str
    greeting: str
    reference: str  # 受付番号
    issue: int = 1  # of its token
    frozen_at: datetime | None = None
    absent_until: datetime | None = None
    columns: int = 68  # width of its lines
    revoked: bool = False  # it was found by a token that a newer one has replaced


@dataclass(frozen=True)
class NewBallot:
    """A ballot to make."""

    code: str
    address: str
    greeting: str
    reference: str
    columns: int = 68


_BALLOTS = select(
    ballot.c.id,
    ballot.c.kind,
    ballot.c.subject,
    ballot.c.code,
    ballot.c.address,
    ballot.c.greeting,
    ballot.c.reference,
    ballot.c.issue,
    ballot.c.frozen_at,
    ballot.c.absent_until,
    ballot.c.columns,
)
_OF_SUBJECT = _BALLOTS.where(ballot.c.subject == bindparam("subject")).order_by(ballot.c.code, ballot.c.id)
_BY_TOKEN = _BALLOTS.where(ballot.c.token_hash == bindparam("hash"))
_BY_OLD_TOKEN = (
    _BALLOTS.add_columns(replaced_token.c.revoked_at)
    .join_from(ballot, replaced_token)
    .where(replaced_token.c.token_hash == bindparam("hash"))
)
_BY_ID = _BALLOTS.where(ballot.c.id == bindparam("row"))


def make(
    connection: Connection,
    kind: str,
    subject: str,
    wanted: Sequence[NewBallot],
    hash_of: Callable[[int], str],
) -> list[Ballot]:
    """Make these ballots and freeze the electorate with them; `hash_of(id)` is the stored form of the token."""
    if not wanted:
        return []
    connection.execute(
        insert(ballot),
        [
            {
                "subject": subject,
                "kind": kind,
                "code": new.code,
                "address": new.address,
                "greeting": new.greeting,
                "reference": new.reference,
                "columns": new.columns,
            }
            for new in wanted
        ],
    )
    made = of_subject(connection, subject)
    connection.execute(
        update(ballot).where(ballot.c.id == bindparam("row")).values(token_hash=bindparam("hash")),
        [{"row": one.id, "hash": hash_of(one.id)} for one in made],
    )
    return made


def of_subject(connection: Connection, subject: str) -> list[Ballot]:
    """Return every ballot of a survey or event, by code."""
    return [Ballot(*row) for row in connection.execute(_OF_SUBJECT, {"subject": subject})]


def count(connection: Connection, subject: str) -> int:
    """Return how many ballots a survey or event has: its electorate."""
    query = select(func.count()).select_from(ballot).where(ballot.c.subject == subject)
    return connection.execute(query).scalar_one()


def by_token(connection: Connection, token_hash: str) -> Ballot | None:
    """Return the ballot whose reply address carries this token, or carried it before it got a newer one."""
    row = connection.execute(_BY_TOKEN, {"hash": token_hash}).first()
    if row is not None:
        return Ballot(*row)
    old = connection.execute(_BY_OLD_TOKEN, {"hash": token_hash}).first()
    return None if old is None else replace(Ballot(*old[:-1]), revoked=old[-1] is not None)


def by_id(connection: Connection, ballot_id: int) -> Ballot | None:
    """Return one ballot."""
    row = connection.execute(_BY_ID, {"row": ballot_id}).first()
    return None if row is None else Ballot(*row)


def reissue(
    connection: Connection, one: Ballot, new_hash: str, *, revoke_at: datetime | None = None
) -> Ballot:
    """Give a ballot a new token and thaw it; the old one works until the new one is used, or dies at `revoke_at`."""
    old_hash = connection.execute(select(ballot.c.token_hash).where(ballot.c.id == one.id)).scalar_one()
    connection.execute(
        insert(replaced_token).values(token_hash=old_hash, ballot_id=one.id, revoked_at=revoke_at)
    )
    connection.execute(
        update(ballot)
        .where(ballot.c.id == one.id)
        .values(token_hash=new_hash, issue=one.issue + 1, frozen_at=None)
    )
    return replace(one, issue=one.issue + 1, frozen_at=None)


def revoke_older(connection: Connection, ballot_id: int, now: datetime) -> None:
    """Let the earlier tokens of a ballot die: its newest one has been used."""
    connection.execute(
        update(replaced_token)
        .where(replaced_token.c.ballot_id == ballot_id, replaced_token.c.revoked_at.is_(None))
        .values(revoked_at=now)
    )


def see_domain(connection: Connection, ballot_id: int, domain: str) -> int:
    """Note that a ballot's token came from this domain; returns from how many it has come so far."""
    dialect_insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    connection.execute(
        dialect_insert(sighting).values(ballot_id=ballot_id, domain=storable(domain)).on_conflict_do_nothing()
    )
    query = select(func.count()).select_from(sighting).where(sighting.c.ballot_id == ballot_id)
    return connection.execute(query).scalar_one()


def freeze(connection: Connection, ballot_id: int, now: datetime) -> None:
    """Let nothing count that comes with a ballot's present token."""
    connection.execute(update(ballot).where(ballot.c.id == ballot_id).values(frozen_at=now))


def set_absent(connection: Connection, ballot_id: int, until: datetime) -> None:
    """Note that the ballot's address answers by itself until then."""
    connection.execute(update(ballot).where(ballot.c.id == ballot_id).values(absent_until=until))


def owe_receipt(connection: Connection, ballot_id: int, owed: bool) -> None:
    """Note whether a body still has to be told what stands: its receipts passed the limit per sender (I14)."""
    connection.execute(update(ballot).where(ballot.c.id == ballot_id).values(receipt_owed=owed))


def owed_receipts(connection: Connection) -> list[Ballot]:
    """Return the ballots that are owed a receipt."""
    return [Ballot(*row) for row in connection.execute(_BALLOTS.where(ballot.c.receipt_owed))]


# --- the ledger -------------------------------------------------------------------------------------------------

_HEAD = select(ledger_head.c.rows, ledger_head.c.chain).where(ledger_head.c.subject == bindparam("of"))
_FIRST_HEAD = insert(ledger_head)
_NEXT_HEAD = (
    update(ledger_head)
    .where(ledger_head.c.subject == bindparam("of"))
    .values(rows=bindparam("count"), chain=bindparam("link"))
)
_APPEND = insert(vote)
_ROWS: Select[Any] = select(
    vote.c.ballot_id,
    vote.c.code,
    vote.c.inbox_id,
    vote.c.received_at,
    vote.c.author,
    vote.c.status,
    vote.c.version,
    vote.c.answers,
    vote.c.problems,
    vote.c.reason,
    vote.c.rule,
    vote.c.level,
    vote.c.decided_by,
    vote.c.written_at,
    vote.c.texts,
    vote.c.remarks,
    vote.c.flags,
    vote.c.waits_for,
    vote.c.commitment,
)
_LEDGER = _ROWS.where(vote.c.subject == bindparam("of")).order_by(vote.c.id)
_LEDGER_OF_BODY = _ROWS.where(vote.c.subject == bindparam("of"), vote.c.code == bindparam("body")).order_by(
    vote.c.id
)


_LINKS = _LEDGER.add_columns(vote.c.chain)


def append(connection: Connection, subject: str, row: LedgerRow, *, sealed: bool = False) -> None:
    """Add a row to the ledger of a survey or event; a sealed one is chained by a commitment to what it says."""
    row = replace(row, author=storable(row.author), reason=storable(row.reason))  # chained as it is stored
    salt = secrets.token_hex(16) if sealed else ""
    if sealed:
        row = replace(row, commitment=commitment(salt, row))
    head = connection.execute(_HEAD, {"of": subject}).first()
    rows, last = (0, FIRST_CHAIN) if head is None else head
    link = chain(last, row)
    connection.execute(
        _APPEND,
        {
            "subject": subject,
            "ballot_id": row.ballot_id,
            "code": row.code,
            "inbox_id": row.inbox_id,
            "received_at": row.received_at,
            "author": row.author,
            "status": row.status,
            "version": row.version,
            "answers": answers_text(row.answers),
            "problems": problems_text(row.problems),
            "reason": row.reason,
            "rule": row.rule,
            "level": row.level,
            "decided_by": storable(row.by),
            "written_at": row.written_at,
            "texts": row.texts,
            "remarks": remarks_text(row.remarks),
            "flags": flags_text(row.flags),
            "waits_for": row.waits_for,
            "commitment": row.commitment,
            "salt": salt,
            "chain": link,
        },
    )
    if head is None:
        connection.execute(_FIRST_HEAD, {"subject": subject, "rows": 1, "chain": link})
    else:
        connection.execute(_NEXT_HEAD, {"of": subject, "count": rows + 1, "link": link})


def ledger(connection: Connection, subject: str, code: str | None = None) -> list[LedgerRow]:
    """Return the rows of a survey or event in order; of one body only when its code is given."""
    if code is None:
        rows = connection.execute(_LEDGER, {"of": subject})
    else:
        rows = connection.execute(_LEDGER_OF_BODY, {"of": subject, "body": code})
    return [_row(row) for row in rows]


def head(connection: Connection, subject: str) -> tuple[int, str]:
    """Return how many rows a ledger has and the chain of its last one."""
    row = connection.execute(_HEAD, {"of": subject}).first()
    return (0, FIRST_CHAIN) if row is None else (row[0], row[1])


def broken_link(connection: Connection, subject: str) -> int | None:
    """Return the number (from 1) of the first ledger row that does not follow from the one before it; None: all do.

    A ledger that ends before its head says is broken behind its last row.
    """
    previous, number = FIRST_CHAIN, 0
    for number, row in enumerate(connection.execute(_LINKS, {"of": subject}), 1):
        if chain(previous, _row(row)) != row.chain:
            return number
        previous = row.chain
    return None if (number, previous) == head(connection, subject) else number + 1


def _row(row: Row[Any]) -> LedgerRow:
    return LedgerRow(
        row.ballot_id,
        row.code,
        row.inbox_id,
        row.received_at,
        row.author,
        row.status,
        row.version,
        answers_of(row.answers),
        problems_of(row.problems),
        row.reason,
        row.rule,
        row.level,
        row.decided_by,
        row.written_at,
        row.texts,
        remarks_of(row.remarks),
        flags_of(row.flags),
        row.waits_for,
        row.commitment,
    )
