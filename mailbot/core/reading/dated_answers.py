"""Answers to the poll for a meeting's date that name a candidate by its day: 「2/2（火） ○」 is 「Q1 ○」.

Only a line that is such pairs and nothing else is read, and a day that is exactly one candidate; the weekday and the hour,
where they are written, must be the candidate's. All else stays as it is, and is asked back.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from mailbot.core.events.meeting import MARKS
from mailbot.core.reading.known_text import line_key
from mailbot.core.surveys.survey import Survey

_LONGEST_LINE = 200  # characters
_CANDIDATE = re.compile(
    r"^(?P<year>\d{4})年(?P<month>\d{1,2})月(?P<day>\d{1,2})日（(?P<week>.)）(?P<hour>\d{1,2})時(?P<minute>\d{2})分〜"
)
_TIME = r"\d{1,2}(?:時(?:半|\d{2}分)?|:\d{2})"
_WORDS = (
    ("2", r"[△▲]|調整すれば(?:可|出席でき(?:ます)?|参加でき(?:ます)?)"),
    ("3", r"[×✕✖xX]|不可|欠席(?:です|します)?|(?:出席|参加)できません|(?:出席|参加)不可"),
    ("1", r"[○〇◯]|可(?:能(?:です)?)?|(?:出席|参加)(?:できます|可能?(?:です)?)"),
)
_MARK = "|".join(f"(?P<mark{number}>{words})" for number, words in _WORDS)
_PAIR = re.compile(
    r"[・\s]*(?:(?P<year>\d{4})(?:年|/|-))?(?P<month>\d{1,2})(?:月|/)(?P<day>\d{1,2})日?\s*(?:\((?P<week>[月火水木金土日])\)?)?曜?日?\)?\s*"
    rf"(?:(?P<time>{_TIME})\s*(?:[〜~～-]|から)?\s*(?:{_TIME})?(?:まで)?)?\s*[:は→]?\s*(?:{_MARK})[。.]?(?=[\s、,/;]|$)[\s、,/;]*"
)


@dataclass(frozen=True)
class _Candidate:
    question: str
    year: int
    month: int
    day: int
    week: str
    hour: int
    minute: int


def named_by_day(survey: Survey, text: str, sent: Sequence[str]) -> str:
    """Return a reply with each line that answers by day in the ballot's own words; `sent`: our texts, which stay as they are."""
    candidates = _candidates(survey)
    if not candidates:
        return text
    ours = {line_key(line) for each in sent for line in each.splitlines()}
    return "\n".join(_put(line, candidates, ours) for line in text.split("\n"))


def _candidates(survey: Survey) -> tuple[_Candidate, ...]:
    """Return the days that a poll asks for; none where a question is anything else."""
    found = []
    for question in survey.questions:
        written = _CANDIDATE.match(question.text) if question.options == MARKS else None
        if written is None:
            return ()
        year, month, day = (int(written[name]) for name in ("year", "month", "day"))
        at = int(written["hour"]), int(written["minute"])
        found.append(_Candidate(question.id, year, month, day, written["week"], *at))
    return tuple(found)


def _put(line: str, candidates: Sequence[_Candidate], ours: set[str]) -> str:
    if len(line) > _LONGEST_LINE or line_key(line) in ours:
        return line
    plain = unicodedata.normalize("NFKC", line.strip())
    said: list[str] = []
    at = 0
    while at < len(plain):
        pair = _PAIR.match(plain, at)
        if pair is None:
            return line
        fits = [one for one in candidates if _is_meant(one, pair)]
        if len(fits) != 1:
            return line
        mark = next(number for number, _ in _WORDS if pair[f"mark{number}"])
        said.append(f"{fits[0].question} {MARKS[int(mark) - 1]}")
        at = pair.end()
    return "\n".join(said) if said else line


def _is_meant(one: _Candidate, pair: re.Match[str]) -> bool:
    """Tell whether all that is written of a day is the candidate's."""
    if (int(pair["month"]), int(pair["day"])) != (one.month, one.day):
        return False
    if pair["year"] and int(pair["year"]) != one.year:
        return False
    if pair["week"] and pair["week"] != one.week:
        return False
    if not pair["time"]:
        return True
    hour, *minute = re.findall(r"\d+", pair["time"])
    minutes = 30 if "半" in pair["time"] else int(minute[0]) if minute else 0
    return (int(hour), minutes) == (one.hour, one.minute)
