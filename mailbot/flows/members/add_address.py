"""A person gets one more address 別アドレス: from then on what comes from it is his."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.lists.list_sentences import list_sentence
from mailbot.core.mail.address import valid_address
from mailbot.core.members.register_change import Change
from mailbot.core.refusal import Refusal
from mailbot.flows.members.import_members import Imported
from mailbot.site import Site
from mailbot.store.lists import lists, memberships
from mailbot.store.members import imports, members, other_addresses
from mailbot.store.office import journal

MOST_ADDRESSES = 10  # of one person, beside the one to which his mail goes


def add_address(
    connection: Connection, site: Site, person: str, new: str, by: str, now: datetime
) -> Imported:
    """Add it to the person at `person`, and make his what was chosen on lists for the new address by itself.

    Written down like an import, so that it can be taken back. Raises Refusal as `refuse_address` does.
    """
    refuse_address(connection, site, person, new)
    people = members.people_at(connection, person)
    changes = tuple(
        Change(one.contact, replace(one.contact, others=one.contact.others | {new})) for one in people
    )
    number = imports.record(connection, changes, source=f"address {new}", sha256="", by=by, now=now)
    members.save(connection, changes)
    main = people[0].contact.email
    memberships.fold(connection, new, main)
    for address in (main, new):
        lists.refresh_every(connection, address)
    journal.add(connection, "address.added", now, who=by, person=main, detail=f"{main} + {new}")
    return Imported(changes, number)


def refuse_address(connection: Connection, site: Site, person: str, new: str) -> None:
    """Raise Refusal, with a sentence in the site's language, where this cannot become one more address of the person."""
    say = site.language
    people = members.people_at(connection, person)
    if not people:
        raise Refusal(list_sentence(say, "not-registered", address=person))
    ours = lists.names(connection)
    if site.route(new, ours) is not None:
        raise Refusal(list_sentence(say, "own-address", new=new))
    if not valid_address(new):
        raise Refusal(list_sentence(say, "no-address", new=new))
    if other_addresses.same_person(connection, person, new):
        raise Refusal(list_sentence(say, "address-known", new=new))
    if members.people_at(connection, new):
        raise Refusal(list_sentence(say, "other-person", new=new))
    if len(people[0].contact.others) >= MOST_ADDRESSES:
        raise Refusal(list_sentence(say, "addresses-full", most=MOST_ADDRESSES))
