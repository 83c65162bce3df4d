"""Ask each moderator of a list about a post that waits: what it is, why it waits, and which word does what."""

from __future__ import annotations

from sqlalchemy import Connection

from mailbot.core.calendar import moment_words
from mailbot.core.lists.decision import REASONS
from mailbot.core.lists.post_sentences import post_sentence
from mailbot.core.mail.message import Message
from mailbot.core.mail.wrap import wrap
from mailbot.core.office.desk_sentences import mail_name
from mailbot.flows.lists.list_post import ListPost
from mailbot.flows.members.ask_confirmation import ConfirmationQuestion, ask_confirmation
from mailbot.site import Site
from mailbot.store.lists.held_posts import HeldPost
from mailbot.store.mail import inbox
from mailbot.store.members import members
from mailbot.store.sending import allowances

_MOST_LINES = 30  # of the post
_LONGEST_LINE = 400  # characters
_QUOTED_COLUMNS = 62
_MOST_FILES = 20


def ask_moderators(
    connection: Connection, post: ListPost, held: HeldPost, reason: str, *, again: bool = False
) -> bool:
    """Mail each moderator with a reply address of his own, once more if `again`; False when nobody could be asked."""
    asked = False
    for address in post.list.moderators:
        if allowances.spend_duty_mail(connection, address, post.now):
            asked |= _ask(connection, post, held, address, reason, again=again)
        else:
            why = "a moderator was not asked: too many mails to him this hour"
            inbox.note(connection, why, now=post.now, inbox_id=post.received.id)
    return asked


def _ask(
    connection: Connection, post: ListPost, held: HeldPost, address: str, reason: str, *, again: bool
) -> bool:
    site, message, mailing_list = post.site, post.message, post.list
    question = ConfirmationQuestion(
        "moderate",
        address,
        "moderate_post",
        about=mailing_list.name,
        detail={"inbox": str(post.received.id)},
        by_mail=False,  # it has a limit of its own, above
        lasts=held.until - post.now,
        inbox_id=post.received.id,
    )
    return ask_confirmation(
        connection,
        site,
        question,
        post.now,
        again=again,
        title=mailing_list.title,
        list_address=f"{mailing_list.name}@{site.domain}",
        mail=mail_name(post.received.id),
        author=_author(connection, message),
        subject=message.subject,
        reason=reason,
        attachments=message.attachments[:_MOST_FILES],
        lines=beginning(site, message),
        reasons=mailing_list.reasons or REASONS[site.language],
        until=moment_words(held.until.astimezone(site.zone), site.language),
        others=len(mailing_list.moderators) > 1,
        claimed_by=held.claimed_by,
        pages=f"{site.web_url}/" if site.web_url else "",
    )


def _author(connection: Connection, message: Message) -> str:
    """Return who wrote it, as the register names him."""
    address = message.from_address
    people = members.people_at(connection, address) if address else []
    if address is None or not people:
        return address or message.from_header
    name = " ".join(part for part in (people[0].body.name, people[0].contact.name) if part)
    return f"{name} {address}"


def beginning(site: Site, message: Message) -> tuple[str, ...]:
    """Return the first lines of a post, each narrow enough not to be broken when it is quoted."""
    written = [line.rstrip()[:_LONGEST_LINE] for line in message.text.splitlines() if line.strip()]
    lines = [piece for line in written[:_MOST_LINES] for piece in wrap(line, _QUOTED_COLUMNS)]
    more = len(written) > _MOST_LINES or len(lines) > _MOST_LINES
    return (*lines[:_MOST_LINES], *((post_sentence(site.language, "cut"),) if more else ()))
