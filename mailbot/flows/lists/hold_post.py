"""Let a post wait for the moderators of its list: they are asked, and its author hears that it waits."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection

from mailbot.core.desk_sentences import mail_name
from mailbot.core.mailing_list import MailingList
from mailbot.core.message import Message
from mailbot.core.moderation import Hold, PostQuestion
from mailbot.flows.lists.ask_moderators import ask_moderators
from mailbot.flows.settled import Settled
from mailbot.render import Thread
from mailbot.site import Site
from mailbot.store import held_posts, inbox, outbox
from mailbot.store.held_posts import HeldPost
from mailbot.store.inbox import Received

_REMINDED_BEFORE = timedelta(days=3)  # its end; of a shorter wait, when half of it is over
_TELL_NOBODY = frozenset({"loop", "one-author", "not-forged"})  # what its From says is doubtful


def hold_post(
    connection: Connection,
    site: Site,
    received: Received,
    message: Message,
    mailing_list: MailingList,
    hold: Hold,
    question: PostQuestion,
    now: datetime,
) -> Settled:
    """Let a post wait until a moderator decides, at most `hold_days`; the office is told by read_mail where it moderates."""
    lasts = timedelta(days=mailing_list.hold_days)
    post = HeldPost(
        received.id,
        mailing_list.name,
        "moderators",
        hold.rule,
        author_told=_tell_author(connection, site, received, message, mailing_list, hold, question, now),
        until=now + lasts,
        remind_at=now + max(lasts - _REMINDED_BEFORE, lasts / 2),
    )
    held_posts.add(connection, post, now)
    asked = ask_moderators(connection, site, received, message, mailing_list, post, hold.reason, now)
    return Settled("held", hold.reason, told=asked)


def _tell_author(
    connection: Connection,
    site: Site,
    received: Received,
    message: Message,
    mailing_list: MailingList,
    hold: Hold,
    question: PostQuestion,
    now: datetime,
) -> bool:
    """Tell a registered author that his post waits, unless somebody else may have used his address (I14)."""
    author = message.from_address
    if author is None or hold.rule in _TELL_NOBODY or question.authentication == "fail":
        return False
    if not (question.member or question.contact) or not inbox.may_answer(connection, author, now):
        return False
    cooked = site.render.letter(
        "post_held",
        now=now,
        thread=Thread.of(message),
        title=mailing_list.title,
        mail=mail_name(received.id),
        subject=message.subject,
        reason=hold.reason,
        days=mailing_list.hold_days,
    )
    outbox.queue_letter(connection, "post_held", mailing_list.name, cooked, author, now, inbox_id=received.id)
    return True
