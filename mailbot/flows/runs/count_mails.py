"""Count how many mails a planned run would send: for the schedule and for the plan's weekly mail."""

from __future__ import annotations

from sqlalchemy import Connection

from mailbot.core.members.audience import Selector
from mailbot.core.office.plan import Action, job_name
from mailbot.core.surveys.survey import Survey
from mailbot.flows.bulletins.choose_readers import choose_readers
from mailbot.flows.events.announce_event import codes_with, unanswered
from mailbot.flows.events.count_meeting import count_meeting
from mailbot.flows.surveys.open_survey import first_of_each_body
from mailbot.flows.surveys.remind_survey import missing
from mailbot.store.bulletins import bulletins
from mailbot.store.events import events, meetings
from mailbot.store.members import members, roll_calls
from mailbot.store.runs.occurrences import Occurrence
from mailbot.store.surveys import ballots, surveys
from mailbot.store.surveys.surveys import StoredSurvey


def count_mails(connection: Connection, one: Occurrence) -> int:
    """Return how many mails a run would send if it ran now."""
    name = job_name(one.job)
    if name.subject == "rollcall":
        asked = roll_calls.entries(connection, name.key)
        everybody = len(first_of_each_body(members.selected(connection, Selector(everyone=True))))
        return sum(entry.answer == "" for entry in asked) if asked else everybody
    if name.subject == "meeting":
        meeting = meetings.load(connection, name.key)
        if name.action != "invite" or meeting is None:
            return 1  # to the office
        return len(count_meeting(connection, meeting).members)
    if name.subject == "bulletin":
        issue = bulletins.load(connection, name.key)
        return 0 if issue is None else len(choose_readers(connection, issue.bulletin, one.due_at).readers)
    if name.subject == "survey":
        stored = surveys.load(connection, name.key)
        if stored is None:
            return 0
        return _mails_of_survey(connection, stored, name.action)
    held = events.load(connection, name.key)
    if held is None:
        return 0
    if name.action == "offer":
        return 1
    if name.action == "attendance":
        return int(bool(codes_with(connection, name.key, frozenset({"attending", "waiting"}))))
    to = "attending" if name.action == "joining" else held.event.notices[name.number - 1].to
    if to == "attending":
        return len(codes_with(connection, name.key, frozenset({"attending"})))
    if to == "unanswered" and held.state == "announced":
        return len(unanswered(connection, name.key))
    if held.state == "announced":
        return ballots.count(connection, name.key)
    audience = held.event.audience
    return len(first_of_each_body(members.selected(connection, audience)))


def _mails_of_survey(connection: Connection, stored: StoredSurvey, action: Action) -> int:
    """Return how many mails a run of a survey would send; before it opens, as though nobody answered until then."""
    survey, is_open = stored.survey, stored.state == "open"
    match action:
        case "open" if not is_open:
            return _electorate(connection, survey)
        case "reminder":
            return len(missing(connection, survey)) if is_open else _electorate(connection, survey)
        case "followup":
            return len(members.selected(connection, Selector(tags=(survey.follow_up_tag,))))
        case "close" if survey.publish_at == "close" and survey.publish_to == "audience":
            return _electorate(connection, survey)
        case "close" if survey.publish_at == "close" and survey.publish_to == "office":
            return 1
        case _:
            return 0


def _electorate(connection: Connection, survey: Survey) -> int:
    """Return how many are asked: whom it was frozen to, else whom it would ask today."""
    if frozen := ballots.count(connection, survey.key):
        return frozen
    people = members.selected(connection, survey.audience)
    return len(people if survey.unit == "person" else first_of_each_body(people))
