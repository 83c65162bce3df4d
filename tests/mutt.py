"""The mail program mutt, driven as a user drives it: on a terminal of its own, with its own SMTP, an editor and a Maildir."""

from __future__ import annotations

import fcntl
import os
import pty
import shutil
import struct
import subprocess
import termios
import threading
from pathlib import Path

UNAVAILABLE = "" if shutil.which("mutt") else "mutt is not installed (Debian: mutt)"
PATIENCE = 20.0  # seconds that the program may take

_SETTINGS = """\
set from="{address}" realname="{name}" use_from=yes hostname="{domain}" envelope_from=yes
set smtp_url="smtp://127.0.0.1:{port}" ssl_starttls=no ssl_force_tls=no
set charset=utf-8 send_charset="{charset}"
set editor="{editor}" include=yes fast_reply=yes autoedit=yes reply_to=yes recall=no copy=no
set folder="{folder}" header_cache="" signature="" sleep_time=0 quit=yes confirmappend=no mark_old=no move=no
"""


class Mutt:
    """One user's mutt."""

    def __init__(
        self, folder: Path, address: str, port: int, *, name: str = "山田 太郎", charset: str = "utf-8"
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.address = address
        self._editor = folder / "editor"
        settings = _SETTINGS.format(
            address=address,
            name=name,
            domain=address.partition("@")[2],
            port=port,
            charset=charset,
            editor=self._editor,
            folder=folder,
        )
        (folder / "muttrc").write_text(settings, encoding="utf-8")

    def write(self, to: str, subject: str, text: str) -> None:
        """Write a new mail and send it."""
        body = self.folder / "body"
        body.write_text(text, encoding="utf-8")
        command = ["mutt", "-n", "-F", str(self.folder / "muttrc"), "-s", subject, "--", to]
        with body.open("rb") as typed:
            done = subprocess.run(
                command, stdin=typed, capture_output=True, env=self._environ(), timeout=PATIENCE, check=False
            )
        assert done.returncode == 0, (done.stdout + done.stderr).decode(errors="replace")

    def reply(self, mail: bytes, script: str) -> None:
        """Open a mailbox with this one mail, reply to it, let the hand do a script of sed in the editor, and send."""
        mailbox = self.folder / "mailbox"
        shutil.rmtree(mailbox, ignore_errors=True)
        for part in ("cur", "new", "tmp"):
            (mailbox / part).mkdir(parents=True)
        (mailbox / "new" / "1.mail.host").write_bytes(mail)
        # Mutt asks before it sends when the file looks younger than its editing, as a clock's rounding can make it.
        hand = f"sed -i '{script}' \"$1\" && exec touch -d '1 minute ago' \"$1\""
        self._editor.write_text(f"#!/bin/sh\n{hand}\n", encoding="utf-8")
        self._editor.chmod(0o755)
        keys = "push <reply><send-message><quit>"
        _on_a_terminal(
            ["mutt", "-n", "-F", str(self.folder / "muttrc"), "-f", str(mailbox), "-e", keys], self._environ()
        )

    def _environ(self) -> dict[str, str]:
        return {"HOME": str(self.folder), "PATH": os.environ["PATH"], "TERM": "xterm", "LC_ALL": "C.UTF-8"}


def _on_a_terminal(command: list[str], environ: dict[str, str]) -> None:
    """Run a program that wants a terminal, on one of its own, until it ends."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    screen: list[bytes] = []
    with subprocess.Popen(
        command, stdin=its, stdout=its, stderr=its, cwd=environ["HOME"], env=environ, start_new_session=True
    ) as program:
        os.close(its)
        reader = threading.Thread(target=_drain, args=(ours, screen))
        reader.start()
        try:
            program.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            program.kill()
        reader.join(PATIENCE)
        os.close(ours)
    assert program.returncode == 0, b"".join(screen)[-4_000:].decode(errors="replace")


def _drain(terminal: int, screen: list[bytes]) -> None:
    """Read what a program writes to its terminal; the terminal ends with the program."""
    while True:
        try:
            written = os.read(terminal, 65_536)
        except OSError:
            return
        if not written:
            return
        screen.append(written)
