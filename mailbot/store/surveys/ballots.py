"""Ballots (one for each body or person that is asked), their tokens, and the ledger of what came back."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Row,
    Select,
    Text,
    bindparam,
    cast,
    delete,
    func,
    insert,
    literal,
    select,
    text,
    update,
)

from mailbot.core.frozen import frozen
from mailbot.core.mail.address import address_key
from mailbot.core.refusal import Refusal
from mailbot.core.surveys import ledger as chained
from mailbot.core.surveys.ledger import (
    BESIDE,
    EMPTY,
    VOTES,
    Head,
    LedgerRow,
    Link,
    chain,
    commitment,
    emptied,
)
from mailbot.store.database import storable
from mailbot.store.documents import (
    answers_of,
    answers_text,
    flags_of,
    flags_text,
    problems_of,
    problems_text,
    remarks_of,
    remarks_text,
)
from mailbot.store.moments import last_before
from mailbot.store.statements import Keyed, Written, upserting
from mailbot.store.tables import (
    Moment,
    ballot,
    inbox,
    ledger_head,
    mail,
    replaced_token,
    seen,
    sighting,
    survey,
    vote,
)
from mailbot.store.transactions import gather, known

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


# --- the ledger -------------------------------------------------------------------------------------------------

_HEAD = Written(
    select(ledger_head.c.rows, ledger_head.c.chain).where(ledger_head.c.subject == bindparam("of"))
)
_FIRST_HEAD = insert(ledger_head)
_NEXT_HEAD = Written(
    update(ledger_head)
    .where(ledger_head.c.subject == bindparam("of"))
    .values(rows=bindparam("count"), chain=bindparam("link"))
)
_APPEND = Written(insert(vote))
_COLUMNS = (  # as `append` gathers them
    *("subject", "ballot_id", "code", "inbox_id", "received_at", "author", "status", "version", "answers"),
    *("problems", "reason", "rule", "level", "decided_by", "written_at", "texts", "remarks", "flags"),
    *("waits_for", "commitment", "salt", "digest", "chain"),
)
_STATE = select(survey.c.state).where(survey.c.key == bindparam("of"))
_ROWS: Select[Any] = select(
    vote.c.ballot_id,
    vote.c.code,
    vote.c.inbox_id,
    vote.c.received_at,
    vote.c.author,
    vote.c.status,
    vote.c.version,
    vote.c.answers,
    vote.c.problems,
    vote.c.reason,
    vote.c.rule,
    vote.c.level,
    vote.c.decided_by,
    vote.c.written_at,
    vote.c.texts,
    vote.c.remarks,
    vote.c.flags,
    vote.c.waits_for,
    vote.c.commitment,
    vote.c.digest,
)
_LEDGER = _ROWS.where(vote.c.subject == bindparam("of")).order_by(vote.c.id)
_LEDGER_OF_BODY = Keyed(_ROWS.order_by(vote.c.id), vote.c.subject, vote.c.code)


_LINKS = _LEDGER.add_columns(vote.c.chain, vote.c.salt)


def with_words_beside(connection: Connection, since: datetime) -> dict[str, int]:
    """Return how many replies received since then hold sentences beside their answers, by survey."""
    rows = connection.execute(
        select(vote.c.subject, func.count())
        .where(
            vote.c.id > last_before(vote, vote.c.received_at, since), vote.c.remarks.contains(f'"{BESIDE}":')
        )
        .group_by(vote.c.subject)
        .order_by(vote.c.subject)
    )
    return {row[0]: row[1] for row in rows}


def append(connection: Connection, subject: str, row: LedgerRow, *, sealed: bool = False) -> None:
    """Add a row to the ledger of a survey or event; a sealed one is chained by a commitment to what it says."""
    author, reason = storable(row.author), storable(row.reason)
    if (author, reason) != (row.author, row.reason):
        row = replace(row, author=author, reason=reason)  # chained as it is stored
    salt = secrets.token_hex(16) if sealed else ""
    if sealed:
        row = replace(row, commitment=commitment(salt, row))
        if _is_closed(connection, subject):
            row, salt = _too_late(subject, row), ""
    last = head(connection, subject)
    link = chain(last.chain, row)
    saved: tuple[object, ...] = (
        subject,
        row.ballot_id,
        row.code,
        row.inbox_id,
        row.received_at,
        row.author,
        row.status,
        row.version,
        answers_text(row.answers),
        problems_text(row.problems),
        row.reason,
        row.rule,
        row.level,
        storable(row.by),
        row.written_at,
        row.texts,
        remarks_text(row.remarks),
        flags_text(row.flags),
        row.waits_for,
        row.commitment,
        salt,
        row.digest,
        link,
    )
    gather(connection, _save_rows, saved)
    _LEDGER_OF_BODY.forget(connection, subject, row.code)
    move_head(connection, subject, last, Head(last.rows + 1, link))


def move_head(connection: Connection, subject: str, last: Head, new: Head) -> None:
    """Say where a ledger ends now; what its head was before is known."""
    if last == EMPTY:
        connection.execute(_FIRST_HEAD, {"subject": subject, "rows": new.rows, "chain": new.chain})
    else:
        gather(connection, _save_heads, (subject, new))
    known(connection)["head", subject] = new  # its row is locked by now


def _save_rows(connection: Connection, rows: list[tuple[object, ...]]) -> None:
    _APPEND.run_rows(connection, _COLUMNS, rows)


def _save_heads(connection: Connection, heads: list[tuple[str, Head]]) -> None:
    for subject, head in dict(heads).items():  # the last of each
        _NEXT_HEAD.run(connection, of=subject, count=head.rows, link=head.chain)


def _is_closed(connection: Connection, subject: str) -> bool:
    return connection.execute(_STATE, {"of": subject}).scalar() == "closed"


def _too_late(subject: str, row: LedgerRow) -> LedgerRow:
    """Return what is kept of a reply to a sealed survey after its close: that it came. Raises Refusal when it counts."""
    if row.status in VOTES:
        raise Refusal(
            f"survey {subject}: its votes were sealed at the close; no vote can be added, changed or taken out"
        )
    return emptied(row)


def ledger(connection: Connection, subject: str, code: str | None = None) -> list[LedgerRow]:
    """Return the rows of a survey or event in order; of one body only when its code is given."""
    if code is None:
        return [_row(row) for row in connection.execute(_LEDGER, {"of": subject})]
    return [_row(row) for row in _LEDGER_OF_BODY.rows(connection, subject, code)]


def read_ledgers_ahead(connection: Connection, bodies: Iterable[tuple[str, str]]) -> None:
    """Read what `ledger` will ask for of bodies, each with its survey, which is locked."""
    _LEDGER_OF_BODY.read_ahead(connection, bodies)


def head(connection: Connection, subject: str) -> Head:
    """Return how many rows a ledger has and the chain of its last one."""
    moved: Head | None = known(connection).get(("head", subject))
    if moved is not None:
        return moved
    row = _HEAD.first(connection, of=subject)
    return EMPTY if row is None else Head(row[0], row[1])


def links(connection: Connection, subject: str) -> list[Link]:
    """Return the rows of a survey or event as they are stored, in order, with what ties each to the one before.

    Raises Refusal when one of them holds what we never write.
    """
    found = []
    for number, row in enumerate(connection.execute(_LINKS, {"of": subject}), 1):
        try:
            found.append(Link(_row(row), row.chain, row.salt))
        except (ValueError, TypeError, AttributeError) as error:
            raise Refusal(
                f"the ledger of {subject} has been changed: row {number} (body {row.code}) cannot be read ({error}); look for a "
                "backup from before"
            ) from error
    return found


def broken_link(
    connection: Connection, subject: str, lines: Sequence[tuple[str, str]] | None = None
) -> int | None:
    """Return the number (from 1) of the first ledger row that does not follow from the one before it; None: all do.

    `lines`: the published list of a closed sealed survey, see core/surveys/ledger.py.
    """
    return chained.broken_link(links(connection, subject), head(connection, subject), lines)


def _row(row: Row[Any]) -> LedgerRow:
    return LedgerRow(
        row.ballot_id,
        row.code,
        row.inbox_id,
        row.received_at,
        row.author,
        row.status,
        row.version,
        answers_of(row.answers),
        problems_of(row.problems),
        row.reason,
        row.rule,
        row.level,
        row.decided_by,
        row.written_at,
        row.texts,
        remarks_of(row.remarks),
        flags_of(row.flags),
        row.waits_for,
        row.commitment,
        row.digest,
    )
