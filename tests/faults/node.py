"""A node of the real service that can be killed and started again, and a client that keeps count of its 250s."""

from __future__ import annotations

import os
import shutil
import signal
import smtplib
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection

from mailbot.core.lists.mailing_list import Copies, MailingList
from mailbot.core.members.audience import Selector
from mailbot.folder.config import load_config
from mailbot.folder.definition_yaml import write_yaml
from mailbot.folder.secret_files import write_secret_key
from mailbot.installation import open_database
from mailbot.store.database import Database
from mailbot.store.mail import inbox
from mailbot.store.sending import fan_outs, outbox
from tests.dialogs.conversation import environment, run
from tests.flows.post_office import TOKYO
from tests.forked import Forked
from tests.ports import free_port

Found = TypeVar("Found")

SHORT = os.environ.get("FAULTS") == "short"  # a form that takes a few minutes in all
ROOT = Path(__file__).parents[2]
CONNECTIONS = 4
LIST = "room@ml.example.jp"


@dataclass
class Node:
    """A working folder and the service on it."""

    folder: Path
    port: int
    program: Path | None = None  # started in place of mailbot: a mutant
    forked: bool = True  # else in a process that has loaded nothing
    options: tuple[str, ...] = ()  # of `serve`
    _process: subprocess.Popen[bytes] | Forked | None = None

    @property
    def database(self) -> Database:
        """A connection of one's own to the node's database; close it."""
        return open_database(load_config(self.folder / "config" / "mailbot.yaml"))

    @property
    def pid(self) -> int:
        """The number of its process."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start the service and wait until its door is open. Raises RuntimeError with its log when it does not."""
        words, log = ["serve", *self.options], self.folder / "serve.log"
        if self.forked:
            self._process = Forked(words, environment(self.folder), log, self.program)
        else:
            assert self.program is not None
            with log.open("ab") as output:
                self._process = subprocess.Popen(
                    [sys.executable, str(self.program), *words],
                    env=environment(self.folder),
                    stdout=output,
                    stderr=output,
                    cwd=ROOT,
                )
        until(self._answers, 90, self.log)  # a busy machine takes its time

    def kill(self) -> None:
        """End it as a power switch would: nothing is said to it."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(10)
        self._process = None

    def stop(self) -> None:
        """End it in good order, if it runs: it says so by its exit status. One that has ended by itself is left to its test."""
        if self._process is None:
            return
        runs = self._process.poll() is None
        self._process.terminate()
        try:
            status = self._process.wait(30)
        finally:
            self._process.kill()
            self._process = None
        assert status == 0 or not runs, f"it ended with status {status}: {self.log()[-3_000:]}"

    def log(self) -> str:
        """Return what it has logged."""
        return (self.folder / "serve.log").read_text(encoding="utf-8", errors="replace")

    def command(self, *words: str) -> str:
        """Run a command on the folder; returns what it printed."""
        status, output = run(words, self.folder)
        assert status == 0, output
        return output

    def outbox(self) -> dict[str, int]:
        """Return how many copies are in each state."""
        return self._look(outbox.count_by_state)

    def doubtful(self) -> int:
        """Return how many copies may have gone twice, as `queue` says it."""
        return self._look(outbox.count_doubtful)

    def queues(self) -> bool:
        """Tell whether members of a list wait to be queued."""
        return self._look(fan_outs.waiting)

    def settled(self) -> bool:
        """Tell whether nothing waits any more, to be read or to be sent."""
        unread = self._look(lambda connection: inbox.load_waiting(connection, 1))
        return not unread and not {"pending", "sending"} & self.outbox().keys()

    def _look(self, look: Callable[[Connection], Found]) -> Found:
        database = self.database
        with database.read() as connection:
            found = look(connection)
        database.close()
        return found

    def post(self, number: int, text: str = "hello") -> bool:
        """Hand in a post, again with the same bytes until it is taken; False when this time it was not."""
        head = f"From: office@example.jp\r\nTo: {LIST}\r\nSubject: post {number}\r\nMessage-ID: <{number}@test>\r\n"
        try:
            with smtplib.SMTP("127.0.0.1", self.port, timeout=10) as client:
                client.sendmail("office@example.jp", [LIST], f"{head}\r\n{text}\r\n")
        except (OSError, smtplib.SMTPException):
            return False
        return True

    def _answers(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise RuntimeError(self.log()[-3_000:])
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as client:
                return client.recv(3) == b"220"
        except OSError:
            return False


def new_node(
    folder: Path,
    relay: int,
    *,
    members: int,
    database: str = "sqlite:data/mailbot.db",
    domains: Sequence[str] = ("member.example",),
    copies: Copies = "personal",
) -> Node:
    """Make a folder with one list of so many members, in turn of these domains, which sends to the relay on this port."""
    (folder / "config" / "lists").mkdir(parents=True)
    (folder / "data").mkdir()
    write_secret_key(folder, bytes(range(32)))
    node = Node(folder, free_port())
    _configure(node, relay, database)
    room = MailingList("room", "会議室", "closed", Selector(everyone=True), copies=copies)
    (folder / "config" / "lists" / "room.yaml").write_text(write_yaml(room, TOKYO), encoding="utf-8")
    rows = [
        f"202011,長野市,city,長野県,,,,m{number}@{domains[number % len(domains)]},{number + 1},"
        for number in range(members)
    ]
    head = "code,body,kind,prefecture,population,name,role,email,rank,tags"
    (folder / "members.csv").write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    node.command("members", "import", str(folder / "members.csv"))
    node.command("apply")
    return node


def second_node(first: Node, folder: Path, relay: int, database: str) -> Node:
    """Copy a folder, keys included, to another port on the same database."""
    shutil.copytree(first.folder, folder)
    node = Node(folder, free_port())
    _configure(node, relay, database)
    return node


def _configure(node: Node, relay: int, database: str) -> None:
    (node.folder / "config" / "mailbot.yaml").write_text(
        f"domain: ml.example.jp\noffice: office@example.jp\ndatabase: {database}\n"
        f'receive: {{smtp: "127.0.0.1:{node.port}"}}\n'
        f"relay: smtp://127.0.0.1:{relay}\nrelay_connections: {CONNECTIONS}\n",
        encoding="utf-8",
    )


def until(holds: Callable[[], bool], seconds: float, otherwise: Callable[[], str]) -> None:
    """Wait until something holds. Raises AssertionError with what `otherwise` says after so many seconds."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, otherwise()[-3_000:]
        time.sleep(0.02)
