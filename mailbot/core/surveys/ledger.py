"""The ledger of replies: append-only rows, chained by hash, and what stands of them (promises.md I18, I19)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from mailbot.core.frozen import frozen
from mailbot.core.surveys.survey import Answer, Problem

# A row of one of these kinds replaces what the body said before; the others leave it as it was.
IN_TALLY = frozenset({"counted", "partial"})  # statuses whose answers are in a survey's tally
VOTES = IN_TALLY | {"withdrawn", "declined"}  # statuses of an accepted reply to a survey
_REPLACES = VOTES | {"attending", "waiting", "later"}
_ACCEPTED = _REPLACES
FIRST_CHAIN = "0" * 64
ERASED = "erased:"  # begins what stands in place of the digest of a row from which a person was taken out
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


def chain(previous: str, row: LedgerRow) -> str:
    """Return the hash that ties a row to the one before it; a changed or missing row breaks every later one.

    What a row of a sealed survey says stands in it as a commitment, so that it can be destroyed and the chain still
    holds (ballot.md section 15).
    """
    sealed = row.commitment != ""
    facts: list[object] = [
        row.ballot_id,
        row.code,
        row.inbox_id,
        row.received_at.timestamp(),
        row.author,
        outward(row.status) if sealed else row.status,
        row.version,
        *([row.commitment] if sealed else [*_said(row), row.reason]),
    ]
    written = row.written_at.timestamp() if row.written_at else None
    if sealed:
        facts += [row.level, row.by, written, row.waits_for]
    elif row.rule or row.digest:  # rows of the first version have neither, and their chain holds on
        facts += [row.rule, row.level, row.by, written, row.texts, row.waits_for, row.digest]
    return tie(previous, facts)


def mail_digest(content: bytes) -> str:
    """Return what stands in the chain for a raw mail."""
    return hashlib.sha256(content).hexdigest()


def commitment(salt: str, row: LedgerRow) -> str:
    """Return what stands in the chain for the content of a sealed row; without the salt it says nothing of it."""
    return tie(salt, [row.status, row.reason, row.rule, row.texts, row.digest, *_said(row)])


def outward(status: str) -> str:
    """Return a status as it may be known for ever in a sealed survey: a partial vote becomes counted.

    Its own status would tell which line of the published list it is: the one in which an answer is missing.
    """
    return "counted" if status == "partial" else status


def emptied(row: LedgerRow) -> LedgerRow:
    """Return what is left of a sealed row after the close: who took part, when and as what; nothing of the answers."""
    return replace(
        row,
        status=outward(row.status),
        answers={},
        problems=(),
        reason="",
        rule="",
        texts=0,
        remarks={},
        flags={},
        digest="",
    )


def chain_list(previous: str, lines: Iterable[tuple[str, str]]) -> str:
    """Return the hash that ties the published list of a sealed survey to its ledger: each line with its answers."""
    return tie(previous, sorted([line, answers] for line, answers in lines))


@dataclass(frozen=True)
class Link:
    """One row as it is stored, with the hash that ties it to the one before."""

    row: LedgerRow
    chain: str
    salt: str  # of its commitment; "": it has none, or its content is destroyed


@dataclass(frozen=True)
class Head:
    """Where a ledger ends."""

    rows: int
    chain: str


EMPTY = Head(0, FIRST_CHAIN)


def broken_link(
    links: Iterable[Link], head: Head, lines: Sequence[tuple[str, str]] | None = None
) -> int | None:
    """Return the number (from 1) of the first row that does not follow from the one before it; None: all do.

    A ledger that does not end where its head says is broken after its last row. `lines`: the published list of a closed
    sealed survey, which is tied in once, after the row that was the last at the close.
    """
    previous, number, listed = FIRST_CHAIN, 0, lines is None
    marks: dict[str, int] = {}  # of rows from which a person was taken out: the row's number
    named: set[str] = set()  # marks that a later row ties in
    before = FIRST_CHAIN
    for number, link in enumerate(links, 1):
        if link.row.status == "ignored" and link.row.waits_for.startswith(ERASED):
            named.add(link.row.waits_for)
        if link.row.digest.startswith(ERASED):
            if link.row.digest != erased_mark(before, link):
                return number
            marks[link.row.digest] = number
            before = previous = link.chain
            continue
        if not listed and lines is not None and chain(previous, link.row) != link.chain:
            previous, listed = chain_list(previous, lines), True
        if chain(previous, link.row) != link.chain or not _opens(link, closed=lines is not None):
            return number
        before = previous = link.chain
    if unnamed := [place for mark, place in marks.items() if mark not in named]:
        return min(unnamed)
    if not listed and lines is not None and not (marks and previous == head.chain):
        previous = chain_list(previous, lines)
    return None if (number, previous) == (head.rows, head.chain) else number + 1


def erased_mark(before: str, link: Link) -> str:
    """Return what stands in place of the digest of a row from which a person was taken out.

    The row no longer follows from the one before it, and its own hash stays, so that all later rows do. The mark ties
    what is left to both; a row at the end of the ledger names it (`erasure_row`), so that from then on neither can be
    changed unseen.
    """
    row = link.row
    facts: list[object] = [
        link.chain,
        row.ballot_id,
        row.code,
        row.inbox_id,
        row.received_at.timestamp(),
        row.author,
        row.status,
        row.version,
        *_said(row),
        row.reason,
        row.rule,
        row.level,
        row.by,
        row.written_at.timestamp() if row.written_at else None,
        row.texts,
        row.waits_for,
        row.commitment,
    ]
    return ERASED + tie(before, facts)


def erasure_row(erased: LedgerRow, newest: LedgerRow, now: datetime) -> LedgerRow:
    """Return the row that names the mark of another one; it changes nothing of what its body said (`newest`)."""
    return replace(
        newest,
        inbox_id=None,
        received_at=now,
        author="",
        status="ignored",
        problems=(),
        reason="",
        rule="erasure",
        level="",
        by="",
        written_at=None,
        texts=0,
        remarks={},
        flags={},
        waits_for=erased.digest,
        commitment="",
        digest="",
    )


def listed_behind(links: Sequence[Link]) -> int:
    """Return after which row (0: before the first) the published list of a closed sealed survey is tied in."""
    previous = FIRST_CHAIN
    for number, link in enumerate(links):
        if not link.row.digest.startswith(ERASED) and chain(previous, link.row) != link.chain:
            return number
        previous = link.chain
    return len(links)


def _opens(link: Link, *, closed: bool) -> bool:
    """Tell whether a commitment fits what its row says; after the close nothing is left to check it against."""
    if not link.row.commitment:
        return not closed
    if closed:
        return link.salt == "" and link.row == emptied(link.row)
    return commitment(link.salt, link.row) == link.row.commitment


_text = json.JSONEncoder(sort_keys=True).encode


def tie(previous: str, facts: Sequence[object]) -> str:
    """Return the hash of what is said (JSON values), tied to a hash before it, or to a salt."""
    return hashlib.sha256(f"{previous}\n{_text(facts)}".encode()).hexdigest()


def _said(row: LedgerRow) -> list[object]:
    problems = [[problem.question, problem.kind, problem.text] for problem in row.problems]
    beside: list[object] = (
        [dict(row.remarks), {question: list(flags) for question, flags in row.flags.items()}]
        if row.remarks or row.flags
        else []
    )
    return [dict(row.answers), problems, *beside]
