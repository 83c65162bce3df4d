"""Which members of a list a post goes to at once (list expansion, RFC 5321 section 3.9.2): all that decides about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mailbot.core.members.audience import Selector


@dataclass(frozen=True)
class Expansion:
    """Of one post: who wants each post then, is not away, has not muted its thread, and is meant."""

    list_name: str
    at: datetime  # of the post: who is away then gets none
    author: str | None = None  # where his mail goes; he gets a copy unless he wants none of his own
    thread: str = ""  # the Message-ID of its first post; "": none
    digests: bool = True  # the list keeps its posts; where it keeps none, who wants digests gets each post
    target: Selector | None = None  # the members whom the post names; None: every one
