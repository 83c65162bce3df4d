"""A service that stood still says so when it goes on, and a daily mail's absence is the alarm (surveys.md 1.10)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta

import pytest

from mailbot.flows.office.keep_pulse import keep_pulse
from mailbot.flows.runs.keep_up import keep_up
from tests.flows.post_office import SURVEY, TOKYO, PostOffice

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
