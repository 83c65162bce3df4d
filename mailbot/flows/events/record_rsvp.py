"""One reply to an event: who comes, and is there room? Strictly in order of arrival."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection

from mailbot.core.calendar import Language
from mailbot.core.events.calendar_reply import CalendarReply, read_calendar_reply, uid_key_and_token
from mailbot.core.events.event import (
    Event,
    Rsvp,
    RsvpStatus,
    begins,
    rsvp_deadline,
    rsvp_of,
    rsvp_problems,
    seat,
)
from mailbot.core.events.rsvp_reading import Asked, read_rsvp
from mailbot.core.mail.message import Message
from mailbot.core.mail.token import read_calendar_token
from mailbot.core.reading.hazard import HAZARDS, hazard
from mailbot.core.reading.judgement import is_machine
from mailbot.core.surveys.ledger import LedgerRow, Standing, accepted, standings
from mailbot.core.surveys.survey import Reading
from mailbot.core.surveys.trust import Count, consequence
from mailbot.core.surveys.vote import FILLED_BY_MACHINE, Verdict, weigh
from mailbot.flows.events.entry_domain import entry_domain
from mailbot.flows.events.give_seats import give_seats, joining_now, settle_offer
from mailbot.flows.settled import Settled
from mailbot.flows.surveys.answer_reply import queue_receipt
from mailbot.flows.surveys.known_texts import known_texts
from mailbot.flows.surveys.record_vote import contacts, trust_of
from mailbot.render import RsvpReceipt, Thread
from mailbot.site import Site
from mailbot.store.events import events, seat_offers
from mailbot.store.events.events import StoredEvent
from mailbot.store.events.seat_offers import SeatOffer
from mailbot.store.mail import inbox
from mailbot.store.mail.inbox import Received
from mailbot.store.sending import allowances
from mailbot.store.surveys import ballots, ledgers
from mailbot.store.surveys.ballots import Ballot

_ANSWERED = frozenset({"attending", "waiting", "declined", "later"})


@dataclass(frozen=True)
class _Arrival:
    """One reply with all that is loaded to decide about it."""

    site: Site
    stored: StoredEvent
    ballot: Ballot
    received: Received
    message: Message
    calendar: CalendarReply | None  # the answer that its author's calendar program wrote
    stands: dict[str, Standing]  # what counts so far, by body
    offer: SeatOffer | None  # the seats that are kept for its body, if it came in time
    admitted: bool  # a person decided that it counts as it was read
    now: datetime

    @property
    def event(self) -> Event:
        """The event that it answers."""
        return self.stored.event

    @property
    def before(self) -> Standing | None:
        """What counted of its body before it."""
        return self.stands.get(self.ballot.code)

    @property
    def thread(self) -> Thread:
        """Return the thread that an answer to it belongs to."""
        return Thread.of(self.message)

    @property
    def is_past(self) -> bool:
        """Whether it came after the deadline, and neither a person nor an offer of seats lets it count all the same."""
        past = self.received.received_at >= rsvp_deadline(self.event, self.site.zone)
        return past and not self.admitted and self.offer is None


def record_rsvp(
    connection: Connection,
    site: Site,
    received: Received,
    message: Message,
    ballot: Ballot,
    now: datetime,
    *,
    by: str = "",
) -> Settled:
    """Record one RSVP and queue its receipt; `by`: the person who decided that it counts as it was read.

    A place that becomes free goes to the first who waits; so a reply that asks for no more seats than its body has is
    taken after the deadline too, until the event begins.
    """
    calendar = read_calendar_reply(message)
    if calendar is not None:
        own = ballot_of_calendar(connection, site, calendar)
        if own is None or calendar.method == "COUNTER":
            return _answer_calendar(
                connection, site, received, message, own or ballot, known=own is not None, now=now
            )
        ballot = own
    stored = events.lock(connection, ballot.subject)
    assert stored is not None, "a ballot has its event"
    arrival = _load(connection, site, stored, ballot, received, message, calendar, admitted=bool(by), now=now)
    reading, verdict = _weigh(connection, arrival)
    if verdict.status == "ignored":
        if reading.command not in {"resend", "help"}:
            return Settled("discarded", verdict.reason)
        _send_again(connection, arrival)
        return Settled("answered", "the notice was asked for again and sent")
    if arrival.event.cancelled is not None:
        return _not_held(connection, arrival, verdict)
    if not by and (doubt := _doubt(connection, site, ballot, message)) is not None:
        ledgers.append(connection, ballot.subject, _row(arrival, verdict, "unclear", doubt.reason))
        return Settled("held", doubt.sentence)
    return _record(connection, arrival, reading, verdict)


def rehearse_rsvp(
    connection: Connection, site: Site, received: Received, message: Message, ballot: Ballot, now: datetime
) -> Verdict:
    """Return what a reply to an event would be worth, without recording it."""
    calendar = read_calendar_reply(message)
    own = ballot_of_calendar(connection, site, calendar) if calendar is not None else None
    if calendar is not None and (own is None or calendar.method == "COUNTER"):
        return Verdict("ignored", reason="a calendar's mail that is no RSVP; its author is told")
    ballot = own or ballot
    stored = events.load(connection, ballot.subject)
    assert stored is not None, "a ballot has its event"
    arrival = _load(connection, site, stored, ballot, received, message, calendar, admitted=False, now=now)
    return _weigh(connection, arrival)[1]


def would_count(
    connection: Connection, site: Site, received: Received, message: Message, ballot: Ballot
) -> bool:
    """Tell whether a held reply to an event says what can count, were the office to admit it."""
    stored = events.load(connection, ballot.subject)
    assert stored is not None, "a ballot has its event"
    now, calendar = received.received_at, read_calendar_reply(message)
    arrival = _load(connection, site, stored, ballot, received, message, calendar, admitted=True, now=now)
    return not _is_unread(_weigh(connection, arrival)[1])


def _load(
    connection: Connection,
    site: Site,
    stored: StoredEvent,
    ballot: Ballot,
    received: Received,
    message: Message,
    calendar: CalendarReply | None,
    *,
    admitted: bool,
    now: datetime,
) -> _Arrival:
    """Load what counts so far, and the seats that are kept for its body."""
    stands = standings(ledgers.rows(connection, ballot.subject))
    offer = _open_offer(connection, ballot, received)
    return _Arrival(site, stored, ballot, received, message, calendar, stands, offer, admitted, now)


def _record(connection: Connection, arrival: _Arrival, reading: Reading, verdict: Verdict) -> Settled:
    """Append what a body says to the ledger, answer it, and give away the seats that it leaves."""
    event, ballot, offer = arrival.event, arrival.ballot, arrival.offer
    late = verdict.status == "late"
    offered = 0 if offer is None else offer.people
    status = rsvp_status(event, ballot.code, verdict, arrival.stands, offered)
    if offer is not None and not late and status not in {"unclear", "later"}:
        settle_offer(connection, event.key, ballot.id, arrival.now)
    row = _row(arrival, verdict, "late" if late else status, verdict.reason)
    row = replace(row, remarks=reading.remarks)
    ledgers.append(connection, event.key, row)
    if (verdict.acknowledge or verdict.ask or _waits_for_office(verdict)) and arrival.received.mail_from:
        _acknowledge(connection, arrival, verdict, status, row)
    give_seats(connection, arrival.site, event, arrival.now)
    begun = arrival.received.received_at >= begins(event, arrival.site.zone)
    if late and not begun and not reading.answers and _has_seats(rsvp_standing(arrival.before)):
        return Settled("held", _LATE_WORDS[arrival.site.language])  # its author was told what to write
    if status == "unclear" and not verdict.ask and not late:
        unclear = row.problems[0].text if row.problems else verdict.reason
        return Settled("held", unclear or "it is not clear whether they come")
    return Settled("answered", f"{event.key} {ballot.code}: {status}")


_LATE_WORDS: dict[Language, str] = {
    "ja": "出欠の締切の後に届き、言葉から読み取れません。ご欠席のご連絡かもしれませんので、お読みください。",
    "en": "It came after the deadline, and its words are not understood; it may say that nobody comes. Please read it.",
}


class _Doubt(NamedTuple):
    """Why a reply waits for a person."""

    reason: str  # as the ledger has it
    sentence: str  # for the office


def _doubt(connection: Connection, site: Site, ballot: Ballot, message: Message) -> _Doubt | None:
    """Return why a reply does not count by itself: who sent it, or what is in it; None when it does."""
    sender = trust_of(site, ballot, message, contacts(connection, ballot))
    if not isinstance(consequence(sender.level, "rsvp"), Count):
        return _Doubt(sender.reason, f"the sender is not known for this body: {sender.reason}")
    if (danger := hazard(message)) is None:
        return None
    words = HAZARDS[site.language][danger]
    return _Doubt(words, words)


def _is_known(connection: Connection, site: Site, ballot: Ballot, message: Message) -> bool:
    """Tell whether a reply comes from one of its body's contacts."""
    sender = trust_of(site, ballot, message, contacts(connection, ballot))
    return isinstance(consequence(sender.level, "rsvp"), Count)


def _not_held(connection: Connection, arrival: _Arrival, verdict: Verdict) -> Settled:
    """Answer a reply to an event that was cancelled; it is on record and counts for nothing."""
    site, stored, ballot, now = arrival.site, arrival.stored, arrival.ballot, arrival.now
    row = _row(arrival, verdict, "late", "the event was cancelled")
    ledgers.append(connection, ballot.subject, row)
    known = _is_known(connection, site, ballot, arrival.message)
    address = (arrival.message.from_address if known else None) or ballot.address
    if allowances.spend_answer(connection, address, now):
        cooked = site.render.events.cancelled(
            stored.event, sequence=stored.sequence, now=now, thread=arrival.thread
        )
        queue_receipt(connection, "event_cancelled", cooked, ballot, [address], arrival.received.id, now)
    return Settled("answered", f"{ballot.subject} is cancelled; its author was told so")


def ballot_of_calendar(connection: Connection, site: Site, reply: CalendarReply) -> Ballot | None:
    """Return whose entry a calendar program answers about, by the token in its UID; None when it is none of ours.

    Which address the mail came to, and which one it names as the attendee, does not matter.
    """
    named = uid_key_and_token(reply.uid, site.reply_domain, *site.former_domains)
    ballot_id = None if named is None else read_calendar_token((site.key,), named[1])
    found = None if ballot_id is None else ballots.by_id(connection, ballot_id)
    return found if found is not None and found.kind == "event" else None


def _answer_calendar(
    connection: Connection,
    site: Site,
    received: Received,
    message: Message,
    ballot: Ballot,
    *,
    known: bool,
    now: datetime,
) -> Settled:
    """Answer a calendar's mail that is no RSVP by a sentence: another time is proposed, or the entry is none of ours."""
    stored = events.lock(connection, ballot.subject)
    assert stored is not None, "a ballot has its event"
    if not _is_known(connection, site, ballot, message):
        return Settled("held", "a calendar's answer whose sender is not known for this body")
    address = message.from_address or ballot.address
    if received.mail_from and allowances.spend_answer(connection, address, now):
        cooked = site.render.events.calendar_answer(
            stored.event, known=known, thread=Thread.of(message), now=now
        )
        queue_receipt(connection, "calendar_answer", cooked, ballot, [address], received.id, now)
    if known:
        return Settled("answered", "a calendar proposed another time; its author was told that ours stands")
    return Settled("answered", "a calendar answered about an entry that is none of ours; its author was told")


def _weigh(connection: Connection, arrival: _Arrival) -> tuple[Reading, Verdict]:
    """Return what a reply says, and what that is worth."""
    asked, message, language = _asked(connection, arrival), arrival.message, arrival.site.language
    reading = read_rsvp(asked, message, arrival.calendar)
    # A calendar's answer is a person's click, though some services send it as an automatic mail.
    by_machine = arrival.calendar is None and not arrival.admitted
    automatic = by_machine and is_machine(message, arrival.received.mail_from, arrival.event.title)
    form, stands = asked.form(message.text), rsvp_standing(arrival.before)
    previous = None if stands is None else asked.answered
    verdict = weigh(form, previous, reading, late=False, automatic=automatic, language=language)
    begun = arrival.received.received_at >= begins(arrival.event, arrival.site.zone)
    asked_back = verdict.ask and _is_unread(verdict) and _has_seats(stands)
    if arrival.is_past and (begun or not (asked_back or _harms_nobody(verdict, stands))):
        verdict = weigh(form, previous, reading, late=True, automatic=automatic, language=language)
    return reading, verdict


def _asked(connection: Connection, arrival: _Arrival) -> Asked:
    """Return what the reading needs to know of what was asked and answered before."""
    site, before = arrival.site, arrival.before
    return Asked(
        arrival.event,
        arrival.stored.sequence,
        site.zone,
        site.language,
        known_texts(connection, site, arrival.ballot).texts,
        answered=before.row.answers if before is not None and before.row.status in _ANSWERED else {},
        stands={} if before is None else before.row.stands,
        offered=arrival.offer is not None,
        today=arrival.received.received_at.astimezone(site.zone).date(),
    )


def rsvp_standing(before: Standing | None) -> Rsvp | None:
    """Return what counts of a body so far; None before its first answer."""
    if before is None or before.row.status not in _ANSWERED:
        return None
    said = rsvp_of(before.row.answers)
    match before.row.status:
        case "attending" | "waiting" as status:
            return replace(said, status=status)
        case "later":
            return Rsvp("later", 0)
        case _:
            return Rsvp("declined", 0)


def _harms_nobody(verdict: Verdict, before: Rsvp | None) -> bool:
    """Tell whether a reply asks for no more seats than its body has, or waits for: a decline, or as many or fewer people."""
    if verdict.status in {"withdrawn", "declined"}:
        return True
    said = rsvp_of(verdict.answers)
    if verdict.status != "counted" or said.status not in {"attending", "declined"}:
        return False
    return said.people <= (0 if before is None else before.people)


def _has_seats(before: Rsvp | None) -> bool:
    """Tell whether a body has seats, or waits for them, which a reply that is not understood may give up."""
    return before is not None and before.status in {"attending", "waiting"}


def _waits_for_office(verdict: Verdict) -> bool:
    """Tell whether a person reads it, and its author hears so: in an automatic mail with a filled slot none is told."""
    return verdict.waits_for == "office" and verdict.rule != FILLED_BY_MACHINE


def _is_unread(verdict: Verdict) -> bool:
    if verdict.status == "counted":
        return rsvp_of(verdict.answers).status == "unclear"
    return verdict.status in {"held", "partial"}


def _send_again(connection: Connection, arrival: _Arrival) -> None:
    ballot, before, now = arrival.ballot, arrival.before, arrival.now
    if not allowances.spend_answer(connection, ballot.address, now):
        return
    cooked = arrival.site.render.events.notice(
        arrival.event,
        sequence=arrival.stored.sequence,
        domain=entry_domain(connection, arrival.site, ballot.subject),
        now=now,
        answers={} if before is None else before.row.answers,
        edition=1 if before is None else before.row.version + 1,
        thread=arrival.thread,
    )
    queue_receipt(connection, "event_notice", cooked, ballot, [ballot.address], arrival.received.id, now)


def _open_offer(connection: Connection, ballot: Ballot, received: Received) -> SeatOffer | None:
    """Return the seats that are kept for this body, if its reply came in time."""
    offer = seat_offers.of_ballot(connection, ballot.id)
    return offer if offer is not None and received.received_at < offer.expires_at else None


def rsvp_status(
    event: Event, code: str, verdict: Verdict, stands: Mapping[str, Standing], offered: int
) -> RsvpStatus:
    """Return where a body stands after its answer; `stands`: what counts before it, by body; `offered`: seats kept for it."""
    said = rsvp_of(verdict.answers)
    if verdict.status in {"withdrawn", "declined"}:
        return "declined"
    if (
        verdict.status == "held"
        or said.status == "unclear"
        or (verdict.status == "partial" and not said.people)
        # What stood before is no answer to it
        or any(problem.question == "Q1" for problem in verdict.problems)
    ):
        return "unclear"
    if said.status != "attending":
        return said.status
    before = stands.get(code)
    held = (
        rsvp_of(before.row.answers).people if before is not None and before.row.status == "attending" else 0
    )
    if said.people <= max(held, offered):
        return "attending"  # fewer or as many as they had: nobody was passed over
    others = {other: own for other, own in stands.items() if other != code}
    return seat(event, _taken(others), said.people)


def _taken(stands: Mapping[str, Standing]) -> int:
    return sum(
        rsvp_of(own.row.answers).people
        for own in stands.values()
        if own.row.status in {"attending", "waiting"}
    )


def _row(arrival: _Arrival, verdict: Verdict, status: str, reason: str) -> LedgerRow:
    before = arrival.before
    version = 0 if before is None else before.row.version
    return LedgerRow(
        ballot_id=arrival.ballot.id,
        code=arrival.ballot.code,
        inbox_id=arrival.received.id,
        received_at=arrival.received.received_at,
        author=arrival.message.from_address or "",
        status=status,
        version=version + accepted(status),
        answers=verdict.answers if accepted(status) or before is None else before.row.answers,
        problems=verdict.problems or rsvp_problems(verdict.answers, arrival.site.language)
        if status == "unclear"
        else (),
        reason=reason,
    )


def _acknowledge(
    connection: Connection, arrival: _Arrival, verdict: Verdict, status: RsvpStatus, row: LedgerRow
) -> None:
    site, event, ballot, now = arrival.site, arrival.event, arrival.ballot, arrival.now
    address = arrival.message.from_address or ballot.address
    if not allowances.spend_answer(connection, address, now):
        inbox.note(connection, "no receipt: too many to this address", now=now, inbox_id=arrival.received.id)
        return
    late = verdict.status == "late"
    before = arrival.before
    receipt = RsvpReceipt(
        rsvp=replace(rsvp_of(verdict.answers), status=status),
        at=arrival.received.received_at,
        version=row.version,
        edition=row.version + 1,
        answers=row.answers,
        problems=row.problems,
        late=late,
        past=arrival.is_past and not late,
        with_office=_waits_for_office(verdict),
        before=rsvp_standing(before) if late or status == "unclear" else None,
        # Nobody wrote that he does not come: the offer of a seat ran out.
        lapsed=late
        and before is not None
        and before.row.status == "declined"
        and before.row.inbox_id is None
        and not before.row.by,  # nor said so to the office
        joining=joining_now(site, event, now) if row.status == "attending" else "",
    )
    cooked = site.render.events.rsvp_receipt(event, receipt, thread=arrival.thread, now=now)
    queue_receipt(connection, "rsvp_receipt", cooked, ballot, [address], arrival.received.id, now)
