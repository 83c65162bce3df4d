"""What the demo stands on: a working folder, the real service in a process of its own, a sink, and members who send."""

from __future__ import annotations

import contextlib
import io
import json
import secrets
import smtplib
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from mailbot.cli import root
from mailbot.core.events.event import Event
from mailbot.core.lists.mailing_list import MailingList
from mailbot.core.refusal import Refusal
from mailbot.core.surveys.survey import Survey
from mailbot.demo.demo_sink import Arrived, Sink
from mailbot.folder.config import Config, load_config
from mailbot.folder.definition_yaml import file_name, write_yaml
from mailbot.folder.new_folder import make_folder

_START_SECONDS = 30.0
_STOP_SECONDS = 20.0
_WAIT_SECONDS = 90.0  # for the slowest step on a slow machine
_POLL_SECONDS = 0.05
_SENDERS = 8  # connections on which members send at the same time
_LOG_LINES = 20  # shown when something fails


@dataclass(frozen=True)
class Outgoing:
    """One mail that a member's server hands over."""

    mail_from: str
    recipient: str
    content: bytes


@dataclass
class Stage:
    """The place where the demo plays; made by `stage`."""

    folder: Path
    smtp: tuple[str, int]  # where the service takes mail
    sink: Sink
    service: subprocess.Popen[bytes]
    started: float = field(default_factory=time.monotonic)

    @property
    def config(self) -> Path:
        """The configuration, as every command takes it."""
        return _config(self.folder)

    @cached_property
    def settings(self) -> Config:
        """What the configuration says."""
        return load_config(self.config)

    @property
    def seconds(self) -> float:
        """How long the demo has been running."""
        return time.monotonic() - self.started

    def say(self, sentence: str) -> None:
        """Tell the person who watches how far it is."""
        print(f"{self.seconds:5.1f} s  {sentence}", file=sys.stderr, flush=True)

    def command(self, *words: str) -> str:
        """Run a command of mailbot, as a person would type it, and return what it prints."""
        self.say("$ mailbot " + " ".join(words))
        printed = self._quietly(*words)
        for line in printed.strip().splitlines():
            self.say(f"    {line}")
        return printed

    def facts(self, *words: str) -> Any:
        """Return what a command prints with --json."""
        return json.loads(self._quietly(*words, "--json"))

    def define(self, value: MailingList | Survey | Event) -> None:
        """Write a definition to its file; `apply` brings it to the database."""
        path = self.config.parent / file_name(value)
        path.write_text(write_yaml(value, self.settings.timezone), encoding="utf-8")

    def send(self, mails: Sequence[Outgoing]) -> None:
        """Hand mails to the service by SMTP, over several connections. Raises Refusal when it takes one not."""
        shares = [mails[first::_SENDERS] for first in range(min(_SENDERS, len(mails)))]
        with ThreadPoolExecutor(_SENDERS, thread_name_prefix="member") as members:
            for _ in members.map(self._send, shares):
                pass

    def wait(self, what: str, count: Callable[[], int], wanted: int) -> None:
        """Wait until so many have come. Raises Refusal when they do not, or when the service has ended."""
        last = time.monotonic() + _WAIT_SECONDS
        shown = sys.stderr.isatty()
        while (come := count()) < wanted:
            self._check_service()
            if time.monotonic() > last:
                raise Refusal(
                    f"demo: {what}: only {come} of {wanted} came within {_WAIT_SECONDS:g} s{self.log_end()}"
                )
            if shown:
                print(f"{self.seconds:5.1f} s  {what}: {come}", end="\x1b[K\r", file=sys.stderr, flush=True)
            time.sleep(_POLL_SECONDS)
        self.say(f"{what}: {come} of {wanted}")

    def settle(self) -> dict[str, Any]:
        """Wait until everything that came is read and everything that is to leave has left; return the queue."""
        last = time.monotonic() + _WAIT_SECONDS
        while True:
            queue: dict[str, Any] = self.facts("queue")
            left = [
                queue["inbox"].get("received", 0),
                *(queue["outbox"].get(s, 0) for s in ("pending", "sending")),
            ]
            if not any(left):
                return queue
            self._check_service()
            if time.monotonic() > last:
                raise Refusal(
                    f"demo: after {_WAIT_SECONDS:g} s the queue still holds {queue}{self.log_end()}"
                )
            time.sleep(_POLL_SECONDS)

    def arrived(self, since: int = 0) -> list[Arrived]:
        """Return the mails that came to the sink after the first `since`."""
        return self.sink.mails[since:]

    def keep(self, name: str, content: bytes) -> None:
        """Keep a mail in the folder, for those who want to look."""
        folder = self.folder / "mails"
        folder.mkdir(exist_ok=True)
        plain = "".join(mark if mark.isascii() and mark.isalnum() else "-" for mark in name)
        (folder / f"{plain}.eml").write_bytes(content)

    def log_end(self) -> str:
        """Return the last lines of the service's log, to stand behind a sentence."""
        path = _log(self.folder)
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []
        return "\n".join(
            [f"; the service's log, {path.relative_to(self.folder)}, ends:", *lines[-_LOG_LINES:]]
        )

    def log_errors(self) -> list[str]:
        """Return the lines of the service's log that tell of its own faults."""
        lines = _log(self.folder).read_text(encoding="utf-8", errors="replace").splitlines()
        return [line for line in lines if " ERROR " in line or line.startswith("Traceback")]

    def stop(self) -> int:
        """Let the service drain and end; return its exit status."""
        if self.service.poll() is None:
            self.service.terminate()
        try:
            return self.service.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.service.kill()
            return self.service.wait()

    def _quietly(self, *words: str) -> str:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            root.main([*words, "--config", str(self.config)], prog_name="mailbot", standalone_mode=False)
        return printed.getvalue()

    def _send(self, mails: Sequence[Outgoing]) -> None:
        try:
            with smtplib.SMTP(
                *self.smtp, local_hostname="gateway.example.jp", timeout=_WAIT_SECONDS
            ) as session:
                for mail in mails:
                    session.sendmail(mail.mail_from, [mail.recipient], mail.content, ["BODY=8BITMIME"])
        except (OSError, smtplib.SMTPException) as error:
            raise Refusal(f"demo: the service did not take a mail: {error}{self.log_end()}") from error

    def _check_service(self) -> None:
        if self.service.poll() is not None:
            raise Refusal(
                f"demo: the service has ended with status {self.service.returncode}{self.log_end()}"
            )


@contextlib.contextmanager
def stage(folder: Path) -> Iterator[Stage]:
    """Make the folder, start the service on it, and stop the service in every case.

    Afterwards the folder's configuration is what `mailbot init` writes. Raises Refusal when the service does not
    start.
    """
    make_folder(folder, secrets.token_bytes(32))
    for example in (folder / "config").glob("*/*.yaml"):
        example.unlink()  # the demo has definitions of its own
    untouched = _config(folder).read_text(encoding="utf-8")
    with Sink() as sink:
        smtp = ("127.0.0.1", _free_port())
        _configure(folder, smtp, sink.port)
        with _log(folder).open("wb") as log:
            # In a session of its own, so that Ctrl-C reaches the demo alone, which then stops it in order.
            service = subprocess.Popen(  # noqa: S603  our own interpreter, our own program
                [sys.executable, "-m", "mailbot", "serve", "--config", str(_config(folder))],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        place = Stage(folder, smtp, sink, service)
        try:
            _await_door(place)
            yield place
        finally:
            place.stop()
            _config(folder).write_text(untouched, encoding="utf-8")


def _config(folder: Path) -> Path:
    return folder / "config" / "mailbot.yaml"


def _log(folder: Path) -> Path:
    return folder / "data" / "serve.log"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _configure(folder: Path, smtp: tuple[str, int], sink_port: int) -> None:
    """Put free ports and the sink into the configuration; everything else stays as `mailbot init` wrote it."""
    yaml = YAML()
    options = yaml.load(_config(folder))
    options["receive"] = {"smtp": f"{smtp[0]}:{smtp[1]}"}
    options["relay"] = f"smtp://127.0.0.1:{sink_port}"
    options.pop("web", None)
    with _config(folder).open("w", encoding="utf-8") as file:
        yaml.dump(options, file)


def _await_door(place: Stage) -> None:
    last = time.monotonic() + _START_SECONDS
    while True:
        place._check_service()  # noqa: SLF001  same file
        try:
            with socket.create_connection(place.smtp, timeout=1):
                return
        except OSError as error:
            if time.monotonic() > last:
                raise Refusal(
                    f"demo: the service did not listen within {_START_SECONDS:g} s{place.log_end()}"
                ) from error
            time.sleep(_POLL_SECONDS)
