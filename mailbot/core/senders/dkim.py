"""DKIM signatures (RFC 6376, 8301, 8463): what of a copy is covered, in which form it is hashed, the field that says so.

Always relaxed/relaxed and the whole body (no l=, RFC 6376 section 8.2). The private key stays outside: a `Signer` is
given the digest. What all copies of a mailing share is prepared once, as a `Covered`.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Literal

from mailbot.core.mail.entity import field_name, split_entity
from mailbot.core.mail.mailing import fill_each, template

Algorithm = Literal["rsa-sha256", "ed25519-sha256"]


@dataclass(frozen=True)
class Signer:
    """A key in use, and where its public half is published: SELECTOR._domainkey.DOMAIN."""

    domain: str  # d=
    selector: str  # s=
    algorithm: Algorithm
    sign: Callable[[bytes], bytes]  # a SHA-256 digest to its signature; called from several threads at once
    shared: bool = False  # one signature for all copies of a mailing, where their bodies are the same


# Every field that a reader or a program goes by; names of families end in a hyphen.
_COVERED = frozenset(
    {
        *("from", "sender", "reply-to", "author", "subject", "date", "message-id", "to", "cc"),
        *("in-reply-to", "references", "mime-version", "archived-at", "auto-submitted"),
        "cfbl-address",  # believed only where it is covered (RFC 9477 section 3.1.1)
    }
)
_COVERED_FAMILIES = ("content-", "list-")
# Named once more than they stand in the mail: a second one that somebody adds breaks the signature.
_OVERSIGNED = ("from", "subject", "date", "to")

_BLANKS = re.compile(rb"[ \t]+")
_WIDTH = 76  # columns of the field that we write


@dataclass(frozen=True)
class Covered:
    """What of a mailing's copies is signed, in relaxed form; fields of core/mail/mailing.py may stand in its head."""

    names: tuple[str, ...]  # h=
    pieces: tuple[bytes | str, ...]  # the covered header fields
    body_hash: bytes


def covered(content: bytes, *, shared: bool = False, more: frozenset[str] = frozenset()) -> Covered:
    """Return what is signed of a mail, or of a cooked mailing whose body is the same in every copy.

    What a copy fills into a covered field must have no line end, and no blank at its ends. With `shared` only what all
    copies have in common is covered, and `more` names further fields.
    """
    fields, body = split_entity(content)
    own = {field_name(field) for field in fields if b"\x00" in field} if shared else set()
    wanted = _COVERED | more
    present = [
        field
        for field in reversed(fields)  # of several namesakes the last is signed first, section 5.4.2
        if ((name := field_name(field)) in wanted or name.startswith(_COVERED_FAMILIES)) and name not in own
    ]
    names = [field_name(field) for field in present]
    return Covered(
        (*names, *(name for name in _OVERSIGNED if name not in own)),
        template(b"".join(map(relaxed_field, present))),
        hashlib.sha256(relaxed_body(body)).digest(),
    )


def signature(signed: Covered, values: Mapping[str, bytes], signer: Signer, now: datetime) -> bytes:
    """Return the DKIM-Signature field of one copy, which is filled with these values, with its line end."""
    return signatures(
        unsigned(signed, {name: (value,) for name, value in values.items()}, 1, signer, now), signer
    )[0]


Unsigned = tuple[bytes, bytes]  # a field up to its empty b=, and the digest that is to be signed


def unsigned(
    signed: Covered, columns: Mapping[str, Sequence[bytes]], count: int, signer: Signer, now: datetime
) -> list[Unsigned]:
    """Return what is to be signed of so many copies; each field of theirs has a column of their values."""
    field, relaxed = _field(signed, signer, int(now.timestamp()))
    heads = fill_each(signed.pieces, columns, count)
    # Section 3.7: the field itself comes last, its b= empty, without a line end.
    return [(field, hashlib.sha256(_single_blanks(head) + relaxed).digest()) for head in heads]


def signatures(what: Sequence[Unsigned], signer: Signer) -> list[bytes]:
    """Return the DKIM-Signature fields of some copies, each with its line end.

    The private-key operations follow each other with nothing in between: after a millisecond of arithmetic Python's own
    code is in no cache any more, and each step of it costs five times as much.
    """
    made = list(map(signer.sign, [digest for _, digest in what]))
    return [
        field + folded_value(base64.b64encode(each).decode()) + b"\r\n"
        for (field, _), each in zip(what, made, strict=True)
    ]


def relaxed_field(field: bytes) -> bytes:
    """Return a header field in relaxed form (section 3.4.2), with its line end."""
    name, _, value = field.partition(b":")
    return (
        name.rstrip().lower() + b":" + _BLANKS.sub(b" ", value.replace(b"\r\n", b"")).strip(b" \t") + b"\r\n"
    )


def relaxed_body(body: bytes) -> bytes:
    """Return a body of CRLF lines in relaxed form (section 3.4.4); an empty one stays empty."""
    if b"  " in body or b"\t" in body:
        body = _BLANKS.sub(b" ", body)
    lines = body.replace(b" \r\n", b"\r\n").rstrip(b"\r\n")
    return lines + b"\r\n" if lines else b""


def _single_blanks(head: bytes) -> bytes:
    return _BLANKS.sub(b" ", head) if b"  " in head else head


@lru_cache(maxsize=64)
def _field(signed: Covered, signer: Signer, moment: int) -> tuple[bytes, bytes]:
    """Return the field up to its empty b=, and in relaxed form.

    The copies of a mailing that are signed in the same second share it.
    """
    tags = (
        f"v=1; a={signer.algorithm}; c=relaxed/relaxed; d={signer.domain}; s={signer.selector}; t={moment}; "
        f"h={':'.join(signed.names)}; bh={base64.b64encode(signed.body_hash).decode()}; b="
    )
    field = folded_tags("DKIM-Signature", tags)
    return field, relaxed_field(field + b"\r\n")[:-2]


def folded_tags(name: str, tags: str) -> bytes:
    """Return a field of these tags without its line end; folds may stand behind any semicolon or colon."""
    lines = [f"{name}:"]
    for piece in re.findall(r"[^;:]*[;:]?", f" {tags}"):
        if len(lines[-1]) + len(piece) > _WIDTH:
            lines.append(" ")
        lines[-1] += piece if lines[-1] != " " else piece.lstrip()
    return "\r\n".join(lines).encode("ascii")


def folded_value(value: str) -> bytes:
    """Return the base64 of a signature in lines of their own."""
    return "".join(f"\r\n {value[start : start + _WIDTH]}" for start in range(0, len(value), _WIDTH)).encode()
