"""Put a changed event in place: move its planned runs, give seats, and tell whoever must know what has changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection

from mailbot.core.events.event import Event, event_changes, is_weighty
from mailbot.core.office.plan import Job, job_name
from mailbot.core.refusal import Refusal
from mailbot.core.surveys.ledger import standings
from mailbot.flows.events.announce_event import queue_notice, seats_taken
from mailbot.flows.events.entry_domain import entry_domain
from mailbot.flows.events.give_seats import give_seats
from mailbot.flows.runs.plan_runs import jobs_of, plan_runs
from mailbot.site import Site
from mailbot.store.events import events
from mailbot.store.events.events import StoredEvent
from mailbot.store.runs import occurrences
from mailbot.store.runs.occurrences import Occurrence
from mailbot.store.surveys import ballots, ledgers
from mailbot.store.surveys.ballots import Ballot

_ANSWERED = frozenset({"attending", "waiting", "later", "unclear"})  # and have not declined


@dataclass(frozen=True)
class Changed:
    """What became of a change."""

    told: int  # bodies
    remarks: tuple[str, ...] = ()  # what the office should know, a clause each


def change_event(
    connection: Connection, site: Site, stored: StoredEvent, new: Event, now: datetime
) -> Changed:
    """Put the new definition of an event in place.

    A new day or time, and that it is not held, is told to everybody who was asked. Anything else to those who have
    answered and did not decline, and to those who have not when no later notice would tell them. Raises Refusal,
    before anything is saved, for what cannot change any more.
    """
    _refuse(connection, stored, new)
    out = _already_out(connection, stored.event)
    events.save(connection, new)
    plan_runs(connection, site, new)
    if stored.state != "announced":
        return Changed(0)
    moved = is_weighty(stored.event, new)
    remarks = _move_reminders(connection, site, new, out, now) if moved and new.cancelled is None else ()
    told = _tell(connection, site, stored, new, now, moved=moved, reminded=bool(moved and out))
    if new.cancelled is None:
        give_seats(connection, site, new, now)  # there may be more seats now
    return Changed(told, remarks)


def _refuse(connection: Connection, stored: StoredEvent, new: Event) -> None:
    key, old = new.key, stored.event
    if old.cancelled is not None:
        raise Refusal(
            f"event {key} is cancelled, and those who were asked know it; nothing about it can change any more. "
            "Announce another event under a new key"
        )
    if stored.state != "announced":
        return
    if new.audience != old.audience:
        raise Refusal(
            f"event {key} is announced; `audience` can no longer change. Announce a second event to the others"
        )
    if new.calendar != old.calendar:
        raise Refusal(
            f"event {key} is announced, and its calendar entries are out; `calendar` can no longer change. "
            f"Put `calendar: {old.calendar}` back"
        )
    taken = seats_taken(connection, key)
    if new.capacity is not None and new.capacity < taken and new.capacity != old.capacity:
        raise Refusal(
            f"event {key}: `capacity` {new.capacity} is below the {taken} people who have seats already "
            f"(`mailbot events attendance {key}` shows them); write {taken} or more"
        )


def _already_out(connection: Connection, event: Event) -> dict[str, Occurrence]:
    """Return the newest done run of each notice that is planned relative to the event's day, by its job."""
    relative = {
        f"event:{event.key}:notice:{number}"
        for number, notice in enumerate(event.notices, 1)
        if notice.at is None
    }
    done = occurrences.done(connection, f"event:{event.key}:notice:")
    return {one.job: one for one in done if one.job in relative}


def _move_reminders(
    connection: Connection, site: Site, event: Event, out: dict[str, Occurrence], now: datetime
) -> tuple[str, ...]:
    """Settle the moved notices whose new time is past, in whose place the news stands; returns what becomes of those out."""
    remarks = []
    for job in jobs_of(site, event):
        name = job_name(job.name)
        fixed = name.number and event.notices[name.number - 1].at is not None
        if fixed or name.action == "attendance":  # which asks afterwards, and for which no news stands
            continue
        past = job.at <= now.astimezone(UTC)
        if past:
            occurrences.settle_waiting(
                connection, job.name, "done", "the news of the change stands for it", now
            )
        if before := out.get(job.name):
            remarks.append(_remark(site, job, before, again=not past))
    return tuple(remarks)


def _remark(site: Site, job: Job, before: Occurrence, *, again: bool) -> str:
    number = job_name(job.name).number
    went = f"notice {number} went out {before.due_at.astimezone(site.zone):%Y-%m-%d %H:%M} already"
    if again:
        return f"{went}, and goes out again {job.at.astimezone(site.zone):%Y-%m-%d %H:%M}"
    return f"{went}; the news of the change corrects it"


def _tell(
    connection: Connection,
    site: Site,
    stored: StoredEvent,
    new: Event,
    now: datetime,
    *,
    moved: bool,
    reminded: bool,
) -> int:
    """Tell what has changed; returns how many."""
    changes = event_changes(stored.event, new, site.language)
    if not (changes or moved):
        return 0
    sequence = events.raise_sequence(connection, new.key)
    domain = entry_domain(connection, site, new.key)
    to = _concerned(connection, site, new, now, everybody=moved)
    if new.cancelled is not None:
        cooked = site.render.events.cancelled(new, sequence=sequence, domain=domain, now=now)
        return queue_notice(connection, "event_cancelled", cooked, new, to, now)
    decided = stored.event.starts is None and new.starts is not None
    cooked = site.render.events.change(
        new, changes, sequence=sequence, domain=domain, now=now, reminded=reminded, decided=decided
    )
    return queue_notice(connection, "event_change", cooked, new, to, now)


def _concerned(
    connection: Connection, site: Site, event: Event, now: datetime, *, everybody: bool
) -> list[Ballot]:
    asked = ballots.of_subject(connection, event.key)
    if everybody:
        return asked
    stands = standings(ledgers.rows(connection, event.key))
    to_come = any(
        job.at > now.astimezone(UTC)
        and (number := job_name(job.name).number)
        and event.notices[number - 1].to != "attending"
        for job in jobs_of(site, event)
    )
    return [
        ballot
        for ballot in asked
        if (stands[ballot.code].row.status in _ANSWERED if ballot.code in stands else not to_come)
    ]
