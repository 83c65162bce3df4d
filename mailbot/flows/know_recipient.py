"""Say whether an address is one of the service's own: asked in the SMTP dialogue, so that strangers hear 550 there."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection

from mailbot.core.address import Reply, route
from mailbot.core.token import token_hash
from mailbot.site import Site
from mailbot.store import ballots, lists


def know_recipient(connection: Connection, site: Site, address: str) -> bool:
    """Tell whether an address leads somewhere: a list, one of its roles, a token that we gave out, a site role."""
    return known_recipients(connection, site)(address)


def known_recipients(connection: Connection, site: Site) -> Callable[[str], bool]:
    """Return what answers `know_recipient` for many addresses, with the names of the lists read once."""
    names = lists.names(connection)

    def known(address: str) -> bool:
        found = route(address, domain=site.domain, reply_domain=site.reply_domain, lists=names)
        if isinstance(found, Reply):
            return ballots.by_token(connection, token_hash(found.token)) is not None
        return found is not None

    return known
