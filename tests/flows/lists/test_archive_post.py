"""What the archive gets of a post: the mail as it came, in the transaction in which it goes out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailbot.core.lists.archived import Archived, Search
from mailbot.flows.office.settle_held import settle_held
from mailbot.store.lists import archive, searches
from mailbot.store.sending import fan_outs
from tests.flows.post_office import NAGANO, SECURITY, STRANGER, SUZUKI, YAMADA, PostOffice


def archived(office: PostOffice, name: str = "security") -> list[Archived]:
    """Return the list's posts, oldest first."""
    with office.database.read() as connection:
        return archive.between(connection, name, 1, 99)


def test_a_post_is_archived_as_it_came(office: PostOffice) -> None:
    """The raw mail is kept byte for byte; the author stands as the register names him, the subject as he wrote it."""
    raw = office.mail(f"Taro <{YAMADA}>", "security@ml.example.jp", "災害対策の件です。", "Re: 点検")
    office.hand_in(raw, "security@ml.example.jp")
    (post,) = archived(office)
    assert (post.number, post.subject, post.author_name, post.author) == (1, "Re: 点検", "山田太郎", YAMADA)
    assert (post.code, post.written_at, post.size) == (NAGANO, office.now, len(raw))
    with office.database.read() as connection:
        assert archive.raw(connection, "security", 1) == raw
        for words in ("災害", "点検", "山田"):
            assert searches.search(connection, Search(words, prefecture="長野県")) == [post]


def test_an_answer_joins_the_thread(office: PostOffice) -> None:
    """In-Reply-To leads to the post, also when that had no Message-ID of its own and left with ours."""
    office.post(YAMADA, Message_ID="")
    office.post(SUZUKI, In_Reply_To=office.copies("post")[0]["Message-ID"])
    assert [(one.thread, one.parent) for one in archived(office)] == [(1, None), (1, 1)]


def test_a_held_post_is_archived_when_the_office_accepts_it(office: PostOffice) -> None:
    """Until then the archive does not know it."""
    held = office.post(STRANGER)
    assert archived(office) == []
    with office.database.write() as connection:
        settle_held(connection, office.site, held.id, "accept", "", office.now)
    (post,) = archived(office)
    assert (post.author, post.code) == (STRANGER, None)


def test_what_does_not_go_out_is_not_archived(office: PostOffice) -> None:
    """A list that keeps no archive, and a mail that comes again, leave no post."""
    office.apply(replace(SECURITY, archive=False))
    raw = office.mail(YAMADA, "security@ml.example.jp")
    assert office.hand_in(raw, "security@ml.example.jp").state == "posted"
    office.apply(SECURITY)
    assert office.hand_in(raw, "security@ml.example.jp").state == "discarded"
    assert archived(office) == []


def test_post_and_archive_stand_or_fall_together(office: PostOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the post cannot be queued, nothing is in the archive, and its number is free again."""

    def fail(*_: object, **__: object) -> int:
        raise RuntimeError

    monkeypatch.setattr(fan_outs, "begin", fail)
    assert office.post(YAMADA).state == "quarantined"
    assert archived(office) == []
    monkeypatch.undo()
    office.post(YAMADA)
    assert [one.number for one in archived(office)] == [1]
