"""A post that says at its top whom of the list it is for: its author sees how many and who before anything leaves."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailbot.core.lists.membership import Membership
from mailbot.flows.rehearse import rehearse
from mailbot.store.lists import archive, lists, memberships
from tests.flows.post_office import KAIGI, OFFICE, SATO, SUZUKI, TAKAHASHI, TANAKA, YAMADA, PostOffice

ROOM = "kaigi@ml.example.jp"
TOWNS = "宛先: 種別=町\n\n皆様\n来月の会議についてお知らせします。"


def test_its_author_is_asked_and_only_those_get_it(office: PostOffice) -> None:
    """The question says how many and who; with はい they get it, and the author his own copy."""
    held = office.post(OFFICE, ROOM, text=TOWNS)
    assert held.state == "held"
    question = office.only_copy("ask_author")
    assert question.to == OFFICE
    assert "電子会議室のうち1名（軽井沢町）だけに配信します" in question.said
    assert "1名に配信するときは" in question.said
    office.reply(question, "はい")
    assert office.state(held.id) == "posted"
    (copy,) = office.copies("post")
    assert copy.to == TAKAHASHI
    assert "宛先: 種別=町" in copy.text  # its readers see for whom it was


def test_the_author_who_is_a_member_gets_a_copy(office: PostOffice) -> None:
    """As of every post of his."""
    held = office.post(YAMADA, ROOM, text="宛先: 団体=202037\n\n上田市の方へ")
    office.reply(office.only_copy("ask_author"), "はい")
    assert office.state(held.id) == "posted"
    assert {copy.to for copy in office.copies("post")} == {TANAKA, YAMADA}


def test_without_his_word_nobody_gets_it(office: PostOffice) -> None:
    """Neither an untouched reply nor 取消 sends it."""
    held = office.post(OFFICE, ROOM, text=TOWNS)
    question = office.only_copy("ask_author")
    office.reply(question, "")
    assert office.state(held.id) == "held"
    office.reply(question, "取消")
    assert office.state(held.id) == "discarded"
    assert office.copies("post") == []


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("宛先: 県名=長野", "使える条件は、都道府県"),
        ("宛先: 種別=町 除く", "条件の後の言葉を読み取れません"),
        ("宛先: 種別=村", "当たる方が電子会議室にいらっしゃらない"),
    ],
)
def test_a_line_that_means_nobody_is_refused(office: PostOffice, line: str, words: str) -> None:
    """The post never goes to everybody by mistake, and its author hears why."""
    assert office.post(YAMADA, ROOM, text=f"{line}\n\n本文").state == "rejected"
    assert office.only_copy("post_rejected").says(words)


def test_only_members_are_meant(office: PostOffice) -> None:
    """A line cannot reach anybody whom the list does not."""
    held = office.post(YAMADA, text="宛先: 都道府県=長野 除く 団体=202011\n\n本文")
    assert "1名（松本市）" in office.only_copy("ask_author").said
    assert office.state(held.id) == "held"


def test_it_comes_at_once_whatever_the_mode_and_is_not_kept_for_all(office: PostOffice) -> None:
    """Who gets digests gets it by itself, who wants nothing gets nothing, and the archive does not have it."""
    with office.database.write() as connection:
        memberships.save(connection, Membership("kaigi", SATO, mode="digest"))
        memberships.save(connection, Membership("kaigi", TANAKA, mode="none"))
        lists.refresh_every(connection)
    office.post(OFFICE, ROOM, text="宛先: 種別=市\n\n本文")
    office.reply(office.only_copy("ask_author"), "はい")
    assert {copy.to for copy in office.copies("post")} == {YAMADA, SUZUKI, SATO}
    with office.database.read() as connection:
        assert archive.count(connection, "kaigi") == 0


def test_who_may_not_post_names_nobody(office: PostOffice) -> None:
    """The line gives no right that its author does not have."""
    assert office.post(TANAKA, text=TOWNS).state == "rejected"


def test_a_rehearsal_says_who_would_get_it(office: PostOffice) -> None:
    """Before anything is sent at all."""
    office.apply(replace(KAIGI, guard=3))
    with office.database.read() as connection:
        raw = office.mail(OFFICE, ROOM, text=TOWNS)
        shown = rehearse(connection, office.site, raw, ROOM, None, office.now)
    assert shown.outcome.startswith("ask: ")
    assert shown.recipients == (TAKAHASHI,)
