"""Old archives: every shape comes in with its numbers, dates and threads; a second time adds nothing; bytes stay."""

from __future__ import annotations

import gzip
import mailbox
import tracemalloc
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from mailbot.core.lists.archived import Archived, Search
from mailbot.core.lists.mailing_list import MailingList
from mailbot.core.mail.message import parse
from mailbot.core.refusal import Refusal
from mailbot.flows.lists.export_archive import export_archive
from mailbot.flows.lists.import_archive import Imported, import_archive
from mailbot.formats.mailbox_files import check_files, read_mails
from mailbot.store.database import Database
from mailbot.store.lists import archive, lists, searches
from tests.flows.post_office import NAGANO, SECURITY, YAMADA, PostOffice

SEPARATOR = b"From yamada at city.nagano.lg.jp  Thu Jan  1 09:00:00 2004\n"


def mail(number: int, text: bytes = b"text\n", *head: str) -> bytes:
    """Return an old mail; its Message-ID is its number."""
    lines = [
        f"From: {YAMADA}",
        f"Message-ID: <{number}@old>",
        "Date: Thu, 1 Jan 2004 00:00:00 +0900",
        f"Subject: {number}",
        *head,
    ]
    names = [line.partition(":")[0] for line in lines]
    kept = [line for at, line in enumerate(lines) if line.partition(":")[0] not in names[at + 1 :]]
    return "\n".join([line for line in kept if not line.endswith(": -")] + ["", ""]).encode() + text


def bring(office: PostOffice, *paths: Path, tag: str = "", dry_run: bool = False) -> Imported:
    """Import these files into the list `security`."""
    check_files(paths)
    mails = partial(read_mails, paths)
    return import_archive(office.database, office.site, SECURITY, mails, office.now, tag=tag, dry_run=dry_run)


def posts(office: PostOffice, name: str = "security") -> list[Archived]:
    """Return the list's archive, in order."""
    with office.database.read() as connection:
        return archive.between(connection, name, 1, 10**8, 10_000)


def raws(office: PostOffice, name: str = "security") -> dict[int, bytes]:
    """Return the raw mails of the archive by their numbers."""
    with office.database.read() as connection:
        found = {n: archive.raw(connection, name, n) for n in archive.numbers(connection, name)}
    return {number: content for number, content in found.items() if content is not None}


def written(path: Path, *mails: bytes) -> Path:
    """Write an mbox as Mailman does."""
    path.write_bytes(b"".join(SEPARATOR + one.replace(b"\nFrom ", b"\n>From ") + b"\n" for one in mails))
    return path


def test_an_mbox_comes_in(office: PostOffice, tmp_path: Path) -> None:
    """Posts, threads, dates, the author as the register names him; the bytes as they were; found by two characters."""
    one, two = (
        mail(
            1,
            "災害対策です。\nFrom here on\n".encode("cp932"),
            "Content-Type: text/plain; charset=iso-2022-jp",
        ),
        mail(2, b"yes\n", "In-Reply-To: <1@old>", "Date: Fri, 2 Jan 2004 10:00:00 +0900"),
    )
    found = bring(office, written(tmp_path / "old.mbox", one, two))
    assert (found.mails, found.added, found.bad, found.first, found.last) == (2, 2, 0, 1, 2)
    first, second = posts(office)
    assert (first.author_name, first.code, first.subject) == ("山田太郎", NAGANO, "1")
    assert (second.thread, second.parent) == (1, 1)
    assert second.written_at == datetime(2004, 1, 2, 1, 0, tzinfo=UTC)
    assert raws(office) == {1: one, 2: two}
    with office.database.read() as connection:
        assert [post.number for post in searches.search(connection, Search("災害"))] == [1]


def test_a_second_import_adds_nothing(office: PostOffice, tmp_path: Path) -> None:
    """Also what has no Message-ID, what stands twice in the file, and what is no mail."""
    path = written(tmp_path / "old.mbox", mail(1), mail(2, b"x", "Message-ID: -"), mail(1), b"", b"rubbish\n")
    found = bring(office, path)
    assert (found.added, found.known, found.bad) == (2, 1, 2)
    before = posts(office)
    found = bring(office, path)
    assert (found.added, found.known, found.bad) == (
        0,
        4,
        1,
    )  # an empty one has nothing to keep: it is named again
    assert posts(office) == before


def test_a_dry_run_changes_nothing(office: PostOffice, tmp_path: Path) -> None:
    """It says what would come of it."""
    path = written(tmp_path / "old.mbox", mail(1), mail(7, b"x\n", "X-Mail-Count: 00007"), b"rubbish\n")
    found = bring(office, path, dry_run=True)
    assert (found.added, found.bad, found.last) == (2, 1, 8)
    with office.database.read() as connection:
        assert archive.highest(connection, "security") == lists.last_number(connection, "security") == 0
        assert archive.kept(connection) == []


@pytest.mark.parametrize(
    ("head", "number"),
    [
        ("Subject: [security:00007] Re: plans", 7),
        ("Subject: [security 8] plans", 8),
        ("Subject: (security,9) plans", 9),
        ("X-Mail-Count: 00010", 10),
        ("X-ML-Count: 11", 11),
        ("X-Sequence: 12", 12),
        ("Subject: Re: [security:00007] plans", 1),  # that of the post it answers
        ("Subject: [other:00007] plans", 1),
        ("X-Mail-Count: many", 1),
    ],
)
def test_numbers_are_kept(office: PostOffice, tmp_path: Path, head: str, number: int) -> None:
    """The number that a post had is its number, and the list goes on beyond it."""
    bring(office, written(tmp_path / "old.mbox", mail(1, b"x\n", head)))
    assert [one.number for one in posts(office)] == [number]
    assert f"[security:{number + 1:05}]" in office_post(office)


def office_post(office: PostOffice) -> str:
    """Post once more; returns its subject."""
    office.copies()
    office.post(YAMADA, Message_ID="<new@x>")
    return office.copies("post")[0]["Subject"]


def test_a_number_that_is_taken_gives_way(office: PostOffice, tmp_path: Path) -> None:
    """Posts of ours keep theirs; what has none comes behind all that have one, wherever it stands in the file."""
    office.post(YAMADA)
    path = written(
        tmp_path / "old.mbox",
        mail(5),
        mail(1, b"x\n", "X-Mail-Count: 1"),
        mail(2, b"x\n", "X-Mail-Count: 2"),
        mail(3, b"x\n", "X-Mail-Count: 2"),
    )
    found = bring(office, path)
    assert (found.added, found.renumbered) == (4, 2)
    assert [(one.number, one.message_id) for one in posts(office)][1:] == [
        (2, "<2@old>"),
        (3, "<5@old>"),
        (4, "<1@old>"),
        (5, "<3@old>"),
    ]


def test_an_old_tag_is_named(office: PostOffice, tmp_path: Path) -> None:
    """`--tag` says how the old list marked its subjects."""
    path = written(tmp_path / "old.mbox", mail(1, b"x\n", "Subject: <LASDEC-31> plans"))
    assert bring(office, path, tag="<lasdec-%d>").first == 31


def test_an_fml_spool_comes_in(office: PostOffice, tmp_path: Path) -> None:
    """Files 1, 2, 3 ... are posts with these numbers, in their order and not that of their letters."""
    spool = tmp_path / "spool"
    spool.mkdir()
    for number in (1, 2, 10):
        (spool / str(number)).write_bytes(mail(number, "会議室\n".encode("iso-2022-jp")))
    (spool / "index").write_bytes(b"not a mail")
    assert bring(office, spool).added == 3
    assert [(one.number, one.message_id) for one in posts(office)] == [
        (1, "<1@old>"),
        (2, "<2@old>"),
        (10, "<10@old>"),
    ]


def test_a_maildir_and_packed_and_single_files_come_in(office: PostOffice, tmp_path: Path) -> None:
    """A Maildir, an mbox in .gz, one .eml and a folder of them."""
    box = mailbox.Maildir(tmp_path / "maildir")
    box.add(mail(1))
    box.add(mail(2))
    packed = tmp_path / "old.mbox.gz"
    packed.write_bytes(gzip.compress(written(tmp_path / "x.mbox", mail(3), mail(4)).read_bytes()))
    single = tmp_path / "one.eml"
    single.write_bytes(mail(5))
    folder = tmp_path / "eml"
    folder.mkdir()
    (folder / "a.eml").write_bytes(mail(6))
    assert bring(office, tmp_path / "maildir", packed, single, folder).added == 6


def test_a_hidden_author_is_found(office: PostOffice, tmp_path: Path) -> None:
    """Mailman and HyperKitty write `at` or `(a)` for @: the register knows him all the same."""
    at = YAMADA.replace("@", " at ")
    path = written(
        tmp_path / "old.mbox",
        mail(1, b"x\n", f"From: {at} (Taro)"),
        mail(2, b"x\n", f"From: Taro <{YAMADA.replace('@', '(a)')}>"),
    )
    bring(office, path)
    assert [(one.author, one.code, one.author_name) for one in posts(office)] == [
        (YAMADA, NAGANO, "山田太郎")
    ] * 2


def test_a_date_that_cannot_be_is_made_up_for(office: PostOffice, tmp_path: Path) -> None:
    """The separator gives it, else the mail before it."""
    path = written(
        tmp_path / "old.mbox",
        mail(1, b"x\n", "Date: yesterday"),
        mail(2, b"x\n", "Date: Thu, 1 Jan 2099 00:00:00 +0900"),
    )
    assert bring(office, path).undated == 2
    assert {one.written_at for one in posts(office)} == {datetime(2004, 1, 1, 9, 0, tzinfo=UTC)}


def test_what_is_no_mail_is_named_and_kept(office: PostOffice, tmp_path: Path) -> None:
    """With file and line; its bytes can be read again."""
    path = written(tmp_path / "old.mbox", mail(1), b"rubbish\n" + bytes(range(256)) + b"\n", mail(2))
    found = bring(office, path)
    (bad,) = found.named
    line = path.read_bytes()[: path.read_bytes().index(b"rubbish")].count(b"\n")
    assert bad.place == f"{path}:{line}"
    assert bad.kept is not None
    with office.database.read() as connection:
        assert [one.id for one in archive.kept(connection)] == [bad.kept]
        assert archive.kept_raw(connection, bad.kept) == b"rubbish\n" + bytes(range(256)) + b"\n"
    assert found.added == 2


def test_what_cannot_be_read_is_named(office: PostOffice, tmp_path: Path) -> None:
    """A damaged .gz gives what can be read of it; a folder of anything else, and what is not there, is refused."""
    packed = tmp_path / "old.mbox.gz"
    content = gzip.compress(b"".join(SEPARATOR + mail(n, b"%d\n" % n * 999) + b"\n" for n in range(99)))
    packed.write_bytes(content[:-200])
    found = bring(office, packed)
    assert found.added > 10
    assert "cannot be read" in found.named[0].why
    with pytest.raises(Refusal, match="there is no such file"):
        check_files([tmp_path / "nothing"])
    (tmp_path / "docs").mkdir()
    with pytest.raises(Refusal, match="an fml spool"):
        check_files([tmp_path / "docs"])


HARD = (
    b"From: a@x\r\nSubject: 1\r\n\r\nFrom here\r\n>From there\r\n>>From everywhere\r\n",
    b"From: a@x\nSubject: no line end at the end\n\nx",
    b"From: a@x\r\nSubject: empty lines at the end\r\n\r\nx\r\n\r\n\r\n",
    b"From: a@x\nSubject: looks like a separator\n\nx\n\nFrom a@x Thu Jan  1 09:00:00 2004\nFrom: b@x\n\ny\n\n",
    b"From a@x Thu Jan  1 09:00:00 2004\nFrom: a@x\nSubject: a separator of a mailbox before it\n\nx\n",
    b"Subject: bytes\n\n" + bytes(range(256)) + b"\r",
    b"Subject: head only\n",
    b"Subject: " + "件名".encode("cp932") + b"\n\n" + "①髙\n".encode("cp932"),
)


def test_what_goes_out_comes_in_byte_for_byte(office: PostOffice, tmp_path: Path, database: Database) -> None:
    """Export and import again: the same bytes, numbers and times, whatever lines and line ends a mail has."""
    spool = tmp_path / "spool"
    spool.mkdir()
    for number, content in enumerate(HARD, 3):
        (spool / str(number)).write_bytes(content)
    assert bring(office, spool).added == len(HARD)
    out = b"".join(export_archive(database, "security"))
    (tmp_path / "out.mbox").write_bytes(out)
    before, first = raws(office), posts(office)
    assert list(before.values()) == list(HARD)
    assert bring(office, tmp_path / "out.mbox").added == 0
    again = import_archive(
        database, office.site, _kaigi(office), lambda: read_mails([tmp_path / "out.mbox"]), office.now
    )
    assert again.added == len(HARD)
    assert raws(office, "kaigi") == before
    assert [(one.number, int(one.written_at.timestamp())) for one in posts(office, "kaigi")] == [
        (one.number, int(one.written_at.timestamp())) for one in first
    ]
    assert b"".join(export_archive(database, "kaigi")).replace(b"@kaigi ", b"@security ") == out


def _kaigi(office: PostOffice) -> MailingList:
    with office.database.read() as connection:
        found = lists.load(connection, "kaigi")
    assert found is not None
    return found


def test_own_posts_come_in_again_as_known(office: PostOffice, tmp_path: Path, database: Database) -> None:
    """Also one without a Message-ID, which left with ours."""
    office.post(YAMADA, Message_ID="")
    office.post(YAMADA)
    (tmp_path / "out.mbox").write_bytes(b"".join(export_archive(database, "security")))
    assert bring(office, tmp_path / "out.mbox").known == 2


def test_every_charset_reads_as_it_was_written(office: PostOffice, tmp_path: Path) -> None:
    """ISO-2022-JP with characters of NEC, CP932 under a wrong name, EUC-JP, UTF-8 called ASCII, none named."""
    text = "標準化と災害の①㈱髙"
    shapes = (
        (text.encode("cp932"), "Content-Type: text/plain; charset=iso-2022-jp"),
        (text.encode("cp932"), "Content-Type: text/plain; charset=shift_jis"),
        (text.encode(), "Content-Type: text/plain; charset=us-ascii"),
        ("標準化と災害".encode("euc-jp"), "Content-Type: text/plain; charset=euc-jp"),
        ("標準化と災害".encode("iso-2022-jp"), "X-None: 1"),
    )
    mails = [mail(n, raw + b"\n", head) for n, (raw, head) in enumerate(shapes, 1)]
    bring(office, written(tmp_path / "old.mbox", *mails))
    with office.database.read() as connection:
        assert len(searches.search(connection, Search("標準化と災害"))) == len(shapes)
    assert parse(raws(office)[1]).text.strip() == text


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    """One mail at a time is in memory, however large the mbox is."""
    path = tmp_path / "big.mbox"
    with path.open("wb") as file:
        for number in range(400):
            file.write(SEPARATOR + mail(number, b"x" * 70 + b"\n" + b"y" * 100_000 + b"\n") + b"\n")
    tracemalloc.start()
    assert sum(1 for _ in read_mails([path])) == 400
    assert tracemalloc.get_traced_memory()[1] < 3_000_000
    tracemalloc.stop()
