"""A person's word about a planned run: postponed, skipped, sent now, put back; and what is too late without one."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

import pytest

from mailbot.core.bulletins.bulletin import Bulletin
from mailbot.core.events.event import Notice
from mailbot.core.office.lateness import Lateness
from mailbot.core.office.run_change import RunChange
from mailbot.core.refusal import Refusal
from mailbot.flows.runs.change_run import change_run
from mailbot.store.office import journal
from mailbot.store.runs import occurrences
from mailbot.store.runs.occurrences import Occurrence
from tests.flows.post_office import EVENT, OFFICE, SURVEY, TOKYO, PostOffice

KEY = SURVEY.key
REMINDER = datetime(2026, 6, 29, 9, 0, tzinfo=TOKYO)
BY = OFFICE


@pytest.fixture
def planned(office: PostOffice) -> PostOffice:
    office.now = SURVEY.opens - timedelta(days=1)
    office.apply(SURVEY)
    return office


def run(office: PostOffice, action: str, key: str = KEY) -> Occurrence:
    """Return a run by the end of its job's name."""
    with office.database.read() as connection:
        every = occurrences.between(
            connection, SURVEY.opens - timedelta(days=400), SURVEY.opens + timedelta(days=400)
        )
    return next(one for one in every if key in one.job and one.job.endswith(action))


def say(office: PostOffice, action: str, change: RunChange, key: str = KEY) -> tuple[str, ...]:
    with office.database.write() as connection:
        return change_run(connection, office.site, run(office, action, key).number, change, office.now, by=BY)


def opened(office: PostOffice) -> PostOffice:
    office.look(SURVEY.opens)
    office.copies()
    return office


def test_a_postponed_run_comes_at_its_new_time_and_an_apply_leaves_it_there(planned: PostOffice) -> None:
    """Not at the old one; the definition applied again does not bring it back, and the journal has who said so."""
    opened(planned)
    later = REMINDER + timedelta(days=1)
    said = say(planned, "reminder:1", RunChange("postpone", later))
    assert said[0] == "S26-014の再度のお願いを、2026年6月30日（火）9時00分に延期しました。"
    planned.apply(SURVEY)
    assert planned.look(REMINDER) == 0
    assert planned.look(later) == 1
    assert len(planned.copies("reminder")) == 4
    with planned.database.read() as connection:
        assert "run.postpone" in {entry.line.what for entry in journal.every(connection)}


def test_a_skipped_run_is_not_done_and_can_be_taken_back(planned: PostOffice) -> None:
    """`undo` puts it back to its planned time as long as that is to come."""
    opened(planned)
    say(planned, "reminder:1", RunChange("skip"))
    assert planned.look(REMINDER - timedelta(hours=1)) == 0
    say(planned, "reminder:1", RunChange("undo"))
    assert planned.look(REMINDER) == 1
    say_again = pytest.raises(Refusal, match="もう行いました。4通のうち0通は、もう出ています")
    with say_again:
        say(planned, "reminder:1", RunChange("skip"))


def test_a_run_is_sent_now_once(planned: PostOffice) -> None:
    """Before its time, by the next look at the due-table; at its time it does not come again."""
    opened(planned)
    planned.now = SURVEY.opens + timedelta(days=3)
    say(planned, "reminder:1", RunChange("send"))
    assert planned.look(planned.now) == 1
    assert len(planned.copies("reminder")) == 4
    assert planned.look(REMINDER) == 0
    assert planned.copies() == []


@pytest.mark.parametrize(
    ("action", "change", "sentence"),
    [
        ("close", RunChange("skip"), "「延期 S26-014 7/9」"),
        ("open", RunChange("skip"), "見送れません"),
        ("reminder:1", RunChange("postpone", SURVEY.closes), "締切や開会の後"),
        ("reminder:1", RunChange("postpone", SURVEY.opens - timedelta(days=9)), "過ぎています"),
        ("reminder:1", RunChange("undo"), "変わっていません"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(
    planned: PostOffice, action: str, change: RunChange, sentence: str
) -> None:
    """A close is extended, an opening is postponed, and nothing comes after what it is about."""
    with pytest.raises(Refusal, match=sentence):
        say(planned, action, change)


def test_no_run_with_that_number(planned: PostOffice) -> None:
    """The sentence names it as people do."""
    with pytest.raises(Refusal, match="P-0999"), planned.database.write() as connection:
        change_run(connection, planned.site, 999, RunChange("skip"), planned.now, by=BY)


def test_a_notice_days_late_waits_for_a_word_of_the_office(office: PostOffice) -> None:
    """The office is asked once, by a mail that names the run; its word sends it, marked late (core/office/plan.py)."""
    office.apply(EVENT)
    first = EVENT.notices[0].at
    assert first is not None
    assert office.look(first + timedelta(days=4)) == 1
    asking = office.only_copy("office_report")
    number = run(office, "notice:1", EVENT.key).number
    assert f"P-{number:04d} 送信" in asking.text
    assert office.look(first + timedelta(days=5)) == 0
    say(office, "notice:1", RunChange("send"), EVENT.key)
    assert office.look(office.now) == 1
    notice = office.copies("event_notice")[0]
    assert "9月1日" in notice.text
    assert "遅れました" in notice.text


def test_without_an_answer_it_is_dropped_when_its_time_is_over_and_said_so(office: PostOffice) -> None:
    """Nobody's silence keeps a run in the table for ever."""
    office.apply(replace(EVENT, notices=EVENT.notices[:1]))
    first = EVENT.notices[0].at
    assert first is not None
    office.look(first + timedelta(days=4))
    office.copies()
    office.look(datetime(2026, 10, 23, 10, tzinfo=TOKYO))
    assert "行いませんでした" in office.only_copy("office_report").text.replace("\r\n　", "").replace(
        "\n　", ""
    )
    assert run(office, "notice:1", EVENT.key).state == "skipped"


@pytest.mark.parametrize(("then", "state"), [("ask", "asked"), ("drop", "skipped")])
def test_a_definition_says_how_late_is_too_late(office: PostOffice, then: str, state: str) -> None:
    """`late: {hours: 2, then: ask}` holds for the opening and the reminders of its survey."""
    office.now = SURVEY.opens - timedelta(days=1)
    office.apply(replace(SURVEY, late=Lateness(2, then)))  # type: ignore[arg-type]
    office.look(SURVEY.opens + timedelta(hours=3))
    assert run(office, "open").state == state
    assert office.only_copy("office_report").to == OFFICE


@pytest.mark.parametrize(("then", "state"), [("ask", "asked"), ("drop", "skipped")])
def test_a_bulletin_and_one_notice_say_how_late_is_too_late(
    office: PostOffice, then: Literal["ask", "drop"], state: str
) -> None:
    """`late:` in a bulletin's file, and beside one notice of an event, whose others go by the event's rule."""
    sends = datetime(2026, 9, 1, 10, 0, tzinfo=TOKYO)
    late = Lateness(2, then)
    office.apply(
        Bulletin("M26", "9月号", "お知らせです。", list="news", sends=sends, late=late),
        replace(EVENT, notices=(Notice(at=sends), Notice(at=sends, late=late))),
    )
    office.look(sends + timedelta(hours=3))
    assert [run(office, end, "").state for end in ("M26:send", "notice:1", "notice:2")] == [
        state,
        "late",
        state,
    ]
    assert sum(copy.kind == "office_report" for copy in office.copies()) == 3


def test_what_is_late_at_night_waits_for_the_hours_where_quiet_is_asked_for(planned: PostOffice) -> None:
    """A service that comes back at three in the morning wakes nobody: `quiet: true`."""
    planned.site = replace(planned.site, calendar=replace(planned.site.calendar, quiet=True))
    night = datetime(2026, 6, 19, 3, 0, tzinfo=TOKYO)
    assert planned.look(night) == 0
    assert planned.look(datetime(2026, 6, 19, 8, 0, tzinfo=TOKYO)) == 1
    assert run(planned, "open").state == "late"


def test_the_office_s_reply_moves_a_run(office: PostOffice) -> None:
    """「P-0001 延期 …」 in reply to the question; the answer says what was done and how to take it back."""
    office.apply(EVENT)
    first = EVENT.notices[0].at
    assert first is not None
    office.look(first + timedelta(days=4))
    asking = office.only_copy("office_report")
    number = run(office, "notice:1", EVENT.key).number
    entry = office.command(asking, f"P-{number:04d} 延期 9/8 9:30")
    assert entry.state == "answered"
    answer = office.only_copy("office_answer").text
    assert "2026年9月8日（火）9時30分に延期しました" in "".join(answer.split())
    assert run(office, "notice:1", EVENT.key).due_at == datetime(2026, 9, 8, 9, 30, tzinfo=TOKYO)
