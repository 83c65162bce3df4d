"""All that stands about one address, in every table: to be handed out, and to be taken out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    LargeBinary,
    Table,
    Text,
    and_,
    delete,
    func,
    or_,
    select,
    update,
)

from mailbot.core.mail.address import address_key
from mailbot.core.members.erasure import ErasedPerson, without_author
from mailbot.core.surveys.ledger_chain import FIRST_CHAIN, erased_mark, erasure_row
from mailbot.store.lists import memberships, search_words
from mailbot.store.sending.copy_states import not_out
from mailbot.store.spent_numbers import numbers_stay
from mailbot.store.surveys import ledgers, surveys
from mailbot.store.tables import (
    ballot,
    body,
    bulletin,
    bundle,
    confirmation,
    contact,
    delivery,
    desk_word,
    event,
    history,
    inbox,
    list_member,
    mail,
    mailing,
    mailing_list,
    meeting,
    metadata,
    post,
    post_words,
    register_change,
    seat_offer,
    survey,
    vote,
)

Row = Mapping[str, Any]

_GONE = [table for table in metadata.sorted_tables if "email_key" in table.c and table is not contact]
DEFINED = {table.name: table for table in (survey, event, bulletin, meeting)}
_CHUNK = 200
_SHORT = 7  # letters of a name in plain letters: Ito is in many words
# What is kept as it is written: the register's own rows of others, and the text of posts (docs/operator.md).
_NAMES_STAY = frozenset(
    (
        "contact.name",
        "contact.role",
        "body.name",
        "body.prefecture",
        "post.author_name",
        "post.subject",
        "post.topic",
        "post.attachments",
    )
)
_NO_WORDS = frozenset({"post_words"})  # made again from the mails


# --- what stands where ------------------------------------------------------------------------------------------


def rows_about(connection: Connection, address: str) -> dict[str, list[Row]]:
    """Return every row of every table in whose text the address stands, without raw mails, by table.

    And the seats that were offered to a ballot of the address.
    """
    asked = select(ballot.c.id).where(_is(ballot.c.address, address))
    found: dict[str, list[Row]] = {}
    for table in metadata.sorted_tables:
        texts = _texts(table)
        if not texts:
            continue
        shown = [column for column in table.c if not isinstance(column.type, LargeBinary)]
        about = [_holds(column, address) for column in texts]
        if table is seat_offer:
            about.append(seat_offer.c.ballot_id.in_(asked))
        query = select(*shown).where(or_(*about))
        rows: list[Row] = [dict(row._mapping) for row in connection.execute(query)]  # noqa: SLF001  its public name
        if table is bundle:  # it names others, too
            copies = [
                row for row in rows if address_key(address) in map(address_key, json.loads(row["addresses"]))
            ]
            rows = [{**row, "id": None, "copies": 1, "addresses": address} for row in copies]
        if rows:
            found[table.name] = rows
    return found


def registered_names(connection: Connection, address: str) -> tuple[str, ...]:
    """Return the names at which an address is registered."""
    query = select(contact.c.name).where(contact.c.email_key == address_key(address)).distinct()
    return tuple(name for name in connection.execute(query).scalars() if name)


def own_names(connection: Connection, addresses: Sequence[str]) -> tuple[str, ...]:
    """Return those of a person's registered names that mean nobody else, the longest first: none that stands in another's
    name, in a body's or in a role, and no short one in plain letters, which words have in them.
    """
    keys = [address_key(address) for address in addresses]
    is_own = contact.c.email_key.in_(keys)
    own = set(connection.execute(select(contact.c.name).where(is_own).distinct()).scalars())
    others = [
        *connection.execute(select(contact.c.name).where(~is_own).distinct()).scalars(),
        *connection.execute(select(contact.c.role).distinct()).scalars(),
        *connection.execute(select(body.c.name)).scalars(),
        *connection.execute(select(body.c.prefecture).distinct()).scalars(),
    ]
    return tuple(
        sorted(
            (
                name
                for name in own
                if (len(name) > _SHORT or not name.isascii()) and not any(name in other for other in others)
            ),
            key=len,
            reverse=True,
        )
    )


def mails_from(connection: Connection, address: str) -> list[tuple[int, int, datetime, str, bytes]]:
    """Return the mails that came from an address: inbox number, mail number, when, to whom, raw."""
    query = (
        select(inbox.c.id, mail.c.id, mail.c.received_at, inbox.c.recipient, mail.c.content)
        .join_from(inbox, mail)
        .where(or_(_is(inbox.c.sender, address), _is(mail.c.mail_from, address)))
        .order_by(inbox.c.id)
    )
    return [(row[0], row[1], row[2], row[3], row[4]) for row in connection.execute(query)]


def mails_to(
    connection: Connection, address: str
) -> list[tuple[int, str, str, str, datetime, bytes, str | None]]:
    """Return the copies that were made for an address: number, state, kind, list or key, when, cooked, own fields."""
    query = (
        select(
            delivery.c.id,
            delivery.c.state,
            mailing.c.kind,
            mailing.c.subject,
            mailing.c.created_at,
            mailing.c.cooked,
            delivery.c.fields,
        )
        .join_from(delivery, mailing)
        .where(_is(delivery.c.address, address))
        .order_by(delivery.c.id)
    )
    return [(row[0], row[1], row[2], row[3], row[4], row[5], row[6]) for row in connection.execute(query)]


def voted_mails(connection: Connection, keys: Iterable[str]) -> set[int]:
    """Return the inbox rows behind the ledgers of these surveys."""
    query = select(vote.c.inbox_id).where(vote.c.subject.in_(list(keys)), vote.c.inbox_id.is_not(None))
    return {number for number in connection.execute(query).scalars() if number is not None}


def lists_that_name(connection: Connection, address: str) -> list[str]:
    """Return the lists whose definition names an address: a definition file would bring it back."""
    query = select(mailing_list.c.name).where(_holds(mailing_list.c.definition, address))
    return list(connection.execute(query.order_by(mailing_list.c.name)).scalars())


def definitions_that_name(connection: Connection, kind: str, address: str) -> frozenset[str]:
    """Return the keys of the surveys, events, bulletins or meetings (see `DEFINED`) whose definition names an address."""
    table = DEFINED[kind]
    query = select(table.c.key).where(_holds(table.c.definition, address))
    return frozenset(connection.execute(query).scalars())


def _texts(table: Table) -> list[Column[Any]]:
    return [column for column in table.c if isinstance(column.type, Text) and table.name not in _NO_WORDS]


def _holds(column: Column[Any], address: str) -> ColumnElement[bool]:
    # Not LIKE: `_` is a letter of addresses. lower() of SQLite folds A to Z only, as address_key does.
    return func.replace(func.lower(column), address_key(address), "") != func.lower(column)


def _names(column: Column[Any], person: ErasedPerson) -> ColumnElement[bool]:
    """Tell whether a text has the person's address, or a name that means nobody else."""
    forms = () if str(column) in _NAMES_STAY else person.own_forms
    return or_(_holds(column, person.address), *(func.replace(column, form, "") != column for form in forms))


def _is(column: Column[Any], address: str) -> ColumnElement[bool]:
    return func.lower(column) == address_key(address)


# --- taking out -------------------------------------------------------------------------------------------------


def withdraw_copies(connection: Connection, address: str) -> int:
    """Withdraw what still waits to be sent to an address; returns how many copies."""
    return connection.execute(
        update(delivery)
        .where(_is(delivery.c.address, address), not_out())
        .values(state="withdrawn", lease_owner=None)
    ).rowcount


def remove(connection: Connection, address: str, now: datetime) -> dict[str, int]:
    """Remove the rows that are nothing but this person's: register, lists, settings, questions; returns how many."""
    memberships.lock(connection)
    key = address_key(address)
    counts: dict[str, int] = {}
    own = select(contact.c.id).where(contact.c.email_key == key)
    connection.execute(update(list_member).where(list_member.c.contact_id.in_(own)).values(contact_id=None))
    with numbers_stay(connection, (confirmation, desk_word), now):
        for table in (*_GONE, contact):
            gone = connection.execute(delete(table).where(table.c.email_key == key)).rowcount
            if gone:
                counts[table.name] = gone
        connection.execute(
            delete(desk_word).where(_is(desk_word.c.address, address), desk_word.c.act_id.is_(None))
        )
    return counts


def take_out_of_greetings(connection: Connection, person: ErasedPerson) -> None:
    """Take the name out of what only the person's own copies and ballots say."""
    copies = select(delivery.c.id, delivery.c.fields).where(_is(delivery.c.address, person.address))
    for number, fields in connection.execute(copies.where(delivery.c.fields.is_not(None))).all():
        cleared = update(delivery).where(delivery.c.id == number).values(fields=person.out_of_text(fields))
        connection.execute(cleared)
    asked = select(ballot.c.id, ballot.c.greeting).where(_is(ballot.c.address, person.address))
    for number, greeting in connection.execute(asked).all():
        cleared = update(ballot).where(ballot.c.id == number).values(greeting=person.out_of_text(greeting))
        connection.execute(cleared)
    changes = or_(
        *(_holds(column, person.address) for column in (register_change.c.old, register_change.c.new))
    )
    connection.execute(delete(register_change).where(changes))


def take_out_of_mails(connection: Connection, person: ErasedPerson) -> tuple[set[int], int]:
    """Take a person out of every raw mail and every cooked one; returns the raw mails that changed, and how many in all.

    What the person wrote is emptied, unless a list archived it: there the text stays, under the stand-in.
    """
    own = {row[1] for row in mails_from(connection, person.address)}
    posts = set(connection.execute(select(post.c.mail_id)).scalars())
    archived = own & posts
    changed: set[int] = set()
    asked = select(ballot.c.id).where(_is(ballot.c.address, person.address))
    answers = set(  # others' replies to this person's ballots quote the greeting
        connection.execute(
            select(inbox.c.mail_id)
            .join_from(vote, inbox, vote.c.inbox_id == inbox.c.id)
            .where(vote.c.ballot_id.in_(asked))
        ).scalars()
    )
    for number, content in _contents(connection, mail, mail.c.content):
        if number in own and number not in archived:
            new = b""
        elif number in own:
            new = person.out_of_bytes(without_author(content, person.stand_in))
        elif (
            number in answers
            or person.is_in(content)
            or (number not in posts and person.is_named_in(content))
        ):
            new = person.out_of_bytes(content, deep=number in answers)
        else:
            continue
        if new != content:
            changed.add(number)
            connection.execute(update(mail).where(mail.c.id == number).values(content=new))
    cooked = 0
    for number, content in _contents(connection, mailing, mailing.c.cooked):
        if person.is_in(content) or person.is_named_in(content):
            cooked += 1
            new = person.out_of_bytes(content)
            connection.execute(update(mailing).where(mailing.c.id == number).values(cooked=new))
    nothing = {"peer": "", "mail_from": "", "helo": "", "results": None, "check_due": None}
    connection.execute(update(mail).where(mail.c.id.in_(own or {0})).values(nothing))
    emptied = own - archived  # what they were called is the person's words, too
    connection.execute(update(inbox).where(inbox.c.mail_id.in_(emptied or {0})).values(title=""))
    return changed, len(changed) + cooked


def _contents(connection: Connection, table: Table, column: Column[Any]) -> Iterator[tuple[int, bytes]]:
    """Yield each number with its bytes, a few in memory at a time."""
    last = 0
    while True:
        query = select(table.c.id, column).where(table.c.id > last).order_by(table.c.id).limit(_CHUNK)
        rows = connection.execute(query).all()
        if not rows:
            return
        for row in rows:
            yield row[0], row[1]
        last = rows[-1][0]


def take_out_of_ledgers(
    connection: Connection, person: ErasedPerson, mails: set[int], now: datetime
) -> dict[str, int]:
    """Take a person out of the rows of all ledgers, so that their chains still hold; returns how many rows, by subject.

    Also every row whose mail changed, and of the ballots that the person was asked by: their texts named the person.
    """
    of_mail = select(inbox.c.id).where(inbox.c.mail_id.in_(mails or {0}))
    asked = select(ballot.c.id).where(_is(ballot.c.address, person.address))
    texts = [_names(column, person) for column in _texts(vote)]
    query = select(vote.c.id, vote.c.subject).where(
        or_(vote.c.inbox_id.in_(of_mail), vote.c.ballot_id.in_(asked), *texts)
    )
    wanted: dict[str, set[int]] = {}
    for number, subject in connection.execute(query):
        wanted.setdefault(subject, set()).add(number)
    for subject, numbers in sorted(wanted.items()):
        _erase_rows(connection, subject, numbers, person, now)
    return {subject: len(numbers) for subject, numbers in sorted(wanted.items())}


def _erase_rows(
    connection: Connection, subject: str, numbers: set[int], person: ErasedPerson, now: datetime
) -> None:
    ids = list(
        connection.execute(select(vote.c.id).where(vote.c.subject == subject).order_by(vote.c.id)).scalars()
    )
    for number in numbers:
        row = connection.execute(select(*_texts(vote)).where(vote.c.id == number)).one()._mapping  # noqa: SLF001
        cleared = {
            name: _cleared(person, text) for name, text in row.items() if name not in {"subject", "chain"}
        }
        connection.execute(update(vote).where(vote.c.id == number).values(**cleared))
    links = ledgers.links(connection, subject)
    before = FIRST_CHAIN
    named = []
    for number, link in zip(ids, links, strict=True):
        if number in numbers:
            mark = erased_mark(before, link)
            connection.execute(update(vote).where(vote.c.id == number).values(digest=mark))
            named.append(replace(link.row, digest=mark))
        before = link.chain
    newest = {link.row.code: link.row for link in ledgers.links(connection, subject)}
    stored = surveys.load(connection, subject)
    is_sealed = stored is not None and stored.survey.mode == "sealed"
    for erased in named:
        ledgers.append(connection, subject, erasure_row(erased, newest[erased.code], now), sealed=is_sealed)


def take_out_of_posts(
    connection: Connection, person: ErasedPerson, mails: set[int], words: Callable[[bytes], list[str]]
) -> int:
    """Take a person out of the archive's own columns, and make the words anew by which changed posts are found."""
    own = update(post).where(_is(post.c.author, person.address))
    connection.execute(own.values(author=person.stand_in, author_name="", code=None))
    found = connection.execute(
        select(post.c.id, mail.c.content).join_from(post, mail).where(post.c.mail_id.in_(mails or {0}))
    ).all()
    for number, content in found:
        connection.execute(delete(post_words).where(post_words.c.post_id == number))
        search_words.put(connection, number, words(content))
    if found:
        search_words.purge(connection)
    return len(found)


def take_out_of_texts(connection: Connection, person: ErasedPerson) -> int:
    """Put the stand-in wherever the address still stands in some text; returns how many rows changed."""
    count = 0
    for table in metadata.sorted_tables:
        texts = _texts(table)
        if table is vote or not texts:
            continue
        keys = list(table.primary_key.columns)
        for column in texts:
            query = select(*keys, column.label("text_")).where(_names(column, person))
            for row in connection.execute(query).all():
                same = and_(*(key == value for key, value in zip(keys, row, strict=False)))
                connection.execute(
                    update(table).where(same).values({column.name: person.out_of_text(row.text_)})
                )
                count += 1
    return count


def _cleared(person: ErasedPerson, text: str | None) -> str | None:
    return None if text is None else person.out_of_text(text)


def note_erasure(connection: Connection, what: str, now: datetime) -> None:
    """Record an erasure; `what` does not name the person."""
    connection.execute(history.insert().values(at=now, what=what))


def count_erasures(connection: Connection) -> int:
    """Return how many erasures were recorded."""
    query = select(func.count()).select_from(history).where(history.c.what.startswith("erasure "))
    return connection.execute(query).scalar_one()


# Everything is rewritten on the disk: nobody knows where a deleted word still lies.
TOUCHED = tuple(table.name for table in metadata.sorted_tables)
