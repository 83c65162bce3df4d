"""The outbox: a cooked mailing once, and one narrow row for each recipient (promises.md R1)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, and_, bindparam, func, insert, select, text, union_all, update

from mailbot.store.sending import bundles, fan_outs, sendings, sent_texts
from mailbot.store.sending.copy_states import RESTS, not_out, unfinished
from mailbot.store.statements import LONG, Written, next_ids, put_apart
from mailbot.store.tables import DOUBTFUL, delivery, fan_out, mailing, microseconds, seen
from mailbot.store.transactions import gather


@dataclass(frozen=True)
class Addressee:
    """One recipient to queue."""

    address: str
    ballot_id: int | None = None
    fields: Mapping[str, str] | None = None


def add_mailing(
    connection: Connection,
    *,
    kind: str,
    subject: str,
    cooked: bytes,
    bounces: str | None,
    now: datetime,
    inbox_id: int | None = None,
    identical: bool = False,
) -> int:
    """Store a cooked message; returns its id. `identical`: it has no fields, and leaves alike for all its recipients."""
    apart = len(cooked) > LONG and connection.dialect.name == "sqlite"
    mailing_id: int = _ADD_MAILING.first(
        connection,
        kind=kind,
        subject=subject,
        cooked=b"" if apart else cooked,
        bounces=bounces,
        inbox_id=inbox_id,
        created_at=now,
        identical=identical,
    ).id
    if apart:
        put_apart(connection, _PUT_COOKED, mailing_id, cooked)
    return mailing_id


def queue(connection: Connection, mailing_id: int, addressees: Sequence[Addressee], now: datetime) -> None:
    """Queue a mailing to these recipients."""
    due_at = microseconds(now)
    if not addressees:
        return
    columns: dict[str, list[object]] = {
        "address": [one.address for one in addressees],
        "ballot_id": [one.ballot_id for one in addressees],
        "fields": [_fields(one) for one in addressees],
    }
    _QUEUE.run_columns(connection, columns, mailing_id=mailing_id, due_at=due_at)


def _fields(one: Addressee) -> str | None:
    return None if one.fields is None else json.dumps(dict(one.fields), ensure_ascii=False)


def queue_answer(
    connection: Connection,
    kind: str,
    subject: str,
    cooked: bytes,
    addressees: Sequence[Addressee],
    now: datetime,
    *,
    inbox_id: int | None,
) -> None:
    """Queue a mail that answers another, to these recipients; it is saved together with others of its transaction."""
    for one in addressees:
        sent_texts.forget(connection, one.ballot_id)
    gather(connection, _save_answers, _Answer(kind, subject, cooked, inbox_id, now, tuple(addressees)))


class _Answer(NamedTuple):
    """A mailing from the null sender that is still to be saved."""

    kind: str
    subject: str
    cooked: bytes
    inbox_id: int | None
    created_at: datetime
    addressees: tuple[Addressee, ...]


def _save_answers(connection: Connection, answers: list[_Answer]) -> None:
    """Save mailings with their recipients' rows: numbered here, so that all need two statements."""
    numbers = next_ids(connection, mailing, len(answers))
    kinds, subjects, cooked, inbox_ids, times, _ = zip(*answers, strict=True)
    columns = {
        "id": numbers,
        "kind": kinds,
        "subject": subjects,
        "cooked": cooked,
        "inbox_id": inbox_ids,
        "created_at": times,
    }
    _ADD_NUMBERED.run_columns(connection, columns, bounces=None)
    rows = [
        (number, one.address, one.ballot_id, _fields(one), microseconds(answer.created_at))
        for number, answer in zip(numbers, answers, strict=True)
        for one in answer.addressees
    ]
    if rows:
        names = ("mailing_id", "address", "ballot_id", "fields", "due_at")
        _QUEUE_EACH.run_rows(connection, names, rows)


def queue_letter(
    connection: Connection,
    kind: str,
    subject: str,
    cooked: bytes,
    address: str,
    now: datetime,
    *,
    inbox_id: int | None,
) -> None:
    """Queue a mail to one person, which no bounce comes back for; `inbox_id`: the received mail that caused it."""
    mailing_id = add_mailing(
        connection, kind=kind, subject=subject, cooked=cooked, bounces=None, now=now, inbox_id=inbox_id
    )
    queue(connection, mailing_id, [Addressee(address)], now)


def withdraw(connection: Connection, kinds: Sequence[str], subject: str) -> int:
    """Withdraw what waits of these kinds of mailing; what is on its way stays. Returns how many."""
    mailings = select(mailing.c.id).where(mailing.c.subject == subject, mailing.c.kind.in_(kinds))
    unqueued = fan_outs.drop(connection, mailings)
    bundles.open_waiting(connection, mailings)
    queued = connection.execute(
        update(delivery)
        .where(delivery.c.state == "pending", delivery.c.mailing_id.in_(mailings))
        .values(state="withdrawn")
    ).rowcount
    return unqueued + queued


def count_waiting(connection: Connection) -> dict[tuple[str, str], int]:
    """Return how many copies have not left, by kind of mailing and list, survey or event."""
    rows = connection.execute(
        select(mailing.c.kind, mailing.c.subject, func.count())
        .join_from(delivery, mailing)
        .where(not_out())
        .group_by(mailing.c.kind, mailing.c.subject)
        .order_by(mailing.c.kind, mailing.c.subject)
    )
    counts = Counter({(row[0], row[1]): row[2] for row in rows})
    for (kind, subject, _), number in _without_rows(connection).items():
        counts[kind, subject] += number
    return dict(counts)


def withdraw_waiting(connection: Connection, why: str, now: datetime) -> int:
    """Withdraw every copy that has not left; returns how many."""
    unqueued = fan_outs.drop(connection, select(fan_out.c.mailing_id))
    bundles.open_all(connection)
    queued = connection.execute(
        update(delivery)
        .where(not_out())
        .values(state="withdrawn", reply=why, lease_owner=None, in_flight=False, settled_at=microseconds(now))
    ).rowcount
    return unqueued + queued


def rest(connection: Connection, kind: str, subject: str) -> int:
    """Let the copies of these mailings that have not left rest until `resume`; returns how many."""
    return sendings.rest(connection, _mailings_of(kind, subject))


def resume(connection: Connection, kind: str, subject: str) -> int:
    """Let the copies that rest leave; returns how many."""
    return sendings.resume(connection, _mailings_of(kind, subject))


def _mailings_of(kind: str, subject: str) -> fan_outs.Mailings:
    return select(mailing.c.id).where(mailing.c.subject == subject, mailing.c.kind == kind)


def count_by_state(connection: Connection) -> dict[str, int]:
    """Return how many recipients are in each state; who waits to be queued is pending."""
    rows = connection.execute(select(delivery.c.state, func.count()).group_by(delivery.c.state))
    counts = Counter({row[0]: row[1] for row in rows})
    for (_, _, state), number in _without_rows(connection).items():
        counts[state] += number
    return dict(sorted(counts.items()))


def count_by_kind(connection: Connection, subject: str) -> dict[str, dict[str, int]]:
    """Return, for one list, survey or event, how many recipients of each kind of mailing are in each state."""
    rows = connection.execute(
        select(mailing.c.kind, delivery.c.state, func.count())
        .join_from(delivery, mailing)
        .where(mailing.c.subject == subject)
        .group_by(mailing.c.kind, delivery.c.state)
    )
    counts: dict[str, dict[str, int]] = {}
    for kind, state, number in rows:
        counts.setdefault(kind, {})[state] = number
    for (kind, about, state), number in _without_rows(connection).items():
        if about == subject:
            states = counts.setdefault(kind, {})
            states[state] = states.get(state, 0) + number
    return counts


def _without_rows(connection: Connection) -> Counter[tuple[str, str, str]]:
    """Return how many copies are in bundles, or not queued yet, by kind of mailing, list, and state."""
    left = Counter(bundles.copies(connection))
    left.update({(number, "pending"): count for number, count in fan_outs.left(connection).items()})
    numbers = {number for number, _ in left}
    rows = connection.execute(
        select(mailing.c.id, mailing.c.kind, mailing.c.subject).where(mailing.c.id.in_(numbers))
    )
    about = {number: (kind, subject) for number, kind, subject in rows}
    counts: Counter[tuple[str, str, str]] = Counter()
    for (number, state), count in left.items():
        counts[*about[number], state] += count
    return counts


def oldest_pending(connection: Connection) -> datetime | None:
    """Return when the oldest unfinished mail was queued."""
    return connection.execute(
        select(func.min(mailing.c.created_at)).where(mailing.c.id.in_(unfinished()))
    ).scalar()


def count_doubtful(connection: Connection) -> int:
    """Return how many copies too many may have gone (promises.md I9); one recipient's may be in doubt more than once."""
    doubts = select(func.coalesce(func.sum(delivery.c.doubtful), 0)).where(text(DOUBTFUL))
    return int(connection.execute(doubts).scalar_one())


def address_of(connection: Connection, delivery_id: int) -> str | None:
    """Return to whom a copy went; None when it is no longer kept."""
    return connection.execute(select(delivery.c.address).where(delivery.c.id == delivery_id)).scalar()


def list_of_post(connection: Connection, delivery_id: int) -> str | None:
    """Return the list whose post, digest or bulletin a copy is; None when it is of no list, or no longer kept."""
    query = select(mailing.c.subject).join_from(delivery, mailing)
    kinds = ("post", "digest", "notices", "bulletin")
    return connection.execute(query.where(delivery.c.id == delivery_id, mailing.c.kind.in_(kinds))).scalar()


def made_since(connection: Connection, subject: str, kind: str, moment: datetime) -> bool:
    """Tell whether a mailing of this kind about a list, survey or event was made since a moment."""
    query = select(mailing.c.id).where(mailing.c.subject == subject, mailing.c.kind == kind)
    return connection.execute(query.where(mailing.c.created_at >= moment).limit(1)).first() is not None


def cooked_mails(connection: Connection, subject: str, kind: str) -> list[tuple[int, bytes]]:
    """Return the mailings of one kind about a list, survey or event: id and cooked message."""
    query = select(mailing.c.id, mailing.c.cooked).where(mailing.c.subject == subject, mailing.c.kind == kind)
    return [(row[0], row[1]) for row in connection.execute(query.order_by(mailing.c.id))]


def posts_of(connection: Connection, places: Collection[str], fingerprint: str, since: datetime) -> list[int]:
    """Return the mailings of posts, made since a moment, that this mail has caused where these places took it."""
    query = (
        select(mailing.c.id)
        .join_from(seen, mailing, mailing.c.inbox_id == seen.c.inbox_id)
        .where(seen.c.place.in_(places), seen.c.fingerprint == fingerprint, mailing.c.kind == "post")
        .where(mailing.c.created_at >= since)
    )
    return list(connection.execute(query).scalars())


class PostForm(NamedTuple):
    """One form of a post, as its mailing has it; there is a second where some members want plain text."""

    id: int
    list_name: str
    inbox_id: int
    goes: bool  # no copy of it was withdrawn, nor was it destroyed
    rests: bool  # it was stopped before all of it had left


def post_forms(connection: Connection, mailings: Collection[int]) -> list[PostForm]:
    """Return those of these mailings that are posts of a mail that we have, list by list, the usual form first."""
    of_these = select(delivery.c.mailing_id).where(delivery.c.mailing_id.in_(mailings))
    back = of_these.where(delivery.c.state == "withdrawn")
    resting = union_all(
        of_these.where(delivery.c.state == "pending", delivery.c.due_at >= RESTS),
        select(fan_out.c.mailing_id).where(fan_out.c.due_at >= RESTS),
    )
    query = (
        select(
            mailing.c.id,
            mailing.c.subject,
            mailing.c.inbox_id,
            and_(mailing.c.cooked != b"", mailing.c.id.not_in(back)),
            mailing.c.id.in_(resting),
        )
        .where(mailing.c.id.in_(mailings), mailing.c.kind == "post", mailing.c.inbox_id.is_not(None))
        .order_by(mailing.c.subject, mailing.c.id)
    )
    return [PostForm(*row) for row in connection.execute(query)]


def unfinished_posts(connection: Connection, list_name: str) -> list[int]:
    """Return the mailings of a list's posts of which copies have not left."""
    query = select(mailing.c.id).where(mailing.c.id.in_(unfinished()), mailing.c.kind == "post")
    return list(connection.execute(query.where(mailing.c.subject == list_name)).scalars())


# What runs for each mail is put together once: that costs SQLAlchemy more than running it.

_ADD_MAILING = Written(insert(mailing).returning(mailing.c.id))

_PUT_COOKED = Written(
    update(mailing).where(mailing.c.id == bindparam("row")).values(cooked=bindparam("long"))
)

_ADD_NUMBERED = Written(insert(mailing))

_QUEUE = Written(insert(delivery))

_QUEUE_EACH = Written(insert(delivery))  # each row of a mailing of its own
