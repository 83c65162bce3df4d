"""The service on a SQLite file that may not grow beyond the pages that the file `room` in its folder allows."""

from __future__ import annotations

import os
from pathlib import Path

from sqlalchemy import Connection, Engine, event

from mailbot.cli import main
from mailbot.store.sending import fan_outs

_ROOM = Path(os.environ["MAILBOT_CONFIG"]).parents[1] / "room"


@event.listens_for(Engine, "begin")
def limit(connection: Connection) -> None:
    """Set the limit anew before each transaction; SQLite says "disk is full" beyond it."""
    connection.exec_driver_sql(f"PRAGMA max_page_count = {int(_ROOM.read_text())}")


fan_outs.CHUNK = 5  # so that it fills up in the middle of a fan-out
main()
