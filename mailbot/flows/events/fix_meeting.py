"""The office fixes when a meeting is held: its members are invited, or told of the new time when they were before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.events.meeting import event_of, poll_key, same_day
from mailbot.core.events.meeting_sentences import meeting_sentence
from mailbot.core.refusal import Refusal
from mailbot.core.surveys.two_persons import Order
from mailbot.flows.events.announce_event import announce_event
from mailbot.flows.events.change_event import change_event
from mailbot.flows.office.perform_act import perform_act
from mailbot.flows.runs.plan_runs import plan_meeting, plan_runs
from mailbot.site import Site
from mailbot.store.events import events, meetings
from mailbot.store.events.meetings import StoredMeeting
from mailbot.store.office import journal
from mailbot.store.runs import occurrences
from mailbot.store.surveys import surveys


@dataclass(frozen=True)
class Fixed:
    """What became of it."""

    starts: datetime
    invited: int
    moved: bool  # they were invited before, to another time
    poll_ended: bool  # they were still being asked for the date


def fix_meeting(
    connection: Connection, site: Site, key: str, starts: datetime | None, now: datetime, *, by: str
) -> Fixed:
    """Fix a meeting for then (None: for the time that its definition has), and invite its members.

    Who was being asked for the date is asked no more: the poll ends with the decision.
    Raises Refusal when there is no such meeting, it has no time, or that is past.
    """
    stored = meeting_to_change(connection, site, key)
    meeting = stored.meeting
    starts = starts or meeting.at
    if starts is None:
        raise Refusal(meeting_sentence(site.language, "no-time", key=key))
    if starts <= now:
        raise Refusal(
            meeting_sentence(site.language, "past", at=f"{starts.astimezone(site.zone):%Y-%m-%d %H:%M}")
        )
    if not same_day(starts.astimezone(site.zone), meeting.minutes):
        raise Refusal(meeting_sentence(site.language, "overnight", key=key))
    if stored.starts == starts:
        raise Refusal(meeting_sentence(site.language, "same", key=key))
    meetings.set_starts(connection, key, starts)
    plan_meeting(connection, site, StoredMeeting(meeting, starts))
    event = event_of(meeting, starts, site.zone, site.language)
    before = events.lock(connection, key)
    if before is not None and before.state == "announced":
        invited = change_event(connection, site, before, event, now).told
    else:
        events.save(connection, event)
        plan_runs(connection, site, event)
        invited = announce_event(connection, site, key, 0, now, by=by)
    for action in ("invite", "propose"):
        occurrences.settle_waiting(connection, f"meeting:{key}:{action}", "done", f"fixed by {by}", now)
    detail = f"for {starts.astimezone(site.zone):%Y-%m-%d %H:%M}; {invited} told"
    journal.add(connection, "meeting.fixed", now, who=by, about=key, detail=detail)
    ended = _end_poll(connection, site, key, now, by=by)
    return Fixed(starts, invited, moved=stored.starts is not None, poll_ended=ended)


def _end_poll(connection: Connection, site: Site, key: str, now: datetime, *, by: str) -> bool:
    """Close the poll for the date, or see that it never opens; returns whether members were still being asked.

    What came before the decision counts: where it is not read yet, the due-table closes the poll when it is.
    """
    poll = surveys.lock(connection, poll_key(key))
    if poll is None or poll.state == "closed":
        return False
    if poll.state == "open":
        perform_act(connection, site, Order(poll_key(key), "close", {}, by, received_at=now), now)
    else:
        occurrences.plan(connection, f"survey:{poll_key(key)}:", ())
    return poll.state == "open"


def meeting_to_change(connection: Connection, site: Site, key: str) -> StoredMeeting:
    """Return a meeting under our lock. Raises Refusal when there is none with this key."""
    stored = meetings.lock(connection, key)
    if stored is None:
        raise Refusal(meeting_sentence(site.language, "none", key=key))
    return stored
