"""What a reply to a survey is answered with: its receipt, a fresh ballot, or a question to the primary."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection

from mailbot.core.frozen import frozen
from mailbot.core.mail.address import same_address
from mailbot.core.mail.message import Message
from mailbot.core.mail.token import ballot_token, token_hash
from mailbot.core.reading.judgement import Judged
from mailbot.core.surveys.entitlement import FROZEN, Sender
from mailbot.core.surveys.ledger import IN_TALLY, KEPT, LedgerRow, Standing, accepted, own_rows, standing
from mailbot.core.surveys.seal import Seal, seal_of
from mailbot.core.surveys.survey import Survey
from mailbot.core.surveys.vote import UNREAD, Verdict
from mailbot.flows.surveys.known_texts import KnownTexts
from mailbot.flows.surveys.open_survey import ballot_copy, greeting, greeting_of_body
from mailbot.render import ReceiptStatus, Thread, VoteReceipt
from mailbot.site import Site
from mailbot.store.mail import inbox
from mailbot.store.mail.inbox import Received
from mailbot.store.members import members
from mailbot.store.sending import allowances, outbox
from mailbot.store.surveys import ballots, gateways, ledgers
from mailbot.store.surveys.ballots import Ballot
from mailbot.store.surveys.surveys import StoredSurvey

RECEIPTS: dict[str, Literal["counted", "partial", "late", "withdrawn", "declined"]] = {
    "counted": "counted",
    "partial": "partial",
    "late": "late",
    "withdrawn": "withdrawn",
    "declined": "declined",
}


@frozen
class LoadedReply:
    """One reply with all that is loaded to decide about it."""

    site: Site
    stored: StoredSurvey
    ballot: Ballot
    received: Received
    message: Message
    now: datetime
    sender: Sender
    before: Standing | None  # what stood before it
    pending: LedgerRow | None  # the reply that waits for the primary's word
    known: KnownTexts
    asked: int  # times that its body was asked back

    @property
    def thread(self) -> Thread:
        """Return the thread that an answer to it belongs to."""
        return Thread.of(self.message)


def acknowledge(
    connection: Connection,
    arrival: LoadedReply,
    verdict: Verdict,
    row: LedgerRow,
    tell: tuple[str, ...],
    *,
    others: int = 0,
    proxy_ended: bool = False,
) -> None:
    """Queue the receipt, which is the next ballot, within the limit of automatic answers (I14).

    `others`: how many members and lists stood in To and Cc beside us; `proxy_ended`: the reply ended a proxy. Whoever
    cannot be told now is told the last state later (flows/surveys/pay_receipts.py).
    """
    site, now = arrival.site, arrival.now
    to = [address for address in tell if allowances.spend_answer(connection, address, now)]
    if len(to) < len(tell):
        ballots.owe_receipt(connection, arrival.ballot.id, True)
        inbox.note(
            connection,
            "no receipt now, too many to this address: the last state is told later",
            now=now,
            inbox_id=arrival.received.id,
        )
    if not to:
        return
    survey, ballot = arrival.stored.survey, arrival.ballot
    if arrival.stored.is_over(now):
        cooked = site.render.surveys.closed_reply(survey, thread=arrival.thread, now=now)
    else:
        receipt = VoteReceipt(
            status=_receipt_status(verdict),
            at=_counted_at(arrival) if verdict.rule == KEPT else arrival.received.received_at,
            version=row.version if verdict.rule != KEPT or row.stands else 0,
            edition=row.version + 1,
            answers=row.stands,
            stands_since=_stands_since(arrival, verdict),
            written=verdict.written,
            problems=verdict.problems,
            reason=verdict.reason,
            remarks=row.remarks,
            flags=row.flags,
            ask=verdict.ask,
            others=others,
            proxy_ended=proxy_ended,
            seal=seal_in_receipt(arrival.stored, ballot),
            closed=row.by != "" and accepted(verdict.status) and arrival.stored.has_closed(now),
        )
        cooked = site.render.surveys.vote_receipt(
            survey, receipt, thread=arrival.thread, now=now, layout=gateways.layout_of(connection, ballot)
        )
    queue_receipt(connection, "vote_receipt", cooked, ballot, to, arrival.received.id, now)


def _receipt_status(verdict: Verdict) -> ReceiptStatus:
    if verdict.rule == FROZEN:
        return "frozen"
    if verdict.rule == KEPT:
        return "kept"
    if verdict.rule == UNREAD and verdict.ask:
        return "unread"
    return RECEIPTS.get(verdict.status, "held" if verdict.ask else "desk")


def _stands_since(arrival: LoadedReply, verdict: Verdict) -> datetime | None:
    """Return when the answers were received that stand although this reply was not accepted; None: there are none."""
    before = arrival.before
    taken = accepted(verdict.status) and verdict.rule != UNREAD
    if taken or before is None or before.row.status not in IN_TALLY or not before.row.stands:
        return None
    return before.row.received_at


def _counted_at(arrival: LoadedReply) -> datetime:
    """Return when the answer that stands was received; where none stands, when the word came that leaves it so."""
    return (arrival.received if arrival.before is None else arrival.before.row).received_at


def seal_in_receipt(stored: StoredSurvey, ballot: Ballot) -> Seal | None:
    """Return how the voter of an open sealed survey can find their own line in the published list."""
    if stored.seal_key is None or stored.state != "open":
        return None
    return seal_of(stored.seal_key, ballot.id, ballot.reference)


def ask_primary(connection: Connection, arrival: LoadedReply, judged: Judged, row: LedgerRow) -> None:
    """Ask the primary about a reply that may not count by itself: 承認, 差替 or そのまま (ballot.md 10 and 11)."""
    address, now = arrival.ballot.address, arrival.now
    if not allowances.spend_answer(connection, address, now):
        inbox.note(
            connection, "the primary was not asked: too many mails", now=now, inbox_id=arrival.received.id
        )
        return
    cooked = arrival.site.render.surveys.primary_asked(
        arrival.stored.survey,
        row,
        author=arrival.message.from_address or arrival.message.from_header,
        read=judged.verdict.answers if judged.verdict.status in IN_TALLY else {},
        withdraws=judged.verdict.status in {"withdrawn", "declined"},
        now=now,
        layout=gateways.layout_of(connection, arrival.ballot),
    )
    queue_receipt(connection, "primary_asked", cooked, arrival.ballot, [address], arrival.received.id, now)


def answer_proxy(connection: Connection, arrival: LoadedReply, sentence: str, recorded: bool) -> None:
    """Tell the voter what became of his proxy, with the ballot again; the registered address hears of it too."""
    ballot, before, now = arrival.ballot, arrival.before, arrival.now
    cooked = arrival.site.render.results.proxy_receipt(
        arrival.stored.survey,
        sentence,
        recorded=recorded,
        at=arrival.received.received_at,
        edition=1 if before is None else before.row.version + 1,
        thread=arrival.thread,
        now=now,
        layout=gateways.layout_of(connection, ballot),
    )
    if allowances.spend_answer(connection, ballot.address, now):
        queue_receipt(connection, "proxy_receipt", cooked, ballot, [ballot.address], arrival.received.id, now)


def send_fresh_ballot(
    connection: Connection, arrival: LoadedReply, address: str, *, with_form: bool = False
) -> None:
    """Send the ballot again as it stands, within the limit of automatic answers; `with_form`: the spreadsheet too."""
    site, survey, now = arrival.site, arrival.stored.survey, arrival.now
    if allowances.spend_answer(connection, address, now):
        queue_fresh_ballot(
            connection,
            site,
            survey,
            arrival.ballot,
            now,
            to=address,
            inbox_id=arrival.received.id,
            thread=arrival.thread,
            form=site.write_form(survey, site.language) if with_form else None,
        )


def send_new_token(connection: Connection, arrival: LoadedReply) -> None:
    """Send a fresh ballot to its registered address: with a new token when the present one is frozen."""
    ballot = arrival.ballot
    if arrival.sender.frozen:
        ballot = new_token(connection, arrival.site, ballot, arrival.now)
    send_fresh_ballot(connection, replace(arrival, ballot=ballot), ballot.address)


def queue_fresh_ballot(
    connection: Connection,
    site: Site,
    survey: Survey,
    ballot: Ballot,
    now: datetime,
    *,
    to: str = "",
    inbox_id: int | None = None,
    thread: Thread | None = None,
    form: bytes | None = None,
) -> None:
    """Queue a ballot again, with what stands filled in; in answer to a mail where there is one.

    `to`: an address of the body's to which it goes, by default the registered one; `form`: the survey's spreadsheet.
    """
    stands = standing_of(connection, ballot, survey.unit)
    cooked = site.render.surveys.fresh_ballot(
        survey,
        now=now,
        answers={} if stands is None else stands.row.stands,
        edition=1 if stands is None else stands.row.version + 1,
        thread=thread,
        layout=gateways.layout_of(connection, ballot),
        form=form,
    )
    queue_receipt(connection, "fresh_ballot", cooked, ballot, [to or ballot.address], inbox_id, now)


def standing_of(connection: Connection, ballot: Ballot, unit: Literal["body", "person"]) -> Standing | None:
    """Return what counts so far of the body or the person whose ballot this is."""
    return standing(own_rows(ledgers.rows(connection, ballot.subject, ballot.code), unit, ballot.id))


def new_token(connection: Connection, site: Site, ballot: Ballot, now: datetime) -> Ballot:
    """Give a ballot a new token; what comes with the old one does not count any more."""
    issue = ballot.issue + 1
    return ballots.reissue(connection, ballot, token_hash(ballot_token(site.key, ballot.id, issue)), now)


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
    copies = [ballot_copy(_addressed(connection, ballot, address)) for address in to]
    outbox.queue_answer(connection, kind, ballot.subject, cooked, copies, now, inbox_id=inbox_id)


def _addressed(connection: Connection, ballot: Ballot, address: str) -> Ballot:
    """Return the ballot as it goes to this address, under the name of whoever reads there, whom it may not have been made for."""
    if same_address(address, ballot.address):
        return ballot
    people = members.people_of(connection, ballot.code)
    reader = next((person for person in people if person.contact.writes_from(address)), None)
    if reader is not None:
        return replace(ballot, address=address, greeting=greeting(reader))
    # A colleague who is not registered, or an address whose owner has left the register meanwhile.
    return replace(
        ballot, address=address, greeting=greeting_of_body(people[0].body) if people else ballot.greeting
    )
