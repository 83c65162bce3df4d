"""A mutant of the service: it does what it saw to be due without claiming it. The test of two schedules must find it out."""

from __future__ import annotations

import time

from sqlalchemy import Connection

from mailbot.store.runs import occurrences
from tests.faults.lives import obey

_THE_OTHER_SEES_IT = 0.2  # seconds


def claim(connection: Connection, job: str, local: str, state: str = "waiting") -> bool:
    """Take a run that another node may have, or have done; so late that the other has seen it to be due, too."""
    time.sleep(_THE_OTHER_SEES_IT)
    return True


occurrences.claim = claim
obey()
