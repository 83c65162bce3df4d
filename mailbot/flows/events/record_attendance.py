"""A reply to a meeting's invitation: an RSVP like any event's, or a proxy 委任 to the chair or another member."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.calendar import Language
from mailbot.core.events.meeting_sentences import meeting_sentence
from mailbot.core.mail.automatic import automatic
from mailbot.core.mail.message import Message
from mailbot.core.members.register import Body
from mailbot.core.office.desk import own_lines
from mailbot.core.reading.command import command_of
from mailbot.core.refusal import Refusal
from mailbot.core.surveys.ledger import LedgerRow, standings
from mailbot.core.surveys.resolution import CHAIR, Proxy
from mailbot.core.surveys.trust import Count, may_count
from mailbot.flows.events.record_rsvp import record_rsvp
from mailbot.flows.settled import Settled
from mailbot.flows.surveys.answer_reply import queue_receipt
from mailbot.flows.surveys.known_texts import known_texts
from mailbot.flows.surveys.record_proxy import find_holder
from mailbot.flows.surveys.record_vote import contacts, trust_of
from mailbot.render import Thread
from mailbot.site import Site
from mailbot.store import ballots, inbox, meetings, members, proxies
from mailbot.store.ballots import Ballot
from mailbot.store.inbox import Received
from mailbot.store.meetings import StoredMeeting

_PROXY = frozenset({"proxy"})


def record_attendance(
    connection: Connection, site: Site, received: Received, message: Message, ballot: Ballot, now: datetime
) -> Settled:
    """Record what a member says of coming to an event; of a meeting, to whom he gives his vote where he does not come.

    Who says later that he comes needs no proxy any more.
    """
    stored = meetings.load(connection, ballot.subject)
    if stored is None:
        return record_rsvp(connection, site, received, message, ballot, now)
    to = _proxy(connection, site, message, ballot)
    if to is None or automatic(message, received.mail_from) is not None:
        settled = record_rsvp(connection, site, received, message, ballot, now)
        stands = standings(ballots.ledger(connection, ballot.subject, ballot.code)).get(ballot.code)
        if stands is not None and stands.row.status == "attending" and stands.row.inbox_id == received.id:
            proxies.end(connection, ballot.subject, ballot.code, received.received_at)
        return settled
    sender = trust_of(site, ballot, message, contacts(connection, ballot))
    if not isinstance(may_count(sender.level, "rsvp"), Count):
        return Settled("held", f"a proxy whose sender is not known for this body: {sender.reason}")
    try:
        sentence, outcome = (
            _give(connection, site, stored, ballot, to, received, message),
            "a proxy is recorded",
        )
    except Refusal as refusal:
        sentence, outcome = str(refusal), "a proxy that cannot be recorded; its author was told why"
    address = message.from_address or ballot.address
    if received.mail_from and inbox.may_answer(connection, address, now):
        cooked = site.render.letter(
            "meeting_proxy",
            now=now,
            answerable=True,
            thread=Thread.of(message),
            key=ballot.subject,
            title=stored.meeting.title,
            sentence=sentence,
        )
        queue_receipt(connection, "meeting_proxy", cooked, ballot, [address], received.id, now)
    return Settled("answered", outcome)


def _proxy(connection: Connection, site: Site, message: Message, ballot: Ballot) -> str | None:
    """Return to whom the writer gives his vote in words of his own; None: he does not."""
    sent = "\n".join(known_texts(connection, site, ballot).texts)
    for line in own_lines(message.text, sent):
        if (found := command_of(line, _PROXY)) is not None and found[0] == "proxy":
            return found[1]
    return None


def _give(
    connection: Connection,
    site: Site,
    stored: StoredMeeting,
    ballot: Ballot,
    to: str,
    received: Received,
    message: Message,
) -> str:
    """Record the proxy, and that its giver does not come; returns the sentence about it. Raises Refusal with his."""
    say, key = site.language, ballot.subject
    if stored.starts is not None and received.received_at >= stored.starts:
        raise Refusal(meeting_sentence(say, "proxy-late"))
    names = members.bodies(connection)
    codes = dict.fromkeys(one.code for one in ballots.of_subject(connection, key))
    holder = find_holder(to, [names[code] for code in codes if code in names], say)
    voter = stored.meeting.chair if holder == CHAIR else holder
    shown = meeting_sentence(say, "chair") if holder == CHAIR else names[holder].name
    given = {one.code: one for one in proxies.standing(connection, key)}
    _refuse_chains(ballot.code, voter, stored.meeting.chair, given, names, say)
    giver = names[ballot.code].name if ballot.code in names else ballot.code
    before = given.get(ballot.code)
    if before is not None and before.holder == holder:
        return meeting_sentence(say, "proxy-same", giver=giver, holder=shown)
    proxies.add(
        connection,
        key,
        Proxy(ballot.code, holder, received.received_at, to, message.from_address or ""),
        received.id,
    )
    stands = standings(ballots.ledger(connection, key))
    own = stands.get(ballot.code)
    row = LedgerRow(
        ballot_id=ballot.id,
        code=ballot.code,
        inbox_id=received.id,
        received_at=received.received_at,
        author=message.from_address or "",
        status="declined",
        version=(0 if own is None else own.row.version) + 1,
        answers={"Q1": ("2",)},
        problems=(),
        reason=f"proxy to {to}",
    )
    ballots.append(connection, key, row)
    said = meeting_sentence(say, "proxy", giver=giver, holder=shown)
    attends = not voter or (voter in stands and stands[voter].row.status == "attending")
    return said if attends else said + meeting_sentence(say, "proxy-idle", holder=shown)


def _refuse_chains(
    giver: str, voter: str, chair: str, given: Mapping[str, Proxy], names: Mapping[str, Body], say: Language
) -> None:
    """Refuse a proxy of a proxy, and so every circle: nobody who gives may hold, nobody who holds may give."""
    if voter == giver:
        raise Refusal(meeting_sentence(say, "proxy-self"))
    if voter in given:
        raise Refusal(meeting_sentence(say, "proxy-gave", holder=names[voter].name))
    if any((chair if one.holder == CHAIR else one.holder) == giver for one in given.values()):
        raise Refusal(meeting_sentence(say, "proxy-holds"))
