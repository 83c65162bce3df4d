"""The ledger of replies: append-only rows, chained by hash, and what stands of them (promises.md I18, I19)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
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
    rule: str = ""  # the rule that decided, short: "8 counted", "10 level 1", "11 outranked", "14 late"
    level: str = ""  # of trust (ballot.md section 10): "4" to "0", "-", "x"; "": nobody's From decided
    by: str = ""  # who decided in place of the rules: "office", an address; "": nobody
    written_at: datetime | None = None  # the Date of the mail, if it had one
    texts: int = 0  # the newest of our texts (delivery id) beside which the reply was read
    remarks: Mapping[str, str] = field(default_factory=dict)  # words after a clear choice
    flags: Mapping[str, tuple[str, ...]] = field(
        default_factory=dict
    )  # "approximate", "year-assumed", "read"
    waits_for: str = ""  # whose word a held reply waits for: "primary" or "office"
    commitment: str = ""  # sealed surveys: stands in the chain for what is destroyed at the close


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


def standings_of_ballots(rows: Iterable[LedgerRow]) -> dict[int, Standing]:
    """Return what stands for each ballot, by its id: where each person of a body has a vote of his own."""
    by_ballot: dict[int, list[LedgerRow]] = {}
    for row in rows:
        by_ballot.setdefault(row.ballot_id, []).append(row)
    found = {ballot: standing(own) for ballot, own in sorted(by_ballot.items())}
    return {ballot: stands for ballot, stands in found.items() if stands is not None}


def chain(previous: str, row: LedgerRow) -> str:
    """Return the hash that ties a row to the one before it; a changed or missing row breaks every later one.

    What a row of a sealed survey says stands in it as a commitment, so that it can be destroyed and the chain still
    holds (ballot.md section 15).
    """
    said: list[object] = [row.commitment] if row.commitment else _said(row)
    facts: list[object] = [
        row.ballot_id,
        row.code,
        row.inbox_id,
        row.received_at.timestamp(),
        row.author,
        row.status,
        row.version,
        *said,
        row.reason,
    ]
    if row.rule:  # rows of the first version have none, and their chain holds on
        written = row.written_at.timestamp() if row.written_at else None
        facts += [row.rule, row.level, row.by, written, row.texts, row.waits_for]
    return hashlib.sha256(f"{previous}\n{json.dumps(facts, sort_keys=True)}".encode()).hexdigest()


def commitment(salt: str, row: LedgerRow) -> str:
    """Return what stands in the chain for the content of a sealed row; without the salt it says nothing of it."""
    return hashlib.sha256(f"{salt}\n{json.dumps(_said(row), sort_keys=True)}".encode()).hexdigest()


def _said(row: LedgerRow) -> list[object]:
    problems = [[problem.question, problem.kind, problem.text] for problem in row.problems]
    beside: list[object] = (
        [dict(row.remarks), {question: list(flags) for question, flags in row.flags.items()}]
        if row.remarks or row.flags
        else []
    )
    return [dict(row.answers), problems, *beside]
