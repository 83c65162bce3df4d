"""What is kept of each address's mail system (store/surveys/gateways.py)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from mailbot.core.surveys.gateway import Layout, ProbeFindings
from mailbot.store.database import Database
from mailbot.store.surveys import gateways
from mailbot.store.surveys.ballots import Ballot
from tests.databases import database, database_url

__all__ = ["database", "database_url"]

NOW = datetime(2026, 6, 18, 1, 0, tzinfo=UTC)
WRAPS = ProbeFindings(
    True,
    mark="> ",
    intact=(50, 40),
    wrapped_at=51,
    damaged=("波線",),
    brackets=None,
    subject_tag="[外部] \x00",
    banner_top=("注意",),
    delay_s=3,
)


def test_findings_are_kept_whole(database: Database) -> None:
    """What was found comes back as it was, by the key of the address; the newest stands."""
    with database.write() as connection:
        gateways.save(connection, "Sato@City.Example.JP", "202011", ProbeFindings(False), NOW)
        gateways.save(connection, "sato@city.example.jp", "202011", WRAPS, NOW + timedelta(days=1))
        (kept,) = gateways.every(connection).values()
    assert kept.findings == WRAPS
    assert (kept.code, kept.layout, kept.probed_at) == ("202011", Layout(50), NOW + timedelta(days=1))


def test_columns(database: Database) -> None:
    """Only addresses that answered a probe have a width of their own."""
    with database.write() as connection:
        gateways.save(connection, "sato@city.example.jp", "202011", WRAPS, NOW)
        found = gateways.columns_by_address(connection, ["sato@CITY.example.jp", "ito@city.example.jp"])
    assert list(found.values()) == [50]


def test_groups(database: Database) -> None:
    """Ballots are grouped by how their mail is cooked: the width they were made with, and whether replies quote."""

    def ballot(number: int, address: str, columns: int) -> Ballot:
        return Ballot(number, "survey", "S1", "202011", address, "", "", columns=columns)

    asked = [
        ballot(1, "a@x.jp", 68),
        ballot(2, "b@x.jp", 50),
        ballot(3, "c@x.jp", 68),
        ballot(4, "d@x.jp", 68),
    ]
    with database.write() as connection:
        gateways.save(connection, "c@x.jp", "202011", ProbeFindings(False), NOW)
        groups = gateways.by_layout(connection, asked)
    assert {layout: [one.id for one in group] for layout, group in groups.items()} == {
        Layout(68): [1, 4],
        Layout(50): [2],
        Layout(68, quotes=False): [3],
    }
