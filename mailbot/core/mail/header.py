"""Writing header fields (RFC 5322 section 2.2, RFC 2047): what a stranger wrote never begins a field of its own."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache

from mailbot.core.mail.address import valid_address

WIDTH = 76  # columns of a line with encoded words, RFC 2047 section 2
_WORD_LIMIT = 75  # columns of one encoded word
_OPENING, _CLOSING = "=?utf-8?B?", "?="
_RAW_LIMIT = 900  # octets of a word that may stand raw; a line has 998
_SMALLEST = 32  # columns: a shorter encoded word is not worth the rest of a line
_KEPT = 64  # values as they were last written: the automatic mails of one hour have few different ones

# C0, DEL, C1, line and paragraph separators, the marks that reverse text, and halves of surrogate pairs.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_MARK = re.compile(r"(\x00[a-z_]+\x00)")
_MARKED = re.compile(r"([!-~]*(?:\x00[a-z_]+\x00[!-~]*)+)")  # marks with the ASCII that touches them
_SPECIAL = re.compile(r"[^A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]")

_Run = tuple[str, bool]  # text without a line end, and whether it is to be encoded


def clean(text: str) -> str:
    """Return the text on one line: each control character, also NUL and so each field mark, is a blank.

    Everything that a stranger wrote passes here before it comes into a header (promises.md attack 5).
    """
    return _CONTROL.sub(" ", text)


def is_clean(text: str) -> bool:
    """Tell whether `clean` would leave the text as it is."""
    return _CONTROL.search(text) is None


@lru_cache(maxsize=_KEPT)
def encode_text(text: str, *, column: int = 0) -> str:
    """Return an unstructured value as it stands on the wire, folded at 76 columns.

    ASCII words and the field marks of core/mail/mailing.py stay raw; other words become encoded words of UTF-8 in
    base64, at most 75 octets long, that never split a character. A mark that touches such a word is set off by a
    blank. `column` is what of the first line the field's name has taken. Text of strangers is to be cleaned first.
    """
    pieces = _MARK.split(text)
    pieces[::2] = [clean(piece) for piece in pieces[::2]]
    return _fold(_runs("".join(pieces)), column)


@lru_cache(maxsize=_KEPT)
def encode_address(name: str, address: str, *, column: int = 0) -> str:
    """Return `name <address>` as it stands on the wire: a phrase (quoted or encoded as it needs) and the address.

    Raises ValueError when the address is none: there is no harmless way to write it.
    """
    if not valid_address(address):
        raise ValueError(f"{address!r} is not a mail address")
    phrase = " ".join(clean(name).split())
    if not phrase:
        return f"<{address}>"
    return _fold([*_phrase(phrase), (f"<{address}>", False)], column)


@lru_cache(maxsize=_KEPT)
def encode_phrase(phrase: str, rest: str, *, column: int = 0) -> str:
    """Return `phrase rest`, where the rest is structured ASCII of our own, such as <room.ml.example.jp>."""
    return _fold([*_phrase(" ".join(clean(phrase).split())), (rest, False)], column)


def header_line(name: str, value: str) -> bytes:
    """Return a whole field with an unstructured value, its line end included."""
    return f"{name}: {encode_text(value, column=len(name) + 2)}\r\n".encode("ascii")


def wire_line(name: str, value: str) -> bytes:
    """Return a whole field whose value is in the form of the wire, folded: its encoded words stay, raw 8-bit words become some."""
    runs = [
        run
        for word in value.split(" ")
        for run in ([(word, False)] if word.isascii() and len(word) <= _RAW_LIMIT else _runs(word))
        if word
    ]
    joined: list[_Run] = []
    for text, encoded in runs:
        if encoded and joined and joined[-1][1]:
            joined[-1] = (f"{joined[-1][0]} {text}", True)
        else:
            joined.append((text, encoded))
    return f"{name}: {_fold(joined, len(name) + 2)}\r\n".encode("ascii")


def _phrase(phrase: str) -> list[_Run]:
    if not phrase:
        return []
    if _plain(phrase.replace(" ", "_")):
        quoted = phrase.replace("\\", "\\\\").replace('"', '\\"')
        return [(f'"{quoted}"' if _SPECIAL.search(phrase) else phrase, False)]
    return [(phrase, True)]


def _runs(text: str) -> list[_Run]:
    """Return the words of a text in order; neighbours that must be encoded are one run, with their blanks."""
    runs: list[_Run] = []
    for word in text.split(" "):
        for piece in _MARKED.split(word) if "\x00" in word else (word,):
            if not piece:
                continue
            if _plain(piece):
                runs.append((piece, False))
            elif runs and runs[-1][1]:
                runs[-1] = (f"{runs[-1][0]} {piece}", True)
            else:
                runs.append((piece, True))
    return runs


def _plain(word: str) -> bool:
    """Tell whether a word may stand raw: ASCII that nobody takes for an encoded word, and not too long for a line."""
    bare = _MARK.sub("", word) if "\x00" in word else word
    return bare.isascii() and bare.isprintable() and "=?" not in bare and len(word) <= _RAW_LIMIT


def _fold(runs: list[_Run], column: int) -> str:
    written: list[str] = []
    used = column
    for text, encoded in runs:
        place = 0
        while place < len(text):
            room = WIDTH - used - bool(written)
            if encoded:
                word, place = _encoded_word(text, place, room if room >= _SMALLEST else WIDTH - 1)
            else:
                word, place = text, len(text)
            if written and len(word) > room:
                written.append("\r\n ")
                used = 1
            elif written:
                written.append(" ")
                used += 1
            written.append(word)
            used += len(word)
    return "".join(written)


@lru_cache(maxsize=64)  # asked for the row of a vote, and again for its weight
def mail_date(date: str | None) -> datetime | None:
    """Return the moment that a Date field names (RFC 5322 section 3.3), None when it names none.

    Without a zone it is taken as UTC, as -0000 is.
    """
    try:
        found = parsedate_to_datetime((date or "")[:100])
        aware = found if found.tzinfo is not None else found.replace(tzinfo=UTC)
        return aware.astimezone(UTC) if 1990 <= aware.year <= 2200 else None
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _encoded_word(text: str, place: int, room: int) -> tuple[str, int]:
    """Return an encoded word of whole characters that fits the room, and where the next one begins."""
    limit = (min(room, _WORD_LIMIT) - len(_OPENING) - len(_CLOSING)) // 4 * 3
    taken = b""
    while place < len(text):
        character = text[place].encode("utf-8", "replace")
        if len(taken) + len(character) > limit:
            break
        taken += character
        place += 1
    return _OPENING + base64.b64encode(taken).decode("ascii") + _CLOSING, place
