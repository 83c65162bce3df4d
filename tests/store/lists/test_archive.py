"""The archive: threads whatever order posts come in, words of two characters, and the bytes as they came."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection

from mailbot.core.lists.archived import Search
from mailbot.core.lists.bigram import MAX_TERMS, terms
from mailbot.core.lists.thread import message_id_hash
from mailbot.core.refusal import Refusal
from mailbot.store.database import Database
from mailbot.store.lists import archive, searches
from mailbot.store.lists.archive import NewPost

NOW = datetime(2026, 6, 18, 1, 0, tzinfo=UTC)


def kept(
    connection: Connection, number: int, text: str = "本文", *, answers: tuple[int, ...] = (), **own: object
) -> None:
    """Archive one post of the list `room`; its Message-ID is its number."""
    new = NewPost(
        list="room",
        number=number,
        stable=message_id_hash(f"<{number}@x>"),
        message_id=f"<{number}@x>",
        answers=tuple(message_id_hash(f"<{one}@x>") for one in answers),
        topic="",
        by_subject=False,
        code=None,
        author_name="山田太郎",
        author="yamada@city.nagano.lg.jp",
        subject=f"第{number}号",
        attachments=("名簿.xlsx",),
        size=len(text),
        written_at=NOW + timedelta(minutes=number),
        words=terms(text),
    )
    mail_id = archive.keep_raw(connection, text.encode(), f"room {number}", NOW)
    archive.add(connection, replace(new, **own), mail_id=mail_id, inbox_id=None)  # type: ignore[arg-type]


def numbers(database: Database, words: str, **own: object) -> list[int]:
    """Return the numbers of the posts that a search finds."""
    with database.read() as connection:
        return [one.number for one in searches.search(connection, Search(words, **own))]  # type: ignore[arg-type]


def threads(database: Database) -> dict[int, tuple[int, int | None]]:
    """Return the thread and the parent of each post."""
    with database.read() as connection:
        return {one.number: (one.thread, one.parent) for one in archive.between(connection, "room", 1, 99)}


TEXTS = (
    "災害対策の点検をお願いします。",
    "次回のセミナーはLG.JPについてです。",
    "ｾﾐﾅｰの資料をお送りします。IT担当者様",
    "この行は途中で折り返された災\n害です。",
    "a" * 3000 + " 𠮷野家 O'Brien's \\ \" x:1 <-> | !",
)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("災害", [4, 1]),
        ("害対", [1]),
        ("対策の点検", [1]),
        ("点検 対策", [1]),
        ("対策点検", []),
        ("セミナー", [3, 2]),
        ("ｾﾐﾅｰ", [3, 2]),
        ("ミナ", [3, 2]),
        ("災", [4, 1]),
        ("検", [1]),
        ("it", [3]),
        ("IT担当", [3]),
        ("lg.jp", [2]),
        ("lg", [2]),
        ("l", []),
        ("𠮷野", [5]),
        ("o'brien's", [5]),
        ("災害 セミナー", []),
        ("x:1", [5]),
    ],
)
def test_words_are_found(database: Database, words: str, found: list[int]) -> None:
    """Two characters of Japanese suffice, and one; width, case and a broken line make no difference; newest first."""
    with database.write() as connection:
        for number, text in enumerate(TEXTS, 1):
            kept(connection, number, text)
    assert numbers(database, words) == found


@pytest.mark.parametrize("lists", [None, ("room",), ("room", "other"), ("other", "room", "third")])
@pytest.mark.parametrize(
    ("words", "since"),
    [("災害", None), ("災", None), ("災害 対策", None), ("災害対策", NOW + timedelta(minutes=9))],
)
def test_a_common_word_is_found_among_the_newest(
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    words: str,
    lists: tuple[str, ...] | None,
    since: datetime | None,
) -> None:
    """Looking at the newest posts first finds what the index of all would have found, in the same order."""
    with database.write() as connection:
        for number in range(1, 40):
            text = ("災害対策", "災害の対策", "災害", "対策", "予算")[number % 5]
            kept(connection, number, text, list=("room", "other", "third")[number * 7 % 11 % 3])
    found = {}
    for newest in (0, 5, 12, 1000):
        monkeypatch.setattr(searches, "_NEWEST", newest)
        with database.read() as connection:
            search = Search(words, lists=lists, since=since)
            found[newest] = [
                [(one.list, one.number) for one in searches.search(connection, search, most)]
                for most in (1, 3, 50)
            ]
    assert found[0] == found[5] == found[12] == found[1000]
    assert found[0][2]


def test_filters(database: Database) -> None:
    """A search can be bound to lists, a time and a sender."""
    with database.write() as connection:
        kept(connection, 1, "災害")
        kept(connection, 2, "災害", author="sato@city.matsumoto.lg.jp", author_name="佐藤花子")
        kept(connection, 3, "災害", list="other")
    assert numbers(database, "災害") == [3, 2, 1]
    assert numbers(database, "災害", lists=("room",)) == [2, 1]
    assert numbers(database, "災害", lists=()) == []
    assert numbers(database, "災害", since=NOW + timedelta(minutes=2), before=NOW + timedelta(minutes=3)) == [
        2
    ]
    for sender in ("佐藤", "Sato@City.Matsumoto.lg.jp", "matsumoto", "SATO"):
        assert numbers(database, "災害", sender=sender) == [2]
    assert numbers(database, "災害", sender="%") == []
    assert numbers(database, "災害", prefecture="長野県") == []


def test_nothing_to_look_for_is_said(database: Database) -> None:
    """A search without a letter or digit is refused with a sentence."""
    with database.read() as connection, pytest.raises(Refusal, match="no letter or digit"):
        searches.search(connection, Search("。、"))


def test_the_longest_text_is_found_up_to_its_bound(database: Database) -> None:
    """Neither database breaks on a text with as many terms as it gets, all the same or all different."""
    with database.write() as connection:
        kept(connection, 1, "あ" * MAX_TERMS + "終")
        kept(connection, 2, " ".join(f"w{number}" for number in range(MAX_TERMS + 5)))
    assert numbers(database, "ああああ") == [1]
    assert numbers(database, f'"w{MAX_TERMS - 2} w{MAX_TERMS - 1}"') == [2]
    assert numbers(database, f"w{MAX_TERMS}") == []


def test_a_thread_forms_in_any_order(database: Database) -> None:
    """An answer that comes before what it answers joins it later, with everything that follows it."""
    with database.write() as connection:
        kept(connection, 1)
        kept(connection, 3, answers=(2,))
        kept(connection, 4, answers=(3, 2))
        kept(connection, 5, answers=(9, 3))
        assert {one.number for one in archive.thread(connection, "room", 3)} == {3, 4, 5}
        kept(connection, 2, answers=(1,))
    assert threads(database) == {1: (1, None), 2: (1, 1), 3: (1, 2), 4: (1, 3), 5: (1, 3)}
    with database.read() as connection:
        assert [one.number for one in archive.thread(connection, "room", 1)] == [1, 2, 3, 4, 5]


def test_threads_by_their_newest_post(database: Database) -> None:
    """Newest first, each with its first subject and its size; below a number those whose newest post has a lower one."""
    with database.write() as connection:
        kept(connection, 1)
        kept(connection, 2)
        kept(connection, 3, answers=(1,))
        kept(connection, 4, list="other")
        kept(connection, 5)
    with database.read() as connection:
        newest = archive.newest_of_threads(connection, "room", 10, None)
        assert [(one.number, one.thread) for one in newest] == [(5, 5), (3, 1), (2, 2)]
        assert [one.number for one in archive.newest_of_threads(connection, "room", 1, 5)] == [3]
        assert [one.number for one in archive.newest_of_threads(connection, "room", 9, 3)] == [2]
        assert archive.thread_heads(connection, "room", [1, 5]) == {1: ("第1号", 2), 5: ("第5号", 1)}
        assert archive.thread_numbers(connection, "room", 1) == [1, 3]
        assert sorted(archive.by_numbers(connection, "room", [1, 3, 4])) == [1, 3]


def test_posts_that_claim_to_answer_each_other_make_no_ring(database: Database) -> None:
    """The first of them began the thread; one that answers itself is a beginning, too."""
    with database.write() as connection:
        kept(connection, 1, answers=(2,))
        kept(connection, 2, answers=(1,))
        kept(connection, 3, answers=(3,))
    assert threads(database) == {1: (1, None), 2: (1, 1), 3: (3, None)}


def test_a_subject_joins_only_where_it_is_safe(database: Database) -> None:
    """It must say Re:, name one thread only, and that one must be of the last thirty days."""
    about = "標準化の移行時期について"
    with database.write() as connection:
        kept(connection, 1, topic=about)
        kept(connection, 2, topic=about, by_subject=True)
        kept(connection, 3, topic=about)
        kept(connection, 4, topic=about, by_subject=True)
        kept(connection, 5, topic="別の話題について", written_at=NOW - timedelta(days=40))
        kept(connection, 6, topic="別の話題について", by_subject=True)
    assert threads(database) == {
        1: (1, None),
        2: (1, 1),
        3: (3, None),
        4: (4, None),
        5: (5, None),
        6: (6, None),
    }


def test_a_post_has_an_address_for_ever(database: Database) -> None:
    """A second mail with the same Message-ID, but other content, gets another one; the first keeps its own."""
    with database.write() as connection:
        kept(connection, 1)
        kept(connection, 2, stable=message_id_hash("<1@x>"))
        first, second = archive.between(connection, "room", 1, 2)
    assert (first.stable, second.stable) == (message_id_hash("<1@x>"), f"{message_id_hash('<1@x>')}-2")
    with database.read() as connection:
        assert archive.by_stable(connection, "room", first.stable) == first


def test_posts_by_number(database: Database) -> None:
    """One, the newest, a range; the raw mail is what was stored; what is not there is None."""
    with database.write() as connection:
        for number in range(1, 6):
            kept(connection, number, f"本文{number}")
    with database.read() as connection:
        assert [one.number for one in archive.newest(connection, "room", 2)] == [5, 4]
        assert [one.number for one in archive.between(connection, "room", 2, 4)] == [2, 3, 4]
        found = archive.by_number(connection, "room", 3)
        assert found is not None
        assert (found.subject, found.author_name, found.attachments) == ("第3号", "山田太郎", ("名簿.xlsx",))
        assert archive.raw(connection, "room", 3) == "本文3".encode()
        assert archive.by_number(connection, "room", 9) is None
        assert archive.raw(connection, "room", 9) is None
        assert archive.count(connection, "room") == 5


def test_whether_an_author_has_posted_is_read_by_an_index(sqlite: Database) -> None:
    """`moderated: new` asks it for each post; a list of many years is not walked for it."""
    with sqlite.write() as connection:
        kept(connection, 1, "本文")
        assert archive.has_posted(connection, "room", ["yamada@city.nagano.lg.jp", "other@example.jp"])
        assert not archive.has_posted(connection, "room", ["other@example.jp"])
        assert not archive.has_posted(connection, "kaigi", ["yamada@city.nagano.lg.jp"])
    with sqlite.read() as connection:
        plan = connection.exec_driver_sql(
            "EXPLAIN QUERY PLAN SELECT id FROM post WHERE list_name = 'room' AND author IN ('a', 'b') LIMIT 1"
        ).all()
    assert any("ix_post_author" in str(step[3]) for step in plan)
