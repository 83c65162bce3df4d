"""Control characters, and marks that reorder what a reader sees, become blanks."""

from __future__ import annotations

import re

_CONTROLS = {
    **dict.fromkeys((*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029), " "),
    **dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)), " "),  # they reorder what a reader sees
    **dict.fromkeys(range(0xD800, 0xE000), "\ufffd"),  # no database takes half of a surrogate pair
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
    # In ASCII to replace them takes less than to look for them, in Japanese fifty times as long.
    return text.translate(_CONTROLS_IN_TEXT) if text.isascii() or _ANY_IN_TEXT.search(text) else text
