"""Bring the register to what a file says, in one transaction, and count the lists' members anew."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from mailbot.core.register import Body, Contact
from mailbot.store import lists, members
from mailbot.store.members import RegisterChange


def import_members(
    connection: Connection, bodies: Sequence[Body], contacts: Sequence[Contact]
) -> RegisterChange:
    """Put bodies and contacts into the register; returns what changed. Bodies that the file does not name stay."""
    change = members.compare(connection, bodies, contacts)
    members.replace(connection, bodies, contacts)
    lists.refresh_every(connection)
    return change
