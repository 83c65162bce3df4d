"""A form's line with 出席 and 欠席 of which one is marked: 「○出席　欠席」, 「出席 ・ （欠席）」, 「出席（　）欠席（○）」, 「~~出席~~・欠席」."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

_COME, _STAY = "出席", "欠席"
_LONGEST = 60  # characters of a line that holds nothing but the two and their marks
_PARTS = re.compile(
    r"(?P<blank>[\s・、,/／|｜:：]+|または|又は|or)"
    r"|(?P<open>~~|[（(【\[［〔「])?(?P<number>[12][.．)])?\s?(?:(?P<come>ご?(?:出席|参加))|(?P<stay>ご?欠席|不参加))(?P<close>~~|[）)】\]］〕」])?"
    r"|(?P<yes>[（(【\[［〔]\s?[○〇◯⭕◎●✓✔☑■レxX]\s?[）)】\]］〕]|[○〇◯⭕◎●✓✔☑■レ])"
    r"|(?P<no>[×✕✖□☐]|[（(【\[［〔][\s]*[）)】\]］〕])"
)
_LABEL = re.compile(r"^[■◆・【\[]?\s?ご?出欠(?:席)?(?:の別|の?ご?回答)?[】\]]?\s?[:：]?\s*")


class _Part(NamedTuple):
    kind: Literal["blank", "word", "yes", "no"]
    says: str = ""  # of a word: 出席 or 欠席
    circled: bool = False  # in brackets
    struck: bool = False


def marked_of_pair(lines: Sequence[str]) -> str:
    """Return which of 出席 and 欠席 is marked where a line, or two, hold nothing but the two, or one of them and a mark; "": it is not clear.

    A mark belongs to the word of its line that it touches; where it touches both or neither, to the one in front of it if
    the line ends with a mark, to the one behind it if the line begins with one. 「出席 ○ 欠席」 says neither.
    """
    marks: dict[str, set[str]] = {}
    circled: list[str] = []
    struck: list[str] = []
    for line in lines:
        parts = _parts(_LABEL.sub("", line.strip()))
        words = [part for part in parts if part.kind == "word"]
        here = {part.says for part in words}
        if not words or len(here) < len(words) or here & marks.keys():
            return ""
        marks |= {says: set() for says in here}
        circled += [part.says for part in words if part.circled]
        struck += [part.says for part in words if part.struck]
        for place, part in enumerate(parts):
            if part.kind in {"yes", "no"}:
                word = _marked(parts, place)
                if not word:
                    return ""
                marks[word].add(part.kind)
    for word in struck:
        marks[word].add("no")
    both = len(marks) == 2
    if both and not any("yes" in found for found in marks.values()):
        for word in circled or [word for word in marks if struck and not marks[word]]:
            marks[word].add("yes")
    chosen = [word for word, found in marks.items() if found == {"yes"}]
    others = [found for word, found in marks.items() if word not in chosen]
    return chosen[0] if len(chosen) == 1 and all(found <= {"no"} for found in others) else ""


def _parts(line: str) -> list[_Part]:
    """Take a line apart; [] where anything else stands in it, or too much."""
    if len(line) > _LONGEST:
        return []
    parts: list[_Part] = []
    at = 0
    while at < len(line):
        found = _PARTS.match(line, at)
        if found is None or found.end() == at:
            return []
        at = found.end()
        if found["blank"]:
            parts.append(_Part("blank"))
        elif found["come"] or found["stay"]:
            says = _COME if found["come"] else _STAY
            both = bool(found["open"] and found["close"])
            if bool(found["open"]) != bool(found["close"]):
                return []
            if found["number"] and found["number"][0] != ("1" if found["come"] else "2"):
                return []
            struck = both and found["open"] == "~~"
            parts.append(_Part("word", says, circled=both and not struck, struck=struck))
        else:
            parts.append(_Part("yes" if found["yes"] else "no"))
    return parts


def _marked(parts: Sequence[_Part], place: int) -> str:
    """Return the word that a mark belongs to; "": that is not clear."""
    before = next((part.says for part in reversed(parts[:place]) if part.kind == "word"), "")
    behind = next((part.says for part in parts[place + 1 :] if part.kind == "word"), "")
    touched = [
        part.says
        for part in (*parts[max(place - 1, 0) : place], *parts[place + 1 : place + 2])
        if part.kind == "word"
    ]
    if len(touched) == 1:
        return touched[0]
    if not before or not behind:
        return before or behind
    if parts[0].kind in {"yes", "no"}:
        return behind
    return before if parts[-1].kind in {"yes", "no"} else ""
