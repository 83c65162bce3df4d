"""How many mails a planned run would send, as the schedule and the weekly plan say it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from mailbot.core.surveys.survey import Reminder, Survey
from mailbot.flows.runs.count_mails import count_mails
from mailbot.store.runs import occurrences
from tests.flows.post_office import SURVEY, PostOffice


def test_before_a_survey_opens(office: PostOffice) -> None:
    """What each run will send when it is due, to whom it goes: its block representatives (nobody here), the office, all."""
    at_close = replace(SURVEY, follow_ups=(Reminder(business_days_before_close=2),))
    assert _counted(office, at_close) == (4, 4, 0, 4)
    assert _counted(office, replace(at_close, publish_at="hand")) == (4, 4, 0, 0)
    assert _counted(office, replace(at_close, publish_to="office")) == (4, 4, 0, 1)
    assert _counted(office, replace(at_close, unit="person")) == (5, 5, 0, 5)


def _counted(office: PostOffice, survey: Survey) -> tuple[int, ...]:
    office.apply(survey)
    with office.database.read() as connection:
        runs = occurrences.due(connection, survey.closes + timedelta(days=1))
        counted = {
            one.job.removeprefix(f"survey:{survey.key}:"): count_mails(connection, one) for one in runs
        }
    return tuple(counted[name] for name in ("open", "reminder:1", "followup:1", "close"))
