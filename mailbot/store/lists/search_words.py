"""The words by which posts are found (core/lists/bigram.py), stored for the index that each database keeps over them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, Text, bindparam, cast, delete, insert, select, text

from mailbot.store.statements import Written
from mailbot.store.tables import TsVector, post, post_words


def put(connection: Connection, post_id: int, words: Sequence[str]) -> None:
    """Store the words by which a post is found, in place of those that were removed."""
    database = connection.dialect.name
    _ADD_WORDS[database].run(connection, post_id=post_id, words=_WORDS_OF[database](words))


def purge(connection: Connection) -> None:
    """Let the index forget what was removed from it: SQLite's keeps that until its segments are merged."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("INSERT INTO post_index (post_index) VALUES ('optimize')")


def replace(connection: Connection, name: str, number: int, words: Sequence[str]) -> None:
    """Let a post be found by these terms and no others."""
    query = select(post.c.id).where(post.c.list_name == name, post.c.number == number)
    post_id: int = connection.execute(query).scalar_one()
    connection.execute(delete(post_words).where(post_words.c.post_id == post_id))
    put(connection, post_id, words)


def tidy(connection: Connection) -> None:
    """Make SQLite's index anew from what is stored for it; PostgreSQL's needs nothing."""
    if connection.dialect.name == "sqlite":
        connection.execute(text("INSERT INTO post_index (post_index) VALUES ('rebuild')"))


def _tsvector(words: Sequence[str]) -> str:
    """Return terms with their places as PostgreSQL reads a tsvector; its own parser would cut them its own way."""
    return " ".join(f"'{term}':{place}" for place, term in enumerate(words, 1))


_WORDS_OF = {"sqlite": " ".join, "postgresql": _tsvector}

_ADD_WORDS = {
    "sqlite": Written(insert(post_words)),
    "postgresql": Written(insert(post_words).values(words=cast(bindparam("words", type_=Text), TsVector))),
}
