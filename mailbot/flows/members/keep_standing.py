"""Let bodies come into audiences and lists on their first day, and go out of them when they have left."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.office.journal_line import SCHEDULE
from mailbot.site import Site
from mailbot.store.lists import lists
from mailbot.store.members import members
from mailbot.store.office import journal


def keep_standing(connection: Connection, site: Site, now: datetime) -> int:
    """Look at every body's dates on the day that it is now; returns how many came or went.

    Ballots that were sent stay, and count: an electorate is frozen when its survey opens.
    """
    today = now.astimezone(site.zone).date()
    moved = members.set_belongs(connection, today)
    names = members.bodies(connection) if moved else {}
    if moved:
        lists.refresh_every(connection)
    for code, belongs in sorted(moved.items()):
        what = "body.came" if belongs else "body.left"
        journal.add(connection, what, now, who=SCHEDULE, about=code, detail=names[code].name)
    return len(moved)
