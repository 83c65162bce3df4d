"""Downgrading a message for a next hop without 8BITMIME (RFC 6152), and breaking lines that SMTP cannot carry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mailbot.core.mail.entity import (
    LINE_LIMIT,
    Fields,
    content_type,
    decode_transfer,
    encode_transfer,
    join_entity,
    split_entity,
    split_multipart,
    transfer_encoding,
    with_field,
)

_DEPTH_LIMIT = 20  # nested multiparts, as many as are parsed


@dataclass(frozen=True)
class _Aim:
    """What is wrong with some bytes, and how those are mended that no transfer encoding can wrap."""

    wrong: Callable[[bytes], bool]
    mend: Callable[[bytes], bytes]


def seven_bit(content: bytes) -> bytes:
    """Return the message with each leaf that has 8-bit bytes in base64 or quoted-printable.

    Header fields stay byte for byte but for Content-Transfer-Encoding. Fields of core/mail/mailing.py in a body must
    have been filled before.
    """
    return _rewrite(content, _Aim(_has_eight_bits, _without_eight_bits), 0)


def short_lines(content: bytes) -> bytes:
    """Return the message with each leaf that has a line of more than 998 octets in a transfer encoding."""
    return _rewrite(content, _Aim(_has_long_line, _wrapped), 0)


def _rewrite(entity: bytes, aim: _Aim, depth: int) -> bytes:
    if not aim.wrong(entity):
        return entity
    fields, body = split_entity(entity)
    if not aim.wrong(body):
        return entity
    kind, parameters = content_type(fields)
    if kind.startswith("multipart/") or kind == "message/rfc822":
        body = _rewrite_container(kind, parameters.get("boundary", ""), body, aim, depth)
        if transfer_encoding(fields) in {"8bit", "binary"} and body.isascii():
            fields = with_field(fields, "Content-Transfer-Encoding", "7bit")
        return join_entity(fields, body)
    return _rewrite_leaf(fields, kind, body, aim)


def _rewrite_container(kind: str, boundary: str, body: bytes, aim: _Aim, depth: int) -> bytes:
    if depth >= _DEPTH_LIMIT:
        return aim.mend(body)
    if kind == "message/rfc822":
        return _rewrite(body, aim, depth + 1)
    parts, around = split_multipart(body, boundary) if boundary else ([], [body])
    pieces = [aim.mend(around[0])]
    for part, after in zip(parts, around[1:], strict=True):
        pieces += [_rewrite(part, aim, depth + 1), aim.mend(after)]
    return b"".join(pieces)


def _rewrite_leaf(fields: Fields, kind: str, body: bytes, aim: _Aim) -> bytes:
    declared = transfer_encoding(fields)
    if declared == "base64":
        return join_entity(fields, _folded_base64(body))
    content = None if kind.startswith("message/") else decode_transfer(declared, body)
    if content is None:
        return join_entity(fields, aim.mend(body))
    encoding = declared if declared == "quoted-printable" else _suitable(kind, content)
    fields = with_field(fields, "Content-Transfer-Encoding", encoding)
    return join_entity(fields, encode_transfer(encoding, content))


def _folded_base64(body: bytes) -> bytes:
    """Fold what is base64 already without reading it: nothing that is wrong inside becomes worse."""
    letters = body.translate(None, _NOT_BASE64)
    return b"".join(letters[start : start + 76] + b"\r\n" for start in range(0, len(letters), 76))


def _suitable(kind: str, content: bytes) -> str:
    """Choose the encoding that stays readable, or the one that stays short."""
    unreadable = len(content) - len(content.translate(None, _EIGHT_BITS))
    return "quoted-printable" if kind.startswith("text/") and unreadable * 6 < len(content) else "base64"


def _has_eight_bits(content: bytes) -> bool:
    return not content.isascii()


def _without_eight_bits(content: bytes) -> bytes:
    return content.translate(_QUESTION_MARKS)


def _has_long_line(content: bytes) -> bool:
    begins = 0  # of a line that is short enough, and all before it are
    while len(content) - begins > LINE_LIMIT:
        begins = content.rfind(b"\r\n", begins, begins + LINE_LIMIT + 2) + 2
        if begins < 2:
            return True
    return False


def _wrapped(content: bytes) -> bytes:
    return b"\r\n".join(
        b"\r\n".join(line[start : start + LINE_LIMIT] for start in range(0, max(len(line), 1), LINE_LIMIT))
        for line in content.split(b"\r\n")
    )


_EIGHT_BITS = bytes(range(128, 256))
_NOT_BASE64 = bytes(
    code for code in range(256) if not (chr(code).isascii() and (chr(code).isalnum() or chr(code) in "+/="))
)
_QUESTION_MARKS = bytes(range(128)) + b"?" * 128
