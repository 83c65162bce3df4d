"""What the round-trip probe found out about each address's mail system, and the layout that suits it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from mailbot.core.mail.address import address_key
from mailbot.core.surveys.gateway import USUAL, Layout, ProbeFindings, layout
from mailbot.store.database import storable
from mailbot.store.documents import document, read_document
from mailbot.store.statements import Keyed
from mailbot.store.surveys.ballots import Ballot
from mailbot.store.tables import ballot, gateway


@dataclass(frozen=True)
class Gateway:
    """One address's mail system as its newest reply to a probe showed it."""

    code: str  # the body
    findings: ProbeFindings
    probed_at: datetime

    @property
    def layout(self) -> Layout:
        """Return the layout that it leaves alone."""
        return layout(self.findings)


def save(connection: Connection, address: str, code: str, found: ProbeFindings, now: datetime) -> None:
    """Keep what a reply to a probe showed, in place of what was known of this address."""
    key = address_key(address)
    connection.execute(delete(gateway).where(gateway.c.email_key == key))
    connection.execute(
        insert(gateway).values(
            email_key=key,
            code=code,
            findings=storable(document(found)),
            columns=layout(found).columns,
            probed_at=now,
        )
    )


def every(connection: Connection) -> dict[str, Gateway]:
    """Return what is known of each probed address, by its key (core.address.address_key)."""
    rows = connection.execute(
        select(gateway.c.email_key, gateway.c.code, gateway.c.findings, gateway.c.probed_at)
    )
    return {
        row.email_key: Gateway(row.code, read_document(ProbeFindings, row.findings), row.probed_at)
        for row in rows
    }


def asked(connection: Connection) -> list[tuple[str, str]]:
    """Return code and address of every body that was ever sent a probe."""
    query = select(ballot.c.code, ballot.c.address).where(ballot.c.kind == "probe").distinct()
    return [
        (row.code, row.address) for row in connection.execute(query.order_by(ballot.c.code, ballot.c.address))
    ]


def columns_by_address(connection: Connection, addresses: Iterable[str]) -> dict[str, int]:
    """Return how wide lines may be, by the key of those of these addresses that answered a probe."""
    rows = connection.execute(select(gateway.c.email_key, gateway.c.columns))
    known = {row.email_key: row.columns for row in rows}
    keys = {address_key(address) for address in addresses} if known else set()
    return {key: known[key] for key in keys if key in known}


def by_layout(connection: Connection, ballots: Iterable[Ballot]) -> dict[Layout, list[Ballot]]:
    """Return ballots by the layout that their mailing is cooked in; the width is the one that each was made with."""
    known = every(connection)
    found: dict[Layout, list[Ballot]] = {}
    for one in ballots:
        probed = known.get(address_key(one.address))
        quotes = probed is None or probed.layout.quotes
        found.setdefault(Layout(one.columns, quotes), []).append(one)
    return found


def layout_at(connection: Connection, address: str) -> Layout:
    """Return the layout that an address's mail system leaves alone; the usual one where it was never probed."""
    rows = _OF_ONE.rows(connection, address_key(address))
    return layout(read_document(ProbeFindings, rows[0].findings)) if rows else USUAL


def layout_of(connection: Connection, one: Ballot) -> Layout:
    """Return the layout of what answers a reply to a ballot, as `by_layout` has it."""
    return Layout(one.columns, layout_at(connection, one.address).quotes)


def read_layouts_ahead(connection: Connection, ballots: Iterable[Ballot]) -> None:
    """Read what `layout_of` will ask for about these ballots."""
    _OF_ONE.read_ahead(connection, ((address_key(one.address),) for one in ballots))


_OF_ONE = Keyed(select(gateway.c.findings), gateway.c.email_key)
