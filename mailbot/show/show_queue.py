"""What `mailbot queue` and `held list` print: the inbox and the outbox, what became of a mail, what waits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from mailbot.core.mail.header import clean
from mailbot.core.refusal import Refusal
from mailbot.show import Row, facts, local, table
from mailbot.store.lists.held_posts import HeldPost
from mailbot.store.mail import inbox, message_ids
from mailbot.store.mail.inbox import InboxEntry
from mailbot.store.members import troubles
from mailbot.store.sending import copies, leases, outbox, sendings
from mailbot.store.sending.sendings import Sending

_MOST = 50  # copies that are shown at once
_LATE_SECONDS = 60  # what is due leaves within a few, or is tried again later


def queue(connection: Connection, now: datetime) -> Row:
    """Return the inbox and the outbox by state."""
    oldest = outbox.oldest_pending(connection)
    return {
        "inbox": inbox.count_by_state(connection),
        "outbox": outbox.count_by_state(connection),
        "oldest_pending_s": 0 if oldest is None else max(0, round((now - oldest).total_seconds())),
        "duplicates_possible": outbox.count_doubtful(connection),
        "overdue_s": round(leases.overdue(connection, now).total_seconds()),
        "queued_ahead": sendings.count_ahead(connection, now),
        "sending": [_sending(one) for one in sendings.under_way(connection)],
        "troubled": [vars(copy) for copy in copies.troubled(connection)],
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
    if shown["overdue_s"] >= _LATE_SECONDS and not shown["outbox"].get("sending"):
        print(
            f"mail has been due for {shown['overdue_s']} s and none is on its way; `mailbot doctor` says what the relay answers, "
            "and whether `mailbot serve` runs"
        )
    if shown["queued_ahead"]:
        print(
            f"{shown['queued_ahead']} copies were queued by a clock that ran ahead and wait for that time; `mailbot serve` lets them "
            "leave when it sees the clock set back, and at its start"
        )
    for one in shown["sending"]:
        more = "".join(f", {one[what]} {what}" for what in ("stopped", "unqueued") if one[what])
        print(
            f"{one['about']} {one['kind']}: {one['out']} of {one['total']} out, {one['waiting']} wait{more}"
        )
    _copies(shown["troubled"])


def _copies(copies: list[Row], total: int = 0) -> None:
    """Print copies of ours, each with the name by which `queue --why` knows it, and how many more of `total` there are."""
    shown = copies[:_MOST]
    if shown:
        named = [{**copy, "id": "-" if copy["id"] is None else f"C{copy['id']}"} for copy in shown]
        table(named, as_json=False, empty="")
    if total > len(shown):
        print(f"and {total - len(shown)} more")


def why_copy(connection: Connection, number: int, zone: ZoneInfo) -> Row:
    """Return the history of one copy of ours: to whom it goes, where it stands, and what servers said."""
    copy = copies.copy(connection, number)
    if copy is None:
        raise Refusal(f"queue: no copy has the number C{number}; `mailbot queue` names those in trouble")
    story = copies.story(connection, [number])
    return {**vars(copy), "history": [{"at": local(at, zone), "what": what} for at, _, what in story]}


def why(connection: Connection, number: int, zone: ZoneInfo) -> Row:
    """Return the history of one received mail and of the copies that it caused."""
    entry = inbox.entry(connection, number)
    if entry is None:
        raise Refusal(
            f"queue: no received mail has the number {number}; `mailbot held list` and the log name them"
        )
    troubled = copies.in_trouble(connection, number)
    history = [{"at": local(at, zone), "what": what} for at, what in inbox.story(connection, number)]
    history += [
        {"at": local(at, zone), "what": f"copy C{copy_id}: {what}"}
        for at, copy_id, what in copies.story(connection, [copy.id for copy in troubled.copies])
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
        "copies": dict(sorted(copies.count_by_state(connection, number).items())),
        "history": history,
        "troubled": [vars(copy) for copy in troubled.copies],
        "troubled_in_all": troubled.total,
    }


def why_address(connection: Connection, address: str, zone: ZoneInfo) -> Row:
    """Return the newest copies of one address, how many more there are, and whether its mail comes back."""
    found, total = copies.to_address(connection, address, _MOST)
    trouble = troubles.load(connection, address)
    if not found and trouble is None:
        raise Refusal(
            f"queue: no copy of ours goes or went to {address}; a Message-ID stands between <angle brackets>, in quotes"
        )
    return {
        "address": address,
        "trouble": None
        if trouble is None
        else {
            "state": trouble.state,
            "since": local(trouble.since, zone),
            "newest": local(trouble.last_at, zone),
            "words": trouble.failure.words,
        },
        "total": total,
        "copies": [{**vars(copy), "made_at": local(copy.made_at, zone)} for copy in found],
    }


def why_message_id(connection: Connection, message_id: str, zone: ZoneInfo) -> Row:
    """Return what is known of a Message-ID: received mails with what each caused, kept posts, a copy of ours."""
    mails = [why(connection, number, zone) for number in message_ids.received(connection, message_id)]
    kept = message_ids.kept_posts(connection, message_id)
    own = message_ids.own_copy(connection, message_id)
    if not mails and not kept and own is None:
        raise Refusal(
            f"queue: {message_id} is no mail in the archive, none of the newest {message_ids.NEWEST} received ones and no copy"
            " of ours; of an older mail give the number, which the log names, and of an address leave the brackets out"
        )
    return {
        "message_id": message_id,
        "mails": mails,
        "kept": [{**vars(one), "written_at": local(one.written_at, zone)} for one in kept],
        "copy": None if own is None else why_copy(connection, own, zone),
    }


def why_text(shown: Row) -> None:
    """Print the history of one mail."""
    counts = "  ".join(f"{state} {number}" for state, number in shown.get("copies", {}).items())
    head = {
        name: fact for name, fact in shown.items() if name not in {"history", "troubled", "troubled_in_all"}
    }
    facts({**head, "copies": counts or "none"} if "copies" in head else head)
    table(shown["history"], as_json=False, empty="no history yet")
    _copies(shown.get("troubled", []), shown.get("troubled_in_all", 0))


def why_address_text(shown: Row) -> None:
    """Print the copies of one address."""
    trouble = shown["trouble"]
    if trouble is not None:
        print(
            f"{shown['address']}: its mail comes back ({trouble['state']}), from {trouble['since']} to {trouble['newest']}:"
            f" {clean(trouble['words'])}"
        )
    _copies(shown["copies"], shown["total"])


def why_message_id_text(shown: Row) -> None:
    """Print what is known of a Message-ID."""
    for one in shown["mails"]:
        why_text(one)
    if shown["kept"]:
        print("kept in the archive, not received by mail:")
        table(shown["kept"], as_json=False, empty="")
    if shown["copy"] is not None:
        why_text({**shown["copy"], "id": f"C{shown['copy']['id']}"})


def held_rows(held: Sequence[InboxEntry], waiting: Mapping[int, HeldPost], zone: ZoneInfo) -> list[Row]:
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
