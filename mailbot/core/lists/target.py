"""The line at the top of a post that says who of the list gets it: 「宛先: 都道府県=長野,新潟 種別=市 除く タグ=officer」.

It is such a line only with an equals sign, so that 「宛先: 各位」 stays a courtesy; and one that cannot be read whole is a
fault, never a post to everybody.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Literal

from mailbot.core.calendar import Language
from mailbot.core.members.audience import NOBODY, Selector
from mailbot.core.members.register import KIND_WORDS, PREFECTURES, full_code

LONGEST_LINE = 300  # characters

Fault = Literal["key", "value", "empty", "long"]
WHY_NOT: Mapping[Language, Mapping[Fault, str]] = {
    "ja": {
        "key": "使える条件は、都道府県、種別、人口、タグ、団体、リストと「除く」です",
        "value": "条件の後の言葉を読み取れません",
        "empty": "条件がありません",
        "long": f"行の長さは{LONGEST_LINE}文字までです",
    },
    "en": {
        "key": "the conditions are prefecture, kind, population, tag, code and list, and except",
        "value": "the words after a condition cannot be read",
        "empty": "there is no condition",
        "long": f"the line has at most {LONGEST_LINE} characters",
    },
}

# The line of a post that says whom it is for: 宛先: 都道府県=長野県 種別=市.
_LINE = re.compile(r"^(?P<word>宛先|あて先|宛て先|送り先|to)\s?:\s?(?P<rest>.*=.*)$", re.IGNORECASE)
_EXCEPT = re.compile(r"^(?:除く|以外|except)$", re.IGNORECASE)
_BETWEEN = re.compile(r"[,、・/]")


def target_of(text: str) -> Selector | None:
    """Return whom a post that goes out is for; None: for every member."""
    named = read_target(text)
    return named if isinstance(named, Selector) else None


def read_target(text: str) -> Selector | Fault | None:
    """Return whom the first written line of a post names, why it cannot be read, or None when it names nobody."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    found = _LINE.match(" ".join(unicodedata.normalize("NFKC", first[: LONGEST_LINE + 1]).split()))
    if found is None:
        return None
    keys = [word.partition("=")[0].casefold() for word in found["rest"].split() if "=" in word]
    if found["word"].casefold() == "to" and not any(key in _KEYS for key in keys):
        return None  # English prose
    if len(first) > LONGEST_LINE:
        return "long"
    chosen: Selector = NOBODY
    excluded: Selector = NOBODY
    excepting = False
    for word in found["rest"].split():
        if _EXCEPT.match(word):
            excepting = True
            continue
        key, equals, value = word.partition("=")
        reader = _KEYS.get(key.casefold())
        values = [one for one in _BETWEEN.split(value) if one]
        if reader is None or not equals:
            return "key"
        read = reader(excluded if excepting else chosen, values) if values else None
        if read is None:
            return "value"
        if excepting:
            excluded = read
        else:
            chosen = read
    if excepting and excluded == NOBODY:
        return "value"
    if chosen == NOBODY:
        if excluded == NOBODY:
            return "empty"
        chosen = Selector(everyone=True)
    return chosen if excluded == NOBODY else replace(chosen, excluded=excluded)


# ---- one key each: the selector with these values, None when one of them is none ----------------------------------


def _prefectures(of: Selector, values: list[str]) -> Selector | None:
    names = [_PREFECTURE.get(one.casefold()) for one in values]
    known = tuple(name for name in names if name is not None)
    return replace(of, prefectures=of.prefectures + known) if len(known) == len(names) else None


def _kinds(of: Selector, values: list[str]) -> Selector | None:
    if not all(one.casefold() in KIND_WORDS for one in values):
        return None
    return replace(of, kinds=of.kinds + tuple(KIND_WORDS[one.casefold()] for one in values))


def _tags(of: Selector, values: list[str]) -> Selector | None:
    return replace(of, tags=of.tags + tuple(values))


def _codes(of: Selector, values: list[str]) -> Selector | None:
    try:
        return replace(of, codes=of.codes + tuple(full_code(one) for one in values))
    except ValueError:
        return None


def _lists(of: Selector, values: list[str]) -> Selector | None:
    return replace(of, lists=of.lists + tuple(one.casefold().partition("@")[0] for one in values))


def _population(of: Selector, values: list[str]) -> Selector | None:
    """Read 「5万以上」「50000-100000」「10万未満」; below is one less, as bounds are inclusive."""
    found = _RANGE.fullmatch("".join(values))
    if found is None:
        return None
    low, high, bound = (_number(found[name]) for name in ("low", "high", "bound"))
    if found["bound"]:
        at_least = found["word"] in {"以上", "-", "~"}
        low, high = (bound, None) if at_least else (None, bound)
        if found["word"] == "未満" and high is not None:
            high -= 1
    if low is not None and high is not None and low > high:
        return None
    return replace(of, population_min=low, population_max=high)


def _number(text: str | None) -> int | None:
    if not text:
        return None
    figure, ten_thousand = (text[:-1], 10_000) if text.endswith("万") else (text, 1)
    return int(figure) * ten_thousand


# 5万-10万, 5万以上, 5万未満.
_RANGE = re.compile(
    r"(?P<low>[0-9]{1,9}万?)[-~](?P<high>[0-9]{1,9}万?)|(?P<bound>[0-9]{1,9}万?)(?P<word>以上|以下|未満|[-~])"
)
_PREFECTURE = {
    **{name: name for name in PREFECTURES},
    **{name[:-1]: name for name in PREFECTURES if name != "北海道"},
}
_Reader = Callable[[Selector, list[str]], Selector | None]
_KEYS: Mapping[str, _Reader] = {
    **dict.fromkeys(("都道府県", "県", "prefecture"), _prefectures),
    **dict.fromkeys(("種別", "区分", "kind"), _kinds),
    **dict.fromkeys(("タグ", "tag", "tags"), _tags),
    **dict.fromkeys(("団体", "団体コード", "コード", "code", "codes"), _codes),
    **dict.fromkeys(("リスト", "list", "lists"), _lists),
    **dict.fromkeys(("人口", "population"), _population),
}
