"""Sealed surveys: each voter's key, and the line that it finds in the published list (ballot.md section 15).

The key stands in the voter's receipts and is destroyed with them; after that nobody but the voter can say which
line is whose: HMAC-SHA256 (RFC 2104) of the reference under a key that is HMAC-SHA256 of a secret of the survey.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

from mailbot.core.mail.token import ALPHABET

SECRET_BYTES = 32
_GROUPS, _GROUP = 4, 5  # letters: 100 bits, to be typed from paper
LINE = 32  # hexadecimal digits: 128 bits


@dataclass(frozen=True)
class Seal:
    """What a voter needs to find their own vote in the published list."""

    key: str  # k7q2m-3xd9w-pt4hv-8n0rc
    line: str


def seal_of(secret: bytes, ballot_id: int, reference: str) -> Seal:
    """Return the key of one ballot and the line that it leads to."""
    key = voter_key(secret, ballot_id)
    return Seal(key, line_of(key, reference))


def voter_key(secret: bytes, ballot_id: int) -> str:
    """Return a ballot's own key, as it is printed; `secret` is the survey's."""
    bits = int.from_bytes(hmac.digest(secret, f"ballot:{ballot_id}".encode(), hashlib.sha256))
    letters = "".join(ALPHABET[bits >> 5 * number & 31] for number in range(_GROUPS * _GROUP))
    return "-".join(letters[start : start + _GROUP] for start in range(0, len(letters), _GROUP))


def line_of(key: str, reference: str) -> str:
    """Return the line of a vote, as `printf %s REFERENCE | openssl dgst -sha256 -hmac KEY` begins."""
    return hmac.digest(key.encode(), reference.encode(), hashlib.sha256).hex()[:LINE]
