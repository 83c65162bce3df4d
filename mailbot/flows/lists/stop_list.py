"""Stop a list in an emergency: nothing of it leaves any more, whatever arrives waits; and let it go on."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.lists.reach import Reach
from mailbot.core.refusal import Refusal
from mailbot.flows.lists.pass_on import pass_on
from mailbot.store.lists import lists
from mailbot.store.office import journal
from mailbot.store.sending import outbox


def stop_list(connection: Connection, name: str, by: str, now: datetime, *, withdraw: bool = False) -> str:
    """Stop a list; its copies that have not left yet rest, or with `withdraw` never leave. Returns a sentence.

    It stays stopped until `start_list`, whatever is applied meanwhile.
    """
    value = lists.require(connection, name)
    if value.stopped and not withdraw:
        raise Refusal(f"{name} is stopped already; `mailbot lists start {name}` lets it go on")
    lists.save(connection, replace(value, stopped=True))
    detail = "what had not left is withdrawn" if withdraw else ""
    journal.add(connection, "list.stopped", now, who=by, about=name, detail=detail)
    if withdraw:
        outbox.resume(connection, "post", name)
        mailings = outbox.unfinished_posts(connection, name)
        count = outbox.withdraw(connection, ["post"], name)
        passed = pass_on(connection, mailings, now)
        said = f"{name} is stopped; {count} copies that had not left never will"
        return (
            f"{said}; to {passed.words('en')} other lists send the same mail" if passed != Reach(0) else said
        )
    count = outbox.rest(connection, "post", name)
    return f"{name} is stopped; {count} copies that have not left rest until `mailbot lists start {name}`"


def start_list(connection: Connection, name: str, by: str, now: datetime) -> str:
    """Let a stopped list go on. Returns a sentence."""
    value = lists.require(connection, name)
    if not value.stopped:
        raise Refusal(f"{name} cannot be started: it is not stopped")
    lists.save(connection, replace(value, stopped=False))
    journal.add(connection, "list.started", now, who=by, about=name)
    count = outbox.resume(connection, "post", name)
    return f"{name} goes on; {count} copies leave now. What was held meanwhile waits: `mailbot held list`"
