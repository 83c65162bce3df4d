"""The poll for a meeting's date is over: the office gets the dates with their figures, the best first, and fixes one by reply."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.events.meeting import DateFigures, poll_key, span_words
from mailbot.core.refusal import Refusal
from mailbot.flows.events.count_meeting import count_meeting
from mailbot.flows.events.fix_meeting import meeting_to_change
from mailbot.flows.office.tell_office import tell_office
from mailbot.flows.surveys.close_survey import StillReading
from mailbot.site import Site
from mailbot.store.members import members
from mailbot.store.surveys import surveys


def propose_dates(connection: Connection, site: Site, key: str, now: datetime) -> int:
    """Mail the office the candidates with who can come; returns how many bodies answered.

    Raises Refusal when nobody was asked, and StillReading while the poll is not closed.
    """
    stored = meeting_to_change(connection, site, key)
    poll = surveys.load(connection, poll_key(key))
    if poll is None or not stored.meeting.candidates:
        raise Refusal(f"meeting {key}: nobody was asked for its date")
    if poll.state == "open" and poll.survey.closes <= now:
        raise StillReading(f"meeting {key}: its poll is being closed")
    figures = count_meeting(connection, stored)
    names = {code: body.name for code, body in members.bodies(connection).items()}

    def line(one: DateFigures) -> dict[str, object]:
        return {
            "number": one.number,
            "when": span_words(one.starts.astimezone(site.zone), stored.meeting.minutes, site.language),
            "yes": len(one.yes),
            "perhaps": len(one.perhaps),
            "no": len(one.no),
            "names_perhaps": "、".join(names.get(code, code) for code in one.perhaps),
            "names_no": "、".join(names.get(code, code) for code in one.no),
            "enough": one.enough,
        }

    missing = [names.get(code, code) for code in figures.members if code not in figures.answered]
    cooked = site.render.office.letter(
        "meeting_proposal",
        now=now,
        key=key,
        title=stored.meeting.title,
        members=len(figures.members),
        answered=len(figures.answered),
        missing="、".join(missing),
        needed=figures.attendance.quorum.least,
        dates=[line(one) for one in figures.dates],
        best=figures.dates[0].number,
        running=poll.state == "open",
    )
    tell_office(connection, site, cooked, now, kind="meeting_proposal")
    return len(figures.answered)
