"""The service on a hosted mailbox: what arrives there is distributed as if it had come by SMTP."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pytest

from mailbot.folder.config import write_secret_key
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


def _wait_for(look: Callable[[], list[Found]]) -> list[Found]:
    for _ in range(300):
        if found := look():
            return found
        time.sleep(0.1)
    return []
