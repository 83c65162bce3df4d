"""Posts in one mail: a letter of ours, and behind it each post whole, as message/rfc822 (RFC 2046 section 5.2.1)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from mailbot.core.entity import Fields, field_name, join_entity, split_entity


@dataclass(frozen=True)
class Enclosed:
    """One post that is sent within another mail."""

    name: str  # of its file, ASCII: security-00123.eml
    content: bytes  # CRLF line ends, no line above 998 octets


def enclose(letter: bytes, posts: Sequence[Enclosed], kind: Literal["files", "digest"] = "files") -> bytes:
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
