"""A person gives a further address 別アドレス up: what comes from it is no longer his."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.lists.list_sentences import list_sentence
from mailbot.core.mail.address import same_address
from mailbot.core.members.register_change import Change
from mailbot.core.refusal import Refusal
from mailbot.flows.members.import_members import Imported
from mailbot.site import Site
from mailbot.store.lists import lists
from mailbot.store.members import imports, members, other_addresses
from mailbot.store.office import journal


def drop_address(
    connection: Connection, site: Site, person: str, address: str, by: str, now: datetime
) -> Imported:
    """Take a further address away from the person at `person`; written down like an import, so that it can be taken back.

    Raises Refusal, with a sentence in the site's language, where it is not his, or the one to which his mail goes.
    """
    main = other_addresses.home(connection, person)
    if not same_address(other_addresses.home(connection, address), main):
        raise Refusal(list_sentence(site.language, "address-not-his", address=address))
    if same_address(address, main):
        raise Refusal(list_sentence(site.language, "address-main", address=address))
    changes = tuple(
        Change(
            one.contact,
            replace(
                one.contact,
                others=frozenset(each for each in one.contact.others if not same_address(each, address)),
            ),
        )
        for one in members.people_at(connection, main)
    )
    number = imports.record(connection, changes, source=f"address {address}", sha256="", by=by, now=now)
    members.save(connection, changes)
    for each in (main, address):
        lists.refresh_every(connection, each)
    journal.add(connection, "address.dropped", now, who=by, person=main, detail=f"{main} - {address}")
    return Imported(changes, number)
