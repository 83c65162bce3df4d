"""One reply to a survey: read it beside what we sent, say what it is worth, append it to the ledger, answer it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.calendar import Language
from mailbot.core.mail.address import Post, address_key
from mailbot.core.mail.automatic import absent_until
from mailbot.core.mail.header import mail_date
from mailbot.core.mail.message import Message
from mailbot.core.members.register import Contact
from mailbot.core.reading.judgement import Judged, judge
from mailbot.core.refusal import Refusal
from mailbot.core.senders.authentication import read_authentication
from mailbot.core.surveys.entitlement import PRIMARYS_WORDS, Entitled, Sender, entitle, freezes, may_confirm
from mailbot.core.surveys.ledger import (
    BESIDE,
    KEPT,
    LedgerRow,
    accepted,
    own_rows,
    standing,
    times_asked_back,
    waiting_for_primary,
)
from mailbot.core.surveys.ledger_chain import mail_digest
from mailbot.core.surveys.survey import Reading
from mailbot.core.surveys.trust import Trust, trust
from mailbot.core.surveys.vote import Verdict
from mailbot.flows.settled import Settled
from mailbot.flows.surveys.answer_reply import (
    LoadedReply,
    acknowledge,
    answer_proxy,
    ask_primary,
    send_fresh_ballot,
    send_new_token,
)
from mailbot.flows.surveys.known_texts import known_texts
from mailbot.flows.surveys.record_proxy import end_proxy, record_proxy
from mailbot.site import Site
from mailbot.store.lists import lists
from mailbot.store.mail import inbox
from mailbot.store.mail.inbox import Received
from mailbot.store.members import members
from mailbot.store.surveys import ballots, ledgers, surveys
from mailbot.store.surveys.ballots import Ballot
from mailbot.store.surveys.surveys import StoredSurvey

# Times that one body is asked back in one survey; then the office rings (ballot.md section 8)
_MOST_ASKED = 2
_MOST_RECIPIENTS = 50  # addresses of To and Cc that are looked up
_WORDS: dict[Language, dict[str, str]] = {  # why a reply waits, for the office
    "ja": {
        "proxy": "委任が、表決する方としてご登録の方以外から届きました。記録していません。",
        "word": "承認・差替・そのままのどれかの返信ですが、それを決められる方以外から届いたか、締切の後に届きました。",
        "contact": "担当の方の変更のご連絡です（{}）。名簿を直してから、「破棄」で片付けてください。",
        "noted": "担当の方の変更のご連絡と承りました。",
        "gone": "承認された元のお返事が、もうありません。",
    },
    "en": {
        "proxy": "It is a proxy that did not come from the entitled voter; it is not recorded.",
        "word": "It is a word of approval that its sender may not give, or that came after the close.",
        "contact": "A change of contact is asked for ({}). Change the register, then discard this mail.",
        "noted": "We have noted that another person is in charge.",
        "gone": "The reply that it approves is no longer there.",
    },
}


def record_vote(
    connection: Connection,
    site: Site,
    received: Received,
    message: Message,
    ballot: Ballot,
    now: datetime,
    *,
    by: str = "",
) -> Settled:
    """Record one reply and queue its receipt; `by`: the person who decided that it counts as it was read."""
    stored = surveys.lock(connection, ballot.subject)
    assert stored is not None, "a ballot has its survey"
    arrival = _freeze(connection, _load(connection, site, stored, ballot, received, message, now))
    judged = _judge(arrival, admitted=bool(by))
    if ballot.replaced and not judged.machine and not by:
        send_new_token(connection, arrival)
        return Settled("answered", "its token was replaced; a ballot with the new one was sent")
    if not by and (settled := _primarys_word(connection, arrival, judged)) is not None:
        return settled
    verdict = judged.verdict
    tell: tuple[str, ...] = (ballot.address,)
    if not by:
        entitled = _entitle(arrival, judged)
        verdict, tell = _at_most_asked(entitled.verdict, arrival), entitled.tell
    elif arrival.sender.trust.level in {2, 3, 4}:
        tell = tuple(dict.fromkeys((ballot.address, message.from_address or ballot.address)))
    if judged.machine:
        _note_absence(connection, arrival)
        tell = ()
    if verdict.status == "ignored":
        return _answer_request(connection, arrival, judged, verdict, tell)
    row = _row(arrival, judged, verdict, by)
    _append(connection, arrival, row)
    ended = False
    if stored.survey.resolution is not None and accepted(row.status):  # who votes needs no proxy
        ended = end_proxy(
            connection, site, ballot.subject, ballot.code, received.received_at, now, inbox_id=received.id
        )
    _answer(connection, arrival, judged, verdict, row, tell, proxy_ended=ended)
    return _settled(arrival, verdict)


def rehearse_vote(
    connection: Connection, site: Site, ballot: Ballot, received: Received, message: Message, now: datetime
) -> Verdict:
    """Return what a reply would be worth, without recording it."""
    stored = surveys.load(connection, ballot.subject)
    assert stored is not None, "a ballot has its survey"
    arrived = replace(received, received_at=now)
    arrival = _load(connection, site, stored, ballot, arrived, message, now)
    return _entitle(arrival, _judge(arrival, admitted=False)).verdict


def read_if_admitted(
    connection: Connection, site: Site, ballot: Ballot, received: Received, message: Message
) -> Judged:
    """Return what a held reply says, and what it would be worth if the office admitted it, with the whole vote that it would make."""
    stored = surveys.load(connection, ballot.subject)
    assert stored is not None, "a ballot has its survey"
    arrival = _load(connection, site, stored, ballot, received, message, received.received_at)
    return _judge(arrival, admitted=True)


# --- load -------------------------------------------------------------------------------------------------------


def _load(
    connection: Connection,
    site: Site,
    stored: StoredSurvey,
    ballot: Ballot,
    received: Received,
    message: Message,
    now: datetime,
) -> LoadedReply:
    """Load what a decision needs."""
    own = own_rows(ledgers.rows(connection, ballot.subject, ballot.code), stored.survey.unit, ballot.id)
    registered = contacts(connection, ballot)
    sender = Sender(
        address=message.from_address,
        trust=trust_of(site, ballot, message, registered),
        designated=ballot.address,
        registered=registered,
        frozen=ballot.frozen_at is not None,
    )
    return LoadedReply(
        site,
        stored,
        ballot,
        received,
        message,
        now,
        sender=sender,
        before=standing(own),
        pending=waiting_for_primary(own),
        known=known_texts(connection, site, ballot),
        asked=times_asked_back(own),
    )


def contacts(connection: Connection, ballot: Ballot) -> list[Contact]:
    """Return the registered contacts of a ballot's body, the primary first."""
    return [person.contact for person in members.people_of(connection, ballot.code)]


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


def _freeze(connection: Connection, arrival: LoadedReply) -> LoadedReply:
    """Freeze a token that has come from too many domains (ballot.md section 12); returns the arrival as it is then."""
    sender, ballot = arrival.sender, arrival.ballot
    if sender.frozen or sender.trust.level not in {1, 2} or sender.address is None:
        return arrival
    domain, own = (address_key(each).rpartition("@")[2] for each in (sender.address, ballot.address))
    if domain == own or not freezes(1 + ballots.see_domain(connection, ballot.id, domain)):
        return arrival
    ballots.freeze(connection, ballot.id, arrival.now)
    return replace(arrival, sender=replace(sender, frozen=True))


# --- decide -----------------------------------------------------------------------------------------------------


def _judge(arrival: LoadedReply, *, admitted: bool) -> Judged:
    site, before = arrival.site, arrival.before
    return judge(
        arrival.stored.survey,
        arrival.message,
        arrival.known.texts,
        mail_from=arrival.received.mail_from,
        previous=None if before is None else before.vote,
        today=arrival.received.received_at.astimezone(site.zone).date(),
        late=is_late(arrival.stored, arrival.received.received_at) and not admitted,
        awaiting=PRIMARYS_WORDS if arrival.pending is not None else frozenset(),
        own_domains=site.domains,
        sheets=site.read_forms(arrival.message),
        admitted=admitted,
        language=site.language,
    )


def _entitle(arrival: LoadedReply, judged: Judged) -> Entitled:
    """Return whether a reply counts by itself, and who is told."""
    return entitle(
        arrival.stored.survey,
        judged.verdict,
        arrival.sender,
        arrival.before,
        written_at=mail_date(arrival.message.date),
        received_at=arrival.received.received_at,
        language=arrival.site.language,
    )


def is_late(stored: StoredSurvey, received_at: datetime) -> bool:
    """Tell whether a reply came after the close; only our own time of receipt decides (I18)."""
    return stored.has_closed(received_at)


def _at_most_asked(verdict: Verdict, arrival: LoadedReply) -> Verdict:
    """Leave a body that was asked back often enough to the office."""
    if not verdict.ask or arrival.asked < _MOST_ASKED:
        return verdict
    return replace(verdict, ask=False, waits_for="office" if verdict.status == "held" else "")


def _row(arrival: LoadedReply, judged: Judged, verdict: Verdict, by: str) -> LedgerRow:
    before, ballot = arrival.before, arrival.ballot
    keeps = before is not None and not accepted(verdict.status)
    return LedgerRow(
        ballot_id=ballot.id,
        code=ballot.code,
        inbox_id=arrival.received.id,
        received_at=arrival.received.received_at,
        author=arrival.message.from_address or "",
        status=verdict.status,
        version=(0 if before is None else before.row.version) + accepted(verdict.status),
        answers=before.row.answers if keeps and before is not None else verdict.answers,
        problems=verdict.problems,
        reason=verdict.reason,
        rule=verdict.rule,
        level=str(arrival.sender.trust.level),
        by=by,
        written_at=mail_date(arrival.message.date),
        texts=arrival.known.newest,
        remarks=_remarks(arrival, judged.reading),
        flags=judged.reading.flags,
        waits_for=verdict.waits_for if verdict.status == "held" else "",
        digest=mail_digest(arrival.received.content),
    )


def _remarks(arrival: LoadedReply, reading: Reading) -> Mapping[str, str]:
    """Return the words beside the answers that are kept: no sentences where nobody may see who answers what."""
    if not reading.beside or arrival.stored.survey.mode == "sealed":
        return reading.remarks
    return {**reading.remarks, BESIDE: reading.beside}


def _settled(arrival: LoadedReply, verdict: Verdict) -> Settled:
    sealed = arrival.stored.survey.mode == "sealed"
    admissible = verdict.status == "late" and not sealed and not arrival.stored.is_over(arrival.now)
    if admissible or (verdict.status == "held" and verdict.waits_for == "office"):
        return Settled("held", verdict.reason)  # the office decides: `mailbot held accept` admits it
    if verdict.status == "held" and arrival.sender.trust.level == 1:
        return Settled("held", verdict.reason)  # the primary is asked, and the office knows
    where = f"{arrival.ballot.subject} {arrival.ballot.code}"
    if sealed:  # the log outlives what is destroyed at the close
        return Settled("voted", f"{where}: received")
    return Settled("voted", f"{where}: {verdict.status} {verdict.reason}".strip())


# --- act --------------------------------------------------------------------------------------------------------


def _answer(
    connection: Connection,
    arrival: LoadedReply,
    judged: Judged,
    verdict: Verdict,
    row: LedgerRow,
    tell: tuple[str, ...],
    *,
    proxy_ended: bool,
) -> None:
    """Tell those concerned what became of a reply: its receipt, or the question that the primary must answer."""
    if not tell:
        return
    if verdict.status == "held" and verdict.waits_for == "primary":
        ask_primary(connection, arrival, judged, row)
        return
    others = _others(connection, arrival)
    acknowledge(connection, arrival, verdict, row, tell, others=others, proxy_ended=proxy_ended)
    if judged.reading.hold == "contact-change":
        _ballot_to_colleague(connection, arrival)


def _primarys_word(connection: Connection, arrival: LoadedReply, judged: Judged) -> Settled | None:
    """Do what the primary says about a reply that waited for his word; None when this is no such word."""
    command, pending = judged.reading.command, arrival.pending
    if command not in PRIMARYS_WORDS or pending is None or judged.machine:
        return None
    if not may_confirm(arrival.sender) or is_late(arrival.stored, arrival.received.received_at):
        return Settled("held", _WORDS[arrival.site.language]["word"])
    author = arrival.message.from_address or arrival.ballot.address
    if command == "keep":
        return _keep(connection, arrival, judged, author)
    return _admit(connection, arrival, pending, author)


def _keep(connection: Connection, arrival: LoadedReply, judged: Judged, author: str) -> Settled:
    """Leave the vote as it was before the reply that waited, and say so."""
    row = replace(_row(arrival, judged, replace(judged.verdict, rule=KEPT), author), status="ignored")
    _append(connection, arrival, row)
    if arrival.pending is not None:
        _settle_pending(connection, arrival.pending, "discarded", f"left aside by {author}", arrival.now)
    acknowledge(connection, arrival, Verdict("ignored", row.answers, rule=KEPT), row, (author,))
    return Settled("voted", f"{arrival.ballot.subject} {arrival.ballot.code}: left as it was, by {author}")


def _admit(connection: Connection, arrival: LoadedReply, pending: LedgerRow, author: str) -> Settled:
    """Count the reply that waited, as it was read, on the primary's word."""
    site, now = arrival.site, arrival.now
    received = None if pending.inbox_id is None else inbox.load(connection, pending.inbox_id)
    if received is None:
        return Settled("held", _WORDS[site.language]["gone"])
    settled = record_vote(
        connection, site, received, received.message(site.authserv_id), arrival.ballot, now, by=author
    )
    _settle_pending(connection, pending, settled.state, f"{settled.reason}; approved by {author}", now)
    return Settled("voted", f"it approves mail {pending.inbox_id}: {settled.reason}")


def _settle_pending(
    connection: Connection, pending: LedgerRow, state: str, reason: str, now: datetime
) -> None:
    if pending.inbox_id is not None and inbox.claim(connection, pending.inbox_id, "held"):
        inbox.change(connection, pending.inbox_id, state, reason, now=now)


def _append(connection: Connection, arrival: LoadedReply, row: LedgerRow) -> None:
    sealed = arrival.stored.survey.mode == "sealed"
    ledgers.append(connection, arrival.ballot.subject, row, sealed=sealed)


def _answer_request(
    connection: Connection, arrival: LoadedReply, judged: Judged, verdict: Verdict, tell: tuple[str, ...]
) -> Settled:
    """Answer a reply that asks for something rather than votes."""
    command, is_open = judged.reading.command, arrival.stored.state == "open"
    if judged.machine:
        return Settled("discarded", verdict.reason)
    match command:
        case "resend" | "form" if is_open and arrival.sender.frozen and arrival.sender.trust.level in {3, 4}:
            send_new_token(connection, arrival)
            return Settled("answered", "its token was frozen; a ballot with a new one was sent")
        case "resend" | "help" | "form" if tell and is_open:
            send_fresh_ballot(connection, arrival, arrival.ballot.address, with_form=command == "form")
            return Settled("answered", "a fresh ballot was asked for and sent")
        case "proxy":
            return _give_proxy(connection, arrival, judged)
        case "contact":
            words = _WORDS[arrival.site.language]
            if tell and is_open:
                noted = Verdict("held", reason=words["noted"])
                acknowledge(connection, arrival, noted, _row(arrival, judged, noted, ""), tell)
            return Settled("held", words["contact"].format(judged.reading.detail))
        case _:
            return Settled("discarded", verdict.reason)


def _give_proxy(connection: Connection, arrival: LoadedReply, judged: Judged) -> Settled:
    """Record that the entitled voter gives his vote to another, and tell him (ballot.md section 11)."""
    ballot, received, author = arrival.ballot, arrival.received, arrival.message.from_address
    if not may_confirm(arrival.sender) or author is None:
        return Settled("held", _WORDS[arrival.site.language]["proxy"])
    try:
        sentence = record_proxy(
            connection,
            arrival.site,
            ballot.subject,
            ballot.code,
            judged.reading.detail,
            by=author,
            inbox_id=received.id,
            now=received.received_at,
        )
        recorded = True
    except Refusal as refusal:
        sentence, recorded = str(refusal), False
    _append(connection, arrival, replace(_row(arrival, judged, judged.verdict, ""), reason=sentence))
    answer_proxy(connection, arrival, sentence, recorded)
    return Settled("answered", sentence)


def _ballot_to_colleague(connection: Connection, arrival: LoadedReply) -> None:
    """Send the ballot to the body's next address when the one that we wrote to has moved on (ballot.md section 8)."""
    own = arrival.message.from_address or arrival.ballot.address
    others = [
        person
        for person in members.people_of(connection, arrival.ballot.code)
        if not person.contact.writes_from(own)
    ]
    if others and arrival.stored.state == "open":
        send_fresh_ballot(connection, arrival, others[0].contact.email)


def _note_absence(connection: Connection, arrival: LoadedReply) -> None:
    """Remember until when an address answers by itself: reminders go to the deputy meanwhile."""
    message = arrival.message
    until = absent_until(message.subject, message.text, arrival.received.received_at)
    if until is not None:
        ballots.set_absent(connection, arrival.ballot.id, until)


def _others(connection: Connection, arrival: LoadedReply) -> int:
    """Return how many lists and contacts of other bodies stand in To and Cc: the sender pressed Reply All."""
    site = arrival.site
    own = {address_key(each) for contact in arrival.sender.registered for each in contact.addresses}
    own |= {address_key(arrival.received.recipient), address_key(site.office)}
    beside = {address_key(address) for address in arrival.message.to[:_MOST_RECIPIENTS]} - own
    if not beside:
        return 0
    names = lists.names(connection)
    posts = {address for address in beside if isinstance(site.route(address, names), Post)}
    return len(posts) + members.count_registered(connection, beside - posts)
