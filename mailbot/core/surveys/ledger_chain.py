"""The chain of hashes that ties each row of a ledger to the one before: any change of a row is found (promises.md I18, I19)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from mailbot.core.surveys.ledger import LedgerRow

FIRST_CHAIN = "0" * 64
ERASED = "erased:"  # begins what stands in place of the digest of a row from which a person was taken out


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
class ChainLink:
    """One row as it is stored, with the hash that ties it to the one before."""

    row: LedgerRow
    chain: str
    salt: str  # of its commitment; "": it has none, or its content is destroyed


@dataclass(frozen=True)
class ChainHead:
    """Where a ledger ends."""

    rows: int
    chain: str


EMPTY = ChainHead(0, FIRST_CHAIN)


def broken_link(
    links: Iterable[ChainLink], head: ChainHead, lines: Sequence[tuple[str, str]] | None = None
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


def erased_mark(before: str, link: ChainLink) -> str:
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


def listed_behind(links: Sequence[ChainLink]) -> int:
    """Return after which row (0: before the first) the published list of a closed sealed survey is tied in."""
    previous = FIRST_CHAIN
    for number, link in enumerate(links):
        if not link.row.digest.startswith(ERASED) and chain(previous, link.row) != link.chain:
            return number
        previous = link.chain
    return len(links)


def _opens(link: ChainLink, *, closed: bool) -> bool:
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
