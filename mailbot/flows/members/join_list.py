"""One registered contact joins a list: at once, or with the word of its moderators or the office, as the list has it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.lists.list_sentences import list_sentence
from mailbot.core.lists.mailing_list import MailingList, joining
from mailbot.core.lists.membership import ListStanding
from mailbot.core.refusal import Refusal
from mailbot.flows.members.ask_confirmation import ConfirmationQuestion, ask_confirmation
from mailbot.site import Site
from mailbot.store.lists import lists, memberships
from mailbot.store.members import members, other_addresses
from mailbot.store.members.members import Person
from mailbot.store.office import journal
from mailbot.store.sending import allowances


def join_list(
    connection: Connection, site: Site, value: MailingList, address: str, now: datetime, inbox_id: int | None
) -> str:
    """Let him in, or ask the office; returns a sentence. Raises Refusal where neither is possible."""
    say, title = site.language, value.title
    if lists.is_member(connection, value.name, address):
        return list_sentence(say, "is-member", title=title)
    people = refuse_newcomer(connection, site, value, address)
    standing = memberships.load(connection, value.name, address).standing
    # Somebody whom the list selects, and who left, may come back at will; whom the office took out, only the office lets in.
    returns = standing == "left" and lists.is_selected(connection, value, address)
    if returns or (joining(value) == "confirm" and standing != "removed"):
        let_in(connection, value, address, address, now)
        return list_sentence(say, "did-join", title=title, list=f"{value.name}@{site.domain}")
    asked = value.moderators or (site.office,)
    free = [one for one in asked if allowances.spend_duty_mail(connection, one, now)]
    if not free:
        raise Refusal(list_sentence(say, "office-busy"))
    who = f"{people[0].body.name} {people[0].contact.name} <{address}>"
    request = list_sentence(say, "request-join", who=who, title=title)
    for one in free:
        question = ConfirmationQuestion(
            "request-join",
            one,
            "office_request",
            about=value.name,
            detail={"address": address},
            by_mail=False,
            inbox_id=inbox_id,
        )
        ask_confirmation(connection, site, question, now, request=request)
    return list_sentence(say, "asked-moderators" if value.moderators else "asked-office")


def refuse_newcomer(connection: Connection, site: Site, value: MailingList, address: str) -> list[Person]:
    """Refuse whoever cannot join by their own word, without telling the list's title; else return who is registered there."""
    if joining(value) == "closed":
        raise Refusal(list_sentence(site.language, "join-closed", title=f"{value.name}@{site.domain}"))
    people = members.people_at(connection, address)
    if not people:
        raise Refusal(list_sentence(site.language, "not-registered", address=address))
    return people


def admits(connection: Connection, site: Site, value: MailingList, address: str) -> bool:
    """Tell whether this person lets others into the list: the office, and its moderators."""
    hosts = (site.office, *value.moderators)
    return any(other_addresses.same_person(connection, address, one) for one in hosts)


def let_in(connection: Connection, value: MailingList, address: str, by: str, now: datetime) -> None:
    """Make somebody a member: by the selector alone where that means him, else by his own wish."""
    before = memberships.load(connection, value.name, address)
    standing: ListStanding = "" if lists.is_selected(connection, value, address) else "joined"
    had = lists.last_number(connection, value.name)  # what went out before he came is in no digest of his
    memberships.save(
        connection, replace(before, standing=standing, digested=had, changed_by=by, changed_at=now)
    )
    lists.refresh_every(connection, address)
    journal.add(connection, "member.joined", now, who=by, about=value.name, person=address)
