"""List who comes to an event: by what was answered, and afterwards by what the office entered."""

from __future__ import annotations

from sqlalchemy import Connection

from mailbot.core.events.attendance import Attendee
from mailbot.core.events.event import Event, rsvp_of
from mailbot.core.surveys.ledger import standings
from mailbot.store.events import attendances, events
from mailbot.store.members import members
from mailbot.store.surveys import ledgers


def list_attendees(connection: Connection, key: str) -> tuple[Event, list[Attendee]]:
    """Return an event with each body that has seats or waits for them, and each that came without.

    Raises Refusal when there is no such event.
    """
    stored = events.require(connection, key)
    bodies, came = members.bodies(connection), attendances.of_event(connection, key)
    found = []
    for code, standing in standings(ledgers.rows(connection, key)).items():
        status, said = standing.row.status, rsvp_of(standing.row.answers)
        if status in {"attending", "waiting"}:
            body, remark = bodies[code], " ".join(standing.row.remarks.values())
            found.append(
                Attendee(
                    code,
                    body.name,
                    body.prefecture,
                    "attending" if status == "attending" else "waiting",
                    said.people,
                    said.names,
                    remark,
                    came.pop(code, None),
                )
            )
    for code, people in came.items():
        if people:
            body = bodies[code]
            found.append(Attendee(code, body.name, body.prefecture, "joined", people, (), came=people))
    return stored.event, found
