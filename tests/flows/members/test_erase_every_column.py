"""Of every column of every table it is said what an erasure does with it, and each that may name a person is tried."""

from __future__ import annotations

import base64
import contextlib
import json
import quopri
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Date,
    Integer,
    LargeBinary,
    Table,
    Text,
    insert,
    select,
    update,
)

from mailbot.core.bulletins.bulletin import Bulletin
from mailbot.core.events.event import Event
from mailbot.core.events.meeting import Meeting
from mailbot.core.mail.encoded_word import decode_header
from mailbot.core.members.audience import Selector
from mailbot.core.members.register import Contact
from mailbot.core.refusal import Refusal
from mailbot.core.surveys.survey import Share, Survey
from mailbot.flows.bulletins.cancel_bulletin import cancel_bulletin
from mailbot.flows.members.erase_person import erase_person
from mailbot.store.database import Database
from mailbot.store.tables import Moment, ballot, history, inbox, mail, mailing, metadata, other_address
from tests.flows.members.test_erase_person import live
from tests.flows.post_office import (
    BODIES,
    CONTACTS,
    EVENT,
    NEWS,
    NOW,
    SECURITY,
    SURVEY,
    UEDA,
    YAMADA,
    PostOffice,
    open_post_office,
)

NAME = "山田太郎"

# Made by us or picked from a fixed set: keys, states, hashes, what is said of bodies, domains and machines.
OURS = """
act: subject act digest state; answered:; attendance: event_key code; ballot: subject kind code reference token_hash;
body: code name kind prefecture successor category; bounce: status; bulletin: key state list_name mailings;
bundle: state lease_owner;
confirmation: token_hash kind; contact: code tags; delivery: state lease_owner; desk_word: token_hash;
event: key state; fan_out: list_name thread profile; failure: status reason; gateway: code; held_post: list_name waits_for rule;
inbox: state; journal: what salt commitment renewed chain; journal_head: chain; ledger_head: subject chain;
list_member: list_name mode; mail: protocol imap_key; mailing: kind subject bounces; mailing_list: name;
meeting: key; membership: list_name standing mode posting; occurrence: job local state;
post: list_name stable answers code purged_why; post_words:; proxy: subject code holder; pulse:; register_change:;
register_import: sha256; replaced_token: token_hash; roll_call: key; roll_entry: call_key code answer;
sealed_line: subject line; seat_offer: event_key; seen: place fingerprint; sighting: domain; survey: key state seal_key;
thread_choice: list_name choice; trouble: counted_on reason status state; vote: subject code status rule level
waits_for commitment salt digest chain
"""
# An address, alone or within what machines say: the stand-in takes its place, or the row goes.
ADDRESSES = """
act: asked_by decided_by; answered: email_key; attendance: entered_by; ballot: address; bulletin: written_by;
confirmation: address email_key; contact: email email_key; delivery: address reply; desk_word: address;
fan_out: after author; fan_out_done: email_key; failure: email_key words; gateway: email_key; held_post: claimed_by; inbox: recipient sender; list_member: email_key address;
mail: mail_from peer helo results; membership: email_key address changed_by; other_address: email_key email home_key;
post: author message_id; proxy: recorded_by; register_import: made_by; roll_entry: address email_key;
thread_choice: thread email_key; trouble: email_key address words state_by; vote: author decided_by
"""
# A person's words, or ours about persons: neither address nor name may be left.
WORDS = """
act: note; ballot: greeting; bulletin: note; confirmation: about; history: what; inbox: reason title; journal: who about
person detail; list_member: profile; membership: profile; occurrence: note; proxy: words; register_import: source;
vote: reason
"""
# The same as JSON, which escapes what is not ASCII.
JSON = """
act: detail; bundle: addresses; confirmation: detail; delivery: fields; fan_out: target; gateway: findings; register_change: old new; sealed_line: answers;
vote: answers problems remarks flags
"""
# Read by the erasure itself; each is tried by a test of its own.
DEFINITIONS = "bulletin: definition; event: definition; mailing_list: definition; meeting: definition; survey: definition"
# Whole mails.
MAILS = "mail: content; mailing: cooked"
# Who is registered beside him may bear his name; it stays.
REGISTER = "contact: name role"
# The text of posts stays (docs/operator.md); their index is made anew from it.
POSTS = "post: author_name subject topic attachments; post_words: words"


def columns(said: str) -> set[str]:
    """Return table.column of each column that is named."""
    found = set()
    for part in said.split(";"):
        table, _, names = part.partition(":")
        found |= {f"{table.strip()}.{name}" for name in names.split()}
    return found


def test_of_every_column_it_is_said_what_an_erasure_does_with_it() -> None:
    """A new column of text or bytes is in exactly one of the groups above; else an erasure may pass it by."""
    said = [
        name
        for group in (OURS, ADDRESSES, WORDS, JSON, DEFINITIONS, MAILS, REGISTER, POSTS)
        for name in columns(group)
    ]
    there = {
        str(column)
        for table in metadata.sorted_tables
        for column in table.c
        if isinstance(column.type, Text | LargeBinary)
    }
    assert sorted(said) == sorted(there)


def _value(column: Column[Any], connection: Connection) -> Any:
    """Return something that may stand in a column."""
    for key in column.foreign_keys:
        return connection.execute(select(key.column).limit(1)).scalar()
    kind: Any = column.type
    if isinstance(kind, Moment):
        return NOW
    for type_, value in (
        (Boolean, False),
        (Date, NOW.date()),
        (LargeBinary, b"x"),
        (Text, "{}" if str(column) in columns(JSON) else "1"),
        (Integer, 77),
    ):
        if isinstance(kind, type_):
            return value
    return 77


def _fill(connection: Connection, table: Table) -> None:
    if connection.execute(select(table).limit(1)).first() is None:
        row = {column.name: _value(column, connection) for column in table.c}
        connection.execute(insert(table).values(row))


def _name_him(connection: Connection, table: Table, trace: str) -> list[str]:
    """Put a trace of him into the first row that has no other; returns into which columns."""
    named = []
    first = connection.execute(select(*table.primary_key.columns).limit(1)).one()
    row = [key == value for key, value in zip(table.primary_key.columns, first, strict=True)]
    texts = {
        **dict.fromkeys(columns(WORDS), f"{trace}の件"),
        **{name: json.dumps({"Q3": f"{trace}の件"}) for name in columns(JSON)},
        "vote.problems": json.dumps([["Q3", "unknown", f"{trace}の件"]]),
    }
    if trace == YAMADA:
        texts |= {name: f"<{YAMADA}>" for name in columns(ADDRESSES) if not name.endswith("_key")}
    for column in table.c:
        if str(column) in texts and not column.primary_key:
            connection.execute(update(table).where(*row).values({column.name: texts[str(column)]}))
            named.append(str(column))
    return named


def left(folder: Path, trace: str) -> list[bytes]:
    """Return the forms in which a trace stands in the bytes of the database's files."""
    content = b"".join(path.read_bytes() for path in folder.glob("mailbot.db*"))
    forms = {trace.encode(), trace.upper().encode(), json.dumps(trace)[1:-1].encode()}
    return [form for form in forms if form in content]


@pytest.mark.parametrize("trace", [YAMADA, NAME])
def test_each_column_that_may_name_him_is_cleared(sqlite: Database, tmp_path: Path, trace: str) -> None:
    """One trace alone, in the columns of every table: after the erasure no byte of the files has it, escaped or not."""
    office = open_post_office(sqlite)
    office.apply(replace(NEWS, posters=Selector()), SECURITY, EVENT, replace(ISSUE, test_to=()))
    office.apply(replace(MEETING, contact=""))
    live(office)
    with sqlite.write() as connection:
        named = []
        for table in metadata.sorted_tables:
            _fill(connection, table)
            named += _name_him(connection, table, trace)
    wanted = columns(WORDS) | columns(JSON) | (columns(ADDRESSES) if trace == YAMADA else set())
    assert {name for name in wanted if not name.endswith("_key")} <= {
        *named,
        "sealed_line.answers",
        "thread_choice.thread",
    }
    assert left(tmp_path, trace)
    with sqlite.write() as connection:
        erase_person(connection, office.site, YAMADA, office.now)
    assert left(tmp_path, trace) == []


def erase(office: PostOffice) -> None:
    """Erase him."""
    with office.database.write() as connection:
        erase_person(connection, office.site, YAMADA, office.now)


@pytest.mark.parametrize(
    "coded",
    [
        f"Subject: =?utf-8?B?{base64.b64encode(NAME.encode()).decode()}?=\r\n\r\nx\r\n",
        "Subject: =?ISO-2022-JP?B?GyRCOzNFRBsoQg==?=\r\n =?ISO-2022-JP?B?GyRCQkBPOhsoQg==?=\r\n\r\nx\r\n",
        f"Subject: x\r\n\r\n{NAME}様\r\n",
        f"Subject: x\r\n\r\n{base64.encodebytes(f'担当は{NAME}です'.encode()).decode()}",
        f"Subject: x\r\n\r\n{quopri.encodestring(f'担当は{NAME}です'.encode()).decode()}",
    ],
    ids=["encoded-word", "two-encoded-words", "8bit", "base64", "quoted-printable"],
)
def test_a_mail_of_ours_that_names_him_without_his_address(sqlite: Database, coded: str) -> None:
    """As the table of contents of a digest does: the name is taken out of each form in which a mail has it."""
    office = open_post_office(sqlite)
    office.apply(replace(NEWS, posters=Selector()))
    row = {"kind": "x", "cooked": coded.encode(), "created_at": NOW}
    with sqlite.write() as connection:
        number = connection.execute(insert(mailing).values(row).returning(mailing.c.id)).scalar_one()
    erase(office)
    with sqlite.read() as connection:
        cooked = connection.execute(select(mailing.c.cooked).where(mailing.c.id == number)).scalar_one()
    head, _, body = cooked.partition(b"\r\n\r\n")
    texts = [decode_header(head), body.decode(), quopri.decodestring(body).decode()]
    if "base64" not in coded and body != b"x\r\n":
        with contextlib.suppress(ValueError):
            texts.append(base64.b64decode(body).decode())
    assert not any(NAME in text for text in texts)
    assert any("erased-1" in text for text in texts)


def test_a_name_that_others_bear_too_stays_theirs(sqlite: Database) -> None:
    """What is also a colleague's name, or part of it, is not taken out of running text."""
    office = open_post_office(sqlite)
    office.apply(replace(NEWS, posters=Selector()))
    office.register(BODIES, [*CONTACTS, Contact(UEDA, "t2@city.ueda.lg.jp", f"{NAME}左衛門", "", 2)])
    said = {"at": NOW, "what": f"{NAME}左衛門様に電話"}
    with sqlite.write() as connection:
        number = connection.execute(insert(history).values(said).returning(history.c.id)).scalar_one()
    erase(office)
    with sqlite.read() as connection:
        assert (
            connection.execute(select(history.c.what).where(history.c.id == number)).scalar() == said["what"]
        )


def test_of_a_mail_of_his_nothing_is_left_but_its_row(sqlite: Database) -> None:
    """Its title, his machine's name and what was found out about the sender are his, too."""
    office = open_post_office(sqlite)
    office.apply(replace(NEWS, posters=Selector()))
    office.post(YAMADA, "security-request@ml.example.jp", subject="退職します")
    with sqlite.write() as connection:
        connection.execute(
            update(mail).values(helo="taro-pc.example", results="mx.example.jp; spf=pass", check_due=NOW)
        )
    erase(office)
    with sqlite.read() as connection:
        row = connection.execute(select(mail, inbox.c.title).join_from(mail, inbox)).one()
    assert (row.content, row.mail_from, row.peer, row.helo, row.results, row.check_due, row.title) == (
        *(b"", "", "", "", None, None, ""),
    )


def test_two_addresses_that_one_survey_asked_for_one_body(sqlite: Database, tmp_path: Path) -> None:
    """Each address has a stand-in of its own, since no two ballots of a body go to one address."""
    office = open_post_office(sqlite)
    office.apply(replace(NEWS, posters=Selector()))
    office.open_survey()
    phone = "taro@phone.example"
    with sqlite.write() as connection:
        row = connection.execute(select(ballot).where(ballot.c.address == YAMADA)).one()._asdict()
        del row["id"]
        connection.execute(insert(ballot).values(row | {"address": phone, "token_hash": "another"}))
        known = {"email_key": phone, "email": phone, "home_key": YAMADA}
        connection.execute(insert(other_address).values(known))
    erase(office)
    assert left(tmp_path, YAMADA) + left(tmp_path, phone) == []


ISSUE = Bulletin("M26-12", "12月号", "ご案内です。", audience=(Selector(everyone=True),), test_to=(YAMADA,))
MEETING = Meeting(
    key="B26-01",
    title="第1回役員会",
    members=Selector(everyone=True),
    place="都市会館",
    quorum=Share(1, 2, "electorate", more_than=True),
    candidates=(datetime(2026, 7, 14, 14, tzinfo=NOW.tzinfo), datetime(2026, 7, 15, 14, tzinfo=NOW.tzinfo)),
    poll_opens=NOW + timedelta(days=1),
    poll_closes=NOW + timedelta(days=8),
    contact=f"当日の連絡は {YAMADA} へ",
)


@pytest.mark.parametrize(
    "value",
    [ISSUE, MEETING, replace(EVENT, contact=f"{YAMADA} まで"), replace(SURVEY, approvers=(YAMADA,))],
    ids=["bulletin", "meeting", "event", "survey"],
)
def test_a_definition_that_is_still_to_be_acted_upon_is_refused(
    sqlite: Database, value: Bulletin | Meeting | Event | Survey
) -> None:
    """Its file would bring the address back, and mail would go to the stand-in; without the address it goes."""
    office = open_post_office(sqlite)
    office.apply(replace(NEWS, posters=Selector()), value)
    with pytest.raises(Refusal, match=f"the definition of the .* {value.key} names it; write it without"):
        erase(office)
    if isinstance(value, Bulletin):
        office.apply(replace(value, test_to=()))
    elif isinstance(value, Survey):
        office.apply(replace(value, approvers=()))
    else:
        office.apply(replace(value, contact=""))
    erase(office)


def test_a_bulletin_that_is_over_is_cleared(sqlite: Database, tmp_path: Path) -> None:
    """What went out or was called back cannot change by its file any more."""
    office = open_post_office(sqlite)
    office.apply(replace(NEWS, posters=Selector()), ISSUE)
    with sqlite.write() as connection:
        cancel_bulletin(connection, office.site, ISSUE.key, office.now, by=YAMADA)
    erase(office)
    assert left(tmp_path, YAMADA) == []
