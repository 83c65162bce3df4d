"""Answers to the poll for a meeting's date that name a candidate by its day: 「2/2（火） ○」 is 「Q1 ○」.

Only a line that is such pairs and nothing else is read, and a day that is exactly one candidate; the weekday and the hour,
where they are written, must be the candidate's. So are marks in words (「Q1 三角」), candidates by their places (「① ○」, all of
them), and one mark for all days (「3日とも出席できます」). All else stays as it is, and is asked back.
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
    ("2", r"[△▲]|三角|さんかく|サンカク|調整すれば(?:可|出席でき(?:る|ます)?|参加でき(?:る|ます)?)"),
    (
        "3",
        r"[×✕✖xX]|ばつ|バツ|NG|不可|欠席(?:です|します)?|(?:出席|参加)でき(?:ません|ない)|(?:出席|参加)不可",
    ),
    ("1", r"[○〇◯⭕]|丸|まる|マル|OK|可(?:能(?:です)?)?|(?:出席|参加)(?:でき(?:ます|る)|可能?(?:です)?)"),
)
_CHANGED = r"(?:に(?:変更|訂正)(?:(?:いた|致)?します|してください|をお願いします))?"
_MARK = "|".join(f"(?P<mark{number}>{words})" for number, words in _WORDS)
_PAIR = re.compile(
    r"[・\s]*(?:(?P<year>\d{4})(?:年|/|-))?(?P<month>\d{1,2})(?:月"
    r"|/)(?P<day>\d{1,2})日?\s*(?:\((?P<week>[月火水木金土日])\)?)?曜?日?\)?\s*"
    rf"(?:(?P<time>{_TIME})\s*(?:[〜~～-]|から)?\s*(?:{_TIME})?(?:まで)?)?\s*[:はを→]?\s*(?:{_MARK})(?P<remark>\s?\([^()]{{1,60}}\))?{_CHANGED}[。.]?(?=[\s、,/;]|$)[\s、,/;]*"
)
_NAMED = re.compile(
    rf"[・\s]*Q(?P<number>\d{{1,2}})\s*[:は.→]?\s*(?:{_MARK}){_CHANGED}[。.]?(?=[\s、,/;]|$)[\s、,/;]*"
)
_SLOT = re.compile(rf"^(?P<head>[\s>＞|]*【Q\d{{1,2}}回答】\s*\[)\s*(?:{_MARK})\s*(?P<tail>\]\s*)$")
_PLACED = re.compile(rf"^\s*\(?(?P<number>[1-9])[.)、]?\s+(?:{_MARK})[。.]?$")
_ALL = re.compile(
    r"^(?:(?:(?P<days>\d)日|(?:候補日|日程)(?:の)?(?:すべて|全て|全部))(?:とも|程?とも)?"
    r"|(?:いずれ|どれ|どの日|どの候補日)(?:の(?:日程|候補日|日))?も|(?:すべて|全て|全部)(?:の(?:日程|候補日|日))?)(?:で|は|とも|、)?\s?"
    rf"(?:{_MARK})(?:です|でお願い(?:いた|致)?します|となります)?[。.]?$"
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
    lines = _by_place(text.split("\n"), candidates, ours)
    return "\n".join(_put(line, candidates, ours) for line in lines)


def _by_place(lines: list[str], candidates: Sequence[_Candidate], ours: set[str]) -> list[str]:
    """Return the lines, those that number the candidates by the questions' names: only where each is numbered, once."""
    placed = {
        at: found
        for at, line in enumerate(lines)
        if len(line) <= _LONGEST_LINE and line_key(line) not in ours
        if (found := _PLACED.match(unicodedata.normalize("NFKC", line)))
    }
    numbers = [int(found["number"]) for found in placed.values()]
    if numbers != list(range(1, len(candidates) + 1)):
        return lines
    named = {
        at: f"{one.question} {_mark(found)}"
        for (at, found), one in zip(placed.items(), candidates, strict=True)
    }
    return [named.get(at, line) for at, line in enumerate(lines)]


def _mark(found: re.Match[str]) -> str:
    """Return the option's label that a mark or its word means."""
    return MARKS[int(next(number for number, _ in _WORDS if found[f"mark{number}"])) - 1]


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
    if slot := _SLOT.match(unicodedata.normalize("NFKC", line)):
        return f"{slot['head']}{_mark(slot)}{slot['tail']}"
    if (every := _ALL.match(plain)) and int(every["days"] or len(candidates)) == len(candidates):
        return "\n".join(f"{one.question} {_mark(every)}" for one in candidates)
    if pairs := _named(plain, candidates):
        return "\n".join(pairs)
    said: list[str] = []
    at = 0
    while at < len(plain):
        pair = _PAIR.match(plain, at)
        if pair is None:
            return line
        fits = [one for one in candidates if _is_meant(one, pair)]
        if len(fits) != 1 or (pair["remark"] and _mark(pair) == MARKS[0]):  # 「○（遅れます）」
            return line
        said.append(f"{fits[0].question} {_mark(pair)}{pair['remark'] or ''}")
        at = pair.end()
    return "\n".join(said) if said else line


def _named(plain: str, candidates: Sequence[_Candidate]) -> list[str]:
    """Return the pairs of a line that is nothing but questions with marks or their words: 「Q1：三角　Q2：バツ」."""
    said: list[str] = []
    at = 0
    while at < len(plain):
        pair = _NAMED.match(plain, at)
        if pair is None or not 1 <= int(pair["number"]) <= len(candidates):
            return []
        said.append(f"Q{int(pair['number'])} {_mark(pair)}")
        at = pair.end()
    return said


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
