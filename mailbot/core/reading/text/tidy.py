"""A member's words made comparable: one width, one kind of blank and dash, numbers apart (ballot.md section 5)."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from mailbot.core.mail.fold import fold

CIRCLES = "○〇◯⭕"
CROSSES = "×✕✖❌╳"
GARBLED = re.compile("[\ufffd〓]")
_INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufeff\ufe00-\ufe0f\u00ad]")
_KEYCAP = re.compile("(?P<digit>[0-9])\ufe0f?\u20e3")  # 2️⃣, a number of its own like ②


def _numbered() -> dict[int, str]:
    """Return the single characters that stand for a number, each as a word of its own.

    NFKC would turn ①③ into 13 and ⅠⅡ into III, which are other answers.
    """
    series = [("①", 20, 1), ("㉑", 15, 21), ("㊱", 15, 36), ("❶", 10, 1), ("⓫", 10, 11), ("⓵", 10, 1)]
    series += [("➀", 10, 1), ("➊", 10, 1), ("⑴", 20, 1), ("⒈", 20, 1), ("㊀", 10, 1), ("㈠", 10, 1)]
    series += [("Ⅰ", 12, 1), ("ⅰ", 12, 1), ("🔟", 1, 10)]
    words = {
        ord(first) + step: f" {start + step}番 " for first, count, start in series for step in range(count)
    }
    return words | dict.fromkeys(map(ord, "⁰¹²³⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉⓪⓿"), "^")  # small figures: no answer form


_NUMBERED = _numbered()
CIRCLED = frozenset(chr(code) for code in _NUMBERED)
_DASHES = str.maketrans(
    dict.fromkeys("‐‑‒–—―−﹣", "-") | dict.fromkeys("’‘′", "'") | {"〜": "~", "∼": "~", "∥": "‖"}
)
# A text without any of these need not be looked through character by character in a table.
ANY_CIRCLED, _ANY_DASH = (re.compile(f"[{''.join(map(chr, table))}]") for table in (_NUMBERED, _DASHES))
_DASH_BETWEEN_DIGITS = re.compile(r"(?<=[0-9番目])\s?ー\s?(?=[0-9])")
_QUOTED_BESIDE = re.compile(r"」\s?「")
_QUOTED = re.compile(r"「([^「」]*)」|『([^『』]*)』|“([^“”]*)”|\"([^\"]*)\"")


def tidy(text: str) -> str:
    """Return text for reading: one width, one kind of blank and dash, lower case; numbers stay apart."""
    if text.isascii():
        return " ".join(text.casefold().split())
    if "\u20e3" in text:
        text = _KEYCAP.sub(r" \g<digit>番 ", text)
    text = _INVISIBLE.sub("", text)
    if ANY_CIRCLED.search(text):
        text = text.translate(_NUMBERED).replace("番 番", "番")  # 「②番」
    text = unicodedata.normalize("NFKC", text)
    if _ANY_DASH.search(text):
        text = text.translate(_DASHES)
    text = text.casefold()
    return " ".join(_DASH_BETWEEN_DIGITS.sub("-", text).split())


@lru_cache(maxsize=4096)
def label_key(label: str) -> str:
    """Return what two labels have in common when they are the same words (ballot.md section 5, fold)."""
    return "".join(fold(unquoted(tidy(label))).casefold().split())


def unquoted(text: str) -> str:
    """Return text without quotation marks that stand in pairs."""
    apart = _QUOTED_BESIDE.sub("」、「", text)
    return _QUOTED.sub(lambda match: "".join(part or "" for part in match.groups()), apart)


_EMPHASIS = re.compile(
    r"(?<![\w*])(?P<mark>\*{1,2})(?=[^\s*])(?P<said>[^*\n]{1,100})(?<=[^\s])(?P=mark)(?![\w*])"
)


def without_emphasis(text: str) -> str:
    """Return text without the asterisks that Gmail and Thunderbird put around bold words in the plain form of a mail."""
    return _EMPHASIS.sub(r"\g<said>", text) if text.count("*") > 1 else text


def is_garbled(text: str) -> bool:
    """Say whether a slot shows damage: U+FFFD, 〓, or nothing but question marks."""
    return GARBLED.search(text) is not None or (
        bool(text.strip(" ?？　")) is False and ("?" in text or "？" in text)
    )


_LONGEST_BLANK = 20  # characters
_SAID_BLANK = re.compile(
    r"[(（]?空[欄白](?:のまま)?(?:です|で(?:お願いします)?|と(?:いた)?し(?:ます|ました)|とさせていただきます)?[。.]?[)）]?"
)


def is_blank(text: str) -> bool:
    """Say whether nothing is written: blanks, underscores, dots of an ellipsis."""
    said = text.strip(" \t\r\n\u3000\xa0_＿…‥\u200b\ufeff")
    return (
        not said
        or said in {"...", "・・・"}
        or (len(said) <= _LONGEST_BLANK and _SAID_BLANK.fullmatch(said) is not None)
    )


def end_of(pattern: re.Pattern[str], text: str) -> int:
    """Return where a pattern ends with which the text begins, 0 if it does not."""
    match = pattern.match(text)
    return match.end() if match else 0
