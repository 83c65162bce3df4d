"""Queue a mail to the secretariat: something needs a person."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from mailbot.site import Site
from mailbot.store import inbox, outbox

_PER_HOUR, _PER_DAY = (
    30,
    200,
)  # a flood of hostile mail must not become a flood at the office; `queue` has the rest


def tell_office(
    connection: Connection,
    site: Site,
    cooked: bytes,
    now: datetime,
    *,
    kind: str,
    inbox_id: int | None = None,
) -> None:
    """Queue a rendered mail to the office, unless it has had too many this hour."""
    if not inbox.may_answer(connection, site.office, now, per_hour=_PER_HOUR, per_day=_PER_DAY):
        inbox.note(
            connection,
            "the office was not told again: too many reports this hour",
            now=now,
            inbox_id=inbox_id,
        )
        return
    mailing_id = outbox.add_mailing(
        connection, kind=kind, subject="office", cooked=cooked, bounces=None, now=now, inbox_id=inbox_id
    )
    outbox.queue(connection, mailing_id, [outbox.Addressee(site.office)], now)
