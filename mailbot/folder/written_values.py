"""Values as people write them in definitions and at the terminal: moments, days, hours, keys, codes, tags, counts."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from datetime import time as clock
from typing import Annotated, Literal, Self, TypeVar
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, model_validator

from mailbot.core.calendar import OfficeCalendar
from mailbot.core.mail.address import list_name_fault
from mailbot.core.mail.written_date import read_written
from mailbot.core.members.register import full_code
from mailbot.core.office.lateness import Lateness
from mailbot.core.recurrence import read_in_month
from mailbot.folder.yaml_source import FileModel, Line, listed, said

Stated = TypeVar("Stated")
_KEY = re.compile(r"[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*")
_KEY_LENGTH = 24  # the Subject carries it twice
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}(?::[0-9]{2})?")
_CLOCK = re.compile(r"[0-9]{2}:[0-9]{2}")


def moment(text: str, zone: ZoneInfo) -> datetime:
    """Return the aware moment of a written time. Raises our own sentence when it is none."""
    if _DATE.fullmatch(text):
        raise said(f"{text!r} has no time of day; write {text} 09:00")
    if not _MOMENT.fullmatch(text):
        aware = datetime.combine(*_written_moment(text), zone)
    else:
        try:
            aware = datetime.fromisoformat(text).replace(tzinfo=zone)
        except ValueError:
            raise said(f"{text!r} does not exist in the calendar or on the clock") from None
    if aware.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != aware.replace(tzinfo=None):
        raise said(f"{text!r} does not exist in {zone.key}: the clocks go forward there")
    return aware


def _written_moment(text: str) -> tuple[date, clock]:
    """Read a moment in words, 令和9年4月1日（木）9時. Raises our own sentence when it is none."""
    try:
        written = read_written(text)
    except ValueError as error:
        raise said(str(error)) from None
    if written is None:
        raise said(f"{text!r} is not a time; write YYYY-MM-DD HH:MM, such as 2027-01-14 09:00")
    if written.time is None:
        raise said(f"{text!r} has no time of day; write {text} 09:00")
    return written.day, written.time


def clock_time(text: str) -> clock:
    """Return the time of day of "09:00". Raises our own sentence when it is none."""
    if not _CLOCK.fullmatch(text):
        raise said(f"{text!r} is not a time of day; write HH:MM, such as 09:00")
    try:
        return clock.fromisoformat(text)
    except ValueError:
        raise said(f"{text!r} does not exist on the clock") from None


def _zone(info: ValidationInfo) -> ZoneInfo:
    zone = (info.context or {})["zone"]
    assert isinstance(zone, ZoneInfo)
    return zone


def _moment(value: object, info: ValidationInfo) -> datetime:
    if not isinstance(value, str):
        raise said("must be one time such as 2027-01-14 09:00")
    calendar = (info.context or {}).get("calendar")
    if isinstance(calendar, OfficeCalendar):
        try:
            found = read_in_month(value, calendar, _zone(info))
        except ValueError as error:
            raise said(str(error)) from None
        if found is not None:
            return found
    return moment(value.strip(), _zone(info))


def written_date(value: object) -> date:
    """Return a written day. Raises our own sentence when it is none."""
    try:
        written = read_written(value) if isinstance(value, str) else None
    except ValueError as error:
        raise said(str(error)) from None
    if written is None or written.time is not None:
        raise said(f"{value!r} is not a date; write YYYY-MM-DD, such as 2027-02-10")
    return written.day


def hours_of_day(value: object) -> tuple[clock, clock] | Literal["undecided"]:
    """Return the hours of `10:00-15:00`, or `undecided`. Raises our own sentence when it is neither."""
    if value == "undecided":
        return "undecided"
    starts, dash, ends = value.partition("-") if isinstance(value, str) else ("", "", "")
    if not dash:
        raise said(f"{value!r} is neither 'undecided' nor a time such as 10:00-15:00")
    hours = clock_time(starts.strip()), clock_time(ends.strip())
    if hours[1] <= hours[0]:
        raise said(f"{value!r} ends before it starts")
    return hours


def _lines(text: str) -> str:
    if any(not (char.isprintable() or char in "\n\t\u3000") for char in text):
        raise said("must not hold control characters")
    return text.rstrip()


def _key(text: str) -> str:
    if not _KEY.fullmatch(text):
        raise said(
            f"{text!r} must be letters and digits with single '-', '.' or '_' between them, such as S26-014"
        )
    if len(text) > _KEY_LENGTH:
        raise said(f"{text!r} has {len(text)} characters; at most {_KEY_LENGTH} fit a Subject")
    return text


def _list_name(text: str) -> str:
    fault = list_name_fault(text)
    if fault is not None:
        raise said(fault)
    return text


def _code(text: str) -> str:
    try:
        return full_code(text)
    except ValueError as error:
        raise said(str(error)) from None


def _tag(text: str) -> str:
    if text.split() != [text]:
        raise said(f"the tag {text!r} must be one word: blanks separate tags in the register")
    return text


def _count(value: object) -> object:
    """Undo the commas of 50,000."""
    return value.replace(",", "") if isinstance(value, str) else value


Moment = Annotated[datetime, BeforeValidator(_moment)]
Lines = Annotated[str, AfterValidator(_lines)]
Key = Annotated[Line, AfterValidator(_key)]
BodyCode = Annotated[str, AfterValidator(_code)]
Tag = Annotated[str, AfterValidator(_tag)]
ListName = Annotated[str, AfterValidator(_list_name)]
Count = Annotated[int, BeforeValidator(_count), Field(ge=0)]
Words = Annotated[tuple[Line, ...], BeforeValidator(listed)]


def stated(value: Stated | None) -> Stated:
    """Return the value of a required key: a file without mistakes has it."""
    assert value is not None
    return value


class LateFile(FileModel):
    """How late what is planned may go out, and what becomes of it then."""

    hours: Annotated[int, Field(ge=0, le=8_760)] | None = None
    then: Literal["ask", "drop"] = "ask"

    @model_validator(mode="after")
    def _stated(self) -> Self:
        if self.hours is None:
            raise said("needs hours: how late it may still go out, as in {hours: 24, then: ask}")
        return self

    def value(self) -> Lateness:
        """Return the core value of a file without mistakes."""
        return Lateness(stated(self.hours), self.then)


def checked_at(at: str, relative: str, info: ValidationInfo) -> str:
    """Return `at` without blanks. Raises our own sentence unless it is a time of day beside the relative key, a moment else."""
    text = at.strip()
    if info.data.get(relative) is not None:
        clock_time(text)
    elif relative in info.data:  # absent when that key has a mistake of its own
        moment(text, _zone(info))
    return text
