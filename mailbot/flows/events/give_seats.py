"""Give the seats of an event that are free to those who wait, strictly in order; or offer them, for so many days."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time

from sqlalchemy import Connection

from mailbot.core.calendar import business_days_after, local_moment
from mailbot.core.events.event import Event, begins, rsvp_of
from mailbot.core.events.waiting_list import waiting_line
from mailbot.core.office.plan import JobName, joining_at, occurrence
from mailbot.core.surveys.ledger import LedgerRow, standings
from mailbot.flows.surveys.answer_reply import queue_receipt
from mailbot.render import RsvpReceipt
from mailbot.site import Site
from mailbot.store.events import events, seat_offers
from mailbot.store.events.seat_offers import SeatOffer
from mailbot.store.runs import occurrences
from mailbot.store.runs.occurrences import Occurrence
from mailbot.store.surveys import ballots, ledgers

_OFFERED_UNTIL = time(17)  # local, on the last business day


def give_seats(connection: Connection, site: Site, event: Event, now: datetime) -> None:
    """Give or offer the free seats; no group is split, and none passes the one before it.

    Nothing is given any more once the event has begun.
    """
    if event.cancelled is not None or now >= begins(event, site.zone):
        return
    rows = ledgers.rows(connection, event.key)
    stands = standings(rows)
    offers = {offer.ballot_id: offer for offer in seat_offers.of_event(connection, event.key)}
    taken = sum(rsvp_of(own.row.answers).people for own in stands.values() if own.row.status == "attending")
    taken += sum(offer.people for offer in offers.values())
    for row in waiting_line(rows):
        if row.ballot_id in offers:
            continue
        people = rsvp_of(row.answers).people
        if event.capacity is not None and taken + people > event.capacity:
            return
        taken += people
        if event.offer_days is None:
            _give(connection, site, event, row, now)
        else:
            _offer(connection, site, event, event.offer_days, row, people, now)


def end_offer(connection: Connection, site: Site, key: str, ballot_id: int, now: datetime) -> str:
    """End an offer that nobody took up: its body waits no longer and hears so, and the next one has its turn.

    Returns what happened, in words for the schedule.
    """
    stored = events.lock(connection, key)
    offer = seat_offers.of_ballot(connection, ballot_id)
    ballot = ballots.by_id(connection, ballot_id)
    if stored is None or offer is None or ballot is None:
        return "the offer was answered"
    seat_offers.end(connection, ballot_id)
    stands = standings(ledgers.rows(connection, key)).get(ballot.code)
    if stands is not None and stands.row.status == "waiting":
        row = replace(
            stands.row,
            status="declined",
            inbox_id=None,
            received_at=now,
            problems=(),
            answers={**stands.row.answers, "Q1": ("2",)},
            reason="the offer of a seat was not taken up in time",
        )
        ledgers.append(connection, key, row)
        cooked = site.render.events.seat_offer(
            stored.event,
            people=offer.people,
            until=offer.expires_at,
            over=True,
            edition=row.version + 1,
            answers={},
            now=now,
        )
        queue_receipt(connection, "seat_offer", cooked, ballot, [ballot.address], None, now)
    give_seats(connection, site, stored.event, now)
    return "a seat that nobody took up went to the next"


def settle_offer(connection: Connection, key: str, ballot_id: int, now: datetime) -> None:
    """Forget an offer that was answered, and the run that would end it."""
    seat_offers.end(connection, ballot_id)
    job = str(JobName("event", key, "offer", ballot_id))
    occurrences.settle_waiting(connection, job, "done", "the offer was answered", now)


def joining_now(site: Site, event: Event, now: datetime) -> str:
    """Return how to join, once those who attend were told the day before; "" until then."""
    return event.joining if now >= joining_at(event, site.calendar, site.zone) else ""


def offered_runs(connection: Connection, site: Site, key: str) -> list[Occurrence]:
    """Return the runs that end the open offers of an event."""
    return [_run(site, key, offer) for offer in seat_offers.of_event(connection, key)]


def _give(connection: Connection, site: Site, event: Event, row: LedgerRow, now: datetime) -> None:
    promoted = replace(row, status="attending", inbox_id=None, problems=(), reason="a place became free")
    ledgers.append(connection, event.key, promoted)
    ballot = ballots.by_id(connection, row.ballot_id)
    assert ballot is not None
    receipt = RsvpReceipt(
        rsvp=replace(rsvp_of(row.answers), status="attending"),
        at=now,
        version=row.version,
        edition=row.version + 1,
        answers=row.answers,
        joining=joining_now(site, event, now),
    )
    cooked = site.render.events.rsvp_receipt(event, receipt, thread=None, now=now)
    queue_receipt(connection, "rsvp_receipt", cooked, ballot, [ballot.address], None, now)


def _offer(
    connection: Connection, site: Site, event: Event, days: int, row: LedgerRow, people: int, now: datetime
) -> None:
    last = business_days_after(now.astimezone(site.zone).date(), days, site.calendar)
    until = min(local_moment(last, _OFFERED_UNTIL, site.zone), begins(event, site.zone)).astimezone(UTC)
    offer = SeatOffer(row.ballot_id, people, until)
    seat_offers.add(connection, event.key, offer)
    occurrences.add_again(connection, _run(site, event.key, offer))
    ballot = ballots.by_id(connection, row.ballot_id)
    assert ballot is not None
    cooked = site.render.events.seat_offer(
        event,
        people=people,
        until=until,
        over=False,
        edition=row.version + 1,
        answers={name: answer for name, answer in row.answers.items() if name != "Q1"},
        now=now,
    )
    queue_receipt(connection, "seat_offer", cooked, ballot, [ballot.address], None, now)


def _run(site: Site, key: str, offer: SeatOffer) -> Occurrence:
    name = JobName("event", key, "offer", offer.ballot_id)
    return Occurrence(str(name), occurrence(offer.expires_at, site.zone), offer.expires_at)
