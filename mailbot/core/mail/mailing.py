"""The cooked message that many recipients share, and the few bytes of it that are each recipient's own.

A recipient's own bytes stand in the cooked message as fields: a name between two NUL bytes (a NUL can stand
nowhere else in what we send). `template` splits a cooked message once; `fill` joins one recipient's copy.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import repeat

_FOLDED = 74  # octets behind the blank of a folded line
_FIELD = re.compile(rb"\x00([a-z_]+)\x00")
_NO_VALUES: Mapping[str, bytes] = {}


def field(name: str) -> str:
    """Return the mark that stands in a cooked message for each recipient's own value of this name."""
    return f"\x00{name}\x00"


def folded_mailbox(address: str) -> bytes:
    """Return an address as it stands at the beginning of a folded line of a calendar file (RFC 5545 section 3.1)."""
    raw = address.encode("utf-8")
    if len(raw) <= _FOLDED:
        return raw
    return b"\r\n ".join(raw[at : at + _FOLDED] for at in range(0, len(raw), _FOLDED))


def template(cooked: bytes) -> tuple[bytes | str, ...]:
    """Split a cooked message into its fixed bytes and, between them, the names of its fields."""
    pieces = _FIELD.split(cooked)
    return tuple(piece.decode("ascii") if index % 2 else piece for index, piece in enumerate(pieces))


def fill_each(
    pieces: Sequence[bytes | str], columns: Mapping[str, Sequence[bytes]], count: int
) -> list[bytes]:
    """Return the copies of so many recipients, as `fill` does: each field has a column of their values."""
    parts = [repeat(piece, count) if isinstance(piece, bytes) else columns[piece] for piece in pieces]
    return [b"".join(copy) for copy in zip(*parts, strict=True)]


def fill(pieces: Sequence[bytes | str], values: Mapping[str, bytes]) -> bytes:
    """Return one recipient's copy. Raises KeyError when a field has no value."""
    return b"".join([piece if type(piece) is bytes else values[piece] for piece in pieces])  # type: ignore[index]


def copy_shown(cooked: bytes, values: Mapping[str, bytes] = _NO_VALUES, others: bytes = b"") -> bytes:
    """Return a copy to be looked at, and not sent: with these values of its fields, and `others` for those that have none."""
    return b"".join(
        piece if isinstance(piece, bytes) else values.get(piece, others) for piece in template(cooked)
    )


def could_be(cooked: bytes, filled: str, known: Mapping[str, str]) -> bool:
    """Tell whether a piece of a cooked message could read so once it is filled; `known`: those of its values that are known."""
    pieces = [
        re.escape(piece.decode("utf-8", "replace"))
        if isinstance(piece, bytes)
        else re.escape(known[piece])
        if piece in known
        else "[^<>@]*"
        for piece in template(cooked)
    ]
    return re.fullmatch("".join(pieces), filled) is not None
