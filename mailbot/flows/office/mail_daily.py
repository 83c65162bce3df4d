"""Mail the office once a day, with the day's figures, that the service works: on a day without this mail it stands still."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from sqlalchemy import Connection

from mailbot.core.calendar import daily_moment, local_moment
from mailbot.core.office.plan import occurrence
from mailbot.core.office.run_words import day_words
from mailbot.flows.office.tell_office import tell_office
from mailbot.site import Site
from mailbot.store.runs import occurrences, pulses
from mailbot.store.runs.occurrences import Occurrence
from mailbot.store.surveys import ledgers

JOB = "daily"
MAIL = "daily"  # template and kind
_DAY = timedelta(days=1)


def daily_due(connection: Connection, site: Site, now: datetime) -> bool:
    """Tell whether today's mail is wanted and not written yet."""
    run = _run(site, now)
    return run is not None and not occurrences.is_known(connection, run.job, run.local)


def mail_daily(connection: Connection, site: Site, now: datetime) -> int:
    """Queue today's mail, once, whichever node is first; returns how many."""
    run = _run(site, now)
    if run is None:
        return 0
    if not occurrences.take(connection, run):
        return 0
    occurrences.settle(connection, run.job, run.local, "done", "", now)
    local = now.astimezone(site.zone)
    end = local_moment(local.date() + _DAY, time(0), site.zone)
    past = occurrences.settled_since(connection, now - _DAY)
    cooked = site.render.office.letter(
        MAIL,
        now=now,
        day=day_words(local.date(), site.language),
        figures=pulses.figures_since(connection, now - _DAY),
        today=sum(one.state == "waiting" for one in occurrences.open_until(connection, end)),
        asked=sum(one.state == "asked" for one in occurrences.open_until(connection, end)),
        done=sum(one.state == "done" for one in past),
        beside=ledgers.with_words_beside(connection, now - _DAY),
        late=sum(one.state in {"late", "skipped"} for one in past),
    )
    tell_office(connection, site, cooked, now, kind=MAIL)
    return 1


def _run(site: Site, now: datetime) -> Occurrence | None:
    """Return today's run, once its time has come."""
    at = None if site.daily_at is None else daily_moment(now, site.daily_at, site.zone)
    return None if at is None else Occurrence(JOB, occurrence(at, site.zone), at)
