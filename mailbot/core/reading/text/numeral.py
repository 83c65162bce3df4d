"""Numerals as members write them: 1,234, 1.5万, 三千二百, 二十一 (ballot.md section 7)."""

from __future__ import annotations

import re
from decimal import Decimal

_KANJI_DIGIT = {mark: value for value, mark in enumerate("〇一二三四五六七八九")}
KANJI_DIGITS = "一二三四五六七八九十"


def kanji_number(written: str) -> int | None:
    """Return 一 to 九十九 as a number; None for any other sequence."""
    tens, ten, ones = written.partition("十")
    if not ten:
        return _KANJI_DIGIT[written] if len(written) == 1 else None
    if len(tens) > 1 or len(ones) > 1 or "十" in ones:
        return None
    return (_KANJI_DIGIT[tens] if tens else 1) * 10 + (_KANJI_DIGIT[ones] if ones else 0)


# A number that may be an option's: 「3も」, 「3番」, 「3未定」; not one that counts, 「3業務」, 「2.3倍」, 「14システム」.
LONE_NUMBER = re.compile(
    r"(?<![0-9.,])([0-9]{1,3})(?:番|項目|つ目|(?![0-9.%年月日]|,[0-9]{3}|[ァ-ヶ]{2}|(?![番項検未予希済可両又及選除不非無寄近候優有案方側点])[一-龠々]|か所|か月|項(?!目)))"
)


_FIGURE = r"(?:[0-9]{1,3}(?:,[0-9]{3}){1,4}|[0-9]{1,15})(?:\.[0-9]{1,6})?|[〇一二三四五六七八九]{1,12}"
_LARGE = re.compile(r"(?P<part>[0-9,.〇一二三四五六七八九十百千]*)(?P<unit>[兆億万])")
_SMALL = re.compile(rf"(?P<figure>{_FIGURE})?(?P<unit>[千百十])")
_PLAIN = re.compile(_FIGURE)
_POWERS = {"兆": 10**12, "億": 10**8, "万": 10**4, "千": 1000, "百": 100, "十": 10}
NUMERAL = re.compile(r"[0-9,.〇一二三四五六七八九十百千万億兆]{1,40}")
# 「二三名」 is two or three, and 「五六百」 five or six hundred.
_TWO_OR_THREE = re.compile(
    f"(?<![〇{KANJI_DIGITS[:9]}])(?:一二|二三|三四|四五|五六|六七|七八|八九)(?![〇{KANJI_DIGITS[:9]}])"
)


# 「億」 alone, and 「1億5」, 「2万3」, 「1億2千」, where the rest may as well be so many of the next smaller unit.
_LEFT_OPEN = re.compile(
    r"^[兆億万]+$|[0-9]{1,3},[0-9]{3}千万|(?:[億兆][^万億]*[0-9一二三四五六七八九]千?|[万千百][0-9]{1,2})$"
)


_POINT_OR_COMMA = re.compile(r"[0-9]{1,3}\.[0-9]{3}")  # 「3.600」 is 3600 as well, by a slip of the finger


def quantity(numeral: str) -> Decimal | None:
    """Return the value of a Japanese numeral such as 1,234 / 1.5万 / 三千二百 / 300千; None if it is malformed, or leaves open how many."""
    if (
        numeral == "〇"
        or _POINT_OR_COMMA.fullmatch(numeral)
        or _TWO_OR_THREE.search(numeral)
        or _LEFT_OPEN.search(numeral)
    ):
        return None
    total, at, last = Decimal(0), 0, 10**16
    for match in _LARGE.finditer(numeral):
        power = _POWERS[match["unit"]]
        part = _below_ten_thousand(match["part"]) if match["part"] else Decimal(1)
        if match.start() != at or power >= last or part is None:
            return None
        total, at, last = total + part * power, match.end(), power
    if at == len(numeral):
        return total if at else None
    part = _below_ten_thousand(numeral[at:])
    if part is None or part >= last:
        return None
    return total + part


def _below_ten_thousand(numeral: str) -> Decimal | None:
    """Return the value of the part between the large units; 300千 is 300,000, as account books write it."""
    total, at, last = Decimal(0), 0, 10**4
    while match := _SMALL.match(numeral, at):
        power = _POWERS[match["unit"]]
        figure = _figure(match["figure"]) if match["figure"] else Decimal(1)
        if power >= last or (at and figure >= 10):
            return None
        total, at, last = total + figure * power, match.end(), power
    if at == len(numeral):
        return total
    plain = _PLAIN.fullmatch(numeral, at)
    if plain is None:
        return None
    figure = _figure(plain[0])
    return None if at and figure >= last else total + figure


def _figure(written: str) -> Decimal:
    return Decimal("".join(str(_KANJI_DIGIT.get(mark, mark)) for mark in written if mark != ","))


OPTION_NUMBER = re.compile(
    r"(?P<digits>[0-9]{1,6})|(?P<kanji>[一二三四五六七八九十]{1,3})|(?P<roman>[ivx]{1,4})(?![a-z])"
)
_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "vi": 6, "vii": 7, "viii": 8, "ix": 9}


def option_number(match: re.Match[str]) -> int | None:
    """Return the value of a number as written; None for a lone v or x, which are also ticks and crosses."""
    if match["digits"]:
        return int(match["digits"])
    if match["kanji"]:
        return kanji_number(match["kanji"])
    return _ROMAN.get(match["roman"])
