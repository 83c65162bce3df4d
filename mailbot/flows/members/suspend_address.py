"""Stop the list mail of an address whose mail comes back: nobody is removed, and the office hears who it is and what to do."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.members.trouble import Trouble
from mailbot.core.office.journal_line import COMMAND_LINE, SERVICE
from mailbot.flows.office.tell_office import tell_office
from mailbot.site import Site
from mailbot.store.lists import lists
from mailbot.store.members import members, troubles
from mailbot.store.office import journal
from mailbot.store.surveys import ballots

MAIL = "address_suspended"  # template and kind


def suspend_address(connection: Connection, site: Site, one: Trouble, now: datetime, *, by: str = "") -> None:
    """Suspend it. `by` is the person who did it at the terminal; without one the office is told."""
    troubles.save(connection, replace(one, state="suspended", state_at=now, state_by=by))
    journal.add(
        connection,
        "bounce.suspended",
        now,
        who=COMMAND_LINE if by else SERVICE,
        person=one.address,
        detail=one.failure.status,
    )
    if by:
        return
    people = members.people_at(connection, one.address)
    titles = [
        value.title
        for name in lists.of_address(connection, one.address)
        if (value := lists.load(connection, name)) is not None
    ]
    cooked = site.render.office.letter(
        MAIL,
        now=now,
        address=one.address,
        people=tuple(
            f"{person.body.name} {person.contact.role} {person.contact.name}".strip() for person in people
        ),
        titles=tuple(titles),
        surveys=tuple(ballots.open_at(connection, one.address)),
        status=one.failure.status,
        words=one.failure.words,
        further=tuple(dict.fromkeys(each for person in people for each in sorted(person.contact.others))),
        others=tuple(
            f"{other.contact.name} {other.contact.email}".strip()
            for code in {person.body.code for person in people}
            for other in members.people_of(connection, code)
            if other.contact.email != one.address
        ),
    )
    tell_office(connection, site, cooked, now, kind=MAIL, by_others=True)
