"""An RSVP in words of one's own: 「参加 2名 山田太郎、鈴木花子」, 「不参加」, 「時間が決まってから」, 「3名に変更」.

Only a line that is such words as a whole is read: it is put into the form's own words, which the ballot reader knows. What
stands beside other words stays as it is, and is asked back. What a reader asks, and where: which lines are the writer's
own (rsvp_lines), what each says (rsvp_answer; rsvp_polite, rsvp_named, rsvp_marks, rsvp_english), how many come and who (rsvp_people),
and what makes it uncertain (rsvp_doubt).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from mailbot.core.calendar import Language
from mailbot.core.events.event import ASCII_FORMS
from mailbot.core.events.rsvp_answer import SaidLine, read_line
from mailbot.core.events.rsvp_doubt import comes_all_the_same, may_stay_away
from mailbot.core.events.rsvp_lines import LONGEST_LINE, is_ours, our_lines, own_lines, sentences
from mailbot.core.events.rsvp_named import TITLED, named_by_us
from mailbot.core.events.rsvp_people import COME_LINE, NAMES_BELOW, with_people

_COMES_OR_LATER = re.compile(r"^Q1 (?!欠席|2\b|.*？$)")
_NO_ONE = re.compile(r"^(?:(?:ご?参加|ご?出席)?(?:人数|者数)\s?[:は]?\s?)?0\s?(?:名様|名|人)(?:です)?[。.]?$")
_PROMISES = re.compile(
    r"(?:以下|下記|次)の(?:者が|とおり|通り)(?!.{0,4}(?:回答|返信|返答|お?答え|連絡|報告|お知らせ))"
)
# An option of the form, which the ballot reader knows
_MARKED = re.compile(r"^[\s>＞|]*[○〇◯⭕◎●✓✔☑■レ]+|[○〇◯⭕◎●✓✔☑■レ]+\s*$")
_PEOPLE_IN_SLOT = re.compile(r"[【\[]Q2回答[】\]]\s*[【\[]\s*[^\s【】\[\]]")


@dataclass(frozen=True)
class OwnWords:
    """A reply put into the form's words."""

    text: str
    later: bool = False  # a line says that the answer follows later
    how: str = ""  # how they come, 「オンライン」: a remark for the office


def own_words(text: str, known: Sequence[str], language: Language = "ja") -> OwnWords:
    """Put the lines of a reply that are an RSVP in words of one's own into the form's words.

    Quoted lines, and our own in `known`, stay as they are.
    """
    ours = our_lines(known)
    lines = sentences(text, known, language)
    read = _read_lines(lines, known, ours, language)
    title = "\n".join(line for each in known for line in each.split("\n", TITLED)[:TITLED])
    done = _doubted(read, ours, title)
    promised = any(map(_PROMISES.search, own_lines(lines, ours)))
    begin, end = _where_they_come(done, ours)
    peopled = with_people(done[begin:], end - begin, promised=promised)
    if COME_LINE not in done[begin:end] and may_stay_away(
        done[begin:end], title
    ):  # 「出席者：山田太郎」 above 「仮申込みです」
        peopled = [f"{line}？" if line == COME_LINE else line for line in peopled]
    done = [*done[:begin], *peopled]
    if _nobody_is_named(done, ours, promised=promised):
        own = len(own_lines(done, ours))
        done = [f"{line}？" if line == COME_LINE and at < own else line for at, line in enumerate(done)]
    return OwnWords("\n".join(done), read.later, read.how)


@dataclass
class _Read:
    """A reply whose lines were read one by one."""

    lines: list[str]
    refusing: set[int]  # places of the lines that say that nobody comes
    later: bool = False
    how: str = ""


def _read_lines(lines: list[str], known: Sequence[str], ours: AbstractSet[str], language: Language) -> _Read:
    """Put each line into the form's words, with the names below it."""
    named = named_by_us(known) if language == "ja" else None
    read = _Read([], set())
    answered, at, top = False, 0, len(own_lines(lines, ours))
    while at < len(lines):
        line = lines[at]
        at += 1
        if (
            len(line) > LONGEST_LINE
            or is_ours(line, ours)
            or (at > top and is_ours(_MARKED.sub("", line), ours))
        ):
            said = SaidLine([line])
        else:
            said = read_line(line, lines[at : at + NAMES_BELOW], language, named, answered=answered)
        answered = answered or any(each.startswith("Q1 ") for each in said.lines)
        if said.refuses:
            read.refusing.add(len(read.lines))
        read.lines += said.lines
        at += said.taken
        read.later |= said.later
        read.how = read.how or said.how
    return read


def _doubted(read: _Read, ours: AbstractSet[str], title: str) -> list[str]:
    """Return the lines, an answer that something beside it makes uncertain with a mark that has it asked back.

    `title`: the words that name the event.
    """
    own = own_lines(read.lines, ours)
    lines = read.lines
    if read.refusing and comes_all_the_same(line for line in own if line != COME_LINE):
        lines = [f"{line}？" if at in read.refusing else line for at, line in enumerate(lines)]
    if may_stay_away(lines[: len(own)], title):
        lines = [
            f"{line}？" if at < len(own) and _COMES_OR_LATER.match(line) else line
            for at, line in enumerate(lines)
        ]
    return lines


def _where_they_come(lines: list[str], ours: AbstractSet[str]) -> tuple[int, int]:
    """Return where the writer's own lines begin and end that may name people: at the top, else where 「出席」 stands below the quotation."""
    top = len(own_lines(lines, ours))
    if any(line.startswith(("Q1 ", "Q2 ")) for line in lines[:top]) or COME_LINE not in lines[top:]:
        return 0, top
    comes = lines.index(COME_LINE, top)
    begin = comes - len(own_lines(lines[top:comes][::-1], ours))
    return begin, begin + len(own_lines(lines[begin:], ours))


def _nobody_is_named(lines: list[str], ours: AbstractSet[str], *, promised: bool) -> bool:
    """Tell whether 「出席」 stands above 「0名」, or beside 「下記のとおり」 with nobody below: how many come is not said."""
    own = own_lines(lines, ours)
    plain = [line.translate(ASCII_FORMS) for line in lines]
    if any(_NO_ONE.match(line.strip()) for line in plain[: len(own)]):
        return True
    told = any(line.startswith("Q2 ") for line in own) or any(map(_PEOPLE_IN_SLOT.search, plain[len(own) :]))
    return promised and not told
