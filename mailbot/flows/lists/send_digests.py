"""At the hour of digests, on business days: those of every list, once, whatever restarts or runs beside it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from mailbot import log
from mailbot.core.lists.digest import begins_week, digest_moment
from mailbot.core.office.plan import occurrence
from mailbot.flows.lists.queue_digest import queue_digest
from mailbot.site import Site
from mailbot.store.lists import digests, lists
from mailbot.store.runs import occurrences
from mailbot.store.runs.occurrences import Occurrence

JOB = "digests"


def send_digests(connection: Connection, site: Site, now: datetime) -> int:
    """Queue today's digests of every list, and this week's on its first business day; returns whether they were due.

    They and the mark that they are done are one transaction. What gathers while the service is down comes with the next.
    """
    run = digests_due(connection, site, now)
    if run is None:
        return 0
    if not occurrences.take(connection, run):
        return 0
    weekly = begins_week(run.due_at.astimezone(site.zone).date(), site.calendar)
    copies = 0
    for value in lists.every(connection):
        if value.archive:
            copies += queue_digest(connection, site, value, now, weekly=None if weekly else False)
    note = f"{copies} copies"
    occurrences.settle(connection, run.job, run.local, "done", note, now)
    log.event("schedule.done", job=run.job, local=run.local, note=note)
    return 1


def digests_due(connection: Connection, site: Site, now: datetime) -> Occurrence | None:
    """Return the run of today whose time has come and that nobody has done; None: there is none."""
    at = digest_moment(now, site.digest_at, site.calendar, site.zone)
    if at is None or now < at:
        return None
    local = occurrence(at, site.zone)
    if occurrences.is_known(connection, JOB, local) or not digests.wanted(connection):
        return None
    return Occurrence(JOB, local, at)
