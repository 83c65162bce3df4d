"""Take a person out of everything that is kept, and leave what others' rights rest on: votes of bodies, proofs, posts' text."""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.lists.bigram import terms
from mailbot.core.mail.address import address_key, same_address
from mailbot.core.mail.message import parse
from mailbot.core.members.erasure import ErasedPerson
from mailbot.core.office.journal_line import COMMAND_LINE
from mailbot.core.refusal import Refusal
from mailbot.net import maildir
from mailbot.site import Site
from mailbot.store.bulletins import bulletins
from mailbot.store.events import events, meetings
from mailbot.store.members import other_addresses, persons
from mailbot.store.office import journal
from mailbot.store.sending import bundles, fan_outs
from mailbot.store.surveys import ballots, surveys
from mailbot.store.transactions import after_commit, scrub_after


@dataclass(frozen=True)
class Erased:
    """What was taken out, and what stays."""

    stand_in: str  # stands where the address stood
    removed: Mapping[str, int]  # rows that are gone, by table
    withdrawn: int  # copies that still waited
    mails: int  # raw and sent mails that were emptied or changed
    posts: int  # of the archive
    rows: int  # of other tables
    ledgers: Mapping[str, int]  # rows of ledgers, by survey or event

    @property
    def stays(self) -> tuple[str, ...]:
        """What was not removed, each with its reason."""
        kept = []
        if self.ledgers:
            kept.append(
                "the answers that the person gave for a body: they are the body's, and tallies and proofs rest on them; "
                "who wrote them is gone"
            )
        if self.posts:
            kept.append(
                "the text of posts to lists: others answered them; author and address are gone, a name in running text "
                "may not be"
            )
        kept.append("the body in the register, and the date of this erasure under a keyed hash")
        return tuple(kept)


def erase_person(connection: Connection, site: Site, address: str, now: datetime) -> Erased:
    """Remove, or put a stand-in in the place of, everything by which the person at an address is known.

    All of a person's addresses go, whichever of them is named. Raises Refusal when something outside of the database
    would bring the address back, or a secret survey is open that it takes part in.
    """
    addresses = other_addresses.of_person(connection, address)
    for each in addresses:
        _refuse_what_returns(connection, site, each, now)
    if not any(persons.rows_about(connection, each) for each in addresses):
        raise Refusal(f"{address}: nothing is kept about this address")
    fan_outs.finish(connection)  # they name the address up to which they have come
    bundles.open_all(connection)  # his copy is one of many there
    names = tuple(dict.fromkeys(name for each in addresses for name in _names(connection, each)))
    own_names = persons.own_names(connection, addresses)
    stand_in = f"erased-{persons.count_erasures(connection) + 1}@erased.invalid"
    # The address to which his mail goes is the last: the others are known by it.
    # Each has a stand-in of its own: two of them may have been asked for one body in one survey.
    taken = [
        _take_out(connection, site, ErasedPerson(each, names, _nth(stand_in, place), own_names), now)
        for place, each in reversed(list(enumerate(addresses, 1)))
    ]
    return Erased(
        stand_in,
        _sums(one.removed for one in taken),
        sum(one.withdrawn for one in taken),
        sum(one.mails for one in taken),
        sum(one.posts for one in taken),
        sum(one.rows for one in taken),
        _sums(one.ledgers for one in taken),
    )


def _nth(stand_in: str, place: int) -> str:
    """Return the stand-in of a person's first, second, ... address: erased-1, erased-1-2."""
    return stand_in if place == 1 else stand_in.replace("@", f"-{place}@")


def _sums(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    whole: Counter[str] = Counter()
    for one in counts:
        whole.update(one)
    return dict(whole)


def _take_out(connection: Connection, site: Site, person: ErasedPerson, now: datetime) -> Erased:
    """Take one address out, with the person's names."""
    address = person.address
    withdrawn = persons.withdraw_copies(connection, address)
    persons.take_out_of_greetings(connection, person)
    changed, mails = persons.take_out_of_mails(connection, person)
    ledgers = persons.take_out_of_ledgers(connection, person, changed, now)
    posts = persons.take_out_of_posts(connection, person, changed, _words)
    removed = persons.remove(connection, address, now)
    rows = journal.erase(connection, person.out_of_text, now, who=COMMAND_LINE)
    rows += persons.take_out_of_texts(connection, person)
    digest = hmac.new(site.key, f"erased:{address_key(address)}".encode(), hashlib.sha256).hexdigest()
    persons.note_erasure(connection, f"erasure {digest}: {person.stand_in}, {mails} mails, {rows} rows", now)
    after_commit(connection, lambda: maildir.take_out(site.outgoing, person))
    scrub_after(connection, persons.TOUCHED)
    return Erased(person.stand_in, removed, withdrawn, mails, posts, rows, ledgers)


def _refuse_what_returns(connection: Connection, site: Site, address: str, now: datetime) -> None:
    for own in (*site.of_office, *site.witnesses):
        if same_address(own, address):
            raise Refusal(
                f"{address} stands in the configuration (office, desk or witnesses); take it out there first"
            )
    if named := persons.lists_that_name(connection, address):
        raise Refusal(
            f"{address}: the definition of the list {named[0]} names it; take it out of config/lists/ and run "
            "`mailbot apply` first"
        )
    _refuse_definitions(connection, site, address, now)
    for stored in surveys.every(connection):
        survey = stored.survey
        if survey.mode != "sealed" or stored.state != "open":
            continue
        if any(
            same_address(ballot.address, address) for ballot in ballots.of_subject(connection, survey.key)
        ):
            raise Refusal(
                f"{address} is asked by the secret survey {survey.key}, which is open; erase it after the close: "
                "its rows are sealed until then"
            )


def _refuse_definitions(connection: Connection, site: Site, address: str, now: datetime) -> None:
    """Refuse while a definition that names the address is still to be acted upon: what is over is cleared instead."""
    of_meetings = meetings.own_keys(connection)
    today = now.astimezone(site.zone).date()
    named = {kind: persons.definitions_that_name(connection, kind, address) for kind in persons.DEFINED}
    live: list[tuple[str, str]] = []
    for survey in surveys.every(connection):
        key = survey.survey.key
        if key in named["survey"] - of_meetings and survey.state == "open":
            raise Refusal(
                f"{address}: the definition of the survey {key} names it, and the survey is open; erase it after the close"
            )
        if key in named["survey"] - of_meetings and survey.state == "planned":
            live.append(("survey", key))
    live += [
        ("event", one.event.key)
        for one in events.every(connection)
        if one.event.key in named["event"] - of_meetings and one.event.date >= today
    ]
    live += [
        ("bulletin", one.bulletin.key)
        for one in bulletins.every(connection)
        if one.bulletin.key in named["bulletin"] and one.state == "draft"
    ]
    live += [
        ("meeting", one.meeting.key)
        for one in meetings.every(connection)
        if one.meeting.key in named["meeting"] and (one.starts is None or one.starts >= now)
    ]
    for kind, key in live:
        raise Refusal(
            f"{address}: the definition of the {kind} {key} names it; write it without the address in config/{kind}s/ "
            "and run `mailbot apply` first"
        )


def _names(connection: Connection, address: str) -> tuple[str, ...]:
    """Return the names by which the person is registered, or wrote to us; the longest first."""
    signed = {parse(row[4]).from_name for row in persons.mails_from(connection, address) if row[4]}
    return tuple(
        sorted({*persons.registered_names(connection, address), *signed} - {""}, key=len, reverse=True)
    )


def _words(content: bytes) -> list[str]:
    """Return the words by which a changed post is found."""
    message = parse(content)
    return terms("\n\n".join((message.subject, *message.attachments, message.text)))
