"""Ballots: one for each body or person that is asked, and the tokens by which its replies are known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Text, bindparam, cast, delete, func, insert, literal, select, text, update

from mailbot.core.frozen import frozen
from mailbot.core.mail.address import address_key
from mailbot.store.database import storable
from mailbot.store.statements import Keyed, upserting
from mailbot.store.tables import Moment, ballot, inbox, mail, replaced_token, seen, sighting, survey

_PLACE = "ballot:"  # before a ballot's number: where its mails are remembered
WIDEST = 68  # columns of a ballot's lines, unless its gateway wraps them


@frozen
class Ballot:
    """What one body (or person) was asked by one survey or event."""

    id: int
    kind: str  # survey | event | probe
    subject: str  # its key
    code: str
    address: str
    greeting: str
    reference: str  # 受付番号
    issue: int = 1  # of its token
    frozen_at: datetime | None = None
    absent_until: datetime | None = None
    columns: int = WIDEST  # of its lines
    replaced: bool = False  # it was found by a token that a newer one has replaced


@dataclass(frozen=True)
class NewBallot:
    """A ballot to make."""

    code: str
    address: str
    greeting: str
    reference: str
    columns: int = WIDEST


_BALLOTS = select(
    ballot.c.id,
    ballot.c.kind,
    ballot.c.subject,
    ballot.c.code,
    ballot.c.address,
    ballot.c.greeting,
    ballot.c.reference,
    ballot.c.issue,
    ballot.c.frozen_at,
    ballot.c.absent_until,
    ballot.c.columns,
)
_OF_SUBJECT = _BALLOTS.where(ballot.c.subject == bindparam("subject")).order_by(ballot.c.code, ballot.c.id)
_BY_TOKEN = Keyed(_BALLOTS, ballot.c.token_hash)
_BY_OLD_TOKEN = _BALLOTS.join_from(ballot, replaced_token).where(
    replaced_token.c.token_hash == bindparam("hash")
)
_BY_ID = _BALLOTS.where(ballot.c.id == bindparam("row"))


def make(
    connection: Connection,
    kind: str,
    subject: str,
    wanted: Sequence[NewBallot],
    hash_of: Callable[[int], str],
) -> list[Ballot]:
    """Make these ballots and freeze the electorate with them; `hash_of(id)` is the stored form of the token."""
    if not wanted:
        return []
    connection.execute(
        insert(ballot),
        [
            {
                "subject": subject,
                "kind": kind,
                "code": new.code,
                "address": new.address,
                "greeting": new.greeting,
                "reference": new.reference,
                "columns": new.columns,
            }
            for new in wanted
        ],
    )
    fresh = select(ballot.c.id).where(ballot.c.subject == subject, ballot.c.token_hash.is_(None))
    connection.execute(
        update(ballot).where(ballot.c.id == bindparam("row")).values(token_hash=bindparam("hash")),
        [{"row": number, "hash": hash_of(number)} for number in connection.execute(fresh).scalars().all()],
    )
    return of_subject(connection, subject)


def of_subject(connection: Connection, subject: str, code: str | None = None) -> list[Ballot]:
    """Return every ballot of a survey or event, by code; of one body only when its code is given."""
    wanted = _OF_SUBJECT if code is None else _OF_SUBJECT.where(ballot.c.code == code)
    return [Ballot(*row) for row in connection.execute(wanted, {"subject": subject})]


def codes(connection: Connection) -> frozenset[str]:
    """Return the bodies that have ever been asked anything."""
    return frozenset(connection.execute(select(ballot.c.code).distinct()).scalars())


def by_token_hash(connection: Connection, subject: str) -> dict[str, tuple[Ballot, bool]]:
    """Return every ballot of a survey or event by the hash of each token it ever had, and whether that was replaced."""
    found = {one.id: one for one in of_subject(connection, subject)}
    own = select(ballot.c.token_hash, ballot.c.id).where(ballot.c.subject == subject)
    old = (
        select(replaced_token.c.token_hash, ballot.c.id)
        .join_from(replaced_token, ballot)
        .where(ballot.c.subject == subject)
    )
    return {row[0]: (found[row[1]], False) for row in connection.execute(own)} | {
        row[0]: (replace(found[row[1]], replaced=True), True) for row in connection.execute(old)
    }


def tokens(connection: Connection, subject: str) -> frozenset[str]:
    """Return the hash of each ballot's token."""
    query = select(ballot.c.token_hash).where(ballot.c.subject == subject, ballot.c.token_hash.is_not(None))
    return frozenset(connection.execute(query).scalars())


def count(connection: Connection, subject: str) -> int:
    """Return how many ballots a survey or event has: its electorate."""
    query = select(func.count()).select_from(ballot).where(ballot.c.subject == subject)
    return connection.execute(query).scalar_one()


def by_token(connection: Connection, token_hash: str) -> Ballot | None:
    """Return the ballot whose reply address carries this token, or carried it before it got a newer one."""
    rows = _BY_TOKEN.rows(connection, token_hash)
    if rows:
        return _ballot(rows[0])
    old = connection.execute(_BY_OLD_TOKEN, {"hash": token_hash}).first()
    return None if old is None else Ballot(*old, replaced=True)


def read_ahead(connection: Connection, hashes: Iterable[str]) -> list[tuple[str, Ballot]]:
    """Read what `by_token` will ask for about these tokens; returns the ballots that they open, each with its own."""
    rows = _BY_TOKEN.read_ahead(connection, ((hashed,) for hashed in hashes))
    return [(row[-1], _ballot(row)) for row in rows]


def place(ballot_id: int) -> str:
    """Return where `inbox.take_once` remembers the mails that came for a ballot."""
    return f"{_PLACE}{ballot_id}"


def newest_reply(connection: Connection, subject: str) -> datetime | None:
    """Return when the newest reply to a survey came that has been read; None: none has."""
    query = (
        select(func.max(mail.c.received_at, type_=Moment))
        .select_from(ballot)
        .join(seen, seen.c.place == literal(_PLACE) + cast(ballot.c.id, Text))
        .join(inbox, inbox.c.id == seen.c.inbox_id)
        .join(mail)
        .where(ballot.c.subject == subject)
    )
    newest: datetime | None = connection.execute(query).scalar()
    return newest


def _ballot(row: Any) -> Ballot:
    return Ballot(*row[:11])  # behind them stands what it was found by


def by_id(connection: Connection, ballot_id: int) -> Ballot | None:
    """Return one ballot."""
    row = connection.execute(_BY_ID, {"row": ballot_id}).first()
    return None if row is None else Ballot(*row)


def reissue(connection: Connection, one: Ballot, new_hash: str, now: datetime) -> Ballot:
    """Give a ballot a new token and thaw it; what comes with the old one does not count any more."""
    old_hash = connection.execute(select(ballot.c.token_hash).where(ballot.c.id == one.id)).scalar_one()
    connection.execute(insert(replaced_token).values(token_hash=old_hash, ballot_id=one.id, replaced_at=now))
    connection.execute(
        update(ballot)
        .where(ballot.c.id == one.id)
        .values(token_hash=new_hash, issue=one.issue + 1, frozen_at=None)
    )
    connection.execute(delete(sighting).where(sighting.c.ballot_id == one.id))
    return replace(one, issue=one.issue + 1, frozen_at=None, replaced=False)


def readdress(connection: Connection, code: str, old: str, new: str, greeting: str) -> None:
    """Let what a body is still asked go to another address: its surveys that are not closed, and its events."""
    closed = select(survey.c.key).where(survey.c.state == "closed")
    open_ones = select(ballot.c.id, ballot.c.subject).where(
        ballot.c.code == code,
        func.lower(ballot.c.address) == address_key(old),
        ballot.c.subject.not_in(closed),
    )
    at_new = select(ballot.c.subject).where(ballot.c.code == code, ballot.c.address == new)
    taken = set(connection.execute(at_new).scalars())
    for row in connection.execute(open_ones).all():
        if row.subject not in taken:
            connection.execute(
                update(ballot).where(ballot.c.id == row.id).values(address=new, greeting=greeting)
            )


def see_domain(connection: Connection, ballot_id: int, domain: str) -> int:
    """Note that a ballot's token came from this domain; returns from how many it has come so far."""
    connection.execute(
        upserting(connection.dialect.name, sighting)
        .values(ballot_id=ballot_id, domain=storable(domain))
        .on_conflict_do_nothing()
    )
    query = select(func.count()).select_from(sighting).where(sighting.c.ballot_id == ballot_id)
    return connection.execute(query).scalar_one()


def freeze(connection: Connection, ballot_id: int, now: datetime) -> None:
    """Let nothing count that comes with a ballot's present token."""
    connection.execute(update(ballot).where(ballot.c.id == ballot_id).values(frozen_at=now))


def set_absent(connection: Connection, ballot_id: int, until: datetime) -> None:
    """Note that the ballot's address answers by itself until then."""
    connection.execute(update(ballot).where(ballot.c.id == ballot_id).values(absent_until=until))


def owe_receipt(connection: Connection, ballot_id: int, owed: bool) -> None:
    """Note whether a body still has to be told what stands: its receipts passed the limit per sender (I14)."""
    connection.execute(update(ballot).where(ballot.c.id == ballot_id).values(receipt_owed=owed))


def owed_receipts(connection: Connection) -> list[Ballot]:
    """Return the ballots that are owed a receipt."""
    return [Ballot(*row) for row in connection.execute(_BALLOTS.where(text("receipt_owed")))]


def open_at(connection: Connection, address: str) -> list[str]:
    """Return the keys of the open surveys whose ballots go to this address."""
    query = select(survey.c.key).join_from(ballot, survey, survey.c.key == ballot.c.subject)
    query = query.where(func.lower(ballot.c.address) == address_key(address), survey.c.state == "open")
    return list(connection.execute(query.distinct().order_by(survey.c.key)).scalars())
