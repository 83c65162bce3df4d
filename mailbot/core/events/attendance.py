"""The attendance of an event: the list for its reception, and what the office says afterwards of who was there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from mailbot.core.events.event import ASCII_FORMS
from mailbot.core.members.register import full_code

_ORDER = ("attending", "waiting", "joined")
_WORD = re.compile(r"(?P<code>\d{5,6})(?:\s?[=:]\s?(?P<people>\d{1,3})\s?(?:名|人)?)?")


@dataclass(frozen=True)
class Attendee:
    """One body that has a seat, waits for one, or came without either."""

    code: str
    body: str
    prefecture: str
    status: Literal["attending", "waiting", "joined"]
    people: int  # with seats, or who wait; of a body that just came, how many came
    names: tuple[str, ...]
    remark: str = ""
    came: int | None = None  # as the office entered it; None: not entered


@dataclass(frozen=True)
class Guest:
    """One person, as the list at the reception and his badge name him."""

    number: int  # on the list
    attendee: Attendee
    name: str  # "" where none was given


def guests(attendees: Iterable[Attendee]) -> Iterator[Guest]:
    """Yield everybody who has a seat, then who waits, then who just came, by code; people without a name have an empty one."""
    order = sorted(attendees, key=lambda one: (_ORDER.index(one.status), one.code))
    people = [
        (one, one.names[place] if place < len(one.names) else "")
        for one in order
        for place in range(one.people)
    ]
    for number, (one, name) in enumerate(people, 1):
        yield Guest(number, one, name)


def read_attendance(words: Sequence[str], seats: Mapping[str, int]) -> dict[str, int]:
    """Read who was there: 「全員」 or "all", then corrections: 202011 (came as registered), 202011=1, 202029=0.

    `seats`: how many people of each body have seats. A body without one may have come, if its number is said. Raises
    ValueError with a sentence for the first word that cannot be read.
    """
    said: dict[str, int] = {}
    for word in words:
        plain = word.translate(ASCII_FORMS).strip()
        if plain in {"全員", "all"}:
            said = dict(seats) | said
            continue
        found = _WORD.fullmatch(plain)
        if found is None:
            raise ValueError(f"{word!r} is neither 全員 (all) nor a body's code such as 202011 or 202011=2")
        code = full_code(found["code"])
        if found["people"] is None and code not in seats:
            raise ValueError(f"{code} had no seat; say how many people came: {code}=1")
        said[code] = seats[code] if found["people"] is None else int(found["people"])
    return said
