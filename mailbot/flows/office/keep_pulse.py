"""Say once a minute that the service works, and tell the office when it stood still or its clock was set."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection

from mailbot import log
from mailbot.core.plan import duration
from mailbot.core.run_words import day_words, hour_words, run_sentence
from mailbot.flows.office.tell_office import tell_office
from mailbot.render import ReportItem
from mailbot.site import Site
from mailbot.store import occurrences, pulses
from mailbot.store.database import Database

_EVERY = timedelta(minutes=1)
_STOOD_STILL = timedelta(hours=1)  # shorter is a restart
_SET_BACK = timedelta(minutes=-5)


def keep_pulse(database: Database, site: Site, now: datetime) -> int:
    """Note that the service works, at most once a minute; returns 1 when the office was told of a gap."""
    with database.read() as connection:
        before = pulses.last(connection)
    if before is not None and timedelta(0) <= now - before < _EVERY:
        return 0
    with database.write() as connection:
        before = pulses.last(connection)  # another node may have been first
        pulses.beat(connection, now)
        if before is None or _SET_BACK < now - before < _STOOD_STILL:
            return 0
        _tell(connection, site, before, now)
    return 1


def _tell(connection: Connection, site: Site, before: datetime, now: datetime) -> None:
    gap = now - before
    kind = "stood-still" if gap > timedelta(0) else "set-back"
    log.event("service.gap", level="warning", since=before, seconds=round(gap.total_seconds()))
    figures = {
        "since": _words(site, before),
        "now": _words(site, now),
        "span": duration(abs(gap), site.language),
        "count": len(occurrences.due(connection, now)),
    }
    item = ReportItem(
        run_sentence(site.language, f"{kind}-head"), run_sentence(site.language, kind, **figures)
    )
    tell_office(connection, site, site.render.office_report((item,), now=now), now, kind="office_report")


def _words(site: Site, at: datetime) -> str:
    local = at.astimezone(site.zone)
    return f"{day_words(local.date(), site.language)}{hour_words(local, site.language)}"
