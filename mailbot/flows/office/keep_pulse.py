"""Say once a minute that the service works, and tell the office when it stood still or its clock was set."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection

from mailbot import log
from mailbot.core.office.lapse import Lapse
from mailbot.core.office.plan import duration
from mailbot.core.office.run_words import day_words, hour_words, run_sentence
from mailbot.core.transfer.delivery import next_attempt
from mailbot.flows.office.tell_office import report_to_office
from mailbot.render import ReportItem
from mailbot.site import Site
from mailbot.store.database import Database
from mailbot.store.runs import occurrences, pulses
from mailbot.store.sending import sendings

_EVERY = timedelta(minutes=1)
_STOOD_STILL = timedelta(hours=1)  # shorter is a restart
_SET = timedelta(minutes=5)
_MANY = 99  # attempts, after which the wait grows no longer


def keep_pulse(database: Database, site: Site, now: datetime, own: Lapse | None = None) -> int:
    """Note that the service works, at most once a minute; returns 1 when the office was told of a gap.

    `own` is what this node knows itself of the time since it last did so; None: it did not yet. By that alone a node whose
    clock differs from another's is not taken for one that stood still, again and again.
    """
    with database.read() as connection:
        before = pulses.last(connection)
    is_set = own is not None and abs(own.set_by) >= _SET
    if not is_set and before is not None and timedelta(0) <= now - before < _EVERY:
        return 0
    with database.write() as connection:
        before = pulses.last(connection)  # another node may have been first
        pulses.beat(connection, now)
        happened = _gap(before, now, own)
        if happened is None:
            return 0
        if happened[0] == "set-back":
            # What was queued or put off meanwhile would wait for as long as the clock was ahead.
            pulled = sendings.pull_back(connection, now, next_attempt(_MANY, now, 1.0))
            log.event("outbox.pulled_back", copies=pulled)
        _tell(connection, site, *happened, now)
    return 1


def _gap(before: datetime | None, now: datetime, own: Lapse | None) -> tuple[str, datetime] | None:
    """Return what the office must hear, by the name of its sentence, and since when it was so; None: nothing."""
    if own is not None and abs(own.set_by) >= _SET:
        return "set-on" if own.set_by > timedelta(0) else "set-back", now - own.set_by
    if before is None:
        return None
    if now - before >= _STOOD_STILL and (own is None or own.passed >= _STOOD_STILL):
        return "stood-still", before
    if now - before <= -_SET and own is None:
        return "set-back", before
    return None


def _tell(connection: Connection, site: Site, kind: str, before: datetime, now: datetime) -> None:
    gap = now - before
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
    report_to_office(connection, site, item, now)


def _words(site: Site, at: datetime) -> str:
    local = at.astimezone(site.zone)
    return f"{day_words(local.date(), site.language)}{hour_words(local, site.language)}"
