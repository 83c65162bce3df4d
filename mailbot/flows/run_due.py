"""Do what is due, each run in one transaction with the mark that it was done: never twice, never silently not."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from mailbot import log
from mailbot.core.journal_line import SCHEDULE
from mailbot.core.plan import (
    Job,
    JobName,
    LateRule,
    NotYet,
    Run,
    RunLate,
    Skip,
    duration,
    job_name,
    lateness,
    roll_call_rule,
)
from mailbot.core.refusal import Refusal
from mailbot.flows.announce_event import announce_event
from mailbot.flows.call_roll import call_roll
from mailbot.flows.close_survey import StillReading, close_survey
from mailbot.flows.follow_up_survey import follow_up_survey
from mailbot.flows.keep_standing import keep_standing
from mailbot.flows.open_survey import freeze_electorate, open_survey
from mailbot.flows.plan_runs import jobs_of
from mailbot.flows.remind_survey import remind_survey
from mailbot.flows.send_bulletin import send_bulletin
from mailbot.flows.tell_office import tell_office
from mailbot.render import ReportItem
from mailbot.site import Site
from mailbot.store import bulletins, events, journal, members, occurrences, roll_calls, surveys
from mailbot.store.database import Database
from mailbot.store.occurrences import Occurrence


def run_due(database: Database, site: Site, now: datetime) -> int:
    """Do every run whose time has come; returns how many were settled."""
    with database.read() as connection:
        due = occurrences.due(connection, now)
        misplaced = members.misplaced(connection, now.astimezone(site.zone).date())
    if misplaced:  # before anything is sent to an audience of today
        with database.write() as connection:
            log.event("register.standing", bodies=keep_standing(connection, site, now))
    settled = 0
    for run in due:
        try:
            with database.write() as connection:
                settled += _settle(connection, site, run, now)
        except StillReading:
            continue  # the mail that came before the close is read first; the next scan tries again
    return settled


def _settle(connection: Connection, site: Site, run: Occurrence, now: datetime) -> bool:
    if not occurrences.claim(connection, run.job, run.local):
        return False
    name = job_name(run.job)
    rule = _rule(connection, site, run, name)
    decision = Skip("Its definition no longer has it.") if rule is None else lateness(run.due_at, now, rule)
    late_since = None
    match decision:
        case NotYet():
            return False
        case Run():
            state, note = "done", ""
        case RunLate(by):
            state, note, late_since = "late", f"{duration(by)} late", run.due_at
        case Skip(reason):
            state, note = "skipped", reason
    if state != "skipped":
        try:
            note = " ".join(filter(None, (_run(connection, site, name, run.due_at, now, late_since), note)))
        except StillReading:
            raise
        except Refusal as refusal:
            state, note = "skipped", str(refusal)
    if name.action == "freeze" and state == "late":
        state = "done"  # the electorate of the moment it could first be read: nothing was missed
    occurrences.settle(connection, run.job, run.local, state, note, now)
    log.event("schedule." + state, job=run.job, local=run.local, note=note)
    if state != "done":
        item = ReportItem(f"{run.job}, {run.local}", note)
        tell_office(connection, site, site.render.office_report((item,), now=now), now, kind="office_report")
    return True


def _rule(connection: Connection, site: Site, run: Occurrence, name: JobName) -> LateRule | None:
    if name.subject == "rollcall":
        call = roll_calls.load(connection, name.key)
        return None if call is None else roll_call_rule(name, call.closes)
    return next((job.late for job in _jobs(connection, site, name) if job.name == run.job), None)


def _run(
    connection: Connection,
    site: Site,
    name: JobName,
    due_at: datetime,
    now: datetime,
    late_since: datetime | None,
) -> str:
    """Do one run; returns what it did, in words."""
    if name.subject == "rollcall":
        return f"{call_roll(connection, site, name.key, now)} asked"
    key = name.key
    match name.action:
        case "open":
            invited = open_survey(connection, site, key, now, late_since=late_since)
            journal.add(
                connection, "survey.opened", now, who=SCHEDULE, about=key, detail=f"{invited} invited"
            )
            return f"{invited} invited"
        case "reminder":
            return f"{remind_survey(connection, site, key, now, late_since=late_since, by=SCHEDULE)} reminded"
        case "freeze":
            return f"{_freeze(connection, site, name.key)} entitled"
        case "followup":
            return f"{follow_up_survey(connection, site, name.key, now, late_since=late_since)} followed up"
        case "close":
            counted = close_survey(connection, site, key, due_at, now, late_since=late_since)
            journal.add(
                connection, "survey.closed", now, who=SCHEDULE, about=key, detail=f"{counted} answers counted"
            )
            return f"{counted} answers counted"
        case "send":
            sent = send_bulletin(connection, site, key, now, by=SCHEDULE, late_since=late_since)
            return f"{sent.copies} copies"
        case "notice":
            noticed = announce_event(
                connection, site, key, name.number, now, late_since=late_since, by=SCHEDULE
            )
            return f"{noticed} noticed"


def _freeze(connection: Connection, site: Site, key: str) -> int:
    """Freeze the electorate of a resolution at the beginning of its base date."""
    stored = surveys.lock(connection, key)
    return 0 if stored is None else len(freeze_electorate(connection, site, stored.survey))


def _jobs(connection: Connection, site: Site, name: JobName) -> tuple[Job, ...]:
    if name.subject == "survey":
        survey = surveys.load(connection, name.key)
        return () if survey is None else jobs_of(site, survey.survey)
    if name.subject == "bulletin":
        bulletin = bulletins.load(connection, name.key)
        return () if bulletin is None else jobs_of(site, bulletin.bulletin)
    event = events.load(connection, name.key)
    return () if event is None else jobs_of(site, event.event)
