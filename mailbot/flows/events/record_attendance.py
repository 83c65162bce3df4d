"""A reply to a meeting's invitation: an RSVP like any event's, or a proxy 委任 to the chair or another member."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.calendar import Language, receipt_words
from mailbot.core.events.calendar_reply import read_calendar_reply
from mailbot.core.events.meeting import span_words
from mailbot.core.events.meeting_sentences import meeting_sentence
from mailbot.core.events.proxy_words import proxy_said, speaks_of_proxy, words_in_slots
from mailbot.core.mail.automatic import automatic
from mailbot.core.mail.message import Message
from mailbot.core.members.register import Body
from mailbot.core.reading.text.own_lines import own_lines
from mailbot.core.refusal import Refusal
from mailbot.core.surveys.ledger import LedgerRow, standings
from mailbot.core.surveys.resolution import CHAIR, Proxy
from mailbot.core.surveys.trust import Count, consequence
from mailbot.flows.events.record_rsvp import record_rsvp
from mailbot.flows.settled import Settled
from mailbot.flows.surveys.answer_reply import queue_receipt
from mailbot.flows.surveys.known_texts import known_texts
from mailbot.flows.surveys.record_proxy import find_holder
from mailbot.flows.surveys.record_vote import contacts, trust_of
from mailbot.flows.surveys.tell_holder import tell_holder
from mailbot.render import ProxyChange, Thread
from mailbot.site import Site
from mailbot.store.events import meetings
from mailbot.store.events.meetings import StoredMeeting
from mailbot.store.mail.inbox import Received
from mailbot.store.members import members
from mailbot.store.sending import allowances
from mailbot.store.surveys import ballots, ledgers, proxies
from mailbot.store.surveys.ballots import Ballot


def record_attendance(
    connection: Connection, site: Site, received: Received, message: Message, ballot: Ballot, now: datetime
) -> Settled:
    """Record whether a member comes to an event and, of a meeting, to whom a member who does not come gives the vote.

    A later answer that they come ends the proxy. Words about a proxy that do not say to whom are asked about.
    """
    stored = meetings.load(connection, ballot.subject)
    if stored is None or automatic(message, received.mail_from) is not None:
        return record_rsvp(connection, site, received, message, ballot, now)
    sent = "\n".join(known_texts(connection, site, ballot).texts)
    lines = (*own_lines(message.text, sent), *words_in_slots(message.text, sent))
    to = proxy_said(lines)
    if to is None:
        settled = record_rsvp(connection, site, received, message, ballot, now)
        stands = standings(ledgers.rows(connection, ballot.subject, ballot.code)).get(ballot.code)
        if stands is not None and stands.row.status == "attending" and stands.row.inbox_id == received.id:
            end_proxy_of_comer(connection, site, ballot, received.received_at, now, inbox_id=received.id)
        elif settled.state == "answered" and speaks_of_proxy(lines, site.language):
            asked = meeting_sentence(site.language, "proxy-whom")
            _tell(connection, site, stored, ballot, received, message, asked, now, recorded=False)
        return settled
    sender = trust_of(site, ballot, message, contacts(connection, ballot))
    if not isinstance(consequence(sender.level, "rsvp"), Count):
        return Settled("held", f"a proxy whose sender is not known for this body: {sender.reason}")
    try:
        _refuse_acceptance(message, site.language)
        sentence = _give(connection, site, stored, ballot, to, received, message, now)
    except Refusal as refusal:
        _tell(connection, site, stored, ballot, received, message, str(refusal), now, recorded=False)
        return Settled("answered", "a proxy that cannot be recorded; its author was told why")
    _tell(connection, site, stored, ballot, received, message, sentence, now, recorded=True)
    return Settled("answered", "a proxy is recorded")


def end_proxy_of_comer(
    connection: Connection, site: Site, ballot: Ballot, at: datetime, now: datetime, *, inbox_id: int | None
) -> None:
    """End the proxy of a member of a meeting who said, `at` a moment, that he comes himself; its holder is told."""
    stored = meetings.load(connection, ballot.subject)
    ended = None if stored is None else proxies.end(connection, ballot.subject, ballot.code, at)
    if stored is not None and ended is not None:
        _tell_holder(connection, site, stored, ended, now, ended_at=at, inbox_id=inbox_id)


def _tell(
    connection: Connection,
    site: Site,
    stored: StoredMeeting,
    ballot: Ballot,
    received: Received,
    message: Message,
    sentence: str,
    now: datetime,
    *,
    recorded: bool,
) -> None:
    """Tell the author of words about a proxy what became of them."""
    address = message.from_address or ballot.address
    if not received.mail_from or not allowances.spend_answer(connection, address, now):
        return
    meeting = stored.meeting
    cooked = site.render.letter(
        "meeting_proxy",
        now=now,
        answerable=True,
        thread=Thread.of(message),
        key=ballot.subject,
        title=meeting.title,
        greeting=ballot.greeting,
        when=_when(site, stored),
        place=meeting.place,
        sentence=sentence,
        recorded=recorded,
    )
    queue_receipt(connection, "meeting_proxy", cooked, ballot, [address], received.id, now)


def _tell_holder(
    connection: Connection,
    site: Site,
    stored: StoredMeeting,
    proxy: Proxy,
    now: datetime,
    *,
    ended_at: datetime | None,
    inbox_id: int | None,
) -> None:
    """Tell the holder of a proxy of it, or of its end: whether the holder comes now counts for two."""
    stands = standings(ledgers.rows(connection, stored.meeting.key, proxy.holder)).get(proxy.holder)

    def cook(change: ProxyChange, ballot: Ballot) -> bytes:
        return site.render.letter(
            "meeting_proxy_held",
            now=now,
            answerable=True,
            key=ballot.subject,
            title=stored.meeting.title,
            greeting=ballot.greeting,
            when=_when(site, stored),
            place=stored.meeting.place,
            giver=change.giver,
            at=receipt_words(change.at.astimezone(site.zone), site.language),
            ended=change.ended,
            count=change.count,
            names=change.names,
            attends=stands is not None and stands.row.status == "attending",
        )

    tell_holder(
        connection,
        site,
        "meeting_proxy_held",
        stored.meeting.key,
        proxy,
        cook,
        now,
        ended_at=ended_at,
        inbox_id=inbox_id,
    )


def _when(site: Site, stored: StoredMeeting) -> str:
    if stored.starts is None:
        return ""
    return span_words(stored.starts.astimezone(site.zone), stored.meeting.minutes, site.language)


def _give(
    connection: Connection,
    site: Site,
    stored: StoredMeeting,
    ballot: Ballot,
    to: str,
    received: Received,
    message: Message,
    now: datetime,
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
    new = Proxy(ballot.code, holder, received.received_at, to, message.from_address or "")
    proxies.add(connection, key, new, received.id)
    if before is not None:
        at = received.received_at
        _tell_holder(connection, site, stored, before, now, ended_at=at, inbox_id=received.id)
    _tell_holder(connection, site, stored, new, now, ended_at=None, inbox_id=received.id)
    stands = standings(ledgers.rows(connection, key))
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
    ledgers.append(connection, key, row)
    said = meeting_sentence(say, "proxy", giver=giver, holder=shown)
    attends = not voter or (voter in stands and stands[voter].row.status == "attending")
    return said if attends else said + meeting_sentence(say, "proxy-idle", holder=shown)


def _refuse_acceptance(message: Message, say: Language) -> None:
    """Refuse a proxy beside a calendar's Accept: one of the two is not meant."""
    calendar = read_calendar_reply(message)
    if calendar is not None and calendar.partstat != "DECLINED":
        raise Refusal(meeting_sentence(say, "proxy-accepted"))


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
