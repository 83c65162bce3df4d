"""What a bulletin (mail magazine, 案内) is, what in it cannot be sent, and who gets it once."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal

from mailbot.core.bulletins.article import ArticleFault
from mailbot.core.calendar import Language, english_weekday, japanese_weekday
from mailbot.core.mail.address import address_key
from mailbot.core.mail.surviving import survives
from mailbot.core.members.audience import Selector
from mailbot.core.office.lateness import Lateness

BulletinState = Literal["draft", "sent", "cancelled"]
Charset = Literal["utf-8", "iso-2022-jp"]

EVENTS, SURVEYS, POSTS = "events", "surveys", "posts "  # the sections; of posts with the list's name behind


@dataclass(frozen=True)
class Bulletin:
    """One issue as the secretariat wrote it."""

    key: str  # M26-12
    title: str  # 12月号 セミナーのご案内
    body: str  # Markdown
    list: str = ""  # the announcement list whose magazine it is; "": it has none
    audience: tuple[Selector, ...] = ()  # whom else it goes to, one selector for each kind of address
    sends: datetime | None = None  # aware; None: when somebody says so
    number: int | None = None  # stated; None: one more than the list's last issue
    sections: tuple[str, ...] = ()  # what is merged in behind the body
    approvers: tuple[str, ...] = ()  # one of them must approve it; none: the office's rule
    test_to: tuple[str, ...] = ()  # the test panel
    charset: Charset = "utf-8"
    undo_minutes: int = 10  # so long copies wait in the outbox and can be called back
    contact: str = ""  # free lines
    # 毎月第1営業日 10:00: an issue of its own goes out each time; `sends` is the next one then
    every: str = ""
    late: Lateness | None = None  # how late it may go out; None: as usual


def issue_of(standing: Bulletin, day: date) -> Bulletin:
    """Return the issue that a standing bulletin sends on a (local) day."""
    return replace(standing, key=f"{standing.key}-{day:%y%m%d}", every="", sends=None)


@dataclass(frozen=True)
class Reader:
    """One address that a bulletin may go to."""

    address: str
    way: int  # by which it is reached: 0 the list, from 1 on the selectors of the audience
    person: str = ""  # who reads there, where that is known: the same person may have several addresses


def once(readers: Iterable[Reader], kept_out: Iterable[str]) -> tuple[list[Reader], int]:
    """Return the readers so that no mailbox and no person is there twice, first ways first, and how many fell away.

    `kept_out`: the keys of addresses that get none, whichever way reaches them: who left the magazine, whose mail
    comes back.
    """
    kept = frozenset(kept_out)
    seen: set[str] = set()
    chosen: list[Reader] = []
    doubled = 0
    for reader in sorted(readers, key=lambda one: one.way):
        marks = {address_key(reader.address)} | ({f"person {reader.person}"} if reader.person else set())
        out = address_key(reader.address) in kept
        if not out and not marks & seen:
            chosen.append(reader)
        elif not out:
            doubled += 1
        if not out:  # whoever reads at an address that gets none may still read at another
            seen |= marks
    return chosen, doubled


def headline(title: str, list_title: str, number: int | None, language: Language) -> str:
    """Return the Subject: 「【協議会メールマガジン 第12号】12月号」."""
    if not list_title:
        return title
    if number is None:
        return f"【{list_title}】{title}" if language == "ja" else f"[{list_title}] {title}"
    return (
        f"【{list_title} 第{number}号】{title}"
        if language == "ja"
        else f"[{list_title} no. {number}] {title}"
    )


# --- what cannot be sent ------------------------------------------------------------------------------------------

# A day with its day of the week, which must fit: 7月1日（水）, 令和8年7月1日（水）.
_DAY = re.compile(
    r"(?:(?P<year>[0-9]{4})年|令和(?P<era>[0-9]{1,2}|元)年)?\s?(?P<month>[0-9]{1,2})(?:月|/)\s?(?P<day>[0-9]{1,2})日?"
    r"\s?[(（](?P<weekday>[月火水木金土日])(?:曜日?)?(?:[・･]?祝)?[)）]"
)
_LONGEST = 200_000  # characters of a body
_LONGEST_TITLE = 100

_WORDS: Mapping[Language, Mapping[str, str]] = {
    "ja": {
        "gaiji": "「U+{code:04X}」は外字です。受け取った方の画面には出ません。別の字で書いてください",
        "control": "目に見えない制御文字（U+{code:04X}）があります。取り除いてください",
        "charset": "「{mark}」は ISO-2022-JP で送れません。別の字で書くか、charset: utf-8 にしてください",
        "weekday": "{written}とありますが、{year}年{month}月{day}日は{weekday}曜日です",
        "no-such-day": "{written}という日付はありません",
    },
    "en": {
        "gaiji": "U+{code:04X} is a character of your own machine; nobody else can see it. Write another one",
        "control": "an invisible control character (U+{code:04X}) stands here; remove it",
        "charset": "'{mark}' cannot be sent in ISO-2022-JP; write another character, or charset: utf-8",
        "weekday": "{written} stands here, but {year}-{month:02d}-{day:02d} is a {weekday}",
        "no-such-day": "{written} does not exist in the calendar",
    },
}


def text_faults(
    text: str, charset: Charset, sends: date | None, language: Language, first_line: int = 1
) -> list[ArticleFault]:
    """Return what cannot survive the way to the readers: characters, and days whose weekday is another.

    `sends`: a day without its year is the one next to this; None: nobody knows, and days are not looked at.
    """
    faults: list[ArticleFault] = []
    for number, line in enumerate(text.split("\n"), first_line):
        faults += [
            ArticleFault(number, sentence) for sentence in dict.fromkeys(_marks(line, charset, language))
        ]
        if sends is not None:
            faults += [ArticleFault(number, sentence) for sentence in _days(line, sends, language)]
    return faults


def size_fault(bulletin: Bulletin) -> tuple[Literal["title", "body"], str] | None:
    """Return what of a bulletin is too long or too short, and why; None: nothing is."""
    if not bulletin.body.strip():
        return "body", "has no text"
    if len(bulletin.body) > _LONGEST:
        return "body", f"has {len(bulletin.body)} characters; at most {_LONGEST} make one mail"
    if len(bulletin.title) > _LONGEST_TITLE:
        return "title", f"has {len(bulletin.title)} characters; at most {_LONGEST_TITLE} fit a Subject"
    return None


def _marks(line: str, charset: Charset, language: Language) -> Iterable[str]:
    for mark in line:
        category = unicodedata.category(mark)
        if category == "Co":
            yield _WORDS[language]["gaiji"].format(code=ord(mark))
        elif category in {"Cc", "Cs", "Cn"} and mark != "\t":
            yield _WORDS[language]["control"].format(code=ord(mark))
        elif charset == "iso-2022-jp" and not survives(mark):
            yield _WORDS[language]["charset"].format(mark=mark)


def _days(line: str, sends: date, language: Language) -> Iterable[str]:
    """Yield a sentence for each day of a line that does not exist, or is another day of the week."""
    for found in _DAY.finditer(unicodedata.normalize("NFKC", line)):
        month, day = int(found["month"]), int(found["day"])
        stated = int(found["year"]) if found["year"] else _of_era(found["era"]) if found["era"] else None
        years = (
            [stated]
            if stated
            else sorted(range(sends.year - 1, sends.year + 2), key=lambda y: abs(y - sends.year))
        )
        days = [each for year in years if (each := _date(year, month, day)) is not None]
        if not days:
            yield _WORDS[language]["no-such-day"].format(written=found[0])
            continue
        nearest = min(days, key=lambda each: abs((each - sends).days))
        if japanese_weekday(nearest) != found["weekday"]:
            weekday = (japanese_weekday if language == "ja" else english_weekday)(nearest)
            yield _WORDS[language]["weekday"].format(
                written=found[0], year=nearest.year, month=month, day=day, weekday=weekday
            )


def _of_era(year: str) -> int:
    return 2018 + (1 if year == "元" else int(year))


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


# --- its series ---------------------------------------------------------------------------------------------------


def next_number(stated: int | None, sent: Sequence[int]) -> int:
    """Return the number of the next issue: the stated one, else one more than the last."""
    return stated if stated is not None else max(sent, default=0) + 1
