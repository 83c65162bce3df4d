"""The story of one mail after it was stored: parse it, see what its address means, and let that flow act on it.

What the mail causes and what is said of it are saved in one transaction. A mail that breaks us is quarantined
with its raw bytes, and the office is told; it never stops the mails behind it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import Connection

from mailbot import log
from mailbot.core.bounces.complaint import read_complaint
from mailbot.core.calendar import Language
from mailbot.core.events.calendar_reply import read_calendar_reply
from mailbot.core.lists.mailing_list import MailingList
from mailbot.core.mail.address import (
    Bounces,
    Commands,
    Draft,
    Get,
    Join,
    Leave,
    OfService,
    Post,
    Reply,
    ThreadChoice,
    address_key,
)
from mailbot.core.mail.automatic import automatic
from mailbot.core.mail.message import Message
from mailbot.core.mail.token import token_hash
from mailbot.core.transfer.envelope import StorageFull, StorageUnavailable
from mailbot.flows.bulletins.take_draft import take_draft
from mailbot.flows.events.record_attendance import record_attendance
from mailbot.flows.events.record_rsvp import ballot_of_calendar
from mailbot.flows.lists.post_to_list import post_to_list
from mailbot.flows.members.leave_by_address import leave_by_address
from mailbot.flows.members.obey_member import obey_member, vouched
from mailbot.flows.members.record_bounce import record_bounce
from mailbot.flows.members.report_complaint import report_complaint
from mailbot.flows.members.resume_address import resume_address
from mailbot.flows.members.settle_confirmation import settle_confirmation
from mailbot.flows.office.obey_desk import obey_desk
from mailbot.flows.office.report_held import report_held
from mailbot.flows.settled import Settled
from mailbot.flows.surveys.answer_astray import answer_astray
from mailbot.flows.surveys.read_ahead import read_ahead
from mailbot.flows.surveys.record_probe import record_probe
from mailbot.flows.surveys.record_trial import record_trial
from mailbot.flows.surveys.record_vote import record_vote
from mailbot.site import Site
from mailbot.store import documents, statements
from mailbot.store.database import Database, storage_errors
from mailbot.store.events import events
from mailbot.store.lists import archive, lists, memberships
from mailbot.store.mail import inbox
from mailbot.store.mail.inbox import Received
from mailbot.store.members import confirmations, members, other_addresses, troubles
from mailbot.store.office import desk_words
from mailbot.store.sending import bundles, fan_outs, leases, outbox, sent_texts
from mailbot.store.surveys import ballots, surveys
from mailbot.store.surveys.ballots import Ballot
from mailbot.store.transactions import savepoint

_JOIN: dict[Language, str] = {"ja": "入会", "en": "subscribe"}  # as its answer quotes it
_WORDS: dict[Language, dict[str, str]] = {  # why a mail waits, for the office
    "ja": {
        "people": "リストの担当の方あて（{}）のメールです。お答えください。",
        "service": "事務局あて（{}）のメールです。お答えください。",
        "nobody": "{} というあて先はここにありません。",
        "token": "返信先のアドレスが、当方の出したものではありません。",
        "failed": "処理できませんでした（{}）。",
    },
    "en": {
        "people": "It was written to the people behind {}; please answer it.",
        "service": "It was written to the people of this service ({}); please answer it.",
        "nobody": "Nobody here is called {}.",
        "token": "Its reply address is none that we gave out.",
        "failed": "It could not be processed: {}",
    },
}
AT_ONCE = 20  # mails in one transaction: few enough that nobody who wants to write waits long for its end


def make_ready(connection: Connection) -> None:
    """Make now what the first post would wait for, some 25 ms: its statements, and the form of a list's definition."""
    documents.make_ready(MailingList)
    of_mail = (inbox, members, other_addresses, troubles)
    statements.make_ready(
        connection, *of_mail, archive, lists, memberships, bundles, fan_outs, leases, outbox, sent_texts
    )


def read_waiting(database: Database, site: Site, clock: Callable[[], datetime]) -> int:
    """Read the oldest mails that wait; returns how many, 0 when none is left."""
    with database.read() as connection:
        waiting = inbox.load_waiting(connection, AT_ONCE)
    if waiting:
        _read(database, site, waiting, clock)
    return len(waiting)


def read_mail(database: Database, site: Site, inbox_id: int, now: datetime) -> None:
    """Read one mail. Raises StorageFull or StorageUnavailable, and the mail waits on, when nothing can be saved."""
    with database.read() as connection:
        received = inbox.load(connection, inbox_id)
    if received is not None:
        _read(database, site, [received], lambda: now)


def _read(database: Database, site: Site, mails: Sequence[Received], clock: Callable[[], datetime]) -> None:
    """Read some mails in one transaction, which saves a sync of the disk for each; each stands or falls by itself."""
    parsed = [(received, received.message(site.authserv_id)) for received in mails]
    try:
        outcomes = _read_all(database, site, parsed, clock, _act)
    except (StorageFull, StorageUnavailable):
        raise
    except Exception:  # noqa: BLE001  one of them breaks us: nothing of this was saved, now each for itself
        outcomes = _read_all(database, site, parsed, clock, _act_by_itself)
    for received, settled in outcomes:  # only now is it true
        log.event(
            "inbox." + settled.state, inbox=received.id, recipient=received.recipient, reason=settled.reason
        )


_Act = Callable[[Connection, Site, Received, Message, datetime], Settled]


def _read_all(
    database: Database,
    site: Site,
    mails: Sequence[tuple[Received, Message]],
    clock: Callable[[], datetime],
    act: _Act,
) -> list[tuple[Received, Settled]]:
    outcomes = []
    with database.write() as connection:
        ours = inbox.claim_each(connection, [received.id for received, _ in mails])
        if act is _act:  # and not where each stands by itself, since it may be this that breaks us
            read_ahead(connection, site, [mail for mail in mails if mail[0].id in ours])
        for received, message in mails:
            if received.id in ours:
                now = clock()
                settled = act(connection, site, received, message, now)
                _settle(connection, site, received, message, settled, now)
                _sign_of_life(connection, site, received, message, now)
                outcomes.append((received, settled))
    return outcomes


def _act_by_itself(
    connection: Connection, site: Site, received: Received, message: Message, now: datetime
) -> Settled:
    """Let one mail act; when it breaks us, what it did is undone, and nothing else."""
    try:
        with storage_errors(), savepoint(connection):
            return _act(connection, site, received, message, now)
    except (StorageFull, StorageUnavailable):
        raise
    except Exception as error:  # noqa: BLE001  the mail is stored; it must neither be lost nor stop the others
        log.event("inbox.failed", level="error", inbox=received.id, error=error)
        return Settled(
            "quarantined", _WORDS[site.language]["failed"].format(f"{type(error).__name__}: {error}")
        )


def _sign_of_life(
    connection: Connection, site: Site, received: Received, message: Message, now: datetime
) -> None:
    """Send list mail again to an address whose mail came back, when its owner has certainly written himself."""
    address = message.from_address
    if address is None or message.defects:
        return
    if troubles.state_of(connection, address) not in {"probing", "suspended"}:
        return
    if automatic(message, received.mail_from) is None and vouched(site, message, address):
        resume_address(connection, address, "he wrote to us", now, by=address, inbox_id=received.id)


def _act(connection: Connection, site: Site, received: Received, message: Message, now: datetime) -> Settled:
    """Let the flow act that the recipient's address asks for."""
    if message.defects:
        return Settled("quarantined", "; ".join(message.defects))
    names: list[frozenset[str]] = []  # an answer's address asks for none

    def is_list(name: str) -> bool:
        if not names:
            names.append(lists.names(connection))
        return name in names[0]

    found = site.route(received.recipient, is_list)
    match found:
        case Post(name):
            return post_to_list(connection, site, received, message, name, now)
        case Bounces(_, token):
            return record_bounce(connection, site, received, message, token, now)
        case None | OfService() if (invited := _invited(connection, site, message)) is not None:
            return _once(connection, site, received, message, invited, now)
        case Commands(name):
            return obey_member(connection, site, received, message, name, now)
        case OfService("robot"):
            return obey_member(connection, site, received, message, "", now)
        case Join(name):
            return obey_member(connection, site, received, message, name, now, lines=(_JOIN[site.language],))
        case Leave(name, token):
            return leave_by_address(connection, site, received, message, name, token, now)
        case ThreadChoice(name, choice):
            return obey_member(connection, site, received, message, name, now, lines=(choice,))
        case Get(name, first, last):
            return obey_member(connection, site, received, message, name, now, lines=(f"get {first}-{last}",))
        case Draft(name):
            return take_draft(connection, site, received, message, name, now)
        case Reply(token):
            return _reply(connection, site, received, message, token_hash(token), now)
        case _ if not _is_new_to_people(connection, received, message):
            return _READ_BEFORE
        case None:
            nobody = Settled("quarantined", _WORDS[site.language]["nobody"].format(received.recipient))
            return answer_astray(connection, site, received, message, now) or nobody
        case OfService("survey") if settled := answer_astray(connection, site, received, message, now):
            return settled
        case OfService("abuse" | "postmaster" | "listmaster") if complaint := read_complaint(message):
            return report_complaint(connection, site, complaint)
        case OfService():
            return Settled("held", _WORDS[site.language]["service"].format(received.recipient))
        case _:
            return Settled("held", _WORDS[site.language]["people"].format(received.recipient))


_READ_BEFORE = Settled("discarded", "the same mail was read before")


def _is_new_to_people(connection: Connection, received: Received, message: Message) -> bool:
    """Tell whether this mail comes to this address for the first time: a mailbox set up anew brings all of it again.

    What waits for a person waits once, and nobody is told of it twice (promises.md I6).
    """
    both = f"{address_key(received.recipient)}\n{received.fingerprint(message)}"
    mark = hashlib.sha256(both.encode("utf-8", "replace")).hexdigest()
    return inbox.take_once(connection, "people", mark, received.id)


def _reply(
    connection: Connection, site: Site, received: Received, message: Message, hashed: str, now: datetime
) -> Settled:
    """Let the flow act whose ballot a token opens; the same mail acts there once (promises.md I17)."""
    ballot = ballots.by_token(connection, hashed)
    if ballot is None:
        word = desk_words.by_token(connection, hashed)
        asked = confirmations.by_token(connection, hashed) if word is None else None
        if asked is not None:
            return settle_confirmation(connection, site, received, message, asked, now)
        if word is None:
            if not _is_new_to_people(connection, received, message):
                return _READ_BEFORE
            unknown = Settled("quarantined", _WORDS[site.language]["token"])
            return answer_astray(connection, site, received, message, now) or unknown
        return obey_desk(connection, site, received, message, word, now)
    return _once(connection, site, received, message, ballot, now)


def _invited(connection: Connection, site: Site, message: Message) -> Ballot | None:
    """Return whose invitation a calendar program answers, at whatever address of ours its answer came."""
    answer = read_calendar_reply(message)
    return None if answer is None else ballot_of_calendar(connection, site, answer)


def _once(
    connection: Connection, site: Site, received: Received, message: Message, ballot: Ballot, now: datetime
) -> Settled:
    """Let the flow of a ballot act, once for each mail.

    What it is about is locked first: another node that has just taken the same mail would hold its mark and wait for us.
    """
    if ballot.kind == "event":
        events.lock(connection, ballot.subject)
    elif ballot.kind == "survey":
        surveys.lock(connection, ballot.subject)
    place = ballots.place(ballot.id)
    if not inbox.take_once(connection, place, received.fingerprint(message), received.id):
        return _READ_BEFORE
    return _BY_KIND[ballot.kind](connection, site, received, message, ballot, now)


_Record = Callable[[Connection, Site, Received, Message, Ballot, datetime], Settled]
_BY_KIND: dict[str, _Record] = {
    "survey": record_vote,
    "event": record_attendance,
    "trial": record_trial,
    "probe": record_probe,
}


def _settle(
    connection: Connection, site: Site, received: Received, message: Message, settled: Settled, now: datetime
) -> None:
    sender = message.from_address or message.from_header
    inbox.settle(
        connection, received.id, settled.state, settled.reason, sender=sender, title=message.subject, now=now
    )
    if settled.state in {"held", "quarantined"} and not settled.told:
        report_held(connection, site, received, message, settled.state, settled.reason, now)
