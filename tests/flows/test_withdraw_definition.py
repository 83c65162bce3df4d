"""A definition of which nothing has begun is taken back: nothing of it goes out, and its file may be applied anew."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from mailbot.core.events.event import Event
from mailbot.core.events.meeting import Meeting, poll_key
from mailbot.core.refusal import Refusal
from mailbot.core.surveys.survey import Survey
from mailbot.flows.events.announce_event import announce_event
from mailbot.flows.events.fix_meeting import fix_meeting
from mailbot.flows.surveys.open_survey import open_survey
from mailbot.flows.surveys.send_draft import send_draft
from mailbot.flows.surveys.send_trial import send_trial
from mailbot.flows.withdraw_definition import Withdrawn, withdraw_event, withdraw_meeting, withdraw_survey
from mailbot.store.events import events, meetings
from mailbot.store.office import acts, journal
from mailbot.store.surveys import surveys
from tests.flows.events.test_meetings import MEETING
from tests.flows.post_office import EVENT, NAGANO, OFFICE, SURVEY, PostOffice

CHAIR = "kaicho@example.jp"


def withdraw(office: PostOffice, key: str) -> Withdrawn:
    """Take one back."""
    with office.database.write() as connection:
        if key == SURVEY.key:
            return withdraw_survey(connection, office.site, key, office.now)
        if key == EVENT.key:
            return withdraw_event(connection, key, office.now)
        return withdraw_meeting(connection, office.site, key, office.now)


@pytest.mark.parametrize("value", [SURVEY, EVENT, MEETING])
def test_nothing_of_it_goes_out(office: PostOffice, value: Survey | Event | Meeting) -> None:
    """Neither at its planned times nor ever; it is on record; applied again it is planned as it was."""
    (added,) = office.apply(value)
    assert withdraw(office, value.key).runs
    with office.database.read() as connection:
        assert not [*surveys.every(connection), *events.every(connection), *meetings.every(connection)]
        assert [line.line.about for line in journal.every(connection)][-1] == value.key
    began = office.now
    assert office.go_on(began + timedelta(days=200)) == []
    office.now = began
    assert office.apply(value) == (added,)
    assert office.go_on(began + timedelta(days=200)) != []


def test_what_has_begun_cannot_be_taken_back(office: PostOffice) -> None:
    """Who was asked or told must hear it otherwise; each refusal says how."""
    office.apply(SURVEY, EVENT, MEETING)
    with office.database.write() as connection:
        with pytest.raises(Refusal, match="withdraw the meeting"):
            withdraw_survey(connection, office.site, poll_key(MEETING.key), office.now)
        open_survey(connection, office.site, SURVEY.key, office.now)
        announce_event(connection, office.site, EVENT.key, 0, office.now)
        open_survey(connection, office.site, poll_key(MEETING.key), office.now)
    with pytest.raises(Refusal, match=f"mailbot surveys close {SURVEY.key}"):
        withdraw(office, SURVEY.key)
    with pytest.raises(Refusal, match=f"mailbot events cancel {EVENT.key}"):
        withdraw(office, EVENT.key)
    with pytest.raises(Refusal, match="its members were asked for the date"):
        withdraw(office, MEETING.key)
    assert MEETING.candidates
    with office.database.write() as connection:
        fix_meeting(connection, office.site, MEETING.key, MEETING.candidates[0], office.now, by=OFFICE)
    with pytest.raises(Refusal, match=f"mailbot events cancel {MEETING.key}"):
        withdraw(office, MEETING.key)
    with office.database.write() as connection, pytest.raises(Refusal, match="members are invited"):
        withdraw_event(connection, MEETING.key, office.now)


def test_a_draft_that_waits_for_approval_goes_with_it(office: PostOffice) -> None:
    """Who was asked is told, and an approval that comes all the same does nothing."""
    office.site = replace(office.site, desk=(CHAIR, OFFICE))
    office.apply(SURVEY)
    with office.database.write() as connection:
        send_draft(connection, office.site, SURVEY.key, office.now, by=OFFICE)
    asked = next(copy for copy in office.copies() if copy.to == CHAIR)
    withdraw(office, SURVEY.key)
    with office.database.read() as connection:
        assert acts.waiting(connection) == []
    told = [re.sub(r"\s", "", copy.text) for copy in office.copies()]
    assert any("S26-014は、始まる前に取りやめになりました。" in text for text in told)
    office.command(asked, "承認")
    (answer,) = office.copies()
    assert "始まる前に取りやめになりました" in re.sub(r"\s", "", answer.text)


def test_an_answer_to_its_trial_comes_too_late(office: PostOffice) -> None:
    """Those were the only mails of it; what comes back is put aside."""
    office.apply(SURVEY)
    with office.database.write() as connection:
        send_trial(connection, office.site, SURVEY.key, office.now, to=[NAGANO], pilot=1)
    (trial,) = office.copies()
    assert withdraw(office, SURVEY.key).trials == 1
    assert office.reply(trial, "Q1 1").state == "discarded"
