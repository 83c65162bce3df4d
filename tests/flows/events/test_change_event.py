"""A change of an event: who hears of it, and what is no longer possible."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta

import icalendar
import pytest

from mailbot.core.refusal import Refusal
from mailbot.flows.events.announce_event import announce_event
from mailbot.flows.events.cancel_event import cancel_event
from mailbot.flows.runs.run_due import run_due
from mailbot.store.events import events
from mailbot.store.runs import occurrences
from tests.flows.post_office import EVENT, NAGANO, SATO, TAKAHASHI, TANAKA, TOKYO, YAMADA, Copy, PostOffice

KEY = EVENT.key
FIXED = replace(EVENT, starts=time(10), ends=time(15))


def announced(office: PostOffice) -> dict[str, Copy]:
    """Announce the event with a decided time; returns the notices by address."""
    office.apply(FIXED)
    with office.database.write() as connection:
        announce_event(connection, office.site, KEY, 0, office.now)
    return {copy.to: copy for copy in office.copies("event_notice")}


def cancel(office: PostOffice, reason: str = "") -> int:
    """Cancel the event."""
    with office.database.write() as connection:
        return cancel_event(connection, office.site, KEY, reason, office.now)


def entry(copy: Copy) -> tuple[str, icalendar.Event]:
    """Return METHOD and entry of the calendar part."""
    (part,) = [part for part in copy.mail.walk() if part.get_content_type() == "text/calendar"]
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    calendar = icalendar.Calendar.from_ical(content)
    assert part.get_param("method") == calendar["METHOD"]
    (event,) = calendar.walk("VEVENT")
    assert isinstance(event, icalendar.Event)
    return str(calendar["METHOD"]), event


def test_a_new_place_is_told_to_who_answered_and_did_not_decline(office: PostOffice) -> None:
    """Who has not answered hears of it by the next notice."""
    office.apply(
        replace(FIXED, notices=(*FIXED.notices, replace(FIXED.notices[0], at=None, business_days_before=9)))
    )
    with office.database.write() as connection:
        announce_event(connection, office.site, KEY, 0, office.now)
    notices = {copy.to: copy for copy in office.copies("event_notice")}
    office.reply(notices[YAMADA], "Q1 1")
    office.reply(notices[SATO], "Q1 2")
    office.copies()
    with office.database.read() as connection:
        stored = events.load(connection, KEY)
    assert stored is not None
    office.apply(replace(stored.event, place="長野市"))
    assert [copy.to for copy in office.copies("event_change")] == [YAMADA]


def test_a_new_place_is_told_to_who_has_not_answered_when_no_notice_is_to_come(office: PostOffice) -> None:
    """Nobody goes to the old place because no further mail was planned."""
    notices = announced(office)
    office.reply(notices[SATO], "Q1 2")
    office.copies()
    office.now = datetime(2026, 9, 2, 10, 0, tzinfo=TOKYO)  # after the last notice to all
    office.apply(replace(FIXED, place="長野市"))
    changes = office.copies("event_change")
    assert {copy.to for copy in changes} == {YAMADA, TANAKA, TAKAHASHI}
    assert "・会場　有明・東京ビッグサイト\r\n　→ 長野市" in changes[0].text


def test_a_cancelled_event_is_told_to_everybody_and_taken_out_of_their_calendars(office: PostOffice) -> None:
    """The mail says why, and its calendar part cancels the entry of the same UID (RFC 5546 section 3.2.5)."""
    notices = announced(office)
    office.reply(notices[SATO], "Q1 2")
    office.copies()
    assert cancel(office, "台風の接近のため") == 4
    told = office.copies("event_cancelled")
    assert {copy.to for copy in told} == {YAMADA, SATO, TANAKA, TAKAHASHI}
    assert told[0]["Subject"] == "【中止のお知らせ】第1回トピックスセミナー [N26-07]"
    assert "理由　台風の接近のため" in told[0].text
    method, cancelled = entry(told[0])
    assert (method, cancelled["STATUS"], cancelled["SEQUENCE"]) == ("CANCEL", "CANCELLED", 1)
    assert cancelled["UID"] == entry(notices[YAMADA])[1]["UID"]


def test_a_cancelled_event_has_no_further_notices(office: PostOffice) -> None:
    """What was planned is withdrawn, and nobody can announce it again."""
    announced(office)
    cancel(office)
    with office.database.read() as connection:
        assert occurrences.due(connection, office.now + timedelta(days=999)) == []
    with pytest.raises(Refusal, match="is cancelled; no notice"), office.database.write() as connection:
        announce_event(connection, office.site, KEY, 0, office.now, again=True)


def test_an_rsvp_for_a_cancelled_event_is_answered_by_a_sentence(office: PostOffice) -> None:
    """It is on record, counts for nothing, and its author hears that there is no event."""
    notices = announced(office)
    cancel(office)
    office.copies()
    assert office.reply(notices[YAMADA], "Q1 1").state == "answered"
    answer = office.only_copy("event_cancelled")
    assert (answer.to, answer.mail_from) == (YAMADA, "")
    assert "このたびのお返事は、お受けしておりません。" in answer.text
    assert "text/calendar" not in answer.mail.as_string()
    assert [row.status for row in office.ledger(KEY, NAGANO)] == ["late"]


def test_a_cancelled_event_stays_cancelled(office: PostOffice) -> None:
    """Its definition file may say so later or never; no other change is taken any more."""
    announced(office)
    cancel(office, "台風のため")
    assert office.apply(FIXED) == ()
    with pytest.raises(Refusal, match="is cancelled, and those who were asked know it"):
        office.apply(replace(FIXED, date=date(2026, 11, 5)))
    with pytest.raises(Refusal, match="is cancelled already"):
        cancel(office)


def test_an_event_is_cancelled_by_its_file_too(office: PostOffice) -> None:
    """`cancelled:` in the file does what the command does."""
    announced(office)
    assert office.apply(replace(FIXED, cancelled="")) == ("~ event N26-07: cancelled (4 are told)",)
    assert len(office.copies("event_cancelled")) == 4


def test_a_capacity_below_those_who_have_seats_is_refused(office: PostOffice) -> None:
    """The sentence has the figure; nothing is changed and nobody is put out."""
    notices = announced(office)
    office.reply(notices[YAMADA], "Q1 1\nQ2 2名")
    with pytest.raises(Refusal, match="`capacity` 1 is below the 2 people who have seats already"):
        office.apply(replace(FIXED, capacity=1))
    office.apply(replace(FIXED, capacity=2))


def test_a_moved_event_whose_reminder_is_out_is_told_so(office: PostOffice) -> None:
    """The news says that the reminder was of the old day; the reminder goes out again before the new one."""
    notices = announced(office)
    office.reply(notices[YAMADA], "Q1 1")
    office.now = datetime(2026, 10, 19, 10, 0, tzinfo=TOKYO)
    office.look()
    office.copies()
    (line,) = office.apply(replace(FIXED, date=date(2026, 11, 5)))
    assert line == (
        "~ event N26-07: date (4 are told; notice 2 went out 2026-10-19 10:00 already, "
        "and goes out again 2026-10-30 10:00)"
    )
    assert "先にお送りした開催前のご案内は、変更前のものです。" in office.copies("event_change")[0].text
    office.now = datetime(2026, 10, 30, 10, 0, tzinfo=TOKYO)
    office.look()
    assert office.only_copy("event_notice").to == YAMADA


def test_a_reminder_whose_new_time_is_past_is_not_sent_beside_the_news(office: PostOffice) -> None:
    """An event that is held earlier needs no second mail on the same day."""
    notices = announced(office)
    office.reply(notices[YAMADA], "Q1 1")
    office.copies()
    office.now = datetime(2026, 10, 1, 12, 0, tzinfo=TOKYO)
    office.apply(replace(FIXED, date=date(2026, 10, 2), rsvp_until=None))
    run_due(office.database, office.site, office.now + timedelta(minutes=1))
    assert {copy.kind for copy in office.copies() if copy.to == YAMADA} == {"event_change"}
