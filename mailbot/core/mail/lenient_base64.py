"""Base64 as mail has it (RFC 2045 section 6.8): foreign characters, missing padding, several padded runs."""

from __future__ import annotations

import binascii
from collections.abc import Iterator

_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
_NOT_BASE64 = bytes(byte for byte in range(256) if byte not in _BASE64)
_BASE64_AT_ONCE = 65_536  # bytes


def from_base64(content: bytes) -> bytes:
    """Decode base64 as mail has it: foreign characters skipped, padding missing, several padded runs in one body."""
    return _from_letters(content.translate(None, _NOT_BASE64))


def base64_pieces(content: bytes, start: int, stop: int) -> Iterator[bytes]:
    """Yield, bit by bit, what `from_base64` makes of the content between these places: at once it takes its size five times."""
    begun = b""  # less than a group of four characters
    for at in range(start, stop, _BASE64_AT_ONCE):
        some = content[at : min(at + _BASE64_AT_ONCE, stop)]
        letters = begun + some.translate(None, _NOT_BASE64)
        end = len(letters)
        if at + _BASE64_AT_ONCE < stop:
            end -= (end - letters.rfind(b"=") - 1) % 4
        yield _from_letters(letters[:end])
        begun = letters[end:]


def _from_letters(letters: bytes) -> bytes:
    runs = letters.split(b"=")
    # A single character left over holds six bits: no byte, so nothing is lost with it.
    whole = [run[: len(run) - (len(run) % 4 == 1)] for run in runs if run]
    return b"".join([binascii.a2b_base64(run + b"=" * (-len(run) % 4)) for run in whole])
