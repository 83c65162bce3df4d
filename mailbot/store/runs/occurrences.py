"""The due-table: one row for each run of each job, unique by its local time (promises.md R7, I22)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, bindparam, func, or_, select, update

from mailbot.store.database import storable
from mailbot.store.statements import Written, upserting
from mailbot.store.tables import occurrence


@dataclass(frozen=True)
class Occurrence:
    """One run of one job."""

    job: str  # survey:S26-014:close
    local: str  # 2026-07-02T17:00:00, in the configured zone
    due_at: datetime
    state: str = "waiting"  # waiting | asked | done | late | skipped | withdrawn
    note: str = ""
    number: int = field(default=0, compare=False)  # by which people name it, P-0012; 0: not stored yet
    # By its definition, once a person changed it
    planned_at: datetime | None = field(default=None, compare=False)
    late_since: datetime | None = field(default=None, compare=False)  # once the office was asked about it
    settled_at: datetime | None = field(default=None, compare=False)


def plan(
    connection: Connection,
    prefix: str,
    wanted: Sequence[Occurrence],
    *,
    after: str = "",
    anew_from: datetime | None = None,
) -> None:
    """Make the waiting runs of the jobs that begin with this prefix exactly these.

    A run that is done stays, and its key keeps it from ever being planned again. Runs whose local time is `after` or
    earlier are left as they are; none is added that would have been due before `anew_from`.
    """
    keys = {(one.job, one.local): one for one in wanted}
    query = _SELECT.where(occurrence.c.job.startswith(prefix, autoescape=True), occurrence.c.local > after)
    present = [Occurrence(*row) for row in connection.execute(query)]
    for one in present:
        now_planned = keys.get((one.job, one.local))
        if now_planned is None:
            if one.state in {"waiting", "asked"}:
                _set(connection, one.job, one.local, state="withdrawn", note="the definition changed")
            continue
        if one.state == "withdrawn":
            _set(connection, one.job, one.local, state="waiting", note="")
        if one.state in {"waiting", "withdrawn"} and (one.planned_at or one.due_at) != now_planned.due_at:
            # The zone's rules changed: the same local time is another moment. What a person put off stays put off.
            moved = "due_at" if one.planned_at is None else "planned_at"
            _set(connection, one.job, one.local, **{moved: now_planned.due_at})
    known = {(one.job, one.local) for one in present}
    for one in wanted:
        if (one.job, one.local) not in known and (anew_from is None or one.due_at >= anew_from):
            add(connection, one)


def withdraw(connection: Connection, prefix: str) -> int:
    """Give up the waiting runs of the jobs that begin with this prefix; returns how many. A later plan may wait for them again."""
    waits = occurrence.c.state.in_(("waiting", "asked"))
    gone = connection.execute(
        update(occurrence)
        .where(occurrence.c.job.startswith(prefix, autoescape=True), waits)
        .values(state="withdrawn", note="the definition was withdrawn")
    )
    return gone.rowcount


def add(connection: Connection, one: Occurrence) -> None:
    """Plan one run, unless it is in the table already."""
    connection.execute(
        upserting(connection.dialect.name, occurrence)
        .values(job=one.job, local=one.local, due_at=one.due_at, state="waiting")
        .on_conflict_do_nothing()
    )


def add_again(connection: Connection, one: Occurrence) -> None:
    """Plan one run, also where the same job was done for this very moment before."""
    add(connection, one)
    _set(connection, one.job, one.local, state="waiting", note="", settled_at=None)


def due(connection: Connection, now: datetime) -> list[Occurrence]:
    """Return the runs whose time has come, oldest first."""
    return [one for one in to_look_at(connection, now) if one.state == "waiting"]


def to_look_at(connection: Connection, now: datetime) -> list[Occurrence]:
    """Return the runs whose time has come, and those about which the office was asked and has not decided.

    It is asked every second while anything happens, whatever the table holds: the statement is written out once, and its index leads to the rows.
    """
    return [Occurrence(*row) for row in _TO_LOOK_AT.rows(connection, now=now)]


def next_look(connection: Connection) -> datetime | None:
    """Return when the next run is due that waits or that the office was asked about; None: there is none."""
    firsts = (_NEXT.first(connection, state=state).due_at for state in ("waiting", "asked"))
    return min((at for at in firsts if at is not None), default=None)


def numbered(connection: Connection, number: int) -> Occurrence | None:
    """Return the run with this number, and keep other transactions from changing it until this one ends."""
    query = _SELECT.where(occurrence.c.number == number).with_for_update()
    row = connection.execute(query).first()
    return None if row is None else Occurrence(*row)


def change(
    connection: Connection,
    number: int,
    *,
    state: str,
    due_at: datetime,
    planned_at: datetime | None,
    note: str,
    settled_at: datetime | None = None,
) -> None:
    """Put in place what a person made of a run."""
    connection.execute(
        update(occurrence)
        .where(occurrence.c.number == number)
        .values(state=state, due_at=due_at, planned_at=planned_at, note=storable(note), settled_at=settled_at)
    )


def is_known(connection: Connection, job: str, local: str) -> bool:
    """Tell whether a run is in the table, whatever became of it."""
    query = select(occurrence.c.state).where(occurrence.c.job == job, occurrence.c.local == local)
    return connection.execute(query).first() is not None


def between(connection: Connection, start: datetime, end: datetime) -> list[Occurrence]:
    """Return every run in a span of time, in order, whatever its state."""
    return _list(connection, occurrence.c.due_at >= start, occurrence.c.due_at < end)


def missed(connection: Connection, since: datetime) -> list[Occurrence]:
    """Return the runs since then that were late or skipped."""
    return _list(connection, occurrence.c.state.in_(("late", "skipped")), occurrence.c.due_at >= since)


def open_until(connection: Connection, until: datetime) -> list[Occurrence]:
    """Return the runs that wait until then or for the office, in order."""
    return _list(connection, occurrence.c.state.in_(("waiting", "asked")), occurrence.c.due_at < until)


def done(connection: Connection, prefix: str) -> list[Occurrence]:
    """Return the runs that were done, of the jobs that begin with this prefix, in order."""
    ran = occurrence.c.state.in_(("done", "late"))
    return _list(connection, occurrence.c.job.startswith(prefix, autoescape=True), ran)


def settled_since(connection: Connection, since: datetime) -> list[Occurrence]:
    """Return the runs that were done, late or not, or skipped since then, in order; digests and the like are none."""
    ended = occurrence.c.state.in_(("done", "late", "skipped"))
    return _list(connection, ended, occurrence.c.settled_at >= since, occurrence.c.job.contains(":"))


def claim(connection: Connection, job: str, local: str, state: str = "waiting") -> bool:
    """Take a run in this state for this transaction; False when another node has it or it is settled."""
    query = (
        select(occurrence.c.job)
        .where(occurrence.c.job == job, occurrence.c.local == local, occurrence.c.state == state)
        .with_for_update(skip_locked=True)
    )
    return connection.execute(query).first() is not None


def take(connection: Connection, run: Occurrence) -> bool:
    """Plan a job's only run and claim it; False when it was done already, or another node is doing it."""
    plan(connection, run.job, [run])
    return claim(connection, run.job, run.local)


def settle(connection: Connection, job: str, local: str, state: str, note: str, now: datetime) -> None:
    """Say how a run ended."""
    _set(connection, job, local, state=state, note=storable(note), settled_at=now)


def ask(connection: Connection, job: str, local: str, note: str, late_since: datetime) -> None:
    """Say that a late run waits for a word of the office."""
    _set(connection, job, local, state="asked", note=storable(note), late_since=late_since)


def settle_waiting(connection: Connection, job: str, state: str, note: str, now: datetime) -> None:
    """Settle every run of one job that is still open, because a person did its work by hand."""
    connection.execute(
        update(occurrence)
        .where(occurrence.c.job == job, occurrence.c.state.in_(("waiting", "asked")))
        .values(state=state, note=storable(note), settled_at=now)
    )


def _set(connection: Connection, job: str, local: str, **values: object) -> None:
    connection.execute(
        update(occurrence).where(occurrence.c.job == job, occurrence.c.local == local).values(**values)
    )


_SELECT = select(
    occurrence.c.job,
    occurrence.c.local,
    occurrence.c.due_at,
    occurrence.c.state,
    occurrence.c.note,
    occurrence.c.number,
    occurrence.c.planned_at,
    occurrence.c.late_since,
    occurrence.c.settled_at,
)


_NEXT = Written(
    select(func.min(occurrence.c.due_at).label("due_at")).where(occurrence.c.state == bindparam("state"))
)

_TO_LOOK_AT = Written(
    _SELECT.where(
        or_(
            and_(occurrence.c.state == "waiting", occurrence.c.due_at <= bindparam("now")),
            occurrence.c.state == "asked",
        )
    ).order_by(occurrence.c.due_at, occurrence.c.job)
)


def _list(connection: Connection, *conditions: ColumnElement[bool]) -> list[Occurrence]:
    rows = connection.execute(_SELECT.where(*conditions).order_by(occurrence.c.due_at, occurrence.c.job))
    return [Occurrence(*row) for row in rows]
