"""Answers to the poll for a meeting's date that name a candidate by its day: 「2/2（火） ○」 is 「Q1 ○」.

Only a line that is such pairs and nothing else is read, and a day that is exactly one candidate (「9日」 too); the weekday, the
hour and the year, where they are written, must be the candidate's. So are marks in words (「Q1 三角」), candidates by their places (「① ○」, all of
them), and one mark for all days (「3日とも出席できます」). All else stays as it is, and is asked back.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from mailbot.core.events.meeting import MARKS
from mailbot.core.reading.text.known_text import line_key
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
        r"[×✕✖xX]|ばつ|バツ|NG|不可|欠席(?:です|します)?|(?:出席|参加)でき(?:ません|ない)|(?:出席|参加)不可|都合が(?:つきません|つかない|合いません|悪い(?:です)?)",
    ),
    (
        "1",
        r"[○〇◯⭕]|丸|まる|マル|OK|可(?:能(?:です)?)?|(?:出席|参加)(?:でき(?:ます|る)|可能?(?:です)?|します|です)?|都合が(?:つきます|つく|よい|良い|合います)",
    ),
)
_CHANGED = r"(?:に(?:変更|訂正)(?:(?:いた|致)?します|してください|をお願いします))?"
_MARK = "|".join(f"(?P<mark{number}>{words})" for number, words in _WORDS)
# 「2/9（火）14時～」, 「令和9年2月9日」, 「9日」, 「第1候補」: one candidate.
_DAY = re.compile(
    r"[・\s]*(?:第(?P<place>\d{1,2})候補日?"
    r"|(?:(?:(?P<year>\d{4})|(?:令和|R)(?P<era>\d{1,2}))(?:年|/|-))?(?:(?P<month>\d{1,2})(?:月|/)(?P<day>\d{1,2})日?|(?P<only>\d{1,2})日)"
    r"\s*(?:\((?P<week>[月火水木金土日])\)?)?曜?日?\)?\s*"
    rf"(?:(?P<time>{_TIME})\s*(?:[〜~～-]|から)?\s*(?:{_TIME})?(?:まで)?)?)\s*"
)
_AND = re.compile(r"(?:と|、|,|・|及び|および)(?=\s*(?:第?\d|令和|R))")
_ONLY, _BUT = re.compile(r"(?:のみ|だけ)、?は?"), re.compile(r"以外は、?|以外の(?:日|日程|候補日)は、?")
_OTHERS = re.compile(r"(?:(?:その)?(?:他|ほか)の(?:日|日程|候補日)?|それ以外の?(?:日|日程|候補日)?)は、?")
_OF_THEM = re.compile(r"^(?:ご提示の|候補の)?(?:候補日?|日程)の(?:うち|中で)、?\s*")
_BECAUSE = r"(?:(?P<because>(?![^。]{0,14}(?:[前後]|途中|一部))[^。、,:○〇◯⭕△▲×✕✖0-9]{1,14}(?:のため|により|につき))、?\s*)?"
_SAID = re.compile(
    rf"[:はを→]?\s*{_BECAUSE}(?:{_MARK})(?P<remark>\s?\([^()]{{1,60}}\))?{_CHANGED}\s?(?:です|でお願い(?:いた|致)?します)?(?:。|[.]?(?=[\s、,/;]|$))[\s、,/;]*"
)
_REIWA = 2018  # the year before its first
_NAMED = re.compile(
    rf"[・\s]*Q(?P<number>\d{{1,2}})\s*[:は.→]?\s*(?:{_MARK}){_CHANGED}[。.]?(?=[\s、,/;]|$)[\s、,/;]*"
)
_SLOT = re.compile(rf"^(?P<head>[\s>＞|]*【Q\d{{1,2}}回答】\s*\[)\s*(?:{_MARK})\s*(?P<tail>\]\s*)$")
_PLACED = re.compile(rf"^\s*\(?(?P<number>[1-9])[.)、]?\s+(?:{_MARK})[。.]?$")
_ALL = re.compile(
    r"^(?:(?:いつも|大変)*お世話に(?:なって(?:おり|い)ます|なります)。\s?)?(?:(?P<days>\d)日[程間]?とも|(?:候補日|日程)(?:の)?(?:すべて|全て|全部)(?:とも)?"  # 「3日○」 may be the third
    r"|(?:いずれ|どれ|どの日|どの候補日)(?:の(?:日程|候補日|日))?も|(?:すべて|全て|全部)(?:の(?:日程|候補日|日))?|全(?:日程|候補日)|オール)(?:で|は|とも|、)?\s?"
    rf"(?:{_MARK})(?:です|でお願い(?:いた|致)?します|となります)?"
    r"(?:[。.!]\s?(?:申し訳(?:ございません|ありません)|(?:よろしく|宜しく)お願い(?:いた|致)?します))?[。.!]?$"
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
    return "\n".join(_by_day(plain, candidates)) or line


def _by_day(plain: str, candidates: Sequence[_Candidate]) -> list[str]:
    """Return the answers of a line that is nothing but days with marks: 「2/9と2/12は○、2/16は×です。」, 「2/12以外は出席可」."""
    said: dict[str, list[str]] = {}
    led = _OF_THEM.match(plain)
    at = led.end() if led else 0
    while at < len(plain):
        read = _days(plain, at, candidates)
        if read is None:
            return []
        days, at = read
        only, but = _ONLY.match(plain, at), _BUT.match(plain, at)
        if limit := only or but:
            at = limit.end()
        mark = _SAID.match(plain, at)
        if mark is None or (mark["because"] and _mark(mark) != MARKS[2]):  # 「議会のため欠席」
            return []
        if mark["remark"] and (_mark(mark) == MARKS[0] or len(days) > 1):  # 「○（遅れます）」
            return []
        if limit:  # the others are told by it: only as a whole line, and only where it says who can
            if said or mark.end() < len(plain) or _mark(mark) != MARKS[0] or mark["remark"]:
                return []
            return [
                f"{one.question} {MARKS[0] if (one in days) == (only is not None) else MARKS[2]}"
                for one in candidates
            ]
        if not days and not said:  # 「その他の日は○」 below other lines
            return []
        days = days or [one for one in candidates if one.question not in said]
        for one in days:
            said.setdefault(one.question, []).append(f"{_mark(mark)}{mark['remark'] or ''}")
        at = mark.end()
    if len(said) == 1 and plain.startswith(f"{len(candidates)}日"):  # 「3日○」: the third, or all three
        return []
    return [f"{question} {each}" for question, marks in said.items() for each in marks]


def _days(plain: str, at: int, candidates: Sequence[_Candidate]) -> tuple[list[_Candidate], int] | None:
    """Return the candidates that are named from a place on, and where they end; none: 「その他の日は」. None: not clear."""
    if others := _OTHERS.match(plain, at):
        return [], others.end()
    days: list[_Candidate] = []
    while True:
        day = _DAY.match(plain, at)
        fits = [
            one for place, one in enumerate(candidates, 1) if day is not None and _is_meant(one, place, day)
        ]
        if day is None or len(fits) != 1:
            return None
        days += fits
        at = day.end()
        if (joined := _AND.match(plain, at)) is None:
            return days, at
        at = joined.end()


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


def _is_meant(one: _Candidate, place: int, said: re.Match[str]) -> bool:
    """Tell whether all that is written of a day is the candidate's, which stands in that place, from 1."""
    if said["place"]:
        return int(said["place"]) == place
    if int(said["day"] or said["only"]) != one.day or (said["month"] and int(said["month"]) != one.month):
        return False
    if (said["year"] and int(said["year"]) != one.year) or (
        said["era"] and int(said["era"]) + _REIWA != one.year
    ):
        return False
    if said["week"] and said["week"] != one.week:
        return False
    if not said["time"]:
        return True
    hour, *minute = re.findall(r"\d+", said["time"])
    minutes = 30 if "半" in said["time"] else int(minute[0]) if minute else 0
    return (int(hour), minutes) == (one.hour, one.minute)
