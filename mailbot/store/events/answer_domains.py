"""At which domains of ours surveys and events are answered, as their first mails say: the configuration may be newer."""

from __future__ import annotations

import re
from datetime import date

from sqlalchemy import Connection, LargeBinary, func, select

from mailbot.store.events import events
from mailbot.store.surveys import surveys
from mailbot.store.tables import mailing

_HEAD = 4_000  # octets of a cooked mail in which its Reply-To stands
# The Reply-To of a cooked mail that is answered, its token not yet filled in.
_TO_TOKEN = re.compile(rb"^Reply-To:[^<>]*<\x00token\x00@([A-Za-z0-9.-]+)>", re.IGNORECASE | re.MULTILINE)


def of_event(connection: Connection, key: str) -> str | None:
    """Return the domain at which the first notice of an event is answered, as it is written there; None: there is none yet."""
    query = select(func.substr(mailing.c.cooked, 1, _HEAD, type_=LargeBinary))
    query = query.where(mailing.c.subject == key, mailing.c.kind == "event_notice").order_by(mailing.c.id)
    head = connection.execute(query.limit(1)).scalar()
    to = None if head is None else _TO_TOKEN.search(head)
    return None if to is None else to[1].decode("ascii")


def awaited(connection: Connection, today: date) -> dict[str, list[str]]:
    """Return the domains to which answers to open surveys and coming events go, each with their keys.

    The first mail of each kind to those who are asked says it: later ones may name the domain of a newer configuration, and
    its recipients answer to the one that they have.
    """
    asked = [stored.survey.key for stored in surveys.every(connection) if stored.state == "open"]
    coming = (stored for stored in events.every(connection) if stored.state == "announced")
    asked += [stored.event.key for stored in coming if stored.event.date >= today]
    first = select(func.min(mailing.c.id)).where(mailing.c.subject.in_(asked))
    heads = select(
        mailing.c.subject, func.substr(mailing.c.cooked, 1, _HEAD, type_=LargeBinary).label("head")
    )
    found: dict[str, list[str]] = {}
    query = heads.where(mailing.c.id.in_(first.group_by(mailing.c.subject, mailing.c.kind)))
    for row in connection.execute(query.order_by(mailing.c.subject, mailing.c.id)):
        to = _TO_TOKEN.search(row.head)
        keys = found.setdefault(to[1].decode("ascii").lower(), []) if to else [row.subject]
        if row.subject not in keys:
            keys.append(row.subject)
    return found
