"""The desk by mail: what the people of the office may write in reply to a mail of ours, one command a line (ballot.md 14).

A line is a command only as a whole, like an answer on a ballot: what stands beside it makes it no command. Only the
writer's own lines are read (core/reading/text/own_lines.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, time
from typing import Literal

from mailbot.core.mail.address import valid_address
from mailbot.core.mail.fold import ONE_FOR_ONE
from mailbot.core.members.register import PREFECTURES
from mailbot.core.office.desk_command import (
    Approve,
    Attended,
    Command,
    Decide,
    Enter,
    Extend,
    FixMeeting,
    Give,
    NotUnderstood,
    OfBulletin,
    OfRun,
    OfSending,
    OfSurvey,
    Reissue,
    Resume,
    SendBack,
)
from mailbot.core.reading.grammar.answer import read_answer
from mailbot.core.reading.grammar.answered_day import SEASON_DAYS, read_day
from mailbot.core.reading.grammar.understood import Unclear, Understood
from mailbot.core.reading.statements.command import AWAITED, command_of
from mailbot.core.surveys.survey import Question

_LONGEST_LINE = 1_000  # characters
_DASH = "[-\u2010-\u2015\u2212ー]"
_INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufeff]")

# U-0231, a held mail, and what shall become of it.
_HELD = re.compile(
    rf"^u\s?{_DASH}?\s?0*(?P<number>[0-9]{{1,12}})(?:\s*(?P<gives>=)|\s+|$)(?P<rest>.*)$", re.IGNORECASE
)
# P-0012, a planned run, and what shall become of it.
_RUN = re.compile(
    rf"^(?:p\s?{_DASH}?|予定)\s?0*(?P<number>[0-9]{{1,12}})(?:\s+|$)(?P<rest>.*)$", re.IGNORECASE
)
_WORD = re.compile(r"^(?P<word>[^\s0-9:]{1,20})(?:[\s:]+(?P<rest>.*))?$")
# Where an answer begins: Q1=, 問1＝.
_PAIR = re.compile(
    r"(?:^|(?<=[\s,、;]))(?:q|問|設問|質問|議案)\s?(?P<number>[0-9]{1,3})\s?[=:]", re.IGNORECASE
)
_QUOTED = re.compile(r"「[^「」]*」|『[^『』]*』|\"[^\"]*\"|“[^“”]*”")
# How an answer came that the office enters: it begins the reason.
_HOW = re.compile(
    r"(?:^|(?<=\s))(?:電話|tel\b|phone\b|fax\b|ファックス|ファクス|書面|紙|郵送|郵便|葉書|はがき|窓口|来訪|持参|口頭"
    r"|paper\b|post\b|letter\b|in person\b)",
    re.IGNORECASE,
)
# Whether a body comes to an event, in words: 「出席 2名 山田太郎、鈴木花子」, 「欠席」.
_COMING = re.compile(r"^(?:ご?出席|ご?参加|ご?欠席|不参加|attending|not attending)(?![a-z])", re.IGNORECASE)
_KEY = re.compile(r"^(?=.{0,40}[a-z])[a-z0-9][a-z0-9._-]{0,40}$", re.IGNORECASE)
_CODE = re.compile(r"^[0-9]{5,6}$")
# A time of day at the end of a moment: 17:00, 午後5時半.
_TIME = re.compile(
    r"(?:\s+|(?<=\)))(?P<half>午前|午後)?(?P<hour>[0-9]{1,2})(?::(?P<minute>[0-9]{2})|時(?:(?P<minutes>[0-9]{1,2})分|(?P<thirty>半))?)$"
)
_DAY = Question("Q1", "", "date")
_FULL_STOP = "。. 　"

_DECISIONS: Mapping[str, Literal["accept", "discard", "reject"]] = {
    **dict.fromkeys(("採用", "受入", "受け入れ", "accept"), "accept"),
    **dict.fromkeys(("破棄", "廃棄", "discard"), "discard"),
    **dict.fromkeys(("返送", "却下", "reject"), "reject"),
}
_OF_RUN: Mapping[str, Literal["postpone", "skip", "send", "undo"]] = {
    **dict.fromkeys(("延期", "延ばす", "postpone"), "postpone"),
    **dict.fromkeys(("見送り", "見送る", "中止", "skip"), "skip"),
    **dict.fromkeys(("送信", "送る", "今すぐ", "今すぐ送信", "すぐ送信", "send", "send now"), "send"),
    **dict.fromkeys(("取消", "取り消し", "取消し", "戻す", "元に戻す", "undo"), "undo"),
}
_OF_SENDING: Mapping[str, Literal["stop", "resume", "cancel"]] = {
    **dict.fromkeys(("停止", "送信停止", "stop"), "stop"),
    **dict.fromkeys(("続行", "continue"), "resume"),
    **dict.fromkeys(("取止め", "取り止め", "取りやめ"), "cancel"),
}
_TRUST = frozenset({"以後も", "今後も", "trust", "and trust"})
_ATTENDED: Mapping[str, Literal["came", "absent", "joined"]] = {
    **dict.fromkeys(("出席", "参加", "attended"), "came"),
    **dict.fromkeys(("欠席", "不参加", "absent"), "absent"),
    **dict.fromkeys(("当日参加", "当日出席", "joined"), "joined"),
}
# What may stand behind a word of decision and says nothing more.
_POLITE_DECISION = re.compile(
    r"(?<=.)(?:を|に|で)?(?:お願い(?:いた|致)?します|(?:いた|致)?します|して(?:ください|下さい)|です)$"
)
# 「松本市は欠席でした。」, as one tells it
_TOLD = re.compile(
    r"^(?P<who>[^\s。].{0,100}?)[はが、]?\s?(?P<said>当日参加|当日出席|出席|参加|欠席|不参加)(?P<end>でした|です|しました|いたしました)[。.]?$"
)
_POLITE = re.compile(r"(?<=席|加)(?:でした|です|(?:いた)?しました)$")
_EVERYBODY = frozenset({"全員", "all", "everybody"})
# A body with so many people: 長野市 2名, 長野市(2名).
_PEOPLE = re.compile(
    r"^(?P<body>.*?)[(]?(?P<people>[0-9]{1,3})\s?(?:名様|名|人|people|persons?)[)]?$", re.IGNORECASE
)
_OF_SURVEY: Mapping[str, Literal["close", "publish", "remind", "status"]] = {
    **dict.fromkeys(("締切", "締め切り", "締切り", "close"), "close"),
    **dict.fromkeys(("公表", "publish"), "publish"),
    **dict.fromkeys(("催促", "督促", "remind"), "remind"),
    **dict.fromkeys(("状況", "status"), "status"),
}


_AGAIN = frozenset({"再度", "もう一度", "again", "once more"})


def read_line(line: str, *, today: date) -> Command | NotUnderstood:
    """Read one line whole. `today` gives a date without its year the year that is meant."""
    written = _INVISIBLE.sub("", line).strip(" \t\r\u3000")
    if len(written) > _LONGEST_LINE:
        return NotUnderstood("unknown")
    if written[:1] == "「" and written.find("」") == len(written) - 1:
        written = written[1:-1].strip(" \u3000")  # an example of ours, copied with its marks
    plain = written.translate(ONE_FOR_ONE)
    if held := _HELD.match(plain):
        return _of_held(int(held["number"]), bool(held["gives"]), written[held.start("rest") :].strip(" 　"))
    if planned := _RUN.match(plain):
        return _of_run(int(planned["number"]), planned["rest"], today)
    if command_of(plain, AWAITED) == ("approve", ""):
        return Approve()
    if (told := _TOLD.match(plain)) and told["who"] not in _EVERYBODY:
        return _attended(_ATTENDED[told["said"]], _plain(written[: told.end("who")]))
    found = _WORD.match(plain)
    if found is None:
        return NotUnderstood("unknown")
    rest = written[found.start("rest") :].strip(" 　") if found["rest"] else ""
    word = found["word"].casefold()
    if (attended := _attended_word(word, _plain(rest))) is not None:
        return _attended(*attended)
    if word in _OF_SURVEY:
        return _of_survey(_OF_SURVEY[word], rest)
    if plain.casefold().startswith("call off "):
        return _of_sending("cancel", plain[len("call off ") :])
    if word in _OF_SENDING:
        return _of_sending(_OF_SENDING[word], rest)
    reader = _READERS.get(word)
    return NotUnderstood("unknown") if reader is None else reader(rest, today)


def _of_held(number: int, gives: bool, rest: str) -> Command | NotUnderstood:
    if gives:
        return Give(number, (("", rest),)) if rest else NotUnderstood("answers")
    if pairs := _pairs(rest):
        return Give(number, pairs)
    word, _, reason = rest.translate(ONE_FOR_ONE).partition(" ")
    decision = _DECISIONS.get(_POLITE_DECISION.sub("", word.strip(_FULL_STOP)).casefold())
    if decision == "accept" and reason.strip(_FULL_STOP).casefold() in _TRUST:
        return Decide(number, "trust")
    if decision is None or (reason and decision != "reject"):
        return NotUnderstood("unknown" if decision is None and "=" not in rest else "answers")
    return Decide(number, decision, rest[len(word) :].strip(" 　"))


def _of_survey(do: Literal["close", "publish", "remind", "status"], rest: str) -> Command | NotUnderstood:
    key, _, more = _plain(rest).partition(" ")
    again = do == "remind" and more.casefold() in _AGAIN
    return OfSurvey(do, key, again) if _KEY.match(key) and (again or not more) else NotUnderstood("key")


def _extend(rest: str, today: date) -> Command | NotUnderstood:
    key, _, when = _plain(rest).partition(" ")
    if not _KEY.match(key):
        return NotUnderstood("key")
    moment = read_moment(when, today=today)
    if isinstance(moment, str):
        return NotUnderstood(moment)
    return Extend(key, *moment)


def _of_run(number: int, rest: str, today: date) -> Command | NotUnderstood:
    plain = _plain(rest).strip(_FULL_STOP)
    if (do := _OF_RUN.get(plain.casefold())) is not None and do != "postpone":
        return OfRun(number, do)
    word, _, when = plain.partition(" ")
    if _OF_RUN.get(word.casefold()) != "postpone":
        return NotUnderstood("run")
    moment = read_moment(when, today=today)
    return NotUnderstood(moment) if isinstance(moment, str) else OfRun(number, "postpone", *moment)


def _of_sending(do: Literal["stop", "resume", "cancel"], rest: str) -> Command | NotUnderstood:
    key = _plain(rest)
    return OfSending(do, key) if _KEY.match(key) else NotUnderstood("key")


def read_moment(when: str, *, today: date) -> tuple[date, time | None] | str:
    """Read 「7/9 17:00」, 「12月1日（火）午前10時」: the day, and the time of day if there is one; else why not (WHY_NOT)."""
    when = _plain(when)
    at = _TIME.search(" " + when)
    hour = int(at["hour"]) + (12 if at["half"] == "午後" and int(at["hour"]) < 12 else 0) if at else 0
    minute = int(at["minute"] or at["minutes"] or (30 if at["thirty"] else 0)) if at else 0
    if hour > 23 or minute > 59:
        return "date"
    read = read_answer(_DAY, (" " + when)[: at.start()] if at else when, today=today)
    if not isinstance(read, Understood):
        kind = getattr(read, "kind", "")
        return kind if kind in {"weekday", "no-such-day", "year"} else "date"
    if read.remark or not isinstance(read.answer, str):
        return "date"
    return date.fromisoformat(read.answer), time(hour, minute) if at else None


def _of_bulletin(do: Literal["try", "send", "cancel"]) -> Callable[[str, date], Command | NotUnderstood]:
    def read(rest: str, today: date) -> Command | NotUnderstood:
        key, _, more = _plain(rest).partition(" ")
        if not _KEY.match(key):
            return NotUnderstood("key")
        if do == "try":
            addresses = tuple(filter(None, re.split(r"[\s,、]+", more)))
            known = all("@" in one and valid_address(one) for one in addresses)
            return OfBulletin(do, key, to=addresses) if known else NotUnderstood("trial")
        if not more:
            return OfBulletin(do, key)
        moment = read_moment(more, today=today) if do == "send" else "unknown"
        if isinstance(moment, str):
            return NotUnderstood(moment)
        return OfBulletin(do, key, *moment) if moment[1] else NotUnderstood("date")

    return read


def _fix_meeting(rest: str, today: date) -> Command | NotUnderstood:
    key, _, when = _plain(rest).partition(" ")
    if not _KEY.match(key):
        return NotUnderstood("key")
    if number := re.fullmatch(r"(?:候補)?(?P<number>[0-9]{1,2})番?", when):
        return FixMeeting(key, int(number["number"]))
    moment = read_moment(when, today=today)
    if isinstance(moment, str):
        return NotUnderstood(moment)
    return FixMeeting(key, 0, *moment) if moment[1] else NotUnderstood("date")


def _attended_word(word: str, rest: str) -> tuple[Literal["came", "absent", "joined"], str] | None:
    """Return what a line says of an attendance, and of whom; 「全員出席」 and 「全員 出席」 are 「出席 全員」."""
    word = _POLITE.sub("", word.rstrip(_FULL_STOP))
    if word in _ATTENDED:
        return _ATTENDED[word], rest
    for everybody in _EVERYBODY:
        if word.startswith(everybody):
            said, _, more = f"{word.removeprefix(everybody)} {rest}".strip().partition(" ")
            said = _POLITE.sub("", said.rstrip(_FULL_STOP))
            if said in _ATTENDED:
                return _ATTENDED[said], f"{more} {everybody}".strip()
    return None


def _attended(do: Literal["came", "absent", "joined"], rest: str) -> Command | NotUnderstood:
    pieces = [piece for piece in re.split(r"[\s、,]+", _together(rest)) if piece]
    key = pieces.pop(0) if pieces and _KEY.match(pieces[0]) and pieces[0].casefold() not in _EVERYBODY else ""
    if len(pieces) == 1 and pieces[0].strip(_FULL_STOP).casefold() in _EVERYBODY and do != "joined":
        return Attended(do, (), key)
    bodies: list[tuple[str, int | None]] = []
    for piece in pieces:
        found = _PEOPLE.match(piece.strip(_FULL_STOP))
        if found is None:
            bodies.append((piece.strip(_FULL_STOP), None))
        elif found["body"]:
            bodies.append((found["body"], int(found["people"])))
        elif bodies and bodies[-1][1] is None:
            bodies[-1] = (bodies[-1][0], int(found["people"]))
        else:
            return NotUnderstood("attended")
    counted = [people is not None for _, people in bodies]
    fits = {"came": True, "absent": not any(counted), "joined": all(counted)}[do]
    named = all(body and not _EVERYBODY & {body.casefold()} for body, _ in bodies)
    return Attended(do, tuple(bodies), key) if bodies and fits and named else NotUnderstood("attended")


def _together(rest: str) -> str:
    """Return the words with each number and its unit, and each prefecture and its body, in one piece: 2people, 長野県松本市."""
    whole = re.sub(r"(?<=[0-9]) (?=名|人|people|person)", "", rest)
    return re.sub(rf"(?:^|(?<=[\s、,]))({'|'.join(PREFECTURES)}) (?=[^\s0-9(])", r"\1", whole)


def _reissue(rest: str, _today: date) -> Command | NotUnderstood:
    key, _, code = _plain(rest).partition(" ")
    if not _KEY.match(key):
        return NotUnderstood("key")
    return Reissue(key, code) if _CODE.match(code) else NotUnderstood("code")


def _enter(rest: str, today: date) -> Command | NotUnderstood:
    plain = rest.translate(ONE_FOR_ONE)
    words = plain.split(maxsplit=2)
    key = words[0] if words and not words[0].isdecimal() else ""
    place = 1 if key else 0
    if key and not _KEY.match(key):
        return NotUnderstood("key")
    if len(words) <= place or not _CODE.match(words[place]):
        return NotUnderstood("code")
    code = words[place]
    said = rest[plain.index(code, len(key)) + len(code) :]
    bare = _unquoted(said)
    how = [match.start() for match in _HOW.finditer(bare)]
    if not how:
        return NotUnderstood("reason")
    if _PAIR.search(bare, how[0]):
        return NotUnderstood("reason")
    answer = said[: how[0]].strip(" 　")
    pairs = _pairs(answer)
    if not pairs and _COMING.match(_plain(_bare(answer))):
        if not key:
            return NotUnderstood("event")
        pairs = (("", _bare(answer)),)
    if not pairs:
        return NotUnderstood("answers")
    if len(how) > 1:
        return NotUnderstood("reasons")
    reason = said[how[0] :].strip(" 　")
    if " " not in _plain(reason):
        return NotUnderstood("reason")
    wrong = _wrong_day(_plain(reason), today)
    return NotUnderstood(wrong) if wrong else Enter(key, code, pairs, reason)


def _wrong_day(reason: str, today: date) -> str:
    """Return why nobody can have answered on the day that is written there (WHY_NOT); "": he can, or there is none.

    A month and day far ahead are last year's: an entry tells what has been.
    """
    for word in re.finditer(r"\S+", reason):
        read = read_day(reason[word.start() :], today)
        if isinstance(read, Unclear):
            if read.kind in {"no-such-day", "weekday"}:
                return read.kind
            continue
        ahead = (read.day - today).days
        return "future" if ahead > 0 and (ahead <= SEASON_DAYS or not read.year_assumed) else ""
    return ""


def _send_back(rest: str, _today: date) -> Command | NotUnderstood:
    return SendBack(rest) if rest else NotUnderstood("send-back")


def _resume(rest: str, _today: date) -> Command | NotUnderstood:
    address = _plain(rest).removeprefix("<").removesuffix(">")
    return Resume(address) if valid_address(address) and "@" in address else NotUnderstood("address")


_READERS: Mapping[str, Callable[[str, date], Command | NotUnderstood]] = {
    **dict.fromkeys(("延期", "extend"), _extend),
    **dict.fromkeys(("再発行", "reissue"), _reissue),
    **dict.fromkeys(("代理", "代理入力", "enter"), _enter),
    **dict.fromkeys(("再開", "配信再開", "resume"), _resume),
    **dict.fromkeys(("決定", "fix"), _fix_meeting),
    **dict.fromkeys(("試し送り", "trial"), _of_bulletin("try")),
    **dict.fromkeys(("配信", "distribute"), _of_bulletin("send")),
    **dict.fromkeys(("配信中止", "配信取消", "call-back"), _of_bulletin("cancel")),
    **dict.fromkeys(("差戻し", "差し戻し", "差戻", "return"), _send_back),
}


def _plain(text: str) -> str:
    return " ".join(text.translate(ONE_FOR_ONE).split())


def _unquoted(text: str) -> str:
    """Return the text folded, and blank where an answer in quotation marks stands; every place stays the same."""
    return _QUOTED.sub(lambda match: "_" * len(match[0]), text).translate(ONE_FOR_ONE)


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    """Return question and value of 「Q1=2 Q2=1,3」; empty when the text is anything else."""
    marks = list(_PAIR.finditer(_unquoted(text)))
    if not marks or marks[0].start() != 0:
        return ()
    ends = [*(mark.start() for mark in marks[1:]), len(text)]
    pairs = [
        (f"Q{int(mark['number'])}", _bare(text[mark.end() : end]))
        for mark, end in zip(marks, ends, strict=True)
    ]
    questions = [question for question, _ in pairs]
    doubled = len(set(questions)) < len(questions)
    return () if doubled or not all(value for _, value in pairs) else tuple(pairs)


def _bare(value: str) -> str:
    """Return a value without the commas that set it off and without the quotation marks around it."""
    bare = value.strip(" 　,、;")
    whole = _QUOTED.fullmatch(bare)
    return bare[1:-1].strip(" 　") if whole else bare


def harmless(line: str) -> str:
    """Return a line for a mail of ours so that it is no command when it comes back (ballot.md section 1, rule 7)."""
    if isinstance(read_line(line, today=date(2000, 1, 1)), NotUnderstood):
        return line
    indent = line[: len(line) - len(line.lstrip(" \u3000"))]
    return f"{indent}※{line.lstrip(chr(0x3000) + ' ')}"
