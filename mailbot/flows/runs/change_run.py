"""Postpone a planned run, skip it, send it now, or put it back: at a person's word, on record."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.calendar import moment_words
from mailbot.core.office.plan import JobName, job_name
from mailbot.core.office.run_change import Changed, RunChange, RunState, changed
from mailbot.core.office.run_words import run_name, run_sentence
from mailbot.core.refusal import Refusal
from mailbot.flows.runs.rule_of_run import rule_of_run
from mailbot.flows.runs.words_of_run import words_of_run
from mailbot.site import Site
from mailbot.store.office import journal
from mailbot.store.runs import occurrences
from mailbot.store.runs.occurrences import Occurrence
from mailbot.store.sending import sendings
from mailbot.store.surveys import surveys


def change_run(
    connection: Connection, site: Site, number: int, change: RunChange, now: datetime, *, by: str
) -> tuple[str, ...]:
    """Make of a run what a person said; returns sentences: what was done, and how to take it back.

    Raises Refusal with a sentence when it cannot be: it went out, or it would come too late.
    """
    run = occurrences.numbered(connection, number)
    if run is None:
        raise Refusal(run_sentence(site.language, "none", name=run_name(number)))
    name = job_name(run.job)
    rule = rule_of_run(connection, site, run)
    if rule is None:
        raise Refusal(_say(connection, site, run, name, "withdrawn"))
    survey = surveys.load(connection, name.key) if name.subject == "survey" else None
    resolution = survey is not None and survey.survey.resolution is not None
    standing = RunState(run.state, run.due_at, run.planned_at)
    found = changed(standing, name, change, rule, now, resolution=resolution)
    if not isinstance(found, Changed):
        out = _already_out(connection, site, run, name) if found == "ran" else ""
        raise Refusal(_say(connection, site, run, name, found, out=out))
    note = {"skip": f"skipped by {by}", "undo": ""}.get(change.do, f"{change.do} by {by}")
    occurrences.change(
        connection,
        number,
        state=found.state,
        due_at=found.due_at,
        planned_at=found.planned_at,
        note=note,
        settled_at=now if found.state == "skipped" else None,
    )
    local = found.due_at.astimezone(site.zone)
    detail = f"{run.job}, planned {run.local}" + (
        f", now {local:%Y-%m-%d %H:%M}" if found.state == "waiting" else ""
    )
    journal.add(connection, f"run.{change.do}", now, who=by, about=name.key, detail=detail)
    said = [_say(connection, site, run, name, change.do, at=moment_words(local, site.language))]
    if change.do == "postpone" and not site.calendar.open_at(local):
        said.append(run_sentence(site.language, "day-off"))
    if change.do in {"postpone", "skip"}:
        said.append(_say(connection, site, run, name, "undo-hint"))
    return tuple(said)


def _say(
    connection: Connection,
    site: Site,
    run: Occurrence,
    name: JobName,
    kind: str,
    *,
    at: str = "",
    out: str = "",
) -> str:
    words = words_of_run(connection, site, name)
    command = "bulletins send-now" if name.subject == "bulletin" else "surveys open"
    return run_sentence(
        site.language,
        kind,
        run=words,
        name=run_name(run.number),
        key=name.key,
        at=at,
        out=out,
        command=command,
    ).strip()


def _already_out(connection: Connection, site: Site, run: Occurrence, name: JobName) -> str:
    """Say how many of a run's copies have left (I23)."""
    made = [] if run.settled_at is None else sendings.made_at(connection, name.key, run.settled_at)
    total, left = sum(one.total for one in made), sum(one.out for one in made)
    if not total:
        return ""
    kind = "out" if left < total else "all-out"
    return run_sentence(site.language, kind, total=total, left=left, key=name.key)
