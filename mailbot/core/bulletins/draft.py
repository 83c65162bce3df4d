"""A bulletin's draft as the office mails it in: its title in the Subject, its text as it will stand, a few lines of head."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, time

from mailbot.core.office.desk import read_moment

# What a Subject has before key and title: reply tags, 「原稿」.
_PREFIX = re.compile(
    r"^(?:(?:re|fw|fwd|返信|転送)\s?[:：]\s?)*(?:(?:メルマガ|メールマガジン)?の?原稿|draft)?[\s:：]*",
    re.IGNORECASE,
)
# The key of an issue, such as M26-12: a letter first, a mark, and somewhere a digit.
_KEY = re.compile(r"^(?P<key>(?=[A-Za-z0-9._-]*[0-9])[A-Za-z][A-Za-z0-9]*(?:[._-][A-Za-z0-9]+)+)(?:\s+|$)")
# A line above the text that says when it goes out, or its number.
_HEAD = re.compile(r"^(?P<name>配信|配信日時|号数|send|number)\s?[:：]\s?(?P<value>.*)$", re.IGNORECASE)
# A line below which nothing is the issue's: a signature's, 「以上」.
_END = re.compile(r"^(?:-- ?|[（(]?(?:原稿)?(?:ここまで|以上)[）)]?[。.]?)$")


@dataclass(frozen=True)
class WrittenDraft:
    """What a mail says of an issue."""

    key: str  # "": it names none
    title: str
    body: str  # Markdown
    day: date | None = None  # when it shall go out
    time: time | None = None
    number: int | None = None
    above: int = 0  # lines of the mail above the body's first


@dataclass(frozen=True)
class Unreadable:
    """Why a draft cannot be taken; the name of a sentence."""

    sentence: str


def read_draft(subject: str, text: str, *, today: date) -> WrittenDraft | Unreadable:
    """Read a draft: 「メルマガ原稿 M26-12 12月号」, then 「配信: 12/1 10:00」 and the text.

    The text ends at a signature (`-- `) or at 「原稿ここまで」: else a signature would go out to everybody.
    """
    folded = " ".join(unicodedata.normalize("NFKC", subject).split())
    title = _PREFIX.sub("", folded, count=1)
    key = ""
    if found := _KEY.match(title):
        key, title = found["key"], title[found.end() :]
    if not title.strip():
        return Unreadable("no-title")
    lines = text.replace("\r", "").split("\n")
    day, at, number = None, None, None
    while lines and (not lines[0].strip() or _HEAD.match(unicodedata.normalize("NFKC", lines[0]).strip())):
        stated = _HEAD.match(unicodedata.normalize("NFKC", lines.pop(0)).strip())
        if stated is None:
            continue
        if stated["name"].casefold() in {"号数", "number"}:
            digits = re.fullmatch(r"第?\s?([0-9]{1,5})\s?号?", stated["value"].strip())
            if digits is None or not int(digits[1]):
                return Unreadable("head-number")
            number = int(digits[1])
        else:
            moment = read_moment(stated["value"].strip(), today=today)
            if isinstance(moment, str) or moment[1] is None:
                return Unreadable("head-time")
            day, at = moment
    end = next(
        (place for place, line in enumerate(lines) if _END.match(line.strip(" \u3000") or line)), len(lines)
    )
    written = "\n".join(line.rstrip() for line in lines[:end])
    body = written.strip("\n")
    if not body.strip():
        return Unreadable("empty")
    above = text.replace("\r", "").count("\n") + 1 - len(lines) + len(written) - len(written.lstrip("\n"))
    return WrittenDraft(key, title.strip(), body, day, at, number, above)


def free_key(month: date, taken: Collection[str]) -> str:
    """Return a key for an issue of this month that nothing else has: M26-12, then M26-12-2."""
    first = f"M{month:%y-%m}"
    names = {one.casefold() for one in taken}
    number = 1
    while (key := first if number == 1 else f"{first}-{number}").casefold() in names:
        number += 1
    return key
