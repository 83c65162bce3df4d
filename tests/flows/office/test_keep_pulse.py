"""A service that stood still says so when it goes on, and a daily mail's absence is the alarm."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta

import pytest
from sqlalchemy import select, update

from mailbot.core.lists.mailing_list import Copies
from mailbot.core.office.lapse import Lapse
from mailbot.flows.office.keep_pulse import keep_pulse
from mailbot.flows.runs.keep_up import keep_up
from mailbot.store.sending import leases, sendings
from mailbot.store.tables import bundle, delivery, microseconds
from tests.flows.post_office import SECURITY, SURVEY, TOKYO, YAMADA, PostOffice

NOON = datetime(2026, 6, 17, 12, 0, tzinfo=TOKYO)


def look(office: PostOffice, moment: datetime) -> int:
    office.now = moment
    return keep_pulse(office.database, office.site, moment)


@pytest.mark.parametrize(
    "gap", [timedelta(seconds=5), timedelta(minutes=1), timedelta(minutes=59), -timedelta(minutes=4)]
)
def test_a_restart_is_no_gap(office: PostOffice, gap: timedelta) -> None:
    """Nobody is told of less than an hour, nor of a clock that is mended by minutes."""
    assert look(office, NOON) == 0
    assert look(office, NOON + gap) == 0
    assert office.copies() == []


def test_standing_still_is_told_once_with_what_was_due(office: PostOffice) -> None:
    """From when to when, how long, and how many runs should have been done."""
    office.now = NOON
    office.apply(SURVEY)
    look(office, NOON)
    morning = datetime(2026, 6, 18, 9, 30, tzinfo=TOKYO)
    assert look(office, morning) == 1
    told = "".join(office.only_copy("office_report").text.split())
    assert "6月17日（水）12時から6月18日（木）9時30分まで、21時間30分の間、止まっていたか" in told
    assert "予定は1件です" in told
    assert look(office, morning + timedelta(seconds=5)) == 0


def test_a_clock_set_back_is_told(office: PostOffice) -> None:
    """By how much; and that nothing is done twice."""
    look(office, NOON)
    assert look(office, NOON - timedelta(days=1)) == 1
    assert "時計が24時間戻されて" in "".join(office.only_copy("office_report").text.split())
    assert look(office, NOON - timedelta(days=1) + timedelta(minutes=2)) == 0


@pytest.mark.parametrize("copies", ["personal", "identical"])
def test_what_a_clock_queued_that_ran_ahead_leaves_when_it_is_set_back(
    office: PostOffice, copies: Copies
) -> None:
    """So does what it put off; what was put off by the right clock, or rests, waits as it did."""
    office.now = NOON
    office.post(YAMADA)
    ids = [copy.id for copy in office.copies("post")]
    ahead = NOON + timedelta(hours=5)
    dues = [NOON + timedelta(minutes=10), ahead + timedelta(minutes=10), ahead + timedelta(days=365 * 400)]
    with office.database.write() as connection:
        for number, due in zip(ids, dues, strict=True):
            connection.execute(
                update(delivery).where(delivery.c.id == number).values(due_at=microseconds(due))
            )
    look(office, ahead)
    office.apply(replace(SECURITY, copies=copies))
    office.post(YAMADA)
    with office.database.read() as connection:
        assert sendings.count_ahead(connection, NOON) == 3
    assert look(office, NOON) == 1
    with office.database.read() as connection:
        assert sendings.count_ahead(connection, NOON) == 0
        found = select(delivery.c.due_at).where(delivery.c.id.in_(ids)).order_by(delivery.c.id)
        assert list(connection.execute(found).scalars()) == [
            microseconds(one) for one in (dues[0], NOON, dues[2])
        ]
        assert leases.next_due(connection) == microseconds(NOON)
        table = bundle if copies == "identical" else delivery
        late = connection.execute(select(table.c.due_at).where(table.c.due_at > microseconds(NOON)))
        assert len(late.all()) == (0 if copies == "identical" else 2)


MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (30, "時計が30分進められ、6月17日（水）12時1分のところが6月17日（水）12時31分になりました"),
        (1440, "時計が24時間進められ、6月17日（水）12時1分のところが6月18日（木）12時1分になりました"),
        (-6, "6月17日（水）12時1分まで動いた後、時計が6分戻されて6月17日（水）11時55分になりました"),
        (4, ""),
        (-4, ""),
    ],
)
def test_a_node_knows_how_far_its_own_clock_was_set(office: PostOffice, minutes: int, words: str) -> None:
    """Five minutes and more are told once, on as well as back, however short the rest since the last look."""
    look(office, NOON)
    office.now = NOON + MINUTE + minutes * MINUTE
    told = keep_pulse(office.database, office.site, office.now, Lapse(MINUTE, minutes * MINUTE))
    assert told == bool(words)
    assert words in "".join("".join(copy.text for copy in office.copies()).split())
    for _ in range(20):
        office.now += MINUTE
        assert keep_pulse(office.database, office.site, office.now, Lapse(MINUTE, timedelta(0))) == 0


@pytest.mark.parametrize("minutes", [10, 90])
def test_two_nodes_whose_clocks_differ_tell_it_once(office: PostOffice, minutes: int) -> None:
    """The one that is behind says so when it begins; from then on each knows that it neither stood still nor was set."""
    other = timedelta(minutes=minutes)
    assert look(office, NOON) == 0
    office.now = NOON - other
    assert keep_pulse(office.database, office.site, office.now) == 1
    for number in range(1, 20):
        for clock in (NOON, NOON - other):
            office.now = clock + number * MINUTE
            assert keep_pulse(office.database, office.site, office.now, Lapse(MINUTE, timedelta(0))) == 0


def test_a_node_that_was_paused_says_that_it_stood_still(office: PostOffice) -> None:
    """The process was there all the time; nobody else kept the pulse meanwhile."""
    look(office, NOON)
    office.now = NOON + timedelta(hours=2)
    paused = Lapse(timedelta(hours=2), timedelta(0))
    assert keep_pulse(office.database, office.site, office.now, paused) == 1
    assert "2時間の間、止まっていたか" in "".join(office.only_copy("office_report").text.split())


def test_the_daily_mail_counts_words_beside_answers(office: PostOffice) -> None:
    """By survey, with the command that shows them; a day later they are no more."""
    office.now = datetime(2026, 6, 18, 9, 0, tzinfo=TOKYO)
    office.site = replace(office.site, daily_at=time(17))
    invitations = office.open_survey()
    office.reply(next(iter(invitations.values())), "Q1 2\n\n夏に庁舎が移りました。")
    office.copies()
    office.now = datetime(2026, 6, 18, 17, 0, tzinfo=TOKYO)
    keep_up(office.database, office.site, office.now)
    (mail,) = office.copies("daily")
    assert "お答えに文の添えられたメール　1通（S26-014 1通）" in mail.text
    assert "「mailbot surveys show S26-014 --office」" in mail.text
    keep_up(office.database, office.site, office.now + timedelta(days=1))
    (mail,) = office.copies("daily")
    assert "添えられた" not in mail.text


def test_the_daily_mail_comes_once_a_day_with_the_day_s_figures(office: PostOffice) -> None:
    """Only where it is asked for, from its time on, on days off too."""
    office.now = datetime(2026, 6, 20, 8, 0, tzinfo=TOKYO)  # a Saturday
    keep_up(office.database, office.site, office.now)
    assert office.copies("daily") == []
    office.site = replace(office.site, daily_at=time(8))
    office.apply(SURVEY)
    office.post("eve@evil.test")
    office.copies()
    keep_up(office.database, office.site, office.now)
    (mail,) = office.copies("daily")
    assert mail["Subject"] == "【日報】6月20日（土） 受信1通・送信0通（お確かめ 1件）"
    assert "サービスは動いています。" in mail.text
    keep_up(office.database, office.site, office.now + timedelta(hours=1))
    assert office.copies("daily") == []
    keep_up(office.database, office.site, office.now + timedelta(days=1))
    assert len(office.copies("daily")) == 1
