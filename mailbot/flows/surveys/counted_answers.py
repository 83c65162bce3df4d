"""What counts of a survey: the answers that are in the tally."""

from __future__ import annotations

from sqlalchemy import Connection

from mailbot.core.surveys.ledger import counted_rows
from mailbot.core.surveys.survey import Answers, Survey
from mailbot.store.surveys import ledgers, sealed


def counted_answers(connection: Connection, survey: Survey) -> list[Answers]:
    """Return the answers that are in the tally."""
    if survey.mode == "sealed" and (listed := sealed.published(connection, survey.key)) is not None:
        return listed
    return [row.answers for row in counted_rows(ledgers.rows(connection, survey.key), survey.unit)]
