"""The journal: one line for each change of a setting, decision, membership and person, in the order of their commits.

A line is inserted with the act, in its transaction, and chained as the last thing before the commit: only then must
one writer wait for another, and a line whose act is taken back goes with it.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, insert, select, update

from mailbot.core.office.journal_line import (
    Entry,
    Fault,
    Line,
    chain,
    commitment,
    erased,
    find_fault,
    shortened,
)
from mailbot.core.surveys.ledger_chain import EMPTY, ChainHead
from mailbot.store.database import storable
from mailbot.store.statements import upserting
from mailbot.store.tables import journal, journal_head
from mailbot.store.transactions import before_commit

_HEAD = 1  # the id of the only row


def add(
    connection: Connection,
    what: str,
    now: datetime,
    *,
    who: str,
    about: str = "",
    person: str = "",
    detail: str = "",
) -> None:
    """Write down one act in its own transaction; the words are those of `core/office/journal_line.py`, `Line`."""
    words = (what, who, about, person, shortened(detail))
    _insert(connection, Line(now, *map(storable, words)))


def every(
    connection: Connection, *, about: str = "", who: str = "", since: datetime | None = None
) -> list[Entry]:
    """Return the lines, oldest first: all, or those about a thing or person, by somebody, from a moment on."""
    query = _LINES.order_by(journal.c.number)
    if since is not None:
        query = query.where(journal.c.at >= since)
    found = (_entry(row) for row in connection.execute(query))
    return [entry for entry in found if _meant(entry.line, about.lower(), who.lower())]


def who_did(connection: Connection, what: str, about: str, at: datetime) -> str:
    """Return who did this to a thing at that very moment; "": nobody."""
    same = (journal.c.what == what) & (journal.c.about == about) & (journal.c.at == at)
    return connection.scalar(select(journal.c.who).where(same).limit(1)) or ""


def begins(connection: Connection) -> datetime | None:
    """Return when the first line was written: since when there is anything here; None: there is nothing yet."""
    return connection.scalar(select(journal.c.at).order_by(journal.c.id).limit(1))


def head(connection: Connection) -> ChainHead:
    """Return where the journal ends."""
    row = connection.execute(select(journal_head.c.rows, journal_head.c.chain)).first()
    return EMPTY if row is None else ChainHead(row.rows, row.chain)


def verify(connection: Connection) -> Fault | None:
    """Return the first line that was changed, dropped or put elsewhere; None: all stand as they were written."""
    return find_fault(every(connection), head(connection))


def erase(connection: Connection, take_out: Callable[[str], str], now: datetime, *, who: str) -> int:
    """Take a person out of every line and write down that it was done; returns how many lines it concerned.

    `take_out` returns words without the person. The chain holds on. That nothing remains on the disk is for the caller
    to see to (`scrub_after`).
    """
    _chain_new(connection)
    renewed: dict[int, str] = {}
    for entry in every(connection):
        line = erased(entry.line, take_out)
        if line == entry.line:
            continue
        salt = secrets.token_hex(16)
        renewed[entry.number] = commitment(salt, line)
        words = {"who": line.who, "about": line.about, "person": line.person, "detail": line.detail}
        connection.execute(update(journal).where(journal.c.number == entry.number).values(**words, salt=salt))
    lines = ", ".join(map(str, renewed)) or "none"
    _insert(connection, Line(now, "person.erased", who, detail=shortened(f"journal lines {lines}")), renewed)
    return len(renewed)


# --- the chain ----------------------------------------------------------------------------------------------------

_LINES: Select[Any] = select(
    journal.c.number,
    journal.c.at,
    journal.c.what,
    journal.c.who,
    journal.c.about,
    journal.c.person,
    journal.c.detail,
    journal.c.salt,
    journal.c.commitment,
    journal.c.chain,
    journal.c.renewed,
)
_text = json.JSONEncoder().encode


def _meant(line: Line, about: str, who: str) -> bool:
    """Tell whether a line is about this, and by him: alone, or one of the two who decided it."""
    whom = line.who.lower()
    mail = line.detail.partition(":")[0]  # "mail 12", where a mail was decided about
    concerned = {"", line.about.lower(), line.person.lower() or whom, mail}
    return about in concerned and who in {"", whom, *whom.split(", ")}


def _insert(connection: Connection, line: Line, renewed: Mapping[int, str] | None = None) -> None:
    salt = secrets.token_hex(16)
    row = {**vars(line), "salt": salt, "commitment": commitment(salt, line), "chain": ""}
    connection.execute(insert(journal).values(row | {"renewed": _text(renewed or {})}))
    before_commit(connection, _chain_new)


def _chain_new(connection: Connection) -> None:
    """Tie this transaction's lines to those before them; other writers wait for its end from here on."""
    new = connection.execute(
        _LINES.add_columns(journal.c.id).where(journal.c.number.is_(None)).order_by(journal.c.id)
    ).all()
    if not new:
        return
    first = upserting(connection.dialect.name, journal_head).values(
        id=_HEAD, rows=EMPTY.rows, chain=EMPTY.chain
    )
    connection.execute(first.on_conflict_do_nothing())
    last = connection.execute(select(journal_head.c.rows, journal_head.c.chain).with_for_update()).one()
    number, previous = last.rows, last.chain
    for row in new:
        number += 1
        previous = chain(previous, _entry(row, number))
        connection.execute(
            update(journal).where(journal.c.id == row.id).values(number=number, chain=previous)
        )
    connection.execute(update(journal_head).values(rows=number, chain=previous))


def _entry(row: Row[Any], number: int = 0) -> Entry:
    return Entry(
        row.number or number,
        Line(row.at, row.what, row.who, row.about, row.person, row.detail),
        row.salt,
        row.commitment,
        row.chain,
        {int(line): words for line, words in json.loads(row.renewed).items()},
    )
