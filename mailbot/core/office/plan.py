"""Which scheduled runs a survey or an event has, and what becomes of a run that is late (promises.md I22)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta, tzinfo
from itertools import islice
from typing import Literal

from mailbot.core.bulletins.bulletin import Bulletin
from mailbot.core.calendar import (
    Holiday,
    Language,
    OfficeCalendar,
    business_days_before,
    local_moment,
    moment_before,
)
from mailbot.core.events.event import Event, Notice, begins, ends
from mailbot.core.events.meeting import Meeting
from mailbot.core.office.lateness import Lateness
from mailbot.core.recurrence import coming, read_recurrence
from mailbot.core.surveys.survey import Reminder, Survey

Action = Literal[
    "freeze",
    "open",
    "reminder",
    "followup",
    "close",
    "notice",
    "offer",
    "joining",
    "attendance",
    "send",
    "propose",
    "invite",
    "minutes",
]

_ON_TIME = timedelta(minutes=5)  # a run this little after its time is not called late
_REMINDER = Lateness(24, "drop")  # later it would name the wrong day
_NOTICE = Lateness(72, "ask")
_BULLETIN = Lateness(24, "ask")
_ISSUES_AHEAD = 12  # of a standing bulletin
_BULLETIN_ENDS = timedelta(days=14)  # the next issue is near


@dataclass(frozen=True)
class LateRule:
    """Until when a late run is still done; past either bound the office is asked, or told that it is dropped."""

    until: datetime | None = None  # exclusive; None: for ever
    at_most: timedelta | None = None  # how late; None: however late
    after: str = ""  # what has happened by `until`, in the words of the report
    ask: bool = False  # past `at_most` the office is asked, as long as `until` has not come


@dataclass(frozen=True)
class Job:
    """One occurrence of something planned; name and local time are its unique key in the due-table."""

    name: str  # survey:S26-014:reminder:1
    at: datetime  # UTC: moments of one zone would be compared by their wall clocks (PEP 495)
    late: LateRule


@dataclass(frozen=True)
class JobName:
    """A job's name, taken apart."""

    subject: Literal["survey", "event", "rollcall", "bulletin", "meeting"]
    key: str  # S26-014
    action: Action
    number: int  # of the reminder, follow-up or notice as defined, from 1; an offer's ballot; 0 where there is one only

    def __str__(self) -> str:
        return f"{self.subject}:{self.key}:{self.action}" + (f":{self.number}" if self.number else "")


@dataclass(frozen=True)
class Run:
    """Do it: it is due and on time."""


@dataclass(frozen=True)
class RunLate:
    """Do it, and say in the mail that it is late."""

    by: timedelta


@dataclass(frozen=True)
class Skip:
    """Do not do it any more: tell the office."""

    reason: str  # a sentence
    by: timedelta | None = field(default=None, compare=False)  # how late it was, where it was late


@dataclass(frozen=True)
class AskOffice:
    """Do it only if the office says so: ask."""

    reason: str  # a sentence
    by: timedelta


@dataclass(frozen=True)
class NotYet:
    """Its time has not come."""


def survey_jobs(survey: Survey, calendar: OfficeCalendar, zone: tzinfo) -> tuple[Job, ...]:
    """Return the survey's runs in order of time: it opens, reminds, closes.

    A reminder that does not fall between opening and close has no run; `check` says so beforehand.
    """
    opens, closes = survey.opens.astimezone(UTC), survey.closes.astimezone(UTC)
    closed = "the survey was closed by then"
    frozen = base_day(survey, zone)
    reminding = _late_rule(survey.late or _REMINDER, closes, closed)
    jobs = [
        Job(_name("survey", survey.key, "open"), opens, _late_rule(survey.late, closes, closed)),
        Job(_name("survey", survey.key, "close"), closes, LateRule()),
    ]
    for number, reminder in enumerate(survey.reminders, 1):
        at = reminder_at(reminder, survey, calendar, zone)
        if opens < at < closes:
            jobs.append(Job(_name("survey", survey.key, "reminder", number), at, reminding))
    for number, follow_up in enumerate(survey.follow_ups, 1):
        at = reminder_at(follow_up, survey, calendar, zone)
        if opens < at < closes:
            jobs.append(Job(_name("survey", survey.key, "followup", number), at, reminding))
    if frozen is not None and frozen < opens:
        jobs.append(Job(_name("survey", survey.key, "freeze"), frozen, LateRule()))
    return tuple(sorted(jobs, key=lambda job: job.at))


def _late_rule(late: Lateness | None, until: datetime, after: str) -> LateRule:
    if late is None:
        return LateRule(until=until, after=after)
    return LateRule(until, timedelta(hours=late.hours), after, ask=late.then == "ask")


def roll_call_rule(name: JobName, closes: datetime) -> LateRule:
    """Return until when a roll-call's late run is still done."""
    late = _REMINDER if name.action == "reminder" else None
    return _late_rule(late, closes, "the roll-call was closed by then")


def base_day(survey: Survey, zone: tzinfo) -> datetime | None:
    """Return the beginning (UTC) of a resolution's base date 基準日, at which its electorate is frozen."""
    if survey.resolution is None:
        return None
    return local_moment(survey.resolution.base_date, time(0), zone).astimezone(UTC)


def event_jobs(event: Event, holiday: Holiday, zone: tzinfo) -> tuple[Job, ...]:
    """Return the event's runs in order of time: its notices, how to join, and afterwards the question who was there.

    A notice planned after its beginning has no run; `check` says so beforehand. An event that is not held after all has none.
    """
    if event.cancelled is not None:
        return ()
    begun = begins(event, zone).astimezone(UTC)
    begun_words = "the event had begun by then"
    jobs = [
        Job(
            _name("event", event.key, "notice", number),
            notice_at(notice, event, holiday, zone),
            _late_rule(notice.late or event.late or _NOTICE, begun, begun_words),
        )
        for number, notice in enumerate(event.notices, 1)
    ]
    if event.joining:
        rule = _late_rule(event.late or _NOTICE, begun, begun_words)
        jobs.append(Job(_name("event", event.key, "joining"), joining_at(event, holiday, zone), rule))
    in_time = [job for job in jobs if _in_time(job.at, event, zone)]
    over = Job(_name("event", event.key, "attendance"), ends(event, zone).astimezone(UTC), LateRule())
    return tuple(sorted((*in_time, over), key=lambda job: job.at))


def bulletin_jobs(bulletin: Bulletin, calendar: OfficeCalendar, zone: tzinfo) -> tuple[Job, ...]:
    """Return the runs by which a bulletin leaves: at its time, or the next ones of its rule.

    One without a written time leaves when somebody says so.
    """
    if bulletin.sends is None:
        return ()
    name = _name("bulletin", bulletin.key, "send")
    times = [bulletin.sends.astimezone(UTC)]
    if bulletin.every:
        rule = read_recurrence(bulletin.every)
        times += islice(coming(rule, bulletin.sends, calendar, zone), _ISSUES_AHEAD)
    over = "two weeks were past by then"
    late = bulletin.late or _BULLETIN
    return tuple(Job(name, at, _late_rule(late, at + _BULLETIN_ENDS, over)) for at in times)


def meeting_jobs(meeting: Meeting, starts: datetime | None) -> tuple[Job, ...]:
    """Return the runs of a meeting: the best date is proposed, or its members invited; then its minutes are drafted."""
    jobs = []
    held = starts or meeting.at
    if meeting.poll_closes is not None and starts is None:
        at = meeting.poll_closes.astimezone(UTC) + _ON_TIME / 5
        jobs.append(Job(_name("meeting", meeting.key, "propose"), at, LateRule()))
    if meeting.invite is not None and held is not None:
        rule = LateRule(until=held.astimezone(UTC), after="the meeting had begun by then")
        jobs.append(Job(_name("meeting", meeting.key, "invite"), meeting.invite.astimezone(UTC), rule))
    if starts is not None:
        over = starts.astimezone(UTC) + timedelta(minutes=meeting.minutes)
        jobs.append(Job(_name("meeting", meeting.key, "minutes"), over, LateRule()))
    return tuple(sorted(jobs, key=lambda job: job.at))


def reminder_at(reminder: Reminder, survey: Survey, calendar: OfficeCalendar, zone: tzinfo) -> datetime:
    """Return when the reminder is due (UTC): its written time, or so many business days before the close."""
    if reminder.at is not None:
        return reminder.at.astimezone(UTC)
    return reminder_before(reminder, survey.closes, calendar, zone).astimezone(UTC)


def reminder_before(reminder: Reminder, closes: datetime, calendar: OfficeCalendar, zone: tzinfo) -> datetime:
    """Return the local moment of a reminder so many business days before the close, moved out of the turn of the year."""
    last = closes.astimezone(zone).date()
    day = business_days_before(last, reminder.business_days_before_close or 0, calendar)
    return local_moment(calendar.reminding_day(day, last), time.fromisoformat(reminder.time), zone)


def notice_at(notice: Notice, event: Event, holiday: Holiday, zone: tzinfo) -> datetime:
    """Return when the notice is due (UTC): its written time, or so many business days before the event's date."""
    if notice.at is not None:
        return notice.at.astimezone(UTC)
    days = notice.business_days_before or 0
    return moment_before(event.date, days, notice.time, holiday, zone).astimezone(UTC)


def joining_at(event: Event, holiday: Holiday, zone: tzinfo) -> datetime:
    """Return when those who attend are told how to join (UTC): on the last business day before the event."""
    return moment_before(event.date, 1, "10:00", holiday, zone).astimezone(UTC)


def lateness(at: datetime, now: datetime, rule: LateRule) -> NotYet | Run | RunLate | AskOffice | Skip:
    """Say what becomes of a run planned for `at` now.

    A run that is on time is done whatever its rule says; two bounds of the rule apply to a late one.
    """
    late = now.astimezone(UTC) - at.astimezone(UTC)
    if late < timedelta(0):
        return NotYet()
    if late <= _ON_TIME:
        return Run()
    if rule.until is not None and now >= rule.until:
        return Skip(f"It was {duration(late)} late, and {rule.after}.", late)
    if rule.at_most is not None and late > rule.at_most:
        if rule.ask:
            return AskOffice(
                f"It is {duration(late)} late; later than {duration(rule.at_most)} it goes out only by your word.",
                late,
            )
        return Skip(f"It was {duration(late)} late; it goes out at most {duration(rule.at_most)} late.", late)
    return RunLate(late)


def duration(span: timedelta, language: Language = "en") -> str:
    """Return the span in the words of a report: "3 h 5 min", "2 d 4 h"; 「3時間5分」「2日4時間」."""
    if language == "ja":
        words = duration(span)
        for mark, unit in ((" d", "日"), (" h", "時間"), (" min", "分")):
            words = words.replace(mark, unit)
        return words.replace(" ", "").replace("時間0分", "時間")
    minutes = int(span.total_seconds()) // 60
    days, hours = minutes // 1440, minutes // 60 % 24
    if days > 1:
        return f"{days} d {hours} h" if hours else f"{days} d"
    hours = minutes // 60
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"


def occurrence(at: datetime, zone: tzinfo) -> str:
    """Return the local occurrence of a run, the second half of its unique key: "2026-06-18T09:00:00".

    Two moments with the same local time (clocks gone back) are one occurrence, and the run is done once.
    """
    return at.astimezone(zone).replace(tzinfo=None).isoformat(timespec="seconds")


def job_name(name: str) -> JobName:
    """Take a job's name apart. Raises ValueError when it is none of ours."""
    match name.split(":"):
        case ["survey", key, ("open" | "close" | "freeze") as action]:
            return JobName("survey", key, action, 0)
        case ["survey", key, ("reminder" | "followup") as action, number] if number.isdecimal():
            return JobName("survey", key, action, int(number))
        case ["rollcall", key, "open"]:
            return JobName("rollcall", key, "open", 0)
        case ["rollcall", key, "reminder", number] if number.isdecimal():
            return JobName("rollcall", key, "reminder", int(number))
        case ["bulletin", key, "send"]:
            return JobName("bulletin", key, "send", 0)
        case ["meeting", key, ("propose" | "invite" | "minutes") as action]:
            return JobName("meeting", key, action, 0)
        case ["event", key, ("joining" | "attendance") as action]:
            return JobName("event", key, action, 0)
        case ["event", key, ("notice" | "offer") as action, number] if number.isdecimal():
            return JobName("event", key, action, int(number))
    raise ValueError(f"{name!r} is not the name of a scheduled job")


def _name(
    subject: Literal["survey", "event", "bulletin", "meeting"], key: str, action: Action, number: int = 0
) -> str:
    return str(JobName(subject, key, action, number))


def _in_time(at: datetime, event: Event, zone: tzinfo) -> bool:
    """Tell whether a notice can be planned for then: before the start, or with the time undecided, up to its day."""
    if event.starts is None:
        return at.astimezone(zone).date() <= event.date
    return at < begins(event, zone)
