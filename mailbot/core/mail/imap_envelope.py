"""The envelope of a mail found in a mailbox, read from its headers because IMAP has none (RFC 5321 section 4.4).

What the mailbox's own server wrote (X-Original-To, Envelope-To, Delivered-To, Return-Path) stands on top, so only
the topmost of each counts: a sender can write the same fields, but only below it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from mailbot.core.mail.envelope import Envelope

_HEADER_LIMIT = 262_144  # bytes of a mail that are searched; promises.md attack 6
_MOST_ADDRESSES = 100  # of one group; as many as RCPT takes
_LONGEST_ADDRESS = 254  # RFC 5321 section 4.5.3.1.3
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+")

# The address before any alias first: a hosted mailbox is often delivered under its own name.
_TRACE_FIELDS = ("x-original-to", "envelope-to", "delivered-to")
_VISIBLE_FIELDS = ("to", "cc")
_FIELDS = frozenset((*_TRACE_FIELDS, *_VISIBLE_FIELDS, "return-path", "from"))


@dataclass(frozen=True)
class StatedAddresses:
    """The addresses that a mail's headers state."""

    mail_from: str  # Return-Path, else the one author; "" is the null sender
    recipients: tuple[tuple[str, ...], ...]  # groups, the most trustworthy first; To and Cc are the last


def stated_addresses(raw: bytes) -> StatedAddresses:
    """Read the addresses from the first 256 KB of a mail; whatever is no plain address is passed over."""
    fields = list(_fields(raw[:_HEADER_LIMIT]))
    trace = [_addresses(_topmost(fields, name)) for name in _TRACE_FIELDS]
    visible = _addresses([value for name, value in fields if name in _VISIBLE_FIELDS])
    return StatedAddresses(_mail_from(fields), tuple(group for group in (*trace, visible) if group))


def envelope_of(stated: StatedAddresses, ours: Collection[str], *, fallback: str, peer: str) -> Envelope:
    """Return the envelope: the addresses of the first group that has any of ours, else `fallback`.

    Those of `stated` that the service answers to are `ours`; `fallback` is the account's own address, so that a
    mail for nobody is still received, and set aside where the secretariat sees it.
    """
    known = (tuple(address for address in group if address in ours) for group in stated.recipients)
    recipients = next(filter(None, known), (fallback,))
    return Envelope(stated.mail_from, recipients, peer, "imap")


def _mail_from(fields: list[tuple[str, str]]) -> str:
    return_path = _topmost(fields, "return-path")
    if [value.strip() for value in return_path] == ["<>"]:
        return ""
    authors = _addresses([value for name, value in fields if name == "from"])
    senders = _addresses(return_path) or authors
    return senders[0] if len(senders) == 1 else ""


def _topmost(fields: list[tuple[str, str]], wanted: str) -> list[str]:
    return [value for name, value in fields if name == wanted][:1]


def _fields(head: bytes) -> Iterator[tuple[str, str]]:
    """Yield the wanted fields in order, names in lower case, unfolded."""
    name, lines = "", list[str]()
    for raw_line in head.split(b"\n"):
        line = raw_line.removesuffix(b"\r").decode("ascii", "replace")
        if not line:
            break
        if line[0] in " \t":
            lines.append(line)
            continue
        if name in _FIELDS:
            yield name, "".join(lines)
        before, _, value = line.partition(":")
        name, lines = before.rstrip().lower(), [value]
    if name in _FIELDS:
        yield name, "".join(lines)


def _addresses(values: Iterable[str]) -> tuple[str, ...]:
    """Return the plain addresses of these lists, each once (RFC 5322 section 3.4)."""
    found: dict[str, None] = {}
    for bare, angle in (mailbox for value in values for mailbox in _mailboxes(value)):
        address = (bare if angle is None else angle).strip()
        if len(address) <= _LONGEST_ADDRESS and _ADDRESS.fullmatch(address):
            found[address] = None
        if len(found) == _MOST_ADDRESSES:
            break
    return tuple(found)


def _mailboxes(value: str) -> Iterator[tuple[str, str | None]]:
    """Yield of each mailbox what stands outside of quotes and comments, and what in its angle brackets."""
    bare, angle = list[str](), None
    comments, quoted, inside = 0, False, False
    characters = iter(value)
    for character in characters:
        if character == "\\" and (quoted or comments):
            next(characters, None)
        elif character == '"' and not comments:
            quoted = not quoted
            bare.append('"')  # a quoted local part is thus no plain address
        elif quoted:
            continue
        elif character == "(":
            comments += 1
        elif character == ")" and comments:
            comments -= 1
        elif comments:
            continue
        elif character == "<":
            angle, inside = list[str](), True
        elif character == ">":
            inside = False
        elif inside and angle is not None:
            angle.append(character)
        elif character in ",;":
            yield "".join(bare), None if angle is None else "".join(angle)
            bare, angle = [], None
        elif character == ":":
            bare = []  # what stood before was the name of a group
        else:
            bare.append(character)
    yield "".join(bare), None if angle is None else "".join(angle)
