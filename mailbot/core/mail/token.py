"""Tokens in addresses: what they name, and the MAC that nobody else can make (RFC 2104).

Letters are Crockford's base32 in lower case without padding: they survive gateways that change the case of a
local part, and a person who reads i or l for 1, or o for 0, is understood.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
MAC_LENGTH = 16  # letters, 80 bits
MAX_LENGTH = 26  # letters, so that list name, role and token fit the 64 octets of a local part

_BLOCK = 64  # octets that SHA-256 takes at once
_VALUES = {letter: value for value, letter in enumerate(ALPHABET)}
_LOOKALIKES = str.maketrans("ilo", "110")
_PAIRS = tuple(first + second for first in ALPHABET for second in ALPHABET)  # ten bits each
_AT_ONCE = 64  # MACs that are written in letters together
_KEPT = 256  # tokens that were looked at last: of a mail at its RCPT, before and while it is read
_LETTERS = ALPHABET.encode("ascii") + bytes(224)  # each octet's letter


@lru_cache(maxsize=_KEPT)
def fold(token: str) -> str | None:
    """Return the token as we write it, or None when it holds a letter that no token has or is too long."""
    folded = token.lower().translate(_LOOKALIKES)
    if 0 < len(folded) <= MAX_LENGTH and _VALUES.keys() >= set(folded):
        return folded
    return None


def ballot_token(key: bytes, ballot_id: int, issue: int = 1) -> str:
    """Return the 16 letters that open one ballot; they say nothing of its id and are looked up by `token_hash`.

    Each issue (from 1) of a ballot has its own: 「再送」 replaces the one before.
    """
    return _mac(key, "ballot", str(ballot_id) if issue == 1 else f"{ballot_id}.{issue}")


def desk_token(key: bytes, word_id: int) -> str:
    """Return the 16 letters with which the office answers one mail of ours, once; looked up by `token_hash`."""
    return _mac(key, "desk", str(word_id))


def confirm_token(key: bytes, confirmation_id: int) -> str:
    """Return the 16 letters with which one person answers one question of ours, once; looked up by `token_hash`."""
    return _mac(key, "confirm", str(confirmation_id))


@lru_cache(maxsize=_KEPT)
def token_hash(token: str) -> str:
    """Return what is stored in place of a token: SHA-256, in hex, of its folded letters (promises.md I31)."""
    return hashlib.sha256(token.lower().translate(_LOOKALIKES).encode("utf-8", "replace")).hexdigest()


def bounce_token(key: bytes, delivery_id: int) -> str:
    """Return the token of a delivery's own return path: its id and a MAC of 80 bits (promises.md I15)."""
    number = _letters(delivery_id)
    return number + _mac(key, "bounce", number)


def bounce_tokens(key: bytes, delivery_ids: Sequence[int]) -> list[str]:
    """Return the `bounce_token` of each of these deliveries, in a third of the time where there are twenty."""
    return _tokens(key, "bounce", delivery_ids)


def read_bounce_token(keys: Sequence[bytes], token: str) -> int | None:
    """Return the delivery that a bounce is about, or None when no key in use made this token."""
    return _read(keys, "bounce", token)


def mailing_token(key: bytes, mailing_id: int) -> str:
    """Return the token of the one return path of a mailing's identical copies.

    All of its recipients see it: it proves that somebody has seen the mailing, and nothing of whose copy it was.
    """
    number = _letters(mailing_id)
    return number + _mac(key, "mailing", number)


def read_mailing_token(keys: Sequence[bytes], token: str) -> int | None:
    """Return the mailing that a bounce is about, or None when no key in use made this token."""
    return _read(keys, "mailing", token)


def calendar_token(key: bytes, ballot_id: int) -> str:
    """Return the token in the UID of one recipient's calendar entry (RFC 5545 3.8.4.7): the same for ever.

    Not the ballot's own, which may be replaced by a newer one: the entry would be another one then.
    """
    number = _letters(ballot_id)
    return number + _mac(key, "calendar", number)


def read_calendar_token(keys: Sequence[bytes], token: str) -> int | None:
    """Return the ballot whose calendar entry has this token, or None when no key in use made it."""
    return _read(keys, "calendar", token)


def leave_token(key: bytes, list_name: str, member_id: int) -> str:
    """Return the token with which one member leaves one list."""
    number = _letters(member_id)
    return number + _mac(key, f"leave:{list_name}", number)


def leave_tokens(key: bytes, list_name: str, copies: Sequence[int]) -> list[str]:
    """Return what `leave_token` says of each of these copies."""
    return _tokens(key, f"leave:{list_name}", copies)


def read_leave_token(keys: Sequence[bytes], list_name: str, token: str) -> int | None:
    """Return the member who leaves this list, or None when no key in use made this token for it."""
    return _read(keys, f"leave:{list_name}", token)


def leave_token_copy(token: str) -> int | None:
    """Return the copy that a leave token claims to have come in; only `read_leave_token` with its list believes it."""
    folded = fold(token)
    if folded is None or len(folded) <= MAC_LENGTH:
        return None
    return _number(folded[:-MAC_LENGTH])


def visit_token(key: bytes, stage: Literal["link", "session", "form"], confirmation_id: int) -> str:
    """Return the token of the link by which one person enters our pages, of what his browser then shows us, or of a form there."""
    number = _letters(confirmation_id)
    return number + _mac(key, f"visit {stage}", number)


def read_visit_token(
    keys: Sequence[bytes], stage: Literal["link", "session", "form"], token: str
) -> int | None:
    """Return the confirmation that a token of this stage belongs to, or None when no key in use made it."""
    return _read(keys, f"visit {stage}", token)


def trial_token(key: bytes, command: str, confirmation_id: int) -> str:
    """Return the token with which a command is done at the desk whose trial was shown: this one and no other."""
    number = _letters(confirmation_id)
    return number + _mac(key, f"trial {command}", number)


def read_trial_token(keys: Sequence[bytes], command: str, token: str) -> int | None:
    """Return the confirmation of a trial of this command, or None when no key in use made this token for it."""
    return _read(keys, f"trial {command}", token)


def _read(keys: Sequence[bytes], purpose: str, token: str) -> int | None:
    folded = fold(token)
    if folded is None or len(folded) <= MAC_LENGTH:
        return None
    number, mac = folded[:-MAC_LENGTH], folded[-MAC_LENGTH:]
    # Every key is tried, so that the time says nothing of which one is in use.
    matches = [hmac.compare_digest(_mac(key, purpose, number), mac) for key in keys]
    return _number(number) if any(matches) else None


def _tokens(key: bytes, purpose: str, numbers: Sequence[int]) -> list[str]:
    """Return each number in letters, and behind it its MAC."""
    written = [_letters(number) for number in numbers]
    inner, outer = _keyed(key, purpose)
    digests = []
    for letters in written:
        first, second = inner.copy(), outer.copy()
        first.update(letters.encode("ascii"))
        second.update(first.digest())
        digests.append(second.digest())
    macs = "".join([_letters_of_macs(digests[at : at + _AT_ONCE]) for at in range(0, len(digests), _AT_ONCE)])
    return [
        letters + macs[at : at + MAC_LENGTH]
        for letters, at in zip(written, range(0, len(macs), MAC_LENGTH), strict=True)
    ]


def _letters_of_macs(digests: Sequence[bytes]) -> str:
    """Return the first 80 bits of each digest (at most `_AT_ONCE`) in letters, one behind the other.

    All at once in one long number, since one MAC by itself takes as long for its letters as for its hashes: each has a
    lane of 128 bits, which is halved until each octet has the five bits of one letter.
    """
    bits = int.from_bytes(b"".join([digest[:16] for digest in digests]))
    bits = (bits >> 88 & _FORTY) << 64 | bits >> 48 & _FORTY
    bits = (bits >> 20 & _TWENTY) << 32 | bits & _TWENTY
    bits = (bits >> 10 & _TEN) << 16 | bits & _TEN
    bits = (bits >> 5 & _FIVE) << 8 | bits & _FIVE
    return bits.to_bytes(16 * len(digests)).translate(_LETTERS).decode("ascii")


def _lanes(bits: int, width: int) -> int:
    """Return a mask of the lowest bits of each lane of this width."""
    return sum(((1 << bits) - 1) << at for at in range(0, 128 * _AT_ONCE, width))


_FORTY, _TWENTY, _TEN, _FIVE = _lanes(40, 128), _lanes(20, 64), _lanes(10, 32), _lanes(5, 16)


def _mac(key: bytes, purpose: str, subject: str) -> str:
    """Return the first 80 bits of HMAC-SHA256 (RFC 2104) of purpose and subject, in letters.

    To copy two states of hashlib takes two thirds of the time that one of hmac does, and is done twice for each recipient.
    """
    inner, outer = _keyed(key, purpose)
    inner, outer = inner.copy(), outer.copy()
    inner.update(subject.encode("ascii"))
    outer.update(inner.digest())
    mac = outer.digest()
    high, low = int.from_bytes(mac[:5]), int.from_bytes(mac[5:10])  # of 64 bits at most: those are quick
    return (
        _PAIRS[high >> 30]
        + _PAIRS[high >> 20 & 1023]
        + _PAIRS[high >> 10 & 1023]
        + _PAIRS[high & 1023]
        + _PAIRS[low >> 30]
        + _PAIRS[low >> 20 & 1023]
        + _PAIRS[low >> 10 & 1023]
        + _PAIRS[low & 1023]
    )


@lru_cache(maxsize=64)
def _keyed(key: bytes, purpose: str) -> tuple[hashlib._Hash, hashlib._Hash]:
    """Return the inner and the outer state of a purpose, which are kept: a fan-out copies them for each recipient."""
    block = (hashlib.sha256(key).digest() if len(key) > _BLOCK else key).ljust(_BLOCK, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block) + f"{purpose}:".encode())
    return inner, hashlib.sha256(bytes(byte ^ 0x5C for byte in block))


def _letters(number: int) -> str:
    text = ""
    while number:
        text = _PAIRS[number & 1023] + text
        number >>= 10
    return text.lstrip("0") or "0"


def _number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number << 5 | _VALUES[letter]
    return number
