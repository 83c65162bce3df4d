"""Do what is due, each run in one transaction with the mark that it was done: never twice, never silently not."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from sqlalchemy import Connection

from mailbot import log
from mailbot.core.calendar import moment_words
from mailbot.core.office.journal_line import SCHEDULE
from mailbot.core.office.plan import (
    AskOffice,
    JobName,
    LateRule,
    NotYet,
    Run,
    RunLate,
    Skip,
    duration,
    job_name,
    lateness,
)
from mailbot.core.office.run_words import run_name, run_sentence
from mailbot.core.refusal import Refusal
from mailbot.flows.bulletins.send_issue import send_issue
from mailbot.flows.events.announce_event import announce_event
from mailbot.flows.events.ask_attendance import ask_attendance
from mailbot.flows.events.fix_meeting import fix_meeting
from mailbot.flows.events.give_seats import end_offer
from mailbot.flows.events.mail_meeting_minutes import mail_meeting_minutes
from mailbot.flows.events.propose_dates import propose_dates
from mailbot.flows.events.send_joining import send_joining
from mailbot.flows.members.call_roll import call_roll
from mailbot.flows.members.keep_standing import keep_standing
from mailbot.flows.office.tell_office import report_to_office
from mailbot.flows.runs.rule_of_run import rule_of_run
from mailbot.flows.runs.words_of_run import words_of_run
from mailbot.flows.surveys.close_survey import StillReading, close_survey
from mailbot.flows.surveys.follow_up_survey import follow_up_survey
from mailbot.flows.surveys.open_survey import freeze_electorate, open_survey
from mailbot.flows.surveys.remind_survey import remind_survey
from mailbot.render import ReportItem
from mailbot.site import Site
from mailbot.store.database import Database
from mailbot.store.members import members
from mailbot.store.office import journal
from mailbot.store.runs import occurrences
from mailbot.store.runs.occurrences import Occurrence
from mailbot.store.surveys import surveys


def run_due(database: Database, site: Site, now: datetime) -> int:
    """Do every run whose time has come; returns how many were settled."""
    with database.read() as connection:
        found = occurrences.to_look_at(connection, now)
        misplaced = members.misplaced(connection, now.astimezone(site.zone).date())
        over = [run for run in found if run.state == "asked" and _over(connection, site, run, now)]
    if misplaced:  # before anything is sent to an audience of today
        with database.write() as connection:
            log.event("register.standing", bodies=keep_standing(connection, site, now))
    settled = 0
    for run in over:
        with database.write() as connection:
            settled += _give_up(connection, site, run, now)
    for run in found:
        if run.state == "asked":
            continue
        try:
            with database.write() as connection:
                settled += _settle(connection, site, run, now)
        except StillReading:
            continue  # the mail that came before the close is read first; the next scan tries again
    return settled


def nothing_before(connection: Connection, site: Site, now: datetime) -> datetime:
    """Return until when no run is due, as the table is now, and no day begins that changes who belongs to the register."""
    local = now.astimezone(site.zone)
    midnight = datetime.combine(local.date() + timedelta(days=1), time.min, site.zone)
    return min(midnight, occurrences.next_look(connection) or midnight)


def _settle(connection: Connection, site: Site, run: Occurrence, now: datetime) -> bool:
    if not occurrences.claim(connection, run.job, run.local):
        return False
    name = job_name(run.job)
    rule = rule_of_run(connection, site, run)
    decision = Skip("Its definition no longer has it.") if rule is None else lateness(run.due_at, now, rule)
    late_since = run.late_since
    match decision:
        case NotYet():
            return False
        case AskOffice(reason, by):
            occurrences.ask(connection, run.job, run.local, reason, late_since or run.due_at)
            log.event("schedule.asked", job=run.job, local=run.local, note=reason)
            asking = _say(site, run, "asking", span=duration(by, site.language))
            commands = tuple(_say(site, run, kind) for kind in ("ask-send", "ask-skip"))
            _report(connection, site, run, asking, now, commands)
            return True
        case Run():
            state, note, told = "done", "", ""
        case RunLate() if _waits_for_hours(site, name, rule, now):
            return False
        case RunLate(by):
            state, note, late_since = "late", f"{duration(by)} late", run.due_at
            told = _say(site, run, "late", span=duration(by, site.language))
        case Skip(reason, by):
            state, note = "skipped", reason
            told = _why_skipped(site, run, name, by, rule, now)
    if state != "skipped":
        try:
            note = " ".join(filter(None, (_run(connection, site, name, run.due_at, now, late_since), note)))
        except StillReading:
            raise
        except Refusal as refusal:
            state, note = "skipped", str(refusal)
            told = _say(site, run, "not-done", why=refusal.told)
    if name.action in {"freeze", "attendance"} and state == "late":
        state = "done"  # whoever is entitled, or was there, is the same later on: nothing was missed
    occurrences.settle(connection, run.job, run.local, state, note, now)
    log.event("schedule." + state, job=run.job, local=run.local, note=note)
    if state != "done":
        _report(connection, site, run, told, now)
    return True


def _over(connection: Connection, site: Site, run: Occurrence, now: datetime) -> bool:
    """Tell whether it is too late for an answer about a run that the office was asked about."""
    rule = rule_of_run(connection, site, run)
    return rule is None or (rule.until is not None and now >= rule.until)


def _give_up(connection: Connection, site: Site, run: Occurrence, now: datetime) -> bool:
    """Drop a run about which the office was asked and did not answer; returns whether it was this node's to drop."""
    if not occurrences.claim(connection, run.job, run.local, "asked"):
        return False
    occurrences.settle(
        connection, run.job, run.local, "skipped", "The office was asked and did not answer.", now
    )
    log.event("schedule.skipped", job=run.job, local=run.local, note="no answer")
    _report(connection, site, run, _say(site, run, "no-answer"), now)
    return True


def _why_skipped(
    site: Site, run: Occurrence, name: JobName, by: timedelta | None, rule: LateRule | None, now: datetime
) -> str:
    if by is None or rule is None:
        return _say(site, run, "gone")
    over = rule.until is not None and now >= rule.until
    kind = "reminder-late" if name.action in {"reminder", "followup"} and not over else "too-late-now"
    return _say(site, run, kind, span=duration(by, site.language))


def _report(
    connection: Connection,
    site: Site,
    run: Occurrence,
    what: str,
    now: datetime,
    commands: tuple[str, ...] = (),
) -> None:
    """Tell the office about a run."""
    at = moment_words((run.late_since or run.due_at).astimezone(site.zone), site.language)
    heading = f"{run_name(run.number)} {words_of_run(connection, site, job_name(run.job))}"
    item = ReportItem(heading, _say(site, run, "report", at=at, what=what, job=run.job), commands)
    report_to_office(connection, site, item, now)


def _say(site: Site, run: Occurrence, kind: str, **figures: object) -> str:
    return run_sentence(site.language, kind, **{"name": run_name(run.number), **figures})


def _waits_for_hours(site: Site, name: JobName, rule: LateRule | None, now: datetime) -> bool:
    """Tell whether a late run that sends mail waits for the next hours of the office, because quiet is asked for."""
    local = now.astimezone(site.zone)
    if not site.calendar.quiet or name.action in {"close", "freeze"} or site.calendar.open_at(local):
        return False
    opening = site.calendar.next_opening(local)
    return rule is None or rule.until is None or opening < rule.until


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
            # `again`: what was planned goes out, whoever reminded by hand before.
            reminded = remind_survey(
                connection, site, key, now, late_since=late_since, again=True, by=SCHEDULE
            )
            return f"{reminded} reminded"
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
            sent = send_issue(connection, site, key, due_at, now, late_since=late_since)
            return f"{sent.copies} copies"
        case "joining":
            return f"{send_joining(connection, site, key, now, late_since=late_since)} told how to join"
        case "attendance":
            return f"{ask_attendance(connection, site, key, now)} on the list that the office got"
        case "offer":
            return end_offer(connection, site, key, name.number, now)
        case "propose":
            return f"{propose_dates(connection, site, key, now)} have answered"
        case "invite":
            return f"{fix_meeting(connection, site, key, None, now, by=SCHEDULE).invited} invited"
        case "minutes":
            mail_meeting_minutes(connection, site, key, now)
            return "the draft of the minutes is with the office"
        case "notice":
            noticed = announce_event(
                connection, site, key, name.number, now, late_since=late_since, by=SCHEDULE
            )
            return f"{noticed} noticed"


def _freeze(connection: Connection, site: Site, key: str) -> int:
    """Freeze the electorate of a resolution at the beginning of its base date."""
    stored = surveys.lock(connection, key)
    return 0 if stored is None else len(freeze_electorate(connection, site, stored.survey))
