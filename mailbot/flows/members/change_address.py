"""Everything that belongs to one address goes to another: the register, the lists with their settings, open ballots."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from mailbot.core.lists.list_sentences import list_sentence
from mailbot.core.mail.address import same_address
from mailbot.flows.members.ask_confirmation import ConfirmationQuestion, ask_confirmation
from mailbot.flows.office.tell_office import tell_office
from mailbot.flows.surveys.open_survey import greeting
from mailbot.render import ReportItem
from mailbot.site import Site
from mailbot.store.lists import lists, memberships
from mailbot.store.members import members, other_addresses, troubles
from mailbot.store.office import journal
from mailbot.store.surveys import ballots

MAY_OBJECT = timedelta(days=14)


@dataclass(frozen=True)
class Move:
    """One change of address."""

    old: str
    new: str
    name: str | None  # of the successor; None: the same person
    by: str  # who asked for it
    successor: bool = False  # another person takes over; the further addresses of the old one are not his
    others: frozenset[str] = frozenset()  # further addresses that a move back gives back


def change_address(connection: Connection, site: Site, move: Move, now: datetime) -> None:
    """Move everything, tell the old address, which may object for two weeks, and tell the office."""
    before = members.people_at(connection, move.old)
    old_name = before[0].contact.name if before else ""
    others = before[0].contact.others if before and move.successor else frozenset()
    _move(connection, move, now)
    journal.add(
        connection, "address.changed", now, who=move.by, person=move.old, detail=f"{move.old} → {move.new}"
    )
    question = ConfirmationQuestion(
        "objection",
        move.old,
        "address_changed",
        about=move.new,
        detail={
            "old": move.old,
            "new": move.new,
            "name": old_name,
            "successor": "yes" if move.successor else "",
            "others": "\n".join(sorted(others)),
        },
        by_mail=False,
        lasts=MAY_OBJECT,
    )
    ask_confirmation(
        connection, site, question, now, old=move.old, new=move.new, by=move.by, name=move.name or ""
    )
    _tell(connection, site, "told-move", move, now)


def take_back(connection: Connection, site: Site, move: Move, now: datetime) -> None:
    """Undo a change to which the old address objected (`move` names it as it was), and tell the office."""
    _move(connection, replace(move, old=move.new, new=move.old), now)
    journal.add(
        connection, "address.restored", now, who=move.by, person=move.old, detail=f"{move.new} → {move.old}"
    )
    _tell(connection, site, "told-move-back", move, now)


def _move(connection: Connection, move: Move, now: datetime) -> None:
    own = other_addresses.same_person(connection, move.old, move.new)
    members.change_email(connection, move.old, move.new, move.name, successor=move.successor)
    if own and not move.successor:  # the two addresses change places: the main one becomes a further one
        other_addresses.add(connection, move.new, move.old)
    for one in sorted(move.others):
        if not members.people_at(connection, one):  # it may have become somebody's meanwhile
            other_addresses.add(connection, move.new, one)
    memberships.move(connection, move.old, move.new, move.by, now)
    lists.rename_moderator(connection, move.old, move.new)
    for address in (move.old, move.new):  # what came back from the old one says nothing of the new one
        troubles.forget(connection, address)
    for address in (move.old, move.new):
        lists.refresh_every(connection, address)
    for person in members.people_at(connection, move.new):
        if same_address(person.contact.email, move.new):
            ballots.readdress(connection, person.body.code, move.old, move.new, greeting(person))


def _tell(connection: Connection, site: Site, name: str, move: Move, now: datetime) -> None:
    sentence = list_sentence(site.language, name, old=move.old, new=move.new, by=move.by)
    report = site.render.office.report((ReportItem(move.old, sentence),), now=now)
    tell_office(connection, site, report, now, kind="office_report", by_others=True)
