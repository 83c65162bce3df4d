"""Find until when a late run is still done, in the definition that it comes from."""

from __future__ import annotations

from sqlalchemy import Connection

from mailbot.core.office.plan import (
    Job,
    JobName,
    LateRule,
    job_name,
    meeting_jobs,
    occurrence,
    roll_call_rule,
)
from mailbot.flows.runs.plan_runs import jobs_of
from mailbot.site import Site
from mailbot.store.bulletins import bulletins
from mailbot.store.events import events, meetings
from mailbot.store.members import roll_calls
from mailbot.store.runs.occurrences import Occurrence
from mailbot.store.surveys import surveys


def rule_of_run(connection: Connection, site: Site, run: Occurrence) -> LateRule | None:
    """Return a run's rule; None when its definition no longer has it."""
    name = job_name(run.job)
    if name.subject == "rollcall":
        call = roll_calls.load(connection, name.key)
        return None if call is None else roll_call_rule(name, call.closes)
    if name.action == "offer":
        return LateRule()
    jobs = [job for job in _jobs(connection, site, name) if job.name == run.job]
    # One of several, of a standing bulletin
    own = [job for job in jobs if occurrence(job.at, site.zone) == run.local]
    return next((job.late for job in own or jobs), None)


def _jobs(connection: Connection, site: Site, name: JobName) -> tuple[Job, ...]:
    if name.subject == "survey":
        survey = surveys.load(connection, name.key)
        return () if survey is None else jobs_of(site, survey.survey)
    if name.subject == "bulletin":
        bulletin = bulletins.load(connection, name.key)
        return () if bulletin is None else jobs_of(site, bulletin.bulletin)
    if name.subject == "meeting":
        meeting = meetings.load(connection, name.key)
        return () if meeting is None else meeting_jobs(meeting.meeting, meeting.starts)
    event = events.load(connection, name.key)
    return () if event is None else jobs_of(site, event.event)
