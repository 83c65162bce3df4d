"""Text folded for comparison: what clients change in transit becomes equal (ballot.md section 5)."""

from __future__ import annotations

import re
import unicodedata

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

# For `str.translate`: full width to ASCII, blanks to one kind, each character for one, so that a place in what comes of it
# is the same place in the line as it was written.
ONE_FOR_ONE = {0xFF01 + step: 0x21 + step for step in range(94)} | dict.fromkeys(
    map(ord, "\u3000\xa0\t"), " "
)


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
