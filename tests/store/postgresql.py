"""A private PostgreSQL on 127.0.0.1 for tests: its own cluster in a temporary folder, ended with the test session."""

from __future__ import annotations

import atexit
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import psycopg
from psycopg import sql

from tests.ports import free_port


def _folder_of_programs() -> Path | None:
    """Return where initdb and pg_ctl of the newest installed version are; Debian keeps them off the PATH."""
    found = [
        *Path("/usr/lib/postgresql").glob("*/bin/initdb"),
        *Path("/usr/pgsql").glob("*/bin/initdb"),
        *([Path(path)] if (path := shutil.which("initdb")) else []),
    ]
    versions = sorted(found, key=lambda path: int((re.findall(r"\d+", str(path)) or ["0"])[0]))
    return versions[-1].parent if versions else None


PROGRAMS = _folder_of_programs()

# Why tests that need the server must be skipped; empty: they can run.
UNAVAILABLE = (
    "PostgreSQL's server programs are not installed (Debian: postgresql)"
    if PROGRAMS is None
    else "PostgreSQL does not run as root, and runuser is not there to become somebody else"
    if os.geteuid() == 0 and shutil.which("runuser") is None
    else ""
)


class PostgreSQL:
    """A running server; `create` makes a database in it."""

    def __init__(
        self, folder: Path, *, durable: bool, replicates: bool = False, of: PostgreSQL | None = None
    ) -> None:
        """Make a cluster in the folder and start it; without `durable`, commits do not wait for the disk.

        `replicates`: it can have standbys; `of`: it is one, of this server.
        """
        assert PROGRAMS is not None
        self._folder = folder
        self._as_user: tuple[str, ...] = ()
        if os.geteuid() == 0:
            owner = _unprivileged()
            shutil.chown(folder, owner)
            self._as_user = ("runuser", "-u", owner, "--")
        self.port: int = free_port()
        data = str(folder / "data")
        if of is None:
            self._run(
                "initdb", *("-D", data, "-U", "mailbot", "-A", "trust", "-E", "UTF8"),
                *("--locale=C", "--no-sync", "--no-instructions"),
            )  # fmt: skip
        else:
            self._run("pg_basebackup", "-D", data, "-R", "-c", "fast", "-d", of.url("postgres"))
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": str(folder),
            "max_connections": "100",
            "fsync": "on" if durable else "off",
            "shared_buffers": "16MB",
            "wal_level": "replica" if replicates else "minimal",
            "max_wal_senders": "3" if replicates else "0",
            "autovacuum": "off",
        }
        self._options = " ".join(f"-c {name}={value}" for name, value in settings.items())
        self.resume()

    def url(self, name: str) -> str:
        """Return the address of a database, as mailbot.yaml takes it."""
        return f"postgresql://mailbot@127.0.0.1:{self.port}/{name}"

    def near_url(self, name: str) -> str:
        """Return the address of a database by the server's own socket, for SQLAlchemy: cheaper than TCP's."""
        return f"postgresql+psycopg://mailbot@/{name}?host={self._folder}&port={self.port}"

    def create(self, name: str, template: str = "template1") -> str:
        """Make a database, a copy of the template; returns its URL for SQLAlchemy."""
        self.run(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        )
        return self.url(name).replace("postgresql:", "postgresql+psycopg:")

    def drop(self, name: str) -> None:
        """Remove a database, whoever is still connected to it."""
        self.run(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def run(self, statement: sql.Composed) -> None:
        """Run one statement of administration."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)

    def promote(self) -> None:
        """Let a standby be a server of its own; returns when it is."""
        self._run("pg_ctl", "-D", str(self._folder / "data"), "-w", "promote")

    def kill(self) -> None:
        """End the server as a power switch would; its other processes end when they see that the first is gone."""
        os.kill(int((self._folder / "data" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)

    def remove(self) -> None:
        """Remove the folder of a server that was killed."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def halt(self) -> None:
        """End the server at once, as if it had crashed."""
        self._run("pg_ctl", "-D", str(self._folder / "data"), "-m", "immediate", "-w", "stop")

    def resume(self) -> None:
        """Start the server; returns when it answers."""
        log, data = str(self._folder / "log"), str(self._folder / "data")
        self._run("pg_ctl", "-D", data, "-l", log, "-w", "-t", "30", "-o", self._options, "start")

    def signal_all(self, number: signal.Signals) -> None:
        """Send a signal to each of the server's processes, those that serve a connection first."""
        first = int((self._folder / "data" / "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{first}/task/{first}/children").read_text(encoding="ascii").split()
        for one in (*map(int, children), first):
            os.kill(one, number)

    def stop(self) -> None:
        """End the server at once and remove its folder."""
        try:
            self.halt()
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _run(self, program: str, *arguments: str) -> None:
        assert PROGRAMS is not None
        _checked([*self._as_user, str(PROGRAMS / program), *arguments], self._folder)


def _checked(command: Sequence[str], folder: Path) -> None:
    """Run a program; what it says goes into a file, since a server that it starts would hold a pipe open."""
    with (folder / "setup.log").open("ab") as log:
        done = subprocess.run(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, timeout=60, check=False
        )
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed: {(folder / 'setup.log').read_text(errors='replace')}")


def _unprivileged() -> str:
    """Return a user who may run the server in root's place."""
    names = {line.partition(":")[0] for line in Path("/etc/passwd").read_text(encoding="utf-8").splitlines()}
    return "postgres" if "postgres" in names else "nobody"


@cache
def server(*, durable: bool = False) -> PostgreSQL:
    """Return this test process's server, started when it is first asked for and stopped when the process ends."""
    folder = Path(tempfile.mkdtemp(prefix="mailbot-pg-"))  # short: a socket's path has at most 107 bytes
    started = PostgreSQL(folder, durable=durable)
    atexit.register(started.stop)
    return started
