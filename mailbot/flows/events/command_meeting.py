"""What the office may write about a meeting in reply: 決定 with a candidate or a time, 状況."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.calendar import local_moment
from mailbot.core.events.meeting import poll_key, span_words
from mailbot.core.events.meeting_sentences import meeting_sentence
from mailbot.core.office.desk_command import FixMeeting
from mailbot.core.refusal import Refusal
from mailbot.flows.events.count_meeting import count_meeting
from mailbot.flows.events.fix_meeting import Fixed, fix_meeting
from mailbot.site import Site
from mailbot.store.events import meetings
from mailbot.store.events.meetings import StoredMeeting
from mailbot.store.surveys import surveys


def command_meeting(
    connection: Connection, site: Site, command: FixMeeting, now: datetime, *, by: str
) -> tuple[str, str]:
    """Fix a meeting; returns its key and the sentence about it. Raises Refusal with a sentence."""
    stored = find_meeting(connection, command.key)
    if stored is None:
        raise Refusal(meeting_sentence(site.language, "none", key=command.key))
    if command.day is not None and command.time is not None:
        starts = local_moment(command.day, command.time, site.zone)
    else:
        starts = candidate(site, stored, command.number)
    key = stored.meeting.key
    return key, fixed_sentence(site, stored, fix_meeting(connection, site, key, starts, now, by=by))


def candidate(site: Site, stored: StoredMeeting, number: int) -> datetime:
    """Return a candidate by its number, from 1. Raises Refusal when there is none."""
    if not 1 <= number <= len(stored.meeting.candidates):
        key = stored.meeting.key
        raise Refusal(meeting_sentence(site.language, "no-candidate", key=key, number=number))
    return stored.meeting.candidates[number - 1]


def fixed_sentence(site: Site, stored: StoredMeeting, fixed: Fixed) -> str:
    """Return what the office is told when a meeting is fixed."""
    when = span_words(fixed.starts.astimezone(site.zone), stored.meeting.minutes, site.language)
    name = "moved" if fixed.moved else "fixed"
    said = meeting_sentence(site.language, name, key=stored.meeting.key, when=when, invited=fixed.invited)
    if not fixed.poll_ended:
        return said
    return f"{said}{meeting_sentence(site.language, 'poll-ended', poll=poll_key(stored.meeting.key))}"


def meeting_status(connection: Connection, site: Site, stored: StoredMeeting) -> str:
    """Return in a sentence where a meeting stands."""
    say, key = site.language, stored.meeting.key
    figures = count_meeting(connection, stored)
    here = figures.attendance
    if stored.starts is not None:
        return meeting_sentence(
            say,
            "status-fixed",
            key=key,
            when=span_words(stored.starts.astimezone(site.zone), stored.meeting.minutes, say),
            attending=len(here.attending),
            proxies=len(here.proxies),
            idle=meeting_sentence(say, "idle", number=len(here.idle)) if here.idle else "",
            declined=len(here.declined),
            silent=len(here.silent),
            members=len(here.members),
            needed=here.quorum.least,
            reached=meeting_sentence(say, "reached" if here.quorum.reached else "not-reached"),
        )
    poll = surveys.load(connection, poll_key(key))
    if poll is None or poll.state == "planned":
        return meeting_sentence(say, "status-planned", key=key)
    answered, asked = len(figures.answered), len(figures.members)
    return meeting_sentence(
        say, "status-polling", key=key, answered=answered, members=asked, missing=asked - answered
    )


def find_meeting(connection: Connection, key: str) -> StoredMeeting | None:
    """Return the meeting with this key, in whatever case it was written."""
    return meetings.load(connection, key) or next(
        (one for one in meetings.every(connection) if one.meeting.key.casefold() == key.casefold()), None
    )
