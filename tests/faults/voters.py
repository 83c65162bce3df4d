"""A survey of persons on a node of the real service, and the voters who answer it, each with count of what he was told."""

from __future__ import annotations

import re
import smtplib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from mailbot.core.mail.encoded_word import decode_header
from mailbot.core.mail.token import ballot_token
from mailbot.core.members.audience import Selector
from mailbot.core.surveys.survey import Question, Survey
from mailbot.flows.surveys.recount import recount
from mailbot.folder.config import load_config
from mailbot.folder.definition_yaml import write_yaml
from mailbot.installation import make_site
from mailbot.store.mail import inbox
from mailbot.store.office import journal
from mailbot.store.surveys import ballots, ledgers, surveys
from mailbot.store.tables import delivery, mailing
from tests.faults.node import Node
from tests.flows.post_office import TOKYO

OPTIONS = tuple(f"候補{number}" for number in range(1, 10))


@dataclass(frozen=True)
class Vote:
    """One reply that was answered 250."""

    address: str
    choice: int
    begun: datetime  # before the client said MAIL
    answered: datetime  # when it had its 250


@dataclass(frozen=True)
class Count:
    """What a survey came to, by everything that says so."""

    rows: Mapping[str, list[str]]  # the statuses in the ledger of each voter
    stands: Mapping[str, str]  # the option that stands for each whose vote counts
    told: Mapping[str, list[str]]  # what each receipt says: 受付, 期限後, ...
    figure: int | None  # of answers counted, as the close says; None: it is not closed
    closed_at: datetime | None
    differences: tuple[str, ...]  # between the ledger and the mails


def ask(node: Node, key: str, closes: datetime) -> None:
    """Define a survey of one question to every contact, for himself; it is due to open at once."""
    survey = Survey(
        key,
        "投票",
        Selector(everyone=True),
        closes - timedelta(days=1),
        closes,
        (Question("Q1", "どれにしますか", "single", OPTIONS),),
        mode="named",
        publish_to="office",
        unit="person",
    )
    folder = node.folder / "config" / "surveys"
    folder.mkdir(exist_ok=True)
    (folder / f"{key.lower()}.yaml").write_text(write_yaml(survey, TOKYO), encoding="utf-8")
    node.command("apply")


def answer_addresses(node: Node, key: str) -> dict[str, str]:
    """Return where each voter's reply goes; {} while nobody was asked."""
    config = load_config(node.folder / "config" / "mailbot.yaml")
    site, database = make_site(config), node.database
    with database.read() as connection:
        asked = ballots.of_subject(connection, key)
    database.close()
    return {one.address: f"r-{ballot_token(site.key, one.id)}@{site.reply_domain}" for one in asked}


def reply(address: str, to: str, choice: int, number: int) -> bytes:
    """Return a voter's mail."""
    head = (
        f"From: {address}\r\nTo: {to}\r\nSubject: Re: survey\r\nMessage-ID: <vote{number}@member.example>\r\n"
    )
    return f"{head}\r\nQ1 {choice}\r\n".encode()


def vote(
    client: smtplib.SMTP,
    address: str,
    to: str,
    choice: int,
    number: int,
    again: Sequence[type[Exception]] = (),
) -> Vote | None:
    """Hand in a vote; None when it was refused for now, which `again` names."""
    begun = datetime.now(TOKYO)
    try:
        client.sendmail(address, [to], reply(address, to, choice, number))
    except tuple(again):
        return None
    return Vote(address, choice, begun, datetime.now(TOKYO))


def count(node: Node, key: str) -> Count:
    """Return what the survey came to so far."""
    config = load_config(node.folder / "config" / "mailbot.yaml")
    site, database = make_site(config), node.database
    with database.read() as connection:
        stored = surveys.load(connection, key)
        assert stored is not None
        address_of = {one.id: one.address for one in ballots.of_subject(connection, key)}
        rows: dict[str, list[str]] = {}
        stands: dict[str, str] = {}
        for row in ledgers.rows(connection, key):
            address = address_of[row.ballot_id]
            rows.setdefault(address, []).append(row.status)
            if row.status == "counted":
                stands[address] = "".join(row.answers["Q1"] or ())
        told: dict[str, list[str]] = {}
        query = select(delivery.c.address, mailing.c.cooked).join_from(delivery, mailing)
        for address, cooked in connection.execute(
            query.where(mailing.c.kind == "vote_receipt", mailing.c.subject == key).order_by(delivery.c.id)
        ):
            subject = re.findall(rb"^Subject: (.*(?:\r?\n[ \t].*)*)", cooked, re.MULTILINE)[0].decode()
            told.setdefault(address, []).append(decode_header(subject).partition("】")[0].partition("・")[2])
        figures = [
            int(entry.line.detail.partition(" ")[0])
            for entry in journal.every(connection, about=key)
            if entry.line.what == "survey.closed"
        ]
        found = recount(connection, site, key)
    database.close()
    return Count(
        rows, stands, told, figures[0] if figures else None, stored.closed_at, tuple(found.differences)
    )


def unread(node: Node) -> int:
    """Return how many mails nobody has read yet."""
    database = node.database
    with database.read() as connection:
        number = inbox.count_by_state(connection).get("received", 0)
    database.close()
    return number


def contradictions(votes: Sequence[Vote], count: Count, ahead: timedelta = timedelta(0)) -> list[str]:
    """Return what of a closed survey contradicts what its voters, each with one vote, saw and were told.

    `ahead`: by how much the clock of the node that may have closed it is ahead of the voters'.
    """
    assert count.closed_at is not None
    found = []
    for one in votes:
        statuses, words = count.rows.get(one.address, []), count.told.get(one.address, [])
        if len(statuses) != 1 or len(words) != 1:
            found.append(f"{one.address}: rows {statuses}, receipts {words}")
            continue
        counts = statuses == ["counted"]
        if words != (["受付"] if counts else ["期限後"]):
            found.append(f"{one.address} is {statuses[0]}, and was told {words[0]}")
        if not counts and one.answered < count.closed_at - ahead:
            found.append(f"{one.address} came in time, and is {statuses[0]}")
        if counts and one.begun >= count.closed_at:
            found.append(f"{one.address} came {one.begun - count.closed_at} behind the close, and counts")
        if counts and count.stands.get(one.address) != str(one.choice):
            found.append(f"{one.address} chose {one.choice}, and stands with {count.stands.get(one.address)}")
    numbers = Counter(status for statuses in count.rows.values() for status in statuses)
    if count.figure != numbers["counted"]:
        found.append(f"the result has {count.figure} votes, the ledger {numbers['counted']}")
    return [*found, *count.differences]
