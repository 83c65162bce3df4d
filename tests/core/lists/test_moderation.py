"""Who may post to a list."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mailbot.core.lists.mailing_list import MailingList, Preset
from mailbot.core.lists.membership import PostingAction
from mailbot.core.lists.moderation import (
    Accept,
    Ask,
    Discard,
    Disposition,
    Hold,
    PostQuestion,
    Reject,
    explain,
    has_been_through,
    moderate,
)
from mailbot.core.members.audience import NOBODY, Selector

LIST = MailingList(name="room", title="会議室", preset="closed", members=NOBODY)
QUESTION = PostQuestion(
    author="yamada@city.example.jp",
    member=True,
    contact=True,
    office=False,
    poster=False,
    size=4000,
    own_list_fields=False,
    received=3,
    automatic=None,
    null_sender=False,
    authentication="none",
    distributed=False,
    empty=False,
)
CONTACT = replace(QUESTION, member=False)
STRANGER = replace(QUESTION, member=False, contact=False)
OFFICE = replace(STRANGER, office=True)
POSTER = replace(STRANGER, poster=True)
TOWNS = Selector(kinds=("town",))


@pytest.mark.parametrize(
    ("preset", "question", "expected"),
    [
        ("closed", QUESTION, Accept),
        ("closed", CONTACT, Reject),
        ("closed", STRANGER, Hold),
        ("closed", OFFICE, Accept),
        ("closed", POSTER, Accept),
        ("open", QUESTION, Accept),
        ("open", CONTACT, Accept),
        ("open", STRANGER, Hold),
        ("open", OFFICE, Accept),
        ("announce", QUESTION, Reject),
        ("announce", CONTACT, Reject),
        ("announce", STRANGER, Hold),
        ("announce", OFFICE, Accept),
        ("announce", POSTER, Accept),
    ],
)
def test_who_may_post_follows_the_preset(preset: Preset, question: PostQuestion, expected: type) -> None:
    """Members write to a closed list, everyone registered to an open one, the secretariat to announcements."""
    assert type(moderate(question, replace(LIST, preset=preset))) is expected


@pytest.mark.parametrize(
    ("change", "expected", "rule"),
    [
        ({"distributed": True}, Discard, "same-post"),
        ({"own_list_fields": True}, Hold, "loop"),
        ({"received": 50}, Accept, None),
        ({"received": 51}, Hold, "loop"),
        ({"null_sender": True}, Discard, "automatic"),
        ({"automatic": "Auto-Submitted: auto-replied"}, Discard, "automatic"),
        ({"notice": True}, Hold, "notice"),
        ({"same_words": True}, Hold, "same-words"),
        ({"same_date": True}, Hold, "loop"),
        ({"author": None, "member": False, "contact": False}, Hold, "one-author"),
        ({"authentication": "fail"}, Hold, "not-forged"),
        ({"size": LIST.max_size}, Accept, None),
        ({"size": LIST.max_size + 1}, Reject, "size"),
        ({"empty": True}, Reject, "content"),
    ],
)
def test_each_rule_decides_and_says_which_it_was(
    change: dict[str, Any], expected: type, rule: str | None
) -> None:
    """Each rule decides what it is there for, and says which it was."""
    disposition = moderate(replace(QUESTION, **change), LIST)
    assert type(disposition) is expected
    assert getattr(disposition, "rule", None) == rule


@pytest.mark.parametrize(
    ("policy", "authentication", "expected"),
    [
        ("member", "none", Accept),
        ("aligned", "pass", Accept),
        ("aligned", "none", Hold),
        ("confirm", "pass", Ask),
    ],
)
def test_a_list_may_ask_for_more_than_a_member_s_from(
    policy: Any, authentication: Any, expected: type
) -> None:
    """A list may ask for more than a member's From: an aligned pass, or the author's confirmation."""
    question = replace(QUESTION, authentication=authentication)
    assert type(moderate(question, replace(LIST, author=policy))) is expected


@pytest.mark.parametrize("change", [{"size": 2**30}, {"empty": True}, {"authentication": "fail"}])
def test_strangers_are_never_answered(change: dict[str, Any]) -> None:
    """Whatever else is wrong, a mail from an unknown or forged address is held, not refused by mail."""
    assert isinstance(moderate(replace(STRANGER, **change), LIST), Hold)
    assert isinstance(moderate(replace(CONTACT, authentication="fail"), LIST), Hold)


def test_a_repeated_loop_is_only_discarded() -> None:
    """A loop that brings the very same mail back leaves the secretariat alone."""
    assert isinstance(moderate(replace(QUESTION, distributed=True, own_list_fields=True), LIST), Discard)


def test_the_reason_is_in_the_service_s_language() -> None:
    """The author reads the reason in the language of the service."""
    assert moderate(CONTACT, LIST) == Reject(
        "may-post",
        "会議室に投稿できるのは、このリストのメンバーだけです。入会のご希望は、事務局にお知らせください。",
    )
    assert moderate(CONTACT, LIST, "en") == Reject(
        "may-post", "Only members of room may post to it. Please ask the secretariat if you wish to join."
    )


@pytest.mark.parametrize(
    ("size", "limit", "expected"),
    [
        (12 * 2**20, 10 * 2**20, "メールの大きさが12.0 MBで、上限の10.0 MBを超えています。"),
        (10 * 2**20 + 1, 10 * 2**20, "メールの大きさが10,241 KBで、上限の10,240 KBを超えています。"),
        (70_000, 65_536, "メールの大きさが69 KBで、上限の64 KBを超えています。"),
        (65_537, 65_536, "メールの大きさが65 KBで、上限の64 KBを超えています。"),
    ],
)
def test_sizes_in_words(size: int, limit: int, expected: str) -> None:
    """The size that is too large is never shown as equal to the limit."""
    disposition = moderate(replace(QUESTION, size=size), replace(LIST, max_size=limit))
    assert isinstance(disposition, Reject)
    assert disposition.reason.startswith(expected)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, Accept),
        ({"target": TOWNS, "targeted": 3, "sample": "軽井沢町"}, Ask),
        ({"target": TOWNS, "targeted": 3, "confirmed": True}, Accept),
        ({"target": TOWNS, "targeted": 0}, Reject),
        ({"target_fault": "value"}, Reject),
        ({"target": TOWNS, "targeted": 3, "member": False, "contact": False}, Hold),
    ],
)
def test_a_post_that_says_whom_it_is_for(change: dict[str, Any], expected: type[Disposition]) -> None:
    """Its author is asked, once he said yes it goes; one that means nobody is refused; it gives nobody a right."""
    assert type(moderate(replace(QUESTION, **change), LIST)) is expected


def test_explain_shows_every_rule() -> None:
    """A rehearsal shows each rule with its result, before and behind the one that decides."""
    lines = dict(explain(replace(CONTACT, size=2**30), LIST, "en"))
    assert list(lines) == [
        "same-post",
        "loop",
        "automatic",
        "notice",
        "same-words",
        "one-author",
        "not-forged",
        "not-stopped",
        "author-decided",
        "may-post",
        "size",
        "content",
        "no-spam",
        "filters",
        "author-policy",
        "moderated",
        "target",
        "guard",
    ]
    assert lines["loop"] == "It is no loop."
    assert lines["may-post"].startswith("Only members of room may post to it.")
    assert lines["size"].startswith("The mail has 1024.0 MB")
    assert all(sentence.endswith("。") for _, sentence in explain(QUESTION, LIST))


@pytest.mark.parametrize(
    ("posting", "expected"),
    [("accept", Accept), ("hold", Hold), ("reject", Reject), ("discard", Discard), (None, Hold)],
)
def test_what_was_decided_about_one_author(posting: PostingAction | None, expected: type) -> None:
    """The office's word about one author goes before who may post; a trusted stranger may."""
    question = replace(CONTACT, contact=False, posting=posting)
    assert isinstance(moderate(question, LIST), expected)


def test_a_trusted_author_is_not_believed_when_his_domain_disowns_the_mail() -> None:
    """What vouches for a post comes before what was decided about its author."""
    assert isinstance(moderate(replace(CONTACT, posting="accept", authentication="fail"), LIST), Hold)


OURS = (
    "Received",
    "from mx.example.jp ([127.0.0.1])\r\n\tby ml.example.jp with ESMTP;\r\n\tMon, 29 Nov 2027",
)
HOP = ("Received", "from a.example by mx.example.jp with ESMTP id 1; Mon, 29 Nov 2027")
HERE = ("Delivered-To", "room@ml.example.jp")


@pytest.mark.parametrize(
    ("fields", "before"),
    [
        ([OURS, HERE, HOP], False),  # a mail server in front writes it when it hands the mail over
        ([HERE, HOP], False),  # and so does a hosted mailbox
        ([OURS, HOP, HERE, HOP], True),  # it went on from there, and came again
        ([HERE, HOP, HOP, HERE, HOP], True),
        ([("Delivered-To", "ml@provider.example"), HOP, HERE, HOP], False),  # passed on to a hosted mailbox
        ([("Delivered-To", "ml@provider.example"), HOP, HERE, HOP, HERE, HOP], True),
        ([OURS, HERE], True),  # no server wrote it: none has had this mail
        ([HERE], False),  # put into the mailbox by a program, not by mail
        ([HERE, HERE], True),
        ([OURS, HERE, HERE, HOP], False),  # the mail server in front, and the program that it hands over by
        ([OURS, HOP, ("Delivered-To", "member@city.example.jp"), HOP], False),
        ([OURS, HOP, ("Delivered-To", "other-room@ml.example.jp"), HOP], False),
        ([OURS, HOP], False),
        ([("X-Loop", "other-room@ml.example.jp"), ("List-Post", "<mailto:other-room@ml.example.jp>")], False),
        ([("X-Loop", " Room@ml.example.jp")], True),
        ([("List-Id", "部屋 <room.ml.example.jp>")], True),
        ([("List-Post", "<mailto:room@ml.example.jp>, <https://ml.example.jp/room>")], True),
    ],
)
def test_been_through_the_list_before(fields: list[tuple[str, str]], before: bool) -> None:
    """Our marks, and Delivered-To of the list below another server's Received, are of an earlier round (promises.md I13)."""
    assert has_been_through(fields, "room", "ml.example.jp") is before
    moved = [(name, value.lower().replace("ml.example.jp", "old.example.jp")) for name, value in fields]
    moved = [
        OURS if name == "Received" and field is OURS else (name, value)
        for field, (name, value) in zip(fields, moved, strict=True)
    ]
    assert has_been_through(moved, "room", "ml.example.jp", ("Old.example.jp",)) is before
