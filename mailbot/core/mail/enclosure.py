"""What stands beside or behind a letter of ours: its HTML (RFC 2046 5.1.4), or posts, each whole (RFC 2046 5.2.1)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from mailbot.core.mail.entity import Fields, field_name, join_entity, split_entity, with_field


@dataclass(frozen=True)
class Enclosed:
    """One post that is sent within another mail."""

    name: str  # of its file, ASCII: security-00123.eml
    content: bytes  # CRLF line ends, no line above 998 octets


def enclose(letter: bytes, posts: Sequence[Enclosed], kind: Literal["files", "digest"]) -> bytes:
    """Return a cooked letter of one part with these posts behind it; without posts it stays as it is.

    As files they are attached one by one; as a digest they stand in one multipart/digest (RFC 2046 section 5.1.5),
    which mail programs show as mails of their own. The boundaries come from what is enclosed, so that the same letter is
    made again, and none of them can stand in it.
    """
    if not posts:
        return letter
    fields, body = split_entity(letter)
    own = [each for each in fields if field_name(each).startswith("content-")]
    head = [each for each in fields if each not in own]
    seed = hashlib.sha256(body + b"".join(post.content for post in posts)).hexdigest()[:32]
    if kind == "files":
        parts = [_part(_file_fields(post), post.content) for post in posts]
    else:
        parts = [_part(*_joined("digest", f"posts-{seed}", [_part([], post.content) for post in posts]))]
    return join_entity(*_wrapped(head, "mixed", f"part-{seed}", [_part(own, body), *parts]))


def with_html(letter: bytes, html: str) -> bytes:
    """Return a cooked letter of one part with its HTML as the other form of the same text; a reader's program shows one."""
    fields, body = split_entity(letter)
    own = [each for each in fields if field_name(each).startswith("content-")]
    head = [each for each in fields if each not in own]
    content = html.replace("\n", "\r\n").encode()
    seed = hashlib.sha256(body + content).hexdigest()[:32]
    kind = [
        b"Content-Type: text/html; charset=UTF-8\r\n",
        f"Content-Transfer-Encoding: {_encoding(content)}\r\n".encode("ascii"),
    ]
    return join_entity(
        *_wrapped(head, "alternative", f"form-{seed}", [_part(own, body), _part(kind, content)])
    )


def in_jis(letter: bytes) -> bytes:
    """Return a cooked letter of one UTF-8 part with its text in ISO-2022-JP (RFC 1468), 〓 for what that does not have."""
    fields, body = split_entity(letter)
    text = "".join(mark if _in_jis(mark) else "〓" for mark in body.decode())
    fields = with_field(fields, "Content-Type", "text/plain; charset=ISO-2022-JP")
    fields = with_field(fields, "Content-Transfer-Encoding", "7bit")
    return join_entity(fields, text.encode("iso2022_jp"))


def _in_jis(mark: str) -> bool:
    try:
        return bool(mark.encode("iso2022_jp"))
    except UnicodeEncodeError:
        return False


def _file_fields(post: Enclosed) -> Fields:
    return [
        b"Content-Type: message/rfc822\r\n",
        f'Content-Disposition: attachment; filename="{post.name}"\r\n'.encode("ascii"),
        f"Content-Transfer-Encoding: {_encoding(post.content)}\r\n".encode("ascii"),
    ]


def _part(fields: Fields, content: bytes) -> bytes:
    return join_entity(fields, content if content.endswith(b"\r\n") else content + b"\r\n")


def _joined(subtype: str, boundary: str, parts: Sequence[bytes]) -> tuple[Fields, bytes]:
    """Return header fields and body of a multipart; the boundary is on a line of its own before each part."""
    edge = f"--{boundary}".encode("ascii")
    body = b"".join(edge + b"\r\n" + part + b"\r\n" for part in parts) + edge + b"--\r\n"
    fields = [
        f'Content-Type: multipart/{subtype}; boundary="{boundary}"\r\n'.encode("ascii"),
        f"Content-Transfer-Encoding: {_encoding(body)}\r\n".encode("ascii"),
    ]
    return fields, body


def _wrapped(head: Fields, subtype: str, boundary: str, parts: Sequence[bytes]) -> tuple[Fields, bytes]:
    fields, body = _joined(subtype, boundary, parts)
    return [*head, *fields], body


def _encoding(content: bytes) -> str:
    """Return what must be declared: a container may not be encoded itself (RFC 2045 section 6.4)."""
    return "7bit" if content.isascii() else "8bit"
