r"""The mbox format (RFC 4155), as it is read from anybody and written by us: mboxrd, which alone gives the same bytes back.

A separator is a line `From SENDER DATE`, an empty line before it. Lines of a mail that begin with `From `, or with `>`
marks and `From `, get one more mark; reading takes it away again. The sender in our own separators tells the post's number, and
whether the mail ended without a line end.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# The From_ line, with what programs have put into it beside sender and time (RFC 4155).
_SEPARATOR = re.compile(
    rb"From (?P<sender>[^\r\n]*?)\s*(?:" + "|".join(_DAYS).encode() + rb"),? "
    rb"(?P<month>" + "|".join(_MONTHS).encode() + rb")\s+(?P<day>[0-9]{1,2}) "
    rb"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2}))?"
    rb"(?: (?P<zone>[A-Z]{1,5}|[+-][0-9]{4}))? (?P<year>[0-9]{4})(?: (?P<after>[+-][0-9]{4}))?[^\r\n]*\r?\n?"
)
_OURS = re.compile(rb"mailbot-(?P<number>[0-9]{1,9})(?P<cut>-cut)?@")
_QUOTABLE = re.compile(rb"(?m)^(>*From )")
_QUOTED = re.compile(rb"(?m)^>(>*From )")


@dataclass(frozen=True)
class Separator:
    """What stands before a mail in an mbox."""

    moment: datetime | None  # aware; None: it is no date
    number: int | None = None  # in ours: the post's
    cut: bool = False  # in ours: the mail has no line end at its end, the one there was added


def read_separator(line: bytes) -> Separator | None:
    """Return what a line says that begins a mail; None: it is a line of a mail."""
    found = _SEPARATOR.fullmatch(line[:1000])
    if found is None:
        return None
    ours = _OURS.match(found["sender"])
    return Separator(
        _moment(found), int(ours["number"]) if ours else None, cut=bool(ours and ours["cut"] is not None)
    )


def write_mail(content: bytes, name: str, number: int, moment: datetime) -> bytes:
    """Return a mail as it stands in an mbox of ours: separator, quoted bytes, an empty line."""
    cut, end = ("", b"\n") if content.endswith(b"\n") else ("-cut", b"\n\n")
    at = moment.astimezone(UTC)
    date = f"{_DAYS[at.weekday()]} {_MONTHS[at.month - 1]} {at.day:2} {at:%H:%M:%S} {at.year}"
    head = f"From mailbot-{number}{cut}@{name} {date}\n".encode("ascii")
    return head + _QUOTABLE.sub(rb">\1", content) + end


def read_mail(lines: bytes, separator: Separator) -> bytes:
    """Return the mail that these bytes between two separators hold: without its empty line, and unquoted."""
    for blank in (b"\r\n", b"\n"):  # the last line, if there is nothing in it
        if lines == blank or (lines.endswith(b"\n" + blank)):
            lines = lines[: -len(blank)]
            break
    if separator.cut and lines.endswith(b"\n"):
        lines = lines[:-1]
    return _QUOTED.sub(rb"\1", lines)


def _moment(found: re.Match[bytes]) -> datetime | None:
    try:
        return datetime(
            int(found["year"]),
            _MONTHS.index(found["month"].decode()) + 1,
            int(found["day"]),
            int(found["hour"]),
            int(found["minute"]),
            min(int(found["second"] or 0), 59),
            tzinfo=_zone(found["after"] or found["zone"] or b""),
        )
    except (ValueError, OverflowError):
        return None


def _zone(text: bytes) -> timezone:
    """Return the zone that a separator names, UTC if it names none that is known."""
    if text == b"JST":
        return timezone(timedelta(hours=9))
    if text[:1] in {b"+", b"-"}:
        span = timedelta(hours=int(text[1:3]), minutes=int(text[3:5]))
        return timezone(span if text[:1] == b"+" else -span)
    return UTC
