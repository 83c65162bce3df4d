"""A list comes over from another program: its members get what they got, its numbers go on, and nothing by halves."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailbot.core.lists.expansion import Expansion
from mailbot.core.lists.mailing_list import MailingList
from mailbot.core.lists.old_list import OldList, OldMember
from mailbot.core.members.audience import NOBODY
from mailbot.core.refusal import Refusal
from mailbot.flows.members.take_over_list import take_over_list
from mailbot.store.lists import lists, memberships
from mailbot.store.office import journal
from tests.flows.post_office import PostOffice

VALUE = MailingList("jouhou", "情報担当者会議", "closed", NOBODY, "[jouhou:%05d]")
MEMBERS = (
    OldMember("a@example.jp", "m:1"),
    OldMember("b@example.jp", "m:2", mode="digest"),
    OldMember("c@example.jp", "m:3", off=True),
    OldMember("d@example.jp", "m:4", posting="reject"),
)
OLD = OldList("fml 4", VALUE, 1203, members=MEMBERS)


def take_over(office: PostOffice, old: OldList) -> None:
    with office.database.write() as connection:
        take_over_list(connection, office.site, old, "office", office.now)


def test_members_and_numbers_go_on(office: PostOffice) -> None:
    """Each gets what he got before; who rested rests; the next post has the next number."""
    take_over(office, OLD)
    with office.database.write() as connection:
        assert lists.load(connection, "jouhou") == VALUE
        assert len(lists.member_addresses(connection, "jouhou")) == 4
        at_once = lists.recipients(connection, Expansion("jouhou", office.now))
        assert at_once == ["a@example.jp", "d@example.jp"]
        assert memberships.load(connection, "jouhou", "d@example.jp").posting == "reject"
        assert memberships.load(connection, "jouhou", "b@example.jp").mode == "digest"
        assert lists.next_number(connection, "jouhou") == 1204


def test_a_moderated_list_stays_moderated(office: PostOffice) -> None:
    """Each post waits, and of whom something else was decided, that stays."""
    take_over(office, replace(OLD, value=replace(VALUE, moderated="yes"), moderated=True))
    assert office.post("a@example.jp", "jouhou@ml.example.jp").state == "held"
    assert office.post("d@example.jp", "jouhou@ml.example.jp").state == "rejected"
    with office.database.read() as connection:
        (line,) = [entry.line for entry in journal.every(connection) if entry.line.what == "list.imported"]
    assert (line.about, line.who) == ("jouhou", "office")


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("security", "there is a list security already"),
        ("Jouhou", "must be a-z and 0-9"),
        ("robot", "is an address of the service itself"),
        ("security-owner", "ends in '-owner'"),
        ("情報", "must be a-z and 0-9"),
        ("", "must be a-z and 0-9"),
    ],
)
def test_an_impossible_name(office: PostOffice, name: str, sentence: str) -> None:
    """It is refused in a sentence that says what to do, and nothing is changed."""
    with office.database.read() as connection:
        before = lists.every(connection)
    with pytest.raises(Refusal, match=sentence) as refused:
        take_over(office, replace(OLD, value=replace(VALUE, name=name)))
    assert "--name" in str(refused.value)
    with office.database.read() as connection:
        assert lists.every(connection) == before
