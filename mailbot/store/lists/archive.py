"""The archive: each list's posts by number, by thread and by address for ever; the raw mails behind them."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, func, insert, or_, select, update

from mailbot.core.lists.archived import Archived
from mailbot.core.lists.thread import SAME_SUBJECT
from mailbot.store.database import storable
from mailbot.store.lists import search_words
from mailbot.store.statements import Written
from mailbot.store.tables import body, inbox, mail, post

_MOST_ORPHANS = 500  # posts that came before the one that they answer


@dataclass(frozen=True)
class NewPost:
    """A post on its way into the archive."""

    list: str
    number: int
    stable: str
    message_id: str
    answers: tuple[str, ...]  # hashes of the Message-IDs that it refers to, that of the mail it answers first
    topic: str  # its subject as it is compared, see core/lists/thread.py
    by_subject: bool  # its subject may say what it answers
    code: str | None
    author_name: str
    author: str
    subject: str
    attachments: tuple[str, ...]
    size: int
    written_at: datetime
    words: Sequence[str]  # terms, see core/lists/bigram.py


# --- in -----------------------------------------------------------------------------------------------------------


def add(connection: Connection, new: NewPost, *, mail_id: int, inbox_id: int | None) -> str:
    """Archive a post: its thread is found, and the posts that waited for it join; returns its address for ever."""
    parent = _parent(connection, new)
    root = new.number if parent is None else parent.thread
    stable = _free_address(connection, new)
    post_id = _ADD.first(
        connection,
        list_name=new.list,
        number=new.number,
        stable=stable,
        message_id=storable(new.message_id),
        thread=root,
        parent=None if parent is None else parent.number,
        answers=next(iter(new.answers), None),
        topic=storable(new.topic),
        code=new.code,
        author_name=storable(new.author_name),
        author=storable(new.author),
        subject=storable(new.subject),
        attachments=json.dumps(new.attachments),
        size=new.size,
        written_at=new.written_at,
        mail_id=mail_id,
        inbox_id=inbox_id,
    ).id
    search_words.put(connection, post_id, new.words)
    _adopt(connection, new, stable, root)
    return stable


def mail_of(connection: Connection, inbox_id: int) -> int:
    """Return the number of the raw mail behind an inbox row."""
    mail_id: int = _MAIL_OF.first(connection, row=inbox_id).mail_id
    return mail_id


def keep_raw(connection: Connection, content: bytes, place: str, now: datetime) -> int:
    """Store a mail that comes from an old archive, from this place there; returns its number."""
    mail_id: int = _KEEP.first(
        connection,
        content=content,
        mail_from="",
        peer=storable(place),
        protocol="import",
        imap_key=None,
        received_at=now,
    ).id
    return mail_id


def _parent(connection: Connection, new: NewPost) -> Any:
    """Return the post that a new one answers, with its number and thread; None: it begins one."""
    for stable in new.answers:
        found = _BY_STABLE.first(connection, name=new.list, stable=stable)
        if found is not None:
            return found
    if not new.by_subject or not new.topic:
        return None
    same = _BY_TOPIC.rows(
        connection,
        name=new.list,
        topic=storable(new.topic),
        since=new.written_at - SAME_SUBJECT,
        until=new.written_at,
    )
    return same[0] if len({row.thread for row in same}) == 1 else None


def _adopt(connection: Connection, new: NewPost, stable: str, root: int) -> None:
    """Let the posts that answer this one, and came before it, join its thread with all that follows them."""
    for orphan in _ORPHANS.rows(connection, name=new.list, stable=stable):
        if orphan.thread == root:
            continue  # it is there already; or each answers the other, as no honest mail does
        _JOIN.run(connection, name=new.list, old=orphan.thread, new=root)
        _SET_PARENT.run(connection, name=new.list, row=orphan.number, above=new.number)


def _free_address(connection: Connection, new: NewPost) -> str:
    """Return the post's address; a second mail with the Message-ID of another one gets its number added."""
    taken = _BY_STABLE.first(connection, name=new.list, stable=new.stable)
    return new.stable if taken is None else f"{new.stable}-{new.number}"


# --- out ----------------------------------------------------------------------------------------------------------


def by_number(connection: Connection, name: str, number: int) -> Archived | None:
    """Return one post of a list."""
    return _first(connection, POSTS.where(post.c.list_name == name, post.c.number == number))


def by_stable(connection: Connection, name: str, stable: str) -> Archived | None:
    """Return the post at an address for ever."""
    return _first(connection, POSTS.where(post.c.list_name == name, post.c.stable == stable))


def namesakes(connection: Connection, name: str, stable: str) -> list[Archived]:
    """Return the posts of a list whose mails have the Message-ID with this address for ever; nearly always at most one."""
    if _BY_STABLE.first(connection, name=name, stable=stable) is None:
        return []
    same = or_(post.c.stable == stable, post.c.stable.startswith(f"{stable}-", autoescape=True))
    return several(connection, POSTS.where(post.c.list_name == name, same).order_by(post.c.number))


def highest(connection: Connection, name: str) -> int:
    """Return the highest number in a list's archive; 0: it has none."""
    query = select(func.max(post.c.number)).where(post.c.list_name == name)
    return connection.execute(query).scalar() or 0


def numbers(connection: Connection, name: str, after: int = 0, most: int = 1000) -> list[int]:
    """Return the numbers of the posts of a list that are not purged, in order, from the one after this."""
    query = select(post.c.number).where(
        post.c.list_name == name, post.c.number > after, post.c.purged_at.is_(None)
    )
    return list(connection.execute(query.order_by(post.c.number).limit(most)).scalars())


@dataclass(frozen=True)
class KeptRaw:
    """What an import kept raw because it is no mail."""

    id: int
    place: str
    size: int
    kept_at: datetime


def kept(connection: Connection, most: int = 1000) -> list[KeptRaw]:
    """Return what imports kept raw because it is no mail, newest first."""
    query = select(mail.c.id, mail.c.peer, func.length(mail.c.content), mail.c.received_at)
    query = query.where(_KEPT_RAW).order_by(mail.c.id.desc()).limit(most)
    return [KeptRaw(*row) for row in connection.execute(query)]


def kept_raw(connection: Connection, number: int) -> bytes | None:
    """Return the bytes that an import kept under this number; None: there are none."""
    query = select(mail.c.content).where(mail.c.id == number, _KEPT_RAW)
    return connection.execute(query).scalar()


def has_posted(connection: Connection, name: str, author: Iterable[str]) -> bool:
    """Tell whether a post of this author's, from any of these addresses of his, stands in a list's archive."""
    own = [storable(address) for address in author]
    query = select(post.c.id).where(post.c.list_name == name, post.c.author.in_(own))
    return connection.execute(query.limit(1)).first() is not None


def newest(connection: Connection, name: str, most: int) -> list[Archived]:
    """Return the newest posts of a list that are not purged, newest first."""
    query = POSTS.where(post.c.list_name == name, post.c.purged_at.is_(None))
    return several(connection, query.order_by(post.c.number.desc()).limit(most))


def between(connection: Connection, name: str, first: int, last: int, most: int = 1000) -> list[Archived]:
    """Return the posts of a list with these numbers, both included, in order."""
    query = POSTS.where(post.c.list_name == name, post.c.number.between(first, last))
    return several(connection, query.order_by(post.c.number).limit(most))


def thread(connection: Connection, name: str, root: int) -> list[Archived]:
    """Return the posts of the thread that this post of a list began, in order."""
    query = POSTS.where(post.c.list_name == name, post.c.thread == root)
    return several(connection, query.order_by(post.c.written_at, post.c.number))


def newest_of_threads(connection: Connection, name: str, most: int, before: int | None) -> list[Archived]:
    """Return the newest post of each thread of a list, newest first; with `before` of those whose newest has a lower number."""
    newest = func.max(post.c.number)
    threads = select(newest.label("number")).where(post.c.list_name == name, post.c.purged_at.is_(None))
    threads = threads.group_by(post.c.thread).order_by(newest.desc()).limit(most)
    if before is not None:
        threads = threads.having(newest < before)
    of_list = POSTS.where(post.c.list_name == name, post.c.number.in_(threads))
    return several(connection, of_list.order_by(post.c.number.desc()))


def thread_numbers(connection: Connection, name: str, root: int) -> list[int]:
    """Return the numbers of the posts of a thread, in order."""
    query = select(post.c.number).where(post.c.list_name == name, post.c.thread == root)
    return list(connection.execute(query.order_by(post.c.written_at, post.c.number)).scalars())


def by_numbers(connection: Connection, name: str, numbers: Collection[int]) -> dict[int, Archived]:
    """Return these posts of a list, by their numbers."""
    found = several(connection, POSTS.where(post.c.list_name == name, post.c.number.in_(numbers)))
    return {one.number: one for one in found}


def thread_heads(connection: Connection, name: str, roots: Sequence[int]) -> dict[int, tuple[str, int]]:
    """Return for each of these threads the subject of its first post that is not purged, and how many such posts it has."""
    query = (
        select(post.c.thread, func.min(post.c.number).label("first"), func.count().label("posts"))
        .where(post.c.list_name == name, post.c.thread.in_(roots), post.c.purged_at.is_(None))
        .group_by(post.c.thread)
        .subquery()
    )
    rows = select(query.c.thread, post.c.subject, query.c.posts).join_from(
        query, post, (post.c.list_name == name) & (post.c.number == query.c.first)
    )
    return {thread: (subject, posts) for thread, subject, posts in connection.execute(rows)}


def thread_key(connection: Connection, name: str, number: int) -> str:
    """Return the Message-ID of the first post of the thread that a post of a list belongs to; "": there is no such post."""
    row = _THREAD_KEY.first(connection, name=name, row=number)
    return "" if row is None else str(row.message_id)


def raw(connection: Connection, name: str, number: int) -> bytes | None:
    """Return a post's mail as it arrived, byte for byte; None: there is none, or it is purged."""
    query = select(mail.c.content).join_from(post, mail).where(post.c.purged_at.is_(None))
    return connection.execute(query.where(post.c.list_name == name, post.c.number == number)).scalar()


def count(connection: Connection, name: str) -> int:
    """Return how many posts of a list the archive has."""
    query = select(func.count()).select_from(post)
    return connection.execute(query.where(post.c.list_name == name, post.c.purged_at.is_(None))).scalar_one()


def _first(connection: Connection, query: Select[Any]) -> Archived | None:
    return next(iter(several(connection, query)), None)


def several(connection: Connection, query: Select[Any]) -> list[Archived]:
    """Return the posts that a query for `POSTS` finds."""
    return [
        Archived(**{**row, "attachments": tuple(json.loads(row["attachments"]))})
        for row in connection.execute(query).mappings()
    ]


_KEPT_RAW = and_(
    mail.c.protocol == "import",
    ~select(post.c.id).where(post.c.mail_id == mail.c.id).correlate(mail).exists(),
)

_OF_AUTHOR = body.alias()

POSTS = select(
    post.c.list_name.label("list"),
    post.c.number,
    post.c.stable,
    post.c.message_id,
    post.c.thread,
    post.c.parent,
    post.c.author_name,
    post.c.author,
    post.c.code,
    func.coalesce(
        select(_OF_AUTHOR.c.name).where(_OF_AUTHOR.c.code == post.c.code).correlate(post).scalar_subquery(),
        "",
    ).label("body"),
    post.c.subject,
    post.c.attachments,
    post.c.size,
    post.c.written_at,
    post.c.purged_at,
    post.c.purged_why,
)

# What runs for each post is put together once: that costs SQLAlchemy more than running it.

_ADD = Written(insert(post).returning(post.c.id))

_KEEP = Written(insert(mail).returning(mail.c.id))

_MAIL_OF = Written(select(inbox.c.mail_id).where(inbox.c.id == bindparam("row")))

_BY_STABLE = Written(
    select(post.c.number, post.c.thread).where(
        post.c.list_name == bindparam("name"), post.c.stable == bindparam("stable")
    )
)

_ROOT = post.alias("root")

_THREAD_KEY = Written(
    select(_ROOT.c.message_id)
    .join_from(post, _ROOT, and_(_ROOT.c.list_name == post.c.list_name, _ROOT.c.number == post.c.thread))
    .where(post.c.list_name == bindparam("name"), post.c.number == bindparam("row"))
)

_BY_TOPIC = Written(
    select(post.c.number, post.c.thread)
    .where(
        post.c.list_name == bindparam("name"),
        post.c.topic == bindparam("topic"),
        post.c.written_at.between(bindparam("since"), bindparam("until")),
    )
    .order_by(post.c.written_at.desc())
    .limit(50)
)

_ORPHANS = Written(
    select(post.c.number, post.c.thread)
    .where(post.c.list_name == bindparam("name"), post.c.answers == bindparam("stable"))
    .limit(_MOST_ORPHANS)
)

_JOIN = Written(
    update(post)
    .where(post.c.list_name == bindparam("name"), post.c.thread == bindparam("old"))
    .values(thread=bindparam("new"))
)

_SET_PARENT = Written(
    update(post)
    .where(post.c.list_name == bindparam("name"), post.c.number == bindparam("row"))
    .values(parent=bindparam("above"))
)
