"""One reply to a survey: read it beside what we sent, say what it is worth, append it to the ledger, answer it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Connection

from mailbot.core.address import address_key
from mailbot.core.authentication import read_authentication
from mailbot.core.automatic import automatic, seems_automatic
from mailbot.core.ledger import LedgerRow, Standing, accepted, standing
from mailbot.core.message import Message
from mailbot.core.register import Contact
from mailbot.core.reply import read_reply
from mailbot.core.survey import Reading
from mailbot.core.trust import Count, HoldReply, SendBallot, Trust, may_count, trust
from mailbot.core.vote import Verdict, weigh
from mailbot.flows.known_texts import known_texts
from mailbot.flows.open_survey import ballot_copy
from mailbot.flows.post_to_list import fingerprint
from mailbot.flows.settled import Settled
from mailbot.render import Thread, VoteReceipt
from mailbot.site import Site
from mailbot.store import ballots, inbox, members, outbox, surveys
from mailbot.store.ballots import Ballot
from mailbot.store.inbox import Received
from mailbot.store.surveys import StoredSurvey

_LATE_WINDOW = timedelta(days=30)  # after the close a reply is still stored as late; then the token is dead
_COUNTS = frozenset({"counted", "partial", "withdrawn", "declined"})


@dataclass(frozen=True)
class Judged:
    """What one reply is worth, and to whom that is said."""

    verdict: Verdict
    reading: Reading
    machine: bool  # it is an automatic mail: nothing answers it
    before: Standing | None  # what stood for the body before it
    answer_to: tuple[str, ...]  # addresses that get the receipt


def record_vote(
    connection: Connection,
    site: Site,
    received: Received,
    message: Message,
    ballot: Ballot,
    now: datetime,
    *,
    admitted: bool = False,
) -> Settled:
    """Record one reply and queue its receipt; `admitted`: the office has decided that it counts as it was read."""
    stored = surveys.lock(connection, ballot.subject)
    assert stored is not None, "a ballot has its survey"
    if not admitted and not inbox.first_time(
        connection, f"ballot:{ballot.id}", fingerprint(message, received.content), received.id
    ):
        return Settled("discarded", "the same mail was read before")
    judged = judge(connection, site, stored, ballot, received, message, admitted=admitted)
    verdict = judged.verdict
    if verdict.status == "ignored":
        return _answer_request(connection, site, stored, ballot, received, message, judged, now)
    row = _row(ballot, received, message, judged)
    ballots.append(connection, ballot.subject, row)
    if not judged.machine:
        _acknowledge(connection, site, stored, ballot, received, message, judged, row, now)
    admissible = verdict.status == "late" and not _is_over(stored, now)
    if admissible or (verdict.status == "held" and not verdict.ask):
        return Settled("held", verdict.reason)  # the office decides: `mailbot held accept` admits it
    return Settled("voted", f"{ballot.subject} {ballot.code}: {verdict.status} {verdict.reason}".strip())


def read_ballot(
    connection: Connection, site: Site, ballot: Ballot, received: Received, message: Message, now: datetime
) -> Verdict:
    """Return what a reply would be worth, without recording it."""
    stored = surveys.load(connection, ballot.subject)
    assert stored is not None, "a ballot has its survey"
    return judge(connection, site, stored, ballot, replace(received, received_at=now), message).verdict


def judge(
    connection: Connection,
    site: Site,
    stored: StoredSurvey,
    ballot: Ballot,
    received: Received,
    message: Message,
    *,
    admitted: bool = False,
) -> Judged:
    """Read a reply and weigh it: what it says, whether it is in time, and who sent it."""
    before = standing(ballots.ledger(connection, ballot.subject, ballot.code))
    reading = read_reply(
        stored.survey,
        message.text,
        known_texts(connection, site, ballot),
        today=received.received_at.astimezone(site.zone).date(),
        language=site.language,
    )
    machine = is_machine(message, received, reading)
    verdict = weigh(
        stored.survey,
        before.row.answers if before is not None and before.row.status in _COUNTS else None,
        reading,
        late=is_late(stored, received.received_at) and not admitted,
        automatic=machine,
    )
    if message.attachments and not machine and not reading.answers and reading.command is None:
        verdict = replace(
            verdict, status="held", reason="添付ファイルだけで、お答えが本文にありません", ask=False
        )
    if admitted:
        return Judged(verdict, reading, machine, before, (ballot.address,))
    registered = contacts(connection, ballot)
    sender = trust_of(site, ballot, message, registered)
    verdict, answer_to = _with_trust(site, ballot, message, verdict, before, sender, registered)
    return Judged(verdict, reading, machine, before, answer_to)


def is_machine(message: Message, received: Received, reading: Reading) -> bool:
    """Tell whether a reply is automatic; a vacation note's Subject alone is only a hint (ballot.md section 13)."""
    return automatic(message, received.mail_from) is not None or (
        seems_automatic(message.subject) and not reading.answers
    )


def is_late(stored: StoredSurvey, received_at: datetime) -> bool:
    """Tell whether a reply came after the close; only our own time of receipt decides (I18)."""
    return received_at >= (stored.closed_at or stored.survey.closes)


def _is_over(stored: StoredSurvey, now: datetime) -> bool:
    """Tell whether the survey was closed so long ago that its tokens are dead."""
    return stored.closed_at is not None and now - stored.closed_at > _LATE_WINDOW


def trust_of(site: Site, ballot: Ballot, message: Message, registered: list[Contact]) -> Trust:
    """Return how far the sender of a reply that carries this ballot's token is believed."""
    return trust(
        message.from_address,
        token=True,
        designated=ballot.address,
        registered=registered,
        authentication=read_authentication(message.headers, site.authserv_id),
        own_domains=(site.domain, site.reply_domain),
    )


def contacts(connection: Connection, ballot: Ballot) -> list[Contact]:
    """Return the registered contacts of a ballot's body, the primary first."""
    return [person.contact for person in members.people(connection, [ballot.code])]


def _with_trust(
    site: Site,
    ballot: Ballot,
    message: Message,
    verdict: Verdict,
    before: Standing | None,
    sender: Trust,
    registered: list[Contact],
) -> tuple[Verdict, tuple[str, ...]]:
    """Hold what may not count because of its sender, and say who is answered (ballot.md sections 10 to 12)."""
    own = message.from_address
    match may_count(sender.level, "survey"):
        case Count(acknowledge):
            if verdict.status in _COUNTS and (why := _outranked(registered, before, sender)):
                return _held(verdict, why, ask=True), (ballot.address,)
            to = (
                [own or ballot.address, ballot.address]
                if acknowledge != "sender"
                else [own or ballot.address]
            )
            return verdict, tuple(dict.fromkeys(to))
        case HoldReply():
            if verdict.status not in _COUNTS:
                return verdict, (ballot.address,)
            words = {
                "ja": "ご登録以外のアドレスから届いたため、ご担当の方の確認が必要です。",
                "en": "It came from an address that is not registered; the registered contact must confirm it.",
            }
            return _held(verdict, words[site.language], ask=False), (ballot.address,)
        case SendBallot():
            return replace(verdict, status="ignored", reason="it carries no token"), ()
        case _:
            reason = f"the sender cannot be believed: {sender.reason}"
            return _held(verdict, reason, ask=False), ()


def _outranked(registered: list[Contact], before: Standing | None, sender: Trust) -> str | None:
    """Return why a reply stays beside the one that counts: it came from a lower rank (ballot.md section 11)."""
    if before is None or before.row.status not in _COUNTS or before.row.author == "":
        return None
    ranks = {address_key(contact.email): contact.rank for contact in registered}
    unranked = 1 + max(ranks.values(), default=0)
    counted = ranks.get(address_key(before.row.author), unranked)
    new = sender.sender.rank if sender.sender is not None else unranked
    if new <= counted:
        return None
    return "上位の担当の方のお答えを受け付け済みです。差し替えるときは、その方からご返信ください。"


def _held(verdict: Verdict, reason: str, *, ask: bool) -> Verdict:
    return replace(verdict, status="held", reason=reason, ask=ask)


def _row(ballot: Ballot, received: Received, message: Message, judged: Judged) -> LedgerRow:
    verdict, before = judged.verdict, judged.before
    version = 0 if before is None else before.row.version
    keeps = before is not None and not accepted(verdict.status)
    return LedgerRow(
        ballot_id=ballot.id,
        code=ballot.code,
        inbox_id=received.id,
        received_at=received.received_at,
        author=message.from_address or "",
        status=verdict.status,
        version=version + accepted(verdict.status),
        answers=before.row.answers if keeps and before is not None else verdict.answers,
        problems=verdict.problems,
        reason=verdict.reason,
    )


def _answer_request(
    connection: Connection,
    site: Site,
    stored: StoredSurvey,
    ballot: Ballot,
    received: Received,
    message: Message,
    judged: Judged,
    now: datetime,
) -> Settled:
    """Answer a reply that asks for something rather than votes."""
    match judged.reading.command:
        case "resend" | "help" if judged.answer_to and stored.state == "open" and not judged.machine:
            before = judged.before
            cooked = site.render.fresh_ballot(
                stored.survey,
                now=now,
                answers={} if before is None else before.row.answers,
                edition=1 if before is None else before.row.version + 1,
                thread=Thread(message.message_id, message.references),
            )
            if inbox.may_answer(connection, ballot.address, now):
                queue_receipt(connection, "fresh_ballot", cooked, ballot, [ballot.address], received.id, now)
            return Settled("answered", "a fresh ballot was asked for and sent")
        case "contact":
            return Settled("held", f"a change of contact is asked for: {judged.reading.detail}")
        case _:
            return Settled("discarded", judged.verdict.reason)


_RECEIPTS: dict[str, Literal["counted", "partial", "late", "withdrawn", "declined"]] = {
    "counted": "counted",
    "partial": "partial",
    "late": "late",
    "withdrawn": "withdrawn",
    "declined": "declined",
}


def _acknowledge(
    connection: Connection,
    site: Site,
    stored: StoredSurvey,
    ballot: Ballot,
    received: Received,
    message: Message,
    judged: Judged,
    row: LedgerRow,
    now: datetime,
) -> None:
    """Queue the receipt, which is the next ballot, within the limit of automatic answers (I14)."""
    verdict = judged.verdict
    to = [address for address in judged.answer_to if inbox.may_answer(connection, address, now)]
    if not to:
        if judged.answer_to:
            inbox.note(connection, "no receipt: too many to this address", now=now, inbox_id=received.id)
        return
    thread = Thread(message.message_id, message.references)
    if _is_over(stored, now):
        cooked = site.render.survey_closed_reply(stored.survey, thread=thread, now=now)
    else:
        asked = "held" if verdict.ask else "desk"
        receipt = VoteReceipt(
            status=_RECEIPTS.get(verdict.status, "held" if asked == "held" else "desk"),
            at=received.received_at,
            version=row.version,
            edition=row.version + 1,
            answers=row.answers,
            problems=verdict.problems,
            reason=verdict.reason,
        )
        cooked = site.render.vote_receipt(stored.survey, receipt, thread=thread, now=now)
    queue_receipt(connection, "vote_receipt", cooked, ballot, to, received.id, now)


def queue_receipt(
    connection: Connection,
    kind: str,
    cooked: bytes,
    ballot: Ballot,
    to: list[str],
    inbox_id: int | None,
    now: datetime,
) -> None:
    """Queue one receipt, from the null sender, to these addresses; it is then among the texts that we sent."""
    mailing_id = outbox.add_mailing(
        connection, kind=kind, subject=ballot.subject, cooked=cooked, bounces=None, inbox_id=inbox_id, now=now
    )
    copies = [replace(ballot_copy(ballot), address=address) for address in to]
    outbox.queue(connection, mailing_id, copies, now)
