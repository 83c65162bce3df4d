"""A vote counted again from its raw mail: what a ledger row should say, and in what it differs (promises.md I19).

Who sent a reply was weighed against the register of that day, which nobody can ask again: what the row says of it
(level, rule, the person who decided) is taken from the row, and must agree with itself. All else is read anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from mailbot.core.reading.judgement import Judged
from mailbot.core.surveys.ledger import VOTES, LedgerRow, Standing, accepted
from mailbot.core.surveys.ledger_chain import outward
from mailbot.core.surveys.survey import Answers, Question, Survey
from mailbot.core.surveys.trust import Count, Level, consequence
from mailbot.core.surveys.vote import applies

_OF_THE_SENDER = ("10 ", "11 ", "12 ")  # rules that hold a reply for who sent it
_LEVELS: Mapping[str, Level] = {"4": 4, "3": 3, "2": 2, "1": 1, "0": 0, "-": "-", "x": "x"}

# What a row was checked against: its raw mail; nothing but the name of the person who decided; or only the chain,
# since the mail is destroyed (sealed surveys) or was never there.
Basis = Literal["mail", "person", "chain"]


@dataclass(frozen=True)
class Checked:
    """One row of the ledger after the recount."""

    number: int  # of the row, from 1
    row: LedgerRow
    basis: Basis
    differs: tuple[str, ...]  # in what, each a few words; none of a member's own


def expected(recorded: LedgerRow, judged: Judged, before: Standing | None) -> LedgerRow:
    """Return the row that this reply must have, from its reading and from what stood for the body before it."""
    verdict = judged.verdict
    status, rule = verdict.status, verdict.rule
    if _held_for_sender(recorded, status):
        status, rule = "held", recorded.rule
    keeps = before is not None and not accepted(status)
    return replace(
        recorded,
        status=status,
        rule=rule,
        version=(0 if before is None else before.row.version) + accepted(status),
        answers=before.row.answers if keeps and before is not None else verdict.answers,
        problems=verdict.problems,
    )


def emptied_matches(recorded: LedgerRow, wanted: LedgerRow) -> LedgerRow:
    """Return the wanted row of a sealed survey after its close, as far as an emptied row can still contradict it."""
    if recorded.status == "held" and wanted.status in VOTES:
        # For its sender; the rule is destroyed
        return replace(wanted, status="held", version=recorded.version)
    return wanted


def differences(recorded: LedgerRow, wanted: LedgerRow, *, emptied: bool = False) -> tuple[str, ...]:
    """Return in what a row differs from the one that it must be; of an emptied one only what is left is compared."""
    found = []
    status = outward(wanted.status) if emptied else wanted.status
    if recorded.status != status:
        found.append(f"the status is {recorded.status}, its mail makes it {status}")
    if recorded.version != wanted.version:
        found.append(f"the version is {recorded.version}, by the rows before it {wanted.version}")
    if emptied:
        return tuple(found)
    found += [
        f"the answer to {question} is not what was read" for question in _other_answers(recorded, wanted)
    ]
    if _kinds(recorded) != _kinds(wanted):
        found.append("what was asked back is not what its mail leaves unclear")
    if recorded.rule and recorded.rule != wanted.rule and not found:
        found.append(f"the rule is given as {recorded.rule!r}, it is {wanted.rule!r}")
    return tuple(found)


def inconsistent(row: LedgerRow, survey: Survey) -> tuple[str, ...]:
    """Return what contradicts itself in what a row says of its sender (ballot.md section 10)."""
    if row.by or row.level not in _LEVELS:
        return ()
    level = _LEVELS[row.level]
    counts = isinstance(consequence(level, "survey" if survey.resolution is None else "resolution"), Count)
    if row.status in VOTES and not counts:
        return (f"it counts, and level {row.level} may not count without a person",)
    if row.rule.startswith("10 ") and row.rule != f"10 level {row.level}":
        return (f"its rule {row.rule!r} is not that of its level {row.level}",)
    if row.rule.startswith("10 ") and counts:
        return (f"it is held for its sender, and level {row.level} may count",)
    return ()


def sums(survey: Survey, votes: list[Answers], counts: Mapping[str, Mapping[str, int]]) -> tuple[str, ...]:
    """Return the questions whose rows do not sum to the votes for which their condition holds."""
    found = []
    for question in survey.questions:
        base = sum(applies(survey, question, vote) for vote in votes)
        total = sum(counts[question.id].values())
        if total != base and not _may_exceed(question, total, base):
            found.append(f"the rows of {question.id} sum to {total}, its base is {base}")
    return tuple(found)


def _may_exceed(question: Question, total: int, base: int) -> bool:
    return question.type == "multi" and total > base


def _held_for_sender(recorded: LedgerRow, status: str) -> bool:
    """Tell whether a reply that says something was held for its sender; of one nobody believes all is held."""
    if recorded.status != "held" or not recorded.rule.startswith(_OF_THE_SENDER):
        return False
    return status in VOTES or recorded.level in {"x", "-"}


def _other_answers(recorded: LedgerRow, wanted: LedgerRow) -> list[str]:
    names = sorted({*recorded.answers, *wanted.answers})
    return [name for name in names if recorded.answers.get(name) != wanted.answers.get(name)]


def _kinds(row: LedgerRow) -> list[tuple[str | None, str]]:
    return [(problem.question, problem.kind) for problem in row.problems]
