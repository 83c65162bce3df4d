"""What the benchmarks share: the real service on a temporary folder with a relay that counts, and what both used."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import mmap
import os
import re
import shutil
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.util import find_spec
from itertools import cycle
from pathlib import Path
from typing import Any, cast

SMTP_SOURCE = shutil.which("smtp-source", path="/usr/sbin:/usr/bin")  # of Postfix
ROOT = Path(__file__).resolve().parent.parent
_VENV = ROOT / ".venv" / "bin" / "python"
if sys.prefix == sys.base_prefix and _VENV.exists():
    # A bare python3 does not have what the service needs: go on with the checkout's own.
    os.execv(_VENV, [str(_VENV), *sys.argv])
sys.path.insert(0, str(ROOT))

from mailbot.core.mail.message import parse  # noqa: E402  the path above leads to it
from mailbot.core.senders.dkim import covered, signature  # noqa: E402
from mailbot.core.surveys.survey import Answers  # noqa: E402
from mailbot.demo.demo_clients import CLIENTS, original  # noqa: E402
from mailbot.demo.demo_register import make_register  # noqa: E402
from mailbot.folder.dkim_keys import load_signer, make_key  # noqa: E402
from mailbot.formats.register_file import write_register  # noqa: E402
from mailbot.workers import MOST  # noqa: E402
from tests.net.dns_server import dns_server  # noqa: E402

DOMAIN = "ml.example.jp"
_POSTS = f"kaigi@{DOMAIN}"
_LIST = """\
name: kaigi
title: 電子会議室
preset: open
members: all
subject_prefix: "[kaigi:%05d]"
footer: |
  投稿のあて先: kaigi@ml.example.jp
"""
_TICKS = os.sysconf("SC_CLK_TCK")  # per second, of /proc/PID/stat
_CPU_CLOCK = 2  # CPUCLOCK_SCHED of the whole process, in the number of its clock
_READY_SECONDS = 30
# A service that takes less than this share of a core for so long is at rest.
_REST_SECONDS, _REST_SHARE = 0.5, 0.05
_LONGEST_SECONDS = 120  # for anything that is waited for
_MAIN = "from mailbot.cli import main; main()"
_START = {
    "uvloop": ["-m", "mailbot"],
    # `serve` takes uvloop where it is installed; this makes it one where it is not.
    "asyncio": ["-c", f"import sys; sys.modules['uvloop'] = None; {_MAIN}"],
}
# A disk whose commits take longer: each transaction that may write sleeps before its commit, without the interpreter's lock,
# as one does that waits for its fdatasync.
_SLOW_DISK = """\
import time
from sqlalchemy import Engine, event
@event.listens_for(Engine, "commit")
def wait(connection):
    if not connection.get_execution_options().get("mailbot_reads"):
        time.sleep({seconds})
"""


class Unmeasurable(Exception):  # noqa: N818  a state of affairs, said to the person who measures
    """The measurement cannot be made; the message is a sentence."""


def arguments(about: str) -> argparse.ArgumentParser:
    """Return the options that every benchmark has."""
    parser = argparse.ArgumentParser(description=about)
    loops = ["asyncio", "uvloop"] if find_spec("uvloop") else ["asyncio"]
    parser.add_argument("--json", action="store_true", help="print JSON in place of lines")
    parser.add_argument("--loop", choices=loops, default=loops[-1], help="the event loop of the service")
    parser.add_argument(
        "--database", metavar="URL", help="an empty postgresql://user@host/name; default SQLite"
    )
    parser.add_argument(
        "--workers", type=int, choices=range(1, MOST + 1), default=1, help="the processes of the service"
    )
    parser.add_argument(
        "--aged",
        action="store_true",
        help="with a million sent copies, 100,000 posts, 500 lists and 14,010 bodies in the database already",
    )
    return parser


def at_least_one(text: str) -> int:
    """Read a number of things to measure with."""
    if not (text.isdecimal() and int(text) >= 1):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1")
    return int(text)


def host_and_port(text: str) -> str:
    """Read where a server listens, such as 127.0.0.1:2525."""
    host, colon, port = text.rpartition(":")
    if not (host and colon and port.isdecimal() and 1 <= int(port) <= 65_535):
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT such as 127.0.0.1:2525")
    return text


def report(figures: dict[str, Any], *, as_json: bool) -> None:
    """Print the figures."""
    if as_json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:24} {value}")


# --- the relay --------------------------------------------------------------------------------------------------

COUNTS = struct.Struct("4Q")  # messages, recipients, first and last arrival (CLOCK_MONOTONIC, ns)


class Sink:
    """A relay that takes everything and counts it, in a process of its own."""

    def __init__(self, folder: Path) -> None:
        file = folder / "sink"
        file.write_bytes(bytes(COUNTS.size))
        self._process = subprocess.Popen(
            [sys.executable, str(ROOT / "benchmarks" / "sink"), str(file)], stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())
        with file.open("r+b") as opened:
            self._counts = mmap.mmap(opened.fileno(), COUNTS.size)

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    @property
    def recipients(self) -> int:
        """How many recipients were taken so far."""
        return int(COUNTS.unpack(self._counts)[1])

    @property
    def first(self) -> float:
        """When the first mail was taken, as time.monotonic() tells it."""
        return float(COUNTS.unpack(self._counts)[2]) / 1e9

    @property
    def last(self) -> float:
        """When the last mail was taken, likewise."""
        return float(COUNTS.unpack(self._counts)[3]) / 1e9

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.communicate()
        self._counts.close()


@contextlib.contextmanager
def far_away(port: int, round_trip_ms: int) -> Iterator[int]:
    """Put a line of so many milliseconds there and back before a port of this machine; yields the port of its near end."""
    command = [sys.executable, str(ROOT / "benchmarks" / "far"), str(port), str(round_trip_ms)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as line:
        assert line.stdout is not None
        try:
            yield int(line.stdout.readline())
        finally:
            line.terminate()


# --- the service ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Used:
    """What all processes of the service have used so far."""

    cpu_seconds: float
    peak_rss_mib: float


class Service:
    """A working folder and the service that runs on it."""

    def __init__(
        self, folder: Path, loop: str, database: str | None, workers: int, *, aged: bool = False
    ) -> None:
        self.folder = folder / "service"
        self.aged = aged
        self._loop = loop
        self._workers = workers
        self._database = database
        self.slower_commits = 0.0  # seconds that the disk takes longer for each than it does
        self._process: subprocess.Popen[bytes] | None = None
        self._config = self.folder / "config" / "mailbot.yaml"
        self._log = folder / "serve.log"
        self.port = free_port()
        self.run("init", str(self.folder))
        for example in ("lists", "surveys", "events"):
            for file in (self.folder / "config" / example).glob("*.yaml"):
                file.unlink()
        self.configure("smtp", f"127.0.0.1:{self.port}")
        self.configure("lmtp", None)
        if database:
            self.configure("database", database)

    def configure(self, key: str, value: str | None) -> None:
        """Set one key of the configuration; None leaves it out."""
        text = self._config.read_text(encoding="utf-8")
        line = "" if value is None else rf"\g<1>{key}: {value}"
        changed, times = re.subn(rf"(?m)^( *){key}: .*$", line, text)
        if times != 1:
            raise Unmeasurable(
                f"the configuration that `mailbot init` makes has {times} keys `{key}`, not one"
            )
        self._config.write_text(changed, encoding="utf-8")

    def add(self, text: str) -> None:
        """Add options that the example configuration does not have."""
        with self._config.open("a", encoding="utf-8") as file:
            file.write(f"\n{text}\n")

    def sign(self, *key_types: str, once: bool = False, seal: bool = False) -> None:
        """Let it sign each copy with a key of each of these types, or with the first one once for all copies."""
        names = [
            json.loads(self.run("dkim", "make", "--type", key_type, "--json"))["selector"]
            for key_type in key_types
        ]
        second = f", ed25519: {{selector: {names[1]}}}" if names[1:] else ""
        self.add(
            f"dkim: {{selector: {names[0]}, sign: {'mailings' if once else 'copies'}{second}{', arc: true' * seal}}}"
        )

    def check_senders(self, resolver: int) -> None:
        """Let it look at senders itself, with the DNS server on this port of this machine."""
        self.add(f"authenticate: {{by: check, mta: [192.0.2.1], resolver: '127.0.0.1:{resolver}'}}")

    def define(self, name: str, text: str) -> None:
        """Write a definition file, such as lists/kaigi.yaml."""
        (self.folder / "config" / name).write_text(text, encoding="utf-8")

    def run(self, *command: str) -> str:
        """Run one command of the command line; returns what it prints."""
        done = subprocess.run(
            [sys.executable, *_START[self._loop], *command],
            env=self._environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise Unmeasurable(f"mailbot {command[0]} failed: {done.stderr.strip()}")
        return done.stdout

    def start(self, roles: str | None = None) -> None:
        """Start to serve; returns when it is ready."""
        how = _START[self._loop]
        if self.slower_commits:
            slow, uvloop = _SLOW_DISK.format(seconds=self.slower_commits), self._loop == "uvloop"
            how = ["-c", slow + (_MAIN if uvloop else how[1])]
        command = [sys.executable, *how, "serve", "--workers", str(self._workers)]
        command += ["--roles", roles] if roles else []
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, env=self._environment(), stderr=log)
        wait_until(self._is_ready, "the service is not ready", _READY_SECONDS)
        wait_until(self._is_at_rest, "the service does not come to rest", _READY_SECONDS)

    def _is_at_rest(self) -> bool:
        """Tell whether it does nothing for a moment: its start is not what is measured."""
        before = self.used().cpu_seconds
        time.sleep(_REST_SECONDS)
        return self.used().cpu_seconds - before < _REST_SECONDS * _REST_SHARE

    def _is_ready(self) -> bool:
        assert self._process is not None
        words = self._log.read_text(encoding="utf-8", errors="replace")
        if self._process.poll() is not None:
            raise Unmeasurable(f"the service ended: {words[-2000:].strip()}")
        ready = "service.ready" if self._workers == 1 else "workers.ready"
        return ready in words.rpartition("service.stopped")[2]

    def stop(self) -> None:
        """End it by SIGTERM, and wait until it is gone."""
        if self._process is None:
            return
        process, self._process = self._process, None
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise Unmeasurable("the service did not end within 60 s of SIGTERM") from None

    def used(self) -> Used:
        """Return what all its processes have used so far, with those that it has waited for."""
        assert self._process is not None
        processes = list(tree(self._process.pid))
        return Used(
            sum(map(cpu_seconds_of, processes)), sum(_rss_mib(process, peak=True) for process in processes)
        )

    def rss_mib(self) -> float:
        """Return what all its processes have in memory now."""
        assert self._process is not None
        return sum(_rss_mib(process, peak=False) for process in tree(self._process.pid))

    def open_files(self) -> int:
        """Return how many files and sockets all its processes have open."""
        assert self._process is not None
        return sum(len(list(Path(f"/proc/{process}/fd").iterdir())) for process in tree(self._process.pid))

    def ask(self, query: str) -> Any:
        """Return the one value of a query on its database, read beside the service."""
        if self._database:
            import psycopg  # noqa: PLC0415  an extra, of use only for this option

            with psycopg.connect(self._database) as server:
                return (server.execute(query).fetchone() or (None,))[0]
        with contextlib.closing(
            sqlite3.connect(f"file:{self.folder}/data/mailbot.db?mode=ro", uri=True)
        ) as file:
            return file.execute(query).fetchone()[0]

    def settled(self) -> bool:
        """Tell whether every mail was read and every recipient is settled; each question is answered by an index."""
        waits = (
            "inbox WHERE state = 'received'",
            "fan_out",
            "bundle",
            *(f"delivery WHERE state = '{s}'" for s in ("pending", "sending")),
        )
        return not any(self.ask(f"SELECT EXISTS (SELECT 1 FROM {of})") for of in waits)

    def fill(self, *statements: str) -> None:
        """Put rows into its database beside it, in one transaction: what no command could bring in minutes."""
        if self._database:
            import psycopg  # noqa: PLC0415  an extra, of use only for this option

            with psycopg.connect(self._database) as server:
                for statement in statements:
                    server.execute(statement)
            return
        with contextlib.closing(sqlite3.connect(self.folder / "data" / "mailbot.db")) as file, file:
            for statement in statements:
                file.execute(statement)

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "MAILBOT_CONFIG": str(self._config), "PYTHONPATH": str(ROOT)}


@contextlib.contextmanager
def measured(chosen: argparse.Namespace) -> Iterator[tuple[Service, Sink]]:
    """Make a service as the options say, not running yet, and the relay that it sends to; both end with the block."""
    with tempfile.TemporaryDirectory(prefix="mailbot-benchmark-") as name:
        if chosen.aged and chosen.database:
            raise Unmeasurable("--aged: only SQLite is filled so")
        sink = Sink(Path(name))
        try:
            service = Service(Path(name), chosen.loop, chosen.database, chosen.workers, aged=chosen.aged)
            service.configure("relay", f"smtp://127.0.0.1:{sink.port}")
            try:
                yield service, sink
            finally:
                service.stop()
        finally:
            sink.close()


def wait_until(
    met: Callable[[], bool], otherwise: str, seconds: float = _LONGEST_SECONDS, pause: float = 0.01
) -> None:
    """Wait until `met()` is true. Raises Unmeasurable when it does not come."""
    end = time.monotonic() + seconds
    while not met():
        if time.monotonic() > end:
            raise Unmeasurable(f"{otherwise} after {seconds:g} s")
        time.sleep(pause)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def tree(pid: int) -> Iterator[int]:
    """Yield a process and all below it."""
    yield pid
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError):  # the thread has ended
            for child in (task / "children").read_text().split():
                yield from tree(int(child))


def cpu_seconds_of(pid: int) -> float:
    """Return the processor seconds of a process and of those that it has waited for."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    ended = sum(map(int, fields[13:15])) / _TICKS  # user and system, of children that have ended
    own = time.clock_gettime(~pid << 3 | _CPU_CLOCK)  # to the nanosecond: clock_getcpuclockid(3)
    return own + ended


def _rss_mib(pid: int, *, peak: bool) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(rf"{'VmHWM' if peak else 'VmRSS'}:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else 0.0


# --- members and mails ------------------------------------------------------------------------------------------


def import_members(service: Service, count: int) -> tuple[list[str], float, float]:
    """Import a register of so many contacts; return their addresses, and the command's CPU time and seconds.

    A service that is to be aged has its past before, and all but its other bodies.
    """
    if service.aged:
        age_before(service)
    register = make_register(count)
    file = service.folder / "members.csv"
    file.write_text(write_register(register), encoding="utf-8", newline="")
    began, before = time.monotonic(), os.times()
    service.run("members", "import", str(file))
    ended, after = time.monotonic(), os.times()
    cpu_seconds = after.children_user + after.children_system - before.children_user - before.children_system
    if service.aged:
        age_after(service)
    return [contact.email for _, contact in register], cpu_seconds, ended - began


def add_members(service: Service, count: int) -> None:
    """Give the register so many contacts more, past the import; `apply` makes them members, as after an import."""
    service.fill(
        f"""
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}),
        one (code) AS (SELECT min(code) FROM body)
        INSERT INTO contact (code, email, email_key, name, role, rank, tags)
        SELECT code, 'm' || i || '@many.example', 'm' || i || '@many.example', '', '', 100 + i, '' FROM n, one
        """
    )


# --- a database that has been at work for years -----------------------------------------------------------------

AGED = "MAILBOT_AGED"  # in the environment: a file that keeps the filled database for the next benchmark
_OLD_COPIES = 1_000_000  # copies, of posts to 1,401
_OLD_POSTS = 100_000
_OLD_LISTS = 500
_OTHER_BODIES = 14_010  # of a category that no audience takes in: what is measured goes to the same members
_FIRST_OLD = 1_000_000  # numbers of old posts of our list, out of the way of those that are measured
_COPIES_OF_ONE = 1_401
_YEAR_US = 365 * 86_400 * 1_000_000
_OLD_LIST = """\
name: old{number:03}
title: 古い会議室{number}
preset: open
members: {{emails: [{members}]}}
subject_prefix: "[old{number:03}:%05d]"
"""
_OLD_MEMBERS = 28  # of each old list: 14,000 in all


def age_before(service: Service) -> None:
    """Put years of work into a new database: lists by `apply`, the rest by SQL; or take it from where it was kept."""
    kept, own = os.environ.get(AGED), service.folder / "data" / "mailbot.db"
    if kept and Path(kept).exists():
        shutil.copy(kept, own)
        return
    for number in range(_OLD_LISTS):
        members = ", ".join(f"a{number * 3 + one}@old.example" for one in range(_OLD_MEMBERS))
        service.define(f"lists/old{number:03}.yaml", _OLD_LIST.format(number=number, members=members))
    service.run("apply")
    now = time.time_ns() // 1000
    past = f"{now} - {_YEAR_US} + i * {_YEAR_US // _OLD_POSTS}"
    mailings = _OLD_COPIES // _COPIES_OF_ONE
    numbers = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {})"
    of_list = "CASE WHEN i % 2 THEN 'kaigi' ELSE printf('old%03d', i % 500) END"
    service.fill(
        f"""{numbers.format(_OLD_POSTS)}
        INSERT INTO mail (id, content, mail_from, peer, protocol, received_at)
        SELECT i, hex(randomblob(500)), 'a' || i % 1401 || '@old.example', '192.0.2.1', 'smtp', {past} FROM n""",
        f"""{numbers.format(_OLD_POSTS)}
        INSERT INTO inbox (id, mail_id, recipient, state, reason, sender, title)
        SELECT i, i, {of_list} || '@ml.example.jp', 'posted', 'post', 'a' || i % 1401 || '@old.example', 'Re: 件名' || i / 10
        FROM n""",
        f"""{numbers.format(_OLD_POSTS)}
        INSERT INTO history (inbox_id, at, what) SELECT i, {past}, 'posted: post' FROM n""",
        f"""{numbers.format(_OLD_POSTS)}
        INSERT INTO seen (place, fingerprint, inbox_id) SELECT 'list:' || {of_list}, hex(randomblob(32)), i FROM n""",
        f"""{numbers.format(_OLD_POSTS)}
        INSERT INTO post (id, list_name, number, stable, message_id, thread, topic, author_name, author, subject,
                          attachments, size, written_at, mail_id, inbox_id)
        SELECT i, {of_list}, {_FIRST_OLD} + i, hex(randomblob(16)), '<' || i || '@old.example>', {_FIRST_OLD} + i - i % 10,
               '件名' || i / 10, '', 'a' || i % 1401 || '@old.example', 'Re: 件名' || i / 10, '[]', 1000, {past}, i, i
        FROM n""",
        "INSERT INTO post_words (post_id, words) SELECT id, 'minutes of w' || id % 5000 || ' meeting v' || id % 977 FROM post",
        f"""{numbers.format(mailings)}
        INSERT INTO mailing (id, kind, subject, inbox_id, cooked, bounces, created_at)
        SELECT i, 'post', 'kaigi', i, hex(randomblob(2000)), 'kaigi-bounces', {past} FROM n""",
        f"""WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {_COPIES_OF_ONE})
        INSERT INTO delivery (mailing_id, address, state, attempts, due_at, reply, settled_at)
        SELECT mailing.id, 'a' || i || '@old.example', 'sent', 1, created_at, '250 2.0.0 taken', created_at
        FROM mailing, n""",
    )
    if kept:
        shutil.copy(own, kept)


def age_after(service: Service) -> None:
    """Put so many bodies beside those that are measured; an import would take them for gone."""
    numbers = f"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {_OTHER_BODIES})"
    service.fill(
        f"""{numbers} INSERT INTO body (code, name, kind, prefecture, category)
        SELECT 'p' || i, '団体' || i, 'other', '長野県', 'partner' FROM n""",
        f"""{numbers} INSERT INTO contact (code, email, email_key, name, role, rank, tags)
        SELECT 'p' || i, 'p' || i || '@partner.example', 'p' || i || '@partner.example', '', '', 1, '' FROM n""",
    )


@dataclass(frozen=True)
class Mail:
    """One mail to hand in."""

    sender: str  # of the envelope
    recipient: str
    content: bytes


def define_list(service: Service, *, archive: bool = True, identical: bool = False) -> None:
    """Define the one list, of all members; with `identical` its posts are the same for all."""
    more = "archive: no\n" * (not archive) + "copies: identical\n" * identical
    service.define("lists/kaigi.yaml", _LIST + more)
    service.run("apply")


def make_post(number: int, sender: str) -> Mail:
    """Return a text post to that list, of about 4 KB."""
    line = "The committee looked at the figures of the last year and agreed on them.\r\n"
    head = (
        f"From: <{sender}>\r\nTo: <{_POSTS}>\r\nSubject: Minutes of meeting {number}\r\n"
        f"Date: Sun, 22 Nov 2026 05:00:00 +0000\r\nMessage-ID: <{number}.{time.time_ns()}@example.org>\r\n"
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    )
    return Mail(sender, _POSTS, (head + f"Meeting {number}.\r\n" + line * (3_700 // len(line))).encode())


@contextlib.contextmanager
def signing_author(folder: Path, address: str, mails: Sequence[Mail]) -> Iterator[tuple[list[Mail], int]]:
    """Sign these mails as the domain of this address; yields them, and the port of its DNS server."""
    domain = address.rpartition("@")[2]
    file = folder / "author.key"
    record = make_key(file, "rsa").record
    signer = load_signer(file, domain, "a")
    zone = {
        (domain, "TXT"): ['"v=spf1 include:_spf.provider.example -all"'],
        ("_spf.provider.example", "TXT"): ['"v=spf1 ip4:192.0.2.0/24 ~all"'],
        (f"_dmarc.{domain}", "TXT"): ['"v=DMARC1; p=reject"'],
        (f"a._domainkey.{domain}", "TXT"): [f'"{record[:200]}" "{record[200:]}"'],
    }
    signed = [
        replace(mail, content=signature(covered(mail.content), {}, signer, datetime.now(UTC)) + mail.content)
        for mail in mails
    ]
    with dns_server(zone) as (_, port):
        yield signed, port


# --- a survey, and replies to it -----------------------------------------------------------------------------------

_SURVEY_KEY = "S26-900"
_SURVEY = f"""\
key: {_SURVEY_KEY}
title: LG.JPドメインの利用について
audience: all
opens: 2099-01-14 09:00
closes: 2099-01-28 17:00
questions:
  - {{id: Q1, text: LG.JPドメインを利用していますか, type: single, options: [利用している, 利用していない, 検討中], required: true}}
  - {{id: Q2, text: 利用していない理由, type: multi, options: [費用, 手続き, 必要がない, その他], when: {{Q1: [2]}}}}
  - {{id: Q3, text: ご意見, type: text}}
"""
_OPINIONS: tuple[Answers, ...] = (
    {"Q1": ("1",)},
    {"Q1": ("2",), "Q2": ("1", "3")},
    {"Q1": ("3",), "Q3": "来年度に検討します。"},
)


def open_survey(service: Service, count: int) -> list[bytes]:
    """Open the survey and return the invitations, as a Maildir in place of the relay keeps them."""
    service.define(f"surveys/{_SURVEY_KEY.lower()}.yaml", _SURVEY)
    service.configure("relay", "maildir:data/outgoing")
    service.run("apply")
    service.run("surveys", "open", _SURVEY_KEY)
    service.start("deliver")
    wait_until(service.settled, "not all invitations are delivered", pause=0.05)
    service.stop()
    mails = [path.read_bytes() for path in sorted((service.folder / "data" / "outgoing" / "new").iterdir())]
    if len(mails) != count:
        raise Unmeasurable(f"{len(mails)} invitations were sent to {count} bodies")
    return [mail.replace(b"\n", b"\r\n") for mail in mails]


def write_replies(invitations: Sequence[bytes]) -> list[Mail]:
    """Return a reply to each, in turn by each mail program that we know, with each of the opinions."""
    replies = []
    for invitation, client, answers in zip(invitations, cycle(CLIENTS), cycle(_OPINIONS), strict=False):
        address = parse(invitation).header("Delivered-To") or ""
        mail = original(invitation, "", ("担当者", address, "市役所"))
        replies.append(Mail(address, mail.reply_to, client(mail, answers)))
    return replies


def votes_of(service: Service) -> list[dict[str, Any]]:
    """Return what became of each body's answer, as `surveys show` tells the office."""
    shown = json.loads(service.run("surveys", "show", _SURVEY_KEY, "--office", "--json"))
    votes: list[dict[str, Any]] = shown["votes"]
    return votes


@dataclass(frozen=True)
class HandedIn:
    """What handing in took."""

    began: float  # time.monotonic(), before the first connection
    accepted: tuple[float, ...]  # when each 250 came, in the order in which they came
    waits: tuple[float, ...]  # seconds from each final dot to its 250


def hand_in(port: int, mails: Sequence[Mail], sessions: int, over: float = 0.0) -> HandedIn:
    """Hand in mails over this many SMTP sessions at once, one mail after another in each.

    `over` spreads them evenly over so many seconds; 0: as fast as they are taken.
    """
    return asyncio.run(_hand_in(port, mails, sessions, over))


async def _hand_in(port: int, mails: Sequence[Mail], sessions: int, over: float) -> HandedIn:
    began = time.monotonic()
    loop = asyncio.get_running_loop()
    due = [loop.time() + over * place / len(mails) for place in range(len(mails))]
    clients = [
        _Client(mails[start::sessions], due[start::sessions]) for start in range(min(sessions, len(mails)))
    ]
    for client in clients:
        await loop.create_connection(lambda client=client: client, "127.0.0.1", port)  # type: ignore[misc]
    async with asyncio.timeout(_LONGEST_SECONDS):
        await asyncio.gather(*(client.done for client in clients))
    return HandedIn(
        began,
        tuple(sorted(at for client in clients for at in client.accepted)),
        tuple(wait for client in clients for wait in client.waits),
    )


class _Client(asyncio.Protocol):
    """One SMTP session (RFC 5321): writes the next line when the last is answered as it must be."""

    def __init__(self, mails: Sequence[Mail], due: Sequence[float]) -> None:
        self._loop = asyncio.get_running_loop()
        self.done: asyncio.Future[None] = self._loop.create_future()
        self._due = iter(due)  # of each mail, by the loop's clock
        self.accepted: list[float] = []
        self.waits: list[float] = []
        self._steps = _dialogue(mails)
        self._expected = b"220"
        self._dot: float | None = None
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\r\n")
        for line in lines:
            if line[3:4] != b"-":
                self._answered(line)

    def _answered(self, line: bytes) -> None:
        if line[:3] != self._expected:
            self._fail(f"the service answered {line.decode(errors='replace')!r}")
            return
        now = time.monotonic()
        if self._dot is not None:
            self.waits.append(now - self._dot)
            self.accepted.append(now)
            self._dot = None
        words, self._expected = next(self._steps, (b"", b""))
        if words.startswith(b"MAIL "):
            self._loop.call_at(next(self._due), self._say, words)
        elif words:
            self._say(words)
        else:
            self._transport.close()

    def _say(self, words: bytes) -> None:
        self._transport.write(words)
        if words.endswith(b"\r\n.\r\n"):
            self._dot = time.monotonic()

    def connection_lost(self, exc: Exception | None) -> None:
        if next(self._steps, None) is not None:
            self._fail(f"the service hung up: {exc}")
        elif not self.done.done():
            self.done.set_result(None)

    def _fail(self, sentence: str) -> None:
        if not self.done.done():
            self.done.set_exception(Unmeasurable(sentence))
        self._transport.abort()


def _dialogue(mails: Sequence[Mail]) -> Iterator[tuple[bytes, bytes]]:
    """Yield what is said, each with the code that must answer it."""
    yield b"EHLO client.example.org\r\n", b"250"
    for mail in mails:
        yield f"MAIL FROM:<{mail.sender}>\r\n".encode(), b"250"
        yield f"RCPT TO:<{mail.recipient}>\r\n".encode(), b"250"
        yield b"DATA\r\n", b"354"
        ending = b".\r\n" if mail.content.endswith(b"\r\n") else b"\r\n.\r\n"
        yield mail.content.replace(b"\r\n.", b"\r\n..") + ending, b"250"
    yield b"QUIT\r\n", b"221"
