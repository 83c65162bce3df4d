"""The journal of settings and decisions: append-only lines, chained by hash, from which a person can be erased.

A line's words stand in the chain as a commitment (a salted hash), not as themselves. To erase an address, the words are
written anew without it under a new salt, the old salt is destroyed, and a later line says which words stand there now.
So every word that is left is still held by the chain, and what was erased cannot be guessed from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import datetime

from mailbot.core.surveys.ledger_chain import FIRST_CHAIN, ChainHead, tie

# Who did it, where no address did:
COMMAND_LINE = "command line"  # the operator at the machine
SCHEDULE = "schedule"  # the due-table
SERVICE = "service"  # the service itself, by its rules
LONGEST = 500  # characters of a detail
_LONGEST_VALUE = 120  # characters of one setting's value


@dataclass(frozen=True)
class Line:
    """One act, in words that do not change from version to version."""

    at: datetime  # aware
    what: str  # its kind: list.changed, post.accepted, member.joined, ...
    who: str  # an address; or "command line", "schedule", "service"
    about: str = ""  # a list, a survey's or event's key, an import, "mail 12"
    person: str = ""  # the address that it was done to, where that is not `who`
    detail: str = ""  # a sentence at most; of a setting: old → new


@dataclass(frozen=True)
class Entry:
    """A line as it is kept."""

    number: int  # from 1, without gaps
    line: Line
    salt: str
    commitment: str  # to the words as they were at first
    chain: str
    renewed: Mapping[int, str]  # an erasure: the new commitment of each line whose words it changed


@dataclass(frozen=True)
class Fault:
    """The first line that is not what was written."""

    number: int
    sentence: str


def commitment(salt: str, line: Line) -> str:
    """Return what stands in the chain for the words of a line; without the salt it says nothing of them."""
    return tie(salt, [line.who, line.about, line.person, line.detail])


def chain(previous: str, entry: Entry) -> str:
    """Return the hash that ties a line to the one before it."""
    renewed = {str(number): words for number, words in entry.renewed.items()}
    line = entry.line
    return tie(previous, [entry.number, line.at.timestamp(), line.what, entry.commitment, renewed])


def erased(line: Line, take_out: Callable[[str], str]) -> Line:
    """Return a line whose words went through `take_out`, which leaves the person out of them."""
    who, about, person, detail = map(take_out, (line.who, line.about, line.person, line.detail))
    return replace(line, who=who, about=about, person=person, detail=detail)


def shortened(detail: str) -> str:
    """Return a detail in one line that is not too long."""
    words = " ".join(detail.split())
    return words if len(words) <= LONGEST else f"{words[: LONGEST - 1]}…"


def setting_words(old: object, new: object, names: Sequence[str] = ()) -> str:
    """Return what differs between two values of one dataclass, as "mode: each → none"; of these fields, or all."""
    return "; ".join(
        f"{name}: {_words(getattr(old, name))} → {_words(getattr(new, name))}"
        for name in names or [field.name for field in fields(new)]  # type: ignore[arg-type]
        if getattr(old, name) != getattr(new, name)
    )


def _words(value: object) -> str:
    """Return a setting as a person reads it: not the whole of a long one."""
    match value:
        case None | "" | () | frozenset():
            return "none"
        case bool():
            return "yes" if value else "no"
        case datetime():
            return value.isoformat(" ", "minutes")
        case tuple() | frozenset():
            words = ", ".join(map(_words, value))
        case _ if is_dataclass(value):
            stated = [
                (field.name, getattr(value, field.name))
                for field in fields(value)
                if getattr(value, field.name) != field.default
            ]
            words = " ".join(f"{name}={_words(one)}" for name, one in stated) or "none"
        case _:
            words = " ".join(str(value).split())
    return words if len(words) <= _LONGEST_VALUE else f"{words[: _LONGEST_VALUE - 1]}…"


def find_fault(entries: Iterable[Entry], head: ChainHead) -> Fault | None:
    """Return the first line that was changed, dropped or put elsewhere; None: all stand as they were written.

    `head`: where the journal ends, kept apart, so that a missing last line is found too.
    """
    every = tuple(entries)
    broken = _broken_link(every, head)
    held = every if broken is None else every[: broken.number - 1]
    changed = _changed_words(held, every[len(held) :])
    return changed or broken


def _broken_link(entries: Sequence[Entry], head: ChainHead) -> Fault | None:
    previous, number = FIRST_CHAIN, 0
    for number, entry in enumerate(entries, 1):
        if entry.number != number:
            return Fault(number, f"line {number} is missing, or stands elsewhere")
        if chain(previous, entry) != entry.chain:
            return Fault(number, f"line {number} was changed: it does not follow from the line before it")
        previous = entry.chain
    if number < head.rows:
        return Fault(number + 1, f"line {number + 1} is missing: the journal had {head.rows} lines")
    if (number, previous) != (head.rows, head.chain):
        return Fault(number, f"line {number} is not the one with which the journal ended")
    return None


def _changed_words(held: Sequence[Entry], behind: Sequence[Entry]) -> Fault | None:
    """Return the first line whose words are not those that it, or the newest erasure of them, is held to.

    An erasure behind a broken link may be true or not: it excuses the words that it names, and the link is the fault.
    """
    stands = {entry.number: entry.commitment for entry in held}
    for entry in held:
        stands.update(entry.renewed)
    excused = {words for entry in behind for words in entry.renewed.values()}
    for entry in held:
        words = commitment(entry.salt, entry.line)
        if words != stands[entry.number] and words not in excused:
            return Fault(entry.number, f"the words of line {entry.number} were changed")
    return None
