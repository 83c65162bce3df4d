"""What brought the register to what it is: each import with the rows that it changed, so that it can be taken back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, func, insert, select

from mailbot.core.members.register import Body, Contact
from mailbot.core.members.register_change import Change, Key, count_changes, key_of
from mailbot.store.database import storable
from mailbot.store.members import members
from mailbot.store.statements import Written
from mailbot.store.tables import register_change, register_import


@dataclass(frozen=True)
class RegisterImport:
    """One import: when, by whom, from what."""

    id: int
    made_at: datetime
    made_by: str
    source: str  # the file's name
    sha256: str  # of the file; "" where there was none
    undoes: int | None  # the import that it took back
    undone_by: int | None  # the newest that took it back


def record(
    connection: Connection,
    changes: Sequence[Change],
    *,
    source: str,
    sha256: str,
    by: str,
    now: datetime,
    undoes: int | None = None,
) -> int:
    """Write down what is about to change, before `members.save` changes it; returns the import's number."""
    row = {
        "made_at": now,
        "made_by": storable(by),
        "source": storable(source),
        "sha256": sha256,
        "undoes": undoes,
    }
    number: int = connection.execute(
        insert(register_import).values(row).returning(register_import.c.id)
    ).scalar_one()
    ids = members.contact_ids(connection) if any(one.new is None for one in changes) else {}
    if changes:
        columns = {
            "number": range(1, len(changes) + 1),
            "contact_id": [
                ids.get(key_of(one.old)) if one.old is not None and one.new is None else None
                for one in changes
            ],
            "old": _texts([one.old for one in changes]),
            "new": _texts([one.new for one in changes]),
        }
        _NEW_CHANGE.run_columns(connection, columns, import_id=number)
    return number


def every(connection: Connection) -> list[RegisterImport]:
    """Return all imports, newest first."""
    return [RegisterImport(*row) for row in connection.execute(_IMPORTS)]


def load(connection: Connection, number: int) -> RegisterImport | None:
    """Return one import."""
    row = connection.execute(_IMPORTS.where(register_import.c.id == number)).first()
    return None if row is None else RegisterImport(*row)


def changes(connection: Connection, number: int) -> tuple[Change, ...]:
    """Return what one import changed, in the order of its report."""
    return tuple(Change(_row(row.old), _row(row.new)) for row in _changed(connection, number))


def contact_numbers(connection: Connection, number: int) -> dict[Key, int]:
    """Return the numbers that the contacts had whom an import took away."""
    return {
        key_of(_present(row.old)): row.contact_id
        for row in _changed(connection, number)
        if row.contact_id is not None
    }


def counts(connection: Connection) -> dict[int, dict[str, int]]:
    """Return for each import how many rows came, changed and went, as `count_changes` names them."""
    found: dict[int, list[Change]] = {}
    for row in connection.execute(_CHANGES):
        found.setdefault(row.import_id, []).append(Change(_row(row.old), _row(row.new)))
    return {number: count_changes(some) for number, some in found.items()}


_DATES = ("joined", "left")
_later = register_import.alias("later")
_IMPORTS: Select[Any] = select(
    register_import.c.id,
    register_import.c.made_at,
    register_import.c.made_by,
    register_import.c.source,
    register_import.c.sha256,
    register_import.c.undoes,
    select(func.max(_later.c.id)).where(_later.c.undoes == register_import.c.id).scalar_subquery(),
).order_by(register_import.c.id.desc())

_NEW_CHANGE = Written(insert(register_change))
_CHANGES: Select[Any] = select(
    register_change.c.import_id, register_change.c.contact_id, register_change.c.old, register_change.c.new
).order_by(register_change.c.import_id, register_change.c.number)


def _changed(connection: Connection, number: int) -> list[Row[Any]]:
    return list(connection.execute(_CHANGES.where(register_change.c.import_id == number)))


def _texts(rows: Sequence[Body | Contact | None]) -> list[str | None]:
    """Return each row as JSON: encoded all at once, as an encoder begun anew takes longer than a row.

    No line break stands within a text of JSON, so that the one here is between two rows; what a database might refuse
    is escaped.
    """
    there = [_values(row) for row in rows if row is not None]
    whole = json.dumps(there, separators=(",\n", ": "), check_circular=False)[2:-2]
    texts = iter(whole.split("},\n{"))
    return [None if row is None else "{" + next(texts) + "}" for row in rows]


def _values(row: Body | Contact) -> dict[str, object]:
    """Return what stands in a row; what is empty is left out where `_present` knows it."""
    if isinstance(row, Contact):
        sets: dict[str, object] = {"tags": sorted(row.tags)} if row.tags else {}
        if row.others:
            sets["others"] = sorted(row.others)
        return {
            "code": row.code,
            "email": row.email,
            "name": row.name,
            "role": row.role,
            "rank": row.rank,
            **sets,
        }
    dates = {name: str(day) for name in _DATES if (day := getattr(row, name)) is not None}
    return {
        "code": row.code,
        "name": row.name,
        "kind": row.kind,
        "prefecture": row.prefecture,
        "population": row.population,
        "successor": row.successor,
        "category": row.category,
        **dates,
    }


def _row(text: str | None) -> Body | Contact | None:
    return None if text is None else _present(text)


def _present(text: str) -> Body | Contact:
    values = json.loads(text)
    if "email" in values:
        sets = {name: frozenset(values.get(name, ())) for name in ("tags", "others")}
        return Contact(**values | sets)
    days = {name: date.fromisoformat(values[name]) if values.get(name) else None for name in _DATES}
    return Body(**values | days)
