"""Send a notice of an event: the first makes the ballots of all who are asked, later ones may go to those who attend alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.events.event import Event, Notice, ends, rsvp_of
from mailbot.core.office.journal_line import COMMAND_LINE
from mailbot.core.refusal import Refusal
from mailbot.core.surveys.ledger import Standing, standings
from mailbot.flows.events.entry_domain import entry_domain
from mailbot.flows.surveys.open_survey import ballot_copy, make_ballots
from mailbot.site import Site
from mailbot.store.events import events
from mailbot.store.office import journal
from mailbot.store.runs import occurrences
from mailbot.store.sending import outbox
from mailbot.store.surveys import ballots, ledgers
from mailbot.store.surveys.ballots import Ballot


def announce_event(
    connection: Connection,
    site: Site,
    key: str,
    number: int,
    now: datetime,
    *,
    late_since: datetime | None = None,
    again: bool = False,
    by: str = COMMAND_LINE,
) -> int:
    """Queue the event's notice of this number (from 1; 0: by hand, to all); returns how many were noticed.

    Raises Refusal when there is no such event, nobody is asked, it is over, or it was announced and is not to be `again`.
    """
    stored = events.require(connection, key, locked=True)
    event = stored.event
    if event.cancelled is not None:
        raise Refusal(f"event {key} is cancelled; no notice of it goes out any more")
    if number == 0 and now >= ends(event, site.zone):
        raise Refusal(
            f"event {key} was on {event.date}; nobody is invited to what is over. If it is held on another day, set "
            "`date:` in its definition and apply again"
        )
    if number == 0 and stored.announced_at is not None and not again:
        raise Refusal(
            f"event {key} was announced {stored.announced_at.astimezone(site.zone):%Y-%m-%d %H:%M} already; "
            "--again sends its notice to all once more"
        )
    if stored.state == "planned":
        if not make_ballots(connection, site, "event", key, event.audience):
            raise Refusal(
                f"event {key}: its audience selects nobody in the register; see `audience:` in its definition"
            )
        events.set_announced(connection, key, now)
        if number == 0 and event.notices and event.notices[0].to == "audience":
            occurrences.settle_waiting(connection, f"event:{key}:notice:1", "done", "announced by hand", now)
    notice = event.notices[number - 1] if number else Notice()
    to = ballots.of_subject(connection, key)
    if notice.to == "attending":
        coming = codes_with(connection, key, frozenset({"attending"}))
        to = [ballot for ballot in to if ballot.code in coming]
    if notice.to == "unanswered":
        silent = unanswered(connection, key)
        to = [ballot for ballot in to if ballot.code in silent]
    cooked = site.render.events.notice(
        event,
        sequence=stored.sequence,
        domain=entry_domain(connection, site, key),
        now=now,
        to_whom=notice.to,
        late_since=late_since,
    )
    journal.add(connection, "event.announced", now, who=by, about=key, detail=f"to {len(to)}")
    return queue_notice(connection, "event_notice", cooked, event, to, now)


def queue_notice(
    connection: Connection, kind: str, cooked: bytes, event: Event, to: list[Ballot], now: datetime
) -> int:
    """Queue one notice of an event to these; returns how many.

    An invitation says what the recipient's calendar has answered so far, so that a change does not ask everybody again.
    """
    if to:
        copies = [ballot_copy(ballot) for ballot in to]
        if event.calendar == "request":
            stands = standings(ledgers.rows(connection, event.key))
            copies = [_with_answer(copy, stands.get(one.code)) for copy, one in zip(copies, to, strict=True)]
        mailing_id = outbox.add_mailing(
            connection, kind=kind, subject=event.key, cooked=cooked, bounces="bounce", now=now
        )
        outbox.queue(connection, mailing_id, copies, now)
    return len(to)


_PARTSTAT = {"attending": "ACCEPTED", "waiting": "TENTATIVE", "later": "TENTATIVE", "declined": "DECLINED"}


def _with_answer(copy: outbox.Addressee, stands: Standing | None) -> outbox.Addressee:
    partstat = None if stands is None else _PARTSTAT.get(stands.row.status)
    return copy if partstat is None else replace(copy, fields={**(copy.fields or {}), "partstat": partstat})


def seats_taken(connection: Connection, key: str) -> int:
    """Return how many people have seats."""
    stands = standings(ledgers.rows(connection, key))
    return sum(rsvp_of(own.row.answers).people for own in stands.values() if own.row.status == "attending")


def unanswered(connection: Connection, key: str) -> set[str]:
    """Return the bodies that were asked and have neither come, waited nor declined."""
    asked = {ballot.code for ballot in ballots.of_subject(connection, key)}
    return asked - codes_with(connection, key, frozenset({"attending", "waiting", "declined"}))


def codes_with(connection: Connection, key: str, statuses: frozenset[str]) -> set[str]:
    """Return the bodies whose RSVP stands at one of these."""
    stands = standings(ledgers.rows(connection, key))
    return {code for code, standing in stands.items() if standing.row.status in statuses}
