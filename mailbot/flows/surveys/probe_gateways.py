"""Send the round-trip probe to a few bodies, and say what their mail systems did to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.mail.address import address_key
from mailbot.core.members.audience import Selector
from mailbot.core.surveys.gateway import probe_lines
from mailbot.flows.surveys.choose_bodies import ballots_for, choose_bodies
from mailbot.flows.surveys.open_survey import ballot_copy
from mailbot.site import Site
from mailbot.store.members import members
from mailbot.store.sending import outbox
from mailbot.store.surveys import gateways
from mailbot.store.surveys.ballots import Ballot
from mailbot.store.surveys.gateways import Gateway

SUBJECT = "probe:"  # and the day on which it was sent


@dataclass(frozen=True)
class Probed:
    """One body that got a probe."""

    code: str
    body: str  # its name
    address: str
    gateway: Gateway | None  # None: no reply yet


def probe_gateways(
    connection: Connection, site: Site, now: datetime, *, to: Sequence[str], pilot: int
) -> list[Ballot]:
    """Queue a probe to these codes and addresses, or else to `pilot` bodies of the register; returns their ballots."""
    day = now.astimezone(site.zone).date().isoformat()
    people = choose_bodies(connection, Selector(everyone=True), to=to, pilot=pilot)
    asked = ballots_for(connection, site, "probe", SUBJECT + day, people, f"probe-{day}")
    cooked = site.render.surveys.probe(f"probe-{day}", probe_lines(site.language), now=now)
    mailing_id = outbox.add_mailing(
        connection, kind="probe", subject=SUBJECT + day, cooked=cooked, bounces="bounce", now=now
    )
    outbox.queue(connection, mailing_id, [ballot_copy(ballot) for ballot in asked], now)
    return asked


def report_probes(connection: Connection) -> list[Probed]:
    """Return every address that was ever probed, with what its newest reply showed, by code."""
    known = gateways.every(connection)
    names = members.bodies(connection)
    return [
        Probed(code, names[code].name, address, known.get(address_key(address)))
        for code, address in gateways.asked(connection)
    ]
