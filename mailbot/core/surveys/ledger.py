"""The ledger of replies: append-only rows, and what stands of them (promises.md I18, I19)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from mailbot.core.frozen import frozen
from mailbot.core.surveys.survey import Answer, Problem

# A row of one of these kinds replaces what the body said before; the others leave it as it was.
IN_TALLY = frozenset({"counted", "partial"})  # statuses whose answers are in a survey's tally
VOTES = IN_TALLY | {"withdrawn", "declined"}  # statuses of an accepted reply to a survey
_REPLACES = VOTES | {"attending", "waiting", "later"}
_ACCEPTED = _REPLACES
BESIDE = "beside"  # in the remarks of a row: what its author wrote that is no answer
KEPT = "11 keep"  # the primary's word that a reply which waited for it stays aside


@frozen
class LedgerRow:
    """One reply and what was decided about it."""

    ballot_id: int
    code: str  # the body
    inbox_id: int | None  # None: no mail caused it (a waiting body that got a place)
    received_at: datetime
    author: str  # From address
    # counted, partial, held, late, withdrawn, declined, ignored; of an event: attending, waiting, later, unclear
    status: str
    version: int  # accepted replies of this body so far
    answers: Mapping[str, Answer]  # the body's answers after this reply
    problems: tuple[Problem, ...]
    reason: str
    rule: str = ""  # the rule that decided, short: "8 counted", "10 level 1", "11 outranked", "14 late"
    level: str = ""  # of trust (ballot.md section 10): "4" to "0", "-", "x"; "": nobody's From decided
    by: str = ""  # who decided in place of the rules: "office", an address; "": nobody
    written_at: datetime | None = None  # the Date of the mail, if it had one
    texts: int = 0  # the newest of our texts (delivery id) beside which the reply was read
    # Words after a clear choice; BESIDE: sentences beside the answers
    remarks: Mapping[str, str] = field(default_factory=dict)
    # "approximate", "year-assumed", "read"
    flags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    waits_for: str = ""  # whose word a held reply waits for: "primary" or "office"
    commitment: str = ""  # sealed surveys: stands in the chain for what is destroyed at the close
    digest: str = ""  # SHA-256 of the raw mail, so that a changed one is found

    @property
    def stands(self) -> Mapping[str, Answer]:
        """Return the answers that count after this row: none before a first reply was accepted."""
        return self.answers if self.version else {}


@dataclass(frozen=True)
class Standing:
    """What counts for one body now, and whether something of it waits for a person."""

    row: LedgerRow  # the newest row that replaced, else the newest of all
    held: bool  # a held reply came after it

    @property
    def vote(self) -> Mapping[str, Answer] | None:
        """Return the answers of the vote that stands; None: no reply was accepted as one."""
        return self.row.answers if self.row.status in VOTES else None


def accepted(status: str) -> bool:
    """Tell whether a reply decided so gets a version number."""
    return status in _ACCEPTED


def standing(rows: Iterable[LedgerRow]) -> Standing | None:
    """Return what stands for one body, from its rows in order."""
    effective: LedgerRow | None = None
    newest: LedgerRow | None = None
    held: set[int | None] = set()  # the mails that wait
    seen: set[int | None] = set()
    for row in rows:
        if row.status == "ignored":
            held -= _left_aside(row, seen)
            continue
        newest = row
        seen.add(row.inbox_id)
        if row.status in _REPLACES:
            effective, held = row, set()
        elif row.status in {"held", "unclear"}:
            held.add(row.inbox_id)
    if newest is None:
        return None
    return Standing(effective or newest, bool(held))


def waiting_for_primary(rows: Iterable[LedgerRow]) -> LedgerRow | None:
    """Return the newest reply of one body that its primary has to decide about (ballot.md sections 10 and 11)."""
    found: LedgerRow | None = None
    seen: set[int | None] = set()
    for row in rows:
        if row.status in _REPLACES or (found is not None and found.inbox_id in _left_aside(row, seen)):
            found = None
        elif row.status == "held" and row.waits_for == "primary":
            found = row
        seen.add(row.inbox_id)
    return found


def _left_aside(row: LedgerRow, seen: set[int | None]) -> set[int | None]:
    """Return the mails that a person sets aside by this row, among those that have a row already (`seen`).

    The office decides about one mail, whose number its row bears; the primary's word (KEPT) is a mail of its own and
    settles all that wait.
    """
    if row.status != "ignored" or not row.by:
        return set()
    return {row.inbox_id} if row.inbox_id in seen else seen


def times_asked_back(rows: Iterable[LedgerRow]) -> int:
    """Return how many replies were answered with a question: by the rules of ballot.md section 8, not by somebody's word."""
    return sum(
        row.by == "" and row.rule.startswith("8 ") and row.status in {"partial", "held"} for row in rows
    )


def own_rows(rows: Iterable[LedgerRow], unit: Literal["body", "person"], ballot_id: int) -> list[LedgerRow]:
    """Return the rows of a body that a ballot's vote rests on: all, or its person's own where each person votes."""
    return [row for row in rows if unit == "body" or row.ballot_id == ballot_id]


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


def standings_of_voters(rows: Iterable[LedgerRow], unit: Literal["body", "person"]) -> list[Standing]:
    """Return what stands for each voter: each body, or each person where a survey says so."""
    return [*(standings_of_ballots(rows) if unit == "person" else standings(rows)).values()]


def counted_rows(rows: Iterable[LedgerRow], unit: Literal["body", "person"]) -> list[LedgerRow]:
    """Return the rows that are in the tally, one for each voter."""
    stands = standings_of_voters(rows, unit)
    return [standing.row for standing in stands if standing.row.status in IN_TALLY]
