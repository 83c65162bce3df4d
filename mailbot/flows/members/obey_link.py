"""A member follows the link of List-Unsubscribe in his copy: he leaves the list, or lets it rest (RFC 8058).

The token is the proof, as in `leave_by_address`; whoever got the copy forwarded has it too, so the member hears of what
was done and can take it back for 7 days.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from mailbot.core.lists.list_command import LeaveList, Off
from mailbot.core.lists.list_sentences import list_sentence
from mailbot.core.lists.mailing_list import MailingList, leaving
from mailbot.core.mail.token import leave_token_copy, read_leave_token
from mailbot.core.refusal import Refusal
from mailbot.flows.members.answer_member import Answer, answer_member
from mailbot.flows.members.perform_list_command import Writer, perform_list_command
from mailbot.render import CommandLine
from mailbot.site import Site
from mailbot.store.bulletins import bulletins
from mailbot.store.lists import lists
from mailbot.store.members import other_addresses
from mailbot.store.sending import outbox


@dataclass(frozen=True)
class Link:
    """What a link is about."""

    list: MailingList
    address: str  # to which the copy went
    member: bool  # it still belongs to the list, or is reached by its magazine
    may_leave: bool  # False: a list of duty, whose mail can only rest


def read_link(connection: Connection, site: Site, token: str) -> Link | None:
    """Return what a link is about and change nothing; None when the token is none of ours, or too old."""
    copy = leave_token_copy(token)
    name = None if copy is None else outbox.list_of_post(connection, copy)
    if copy is None or name is None or read_leave_token([site.key], name, token) != copy:
        return None
    address, value = outbox.address_of(connection, copy), lists.load(connection, name)
    if address is None or value is None:
        return None
    address = other_addresses.home(connection, address)  # a copy may be older than that it is a further one
    reads = lists.is_member(connection, name, address) or bulletins.gets(connection, name, address)
    return Link(value, address, reads, leaving(value))


def obey_link(connection: Connection, site: Site, token: str, days: int | None, now: datetime) -> Link | None:
    """Let the member leave, or let his mail rest for so many days; returns how it was before, None as `read_link` does.

    Who has left already has what he wanted, and is not told again. Raises Refusal where the list cannot be left.
    """
    link = read_link(connection, site, token)
    if link is None or not link.member:
        return link
    today = now.astimezone(site.zone).date()
    command = LeaveList() if days is None else Off(last=today + timedelta(days=days))
    if days is None and not link.may_leave:
        raise Refusal(list_sentence(site.language, "duty", title=link.list.title))
    writer = Writer(link.address, proved=True, list_name=link.list.name)
    said = perform_list_command(connection, site, writer, command, now)
    line = list_sentence(site.language, "link-leave" if days is None else "link-off")
    answer = Answer([CommandLine(line, said.sentence, said.hints)], undo=said.undo)
    answer_member(connection, site, writer, answer, now, None)
    return link
