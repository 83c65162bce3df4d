"""Trying things out with a few bodies: which ones, and what their trial ballots show."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mailbot.core.members.register import Body
from mailbot.core.surveys.ledger import LedgerRow

PILOT = 10  # bodies of a pilot round


def pilot_bodies(bodies: Iterable[Body], count: int) -> tuple[Body, ...]:
    """Return so many bodies, spread over kinds first and prefectures second; the same ones each time.

    Among bodies that are alike in both, a hash of the code decides: the order of the register would always favour the
    capitals of northern prefectures.
    """
    left = sorted(bodies, key=lambda body: (hashlib.sha256(body.code.encode()).digest(), body.code))
    kinds: Counter[str] = Counter()
    prefectures: Counter[str] = Counter()
    chosen: list[Body] = []
    while left and len(chosen) < count:
        one = min(left, key=lambda body: (kinds[body.kind], prefectures[body.prefecture]))
        left.remove(one)
        kinds[one.kind] += 1
        prefectures[one.prefecture] += 1
        chosen.append(one)
    return tuple(sorted(chosen, key=lambda body: body.code))


@dataclass(frozen=True)
class Confusing:
    """A question that was not understood, or not answered so that it is understood."""

    question: str  # Q2; "": the reply as a whole
    bodies: int
    reasons: tuple[str, ...]  # each different one once, the most frequent first


@dataclass(frozen=True)
class TrialReport:
    """How a round of trial ballots went."""

    sent: int
    answered: int
    read_at_once: int  # whose first reply was read whole
    read_in_the_end: int  # whose newest reply was
    asked_back: tuple[Confusing, ...]  # worst first


def trial_report(sent: int, rows: Sequence[LedgerRow]) -> TrialReport:
    """Return the report of a trial from its ledger rows in order."""
    by_body: dict[str, list[LedgerRow]] = {}
    for row in rows:
        by_body.setdefault(row.code, []).append(row)
    unclear: dict[str, dict[str, list[str]]] = {}
    for code, own in by_body.items():
        for row in own:
            for question, reason in _unclear(row):
                unclear.setdefault(question, {}).setdefault(code, []).append(reason)
    confusing = [
        Confusing(question, len(bodies), _reasons(bodies.values())) for question, bodies in unclear.items()
    ]
    return TrialReport(
        sent=sent,
        answered=len(by_body),
        read_at_once=sum(own[0].status in _READ for own in by_body.values()),
        read_in_the_end=sum(own[-1].status in _READ for own in by_body.values()),
        asked_back=tuple(sorted(confusing, key=lambda one: (-one.bodies, one.question))),
    )


_READ = frozenset({"counted", "withdrawn", "declined"})


def _unclear(row: LedgerRow) -> list[tuple[str, str]]:
    if row.problems:
        return [(problem.question or "", problem.text) for problem in row.problems]
    return [] if row.status in _READ else [("", row.reason)]


def _reasons(of_bodies: Iterable[Sequence[str]]) -> tuple[str, ...]:
    counted = Counter(reason for reasons in of_bodies for reason in dict.fromkeys(reasons))
    return tuple(reason for reason, _ in counted.most_common())
