"""What the office may write about an event in reply: who was there (全員出席, 出席, 欠席, 当日参加), 状況."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.events.attendance_sentences import attendance_sentence
from mailbot.core.events.event import begins, time_words
from mailbot.core.members.body_name import bodies_called
from mailbot.core.members.register import Body
from mailbot.core.office.desk_command import Attended
from mailbot.core.refusal import Refusal
from mailbot.core.surveys.ledger import standings
from mailbot.flows.events.enter_attendance import save_attendance, seats_of
from mailbot.site import Site
from mailbot.store.events import attendances, events
from mailbot.store.events.events import StoredEvent
from mailbot.store.members import members
from mailbot.store.surveys import ballots, ledgers

_MOST_NAMED = 20  # bodies in one sentence


@dataclass(frozen=True)
class Entered:
    """What became of a line about an attendance."""

    key: str
    sentence: str
    hints: tuple[str, ...]


def command_attendance(
    connection: Connection, site: Site, command: Attended, about: str, now: datetime, *, by: str
) -> Entered:
    """Enter who was at an event, `about` where the line names none; a later line replaces what was said of its bodies.

    Raises Refusal with a sentence, before anything is changed.
    """
    key = _event_to_enter(connection, site, command.key, about, now)
    seats, before = seats_of(connection, key), attendances.of_event(connection, key)
    bodies = members.bodies(connection)
    said: dict[str, int] = {}
    if not command.bodies:
        if not seats:
            raise Refusal(attendance_sentence(site.language, "no-seats", key=key))
        said = seats if command.do == "came" else dict.fromkeys(seats, 0)
    for name, people in command.bodies:
        body = _called(site, name, bodies)
        if body.code in said:
            raise Refusal(attendance_sentence(site.language, "twice", body=body.name))
        said[body.code] = _people(site, command, body, people, seats, before)
    save_attendance(connection, key, said, now, by=by)
    return Entered(
        key, _entered(site, command, key, said, bodies, before | said, seats), (_undo(site, command, key),)
    )


def event_status(connection: Connection, site: Site, stored: StoredEvent) -> str:
    """Return in a sentence where an event stands."""
    key, say = stored.event.key, site.language
    if stored.state != "announced":
        return attendance_sentence(say, "status-planned", key=key, when=time_words(stored.event, say))
    states = [own.row.status for own in standings(ledgers.rows(connection, key)).values()]
    seats, asked = seats_of(connection, key), ballots.count(connection, key)
    waiting, declined = states.count("waiting"), states.count("declined")
    return attendance_sentence(
        say,
        "status",
        key=key,
        when=time_words(stored.event, say),
        asked=asked,
        bodies=len(seats),
        people=sum(seats.values()),
        waiting=waiting,
        declined=declined,
        silent=asked - len(seats) - waiting - declined,
    )


def find_event(connection: Connection, key: str) -> StoredEvent | None:
    """Return the event with this key, in whatever case it was written."""
    return events.load(connection, key) or next(
        (one for one in events.every(connection) if one.event.key.casefold() == key.casefold()), None
    )


def _event_to_enter(connection: Connection, site: Site, key: str, about: str, now: datetime) -> str:
    """Return the key of an event under our lock of which it can be said who was there."""
    found = find_event(connection, key or about)
    if found is None and not key:
        raise Refusal(attendance_sentence(site.language, "which"))
    stored = None if found is None else events.lock(connection, found.event.key)
    if stored is None:
        raise Refusal(attendance_sentence(site.language, "none", key=key))
    if stored.event.cancelled is not None:
        raise Refusal(attendance_sentence(site.language, "cancelled", key=stored.event.key))
    if now < begins(stored.event, site.zone):
        raise Refusal(attendance_sentence(site.language, "not-begun", key=stored.event.key))
    return stored.event.key


def _called(site: Site, name: str, bodies: Mapping[str, Body]) -> Body:
    found = bodies_called(name, bodies.values())
    if not found:
        raise Refusal(attendance_sentence(site.language, "no-body", called=name))
    if len(found) > 1:
        between = attendance_sentence(site.language, "between")
        names = between.join(
            f"{body.prefecture}{body.name} {body.code}" for body in sorted(found, key=lambda one: one.code)
        )
        raise Refusal(attendance_sentence(site.language, "several", called=name, names=names))
    return found[0]


def _people(
    site: Site,
    command: Attended,
    body: Body,
    people: int | None,
    seats: Mapping[str, int],
    before: Mapping[str, int],
) -> int:
    """Return how many people of a body were there, as a line says. Raises Refusal when it does not fit what is known."""

    def refuse(name: str) -> Refusal:
        figures = {"body": body.name, "people": seats.get(body.code, 0) + (people or 0)}
        return Refusal(attendance_sentence(site.language, name, **figures))

    match command.do:
        case "absent":
            if body.code not in seats and not before.get(body.code):
                raise refuse("not-there")
            return 0
        case "joined":
            if body.code in seats:
                raise refuse("has-seat")
            return people or 0
        case "came":
            if people is None and body.code not in seats:
                raise refuse("no-seat")
            return seats[body.code] if people is None else people


def _entered(
    site: Site,
    command: Attended,
    key: str,
    said: Mapping[str, int],
    bodies: Mapping[str, Body],
    stands: Mapping[str, int],
    seats: Mapping[str, int],
) -> str:
    """Return what was entered, and how the record of the event stands now."""
    say = site.language
    there = [people for people in stands.values() if people]
    figures = {"bodies": len(there), "people": sum(there), "absent": len(stands) - len(there)}
    sentences = [attendance_sentence(say, "stands", **figures)]
    if missing := len(seats.keys() - stands.keys()):
        sentences.append(attendance_sentence(say, "open", open=missing))
    if not command.bodies:
        done = attendance_sentence(
            say,
            "all" if command.do == "came" else "nobody",
            key=key,
            bodies=len(said),
            people=sum(said.values()),
        )
    else:
        done = attendance_sentence(say, command.do, key=key, names=_names(site, command, said, bodies))
    return ("" if say == "ja" else " ").join((done, *sentences))


def _names(site: Site, command: Attended, said: Mapping[str, int], bodies: Mapping[str, Body]) -> str:
    names = [
        bodies[code].name
        if command.do == "absent"
        else attendance_sentence(site.language, "one", body=bodies[code].name, people=people)
        for code, people in said.items()
    ]
    if len(names) > _MOST_NAMED:
        names[_MOST_NAMED:] = [attendance_sentence(site.language, "more", count=len(names) - _MOST_NAMED)]
    return attendance_sentence(site.language, "between").join(names)


def _undo(site: Site, command: Attended, key: str) -> str:
    if command.bodies:
        name, body = f"opposite-{command.do}", command.bodies[0][0]
    else:
        name, body = "opposite-all" if command.do == "came" else "opposite-nobody", ""
    opposite = attendance_sentence(site.language, name, key=key, body=body)
    return attendance_sentence(site.language, "undo", opposite=opposite)
