"""Who may decide at the desk on the web: the office and its people about everything, a moderator about his lists' posts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection

from mailbot.core.mail.address import address_key
from mailbot.site import Site
from mailbot.store.lists import lists
from mailbot.store.members import other_addresses


@dataclass(frozen=True)
class Decider:
    """Somebody at the desk."""

    of_office: bool
    address: str  # by whom things are done, as the configuration names him; "": a moderator
    # By the name of each list that he moderates: as whom. Of the office's people none: they decide about all.
    lists: Mapping[str, str] = field(default_factory=dict)

    def acts_as(self, list_name: str) -> str:
        """Return the address by which he decides about a post to this list."""
        return self.address or self.lists[list_name]


def know_decider(connection: Connection, site: Site, address: str) -> Decider | None:
    """Return who this person is at the desk, as the configuration and the lists name him now; None: he may not decide."""
    own = {address_key(one) for one in other_addresses.of_person(connection, address)}
    for one in (*site.people, site.office):
        if address_key(one) in own:
            return Decider(True, one)
    moderated = {
        value.name: one
        for value in lists.every(connection)
        for one in value.moderators
        if address_key(one) in own
    }
    return Decider(False, "", moderated) if moderated else None
