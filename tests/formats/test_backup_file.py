"""A backup made while the service works, put back: what was answered 250 before it is there, and nothing is sent twice."""

from __future__ import annotations

import gzip
import io
import json
import stat
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import select

from mailbot.demo.demo_sink import Sink
from mailbot.folder.config import load_config
from mailbot.installation import open_database
from mailbot.store.snapshots import look_into
from mailbot.store.tables import delivery, inbox, mail
from tests.databases import postgres
from tests.dialogs.conversation import run
from tests.faults.node import Node, new_node, until
from tests.ports import free_port
from tests.store.postgresql import server

DATABASES = ["sqlite", pytest.param("postgresql", marks=postgres)]


@contextmanager
def new_database(kind: str, name: str) -> Iterator[str]:
    """An empty database: its line in the configuration."""
    if kind == "sqlite":
        yield "sqlite:data/mailbot.db"
        return
    url = server().create(name)
    try:
        yield url.replace("postgresql+psycopg:", "postgresql:")
    finally:
        server().drop(name)


def subjects(folder: Path) -> set[str]:
    """Return the Subjects of all mails that a folder's database has received."""
    database = open_database(load_config(folder / "config" / "mailbot.yaml"))
    with database.read() as connection:
        contents = connection.execute(select(mail.c.content).join_from(inbox, mail)).scalars().all()
    database.close()
    return {content.split(b"Subject: ")[1].split(b"\r\n")[0].decode() for content in contents}


def states(folder: Path) -> list[str]:
    """Return the state of each copy."""
    database = open_database(load_config(folder / "config" / "mailbot.yaml"))
    with database.read() as connection:
        found = list(connection.execute(select(delivery.c.state).order_by(delivery.c.id)).scalars())
    database.close()
    return found


def restored(kind: str, name: str, file: Path, folder: Path, url: str) -> None:
    """Put a backup back, into another database where it is PostgreSQL's."""
    options = ["--database", url] if kind == "postgresql" else []
    status, output = run(["restore", str(file), str(folder), *options], file.parent)
    assert status == 0, output


@pytest.mark.parametrize("kind", DATABASES)
def test_a_backup_under_load(kind: str, tmp_path: Path) -> None:
    """Whatever was answered 250 before the backup began is in it, whole, while posts come in and go out."""
    with (
        Sink() as sink,
        new_database(kind, f"load_{kind}") as url,
        new_database(kind, f"back_{kind}") as other,
    ):
        node = new_node(tmp_path / "site", sink.port, members=8, database=url)
        node.start()
        stop = threading.Event()
        taken: list[str] = []

        def write() -> None:
            number = 0
            while not stop.is_set():
                number += 1
                if node.post(number, "x" * 20_000):
                    taken.append(f"post {number}")

        writer = threading.Thread(target=write)
        writer.start()
        try:
            for round_ in range(3):
                at_least = len(taken) + 5
                until(lambda least=at_least: len(taken) >= least, 60, node.log)  # type: ignore[misc]
                before = set(taken)
                file = tmp_path / f"{round_}.tar.gz"
                node.command("backup", str(file))
        finally:
            stop.set()
            writer.join()
            node.stop()
        folder = tmp_path / "back"
        restored(kind, "back", file, folder, other)
        assert before <= subjects(folder)
        assert look_into(load_config(folder / "config" / "mailbot.yaml").database).rows["contact"] == 8


@pytest.mark.parametrize("kind", DATABASES)
@pytest.mark.parametrize("how", ["withdraw", "send"])
def test_nothing_leaves_before_a_person_says_so(kind: str, how: str, tmp_path: Path) -> None:
    """The restored service takes mail and sends none; `resume` lets what waited go, or withdraws it for good."""
    name = f"held_{how}"
    with Sink() as sink, new_database(kind, name) as url, new_database(kind, f"{name}_back") as other:
        node = new_node(
            tmp_path / "site", free_port(), members=3, database=url
        )  # nobody listens: all copies wait
        node.start()
        assert node.post(1)
        until(lambda: node.outbox().get("pending", 0) + node.outbox().get("sending", 0) == 3, 30, node.log)
        node.command("backup", str(tmp_path / "b.tar.gz"))
        node.stop()
        restored(kind, name, tmp_path / "b.tar.gz", tmp_path / "back", other)
        back = Node(tmp_path / "back", free_port())
        configuration = back.folder / "config" / "mailbot.yaml"
        text = configuration.read_text(encoding="utf-8")
        text = text.replace(str(node.port), str(back.port))
        lines = [
            f"relay: smtp://127.0.0.1:{sink.port}" if line.startswith("relay:") else line
            for line in text.splitlines()
        ]
        configuration.write_text("\n".join(lines) + "\n", encoding="utf-8")
        back.start()
        assert back.post(2)
        until(lambda: "post 2" in subjects(back.folder), 30, back.log)
        assert "service.held" in back.log()
        status, output = run(["resume", f"--{how}"], back.folder)
        assert (status, "a service runs on this folder already" in output) == (1, True)
        back.stop()
        assert sink.mails == []
        shown = json.loads(back.command("resume", "--json"))
        assert (shown["done"], [one["copies"] for one in shown["copies"]], shown["unread"]) == (None, [3], 1)
        back.command("resume", f"--{how}")
        back.start()
        expected = 3 + 3 * (how == "send")
        until(lambda: len(sink.mails) >= expected and back.settled(), 60, back.log)
        back.stop()
    sent = sorted(mail.header("Subject") for mail in sink.mails)
    assert [subject.endswith("post 2") for subject in sent].count(True) == 3
    assert len(sent) == expected


def made(folder: Path, file: Path) -> Node:
    """Make a folder with a database, and a backup of it."""
    node = new_node(folder, free_port(), members=2)
    (folder / "data" / "dkim").mkdir()
    (folder / "data" / "dkim" / "2026a.key").write_text("a key\n")
    node.command("backup", str(file))
    return node


def test_what_a_backup_holds(tmp_path: Path) -> None:
    """Database, config/ and keys, readable by its owner alone; the service's other files are not in it."""
    node = made(tmp_path / "site", tmp_path / "b.tar.gz")
    assert stat.S_IMODE((tmp_path / "b.tar.gz").stat().st_mode) == 0o600
    with tarfile.open(tmp_path / "b.tar.gz") as tar:
        assert tar.getnames() == [
            "backup.json",
            "database.sqlite",
            "config/lists/room.yaml",
            "config/mailbot.yaml",
            "data/secret.key",
            "data/dkim/2026a.key",
        ]
    status, output = run(["restore", str(tmp_path / "b.tar.gz"), str(tmp_path / "back"), "--json"], tmp_path)
    assert status == 0
    shown = json.loads(output)
    assert (shown["rows"]["contact"], shown["database"]) == (2, "sqlite")
    for name in ("config/mailbot.yaml", "config/lists/room.yaml", "data/secret.key", "data/dkim/2026a.key"):
        assert (tmp_path / "back" / name).read_bytes() == (node.folder / name).read_bytes()
        assert stat.S_IMODE((tmp_path / "back" / name).stat().st_mode) == 0o600


def test_nothing_is_ever_overwritten(tmp_path: Path) -> None:
    """A backup is a new file, or named by the time in a folder; a restore takes an empty place only."""
    node = made(tmp_path / "site", tmp_path / "b.tar.gz")
    before = (tmp_path / "b.tar.gz").read_bytes()
    status, output = run(["backup", str(tmp_path / "b.tar.gz")], node.folder)
    assert (status, "never overwrites" in output) == (1, True)
    assert (tmp_path / "b.tar.gz").read_bytes() == before
    (tmp_path / "backups").mkdir()
    node.command("backup", str(tmp_path / "backups"))
    assert len(list((tmp_path / "backups").iterdir())) == 1
    status, output = run(["restore", str(tmp_path / "b.tar.gz"), str(node.folder)], tmp_path)
    assert (status, "is not empty" in output) == (1, True)
    (tmp_path / "empty").mkdir()
    status, output = run(["restore", str(tmp_path / "b.tar.gz"), str(tmp_path / "empty")], tmp_path)
    assert status == 0, output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.tar.gz", "backups", "empty", "site"]


def test_a_trial_makes_nothing(tmp_path: Path) -> None:
    """`--dry-run` reads the whole backup and says what will be different."""
    made(tmp_path / "site", tmp_path / "b.tar.gz")
    status, output = run(
        ["restore", str(tmp_path / "b.tar.gz"), str(tmp_path / "back"), "--dry-run"], tmp_path
    )
    assert status == 0
    assert "nothing leaves before `mailbot resume`" in output
    assert not (tmp_path / "back").exists()


@pytest.mark.parametrize(
    "damage", ["cut", "flipped", "not gzip", "another file", "outside", "twice", "missing", "newer"]
)
def test_a_wrong_backup_is_refused_and_leaves_nothing(damage: str, tmp_path: Path) -> None:
    """One sentence that names the file; no folder is made, and no path in it leads out of the folder."""
    made(tmp_path / "site", tmp_path / "b.tar.gz")
    whole = (tmp_path / "b.tar.gz").read_bytes()
    bad = tmp_path / "bad.tar.gz"
    if damage == "cut":
        bad.write_bytes(whole[: len(whole) // 2])
    elif damage == "flipped":
        plain = bytearray(gzip.decompress(whole))
        place = plain.index(b"SQLite format 3") + 5_000
        plain[place] ^= 1
        bad.write_bytes(gzip.compress(bytes(plain)))
    elif damage == "not gzip":
        bad.write_bytes(b"hello" * 100)
    else:
        with tarfile.open(tmp_path / "b.tar.gz") as tar, tarfile.open(bad, "w:gz") as other:
            for entry in tar:
                content = tar.extractfile(entry)
                assert content is not None
                raw = content.read()
                if damage == "missing" and entry.name == "data/secret.key":
                    continue
                if damage == "newer" and entry.name == "backup.json":
                    raw = raw.replace(b'"schema": "0', b'"schema": "9')
                if entry.name == "config/mailbot.yaml" and damage in {"outside", "another file", "twice"}:
                    extra = {"outside": "../evil", "another file": "config/x.yaml", "twice": entry.name}[
                        damage
                    ]
                    more = tarfile.TarInfo(extra)
                    more.size = len(raw)
                    other.addfile(more, io.BytesIO(raw))
                entry.size = len(raw)
                other.addfile(entry, io.BytesIO(raw))
    status, output = run(["restore", str(bad), str(tmp_path / "back")], tmp_path)
    assert (status, output.count("\n"), output.startswith(str(bad))) == (1, 1, True), output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.tar.gz", "bad.tar.gz", "site"]


def test_numbers_go_on_far_behind_those_that_were_given_out(tmp_path: Path) -> None:
    """A copy made after a restore has a number that no copy had between the backup and the loss."""
    node = made(tmp_path / "site", tmp_path / "b.tar.gz")
    run(["restore", str(tmp_path / "b.tar.gz"), str(tmp_path / "back")], tmp_path)
    back = Node(tmp_path / "back", node.port)
    back.command("resume", "--send")
    back.start()
    assert back.post(1)
    until(lambda: len(states(back.folder)) >= 3, 30, back.log)
    back.stop()
    database = back.database
    with database.read() as connection:
        numbers = connection.execute(select(delivery.c.id).where(delivery.c.address != "")).scalars().all()
    database.close()
    assert min(numbers) > 1_000_000


def test_a_database_elsewhere_comes_into_the_folder(tmp_path: Path) -> None:
    """A restore writes nothing outside of its folder: the configuration's absolute path would be the old database."""
    node = made(tmp_path / "site", tmp_path / "b.tar.gz")
    configuration = node.folder / "config" / "mailbot.yaml"
    text = configuration.read_text(encoding="utf-8")
    elsewhere = tmp_path / "elsewhere.db"
    (node.folder / "data" / "mailbot.db").rename(elsewhere)
    configuration.write_text(text.replace("sqlite:data/mailbot.db", f"sqlite:{elsewhere}"), encoding="utf-8")
    before = elsewhere.read_bytes()
    node.command("backup", str(tmp_path / "c.tar.gz"))
    status, output = run(["restore", str(tmp_path / "c.tar.gz"), str(tmp_path / "back")], tmp_path)
    assert status == 0, output
    assert "it is data/mailbot.db now" in output
    assert (tmp_path / "back" / "data" / "mailbot.db").exists()
    assert elsewhere.read_bytes() == before
