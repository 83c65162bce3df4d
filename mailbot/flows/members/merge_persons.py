"""Two entries of the register that are one person become one, with both addresses."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.mail.address import same_address
from mailbot.core.members.register import Contact
from mailbot.core.members.register_change import Change
from mailbot.core.refusal import Refusal
from mailbot.flows.members.import_members import Imported
from mailbot.flows.surveys.open_survey import greeting
from mailbot.store.lists import lists, memberships
from mailbot.store.members import imports, members, troubles
from mailbot.store.office import journal
from mailbot.store.surveys import ballots


def merge_persons(connection: Connection, kept: str, other: str, by: str, now: datetime) -> Imported:
    """Let everything of the person at `other` be that of the one at `kept`, to whom mail goes as before.

    In a body where both stand the entry of `kept` takes over the better rank and all tags. What `kept` chose on a list
    holds, where he chose nothing what `other` chose does; questions that are still open go to `kept`. The register's part
    is written down like an import, so that it can be taken back. Raises Refusal where one is not registered, or both are one.
    """
    stay, go = (members.people_at(connection, address) for address in (kept, other))
    for address, found in ((kept, stay), (other, go)):
        if not found:
            raise Refusal(f"{address} is not registered; `mailbot members export` lists who is")
    main, old = stay[0].contact.email, go[0].contact.email
    if same_address(main, old):
        raise Refusal(f"{kept} and {other} are one person already, whose mail goes to {main}")
    others = stay[0].contact.others | go[0].contact.others | {old}
    of_body = {one.body.code: one.contact for one in stay}
    changes = [Change(one.contact, None) for one in go]
    became = {code: replace(one, others=others) for code, one in of_body.items()}
    for one in go:
        became[one.body.code] = _joined(became.get(one.body.code), one.contact, main, others)
    changes += [Change(of_body.get(code), one) for code, one in became.items()]
    number = imports.record(
        connection, changes, source=f"members merge {main} {old}", sha256="", by=by, now=now
    )
    members.save(connection, changes)
    memberships.fold(connection, old, main)
    lists.rename_moderator(connection, old, main)
    troubles.forget(connection, old)
    lists.refresh_every(connection)
    for person in members.people_at(connection, main):
        ballots.readdress(connection, person.body.code, old, main, greeting(person))
    journal.add(connection, "address.merged", now, who=by, person=main, detail=f"{main} + {old}")
    return Imported(tuple(changes), number)


def _joined(here: Contact | None, gone: Contact, email: str, others: frozenset[str]) -> Contact:
    """Return the entry in one body that stands for both."""
    if here is None:
        return replace(gone, email=email, others=others)
    return replace(
        here,
        name=here.name or gone.name,
        role=here.role or gone.role,
        rank=min(here.rank, gone.rank),
        tags=here.tags | gone.tags,
    )
