"""`mailbot meetings`: meetings of a group, from the poll for the date to the draft of the minutes."""

from __future__ import annotations

from pathlib import Path

import click
from sqlalchemy import Connection

from mailbot import show
from mailbot.cli.act_frame import Acting, Deed, acting
from mailbot.cli.frame import JSON, Open, command, only_try, opened
from mailbot.cli.root import CONFIG, root
from mailbot.cli.withdraw_frame import withdrawn_deed
from mailbot.core.events.meeting import MeetingState, poll_key
from mailbot.core.office.journal_line import COMMAND_LINE
from mailbot.flows.events.command_meeting import candidate, fixed_sentence
from mailbot.flows.events.count_meeting import count_meeting
from mailbot.flows.events.fix_meeting import fix_meeting
from mailbot.flows.events.mail_meeting_minutes import meeting_minutes
from mailbot.flows.events.propose_dates import propose_dates
from mailbot.flows.withdraw_definition import withdraw_meeting
from mailbot.folder.written_values import moment
from mailbot.installation import clock
from mailbot.store import keys
from mailbot.store.events import meetings
from mailbot.store.events.meetings import StoredMeeting
from mailbot.store.keys import meant
from mailbot.store.surveys import surveys

_KEY = click.argument("key")


@root.group("meetings")
@CONFIG
def _meetings() -> None:
    """Meetings of a group: date, invitation, attendance, proxies, quorum, minutes."""


@command(_meetings, "list")
@JSON
def _meetings_list(path: Path, as_json: bool) -> None:
    """Show the meetings."""
    with opened(path) as it, it.database.read() as connection:
        rows = [_row(connection, it, one) for one in meetings.every(connection)]
    show.table(
        rows, as_json=as_json, empty="no meetings; write one in config/meetings/ and run `mailbot apply`"
    )


@command(_meetings, "show")
@_KEY
@JSON
def _meetings_show(path: Path, key: str, as_json: bool) -> None:
    """Show what the poll says of each date, who comes, and whether the quorum is there."""
    with opened(path) as it, it.database.read() as connection:
        key = meant(connection, key, "meeting")
        stored = _stored(connection, key)
        figures = count_meeting(connection, stored)
        row = _row(connection, it, stored)
    here = figures.attendance
    shown: dict[str, object] = row | {
        "members": list(figures.members),
        "answered": list(figures.answered),
        "attending": list(here.attending),
        "proxies": {one.code: one.holder or "chair" for one in here.proxies},
        "idle_proxies": {one.code: one.holder or "chair" for one in here.idle},
        "declined": list(here.declined),
        "silent": list(here.silent),
        "quorum": {"needed": here.quorum.least, "present": here.quorum.count, "reached": here.quorum.reached},
    }
    dates = [
        {
            "candidate": one.number,
            "starts": show.local(one.starts, it.site.zone),
            "yes": len(one.yes),
            "perhaps": len(one.perhaps),
            "no": len(one.no),
            "quorum": one.enough,
        }
        for one in figures.dates
    ]
    if as_json:
        show.as_json(shown | {"dates": dates})
        return
    show.facts({name.replace("_", " "): _words(value) for name, value in shown.items()})
    if dates:
        show.table(dates, as_json=False, empty="")


@acting(_meetings, "propose")
@_KEY
def _meetings_propose(act: Acting, key: str) -> Deed:
    """Mail the office the dates with their figures now, the best first."""
    _stored(act.connection, key)
    answered = propose_dates(act.connection, act.it.site, key, act.now)
    office = act.it.site.office
    words = f"meeting {key}: the dates {act.are} in the outbox, to {office}; {answered} bodies have answered"
    return Deed(words, {"key": key, "to": [office], "answered": answered})


@acting(_meetings, "withdraw")
@_KEY
def _meetings_withdraw(act: Acting, key: str) -> Deed:
    """Take back a meeting of which nobody was asked or told, with the poll for its date."""
    return withdrawn_deed(act, "meeting", key, withdraw_meeting(act.connection, act.it.site, key, act.now))


@acting(_meetings, "fix")
@_KEY
@click.argument("when")
def _meetings_fix(act: Acting, key: str, when: str) -> Deed:
    """Fix a meeting for a candidate by its number, or for "YYYY-MM-DD HH:MM", and invite its members."""
    site = act.it.site
    stored = _stored(act.connection, key)
    at = candidate(site, stored, int(when)) if when.isdecimal() else moment(when, act.it.config.timezone)
    fixed = fix_meeting(act.connection, site, key, at, act.now, by=COMMAND_LINE)
    said = fixed_sentence(site, stored, fixed)
    return Deed(said, {"key": key, "state": "fixed", "starts": show.local(at, site.zone)})


@command(_meetings, "minutes")
@_KEY
@JSON
def _meetings_minutes(path: Path, key: str, as_json: bool) -> None:
    """Print a draft of the minutes with the attendance as it stands."""
    with opened(path) as it, it.database.write() as connection:
        key = meant(connection, key, "meeting")
        _stored(connection, key)
        text = meeting_minutes(connection, it.site, key, clock())
        only_try(connection, dry_run=True)
    if as_json:
        show.as_json({"key": key, "minutes": text})
    else:
        print(text, end="")


def _stored(connection: Connection, key: str) -> StoredMeeting:
    stored = meetings.load(connection, key)
    if stored is None:
        raise keys.none(connection, "meeting", key)
    return stored


def _row(connection: Connection, it: Open, stored: StoredMeeting) -> dict[str, object]:
    return {
        "key": stored.meeting.key,
        "state": _state(connection, stored),
        "title": stored.meeting.title,
        "starts": None if stored.starts is None else show.local(stored.starts, it.site.zone),
        "place": stored.meeting.place,
    }


def _state(connection: Connection, stored: StoredMeeting) -> MeetingState:
    if stored.starts is not None:
        return "fixed"
    poll = surveys.load(connection, poll_key(stored.meeting.key))
    if poll is None or poll.state == "planned":
        return "planned"
    return "polling" if poll.state == "open" else "to be fixed"


def _words(value: object) -> str:
    match value:
        case dict():
            return ", ".join(f"{name} {each}" for name, each in value.items()) or "-"
        case list():
            return ", ".join(map(str, value)) or "-"
        case None:
            return "-"
    return str(value)
