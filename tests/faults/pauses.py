"""The service with leases of 3 s, or LEASE, and 1 s for who leaves a transaction alone; paused in it where its folder has `pause`.

It stops itself between the mark that a bundle starts and the commit of it.
"""

from __future__ import annotations

import os
import signal
import threading
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Connection

from mailbot.cli import main
from mailbot.store import database
from mailbot.store.sending import bundles, leases

leases.LEASE = timedelta(seconds=float(os.environ.get("LEASE", "3")))
database._ABANDONED = os.environ.get("ABANDONED", "1s")
_start = bundles.start


def pause_after_start(connection: Connection, owner: str, bundle_id: int) -> bool:
    """Mark a bundle as started, and be paused once."""
    started = _start(connection, owner, bundle_id)
    folder = Path(os.environ["MAILBOT_CONFIG"]).parent.parent
    if (folder / "pause").exists():
        (folder / "pause").rename(folder / "paused")
        # To this thread: `kill` lets it run on, up to its commit, until another thread has taken the signal.
        signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)
    return started


bundles.start = pause_after_start

if __name__ == "__main__":
    main()
