"""Brings a database up to date and is killed after so many statements and commits: `URL NUMBER [each]`.

With `each` every statement is a transaction of its own: the mutant.
"""

from __future__ import annotations

import os
import signal
import sys
from itertools import count
from typing import Any

from sqlalchemy import Connection, event

from mailbot.store.database import Database

url, number, *each = sys.argv[1:]
database = Database(url)
_done = count(1)


def happen(connection: Connection, *_: object) -> None:
    """Count something that happened to the database, and die of it when it is time."""
    driver: Any = connection.connection.driver_connection
    if each:
        driver.commit()
    if next(_done) == int(number):
        os.kill(os.getpid(), signal.SIGKILL)


event.listen(database._engine, "after_cursor_execute", happen)
event.listen(database._engine, "commit", happen)
database.migrate()
database.close()
