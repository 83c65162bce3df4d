"""Meetings: the best of several dates, and who is there, himself or by proxy, against the quorum."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from mailbot.core.events.meeting import (
    Meeting,
    count_attendance,
    date_figures,
    event_of,
    poll_of,
    same_day,
    span_words,
)
from mailbot.core.members.audience import Selector
from mailbot.core.surveys.ballot_faults import faults
from mailbot.core.surveys.resolution import CHAIR, Proxy
from mailbot.core.surveys.survey import Answers, Share

TOKYO = ZoneInfo("Asia/Tokyo")


def at(text: str) -> datetime:
    """Return a moment in Tokyo."""
    return datetime.fromisoformat(text).replace(tzinfo=TOKYO)


HALF = Share(1, 2, "electorate", more_than=True)
MEETING = Meeting(
    key="B27-01",
    title="第1回役員会",
    members=Selector(tags=("officer",)),
    place="都市会館",
    quorum=HALF,
    candidates=(at("2027-02-02 14:00"), at("2027-02-03 10:00"), at("2027-02-05 14:00")),
    poll_opens=at("2027-01-12 10:00"),
    poll_closes=at("2027-01-19 17:00"),
    agenda=("事業報告", "来年度の計画"),
    material=("https://example.jp/shiryo",),
)
FIVE = ("a", "b", "c", "d", "e")


def said(marks: str) -> Answers:
    """Return a body's answers to the candidates."""
    return {f"Q{number}": (str("○△×".index(mark) + 1),) for number, mark in enumerate(marks, 1)}


def test_the_poll_is_a_survey_of_one_question_a_date() -> None:
    """With ○, △ and × to choose from, and nothing in it that reads as an answer."""
    for language in ("ja", "en"):
        poll = poll_of(MEETING, TOKYO, language)
        assert poll is not None
        assert (poll.key, len(poll.questions), poll.mode, poll.publish_to) == (
            "B27-01-P",
            3,
            "named",
            "nobody",
        )
        assert faults(poll, language) == ()
    assert span_words(at("2027-02-02 14:00"), 120, "ja") == "2027年2月2日（火）14時00分〜16時00分"
    assert poll_of(replace(MEETING, candidates=()), TOKYO, "ja") is None


def test_the_best_date_stands_first() -> None:
    """Most ○; among equals most △; among equals the earlier. Whether ○ alone is the quorum is said."""
    answers = {"a": said("○△○"), "b": said("○○×"), "c": said("×○○"), "d": said("×△○")}
    figures = date_figures(MEETING, answers, FIVE)
    assert [one.number for one in figures] == [3, 2, 1]
    assert [(len(one.yes), len(one.perhaps), len(one.no)) for one in figures] == [
        (3, 0, 1),
        (2, 2, 0),
        (2, 0, 2),
    ]
    assert [one.enough for one in figures] == [True, False, False]
    assert [one.number for one in date_figures(MEETING, {}, FIVE)] == [1, 2, 3]


@pytest.mark.parametrize(
    ("statuses", "proxies", "chair", "present", "reached"),
    [
        ({"a": "attending", "b": "attending", "c": "attending"}, [], "", 3, True),
        ({"a": "attending", "b": "attending"}, [], "", 2, False),
        ({"a": "attending", "b": "attending", "c": "declined"}, [("c", "a")], "", 3, True),
        (
            {"a": "attending", "b": "attending", "c": "declined"},
            [("c", "d")],
            "",
            2,
            False,
        ),  # d does not come
        ({"a": "attending", "b": "attending", "c": "declined"}, [("c", CHAIR)], "", 3, True),
        (
            {"a": "attending", "b": "attending", "c": "declined"},
            [("c", CHAIR)],
            "d",
            2,
            False,
        ),  # nor the chair
        ({"a": "attending", "b": "attending", "c": "declined"}, [("c", CHAIR)], "a", 3, True),
        ({"a": "attending", "b": "attending"}, [("b", "a")], "", 2, False),  # who comes gave nothing
        ({"a": "waiting", "b": "unclear"}, [], "", 0, False),
    ],
)
def test_a_proxy_counts_while_its_holder_is_there(
    statuses: dict[str, str], proxies: list[tuple[str, str]], chair: str, present: int, reached: bool
) -> None:
    """More than half of five are three; nobody is counted twice."""
    given = [Proxy(code, holder, at("2027-01-25 10:00")) for code, holder in proxies]
    here = count_attendance(replace(MEETING, chair=chair), FIVE, statuses, given)
    assert (here.quorum.count, here.quorum.reached, here.quorum.least) == (present, reached, 3)
    named = [
        *here.attending,
        *here.declined,
        *here.silent,
        *(one.code for one in (*here.proxies, *here.idle)),
    ]
    assert sorted(named) == list(FIVE)


def test_the_quorum_is_exact() -> None:
    """Two thirds of five are four."""
    share = Share(2, 3, "electorate", more_than=False)
    assert share.part == Fraction(2, 3)
    here = count_attendance(replace(MEETING, quorum=share), FIVE, dict.fromkeys("abc", "attending"), [])
    assert (here.quorum.least, here.quorum.reached) == (4, False)


def test_the_invitation_names_agenda_papers_and_proxy() -> None:
    """As one event with a calendar entry."""
    event = event_of(MEETING, at("2027-02-05 14:00"), TOKYO, "ja")
    assert (event.key, event.calendar, str(event.starts), str(event.ends)) == (
        "B27-01",
        "request",
        "14:00:00",
        "16:00:00",
    )
    for words in ("1. 事業報告", "https://example.jp/shiryo", "「委任 議長」"):
        assert words in event.programme
    assert not same_day(at("2027-02-05 23:00"), 120)
