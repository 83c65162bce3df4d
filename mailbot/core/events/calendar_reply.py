"""What a calendar program answers to an invitation of ours: a METHOD:REPLY or COUNTER (RFC 5545, RFC 5546, RFC 6047).

An own reader of the few lines that matter and not the library that writes our entries: strangers write these, and what
they write must cost nothing and break nothing. Recurrences, alarms and zones are left aside.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from typing import Literal

from mailbot.core.events.event import Event, begins
from mailbot.core.mail.control_characters import strip_controls_of_lines
from mailbot.core.mail.japanese import decode
from mailbot.core.mail.message import Message

MAX_BYTES = 65_536  # of a calendar part that is read
MAX_LINES = 2_000
_LONGEST_COMMENT = 1_000  # characters
_TYPES = frozenset({"text/calendar", "application/ics", "text/x-vcalendar"})
_FOLD = re.compile(rb"\r?\n[ \t]")
_ESCAPED = re.compile(r"\\([\\;,nN])")
_PARAMETERS = re.compile(r';([A-Za-z0-9-]{1,40})=("[^"]{0,300}"|[^";:,]{0,300})')
_UID = re.compile(
    r"(?P<key>[a-z0-9-]{1,24})\.(?P<token>[0-9a-z]{17,26})@(?P<domain>[a-z0-9.-]{1,253})", re.IGNORECASE
)

Method = Literal["REPLY", "COUNTER"]


@dataclass(frozen=True)
class CalendarReply:
    """One answer of a calendar program."""

    method: Method
    uid: str
    partstat: str  # of the attendee: ACCEPTED, DECLINED, TENTATIVE, ...; upper case, "" if there is none
    attendee: str = ""  # an address, perhaps not the one that we wrote to
    comment: str = ""
    sequence: int | None = None  # of the invitation that is answered
    starts: str = ""  # DTSTART as written
    guests: int = 0  # people beside the attendee (X-NUM-GUESTS)


def read_calendar_reply(message: Message) -> CalendarReply | None:
    """Return the answer that a calendar program put into a mail; None when there is none. Never raises."""
    for part in message.parts:
        if part.content_type in _TYPES:
            # Unfolded before it is decoded: programs fold within a character (RFC 5545 section 3.1).
            whole = _FOLD.sub(b"", part.content[:MAX_BYTES])
            found = _read(decode(whole, part.charset or "utf-8").text)
            if found is not None:
                return found
    return None


def uid_key_and_token(uid: str, *domains: str) -> tuple[str, str] | None:
    """Return the key (in lower case) and the token of a UID that we gave a recipient; None for any other UID."""
    found = _UID.fullmatch(uid)
    if found is None or found["domain"].lower() not in map(str.lower, domains):
        return None
    return found["key"].lower(), found["token"]


def is_outdated(reply: CalendarReply, event: Event, sequence: int, zone: tzinfo) -> bool:
    """Tell whether the reply answers an invitation to another time than the event has now.

    An older SEQUENCE alone is not enough: it rises with a new place, too.
    """
    if reply.sequence is None or reply.sequence >= sequence:
        return False
    return not reply.starts or _start(reply, zone) != (
        event.date if event.starts is None else begins(event, zone).astimezone(UTC)
    )


def _start(reply: CalendarReply, zone: tzinfo) -> date | datetime | None:
    """Return DTSTART, a time in UTC; a local time is taken for one of our zone, whatever its program calls it."""
    text = reply.starts.strip()
    try:
        if len(text) == 8:
            return datetime.strptime(text, "%Y%m%d").replace(tzinfo=UTC).date()
        if text.endswith("Z"):
            return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        return datetime.strptime(text, "%Y%m%dT%H%M%S").replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _read(text: str) -> CalendarReply | None:
    method: Method | None = None
    found: dict[str, tuple[dict[str, str], str]] = {}
    inside: list[str] = []
    for name, parameters, value in _content_lines(text):
        if name == "BEGIN":
            inside.append(value.upper())
        elif name == "END":
            if inside[-1:] == ["VEVENT"]:
                break  # the first entry; a reply has one
            inside = inside[:-1]
        elif name == "METHOD" and inside == ["VCALENDAR"]:
            word = value.strip().upper()
            method = word if word == "REPLY" or word == "COUNTER" else None  # type: ignore[assignment]  # noqa: PLR1714
        elif inside == ["VCALENDAR", "VEVENT"]:
            found.setdefault(name, (parameters, value))
    if method is None or "UID" not in found:
        return None
    own, attendee = found.get("ATTENDEE", ({}, ""))
    return CalendarReply(
        method=method,
        uid=found["UID"][1].strip(),
        partstat=own.get("PARTSTAT", "").upper(),
        attendee=attendee.strip().removeprefix("mailto:").removeprefix("MAILTO:"),
        comment=_text(found.get("COMMENT", ({}, ""))[1]),
        sequence=_number(found.get("SEQUENCE", ({}, ""))[1]),
        starts=found.get("DTSTART", ({}, ""))[1],
        guests=_number(own.get("X-NUM-GUESTS", "")) or 0,
    )


def _content_lines(text: str) -> Iterator[tuple[str, dict[str, str], str]]:
    """Yield each unfolded content line: its name, parameters and value."""
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")[:MAX_LINES]:
        end = re.match(r"[A-Za-z0-9-]{1,40}", line)
        if end is None:
            continue
        at, parameters = end.end(), {}
        while (each := _PARAMETERS.match(line, at)) is not None:
            parameters[each[1].upper()] = each[2].strip('"')
            at = each.end()
        if line[at : at + 1] == ":":
            yield end[0].upper(), parameters, line[at + 1 :]


def _text(value: str) -> str:
    plain = _ESCAPED.sub(lambda mark: "\n" if mark[1] in "nN" else mark[1], value[:_LONGEST_COMMENT])
    return strip_controls_of_lines(plain).strip()


def _number(value: str) -> int | None:
    digits = value.strip()
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 10 else None
