"""Open a survey: freeze the electorate, make each body's ballot, and queue the invitations."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.audience import Selector
from mailbot.core.header import clean
from mailbot.core.refusal import Refusal
from mailbot.core.token import ballot_token, token_hash
from mailbot.site import Site
from mailbot.store import ballots, members, occurrences, outbox, surveys
from mailbot.store.ballots import Ballot, NewBallot
from mailbot.store.members import Person

_LONGEST_GREETING = 120  # characters


def open_survey(
    connection: Connection, site: Site, key: str, now: datetime, *, late_since: datetime | None = None
) -> int:
    """Open a planned survey now; returns how many were invited. Raises Refusal when it cannot be opened."""
    stored = surveys.lock(connection, key)
    if stored is None:
        raise Refusal(
            f"survey {key}: there is none with this key; `mailbot surveys list` shows those that were applied"
        )
    if stored.state != "planned":
        raise Refusal(
            f"survey {key} is {stored.state} already; it was opened {stored.opened_at:%Y-%m-%d %H:%M %Z}"
        )
    survey = stored.survey
    if survey.closes <= now:
        raise Refusal(
            f"survey {key}: its close ({survey.closes:%Y-%m-%d %H:%M}) is past; set `closes` and apply again"
        )
    made = make_ballots(connection, site, "survey", key, survey.audience)
    if not made:
        raise Refusal(
            f"survey {key}: its audience selects nobody in the register; see `audience:` in its definition"
        )
    surveys.set_open(connection, key, now)
    occurrences.settle_waiting(connection, f"survey:{key}:open", "done", f"{len(made)} invited", now)
    mailing_id = outbox.add_mailing(
        connection,
        kind="invitation",
        subject=key,
        cooked=site.render.invitation(survey, now=now, late_since=late_since),
        bounces="bounce",
        now=now,
    )
    outbox.queue(connection, mailing_id, [ballot_copy(ballot) for ballot in made], now)
    return len(made)


def make_ballots(connection: Connection, site: Site, kind: str, key: str, audience: Selector) -> list[Ballot]:
    """Make one ballot for each body that the audience selects, sent to its first contact among those selected."""
    wanted = [
        NewBallot(person.body.code, person.contact.email, greeting(person), f"{key}-{person.body.code}")
        for person in first_of_each_body(members.selected(connection, audience))
    ]
    return ballots.make(
        connection, kind, key, wanted, lambda ballot_id: token_hash(ballot_token(site.key, ballot_id))
    )


def first_of_each_body(people: Iterable[Person]) -> list[Person]:
    """Return the contact of best rank of each body; people come by code and rank."""
    first: dict[str, Person] = {}
    for person in people:
        first.setdefault(person.body.code, person)
    return list(first.values())


def greeting(person: Person) -> str:
    """Return how a contact is addressed: 長野市 情報政策課 山田様; what the register says cannot end the line."""
    name = f"{person.contact.name}様" if person.contact.name else "ご担当者様"
    return clean(" ".join(word for word in (person.body.name, person.contact.role, name) if word))[
        :_LONGEST_GREETING
    ]


def ballot_copy(ballot: Ballot) -> outbox.Addressee:
    """Return the outbox row of one body's own copy."""
    fields = {"greeting": ballot.greeting, "reference": ballot.reference, "code": ballot.code}
    return outbox.Addressee(ballot.address, ballot.id, fields)
