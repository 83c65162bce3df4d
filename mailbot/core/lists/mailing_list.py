"""What a list is: who belongs to it, who may post, join, leave and look, and how its posts look."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time
from typing import Literal

from mailbot.core.members.audience import NOBODY, Selector

Preset = Literal["closed", "open", "announce"]
Joining = Literal["closed", "ask", "confirm"]
Moderated = Literal["no", "new", "yes"]
Viewers = Literal["members", "office", "nobody"]
Copies = Literal["personal", "identical"]


@dataclass(frozen=True)
class Filter:
    """What becomes of a post in whose field of this name the words stand."""

    field: str  # Subject, X-Mailer, ...
    contains: str  # compared without case and width
    then: Literal["hold", "reject", "discard"]
    reason: str = ""  # the sentence for it; "": a plain one


@dataclass(frozen=True)
class MailingList:
    """One list as the secretariat defined it."""

    name: str  # local part of its address
    title: str  # 情報セキュリティ部会
    preset: Preset
    members: Selector
    subject_prefix: str = ""  # "[security:%05d]"; %d is the post's number
    author: Literal["member", "aligned", "confirm"] = "member"  # what a member's From needs
    rewrite_from: Literal["always", "auto"] = "always"
    reply_to: Literal["list", "author"] = "list"  # preset: closed -> list; open, announce -> author
    footer: str = ""  # lines under each text/plain post; empty: none
    max_size: int = 10_485_760  # bytes of one post
    posters: Selector = NOBODY  # may post beside those whom the preset allows (announce lists)
    archive: bool = True  # its posts are kept to be searched and sent again
    join: Joining | None = None  # None, here and below: as the preset has it, see the functions
    leave: bool | None = None
    who: Viewers | None = None
    moderators: tuple[str, ...] = ()  # who decides about held posts; nobody named: the office
    hold_days: int = 14  # a held post that nobody decides about is given up after so many days
    files_above: int | None = None  # larger attached files are named, and kept with the post; None: all pass
    reasons: tuple[str, ...] = ()  # of a refusal, chosen by number; none: core/lists/decision.py has some
    moderated: Moderated = "no"  # every post, or each author's first, waits for a moderator
    stopped: bool = False  # whatever arrives waits for a moderator, until `lists start`
    filters: tuple[Filter, ...] = ()
    # its author must say again that a short reply, or a post to several lists, goes to more members than that; 0: never
    guard: int = 100
    undo_minutes: int = 0  # in which its author may cancel a post
    receipts: bool = False  # he hears when his post has gone out
    # local; posts go out from the first until the second; None: at any hour
    hours: tuple[time, time] | None = None
    copies: Copies = "personal"  # identical: a post is the same for all members, who get it in bundles


def joining(mailing_list: MailingList) -> Joining:
    """Return who may join by mail: nobody, those whom the office lets in, or every registered contact who confirms."""
    return mailing_list.join or ("ask" if mailing_list.preset == "closed" else "confirm")


def leaving(mailing_list: MailingList) -> bool:
    """Tell whether a member may leave; of a list of duty, which nobody may leave, members can only let the mail rest."""
    return mailing_list.preset != "announce" if mailing_list.leave is None else mailing_list.leave


def viewers(mailing_list: MailingList) -> Viewers:
    """Return who may see who the members are."""
    return mailing_list.who or ("members" if mailing_list.preset == "closed" else "office")
