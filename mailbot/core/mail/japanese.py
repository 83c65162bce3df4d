"""Japanese text whatever charset its label claims: the table of ballot.md section 5 (RFC 1468)."""

from __future__ import annotations

from dataclasses import dataclass

from mailbot.core.mail.japanese_codecs import DAMAGE, euc_jp, iso_2022_jp, shift_jis

SAMPLE = 10_000  # bytes by which the least damaged reading is chosen

JIS = "iso-2022-jp"
SHIFT_JIS = "cp932"
EUC = "euc-jp"
UTF8 = "utf-8"
ASCII = "us-ascii"

# Every label that is believed, and what reads it. A codec that is not text (punycode, idna, zlib, rot13, utf-7,
# unicode_escape) must never be reachable from a stranger's header (promises.md attack 6).
_LABELS: dict[str, str] = {
    **dict.fromkeys(("us-ascii", "ascii", "ansi-x3.4-1968", "iso-646-us"), ASCII),
    **dict.fromkeys(("utf-8", "utf8", "unicode-1-1-utf-8", "cp65001"), UTF8),
    **dict.fromkeys(("iso-2022-jp", "csiso2022jp", "iso-2022-jp-1", "iso-2022-jp-2", "iso-2022-jp-3"), JIS),
    **dict.fromkeys(
        ("iso-2022-jp-2004", "iso-2022-jp-ms", "iso-2022-jp-ext", "cp50220", "cp50221", "jis"), JIS
    ),
    **dict.fromkeys(("shift-jis", "shiftjis", "sjis", "x-sjis", "ms-kanji", "csshiftjis"), SHIFT_JIS),
    **dict.fromkeys(
        ("windows-31j", "cswindows31j", "ms932", "cp932", "sjis-win", "shift-jis-2004"), SHIFT_JIS
    ),
    **dict.fromkeys(("euc-jp", "eucjp", "x-euc-jp", "cseucpkdfmtjapanese", "eucjp-ms", "eucjp-win"), EUC),
    **dict.fromkeys(("cp51932", "x-euc"), EUC),
    # The supersets that senders of these labels really use.
    **dict.fromkeys(("gb2312", "gbk", "gb18030", "cp936", "euc-cn", "gb-2312-80"), "gb18030"),
    **dict.fromkeys(("big5", "big5-hkscs", "cp950", "csbig5"), "big5hkscs"),
    **dict.fromkeys(("euc-kr", "ks-c-5601-1987", "ksc5601", "cp949", "windows-949"), "cp949"),
    **dict.fromkeys(("iso-8859-1", "latin1", "latin-1", "l1", "windows-1252", "cp1252"), "cp1252"),
    **dict.fromkeys(("iso-8859-9", "latin5", "windows-1254", "cp1254"), "cp1254"),
    **dict.fromkeys(("tis-620", "iso-8859-11", "windows-874", "cp874"), "cp874"),
    **{f"iso-8859-{n}": f"iso8859_{n}" for n in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)},
    "iso-8859-8-i": "iso8859_8",
    **{f"windows-{n}": f"cp{n}" for n in (1250, 1251, 1253, 1255, 1256, 1257, 1258)},
    **{f"cp{n}": f"cp{n}" for n in (437, 850, 852, 866, 1250, 1251, 1253, 1255, 1256, 1257, 1258)},
    "koi8-r": "koi8_r",
    "koi8-u": "koi8_u",
    "macintosh": "mac_roman",
    "johab": "johab",
    "hz-gb-2312": "hz",
    "iso-2022-kr": "iso2022_kr",
    "utf-16": "utf_16",
    "utf-16le": "utf_16_le",
    "utf-16be": "utf_16_be",
}

# Codecs in which bytes below 0x80 are not simply ASCII.
_NOT_ASCII_BASED = frozenset({"hz", "iso2022_kr", "utf_16", "utf_16_le", "utf_16_be"})


@dataclass(frozen=True)
class Decoded:
    """Text, the charset that gave it, and whether every byte was understood."""

    text: str
    charset: str
    clean: bool  # False: damaged (U+FFFD marks the places) or readable in two ways; a person must look


def decode(content: bytes, declared: str | None) -> Decoded:
    """Decode one part or one header word by the table of ballot.md section 5; never raises, drops nothing silently.

    A label is believed when the bytes agree with it. Otherwise the one charset of the table that reads them whole
    is taken. UTF-8 needs no rival to fail when it reads characters of three bytes or more: other Japanese text
    practically never forms them, while CP932 reads much UTF-8 by accident.
    """
    label = _LABELS.get(_normalized(declared)) if declared else None
    if content.startswith(b"\xef\xbb\xbf"):
        content = content[3:]
    escapes = b"\x1b$" in content or b"\x1b(I" in content
    ascii_based = label not in _NOT_ASCII_BASED
    if content.isascii() and ascii_based and b"\x1b" not in content and b"\x0e" not in content:
        return Decoded(content.decode("ascii"), label or ASCII, clean=True)
    if escapes and ascii_based and (text := _whole(content, JIS)) is not None:
        return Decoded(text, JIS, clean=True)
    if label is None or label == ASCII:
        return _undeclared(content)
    if not (escapes and label == JIS) and (text := _whole(content, label)) is not None:
        return Decoded(text, label, clean=True)
    return _contradicted(content, label)


def is_known(declared: str) -> bool:
    """Tell whether a charset label is one that is believed: text under another, such as utf-7, may not be what its bytes seem."""
    return _normalized(declared) in _LABELS


def _normalized(declared: str) -> str:
    """Return a charset label in lower case with hyphens, without quotes, blanks and an RFC 2231 language."""
    return declared.partition("*")[0].strip(" \t\"'").lower().replace("_", "-")


def _undeclared(content: bytes) -> Decoded:
    """Read what has no label: UTF-8, then CP932, strictly."""
    if (text := _whole(content, UTF8)) is not None:
        return Decoded(text, UTF8, clean=True)
    if (text := _whole(content, SHIFT_JIS)) is None:
        return _best_effort(content, None)
    # The hiragana of EUC-JP read as CP932 without an error, as half-width kana: nobody but a person can tell.
    rival = _whole(content, EUC)
    doubtful = rival is not None and any("ぁ" <= character <= "ん" for character in rival)
    return Decoded(text, SHIFT_JIS, clean=not doubtful)


def _contradicted(content: bytes, label: str) -> Decoded:
    """Read what its label cannot: by the one charset of the table that can."""
    readings = {
        charset: text
        for charset in (JIS, UTF8, SHIFT_JIS, EUC)
        if charset != label and (text := _whole(content, charset)) is not None
    }
    if any(character >= "\u0800" for character in readings.get(UTF8, "")):
        return Decoded(readings[UTF8], UTF8, clean=True)
    if len(set(readings.values())) == 1:
        charset, text = next(iter(readings.items()))
        return Decoded(text, charset, clean=True)
    return _best_effort(content, label)


def _best_effort(content: bytes, label: str | None) -> Decoded:
    """Return the reading with the fewest damaged places, marked as not clean."""
    charsets = [label] if label else []
    charsets += [JIS] if b"\x1b" in content else []
    charsets += [UTF8, SHIFT_JIS, EUC]
    beginnings = {charset: _damaged(content[:SAMPLE], charset) for charset in charsets}
    charset = min(
        beginnings, key=lambda name: beginnings[name].count(DAMAGE) + beginnings[name].count("\x1b$")
    )
    return Decoded(_damaged(content, charset), charset, clean=False)


def _whole(content: bytes, charset: str) -> str | None:
    """Return the text if every byte makes sense in this charset, else None."""
    try:
        if charset == JIS:
            text = iso_2022_jp(content) if b"\x1b" in content or content.isascii() else DAMAGE
        elif charset == EUC:
            text = euc_jp(content) if _has_none(content, _NEVER_IN_EUC) else DAMAGE
        elif charset == SHIFT_JIS:
            text = shift_jis(content, "strict")
        else:
            text = content.decode("ascii" if charset == ASCII else charset)
            damaged = "\x1b$" in text or (charset.startswith("iso8859") and not _has_none(content, _C1))
            return None if damaged else text  # a U+FFFD in it was sent as such
    except (UnicodeError, ValueError):
        return None
    return None if DAMAGE in text or "\x1b$" in text else text


def _damaged(content: bytes, charset: str) -> str:
    """Return the text with U+FFFD wherever bytes make no sense in this charset."""
    if charset == JIS:
        return iso_2022_jp(content)
    if charset == EUC:
        return euc_jp(content)
    if charset == SHIFT_JIS:
        return shift_jis(content, "replace")
    return content.decode("ascii" if charset == ASCII else charset, "replace")


_C1 = bytes(range(0x80, 0xA0))
_NEVER_IN_EUC = bytes([*range(0x80, 0x8E), *range(0x90, 0xA1), 0xFF])


def _has_none(content: bytes, unwanted: bytes) -> bool:
    return len(content.translate(None, unwanted)) == len(content)
