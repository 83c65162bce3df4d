"""Posts that wait before they go out: for whom, until when, and who has taken the decision upon himself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Select, delete, insert, select, update

from mailbot.store.database import storable
from mailbot.store.tables import held_post

WaitsFor = Literal[
    "moderators",  # their word; without it the post is given up
    "author",  # his own word; without it the post does not go out
    "clock",  # nothing but time, in which its author may still cancel; then it goes out
]

ACCEPTED = "accepted"  # the rule of a post that a person has accepted, and that waits for its list's hours


@dataclass(frozen=True)
class HeldPost:
    """One post that waits."""

    inbox_id: int
    list_name: str
    waits_for: WaitsFor
    rule: str  # of core/lists/moderation.py; of what waits for the clock: undo, hours or ACCEPTED
    author_told: bool  # he knows that it waits, so that he hears of its end, too
    until: datetime
    remind_at: datetime | None = None
    claimed_by: str = ""


def add(connection: Connection, post: HeldPost, now: datetime) -> None:
    """Let a post wait, from now on; one that waited before waits anew."""
    forget(connection, post.inbox_id)
    row = {
        "inbox_id": post.inbox_id,
        "list_name": post.list_name,
        "waits_for": post.waits_for,
        "rule": post.rule,
        "author_told": post.author_told,
        "claimed_by": storable(post.claimed_by),
        "held_at": now,
        "remind_at": post.remind_at,
        "until": post.until,
    }
    connection.execute(insert(held_post).values(row))


def load(connection: Connection, inbox_id: int) -> HeldPost | None:
    """Return how a post waits; None: it does not."""
    row = connection.execute(_posts().where(held_post.c.inbox_id == inbox_id)).first()
    return None if row is None else HeldPost(*row)


def forget(connection: Connection, inbox_id: int) -> None:
    """Let a post wait no more."""
    connection.execute(delete(held_post).where(held_post.c.inbox_id == inbox_id))


def claim(connection: Connection, inbox_id: int, by: str) -> None:
    """Write down which moderator will decide."""
    connection.execute(
        update(held_post).where(held_post.c.inbox_id == inbox_id).values(claimed_by=storable(by))
    )


def due(connection: Connection, now: datetime) -> list[HeldPost]:
    """Return the posts whose time is over, oldest first."""
    return _found(connection, held_post.c.until <= now)


def to_remind_of(connection: Connection, now: datetime) -> list[HeldPost]:
    """Return the posts of which the moderators are to be reminded, oldest first."""
    return _found(connection, held_post.c.remind_at <= now)


def reminded(connection: Connection, inbox_id: int) -> None:
    """Write down that the moderators were reminded."""
    connection.execute(update(held_post).where(held_post.c.inbox_id == inbox_id).values(remind_at=None))


def every(connection: Connection) -> dict[int, HeldPost]:
    """Return all posts that wait, by the number of their mail."""
    return {row[0]: HeldPost(*row) for row in connection.execute(_posts())}


def of_list(connection: Connection, name: str) -> list[HeldPost]:
    """Return the posts to one list that wait, oldest first."""
    return _found(connection, held_post.c.list_name == name)


def _found(connection: Connection, condition: ColumnElement[bool]) -> list[HeldPost]:
    rows = connection.execute(_posts().where(condition).order_by(held_post.c.inbox_id))
    return [HeldPost(*row) for row in rows]


def _posts() -> Select[Any]:
    return select(
        held_post.c.inbox_id,
        held_post.c.list_name,
        held_post.c.waits_for,
        held_post.c.rule,
        held_post.c.author_told,
        held_post.c.until,
        held_post.c.remind_at,
        held_post.c.claimed_by,
    )
