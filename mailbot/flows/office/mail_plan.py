"""Mail the plan to the office on the first business day of the week: what will go out, and what was late, skipped or changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import Connection

from mailbot.core.calendar import business_day, local_moment, unconfirmed
from mailbot.core.lists.digest import begins_week
from mailbot.core.office.plan import JobName, duration, job_name, occurrence
from mailbot.core.office.run_words import day_words, hour_words, run_name, run_sentence
from mailbot.flows.office.tell_office import tell_office
from mailbot.flows.runs.count_mails import count_mails
from mailbot.flows.runs.words_of_run import words_of_run
from mailbot.site import Site
from mailbot.store.bulletins import bulletins
from mailbot.store.events import events, meetings
from mailbot.store.office import journal
from mailbot.store.runs import occurrences
from mailbot.store.runs.occurrences import Occurrence
from mailbot.store.surveys import ledgers, surveys

JOB = "plan"
MAIL = "plan"  # template and kind
_AHEAD = timedelta(days=30)
_MOST_SHOWN = 60  # runs in one part


@dataclass(frozen=True)
class PlanLine:
    """One run, as the mail shows it."""

    at: str  # 12月1日（火）10時
    name: str  # P-0012
    what: str  # S26-014の再度のお願い
    title: str  # of the survey, event or bulletin; "": it has none
    mails: int
    remarks: tuple[str, ...] = ()


def plan_due(connection: Connection, site: Site, now: datetime) -> bool:
    """Tell whether this week's mail is to be written: on its day, once, and if there is anything to say.

    A folder that was set up on that day after the mail's time gets it a week later: whoever set it up knows what it plans.
    """
    local = now.astimezone(site.zone)
    if site.plan_at is None or local.time() < site.plan_at or not begins_week(local.date(), site.calendar):
        return False
    at = _planned(site, local.date(), site.plan_at)
    if occurrences.is_known(connection, JOB, occurrence(at, site.zone)):
        return False
    set_up = journal.begins(connection)
    if set_up is None or set_up > at:
        return False
    return bool(
        occurrences.open_until(connection, now + _AHEAD)
        or occurrences.settled_since(connection, now - timedelta(days=7))
    )


def mail_plan(connection: Connection, site: Site, now: datetime) -> int:
    """Queue this week's mail to the people of the office, each with a reply address of his own; returns to how many.

    It is marked in the due-table in the same transaction, so that no other node, and no later look, writes it again.
    """
    local = now.astimezone(site.zone)
    if site.plan_at is None:
        return 0
    at = _planned(site, local.date(), site.plan_at)
    run = Occurrence(JOB, occurrence(at, site.zone), at)
    if not occurrences.take(connection, run):
        return 0
    occurrences.settle(connection, run.job, run.local, "done", f"to {len(site.people)}", now)
    end = local_moment(local.date() + timedelta(days=7 - local.weekday()), time(0), site.zone)  # Sunday's end
    coming = occurrences.open_until(connection, now + _AHEAD)
    asked = [one for one in coming if one.state == "asked"]
    waiting = [one for one in coming if one.state == "waiting"]
    past = occurrences.settled_since(connection, now - timedelta(days=7))
    told = [one for one in past if one.state in {"late", "skipped"}]
    cooked = site.render.office.letter(
        MAIL,
        now=now,
        asked=_lines(connection, site, asked),
        week=_lines(connection, site, [one for one in waiting if one.due_at < end]),
        later=_lines(connection, site, [one for one in waiting if one.due_at >= end]),
        told=_lines(connection, site, told),
        done=sum(one.state == "done" for one in past),
        beside=ledgers.with_words_beside(connection, now - timedelta(days=7)),
        first=day_words(local.date(), site.language),
        last=day_words(end.date() - timedelta(days=1), site.language),
        until=day_words((local + _AHEAD).date(), site.language),
        notes=_notes(site, local.date()),
        zone=site.zone.key,
    )
    tell_office(connection, site, cooked, now, kind=MAIL, to=site.people)
    return len(site.people)


def _planned(site: Site, day: date, at: time) -> datetime:
    return local_moment(day, at, site.zone)


def _lines(connection: Connection, site: Site, runs: Sequence[Occurrence]) -> tuple[PlanLine, ...]:
    return tuple(plan_line(connection, site, one) for one in runs[:_MOST_SHOWN])


def plan_line(connection: Connection, site: Site, run: Occurrence) -> PlanLine:
    """Return one run in words, with how many mails it would send."""
    name = job_name(run.job)
    at = (run.late_since or run.due_at).astimezone(site.zone)
    open_still = run.state in {"waiting", "asked"}
    return PlanLine(
        at=f"{day_words(at.date(), site.language)}{hour_words(at, site.language)}",
        name=run_name(run.number),
        what=words_of_run(connection, site, name),
        title=_title(connection, name),
        mails=count_mails(connection, run) if open_still else 0,
        remarks=tuple(_remarks(site, run)),
    )


def _remarks(site: Site, run: Occurrence) -> list[str]:
    language = site.language
    remarks = []
    if run.state == "waiting":
        at = run.due_at.astimezone(site.zone)
        if run.planned_at is not None:
            planned = run.planned_at.astimezone(site.zone)
            when = f"{day_words(planned.date(), language)}{hour_words(planned, language)}"
            remarks.append(run_sentence(language, "moved", at=when))
        if not site.calendar.open_at(at):
            day_off = not business_day(at.date(), site.calendar)
            remarks.append(run_sentence(language, "odd-day" if day_off else "odd-hour"))
        if unconfirmed(at.date(), site.calendar) is not None:
            remarks.append(run_sentence(language, "unpublished", year=at.year))
    elif run.state == "late" and run.settled_at is not None:
        remarks.append(
            run_sentence(language, "was-late", span=duration(run.settled_at - run.due_at, language))
        )
    elif run.state == "skipped":
        by_hand = run.planned_at is not None
        remarks.append(run_sentence(language, "was-skipped-by-hand" if by_hand else "was-skipped"))
    return remarks


def _notes(site: Site, today: date) -> tuple[str, ...]:
    """Return what about the days ahead the office may want to know: days off within the week."""
    days = (today + timedelta(days=step) for step in range(1, 5 - min(today.weekday(), 4)))
    off = [day for day in days if not business_day(day, site.calendar)]
    names = [f"{day_words(day, site.language)} {site.calendar.holidays.get(day, '')}".strip() for day in off]
    separator = "、" if site.language == "ja" else ", "
    return (run_sentence(site.language, "days-off", days=separator.join(names)),) if names else ()


def _title(connection: Connection, name: JobName) -> str:
    match name.subject:
        case "survey":
            survey = surveys.load(connection, name.key)
            return "" if survey is None else survey.survey.title
        case "event":
            event = events.load(connection, name.key)
            return "" if event is None else event.event.title
        case "bulletin":
            bulletin = bulletins.load(connection, name.key)
            return "" if bulletin is None else bulletin.bulletin.title
        case "meeting":
            meeting = meetings.load(connection, name.key)
            return "" if meeting is None else meeting.meeting.title
        case "rollcall":
            return ""
