"""The SMTP envelope of a received mail (RFC 5321 section 3.3), kept apart from its content, and who takes both."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Envelope:
    """Who sent it and to whom, as the dialogue said; never read from the headers, but for IMAP, which has none."""

    mail_from: str  # "" is the null sender
    recipients: tuple[str, ...]
    peer: str  # "192.0.2.1" or "imap:user@host"
    protocol: Literal["smtp", "lmtp", "imap"]
    helo: str = ""  # by which name the client greeted


class StorageFull(Exception):  # noqa: N818  it names a state of the world, as SMTP's 4.3.1 does
    """The store has no room: try again when the operator has made some (452 4.3.1)."""


class StorageUnavailable(Exception):  # noqa: N818  as above, 4.3.0
    """The store cannot be written to now: try again later (451 4.3.0)."""


# Takes a mail's bytes and envelope, and returns after both are durable; raises the two exceptions above.
Receive = Callable[[bytes, Envelope], Awaitable[None]]

# Tells whether a recipient address, as the client wrote it, is one of ours for mail of this envelope sender.
Knows = Callable[[str, str], Awaitable[bool]]
