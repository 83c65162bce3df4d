"""See to the posts that wait: remind the moderators before it is too late, and end what nobody decided in time."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.lists.mailing_list import MailingList
from mailbot.core.lists.post_sentences import post_sentence
from mailbot.core.mail.message import Message
from mailbot.core.office.desk_sentences import mail_name
from mailbot.core.office.journal_line import SCHEDULE
from mailbot.flows.lists.ask_moderators import ask_moderators
from mailbot.flows.lists.list_post import ListPost
from mailbot.flows.lists.release_post import release_post
from mailbot.flows.lists.tell_decision import tell_decision, tell_refused
from mailbot.flows.office.report_held import report_held
from mailbot.site import Site
from mailbot.store.lists import held_posts, lists
from mailbot.store.lists.held_posts import HeldPost
from mailbot.store.mail import inbox
from mailbot.store.mail.inbox import Received
from mailbot.store.office import journal


def expire_held(connection: Connection, site: Site, now: datetime) -> int:
    """Remind of, and end, what has become due; returns how many posts were seen to.

    A post that a moderator decides about at this very moment is left to him.
    """
    seen_to = 0
    for post in held_posts.due(connection, now):
        if inbox.claim(connection, post.inbox_id, "held"):
            if post.waits_for == "clock":
                release_post(connection, site, post.inbox_id, now)
            else:
                _end(connection, site, post, now)
            seen_to += 1
        elif (entry := inbox.entry(connection, post.inbox_id)) is None or entry.state != "held":
            held_posts.forget(connection, post.inbox_id)
    for post in held_posts.to_remind_of(connection, now):
        if inbox.claim(connection, post.inbox_id, "held"):
            _remind(connection, site, post, now)
            seen_to += 1
    return seen_to


def _end(connection: Connection, site: Site, post: HeldPost, now: datetime) -> None:
    """Give a post up; its author hears of it where he waits for a moderator."""
    held_posts.forget(connection, post.inbox_id)
    if post.waits_for == "author":  # its author was told that nothing goes out without a word
        inbox.change(connection, post.inbox_id, "discarded", "its author did not confirm it", now=now)
        return
    received, message = _mail(connection, site, post)
    mailing_list = lists.load(connection, post.list_name)
    reason = post_sentence(site.language, "given-up")
    if mailing_list is not None:
        if post.author_told:
            tell_refused(connection, ListPost(site, received, message, mailing_list, now), reason)
        said = post_sentence(
            site.language,
            "expire-told" if post.author_told else "expire",
            mail=mail_name(post.inbox_id),
            subject=message.subject,
        )
        tell_decision(connection, site, mailing_list, said, now, inbox_id=post.inbox_id)
    inbox.change(connection, post.inbox_id, "rejected" if post.author_told else "discarded", reason, now=now)
    journal.add(
        connection,
        "post.expired",
        now,
        who=SCHEDULE,
        about=post.list_name,
        person=message.from_address or "",
        detail=f"mail {post.inbox_id}",
    )


def _remind(connection: Connection, site: Site, post: HeldPost, now: datetime) -> None:
    """Ask the moderators once more, with fresh words; the office where it moderates."""
    held_posts.reminded(connection, post.inbox_id)
    received, message = _mail(connection, site, post)
    mailing_list: MailingList | None = lists.load(connection, post.list_name)
    if mailing_list is None:
        return
    own = ListPost(site, received, message, mailing_list, now)
    if not ask_moderators(connection, own, post, received.reason, again=True):
        report_held(connection, site, received, message, "held", received.reason, now)
    inbox.note(connection, "the moderators were reminded", now=now, inbox_id=post.inbox_id)


def _mail(connection: Connection, site: Site, post: HeldPost) -> tuple[Received, Message]:
    received = inbox.load(connection, post.inbox_id)
    assert received is not None, "a row of held_post has its mail"
    return received, received.message(site.authserv_id)
