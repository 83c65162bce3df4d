"""The webmail program Roundcube, served privately on 127.0.0.1 for tests, and used through a real browser as a person does."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import sqlite3
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from tests.chromium import Browser
from tests.ports import free_port

PROGRAM = Path("/var/lib/roundcube")  # as Debian installs it
PHP = shutil.which("php")
UNAVAILABLE = (
    ""
    if PHP and (PROGRAM / "index.php").exists()
    else "needs Roundcube (Debian: roundcube-core, roundcube-sqlite3, php-cli)"
)
_SETTINGS = """<?php
$config = [
    'db_dsnw' => 'sqlite:///{folder}/roundcube.db?mode=0600',
    'imap_host' => '127.0.0.1:{imap}',
    'smtp_host' => '127.0.0.1:{smtp}',
    'smtp_user' => '',
    'smtp_pass' => '',
    'des_key' => '{key}',
    'skin' => 'elastic',
    'language' => 'ja_JP',
    'plugins' => [],
    'temp_dir' => '{folder}/temp',
    'log_dir' => '{folder}/logs',
    'enable_installer' => false,
    'enable_spellcheck' => false,
    'htmleditor' => 1,
    'reply_mode' => 1,
    'draft_autosave' => 0,
    'compose_save_localstorage' => false,
    'session_debug' => false,
];
"""
_TABLES = Path("/usr/share/roundcube/SQL/sqlite.initial.sql")


@contextmanager
def roundcube(folder: Path, *, imap: int, smtp: int) -> Iterator[str]:
    """Serve it, with these ports of an IMAP and an SMTP server; yields its address. It writes HTML, above what it quotes."""
    assert PHP is not None
    for part in ("temp", "logs"):
        (folder / part).mkdir(parents=True)
    settings = _SETTINGS.format(folder=folder, imap=imap, smtp=smtp, key=secrets.token_hex(12))
    (folder / "config.inc.php").write_text(settings, encoding="utf-8")
    (folder / "defaults.inc.php").write_bytes((PROGRAM / "config" / "defaults.inc.php").read_bytes())
    with closing(sqlite3.connect(folder / "roundcube.db")) as tables:
        tables.executescript(_TABLES.read_text(encoding="utf-8"))
    port = free_port()
    with (folder / "logs" / "php").open("wb") as log:
        server = subprocess.Popen(
            [PHP, "-S", f"127.0.0.1:{port}", "-t", str(PROGRAM)],
            env={**os.environ, "ROUNDCUBE_CONFIG_DIR": str(folder), "PHP_CLI_SERVER_WORKERS": "4"},
            stdout=subprocess.DEVNULL,
            stderr=log,
            start_new_session=True,
        )
    try:
        _wait_for(port)
        yield f"http://127.0.0.1:{port}/"
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(timeout=10)


def _wait_for(port: int) -> None:
    end = time.monotonic() + 15
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("Roundcube's web server did not start")


async def answer(
    browser: Browser,
    url: str,
    user: str,
    password: str,
    *,
    top: str = "",
    slots: Mapping[str, str] | None = None,
) -> None:
    """Log in, open the newest mail, press Reply, type at the top and into these slots of the quotation, and send."""
    await browser.say("Page.enable")
    await browser.say("Page.navigate", url=f"{url}?_task=login")
    await browser.until("document.querySelector('#rcmloginuser')?.id")
    for field, text in (("user", user), ("pwd", password)):
        await browser.run(f"document.querySelector('#rcmlogin{field}').focus()")
        await browser.type(text)
    await browser.run("document.querySelector('#rcmloginsubmit').click()")
    await browser.until("document.querySelector('#messagelist')?.id")
    await browser.say("Page.navigate", url=f"{url}?_task=mail&_mbox=INBOX&_uid=1&_action=show")
    await browser.until("document.querySelector('a.reply:not(.disabled)')?.className")
    await browser.run("document.querySelector('a.reply').click()")
    await browser.until("window.tinymce?.activeEditor?.initialized ? true : null")
    if top:
        await browser.run("tinymce.activeEditor.focus()")
        await browser.type(top)
    for question, text in (slots or {}).items():
        await browser.run(_CURSOR_BETWEEN_BRACKETS % json.dumps(f"【{question}回答】["))
        await browser.type(text)
    await browser.run("document.querySelector('a.send').click()")
    await browser.until("document.querySelector('#messagelist')?.id")


# As a click there does.
_CURSOR_BETWEEN_BRACKETS = """(mark => {
    const editor = tinymce.activeEditor, walker = editor.getDoc().createTreeWalker(editor.getBody(), NodeFilter.SHOW_TEXT);
    editor.focus();
    while (walker.nextNode()) {
        const at = walker.currentNode.data.indexOf(mark);
        if (at >= 0) {
            editor.selection.setCursorLocation(walker.currentNode, at + mark.length);
            return;
        }
    }
    throw mark + ' is not in the quotation';
})(%s)"""
