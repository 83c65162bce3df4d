"""Options named one after another: 「1,3」, 「1と3」, 「2～4」, labels, or both (ballot.md section 7)."""

from __future__ import annotations

import re

from mailbot.core.reading.grammar.printed_options import whole_labels
from mailbot.core.reading.grammar.understood import Unclear
from mailbot.core.reading.text.numeral import OPTION_NUMBER, option_number
from mailbot.core.reading.text.tidy import end_of
from mailbot.core.surveys.survey import Question

_SEPARATOR = re.compile(r"(?:[\s,、・/;&+]|及び|および|それから|さらに|加えて|と|ト(?=\s?[0-9])|and\b)+")
ALTERNATIVE = re.compile(r"[0-9番]\s?(?:か|または|又は|もしくは|or)\s?[0-9]")
TICKS = "○◎✓✔☑ "  # 「○会場」
_ITEM_WORD = re.compile(
    r"(?:(?:options?|choices?|no\.?)\s?#?|(?:選択肢|(?:選択)?番号)\s?(?:[:の]\s?)?|第|#)(?=[0-9])"
)
_ITEM_WORD_BESIDE_NO = re.compile(
    r"(?:(?:options?|choices?)\s?|(?:選択肢|(?:選択)?番号)\s?(?:[:の]\s?)?|第)(?=[0-9])"
)  # no is an answer
_SUFFIX = re.compile(r"(?:\s?番目|つ目|\s?番|[.):])?\s*")
_TO_ITS_LABEL = re.compile(r"(?:\s*(?:→|⇒|=|-|:|\.)|の)\s*")  # 「2→利用していない」
_APART = re.compile(r"(?<=[番目)])(?=[0-9])")  # 「1番3番」
_RANGE = re.compile(r"\s*(?:-|~|から)\s*")
_RANGE_END = re.compile(r"(?:番目|番)?(?:まで)?")


_PRINTED = re.compile(r"[0-9]\s?[.):]$")


def read_items(question: Question, written: str) -> tuple[list[int], str] | Unclear:
    """Return the numbers named one after another, and the rest that names none; unclear if there is no number."""
    labels = whole_labels(question)
    word = _ITEM_WORD_BESIDE_NO if question.type == "yesno" else _ITEM_WORD
    numbers: list[int] = []
    at = 0
    while at < len(written):
        found = _label_at(labels, written, at)
        if found is None:
            at += end_of(word, written[at : at + 12])
            found = _label_at(labels, written, at)
        if found is not None:
            number, at = found
            numbers.append(number)
        else:
            match = OPTION_NUMBER.match(written, at)
            value = option_number(match) if match else None
            if match is None or value is None:
                break
            after = _range_or_label(labels, written, match.end(), value)
            if isinstance(after, Unclear):
                return after
            named, at = after
            numbers += named
        separator = _SEPARATOR.match(written, at) or _APART.match(written, at)
        if separator is None:
            break
        if _starts_item(labels, written, separator.end(), word):
            at = separator.end()
            continue
        break
    return (numbers, written[at:]) if numbers else Unclear("unclear")


def _starts_item(labels: tuple[tuple[str, int], ...], written: str, at: int, word: re.Pattern[str]) -> bool:
    if _label_at(labels, written, at) is not None:
        return True
    at += end_of(word, written[at : at + 12])
    match = OPTION_NUMBER.match(written, at)
    return (match is not None and option_number(match) is not None) or _label_at(
        labels, written, at
    ) is not None


def _label_at(labels: tuple[tuple[str, int], ...], written: str, at: int) -> tuple[int, int] | None:
    """Return the option whose whole label stands here, and where it ends."""
    for label, place in labels:
        if written.startswith(label, at):
            return place, at + len(label)
    return None


def _range_or_label(
    labels: tuple[tuple[str, int], ...], written: str, at: int, first: int
) -> tuple[list[int], int] | Unclear:
    """Read what follows a number: the end of a range, the option's own label, or nothing."""
    suffix = _SUFFIX.match(written, at)
    after = suffix.end() if suffix else at
    span = _RANGE.match(written, after)
    last = OPTION_NUMBER.match(written, span.end()) if span else None
    if last is not None:
        value = option_number(last)
        if value is None:
            return Unclear("unclear")
        if value <= first:
            return Unclear("descending")
        end = _RANGE_END.match(written, last.end())
        if value - first > 100:
            return Unclear("out-of-range")
        return list(range(first, value + 1)), end.end() if end else last.end()
    link = _TO_ITS_LABEL.match(written, after) or _TO_ITS_LABEL.match(written, at)
    named = (
        _label_at(labels, written, after)
        or _bracketed_label(labels, written, after)
        or (_label_at(labels, written, link.end()) if link else None)
    )
    if named is None:
        return [first], at + len(written[at:after].rstrip())
    if named[0] != first:
        return Unclear("mismatch")
    return [first], named[1]


def _bracketed_label(labels: tuple[tuple[str, int], ...], written: str, at: int) -> tuple[int, int] | None:
    """Return the option whose whole label stands here in brackets, 「1（費用）」, and where they end."""
    named = _label_at(labels, written, at + 1) if written.startswith("(", at) else None
    return (named[0], named[1] + 1) if named and written.startswith(")", named[1]) else None


def as_printed(written: str, rest: str) -> bool:
    """Say whether the number before the rest has the form in which ballots print options: 「3. 」."""
    return _PRINTED.search(written.removesuffix(rest)) is not None
