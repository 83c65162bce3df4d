"""Choose the few bodies that something is tried out with, and make their ballots."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from mailbot.core.mail.address import address_key
from mailbot.core.mail.token import ballot_token, token_hash
from mailbot.core.members.audience import Selector
from mailbot.core.members.register import full_code
from mailbot.core.refusal import Refusal
from mailbot.core.surveys.trial import pilot_bodies
from mailbot.flows.surveys.open_survey import first_of_each_body, greeting
from mailbot.site import Site
from mailbot.store.members import members
from mailbot.store.members.members import Person
from mailbot.store.surveys import ballots, gateways
from mailbot.store.surveys.ballots import Ballot, NewBallot


def choose_bodies(
    connection: Connection, audience: Selector, *, to: Sequence[str], pilot: int
) -> list[Person]:
    """Return the contacts that these codes and addresses mean; without any, those of `pilot` bodies of the audience.

    Raises Refusal for a code or an address that the register does not have: a ballot always belongs to a body.
    """
    if to:
        return list({person.id: person for name in to for person in [_named(connection, name)]}.values())
    people = first_of_each_body(members.selected(connection, audience))
    chosen = {body.code for body in pilot_bodies((person.body for person in people), pilot)}
    if not chosen:
        raise Refusal("the audience selects nobody in the register; name somebody with --to")
    return [person for person in people if person.body.code in chosen]


def _named(connection: Connection, name: str) -> Person:
    if "@" in name:
        people = members.people_at(connection, name)
        if not people:
            raise Refusal(
                f"--to {name}: no contact of the register has this address; `mailbot members import` adds one"
            )
        return people[0]
    code = full_code(name)
    people = members.people_of(connection, code)
    if not people:
        raise Refusal(
            f"--to {name}: no body with the code {code} has a contact; see `mailbot members show {code}`"
        )
    return people[0]


def ballots_for(
    connection: Connection, site: Site, kind: str, subject: str, people: Sequence[Person], prefix: str
) -> list[Ballot]:
    """Return these people's ballots of a trial or a probe, made where they have none yet; the same one may go twice."""
    wide = gateways.columns_by_address(connection, [person.contact.email for person in people])
    before = {_key(ballot.code, ballot.address) for ballot in ballots.of_subject(connection, subject)}
    wanted = {_key(person.body.code, person.contact.email): person for person in people}
    new = [
        NewBallot(
            person.body.code,
            person.contact.email,
            greeting(person),
            f"{prefix}-{person.body.code}",
            wide.get(address_key(person.contact.email), ballots.WIDEST),
        )
        for key, person in wanted.items()
        if key not in before
    ]
    ballots.make(connection, kind, subject, new, lambda number: token_hash(ballot_token(site.key, number)))
    return [
        ballot
        for ballot in ballots.of_subject(connection, subject)
        if _key(ballot.code, ballot.address) in wanted
    ]


def _key(code: str, address: str) -> tuple[str, str]:
    return code, address_key(address)
