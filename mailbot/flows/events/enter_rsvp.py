"""Enter whether a body comes to an event that said so by telephone, on paper or by FAX: always marked 代理入力."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.events.attendance_sentences import attendance_sentence
from mailbot.core.events.event import Event, Rsvp, begins, rsvp_deadline, rsvp_of, rsvp_problems
from mailbot.core.events.rsvp_reading import Asked, read_entered
from mailbot.core.members.register import full_code
from mailbot.core.office.desk_sentences import sentence
from mailbot.core.refusal import Refusal
from mailbot.core.surveys.ledger import LedgerRow, Standing, standings
from mailbot.core.surveys.vote import Verdict, weigh
from mailbot.flows.events.give_seats import give_seats, joining_now, settle_offer
from mailbot.flows.events.record_attendance import end_proxy_of_comer
from mailbot.flows.events.record_rsvp import rsvp_standing, rsvp_status
from mailbot.flows.surveys.answer_reply import queue_receipt
from mailbot.render import RsvpReceipt
from mailbot.site import Site
from mailbot.store.events import events, seat_offers
from mailbot.store.events.events import StoredEvent
from mailbot.store.members import members
from mailbot.store.office import journal
from mailbot.store.surveys import ballots, ledgers
from mailbot.store.surveys.ballots import Ballot


@dataclass(frozen=True)
class Call:
    """What a body said to the office, and how."""

    code: str  # of the body, five or six digits
    said: Sequence[tuple[str, str]]  # question ("": words, 「出席 2名」) and answer as written
    how: str  # 「電話 1/20 総務課 田中様」
    by: str  # who enters it
    at: datetime  # since when it counts
    inbox_id: int | None  # the mail with which it was entered; None: it came from a page


def enter_rsvp(connection: Connection, site: Site, key: str, call: Call, now: datetime) -> str:
    """Let what a body said by telephone stand as its RSVP, after the deadline too; returns the sentence that says so.

    The body's address is sent the receipt, and can correct it in reply. Raises Refusal, before anything is changed, when the
    event has begun or is none to answer, and when the words are no whole answer.
    """
    stored = _open(connection, site, key, call.at)
    ballot = _ballot(connection, site, key, call.code)
    stands = standings(ledgers.rows(connection, key))
    before = stands.get(ballot.code)
    offer = seat_offers.of_ballot(connection, ballot.id)
    verdict = _weigh(site, stored, before, call)
    offered = offer.people if offer is not None and call.at < offer.expires_at else 0
    status = rsvp_status(stored.event, ballot.code, verdict, stands, offered)
    if status == "unclear":
        problems = verdict.problems or rsvp_problems(verdict.answers, site.language)
        if not problems or (problems[0].question == "Q1" and problems[0].kind == "required"):
            raise Refusal(attendance_sentence(site.language, "rsvp-unread"))
        why = problems[0].text
        raise Refusal(sentence(site.language, "not-counted", why=why.rstrip("。.")))
    if offer is not None and status != "later":
        settle_offer(connection, key, ballot.id, now)
    row = LedgerRow(
        ballot_id=ballot.id,
        code=ballot.code,
        inbox_id=call.inbox_id,
        received_at=call.at,
        author="",
        status=status,
        version=1 + (0 if before is None else before.row.version),
        answers=verdict.answers,
        problems=(),
        reason=f"代理入力：{call.how}",
        rule="desk 代理",
        level="4",
        by=call.by,
    )
    ledgers.append(connection, key, row)
    if status == "attending":
        end_proxy_of_comer(connection, site, ballot, call.at, now, inbox_id=call.inbox_id)
    rsvp = replace(rsvp_of(row.answers), status=status)
    _tell(connection, site, stored.event, ballot, row, rsvp, call.how, now)
    journal.add(
        connection, "event.rsvp", now, who=call.by, about=key, detail=f"{ballot.code} {status} {rsvp.people}"
    )
    give_seats(connection, site, stored.event, now)
    return _in_words(connection, site, key, ballot.code, row.version, rsvp)


def _open(connection: Connection, site: Site, key: str, at: datetime) -> StoredEvent:
    """Return the event, under our lock, which has been announced and has not begun."""
    stored = events.lock(connection, key)
    assert stored is not None, "the caller has found it"
    why = ""
    if stored.event.cancelled is not None:
        why = "cancelled"
    elif stored.state != "announced":
        why = "not-announced"
    elif at >= begins(stored.event, site.zone):
        why = "begun"
    if why:
        raise Refusal(attendance_sentence(site.language, why, key=key))
    return stored


def _ballot(connection: Connection, site: Site, key: str, code: str) -> Ballot:
    try:
        full = full_code(code)
    except ValueError:
        raise Refusal(sentence(site.language, "bad-code", code=code)) from None
    own = ballots.of_subject(connection, key, full)
    if not own:
        raise Refusal(sentence(site.language, "no-body", key=key, code=full))
    return own[0]


def _weigh(site: Site, stored: StoredEvent, before: Standing | None, call: Call) -> Verdict:
    """Return what the words are worth, read as those of a reply are."""
    rsvp = rsvp_standing(before)
    asked = Asked(
        stored.event,
        stored.sequence,
        site.zone,
        site.language,
        (),
        answered={} if rsvp is None or before is None else before.row.answers,
        stands={} if before is None else before.row.stands,
        offered=False,
        today=call.at.astimezone(site.zone).date(),
    )
    text = "\n".join(f"{question} {words}".strip() for question, words in call.said)
    reading = read_entered(asked, text)
    previous = None if rsvp is None else asked.answered
    return weigh(asked.form(text), previous, reading, late=False, automatic=False, language=site.language)


def _tell(
    connection: Connection,
    site: Site,
    event: Event,
    ballot: Ballot,
    row: LedgerRow,
    rsvp: Rsvp,
    how: str,
    now: datetime,
) -> None:
    receipt = RsvpReceipt(
        rsvp=rsvp,
        at=row.received_at,
        version=row.version,
        edition=row.version + 1,
        answers=row.answers,
        past=row.received_at >= rsvp_deadline(event, site.zone),
        joining=joining_now(site, event, now) if row.status == "attending" else "",
        entered=how,
    )
    cooked = site.render.events.rsvp_receipt(event, receipt, thread=None, now=now)
    queue_receipt(connection, "rsvp_receipt", cooked, ballot, [ballot.address], row.inbox_id, now)


def _in_words(connection: Connection, site: Site, key: str, code: str, version: int, rsvp: Rsvp) -> str:
    say = site.language
    body = members.bodies(connection, [code]).get(code)
    names = attendance_sentence(say, "between").join(rsvp.names)
    stands = attendance_sentence(say, f"rsvp-{rsvp.status}", people=rsvp.people)
    figures: Mapping[str, object] = {
        "body": code if body is None else body.name,
        "key": key,
        "version": version,
        "stands": attendance_sentence(say, "rsvp-named", stands=stands, names=names) if names else stands,
    }
    return attendance_sentence(say, "rsvp", **figures)
