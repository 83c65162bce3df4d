"""Lines of ours that a gateway ran together into one, as lines again (ballot.md 6)."""

from __future__ import annotations

from collections.abc import Sequence

from mailbot.core.reading.text.known_text import OPENING, Known, KnownText, line_key, slot_line

SHORTEST_JOINED = 12  # characters of two lines' key
_SHORTEST_WITH_SLOT = 18  # a slot's and that of the end; what members write in slots is mostly shorter
_SHORTEST_LINE = 4
_MOST_WORDS = 300
_LONGEST_JOINED = 10_000  # characters
_BEHIND_A_SLOT = frozenset({"start", "end", "reference", "question", "signature", "outside"})


def _may_be_joined(key: str, known: Known) -> bool:
    """Say whether a line begins with a whole one of ours, or with a slot, and goes on: few others need be looked at."""
    if len(key) < SHORTEST_JOINED or key in known.roles:
        return False
    if key[:2] in known.beginnings:
        roles = known.roles
        return any(key[:end] in roles for end in known.lengths if _SHORTEST_LINE <= end < len(key))
    return len(key) >= _SHORTEST_WITH_SLOT and key[0] in OPENING and slot_line(key) is not None


def taken_apart(text: str, key: str, known: Known) -> Sequence[str]:
    """Return the lines of ours that stand on one line with nothing but blanks between them; none if it is no such line.

    `key`: what `line_key` says of it.

    The whole line must be ours but for what stands in slots, in the order in which we sent it, and of each question all
    options or none: a member who copies 「Q1 … 1. 出席」 on one line has typed an answer.
    """
    if len(text) > _LONGEST_JOINED or not _may_be_joined(key, known):
        return ()
    words = text.split()
    if not 1 < len(words) <= _MOST_WORDS:
        return ()
    found = (_in_order(words, text_of_ours, known) for text_of_ours in known.texts)
    return next((lines for lines in found if lines), ())


def _in_order(words: Sequence[str], text: KnownText, known: Known) -> list[str]:
    lines: list[str] = []
    options: dict[str, set[int]] = {}  # which stand in the line
    at = place = 0
    while at < len(words):
        end = _end_of_slot(words, at, text, known) or _end_of_line(words, at, known)
        line = " ".join(words[at:end])
        here = _place(line, text, place)
        if here is None:
            return []
        lines.append(line)
        at, place = end, here + 1
        for role in text.roles.get(text.order[here], ()):
            if role.kind == "option":
                options.setdefault(role.question, set()).add(role.option)
    whole = all(stand == _printed(text, question) for question, stand in options.items())
    return lines if whole and len(lines) > 1 else []


def _end_of_line(words: Sequence[str], at: int, known: Known) -> int:
    """Return behind which word the longest line of ours ends that begins here; `at` itself if none does."""
    end, key = at, ""
    for after in range(at, len(words)):
        key += line_key(words[after])
        if key in known.roles:
            end = after + 1
        if not known.begins(key):
            break
    return end


def _end_of_slot(words: Sequence[str], at: int, text: KnownText, known: Known) -> int:
    """Return behind which word a slot ends that begins here, with what is in it; 0: none begins here."""
    slot = slot_line(" ".join(words[at : at + 2]))
    if slot is None or slot[0] not in text.slot_at:
        return 0
    for after in range(at + 1, len(words)):
        if slot_line(words[after]) is not None:
            return after
        end = _end_of_line(words, after, known)
        roles = known.roles.get(line_key("".join(words[after:end])), ()) if end > after else ()
        if any(role.kind in _BEHIND_A_SLOT for role in roles):
            return after
    return len(words)


def _place(line: str, text: KnownText, begin: int) -> int | None:
    """Return where in a text of ours a line stands, from a place on."""
    slot = slot_line(line)
    if slot is not None:
        place = text.slot_at[slot[0]].start if slot[0] in text.slot_at else -1
        return place if place >= begin else None
    key = line_key(line)
    return text.order.index(key, begin) if key and key in text.order[begin:] else None


def _printed(text: KnownText, question: str) -> set[int]:
    """Return the options that a question was sent with."""
    return {
        role.option
        for roles in text.roles.values()
        for role in roles
        if role.kind == "option" and role.question == question
    }
