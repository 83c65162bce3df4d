"""The texts that were sent for each ballot: its replies are read beside them (ballot.md section 1, rule 8)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, select

from mailbot.store.statements import Keyed, Listed, Written
from mailbot.store.tables import delivery, mailing

_MOST_TEXTS = 20  # beside which a reply is read
_AT_ONCE = 50  # mailings that are read by one statement


def of_ballot(connection: Connection, ballot_id: int) -> list[tuple[bytes, str | None, int, str]]:
    """Return what was sent for one ballot, newest first: cooked message, fields (JSON), delivery id, address."""
    ahead = _SENT_TO.ahead(connection, ballot_id)
    return _TEXTS_SENT.rows(connection, ballot=ballot_id) if ahead is None else ahead


def read_ahead(connection: Connection, ballot_ids: Iterable[int]) -> None:
    """Read what `of_ballot` will ask for about these ballots; what all were sent is read once."""
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


def forget(connection: Connection, ballot_id: int | None) -> None:
    """Let what was sent for a ballot be read again: one more text is gathered for it."""
    _SENT_TO.forget(connection, ballot_id)


def newest(connection: Connection, ballot_id: int, moment: datetime) -> int:
    """Return the delivery id of the newest text for one ballot that was made before this moment; 0: none was."""
    query = (
        select(func.max(delivery.c.id))
        .join_from(delivery, mailing)
        .where(delivery.c.ballot_id == ballot_id, mailing.c.created_at <= moment)
    )
    return connection.execute(query).scalar() or 0


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
