"""Mail the end of each ledger to the witnesses once a day: who rewrites it later contradicts their mail (ballot.md 14)."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from sqlalchemy import Connection

from mailbot.site import Site
from mailbot.store.sending import outbox
from mailbot.store.surveys import ledgers, surveys
from mailbot.store.surveys.surveys import StoredSurvey

KIND = "ledger_head"
_FROM = time(9)  # local; the first look after this sends the day's mail
_AFTER_CLOSE = timedelta(days=1)


def mail_ledger_heads(connection: Connection, site: Site, now: datetime) -> int:
    """Queue today's mail about each survey that is open, or was closed within a day; returns how many surveys'.

    What was queued today already is not queued again, so that it may be called at every look at the due-table.
    """
    due = heads_due(connection, site, now)
    for stored in due:
        _mail(connection, site, stored, now)
    return len(due)


def heads_due(connection: Connection, site: Site, now: datetime) -> list[StoredSurvey]:
    """Return the surveys whose witnesses have no mail of today yet."""
    local = now.astimezone(site.zone)
    if not site.witnesses or local.time() < _FROM:
        return []
    today = local.replace(hour=0, minute=0, second=0, microsecond=0)
    return [
        stored
        for stored in surveys.every(connection)
        if _is_watched(stored, now) and not outbox.made_since(connection, stored.survey.key, KIND, today)
    ]


def _is_watched(stored: StoredSurvey, now: datetime) -> bool:
    if stored.state == "closed":
        return stored.closed_at is not None and now - stored.closed_at <= _AFTER_CLOSE
    return stored.state == "open"


def _mail(connection: Connection, site: Site, stored: StoredSurvey, now: datetime) -> None:
    head = ledgers.head(connection, stored.survey.key)
    cooked = site.render.office.ledger_head(stored.survey, rows=head.rows, head=head.chain, now=now)
    mailing_id = outbox.add_mailing(
        connection, kind=KIND, subject=stored.survey.key, cooked=cooked, bounces=None, now=now
    )
    outbox.queue(connection, mailing_id, [outbox.Addressee(address) for address in site.witnesses], now)
