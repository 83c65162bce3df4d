"""Who comes to a meeting, or was there, and who gave a proxy, and whether its quorum is there."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from mailbot.core.events.meeting import Attendance, DateFigures, count_attendance, date_figures, poll_key
from mailbot.core.surveys.ledger import IN_TALLY, standings
from mailbot.flows.surveys.open_survey import first_of_each_body
from mailbot.store.events import attendances
from mailbot.store.events.meetings import StoredMeeting
from mailbot.store.members import members
from mailbot.store.surveys import ballots, ledgers, proxies


@dataclass(frozen=True)
class MeetingFigures:
    """A meeting in figures; bodies stand as codes."""

    members: tuple[str, ...]
    answered: tuple[str, ...]  # the poll
    dates: tuple[DateFigures, ...]  # the best first
    attendance: Attendance


def count_meeting(connection: Connection, stored: StoredMeeting) -> MeetingFigures:
    """Count the poll and the attendance of a meeting.

    Its members are those who were asked first, else whom its definition selects today. Of whom the office has entered
    whether he was there, that counts; of others what they answered.
    """
    meeting = stored.meeting
    polled = ballots.of_subject(connection, poll_key(meeting.key))
    invited = ballots.of_subject(connection, meeting.key)
    asked = [one.code for one in invited or polled]
    if not asked:
        people = first_of_each_body(members.selected(connection, meeting.members))
        asked = [one.body.code for one in people]
    said = standings(ledgers.rows(connection, poll_key(meeting.key)))
    answers = {code: own.row.answers for code, own in said.items() if own.row.status in IN_TALLY}
    comes = {code: own.row.status for code, own in standings(ledgers.rows(connection, meeting.key)).items()}
    for code, came in attendances.of_event(connection, meeting.key).items():
        comes[code] = "attending" if came else "declined"
    return MeetingFigures(
        members=tuple(asked),
        answered=tuple(answers),
        dates=date_figures(meeting, answers, asked),
        attendance=count_attendance(meeting, asked, comes, proxies.standing(connection, meeting.key)),
    )
