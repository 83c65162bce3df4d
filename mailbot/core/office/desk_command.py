"""What the people of the office may command by mail, as values; desk.py reads the lines (ballot.md 14)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from typing import Literal

from mailbot.core.calendar import Language


@dataclass(frozen=True)
class Decide:
    """「U-0231 採用」「U-0231 破棄」「U-0231 返送 理由」: a held mail counts as it was read, is put aside, or is refused.

    「U-0231 採用 以後も」 accepts a post and from then on whatever its author posts to that list.
    """

    number: int
    decision: Literal["accept", "trust", "discard", "reject"]
    reason: str = ""


@dataclass(frozen=True)
class Give:
    """「U-0231 = 1,3」「U-0231 Q2=1,3」: these are the answers of a held mail; question "": the only one it can mean."""

    number: int
    answers: tuple[tuple[str, str], ...]  # question, value as written


@dataclass(frozen=True)
class Enter:
    """「代理 S26-014 132012 Q1=2 電話 6/20 山田」, 「代理 N26-07 132012 出席 2名 電話 6/20 山田」: what a body said by telephone, on paper or by FAX."""

    key: str  # "": the only survey that is open
    code: str  # five or six digits
    answers: tuple[tuple[str, str], ...]  # question "": words about coming to an event
    reason: str  # how it came, when, from whom


@dataclass(frozen=True)
class Extend:
    """「延期 S26-014 7/9 17:00」: the survey closes later."""

    key: str
    day: date
    time: time | None  # None: at the time of day at which it was to close


@dataclass(frozen=True)
class OfSurvey:
    """「締切 S26-014」「公表 S26-014」「催促 S26-014」「状況 S26-014」: close, publish, remind now, or say how it stands."""

    do: Literal["close", "publish", "remind", "status"]
    key: str
    again: bool = False  # 「催促 S26-014 再度」: also when they were reminded just now


@dataclass(frozen=True)
class Reissue:
    """「再発行 S26-014 132012」: a body gets a ballot with a new token; the old one dies."""

    key: str
    code: str


@dataclass(frozen=True)
class Resume:
    """「再開 sato@city.example.jp」: list mail goes to an address again that was suspended for its bounces."""

    address: str


@dataclass(frozen=True)
class OfBulletin:
    """「試し送り M26-12」「配信 M26-12」「配信 M26-12 7/1 10:00」「配信中止 M26-12」: trial copies, send now or then, call back."""

    do: Literal["try", "send", "cancel"]
    key: str
    day: date | None = None
    time: time | None = None
    to: tuple[str, ...] = ()  # trial copies: to these in place of the panel


@dataclass(frozen=True)
class OfRun:
    """「P-0012 延期 7/9 10:00」「P-0012 見送り」「P-0012 送信」「P-0012 取消」: a planned run comes later, never, now, or as planned."""

    number: int
    do: Literal["postpone", "skip", "send", "undo"]
    day: date | None = None  # postpone
    time: time | None = None  # None: at the time of day at which it was planned


@dataclass(frozen=True)
class OfSending:
    """「停止 N26-07」「続行 N26-07」「取止め N26-07」: what is being sent rests, goes on, or never leaves."""

    do: Literal["stop", "resume", "cancel"]
    key: str  # of a survey, event or bulletin


@dataclass(frozen=True)
class FixMeeting:
    """「決定 B27-01 2」「決定 B27-01 2/10 14:00」: a meeting is held then."""

    key: str
    number: int = 0  # of a candidate, from 1; 0: the time is stated
    day: date | None = None
    time: time | None = None


@dataclass(frozen=True)
class Attended:
    """「全員出席」「出席 長野市」「出席 長野市 1名」「欠席 松本市、上田市」「当日参加 上田市 2名」: who was at an event."""

    do: Literal["came", "absent", "joined"]
    bodies: tuple[
        tuple[str, int | None], ...
    ] = ()  # names or codes as written, and how many; none: all with seats
    key: str = ""  # "": the event that the answered mail is about


@dataclass(frozen=True)
class Approve:
    """「承認」: the act that this mail is about shall be done."""


@dataclass(frozen=True)
class SendBack:
    """「差戻し 理由」: it shall not."""

    reason: str


@dataclass(frozen=True)
class NotUnderstood:
    """The line is no command; why stands in WHY_NOT."""

    kind: str


Command = (
    Decide
    | Give
    | Enter
    | Extend
    | OfSurvey
    | OfBulletin
    | OfRun
    | OfSending
    | FixMeeting
    | Attended
    | Reissue
    | Resume
    | Approve
    | SendBack
)

WHY_NOT: Mapping[Language, Mapping[str, str]] = {
    "ja": {
        "unknown": "指示として読み取れませんでした",
        "answers": "「Q1=2 Q2=1,3」のように、問と答えを = でつないでお書きください（研修会のご出欠は「出席 2名」「欠席」でも結構です）",
        "event": "研修会や会議の番号も、「代理 N26-07 202011 出席 1名 電話 1/20 田中様」のようにお書きください",
        "reason": "お答えの後に、電話・FAX・書面の別と、日付、相手の方のお名前をお書きください",
        "reasons": "電話・FAX・書面という言葉が2か所にあります。お答えの文は「 」でくくってください",
        "code": "団体コードは5桁か6桁の数字でお書きください",
        "key": "「S26-014」のような調査の番号だけを後ろにお書きください",
        "date": "日付を読み取れませんでした。「7/9」「7/9 17:00」のようにお書きください",
        "weekday": "日付と曜日が合いません",
        "no-such-day": "その日付はありません",
        "future": "お答えのあった日が、まだ来ていない日です。日付をお確かめください",
        "year": "何年の日付か分かるように、「2027/7/1」のようにお書きください",
        "run": "「P-0012 延期 7/9 10:00」「P-0012 見送り」「P-0012 送信」「P-0012 取消」のようにお書きください",
        "attended": "「全員出席」「出席 長野市 1名」「欠席 松本市、上田市」「当日参加 上田市 2名」のように、"
        "団体の名前かコードでお書きください",
        "send-back": "「差戻し」の後に、理由をお書きください",
        "trial": "「試し送り M26-12」の後には、メールアドレスだけをお書きください",
        "address": "「再開」の後に、メールアドレスだけをお書きください",
    },
    "en": {
        "unknown": "this is no command",
        "answers": 'please write question and answer with = between, as in "Q1=2 Q2=1,3"',
        "event": 'please write the event, too, as in "enter N26-07 202011 attending 1 person phone 1/20 Tanaka"',
        "reason": "please write behind the answers how they came (phone, fax, paper), when, and from whom",
        "reasons": "phone, fax or paper stands there twice; please put an answer in words in quotation marks",
        "code": "please write the body's code with five or six digits",
        "key": 'please write only the survey\'s key behind it, as in "S26-014"',
        "date": 'the date cannot be read; please write "7/9" or "2026-07-09 17:00"',
        "weekday": "the day of the week does not fit the date",
        "no-such-day": "there is no such day",
        "future": "the day on which the body answered is still to come; please look at the date again",
        "year": "please write the year as well, as in 2027-07-01",
        "run": 'please write "P-0012 postpone 7/9 10:00", "P-0012 skip", "P-0012 send" or "P-0012 undo"',
        "attended": 'please write "all attended", "attended 202011 1 person", "absent 202029, 202037" '
        'or "joined 202037 2 people"',
        "send-back": 'please write the reason behind "return"',
        "trial": 'please write only mail addresses behind "trial M26-12"',
        "address": 'please write only the mail address behind "resume"',
    },
}
