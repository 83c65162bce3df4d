"""The mails of an event: notices, changes, and what became of an RSVP."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from mailbot.core.events.event import Event, EventChange, Rsvp, rsvp_form
from mailbot.core.mail.header import clean
from mailbot.core.surveys.receipt_words import problem_lines
from mailbot.core.surveys.survey import Answers, Problem
from mailbot.render.pen import Pen, Thread


@dataclass(frozen=True)
class RsvpReceipt:
    """What became of one reply to an event."""

    rsvp: Rsvp
    at: datetime  # aware
    version: int
    edition: int
    answers: Answers
    problems: tuple[Problem, ...] = ()
    joining: str = ""  # how to join, once those who attend were told
    late: bool = False  # after the deadline: stored, not counted
    with_office: bool = False  # unclear: a person reads it, nothing is asked
    past: bool = False  # after the deadline and taken, for it asks for no more seats
    lapsed: bool = False  # late: the seats that were offered are no longer kept
    entered: str = ""  # how it came, when the office entered it for the body
    before: Rsvp | None = None  # late, or unclear: what counts of the body all the same


def _told_as(receipt: RsvpReceipt) -> str:
    """Return which form of the receipt its author gets."""
    if receipt.late:
        return "late"
    return "desk" if receipt.with_office else receipt.rsvp.status


class EventMails:
    """The mails of an event: notices, changes, and what became of an RSVP."""

    def __init__(self, pen: Pen) -> None:
        self._pen = pen

    def notice(
        self,
        event: Event,
        *,
        sequence: int,
        domain: str = "",
        now: datetime,
        to_whom: Literal["audience", "attending", "unanswered"] = "audience",
        answers: Answers | None = None,
        edition: int = 1,
        late_since: datetime | None = None,
        thread: Thread | None = None,
    ) -> bytes:
        """Cook a notice of an event, complete in plain text, with its calendar file beside it.

        `to_whom`: those who come are asked nothing new, those who have not answered are asked again. With a thread (and the
        body's answers) it is the form, sent again on 「再送」. `domain`, here and below: of the calendar entry, see
        flows/events/entry_domain.py.
        """
        body = self._pen.event_text(
            "event_notice",
            event,
            now,
            edition,
            answers=answers,
            attending=to_whom == "attending",
            unanswered=to_whom == "unanswered",
            late_since=self._pen.late(late_since),
        )
        return self._pen.cook(
            body, event.key, now, thread=thread, ics=self._pen.ics(event, sequence, now, domain)
        )

    def joining(self, event: Event, *, now: datetime, late_since: datetime | None = None) -> bytes:
        """Cook what those who attend need to join from afar."""
        joining = [clean(line) for line in event.joining.splitlines()]
        body = self._pen.event_text(
            "event_joining", event, now, joining=joining, late_since=self._pen.late(late_since)
        )
        return self._pen.cook(body, event.key, now)

    def change(
        self,
        event: Event,
        changes: tuple[EventChange, ...],
        *,
        sequence: int,
        domain: str = "",
        now: datetime,
        reminded: bool = False,
        decided: bool = False,
    ) -> bytes:
        """Cook the notice that something about an event has changed.

        `reminded`: a notice of its old day is out; `decided`: its time was undecided before, so that some wait to answer.
        """
        body = self._pen.event_text(
            "event_change", event, now, changes=changes, reminded=reminded, decided=decided
        )
        return self._pen.cook(body, event.key, now, ics=self._pen.ics(event, sequence, now, domain))

    def cancelled(
        self, event: Event, *, sequence: int, domain: str = "", now: datetime, thread: Thread | None = None
    ) -> bytes:
        """Cook the news that an event is not held; with a thread, the answer to an RSVP that came all the same."""
        body = self._pen.event_text("event_cancelled", event, now, answered=thread is not None)
        ics = None if thread else self._pen.ics(event, sequence, now, domain)
        return self._pen.cook(body, event.key, now, thread=thread, ics=ics, answerable=False)

    def rsvp_receipt(
        self, event: Event, receipt: RsvpReceipt, *, thread: Thread | None, now: datetime
    ) -> bytes:
        """Cook the acknowledgement of an RSVP; without a thread, the news that a waiting body got its seats."""
        body = self._pen.event_text(
            "rsvp_receipt",
            event,
            now,
            receipt.edition,
            answers=receipt.answers,
            status=_told_as(receipt),
            people=receipt.rsvp.people,
            names=tuple(clean(name) for name in receipt.rsvp.names),
            # A number was written, and no names, which the form asks for.
            unnamed=_told_as(receipt) in {"attending", "waiting"}
            and not receipt.rsvp.names
            and bool(receipt.answers.get("Q2")),
            joining=[clean(line) for line in receipt.joining.splitlines()],
            version=receipt.version,
            at=self._pen.receipt_time(receipt.at),
            problems=problem_lines(
                rsvp_form(event, self._pen.language), receipt.problems, self._pen.language
            ),
            answered=thread is not None or bool(receipt.entered),
            entered=clean(receipt.entered),
            past=receipt.past,
            before=receipt.before,
            lapsed=receipt.lapsed,
        )
        return self._pen.cook(body, event.key, now, thread=thread)

    def seat_offer(
        self,
        event: Event,
        *,
        people: int,
        until: datetime,
        over: bool,
        edition: int,
        answers: Answers,
        now: datetime,
    ) -> bytes:
        """Cook the offer of seats that became free, until a moment; `over`: the news that it was not taken up."""
        body = self._pen.event_text(
            "seat_offer",
            event,
            now,
            edition,
            answers=answers,
            people=people,
            offered_until=self._pen.moment(until),
            offered_short=self._pen.short(until),
            over=over,
        )
        return self._pen.cook(body, event.key, now)

    def calendar_answer(self, event: Event, *, known: bool, thread: Thread, now: datetime) -> bytes:
        """Cook the answer to a calendar's mail that is no RSVP: another time proposed, or (not `known`) another entry."""
        body = self._pen.event_text("calendar_answer", event, now, known=known)
        return self._pen.cook(body, event.key, now, thread=thread)
