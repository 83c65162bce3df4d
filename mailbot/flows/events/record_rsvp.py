"""One reply to an event: who comes, and is there room? Strictly in order of arrival."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection

from mailbot.core.calendar import Language
from mailbot.core.calendar_reply import CalendarReply, is_outdated, read_calendar_reply, uid_key_and_token
from mailbot.core.event import (
    Event,
    Rsvp,
    RsvpStatus,
    begins,
    calendar_answers,
    rsvp_apart,
    rsvp_deadline,
    rsvp_form,
    rsvp_of,
    rsvp_problems,
    seat,
)
from mailbot.core.hazard import HAZARDS, hazard
from mailbot.core.judgement import is_machine
from mailbot.core.ledger import LedgerRow, Standing, accepted, standings
from mailbot.core.message import Message
from mailbot.core.reply import read_reply
from mailbot.core.rsvp_words import own_words
from mailbot.core.survey import Problem, Reading
from mailbot.core.token import read_calendar_token
from mailbot.core.trust import Count, may_count
from mailbot.core.vote import Verdict, weigh
from mailbot.flows.events.give_seats import give_seats, joining_now, settle_offer
from mailbot.flows.settled import Settled
from mailbot.flows.surveys.answer_reply import queue_receipt
from mailbot.flows.surveys.known_texts import known_texts
from mailbot.flows.surveys.record_vote import contacts, trust_of
from mailbot.render import RsvpReceipt, Thread
from mailbot.site import Site
from mailbot.store import ballots, events, inbox, seat_offers
from mailbot.store.ballots import Ballot
from mailbot.store.events import StoredEvent
from mailbot.store.inbox import Received
from mailbot.store.seat_offers import SeatOffer

_ANSWERED = frozenset({"attending", "waiting", "declined", "later"})


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
    event = stored.event
    admitted = bool(by)
    stands = standings(ballots.ledger(connection, event.key))
    before = stands.get(ballot.code)
    reading, verdict = _weigh(
        connection, site, stored, ballot, received, message, before, calendar, admitted=admitted
    )
    if event.cancelled is not None and verdict.status != "ignored":
        return _not_held(connection, site, stored, ballot, received, message, verdict, before, now)
    if verdict.status == "ignored":
        if reading.command not in {"resend", "help"}:
            return Settled("discarded", verdict.reason)
        _send_again(connection, site, stored, ballot, received, message, before, now)
        return Settled("answered", "the notice was asked for again and sent")
    if not admitted and (doubt := _doubt(connection, site, ballot, message)) is not None:
        row = _row(ballot, received, message, verdict, before, "unclear", doubt.reason)
        ballots.append(connection, event.key, row)
        return Settled("held", doubt.sentence)
    said = rsvp_of(verdict.answers)
    late = verdict.status == "late"
    others = {code: own for code, own in stands.items() if code != ballot.code}
    offer = _open_offer(connection, ballot, received)
    status = _status(event, said, verdict, others, before, 0 if offer is None else offer.people)
    if offer is not None and not late and status not in {"unclear", "later"}:
        settle_offer(connection, event.key, ballot.id, now)
    row = _row(ballot, received, message, verdict, before, "late" if late else status, verdict.reason)
    row = replace(row, remarks=reading.remarks)
    ballots.append(connection, event.key, row)
    if (verdict.acknowledge or verdict.ask) and received.mail_from:
        past = not late and not admitted and offer is None and _is_past(site, event, received)
        receipt = RsvpReceipt(
            rsvp=replace(said, status=status),
            at=received.received_at,
            version=row.version,
            edition=row.version + 1,
            answers=row.answers,
            problems=row.problems,
            late=late,
            past=past,
            before=_stands(before) if late else None,
            joining=joining_now(site, event, now) if row.status == "attending" else "",
        )
        _acknowledge(connection, site, event, ballot, received, message, receipt, now)
    give_seats(connection, site, event, now)
    if status == "unclear" and not verdict.ask and not late:
        return Settled("held", verdict.reason or "it is not clear whether they come")
    return Settled("answered", f"{event.key} {ballot.code}: {status}")


class _Doubt(NamedTuple):
    """Why a reply waits for a person."""

    reason: str  # as the ledger has it
    sentence: str  # for the office


def _doubt(connection: Connection, site: Site, ballot: Ballot, message: Message) -> _Doubt | None:
    """Return why a reply does not count by itself: who sent it, or what is in it; None when it does."""
    sender = trust_of(site, ballot, message, contacts(connection, ballot))
    if not isinstance(may_count(sender.level, "rsvp"), Count):
        return _Doubt(sender.reason, f"the sender is not known for this body: {sender.reason}")
    if (danger := hazard(message)) is None:
        return None
    words = HAZARDS[site.language][danger]
    return _Doubt(words, words)


def _not_held(
    connection: Connection,
    site: Site,
    stored: StoredEvent,
    ballot: Ballot,
    received: Received,
    message: Message,
    verdict: Verdict,
    before: Standing | None,
    now: datetime,
) -> Settled:
    """Answer a reply to an event that was cancelled; it is on record and counts for nothing."""
    row = _row(ballot, received, message, verdict, before, "late", "the event was cancelled")
    ballots.append(connection, ballot.subject, row)
    known = isinstance(
        may_count(trust_of(site, ballot, message, contacts(connection, ballot)).level, "rsvp"), Count
    )
    address = (message.from_address if known else None) or ballot.address
    if inbox.may_answer(connection, address, now):
        thread = Thread.of(message)
        cooked = site.render.events.cancelled(stored.event, sequence=stored.sequence, now=now, thread=thread)
        queue_receipt(connection, "event_cancelled", cooked, ballot, [address], received.id, now)
    return Settled("answered", f"{ballot.subject} is cancelled; its author was told so")


def ballot_of_calendar(connection: Connection, site: Site, reply: CalendarReply) -> Ballot | None:
    """Return whose entry a calendar program answers about, by the token in its UID; None when it is none of ours.

    Which address the mail came to, and which one it names as the attendee, does not matter.
    """
    named = uid_key_and_token(reply.uid, site.reply_domain)
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
    if not isinstance(
        may_count(trust_of(site, ballot, message, contacts(connection, ballot)).level, "rsvp"), Count
    ):
        return Settled("held", "a calendar's answer whose sender is not known for this body")
    address = message.from_address or ballot.address
    if received.mail_from and inbox.may_answer(connection, address, now):
        cooked = site.render.events.calendar_answer(
            stored.event, known=known, thread=Thread.of(message), now=now
        )
        queue_receipt(connection, "calendar_answer", cooked, ballot, [address], received.id, now)
    if known:
        return Settled("answered", "a calendar proposed another time; its author was told that ours stands")
    return Settled("answered", "a calendar answered about an entry that is none of ours; its author was told")


def _of_calendar(
    event: Event, sequence: int, reply: CalendarReply, before: Standing | None, site: Site
) -> Reading:
    """Return what a calendar's answer says; one to an older time is asked back, but for that nobody comes."""
    remarks = {"Q1": reply.comment} if reply.comment else {}
    answers = calendar_answers(reply.partstat, reply.guests, {} if before is None else before.row.stands)
    if answers is None:
        return Reading(problems=(Problem("Q1", "calendar", _UNREAD[site.language]),), remarks=remarks)
    if answers["Q1"] != ("2",) and is_outdated(reply, event, sequence, site.zone):
        return Reading(problems=(Problem("Q1", "outdated", _OUTDATED[site.language]),), remarks=remarks)
    return Reading(answers=answers, remarks=remarks)


_UNREAD: dict[Language, str] = {
    "ja": "予定表からのお返事に、ご出席かご欠席かがありませんでした。番号をお書きください。",
    "en": "The answer of your calendar does not say whether you attend. Please write the number.",
}
_OUTDATED: dict[Language, str] = {
    "ja": "予定表からのお返事は、変更前の日時へのものでした。いまの日時でのご出欠を、番号でお書きください。",
    "en": "The answer of your calendar was to the time before the change. Please write the number for the time now.",
}


def _weigh(
    connection: Connection,
    site: Site,
    stored: StoredEvent,
    ballot: Ballot,
    received: Received,
    message: Message,
    before: Standing | None,
    calendar: CalendarReply | None,
    *,
    admitted: bool,
) -> tuple[Reading, Verdict]:
    event = stored.event
    form = rsvp_form(event, site.language)
    offer = _open_offer(connection, ballot, received)
    past = _is_past(site, event, received) and not admitted and offer is None
    previous = before.row.answers if before is not None and before.row.status in _ANSWERED else None

    def decide(reading: Reading, *, automatic: bool) -> tuple[Reading, Verdict]:
        verdict = weigh(form, previous, reading, late=False, automatic=automatic, language=site.language)
        begun = received.received_at >= begins(event, site.zone)
        if past and (begun or not _harms_nobody(verdict, _stands(before))):
            verdict = weigh(form, previous, reading, late=True, automatic=automatic, language=site.language)
        return reading, verdict

    if calendar is not None:  # a person's click, though some services send it as an automatic mail
        return decide(_of_calendar(event, stored.sequence, calendar, before, site), automatic=False)
    today = received.received_at.astimezone(site.zone).date()

    def read(text: str, known: tuple[str, ...]) -> Reading:
        own = own_words(text, known, site.language)
        apart = rsvp_apart(own.text, known)
        found = read_reply(form, apart, known, today=today, language=site.language, bare_label_ok=True)
        if own.later and not found.answers and not found.problems and found.command is None:
            return Reading(answers={"Q1": ("3",)})
        return found

    reading = read(message.text, known_texts(connection, site, ballot).texts)
    if not reading.answers and reading.command is None and not message.text.strip():
        # One word in the Subject and nothing else is an answer to an invitation (ballot.md section 8).
        reading = read(message.subject.rpartition(":")[2].rpartition("：")[2], ())
    return decide(reading, automatic=not admitted and is_machine(message, received.mail_from, event.title))


def _is_past(site: Site, event: Event, received: Received) -> bool:
    return received.received_at >= rsvp_deadline(event, site.zone)


def _stands(before: Standing | None) -> Rsvp | None:
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


def _send_again(
    connection: Connection,
    site: Site,
    stored: StoredEvent,
    ballot: Ballot,
    received: Received,
    message: Message,
    before: Standing | None,
    now: datetime,
) -> None:
    if not inbox.may_answer(connection, ballot.address, now):
        return
    cooked = site.render.events.notice(
        stored.event,
        sequence=stored.sequence,
        now=now,
        answers={} if before is None else before.row.answers,
        edition=1 if before is None else before.row.version + 1,
        thread=Thread.of(message),
    )
    queue_receipt(connection, "event_notice", cooked, ballot, [ballot.address], received.id, now)


def _open_offer(connection: Connection, ballot: Ballot, received: Received) -> SeatOffer | None:
    """Return the seats that are kept for this body, if its reply came in time."""
    offer = seat_offers.of_ballot(connection, ballot.id)
    return offer if offer is not None and received.received_at < offer.expires_at else None


def _status(
    event: Event,
    said: Rsvp,
    verdict: Verdict,
    others: dict[str, Standing],
    before: Standing | None,
    offered: int,
) -> RsvpStatus:
    """Return where the body stands after its reply; `offered`: seats that are kept for it."""
    if verdict.status in {"withdrawn", "declined"}:
        return "declined"
    if (
        verdict.status == "held"
        or said.status == "unclear"
        or (verdict.status == "partial" and not said.people)
    ):
        return "unclear"
    if said.status != "attending":
        return said.status
    held = (
        rsvp_of(before.row.answers).people if before is not None and before.row.status == "attending" else 0
    )
    if said.people <= max(held, offered):
        return "attending"  # fewer or as many as they had: nobody was passed over
    return seat(event, _taken(others), said.people)


def _taken(stands: dict[str, Standing]) -> int:
    return sum(
        rsvp_of(own.row.answers).people
        for own in stands.values()
        if own.row.status in {"attending", "waiting"}
    )


def _row(
    ballot: Ballot,
    received: Received,
    message: Message,
    verdict: Verdict,
    before: Standing | None,
    status: str,
    reason: str,
) -> LedgerRow:
    version = 0 if before is None else before.row.version
    return LedgerRow(
        ballot_id=ballot.id,
        code=ballot.code,
        inbox_id=received.id,
        received_at=received.received_at,
        author=message.from_address or "",
        status=status,
        version=version + accepted(status),
        answers=verdict.answers if accepted(status) or before is None else before.row.answers,
        problems=verdict.problems or rsvp_problems(verdict.answers) if status == "unclear" else (),
        reason=reason,
    )


def _acknowledge(
    connection: Connection,
    site: Site,
    event: Event,
    ballot: Ballot,
    received: Received,
    message: Message,
    receipt: RsvpReceipt,
    now: datetime,
) -> None:
    address = message.from_address or ballot.address
    if not inbox.may_answer(connection, address, now):
        inbox.note(connection, "no receipt: too many to this address", now=now, inbox_id=received.id)
        return
    thread = Thread.of(message)
    cooked = site.render.events.rsvp_receipt(event, receipt, thread=thread, now=now)
    queue_receipt(connection, "rsvp_receipt", cooked, ballot, [address], received.id, now)
