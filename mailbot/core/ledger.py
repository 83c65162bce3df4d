"""The ledger of replies: append-only rows, chained by hash, and what stands of them (promises.md I18, I19)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from mailbot.core.survey import Answer, Problem

# A row of one of these kinds replaces what the body said before; the others leave it as it was.
_REPLACES = frozenset({"counted", "partial", "withdrawn", "declined", "attending", "waiting", "later"})
_ACCEPTED = _REPLACES
FIRST_CHAIN = "0" * 64


@dataclass(frozen=True)
class LedgerRow:
    """One reply and what was decided about it."""

    ballot_id: int
    code: str  # the body
    inbox_id: int | None  # None: no mail caused it (a waiting body that got a place)
    received_at: datetime
    author: str  # From address
    status: (
        str  # counted, partial, held, late, withdrawn, declined, ignored; attending, waiting, later, unclear
    )
    version: int  # accepted replies of this body so far
    answers: Mapping[str, Answer]  # the body's answers after this reply
    problems: tuple[Problem, ...]
    reason: str


@dataclass(frozen=True)
class Standing:
    """What counts for one body now, and whether something of it waits for a person."""

    row: LedgerRow  # the newest row that replaced, else the newest of all
    held: bool  # a held reply came after it


def accepted(status: str) -> bool:
    """Tell whether a reply decided so gets a version number."""
    return status in _ACCEPTED


def standing(rows: Iterable[LedgerRow]) -> Standing | None:
    """Return what stands for one body, from its rows in order."""
    effective: LedgerRow | None = None
    newest: LedgerRow | None = None
    held = False
    for row in rows:
        if row.status == "ignored":
            continue
        newest = row
        if row.status in _REPLACES:
            effective, held = row, False
        elif row.status in {"held", "unclear"}:
            held = True
    if newest is None:
        return None
    return Standing(effective or newest, held)


def standings(rows: Iterable[LedgerRow]) -> dict[str, Standing]:
    """Return what stands for each body, by code, from all rows of one survey or event in order."""
    by_code: dict[str, list[LedgerRow]] = {}
    for row in rows:
        by_code.setdefault(row.code, []).append(row)
    found = {code: standing(own) for code, own in sorted(by_code.items())}
    return {code: stands for code, stands in found.items() if stands is not None}


def chain(previous: str, row: LedgerRow) -> str:
    """Return the hash that ties a row to the one before it; a changed or missing row breaks every later one."""
    facts = json.dumps(
        [
            row.ballot_id,
            row.code,
            row.inbox_id,
            row.received_at.timestamp(),
            row.author,
            row.status,
            row.version,
            dict(row.answers),
            [[problem.question, problem.kind, problem.text] for problem in row.problems],
            row.reason,
        ],
        sort_keys=True,
    )
    return hashlib.sha256(f"{previous}\n{facts}".encode()).hexdigest()
