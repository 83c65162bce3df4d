"""At its planned time a bulletin goes out; a standing one as an issue of its own, each time with what is new then."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.bulletins.bulletin import issue_of
from mailbot.core.office.journal_line import SCHEDULE
from mailbot.core.recurrence import coming, read_recurrence
from mailbot.core.refusal import Refusal
from mailbot.flows.bulletins.compose_bulletin import compose_bulletin
from mailbot.flows.bulletins.send_bulletin import SentBulletin, bulletin_to_change, refuse_gone, send_bulletin
from mailbot.flows.runs.plan_runs import plan_runs
from mailbot.site import Site
from mailbot.store.bulletins import bulletins


def send_issue(
    connection: Connection,
    site: Site,
    key: str,
    due_at: datetime,
    now: datetime,
    *,
    late_since: datetime | None,
) -> SentBulletin:
    """Send the bulletin, or the standing one's issue of this time. Raises Refusal when nothing is to be said, or to nobody.

    The standing one is planned on, whatever becomes of this issue.
    """
    stored = bulletin_to_change(connection, key)
    if not stored.bulletin.every:
        return send_bulletin(connection, site, key, now, by=SCHEDULE, late_since=late_since)
    refuse_gone(site, stored)
    standing = replace(stored.bulletin, sends=next_issue(site, stored.bulletin.every, max(due_at, now)))
    bulletins.save(connection, standing)
    plan_runs(connection, site, standing, after=now)  # an earlier issue may be put off, or wait for a word
    issue = issue_of(standing, due_at.astimezone(site.zone).date())
    if not compose_bulletin(connection, site, issue, now).merged:
        raise Refusal(f"bulletin {key}: nothing is new in its sections, so no issue went out")
    bulletins.save(connection, issue)
    return send_bulletin(connection, site, issue.key, now, by=SCHEDULE, late_since=late_since)


def next_issue(site: Site, every: str, after: datetime) -> datetime:
    """Return when a rule comes true next after a moment."""
    return next(coming(read_recurrence(every), after, site.calendar, site.zone)).astimezone(site.zone)
