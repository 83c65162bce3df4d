"""The hash by which a mail is known again, whichever way it came."""

from __future__ import annotations

import hashlib
from functools import lru_cache

MAX_HASHED_HEAD = 512 * 1024  # bytes in which trace fields are looked for; no readable header is longer
_TRACE_FIELDS = frozenset(
    {
        "received", "received-spf", "return-path", "delivered-to", "envelope-to", "authentication-results", "dkim-signature",
        "domainkey-signature",
    }
)  # fmt: skip
_ENDS_KEPT = 8  # bytes of empty lines behind a mail: enough to end its head, also behind an mbox line
_TRACE_PREFIXES = ("arc-", "x-")  # each gateway and scanner has X- fields of its own


def canonical_hash(raw: bytes) -> str:
    """Return the SHA-256, in hex, of a mail without what was added on its way: it is the same by SMTP, LMTP and IMAP.

    Left out are trace fields, signatures, all X- fields, and empty lines at the end. Line ends count as CRLF.
    """
    if len(raw) - (end := _last_line_end(raw, 0)) > _ENDS_KEPT:
        raw = raw[: end + _ENDS_KEPT]
    mail = raw
    if not raw.count(b"\r\n") == raw.count(b"\n") == raw.count(b"\r"):  # SMTP lets no other line ends through
        mail = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
    start = 0
    if mail.startswith(b"From "):
        start = mail.find(b"\r\n") + 2 if b"\r\n" in mail else len(mail)
    end = mail.find(b"\r\n\r\n", start)
    end = len(mail) if end < 0 else end
    kept = []
    keeps = False  # the field whose line this is
    for line in _lines_of_head(mail[start:end]):
        if not line.startswith((b" ", b"\t")):
            keeps = not _is_trace(line[:100].partition(b":")[0])
        if keeps:
            kept.append(line)
    found = hashlib.sha256(b"\r\n".join([*kept, b"", b""]))
    found.update(memoryview(mail)[end + 4 : _last_line_end(mail, end + 4)])
    return found.hexdigest()


def _last_line_end(mail: bytes, start: int) -> int:
    """Return where the text behind this place ends: before the line ends that close the mail."""
    stop = len(mail)
    while start < stop:
        some = max(start, stop - 65_536)
        if text := mail[some:stop].rstrip(b"\r\n"):
            return some + len(text)
        stop = some
    return start


def _lines_of_head(head: bytes) -> list[bytes]:
    """Split a head into lines; what lies behind a readable header, in a mail without an empty line, stays one piece."""
    if len(head) <= MAX_HASHED_HEAD:
        return head.split(b"\r\n")
    end = head.find(b"\r\n", MAX_HASHED_HEAD)
    return head.split(b"\r\n") if end < 0 else [*head[:end].split(b"\r\n"), head[end + 2 :]]


@lru_cache(maxsize=256)
def _is_trace(field: bytes) -> bool:
    name = field.strip().lower().decode("latin-1")
    return name in _TRACE_FIELDS or name.startswith(_TRACE_PREFIXES)
