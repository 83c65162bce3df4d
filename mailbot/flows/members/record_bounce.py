"""A bounce: which copy could not be delivered, and is it for good? Only a token that we signed is believed (I15).

The token of a mailing of identical copies is seen by all of its recipients, and the report itself must say whose copy it is
about. So it is believed only about recipients of that mailing, and stops no mailing. Like any bounce it stops nobody's mail: only
a probe does, whose return path nobody but its recipient knows.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.bounces.bounce import RecipientReport, failure_of, read_bounce
from mailbot.core.bounces.complaint import read_complaint
from mailbot.core.calendar import Language
from mailbot.core.mail.automatic import absent_until, automatic, seems_automatic
from mailbot.core.mail.message import Message
from mailbot.core.mail.token import read_bounce_token, read_mailing_token
from mailbot.flows.members.break_off import break_off
from mailbot.flows.members.report_complaint import report_complaint
from mailbot.flows.members.weigh_failure import weigh_failure
from mailbot.flows.settled import Settled
from mailbot.flows.surveys.pass_ballot import tell_unreached
from mailbot.render import ReportItem
from mailbot.site import Site
from mailbot.store.mail.inbox import Received
from mailbot.store.members import bounces
from mailbot.store.sending import outbox
from mailbot.store.surveys import ballots

_MOST_TOLD = 5  # copies that the reason of one report names

_WORDS: dict[Language, dict[str, str]] = {  # why a mail waits, for the office
    "ja": {
        "person": "エラー通知用のアドレスに、人の手で書かれたと思われるメールが届きました。お答えください。"
    },
    "en": {"person": "It was written to a return path by a person; please answer it."},
}


def record_bounce(
    connection: Connection, site: Site, received: Received, message: Message, token: str | None, now: datetime
) -> Settled:
    """Record what a mail to a return path says about the copy that its token names.

    A complaint (RFC 5965), and what a person wrote, wait for the office and count for nothing.
    """
    words = _WORDS[site.language]
    delivery_id = None if token is None else read_bounce_token((site.key,), token)
    complaint = read_complaint(message)
    if complaint is not None:
        return report_complaint(connection, site, complaint, delivery_id)
    mailing_id = None if token is None else read_mailing_token((site.key,), token)
    if delivery_id is None and mailing_id is None:
        if automatic(message, received.mail_from):
            return Settled("discarded", "a bounce whose address carries no token of ours; it names no copy")
        return Settled("held", words["person"])
    reports = read_bounce(message)
    hint = seems_automatic(message.subject)
    personal = not reports and not hint and automatic(message, received.mail_from) is None
    if delivery_id is None:
        assert mailing_id is not None, "one of the two was read"
        if personal:
            return Settled("held", words["person"])
        return _record_named(connection, site, received, mailing_id, () if hint else reports, now)
    address = outbox.address_of(connection, delivery_id)
    if address is None:
        return Settled("discarded", "a bounce of a copy that is no longer known")
    if personal:
        return Settled("held", words["person"])
    if not reports or hint:
        _note_absence(connection, received, message, delivery_id)
        return Settled("discarded", f"an automatic answer to the copy for {address}, not a bounce")
    failure = failure_of(reports)
    if failure is None:
        late = any(report.action == "delayed" for report in reports)
        what = "is late and tried again" if late else "arrived, or was passed on"
        return Settled("bounced" if late else "discarded", f"the copy for {address} {what}")
    unreached: list[ReportItem] = []
    if not weigh_failure(connection, site, delivery_id, failure, now, unreached):
        return Settled("discarded", f"the failure of the copy for {address} is known")
    bounces.add(
        connection, delivery_id, received.id, status=failure.status, permanent=failure.permanent, now=now
    )
    tell_unreached(connection, site, unreached, now)
    if failure.permanent:
        break_off(connection, site, delivery_id, now)
    kind = "permanent" if failure.permanent else "temporary"
    return Settled("bounced", f"{kind} failure {failure.status} of the copy for {address}")


def _record_named(
    connection: Connection,
    site: Site,
    received: Received,
    mailing_id: int,
    reports: tuple[RecipientReport, ...],
    now: datetime,
) -> Settled:
    """Record what a report says of those of a mailing's recipients whom it names (RFC 3464 2.3.1, 2.3.2)."""
    if not reports:
        return Settled("discarded", "an automatic answer to one of many identical copies, not a bounce")
    named: dict[int, list[RecipientReport]] = {}
    for report in reports:
        copy_id = report.address and bounces.copy_to(connection, mailing_id, report.address)
        if copy_id:
            named.setdefault(copy_id, []).append(report)
    if not named:
        return Settled(
            "discarded",
            "a bounce of identical copies that names none of their recipients; it counts for nothing",
        )
    told: list[str] = []
    unreached: list[ReportItem] = []
    for copy_id, of_it in named.items():
        failure = failure_of(tuple(of_it))
        if failure is None or not weigh_failure(connection, site, copy_id, failure, now, unreached):
            continue
        bounces.add(
            connection, copy_id, received.id, status=failure.status, permanent=failure.permanent, now=now
        )
        kind = "permanent" if failure.permanent else "temporary"
        told.append(f"{kind} failure {failure.status} of the copy for {of_it[0].address}")
    tell_unreached(connection, site, unreached, now)
    if not told:
        late = any(report.action == "delayed" for of_it in named.values() for report in of_it)
        what = "are late and tried again" if late else "arrived, or are known to have failed"
        return Settled("bounced" if late else "discarded", f"of identical copies {len(named)} {what}")
    more = f", and {len(told) - _MOST_TOLD} more" if len(told) > _MOST_TOLD else ""
    return Settled("bounced", "; ".join(told[:_MOST_TOLD]) + more)


def _note_absence(connection: Connection, received: Received, message: Message, delivery_id: int) -> None:
    """Remember the absence that a vacation note tells of: RFC 3834 sends it to the return path."""
    until = absent_until(message.subject, message.text, received.received_at)
    ballot_id = bounces.ballot_of(connection, delivery_id)
    if until is not None and ballot_id is not None:
        ballots.set_absent(connection, ballot_id, until)
