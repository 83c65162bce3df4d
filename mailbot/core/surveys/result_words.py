"""What a result mail says of one question: rows with shares and bars, the change since, the body's own kind."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Literal, cast

from mailbot.core.calendar import Language
from mailbot.core.mail.header import clean
from mailbot.core.surveys.comparison import Before, NotComparable
from mailbot.core.surveys.cross_table import Group
from mailbot.core.surveys.group_words import group_words
from mailbot.core.surveys.report import WITHHELD, QuestionReport, percent, tenths
from mailbot.core.surveys.tally import ANSWERED, NONE, column_head

_BAR = 20  # full-width characters of a bar that stands for everybody

RESULT_WORDS: dict[Language, dict[str, str]] = {
    "ja": {
        "body": "団体",
        "person": "名",
        "rise": "{}ポイント増",
        "fall": "{}ポイント減",
        "same": "増減なし",
        "given": "いただきました",
        "and": "、",
        "unjoinable": "無記名の調査ですので、種別や地域ごとの結果はお出ししておりません。",
        "for_office": "種別、都道府県、人口規模ごとの表は、報告書にあります。",
        "new": "前回はお尋ねしていない問いです。",
        "type": "前回とは答え方が違うため、比べられません。",
        "options": "前回とは選択肢が違うため、比べられません。",
    },
    "en": {
        "body": "bodies",
        "person": "persons",
        "rise": "{} points up",
        "fall": "{} points down",
        "same": "unchanged",
        "given": "received",
        "and": ", ",
        "unjoinable": "The answers were sealed, so there are no figures by kind or region.",
        "for_office": "The tables by kind, prefecture and population are in the report.",
        "new": "Not asked the time before.",
        "type": "Asked in another way the time before: not comparable.",
        "options": "Other options the time before: not comparable.",
    },
}


def result_words(result: QuestionReport, language: Language) -> dict[str, object]:
    """Return one question's result as its template prints it."""
    before = result.before if isinstance(result.before, Before) else None
    reason = result.before.reason if isinstance(result.before, NotComparable) else ""
    return {
        "id": result.question.id,
        "text": clean(result.question.text),
        "base": result.base,
        "none": result.none,
        "not_asked": result.not_asked,
        "free": result.question.type in {"text", "number", "date"},
        "several": result.question.type == "multi",
        "answers": result.base - result.none,
        "figures": result.figures,
        "earlier_base": before.base if before else 0,
        "not_comparable": RESULT_WORDS[language].get(reason, ""),
        "rows": [
            {
                "head": clean(column_head(result.question, column, language)),
                "count": count,
                "percent": percent(count, result.base),
                "bar": _bar(count, result.base),
                "before": percent(before.counts[column], before.base) if before else "",
                "change": _change_words(
                    before.change(column, count, result.base) if before else None, language
                ),
            }
            for column, count in result.options
        ],
    }


def own_result_words(
    result: QuestionReport,
    group: Group,
    columns: tuple[str, ...],
    said: str,
    unit: Literal["body", "person"],
    language: Language,
) -> dict[str, object]:
    """Return one question of the kind's table, with the columns marked in which a body's own answer counts."""
    question, base, counts = result.question, group.base(result.question.id), group.counts[result.question.id]
    words = RESULT_WORDS[language]
    counted = words[unit] if language == "ja" else ""
    shown = [column for column, _ in result.options if column != ANSWERED]
    withheld = all(counts[column] is None for column, _ in result.options)
    unmarked = [each for each in columns if withheld or each not in shown]
    own = said or words["and"].join(column_head(question, each, language) for each in unmarked)
    return {
        "id": question.id,
        "text": clean(question.text),
        "own_words": clean(words["given"] if columns == (ANSWERED,) and not said else own),
        "kind": group_words(group.name, language),
        "withheld": withheld,
        "answers": _or_withheld(counts.get(ANSWERED), counted),
        "base": _or_withheld(base, counted),
        "silent": _or_withheld(counts[NONE], counted),
        "rows": [
            {
                "head": clean(column_head(question, column, language)),
                "own": column in columns,
                "figures": _or_withheld(counts[column], counted) + _share(counts[column], base, language),
            }
            for column in shown
        ],
    }


def marks_own(question: Mapping[str, object]) -> bool:
    """Tell whether a row of the question, as `own_result_words` returns it, is shown as the body's own."""
    rows = cast("list[dict[str, object]]", question["rows"])
    return not question["withheld"] and any(row["own"] for row in rows)


def _or_withheld(count: int | None, unit: str) -> str:
    return WITHHELD if count is None else f"{count}{unit}"


def _share(count: int | None, base: int | None, language: Language) -> str:
    """Return a share in brackets with its bar; "" where one of the two is withheld."""
    if count is None or base is None:
        return ""
    share = f"（{percent(count, base)}）" if language == "ja" else f" ({percent(count, base)}) "
    return (share + _bar(count, base)).rstrip()


def _bar(count: int, base: int) -> str:
    return "■" * (count * _BAR // max(base, 1))


def _change_words(change: Fraction | None, language: Language) -> str:
    """Return how a share moved since the time before, in words that no mail program alters."""
    if change is None:
        return ""
    moved = tenths(abs(change))
    if moved == "0.0":
        return RESULT_WORDS[language]["same"].format(moved)
    return RESULT_WORDS[language]["rise" if change > 0 else "fall"].format(moved)
