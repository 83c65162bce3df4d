"""Quorums and thresholds: read as by-laws write them, said in words, and tested exactly (ballot.md section 3)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from mailbot.core.calendar import Language
from mailbot.core.surveys.survey import Denominator, Share

LONGEST_SHARE = 100  # characters; nobody writes a longer one, and the patterns below stay cheap

_HALF = Fraction(1, 2)
_ONE = Fraction(1)


@dataclass(frozen=True)
class WrittenShare:
    """A share as a person wrote it; what he left out is None."""

    part: Fraction
    of: Denominator | None
    more_than: bool | None

    def share(self, of: Denominator) -> Share:
        """Return the share that is meant, of this whole where none was written.

        A by-law that says only one half means 過半数, more than half: exactly half decides nothing. Every other share
        is meant as 以上, at least so much.
        """
        more_than = self.part == _HALF if self.more_than is None else self.more_than
        return Share(self.part.numerator, self.part.denominator, self.of or of, more_than)


@dataclass(frozen=True)
class Requirement:
    """A share and what came of it: so many of a whole; nothing is rounded."""

    share: Share
    count: int
    whole: int

    @property
    def needed(self) -> Fraction:
        """Return the share of the whole, exactly."""
        return self.share.part * self.whole

    @property
    def reached(self) -> bool:
        """Say whether the count reaches the share; of an empty whole nothing is ever reached."""
        if self.whole == 0:
            return False
        return self.count > self.needed if self.share.more_than else self.count >= self.needed

    @property
    def least(self) -> int:
        """Return the smallest whole count that reaches the share."""
        floor = self.needed.numerator // self.needed.denominator
        if self.share.more_than:
            return floor + 1
        return floor if floor == self.needed else floor + 1


# ---- reading -----------------------------------------------------------------------------------------------------

_KANJI = {mark: value for value, mark in enumerate("一二三四五六七八九十", 1)}
_WHOLES: tuple[tuple[str, Denominator], ...] = (  # longer ones first
    ("賛成と反対の合計の", "yes_and_no"),
    ("表決権を有する会員の", "electorate"),
    ("出席した会員の", "present"),
    ("表決権総数の", "electorate"),
    ("議決権総数の", "electorate"),
    ("総表決権の", "electorate"),
    ("総議決権の", "electorate"),
    ("会員総数の", "electorate"),
    ("表決権者の", "electorate"),
    ("総会員の", "electorate"),
    ("全会員の", "electorate"),
    ("構成員の", "electorate"),
    ("出席会員の", "present"),
    ("出席者の", "present"),
    ("有効表決の", "votes"),
    ("有効投票の", "votes"),
    ("表決総数の", "votes"),
    ("投票総数の", "votes"),
    ("表決権の", "electorate"),
    ("議決権の", "electorate"),
    ("会員の", "electorate"),
    ("表決の", "votes"),
    ("投票の", "votes"),
    ("賛否の", "yes_and_no"),
)
_WHOLES_EN: Mapping[str, Denominator] = {
    "electorate": "electorate",
    "members": "electorate",
    "all members": "electorate",
    "present": "present",
    "those present": "present",
    "members present": "present",
    "votes": "votes",
    "votes cast": "votes",
    "yes_and_no": "yes_and_no",
    "yes and no": "yes_and_no",
}
# two thirds of the votes.
_OF = re.compile(r"^(?P<share>[^ ].{0,40}?) of (?:the )?(?P<whole>[a-z_ ]{1,30})$")
_PURPOSE = re.compile(r"の(?:賛成|出席|同意|表決|議決)(?:が必要|を要する)?$")
# More than the part: more than 1/2, >1/2, 2分の1を超える.
_MORE = re.compile(
    r"^(?:more than |over |>(?!=) ?)(?P<part>.+)$|^(?P<ja>.+?)(?:を?超(?:える数?)?|より多(?:い数?|く))$"
)
# The part is enough: at least 2/3, 3分の2以上.
_LEAST = re.compile(r"^(?:at least |>= ?|≧ ?)(?P<part>.+)$|^(?P<ja>.+?)以上$")
_FRACTION = re.compile(r"^(?P<over>[0-9]{1,9})\s?/\s?(?P<under>[0-9]{1,9})$")
# 3分の2.
_BUN_NO = re.compile(
    r"^(?P<under>[0-9]{1,9}|[一二三四五六七八九十])分の(?P<over>[0-9]{1,9}|[一二三四五六七八九十])$"
)
_DECIMAL = re.compile(r"^[0-9]{1,3}(?:\.[0-9]{1,6})?$")


def read_share(text: str) -> WrittenShare | None:
    """Read 1/2, 2/3, 50%, 0.5, 過半数, 会員の3分の2以上, majority, "more than 1/2 of votes"; None: it is no share.

    The part is exact and above 0 and at most 1; 0.33 is 33/100, not a third.
    """
    if len(text) > LONGEST_SHARE:
        return None
    written = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    of: Denominator | None = None
    if in_english := _OF.match(written):
        of = _WHOLES_EN.get(in_english["whole"].strip())
        if of is None:
            return None
        written = in_english["share"]
    for words, whole in _WHOLES:
        if written.startswith(words):
            written, of = written.removeprefix(words), whole
            break
    written = _PURPOSE.sub("", written).strip()
    if written in {"過半数", "majority", "a majority"}:
        return WrittenShare(_HALF, of, more_than=True)
    if written in {"全員", "全会員", "全会一致", "all", "unanimous"}:
        return WrittenShare(_ONE, of, more_than=False)
    more_than: bool | None = None
    if more := _MORE.match(written):
        written, more_than = (more["part"] or more["ja"]).strip(), True
    elif least := _LEAST.match(written):
        written, more_than = (least["part"] or least["ja"]).strip(), False
    part = _part(written)
    if part is None or not 0 < part <= 1:
        return None
    return WrittenShare(part, of, more_than)


def _part(written: str) -> Fraction | None:
    """Return the exact number of 2/3, 3分の2, 50%, 0.5, 半数 or 1."""
    if written in {"半数", "half", "a half"}:
        return _HALF
    if fraction := _FRACTION.match(written) or _BUN_NO.match(written):
        under = _whole_number(fraction["under"])
        return Fraction(_whole_number(fraction["over"]), under) if under else None
    percent = written.endswith(("%", "パーセント", "percent"))
    number = written.removesuffix("%").removesuffix("パーセント").removesuffix("percent").strip()
    if not _DECIMAL.match(number):
        return None
    return Fraction(number) / 100 if percent else Fraction(number)


def _whole_number(digits: str) -> int:
    return _KANJI[digits] if digits in _KANJI else int(digits)


# ---- words -------------------------------------------------------------------------------------------------------

_OF_WORDS: Mapping[Language, Mapping[Denominator, str]] = {
    "ja": {
        "electorate": "会員総数",
        "present": "出席した会員（表決または委任）",
        "votes": "表決総数（棄権を含む）",
        "yes_and_no": "賛成と反対の合計（棄権を除く）",
    },
    "en": {
        "electorate": "all members",
        "present": "the members present (by vote or proxy)",
        "votes": "the votes cast (abstentions included)",
        "yes_and_no": "the votes for and against (without abstentions)",
    },
}


def share_words(share: Share, language: Language = "ja") -> str:
    """Return a share with its own whole: 会員総数の過半数, 表決総数（棄権を含む）の3分の2以上."""
    whole = _OF_WORDS[language][share.of]
    if language == "en":
        return f"{_part_en(share)} of {whole}"
    return f"{whole}の{_part_ja(share)}"


def _part_ja(share: Share) -> str:
    if share.part == _ONE:
        return "全部"
    if share.part == _HALF and share.more_than:
        return "過半数"
    return f"{share.denominator}分の{share.numerator}{'を超える数' if share.more_than else '以上'}"


def _part_en(share: Share) -> str:
    if share.part == _ONE:
        return "all"
    if share.part == _HALF and share.more_than:
        return "more than half"
    return f"{'more than' if share.more_than else 'at least'} {share.numerator}/{share.denominator}"
