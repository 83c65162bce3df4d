"""An event's notices, and the news when something about it changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta

import icalendar
import pytest

from mailbot.core.members.audience import Selector
from mailbot.core.refusal import Refusal
from mailbot.flows.events.announce_event import announce_event
from mailbot.store.events import events
from tests.flows.post_office import EVENT, SATO, TAKAHASHI, TANAKA, TOKYO, YAMADA, Copy, PostOffice

KEY = EVENT.key


def announce(office: PostOffice, number: int = 0) -> int:
    """Send a notice of the event; 0: by hand."""
    with office.database.write() as connection:
        return announce_event(connection, office.site, KEY, number, office.now)


def calendar(copy: Copy) -> icalendar.Event:
    """Return the calendar entry beside the text."""
    (part,) = [part for part in copy.mail.walk() if part.get_content_type() == "text/calendar"]
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    (entry,) = icalendar.Calendar.from_ical(content).walk("VEVENT")
    assert isinstance(entry, icalendar.Event)
    return entry


def test_a_notice_is_complete_in_plain_text_with_a_calendar_entry_beside_it(office: PostOffice) -> None:
    """Date, place and 【時間未定】, the form to answer, and an entry for the whole day."""
    office.apply(EVENT)
    assert announce(office) == 4
    copy = office.copies("event_notice")[0]
    assert copy["Subject"].endswith("[N26-07]")
    for words in (
        "2026年10月22日（木）【時間未定】",
        "有明・東京ビッグサイト",
        "【Q1回答】",
        "時間が決まってから返事",
    ):
        assert words in copy.text
    entry = calendar(copy)
    assert entry.decoded("DTSTART") == date(2026, 10, 22)
    assert entry["SEQUENCE"] == 0


def test_nobody_is_told_twice_by_a_slip(office: PostOffice) -> None:
    """An event that was announced is announced by hand again only where the office says so."""
    office.apply(EVENT)
    announce(office, 1)
    with pytest.raises(Refusal, match="was announced 2026-06-18 10:00 already; --again sends its notice"):
        announce(office)
    assert len(office.copies("event_notice")) == 4
    with office.database.write() as connection:
        assert announce_event(connection, office.site, KEY, 0, office.now, again=True) == 4


def test_a_later_notice_goes_to_those_who_come(office: PostOffice) -> None:
    """`to: attending` means the bodies that stand at attending when it goes out."""
    office.apply(EVENT)
    announce(office, 1)
    notices = {copy.to: copy for copy in office.copies("event_notice")}
    office.reply(notices[YAMADA], "Q1 1")
    office.reply(notices[SATO], "Q1 2")
    office.copies()
    assert announce(office, 2) == 1
    assert office.only_copy("event_notice").to == YAMADA


def test_a_notice_to_those_who_come_goes_to_nobody_when_nobody_does(office: PostOffice) -> None:
    """It is done all the same."""
    office.apply(EVENT)
    announce(office, 1)
    office.copies()
    assert announce(office, 2) == 0
    assert office.copies() == []


@pytest.mark.parametrize("audience", [None, Selector(tags=("nobody",))])
def test_what_cannot_be_announced_says_why(office: PostOffice, audience: Selector | None) -> None:
    """An unknown event, or one that nobody is asked to."""
    if audience is not None:
        office.apply(replace(EVENT, audience=audience))
    with pytest.raises(Refusal, match=r"none with this key|selects nobody"):
        announce(office)


@pytest.mark.parametrize("again", [False, True])
def test_nobody_is_invited_by_hand_to_what_is_over(office: PostOffice, *, again: bool) -> None:
    """Until the end of its day an event may be announced, afterwards no more: the sentence says when it was."""
    office.apply(EVENT)
    office.now = datetime(2026, 10, 22, 16, 59, tzinfo=TOKYO)
    assert announce(office) == 4
    office.copies()
    office.now += timedelta(minutes=1)
    with (
        pytest.raises(Refusal, match=r"was on 2026-10-22; .*set `date:`"),
        office.database.write() as connection,
    ):
        announce_event(connection, office.site, KEY, 0, office.now, again=again)
    assert office.copies() == []


def test_a_decided_time_is_told_to_everybody_who_was_asked(office: PostOffice) -> None:
    """The news says what changed, and the calendar entry of the same UID has a higher SEQUENCE (RFC 5545)."""
    office.apply(EVENT)
    announce(office)
    notices = {copy.to: copy for copy in office.copies("event_notice")}
    office.reply(notices[SATO], "Q1 2")
    office.reply(notices[TANAKA], "Q1 3")
    office.copies()
    decided = replace(EVENT, starts=time(10, 0), ends=time(15, 0))
    assert office.apply(decided) == ("~ event N26-07: starts, ends (4 are told)",)
    changes = office.copies("event_change")
    assert {copy.to for copy in changes} == {YAMADA, SATO, TANAKA, TAKAHASHI}
    assert "10時00分〜15時00分" in changes[0].text
    entry = calendar(changes[0])
    assert entry["SEQUENCE"] == 1
    assert entry["UID"] == calendar(notices[YAMADA])["UID"]
    office.reply(changes[0], "Q1 1")
    assert office.stands(KEY)["202011"].row.status == "attending"


def test_a_change_before_the_announcement_is_told_to_nobody(office: PostOffice) -> None:
    """Who has heard nothing yet gets one notice, with the newest facts."""
    office.apply(EVENT)
    assert office.apply(replace(EVENT, place="東京国際フォーラム")) == ("~ event N26-07: place",)
    assert office.copies() == []
    with office.database.read() as connection:
        stored = events.load(connection, KEY)
    assert stored is not None
    assert (stored.state, stored.sequence) == ("planned", 0)


def test_a_change_that_members_need_not_know_is_not_told(office: PostOffice) -> None:
    """When further notices go out is the office's business."""
    office.apply(EVENT)
    announce(office)
    office.copies()
    assert office.apply(replace(EVENT, notices=EVENT.notices[:1])) == ("~ event N26-07: notices",)
    assert office.copies() == []


@pytest.mark.parametrize("capacity", [5, None])
def test_more_seats_are_given_to_those_who_wait(office: PostOffice, capacity: int | None) -> None:
    """Whoever waited hears at once that there is room now."""
    office.apply(EVENT)
    announce(office)
    notices = {copy.to: copy for copy in office.copies("event_notice")}
    office.reply(notices[YAMADA], "Q1 1\nQ2 3名")
    office.reply(notices[SATO], "Q1 1\nQ2 2名")
    office.copies()
    office.apply(replace(EVENT, capacity=capacity))
    assert office.stands(KEY)["202029"].row.status == "attending"
    assert [copy.to for copy in office.copies("rsvp_receipt")] == [SATO]


def test_the_audience_of_an_announced_event_can_no_longer_change(office: PostOffice) -> None:
    """Refused with what to do instead; nothing is changed."""
    office.apply(EVENT)
    announce(office)
    with pytest.raises(Refusal, match="audience"):
        office.apply(replace(EVENT, audience=Selector(tags=("security",)), place="別の会場"))
    with office.database.read() as connection:
        stored = events.load(connection, KEY)
    assert stored is not None
    assert stored.event == EVENT
