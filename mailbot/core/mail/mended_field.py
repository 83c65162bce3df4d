"""A stranger's header field in the form in which it may leave: 7 bits, lines of bearable length, its addresses where they were.

Raw Japanese in a header (RFC 5322 forbids it, programs write it) and lines of thousands of octets are common. What is
wrong is mended within the field's own syntax: an encoded word never takes an address, a message id or a parameter in
(RFC 2047 section 5).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailbot.core.mail.address import valid_address, with_ascii_domain
from mailbot.core.mail.entity import LINE_LIMIT, field_name
from mailbot.core.mail.header import clean, encode_phrase, wire_line
from mailbot.core.mail.japanese import decode

_LONGEST = LINE_LIMIT - 30  # octets of a line that may yet get a longer name

_ADDRESSES = frozenset({"from", "to", "cc", "reply-to", "sender", "mail-followup-to", "mail-reply-to"})
_IDS = frozenset({"message-id", "in-reply-to", "references"})
_PARAMETERS = frozenset({"content-type", "content-disposition"})

_VALUE = re.compile(r'[^;"=]+')  # of a parameter
# What a comma, a colon or a bracket in it does not divide: a quoted string, a comment, an address in brackets.
_WHOLE = re.compile(r'"(?:[^"\\]|\\.)*"?|\([^()]*\)?|<[^<>]*>?|[^"(<,:]+|.')


def mended_field(original: bytes) -> bytes:
    """Return the field as it is when it may leave so; else the same field written anew, its line end included."""
    bare = original.replace(b"\r\n", b"").replace(b"\t", b" ")
    short = all(len(line) <= _LONGEST for line in original.split(b"\r\n"))
    if short and bare.isascii() and bare.decode("ascii").isprintable():
        return original
    name, _, value = bare.partition(b":")
    written = name.decode("ascii")
    text = clean(decode(value.strip(), None).text)
    match field_name(original):
        case kind if kind in _ADDRESSES:
            text = ", ".join(_mailboxes(text))
        case kind if kind in _IDS:
            text = text.replace("><", "> <")
        case kind if kind in _PARAMETERS:
            text = _VALUE.sub(lambda found: _encoded(found[0]), text)
    return wire_line(written, text)


def _mailboxes(text: str) -> Iterator[str]:
    """Yield what stands between the commas of an address field, each with its name encoded where it must be."""
    group = entry = ""
    for piece in (*_WHOLE.findall(text), ","):
        if piece == "," or (piece == ":" and not group and not entry.isascii()):
            if piece == ":":
                group = f"{_phrase(entry)}: "
            elif written := group + _mailbox(entry.strip()):
                yield written
                group = ""
            entry = ""
        else:
            entry += piece


def _mailbox(entry: str) -> str:
    if entry.isascii():
        return entry
    closing = ";" if entry.endswith(";") else ""  # of a group
    names, address = _name_and_address(_WHOLE.findall(entry.removesuffix(";")))
    if valid_address(address):
        return f"{_phrase(names)} <{address}>{closing}".lstrip()
    # None that can leave: a group without members, which names it (RFC 6857 section 3.1.8).
    return f"{_phrase(entry.removesuffix(';'))}:;"


def _name_and_address(pieces: list[str]) -> tuple[str, str]:
    """Return the parts of `name <address>` or of `address (name)`, the domain in ASCII."""
    marked = "<" if any(piece.startswith("<") for piece in pieces) else "("
    inside = "".join(piece for piece in pieces if piece.startswith(marked)).strip("<>() ")
    outside = "".join(piece for piece in pieces if not piece.startswith(marked)).strip()
    name, address = (outside, inside) if marked == "<" else (inside, outside)
    return name, with_ascii_domain(address)


def _phrase(name: str) -> str:
    """Return a name as it may stand before an address; what has no quotes or encoded words of its own gets them."""
    bare = name.strip()
    if bare.isascii():
        return bare
    if bare.startswith('"') and bare.endswith('"') and len(bare) > 1:
        bare = re.sub(r"\\(.)", r"\1", bare[1:-1])
    return _encoded(bare)


def _encoded(text: str) -> str:
    return text if text.isascii() else encode_phrase(text, "").strip().replace("\r\n", "")
