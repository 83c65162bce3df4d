"""`mailbot archive`: the posts that a list has kept."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

import click
from sqlalchemy import Connection

from mailbot import show
from mailbot.cli.frame import JSON, command, opened, root
from mailbot.core.archived import Search
from mailbot.core.header import clean
from mailbot.core.message import parse
from mailbot.core.refusal import Refusal
from mailbot.store import archive, lists


@root.group("archive")
def _archive() -> None:
    """The posts of the lists: found by words, shown as they came."""


@command(_archive, "search")
@click.argument("words")
@click.option("--list", "names", multiple=True, help="Only in this list; may be given several times.")
@click.option("--year", type=click.IntRange(1970, 9998), help="Only posts of this year.")
@click.option("--prefecture", help="Only posts from bodies of this prefecture.")
@click.option("--from", "sender", help="Only posts of this address, or of a name that holds this.")
@click.option("--most", type=click.IntRange(1, 1000), default=50, show_default=True)
@JSON
def _archive_search(
    path: Path,
    words: str,
    names: tuple[str, ...],
    year: int | None,
    prefecture: str | None,
    sender: str | None,
    most: int,
    as_json: bool,
) -> None:
    """Show the posts that hold all these words, newest first; two Japanese characters are a word."""
    with opened(path) as it, it.database.read() as connection:
        for name in names:
            _known_list(connection, name)
        zone = it.config.timezone
        wanted = Search(
            words,
            lists=names or None,
            since=None if year is None else datetime(year, 1, 1, tzinfo=zone),
            before=None if year is None else datetime(year + 1, 1, 1, tzinfo=zone),
            prefecture=prefecture,
            sender=sender,
        )
        found = archive.search(connection, wanted, most)
    rows = [
        {
            "list": one.list,
            "number": one.number,
            "date": one.written_at.astimezone(zone).isoformat(" ", "minutes"),
            "from": one.author_name or one.author,
            "subject": one.subject,
            "thread": one.thread,
        }
        for one in found
    ]
    show.table(rows, as_json=as_json, empty=f"no post holds {words}")


@command(_archive, "show")
@click.argument("name", metavar="LIST")
@click.argument("number", type=click.IntRange(1))
@click.option("--raw", "as_raw", is_flag=True, help="Write the mail as it came, byte for byte.")
@JSON
def _archive_show(path: Path, name: str, number: int, as_raw: bool, as_json: bool) -> None:
    """Show one post of a list as its author wrote it."""
    with opened(path) as it, it.database.read() as connection:
        _known_list(connection, name)
        one = archive.by_number(connection, name, number)
        content = archive.raw(connection, name, number)
    if one is None or content is None:
        raise Refusal(
            f"archive: {name} has no post {number}; `mailbot archive search WORDS --list {name}` finds posts"
        )
    if as_raw:
        sys.stdout.buffer.write(content)
        return
    known: dict[str, object] = {
        "list": one.list,
        "number": one.number,
        "date": one.written_at.astimezone(it.config.timezone).isoformat(" ", "minutes"),
        "from": one.author,
        "name": one.author_name,
        "subject": one.subject,
        "message_id": one.message_id,
        "thread": one.thread,
        "answers": one.parent,
        "attachments": list(one.attachments),
    }
    text = parse(content).text
    if as_json:
        show.as_json({**known, "text": text})
        return
    show.facts({key: fact for key, fact in known.items() if fact not in (None, "", [])})
    print()
    for line in text.splitlines():
        print(clean(line))


def _known_list(connection: Connection, name: str) -> None:
    if name not in lists.names(connection):
        raise Refusal(f"archive: there is no list {name}; `mailbot lists` shows those there are")
