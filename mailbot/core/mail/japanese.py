"""Japanese text as mail programs really write it: charsets, header words, folding (ballot.md section 5, RFC 1468, 2047)."""

from __future__ import annotations

import binascii
import functools
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

DAMAGE = "\ufffd"
MAX_WALKED = 300_000  # bytes of one text that are looked at one by one for vendor characters
SAMPLE = 10_000  # bytes by which the least damaged reading is chosen
MAX_ESCAPES = 4_000  # escape sequences of one text that are looked at one by one
MAX_RUNS = 6_000  # pieces between blanks in one stretch of a text
MAX_WORDS = 1_000  # encoded words of one header field; with more of them it stays as it is
MAX_DAMAGE = 1_000  # places of one stretch; behind them every byte that is not ASCII counts as damage

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
            text = _iso_2022_jp(content) if b"\x1b" in content or content.isascii() else DAMAGE
        elif charset == EUC:
            text = _euc_jp(content) if _has_none(content, _NEVER_IN_EUC) else DAMAGE
        elif charset == SHIFT_JIS:
            text = _shift_jis(content, "strict")
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
        return _iso_2022_jp(content)
    if charset == EUC:
        return _euc_jp(content)
    if charset == SHIFT_JIS:
        return _shift_jis(content, "replace")
    return content.decode("ascii" if charset == ASCII else charset, "replace")


_C1 = bytes(range(0x80, 0xA0))
_NEVER_IN_EUC = bytes([*range(0x80, 0x8E), *range(0x90, 0xA1), 0xFF])
_GRAPHIC = bytes(range(0x21, 0x7F))


def _has_none(content: bytes, unwanted: bytes) -> bool:
    return len(content.translate(None, unwanted)) == len(content)


# What Python makes of the bytes 80, A0, FD, FE and FF, which CP932 leaves undefined.
_UNDEFINED_IN_CP932 = dict.fromkeys(map(ord, "\x80\uf8f0\uf8f1\uf8f2\uf8f3"), DAMAGE)
_ANY_UNDEFINED = re.compile("[\x80\uf8f0-\uf8f3]")


def _shift_jis(content: bytes, errors: str) -> str:
    text = content.decode("cp932", errors)
    return text.translate(_UNDEFINED_IN_CP932) if _ANY_UNDEFINED.search(text) else text


# --- ISO-2022-JP as Windows means it (CP50220) ---

_KANA_8 = {byte: 0xFF61 + byte - 0xA1 if 0xA1 <= byte <= 0xDF else 0xFFFD for byte in range(0x80, 0x100)}
_KANA_7 = {byte: 0xFF61 + byte - 0x21 if byte <= 0x5F else 0xFFFD for byte in range(0x21, 0x7F)}

# Character sets beyond JIS X 0208, by the escape sequence that calls them, and the codec that knows them.
_RARE_SETS = {
    b"$(D": "iso2022_jp_2",  # JIS X 0212
    b"$A": "iso2022_jp_2",  # GB 2312
    b"$(C": "iso2022_jp_2",  # KS X 1001
    b"$(O": "iso2022_jp_3",  # JIS X 0213 plane 1, 2000
    b"$(Q": "iso2022_jp_2004",  # JIS X 0213 plane 1, 2004
    b"$(P": "iso2022_jp_2004",  # JIS X 0213 plane 2
}
_DOUBLE = (b"$(B", b"$(@", b"$B", b"$@")
_ROMAN = (
    b"(B",
    b"(J",
    b"(H",
)  # the yen sign and overline of JIS Roman are the codes that CP932 calls \ and ~
_DESIGNATIONS = frozenset((*_DOUBLE, *_ROMAN, b"(I", *_RARE_SETS))


def _iso_2022_jp(content: bytes) -> str:
    """Decode ISO-2022-JP with vendor characters, half-width kana, SO/SI and 8-bit kana; U+FFFD for damage."""
    if b"\x0e" in content:  # Python would take the shift for a control character
        return _windows_iso_2022_jp(content)
    try:
        return _as_in_cp932(content.decode("iso2022_jp")).replace("\xa5", "\\").replace("\u203e", "~")
    except UnicodeDecodeError:
        return _windows_iso_2022_jp(content)


# Where JIS and Microsoft give one code different characters.
_JIS_AND_CP932 = tuple(
    zip(
        "\u301c\u2016\u2212\u00a2\u00a3\u00ac\u2014",
        "\uff5e\u2225\uff0d\uffe0\uffe1\uffe2\u2015",
        strict=True,
    )
)


def _as_in_cp932(text: str) -> str:
    """Name the characters of JIS X 0208 as CP932 does, whichever charset they came in."""
    for jis, microsoft in _JIS_AND_CP932:
        text = text.replace(jis, microsoft)
    return text


@functools.lru_cache(maxsize=1)  # who finds it damaged asks again
def _windows_iso_2022_jp(content: bytes) -> str:
    if len(content) > MAX_WALKED:
        return content.decode("iso2022_jp_2", "replace")
    if (text := _undamaged(content)) is not None:
        return text
    first, *stretches = content.split(b"\x1b", MAX_ESCAPES)
    rest = b""
    if len(stretches) == MAX_ESCAPES:
        stretches[-1], escape, behind = stretches[-1].partition(b"\x1b")
        rest = escape + behind
    texts = [_single_bytes(first)]
    current = b"(B"
    for stretch in stretches:
        designation = _designation(stretch)
        if designation is None:
            texts.append(DAMAGE + _stretch(current, stretch))
        else:
            current = designation
            texts.append(_stretch(current, stretch[len(designation) :]))
    return "".join(texts) + rest.decode("iso2022_jp_2", "replace")


_CALLS = re.compile(rb"\x1b(\$[B@]|\([BJ])")


def _undamaged(content: bytes) -> str | None:
    """Return a text of ASCII and pairs alone, its pairs read all at once, a fifth of the time; None: it is another."""
    first, *rest = _CALLS.split(content, MAX_ESCAPES)
    texts = [first, *rest[1::2]]
    if content.count(b"\x1b") != len(texts) - 1 or b"\x0e" in content or not content.isascii():
        return None
    double = [at for at, call in enumerate(rest[::2], 1) if call[:1] == b"$"]
    if any(len(texts[at]) % 2 for at in double):
        return None
    if b"".join([texts[at] for at in double]).translate(None, _GRAPHIC):
        return None
    pairs = b"\x00\n".join([texts[at] for at in double]).decode("utf-16-be").translate(_jis_x_0208())
    shown = [text.decode("ascii") for text in texts]
    for at, pair in zip(double, pairs.split("\n"), strict=False):
        shown[at] = pair
    return "".join(shown)


def _designation(stretch: bytes) -> bytes | None:
    return next((start for start in (stretch[:2], stretch[:3]) if start in _DESIGNATIONS), None)


def _stretch(designation: bytes, content: bytes) -> str:
    """Decode what stands between two escape sequences, in the set that the first one called."""
    if designation in _DOUBLE:
        return _double_bytes(content)
    if designation in _ROMAN:
        return _single_bytes(content)
    if designation == b"(I":
        return content.decode("latin-1").translate(_KANA_8).translate(_KANA_7)
    return (b"\x1b" + designation + content + b"\x1b(B").decode(_RARE_SETS[designation], "replace")


def _single_bytes(content: bytes) -> str:
    if content.isascii() and b"\x0e" not in content:
        return content.decode("ascii")
    head, *shifted = content.decode("latin-1").translate(_KANA_8).split("\x0e")
    texts = [head]
    for stretch in shifted:
        kana, _, rest = stretch.partition("\x0f")
        texts += [kana.translate(_KANA_7), rest]
    return "".join(texts)


def _double_bytes(content: bytes) -> str:
    table = _jis_x_0208()
    if len(content) % 2 == 0 and not content.translate(None, _GRAPHIC):
        return content.decode("utf-16-be").translate(table)
    texts: list[str] = []
    damage = 0
    for count, run in enumerate(_RUN.finditer(content)):
        if damage == MAX_DAMAGE or count == MAX_RUNS:
            texts.append(DAMAGE + content[run.start() :].decode("ascii", "replace"))
            break
        if run["pairs"]:
            texts.append(run["pairs"].decode("utf-16-be").translate(table))
        elif run["blanks"]:  # line ends and blanks stand for themselves in every set
            texts.append(run["blanks"].decode("ascii"))
        else:
            texts.append(DAMAGE)
            damage += 1
    return "".join(texts)


_RUN = re.compile(rb"(?P<pairs>(?:[!-~]{2})+)|(?P<blanks>[\x00-\x20]+)|.", re.DOTALL)


@functools.cache
def _jis_x_0208() -> dict[int, str]:
    """Return the character of each pair of 7-bit bytes, shifted arithmetically to CP932: ①, Ⅰ, ㈱, 髙 included."""
    return {first << 8 | second: _shifted(first, second) for first in _GRAPHIC for second in _GRAPHIC}


def _shifted(first: int, second: int) -> str:
    lead = ((first - 0x21) >> 1) + 0x81
    lead += 0x40 if lead > 0x9F else 0
    odd_row_trail = second + (0x1F if second < 0x60 else 0x20)
    trail = odd_row_trail if first % 2 else second + 0x7E
    try:
        return bytes((lead, trail)).decode("cp932")
    except UnicodeDecodeError:
        return DAMAGE


# --- EUC-JP as Windows and Unix mean it (eucJP-ms, CP51932) ---


@functools.cache
def _euc_ibm() -> str:
    """Return eucJP-ms's own rows, from 0x8FF3F3 on: IBM's characters in CP932's order, without those of JIS."""
    rows = bytes(
        byte
        for lead in (0xFA, 0xFB, 0xFC)
        for trail in (*range(0x40, 0x7F), *range(0x80, 0xFD))
        for byte in (lead, trail)
    )
    ibm = rows[: rows.index(b"\xfc\x4b") + 2].decode("cp932")
    return "".join(character for character in ibm if character == "№" or _beyond_jis(character))


def _beyond_jis(character: str) -> bool:
    return character not in "￢￤" and character.encode("euc_jp", "ignore") == b""


@functools.lru_cache(maxsize=1)  # as above
def _euc_jp(content: bytes) -> str:
    """Decode EUC-JP with the vendor rows; U+FFFD for damage."""
    try:
        return _as_in_cp932(content.decode("euc_jp"))
    except UnicodeDecodeError:
        if len(content) > MAX_WALKED:
            return content.decode("euc_jp", "replace")
        return "".join(_euc_characters(content))


def _euc_characters(content: bytes) -> Iterator[str]:
    table = _jis_x_0208()
    position = damage = 0
    while position < len(content) and damage < MAX_DAMAGE:
        lead = content[position]
        width = 1 if lead < 0x80 else 3 if lead == 0x8F else 2
        code = content[position : position + width]
        if lead < 0x80:
            yield chr(lead)
        elif len(code) == width and all(0xA1 <= byte <= 0xFE for byte in code[1:]) and lead in _EUC_LEADS:
            yield _euc_character(code, table)
        else:
            yield DAMAGE
            width = 1
            damage += 1
        position += width
    yield content[position:].decode("ascii", "replace")


_EUC_LEADS = frozenset([0x8E, 0x8F, *range(0xA1, 0xFF)])


def _euc_character(code: bytes, table: dict[int, str]) -> str:
    if code[0] == 0x8E:
        return chr(0xFF61 + code[1] - 0xA1) if code[1] <= 0xDF else DAMAGE
    if code[0] == 0x8F:
        place = (code[1] - 0xF3) * 94 + code[2] - 0xF3
        if 0 <= place < len(_euc_ibm()):
            return _euc_ibm()[place]
        return code.decode("euc_jp", "replace")
    return table[(code[0] & 0x7F) << 8 | code[1] & 0x7F]


# --- Header fields ---

_CONTROLS = {
    **dict.fromkeys((*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029), " "),
    **dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)), " "),  # they reorder what a reader sees
    **dict.fromkeys(range(0xD800, 0xE000), DAMAGE),  # no database takes half of a surrogate pair
}
# Any character of _CONTROLS but tab and newline: texts without one, nearly all, are left as they are.
_ANY_IN_TEXT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_CONTROLS_IN_TEXT = {code: blank for code, blank in _CONTROLS.items() if chr(code) not in "\t\n"}


def strip_controls(text: str) -> str:
    """Replace every control character, line end and reordering mark by a blank: what remains fits on one line."""
    if text.isascii() and text.isprintable():
        return text
    return text.translate(_CONTROLS)


def strip_controls_of_lines(text: str) -> str:
    """Do the same to a text of many lines: tabs stay, every kind of line end becomes a line feed."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.translate(_CONTROLS_IN_TEXT) if _ANY_IN_TEXT.search(text) else text


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
    """Tell whether the only surrogates are raw bytes in the form that Python keeps them in."""
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


_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
_NOT_BASE64 = bytes(byte for byte in range(256) if byte not in _BASE64)
_BASE64_AT_ONCE = 65_536  # bytes


def from_base64(content: bytes) -> bytes:
    """Decode base64 as mail has it: foreign characters skipped, padding missing, several padded runs in one body."""
    return _from_letters(content.translate(None, _NOT_BASE64))


def base64_pieces(content: bytes, start: int, stop: int) -> Iterator[bytes]:
    """Yield, bit by bit, what `from_base64` makes of the content between these places: at once it takes its size five times."""
    begun = b""  # less than a group of four characters
    for at in range(start, stop, _BASE64_AT_ONCE):
        some = content[at : min(at + _BASE64_AT_ONCE, stop)]
        letters = begun + some.translate(None, _NOT_BASE64)
        end = len(letters)
        if at + _BASE64_AT_ONCE < stop:
            end -= (end - letters.rfind(b"=") - 1) % 4
        yield _from_letters(letters[:end])
        begun = letters[end:]


def _from_letters(letters: bytes) -> bytes:
    runs = letters.split(b"=")
    # A single character left over holds six bits: no byte, so nothing is lost with it.
    whole = [run[: len(run) - (len(run) % 4 == 1)] for run in runs if run]
    return b"".join([binascii.a2b_base64(run + b"=" * (-len(run) % 4)) for run in whole])


# --- Folding for comparison ---

_FOLDS = {
    **dict.fromkeys(map(ord, "〜～∼\u223f\u3030"), "~"),
    **dict.fromkeys((*range(0x2010, 0x2016), 0x2212, 0xFF0D, 0xFE58, 0xFE63, 0xFE31, 0xFE32), "-"),
    0x2225: "\u2016",
    **dict.fromkeys(map(ord, "〇◯⭕"), "○"),
    **dict.fromkeys(map(ord, "［【〔〖〘〚﹝︹︻︗﹇"), "["),
    **dict.fromkeys(map(ord, "］】〕〗〙〛﹞︺︼︘﹈"), "]"),
    **dict.fromkeys(map(ord, "¥￥"), "\\"),  # one code, 0x5C, in every Japanese charset but Unicode
    **dict.fromkeys(map(ord, "\u00a0\u3000"), " "),
    # Invisible: soft hyphen, zero widths, directions, BOM, variation selectors.
    **dict.fromkeys(
        (0xAD, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x206A), 0xFEFF), None
    ),
    **dict.fromkeys((*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0), 0x180E), None),
}
_SUPPLEMENT = "\U000e0100-\U000e01ef"  # as a range: sre looks for each single one beyond U+FFFF by itself
# Any character of _FOLDS: texts without one are left as they are.
_ANY_FOLD = re.compile(f"[{re.escape(''.join(chr(code) for code in _FOLDS if code <= 0xFFFF))}{_SUPPLEMENT}]")
_LONG_MARK_BETWEEN_DIGITS = re.compile(r"(?<=[0-9])ー(?=[0-9])")


def fold(text: str) -> str:
    """Return the text with everything equal that clients change in transit (ballot.md section 5).

    For comparison only. ① becomes 1, so that "①②" reads 12: whoever reads numbers must look at the text itself.
    """
    if text.isascii():
        return text
    folded = unicodedata.normalize("NFKC", text.translate(_FOLDS) if _ANY_FOLD.search(text) else text)
    if "ー" in folded:
        folded = _LONG_MARK_BETWEEN_DIGITS.sub("-", folded)
    return folded
