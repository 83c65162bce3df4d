"""What a file of config/lists/ may hold, key by key."""

from __future__ import annotations

import re
from datetime import time as clock
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from mailbot.core.lists.mailing_list import Copies, Filter, Joining, MailingList, Moderated, Preset, Viewers
from mailbot.core.members.audience import Selector
from mailbot.folder.config_file import MailAddresses
from mailbot.folder.selector_files import Members, Selection
from mailbot.folder.written_values import Lines, ListName, hours_of_day, stated
from mailbot.folder.yaml_source import FileModel, Line, listed, said

LIST_KEYS = ("name", "title", "preset", "members")  # the least a file must say
_FIELD_NAME = re.compile(r"[!-9;-~]+")  # RFC 5322 section 2.2
_NUMBER = re.compile(r"%(?:0[1-9])?d")  # where a prefix has the number of the post
# pass, replace, limit 2MB.
_ATTACHMENTS = re.compile(r"pass|replace|limit\s+(?P<size>[1-9][0-9]{0,8})\s?(?P<unit>[kKmM])?B?")


def _delivery_hours(value: object) -> tuple[clock, clock] | None:
    """Read 8:00-20:00."""
    if value is None:
        return None
    if not isinstance(value, str) or value == "undecided":
        raise said(f"{value!r} is not a time of the day such as 8:00-20:00")
    hours = hours_of_day("-".join(one.strip().zfill(5) for one in value.split("-")))
    assert hours != "undecided", "that was refused"
    return hours


def _header_field(text: str) -> str:
    """Return the name of a header field, of printable ASCII without a colon (RFC 5322 section 2.2)."""
    if not _FIELD_NAME.fullmatch(text):
        raise said(f"{text!r} is not the name of a header field such as Subject")
    return text


def _prefix(text: str) -> str:
    if "%" in _NUMBER.sub("", text, count=1):
        raise said("may hold one %d (or %05d) for the post's number, and no other '%'")
    return text


def _attachments(text: str) -> str:
    if _ATTACHMENTS.fullmatch(text) is None:
        raise said(f"{text!r}: write pass, replace, or limit and a size such as `limit 2MB`")
    return text


def _files_above(text: str) -> int | None:
    """Return the size in bytes beyond which attached files are named in place of being sent; None: all are sent."""
    found = _ATTACHMENTS.fullmatch(text)
    if found is None or text == "pass":
        return None
    return int(found["size"] or 0) * {"k": 1_000, "m": 1_000_000}.get((found["unit"] or "").lower(), 1)


class FilterFile(FileModel):
    """What becomes of posts in whose field these words stand."""

    field: Annotated[Line, AfterValidator(_header_field)]
    contains: Annotated[Line, Field(min_length=1)]
    then: Literal["hold", "reject", "discard"] = "hold"
    reason: Line = ""

    def value(self) -> Filter:
        """Return the core value of a file without mistakes."""
        return Filter(self.field, self.contains, self.then, self.reason)


class ListFile(FileModel):
    """config/lists/NAME.yaml."""

    name: ListName | None = None
    title: Line | None = None
    preset: Preset | None = None
    members: Members | None = None
    subject_prefix: Annotated[Line, AfterValidator(_prefix)] = ""
    author: Literal["member", "aligned", "confirm"] = "member"
    rewrite_from: Literal["always", "auto"] = Field("always", alias="from")
    reply_to: Literal["list", "author"] | None = None
    footer: Lines = ""
    max_size: Annotated[int, Field(ge=10_240)] = 10_485_760
    posters: Selection | None = None
    join: Joining | None = None
    leave: bool | None = None
    who: Viewers | None = None
    archive: bool = True
    attachments: Annotated[str, AfterValidator(_attachments)] = "pass"
    moderators: MailAddresses = ()
    moderated: Moderated = "no"
    stopped: bool = False
    filters: Annotated[tuple[FilterFile, ...], BeforeValidator(listed), Field(max_length=50)] = ()
    guard: Annotated[int, Field(ge=0)] = 100
    undo_minutes: Annotated[int, Field(ge=0, le=60)] = 0
    receipts: bool = False
    hours: Annotated[Any, BeforeValidator(_delivery_hours)] = None
    hold_days: Annotated[int, Field(ge=1, le=365)] = 14
    reasons: Annotated[tuple[Line, ...], BeforeValidator(listed), Field(max_length=20)] = ()
    copies: Copies = "personal"

    def value(self) -> MailingList:
        """Return the core value of a file without mistakes."""
        preset = self.preset
        assert preset is not None
        return MailingList(
            name=stated(self.name),
            title=stated(self.title),
            preset=preset,
            members=stated(self.members).selector(),
            subject_prefix=self.subject_prefix,
            author=self.author,
            rewrite_from=self.rewrite_from,
            reply_to=self.reply_to or default_reply_to(preset),
            footer=self.footer,
            max_size=self.max_size,
            posters=self.posters.selector() if self.posters else Selector(),
            join=self.join,
            leave=self.leave,
            who=self.who,
            archive=self.archive,
            files_above=_files_above(self.attachments),
            moderators=self.moderators,
            moderated=self.moderated,
            stopped=self.stopped,
            filters=tuple(one.value() for one in self.filters),
            guard=self.guard,
            undo_minutes=self.undo_minutes,
            receipts=self.receipts,
            hours=self.hours,
            hold_days=self.hold_days,
            reasons=self.reasons,
            copies=self.copies,
        )


def default_reply_to(preset: Preset) -> Literal["list", "author"]:
    """Return where answers to a post go unless the list says otherwise."""
    return "list" if preset == "closed" else "author"
