"""Look after addresses whose mail comes back: weigh refusals, forget whoever is reached again, show the office the rest."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta

from sqlalchemy import Connection

from mailbot.core.bounces.bounce import refusal
from mailbot.core.calendar import Language
from mailbot.core.members.trouble import ARRIVED, QUIET, State, Trouble, score_at
from mailbot.core.office.journal_line import SERVICE
from mailbot.flows.members.break_off import break_off
from mailbot.flows.members.resume_address import resume_address
from mailbot.flows.members.weigh_failure import weigh_failure
from mailbot.flows.office.tell_office import tell_office
from mailbot.flows.surveys.pass_ballot import tell_unreached
from mailbot.render import ReportItem
from mailbot.site import Site
from mailbot.store.database import Database
from mailbot.store.members import members, troubles

MAIL = "bounce_summary"  # template and kind
_SUMMARY_DAY = 0  # Monday ...
_SUMMARY_FROM = time(9)  # ... local
_LOOK_BACK = timedelta(days=2)  # a service that was down for longer has more to do than to weigh old refusals
_MOST_SHOWN = 100  # addresses in one summary


def watch_addresses(database: Database, site: Site, now: datetime) -> int:
    """Do what has become due, in one transaction; returns how many addresses were touched."""
    with database.read() as connection:
        refused = troubles.refused(connection, now - _LOOK_BACK)
        asked = troubles.probed_before(connection, now - site.bounce_limits.probe_wait)
        quiet = [
            one
            for one in troubles.quiet_since(connection, now - QUIET)
            if troubles.reached(connection, one, now - ARRIVED)
        ]
        summary = _summary_due(connection, site, now)
    if not (refused or asked or quiet or summary):
        return 0
    with database.write() as connection:
        unreached: list[ReportItem] = []
        for one in refused:
            failed = refusal(one.reply, expired=one.expired)
            if weigh_failure(connection, site, one.delivery_id, failed, now, unreached) and failed.permanent:
                break_off(connection, site, one.delivery_id, now)
        tell_unreached(connection, site, unreached, now)
        for troubled in asked:
            resume_address(connection, troubled.address, "the probe did not come back", now, by=SERVICE)
        for troubled in quiet:
            troubles.forget(connection, troubled.address)
        if summary:
            _sum_up(connection, site, now)
    return len(refused) + len(asked) + len(quiet) + summary


def _summary_due(connection: Connection, site: Site, now: datetime) -> bool:
    """Tell whether it is Monday's time, or past it, and some address was not in a summary since."""
    local = now.astimezone(site.zone)
    monday = local - timedelta(days=(local.weekday() - _SUMMARY_DAY) % 7)
    at = monday.replace(hour=_SUMMARY_FROM.hour, minute=_SUMMARY_FROM.minute, second=0, microsecond=0)
    if at > local:
        at -= timedelta(days=7)
    return troubles.summed_before(connection, at)


def _sum_up(connection: Connection, site: Site, now: datetime) -> None:
    """Mail the office every address in trouble."""
    found = troubles.every(connection)
    if not found:
        return
    cooked = site.render.office.letter(
        MAIL,
        now=now,
        items=tuple(_item(connection, site, one, now) for one in found[:_MOST_SHOWN]),
        count=len(found),
        suspended=sum(one.state == "suspended" for one in found),
    )
    tell_office(connection, site, cooked, now, kind=MAIL)
    troubles.mark_summed(connection, now)


def _item(connection: Connection, site: Site, one: Trouble, now: datetime) -> tuple[str, str]:
    """Return whose address it is, and how things stand with it."""
    bodies = " ".join(
        dict.fromkeys(person.body.name for person in members.people_at(connection, one.address))
    )
    state = _STATES[site.language][one.state]
    last = one.last_at.astimezone(site.zone)
    score = f"{score_at(one, now, site.bounce_limits):.1f}"
    return (
        f"{one.address} {bodies}".strip(),
        f"{state} ({score})  {last:%Y-%m-%d}  {one.failure.status} {one.failure.words}",
    )


_STATES: Mapping[Language, Mapping[State, str]] = {
    "ja": {
        "watched": "様子を見ています",
        "probing": "確認のメールを送っています",
        "suspended": "配信を止めています",
    },
    "en": {"watched": "watched", "probing": "asked", "suspended": "suspended"},
}
