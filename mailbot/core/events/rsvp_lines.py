"""The lines of an RSVP that its writer wrote himself, a sentence each: what stands above all that he quotes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from itertools import takewhile

from mailbot.core.calendar import Language
from mailbot.core.events.rsvp_marks import marked_of_pair
from mailbot.core.reading.text.joined_lines import taken_apart
from mailbot.core.reading.text.known_text import known_texts, line_key

LONGEST_LINE = 200  # characters of a line that may be an answer
_QUOTE_BEGINS = re.compile(
    r"^\s*(?:[>＞|]|-{2,}|_{3,}|\*{3,}(?!.*(?:外部|庁外|external))|={3,}|From:|差出人|送信者|★★)|(?:書きました|wrote)[:：]\s*$"
)
_NAMED_QUOTE = re.compile(r"^[^\s>＞]{1,20}[>＞]\s?")  # AL-Mail writes the sender's name before each line
_OPTION = re.compile(r"^\s*([123])[.．]\s*(?:出席|欠席|時間が決まってから返事)\s*$")  # as our form prints it
_SENTENCES = re.compile(r"(?<=[。.!])\s*(?=\S)")
# 「1　出欠　出席」, 「2　出席者　山田太郎」, as in a letter of an office; 「【出席】2名」; 「出席　氏名：山田太郎」.
_FIELDS = r"出欠|ご?(?:出席|参加)(?:者|人数)|ご?氏名|お名前|人数"
_FIELD_NUMBER = re.compile(r"^[ \u3000]*[0-9０-９]{1,2}[.．)）、]?[ \u3000]+(?=" + _FIELDS + ")")
# 「参加者　→　山田太郎」; 「出　席」, as on a form
_ARROW = re.compile(
    rf"^(?P<field>[ \u3000・]*(?:{_FIELDS}|セミナー|研修会?|会議|説明会|講演会))[ \u3000]*(?:→|⇒|->)[ \u3000]*"
)
_SPACED = re.compile(r"(?<![一-龥])(?P<one>[出欠参])[ \u3000]{1,2}(?P<two>[席加])(?![一-龥])")
_BRACKETED = re.compile(r"^【(ご?(?:出席|参加|欠席))】[ \u3000]*")
_LED_FIELD = re.compile(r"^(?:ご?出席|ご?参加)[\s\u3000]+(?=(?:氏名|お名前|人数|出席者|参加者)\s?[:：])")


def our_lines(known: Sequence[str]) -> frozenset[str]:
    """Return what `is_ours` compares with: the lines of the texts that we sent."""
    return frozenset(line_key(line) for each in known for line in each.splitlines())


def is_ours(line: str, ours: AbstractSet[str]) -> bool:
    """Tell whether a line is one of ours, with or without the marks of a quotation."""
    return line_key(line.lstrip("> \t|＞｜")) in ours or line_key(_NAMED_QUOTE.sub("", line, count=1)) in ours


def own_lines(lines: Sequence[str], ours: AbstractSet[str]) -> list[str]:
    """Return the lines above what is quoted or ours."""
    return list(takewhile(lambda line: not _ends_own(line, ours), lines))


def sentences(text: str, known: Sequence[str], language: Language) -> list[str]:
    """Return the lines of a reply, what is not ours a sentence each; what a mail program ran together is taken apart.

    An answer that was copied or marked in the options of our form, at the top, becomes its word or number.
    """
    ours, sent = our_lines(known), known_texts(tuple(known))
    lines = [
        piece for line in text.split("\n") for piece in taken_apart(line, line_key(line), sent) or (line,)
    ]
    if language != "ja":
        return lines
    lines = _options_copied(_marked_pairs(lines, ours), ours)
    return [piece for line in lines for piece in ([line] if is_ours(line, ours) else _apart(line))]


def _ends_own(line: str, ours: AbstractSet[str]) -> bool:
    """Tell whether a line is the first that its writer did not write."""
    return bool(_QUOTE_BEGINS.search(line) or (line.strip() and is_ours(line, ours)))


def _top(lines: Sequence[str], ours: AbstractSet[str]) -> int:
    """Return how many lines stand above what is quoted, with the options of our form that were copied there."""
    top = takewhile(
        lambda line: _OPTION.match(line) or marked_of_pair([line]) or not _ends_own(line, ours), lines
    )
    return len(list(top))


def _marked_pairs(lines: list[str], ours: AbstractSet[str]) -> list[str]:
    """Return the lines, two at the top of which one marks 出席 or 欠席 as what is marked: 「1. 出席 ○」 above 「2. 欠席」."""
    done: list[str] = []
    at, top = 0, _top(lines, ours)
    while at < top:
        marked = marked_of_pair(lines[at : at + 2]) if at + 1 < top else ""
        done.append(marked or lines[at])
        at += 2 if marked else 1
    return [*done, *lines[top:]]


def _options_copied(lines: list[str], ours: AbstractSet[str]) -> list[str]:
    """Return the lines, an option that was copied to the top, and no other there, as its number: 「2. 欠席」."""
    copied = [(place, found) for place in range(_top(lines, ours)) if (found := _OPTION.match(lines[place]))]
    if len(copied) != 1:
        return lines
    place, found = copied[0]
    said = "時間が決まってから返事" if found[1] == "3" else f"Q1 {found[1]}"
    return [*lines[:place], said, *lines[place + 1 :]]


def _unspaced(found: re.Match[str]) -> str:
    word = found["one"] + found["two"]
    return word if word in {"出席", "欠席", "参加"} else found[0]


def _apart(line: str) -> list[str]:
    """Return a short line's sentences, each of which may be an answer: 「参加します。2名です。」."""
    if len(line) > LONGEST_LINE:
        return [line]
    line = _ARROW.sub(r"\g<field>：", _BRACKETED.sub(r"\1 ", _FIELD_NUMBER.sub("", line)))
    line = _SPACED.sub(_unspaced, line)
    if (led := _LED_FIELD.match(line)) is not None:
        return [led[0], line[led.end() :]]
    return [line] if "。" not in line.rstrip("。") else _SENTENCES.split(line)
