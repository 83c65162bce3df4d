"""What `mailbot surveys list` prints; of one survey: show_results.py."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from mailbot.flows.surveys.counted_answers import counted_answers
from mailbot.show import Row, local
from mailbot.store.surveys import ballots, surveys


def survey_rows(connection: Connection, zone: ZoneInfo) -> list[Row]:
    """Return one row for each survey."""
    rows = []
    for stored in surveys.every(connection):
        key = stored.survey.key
        asked = ballots.of_subject(connection, key)
        rows.append(
            {
                "key": key,
                "title": stored.survey.title,
                "state": stored.state,
                "opens": local(stored.opened_at or stored.survey.opens, zone),
                "closes": local(stored.closed_at or stored.survey.closes, zone),
                "electorate": len(asked),
                "answered": len(counted_answers(connection, stored.survey)),
            }
        )
    return rows
