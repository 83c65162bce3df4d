"""The outbox: a cooked mailing once, and one narrow row for each recipient (promises.md R1)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    Connection,
    Integer,
    and_,
    bindparam,
    case,
    cast,
    func,
    insert,
    or_,
    select,
    text,
    union_all,
    update,
)

from mailbot.core.transfer.delivery import Deferred, Failed, Outcome, Sent, given_up, next_attempt
from mailbot.store.database import storable
from mailbot.store.sending import bundles, fan_outs, sendings
from mailbot.store.sending.copy_states import RESTS, not_out, unfinished
from mailbot.store.statements import LONG, Keyed, Listed, Written, next_ids, put_apart
from mailbot.store.tables import DOUBTFUL, bundle, delivery, fan_out, history, mailing, microseconds, seen
from mailbot.store.transactions import gather

_MOST_TEXTS = 20  # beside which a reply is read
_AT_ONCE = 50  # mailings that are read by one statement
_STRETCH = 3  # neighbouring rows from which one statement for all is quicker than one for each
LEASE = timedelta(seconds=24)  # with the pace at which others look, a dead node's rows are free within 30 s


class Claimed(NamedTuple):
    """One recipient's row under our lease."""

    id: int
    mailing_id: int
    address: str
    ballot_id: int | None
    fields: str | None  # JSON
    attempts: int


@dataclass(frozen=True)
class Mailing:
    """A cooked message that several recipients share."""

    id: int
    cooked: bytes  # with the fields of core/mail/mailing.py
    subject: str  # list name, or key of the survey or event
    bounces: str | None  # local part for its bounces; None: null sender
    identical: bool  # one content and one return path for all


@dataclass(frozen=True)
class Addressee:
    """One recipient to queue."""

    address: str
    ballot_id: int | None = None
    fields: Mapping[str, str] | None = None


class Settled(NamedTuple):
    """The outcome of one attempt, with what is needed to plan the next."""

    id: int
    attempts: int  # before this one
    outcome: Outcome


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
        _SENT_TO.forget(connection, one.ballot_id)
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


def claim(connection: Connection, owner: str, now: datetime, most: int) -> list[Claimed]:
    """Take the oldest rows that are due, under a lease; no other node gets them while it lasts (I24)."""
    until = microseconds(now + LEASE)
    rows: list[Claimed] = sorted(_DUE.rows(connection, most=most, now=microseconds(now)))
    for ids in _pieces([row.id for row in rows]):
        if isinstance(ids, range):
            _LEASE_STRETCH.run(connection, owner=owner, until=until, first=ids[0], last=ids[-1])
        else:
            _LEASE.run_columns(connection, {"row": ids}, owner=owner, until=until)
    return rows


def load_mailings(connection: Connection, mailing_ids: Sequence[int]) -> list[Mailing]:
    """Return these cooked messages."""
    query = select(mailing.c.id, mailing.c.cooked, mailing.c.subject, mailing.c.bounces, mailing.c.identical)
    return [Mailing(*row) for row in connection.execute(query.where(mailing.c.id.in_(mailing_ids)))]


def start(connection: Connection, owner: str, ids: Sequence[int]) -> set[int]:
    """Mark rows whose final dot is about to leave; returns those that are still ours."""
    if not ids:
        return set()
    started = 0
    for some in _pieces(sorted(ids)):
        if isinstance(some, range):
            started += _START_STRETCH.run(connection, owner=owner, first=some[0], last=some[-1])
        else:
            started += _START.run_columns(connection, {"row": some}, owner=owner)
    return set(ids) if started == len(ids) else still_ours(connection, owner, ids)


def still_ours(connection: Connection, owner: str, ids: Collection[int]) -> set[int]:
    """Return which of these rows are under the lease of this owner."""
    ours = select(delivery.c.id).where(
        delivery.c.id.in_(ids), delivery.c.lease_owner == owner, delivery.c.state == "sending"
    )
    return set(connection.execute(ours).scalars()) if ids else set()


def settle_sent(connection: Connection, owner: str, sent: Sequence[tuple[int, str]], now: datetime) -> None:
    """Record what the next hop has taken, with its words. A row whose lease went to somebody else is left to them."""
    said, at = {row: storable(words) for row, words in sent}, microseconds(now)
    for ids in _pieces(sorted(said)):
        words = [said[row] for row in ids]
        if isinstance(ids, range):
            values = {"owner": owner, "at": at, "words": json.dumps(words, ensure_ascii=False)}
            _SENT_STRETCH[connection.dialect.name].run(connection, first=ids[0], last=ids[-1], **values)
        else:
            _SENT.run_columns(connection, {"row": ids, "words": words}, owner=owner, at=at)


def settle_late(connection: Connection, owner: str, sent: Sequence[tuple[int, str]], now: datetime) -> int:
    """Record what the next hop took from us when that could not be recorded; returns of how many it was still to be said.

    Where the lease has run out meanwhile the row waits again, and a doubt was counted that is none; another node that has
    claimed it, too, finds that it may not start. If that one's final dot may have left, or has, its own outcome stands.
    """
    at = microseconds(now)
    late = [{"row": row, "words": storable(words), "at": at, "owner": owner} for row, words in sorted(sent)]
    return connection.execute(_SENT_LATE, late).rowcount if late else 0


def settle(
    connection: Connection, owner: str, settled: Sequence[Settled], now: datetime, spread: float
) -> None:
    """Record outcomes. A row whose lease went to somebody else is left to them.

    `spread` (0 to 1) moves the next attempts apart, see core/transfer/delivery.py.
    """
    sent = [(one.id, one.outcome.reply) for one in settled if isinstance(one.outcome, Sent)]
    settle_sent(connection, owner, sent, now)
    others = [one for one in settled if not isinstance(one.outcome, Sent)]
    if others:
        queued_at = _queued_at(connection, [one.id for one in others])
        connection.execute(_UNSENT, [_unsent(one, owner, queued_at[one.id], now, spread) for one in others])
        connection.execute(
            insert(history),
            [{"delivery_id": one.id, "at": now, "what": _words(one.outcome)} for one in others],
        )


def _pieces(ids: Sequence[int]) -> list[range | list[int]]:
    """Cut ascending ids into stretches without a gap, and lists of the ids that are in none, in their order.

    The rows of a list's mailing are neighbours, and those of a round of the connections nearly always: one statement for
    them takes SQLite and its driver two thirds of what one for each does. Both lock rows in one order, see `renew`.
    """
    if len(ids) >= _STRETCH and ids[-1] - ids[0] == len(ids) - 1:
        return [range(ids[0], ids[-1] + 1)]
    pieces: list[range | list[int]] = []
    begin = 0
    for end in range(1, len(ids) + 1):
        if end < len(ids) and ids[end] == ids[end - 1] + 1:
            continue
        if end - begin >= _STRETCH:
            pieces.append(range(ids[begin], ids[end - 1] + 1))
        elif pieces and isinstance(pieces[-1], list):
            pieces[-1] += ids[begin:end]
        else:
            pieces.append([*ids[begin:end]])
        begin = end
    return pieces


def release(connection: Connection, owner: str, now: datetime, *, everything: bool = False) -> int:
    """Free rows whose lease ran out, or all of this owner's (at its start); returns how many.

    Where the final dot may have left, a copy may go twice: that is counted (promises.md I9).
    """
    mine = delivery.c.lease_owner == owner
    over = delivery.c.lease_until < microseconds(now)
    return connection.execute(
        update(delivery)
        .where(delivery.c.state == "sending", mine if everything else over)
        .values(
            state="pending",
            doubtful=delivery.c.doubtful + case((delivery.c.in_flight, 1), else_=0),
            in_flight=False,
            lease_owner=None,
        )
    ).rowcount


def renew(connection: Connection, owner: str, now: datetime) -> None:
    """Lengthen the lease of the rows that this owner still holds."""
    # Locked in the order in which `start` and `settle` lock them, so that PostgreSQL finds no deadlock.
    held = select(delivery.c.id).where(delivery.c.state == "sending", delivery.c.lease_owner == owner)
    connection.execute(
        update(delivery)
        .where(delivery.c.id.in_(held.order_by(delivery.c.id).with_for_update()))
        .values(lease_until=microseconds(now + LEASE))
    )


def put_back(connection: Connection, owner: str, ids: Sequence[int]) -> None:
    """Give back rows of ours that were never begun."""
    connection.execute(_PUT_BACK, [{"row": row_id, "owner": owner} for row_id in ids])


def take_back(connection: Connection, owner: str, ids: Sequence[int]) -> None:
    """Give back rows of ours that `start` has just marked in this transaction, and whose mail will not leave."""
    if ids:
        connection.execute(
            update(delivery)
            .where(delivery.c.id.in_(ids), delivery.c.lease_owner == owner)
            .values(state="pending", lease_owner=None, in_flight=False)
        )


def postpone(connection: Connection, owner: str, waits: Sequence[tuple[int, datetime]]) -> None:
    """Give back rows of ours that were never begun, due later; it is no attempt."""
    connection.execute(
        _PUT_BACK.values(due_at=bindparam("due")),
        [{"row": row_id, "owner": owner, "due": microseconds(due)} for row_id, due in waits],
    )


def next_due(connection: Connection) -> int | None:
    """Return when the next copy is due (microseconds), queued or not; None when nothing waits."""
    queued = [
        select(func.min(table.c.due_at)).where(table.c.state == "pending") for table in (delivery, bundle)
    ]
    dues = [connection.execute(query).scalar() for query in (*queued, select(func.min(fan_out.c.due_at)))]
    return min((due for due in dues if due is not None), default=None)


def overdue(connection: Connection, now: datetime) -> timedelta:
    """Return for how long some row has been due that nobody takes; none: no time."""
    due = next_due(connection)
    return timedelta(microseconds=max(0, microseconds(now) - due)) if due is not None else timedelta()


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
    """Return how many copies too many may have gone (promises.md I9): one recipient's may be in doubt again."""
    doubts = select(func.coalesce(func.sum(delivery.c.doubtful), 0)).where(text(DOUBTFUL))
    return int(connection.execute(doubts).scalar_one())


def texts_sent(connection: Connection, ballot_id: int) -> list[tuple[bytes, str | None, int, str]]:
    """Return what was sent for one ballot, newest first: cooked message, fields (JSON), delivery id, address."""
    ahead = _SENT_TO.ahead(connection, ballot_id)
    return _TEXTS_SENT.rows(connection, ballot=ballot_id) if ahead is None else ahead


def read_texts_ahead(connection: Connection, ballot_ids: Iterable[int]) -> None:
    """Read what `texts_sent` will ask for about these ballots; what all were sent is read once."""
    sent: dict[int, list[tuple[int, str | None, int, str]]] = {one: [] for one in ballot_ids}
    for mailing_id, fields, delivery_id, address, ballot_id in _SENT_TO.read_ahead(
        connection, ((one,) for one in sent)
    ):
        if len(sent[ballot_id]) < _MOST_TEXTS:
            sent[ballot_id].append((mailing_id, fields, delivery_id, address))
    wanted = sorted({row[0] for rows in sent.values() for row in rows})
    cooked: dict[int, bytes] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        keys = [(one,) for one in wanted[start : start + _AT_ONCE]]
        cooked |= {row.id: row.cooked for row in _COOKED.rows(connection, keys)}
    for ballot_id, rows in sent.items():
        _SENT_TO.put(connection, (ballot_id,), [(cooked[number], *own) for number, *own in rows])


def newest_text(connection: Connection, ballot_id: int, moment: datetime) -> int:
    """Return the delivery id of the newest text for one ballot that was made before this moment; 0: none was."""
    query = (
        select(func.max(delivery.c.id))
        .join_from(delivery, mailing)
        .where(delivery.c.ballot_id == ballot_id, mailing.c.created_at <= moment)
    )
    return connection.execute(query).scalar() or 0


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


# What runs for each mail or each claim is put together once: that costs SQLAlchemy more than running it.

_ADD_MAILING = Written(insert(mailing).returning(mailing.c.id))

_PUT_COOKED = Written(
    update(mailing).where(mailing.c.id == bindparam("row")).values(cooked=bindparam("long"))
)

_ADD_NUMBERED = Written(insert(mailing))

_QUEUE = Written(insert(delivery))

_QUEUE_EACH = Written(insert(delivery))  # each row of a mailing of its own

_DUE = Written(
    select(
        delivery.c.id,
        delivery.c.mailing_id,
        delivery.c.address,
        delivery.c.ballot_id,
        delivery.c.fields,
        delivery.c.attempts,
    )
    .where(delivery.c.state == "pending", delivery.c.due_at <= bindparam("now"))
    .order_by(delivery.c.due_at, delivery.c.id)
    .limit(bindparam("most", type_=Integer))
    .with_for_update(skip_locked=True),
    Claimed,
)

_LEASED = {
    "state": "sending",
    "lease_owner": bindparam("owner"),
    "lease_until": bindparam("until"),
    "in_flight": False,
}

_LEASE = Written(update(delivery).where(delivery.c.id == bindparam("row")).values(_LEASED))

_LEASE_STRETCH = Written(
    update(delivery).where(delivery.c.id.between(bindparam("first"), bindparam("last"))).values(_LEASED)
)

_TEXTS_SENT = Written(
    select(mailing.c.cooked, delivery.c.fields, delivery.c.id, delivery.c.address)
    .join_from(delivery, mailing)
    .where(delivery.c.ballot_id == bindparam("ballot"))
    .order_by(delivery.c.id.desc())
    .limit(_MOST_TEXTS)
)

_SENT_TO = Keyed(
    select(delivery.c.mailing_id, delivery.c.fields, delivery.c.id, delivery.c.address)
    .join_from(delivery, mailing)
    .order_by(delivery.c.id.desc()),
    delivery.c.ballot_id,
)

_COOKED = Listed(select(mailing.c.id, mailing.c.cooked), mailing.c.id)

_PUT_BACK = (
    update(delivery)
    .where(
        delivery.c.id == bindparam("row"),
        delivery.c.lease_owner == bindparam("owner"),
        delivery.c.in_flight.is_(False),
    )
    .values(state="pending", lease_owner=None)
)

_START = Written(
    update(delivery)
    .where(
        delivery.c.id == bindparam("row"),
        delivery.c.lease_owner == bindparam("owner"),
        delivery.c.state == "sending",
    )
    .values(in_flight=True)
)

# Whose lease it is says that it is being sent. Stated, that would lead SQLite to the index of all such rows.
_START_STRETCH = Written(
    update(delivery)
    .where(
        delivery.c.id.between(bindparam("first"), bindparam("last")),
        delivery.c.lease_owner == bindparam("owner"),
    )
    .values(in_flight=True)
)

_AS_SENT = {
    "state": "sent",
    "attempts": delivery.c.attempts + 1,
    "settled_at": bindparam("at"),
    "in_flight": False,
    "lease_owner": None,
}

_SENT = Written(
    update(delivery)
    .where(delivery.c.id == bindparam("row"), delivery.c.lease_owner == bindparam("owner"))
    .values({**_AS_SENT, "reply": bindparam("words")})
)

_SENT_LATE = (
    update(delivery)
    .where(
        delivery.c.id == bindparam("row"),
        or_(delivery.c.state == "pending", delivery.c.state == "sending"),
        or_(delivery.c.lease_owner == bindparam("owner"), delivery.c.in_flight.is_(False)),
    )
    .values(
        {
            **_AS_SENT,
            "reply": bindparam("words"),
            "doubtful": case(
                (delivery.c.lease_owner == bindparam("owner"), delivery.c.doubtful),
                (delivery.c.doubtful > 0, delivery.c.doubtful - 1),
                else_=0,
            ),
        }
    )
)


def _sent_stretch(words: ColumnElement[Any]) -> Written:
    """Return what records neighbours as sent; the server's words are a JSON array, one for each."""
    place = delivery.c.id - bindparam("first", type_=BigInteger)
    return Written(
        update(delivery)
        .where(
            delivery.c.id.between(bindparam("first"), bindparam("last")),
            delivery.c.lease_owner == bindparam("owner"),
        )
        .values({**_AS_SENT, "reply": words.op("->>")(cast(place, Integer))})
    )


_WORDS = bindparam("words", type_=delivery.c.reply.type)
_SENT_STRETCH = {"sqlite": _sent_stretch(_WORDS), "postgresql": _sent_stretch(cast(_WORDS, JSON))}

_UNSENT = (
    update(delivery)
    .where(delivery.c.id == bindparam("row"), delivery.c.lease_owner == bindparam("owner"))
    .values(
        state=bindparam("new_state"),
        attempts=delivery.c.attempts + 1,
        due_at=bindparam("due"),
        reply=bindparam("words"),
        doubtful=delivery.c.doubtful + bindparam("doubt"),
        settled_at=bindparam("at"),
        in_flight=False,
        lease_owner=None,
    )
)


def _queued_at(connection: Connection, ids: Sequence[int]) -> dict[int, datetime]:
    rows = connection.execute(
        select(delivery.c.id, mailing.c.created_at).join_from(delivery, mailing).where(delivery.c.id.in_(ids))
    )
    return {row[0]: row[1] for row in rows}


def _unsent(one: Settled, owner: str, queued_at: datetime, now: datetime, spread: float) -> dict[str, object]:
    row: dict[str, object] = {
        "row": one.id,
        "owner": owner,
        "words": storable(one.outcome.reply),
        "at": microseconds(now),
        "due": microseconds(now),
        "doubt": 0,
        "new_state": "failed",
    }
    if isinstance(one.outcome, Deferred):
        row["doubt"] = int(one.outcome.unknown)
        if given_up(queued_at, now):
            row["new_state"] = "expired"
        else:
            row["new_state"] = "pending"
            row["due"] = microseconds(next_attempt(one.attempts + 1, now, spread))
    return row


def _words(outcome: Outcome) -> str:
    match outcome:
        case Failed(reply):
            return storable(f"failed: {reply}")
        case Deferred(reply, unknown=True):
            return storable(f"deferred, perhaps delivered: {reply}")
        case Deferred(reply) | Sent(reply):
            return storable(f"deferred: {reply}")
