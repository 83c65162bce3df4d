"""The envelope of a mail found in a mailbox, read from its headers because IMAP has none (RFC 5321 section 4.4).

What the mailbox's own server wrote stands on top, so the topmost field with an address of ours is asked first. A sender
can write the same fields below it, which gains him nothing: he may write to that address of ours as well.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from mailbot.core.transfer.envelope import Envelope

_HEADER_LIMIT = 262_144  # bytes of a mail that are searched; promises.md attack 6
_MOST_ADDRESSES = 100  # of one group; as many as RCPT takes
_LONGEST_ADDRESS = 254  # RFC 5321 section 4.5.3.1.3
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+")

# The address before any alias first: a hosted mailbox is often delivered under its own name. Postfix writes X-Original-To,
# Google X-Gm-Original-To, Exim Envelope-To, others the forms with X; Delivered-To is everybody's.
_TRACE_FIELDS = (
    "x-original-to", "x-gm-original-to", "envelope-to", "x-envelope-to", "x-delivered-to", "delivered-to",
)  # fmt: skip
_VISIBLE_FIELDS = ("to", "cc")
_FIELDS = frozenset((*_TRACE_FIELDS, *_VISIBLE_FIELDS, "received", "return-path", "from"))
# A sender that is no plain address; a quoted one, say. His mail is nobody's automatic one
UNCLEAR = "unclear"
_MACHINES = ("mailer-daemon", "postmaster")  # as in core/mail/automatic.py
_MOST_HOPS = 50  # fields of one name that are looked at (promises.md I13)
# What a server was told in RCPT (RFC 5321 section 4.4); it is left out where it was told several.
_FOR = re.compile(rf"\sfor\s+<?({_ADDRESS.pattern})>?(?=[\s;(]|$)")


@dataclass(frozen=True)
class StatedAddresses:
    """The addresses at our domains that a mail's headers state, and its sender."""

    mail_from: str  # Return-Path, else the one author, else UNCLEAR; "" is the null sender
    recipients: tuple[
        tuple[str, ...], ...
    ]  # groups, the most trustworthy first; the last: To, Cc and "Received: for"


@dataclass(frozen=True)
class Account:
    """The mailbox itself."""

    user: str  # by which one logs in; with or without a domain
    address: str  # for whom a mail is that names nobody

    def is_own(self, address: str) -> bool:
        """Tell whether an address names nothing but the mailbox, as Delivered-To behind an alias does."""
        return self.user.lower() in {address.lower(), address.lower().rpartition("@")[0]}


def stated_addresses(raw: bytes, domains: Collection[str]) -> StatedAddresses:
    """Read from the first 256 KB of a mail the addresses at these domains (lower case), and who sent it.

    Whatever is no plain address is passed over.
    """
    fields = list(_fields(raw[:_HEADER_LIMIT]))
    groups = [[value] for name in _TRACE_FIELDS for value in _values(fields, name)]
    hops = [hop for value in _values(fields, "received") for hop in _FOR.findall(value)[-1:]]
    groups.append([value for name, value in fields if name in _VISIBLE_FIELDS] + hops)
    here = [tuple(_at(domains, _addresses(values))) for values in groups]
    return StatedAddresses(_mail_from(fields), tuple(group for group in here if group))


def envelope_of(stated: StatedAddresses, ours: Collection[str], *, account: Account, peer: str) -> Envelope:
    """Return the envelope: the addresses of the first group that has any of ours, else the account's.

    Those of `stated` that the service answers to are `ours`. A mail to another address at our domains, say a spoilt
    answer token, is for nobody, and goes to no list in its place: its recipient is that address. So every mail is
    received; one for nobody is set aside where the secretariat sees it.
    """
    known = (tuple(address for address in group if address in ours) for group in stated.recipients)
    astray = (address for group in stated.recipients for address in group if not account.is_own(address))
    recipients = next(filter(None, known), (next(astray, account.address),))
    return Envelope(stated.mail_from, recipients, peer, "imap")


def _mail_from(fields: list[tuple[str, str]]) -> str:
    """Return the sender; whose form is odd, or who is not one, is UNCLEAR: only `<>`, and machines, are the null sender."""
    return_path = [value.strip() for value in _values(fields, "return-path")[:1]]
    if return_path == ["<>"]:
        return ""
    authors = [value for name, value in fields if name == "from"]
    senders = _addresses(return_path) or _addresses(authors)
    if len(senders) == 1:
        return senders[0]
    if not return_path and any(machine in "".join(authors).lower() for machine in _MACHINES):
        return ""  # "From: MAILER-DAEMON (Mail Delivery System)"
    return UNCLEAR


def _values(fields: list[tuple[str, str]], wanted: str) -> list[str]:
    return [value for name, value in fields if name == wanted][:_MOST_HOPS]


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


def _at(domains: Collection[str], addresses: Iterable[str]) -> Iterator[str]:
    return (address for address in addresses if address.rpartition("@")[2].lower() in domains)


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
