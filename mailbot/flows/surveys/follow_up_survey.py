"""Send each block representative the bodies of that prefecture from which nothing has come, in a form to copy from."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.members.audience import Selector
from mailbot.core.refusal import Refusal
from mailbot.flows.surveys.open_survey import greeting
from mailbot.flows.surveys.remind_survey import missing
from mailbot.site import Site
from mailbot.store.members import members
from mailbot.store.sending import outbox
from mailbot.store.surveys import surveys


def follow_up_survey(
    connection: Connection, site: Site, key: str, now: datetime, *, late_since: datetime | None = None
) -> int:
    """Queue the lists of the missing to the contacts with the survey's tag; returns to how many.

    A prefecture from which nobody is missing gets no mail. Raises Refusal when the survey is not open.
    """
    stored = surveys.lock(connection, key)
    if stored is None or stored.state != "open":
        state = "not there" if stored is None else stored.state
        raise Refusal(f"survey {key} is {state}; only an open survey has bodies to follow up")
    survey, bodies = stored.survey, members.bodies(connection)
    absent: dict[str, list[str]] = {}
    for code in dict.fromkeys(ballot.code for ballot in missing(connection, survey)):
        absent.setdefault(bodies[code].prefecture, []).append(f"{code} {bodies[code].name}")
    asked: dict[str, list[members.Person]] = {}
    for person in members.selected(connection, Selector(tags=(survey.follow_up_tag,))):
        asked.setdefault(person.body.prefecture, []).append(person)
    told = 0
    for prefecture, people in asked.items():
        if names := absent.get(prefecture):
            cooked = site.render.surveys.follow_up(
                survey, prefecture, tuple(names), now=now, late_since=late_since
            )
            mailing_id = outbox.add_mailing(
                connection, kind="follow_up", subject=key, cooked=cooked, bounces="bounce", now=now
            )
            outbox.queue(connection, mailing_id, [_copy(person, key) for person in people], now)
            told += len(people)
    return told


def _copy(person: members.Person, key: str) -> outbox.Addressee:
    fields = {"greeting": greeting(person), "reference": key, "code": person.body.code}
    return outbox.Addressee(person.contact.email, None, fields)
