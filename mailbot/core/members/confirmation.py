"""The word that one person gives in reply to a question of ours: yes, no, or something that a person must read."""

from __future__ import annotations

import re
from typing import Literal

from mailbot.core.reading.text.known_text import line_key
from mailbot.core.reading.text.own_lines import own_lines

Word = Literal["yes", "no", "untouched", "unclear"]

_YES = frozenset(
    (
        "承認",
        "承認する",
        "はい",
        "ok",
        "okay",
        "yes",
        "y",
        "確認",
        "確認済み",
        "同意",
        "了解",
        "approve",
        "confirm",
        "agree",
    )
)
_NO = frozenset(
    (
        "取消",
        "取消し",
        "取り消し",
        "取消す",
        "取り消す",
        "いいえ",
        "中止",
        "却下",
        "辞退",
        "no",
        "n",
        "cancel",
        "undo",
        "reject",
    )
)
# What may stand behind a word of consent and says nothing more.
_POLITE = re.compile(
    r"(?:を|と|で)?(?:お願い(?:いた|致)?します|(?:いた|致)?します|(?:いた|致)?しました|です|ください|下さい|希望します)$"
)
# The same, as a sentence of its own.
_COURTESY = re.compile(
    r"(?<=[。、,])(?:どうぞ|何卒)?(?:よろしく|宜しく)お願い(?:(?:いた|致)し|申し上げ|し)?ます[。.]?$"
)
# 「確認します」: he has not yet
_WILL_CHECK = re.compile(r"確認を?(?:(?:いた|致)?します|お願い(?:いた|致)?します|ください|下さい)")
_LOOKED_AT = 5  # of the writer's own lines: what stands further down is a signature


def read_word(text: str, sent: str) -> tuple[Word, tuple[str, ...]]:
    """Return what a reply says, and its writer's own lines; `sent` is the text of the mail that he answers.

    The word stands alone on its line, among the first ones; where both stand it is unclear. A reply to which nothing
    was added is "untouched".
    """
    lines = own_lines(_above_signature(text), sent)
    said = {word for line in lines[:_LOOKED_AT] if (word := _word(line)) is not None}
    if len(said) == 1:
        return said.pop(), lines
    return ("unclear" if lines else "untouched"), lines


def _above_signature(text: str) -> str:
    return re.split(r"^-- ?$", text, maxsplit=1, flags=re.MULTILINE)[0]


def _word(line: str) -> Literal["yes", "no"] | None:
    bare = _COURTESY.sub("", line_key(line)).strip("「」『』\"'“”。.!、,")
    if _WILL_CHECK.fullmatch(bare):
        return None
    for form in (bare, _POLITE.sub("", bare)):
        if form.casefold() in _YES:
            return "yes"
        if form.casefold() in _NO:
            return "no"
    return None
