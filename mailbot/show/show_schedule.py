"""What `mailbot schedule` prints: the runs that were late, skipped or changed, and those to come."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.calendar import unconfirmed, unusual
from mailbot.core.office.plan import job_name
from mailbot.core.office.run_words import run_name
from mailbot.flows.runs.count_mails import count_mails
from mailbot.flows.runs.words_of_run import words_of_run
from mailbot.formats.plan_ics import PlanEntry
from mailbot.show import Row, local
from mailbot.site import Site
from mailbot.store.runs.occurrences import Occurrence

_OPEN = frozenset({"waiting", "asked"})


def schedule_rows(
    connection: Connection, site: Site, past: Sequence[Occurrence], coming: Sequence[Occurrence]
) -> list[Row]:
    """Return one row for each run: what was late or skipped, then what is to come and to how many."""
    return [
        {
            "id": run_name(one.number),
            "at": local(one.due_at, site.zone),
            "what": words_of_run(connection, site, job_name(one.job)),
            "job": one.job,
            "state": one.state,
            "mails": mails,
            "note": _note(site, one, mails),
        }
        for one in [*past, *coming]
        for mails in [count_mails(connection, one) if one.state in _OPEN else None]
    ]


def schedule_entries(connection: Connection, site: Site, coming: Sequence[Occurrence]) -> list[PlanEntry]:
    """Return the runs to come as entries of a calendar."""
    return [
        PlanEntry(
            one.number,
            one.due_at.astimezone(site.zone),
            words_of_run(connection, site, job_name(one.job)),
            count_mails(connection, one),
        )
        for one in coming
    ]


def zone_words(site: Site, now: datetime) -> str:
    """Return the zone in which times are shown: Asia/Tokyo (UTC+09:00)."""
    offset = now.astimezone(site.zone).strftime("%z")
    return f"{site.zone.key} (UTC{offset[:3]}:{offset[3:5]})"


def _note(site: Site, one: Occurrence, mails: int | None) -> str:
    if mails is None:
        return one.note
    at = one.due_at.astimezone(site.zone)
    moved = f"by its definition {local(one.planned_at, site.zone)}" if one.planned_at is not None else ""
    # Nobody minds at what hour an electorate is frozen.
    odd = unusual(at, site.calendar) if mails else None
    said = [one.note, moved, odd, unconfirmed(at.date(), site.calendar)]
    return " ".join(sentence for sentence in said if sentence)
