"""Mail gets through to an address again, or somebody says so: what came back is forgotten, list mail goes on."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from mailbot.store.mail import inbox
from mailbot.store.members import troubles
from mailbot.store.office import journal


def resume_address(
    connection: Connection, address: str, why: str, now: datetime, *, by: str, inbox_id: int | None = None
) -> bool:
    """Forget what came back from an address; False when nothing stood in its way. `why` is for the history, `by` did it."""
    state = troubles.state_of(connection, address)
    if not troubles.forget(connection, address):
        return False
    if inbox_id is not None:
        inbox.note(
            connection, f"{address} ({state}) is sent list mail again: {why}", now=now, inbox_id=inbox_id
        )
    if state != "watched":
        journal.add(connection, "bounce.resumed", now, who=by, person=address, detail=why)
    return state != "watched"
