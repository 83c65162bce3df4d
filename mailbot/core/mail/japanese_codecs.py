"""The three Japanese charsets of mail as Windows and Unix mean them: ISO-2022-JP, CP932 and EUC-JP, vendor characters included."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

DAMAGE = "\ufffd"
MAX_WALKED = 300_000  # bytes of one text that are looked at one by one for vendor characters
MAX_ESCAPES = 4_000  # escape sequences of one text that are looked at one by one
MAX_RUNS = 6_000  # pieces between blanks in one stretch of a text
MAX_DAMAGE = 1_000  # places of one stretch; behind them every byte that is not ASCII counts as damage
_GRAPHIC = bytes(range(0x21, 0x7F))


# --- CP932, Microsoft's Shift JIS ---

# What Python makes of the bytes 80, A0, FD, FE and FF, which CP932 leaves undefined.
_UNDEFINED_IN_CP932 = dict.fromkeys(map(ord, "\x80\uf8f0\uf8f1\uf8f2\uf8f3"), DAMAGE)
_ANY_UNDEFINED = re.compile("[\x80\uf8f0-\uf8f3]")


def shift_jis(content: bytes, errors: str) -> str:
    """Decode CP932; bytes that it leaves undefined become U+FFFD, whatever `errors` says of the others."""
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
# The yen sign and overline of JIS Roman are the codes that CP932 calls \ and ~.
_ROMAN = (b"(B", b"(J", b"(H")
_DESIGNATIONS = frozenset((*_DOUBLE, *_ROMAN, b"(I", *_RARE_SETS))


def iso_2022_jp(content: bytes) -> str:
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


@functools.lru_cache(maxsize=1)  # who finds it damaged asks again
def euc_jp(content: bytes) -> str:
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
