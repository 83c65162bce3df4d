"""Let a post wait for the moderators of its list: they are asked, and its author hears that it waits."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Connection

from mailbot.core.lists.moderation import Hold, PostQuestion
from mailbot.core.office.desk_sentences import mail_name
from mailbot.flows.lists.ask_moderators import ask_moderators
from mailbot.flows.lists.list_post import ListPost
from mailbot.flows.lists.may_write_back import may_write_back
from mailbot.flows.settled import Settled
from mailbot.store.lists import held_posts
from mailbot.store.lists.held_posts import HeldPost
from mailbot.store.sending import allowances, outbox

_REMINDED_BEFORE = timedelta(days=3)  # before its end; of a shorter wait, when half of it is over
_TELL_NOBODY = frozenset({"loop", "notice", "one-author", "not-forged"})  # a machine, or a doubtful From


def hold_post(connection: Connection, post: ListPost, hold: Hold, question: PostQuestion) -> Settled:
    """Let a post wait until a moderator decides, at most `hold_days`; the office is told by read_mail where it moderates."""
    lasts = timedelta(days=post.list.hold_days)
    held = HeldPost(
        post.received.id,
        post.list.name,
        "moderators",
        hold.rule,
        author_told=_tell_author(connection, post, hold, question),
        until=post.now + lasts,
        remind_at=post.now + max(lasts - _REMINDED_BEFORE, lasts / 2),
    )
    held_posts.add(connection, held, post.now)
    asked = ask_moderators(connection, post, held, hold.reason)
    return Settled("held", hold.reason, told=asked)


def _tell_author(connection: Connection, post: ListPost, hold: Hold, question: PostQuestion) -> bool:
    """Tell a registered author that his post waits, unless somebody else may have used his address (I14)."""
    author, now = post.author, post.now
    if author is None or hold.rule in _TELL_NOBODY or question.authentication == "fail":
        return False
    if not (question.member or question.contact) or not may_write_back(connection, post):
        return False
    if not allowances.spend_answer(connection, author, now):
        return False
    cooked = post.site.render.letter(
        "post_held",
        now=now,
        thread=post.thread,
        title=post.list.title,
        mail=mail_name(post.received.id),
        subject=post.message.subject,
        reason=hold.reason,
        days=post.list.hold_days,
    )
    outbox.queue_letter(
        connection, "post_held", post.list.name, cooked, author, now, inbox_id=post.received.id
    )
    return True
