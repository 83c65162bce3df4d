"""`mailbot archive`: the posts that a list has kept."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

import click

from mailbot import show
from mailbot.cli.frame import JSON, NUMBER, PATH, command, opened
from mailbot.cli.root import CONFIG, root
from mailbot.core.lists.archived import Search
from mailbot.core.mail.header import clean
from mailbot.core.mail.message import parse
from mailbot.core.refusal import Refusal
from mailbot.flows.lists.export_archive import export_archive
from mailbot.flows.lists.import_archive import import_archive
from mailbot.flows.lists.purge_posts import purge_posts
from mailbot.flows.lists.rebuild_index import rebuild_index
from mailbot.formats.mailbox_files import check_files, read_mails
from mailbot.installation import clock
from mailbot.store.lists import archive, lists, searches


@root.group("archive")
@CONFIG
def _archive() -> None:
    """The posts of the lists: found by words, shown as they came."""


@command(_archive, "search")
@click.argument("written", metavar="WORDS...", nargs=-1, required=True)
@click.option("--list", "names", multiple=True, help="Only in this list; may be given several times.")
@click.option("--year", type=click.IntRange(1970, 9998), help="Only posts of this year.")
@click.option("--prefecture", help="Only posts from bodies of this prefecture.")
@click.option("--from", "sender", help="Only posts of this address, or of a name that holds this.")
@click.option(
    "--most", type=click.IntRange(1, 1000), default=50, show_default=True, help="How many posts at most."
)
@JSON
def _archive_search(
    path: Path,
    written: tuple[str, ...],
    names: tuple[str, ...],
    year: int | None,
    prefecture: str | None,
    sender: str | None,
    most: int,
    as_json: bool,
) -> None:
    """Show the posts that hold all these words, newest first; two Japanese characters are a word."""
    words = " ".join(written)
    with opened(path) as it, it.database.read() as connection:
        for name in names:
            lists.require(connection, name)
        zone = it.config.timezone
        wanted = Search(
            words,
            lists=names or None,
            since=None if year is None else datetime(year, 1, 1, tzinfo=zone),
            before=None if year is None else datetime(year + 1, 1, 1, tzinfo=zone),
            prefecture=prefecture,
            sender=sender,
        )
        found = searches.search(connection, wanted, most)
    rows = [
        {
            "list": one.list,
            "number": one.number,
            "date": one.written_at.astimezone(zone).isoformat(" ", "minutes"),
            "from": one.author_name or one.author,
            "subject": one.subject,
            "thread": one.thread,
        }
        for one in found
    ]
    show.table(rows, as_json=as_json, empty=f"no post holds {words}")


@command(_archive, "show")
@click.argument("name", metavar="LIST")
@click.argument("number", type=NUMBER)
@click.option("--raw", "as_raw", is_flag=True, help="Write the mail as it came, byte for byte.")
@JSON
def _archive_show(path: Path, name: str, number: int, as_raw: bool, as_json: bool) -> None:
    """Show one post of a list as its author wrote it."""
    with opened(path) as it, it.database.read() as connection:
        lists.require(connection, name)
        one = archive.by_number(connection, name, number)
        content = archive.raw(connection, name, number)
    if one is not None and one.purged_at is not None:
        when = show.local(one.purged_at, it.config.timezone)
        reason = f": {one.purged_why}" if one.purged_why else ""
        raise Refusal(f"archive: post {number} of {name} was purged on {when}{reason}")
    if one is None or content is None:
        raise Refusal(
            f"archive: {name} has no post {number}; `mailbot archive search WORDS --list {name}` finds posts"
        )
    if as_raw:
        sys.stdout.buffer.write(content)
        return
    known: dict[str, object] = {
        "list": one.list,
        "number": one.number,
        "date": one.written_at.astimezone(it.config.timezone).isoformat(" ", "minutes"),
        "from": one.author,
        "name": one.author_name,
        "subject": one.subject,
        "message_id": one.message_id,
        "thread": one.thread,
        "answers": one.parent,
        "attachments": list(one.attachments),
    }
    text = parse(content).text
    if as_json:
        show.as_json({**known, "text": text})
        return
    show.facts({key: fact for key, fact in known.items() if fact not in (None, "", [])})
    print()
    for line in text.splitlines():
        print(clean(line))


# --- in and out -------------------------------------------------------------------------------------------------


@command(_archive, "import")
@click.argument("name", metavar="LIST")
@click.argument("files", nargs=-1, required=True, type=PATH)
@click.option("--tag", default="", help='How the old list marked subjects, such as "[old:%d]".')
@click.option(
    "--dry-run", is_flag=True, help="Read everything and say what would come of it; change nothing."
)
@JSON
def _archive_import(
    path: Path, name: str, files: tuple[Path, ...], tag: str, dry_run: bool, as_json: bool
) -> None:
    """Add an old archive: mbox (also .gz) of any list program, an fml spool, a Maildir, .eml files.

    A second import of the same adds nothing. What is no mail is kept raw: `mailbot archive kept`.
    """
    if tag and "%" not in tag:
        raise Refusal(f'--tag {tag!r}: write where the number stands, such as "[old:%d]"')
    check_files(files)
    with opened(path) as it:
        with it.database.read() as connection:
            lists.require(connection, name)
            value = lists.load(connection, name)
        assert value is not None, "it is known"
        came = import_archive(
            it.database,
            it.site,
            value,
            lambda: read_mails(files),
            clock(),
            tag=tag,
            dry_run=dry_run,
            told=_progress,
        )
    facts: dict[str, object] = {
        "list": name,
        "dry_run": dry_run,
        "mails": came.mails,
        "added": came.added,
        "first": came.first,
        "last": came.last,
        "there_before": came.known,
        "purged_before": came.purged,
        "renumbered": came.renumbered,
        "without_date": came.undated,
        "illegible": came.illegible,
        "bad": came.bad,
    }
    bad = [{"place": one.place, "why": one.why, "kept": one.kept} for one in came.named]
    if as_json:
        show.as_json({**facts, "bad_mails": bad})
        return
    said = {key: fact for key, fact in facts.items() if fact or key == "added"}
    show.facts({key.replace("_", " "): fact for key, fact in said.items()})
    if bad:
        print("\nno mails, kept raw (`mailbot archive kept NUMBER` writes one out):")
        show.table(bad, as_json=False, empty="")
    if dry_run:
        print("nothing was changed")


@command(_archive, "export")
@click.argument("name", metavar="LIST")
@click.option("--mbox", "target", type=PATH, help="The file; default LIST.mbox.")
@JSON
def _archive_export(path: Path, name: str, target: Path | None, as_json: bool) -> None:
    """Write a list's posts into one mbox file (mboxrd), each byte for byte as it came; - is standard output."""
    target = target or Path(f"{name}.mbox")
    if as_json and str(target) == "-":
        raise click.UsageError("--mbox - writes the posts to standard output, where --json would stand too")
    with opened(path) as it:
        with it.database.read() as connection:
            lists.require(connection, name)
        mails = export_archive(it.database, name)
        if str(target) == "-":
            for one in mails:
                sys.stdout.buffer.write(one)
            sys.stdout.buffer.flush()
            return
        count = 0
        try:
            with target.open("xb") as file:
                for count, one in enumerate(mails, 1):  # noqa: B007  how many is said below
                    file.write(one)
        except FileExistsError as error:
            raise Refusal(f"{target} exists already; name another file with --mbox") from error
        except OSError as error:
            raise Refusal(f"{target}: cannot be written: {error.strerror}") from error
    if as_json:
        show.as_json({"list": name, "file": str(target), "posts": count})
        return
    print(f"{target}: {count} posts")


@command(_archive, "kept")
@click.argument("number", type=NUMBER, required=False)
@JSON
def _archive_kept(path: Path, number: int | None, as_json: bool) -> None:
    """Show what imports kept raw because it is no mail; with a number, write its bytes."""
    with opened(path) as it, it.database.read() as connection:
        if number is not None:
            content = archive.kept_raw(connection, number)
            if content is None:
                raise Refusal(f"archive: nothing is kept as {number}; `mailbot archive kept` shows what is")
            sys.stdout.buffer.write(content)
            return
        rows = [
            {
                "number": one.id,
                "place": clean(one.place),
                "bytes": one.size,
                "kept": show.local(one.kept_at, it.config.timezone),
            }
            for one in archive.kept(connection)
        ]
    show.table(rows, as_json=as_json, empty="no import has kept anything raw")


@command(_archive, "purge")
@click.argument("name", metavar="LIST")
@click.argument("numbers", metavar="NUMBER...", nargs=-1, required=True, type=NUMBER)
@click.option("--why", default="", help="The reason; it stays where the post was.")
@click.option("--dry-run", is_flag=True, help="Say what would go; change nothing.")
@click.option("--yes", is_flag=True, help="Purge; there is no way back.")
@JSON
def _archive_purge(
    path: Path, name: str, numbers: tuple[int, ...], why: str, dry_run: bool, yes: bool, as_json: bool
) -> None:
    """Purge posts for good: raw mails, our copies, the index; their place in the thread stays.

    Back-ups, replicas, PostgreSQL's WAL archives and the members' own mailboxes are beyond its reach.
    """
    if not (yes or dry_run):
        raise Refusal("archive: a purge cannot be taken back; look with --dry-run, then say --yes")
    with opened(path) as it, it.database.write() as connection:
        lists.require(connection, name)
        gone = purge_posts(connection, it.site, name, numbers, clock(), why=why, dry_run=dry_run)
    posts = [
        {"number": number, "from": author, "subject": clean(subject)}
        for number, author, subject in gone.posts
    ]
    shared = [f"{other} {number}" for other, number in gone.shared]
    if as_json:
        show.as_json({"dry_run": dry_run, "posts": posts, "mails": gone.mails, "shared_with": shared})
        return
    show.table(posts, as_json=False, empty="nothing")
    if shared:
        print(f"the mail itself stays, since it is also a post of another list: {', '.join(shared)}")
    verb = "would be purged, with" if dry_run else "purged, with"
    print(f"{len(posts)} posts {verb} {gone.mails} raw mails")


@command(_archive, "rebuild")
@click.argument("names", metavar="[LIST]...", nargs=-1)
@JSON
def _archive_rebuild(path: Path, names: tuple[str, ...], as_json: bool) -> None:
    """Make the search index anew from the raw mails, of all lists or of these."""
    with opened(path) as it:
        with it.database.read() as connection:
            for name in names:
                lists.require(connection, name)
            wanted = names or tuple(sorted(lists.names(connection)))
        done: dict[str, int] = {}
        for name in wanted:
            done[name] = rebuild_index(it.database, name, _progress)
            if not as_json:
                print(f"{name}: {done[name]} posts indexed")
    if as_json:
        show.as_json({"lists": [{"list": name, "posts": count} for name, count in done.items()]})


def _progress(done: int, count: int) -> None:
    """Say on standard error how far it is: on one line of a screen, else now and then."""
    if sys.stderr.isatty():
        print(f"\r{done} of {count} mails", end="" if done < count else "\n", file=sys.stderr, flush=True)
    elif done % 10_000 == 0 and 0 < done < count:
        print(f"{done} of {count} mails", file=sys.stderr, flush=True)
