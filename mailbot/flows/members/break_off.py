"""A mailing of which too much comes back: the rest of it is withdrawn before it harms our name, and the office is told once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.office.desk_sentences import sentence
from mailbot.flows.members.weigh_failure import FEWEST, MOST
from mailbot.flows.office.tell_office import report_to_office
from mailbot.render import ReportItem
from mailbot.site import Site
from mailbot.store.members import bounces


def break_off(connection: Connection, site: Site, delivery_id: int, now: datetime) -> None:
    """Stop the mailing of a copy that has just failed for good, if it is the one with which it becomes too many.

    It failed by a bounce or by a refusal in the dialogue; the failure is written down before (`weigh_failure`). Where nothing is
    left to stop, the office is told all the same.
    """
    returned = bounces.returned(connection, delivery_id)
    if not _too_many(returned.failed, returned.copies):
        return
    stopped = bounces.stop_mailing(connection, delivery_id)
    if not stopped and _too_many(returned.failed - 1, returned.copies):
        return  # said before
    figures = {"bounced": returned.failed, "copies": returned.copies, "stopped": stopped}
    item = ReportItem(
        sentence(site.language, "sending-head", subject=returned.subject),
        sentence(site.language, "broken-off" if stopped else "all-left", **figures),
    )
    report_to_office(connection, site, item, now)


def _too_many(failed: int, copies: int) -> bool:
    return failed >= FEWEST and failed > MOST * copies
