"""What every test of the flows may ask for: either database, and an installation with a small register."""

from __future__ import annotations

import pytest

from mailbot.store.database import Database
from tests.databases import database, database_url, empty_url, postgresql, postgresql_url, sqlite
from tests.flows.post_office import PostOffice, open_post_office

__all__ = ["database", "database_url", "empty_url", "office", "postgresql", "postgresql_url", "sqlite"]


@pytest.fixture
def office(database: Database) -> PostOffice:
    """An installation with four bodies, five contacts and three lists."""
    return open_post_office(database)
