"""The planned runs of surveys and events, and late ones (core/office/plan.py)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from zoneinfo import ZoneInfo

import pytest

from mailbot.core.events.event import Event, Notice
from mailbot.core.members.audience import Selector
from mailbot.core.office.plan import (
    Job,
    JobName,
    LateRule,
    NotYet,
    Run,
    RunLate,
    Skip,
    duration,
    event_jobs,
    job_name,
    lateness,
    occurrence,
    survey_jobs,
)
from mailbot.core.surveys.survey import Question, Reminder, Survey
from mailbot.folder.holidays import is_holiday

TOKYO = ZoneInfo("Asia/Tokyo")
BERLIN = ZoneInfo("Europe/Berlin")


def tokyo(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=TOKYO)  # type: ignore[misc, arg-type]


SURVEY = Survey(
    key="S26-014",
    title="LG.JPドメインの利用について",
    audience=Selector(everyone=True),
    opens=tokyo(2026, 6, 18, 9, 0),
    closes=tokyo(2026, 7, 2, 17, 0),
    questions=(Question("Q1", "利用していますか", "yesno"),),
    reminders=(Reminder(business_days_before_close=3), Reminder(at=tokyo(2026, 7, 1, 10, 0))),
)
EVENT = Event(
    key="N26-07",
    title="第1回トピックスセミナー",
    date=date(2026, 10, 22),
    starts=clock(10, 0),
    ends=clock(15, 0),
    place="有明",
    audience=Selector(everyone=True),
    notices=(Notice(business_days_before=3, to="attending"), Notice(at=tokyo(2026, 9, 1, 10, 0))),
)


def at(jobs: tuple[Job, ...]) -> dict[str, str]:
    return {job.name: occurrence(job.at, TOKYO) for job in jobs}


def test_a_survey_opens_reminds_and_closes() -> None:
    """A survey's runs are its opening, each reminder by its number, and its close, in order of time."""
    assert at(survey_jobs(SURVEY, is_holiday, TOKYO)) == {
        "survey:S26-014:open": "2026-06-18T09:00:00",
        "survey:S26-014:reminder:1": "2026-06-29T09:00:00",
        "survey:S26-014:reminder:2": "2026-07-01T10:00:00",
        "survey:S26-014:close": "2026-07-02T17:00:00",
    }


def test_an_event_has_its_notices() -> None:
    """An event's runs are its notices, numbered as they are defined, in order of time, and the question who was there."""
    jobs = event_jobs(EVENT, is_holiday, TOKYO)
    assert list(at(jobs).items()) == [
        ("event:N26-07:notice:2", "2026-09-01T10:00:00"),
        ("event:N26-07:notice:1", "2026-10-19T10:00:00"),
        ("event:N26-07:attendance", "2026-10-22T15:00:00"),
    ]


@pytest.mark.parametrize(
    ("starts", "ends", "asked"),
    [
        (clock(10), clock(15), "2026-10-22T15:00:00"),
        (clock(10), None, "2026-10-22T17:00:00"),
        (clock(18), None, "2026-10-22T18:00:00"),
        (None, None, "2026-10-22T17:00:00"),
    ],
)
def test_when_the_office_is_asked_who_was_there(starts: clock | None, ends: clock | None, asked: str) -> None:
    """At the event's end; where none is written, at 17:00 of its day or at a later beginning; not if it was cancelled."""
    event = replace(EVENT, notices=(), starts=starts, ends=ends)
    assert at(event_jobs(event, is_holiday, TOKYO)) == {"event:N26-07:attendance": asked}
    assert event_jobs(replace(event, cancelled=""), is_holiday, TOKYO) == ()


def test_relative_runs_follow_the_local_day_of_the_close() -> None:
    """Three business days before the close count from its local day, though it was the day before in UTC."""
    early = replace(SURVEY, closes=tokyo(2026, 7, 2, 8, 0).astimezone(UTC), reminders=SURVEY.reminders[:1])
    assert at(survey_jobs(early, is_holiday, TOKYO))["survey:S26-014:reminder:1"] == "2026-06-29T09:00:00"


@pytest.mark.parametrize(
    ("reminder"),
    [
        Reminder(business_days_before_close=30),
        Reminder(at=tokyo(2026, 7, 2, 17, 0)),
        Reminder(at=tokyo(2026, 6, 1)),
    ],
)
def test_a_reminder_outside_the_period_has_no_run(reminder: Reminder) -> None:
    """A reminder that falls before the opening or at the close has no run."""
    survey = replace(SURVEY, reminders=(reminder,))
    assert [job.name for job in survey_jobs(survey, is_holiday, TOKYO)] == [
        "survey:S26-014:open",
        "survey:S26-014:close",
    ]


def test_a_notice_after_the_event_has_no_run() -> None:
    """A notice after the beginning has no run; with the time undecided the event's own day still counts."""
    event = replace(EVENT, notices=(Notice(at=tokyo(2026, 10, 22, 10, 30)),))
    assert list(at(event_jobs(event, is_holiday, TOKYO))) == ["event:N26-07:attendance"]
    undecided = replace(event, starts=None, ends=None)
    assert len(event_jobs(undecided, is_holiday, TOKYO)) == 2


HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("name", "late", "expected"),
    [
        ("open", -timedelta(seconds=1), NotYet()),
        ("open", timedelta(0), Run()),
        ("open", timedelta(minutes=5), Run()),
        ("open", 3 * HOUR, RunLate(3 * HOUR)),
        ("open", timedelta(days=14), RunLate(timedelta(days=14))),
        ("open", timedelta(days=15), Skip("It was 15 d late, and the survey was closed by then.")),
        ("reminder:1", 24 * HOUR, RunLate(24 * HOUR)),
        ("reminder:1", 25 * HOUR, Skip("It was 25 h 0 min late; it goes out at most 24 h 0 min late.")),
        ("reminder:2", 31 * HOUR, Skip("It was 31 h 0 min late, and the survey was closed by then.")),
        ("close", timedelta(days=400), RunLate(timedelta(days=400))),
    ],
)
def test_late_survey_runs(name: str, late: timedelta, expected: NotYet | Run | RunLate | Skip) -> None:
    """A late opening goes out before the close, a reminder at most 24 h late, a close always."""
    (job,) = [job for job in survey_jobs(SURVEY, is_holiday, TOKYO) if job.name == f"survey:S26-014:{name}"]
    assert lateness(job.at, job.at + late, job.late) == expected


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (tokyo(2026, 10, 19, 10, 3), Run()),
        (tokyo(2026, 10, 22, 9, 59), RunLate(timedelta(days=2, hours=23, minutes=59))),
        (tokyo(2026, 10, 22, 10, 0), Skip("It was 3 d late, and the event had begun by then.")),
    ],
)
def test_late_notices(now: datetime, expected: Run | RunLate | Skip) -> None:
    """A late notice goes out as long as the event has not begun, and is reported afterwards."""
    (job,) = [job for job in event_jobs(EVENT, is_holiday, TOKYO) if job.name.endswith(":1")]
    assert lateness(job.at, now, job.late) == expected


def test_lateness_is_elapsed_time_across_a_clock_change() -> None:
    """How late a run is counts real hours, not the difference of two wall clocks."""
    planned, now = datetime(2026, 3, 29, 1, 0, tzinfo=BERLIN), datetime(2026, 3, 29, 4, 0, tzinfo=BERLIN)
    assert lateness(planned, now, LateRule()) == RunLate(2 * HOUR)


def test_a_run_on_time_is_done_whatever_its_rule() -> None:
    """The rule for late runs does not stop a run that is on time."""
    now = tokyo(2026, 7, 2, 17, 1)
    assert lateness(now - timedelta(minutes=1), now, LateRule(until=now)) == Run()


def test_occurrences_are_local_and_single() -> None:
    """The two moments of an hour that comes twice are one occurrence."""
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert occurrence(first, BERLIN) == occurrence(first + HOUR, BERLIN) == "2026-10-25T02:30:00"


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("survey:S26-014:open", JobName("survey", "S26-014", "open", 0)),
        ("survey:S26-014:reminder:12", JobName("survey", "S26-014", "reminder", 12)),
        ("survey:S26-014:close", JobName("survey", "S26-014", "close", 0)),
        ("event:N26-07:notice:1", JobName("event", "N26-07", "notice", 1)),
    ],
)
def test_names_come_apart_and_together(name: str, parts: JobName) -> None:
    """A job's name says what is done to which survey or event."""
    assert job_name(name) == parts
    assert str(parts) == name


@pytest.mark.parametrize(
    "name", ["", "survey:S26-014", "event:N26-07:open", "survey:S:reminder:x", "list:a:b"]
)
def test_other_names_are_refused(name: str) -> None:
    """A name that is none of ours is an error with a sentence."""
    with pytest.raises(ValueError, match="not the name of a scheduled job"):
        job_name(name)


def test_durations() -> None:
    """Lateness is said in minutes, hours or days."""
    assert duration(timedelta(minutes=7)) == "7 min"
    assert duration(timedelta(hours=3, minutes=5)) == "3 h 5 min"
    assert duration(timedelta(days=2, hours=4)) == "2 d 4 h"
