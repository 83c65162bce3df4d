"""Look up what one person has here, for the page that shows it to him: his lists, the surveys that he is asked, and results."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.lists.mailing_list import MailingList
from mailbot.core.mail.address import same_address
from mailbot.core.surveys.ledger import accepted
from mailbot.core.surveys.survey import Survey
from mailbot.flows.lists.read_archive import acts_for_office
from mailbot.flows.members.perform_list_command import status_of
from mailbot.flows.surveys.answer_reply import standing_of
from mailbot.flows.surveys.read_result import PublishedResult, own_results
from mailbot.site import Site
from mailbot.store.lists import lists, memberships
from mailbot.store.members import members
from mailbot.store.surveys import ballots, surveys


@dataclass(frozen=True)
class OwnList:
    """A list, and how its posts come to him."""

    list: MailingList
    status: str  # a line; "": he reads it for the office alone
    member: bool
    readable: bool  # its archive is his to read


@dataclass(frozen=True)
class OwnSurvey:
    """An open survey, and what stands for his body, or for himself."""

    survey: Survey
    body: str
    code: str
    version: int | None  # of what counts so far; None: nothing does
    waits: bool  # something of it waits for a person


@dataclass(frozen=True)
class Own:
    """What one person has here."""

    names: tuple[str, ...]
    lists: tuple[OwnList, ...]
    surveys: tuple[OwnSurvey, ...]
    results: tuple[PublishedResult, ...]


def look_up_own(connection: Connection, site: Site, address: str, now: datetime) -> Own:
    """Return what this person has here. `address` is his own, see store/members/other_addresses.py."""
    people = members.people_at(connection, address)
    return Own(
        tuple(f"{one.body.name} {one.contact.name}".strip() for one in people),
        tuple(_lists(connection, site, address, now)),
        tuple(_surveys(connection, address, {one.body.code: one.body.name for one in people})),
        tuple(own_results(connection, address)),
    )


def _lists(connection: Connection, site: Site, address: str, now: datetime) -> list[OwnList]:
    own = {one.list_name: one for one in memberships.of_person(connection, address)}
    belongs = set(lists.of_address(connection, address))
    office = acts_for_office(connection, site, address)
    found = []
    for value in lists.every(connection):
        chosen = own.get(value.name)
        status = "" if chosen is None else status_of(connection, site, address, chosen, now)
        if status or office:
            member = value.name in belongs
            found.append(OwnList(value, status, member, readable=value.archive and (member or office)))
    return found


def _surveys(connection: Connection, address: str, bodies: dict[str, str]) -> list[OwnSurvey]:
    found = []
    for key in ballots.open_at(connection, address):
        stored = surveys.load(connection, key)
        assert stored is not None, "an open survey is stored"
        for code, name in bodies.items():
            for ballot in ballots.of_subject(connection, key, code):
                if same_address(ballot.address, address):
                    stands = standing_of(connection, ballot, stored.survey.unit)
                    counts = stands is not None and accepted(stands.row.status)
                    version = stands.row.version if stands is not None and counts else None
                    waits = stands is not None and stands.held
                    found.append(OwnSurvey(stored.survey, name, code, version, waits))
    return found
