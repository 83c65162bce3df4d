"""The service, which dawdles between claiming mails and reading them where its folder has a file `slow`.

Where the file `without` there says `order`, it is a mutant that does not look which of two replies came first.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from mailbot.cli import main
from mailbot.core.surveys.entitlement import Entitled, entitle
from mailbot.flows.surveys import record_vote
from mailbot.store.mail import inbox

_FOLDER = Path(os.environ["MAILBOT_CONFIG"]).parent.parent
_claim_each = inbox.claim_each


def claim_each(connection: Connection, inbox_ids: Sequence[int], state: str = "received") -> set[int]:
    """Take rows, and be in no hurry."""
    claimed = _claim_each(connection, inbox_ids, state)
    time.sleep(0.2)
    return claimed


def entitle_the_last_read(*words: Any, **named: Any) -> Entitled:
    """Weigh a reply as if it had come after all others."""
    return entitle(*words, **named | {"received_at": datetime(9999, 1, 1, tzinfo=UTC)})


if (_FOLDER / "slow").exists():
    inbox.claim_each = claim_each
if (_FOLDER / "without").read_text(encoding="ascii") == "order":
    setattr(record_vote, "entitle", entitle_the_last_read)  # noqa: B010  mypy would not have it
main()
