"""A post as the archive keeps it: what is known of it beside its raw mail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Archived:
    """One post of one list."""

    list: str
    number: int
    stable: str  # its address for ever, see `core/lists/thread.py`
    message_id: str  # with angle brackets; made up if the mail has none
    thread: int  # number of the post that began the thread; its own if it did
    parent: int | None  # number of the post that it answers, if that is here
    author_name: str  # as the register names him, else as he does; ""
    author: str  # address; "" if it cannot be read
    code: str | None  # his body when he wrote; None: outside the register
    body: str  # its name; ""
    subject: str  # as he wrote it
    attachments: tuple[str, ...]  # names
    size: int  # octets of the raw mail
    written_at: datetime  # when it was received; of an imported one, what its Date says
    purged_at: datetime | None = None  # since then nothing but its place is left
    purged_why: str = ""


@dataclass(frozen=True)
class Search:
    """What somebody looks for in the archive; everything that is stated must be so."""

    words: str
    lists: tuple[str, ...] | None = None  # those that he may read; None: all
    since: datetime | None = None
    before: datetime | None = None
    prefecture: str | None = None  # of the author's body, 長野県
    sender: str | None = None  # an address, or a piece of an address or a name
