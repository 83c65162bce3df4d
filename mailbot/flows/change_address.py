"""Everything that belongs to one address goes to another: the register, the lists with their settings, open ballots."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from mailbot.core.address import same_address
from mailbot.core.list_sentences import list_sentence
from mailbot.flows.ask_confirmation import ask_confirmation
from mailbot.flows.open_survey import greeting
from mailbot.flows.tell_office import tell_office
from mailbot.render import ReportItem
from mailbot.site import Site
from mailbot.store import ballots, journal, lists, members, memberships, troubles

MAY_OBJECT = timedelta(days=14)


@dataclass(frozen=True)
class Move:
    """One change of address."""

    old: str
    new: str
    name: str | None  # of the successor; None: the same person
    by: str  # who asked for it


def change_address(connection: Connection, site: Site, move: Move, now: datetime) -> None:
    """Move everything, tell the old address, which may object for two weeks, and tell the office."""
    before = members.people_at(connection, move.old)
    old_name = before[0].contact.name if before else ""
    _move(connection, move, now)
    journal.add(
        connection, "address.changed", now, who=move.by, person=move.old, detail=f"{move.old} → {move.new}"
    )
    ask_confirmation(
        connection,
        site,
        "objection",
        move.old,
        site.render.letter(
            "address_changed",
            now=now,
            answerable=True,
            old=move.old,
            new=move.new,
            by=move.by,
            name=move.name or "",
        ),
        now,
        template="address_changed",
        about=move.new,
        detail={"old": move.old, "new": move.new, "name": old_name},
        by_mail=False,
        lasts=MAY_OBJECT,
    )
    _tell(connection, site, "told-move", move, now)


def take_back(connection: Connection, site: Site, move: Move, now: datetime) -> None:
    """Undo a change to which the old address objected (`move` names it as it was), and tell the office."""
    _move(connection, Move(move.new, move.old, move.name, move.by), now)
    journal.add(
        connection, "address.restored", now, who=move.by, person=move.old, detail=f"{move.new} → {move.old}"
    )
    _tell(connection, site, "told-move-back", move, now)


def _move(connection: Connection, move: Move, now: datetime) -> None:
    members.change_email(connection, move.old, move.new, move.name)
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
    report = site.render.office_report((ReportItem(move.old, sentence),), now=now)
    tell_office(connection, site, report, now, kind="office_report")
