"""What a file of config/events/ may hold, key by key."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from mailbot.core.events.event import CalendarUse, Event, Material, Notice
from mailbot.folder.selector_files import Selection
from mailbot.folder.written_values import (
    Key,
    LateFile,
    Lines,
    Moment,
    Words,
    checked_at,
    hours_of_day,
    moment,
    stated,
    written_date,
)
from mailbot.folder.yaml_source import FileModel, Line, said

EVENT_KEYS = ("key", "title", "date", "time", "place", "audience")  # the least a file must say
_LINK = re.compile(r"https?://[!-~]{1,300}")


def _cancelled(value: object) -> str | None:
    """Read `yes`, `no`, or why in a sentence."""
    if not isinstance(value, str):
        raise said("must be yes, no, or why it is not held, in one line")
    word = value.strip()
    return {"yes": "", "true": "", "no": None, "false": None}.get(word.lower(), word)


class NoticeFile(FileModel):
    """A notice: a written time, or business days before the event with a time of day."""

    business_days_before: Annotated[int, Field(ge=0, le=250)] | None = None
    at: str | None = None
    to: Literal["audience", "attending", "unanswered"] = "audience"
    late: LateFile | None = None

    @field_validator("at")
    @classmethod
    def _time(cls, at: str, info: ValidationInfo) -> str:
        return checked_at(at, "business_days_before", info)

    @model_validator(mode="after")
    def _stated(self) -> Self:
        if self.business_days_before is None and self.at is None:
            raise said("needs at: 2027-01-12 10:00, or business_days_before: 3")
        return self

    def value(self, zone: ZoneInfo) -> Notice:
        """Return the core value."""
        late = self.late.value() if self.late else None
        if self.business_days_before is None:
            return Notice(at=moment(self.at or "", zone), to=self.to, late=late)
        time = self.at or Notice.time
        return Notice(business_days_before=self.business_days_before, time=time, to=self.to, late=late)


class MaterialFile(FileModel):
    """Something to read: its title and where it is."""

    title: Line | None = None
    url: Line | None = None

    @model_validator(mode="after")
    def _a_link(self) -> Self:
        if self.title is None or self.url is None:
            raise said("needs title and url")
        if not _LINK.fullmatch(self.url):
            raise said(f"{self.url!r} is no link; it begins with https:// and has no blanks")
        return self


class EventFile(FileModel):
    """config/events/KEY.yaml."""

    key: Key | None = None
    title: Line | None = None
    date: Annotated[Any, BeforeValidator(written_date)] = None
    time: Annotated[Any, BeforeValidator(hours_of_day)] = None
    place: Line | None = None
    capacity: Annotated[int, Field(ge=1)] | None = None
    audience: Selection | None = None
    notices: tuple[NoticeFile, ...] = ()
    rsvp_until: Moment | None = None
    programme: Lines = ""
    contact: Lines = ""
    organiser: Line | None = None
    co_organisers: Words = ()
    materials: tuple[MaterialFile, ...] = ()
    joining: Lines = ""
    calendar: CalendarUse = "publish"
    late: LateFile | None = None
    offer_days: Annotated[int, Field(ge=1, le=60)] | None = None
    cancelled: Annotated[str | None, BeforeValidator(_cancelled)] = None

    def value(self, zone: ZoneInfo) -> Event:
        """Return the core value of a file without mistakes."""
        starts, ends = (None, None) if self.time == "undecided" else self.time
        return Event(
            key=stated(self.key),
            title=stated(self.title),
            date=self.date,
            starts=starts,
            ends=ends,
            place=stated(self.place),
            audience=stated(self.audience).selector(),
            notices=tuple(notice.value(zone) for notice in self.notices),
            rsvp_until=self.rsvp_until,
            capacity=self.capacity,
            programme=self.programme,
            contact=self.contact,
            organiser=self.organiser or "",
            co_organisers=self.co_organisers,
            materials=tuple(Material(stated(one.title), stated(one.url)) for one in self.materials),
            joining=self.joining,
            calendar=self.calendar,
            offer_days=self.offer_days,
            cancelled=self.cancelled,
            late=self.late.value() if self.late else None,
        )
