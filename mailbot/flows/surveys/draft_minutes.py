"""Draft the minutes 議事録 of a closed resolution, for the secretariat to complete and sign."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.members.register import Body
from mailbot.core.refusal import Refusal
from mailbot.core.surveys.resolution import CHAIR
from mailbot.flows.surveys.count_resolution import Counted, count_resolution
from mailbot.flows.surveys.record_proxy import holder_words
from mailbot.render import Minutes
from mailbot.site import Site
from mailbot.store.members import members
from mailbot.store.surveys import ledgers


def draft_minutes(connection: Connection, site: Site, key: str) -> str:
    """Return the draft as plain text. Raises Refusal when it is no resolution, or is not closed."""
    counted = count_resolution(connection, key)
    stored = counted.stored
    if stored.state != "closed" or stored.opened_at is None or stored.closed_at is None:
        raise Refusal(f"resolution {key} is {stored.state}; its minutes can be drafted once it is closed")
    names = members.bodies(connection)
    head = ledgers.head(connection, key)
    return site.render.results.minutes(
        stored.survey,
        counted.outcome,
        Minutes(
            opened_at=stored.opened_at,
            closed_at=stored.closed_at,
            proxies=_proxies(site, counted, names),
            silent=tuple(_name(names, code) for code in counted.outcome.silent),
            held=counted.held,
            late=counted.late,
            chair=_name(names, stored.survey.resolution.chair) if stored.survey.resolution else "",
            remarks=tuple(
                (_name(names, code), words)
                for code, said in sorted(counted.remarks.items())
                for words in said.values()
            ),
            ledger_rows=head.rows,
            ledger_chain=head.chain,
        ),
    )


def _proxies(
    site: Site, counted: Counted, names: Mapping[str, Body]
) -> tuple[tuple[str, str, datetime], ...]:
    """Return each proxy as giver, holder and when it was recorded; those to the chair come first."""
    ordered = sorted(counted.proxies, key=lambda proxy: (proxy.holder != CHAIR, proxy.holder, proxy.code))
    return tuple(
        (_name(names, proxy.code), holder_words(site.language, names, proxy), proxy.recorded_at)
        for proxy in ordered
    )


def _name(names: Mapping[str, Body], code: str) -> str:
    return names[code].name if code in names else code
