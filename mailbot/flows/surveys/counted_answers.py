"""What counts of a survey: the answers that are in the tally."""

from __future__ import annotations

from sqlalchemy import Connection

from mailbot.core.surveys.ledger import IN_TALLY, Standing, standings, standings_of_ballots
from mailbot.core.surveys.survey import Answers, Survey
from mailbot.store.surveys import ballots, sealed


def counted_answers(connection: Connection, survey: Survey) -> list[Answers]:
    """Return the answers that are in the tally."""
    if survey.mode == "sealed" and (listed := sealed.published(connection, survey.key)) is not None:
        return listed
    return [standing.row.answers for standing in _counted_standings(connection, survey)]


def _counted_standings(connection: Connection, survey: Survey) -> list[Standing]:
    """Return what counts, one for each body, or for each person where each has a vote."""
    rows = ballots.ledger(connection, survey.key)
    stands = standings_of_ballots(rows) if survey.unit == "person" else standings(rows)
    return [standing for standing in stands.values() if standing.row.status in IN_TALLY]
