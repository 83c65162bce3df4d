"""Take an import of the register back: every row that it changed, as far as nothing later has overtaken it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.members.register import Body
from mailbot.core.members.register_change import Change, addresses_concerned, key_of, undone
from mailbot.core.refusal import Refusal
from mailbot.flows.members.import_members import Imported, change_words, refuse_two_owners
from mailbot.site import Site
from mailbot.store.lists import lists
from mailbot.store.members import imports, members
from mailbot.store.office import journal
from mailbot.store.surveys import ballots

_NAMED = 5  # rows in a sentence


def undo_import(
    connection: Connection,
    site: Site,
    number: int | None,
    by: str,
    now: datetime,
    *,
    keep_later: bool = False,
) -> Imported:
    """Take back one import, the newest when none is named; itself an import, which can be taken back.

    Where later changes touched the same values it is refused with their names, or with `keep_later` those stay as
    they are and the rest is taken back.
    """
    found = imports.load(connection, number) if number is not None else _newest(connection)
    if found is None:
        raise Refusal(f"there is no import {number}; `mailbot members imports` shows them")
    if found.undone_by is not None:
        raise Refusal(f"import {found.id} was taken back already, by import {found.undone_by}")
    present = members.rows(connection)
    changes, overtaken = undone(imports.changes(connection, found.id), present)
    voters = ballots.codes(connection)
    kept = {one for one in changes if isinstance(one.old, Body) and not one.new and one.old.code in voters}
    if (overtaken or kept) and not keep_later:
        raise Refusal(_why_not(found.id, overtaken, kept))
    back = tuple(one for one in changes if one not in kept)
    if not back:
        return Imported((), None)
    refuse_two_owners(present, back, found.source)
    own = imports.record(connection, back, source=found.source, sha256="", by=by, now=now, undoes=found.id)
    members.save(connection, back, imports.contact_numbers(connection, found.id))
    moved = members.set_belongs(connection, now.astimezone(site.zone).date())
    lists.refresh_concerned(connection, addresses_concerned(present, back, moved))
    detail = f"takes import {found.id} back: {change_words(back)}"
    journal.add(connection, "register.undone", now, who=by, about=f"import {own}", detail=detail)
    return Imported(back, own)


def _newest(connection: Connection) -> imports.RegisterImport:
    open_ones = [one for one in imports.every(connection) if one.undoes is None and one.undone_by is None]
    if not open_ones:
        raise Refusal("there is no import to take back; `mailbot members imports` shows them")
    return open_ones[0]


def _why_not(number: int, overtaken: tuple[Change, ...], kept: set[Change]) -> str:
    rows = [" ".join(filter(None, key_of(one.row))) for one in (*overtaken, *kept)]
    names = ", ".join(rows[:_NAMED]) + (f" and {len(rows) - _NAMED} more" if len(rows) > _NAMED else "")
    reason = "changed again since" if overtaken else "got ballots since"
    return (
        f"import {number} cannot be taken back whole: {names} {reason}; take the later imports back first, or let "
        "these stay as they are with --keep-later"
    )
