"""Clocks that are wrong, stand still, or change their rules: each run once, none in silence (docs/why.md T2 to T4)."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from mailbot.core.bulletins.bulletin import Bulletin
from mailbot.core.calendar import local_moment
from mailbot.core.events.event import Event, Notice
from mailbot.core.surveys.survey import Reminder, Survey
from mailbot.flows.office.keep_pulse import keep_pulse
from mailbot.flows.runs.keep_up import keep_up
from mailbot.flows.runs.resume_after_restore import resume_after_restore
from mailbot.flows.runs.run_due import run_due
from mailbot.store.runs import occurrences
from mailbot.store.runs.occurrences import Occurrence
from tests.flows.post_office import EVENT, SURVEY, SUZUKI, TOKYO, PostOffice

REMINDER = datetime(2026, 6, 29, 9, 0, tzinfo=TOKYO)  # three business days before the survey closes
DAILY = Bulletin(
    "D26",
    "きょうの話題",
    "きょうの話題です。",
    list="news",
    every="毎営業日 10:00",
    sections=("posts kaigi",),
)
SECOND, MINUTE, HOUR, DAY = (timedelta(**{unit: 1}) for unit in ("seconds", "minutes", "hours", "days"))


def look(office: PostOffice, moment: datetime) -> Counter[str]:
    """Let the clock show this, and look at the due-table as the service does; returns the kinds of what goes out."""
    office.now = moment
    keep_pulse(office.database, office.site, moment)
    run_due(office.database, office.site, moment)
    return Counter(copy.kind for copy in office.copies())


def runs(office: PostOffice) -> list[Occurrence]:
    """Return every run, in order of time."""
    with office.database.read() as connection:
        return occurrences.between(
            connection, datetime(2011, 1, 1, tzinfo=UTC), datetime(2041, 1, 1, tzinfo=UTC)
        )


def states(office: PostOffice) -> dict[str, str]:
    """Return what became of each job."""
    return {one.job.rpartition(":")[2] if "survey" in one.job else one.job: one.state for one in runs(office)}


# --- T2: standing still over the due time -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stood", "opening", "reminder", "close", "notice", "bulletin"),
    [
        (SECOND, "done", "done", "done", "done", "done"),
        (HOUR, "late", "late", "late", "late", "late"),
        (3 * DAY + HOUR, "late", "skipped", "late", "asked", "asked"),
    ],
)
def test_what_stood_still_goes_by_its_rule_and_the_office_hears_of_each(
    office: PostOffice, stood: timedelta, opening: str, reminder: str, close: str, notice: str, bulletin: str
) -> None:
    """A second, an hour, three days: done, done late, or dropped or asked about; whatever is not on time is reported."""
    office.now = SURVEY.opens - DAY
    sends = EVENT.notices[0].at
    assert sends is not None
    office.apply(
        replace(SURVEY, closes=SURVEY.closes + 2 * DAY),
        EVENT,
        Bulletin("M26", "9月号", "お知らせです。", list="news", sends=sends),
    )
    look(office, SURVEY.opens - SECOND)
    reported = 0
    for due in (SURVEY.opens, REMINDER + 2 * DAY, SURVEY.closes + 2 * DAY, sends):
        look(office, due - SECOND)
        office.now = due + stood
        office.look()
        reported += sum(copy.kind == "office_report" for copy in office.copies())
    found = {one.job: one.state for one in runs(office) if one.due_at <= sends}
    assert found == {
        "survey:S26-014:open": opening,
        "survey:S26-014:reminder:1": reminder,
        "survey:S26-014:close": close,
        "event:N26-07:notice:1": notice,
        "bulletin:M26:send": bulletin,
    }
    assert reported == sum(state != "done" for state in found.values())


def test_no_issue_of_a_daily_bulletin_is_withdrawn_in_silence(office: PostOffice) -> None:
    """Three days down: about two issues the office is asked, and still is when the third goes out late."""
    office.now = datetime(2026, 6, 19, 12, 0, tzinfo=TOKYO)  # a Friday
    office.apply(DAILY)
    office.post(SUZUKI, to="kaigi@ml.example.jp", subject="週末の話題")
    office.copies()
    assert look(office, datetime(2026, 6, 24, 12, 0, tzinfo=TOKYO)) == {
        "bulletin": 5,
        "bulletin_sent": 1,
        "office_report": 3,
    }
    assert [one.state for one in runs(office)][:4] == ["asked", "asked", "late", "waiting"]
    assert runs(office)[3].local == "2026-06-25T10:00:00"


def test_an_issue_put_off_beyond_the_next_still_comes(office: PostOffice) -> None:
    """What a person postponed stays planned when another issue goes out before it."""
    office.now = datetime(2026, 6, 19, 12, 0, tzinfo=TOKYO)
    office.apply(DAILY)
    first = runs(office)[0]
    later = datetime(2026, 6, 24, 9, 0, tzinfo=TOKYO)
    with office.database.write() as connection:
        occurrences.change(
            connection, first.number, state="waiting", due_at=later, planned_at=first.due_at, note="put off"
        )
    for day in (23, 24):
        office.pass_time(MINUTE)
        office.post(SUZUKI, to="kaigi@ml.example.jp", subject=f"{day}日の話題")
        office.copies()
        hour = 10 if day == 23 else 9
        assert look(office, datetime(2026, 6, day, hour, 0, tzinfo=TOKYO))["bulletin"] == 5


# --- T3: a clock that is set ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("jump", [HOUR, -HOUR, DAY, -DAY], ids=["+1h", "-1h", "+1d", "-1d"])
def test_no_jump_of_the_clock_repeats_or_skips_a_run(office: PostOffice, jump: timedelta) -> None:
    """For two hours around the opening the clock is wrong: all goes out once, and the office hears of both jumps."""
    office.now = SURVEY.opens - 2 * DAY
    office.apply(SURVEY)
    out: Counter[str] = Counter()
    true = SURVEY.opens - 2 * HOUR
    while true <= SURVEY.opens + 2 * HOUR:
        wrong = abs(true - SURVEY.opens) < HOUR
        out += look(office, true + jump if wrong else true)
        true += 15 * MINUTE
    late = sum(one.state == "late" for one in runs(office))
    assert out == {"invitation": 4, "office_report": 2 + late}
    for moment in (REMINDER, SURVEY.closes):
        out += look(office, moment - SECOND) + look(office, moment) + look(office, moment)
    assert (out["invitation"], out["reminder"], out["result"]) == (4, 4, 4)
    assert "waiting" not in states(office).values()


def test_a_clock_that_trembles_does_each_run_once(office: PostOffice) -> None:
    """Five seconds to and fro at each look over the due time: one set of mails, and nothing to tell the office."""
    office.now = SURVEY.opens - DAY
    office.apply(SURVEY)
    out: Counter[str] = Counter()
    for second in range(-12, 13):
        out += look(office, SURVEY.opens + timedelta(seconds=second + (5 if second % 2 else -5)))
    assert out == {"invitation": 4}
    assert states(office)["open"] == "done"


def test_2038_and_a_leap_day(office: PostOffice) -> None:
    """A survey opens when 32 bits of seconds are full, and closes on 29 February."""
    full = datetime.fromtimestamp(2**31, UTC).astimezone(TOKYO)
    closes = datetime(2040, 2, 29, 17, 0, tzinfo=TOKYO)
    office.now = full - DAY
    office.apply(
        replace(SURVEY, opens=full, closes=closes, reminders=(Reminder(business_days_before_close=3),))
    )
    assert look(office, full - SECOND) == {}
    assert look(office, full)["invitation"] == 4
    assert look(office, datetime(2040, 2, 24, 9, 0, tzinfo=TOKYO))["reminder"] == 4  # a Friday
    assert look(office, closes - SECOND)["result"] == 0
    assert look(office, closes)["result"] == 4


# --- T4: the zone's own changes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "day", "written", "utc"),
    [
        (
            "America/New_York",
            date(2026, 3, 8),
            time(2, 30),
            "2026-03-08 07:30",
        ),  # does not exist: an hour later
        ("America/New_York", date(2026, 11, 1), time(1, 30), "2026-11-01 05:30"),  # twice: the first
        ("Europe/London", date(2026, 3, 29), time(1, 30), "2026-03-29 01:30"),
        ("Europe/London", date(2026, 10, 25), time(1, 30), "2026-10-25 00:30"),
        ("Australia/Lord_Howe", date(2026, 10, 4), time(2, 15), "2026-10-03 15:45"),  # by half an hour
        ("Australia/Lord_Howe", date(2026, 4, 5), time(1, 45), "2026-04-04 14:45"),
        ("Pacific/Apia", date(2011, 12, 30), time(10, 0), "2011-12-30 20:00"),  # a day that never was
        ("Asia/Tokyo", date(2026, 3, 29), time(2, 30), "2026-03-28 17:30"),
    ],
)
def test_a_local_time_is_done_once_whatever_the_clocks_do(
    office: PostOffice, zone: str, day: date, written: time, utc: str
) -> None:
    """In the gap by the gap's length later, of two the first; no second one comes when that hour is there again."""
    office.site = replace(office.site, zone=ZoneInfo(zone))
    due = datetime.fromisoformat(utc).replace(tzinfo=UTC)
    event = _event(day + timedelta(days=30), Notice(at=local_moment(day, written, office.site.zone)))
    office.now = due - DAY
    office.apply(event)
    sent = []
    for step in range(-4, 8):
        moment = due + step * HOUR / 2
        sent += [moment] * look(office, moment)["event_notice"]
        office.apply(event)  # planning it again plans nothing twice
    assert sent == [due] * 4


def test_a_relative_time_in_the_gap_and_in_the_hour_that_comes_twice(office: PostOffice) -> None:
    """Cairo changes its clocks on working days: 00:30 comes as 01:30, and of two 23:30 the first is meant."""
    office.site = replace(office.site, zone=ZoneInfo("Africa/Cairo"))
    for event_day, at, utc in (
        (date(2026, 4, 27), "00:30", datetime(2026, 4, 23, 22, 30, tzinfo=UTC)),
        (date(2026, 10, 30), "23:30", datetime(2026, 10, 29, 20, 30, tzinfo=UTC)),
    ):
        office.now = utc - DAY
        office.apply(_event(event_day, Notice(business_days_before=1, time=at)))
        sent = [
            moment
            for step in range(-4, 5)
            for moment in [utc + step * HOUR / 2]
            if look(office, moment)["event_notice"]
        ]
        assert sent == [utc]


@pytest.mark.parametrize(
    ("zone", "every", "utc"),
    [
        # On Friday 24 April 0:30 does not exist and comes as 1:30.
        ("Africa/Cairo", "毎営業日 0:30", ["2026-04-22 22:30", "2026-04-23 22:30", "2026-04-26 21:30"]),
        # On Thursday 29 October 23:30 comes twice, and the first is meant.
        ("Africa/Cairo", "毎営業日 23:30", ["2026-10-28 20:30", "2026-10-29 20:30", "2026-10-30 21:30"]),
        # On Friday 27 March 2:30 comes as 3:30.
        ("Asia/Jerusalem", "毎営業日 2:30", ["2026-03-26 00:30", "2026-03-27 00:30", "2026-03-29 23:30"]),
    ],
)
def test_an_issue_of_each_day_whatever_the_clocks_do(
    office: PostOffice, zone: str, every: str, utc: list[str]
) -> None:
    """Around a change on a working day each day's issue comes once, at its moment (of all zones: core/test_zones.py)."""
    office.site = replace(office.site, zone=ZoneInfo(zone))
    due = [datetime.fromisoformat(text).replace(tzinfo=UTC) for text in utc]
    office.now = due[0] - 2 * HOUR
    office.apply(replace(DAILY, every=every))
    sent = []
    for day in due:
        office.now = day - HOUR
        office.post(SUZUKI, to="kaigi@ml.example.jp", subject=f"{day:%d日}の話題")
        office.copies()
        for moment in (day + step * HOUR / 2 for step in range(-1, 4)):
            sent += [moment] * look(office, moment)["bulletin"]
    assert sent == [moment for moment in due for _ in range(5)]


def test_a_day_whose_end_the_clocks_skip_has_its_daily_mail(office: PostOffice) -> None:
    """In Nuuk 28 March ends at 23:00: what would come at 23:30 comes at 0:30, and the next day's at its own time."""
    office.site = replace(office.site, zone=ZoneInfo("America/Nuuk"), daily_at=time(23, 30))
    sent = []
    moment = datetime(2026, 3, 28, 0, 0, tzinfo=UTC)
    while moment < datetime(2026, 3, 30, 2, 0, tzinfo=UTC):
        office.now = moment
        keep_up(office.database, office.site, moment)
        sent += [f"{moment:%d %H:%M}"] * len(office.copies("daily"))
        moment += HOUR / 2
    assert sent == ["28 01:30", "29 01:30", "30 00:30"]


@pytest.mark.parametrize("after", ["Asia/Vladivostok", "Asia/Shanghai"], ids=["forward", "back"])
def test_when_the_zone_s_rules_change_the_wall_clock_holds(office: PostOffice, after: str) -> None:
    """A run planned for 9:00 comes at 9:00 by the new rules once they are applied, and once."""
    office.now = SURVEY.opens - DAY
    office.apply(SURVEY)
    zone = ZoneInfo(after)
    office.site = replace(office.site, zone=zone)
    new = _in_zone(SURVEY, zone)
    office.apply(new)
    sent = []
    for step in range(-8, 9):
        moment = SURVEY.opens + step * HOUR / 4
        sent += [moment] * look(office, moment)["invitation"]
    assert sent == [new.opens] * 4


def _event(day: date, notice: Notice) -> Event:
    return replace(EVENT, key=f"N{day:%y%m%d}", date=day, notices=(notice,), rsvp_until=None)


def _in_zone(survey: Survey, zone: ZoneInfo) -> Survey:
    """Return the survey as its file reads by other rules of the zone: the same hours on the wall."""
    return replace(survey, opens=survey.opens.replace(tzinfo=zone), closes=survey.closes.replace(tzinfo=zone))


# --- a restored snapshot ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("withdraw", [True, False], ids=["withdraw", "send"])
def test_a_restored_snapshot_reminds_by_a_person_s_word_alone(office: PostOffice, withdraw: bool) -> None:
    """The backup is of before the reminder, which may have left before the loss: withdrawn it comes no second time."""
    office.now = SURVEY.opens - DAY
    office.apply(SURVEY)
    assert look(office, SURVEY.opens)["invitation"] == 4
    office.now = REMINDER + HOUR
    with office.database.write() as connection:
        resumed = resume_after_restore(connection, office.now, withdraw=withdraw)
    assert [one.job for one in resumed.runs] == ["survey:S26-014:reminder:1"]
    assert look(office, office.now)["reminder"] == (0 if withdraw else 4)
    assert look(office, SURVEY.closes)["result"] == 4
