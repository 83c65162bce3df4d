"""Say what becomes of what a restored backup has not sent yet: it may have left between the backup and the loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.office.plan import job_name
from mailbot.store.events import events
from mailbot.store.mail import inbox
from mailbot.store.runs import occurrences
from mailbot.store.runs.occurrences import Occurrence
from mailbot.store.sending import outbox

_ONLY_MAIL = frozenset({"reminder", "followup", "send", "propose", "minutes"})
_NOTE = "withdrawn after a restore: it may have been sent after the backup"


@dataclass(frozen=True)
class Resumed:
    """What was waiting in the backup."""

    copies: Mapping[tuple[str, str], int]  # (kind of mailing, list or key) -> copies that were not sent
    # Due since the backup, which only send mail: done after it, if the service ran
    runs: Sequence[Occurrence]
    deeds: Sequence[Occurrence]  # due since the backup, which open, close or announce: done in any case
    unread: int  # received mails: read in any case


def resume_after_restore(connection: Connection, now: datetime, *, withdraw: bool) -> Resumed:
    """Withdraw the copies that wait, and skip the runs that only send mail, or let all of it go; returns what it is.

    Mails that were not read yet are read, and openings, closes and first notices are done, in any case: what is lost is
    worse than what comes twice.
    """
    due = occurrences.due(connection, now)
    runs = [run for run in due if _only_sends(connection, run)]
    resumed = Resumed(
        copies=outbox.count_waiting(connection),
        runs=runs,
        deeds=[run for run in due if run not in runs],
        unread=inbox.count_by_state(connection).get("received", 0),
    )
    if withdraw:
        outbox.withdraw_waiting(connection, _NOTE, now)
        for run in runs:
            occurrences.settle(connection, run.job, run.local, "skipped", _NOTE, now)
    return resumed


def _only_sends(connection: Connection, run: Occurrence) -> bool:
    """Tell whether a run changes nothing but the outbox."""
    name = job_name(run.job)
    if name.action == "notice":
        stored = events.load(connection, name.key)
        return stored is not None and stored.state == "announced"
    return name.action in _ONLY_MAIL
