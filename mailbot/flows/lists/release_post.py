"""Let a post go on that waited for its author, or for the minutes in which he could cancel it; the rules look again."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.lists.moderation import Accept, Ask, Discard, Hold, Reject, moderate
from mailbot.flows.lists.ask_author import let_post_wait
from mailbot.flows.lists.distribute_post import let_out
from mailbot.flows.lists.hold_post import hold_post
from mailbot.flows.lists.list_post import ListPost
from mailbot.flows.lists.post_to_list import question_of
from mailbot.flows.lists.tell_decision import tell_refused
from mailbot.flows.office.report_held import report_held
from mailbot.flows.settled import Settled
from mailbot.site import Site
from mailbot.store.lists import held_posts, lists
from mailbot.store.lists.held_posts import ACCEPTED, HeldPost
from mailbot.store.mail import inbox


def release_post(connection: Connection, site: Site, number: int, now: datetime) -> str:
    """Distribute a held post unless a moderator must see it now; returns what became of it.

    Its author has confirmed it, or did not cancel it. The caller has claimed it.
    """
    waited = held_posts.load(connection, number)
    received = inbox.load(connection, number)
    assert waited is not None
    assert received is not None
    held_posts.forget(connection, number)
    mailing_list = lists.load(connection, waited.list_name)
    if mailing_list is None:
        settled = Settled("discarded", f"there is no list {waited.list_name} any more")
    else:
        message = received.message(site.authserv_id)
        settled = _settle(connection, ListPost(site, received, message, mailing_list, now), waited)
    inbox.change(connection, number, settled.state, settled.reason, now=now)
    return f"{settled.state}, {settled.reason}"


def _settle(connection: Connection, post: ListPost, waited: HeldPost) -> Settled:
    """Distribute the post, or do what the rules say of it now."""
    if waited.rule == ACCEPTED:  # somebody has looked at it already, outside of the list's hours
        return let_out(connection, post, awaited=waited.author_told)
    question = replace(question_of(connection, post), confirmed=True)
    match moderate(question, post.list, post.site.language):
        case Accept() | Ask():
            waits = let_post_wait(connection, post)
            return let_out(connection, post) if waits is None else Settled("held", waits)
        case Hold() as hold:
            settled = hold_post(connection, post, hold, question)
            if not settled.told:
                report_held(
                    connection, post.site, post.received, post.message, "held", settled.reason, post.now
                )
            return settled
        case Reject(_, reason):
            tell_refused(connection, post, reason)
            return Settled("rejected", reason)
        case Discard(_, reason):
            return Settled("discarded", reason)
