"""What became of something that a member wrote: one whole answer, nothing, or unclear and why (ballot.md sections 7 and 8)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mailbot.core.calendar import Language
from mailbot.core.reading.text.known_text import line_key


@dataclass(frozen=True)
class Understood:
    """The whole of what was written is one answer."""

    answer: tuple[str, ...] | str
    remark: str = ""  # words in brackets after a clear answer, as written
    flags: tuple[str, ...] = ()  # "approximate" (約), "year-assumed" (a date without its year)


@dataclass(frozen=True)
class Blank:
    """Nothing was written."""


@dataclass(frozen=True)
class Unclear:
    """Something was written that is not one whole answer."""

    kind: str  # a short code, see EXPLANATIONS
    suggested: tuple[str, ...] = ()  # what the member may have meant; asked, never assumed
    written: str = field(
        default="", compare=False
    )  # what was written, to be shown to its author; "": not one thing


Read = Understood | Blank | Unclear


def comparable(answer: tuple[str, ...] | str) -> tuple[str, ...] | str:
    """Return what two answers have in common when they are the same."""
    return answer if isinstance(answer, tuple) else line_key(answer)


EXPLANATIONS: Mapping[Language, Mapping[str, str]] = {
    "ja": {
        "garbled": "文字化けしていて読み取れませんでした",
        "out-of-range": "番号が選択肢にありません",
        "two-choices": "1つだけお選びください",
        "mismatch": "番号と選択肢の言葉が合いません",
        "joined": "番号の区切りが読み取れません（「1,3」のように区切ってください）",
        "descending": "範囲は小さい番号からお書きください",
        "all": "すべてでよいか確認させてください",
        "none-of-these": "「なし」に当たる選択肢がありません。番号でお答えください",
        "none-and-more": "「なし」に当たる選択肢と、ほかの選択肢の両方が選ばれています",
        "not-concerned": "「該当なし」に当たる選択肢がありません。番号でお答えください",
        "no-value": "「なし」「該当なし」「未定」は、数や日付として読めません（数の0は「0」とお書きください）",
        "conditional": "条件や言葉の添えられたお答えは、どちらにも数えられません。番号でお答えください",
        "lines-left": "どの選択肢を残されたのか読み取れません。番号でお答えください",
        "weekday": "日付と曜日が合いません",
        "no-such-day": "その日付はありません",
        "year": "何年の日付か分かるようにお書きください",
        "unit": "単位がお尋ねしたものと違います",
        "differ": "2か所のお答えが違います",
        "formula": "数式は読み取れません。値をお書きください",
        "required": "お答えがまだありません",
        "unclear": "お答えを読み取れませんでした",
    },
    "en": {
        "garbled": "the characters arrived damaged",
        "out-of-range": "there is no option with this number",
        "two-choices": "please choose only one",
        "mismatch": "the number and the words do not agree",
        "joined": 'please separate the numbers, for instance "1,3"',
        "descending": "please write a range from the smaller number to the larger",
        "all": "please confirm that you mean all of them",
        "none-of-these": 'there is no option for "none"; please answer with numbers',
        "none-and-more": 'the option for "none" was chosen together with others',
        "not-concerned": 'there is no option for "does not apply"; please answer with numbers',
        "no-value": '"none" or "undecided" is neither a number nor a date (please write 0 for the number)',
        "conditional": "an answer with a condition or reservation cannot be counted; please answer with a number",
        "lines-left": "we cannot tell which option you left standing; please answer with a number",
        "weekday": "the day of the week does not fit the date",
        "no-such-day": "there is no such day",
        "year": "please write the year as well",
        "unit": "the unit is not the one that we asked for",
        "differ": "two different answers stand in the mail",
        "formula": "formulas are not computed; please write the value",
        "required": "there is no answer yet",
        "unclear": "we could not read this answer",
    },
}
