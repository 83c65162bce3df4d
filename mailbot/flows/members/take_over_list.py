"""A list that another program kept comes to us: its definition, its members with what each of them chose, its numbers."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.lists.old_list import OldList
from mailbot.core.mail.address import list_name_fault
from mailbot.core.refusal import Refusal
from mailbot.site import Site
from mailbot.store.lists import lists, memberships
from mailbot.store.office import journal


def take_over_list(connection: Connection, site: Site, old: OldList, by: str, now: datetime) -> None:
    """Save the list with its members as people whom the office added.

    Raises Refusal for a name that cannot be, or that a list or the service itself has. Whose mail rested there gets
    none here until he says so.
    """
    value = old.value
    fault = list_name_fault(value.name)
    if fault is not None:
        raise Refusal(f"{fault}; give it another with --name")
    if lists.load(connection, value.name) is not None:
        raise Refusal(f"there is a list {value.name} already; take the old one over under another --name")
    address = f"{value.name}@{site.domain}"
    taken = lists.names(connection)
    if site.route(address, taken) is not None:
        raise Refusal(f"{address} is an address of the service already; give the list another with --name")
    lists.save(connection, value)
    lists.raise_number(connection, value.name, old.last_number)
    for one in old.members:
        settings = replace(
            memberships.load(connection, value.name, one.address),
            standing="added",
            mode=one.mode,
            digested=old.last_number,
            off_from=now if one.off else None,
            posting=one.posting,
            changed_by=by,
            changed_at=now,
        )
        memberships.save(connection, settings)
    lists.refresh_every(connection)
    detail = f"{value.title}, from {old.program}, {len(old.members)} members"
    journal.add(connection, "list.imported", now, who=by, about=value.name, detail=detail)
