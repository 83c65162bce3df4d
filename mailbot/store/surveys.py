"""Surveys and where each stands in its course."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Select, insert, select, update

from mailbot.core.survey import Survey
from mailbot.store.documents import document, survey_of
from mailbot.store.tables import survey

State = Literal["planned", "open", "closed"]


@dataclass(frozen=True)
class StoredSurvey:
    """A survey as the database holds it."""

    survey: Survey
    state: State
    opened_at: datetime | None
    closed_at: datetime | None


def every(connection: Connection) -> list[StoredSurvey]:
    """Return every survey, by key."""
    return [_stored(*row) for row in connection.execute(_surveys().order_by(survey.c.key))]


def load(connection: Connection, key: str) -> StoredSurvey | None:
    """Return one survey."""
    row = connection.execute(_surveys().where(survey.c.key == key)).first()
    return None if row is None else _stored(*row)


def lock(connection: Connection, key: str) -> StoredSurvey | None:
    """Return one survey and keep other transactions from changing it until this one ends (I20)."""
    row = connection.execute(_surveys().where(survey.c.key == key).with_for_update()).first()
    return None if row is None else _stored(*row)


def save(connection: Connection, value: Survey) -> None:
    """Put a survey's definition in place; a new one is planned."""
    changed = connection.execute(
        update(survey).where(survey.c.key == value.key).values(definition=document(value))
    )
    if not changed.rowcount:
        connection.execute(insert(survey).values(key=value.key, definition=document(value), state="planned"))


def set_open(connection: Connection, key: str, now: datetime) -> None:
    """Say that a survey is open."""
    connection.execute(update(survey).where(survey.c.key == key).values(state="open", opened_at=now))


def set_closed(connection: Connection, key: str, at: datetime) -> None:
    """Say that a survey is closed; what is received from this moment on is late."""
    connection.execute(update(survey).where(survey.c.key == key).values(state="closed", closed_at=at))


def _surveys() -> Select[Any]:
    return select(survey.c.definition, survey.c.state, survey.c.opened_at, survey.c.closed_at)


def _stored(
    definition: str, state: State, opened_at: datetime | None, closed_at: datetime | None
) -> StoredSurvey:
    return StoredSurvey(survey_of(definition), state, opened_at, closed_at)
