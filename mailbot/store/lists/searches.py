"""Searches in the archives of lists: by words, list, author, prefecture and time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Select,
    Text,
    bindparam,
    cast,
    column,
    func,
    literal,
    literal_column,
    or_,
    select,
    table,
    union_all,
)

from mailbot.core.lists.archived import Archived, Search
from mailbot.core.lists.bigram import Phrase, phrases
from mailbot.core.mail.address import address_key
from mailbot.core.refusal import Refusal
from mailbot.store.lists.archive import POSTS, several
from mailbot.store.tables import TsQuery, body, post, post_words

_NEWEST = 200  # posts that a search looks at one by one before it asks the index of all


def search(connection: Connection, wanted: Search, most: int = 50) -> list[Archived]:
    """Return the posts in which everything is found, newest first. Raises Refusal when there is nothing to look for."""
    found = phrases(wanted.words)
    if not found:
        raise Refusal(f"search: {wanted.words!r} has no letter or digit to look for; give a word")
    if wanted.sender is None and wanted.prefecture is None and wanted.lists != ():
        newest_ones = several(connection, _among_newest(connection, found, wanted).limit(most))
        if len(newest_ones) == most:
            return newest_ones
    query = POSTS.where(_holds(connection, found), *_conditions(wanted))
    if wanted.prefecture is not None:
        query = query.join(body, body.c.code == post.c.code).where(body.c.prefecture == wanted.prefecture)
    return several(connection, query.order_by(post.c.written_at.desc(), post.c.id.desc()).limit(most))


def _conditions(wanted: Search) -> list[ColumnElement[bool]]:
    stated: list[ColumnElement[bool]] = []
    if wanted.lists is not None:
        stated.append(post.c.list_name.in_(wanted.lists))
    if wanted.since is not None:
        stated.append(post.c.written_at >= wanted.since)
    if wanted.before is not None:
        stated.append(post.c.written_at < wanted.before)
    if wanted.sender is not None:
        piece = address_key(wanted.sender) if "@" in wanted.sender else wanted.sender.lower()
        stated.append(
            or_(
                func.lower(post.c.author).contains(piece, autoescape=True),
                post.c.author_name.contains(wanted.sender, autoescape=True),
            )
        )
    return stated


def _holds(connection: Connection, wanted: Sequence[Phrase]) -> ColumnElement[bool]:
    """Return the condition that a post holds all of these, as each database wants to be asked."""
    if connection.dialect.name == "sqlite":
        words = " AND ".join(f'"{" ".join(one.terms)}"{"*" * one.begins}' for one in wanted)
        return post.c.id.in_(select(_INDEX.c.rowid).where(literal_column("post_index").op("MATCH")(words)))
    matches = post_words.c.words.op("@@")(_asked(wanted))
    return post.c.id.in_(select(post_words.c.post_id).where(matches))


def _among_newest(connection: Connection, found: Sequence[Phrase], wanted: Search) -> Select[Any]:
    """Return those of the newest posts that hold all of these, newest first.

    A word of every second post is found fifty times among them, while the index would hand out half of the archive first.
    They are looked at one by one, as the index would see them.
    """
    ranges = _conditions(replace(wanted, lists=None))
    query = select(post.c.id, post.c.written_at).where(*ranges)
    query = query.order_by(post.c.written_at.desc(), post.c.id.desc()).limit(_NEWEST)
    if wanted.lists:  # of each list by its own index: a small one is not looked for among all posts
        of_each = (select(query.where(post.c.list_name == name).subquery()) for name in wanted.lists)
        every = union_all(*of_each).subquery()
        query = select(every.c.id).order_by(every.c.written_at.desc(), every.c.id.desc()).limit(_NEWEST)
    here = query.subquery()
    rows = POSTS.join_from(here, post, post.c.id == here.c.id).join(
        post_words, post_words.c.post_id == post.c.id
    )
    if connection.dialect.name == "sqlite":
        words = literal(" ") + post_words.c.words + literal(" ")
        held = [func.instr(words, f" {' '.join(one.terms)}{' ' * (not one.begins)}") > 0 for one in found]
    else:
        held = [post_words.c.words.op("@@")(_asked(found))]
    return rows.where(*held).order_by(post.c.written_at.desc(), post.c.id.desc())


def _asked(found: Sequence[Phrase]) -> ColumnElement[Any]:
    """Return what PostgreSQL is asked for."""
    return cast(bindparam("wanted", " & ".join(map(_tsquery, found)), type_=Text), TsQuery)


def _tsquery(wanted: Phrase) -> str:
    return "(" + " <-> ".join(f"'{term}'" for term in wanted.terms) + (":*)" if wanted.begins else ")")


_INDEX = table("post_index", column("rowid", Integer), column("words", Text))
