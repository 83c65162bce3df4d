"""Posts to lists: to which members one goes, and what of a post to a large list is still to be queued.

What settles a post queues it to the first of the list's members, by address, and leaves the others to `go_on`, so that the
first copy leaves as soon at every size and nobody who wants to write waits longer than one chunk takes. How far it has
come stands in a row that changes in the transaction that queues: after a crash it goes on exactly there.

The members are those of the post. Before a list's members change, what they are still to get is queued: to all of them
where all are counted anew (`finish`), to the one where it is one (`settle_member`), who is then not looked at again.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Select,
    Text,
    and_,
    bindparam,
    cast,
    delete,
    false,
    func,
    insert,
    literal,
    not_,
    or_,
    select,
    true,
    union_all,
    update,
)

from mailbot.core.lists.expansion import Expansion
from mailbot.core.lists.reach import Reach
from mailbot.core.mail.address import address_key
from mailbot.core.members.audience import Selector
from mailbot.store.documents import document, read_document
from mailbot.store.members import members
from mailbot.store.members.troubles import suspended
from mailbot.store.sending import bundles
from mailbot.store.sending.copy_states import RESTS
from mailbot.store.statements import Written
from mailbot.store.tables import (
    body,
    contact,
    delivery,
    fan_out,
    fan_out_done,
    list_member,
    microseconds,
    thread_choice,
)

Mailings = Collection[int] | Select[tuple[int]]  # their ids, or the query for them

CHUNK = 20_000  # members looked at in one transaction: some 60 ms, in which nobody else can write


def wanted_by(post: Expansion) -> ColumnElement[bool]:
    """Return the condition on `list_member` for whom a post goes to at once.

    That is who wants each post, is not away, and did not mute its thread; who follows the thread gets it whatever else he
    has. Its author gets a copy unless he wants none of his own. An address whose mail comes back gets nothing.
    Where there are no digests, since the list keeps no posts, or not this one, who wants them gets each one. With a target
    it goes to those members whom that means, and to its author.
    """
    at, author, target = microseconds(post.at), post.author, post.target
    digests = post.digests and target is None
    wants: ColumnElement[bool] = list_member.c.mode == "each" if digests else list_member.c.mode != "none"
    if post.thread:
        chosen = select(thread_choice.c.email_key).where(
            thread_choice.c.list_name == post.list_name, thread_choice.c.thread == post.thread
        )
        muted, followed = (chosen.where(thread_choice.c.choice == choice) for choice in ("mute", "follow"))
        wants = or_(
            and_(wants, list_member.c.email_key.not_in(muted)),
            and_(list_member.c.mode != "none", list_member.c.email_key.in_(followed)),
        )
    away = and_(
        list_member.c.off_from <= at, or_(list_member.c.off_until.is_(None), list_member.c.off_until > at)
    )
    here = or_(list_member.c.off_from.is_(None), not_(away))
    own = true() if author is None else list_member.c.email_key != address_key(author)
    reachable = list_member.c.email_key.not_in(suspended())
    meant: ColumnElement[bool] = true()
    if target is not None:
        keys = select(contact.c.email_key).join_from(contact, body).where(members.condition(target))
        mine = false() if author is None else list_member.c.email_key == address_key(author)
        meant = or_(list_member.c.email_key.in_(keys), mine)
    return and_(
        *(list_member.c.list_name == post.list_name, meant, wants, here, reachable),
        or_(own, list_member.c.copies_own),
    )


def begin(
    connection: Connection,
    mailing_id: int,
    to: Expansion,
    *,
    profile: str | None = None,
    had: Collection[int] = (),
) -> Reach:
    """Queue a post to the first members of a list who want each one now; `go_on` does it for those beyond `CHUNK`.

    See `wanted_by`; `profile`: only to those whose mail system wants their mail so, None: to all. `had`: mailings by which
    other lists send the same mail; who gets a copy of them is passed by, and counted.
    """
    one = _FanOut(mailing_id, to, "", microseconds(to.at), profile)
    elsewhere = _pass_by(connection, one, had) if had else 0
    last = _end_of_chunk(connection, one)
    queued = _queue(connection, one, last)
    if last is None:
        if elsewhere:
            _forget(connection, [mailing_id])
        return Reach(queued, elsewhere=elsewhere)
    connection.execute(
        insert(fan_out).values(
            mailing_id=mailing_id,
            list_name=to.list_name,
            after=last,
            due_at=one.due_at,
            made_at=to.at,
            author=to.author,
            thread=to.thread,
            digests=to.digests,
            profile=profile,
            target=None if to.target is None else document(to.target),
        )
    )
    return Reach(queued, more=True, elsewhere=elsewhere)


def gets(connection: Connection, mailings: Collection[int]) -> ColumnElement[bool]:
    """Return the condition on `list_member` for who gets a copy of one of these mailings, or has it, by whichever list.

    That is not who has digests, or whose copy was withdrawn. One statement sees rows, bundles and what is not queued yet as
    they are at one moment, so that nobody is overlooked on his way from one to the other.
    """
    queued = select(func.lower(delivery.c.address)).where(
        delivery.c.mailing_id.in_(mailings), delivery.c.state != "withdrawn"
    )
    to = bundles.addresses(connection, mailings).subquery()
    unqueued = connection.execute(select(fan_out).where(fan_out.c.mailing_id.in_(mailings))).all()
    ahead = [select(list_member.c.email_key).where(_ahead(_fan_out(row))).correlate(None) for row in unqueued]
    return list_member.c.email_key.in_(union_all(queued, select(func.lower(to.c.value)), *ahead))


def waiting(connection: Connection) -> bool:
    """Tell whether some post is not queued to all yet."""
    return bool(_WAITING.rows(connection))


def go_on(connection: Connection) -> bool:
    """Queue the next chunk of the oldest post that is not queued to all yet; tells whether there was one.

    A post that another node is queueing this moment is left to it.
    """
    found = connection.execute(
        select(fan_out).order_by(fan_out.c.mailing_id).limit(1).with_for_update(skip_locked=True)
    ).first()
    if found is None:
        return False
    one = _fan_out(found)
    last = _end_of_chunk(connection, one)
    _queue(connection, one, last)
    if last is None:
        _forget(connection, [one.mailing_id])
    else:
        move = update(fan_out).where(fan_out.c.mailing_id == one.mailing_id).values(after=last)
        connection.execute(move)
    return True


def finish(connection: Connection, list_name: str | None = None) -> None:
    """Queue all that is left of a list's posts, or of all lists': before its members, or who they are, changes."""
    ended = _locked(connection, true() if list_name is None else fan_out.c.list_name == list_name)
    if not ended:  # as nearly always, for each list at each import
        return
    for one in ended:
        _queue(connection, one, None)
    _forget(connection, [one.mailing_id for one in ended])


def settle_member(connection: Connection, list_name: str, key: str) -> None:
    """Queue to one address (its `email_key`) what it is still to get, before its membership changes; then it is passed by."""
    for one in _locked(connection, (fan_out.c.list_name == list_name) & (fan_out.c.after < key)):
        known = select(fan_out_done.c.email_key).where(
            fan_out_done.c.mailing_id == one.mailing_id, fan_out_done.c.email_key == key
        )
        if connection.execute(known).first() is None:
            _queue(connection, one, None, key)
            connection.execute(insert(fan_out_done).values(mailing_id=one.mailing_id, email_key=key))


def drop(connection: Connection, mailing_ids: Mailings) -> int:
    """Drop the copies of these mailings that are not queued yet; returns how many they were."""
    lost = _locked(connection, fan_out.c.mailing_id.in_(mailing_ids))
    count = sum(_count(connection, one) for one in lost)
    _forget(connection, [one.mailing_id for one in lost])
    return count


def move(connection: Connection, mailing_ids: Mailings, by: int) -> int:
    """Let the copies that are not queued yet rest, by RESTS, or be due again, by as much less; returns how many they are."""
    rest = fan_out.c.due_at >= RESTS
    moved = _locked(connection, fan_out.c.mailing_id.in_(mailing_ids) & (~rest if by > 0 else rest))
    of_them = fan_out.c.mailing_id.in_([one.mailing_id for one in moved])
    connection.execute(update(fan_out).where(of_them).values(due_at=fan_out.c.due_at + by))
    return sum(_count(connection, one) for one in moved)


def left(connection: Connection) -> dict[int, int]:
    """Return how many copies are not queued yet, by mailing: they are counted one by one."""
    rows = connection.execute(select(fan_out).order_by(fan_out.c.mailing_id)).all()
    return {row.mailing_id: _count(connection, _fan_out(row)) for row in rows}


@dataclass(frozen=True)
class _FanOut:
    """A post that is not queued to all yet; as the table has it."""

    mailing_id: int
    to: Expansion
    after: str
    due_at: int
    profile: str | None


def _fan_out(row: Any) -> _FanOut:
    target = None if row.target is None else read_document(Selector, row.target)
    to = Expansion(row.list_name, row.made_at, row.author, row.thread, row.digests, target)
    return _FanOut(row.mailing_id, to, row.after, row.due_at, row.profile)


def _locked(connection: Connection, condition: ColumnElement[bool]) -> list[_FanOut]:
    """Return those that the condition names; nobody queues of them before this transaction ends."""
    query = select(fan_out).where(condition).order_by(fan_out.c.mailing_id).with_for_update()
    return [_fan_out(row) for row in connection.execute(query)]


def _ahead(one: _FanOut, last: str | None = None, only: str | None = None) -> ColumnElement[bool]:
    """Return the condition on `list_member` for who is still to get it: up to an address, or that one address alone."""
    conditions = [wanted_by(one.to), list_member.c.email_key > one.after, _not_passed_by(one)]
    if last is not None:
        conditions.append(list_member.c.email_key <= last)
    if only is not None:
        conditions.append(list_member.c.email_key == only)
    if one.profile is not None:
        conditions.append(list_member.c.profile == one.profile)
    return and_(*conditions)


def _not_passed_by(one: _FanOut) -> ColumnElement[bool]:
    done = select(fan_out_done.c.email_key).where(fan_out_done.c.mailing_id == one.mailing_id)
    return list_member.c.email_key.not_in(done)


def _pass_by(connection: Connection, one: _FanOut, had: Collection[int]) -> int:
    """Pass by whoever gets one of these mailings; returns how many of them would have got this one, too."""
    keys = select(literal(one.mailing_id), list_member.c.email_key).where(_ahead(one), gets(connection, had))
    return connection.execute(
        insert(fan_out_done).from_select(["mailing_id", "email_key"], keys),
        execution_options={"preserve_rowcount": True},  # PostgreSQL's driver forgets it otherwise
    ).rowcount


def _end_of_chunk(connection: Connection, one: _FanOut) -> str | None:
    """Return the last member of the next chunk, whether he wants the post or not; None: all that are left are one chunk."""
    row = _LAST_OF_CHUNK.first(
        connection, number=one.mailing_id, list_name=one.to.list_name, after=one.after, others=CHUNK - 1
    )
    return None if row is None else str(row.email_key)


def _queue(connection: Connection, one: _FanOut, last: str | None, only: str | None = None) -> int:
    if only is None and one.due_at < RESTS and bundles.is_bundled(connection, one.mailing_id):
        # One value, not a row for each: half of the time. SQLite walks along their key, and so in its order; PostgreSQL is told.
        these = select(list_member.c.address).where(_ahead(one, last))
        if connection.dialect.name == "postgresql":
            ordered = these.order_by(list_member.c.email_key).subquery()
            to = select(cast(func.json_agg(ordered.c.address), Text))
        else:
            to = these.with_only_columns(cast(func.json_group_array(list_member.c.address), Text))
        addresses = json.loads(connection.execute(to).scalar() or "[]")
        bundles.pack(connection, one.mailing_id, addresses, one.due_at)
        return len(addresses)
    copies = select(literal(one.mailing_id), list_member.c.address, literal(one.due_at))
    return connection.execute(
        insert(delivery).from_select(
            ["mailing_id", "address", "due_at"], copies.where(_ahead(one, last, only))
        ),
        execution_options={"preserve_rowcount": True},  # PostgreSQL's driver forgets it otherwise
    ).rowcount


def _count(connection: Connection, one: _FanOut) -> int:
    return connection.execute(select(func.count()).select_from(list_member).where(_ahead(one))).scalar_one()


def _forget(connection: Connection, mailing_ids: Collection[int]) -> None:
    for table in (fan_out_done, fan_out):
        connection.execute(delete(table).where(table.c.mailing_id.in_(mailing_ids)))


_WAITING = Written(select(fan_out.c.mailing_id).limit(1))  # asked each second

_LAST_OF_CHUNK = Written(
    select(list_member.c.email_key)
    .where(
        list_member.c.list_name == bindparam("list_name"),
        list_member.c.email_key > bindparam("after"),
        list_member.c.email_key.not_in(
            select(fan_out_done.c.email_key).where(fan_out_done.c.mailing_id == bindparam("number"))
        ),
    )
    .order_by(list_member.c.email_key)
    .limit(1)
    .offset(bindparam("others", type_=Integer))
)
