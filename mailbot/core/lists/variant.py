"""Other forms of one post: without its larger files, or as plain text for gateways that take nothing else.

Each is made of the mail as it came, before it is cooked, and says what it leaves out: name, size and SHA-256 of each
file, and how to get it. What is signed or encrypted (RFC 1847, 3156, 8551) is never altered: a plain form of a signed mail
is another mail, which says so.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from mailbot.core.calendar import Language
from mailbot.core.mail.entity import (
    Fields,
    canonical,
    content_type,
    decode_transfer,
    field_name,
    field_value,
    join_entity,
    split_entity,
    split_multipart,
    transfer_encoding,
)
from mailbot.core.mail.message import Message, parse
from mailbot.core.mail.wrap import wrap

NARROW = 70  # columns of a plain form's lines: 35 full-width characters
MOST_TEXT = 100_000  # characters of a plain form
_SIGNATURES = frozenset(
    {"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"}
)
_DEPTH = 5  # nested multiparts in which files are looked for

_WORDS: dict[Language, dict[str, str]] = {
    "ja": {
        "file": "【添付ファイル】{name}（{size:,}バイト）",
        "get": "　お受け取りは「過去記事 {number}」（あて先 {robot}）",
        "page": "　または、次のページ（メンバーの方）",
        "signed": "（電子署名の付いたメールです。署名は「過去記事 {number}」でお送りする元のメールにあります）",
        "cut": "（長いため、ここまでです。「過去記事 {number}」で全文をお送りします）",
    },
    "en": {
        "file": "[file] {name} ({size:,} bytes)",
        "get": '  to get it, write "get {number}" to {robot}',
        "page": "  or on this page, as a member:",
        "signed": '(This mail was signed; its signature is in the original, which "get {number}" brings.)',
        "cut": '(Cut here; "get {number}" brings it whole.)',
    },
}


@dataclass(frozen=True)
class Place:
    """Where the post itself can be had."""

    number: int
    robot: str  # security-request@ml.example.jp
    language: Language
    page: str = ""  # of the post on our pages; "": it has none


def sealed(message: Message) -> bool:
    """Tell whether a mail is signed or encrypted, so that nothing of it may be changed."""
    kinds = {"multipart/signed", "multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime"}
    return bool(kinds & {message.content_type, *(part.content_type for part in message.parts)}) or (
        "-----BEGIN PGP" in message.text
    )


def encrypted(message: Message) -> bool:
    """Tell whether nobody but its readers can read a mail."""
    kinds = {"multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime"}
    return bool(kinds & {message.content_type, *(part.content_type for part in message.parts)}) or (
        "-----BEGIN PGP MESSAGE" in message.text
    )


def without_files(raw: bytes, message: Message, above: int, place: Place) -> bytes:
    """Return a mail with each attached file of more than so many bytes replaced by lines that name it.

    Everything else stays byte for byte, but for line ends; without such a file, or sealed, the mail comes back as it is.
    """
    if sealed(message):
        return raw
    content = canonical(raw)
    fields, body = split_entity(content)
    changed = _replaced(
        fields, body, lambda one: _lines(one, place) if one.size > above else None, 0, top=True
    )
    return raw if changed is None else changed


def as_plain_text(raw: bytes, message: Message, place: Place) -> bytes:
    """Return a mail as plain text in narrow lines, its files named; an encrypted or illegible one comes back as it is."""
    if encrypted(message) or message.garbled:
        return raw
    words = _WORDS[place.language]
    text = message.text[:MOST_TEXT].strip("\n")
    lines = [piece for line in text.splitlines() for piece in _narrow(line)]
    if len(message.text) > MOST_TEXT:
        lines.append(words["cut"].format(number=place.number))
    files = list(_files(canonical(raw)))
    if sealed(message):
        files = [one for one in files if one.kind not in _SIGNATURES]
        lines += ["", words["signed"].format(number=place.number)]
    for one in files:
        lines += ["", *_lines(one, place)]
    fields, _ = split_entity(canonical(raw))
    head = [each for each in fields if not field_name(each).startswith("content-")]
    head = [each for each in head if field_name(each) != "mime-version"]
    return join_entity([*head, *_TEXT_HEAD], "\r\n".join([*lines, ""]).encode("utf-8", "replace"))


@dataclass(frozen=True)
class _File:
    """An attached file."""

    name: str
    kind: str
    size: int
    sha256: str


_TEXT_HEAD = [
    b"MIME-Version: 1.0\r\n",
    b"Content-Type: text/plain; charset=utf-8\r\n",
    b"Content-Transfer-Encoding: 8bit\r\n",
]


def _narrow(line: str) -> Sequence[str]:
    """Return a line within the width; each piece of a quoted one is quoted as it was."""
    said = line.lstrip("> ")
    marks = line[: len(line) - len(said)] if line.startswith(">") else ""
    return [marks + piece for piece in wrap(line.removeprefix(marks), NARROW - len(marks))]


def _lines(one: _File, place: Place) -> list[str]:
    words = _WORDS[place.language]
    said = [
        words["file"].format(name=one.name, size=one.size),
        "  SHA-256",
        f"  {one.sha256}",
        words["get"].format(robot=place.robot, number=place.number),
    ]
    lines = [piece for line in said for piece in _narrow(line)]
    # An address that is broken in two leads nowhere.
    return [*lines, words["page"], f"  {place.page}"] if place.page else lines


def _replaced(
    fields: Fields, body: bytes, say: Callable[[_File], list[str] | None], depth: int, *, top: bool = False
) -> bytes | None:
    """Return the entity with each file of which `say` returns lines replaced by these; None: there is no such file."""
    kind, parameters = content_type(fields)
    if kind in {"multipart/mixed", "multipart/report"} and depth < _DEPTH and parameters.get("boundary"):
        parts, around = split_multipart(body, parameters["boundary"])
        changed = [_replaced(*split_entity(part), say, depth + 1) for part in parts]
        if all(one is None for one in changed):
            return None
        pieces = [around[0]]
        for part, new, after in zip(parts, changed, around[1:], strict=True):
            pieces += [part if new is None else new.removesuffix(b"\r\n"), after]
        return join_entity(fields, b"".join(pieces))
    one = _file(fields, body)
    lines = None if one is None else say(one)
    if lines is None:
        return None
    text = base64.encodebytes("\r\n".join([*lines, ""]).encode("utf-8", "replace")).replace(b"\n", b"\r\n")
    head = [b"Content-Type: text/plain; charset=utf-8\r\n", b"Content-Transfer-Encoding: base64\r\n"]
    kept = [each for each in fields if not field_name(each).startswith("content-")] if top else []
    return join_entity([*kept, *head], text)


def _files(content: bytes, depth: int = 0) -> Iterator[_File]:
    """Yield the attached files of a mail, or of a part so deep in one; not those within attached mails."""
    fields, body = split_entity(content)
    kind, parameters = content_type(fields)
    if kind.startswith("multipart/") and depth < _DEPTH and parameters.get("boundary"):
        for part in split_multipart(body, parameters["boundary"])[0]:
            yield from _files(part, depth + 1)
    elif (one := _file(fields, body)) is not None:
        yield one


def _file(fields: Fields, body: bytes) -> _File | None:
    """Return the file that an entity is; None: it is text to read, or no leaf."""
    kind, _ = content_type(fields)
    if kind.startswith("multipart/"):
        return None
    attached = field_value(fields, "content-disposition").lower().startswith("attachment")
    if kind in {"text/plain", "text/html"} and not attached:
        return None
    content = decode_transfer(transfer_encoding(fields), body)
    content = body if content is None else content
    # The parser knows every way in which names are written and hidden; here it is asked about this one part.
    named = parse(
        join_entity([each for each in fields if field_name(each).startswith("content-")], b"")
    ).parts
    name = next((part.filename for part in named if part.filename), None)
    return _File(name or kind, kind, len(content), hashlib.sha256(content).hexdigest())
