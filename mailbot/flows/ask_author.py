"""Ask the author of a post whether it shall really go out; or tell him how long he may still cancel it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Connection

from mailbot.core.calendar import moment_words
from mailbot.core.mailing_list import MailingList
from mailbot.core.message import Message
from mailbot.flows.ask_confirmation import ask_confirmation
from mailbot.flows.ask_moderators import beginning
from mailbot.site import Site
from mailbot.store import held_posts, inbox, lists
from mailbot.store.held_posts import HeldPost
from mailbot.store.inbox import Received

AskKind = Literal["post-confirm", "post-guard", "post-undo"]  # see flows/obey_author.py
_LASTS = {"author-policy": timedelta(days=7), "guard": timedelta(days=1), "target": timedelta(days=1)}


def ask_author(
    connection: Connection,
    site: Site,
    received: Received,
    message: Message,
    mailing_list: MailingList,
    rule: str,
    reason: str,
    now: datetime,
    *,
    targeted: int,
) -> bool:
    """Let a post wait for its author's word, and ask him for it; False when no more mail may go to him (I30).

    `targeted`: to how many it goes when its first line says so, else 0.
    """
    kind: AskKind = "post-confirm" if rule == "author-policy" else "post-guard"
    until = now + _LASTS[rule]
    if not _ask(
        connection,
        site,
        received,
        message,
        mailing_list,
        kind,
        reason,
        until,
        now,
        by_mail=True,
        targeted=targeted,
    ):
        return False
    post = HeldPost(received.id, mailing_list.name, "author", rule, author_told=True, until=until)
    held_posts.add(connection, post, now)
    return True


def let_author_cancel(
    connection: Connection,
    site: Site,
    received: Received,
    message: Message,
    mailing_list: MailingList,
    now: datetime,
) -> datetime | None:
    """Let a post wait for the minutes in which its author may cancel it, and tell him so; returns until when.

    None when he cannot be told: then there is nothing to wait for.
    """
    if message.from_address is None or not inbox.may_answer(connection, message.from_address, now):
        return None
    until = now + timedelta(minutes=mailing_list.undo_minutes)
    _ask(connection, site, received, message, mailing_list, "post-undo", "", until, now, by_mail=False)
    post = HeldPost(received.id, mailing_list.name, "clock", "undo", author_told=False, until=until)
    held_posts.add(connection, post, now)
    return until


def _ask(
    connection: Connection,
    site: Site,
    received: Received,
    message: Message,
    mailing_list: MailingList,
    kind: AskKind,
    reason: str,
    until: datetime,
    now: datetime,
    *,
    by_mail: bool,
    targeted: int = 0,
) -> bool:
    assert message.from_address is not None, "the rules ask for one author first"
    template = "post_waiting" if kind == "post-undo" else "ask_author"
    cooked = site.render.letter(
        template,
        now=now,
        answerable=True,
        title=mailing_list.title,
        subject=message.subject,
        reason=reason,
        count=targeted or lists.count_members(connection, mailing_list.name),
        targeted=bool(targeted),
        minutes=mailing_list.undo_minutes,
        lines=beginning(site, message),
        until=moment_words(until.astimezone(site.zone), site.language),
    )
    return ask_confirmation(
        connection,
        site,
        kind,
        message.from_address,
        cooked,
        now,
        template=template,
        about=mailing_list.name,
        detail={"inbox": str(received.id)},
        by_mail=by_mail,
        lasts=until - now,
        inbox_id=received.id,
    )
