"""A body leaves the association on a day, or is merged into another; its history stays."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

from sqlalchemy import Connection

from mailbot.core.members.register_change import Change
from mailbot.core.refusal import Refusal
from mailbot.flows.members.import_members import Imported
from mailbot.flows.members.keep_standing import keep_standing
from mailbot.site import Site
from mailbot.store.members import imports, members
from mailbot.store.office import journal


def retire_body(
    connection: Connection, site: Site, code: str, day: date, into: str, by: str, now: datetime
) -> Imported:
    """Write down the first day on which a body is no member any more, and what it was merged into ("": nothing).

    Written down like an import, so that it can be taken back. Raises Refusal when the register knows no such body.
    """
    bodies = members.bodies(connection)
    for wanted in filter(None, (code, into)):
        if wanted not in bodies:
            raise Refusal(f"no body has the code {wanted}; `mailbot members export` lists those there are")
    body = bodies[code]
    if code == into:
        raise Refusal(f"{code} cannot be merged into itself")
    if body.joined is not None and day <= body.joined:
        raise Refusal(f"{code} {body.name} joined on {body.joined}, which is not before {day}")
    change = Change(body, replace(body, left=day, successor=into))
    if change.old == change.new:
        return Imported((), None)
    source = f"members leave {code}"
    number = imports.record(connection, (change,), source=source, sha256="", by=by, now=now)
    members.save(connection, (change,))
    went = f", merged into {into} {bodies[into].name}" if into else ""
    journal.add(connection, "body.leaves", now, who=by, about=code, detail=f"{body.name} from {day}{went}")
    keep_standing(connection, site, now)
    return Imported((change,), number)
