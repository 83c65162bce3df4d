"""Is the process alive, and does the work get done: for a monitoring program."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from mailbot.core.transfer.envelope import StorageFull, StorageUnavailable
from mailbot.store import vitals
from mailbot.store.database import Database
from mailbot.store.mail import sender_checks
from mailbot.store.sending import leases

_LATE_TICK = timedelta(seconds=60)  # it comes every second
_LATE_LOOK = timedelta(minutes=10)  # a DNS that does not answer keeps a mail some two minutes


_FIGURES = {  # by name: what it is; all begin with mailbot_
    "up": "1: the database can be used",
    "inbox_unread": "received mails that nobody has read yet",
    "inbox_held": "mails that wait for a person",
    "inbox_quarantined": "mails that could not be read or processed",
    "outbox_overdue_seconds": "for how long some copy has been due that nobody takes",
    "outbox_expired_leases": "copies whose node is gone and that no other took",
    "outbox_doubtful": "copies that may have left twice",
    "schedule_looked_at_seconds": "since the schedule was last looked at by this node",
}


class Health:
    """The three pages."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime],
        last_tick: Callable[[], datetime | None],
        senders: Mapping[str, int] | None = None,
    ) -> None:
        """`last_tick` tells when the schedule was last looked at; None: it is not this node's business.

        `senders` counts what came of the looks at senders since the start; None: they are not looked at here.
        """
        self._senders = senders
        self._database = database
        self._clock = clock
        self._last_tick = last_tick

    async def alive(self, _request: Request) -> Response:
        """Say that the process runs; the database is not asked."""
        return PlainTextResponse("ok\n")

    async def ready(self, _request: Request) -> Response:
        """Say whether the database answers, the schedule is looked at, and the outbox is emptied; 503 if not."""
        now = self._clock()
        figures: dict[str, object] = {"database": "ok"}
        faults: list[str] = []
        try:
            waited = await self._database.reading(leases.overdue, now)
        except (StorageUnavailable, StorageFull) as away:
            figures["database"] = "away"
            faults.append(f"the database cannot be used: {away}")
        else:
            figures["outbox_overdue_s"] = round(waited.total_seconds())
            if waited > vitals.OVERDUE:
                faults.append("mail is due and does not leave")
            if self._senders is not None:
                count, oldest = await self._database.reading(sender_checks.backlog)
                figures |= {"senders_waiting": count, "senders": dict(self._senders)}
                if oldest is not None and now - oldest > _LATE_LOOK:
                    faults.append("senders are not looked at, so their mail is not read")
        if (tick := self._last_tick()) is not None:
            figures["last_tick_s"] = round((now - tick).total_seconds(), 1)
            if now - tick > _LATE_TICK:
                faults.append("the schedule is not looked at")
        return JSONResponse({"ready": not faults, **figures, "faults": faults}, 503 if faults else 200)

    async def metrics(self, _request: Request) -> Response:
        """Give the figures as Prometheus reads them (text format 0.0.4), without those that cannot be known."""
        now = self._clock()
        figures: dict[str, float] = {"up": 1}
        try:
            found = await self._database.reading(vitals.backlog, now)
        except (StorageUnavailable, StorageFull):
            figures["up"] = 0
        else:
            figures |= {
                "inbox_unread": found.unread,
                "inbox_held": found.held,
                "inbox_quarantined": found.quarantined,
                "outbox_overdue_seconds": round(found.overdue.total_seconds()),
                "outbox_expired_leases": found.expired_leases,
                "outbox_doubtful": found.doubtful,
            }
        if (tick := self._last_tick()) is not None:
            figures["schedule_looked_at_seconds"] = round((now - tick).total_seconds(), 1)
        lines = [
            f"# HELP mailbot_{name} {_FIGURES[name]}\n# TYPE mailbot_{name} gauge\nmailbot_{name} {value}\n"
            for name, value in figures.items()
        ]
        return PlainTextResponse(
            "".join(lines), headers={"content-type": "text/plain; version=0.0.4; charset=utf-8"}
        )
