"""Put the runs of a survey or an event into the due-table, as its definition says now."""

from __future__ import annotations

from sqlalchemy import Connection

from mailbot.core.event import Event
from mailbot.core.plan import Job, event_jobs, occurrence, survey_jobs
from mailbot.core.survey import Survey
from mailbot.site import Site
from mailbot.store import occurrences
from mailbot.store.occurrences import Occurrence


def plan_runs(connection: Connection, site: Site, value: Survey | Event) -> None:
    """Make the waiting runs exactly those of the definition; runs that were done stay done."""
    kind = "survey" if isinstance(value, Survey) else "event"
    wanted = [Occurrence(job.name, occurrence(job.at, site.zone), job.at) for job in jobs_of(site, value)]
    occurrences.plan(connection, f"{kind}:{value.key}:", wanted)


def jobs_of(site: Site, value: Survey | Event) -> tuple[Job, ...]:
    """Return the runs that a definition has."""
    if isinstance(value, Survey):
        return survey_jobs(value, site.calendar, site.zone)
    return event_jobs(value, site.calendar, site.zone)
