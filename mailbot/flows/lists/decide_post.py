"""Do what a moderator replies about a held post: he alone was asked in that mail, and the first decision is the one."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.decision import REASONS, Decision, read_decision
from mailbot.core.desk_sentences import MAIL_STATES, mail_name
from mailbot.core.html_text import html_to_text
from mailbot.core.japanese import decode
from mailbot.core.message import Message
from mailbot.core.post_sentences import post_sentence
from mailbot.core.refusal import Refusal
from mailbot.flows.lists.tell_decision import tell_decision, tell_moderator
from mailbot.flows.office.settle_held import settle_held
from mailbot.flows.settled import Settled
from mailbot.render import Thread
from mailbot.site import Site
from mailbot.store import confirmations, held_posts, inbox, lists
from mailbot.store.confirmations import Confirmation
from mailbot.store.inbox import Received


def decide_post(
    connection: Connection,
    site: Site,
    received: Received,
    message: Message,
    asked: Confirmation,
    sent: str,
    now: datetime,
) -> Settled:
    """Decide as the moderator says, or tell him why nothing was done; `sent` is the text of the mail that he answers."""
    number = int(asked.detail["inbox"])
    mailing_list = lists.load(connection, asked.about)
    entry = inbox.entry(connection, number)
    if mailing_list is None or entry is None:
        return Settled("discarded", f"there is no list {asked.about} any more")
    thread = Thread.of(message)
    subject = entry.title

    def answer(name: str, **figures: object) -> None:
        said = post_sentence(site.language, name, mail=mail_name(number), **figures)
        tell_moderator(
            connection, site, asked.address, mailing_list, said, now, inbox_id=received.id, answered=thread
        )

    waits = held_posts.load(connection, number)
    if entry.state == "held" and waits is not None and waits.rule == held_posts.ACCEPTED:
        answer("already-accepted")
        return Settled("discarded", f"mail {number} was accepted before this moderator's word came")
    if entry.state != "held" or asked.used_at is not None or now >= asked.expires_at:
        answer("already", became=MAIL_STATES[site.language].get(entry.state, entry.state))
        return Settled("discarded", f"mail {number} was {entry.state} before this moderator's word came")
    decision = _read(message, sent)
    if decision is None or decision.canned > len(mailing_list.reasons or REASONS[site.language]):
        answer("unread")
        return Settled("answered", f"no decision about mail {number} can be read; it waits on")
    if decision.act == "claim":
        held_posts.claim(connection, number, asked.address)
        said = post_sentence(
            site.language, "claim", by=asked.address, mail=mail_name(number), subject=subject
        )
        tell_decision(
            connection, site, mailing_list, said, now, inbox_id=received.id, by=asked.address, answered=thread
        )
        return Settled("answered", f"{asked.address} will decide about mail {number}")
    try:
        with connection.begin_nested():
            settle_held(
                connection,
                site,
                number,
                decision.act,
                _reason(decision),
                now,
                by=asked.address,
                answered=thread,
            )
    except Refusal as refusal:  # another node had it a moment ago
        answer("already", became=MAIL_STATES[site.language].get("answered", "settled"))
        return Settled("discarded", str(refusal))
    confirmations.use(connection, asked.id, now)
    return Settled("answered", f"{decision.act}: mail {number}, by {asked.address}")


def _reason(decision: Decision) -> str:
    return str(decision.canned) if decision.canned else decision.reason


def _read(message: Message, sent: str) -> Decision | None:
    """Return what a mail decides; None where its text and its HTML decide different things (promises.md attack 9)."""
    decision = read_decision(message.text, sent)
    html = [part for part in message.parts if part.content_type == "text/html" and part.filename is None]
    plain = any(part.content_type == "text/plain" and part.filename is None for part in message.parts)
    if decision is None or not html or not plain:
        return decision
    other = read_decision("\n".join(html_to_text(decode(p.content, p.charset).text) for p in html), sent)
    return decision if other in (None, decision) else None
