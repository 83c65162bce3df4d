"""A mutant of the service: it queues a chunk in one transaction and notes in the next how far it has come.

It waits a moment between the two, so that few kills are enough to fall there.
"""

from __future__ import annotations

import time

from sqlalchemy import insert, select, update

from mailbot import service
from mailbot.cli import main
from mailbot.store.database import Database
from mailbot.store.sending import fan_outs
from mailbot.store.tables import fan_out

fan_outs.CHUNK = 5


def queue_rest(database: Database) -> bool:
    """Queue one more chunk, and only then note it."""
    with database.write() as connection:
        before = connection.execute(select(fan_out).order_by(fan_out.c.mailing_id).limit(1)).first()
        if before is None:
            return False
        fan_outs.go_on(connection)
        own = fan_out.c.mailing_id == before.mailing_id
        after = connection.execute(select(fan_out.c.after).where(own)).scalar()
        if after is None:
            connection.execute(insert(fan_out).values(before._asdict()))
        else:
            connection.execute(update(fan_out).where(own).values(after=before.after))
    time.sleep(0.05)
    with database.write() as connection:
        if after is None:
            connection.execute(fan_out.delete().where(own))
        else:
            connection.execute(update(fan_out).where(own).values(after=after))
    return True


setattr(service, "queue_rest", queue_rest)  # noqa: B010  mypy would not have it
main()
