"""Tell those whom the limit of automatic answers left without a receipt how their vote stands, once (ballot.md section 13)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.surveys.ledger import own_rows, standing
from mailbot.flows.surveys.answer_reply import RECEIPTS, queue_receipt, seal_in_receipt
from mailbot.render import VoteReceipt
from mailbot.site import Site
from mailbot.store.sending import allowances
from mailbot.store.surveys import ballots, gateways, ledgers, surveys
from mailbot.store.surveys.ballots import Ballot


def pay_receipts(connection: Connection, site: Site, now: datetime) -> int:
    """Queue the receipts that are owed and may go out now; returns how many."""
    return sum(_pay(connection, site, ballot, now) for ballot in ballots.owed_receipts(connection))


def pay_before_seal(connection: Connection, site: Site, key: str, now: datetime) -> None:
    """Queue the receipts that a survey owes, whatever the limit: once its votes are sealed nobody can write them."""
    for ballot in ballots.owed_receipts(connection):
        if ballot.subject == key:
            _pay(connection, site, ballot, now, at_once=True)


def _pay(connection: Connection, site: Site, ballot: Ballot, now: datetime, *, at_once: bool = False) -> bool:
    stored = surveys.lock(connection, ballot.subject)
    if stored is None or stored.is_over(now):
        ballots.owe_receipt(connection, ballot.id, False)
        return False
    rows = own_rows(ledgers.rows(connection, ballot.subject, ballot.code), stored.survey.unit, ballot.id)
    stands = standing(rows)
    if stands is None or stands.row.status not in RECEIPTS:
        ballots.owe_receipt(connection, ballot.id, False)
        return False
    if stored.survey.mode == "sealed" and stored.state == "closed":
        ballots.owe_receipt(connection, ballot.id, False)
        return False
    if not allowances.spend_answer(connection, ballot.address, now) and not at_once:
        return False
    row = stands.row
    receipt = VoteReceipt(
        status=RECEIPTS[row.status],
        at=row.received_at,
        version=row.version,
        edition=row.version + 1,
        answers=row.answers,
        problems=row.problems,
        reason=row.reason,
        seal=seal_in_receipt(stored, ballot),
    )
    cooked = site.render.surveys.vote_receipt(
        stored.survey, receipt, thread=None, now=now, layout=gateways.layout_of(connection, ballot)
    )
    queue_receipt(connection, "vote_receipt", cooked, ballot, [ballot.address], None, now)
    ballots.owe_receipt(connection, ballot.id, False)
    return True
