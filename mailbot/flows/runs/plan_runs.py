"""Put the runs of a survey, an event, a bulletin or a meeting into the due-table, as its definition says now."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.bulletins.bulletin import Bulletin
from mailbot.core.events.event import Event
from mailbot.core.office.plan import Job, bulletin_jobs, event_jobs, meeting_jobs, occurrence, survey_jobs
from mailbot.core.surveys.survey import Survey
from mailbot.flows.events.give_seats import offered_runs
from mailbot.site import Site
from mailbot.store.events import meetings
from mailbot.store.events.meetings import StoredMeeting
from mailbot.store.runs import occurrences
from mailbot.store.runs.occurrences import Occurrence


def plan_runs(
    connection: Connection,
    site: Site,
    value: Survey | Event | Bulletin,
    *,
    after: datetime | None = None,
    anew_from: datetime | None = None,
) -> None:
    """Make the waiting runs exactly those of the definition; runs that were done stay done, and those up to `after` too.

    No run is added for a time before `anew_from`.
    """
    kind = "survey" if isinstance(value, Survey) else "event" if isinstance(value, Event) else "bulletin"
    # What a meeting sends, and the draft of its minutes, are runs of the meeting itself.
    of_meeting = isinstance(value, Event) and meetings.load(connection, value.key) is not None
    jobs = () if of_meeting else jobs_of(site, value)
    wanted = [Occurrence(job.name, occurrence(job.at, site.zone), job.at) for job in jobs]
    if isinstance(value, Event) and value.cancelled is None:
        wanted += offered_runs(connection, site, value.key)
    upto = occurrence(after, site.zone) if after else ""
    occurrences.plan(connection, f"{kind}:{value.key}:", wanted, after=upto, anew_from=anew_from)


def jobs_of(site: Site, value: Survey | Event | Bulletin) -> tuple[Job, ...]:
    """Return the runs that a definition has."""
    if isinstance(value, Survey):
        return survey_jobs(value, site.calendar, site.zone)
    if isinstance(value, Bulletin):
        return bulletin_jobs(value, site.calendar, site.zone)
    return event_jobs(value, site.calendar, site.zone)


def plan_meeting(connection: Connection, site: Site, stored: StoredMeeting) -> None:
    """Make the waiting runs of a meeting exactly those that it has as it stands."""
    key = stored.meeting.key
    jobs = meeting_jobs(stored.meeting, stored.starts)
    wanted = [Occurrence(job.name, occurrence(job.at, site.zone), job.at) for job in jobs]
    occurrences.plan(connection, f"meeting:{key}:", wanted)
