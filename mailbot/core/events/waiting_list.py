"""In which order bodies wait for seats: strictly as they came, whatever they write again meanwhile."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from mailbot.core.events.event import rsvp_of
from mailbot.core.surveys.ledger import LedgerRow, accepted


def waiting_line(rows: Iterable[LedgerRow]) -> list[LedgerRow]:
    """Return the newest row of each body that waits, first the one that has waited longest; `rows` in their order.

    A body that writes the same again, or asks for fewer seats, keeps its place; one that asks for more goes to the end.
    """
    line: dict[str, tuple[datetime, LedgerRow]] = {}
    for row in rows:
        if not accepted(row.status):
            continue
        before = line.pop(row.code, None)
        if row.status != "waiting":
            continue
        same = before is not None and rsvp_of(row.answers).people <= rsvp_of(before[1].answers).people
        line[row.code] = (before[0] if before is not None and same else row.received_at, row)
    return [row for _, row in sorted(line.values(), key=lambda entry: entry[0])]
