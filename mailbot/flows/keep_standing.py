"""Let bodies come into audiences and lists on their first day, and go out of them when they have left."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from mailbot.site import Site
from mailbot.store import lists, members


def keep_standing(connection: Connection, site: Site, now: datetime) -> int:
    """Look at every body's dates on the day that it is now; returns how many came or went.

    Ballots that were sent stay, and count: an electorate is frozen when its survey opens.
    """
    moved = members.set_belongs(connection, now.astimezone(site.zone).date())
    if moved:
        lists.refresh_every(connection)
    return moved
