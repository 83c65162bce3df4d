"""What an automatic mail is put together from: fields, its text, a file beside it, its thread (RFC 5322, 2045, 3834)."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Literal, NamedTuple

from mailbot.core.mail.address import valid_address
from mailbot.core.mail.header import is_clean

FIELDS = ("address", "greeting", "reference", "code", "token", "delivery", "own")
_OF_CALENDARS = ("calendar", "partstat", "mailbox")  # of an invitation's calendar file
# Where a recipient's own is filled in
MARK = re.compile(r"\x00(?:" + "|".join((*FIELDS, *_OF_CALENDARS)) + r")\x00")

_MESSAGE_ID = re.compile(r"<[!-;=?-~]{3,250}>")
_REFERENCES = 8  # Message-IDs of a thread that are kept

PLAIN = (("Content-Type", "text/plain; charset=UTF-8"), ("Content-Transfer-Encoding", "8bit"))


class UndatedLetter(NamedTuple):
    """A cooked mail without what is of its moment and of its thread."""

    top: bytes  # down to the Subject
    message_id: bytes
    rest: bytes


class LetterFile(NamedTuple):
    """The file beside a letter's text."""

    head: tuple[tuple[str, str], ...]
    content: bytes  # as its transfer encoding has it
    beside: Literal["mixed", "alternative"] = "mixed"  # how it stands beside the text


def calendar_file(ics: bytes, name: str) -> LetterFile:
    """Return a calendar as the file beside a text; METHOD stands in its type as well (RFC 6047 section 2.4).

    An invitation to one attendee is no file to look at: it says to a calendar program what the text says to a person.
    """
    method = re.search(rb"\r\nMETHOD:([A-Z]+)\r\n", ics)
    assert method is not None, "an entry has its METHOD"
    kind = ("Content-Type", f'text/calendar; charset=UTF-8; method={method[1].decode()}; name="{name}.ics"')
    encoding = ("Content-Transfer-Encoding", "8bit")
    if b"\r\nATTENDEE" in ics:
        return LetterFile((kind, encoding), ics, "alternative")
    return LetterFile((kind, ("Content-Disposition", f'attachment; filename="{name}.ics"'), encoding), ics)


def workbook_file(form: bytes, name: str) -> LetterFile:
    """Return a workbook as the file beside a text."""
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    head = (
        ("Content-Type", f'{kind}; name="{name}.xlsx"'),
        ("Content-Disposition", f'attachment; filename="{name}.xlsx"'),
        ("Content-Transfer-Encoding", "base64"),
    )
    return LetterFile(head, base64.encodebytes(form).replace(b"\n", b"\r\n"))


def with_file(body: bytes, file: LetterFile) -> tuple[tuple[tuple[str, str], ...], bytes]:
    """Return the header and content of a mixed mail; its boundary comes from what it holds, so it is the same again."""
    boundary = "part-" + hashlib.sha256(body + file.content).hexdigest()[:32]
    edge = f"--{boundary}".encode()
    parts = [_part(edge, PLAIN, body), _part(edge, file.head, file.content), edge + b"--\r\n"]
    kind = (
        ("Content-Type", f'multipart/{file.beside}; boundary="{boundary}"'),
        ("Content-Transfer-Encoding", "8bit"),
    )
    return kind, b"".join(parts)


def _part(edge: bytes, head: tuple[tuple[str, str], ...], content: bytes) -> bytes:
    return edge + b"\r\n" + b"".join(raw_field(*line) for line in head) + b"\r\n" + content + b"\r\n"


def raw_field(name: str, value: str) -> bytes:
    """Return a field whose value is structured ASCII of our own and is never folded or encoded here."""
    return f"{name}: {value}\r\n".encode("ascii")


def thread_fields(message_id: str, references: tuple[str, ...]) -> list[bytes]:
    """Return In-Reply-To and References; an id that is none, or would not fit a line, is left out."""
    if not _MESSAGE_ID.fullmatch(message_id):
        return []
    known = [each for each in references if _MESSAGE_ID.fullmatch(each)]
    chain = [*known[:1], *known[1:][-_REFERENCES:], message_id]
    while len(" ".join(chain)) > 900:
        del chain[0]
    return [raw_field("In-Reply-To", message_id), raw_field("References", " ".join(chain))]


def letter_address(to: str) -> str:
    """Return the address as To has it: a field, or a valid one; ValueError for anything else."""
    if not (MARK.fullmatch(to) or valid_address(to)):
        raise ValueError(f"{to!r} is not a mail address")
    return to


def check_letter(cooked: bytes) -> None:
    """Hold what a receiver may rely on (promises.md I16): CRLF alone, no other control character, lines that fit."""
    text = MARK.sub("", cooked.decode())
    longest = max(text.encode().split(b"\r\n"), key=len)
    if len(longest) > 998:
        raise ValueError(f"a line of {len(longest)} octets does not fit a mail: {longest.decode()[:60]!r}...")
    if not is_clean(text.replace("\r\n", "").replace("\t", "")):
        bad = next(line for line in text.split("\r\n") if not is_clean(line.replace("\t", "")))
        raise ValueError(f"a control character may not stand in a mail: {bad[:60]!r}")
