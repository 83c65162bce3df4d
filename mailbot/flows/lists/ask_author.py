"""Ask the author of a post whether it shall really go out; or tell him how long he may still cancel it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Connection

from mailbot.core.calendar import moment_words
from mailbot.core.lists.delivery_hours import leaves_at
from mailbot.core.lists.mailing_list import MailingList
from mailbot.flows.lists.ask_moderators import beginning
from mailbot.flows.lists.list_post import ListPost
from mailbot.flows.lists.may_write_back import may_tell_of_post
from mailbot.flows.members.ask_confirmation import ConfirmationQuestion, ask_confirmation
from mailbot.site import Site
from mailbot.store.lists import held_posts, lists
from mailbot.store.lists.held_posts import HeldPost
from mailbot.store.sending import allowances

AskKind = Literal["post-confirm", "post-guard", "post-undo"]  # see flows/lists/obey_author.py
_LASTS = {"author-policy": timedelta(days=7), "guard": timedelta(days=1), "target": timedelta(days=1)}


def ask_author(connection: Connection, post: ListPost, rule: str, reason: str, *, targeted: int) -> bool:
    """Let a post wait for its author's word, and ask him for it; False when no more mail may go to him (I30).

    `targeted`: to how many it goes when its first line says so, else 0.
    """
    kind: AskKind = "post-confirm" if rule == "author-policy" else "post-guard"
    until = post.now + _LASTS[rule]
    if not _ask(connection, post, kind, reason, until, by_mail=True, targeted=targeted):
        return False
    held = HeldPost(post.received.id, post.list.name, "author", rule, author_told=True, until=until)
    held_posts.add(connection, held, post.now)
    return True


def let_post_wait(connection: Connection, post: ListPost, *, minutes: int = 0) -> str | None:
    """Let a post wait for the hours of its list, and for the minutes in which its author may cancel it; returns how long.

    He is told when it goes out, and may cancel it until then. None: it goes out now. When he cannot be told there are no
    minutes to wait for; the hours hold all the same.
    """
    hours, zone, now = post.list.hours, post.site.zone, post.now
    if not minutes and leaves_at(hours, now.astimezone(zone)) <= now:
        return None
    told = (
        post.author is not None
        and may_tell_of_post(connection, post)
        and allowances.spend_answer(connection, post.author, now)
    )
    own = now + timedelta(minutes=minutes if told else 0)
    until = leaves_at(hours, own.astimezone(zone))
    if until <= now:
        return None
    if told:
        minutes_left = minutes if until == own else 0
        _ask(connection, post, "post-undo", "", until, by_mail=False, minutes=minutes_left)
    rule = "undo" if until == own else "hours"
    held = HeldPost(post.received.id, post.list.name, "clock", rule, author_told=False, until=until)
    held_posts.add(connection, held, now)
    return waiting_words(post.site, until, now)


def waiting_words(site: Site, until: datetime, now: datetime) -> str:
    """Return when a post goes out, for the log."""
    today = until.astimezone(site.zone).date() == now.astimezone(site.zone).date()
    at = until.astimezone(site.zone)
    return f"goes out at {at:%H:%M:%S}" if today else f"goes out at {at:%Y-%m-%d %H:%M}"


def _ask(
    connection: Connection,
    post: ListPost,
    kind: AskKind,
    reason: str,
    until: datetime,
    *,
    by_mail: bool,
    targeted: int = 0,
    minutes: int = 0,
) -> bool:
    site, message, mailing_list = post.site, post.message, post.list
    assert message.from_address is not None, "the rules ask for one author first"
    template = "post_waiting" if kind == "post-undo" else "ask_author"
    question = ConfirmationQuestion(
        kind,
        message.from_address,
        template,
        about=mailing_list.name,
        detail={"inbox": str(post.received.id)},
        by_mail=by_mail,
        lasts=until - post.now,
        inbox_id=post.received.id,
    )
    return ask_confirmation(
        connection,
        site,
        question,
        post.now,
        thread=post.thread,
        title=mailing_list.title,
        subject=message.subject,
        reason=reason,
        count=targeted or lists.count_members(connection, mailing_list.name),
        targeted=bool(targeted),
        minutes=minutes,
        hours=_hours_words(site, mailing_list),
        lines=beginning(site, message),
        until=moment_words(until.astimezone(site.zone), site.language),
    )


def _hours_words(site: Site, mailing_list: MailingList) -> str:
    """Return the hours of a list as members read them; "": it has none."""
    if mailing_list.hours is None:
        return ""
    first, last = (f"{one.hour}:{one:%M}" for one in mailing_list.hours)
    return f"{first}から{last}まで" if site.language == "ja" else f"{first} and {last}"
