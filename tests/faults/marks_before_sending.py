"""A mutant of the service: it marks a copy as sent before it sends it. The kill test must find it out.

It waits a moment between the two, so that few kills are enough to fall there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, update

from mailbot.cli import main
from mailbot.core.transfer.delivery import Marked, Outcome
from mailbot.flows.sending.mark_copies import Marks
from mailbot.store.sending import bundles, leases
from mailbot.store.tables import bundle, delivery

_mark = Marks.mark


def start(connection: Connection, owner: str, ids: Sequence[int]) -> set[int]:
    """Mark what is about to leave as sent already."""
    connection.execute(update(delivery).where(delivery.c.id.in_(ids)).values(state="sent"))
    return set(ids)


def start_bundle(connection: Connection, owner: str, bundle_id: int) -> bool:
    """Mark the copies of a bundle so."""
    bundles.open_all(connection, (bundle.c.id == bundle_id) & (bundle.c.lease_owner == owner))
    connection.execute(update(delivery).where(delivery.c.state == "sending").values(state="sent"))
    return True


def mark(self: Any, outcomes: Sequence[tuple[int, Outcome]], starting: Sequence[int], marked: Marked) -> None:
    """Make the marks durable, and dawdle."""
    loop = asyncio.get_running_loop()

    def dawdle(ours: bool, error: Exception | None) -> None:
        loop.call_later(0.02, marked, ours, error)

    _mark(self, outcomes, starting, dawdle)


leases.start = start
bundles.start = start_bundle
setattr(Marks, "mark", mark)  # noqa: B010  mypy would not have it
main()
