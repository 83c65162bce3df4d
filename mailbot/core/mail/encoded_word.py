"""Header fields as text: the encoded words of RFC 2047, and raw 8-bit bytes, as mail programs really write them."""

from __future__ import annotations

import binascii
import functools
from collections.abc import Iterator
from itertools import groupby

from mailbot.core.mail.control_characters import strip_controls
from mailbot.core.mail.japanese import decode
from mailbot.core.mail.lenient_base64 import from_base64

MAX_WORDS = 1_000  # encoded words of one header field; with more of them it stays as it is


def decode_header(value: str | bytes) -> str:
    """Decode a header field's value (RFC 2047): each encoded word by its charset, raw 8-bit by the same table.

    Neighbouring words of one charset are joined first, because mail programs split characters between them.
    The result is one line without control characters; anything that is not understood stays as it is.
    """
    if not isinstance(value, str) or len(value) > _SHORT_FIELD:
        return _decode_header(value)
    if value.isascii() and value.isprintable() and "=?" not in value:
        return value
    return _decode_short_header(value)


_SHORT_FIELD = 500  # characters


def _decode_header(value: str | bytes) -> str:
    raw = (
        value
        if isinstance(value, bytes)
        else value.encode("utf-8", "surrogateescape" if _escaped(value) else "replace")
    )
    raw = raw.replace(b"\r\n", b"\n").replace(b"\n ", b" ").replace(b"\n\t", b" ")
    if b"=?" not in raw or b"\x1b$" in raw or raw.count(b"=?") > MAX_WORDS:
        return strip_controls(decode(raw, None).text)
    texts = []
    for charset, words in groupby(_without_blanks_between(list(_words(raw))), key=lambda word: word[0]):
        contents = [content for _, content in words]
        texts.append(_joined(contents, charset))
    return strip_controls("".join(texts))


# The replies to one mail of ours have its Subject, which each mail program encodes in its own way.
_decode_short_header = functools.lru_cache(maxsize=1024)(_decode_header)


def _escaped(value: str) -> bool:
    """Tell whether the only surrogates stand for raw bytes, as Python keeps those (surrogateescape)."""
    try:
        value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return False
    return True


def _joined(contents: list[bytes], charset: str | None) -> str:
    """Decode neighbouring words as one text, or one by one where only that is clean."""
    whole = decode(b"".join(contents), charset)
    if not whole.clean and len(contents) > 1:
        single = [decode(content, charset) for content in contents]
        if all(word.clean for word in single):
            return "".join(word.text for word in single)
    return whole.text


def _words(raw: bytes) -> Iterator[tuple[str | None, bytes]]:
    """Yield the stretches of a field: (charset, content) of an encoded word, (None, bytes) of what stands between.

    The pieces between question marks are walked once, so that the time is linear whatever a stranger sends.
    """
    pieces = raw.split(b"?")
    literal = [pieces[0]]
    position = 0
    while position + 1 < len(pieces):
        end = _word_end(pieces, position)
        if end is None:
            position += 1
            literal += [b"?", pieces[position]]
            continue
        literal[-1] = literal[-1][:-1]
        yield None, b"".join(literal)
        charset = pieces[position + 1].decode("ascii", "replace").partition("*")[0].lower()
        yield charset, _word_content(pieces[position + 2], b"?".join(pieces[position + 3 : end]))
        literal = [pieces[end][1:]]
        pieces[end] = literal[0]
        position = end
    yield None, b"".join(literal)


def _word_end(pieces: list[bytes], start: int) -> int | None:
    """Return which piece closes the encoded word whose `=` ends the piece at `start`; None if there is no word."""
    if not pieces[start].endswith(b"=") or start + 4 >= len(pieces):
        return None
    if not pieces[start + 1] or pieces[start + 2] not in {b"B", b"b", b"Q", b"q"}:
        return None
    # Some programs leave a question mark unencoded inside a Q word.
    last = start + 5 if pieces[start + 2] in b"Bb" else start + 9
    for end in range(start + 4, min(last, len(pieces))):
        if pieces[end].startswith(b"="):
            return end
    return None


def _word_content(encoding: bytes, text: bytes) -> bytes:
    if encoding in b"Qq":
        return binascii.a2b_qp(text, header=True)
    return from_base64(text)


def _without_blanks_between(words: list[tuple[str | None, bytes]]) -> list[tuple[str | None, bytes]]:
    """Leave out blank stretches between two encoded words (RFC 2047 section 6.2), and empty ones."""
    last = len(words) - 1
    return [
        word
        for index, word in enumerate(words)
        if word[0] is not None or (word[1] if index in {0, last} else word[1].strip(b" \t\r\n"))
    ]
