"""A private Dovecot on 127.0.0.1 for tests: any user may log in with PASSWORD, each has a Maildir of his own."""

from __future__ import annotations

import imaplib
import itertools
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.ports import free_port

PROGRAM = shutil.which("dovecot") or shutil.which("dovecot", path="/usr/sbin:/usr/local/sbin")
PASSWORD = 'hana "to" \\tsuki'  # with what a client must quote

# Why tests that need the server must be skipped; empty: they can run.
UNAVAILABLE = (
    "Dovecot is not installed (Debian: dovecot-imapd)"
    if PROGRAM is None
    else "Dovecot needs root to change to its own users"
    if os.geteuid() != 0
    else ""
)

_CONFIG = """
protocols = imap
listen = 127.0.0.1
base_dir = {directory}/run
state_dir = {directory}/state
log_path = {directory}/dovecot.log
ssl = yes
ssl_cert = <{directory}/cert.pem
ssl_key = <{directory}/key.pem
disable_plaintext_auth = no
auth_failure_delay = 0
mail_max_userip_connections = 100
mail_location = maildir:~/Maildir
mail_fsync = never
first_valid_uid = 1
namespace inbox {{
  inbox = yes
}}
passdb {{
  driver = passwd-file
  args = username_format=all {directory}/passwords
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={directory}/mail/%u
}}
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service imap-login {{
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
"""


@dataclass
class Dovecot:
    """The running server; `kill` and `start` it as often as a test likes, its ports and mail stay."""

    directory: Path
    port: int
    tls_port: int
    _process: subprocess.Popen[bytes] | None = None
    _names: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def ca_file(self) -> Path:
        """The certificate that signs the server's own: it is the same one, for 127.0.0.1 and localhost."""
        return self.directory / "cert.pem"

    def start(self) -> None:
        """Start the server and wait until it greets. Raises RuntimeError with its log after 15 s."""
        assert PROGRAM is not None
        arguments = [PROGRAM, "-F", "-c", str(self.directory / "dovecot.conf")]
        self._process = subprocess.Popen(
            arguments, start_new_session=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline:
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=5) as client:
                    if client.recv(100).startswith(b"* OK"):
                        return
            except OSError:
                pass
            time.sleep(0.05)
        log = self.directory / "dovecot.log"
        self.kill()
        raise RuntimeError(f"Dovecot did not start: {log.read_text() if log.exists() else 'no log'}")

    def kill(self) -> None:
        """Kill the whole process group at once: with only the master killed, sessions would be served on."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Ask the whole process group to end, and kill what has not ended after five seconds."""
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        group = self._process.pid
        _signal_group(group, how)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=5)
        self._process = None
        deadline = time.monotonic() + 5
        while _signal_group(group, signal.SIGKILL) and time.monotonic() < deadline:
            time.sleep(0.01)  # the ports are free again when the last of them is gone

    def deliver(self, user: str, raw: bytes) -> None:
        """Put one mail into the user's INBOX as a delivery agent does: written aside, then moved to new/."""
        maildir = self.directory / "mail" / user / "Maildir"
        if not maildir.is_dir():
            with self.client(user) as client:
                client.select("INBOX")  # lets Dovecot make the folders with its own rights
        name = f"{time.time():.6f}.{next(self._names)}.test"
        aside = maildir / "tmp" / name
        aside.write_bytes(raw)
        owner = maildir.stat()
        os.chown(aside, owner.st_uid, owner.st_gid)
        aside.rename(maildir / "new" / name)

    @contextmanager
    def client(self, user: str) -> Iterator[imaplib.IMAP4]:
        """A logged-in session of the standard library's own client, as a person's mail program would be."""
        with imaplib.IMAP4("127.0.0.1", self.port, timeout=20) as client:
            client.login(user, PASSWORD)
            yield client

    def last_login(self, user: str) -> str:
        """Return what its log says of the user's newest login."""
        log = (self.directory / "dovecot.log").read_text(encoding="utf-8", errors="replace")
        return [line for line in log.splitlines() if "Login: " in line and f"user=<{user}>" in line][-1]

    def flags(self, user: str, folder: str = "INBOX") -> dict[int, str]:
        r"""Return the flags of each mail in the folder by UID, but for \Recent."""
        with self.client(user) as client:
            result, _ = client.select(folder, readonly=True)
            assert result == "OK"
            _, rows = client.uid("FETCH", "1:*", "(UID FLAGS)")
        # A change that somebody else makes meanwhile is told beside the answer (RFC 9051, 7.5.2), without its UID.
        lines = [row.decode() for row in rows if isinstance(row, bytes) and b"UID " in row]
        return {int(_between(line, "UID ", " ")): _without_recent(line) for line in lines}


@contextmanager
def dovecot() -> Iterator[Dovecot]:
    """Run a private server with its own configuration, folders and ports; end all of it afterwards.

    It keeps to a folder of its own directly below the system's temporary one: the mail processes run as
    another user, who may not enter pytest's temporary folders, and socket paths must stay short.
    """
    with tempfile.TemporaryDirectory(prefix="dovecot-") as name:
        directory = Path(name)
        directory.chmod(0o755)
        (directory / "mail").mkdir()
        shutil.chown(directory / "mail", "nobody", "nogroup")
        (directory / "passwords").write_text(f"all:{{PLAIN}}{PASSWORD}\n")  # one entry serves every user
        _make_certificate(directory)
        port, tls_port = free_port(), free_port()
        config = _CONFIG.format(directory=directory, port=port, tls_port=tls_port)
        (directory / "dovecot.conf").write_text(config)
        server = Dovecot(directory, port, tls_port)
        server.start()
        try:
            yield server
        finally:
            server.stop()


def _make_certificate(directory: Path) -> None:
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-keyout", "key.pem", "-out", "cert.pem", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
        ],
        cwd=directory,
        check=True,
        capture_output=True,
        timeout=60,
    )


def _between(line: str, before: str, after: str) -> str:
    return line.partition(before)[2].partition(after)[0]


def _without_recent(line: str) -> str:
    return " ".join(flag for flag in _between(line, "FLAGS (", ")").split() if flag != r"\Recent")


def _signal_group(group: int, how: signal.Signals) -> bool:
    """Return whether any process of the group was left to be signalled."""
    try:
        os.killpg(group, how)
    except ProcessLookupError:
        return False
    return True
