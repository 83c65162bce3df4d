"""A day alone on a line at the top: the answer to the one day that a ballot asks for, or the date of a letter or a quotation."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from mailbot.core.reading.grammar.answered_day import read_day
from mailbot.core.reading.grammar.understood import Unclear
from mailbot.core.reading.statements.named_answer import GOES_ON
from mailbot.core.reading.text.prose import RULE, is_greeting
from mailbot.core.reading.text.tidy import tidy

_LETTER_DAYS = 10  # a letter bears the day on which it was written
_AS_A_DAY = re.compile(r"[年月]|[0-9](?P<mark>[/.-])[0-9]{1,2}(?P=mark)")  # not 「1/2」, which is a page
_CLOCK = re.compile(r"\s?(?:午前|午後)?\s?[0-9]{1,2}\s?[:時]")
_CLOSING = (
    "よろしく",
    "宜しく",
    "どうぞ",
    "以上",
    "失礼",
    "お手数",
    "ありがとう",
    "取り急ぎ",
    "thank",
    "best",
)
_ENDS_A_LETTER = ("以上", "敬具", "記")
_BELOW_ALL = re.compile(
    r"^[\s*]*(?:iphone|sent from|get outlook)|から送信|^\s*[-_]{2,}|^[\s*]*(?:差出人|送信者|from)\s*[:：]"
    r"|^(?=.{0,80}[0-9]{4}[年/-]).*(?:wrote|書きました|のメール)"  # an attribution with a day of its own
    r"|^\s*[0-9]{4}[年/-][^:：]{1,12}\s[0-9]{1,2}[:時][0-9]{2}.{0,80}[:：]\s*$",
    re.IGNORECASE,
)
_ADDRESSED = re.compile(r"(?:御中|様|殿|各位|宛て?)\s*$")


def is_day_alone(written: str, lines: Sequence[str], place: int, today: date) -> bool:
    """Say whether a line at the top begins with a day, and stands there as an answer does.

    `written`: the line without what only announces an answer; `lines`, `place`: where it stands. A day on its own line
    may also be a letter's (the day of writing, above 御中 or a name), a piece of a quotation's first line (「2026年12月1日(火)」
    above 「10:12 事務局 <...>:」), or about something else (below 「契約日：」): those are passed over.
    """
    said = tidy(written)
    found = read_day(said, today)
    if isinstance(found, Unclear) or not _AS_A_DAY.search(said[: len(said) - len(found.rest)]):
        return False
    if _CLOCK.match(found.rest):
        return False  # of a mail that is quoted
    if any(_is_another_day(line, found.day, today) for line in lines):
        return False  # which of them?
    above, below = lines[:place][::-1], lines[place + 1 :]
    if not (_opens(_nearest(above)) and _closes("".join(below[:1]))):
        return False
    if 0 <= (today - found.day).days <= _LETTER_DAYS:
        return _closes(_nearest(below))
    return not (_ADDRESSED.search(_nearest(below)) or GOES_ON.match(_nearest(below)))


def _is_another_day(line: str, day: date, today: date) -> bool:
    """Say whether a line begins with a day other than this one, and is no attribution."""
    found = read_day(tidy(line[:40]), today)
    if isinstance(found, Unclear) or found.day == day:
        return False
    return not (_CLOCK.match(found.rest) or _BELOW_ALL.search(line))


def _nearest(lines: Sequence[str]) -> str:
    """Return the first line that is not blank."""
    return next((line for line in lines if line.strip()), "")


def _opens(line: str) -> bool:
    """Say whether an answer may stand right below a line: a greeting, who writes to whom, nothing."""
    return not line.strip() or (is_greeting(line) and not line.strip().startswith(_ENDS_A_LETTER))


def _closes(line: str) -> bool:
    """Say whether an answer may stand right above a line: courtesy, a signature's rule, nothing."""
    bare = line.strip().casefold()
    return (
        not bare
        or bare.startswith(_CLOSING)
        or RULE.match(line) is not None
        or _BELOW_ALL.search(line) is not None
    )
