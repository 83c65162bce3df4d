"""Ballots (one for each body that is asked) and the ledger of what came back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, insert, select, update

from mailbot.core.ledger import FIRST_CHAIN, LedgerRow, chain
from mailbot.store.database import storable
from mailbot.store.documents import answers_of, answers_text, problems_of, problems_text
from mailbot.store.tables import ballot, vote


@dataclass(frozen=True)
class Ballot:
    """What one body was asked by one survey or event."""

    id: int
    kind: str  # survey | event
    subject: str  # its key
    code: str
    address: str
    greeting: str
    reference: str  # 受付番号


@dataclass(frozen=True)
class NewBallot:
    """A ballot to make."""

    code: str
    address: str
    greeting: str
    reference: str


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
    rows = connection.execute(
        _ballots().where(ballot.c.subject == subject).order_by(ballot.c.code, ballot.c.id)
    )
    return [Ballot(*row) for row in rows]


def by_token(connection: Connection, token_hash: str) -> Ballot | None:
    """Return the ballot whose reply address carries this token."""
    row = connection.execute(_ballots().where(ballot.c.token_hash == token_hash)).first()
    return None if row is None else Ballot(*row)


def by_id(connection: Connection, ballot_id: int) -> Ballot | None:
    """Return one ballot."""
    row = connection.execute(_ballots().where(ballot.c.id == ballot_id)).first()
    return None if row is None else Ballot(*row)


def append(connection: Connection, subject: str, row: LedgerRow) -> None:
    """Add a row to the ledger of a survey or event."""
    last = connection.execute(
        select(vote.c.chain).where(vote.c.subject == subject).order_by(vote.c.id.desc()).limit(1)
    ).scalar()
    row = replace(row, author=storable(row.author), reason=storable(row.reason))  # chained as it is stored
    row_chain = chain(last or FIRST_CHAIN, row)
    connection.execute(
        insert(vote).values(
            subject=subject,
            ballot_id=row.ballot_id,
            code=row.code,
            inbox_id=row.inbox_id,
            received_at=row.received_at,
            author=row.author,
            status=row.status,
            version=row.version,
            answers=answers_text(row.answers),
            problems=problems_text(row.problems),
            reason=row.reason,
            chain=row_chain,
        )
    )


def ledger(connection: Connection, subject: str, code: str | None = None) -> list[LedgerRow]:
    """Return the rows of a survey or event in order; of one body only when its code is given."""
    query = _rows().where(vote.c.subject == subject)
    if code is not None:
        query = query.where(vote.c.code == code)
    return [_row(row) for row in connection.execute(query.order_by(vote.c.id))]


def broken_link(connection: Connection, subject: str) -> int | None:
    """Return the id of the first ledger row that does not follow from the one before it; None: all do."""
    previous = FIRST_CHAIN
    query = _rows().add_columns(vote.c.id.label("row_id"), vote.c.chain).where(vote.c.subject == subject)
    for row in connection.execute(query.order_by(vote.c.id)):
        if chain(previous, _row(row)) != row.chain:
            return int(row.row_id)
        previous = row.chain
    return None


def _ballots() -> Select[Any]:
    return select(
        ballot.c.id,
        ballot.c.kind,
        ballot.c.subject,
        ballot.c.code,
        ballot.c.address,
        ballot.c.greeting,
        ballot.c.reference,
    )


def _rows() -> Select[Any]:
    return select(
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
    )


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
    )
