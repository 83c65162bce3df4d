"""What every test of the store may ask for."""

from __future__ import annotations

from tests.databases import database, database_url, empty_url, postgresql, postgresql_url, sqlite

__all__ = ["database", "database_url", "empty_url", "postgresql", "postgresql_url", "sqlite"]
