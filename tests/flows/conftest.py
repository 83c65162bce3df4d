"""What every test of the flows may ask for: either database, and an installation with a small register."""

from __future__ import annotations

import pytest

from mailbot.store.database import Database
from tests.databases import database, database_url, empty_url, postgresql, postgresql_url, sqlite
from tests.flows.post_office import YAMADA, Copy, PostOffice, open_post_office

__all__ = [
    "database",
    "database_url",
    "empty_url",
    "invitation",
    "office",
    "postgresql",
    "postgresql_url",
    "sqlite",
]


@pytest.fixture
def office(database: Database) -> PostOffice:
    """An installation with four bodies, five contacts and three lists."""
    return open_post_office(database)


@pytest.fixture
def invitation(office: PostOffice) -> Copy:
    """What 長野市 was sent when the survey opened."""
    return office.open_survey()[YAMADA]
