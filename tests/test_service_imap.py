"""The service on a hosted mailbox: what arrives there is distributed as if it had come by SMTP."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar

import pytest

from mailbot.folder.secret_files import write_secret_key
from tests.dialogs.conversation import environment, run
from tests.forked import Forked
from tests.net.dovecot import PASSWORD, UNAVAILABLE, Dovecot, dovecot

Found = TypeVar("Found")

pytestmark = [pytest.mark.dovecot, pytest.mark.skipif(bool(UNAVAILABLE), reason=UNAVAILABLE or "runs")]

_MEMBERS = """code,body,kind,prefecture,population,name,role,email,rank,tags
202011,長野市,city,長野県,370000,山田太郎,課長,yamada@city.example.jp,1,
"""
_POST = b"""From: yamada@city.example.jp\r
To: room@ml.example.jp\r
Subject: by IMAP\r
Message-ID: <imap1@city.example.jp>\r
Date: Sun, 22 Nov 2026 10:00:00 +0900\r
\r
hello\r
"""


def _run(folder: Path, *words: str) -> str:
    status, output = run(words, folder)
    assert status == 0, output
    return output


def _folder(tmp_path: Path, server: Dovecot, **account: object) -> Path:
    """Return a working folder with one list and one member that watches the mailbox ml."""
    folder = tmp_path / "site"
    (folder / "config" / "lists").mkdir(parents=True)
    (folder / "data").mkdir()
    write_secret_key(folder, b"k" * 32)
    (folder / "members.csv").write_text(_MEMBERS, encoding="utf-8")
    secret = folder / "imap-password"
    secret.write_text(PASSWORD, encoding="utf-8")
    secret.chmod(0o600)
    (folder / "config" / "lists" / "room.yaml").write_text(
        "name: room\ntitle: 会議室\npreset: closed\nmembers: all\n", encoding="utf-8"
    )
    entry = {"host": "127.0.0.1", "port": server.port, "tls": "false", "user": "ml"} | account
    entry["password_file"] = "imap-password"
    inside = ", ".join(f"{key}: {value}" for key, value in entry.items())
    (folder / "config" / "mailbot.yaml").write_text(
        f"domain: ml.example.jp\noffice: office@example.jp\nreceive:\n  imap:\n    - {{{inside}}}\n",
        encoding="utf-8",
    )
    _run(folder, "members", "import", str(folder / "members.csv"))
    _run(folder, "apply")
    return folder


@contextmanager
def _serving(folder: Path) -> Iterator[Path]:
    """Run the service within the block; yields its log, and it must end in good order."""
    log = folder / "serve.log"
    log.touch()
    service = Forked(["serve"], environment(folder), log)
    try:
        yield log
    finally:
        service.terminate()
        status = service.wait(30)
    assert status == 0, log.read_text(encoding="utf-8")


def test_a_hosted_mailbox_is_read_while_the_service_runs(tmp_path: Path) -> None:
    """A post that arrives in the IMAP account goes to the list's members, and is flagged afterwards."""
    with dovecot() as server:
        folder = _folder(tmp_path, server)
        server.deliver("ml", _POST)
        with _serving(folder) as log:
            kept = _wait_for(lambda: [path.read_bytes() for path in (folder / "data/outgoing/new").glob("*")])
            flags = _wait_for(lambda: [words for words in server.flags("ml").values() if "Mailbot" in words])
            assert kept, log.read_text(encoding="utf-8")
            assert b"Subject: by IMAP" in kept[0]
            assert flags, log.read_text(encoding="utf-8")


def test_what_is_for_nobody_goes_to_no_list_in_its_place(tmp_path: Path) -> None:
    """`address` stands in for a mail that names no address of ours, not for one that is spoilt (ballot.md section 10)."""
    with dovecot() as server:
        folder = _folder(tmp_path, server, address="room@ml.example.jp")
        spoilt = _POST.replace(b"To: room@", b"To: d10fh6g2p595mg@").replace(b"imap1", b"imap2")
        nowhere = _POST.replace(b"To: room@ml.example.jp", b"To: undisclosed-recipients:;")
        server.deliver("ml", spoilt)
        server.deliver("ml", nowhere)
        with _serving(folder) as log:
            text = _wait_for(lambda: [text for text in [log.read_text(encoding="utf-8")] if "posted" in text])
        assert text
        assert "inbox.quarantined inbox=1 recipient=d10fh6g2p595mg@ml.example.jp" in text[0]
        assert "inbox.posted inbox=2 recipient=room@ml.example.jp" in text[0]


@pytest.mark.parametrize("at", [1, 30, 70])
def test_a_service_killed_while_it_fetches_loses_and_repeats_nothing(tmp_path: Path, at: int) -> None:
    """Killed by SIGKILL once so many of a hundred are stored, it takes the rest when it runs again, and marks each (I6)."""
    with dovecot() as server:
        folder = _folder(tmp_path, server)
        for number in range(100):
            server.deliver("ml", _POST.replace(b"<imap1@", b"<kill%d@" % number) + b"%d\r\n" % number)
        log = folder / "serve.log"
        log.touch()
        service = Forked(["serve", "--roles", "receive"], environment(folder), log)
        assert _wait_for(lambda: [stored for stored in [_stored(folder)] if len(stored) >= at], 0.001)
        service.kill()
        service.wait(10)
        assert set(_marked(server)) <= {_number(content) for content in _stored(folder)}
        with _serving(folder):
            assert _wait_for(lambda: [_marked(server)] * (len(_marked(server)) == 100))
            assert _wait_for(lambda: [log] * (log.read_bytes().count(b"imap.watching") == 2))
        assert sorted(map(_number, _stored(folder))) == list(range(100))


def _stored(folder: Path) -> list[bytes]:
    """Return the raw mails in the database."""
    with closing(sqlite3.connect(f"file:{folder}/data/mailbot.db?mode=ro", uri=True)) as file:
        return [content for (content,) in file.execute("SELECT content FROM mail")]


def _number(content: bytes) -> int:
    return int(content.splitlines()[-1])


def _marked(server: Dovecot) -> list[int]:
    """Return the numbers of the mails that the server has marked; they were delivered in the order of their UIDs."""
    return [uid - 1 for uid, words in server.flags("ml").items() if "Mailbot" in words]


def _wait_for(look: Callable[[], list[Found]], pause: float = 0.1) -> list[Found]:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(pause)
    return []
