"""Bring the register to what a file says, in one transaction, written down so that it can be taken back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from sqlalchemy import Connection

from mailbot.core.members.register import Body, Contact
from mailbot.core.members.register_change import (
    EVERY_COLUMN,
    Change,
    Rows,
    addresses_concerned,
    after,
    changes_to,
    count_changes,
    suspicious,
    two_owners,
)
from mailbot.core.refusal import Refusal
from mailbot.site import Site
from mailbot.store.lists import lists
from mailbot.store.members import imports, members
from mailbot.store.office import journal


@dataclass(frozen=True)
class Incoming:
    """What a file says, and whose it is."""

    bodies: Sequence[Body]
    contacts: Sequence[Contact]
    source: str = ""  # the file's name
    sha256: str = ""
    by: str = ""  # who imports it
    columns: frozenset[str] = EVERY_COLUMN  # what the file has no column for stays as it is


@dataclass(frozen=True)
class Imported:
    """What an import changed."""

    changes: tuple[Change, ...]
    number: int | None  # under which it can be taken back; None: nothing changed


def import_members(
    connection: Connection, site: Site, incoming: Incoming, now: datetime, *, sure: bool = False
) -> Imported:
    """Put bodies and contacts into the register; bodies that the file does not name stay.

    Raises Refusal when a body is merged into one that nobody knows; or when so many contacts would go that it looks like a
    mistake, unless the person is `sure`.
    """
    before = members.rows(connection)
    known = {body.code for body in incoming.bodies}
    for body in incoming.bodies:
        if body.successor and body.successor not in known and (body.successor, "") not in before:
            raise Refusal(
                f"{incoming.source}: {body.code} {body.name} is merged into {body.successor}, which is neither in the "
                "register nor in this file; add its row"
            )
    changes = changes_to(before, incoming.bodies, incoming.contacts, incoming.columns)
    doubt = None if sure else suspicious(changes, before)
    if doubt is not None:
        raise Refusal(
            f"{incoming.source}: {doubt}; look at it with --dry-run, and if it is meant so, import it with --yes"
        )
    if not changes:
        return Imported((), None)
    refuse_two_owners(before, changes, incoming.source)
    number = imports.record(
        connection, changes, source=incoming.source, sha256=incoming.sha256, by=incoming.by, now=now
    )
    members.save(connection, changes)
    moved = members.set_belongs(connection, now.astimezone(site.zone).date())
    lists.refresh_concerned(connection, addresses_concerned(before, changes, moved))
    detail = f"{incoming.source}: {change_words(changes)}"
    journal.add(
        connection, "register.imported", now, who=incoming.by, about=f"import {number}", detail=detail
    )
    return Imported(changes, number)


def refuse_two_owners(before: Rows, changes: Sequence[Change], source: str) -> None:
    """Raise Refusal when after these changes one address would belong to two persons."""
    if not _anybody_has_several(chain(before.values(), (change.new for change in changes))):
        return
    found = two_owners(after(before, changes).values())
    if found is not None:
        address, one, other = found
        raise Refusal(
            f"{source}: {address} would belong to two persons, {one} and {other}, so that nobody could tell whose mail "
            "from it is; take it away from one of them"
        )


def _anybody_has_several(rows: Iterable[Body | Contact | None]) -> bool:
    return any(row.others for row in rows if isinstance(row, Contact))


def change_words(changes: Sequence[Change]) -> str:
    """Return how many rows came, changed and went: "bodies added 1, contacts changed 2"."""
    counts = count_changes(changes)
    return ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in counts.items() if count)
