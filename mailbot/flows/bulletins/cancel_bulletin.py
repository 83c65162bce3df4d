"""Call a bulletin back: a draft never leaves, and of one in the outbox whatever has not left stays here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.refusal import Refusal
from mailbot.flows.bulletins.send_bulletin import bulletin_to_change
from mailbot.site import Site
from mailbot.store.bulletins import bulletins
from mailbot.store.office import journal
from mailbot.store.runs import occurrences


@dataclass(frozen=True)
class CalledBack:
    """What was called back."""

    withdrawn: int  # copies that had not left
    out: int  # copies that had


def cancel_bulletin(
    connection: Connection, site: Site, key: str, now: datetime, *, by: str, why: str = ""
) -> CalledBack:
    """Call a bulletin back; returns how much of it was still here. Raises Refusal when nothing of it is."""
    stored = bulletin_to_change(connection, key)
    if stored.state == "cancelled":
        raise Refusal(f"bulletin {key} was called back already")
    withdrawn = bulletins.withdraw(connection, stored.mailings, f"called back by {by}")
    states = bulletins.copies_by_state(connection, stored.mailings)
    out = sum(count for state, count in states.items() if state != "withdrawn")
    if stored.state == "sent" and not withdrawn:
        at = "" if stored.sent_at is None else f"{stored.sent_at.astimezone(site.zone):%Y-%m-%d %H:%M}"
        raise Refusal(
            f"bulletin {key} is out: all {out} copies left after {at}; only a new bulletin can correct it"
        )
    if stored.state == "draft" or not out:  # nobody has it: its number is free again
        bulletins.set_state(connection, key, "cancelled", why or f"called back by {by}")
    occurrences.settle_waiting(connection, f"bulletin:{key}:send", "skipped", f"called back by {by}", now)
    detail = f"{withdrawn} copies kept here, {out} were out" if stored.state == "sent" else "a draft"
    journal.add(connection, "bulletin.cancelled", now, who=by, about=key, detail=detail)
    return CalledBack(withdrawn, out)
