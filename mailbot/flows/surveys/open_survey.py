"""Open a survey: freeze the electorate, make each body's ballot, and queue the invitations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.calendar import moment_words
from mailbot.core.mail.address import address_key
from mailbot.core.mail.header import clean
from mailbot.core.mail.token import ballot_token, token_hash
from mailbot.core.members.audience import Selector
from mailbot.core.members.register import Body
from mailbot.core.office.run_words import run_sentence
from mailbot.core.refusal import Refusal
from mailbot.core.surveys.gateway import Layout
from mailbot.core.surveys.survey import Survey
from mailbot.core.surveys.two_persons import opening_waits_for
from mailbot.flows.surveys.seal_votes import make_seal_key
from mailbot.site import Site
from mailbot.store.members import members
from mailbot.store.members.members import Person
from mailbot.store.office import acts
from mailbot.store.runs import occurrences
from mailbot.store.sending import outbox
from mailbot.store.surveys import ballots, gateways, surveys
from mailbot.store.surveys.ballots import Ballot, NewBallot
from mailbot.store.surveys.surveys import StoredSurvey

_LONGEST_GREETING = 120  # characters


def open_survey(
    connection: Connection, site: Site, key: str, now: datetime, *, late_since: datetime | None = None
) -> int:
    """Open a planned survey now; returns how many were invited. Raises Refusal when it cannot be opened."""
    stored = _planned(connection, site, key)
    survey = _by_its_base_date(site, stored.survey, now)
    if survey.closes <= now:
        raise Refusal(
            f"survey {key}: its close ({survey.closes:%Y-%m-%d %H:%M}) is past; set `closes` and apply again",
            told=run_sentence(site.language, "closed-before", at=moment_words(survey.closes, site.language)),
        )
    _refuse_unapproved(connection, site, stored.survey)
    made = freeze_electorate(connection, site, survey)
    if not made:
        raise Refusal(
            f"survey {key}: its audience selects nobody in the register; see `audience:` in its definition",
            told=run_sentence(site.language, "nobody-asked"),
        )
    chair = survey.resolution.chair if survey.resolution is not None else ""
    if chair and all(ballot.code != chair for ballot in made):
        raise Refusal(
            f"survey {key}: `chair` {chair} is not in its audience, and could vote for nobody",
            told=run_sentence(site.language, "chair-outside", chair=chair),
        )
    seal_key = make_seal_key() if survey.mode == "sealed" else None
    if survey != stored.survey:
        surveys.save(connection, survey)
    surveys.set_open(connection, key, now, seal_key=seal_key)
    for action in ("open", "freeze"):
        occurrences.settle_waiting(connection, f"survey:{key}:{action}", "done", f"{len(made)} invited", now)
    queue_ballots(
        connection,
        "invitation",
        made,
        lambda layout: site.render.surveys.invitation(survey, now=now, late_since=late_since, layout=layout),
        now,
    )
    return len(made)


def _planned(connection: Connection, site: Site, key: str) -> StoredSurvey:
    stored = surveys.require(connection, key, locked=True)
    if stored.state != "planned":
        raise Refusal(
            f"survey {key} is {stored.state} already; it was opened {_local(site, stored.opened_at)}"
        )
    return stored


def _refuse_unapproved(connection: Connection, site: Site, survey: Survey) -> None:
    """Refuse to open a survey as long as somebody must approve exactly this text and has not."""
    digest = acts.digest_of(survey)
    waits_for = opening_waits_for(
        survey,
        site.people,
        approved=acts.approved(connection, survey.key, "open", digest),
        sent_back=acts.sent_back(connection, survey.key, "open", digest),
    )
    if waits_for:
        raise Refusal(
            f"survey {survey.key} waits for the 承認 of {' or '.join(waits_for)}, and nobody has given it to exactly "
            f"this text; `mailbot surveys draft {survey.key}` sends the draft",
            told=run_sentence(site.language, "unapproved", who="、".join(waits_for), key=survey.key),
        )


def _by_its_base_date(site: Site, survey: Survey, now: datetime) -> Survey:
    """Return the survey with the base date that its ballots can truly name: none that has not come.

    A resolution that is opened before its base date has the electorate of the day on which it is opened.
    """
    today = now.astimezone(site.zone).date()
    if survey.resolution is None or survey.resolution.base_date <= today:
        return survey
    return replace(survey, resolution=replace(survey.resolution, base_date=today))


def _local(site: Site, moment: datetime | None) -> str:
    return "" if moment is None else f"{moment.astimezone(site.zone):%Y-%m-%d %H:%M}"


def freeze_electorate(connection: Connection, site: Site, survey: Survey) -> list[Ballot]:
    """Return the ballots of a survey, made from the register now unless they were frozen before (基準日)."""
    frozen = ballots.of_subject(connection, survey.key)
    return frozen or make_ballots(
        connection, site, "survey", survey.key, survey.audience, each_person=survey.unit == "person"
    )


def make_ballots(
    connection: Connection, site: Site, kind: str, key: str, audience: Selector, *, each_person: bool = False
) -> list[Ballot]:
    """Make one ballot for each body that the audience selects, sent to its first contact among those selected.

    `each_person`: one for each contact instead, with a number after the reference.
    """
    selected = members.selected(connection, audience)
    people = selected if each_person else first_of_each_body(selected)
    columns = gateways.columns_by_address(connection, [person.contact.email for person in people])
    wanted = [
        NewBallot(
            person.body.code,
            person.contact.email,
            greeting(person),
            f"{key}-{person.body.code}" + (f"-{person.contact.rank}" if each_person else ""),
            columns.get(address_key(person.contact.email), ballots.WIDEST),
        )
        for person in people
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


def greeting_of_body(body: Body) -> str:
    """Return how somebody of a body is addressed of whom the register knows nothing: 長野市 ご担当者様."""
    return clean(f"{body.name} ご担当者様")[:_LONGEST_GREETING]


def queue_ballots(
    connection: Connection, kind: str, to: Sequence[Ballot], cook: Callable[[Layout], bytes], now: datetime
) -> None:
    """Queue a mail with a ballot to each of these, cooked once for each layout that their gateways need."""
    for layout, own in gateways.by_layout(connection, to).items():
        mailing_id = outbox.add_mailing(
            connection, kind=kind, subject=own[0].subject, cooked=cook(layout), bounces="bounce", now=now
        )
        outbox.queue(connection, mailing_id, [ballot_copy(ballot) for ballot in own], now)


def ballot_copy(ballot: Ballot) -> outbox.Addressee:
    """Return the outbox row of one body's own copy."""
    fields = {"greeting": ballot.greeting, "reference": ballot.reference, "code": ballot.code}
    if ballot.issue > 1:
        fields["issue"] = str(ballot.issue)
    return outbox.Addressee(ballot.address, ballot.id, fields)
