"""Rows since a moment, found by their numbers: received mails and mailings get number and moment in the same order."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Table, func, select


def last_before(table: Table, moment: Column[Any], since: datetime) -> ColumnElement[int]:
    """Return the query for the number of the table's last row from before a moment; 0: there is none.

    It is looked for from the newest row backwards, so what is older is not touched, and no index of moments has to be kept.
    """
    newest = select(table.c.id).where(moment < since).order_by(table.c.id.desc()).limit(1)
    return func.coalesce(newest.scalar_subquery(), 0)
