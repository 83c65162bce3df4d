"""Remind, of an open survey, only those from whom nothing complete has come."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection

from mailbot.core.mail.address import address_key
from mailbot.core.office.journal_line import COMMAND_LINE
from mailbot.core.refusal import Refusal
from mailbot.core.surveys.gateway import Layout
from mailbot.core.surveys.ledger import standings, standings_of_ballots, standings_of_voters
from mailbot.core.surveys.survey import Survey
from mailbot.flows.surveys.open_survey import greeting, queue_ballots
from mailbot.flows.surveys.pass_ballot import next_contact
from mailbot.site import Site
from mailbot.store.members import members, troubles
from mailbot.store.members.members import Person
from mailbot.store.office import journal
from mailbot.store.sending import sendings
from mailbot.store.sending.sendings import Last
from mailbot.store.surveys import ballots, ledgers, proxies, surveys
from mailbot.store.surveys.ballots import Ballot

_COMPLETE = frozenset({"counted", "declined"})
_LATELY = timedelta(hours=12)  # the same day's work: whoever reminds then has not seen that another did


class RemindedLately(Refusal):
    """Those missing have just been reminded."""

    def __init__(self, key: str, last: Last, who: str, at: str) -> None:
        super().__init__(
            f"survey {key}: {last.copies} were reminded {at} by {who}; --again reminds those still missing once more"
        )
        self.last, self.who = last, who


def remind_survey(
    connection: Connection,
    site: Site,
    key: str,
    now: datetime,
    *,
    late_since: datetime | None = None,
    again: bool = False,
    by: str = COMMAND_LINE,
) -> int:
    """Queue a reminder to those missing; returns how many.

    Raises Refusal when the survey is not open, and RemindedLately when a reminder went out within twelve hours and none
    is to go `again`.
    """
    stored = surveys.lock(connection, key)
    if stored is None or stored.state != "open":
        state = "not there" if stored is None else stored.state
        raise Refusal(f"survey {key} is {state}; only an open survey has somebody to remind")
    asked = _present(connection, stored.survey, missing(connection, stored.survey), now)
    if asked and not again:
        _refuse_twice(connection, site, key, now)
    begun = _begun(connection, stored.survey)
    for partly in (False, True):
        to = [ballot for ballot in asked if (ballot.id in begun) == partly]
        queue_ballots(
            connection,
            "reminder",
            to,
            partial(_cook, site, stored.survey, now, late_since=late_since, partly=partly),
            now,
        )
    journal.add(connection, "survey.reminded", now, who=by, about=key, detail=f"{len(asked)} reminded")
    return len(asked)


def reminded_lately(connection: Connection, key: str, now: datetime) -> Last | None:
    """Return the reminder that went out within twelve hours before now; None: there was none."""
    last = sendings.last(connection, key, "reminder")
    return last if last is not None and now - last.made_at < _LATELY else None


def _refuse_twice(connection: Connection, site: Site, key: str, now: datetime) -> None:
    if (last := reminded_lately(connection, key, now)) is not None:
        who = journal.who_did(connection, "survey.reminded", key, last.made_at)
        raise RemindedLately(key, last, who, f"{last.made_at.astimezone(site.zone):%Y-%m-%d %H:%M}")


def missing(connection: Connection, survey: Survey) -> list[Ballot]:
    """Return the ballots from which nothing complete has come."""
    rows = ledgers.rows(connection, survey.key)
    asked = ballots.of_subject(connection, survey.key)
    if survey.unit == "person":
        by_ballot = standings_of_ballots(rows)
        done = {number for number, stands in by_ballot.items() if stands.row.status in _COMPLETE}
        return [ballot for ballot in asked if ballot.id not in done]
    given = {proxy.code for proxy in proxies.standing(connection, survey.key)} if survey.resolution else set()
    complete = given | {code for code, stands in standings(rows).items() if stands.row.status in _COMPLETE}
    return [ballot for ballot in asked if ballot.code not in complete]


def _cook(
    site: Site, survey: Survey, now: datetime, layout: Layout, *, late_since: datetime | None, partly: bool
) -> bytes:
    return site.render.surveys.invitation(
        survey, reminds=True, partly=partly, now=now, late_since=late_since, layout=layout
    )


def _begun(connection: Connection, survey: Survey) -> set[int]:
    """Return the ballots to some of whose questions an answer stands, and not yet to all."""
    rows = ledgers.rows(connection, survey.key)
    stands = standings_of_voters(rows, survey.unit)
    begun = [
        each.row
        for each in stands
        if each.row.status == "partial" and any(answer is not None for answer in each.row.stands.values())
    ]
    codes, numbers = {row.code for row in begun}, {row.ballot_id for row in begun}
    asked = ballots.of_subject(connection, survey.key)
    return {
        each.id for each in asked if (each.id in numbers if survey.unit == "person" else each.code in codes)
    }


def _present(connection: Connection, survey: Survey, asked: list[Ballot], now: datetime) -> list[Ballot]:
    """Put the next contact's address in place of one that answers by itself now, or where nobody is (ballot.md section 13)."""
    gone = troubles.nobody_at(connection, survey.key) if survey.unit == "body" else {}
    passed_by = [
        ballot
        for ballot in asked
        if (ballot.absent_until is not None and now < ballot.absent_until)
        or address_key(ballot.address) in gone.get(ballot.id, [])
    ]
    if not passed_by:
        return asked
    contacts: dict[str, list[Person]] = {}
    for person in members.people(connection, sorted({ballot.code for ballot in passed_by})):
        contacts.setdefault(person.body.code, []).append(person)
    instead: dict[int, Person] = {}
    for ballot in passed_by:
        following = next_contact(contacts.get(ballot.code, []), ballot, gone.get(ballot.id, []))
        if following is not None:
            instead[ballot.id] = following
    return [_to(ballot, instead.get(ballot.id)) for ballot in asked]


def _to(ballot: Ballot, person: Person | None) -> Ballot:
    """Return the ballot as it goes to a person in place of the one that it was made for."""
    if person is None:
        return ballot
    return replace(ballot, address=person.contact.email, greeting=greeting(person))
