"""Whole conversations as text: what people type, what the service answers, which mails arrive.

A file begins with its title. Then come these, each with its indented lines; in what is expected `*` stands for any
characters of a line and `...` for any number of lines; `{word}` is kept where it is met first, and stands for what was
kept from then on, in every kind of line ({port} is the service's):

    $ mailbot ...                          a command, and what it prints
    ! mailbot ...                          the same, refused with exit status 1
    $ mailbot serve &                      start the service; it ends with the conversation
    $ ...                                  any other command, in a shell in the working folder
    C: EHLO there / S: 250 *               an SMTP session; of a reply of several lines, the last
    Mail to ADDRESS:                       the next mail that arrives there: header fields, a blank line, text
    Reply from ADDRESS, at the top:        an answer to the newest mail at this address, above its quoted text
    Reply from ADDRESS, in the slots:      the same, with the brackets of the quoted ballot filled in
    The calendar of ADDRESS answers WORD.  its program answers the newest invitation: ACCEPTED, DECLINED, TENTATIVE
    Write to FILE:                         a file of the working folder
    Fill in FILE:                          the answers' cells of a survey's form: Q1: 2
    No further mail.                       nothing waits to be sent, and every mail was looked at

Between a reply's author and its place may stand, set off by commas: `to ADDRESS's mail` (forwarded to him), `to the
first mail` (not the newest), `authenticated` (our own MX vouches for him), `by a machine`, `with FILE`, `copied to
ADDRESS`.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shlex
import shutil
import signal
import smtplib
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from itertools import count
from pathlib import Path

import icalendar
import openpyxl
from openpyxl.cell.cell import Cell

from mailbot import cli
from mailbot.folder.secret_files import write_secret_key
from tests.forked import Forked
from tests.ports import free_port

SETTING = Path(__file__).parent / "setting"
PATIENCE = 20.0  # seconds that anything may take

_CONFIG = """\
domain: ml.example.jp
reply_domain: kaitou.example.jp
association: 全国協議会
office: jimukyoku@example.jp
receive: {{smtp: "127.0.0.1:{port}"}}
"""


@dataclass
class Step:
    """One thing that happens, with its indented lines."""

    line: int
    what: str
    lines: list[str] = field(default_factory=list)


@dataclass
class Conversation:
    """A working folder, its service, and how far the conversation has come."""

    folder: Path
    port: int
    clock: Callable[[], float] = time.monotonic
    _service: Forked | None = None
    _session: socket.socket | None = None
    _reader: io.BufferedReader | None = None
    _mails: dict[str, list[EmailMessage]] = field(
        default_factory=dict
    )  # arrived, by address, not yet looked at
    _read: dict[str, list[EmailMessage]] = field(default_factory=dict)  # looked at, by address
    _kept: dict[str, str] = field(default_factory=dict)  # what `{word}` stands for
    _files: set[str] = field(default_factory=set)
    _numbers: count[int] = field(default_factory=lambda: count(1))

    def play(self, step: Step) -> None:
        """Do one step, or see that it happened. Raises AssertionError with what came in its place."""
        self._kept.setdefault("port", str(self.port))
        what, lines = self._spoken(step.what), [self._spoken(line) for line in step.lines]
        if what.startswith(("$ mailbot ", "! mailbot ")):
            self._command(what, lines)
        elif what.startswith("$ "):
            self._shell(what[2:], lines)
        elif what.startswith(("C:", "S:")):
            self._smtp(what)
        elif found := re.fullmatch(r"Mail to (\S+):", what):
            self._arrives(found[1], lines)
        elif found := re.fullmatch(r"Reply from ([^\s,]+)((?:, [^,]+)*), (at the top|in the slots):", what):
            self._answer(found[1], found[2].split(", ")[1:], lines, slots=found[3] == "in the slots")
        elif found := re.fullmatch(r"The calendar of (\S+) answers ([A-Z]+)\.", what):
            self._calendar_answer(found[1], found[2])
        elif found := re.fullmatch(r"Write to (\S+):", what):
            (self.folder / found[1]).write_text("\n".join(lines) + "\n", encoding="utf-8")
        elif found := re.fullmatch(r"Fill in (\S+):", what):
            fill_in(self.folder / found[1], dict(line.split(": ", 1) for line in lines))
        elif what == "No further mail.":
            self._silence()
        else:
            raise AssertionError(f"no step begins with {what!r}")

    def end(self) -> None:
        """Hang up and stop the service."""
        if self._session is not None:
            assert self._reader is not None
            self._reader.close()
            self._session.close()
        if self._service is not None:
            self._service.send_signal(signal.SIGTERM)
            try:
                status = self._service.wait(PATIENCE)
            finally:
                self._service.kill()
            assert status == 0, self.log()

    def newest(self, address: str) -> EmailMessage:
        """Return the mail to an address that was looked at last."""
        return self._read[address][-1]

    def log(self) -> str:
        """Return what the service has logged."""
        path = self.folder / "serve.log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    # --- commands ---

    def _command(self, what: str, wanted: Sequence[str]) -> None:
        words = shlex.split(what[2:])[1:]
        if words[-1] == "&":
            self._serve()
            return
        status, output = run(words, self.folder)
        assert status == (0 if what.startswith("$") else 1), f"exit status {status}:\n{output}"
        if wanted:
            self._expect(wanted, output.splitlines(), "the command printed")

    def _shell(self, line: str, wanted: Sequence[str]) -> None:
        done = subprocess.run(
            ["/bin/sh", "-c", line], cwd=self.folder, capture_output=True, timeout=PATIENCE, check=False
        )
        output = (done.stdout + done.stderr).decode()
        assert done.returncode == 0, f"exit status {done.returncode}:\n{output}"
        if wanted:
            self._expect(wanted, output.splitlines(), "the command printed")

    def _serve(self) -> None:
        self._service = Forked(["serve"], environment(self.folder), self.folder / "serve.log")
        self._until(lambda: "service.ready" in self.log(), "the service did not start")

    # --- SMTP ---

    def _smtp(self, line: str) -> None:
        if self._session is None:
            self._session = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
            self._reader = self._session.makefile("rb")
        assert self._reader is not None
        text = line[2:].removeprefix(" ")
        if line.startswith("C:"):
            self._session.sendall(text.encode() + b"\r\n")
            return
        answer = "-" * 4
        while answer[3:4] == "-":
            answer = self._reader.readline().decode().rstrip("\r\n")
        self._expect([text], [answer], "the server said")
        if answer.startswith(("221", "421")):
            self._reader.close()
            self._session.close()
            self._session = None

    # --- mail ---

    def _arrives(self, address: str, wanted: Sequence[str]) -> None:
        self._until(lambda: bool(self._look().get(address)), f"no mail came to {address}")
        mail = self._mails[address].pop(0)
        self._read.setdefault(address, []).append(mail)
        blank = wanted.index("") if "" in wanted else len(wanted)
        for line in wanted[:blank]:
            name, _, pattern = line.partition(": ")
            self._expect([pattern], [str(mail[name])], f"{name} is")
        if blank < len(wanted):
            lines = text_of(mail).rstrip().splitlines()
            self._expect(wanted[blank + 1 :], lines, f"the mail to {address} says")

    def _answer(self, author: str, manners: Sequence[str], lines: Sequence[str], *, slots: bool) -> None:
        whose = next((manner[3:-7] for manner in manners if manner.endswith("'s mail")), author)
        mail = self._read[whose][0 if "to the first mail" in manners else -1]
        (to,) = mail["Reply-To"].addresses
        reply = EmailMessage(policy=policy.SMTP)
        if "authenticated" in manners:
            domain = author.partition("@")[2]
            reply["Authentication-Results"] = f"ml.example.jp; dmarc=pass header.from={domain}"
        reply["From"], reply["To"], reply["Subject"] = author, to.addr_spec, f"Re: {mail['Subject']}"
        reply["Message-ID"] = f"<reply{next(self._numbers)}@member.example>"
        reply["In-Reply-To"] = reply["References"] = mail["Message-ID"]
        if copied := [manner[10:] for manner in manners if manner.startswith("copied to ")]:
            reply["Cc"] = ", ".join(copied)
        if "by a machine" in manners:
            reply["Auto-Submitted"] = "auto-replied"
        reply.set_content(_typed(text_of(mail), lines, slots=slots), cte="8bit")
        for name in (manner[5:] for manner in manners if manner.startswith("with ")):
            content = (self.folder / name).read_bytes()
            reply.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
        self._send(reply)

    def _calendar_answer(self, author: str, partstat: str) -> None:
        invitation = next(mail for mail in reversed(self._read[author]) if mail.get_body(("calendar",)))
        part = invitation.get_body(("calendar",))
        assert part is not None
        calendar = icalendar.Calendar.from_ical(part.get_content())
        assert isinstance(calendar, icalendar.Calendar)
        calendar["METHOD"] = "REPLY"
        (entry,) = calendar.walk("VEVENT")
        entry["ATTENDEE"].params["PARTSTAT"] = partstat
        reply = EmailMessage(policy=policy.SMTP)
        reply["From"], reply["To"] = author, str(entry["ORGANIZER"]).removeprefix("mailto:")
        reply["Subject"] = f"{partstat}: {invitation['Subject']}"
        reply["Message-ID"] = f"<reply{next(self._numbers)}@member.example>"
        answer = calendar.to_ical().decode()
        reply.set_content(answer, subtype="calendar", cte="8bit", params={"method": "REPLY"})
        self._send(reply)

    def _send(self, reply: EmailMessage) -> None:
        (author,), (to,) = reply["From"].addresses, reply["To"].addresses
        with smtplib.SMTP("127.0.0.1", self.port, timeout=PATIENCE) as client:
            client.sendmail(author.addr_spec, [to.addr_spec], reply.as_bytes(), ["BODY=8BITMIME"])

    def _silence(self) -> None:
        def quiet() -> bool:
            _, output = run(["queue", "--json"], self.folder)
            shown = json.loads(output)
            return not shown["inbox"].get("received") and not {"pending", "sending"} & set(shown["outbox"])

        self._until(quiet, "mail still waits")
        left = {
            address: [str(mail["Subject"]) for mail in mails]
            for address, mails in self._look().items()
            if mails
        }
        assert not left, f"nobody has looked at {left}"

    def _look(self) -> dict[str, list[EmailMessage]]:
        """Fetch what has arrived in the folder for outgoing mail, in the order of its files."""
        folder = self.folder / "data" / "outgoing" / "new"
        found = sorted(folder.glob("*"), key=_number) if folder.exists() else []
        for file in found:
            if file.name not in self._files:
                self._files.add(file.name)
                mail = message_from_bytes(file.read_bytes(), policy=policy.default)
                assert isinstance(mail, EmailMessage)
                self._mails.setdefault(str(mail["Delivered-To"]), []).append(mail)
        return self._mails

    def _until(self, holds: Callable[[], bool], otherwise: str) -> None:
        end = self.clock() + PATIENCE
        while not holds():
            if self.clock() > end or (self._service is not None and self._service.poll() is not None):
                raise AssertionError(f"{otherwise}\n{self.log()}")
            time.sleep(0.02)

    # --- words that were kept ---

    def _spoken(self, text: str) -> str:
        """Put what was kept in the place of its `{word}`."""
        return _WORD.sub(lambda found: self._kept.get(found[1], found[0]), text)

    def _expect(self, wanted: Sequence[str], got: Sequence[str], whose: str) -> None:
        """See that the lines are as wanted, and keep what stands in the place of a new `{word}`."""
        self._kept |= expect(wanted, got, whose)


_WORD = re.compile(r"\{([a-z]+)\}")


def _typed(quoted: str, lines: Sequence[str], *, slots: bool) -> str:
    """Return the text of a reply: typed above the quoted mail, or between the brackets of its ballot."""
    for line in lines if slots else ():
        question, _, answer = line.partition(": ")
        before, slot, behind = quoted.partition(f"【{question}回答】[")
        assert slot, f"the ballot has no slot for {question}"
        quoted = f"{before}{slot} {answer} ]{behind.partition(']')[2]}"
    top = "" if slots else "\n".join(lines) + "\n\n"
    return f"{top}事務局 さんは書きました:\n" + "".join(f"> {line}\n" for line in quoted.splitlines())


def _number(file: Path) -> int:
    """Return the delivery's number in its process, which the file's name holds."""
    found = re.search(r"Q(\d+)R", file.name)
    assert found is not None
    return int(found[1])


def steps_of(text: str) -> list[Step]:
    """Read a conversation; its first lines, up to the first blank one, are its title."""
    steps: list[Step] = []
    body = text.partition("\n\n")[2]
    offset = text[: len(text) - len(body)].count("\n")
    for number, line in enumerate(body.splitlines(), offset + 1):
        if line.startswith("  ") or (not line and steps and steps[-1].lines):
            steps[-1].lines.append(line[2:])
        elif line and not line.startswith("#"):
            steps.append(Step(number, line))
    for step in steps:
        while step.lines and not step.lines[-1]:
            step.lines.pop()
    return steps


def run(words: Sequence[str], folder: Path) -> tuple[int, str]:
    """Run a command in this process; returns its exit status and all that it printed."""
    output = io.StringIO()
    saved = sys.argv, dict(os.environ), Path.cwd()
    try:
        sys.argv = ["mailbot", *words]
        os.environ.update(environment(folder))
        os.chdir(folder)
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
            cli.main()
    except SystemExit as ended:
        return int(ended.code or 0), output.getvalue()
    finally:
        sys.argv = saved[0]
        os.environ.clear()
        os.environ.update(saved[1])
        os.chdir(saved[2])


def environment(folder: Path) -> dict[str, str]:
    """Return the environment of a command on this folder."""
    config = str(folder / "config" / "mailbot.yaml")
    return dict(os.environ) | {"MAILBOT_CONFIG": config, "COLUMNS": "120", "PYTHONPATH": str(Path.cwd())}


def expect(wanted: Sequence[str], got: Sequence[str], whose: str) -> dict[str, str]:
    """See that the lines are as wanted; returns what stands in the place of each `{word}`.

    Raises AssertionError with the first that is not, and all that came.
    """
    lines = [line.rstrip() for line in got]
    kept: dict[str, str] = {}
    missing = _missing(list(wanted), lines, kept)
    assert missing is None, f"{missing!r} is not where it should be; {whose}:\n" + "\n".join(lines)
    return kept


def _missing(wanted: list[str], got: list[str], kept: dict[str, str]) -> str | None:
    """Return the first wanted line that is not there; `...` takes as few lines as it can."""
    at = 0
    anywhere = False
    for line in wanted:
        if line == "...":
            anywhere = True
            continue
        places = range(at, len(got)) if anywhere else range(at, min(at + 1, len(got)))
        found = ((place, match) for place in places if (match := pattern_of(line).fullmatch(got[place])))
        place, match = next(found, (0, None))
        if match is None:
            return line
        kept |= match.groupdict()
        at, anywhere = place + 1, False
    return None if anywhere or at == len(got) else "(nothing more)"


def pattern_of(line: str) -> re.Pattern[str]:
    """Return a pattern in which only `*` and `{word}` are special."""
    pieces = re.split(r"(\*|\{[a-z]+\})", line)
    return re.compile("".join(_piece(piece) for piece in pieces))


def _piece(piece: str) -> str:
    if piece == "*":
        return ".*"
    return f"(?P<{piece[1:-1]}>\\S+)" if _WORD.fullmatch(piece) else re.escape(piece)


def fill_in(form: Path, answers: dict[str, str]) -> None:
    """Write answers into a survey's form, as a person does in a spreadsheet program."""
    book = openpyxl.load_workbook(form)
    sheet = book.active
    assert sheet is not None
    for row in sheet.iter_rows(max_col=4):
        cell = row[-1]
        if row[0].value in answers and isinstance(cell, Cell):
            cell.value = answers[str(row[0].value)]
    book.save(form)


def text_of(mail: EmailMessage) -> str:
    """Return the plain text of a mail."""
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


@contextlib.contextmanager
def conversation(folder: Path) -> Iterator[Conversation]:
    """Make the working folder of the setting, and end what the conversation has started."""
    shutil.copytree(SETTING, folder)
    (folder / "data").mkdir()
    write_secret_key(folder, bytes(range(32)))
    port = free_port()
    (folder / "config" / "mailbot.yaml").write_text(_CONFIG.format(port=port), encoding="utf-8")
    spoken = Conversation(folder, port)
    try:
        yield spoken
    except BaseException:
        with contextlib.suppress(AssertionError):
            spoken.end()
        raise
    spoken.end()
