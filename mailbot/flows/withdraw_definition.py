"""Take back a definition of which nothing has begun: the survey, event or meeting is as though it had never been applied."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.events.meeting import poll_key
from mailbot.core.office.desk_sentences import sentence
from mailbot.core.office.journal_line import COMMAND_LINE
from mailbot.core.refusal import Refusal
from mailbot.flows.office.settle_act import give_up_acts
from mailbot.flows.surveys.send_trial import SUBJECT
from mailbot.site import Site
from mailbot.store import keys
from mailbot.store.events import events, meetings
from mailbot.store.office import journal
from mailbot.store.runs import occurrences
from mailbot.store.surveys import ballots, surveys


@dataclass(frozen=True)
class Withdrawn:
    """What went with a definition."""

    runs: int  # that were planned
    trials: int  # trial ballots, the only mails of it that members may have had


def withdraw_survey(connection: Connection, site: Site, key: str, now: datetime) -> Withdrawn:
    """Take back a survey that has not opened. Raises Refusal when it has, or when it is a meeting's poll."""
    if key in meetings.own_keys(connection):
        raise Refusal(f"{key} asks for the date of a meeting, whose file made it; withdraw the meeting")
    gone = _withdraw_survey(connection, site, key, now)
    journal.add(connection, "survey.withdrawn", now, who=COMMAND_LINE, about=key, detail="")
    return gone


def withdraw_event(connection: Connection, key: str, now: datetime) -> Withdrawn:
    """Take back an event that nobody was told of. Raises Refusal when somebody was, or when it is a meeting's."""
    stored = events.require(connection, key, locked=True)
    if key in meetings.own_keys(connection):
        raise Refusal(
            f"{key} is a meeting whose members are invited; `mailbot events cancel {key}` tells them it is off"
        )
    if stored.state != "planned":
        raise Refusal(
            f"event {key} was announced, and cannot be as though it had not been; `mailbot events cancel {key}` tells "
            "everybody that it is not held"
        )
    runs = occurrences.withdraw(connection, f"event:{key}:")
    events.forget(connection, key)
    journal.add(connection, "event.withdrawn", now, who=COMMAND_LINE, about=key, detail="")
    return Withdrawn(runs, 0)


def withdraw_meeting(connection: Connection, site: Site, key: str, now: datetime) -> Withdrawn:
    """Take back a meeting that nobody was asked about, with the poll for its date. Raises Refusal when somebody was."""
    stored = meetings.lock(connection, key)
    if stored is None:
        raise keys.none(connection, "meeting", key)
    if stored.starts is not None:
        raise Refusal(
            f"meeting {key} is fixed, and its members are invited; `mailbot events cancel {key}` tells them it is off"
        )
    poll = surveys.lock(connection, poll_key(key))
    if poll is not None and poll.state != "planned":
        raise Refusal(
            f"meeting {key}: its members were asked for the date ({poll_key(key)} is {poll.state}); it can no longer be withdrawn"
        )
    gone = Withdrawn(0, 0) if poll is None else _withdraw_survey(connection, site, poll_key(key), now)
    runs = occurrences.withdraw(connection, f"meeting:{key}:")
    meetings.forget(connection, key)
    journal.add(connection, "meeting.withdrawn", now, who=COMMAND_LINE, about=key, detail="")
    return Withdrawn(gone.runs + runs, gone.trials)


def _withdraw_survey(connection: Connection, site: Site, key: str, now: datetime) -> Withdrawn:
    stored = surveys.require(connection, key, locked=True)
    if stored.state != "planned":
        raise Refusal(
            f"survey {key} is {stored.state}, and cannot be as though it had not been; to end it early: mailbot surveys close {key}"
        )
    if ballots.count(connection, key):
        raise Refusal(
            f"resolution {key}: who is entitled was settled on its base date, and is on record; instead set `opens` and "
            "`closes` far ahead in its file, and apply it"
        )
    give_up_acts(connection, site, stored.survey, sentence(site.language, "withdrawn", key=key), now)
    runs = occurrences.withdraw(connection, f"survey:{key}:")
    surveys.forget(connection, key)
    return Withdrawn(runs, ballots.count(connection, SUBJECT + key))
