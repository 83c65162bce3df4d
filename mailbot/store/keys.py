"""The keys of what is defined, as people type them at the terminal."""

from __future__ import annotations

from typing import Literal

from sqlalchemy import Connection, select, union_all

from mailbot.core.refusal import Refusal
from mailbot.core.written_key import meant_key, near_keys
from mailbot.store.tables import bulletin, event, mailing_list, meeting, survey

Kind = Literal["survey", "event", "bulletin", "meeting", "list"]

_COLUMNS = {
    "survey": survey.c.key,
    "event": event.c.key,
    "bulletin": bulletin.c.key,
    "meeting": meeting.c.key,
    "list": mailing_list.c.name,
}


def meant(connection: Connection, written: str, *kinds: Kind) -> str:
    """Return the key of one of these kinds that a person means; as it is written when none or several fit."""
    return meant_key(written, _keys(connection, *kinds))


def none(connection: Connection, kind: Kind, written: str) -> Refusal:
    """Return what is said where nothing of a kind has this key, with the keys that look like it."""
    near = near_keys(written, _keys(connection, kind))
    like = f" ({' or '.join(near)}?)" if near else ""
    return Refusal(f"{kind} {written}: there is none with this key{like}; `mailbot {kind}s list` shows them")


def _keys(connection: Connection, *kinds: Kind) -> frozenset[str]:
    every = union_all(*(select(_COLUMNS[kind]) for kind in kinds))
    return frozenset(connection.execute(every).scalars())
