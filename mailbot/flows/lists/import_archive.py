"""An old archive comes in: each mail with its number where that is free, its thread and its date; a second time nothing.

What is no mail is reported with its place and kept raw, so that nothing of the old archive is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Literal

from sqlalchemy import Connection

from mailbot.core.lists.mailing_list import MailingList
from mailbot.core.lists.old_archive import (
    StoredMail,
    made_up_id,
    stated_number,
    tag_forms,
    why_no_mail,
    with_author,
    written_at,
)
from mailbot.core.lists.thread import message_id_hash
from mailbot.core.mail.canonical_hash import canonical_hash
from mailbot.core.mail.message import Message, parse
from mailbot.flows.lists.archive_post import archive_post
from mailbot.site import Site
from mailbot.store.database import Database
from mailbot.store.lists import archive, lists
from mailbot.store.mail import inbox
from mailbot.store.members import members
from mailbot.store.members.members import Person

AT_ONCE = 50  # mails in one transaction: few enough that the service waits less than a second for its end
MOST_NAMED = 1_000  # bad mails, or remarks, that are named one by one; all are counted
_MOST_PEOPLE = 10_000  # addresses whose people are remembered


@dataclass(frozen=True)
class Bad:
    """What could not be archived."""

    place: str
    why: str
    kept: int | None  # number of its raw bytes in the database; None: there were none to keep


@dataclass
class Imported:
    """What came of an import."""

    mails: int = 0  # in the files
    added: int = 0
    known: int = 0  # were there before, or twice in the files
    purged: int = 0  # were purged before, and stay so
    renumbered: int = 0  # stated a number that another post has
    undated: int = 0  # have no Date that can be; the place, or the mail before them, gave it
    illegible: int = 0  # archived, but their text is in no charset that is known
    bad: int = 0
    first: int | None = None  # lowest and highest number that was given
    last: int | None = None
    named: list[Bad] = field(default_factory=list)


def import_archive(
    database: Database,
    site: Site,
    value: MailingList,
    mails: Callable[[], Iterable[StoredMail]],
    now: datetime,
    *,
    tag: str = "",
    dry_run: bool = False,
    told: Callable[[int, int], None] = lambda _done, _all: None,
) -> Imported:
    """Archive old mails in several transactions. `mails()` is read twice: for the numbers first, so that they stay free.

    `tag` is how the old list marked subjects ("[old:%d]"; "": as this list, or as fml and Mailman would), `told(done, all)`
    hears how far it is. A dry run does the same and takes it back.
    """
    prefixes = (tag,) if tag else tag_forms(value.name, value.subject_prefix)
    claimed, count = _stated(mails(), prefixes)
    with database.read() as connection:
        beyond = max(lists.last_number(connection, value.name), archive.highest(connection, value.name))
    run = _Run(site, value, prefixes, now, next_number=max(beyond, claimed) + 1, written_at=now)
    batch: list[StoredMail] = []
    for stored in mails():
        batch.append(stored)
        if len(batch) == AT_ONCE:
            _archive_batch(database, run, batch, dry_run=dry_run)
            told(run.result.mails, count)
            batch = []
    _archive_batch(database, run, batch, dry_run=dry_run)
    told(run.result.mails, count)
    return run.result


@dataclass
class _Run:
    """How far an import has come."""

    site: Site
    value: MailingList
    prefixes: tuple[str, ...]
    now: datetime
    next_number: int  # for the next post that has none
    written_at: datetime  # of the mail before
    result: Imported = field(default_factory=Imported)
    numbers: set[int] = field(default_factory=set)  # given in this run
    prints: set[bytes] = field(default_factory=set)  # of the mails in this run
    people: dict[str, list[Person]] = field(default_factory=dict)


def _stated(mails: Iterable[StoredMail], prefixes: tuple[str, ...]) -> tuple[int, int]:
    """Return the highest number that a mail states, and how many mails there are; only their headers are read."""
    highest = count = 0
    for stored in mails:
        count += 1
        number = stored.number
        if number is None and stored.content:
            number = stated_number(parse(_head(stored.content)), stored, prefixes)
        highest = max(highest, number or 0)
    return highest, count


def _head(content: bytes) -> bytes:
    ends = [place for mark in (b"\n\n", b"\n\r\n") if (place := content.find(mark)) >= 0]
    return content[: min(ends) + 1] if ends else content[:100_000]


def _archive_batch(database: Database, run: _Run, batch: list[StoredMail], *, dry_run: bool) -> None:
    if not batch:
        return
    with database.write() as connection, connection.begin_nested() as trial:
        for stored in batch:
            run.result.mails += 1
            _archive_one(connection, run, stored)
        if run.result.last is not None:
            lists.raise_number(connection, run.value.name, run.result.last)
        if dry_run:
            trial.rollback()


def _archive_one(connection: Connection, run: _Run, stored: StoredMail) -> None:
    message = parse(stored.content)
    why = stored.fault or why_no_mail(message)
    if why:
        _keep_bad(connection, run, stored, why)
        return
    message = with_author(message)
    message_id = message.message_id or made_up_id(stored.content, run.site.domain)
    number = stated_number(message, stored, run.prefixes)
    print_ = sha256(f"{message_id}\n{canonical_hash(stored.content)}".encode()).digest()[:16]
    before = "known" if print_ in run.prints else _before(connection, run, stored, message_id, number)
    run.prints.add(print_)
    if before == "purged":
        run.result.purged += 1
        return
    if before == "known":
        run.result.known += 1
        return
    run.written_at, own = written_at(message, stored, run.written_at, run.now)
    run.result.undated += not own
    run.result.illegible += message.garbled
    _add(connection, run, stored, message, message_id, _number_for(connection, run, number))


def _before(
    connection: Connection, run: _Run, stored: StoredMail, message_id: str, number: int | None
) -> Literal["new", "known", "purged"]:
    """Tell whether this mail is in the archive, or was purged from it."""
    same = archive.namesakes(connection, run.value.name, message_id_hash(message_id))
    if number is not None and not same:  # one of ours without a Message-ID left with one that we made up
        same = archive.between(connection, run.value.name, number, number)
    print_ = canonical_hash(stored.content)
    for one in same:
        content = archive.raw(connection, run.value.name, one.number)
        if content is not None and canonical_hash(content) == print_:
            return "known"
    gone = any(one.purged_at is not None and one.message_id == message_id for one in same)
    return "purged" if gone else "new"


def _number_for(connection: Connection, run: _Run, number: int | None) -> int:
    """Return the number that a mail states if no other post has it, else the next one."""
    free = number is not None and number not in run.numbers
    if number is not None and free and archive.by_number(connection, run.value.name, number) is None:
        return number
    run.result.renumbered += number is not None
    run.next_number += 1
    return run.next_number - 1


def _add(
    connection: Connection, run: _Run, stored: StoredMail, message: Message, message_id: str, number: int
) -> None:
    archive_post(
        connection,
        run.value,
        message,
        _people(connection, run, message.from_address),
        number=number,
        message_id=message_id,
        written_at=run.written_at,
        mail_id=archive.keep_raw(connection, stored.content, stored.place, run.now),
    )
    result = run.result
    result.added += 1
    result.first = number if result.first is None else min(result.first, number)
    result.last = number if result.last is None else max(result.last, number)
    run.numbers.add(number)


def _people(connection: Connection, run: _Run, address: str | None) -> list[Person]:
    if address is None:
        return []
    if address not in run.people and len(run.people) < _MOST_PEOPLE:
        run.people[address] = members.people_at(connection, address)
    return run.people.get(address) or []


def _keep_bad(connection: Connection, run: _Run, stored: StoredMail, why: str) -> None:
    """Keep the raw bytes of what is no mail, once, and name it."""
    kept = None
    if stored.content:
        print_ = sha256(stored.content).hexdigest()
        if inbox.is_seen(connection, f"import:{run.value.name}", print_):
            run.result.known += 1
            return
        kept = archive.keep_raw(connection, stored.content, f"{run.value.name} {stored.place}", run.now)
        inbox.take_once(connection, f"import:{run.value.name}", print_, kept)
    run.result.bad += 1
    if len(run.result.named) < MOST_NAMED:
        run.result.named.append(Bad(stored.place, why, kept))
