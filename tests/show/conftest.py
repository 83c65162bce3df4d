"""What every test of what is shown may ask for: either database, and an installation with a small register."""

from __future__ import annotations

from tests.databases import database, database_url
from tests.flows.conftest import office

__all__ = ["database", "database_url", "office"]
