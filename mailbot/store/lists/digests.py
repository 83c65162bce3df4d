"""Digests: who reads them, which posts there are for them, and up to which each has had them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, or_, select, text, update

from mailbot.core.lists.digest import DIGESTS, DigestPost, DigestReader
from mailbot.core.mail.address import address_key
from mailbot.store.lists import archive
from mailbot.store.members import other_addresses
from mailbot.store.members.troubles import suspended
from mailbot.store.sending import bundles
from mailbot.store.tables import (
    NOT_EACH,
    bundle,
    delivery,
    list_member,
    mailing,
    membership,
    microseconds,
    post,
    thread_choice,
)


def wanted(connection: Connection) -> bool:
    """Tell whether anybody gets digests of any list."""
    query = select(list_member.c.address).where(text(NOT_EACH), list_member.c.mode.in_(DIGESTS))
    return connection.execute(query.limit(1)).first() is not None


def readers(
    connection: Connection, name: str, now: datetime, *, weekly: bool | None = None, only: str | None = None
) -> list[DigestReader]:
    """Return the members of a list whose mail does not rest and who get digests: daily, weekly, or (None) either ones.

    `only` is the address of one of them.
    """
    query = select(
        list_member.c.address,
        list_member.c.email_key,
        list_member.c.mode,
        membership.c.digested,
        list_member.c.copies_own,
        list_member.c.profile,
    ).where(_reads(name, weekly, only), _is_here(now))
    rows = connection.execute(query.order_by(list_member.c.email_key)).all()
    muted = _muted(connection, name)
    others = other_addresses.by_home(connection)
    had = _had(connection, name, min((row.digested for row in rows), default=0)) if rows else {}
    return [
        DigestReader(
            row.address,
            "digest-plain" if row.mode == "digest" and row.profile == "plain" else row.mode,
            row.digested,
            row.copies_own,
            frozenset(muted.get(row.email_key, ())),
            frozenset(had.get(row.address, ())),
            frozenset(others.get(row.email_key, ())),
        )
        for row in rows
    ]


def posts(connection: Connection, name: str, after: int, last: int) -> list[DigestPost]:
    """Return the posts of a list after this number, up to that one, that went out here, with their threads.

    Imported and purged ones are left out.
    """
    went_out = select(post.c.number).where(
        post.c.list_name == name,
        post.c.number > after,
        post.c.number <= last,
        post.c.inbox_id.is_not(None),
        post.c.purged_at.is_(None),
    )
    numbers = set(connection.execute(went_out).scalars())
    if not numbers:
        return []
    found = [one for one in archive.between(connection, name, min(numbers), last) if one.number in numbers]
    roots = select(post.c.number, post.c.message_id).where(
        post.c.list_name == name, post.c.number.in_({one.thread for one in found})
    )
    threads = {row.number: row.message_id for row in connection.execute(roots)}
    return [DigestPost(one, threads.get(one.thread, "")) for one in found]


def mark(
    connection: Connection, name: str, last: int, *, weekly: bool | None = None, only: str | None = None
) -> None:
    """Note that these readers have had everything up to this post; also those whose mail rests: theirs is not kept back."""
    keys = select(list_member.c.email_key).where(_reads(name, weekly, only))
    connection.execute(
        update(membership)
        .where(membership.c.list_name == name, membership.c.email_key.in_(keys), membership.c.digested < last)
        .values(digested=last)
    )


def _reads(name: str, weekly: bool | None, only: str | None) -> ColumnElement[bool]:
    conditions = [
        list_member.c.list_name == name,
        list_member.c.mode.in_(DIGESTS),
        # What gathers for them waits until their mail arrives again
        list_member.c.email_key.not_in(suspended()),
        membership.c.list_name == list_member.c.list_name,
        membership.c.email_key == list_member.c.email_key,
    ]
    if weekly is not None:
        conditions.append(membership.c.weekly.is_(weekly))
    if only is not None:
        conditions.append(list_member.c.email_key == address_key(only))
    return and_(*conditions)


def _is_here(now: datetime) -> ColumnElement[bool]:
    at = microseconds(now)
    begun, over = list_member.c.off_from <= at, list_member.c.off_until <= at
    return or_(list_member.c.off_from.is_(None), ~begun, and_(list_member.c.off_until.is_not(None), over))


def _muted(connection: Connection, name: str) -> dict[str, set[str]]:
    query = select(thread_choice.c.email_key, thread_choice.c.thread)
    found: dict[str, set[str]] = {}
    for key, thread in connection.execute(
        query.where(thread_choice.c.list_name == name, thread_choice.c.choice == "mute")
    ):
        found.setdefault(key, set()).add(thread)
    return found


def _had(connection: Connection, name: str, after: int) -> dict[str, Collection[int]]:
    """Return, by address, the posts after this number that went to readers of digests one by one."""
    addresses = select(list_member.c.address).where(
        list_member.c.list_name == name, list_member.c.mode.in_(DIGESTS)
    )
    behind = post.c.list_name == name, post.c.number > after, mailing.c.subject == name
    of_posts = and_(mailing.c.inbox_id == post.c.inbox_id, mailing.c.kind == "post")
    open_posts = select(mailing.c.id).join_from(post, mailing, of_posts).where(*behind)
    bundles.open_all(connection, bundle.c.mailing_id.in_(open_posts))
    query = (
        select(delivery.c.address, post.c.number)
        .join_from(post, mailing, of_posts)
        .join(delivery, delivery.c.mailing_id == mailing.c.id)
        .where(*behind, delivery.c.address.in_(addresses))
    )
    found: dict[str, set[int]] = {}
    for address, number in connection.execute(query):
        found.setdefault(address, set()).add(number)
    return dict(found)
