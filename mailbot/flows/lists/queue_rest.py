"""Queue a post to a large list to its next members; what let it go queued it to the first ones only."""

from __future__ import annotations

from mailbot.store.database import Database
from mailbot.store.sending import fan_outs


def queue_rest(database: Database) -> bool:
    """Queue one more chunk in a transaction of its own; tells whether there was any."""
    with database.read() as connection:
        if not fan_outs.waiting(connection):
            return False
    with database.write() as connection:
        return fan_outs.go_on(connection)
