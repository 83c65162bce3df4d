"""The domain in an event's calendar entries: a calendar takes one with another UID for another event (RFC 5545 3.8.4.7)."""

from __future__ import annotations

from sqlalchemy import Connection

from mailbot.site import Site
from mailbot.store.events import answer_domains


def entry_domain(connection: Connection, site: Site, key: str) -> str:
    """Return the domain of an event's first notice, as long as answers to it are taken, whatever the configuration says since."""
    first = answer_domains.of_event(connection, key)
    ours = {domain.lower() for domain in (site.reply_domain, *site.former_domains)}
    return first if first is not None and first.lower() in ours else site.reply_domain
