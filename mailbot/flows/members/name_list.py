"""Name a list to somebody: by its title if the list is open to that person, else by the address, which is known already."""

from __future__ import annotations

from sqlalchemy import Connection

from mailbot.core.lists.mailing_list import MailingList
from mailbot.flows.members.join_list import admits
from mailbot.site import Site
from mailbot.store.bulletins import bulletins
from mailbot.store.lists import lists


def name_list(connection: Connection, site: Site, value: MailingList, address: str) -> str:
    """Return the title for its members, the readers of its magazine, its moderators and the office; else its address.

    What a closed group is about may be no business of whoever tries an address.
    """
    known = (
        lists.is_member(connection, value.name, address)
        or admits(connection, site, value, address)
        or bulletins.gets(connection, value.name, address)
    )
    return value.title if known else f"{value.name}@{site.domain}"
