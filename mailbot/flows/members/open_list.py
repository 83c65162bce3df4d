"""A new closed group, asked for by mail: the office opens it at once, for everybody else with its word."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.lists.list_sentences import list_sentence
from mailbot.core.lists.mailing_list import MailingList
from mailbot.core.mail.address import list_name_fault, same_address
from mailbot.core.members.audience import NOBODY
from mailbot.core.refusal import Refusal
from mailbot.flows.members.ask_confirmation import ConfirmationQuestion, ask_confirmation
from mailbot.site import Site
from mailbot.store.lists import lists, memberships
from mailbot.store.members import members
from mailbot.store.office import journal
from mailbot.store.sending import allowances


def open_list(
    connection: Connection,
    site: Site,
    name: str,
    title: str,
    author: str,
    now: datetime,
    inbox_id: int | None,
) -> str | None:
    """Open the group, or ask the office; returns a sentence, None when the group is open.

    Raises Refusal for a name that cannot be, and for somebody who is not registered. The list stands in the database
    alone, as `members: none` and with its opener as a member whom the office added; `mailbot export` writes its file.
    """
    say = site.language
    if list_name_fault(name) is not None:
        raise Refusal(list_sentence(say, "list-name", name=name))
    taken = lists.names(connection)
    address = f"{name}@{site.domain}"
    if site.route(address, taken) is not None:
        raise Refusal(list_sentence(say, "list-taken", name=name))
    if same_address(author, site.office):
        open_for(connection, name, title, author, now, by=author)
        return None
    people = members.people_at(connection, author)
    if not people:
        raise Refusal(list_sentence(say, "not-registered", address=author))
    if not allowances.spend_duty_mail(connection, site.office, now):
        raise Refusal(list_sentence(say, "office-busy"))
    who = f"{people[0].body.name} {people[0].contact.name} <{author}>"
    request = list_sentence(say, "request-open", who=who, title=title, list=address)
    question = ConfirmationQuestion(
        "request-open",
        site.office,
        "office_request",
        about=name,
        detail={"name": name, "title": title, "address": author},
        by_mail=False,
        inbox_id=inbox_id,
    )
    ask_confirmation(connection, site, question, now, request=request)
    return list_sentence(say, "asked-office")


def open_for(
    connection: Connection, name: str, title: str, opener: str, now: datetime, *, by: str
) -> MailingList:
    """Make the list with its first member, who also decides about its held posts and lets others in; `by` decided it."""
    value = MailingList(name, title, "closed", NOBODY, f"[{name}:%05d]", moderators=(opener,))
    lists.save(connection, value)
    first = memberships.load(connection, name, opener)
    memberships.save(connection, replace(first, standing="added", changed_by=opener, changed_at=now))
    lists.refresh_every(connection, opener)
    journal.add(connection, "list.opened", now, who=by, about=name, person=opener, detail=title)
    return value
