"""The ledger of each survey and event: what came back, append-only, and what ties each row to the one before."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, func, insert, select, update

from mailbot.core.refusal import Refusal
from mailbot.core.surveys import ledger_chain
from mailbot.core.surveys.ledger import BESIDE, VOTES, LedgerRow
from mailbot.core.surveys.ledger_chain import EMPTY, ChainHead, ChainLink, chain, commitment, emptied
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
from mailbot.store.moments import last_before
from mailbot.store.statements import Keyed, Written
from mailbot.store.tables import ledger_head, survey, vote
from mailbot.store.transactions import gather, known

_HEAD = Written(
    select(ledger_head.c.rows, ledger_head.c.chain).where(ledger_head.c.subject == bindparam("of"))
)
_FIRST_HEAD = insert(ledger_head)
_NEXT_HEAD = Written(
    update(ledger_head)
    .where(ledger_head.c.subject == bindparam("of"))
    .values(rows=bindparam("count"), chain=bindparam("link"))
)
_APPEND = Written(insert(vote))
_COLUMNS = (  # as `append` gathers them
    *("subject", "ballot_id", "code", "inbox_id", "received_at", "author", "status", "version", "answers"),
    *("problems", "reason", "rule", "level", "decided_by", "written_at", "texts", "remarks", "flags"),
    *("waits_for", "commitment", "salt", "digest", "chain"),
)
_STATE = select(survey.c.state).where(survey.c.key == bindparam("of"))
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
    vote.c.digest,
)
_LEDGER = _ROWS.where(vote.c.subject == bindparam("of")).order_by(vote.c.id)
_LEDGER_OF_BODY = Keyed(_ROWS.order_by(vote.c.id), vote.c.subject, vote.c.code)


_LINKS = _LEDGER.add_columns(vote.c.chain, vote.c.salt)


def with_words_beside(connection: Connection, since: datetime) -> dict[str, int]:
    """Return how many replies received since then hold sentences beside their answers, by survey."""
    rows = connection.execute(
        select(vote.c.subject, func.count())
        .where(
            vote.c.id > last_before(vote, vote.c.received_at, since), vote.c.remarks.contains(f'"{BESIDE}":')
        )
        .group_by(vote.c.subject)
        .order_by(vote.c.subject)
    )
    return {row[0]: row[1] for row in rows}


def append(connection: Connection, subject: str, row: LedgerRow, *, sealed: bool = False) -> None:
    """Add a row to the ledger of a survey or event; a sealed one is chained by a commitment to what it says."""
    author, reason = storable(row.author), storable(row.reason)
    if (author, reason) != (row.author, row.reason):
        row = replace(row, author=author, reason=reason)  # chained as it is stored
    salt = secrets.token_hex(16) if sealed else ""
    if sealed:
        row = replace(row, commitment=commitment(salt, row))
        if _is_closed(connection, subject):
            row, salt = _too_late(subject, row), ""
    last = head(connection, subject)
    link = chain(last.chain, row)
    saved: tuple[object, ...] = (
        subject,
        row.ballot_id,
        row.code,
        row.inbox_id,
        row.received_at,
        row.author,
        row.status,
        row.version,
        answers_text(row.answers),
        problems_text(row.problems),
        row.reason,
        row.rule,
        row.level,
        storable(row.by),
        row.written_at,
        row.texts,
        remarks_text(row.remarks),
        flags_text(row.flags),
        row.waits_for,
        row.commitment,
        salt,
        row.digest,
        link,
    )
    gather(connection, _save_rows, saved)
    _LEDGER_OF_BODY.forget(connection, subject, row.code)
    move_head(connection, subject, last, ChainHead(last.rows + 1, link))


def move_head(connection: Connection, subject: str, last: ChainHead, new: ChainHead) -> None:
    """Say where a ledger ends now; what its head was before is known."""
    if last == EMPTY:
        connection.execute(_FIRST_HEAD, {"subject": subject, "rows": new.rows, "chain": new.chain})
    else:
        gather(connection, _save_heads, (subject, new))
    known(connection)["head", subject] = new  # its row is locked by now


def _save_rows(connection: Connection, rows: list[tuple[object, ...]]) -> None:
    _APPEND.run_rows(connection, _COLUMNS, rows)


def _save_heads(connection: Connection, heads: list[tuple[str, ChainHead]]) -> None:
    for subject, head in dict(heads).items():  # the last of each
        _NEXT_HEAD.run(connection, of=subject, count=head.rows, link=head.chain)


def _is_closed(connection: Connection, subject: str) -> bool:
    return connection.execute(_STATE, {"of": subject}).scalar() == "closed"


def _too_late(subject: str, row: LedgerRow) -> LedgerRow:
    """Return what is kept of a reply to a sealed survey after its close: that it came. Raises Refusal when it counts."""
    if row.status in VOTES:
        raise Refusal(
            f"survey {subject}: its votes were sealed at the close; no vote can be added, changed or taken out"
        )
    return emptied(row)


def rows(connection: Connection, subject: str, code: str | None = None) -> list[LedgerRow]:
    """Return the rows of a survey or event in order; of one body only when its code is given."""
    if code is None:
        return [_row(row) for row in connection.execute(_LEDGER, {"of": subject})]
    return [_row(row) for row in _LEDGER_OF_BODY.rows(connection, subject, code)]


def read_ahead(connection: Connection, bodies: Iterable[tuple[str, str]]) -> None:
    """Read what `rows` will ask for of bodies, each with its survey, which is locked."""
    _LEDGER_OF_BODY.read_ahead(connection, bodies)


def head(connection: Connection, subject: str) -> ChainHead:
    """Return how many rows a ledger has and the chain of its last one."""
    moved: ChainHead | None = known(connection).get(("head", subject))
    if moved is not None:
        return moved
    row = _HEAD.first(connection, of=subject)
    return EMPTY if row is None else ChainHead(row[0], row[1])


def links(connection: Connection, subject: str) -> list[ChainLink]:
    """Return the rows of a survey or event as they are stored, in order, with what ties each to the one before.

    Raises Refusal when one of them holds what we never write.
    """
    found = []
    for number, row in enumerate(connection.execute(_LINKS, {"of": subject}), 1):
        try:
            found.append(ChainLink(_row(row), row.chain, row.salt))
        except (ValueError, TypeError, AttributeError) as error:
            raise Refusal(
                f"the ledger of {subject} has been changed: row {number} (body {row.code}) cannot be read ({error}); look for a "
                "backup from before"
            ) from error
    return found


def broken_link(
    connection: Connection, subject: str, lines: Sequence[tuple[str, str]] | None = None
) -> int | None:
    """Return the number (from 1) of the first ledger row that does not follow from the one before it; None: all do.

    `lines`: the published list of a closed sealed survey, see core/surveys/ledger_chain.py.
    """
    return ledger_chain.broken_link(links(connection, subject), head(connection, subject), lines)


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
        row.digest,
    )
