"""The association's year from one folder of files: two board meetings whose dates are asked for, two seminars of which one is
undecided, five surveys, a magazine each month by its rule. The clock runs fast; once the service stands still for three days,
and the office fixes the meetings and moves the plan by reply.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from mailbot.core.calendar import business_day
from mailbot.core.lists.digest import begins_week
from mailbot.flows.apply_definitions import apply_definitions
from mailbot.flows.events.count_meeting import count_meeting
from mailbot.flows.office.keep_pulse import keep_pulse
from mailbot.flows.runs.keep_up import keep_up
from mailbot.flows.runs.run_due import run_due
from mailbot.folder.config import load_config
from mailbot.folder.definitions import load_definitions
from mailbot.store.database import Database
from mailbot.store.events import meetings
from mailbot.store.runs import occurrences, pulses
from mailbot.store.runs.occurrences import Occurrence
from mailbot.store.tables import occurrence
from tests.databases import BOTH, own_database
from tests.flows.post_office import (
    MATSUMOTO,
    NAGANO,
    OFFICE,
    SATO,
    TANAKA,
    TOKYO,
    UEDA,
    YAMADA,
    Copy,
    PostOffice,
    open_post_office,
)

YEAR = Path(__file__).parent / "year"
ENDS = date(2028, 4, 30)
DECIDED = date(2028, 1, 11)  # on that day or soon after it
WEEKLY = time(8, 30)
BODIES, PEOPLE = 4, 5
MAGAZINE, KAIGI = "M27", "kaigi@ml.example.jp"
ISSUES = (
    tuple(  # the first business day of each month: 1 and 2 May 2027 are a weekend, then come three holidays
        date(*day)
        for day in (
            *(
                (2027, 4, 1),
                (2027, 5, 6),
                (2027, 6, 1),
                (2027, 7, 1),
                (2027, 8, 2),
                (2027, 9, 1),
                (2027, 10, 1),
            ),
            *((2027, 11, 1), (2027, 12, 1), (2028, 1, 4), (2028, 2, 1), (2028, 3, 1), (2028, 4, 3)),
        )
    )
)
CHANGED = {
    date(2027, 7, 1): date(2027, 7, 5),
    date(2027, 8, 2): date(2027, 8, 3),
}  # stood still; put off by reply
BOARD = {YAMADA: "○○×", SATO: "×○△"}  # what they say of the candidates; a third is silent
SURVEYS = tuple(f"S27-{number}" for number in range(1, 6))
STOOD_STILL = (datetime(2027, 7, 1, 9, tzinfo=TOKYO), datetime(2027, 7, 5, 8, 30, tzinfo=TOKYO))


def at(*parts: int) -> datetime:
    """Return a moment in Tokyo."""
    return datetime(*parts, tzinfo=TOKYO)  # type: ignore[misc, arg-type]


@dataclass
class Year:
    """A folder, its installation, and every mail of the year with its moment."""

    folder: Path
    office: PostOffice
    mails: list[tuple[datetime, Copy]] = field(default_factory=list)

    def apply(self) -> None:
        """Do what `mailbot apply` does."""
        definitions = load_definitions(load_config(self.folder / "config" / "mailbot.yaml", {}))
        with self.office.database.write() as connection:
            apply_definitions(connection, self.office.site, definitions, self.office.now)

    def look(self, moment: datetime) -> None:
        """Look at the due-table and all beside it, as the service does, and let people answer what came."""
        self.office.now = moment
        run_due(self.office.database, self.office.site, moment)
        keep_up(self.office.database, self.office.site, moment)
        came = self.office.copies()
        self.mails += [(moment, copy) for copy in came]
        for copy in came:
            self._answer(moment, copy)

    def _answer(self, moment: datetime, copy: Copy) -> None:
        if "[Y27-" in copy["Subject"]:
            self._answer_board(copy)
        elif (copy.kind == "invitation" and copy.to in {YAMADA, SATO}) or (
            copy.kind == "event_notice" and copy.to == YAMADA and "出欠" in copy["Subject"]
        ):
            self.office.reply(copy, "Q1 1")
        elif copy.kind == "bulletin" and copy.to == SATO:
            self.office.now = moment + timedelta(hours=1)
            self.office.post(SATO, KAIGI, subject=f"{moment.month}月のおたよりを読んで")
            self.office.now = moment
        elif copy.kind == "office_report" and number_in(copy, MAGAZINE):
            self.office.command(copy, f"{number_in(copy, MAGAZINE)} 送信")
        elif copy.kind == "plan" and moment.date() == date(2027, 8, 2):
            self.office.command(copy, f"{number_in(copy, MAGAZINE)} 延期 8/3 10:00")

    def _answer_board(self, copy: Copy) -> None:
        """One comes, one gives a proxy, one says nothing; the office takes the date that is proposed first."""
        if copy.kind == "invitation" and copy.to in BOARD:
            asked = copy.text.count("回答】[")
            marks = {f"Q{number}": mark for number, mark in enumerate(BOARD[copy.to][:asked], 1)}
            self.office.reply(copy, "", slots=marks)
        elif copy.kind == "meeting_proposal":
            self.office.command(copy, f"決定 {key_of(copy)} {best_in(copy)}")
        elif copy.kind == "event_notice" and copy.to in BOARD:
            self.office.reply(copy, "出席 1名 山田太郎" if copy.to == YAMADA else "委任 議長")

    def of(self, kind: str, about: str = "") -> list[tuple[datetime, Copy]]:
        """Return the mails of a kind, about one thing."""
        return [
            (moment, copy) for moment, copy in self.mails if copy.kind == kind and about in copy["Subject"]
        ]

    def runs(self) -> list[Occurrence]:
        """Return every run of the year."""
        with self.office.database.read() as connection:
            return [
                one
                for one in occurrences.between(connection, at(2027, 1, 1), at(2029, 1, 1))
                if ":" in one.job
            ]


def number_in(copy: Copy, key: str) -> str:
    """Return by which number a mail names the run of this bulletin."""
    before, found, _ = copy.text.partition(f"{key}のお知らせの送信")
    return f"P-{before.rpartition('P-')[2][:4]}" if found else ""


def key_of(copy: Copy) -> str:
    """Return the key at the end of a Subject."""
    return copy["Subject"].rpartition("[")[2].rstrip("]")


def best_in(copy: Copy) -> str:
    """Return the number of the date that a proposal recommends."""
    return next(line for line in copy.text.splitlines() if "←おすすめ" in line).partition(".")[0]


def next_moment(year: Year, after: datetime) -> datetime:
    """Return when the fast clock stops next: a run is due, or a week begins."""
    with year.office.database.read() as connection:
        waits = select(func.min(occurrence.c.due_at)).where(occurrence.c.state == "waiting")
        due = connection.execute(waits).scalar()
    day = after.date()
    while not begins_week(day, year.office.site.calendar) or datetime.combine(day, WEEKLY, TOKYO) <= after:
        day += timedelta(days=1)
    week = datetime.combine(day, WEEKLY, TOKYO)
    found = week if due is None else min(week, max(due.astimezone(TOKYO), after + timedelta(seconds=1)))
    return STOOD_STILL[1] if STOOD_STILL[0] <= found < STOOD_STILL[1] else found


@pytest.fixture(scope="module", params=BOTH)
def year(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Year]:
    """The whole year, played on either database."""
    folder = tmp_path_factory.mktemp("year")
    shutil.copytree(YEAR / "config", folder / "config")
    with own_database(request.param, folder) as database:
        yield play(folder, database)


def play(folder: Path, database: Database) -> Year:
    """Let the year of the folder pass."""
    office = open_post_office(database)
    office.site = office.site.__class__(
        **{**vars(office.site), "calendar": load_config(folder / "config" / "mailbot.yaml", {}).calendar}
    )
    office.now = at(2027, 3, 26, 9)
    played = Year(folder, office)
    played.apply()
    office.post(YAMADA, KAIGI, subject="新年度を前に")
    decided = False
    moment = at(2027, 3, 29, 8)
    while (moment := next_moment(played, moment)).date() <= ENDS:
        if moment == STOOD_STILL[1]:
            with database.write() as connection:
                pulses.beat(connection, STOOD_STILL[0])
            office.now = moment
            keep_pulse(database, office.site, moment)
        if moment.date() >= DECIDED and not decided:
            decide(folder)
            office.now = moment
            played.apply()
            decided = True
        played.look(moment)
    return played


def decide(folder: Path) -> None:
    """Write into the second seminar's file when it is, a week later, and where."""
    path = folder / "config" / "events" / "n27-2.yaml"
    text = path.read_text(encoding="utf-8").replace("time: undecided", "time: 13:00-16:00")
    text = text.replace("date: 2028-02-10", "date: 令和10年2月17日（木）").replace(
        "place: 未定", "place: 日本教育会館"
    )
    path.write_text(text, encoding="utf-8")


def test_every_run_of_the_year_was_done_and_only_what_stood_still_was_late(year: Year) -> None:
    """Nothing waits at its end, nothing is skipped; what was due while the service stood still is late or was asked about."""
    runs = [one for one in year.runs() if one.due_at <= at(2028, 4, 30)]
    assert [
        (one.job, one.local, one.note) for one in runs if one.state not in {"done", "late", "withdrawn"}
    ] == []
    assert {one.job for one in runs if one.state == "late"} == {"survey:S27-1:close"}
    asked = {one.job for one in runs if one.late_since is not None}
    assert asked == {f"bulletin:{MAGAZINE}:send"}


def test_a_magazine_each_month_goes_once_to_each_reader(year: Year) -> None:
    """One standing file makes an issue each month, numbered, on the first business day; one late by a word, one put off by reply."""
    every = year.of("bulletin")
    went = Counter((moment.date(), copy["Subject"]) for moment, copy in every)
    assert went == {
        (CHANGED.get(day, day), f"【協議会メールマガジン 第{number}号】今月のお知らせ"): PEOPLE
        for number, day in enumerate(ISSUES, 1)
    }
    readers = Counter(copy.to for _, copy in every)
    assert set(readers.values()) == {len(ISSUES)}
    first = {moment.date(): copy.text for moment, copy in every if copy.to == SATO}
    assert [day for day, text in first.items() if "遅れました" in text] == [date(2027, 7, 5)]
    assert "7月のおたよりを読んで" in first[date(2027, 8, 3)]
    assert "第2回トピックスセミナー" in first[date(2028, 1, 4)]
    assert not any("役員会" in text for text in first.values())


@pytest.mark.parametrize("key", SURVEYS)
def test_five_surveys_run_their_course(year: Year, key: str) -> None:
    """Each body is invited once, who has not answered is reminded once, everybody gets the result."""
    counts = {kind: len(year.of(kind, key)) for kind in ("invitation", "reminder", "result")}
    assert counts == {"invitation": BODIES, "reminder": BODIES - 2, "result": BODIES}


def test_nobody_is_reminded_at_the_turn_of_the_year_or_on_a_day_off(year: Year) -> None:
    """The survey that closes on 7 April reminds before 25 March, and August's keeps off the office's own holidays."""
    days = {
        copy["Subject"].rpartition("[")[2].rstrip("]"): moment.date() for moment, copy in year.of("reminder")
    }
    assert days["S27-5"] == date(2028, 3, 24)
    assert days["S27-2"] == date(2027, 8, 10)  # 13 to 16 August are closed, the 11th is 山の日
    assert all(business_day(day, year.office.site.calendar) for day in days.values())
    assert not any(day in year.office.site.calendar.no_reminders for day in days.values())  # type: ignore[operator]


@pytest.mark.parametrize(
    ("key", "proposed", "fixed", "ends"),
    [
        ("Y27-1", at(2027, 4, 23, 17, 1), "2027年5月21日（金）14時00分〜16時00分", at(2027, 5, 21, 16)),
        ("Y27-2", at(2027, 10, 22, 17, 1), "2027年11月19日（金）14時00分〜16時00分", at(2027, 11, 19, 16)),
    ],
)
def test_two_board_meetings(year: Year, key: str, proposed: datetime, fixed: str, ends: datetime) -> None:
    """The officers are asked for a date, who is silent is reminded; the best is fixed by reply; the minutes have the quorum."""
    assert {copy.to for _, copy in year.of("invitation", f"{key}-P")} == {YAMADA, SATO, TANAKA}
    assert [copy.to for _, copy in year.of("reminder", f"{key}-P")] == [TANAKA]
    assert [moment for moment, _ in year.of("meeting_proposal", key)] == [proposed]
    invited = year.of("event_notice", key)
    assert Counter(copy.to for _, copy in invited) == {YAMADA: 1, SATO: 1, TANAKA: 1}
    assert all(fixed in copy.text for _, copy in invited)
    assert [copy.to for _, copy in year.of("meeting_proxy", key)] == [SATO]
    ((moment, minutes),) = year.of("meeting_minutes", key)
    assert (moment, minutes.to) == (ends, OFFICE)
    text = minutes.text.replace("\r", "").replace("\n　", "")
    assert "会員3団体のうち、出席1団体、委任1団体、計2団体" in text
    assert "定足数2団体　成立" in text
    with year.office.database.read() as connection:
        stored = meetings.load(connection, key)
        assert stored is not None
        here = count_meeting(connection, stored).attendance
    assert (here.attending, [one.code for one in here.proxies], here.silent) == (
        (NAGANO,),
        [MATSUMOTO],
        (UEDA,),
    )


def test_two_seminars(year: Year) -> None:
    """All are invited; those who come are reminded three business days before."""
    first = year.of("event_notice", "N27-1")
    assert len(first) == BODIES + 1
    assert first[-1][0] == at(2027, 10, 19, 10)


def test_the_undecided_seminar_is_decided_and_its_reminder_moves(year: Year) -> None:
    """Who answered hears when and where it is; the reminder is three business days before the new day, not the old."""
    notices = year.of("event_notice", "N27-2")
    assert "【時間未定】" in notices[0][1].text
    told = year.of("event_change", "N27-2")
    assert told
    assert all("2月17日（木）13時00分" in copy.text and "日本教育会館" in copy.text for _, copy in told)
    assert notices[-1][0] == at(2028, 2, 14, 10)
    assert len(notices) == BODIES + 1


def test_the_office_sees_the_plan_each_week_and_hears_of_what_went_wrong(year: Year) -> None:
    """A plan on the first business day of each week, and reports of the days on which the service stood still alone."""
    plans = year.of("plan")
    calendar = year.office.site.calendar
    assert all(begins_week(moment.date(), calendar) and moment.time() == time(8, 30) for moment, _ in plans)
    assert len(plans) == len({moment.date() for moment, _ in plans})
    assert len(plans) > 50
    reports = year.of("office_report")
    assert {moment for moment, _ in reports} == {STOOD_STILL[1]}
    assert all(copy.to == OFFICE for _, copy in reports)


def test_no_mail_of_the_year_went_twice(year: Year) -> None:
    """To each reader each mail once, by what it is about, its kind and its day."""
    times = Counter(
        (copy.kind, copy["Subject"], copy.to, moment)
        for moment, copy in year.mails
        if copy.kind != "office_report"
    )
    assert set(times.values()) == {1}
