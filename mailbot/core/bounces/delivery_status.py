"""The machine-readable part of a bounce: one group of fields per recipient (RFC 3464, 3461, 6533), damaged ones too."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from mailbot.core.mail.address import ADDRESS_LIMIT, LOCAL_LIMIT
from mailbot.core.mail.control_characters import strip_controls
from mailbot.core.mail.encoded_word import decode_header
from mailbot.core.mail.japanese import decode

RECIPIENTS = 200  # of one bounce that are read
CONTENT = 100_000  # bytes of one part that are read: 200 groups of 500
LINE = 1_000  # characters of one line, or of one field with its continuations, that are read

STATUS = re.compile(r"(?<![\w./-])([245]\.\d{1,3}\.\d{1,3})(?!\.?\d)")
# The dots of Japan's carriers stand wherever they like, also in quotes.
ADDRESS = re.compile(
    r"""(?:"[^"\s@<>]{1,62}"|[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64})"""
    r"@(?:\[[\d.]{7,15}\]|[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63}){0,20})"
)
# RFC 6531
_WIDE_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"@\x00-\x1f\x7f]{1,64}@[^\s<>()\[\],;:\"@\x00-\x1f\x7f]{1,190}")
# What stands before the address in such a field: its type, or what some program adds.
_BEFORE = re.compile(r"(?:.*?dda:)?(?:smtp[=:]|mailto:|rfc822[;=])?/{0,2}", re.IGNORECASE)
_FIELD = re.compile(r"[\s>|]{0,20}([A-Za-z][A-Za-z0-9-]{2,60})[ \t]{0,5}[:：]")
_KNOWN_FIELDS = frozenset(
    [
        "final-recipient",
        "original-recipient",
        "x-actual-recipient",
        "action",
        "status",
        "diagnostic-code",
        "remote-mta",
        "last-attempt-date",
        "will-retry-until",
        "final-log-id",
        "reporting-mta",
        "arrival-date",
    ]
)
_RECIPIENT_FIELDS = ("original-recipient", "final-recipient", "x-actual-recipient")
_XTEXT = re.compile(r"\+([0-9A-F]{2})")
_UTF8_XTEXT = re.compile(r"\\x\{([0-9A-Fa-f]{2,6})\}")


@dataclass(frozen=True)
class RecipientStatus:
    """What one group of fields says; each value as it stands, without controls."""

    address: str | None  # Original-Recipient where it holds an address, else Final-Recipient
    action: str | None  # its first word, lower case
    status: str | None  # "5.1.1"
    diagnostic: str  # the remote server's words, without their type


def read_delivery_status(content: bytes, charset: str | None) -> list[RecipientStatus]:
    """Read the groups of a message/delivery-status part; [] where none names a recipient."""
    return read_status_lines(decode(content[:CONTENT], charset).text.splitlines())


def read_status_lines(lines: list[str]) -> list[RecipientStatus]:
    """Read the groups in these lines, which may stand between others, be quoted, or have lost their empty lines."""
    statuses = [_status(group) for group in _groups(lines)]
    return [status for status in statuses if status is not None][:RECIPIENTS]


def bare_address(text: str, *, wide: bool = False) -> str | None:
    """Return the first mail address in a text, without what mail programs put around it; None if there is none.

    Letters beyond ASCII count only where `wide`: in prose nobody can say where such an address ends.
    """
    found = ADDRESS.search(text[:LINE]) or (_WIDE_ADDRESS.search(text[:LINE]) if wide else None)
    if found is None:
        return None
    address = found[0].strip("'`").rstrip(".")
    before = _BEFORE.match(address)
    local, _, domain = address[before.end() if before else 0 :].rpartition("@")
    local = local.removeprefix('"').removesuffix('"')
    whole = f"{local}@{domain}"
    return whole if 0 < len(local) <= LOCAL_LIMIT and domain and len(whole) <= ADDRESS_LIMIT else None


def _groups(lines: list[str]) -> Iterator[dict[str, str]]:
    """Yield the fields of each recipient.

    A group ends at the next recipient rather than at the empty line of RFC 3464: some makers write one behind each
    field, others none. What stands before the first recipient is about the mail as a whole and is left out.
    """
    group: dict[str, str] = {}
    name = ""
    for whole in lines:
        line = whole[:LINE]
        found = _FIELD.match(line)
        if found is None or (line[:1] in " \t" and found[1].lower() not in _KNOWN_FIELDS):
            if not line.strip(" \t>|"):
                name = ""
                group = group if _names(group) else {}  # what is said of the mail as a whole
            elif name and line[:1] in {" ", "\t"} and len(group[name]) < LINE:
                group[name] += " " + line.strip()
            continue
        name = found[1].lower()
        if name in group and name in {*_RECIPIENT_FIELDS, "action"} and _names(group):
            yield group
            group = {}
        group.setdefault(name, line[found.end() :].strip())
    if group:
        yield group


def _names(group: dict[str, str]) -> bool:
    return any(name in group for name in _RECIPIENT_FIELDS)


def _status(group: dict[str, str]) -> RecipientStatus | None:
    if not _names(group):
        return None
    diagnostic = group.get("diagnostic-code", "")
    kind, typed, words = diagnostic.partition(";")
    said = words if typed and len(kind.split()) <= 2 else diagnostic
    code = STATUS.search(group.get("status", ""))
    if code is None:
        said = f"{group.get('status', '')} {said}".strip()  # some write the answer of SMTP there
    action = re.match(r"[\s<\"]*([A-Za-z-]{1,30})", group.get("action", ""))
    return RecipientStatus(
        address=_recipient(group),
        action=action[1].lower() if action else None,
        status=code[1] if code else None,
        diagnostic=strip_controls(" ".join(said.split()))[:LINE],
    )


def _recipient(group: dict[str, str]) -> str | None:
    """Return the address that we wrote to where the report tells it, else the one that the mail ended at."""
    for name in _RECIPIENT_FIELDS:
        value = group.get(name, "")
        kind, typed, rest = value.partition(";")
        text = decode_header(rest if typed else value)
        address = bare_address(_decoded(kind.strip().lower(), text) if typed else text, wide=True)
        if address is not None:
            return strip_controls(address)
    return None


def _decoded(kind: str, value: str) -> str:
    r"""Undo what only a machine reads: `\x{3042}` (RFC 6533), and xtext (RFC 3461) where it cannot be anything else."""
    if kind == "utf-8":
        value = _UTF8_XTEXT.sub(_unescaped, value)
    if "@" not in value or "+2B" in value or "+3D" in value:  # else it may be user+AB@example.jp
        value = _XTEXT.sub(lambda found: chr(int(found[1], 16)), value)
    return value


def _unescaped(found: re.Match[str]) -> str:
    number = int(found[1], 16)
    return chr(number) if 0xA0 < number < 0x110000 and not 0xD800 <= number < 0xE000 else ""
