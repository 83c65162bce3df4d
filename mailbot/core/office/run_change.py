"""What a person makes of a planned run: postponed, skipped, sent now, or put back as it was planned."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from mailbot.core.office.plan import JobName, LateRule

Do = Literal["postpone", "skip", "send", "undo"]
# Why a change cannot be made: each has its sentence in run_words.py.
Fault = Literal[
    "ran",
    "withdrawn",
    "no-close",
    "no-freeze",
    "no-skip-open",
    "two-persons",
    "past",
    "too-late",
    "unchanged",
    "over",
]


@dataclass(frozen=True)
class RunChange:
    """One word of a person about one run."""

    do: Do
    at: datetime | None = None  # postpone: until when; aware


@dataclass(frozen=True)
class RunState:
    """A run as it stands."""

    state: str  # waiting | asked | done | late | skipped | withdrawn
    due_at: datetime
    planned_at: datetime | None  # by its definition, once a person changed it


@dataclass(frozen=True)
class Changed:
    """The run as it shall stand."""

    state: Literal["waiting", "skipped"]
    due_at: datetime
    planned_at: datetime | None


def changed(
    run: RunState,
    name: JobName,
    change: RunChange,
    rule: LateRule,
    now: datetime,
    *,
    resolution: bool = False,
) -> Changed | Fault:
    """Say how a run stands after a word about it, or why it cannot be so.

    A close is moved by extending the survey, an electorate is frozen at its base date; the opening of a resolution and a
    bulletin before its time have their own commands, where another person approves. What went out is not taken back
    here: its copies are stopped.
    """
    if run.state in {"done", "late"}:
        return "ran"
    if run.state == "withdrawn":
        return "withdrawn"
    if name.action == "freeze":
        return "no-freeze"
    if name.action == "close":
        return "no-close"
    planned_at = run.planned_at or run.due_at
    over = rule.until is not None and now >= rule.until
    match change.do:
        case "skip":
            if run.state == "skipped":
                return "unchanged"
            return "no-skip-open" if name.action == "open" else Changed("skipped", run.due_at, planned_at)
        case "send":
            guarded = name.subject == "bulletin" or (name.action == "open" and resolution)
            if guarded and run.state != "asked":  # what was asked about is past its own time
                return "two-persons"
            return "over" if over else Changed("waiting", now, planned_at)
        case "undo":
            if run.planned_at is None:
                return "unchanged"
            return "past" if planned_at <= now else Changed("waiting", planned_at, None)
        case "postpone":
            at = (change.at or now).astimezone(UTC)
            if at <= now:
                return "past"
            if rule.until is not None and at >= rule.until:
                return "too-late"
            return Changed("waiting", at, planned_at)
