"""The service, which dawdles between the time that it gives a mail and the commit of it, so that few votes fall there.

Files of its folder change it: `dawdles` has these seconds; `ahead` those by which its clock is ahead; `without` names a
safeguard to leave out. It reads at once what it has stored, so that a close often finds nothing unread and something under way.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from mailbot import service
from mailbot.cli import main
from mailbot.store.mail import inbox

_FOLDER = Path(os.environ["MAILBOT_CONFIG"]).parent.parent
_add = inbox.add


def _word(name: str) -> str:
    path = _FOLDER / name
    return path.read_text(encoding="ascii") if path.exists() else ""


_AHEAD = timedelta(seconds=float(_word("ahead") or 0))
_DAWDLES = float(_word("dawdles") or 0.1)


def clock() -> datetime:
    """Return a time that may be ahead."""
    return datetime.now(UTC) + _AHEAD


def add(connection: Connection, *arrivals: Any, **options: Any) -> None:
    """Store mails, and be in no hurry to commit."""
    _add(connection, *arrivals, **options)
    time.sleep(_DAWDLES)


def stop_nothing(connection: Connection) -> None:
    """Let mail be stored while a survey is being closed."""


def wait_for_nothing(connection: Connection, moment: datetime) -> int:
    """Say that every mail was read."""
    return 0


def when_it_came(connection: Connection, recipients: Iterable[str], now: datetime) -> datetime:
    """Return what the clock says, whatever another clock has closed."""
    return now


setattr(service, "clock", clock)  # noqa: B010  mypy would not have it
service._GATHER_SECONDS = 0.0
inbox.add = add
match _word("without"):
    case "stop":
        inbox.stop_intake = stop_nothing
    case "wait":
        inbox.waiting_before = wait_for_nothing
    case "behind":
        inbox._behind_its_close = when_it_came

if __name__ == "__main__":
    main()
