"""Do what a moderator replies about a held post: he alone was asked in that mail, and the first decision is the one."""

from __future__ import annotations

from sqlalchemy import Connection

from mailbot.core.lists.decision import REASONS, Decision, read_decision
from mailbot.core.lists.mailing_list import MailingList
from mailbot.core.lists.post_sentences import post_sentence
from mailbot.core.mail.html_text import html_to_text
from mailbot.core.mail.japanese import decode
from mailbot.core.mail.message import Message
from mailbot.core.office.desk_sentences import MAIL_STATES, mail_name
from mailbot.core.refusal import Refusal
from mailbot.flows.lists.tell_decision import tell_decision, tell_moderator
from mailbot.flows.office.settle_held import settle_held
from mailbot.flows.question_reply import QuestionReply
from mailbot.flows.settled import Settled
from mailbot.store.lists import held_posts, lists
from mailbot.store.mail import inbox
from mailbot.store.mail.inbox import InboxEntry
from mailbot.store.members import confirmations


def decide_post(connection: Connection, reply: QuestionReply) -> Settled:
    """Decide as the moderator says, or tell him why nothing was done."""
    site, asked, now = reply.site, reply.asked, reply.now
    number = int(asked.detail["inbox"])
    mailing_list = lists.load(connection, asked.about)
    entry = inbox.entry(connection, number)
    if mailing_list is None or entry is None:
        return Settled("discarded", f"there is no list {asked.about} any more")

    def answer(name: str, **figures: object) -> None:
        said = post_sentence(site.language, name, mail=mail_name(number), **figures)
        tell_moderator(
            connection,
            site,
            asked.address,
            mailing_list,
            said,
            now,
            inbox_id=reply.received.id,
            answered=reply.thread,
        )

    waits = held_posts.load(connection, number)
    if entry.state == "held" and waits is not None and waits.rule == held_posts.ACCEPTED:
        answer("already-accepted")
        return Settled("discarded", f"mail {number} was accepted before this moderator's word came")
    if entry.state != "held" or reply.is_late:
        answer("already", became=MAIL_STATES[site.language].get(entry.state, entry.state))
        return Settled("discarded", f"mail {number} was {entry.state} before this moderator's word came")
    decision = _read(reply.message, reply.sent, mail_name(number))
    if decision is None or decision.canned > len(mailing_list.reasons or REASONS[site.language]):
        answer("unread")
        return Settled("answered", f"no decision about mail {number} can be read; it waits on")
    if decision.act == "claim":
        return _claim(connection, reply, mailing_list, entry)
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
                answered=reply.thread,
            )
    except Refusal as refusal:  # another node had it a moment ago
        answer("already", became=MAIL_STATES[site.language].get("answered", "settled"))
        return Settled("discarded", str(refusal))
    confirmations.use(connection, asked.id, now)
    return Settled("answered", f"{decision.act}: mail {number}, by {asked.address}")


def _claim(
    connection: Connection, reply: QuestionReply, mailing_list: MailingList, entry: InboxEntry
) -> Settled:
    """Let all moderators know that this one will decide."""
    by = reply.asked.address
    held_posts.claim(connection, entry.id, by)
    tell_decision(
        connection,
        reply.site,
        mailing_list,
        post_sentence(reply.site.language, "claim", by=by, mail=mail_name(entry.id), subject=entry.title),
        reply.now,
        inbox_id=reply.received.id,
        by=by,
        answered=reply.thread,
    )
    return Settled("answered", f"{by} will decide about mail {entry.id}")


def _reason(decision: Decision) -> str:
    return str(decision.canned) if decision.canned else decision.reason


def _read(message: Message, sent: str, mail: str) -> Decision | None:
    """Return what a mail decides; None where its text and its HTML decide different things (promises.md attack 9)."""
    decision = read_decision(message.text, sent, mail)
    html = [part for part in message.parts if part.content_type == "text/html" and part.filename is None]
    plain = any(part.content_type == "text/plain" and part.filename is None for part in message.parts)
    if decision is None or not html or not plain:
        return decision
    shown = "\n".join(html_to_text(decode(p.content, p.charset).text) for p in html)
    other = read_decision(shown, sent, mail)
    return decision if other in (None, decision) else None
