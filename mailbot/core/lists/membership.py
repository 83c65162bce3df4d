"""What one member has chosen, or was decided for him, on one list: it outlives every new count of the list's members."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from mailbot.core.lists.mailing_list import MailingList, leaving

# joined, left: his own wish, which holds while the list allows it; added, removed: the office's word, which always holds.
ListStanding = Literal["", "joined", "left", "added", "removed"]
Mode = Literal["each", "digest", "digest-plain", "notices", "none"]
PostingAction = Literal["accept", "hold", "reject", "discard"]
ThreadChoice = Literal["mute", "follow"]

MODES: tuple[Mode, ...] = get_args(Mode)


@dataclass(frozen=True)
class Membership:
    """One member's settings on one list; an untouched one is all defaults."""

    list_name: str
    address: str  # as he wrote it, or as registered
    standing: ListStanding = ""  # "": the list's selector alone says whether he belongs to it
    mode: Mode = "each"  # each post, a digest (with or without attachments), notices of posts, or nothing
    off_from: datetime | None = None  # aware; from here on nothing is sent ...
    off_until: datetime | None = None  # ... and from here on again; None: until he says so
    copies_own: bool = True  # he gets a copy of his own posts
    posting: PostingAction | None = None  # what becomes of his posts; None: the list's rules say
    profile: str = ""  # how his mail system wants its mail; "": as everybody's
    changed_by: str = ""  # who changed it last: his address, or office
    changed_at: datetime | None = None
    weekly: bool = False  # digests and notices come once a week
    digested: int = 0  # number of the post up to which he has had them in digests
    receipts: bool = True  # he hears that his own post has gone out, where the list tells so


# The settings that a member chooses.
CHOSEN = ("mode", "weekly", "off_from", "off_until", "copies_own", "receipts", "posting", "profile")


def is_off(membership: Membership, now: datetime) -> bool:
    """Tell whether a member's delivery rests at this moment."""
    if membership.off_from is None or now < membership.off_from:
        return False
    return membership.off_until is None or now < membership.off_until


def standings_outside(mailing_list: MailingList) -> tuple[ListStanding, ...]:
    """Return the standings of those who do not belong to the list even if its selector means them."""
    return ("removed", "left") if leaving(mailing_list) else ("removed",)
