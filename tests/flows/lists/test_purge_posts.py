"""A purge leaves nothing of a post but its place: not in the tables, not in the index, not in the files."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select, text, update

from mailbot.core.lists.archived import Archived, Search
from mailbot.core.lists.bigram import terms
from mailbot.core.refusal import Refusal
from mailbot.flows.lists.export_archive import export_archive
from mailbot.flows.lists.import_archive import import_archive
from mailbot.flows.lists.purge_posts import Purged, purge_posts
from mailbot.flows.lists.rebuild_index import rebuild_index
from mailbot.flows.runs.keep_up import keep_up
from mailbot.formats.mailbox_files import read_mails
from mailbot.store.database import Database
from mailbot.store.lists import archive, search_words, searches
from mailbot.store.tables import delivery, mail, metadata
from tests.flows.lists.test_send_digests import EVENING
from tests.flows.post_office import KAIGI, KAIGI_REQUEST, SATO, SECURITY, SUZUKI, TANAKA, YAMADA, PostOffice

ROOM = "kaigi@ml.example.jp"
WORDS = "極秘案件ゼブラ計画"


def purge(office: PostOffice, *numbers: int, name: str = "kaigi", dry_run: bool = False) -> Purged:
    """Purge posts, for a reason."""
    with office.database.write() as connection:
        return purge_posts(connection, office.site, name, numbers, office.now, why="誤送信", dry_run=dry_run)


def sent(office: PostOffice) -> None:
    """Let every copy have left."""
    with office.database.write() as connection:
        connection.execute(update(delivery).values(state="sent", reply="250 OK"))


def spread(office: PostOffice) -> None:
    """Post the words, and let them get everywhere: digest, old posts by mail, a search, a second arrival."""
    office.write(SATO, KAIGI_REQUEST, "まとめ送り")
    office.write(TANAKA, KAIGI_REQUEST, "まとめ送り 本文のみ")
    raw = office.mail(YAMADA, ROOM, f"{WORDS}です。", f"{WORDS}の件", Message_ID="<bad@x>")
    office.hand_in(raw, ROOM)
    assert office.hand_in(b"Received: again\r\n" + raw, ROOM).state == "discarded"
    office.post(SUZUKI, ROOM, References="<bad@x>", subject="Re: 別の件")
    office.write(SUZUKI, KAIGI_REQUEST, "過去記事 1\n目次")
    office.now = EVENING
    keep_up(office.database, office.site, EVENING)
    assert any(copy.kind == "digest" for copy in office.copies())


def everything(database: Database) -> str:
    """Return every value of every table as text."""
    with database.read() as connection:
        rows = [row for table in metadata.sorted_tables for row in connection.execute(select(table))]
    return "\n".join(
        value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
        for row in rows
        for value in row
    )


def found(office: PostOffice, words: str) -> list[Archived]:
    """Search the archive."""
    with office.database.read() as connection:
        return searches.search(connection, Search(words))


def test_nothing_of_a_purged_post_is_left(office: PostOffice) -> None:
    """Raw mail and its second arrival, copies, digests, answers, index: not its words, its subject nor its author's name."""
    spread(office)
    sent(office)
    assert WORDS in everything(office.database)
    gone = purge(office, 1)
    assert (gone.posts, gone.mails, gone.shared) == (((1, YAMADA, f"{WORDS}の件"),), 2, ())
    left = everything(office.database)
    assert WORDS not in left
    assert not any(term in left for term in terms(WORDS) if len(term) > 1)
    assert found(office, "極秘") == []
    assert [one.number for one in found(office, "別の")] == [2]


def test_not_even_in_the_file(sqlite: Database, tmp_path: Path) -> None:
    """SQLite's pages and its log hold the words before, and not after."""
    from tests.flows.post_office import open_post_office  # noqa: PLC0415

    office = open_post_office(sqlite)
    spread(office)
    sent(office)

    def held() -> bool:
        content = b"".join(path.read_bytes() for path in tmp_path.glob("mailbot.db*"))
        wanted = [WORDS, *(term for term in terms(WORDS) if len(term) > 1)]
        return any(word.encode() in content for word in wanted)

    assert held()
    purge(office, 1)
    assert not held()


def test_its_place_stays(office: PostOffice) -> None:
    """The thread keeps a stub with the reason; the number is not given again; the address for ever leads to it."""
    spread(office)
    sent(office)
    with office.database.read() as connection:
        before = archive.by_number(connection, "kaigi", 1)
    purge(office, 1)
    with office.database.read() as connection:
        stub, answer = archive.thread(connection, "kaigi", 1)
        assert archive.raw(connection, "kaigi", 1) is None
        assert archive.by_stable(connection, "kaigi", before.stable if before else "") == stub
        assert archive.count(connection, "kaigi") == 1
        assert [one.number for one in archive.newest(connection, "kaigi", 9)] == [2]
    assert (stub.purged_at, stub.purged_why, stub.subject, stub.author) == (office.now, "誤送信", "", "")
    assert (answer.thread, answer.parent) == (1, 1)
    assert not b"".join(export_archive(office.database, "kaigi")).startswith(b"From mailbot-1@")


def test_a_dry_run_changes_nothing(office: PostOffice) -> None:
    """It says what would go."""
    spread(office)
    before = everything(office.database)
    assert purge(office, 1, dry_run=True).mails == 2
    assert everything(office.database) == before


def test_what_waits_is_withdrawn(office: PostOffice) -> None:
    """Copies of the post that have not left do not leave; while other mails with it wait, nothing is purged."""
    office.post(YAMADA, ROOM, text=WORDS)
    purge(office, 1)
    assert {copy.state for copy in office.copies()} == {"withdrawn"}
    spread(office)
    with pytest.raises(Refusal, match="are just leaving; nothing was purged"):
        purge(office, 2)
    with pytest.raises(Refusal, match="kaigi has no post 1, 9; nothing was purged"):
        purge(office, 1, 2, 9)
    assert WORDS in everything(office.database)


def test_a_mail_that_two_lists_have_stays_until_both_purge_it(office: PostOffice) -> None:
    """One SMTP transaction made it a post of both; the first purge says so."""
    raw = office.mail(YAMADA, f"{ROOM}, security@ml.example.jp", WORDS)
    office.hand_in(raw, ROOM)
    office.hand_in(raw, "security@ml.example.jp")
    with office.database.write() as connection:  # as the door stores it: one mail, two recipients
        first = connection.execute(select(mail.c.id).order_by(mail.c.id)).scalars().first()
        connection.execute(text(f"UPDATE inbox SET mail_id = {first}"))
        connection.execute(text(f"UPDATE post SET mail_id = {first}"))
    sent(office)
    assert purge(office, 1).shared == (("security", 1),)
    with office.database.read() as connection:
        assert archive.raw(connection, "security", 1) == raw
    assert purge(office, 1, name="security").mails == 1
    with office.database.read() as connection:
        assert archive.raw(connection, "security", 1) is None


def test_a_purged_post_does_not_come_in_again(office: PostOffice, tmp_path: Path) -> None:
    """Neither by a second import of the old archive that held it."""
    path = tmp_path / "old.mbox"
    path.write_bytes(
        b"From a Thu Jan  1 09:00:00 2004\nFrom: a@x\nMessage-ID: <1@old>\n\n" + WORDS.encode() + b"\n\n"
    )
    bring = partial(
        import_archive, office.database, office.site, KAIGI, lambda: read_mails([path]), office.now
    )
    assert bring().added == 1
    purge(office, 1)
    assert (bring().added, bring().purged) == (0, 1)


def test_the_index_is_made_anew(office: PostOffice) -> None:
    """From the raw mails alone, whatever was in it."""
    office.post(YAMADA, text="災害対策")
    office.post(YAMADA, text="標準化")
    with office.database.write() as connection:
        search_words.replace(connection, "security", 1, ["xx"])
    assert found(office, "災害") == []
    assert rebuild_index(office.database, SECURITY.name) == 2
    assert [one.number for one in found(office, "災害")] == [1]
    assert [one.number for one in found(office, "標準")] == [2]
    assert found(office, "xx") == []
