"""A mail of another list program's archive: its number, author and date there, and what makes it no mail at all."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from mailbot.core.lists.subject import tag_number
from mailbot.core.mail.address import valid_address
from mailbot.core.mail.canonical_hash import canonical_hash
from mailbot.core.mail.header import mail_date
from mailbot.core.mail.message import Message

_EARLIEST = 1970  # year; what claims to be older has no date
_COUNTS = ("X-Mail-Count", "X-ML-Count", "X-Sequence")  # fml; old programs; Sympa
_COUNT = re.compile(r"\s*0*([1-9][0-9]{0,8})\s*")
# An address that an archive has hidden from machines: name at host, name(a)host.
_HIDDEN = re.compile(r"\"?([^\s\"<>()]+)(?: at |\(a\)| \(a\) )([A-Za-z0-9.-]+\.[A-Za-z]{2,})\"?")
_COMMENT = re.compile(r"\((.*)\)\s*\Z")


@dataclass(frozen=True)
class StoredMail:
    """One mail as it lies in a file."""

    place: str  # FILE:LINE, or the file's name, for people to find it
    content: bytes  # b"": see `fault`
    number: int | None = None  # that the place itself states
    moment: datetime | None = None  # that the place itself states
    fault: str = ""  # why its content could not be read


def why_no_mail(message: Message) -> str:
    """Return in a sentence why this is no mail that can be archived, or ""."""
    if message.defects:
        return "; ".join(message.defects)
    names = {name.lower() for name, _ in message.headers}
    if not names & {"from", "date", "subject", "message-id"}:
        return "it has none of From, Date, Subject and Message-ID"
    return ""


def stated_number(message: Message, stored: StoredMail, prefixes: Sequence[str]) -> int | None:
    """Return the post's number as its place, a header field or a tag at the beginning of its subject states it."""
    if stored.number is not None:
        return stored.number
    for name in _COUNTS:
        value = message.header(name)
        found = _COUNT.fullmatch(value) if value is not None else None
        if found:
            return int(found[1])
    for prefix in prefixes:
        number = tag_number(message.subject, prefix)
        if number:
            return number
    return None


def tag_forms(name: str, prefix: str) -> tuple[str, ...]:
    """Return the tags that a list's posts may bear: its own, and those that fml and Mailman made of its name."""
    made = [f"{left}{name}{between}%d{right}" for left, right in ("[]", "()") for between in (":", " ", ",")]
    return tuple(form for form in (prefix, *made) if "%" in form)


def with_author(message: Message) -> Message:
    """Return the mail with its author where the archive hid the @ of his address (Mailman, HyperKitty), else as it is."""
    if message.from_address is not None:
        return message
    found = _HIDDEN.search(message.from_header)
    address = f"{found[1]}@{found[2].lower()}" if found else ""
    if not valid_address(address):
        return message
    comment = _COMMENT.search(message.from_header)
    name = comment[1] if comment and comment[1] != "a" else message.from_header.partition("<")[0]
    name = name.strip().strip('"')
    return replace(message, from_address=address, from_name="" if _HIDDEN.search(name) else name)


def written_at(
    message: Message, stored: StoredMail, before: datetime, now: datetime
) -> tuple[datetime, bool]:
    """Return when a mail was written, and whether its own Date says so; else its place, or the mail before it does."""
    for stated, own in ((mail_date(message.date), True), (stored.moment, False)):
        if stated is not None and stated.year > _EARLIEST and stated < now + timedelta(days=2):
            return stated, own
    return before, False


def made_up_id(content: bytes, domain: str) -> str:
    """Return the Message-ID of a mail without one, the same each time that it is read."""
    return f"<archive.{canonical_hash(content)[:32]}@{domain}>"
