"""The one author whom every reader of a mail must see (promises.md attack 8), and the addresses of its other fields."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from mailbot.core.mail.encoded_word import decode_header
from mailbot.core.mail.mime import HeaderSection


@dataclass(frozen=True)
class Mailbox:
    """A display name, decoded, and an address (RFC 5322 section 3.4)."""

    name: str  # "": none
    address: str


# An address as nearly all are, without quotes, comments and the like.
_PLAIN_ADDRESS = re.compile(
    r"(?P<local>[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64})@(?P<domain>[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*)"
)
_NOT_IN_A_NAME = frozenset('<>@,;:"\\')
_PERHAPS_NOT_IN_A_NAME = re.compile(r'[<>@,;:"\\()]')
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def one_author(head: HeaderSection) -> Mailbox | None:
    """Return the one author that every reader of this mail must see, else None.

    Stricter than RFC 5322: one From field, one address, no group, no route, no quoted local part, no comment but a
    plain one, no control byte; a name in front of the address holds no `@`, unless it repeats the address.
    """
    values = head.all("from")
    if len(values) != 1:
        return None
    value = values[0].replace("\t", " ")
    if _CONTROL.search(value):
        return None
    value = value.strip()
    if "<" not in value:
        bare, _, comment = value.partition(" (")
        address = _plain_address(bare.rstrip())
        remark = comment.removesuffix(")")
        if address is None or (comment and not (comment.endswith(")") and _is_plain_name(remark))):
            return None
        return Mailbox(decode_header(remark).strip(), address)
    name, _, rest = _behind_quotes(value)
    address = _plain_address(rest[:-1]) if rest.endswith(">") else None
    if address is None:
        return None
    name = name.strip()
    if name.startswith('"'):
        inner = _inside_quotes(name)
        return None if inner is None else Mailbox(decode_header(inner).strip(), address)
    if _plain_address(name) == address or _is_plain_name(name):
        return Mailbox(decode_header(name).strip(), address)
    return None


def _behind_quotes(value: str) -> tuple[str, str, str]:
    """Split at the first `<` that is not inside a quoted name."""
    if not value.startswith('"'):
        return value.partition("<")
    end = _closing_quote(value)
    name, bracket, rest = value[end:].partition("<")
    return value[:end] + name, bracket, rest


def _closing_quote(value: str) -> int:
    """Return the place behind the quote that closes the one at the start; the end if nothing does."""
    position = 1
    while position < len(value):
        if value[position] == '"':
            return position + 1
        position += 2 if value[position] == "\\" else 1
    return len(value)


def _inside_quotes(name: str) -> str | None:
    """Return what a display name in quotes says; None if it is more than one quoted string."""
    if len(name) < 2 or _closing_quote(name) != len(name) or not name.endswith('"'):
        return None
    return name[1:-1].replace('\\"', '"').replace("\\\\", "\\")


def _is_plain_name(name: str) -> bool:
    """Tell whether a name without quotes is free of what could be read as an address, a group or a comment in one."""
    if not _PERHAPS_NOT_IN_A_NAME.search(name):
        return True
    opened = 0
    for character in name:
        if character in _NOT_IN_A_NAME:
            return False
        opened += (character == "(") - (character == ")")
        if opened not in {0, 1}:
            return False
    return opened == 0


def _plain_address(text: str) -> str | None:
    """Return an address of the plain form local@domain, its domain in lower case; None for any other form.

    Dots may stand anywhere in the local part, because Japan's mobile carriers gave out such addresses for years.
    """
    found = _PLAIN_ADDRESS.fullmatch(text) if len(text) <= 320 else None
    if found is None or "=?" in found["local"] or len(found["domain"]) > 253:
        return None
    return f"{found['local']}@{found['domain'].lower()}"


def addresses_in(value: str) -> Iterator[str]:
    """Yield the plain addresses of a To or Cc field, leniently: for information, never for trust."""
    for entry in _outside_quotes(value).replace(";", ",").replace(":", ",").split(","):
        inside = entry.rpartition("<")[2].partition(">")[0] if "<" in entry else entry.partition("(")[0]
        address = _plain_address(inside.strip())
        if address is not None:
            yield address


def _outside_quotes(value: str) -> str:
    """Leave out quoted strings, commas and addresses in names with them."""
    return "".join(value.replace("\\\\", "").replace('\\"', "").split('"')[::2])
