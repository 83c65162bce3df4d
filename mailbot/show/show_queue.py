"""What `mailbot queue` and `held list` print: the inbox and the outbox, what became of a mail, what waits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from mailbot.core.refusal import Refusal
from mailbot.show import Row, facts, local, table
from mailbot.store import inbox, outbox, sendings
from mailbot.store.held_posts import HeldPost
from mailbot.store.inbox import Entry
from mailbot.store.sendings import Sending


def queue(connection: Connection, now: datetime) -> Row:
    """Return the inbox and the outbox by state."""
    oldest = outbox.oldest_pending(connection)
    return {
        "inbox": inbox.count_by_state(connection),
        "outbox": outbox.count_by_state(connection),
        "oldest_pending_s": 0 if oldest is None else max(0, round((now - oldest).total_seconds())),
        "duplicates_possible": outbox.count_doubtful(connection),
        "sending": [_sending(one) for one in sendings.under_way(connection)],
        "troubled": [vars(copy) for copy in outbox.troubled(connection)],
    }


def _sending(one: Sending) -> Row:
    """Return how far a mailing to many has come."""
    return {
        "about": one.subject,
        "kind": one.kind,
        "total": one.total,
        "out": one.out,
        "waiting": one.waiting,
        "stopped": one.resting,
        "unqueued": one.unqueued,
    }


def queue_text(shown: Row) -> None:
    """Print the queue."""
    for side in ("inbox", "outbox"):
        states = "  ".join(f"{state} {number}" for state, number in shown[side].items())
        print(f"{side:<7} {states or 'empty'}")
    print(
        f"oldest pending: {shown['oldest_pending_s']} s   duplicates possible: {shown['duplicates_possible']}"
    )
    for one in shown["sending"]:
        more = "".join(f", {one[what]} {what}" for what in ("stopped", "unqueued") if one[what])
        print(
            f"{one['about']} {one['kind']}: {one['out']} of {one['total']} out, {one['waiting']} wait{more}"
        )
    _copies(shown["troubled"])


def _copies(copies: list[Row]) -> None:
    """Print copies of ours, each with the name by which `queue --why` knows it."""
    if copies:
        table([{**copy, "id": f"C{copy['id']}"} for copy in copies[:50]], as_json=False, empty="")


def why_copy(connection: Connection, number: int, zone: ZoneInfo) -> Row:
    """Return the history of one copy of ours: to whom it goes, where it stands, and what servers said."""
    copy = outbox.copy(connection, number)
    if copy is None:
        raise Refusal(f"queue: no copy has the number C{number}; `mailbot queue` names those in trouble")
    story = outbox.story(connection, [number])
    return {**vars(copy), "history": [{"at": local(at, zone), "what": what} for at, _, what in story]}


def why(connection: Connection, number: int, zone: ZoneInfo) -> Row:
    """Return the history of one received mail and of the copies that it caused."""
    entry = inbox.entry(connection, number)
    if entry is None:
        raise Refusal(
            f"queue: no received mail has the number {number}; `mailbot held list` and the log name them"
        )
    copies = outbox.copies(connection, number)
    troubled = [copy.id for copy in copies if copy.state != "sent" or copy.attempts > 1]
    states: dict[str, int] = dict(outbox.bundled(connection, number))
    for copy in copies:
        states[copy.state] = states.get(copy.state, 0) + 1
    history = [{"at": local(at, zone), "what": what} for at, what in inbox.story(connection, number)]
    history += [
        {"at": local(at, zone), "what": f"copy C{copy_id}: {what}"}
        for at, copy_id, what in outbox.story(connection, troubled)
    ]
    return {
        "id": entry.id,
        "received": local(entry.received_at, zone),
        "recipient": entry.recipient,
        "sender": entry.sender,
        "subject": entry.title,
        "state": entry.state,
        "reason": entry.reason,
        "authentication": entry.results or "",
        "copies": states,
        "history": history,
        "troubled": [vars(copy) for copy in copies if copy.id in set(troubled)],
    }


def why_text(shown: Row) -> None:
    """Print the history of one mail."""
    counts = "  ".join(f"{state} {number}" for state, number in shown.get("copies", {}).items())
    head = {name: fact for name, fact in shown.items() if name not in {"history", "troubled"}}
    facts({**head, "copies": counts or "none"} if "copies" in head else head)
    table(shown["history"], as_json=False, empty="no history yet")
    _copies(shown.get("troubled", []))


def held_rows(held: Sequence[Entry], waiting: Mapping[int, HeldPost], zone: ZoneInfo) -> list[Row]:
    """Return one row for each mail that waits for a decision; a post also says for whom, and until when."""
    rows: list[Row] = []
    for entry in held:
        post = waiting.get(entry.id)
        rows.append(
            {
                "id": entry.id,
                "received": local(entry.received_at, zone),
                "to": entry.recipient,
                "from": entry.sender,
                "subject": entry.title,
                "reason": entry.reason,
                "waits_for": "office" if post is None else post.claimed_by or post.waits_for,
                "until": None if post is None else local(post.until, zone),
            }
        )
    return rows
