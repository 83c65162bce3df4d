"""Tell the office of a mail that waits for it: what it is, why it waits, and how to decide by reply."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from mailbot import log
from mailbot.core.bounces.complaint import read_complaint
from mailbot.core.calendar import Language
from mailbot.core.lists.decision import REASONS
from mailbot.core.mail.address import Bounces, OfService, Owner, Post, Reply
from mailbot.core.mail.message import Message
from mailbot.core.mail.token import token_hash
from mailbot.core.transfer.envelope import StorageFull, StorageUnavailable
from mailbot.flows.office.quote_held import Quoted, is_secret, quote_held
from mailbot.flows.office.tell_office import is_desk_word, tell_office
from mailbot.flows.question_reply import question_of_mail
from mailbot.flows.surveys.held_reply import ballot_of_mail
from mailbot.render import HeldMail, Takes
from mailbot.site import Site
from mailbot.store.database import storage_errors
from mailbot.store.lists import held_posts, lists
from mailbot.store.mail.inbox import Received
from mailbot.store.members import confirmations
from mailbot.store.surveys import ballots, surveys
from mailbot.store.surveys.surveys import StoredSurvey
from mailbot.store.transactions import savepoint

NOT_SHOWN: dict[Language, str] = {"ja": "（無記名のため、お見せしません）", "en": "(secret: not shown)"}


def report_held(
    connection: Connection,
    site: Site,
    received: Received,
    message: Message,
    state: str,
    reason: str,
    now: datetime,
) -> None:
    """Queue the mail to the office about a mail that is held, or quarantined (`state`)."""
    takes, shown = what_it_takes(connection, site, received, message, state)
    post = held_posts.load(connection, received.id)
    mailing_list = None if post is None else lists.load(connection, post.list_name)
    secret = is_secret(connection, ballot_of_mail(connection, site, received))
    held = HeldMail(
        str(received.id),
        message.from_address or message.from_header,
        NOT_SHOWN[site.language] if secret else message.subject,
        held_about(connection, site, received),
        reason,
        takes,
        words=shown.words,
        attachments=shown.files,
        answers=shown.answers,
        until=None if post is None else post.until,
        reasons=() if mailing_list is None else mailing_list.reasons or REASONS[site.language],
        pages=f"{site.web_url}/" if site.web_url else "",
    )
    tell_office(
        connection,
        site,
        site.render.office.held(held, now=now),
        now,
        kind="office_held",
        inbox_id=received.id,
        by_others=True,
    )


def what_it_takes(
    connection: Connection, site: Site, received: Received, message: Message, state: str = "held"
) -> tuple[Takes, Quoted]:
    """Return how the office can let a mail act, or answer it, and what it may be shown of it."""
    takes = _takes(connection, site, received) if state == "held" else "neither"
    if takes == "letter" and read_complaint(message) is not None:
        takes = "report"  # a provider's: its reason says whom to ask, and nobody answers a program
    shown = Quoted() if takes == "neither" else _quoted(connection, site, received, message)
    if not shown.countable:
        takes = "entered" if takes == "answers" else "unread"
    return takes, shown


def _takes(connection: Connection, site: Site, received: Received) -> Takes:
    """Return how the office can let a held mail act, or answer it.

    What comes to the surveys' or events' own address while a sealed survey is open is no letter, also after the close: it
    may be a vote that has lost its way, and nobody may read that.
    """
    found = site.route(received.recipient, lists.names(connection))
    if isinstance(found, Post):
        return "accept"
    if isinstance(found, Owner | Bounces | OfService):
        if isinstance(found, OfService) and found.role in {"survey", "event"}:
            secret = (one for one in surveys.every(connection) if one.survey.mode == "sealed")
            if any(_may_be_vote(one, received.received_at) for one in secret):
                return "neither"
        return "letter"
    if not isinstance(found, Reply):
        return "neither"
    hashed = token_hash(found.token)
    ballot = ballots.by_token(connection, hashed)
    if ballot is None:
        return "neither" if confirmations.by_token(connection, hashed) is None else "letter"
    return "answers" if ballot.kind == "survey" else "accept"


def _may_be_vote(stored: StoredSurvey, came: datetime) -> bool:
    """Tell whether a mail that came then may answer a survey, by whatever address."""
    if stored.state == "closed":
        return stored.opened_at is not None and stored.opened_at <= came and not stored.has_closed(came)
    return stored.state == "open"


def held_about(connection: Connection, site: Site, received: Received) -> str:
    """Return what a held mail is about: the key of the survey or event that it answers, else where it was sent to."""
    ballot = ballot_of_mail(connection, site, received)
    if ballot is not None:
        return ballot.subject.rpartition(":")[2]
    asked = question_of_mail(connection, site, received)
    if asked is not None and asked.kind == "roll_call":
        return f"{_ROLL_CALL[site.language]} {asked.about}"
    if is_desk_word(connection, site, received.recipient):
        return _COMMAND[site.language]  # its address is the one-time word, which is nothing to read
    return received.recipient


_ROLL_CALL: dict[Language, str] = {"ja": "名簿確認", "en": "roll-call"}
_COMMAND: dict[Language, str] = {"ja": "事務局への指示", "en": "a command to the office"}


def _quoted(connection: Connection, site: Site, received: Received, message: Message) -> Quoted:
    """Return what the office is shown of a held mail; one that breaks us is told of all the same."""
    try:
        with storage_errors(), savepoint(connection):
            return quote_held(connection, site, received, message)
    except (StorageFull, StorageUnavailable):
        raise
    except Exception as error:  # noqa: BLE001  it must not stop the others
        log.event("inbox.not_shown", level="error", inbox=received.id, error=error)
        return Quoted()
