"""One reply to a trial ballot: read as a real one, answered with what was read, and counted nowhere."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from sqlalchemy import Connection

from mailbot.core.mail.message import Message
from mailbot.core.reading.judgement import Judged, judge
from mailbot.core.surveys.ledger import LedgerRow, Standing, accepted, standing
from mailbot.flows.settled import Settled
from mailbot.flows.surveys.answer_reply import queue_receipt
from mailbot.flows.surveys.known_texts import known_texts
from mailbot.flows.surveys.send_trial import SUBJECT
from mailbot.render import Thread, VoteReceipt
from mailbot.site import Site
from mailbot.store.mail.inbox import Received
from mailbot.store.members import members
from mailbot.store.sending import allowances
from mailbot.store.surveys import gateways, ledgers, surveys
from mailbot.store.surveys.ballots import Ballot

_SHOWN: dict[str, Literal["counted", "partial", "withdrawn", "declined"]] = {
    "counted": "counted",
    "partial": "partial",
    "withdrawn": "withdrawn",
    "declined": "declined",
}


def record_trial(
    connection: Connection, site: Site, received: Received, message: Message, ballot: Ballot, now: datetime
) -> Settled:
    """Keep what a trial reply says under the trial's own name, and tell the member how it was read.

    The survey's ledger is never touched, whatever the reply says and whoever sent it.
    """
    stored = surveys.load(connection, ballot.subject.removeprefix(SUBJECT))
    if stored is None:
        return Settled("discarded", "an answer to a trial ballot of a survey that was withdrawn")
    known = known_texts(connection, site, ballot)
    before = standing(ledgers.rows(connection, ballot.subject, ballot.code))
    judged = judge(
        stored.survey,
        message,
        known.texts,
        mail_from=received.mail_from,
        previous=None if before is None else before.row.answers,
        today=received.received_at.astimezone(site.zone).date(),
        late=False,
        own_domains=site.domains,
        sheets=site.read_forms(message),
        language=site.language,
    )
    if judged.machine:
        return Settled("discarded", "an automatic answer to a trial ballot")
    survey, thread = stored.survey, Thread.of(message)
    to = _addresses(connection, message, ballot, now)
    if judged.reading.command in {"resend", "help", "form"} and judged.verdict.status == "ignored":
        form = site.write_form(survey, site.language) if judged.reading.command == "form" else None
        cooked = site.render.surveys.trial(
            survey, now=now, layout=gateways.layout_of(connection, ballot), thread=thread, form=form
        )
        if to:
            queue_receipt(connection, "trial", cooked, ballot, to, received.id, now)
        return Settled("answered", "a fresh trial ballot was asked for and sent")
    row = _row(ballot, received, message, judged, before, known.newest)
    ledgers.append(connection, ballot.subject, row)
    if to:
        cooked = site.render.surveys.vote_receipt(
            survey,
            _receipt(row, judged),
            thread=thread,
            now=now,
            layout=gateways.layout_of(connection, ballot),
            trial=True,
        )
        queue_receipt(connection, "trial_receipt", cooked, ballot, to, received.id, now)
    return Settled("answered", f"{ballot.subject} {ballot.code}: {row.status}; it counts nowhere")


def _receipt(row: LedgerRow, judged: Judged) -> VoteReceipt:
    return VoteReceipt(
        status=_SHOWN.get(row.status, "held"),
        at=row.received_at,
        version=row.version,
        edition=row.version + 1,
        answers=row.answers,
        problems=row.problems,
        reason=row.reason if row.status == "held" else "",
        remarks=judged.reading.remarks,
        flags=judged.reading.flags,
    )


def _addresses(connection: Connection, message: Message, ballot: Ballot, now: datetime) -> list[str]:
    """Return who is told how the reply was read: its sender if the register has him, else who got the ballot."""
    author = message.from_address
    registered = author is not None and any(
        person.contact.writes_from(author) for person in members.people_of(connection, ballot.code)
    )
    to = author if author is not None and registered else ballot.address
    return [to] if allowances.spend_answer(connection, to, now) else []


def _row(
    ballot: Ballot, received: Received, message: Message, judged: Judged, before: Standing | None, texts: int
) -> LedgerRow:
    verdict = judged.verdict
    version = 0 if before is None else before.row.version
    status = verdict.status
    if status == "ignored":  # nothing new in it: what was read before stands, what never was is not read now
        status = "counted" if before is not None and before.row.status == "counted" else "held"
    return LedgerRow(
        ballot_id=ballot.id,
        code=ballot.code,
        inbox_id=received.id,
        received_at=received.received_at,
        author=message.from_address or "",
        status=status,
        version=version + accepted(status),
        answers=verdict.answers,
        problems=verdict.problems,
        reason=verdict.reason,
        rule="trial",
        texts=texts,
        remarks=judged.reading.remarks,
        flags=judged.reading.flags,
    )
