"""Surveys and where each stands in its course."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, delete, insert, select, update

from mailbot.core.surveys.survey import Survey
from mailbot.core.surveys.two_persons import SurveyState
from mailbot.store import keys
from mailbot.store.documents import document, read_document
from mailbot.store.statements import Written
from mailbot.store.tables import survey
from mailbot.store.transactions import known

# For so long after the close a reply is still stored as late; then its token is dead
LATE_WINDOW = timedelta(days=30)


@dataclass(frozen=True)
class StoredSurvey:
    """A survey as the database holds it."""

    survey: Survey
    state: SurveyState
    opened_at: datetime | None
    closed_at: datetime | None
    published_at: datetime | None = None
    extended_from: datetime | None = None  # the close in its definition file, when it was moved since
    seal_key: bytes | None = None

    @property
    def defined(self) -> Survey:
        """The survey as its file may say it: one closed before its time has its planned close there.

        With the real one it might close before it opens, or before a reminder, and `check` would refuse the file.
        """
        if (
            self.state == "closed"
            and self.extended_from is not None
            and self.extended_from > self.survey.closes
        ):
            return replace(self.survey, closes=self.extended_from)
        return self.survey

    def has_closed(self, at: datetime) -> bool:
        """Tell whether what is received at this moment comes after the close."""
        return at >= (self.closed_at or self.survey.closes)

    def is_over(self, now: datetime) -> bool:
        """Tell whether it was closed so long ago that its tokens are dead."""
        return self.closed_at is not None and now - self.closed_at > LATE_WINDOW


_SURVEYS: Select[Any] = select(
    survey.c.definition,
    survey.c.state,
    survey.c.opened_at,
    survey.c.closed_at,
    survey.c.published_at,
    survey.c.extended_from,
    survey.c.seal_key,
)
_BY_KEY = _SURVEYS.where(survey.c.key == bindparam("survey"))
_LOCKED = Written(_BY_KEY.with_for_update())


def every(connection: Connection) -> list[StoredSurvey]:
    """Return every survey, by key."""
    return [_stored(row) for row in connection.execute(_SURVEYS.order_by(survey.c.key))]


def load(connection: Connection, key: str) -> StoredSurvey | None:
    """Return one survey."""
    row = connection.execute(_BY_KEY, {"survey": key}).first()
    return None if row is None else _stored(row)


def require(connection: Connection, key: str, *, locked: bool = False) -> StoredSurvey:
    """Return one survey, as `load` or `lock` does. Raises Refusal, with what to do, when there is none."""
    stored = lock(connection, key) if locked else load(connection, key)
    if stored is None:
        raise keys.none(connection, "survey", key)
    return stored


def lock(connection: Connection, key: str) -> StoredSurvey | None:
    """Return one survey and keep other transactions from changing it until this one ends (I20)."""
    locked = known(connection)
    stored: StoredSurvey | None = locked.get(("survey", key))
    if stored is None:
        row = _LOCKED.first(connection, survey=key)
        if row is not None:
            stored = locked["survey", key] = _stored(row)
    return stored


def save(connection: Connection, value: Survey) -> None:
    """Put a survey's definition in place; a new one is planned."""
    _changes(connection, value.key)
    changed = connection.execute(
        update(survey).where(survey.c.key == value.key).values(definition=document(value))
    )
    if not changed.rowcount:
        connection.execute(insert(survey).values(key=value.key, definition=document(value), state="planned"))


def forget(connection: Connection, key: str) -> None:
    """Take a survey out that was only planned."""
    _changes(connection, key)
    connection.execute(delete(survey).where(survey.c.key == key, survey.c.state == "planned"))


def move_close(connection: Connection, value: Survey, extended_from: datetime) -> None:
    """Put a survey's new close in place, and keep the one that its definition file may still have."""
    save(connection, value)
    connection.execute(update(survey).where(survey.c.key == value.key).values(extended_from=extended_from))


def set_open(connection: Connection, key: str, now: datetime, *, seal_key: bytes | None = None) -> None:
    """Say that a survey is open."""
    _changes(connection, key)
    connection.execute(
        update(survey).where(survey.c.key == key).values(state="open", opened_at=now, seal_key=seal_key)
    )


def set_closed(connection: Connection, key: str, at: datetime) -> None:
    """Say that a survey is closed; what is received from this moment on is late."""
    _changes(connection, key)
    connection.execute(update(survey).where(survey.c.key == key).values(state="closed", closed_at=at))


def set_published(connection: Connection, key: str, now: datetime) -> None:
    """Say that a survey's result is out."""
    _changes(connection, key)
    connection.execute(update(survey).where(survey.c.key == key).values(published_at=now))


def destroy_seal_key(connection: Connection, key: str) -> None:
    """Destroy the secret that ties the voters of a sealed survey to the published list."""
    _changes(connection, key)
    connection.execute(update(survey).where(survey.c.key == key).values(seal_key=None))


def _changes(connection: Connection, key: str) -> None:
    """Let a survey be read anew after this change, by this transaction too."""
    known(connection).pop(("survey", key), None)


def _stored(row: Row[Any]) -> StoredSurvey:
    stands: list[Any]
    definition, *stands = row
    return StoredSurvey(read_document(Survey, definition), *stands)
