"""Tell the office in one mail of the waiting ones that it was not told of one by one: they were too many within an hour."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection

from mailbot.core.calendar import moment_words
from mailbot.flows.office.look_up_held import lines_of
from mailbot.flows.office.tell_office import NOT_TOLD, tell_office
from mailbot.site import Site
from mailbot.store.mail import inbox
from mailbot.store.sending import allowances

MAIL = "office_held_more"  # template and kind
_WAITS = timedelta(hours=1)  # as long as the limit of the mails about one each
_MOST_NAMED = 50


def untold_due(connection: Connection, site: Site, now: datetime) -> bool:
    """Tell whether an hour has passed since the office was first not told of a mail that waits."""
    since = allowances.untold_since(connection, site.office)
    return since is not None and now - since >= _WAITS


def tell_untold(connection: Connection, site: Site, now: datetime) -> int:
    """Queue the one mail about those that still wait, by whichever node is first; returns how many mails that makes."""
    since = allowances.take_untold(connection, site.office)
    waiting = [] if since is None else inbox.untold(connection, NOT_TOLD, since)
    if since is None or not waiting:
        return 0
    cooked = site.render.office.letter(
        MAIL,
        now=now,
        count=len(waiting),
        since=moment_words(since.astimezone(site.zone), site.language),
        lines=[
            (line.name, line.about, line.sender, line.subject)
            for line in lines_of(connection, site, waiting[:_MOST_NAMED])
        ],
        more=max(0, len(waiting) - _MOST_NAMED),
        pages=f"{site.web_url}/" if site.web_url else "",
    )
    tell_office(connection, site, cooked, now, kind=MAIL)
    return 1
