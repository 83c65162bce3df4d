"""What a check-up finds: one sentence for each thing that was looked at, with what to do where something is to be done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

State = Literal["ok", "warning", "fault", "skipped"]

_DAY = 86_400
_FULL = 100 * 1024 * 1024  # bytes free, below which the next large mail may not fit
_SHORT = 1024 * 1024 * 1024
_FEW_DAYS = 30
_SKEW = (2, 30)  # seconds: told, and a fault: leases last 24


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    area: str  # configuration, database, relay, ...
    what: str  # which one: smtp://127.0.0.1:25, disk, ...
    state: State
    sentence: str  # what is so, and what to do unless it is ok


def disk_finding(where: str, free: int, used: int, days: float) -> Finding:
    """Judge the room on the disk of `where`: bytes free, and the bytes that grew there in so many days."""
    left = free / (used / days) if days >= 1 and used > 0 else None
    room = f"{size_words(free)} free in {where}"
    if left is not None:
        room += (
            f", enough for {left:,.0f} days at the present rate"
            if left < 3_650
            else ", enough for more than ten years at the present rate"
        )
    if free < _FULL:
        return Finding("disk", "room", "fault", f"{room}; make room: without it mail is refused with 452")
    if free < _SHORT or (left is not None and left < _FEW_DAYS):
        return Finding("disk", "room", "warning", f"{room}; make room, or give it a larger disk")
    return Finding("disk", "room", "ok", room)


def skew_finding(what: str, seconds: float) -> Finding:
    """Judge by how much our clock is ahead of another one (negative: behind)."""
    words = f"our clock is {abs(seconds):.1f} s {'ahead of' if seconds >= 0 else 'behind'} that of {what}"
    if abs(seconds) >= _SKEW[1]:
        return Finding(
            "clock",
            what,
            "fault",
            f"{words}; let chrony or systemd-timesyncd set both: leases and closes go by it",
        )
    if abs(seconds) >= _SKEW[0]:
        return Finding("clock", what, "warning", f"{words}; let chrony or systemd-timesyncd set both")
    return Finding("clock", what, "ok", f"our clock and that of {what} agree within {_SKEW[0]} s")


def size_words(octets: float) -> str:
    """Return a size as people say it: 3.4 GiB."""
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if octets < 1024:
            return f"{octets:.0f} {unit}" if unit == "bytes" else f"{octets:.1f} {unit}"
        octets /= 1024
    return f"{octets:.1f} TiB"


def time_words(span: timedelta) -> str:
    """Return a time as people say it: 3 hours."""
    seconds = span.total_seconds()
    for unit, length in (("day", _DAY), ("hour", 3_600), ("minute", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}s"
    return f"{seconds:.0f} seconds"
