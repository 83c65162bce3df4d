"""What a list is: who belongs to it, who may post, and how its posts look (posts.md)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mailbot.core.audience import NOBODY, Selector

Preset = Literal["closed", "open", "announce"]


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
