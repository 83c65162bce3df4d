"""Replies that a person let count after the result of their survey had gone out: it does not contain them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from mailbot.store.office import journal
from mailbot.store.surveys import surveys
from mailbot.store.surveys.surveys import StoredSurvey

AFTER_RESULT = "after the result was published"  # in the journal, after the name of the mail
_ADMITTED = frozenset({"held.accepted", "answer.entered"})


@dataclass(frozen=True)
class MissedResult:
    """A reply that counts, and is in no result that went out."""

    inbox_id: int
    admitted_at: datetime
    by: str


def published_at(connection: Connection, key: str) -> datetime | None:
    """Return when the result of a survey went out; None: it has not, and will contain what is admitted now."""
    stored = surveys.load(connection, key)
    return None if stored is None else stored.published_at


def missed_result(connection: Connection, stored: StoredSurvey) -> list[MissedResult]:
    """Return, by what the journal says, the replies to a survey that were admitted after its result was published."""
    out = stored.published_at
    if out is None:
        return []
    lines = (entry.line for entry in journal.every(connection, about=stored.survey.key, since=out))
    return [
        MissedResult(int(number), line.at, line.who)
        for line in lines
        if line.what in _ADMITTED and line.at > out
        for number in [line.detail.partition(":")[0].removeprefix("mail ")]
        if number.isdecimal()
    ]
