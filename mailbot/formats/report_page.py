"""A survey's report as a page and as charts, made for print on A4: no script, nothing from elsewhere, all escaped."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from pathlib import Path

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from mailbot.core.mail.header import clean
from mailbot.core.mail.wrap import wrap
from mailbot.core.surveys.comparison import Before, NotComparable
from mailbot.core.surveys.cross_table import TITLES, CrossTable, Group
from mailbot.core.surveys.group_words import group_words
from mailbot.core.surveys.report import WITHHELD, QuestionReport, Report, percent
from mailbot.core.surveys.tally import NONE, NOT_ASKED, column_head
from mailbot.formats.report_files import NOT_COMPARABLE, change_words, facts

_WIDTH = 720  # units of a chart, 170 mm on paper
_LEFT = 250  # where the bars begin
_LONGEST = 290  # units of a bar of 100 %; its figures stand behind it
_LINE = 18  # units from one line of a label to the next
_LABEL = 32  # columns of a label's line
_HEADING = 84  # columns of a heading's line


@dataclass(frozen=True)
class _Line:
    words: str
    y: int


@dataclass(frozen=True)
class _Bar:
    label: tuple[_Line, ...]
    y: int
    length: float
    figures: str
    none: bool
    before: str = ""
    before_length: float = 0


@dataclass(frozen=True)
class _Chart:
    """One question, laid out; `top` is where it begins in a file of several."""

    id: str
    heading: tuple[_Line, ...]
    base: str
    base_y: int
    bars: tuple[_Bar, ...]
    axis_top: int
    axis_bottom: int
    notes: tuple[_Line, ...]
    height: int
    top: int = 0


class ReportPages:
    """Writes reports with the templates of templates/report."""

    def __init__(self, templates: Path) -> None:
        """Read templates from `templates`/report; each is read when it is first used."""
        self._templates = ImmutableSandboxedEnvironment(
            loader=FileSystemLoader(templates / "report"),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            autoescape=True,
        )

    def charts(self, report: Report) -> str:
        """Return one SVG file with a chart for each question, one below the other."""
        return self._svg(report, report.questions)

    def chart_files(self, report: Report) -> dict[str, str]:
        """Return an SVG file for each question, by its name: S26-014-Q1.svg."""
        return {
            f"{report.survey.key}-{each.question.id}.svg": self._svg(report, (each,))
            for each in report.questions
        }

    def page(self, report: Report) -> str:
        """Return the whole report as one HTML file."""
        style = self._templates.get_template("page.css").render().strip()
        return self._templates.get_template("page.html").render(
            title=clean(f"{report.survey.title}（{report.survey.key}）"),
            style=Markup(style),  # noqa: S704  our own file
            style_hash=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
            facts=facts(report),
            earlier=report.earlier,
            questions=[
                {
                    "id": each.question.id,
                    # What the template escaped is not escaped again.
                    "chart": Markup(self._svg(report, (each,))),  # noqa: S704
                    "rows": _rows(each),
                    "notes": _notes(each),
                    "texts": each.texts,
                }
                for each in report.questions
            ],
            tables=[_table(report, table) for table in report.tables],
        )

    def _svg(self, report: Report, questions: tuple[QuestionReport, ...]) -> str:
        charts, top = [], 0
        for each in questions:
            charts.append(_chart(report, each, top))
            top += charts[-1].height
        label = clean(f"{report.survey.title} {' '.join(each.question.id for each in questions)}")
        return self._templates.get_template("charts.svg").render(
            label=label, charts=charts, width=_WIDTH, height=max(top, 1), left=_LEFT
        )


# ---- charts --------------------------------------------------------------------------------------------------------


def _chart(report: Report, each: QuestionReport, top: int) -> _Chart:
    title = wrap(clean(f"{each.question.id}　{each.question.text}"), _HEADING, indent="　　　")
    heading = tuple(_Line(words, 22 + 22 * at) for at, words in enumerate(title))
    base_y = heading[-1].y + 20
    before = each.before if isinstance(each.before, Before) else None
    base = f"母数 {each.base}　非該当 {each.not_asked}" + (
        "　（複数回答）" if each.question.type == "multi" else ""
    )
    if before:
        base += f"　　濃い棒 今回　斜線の棒 前回（{report.earlier}、母数 {before.base}）"
    bars: list[_Bar] = []
    y = axis_top = base_y + 14
    for column, count in (*each.options, (NONE, each.none)):
        words = wrap(clean(column_head(each.question, column)), _LABEL, indent="　")
        shown = before if before and column in before.counts else None
        bars.append(
            _Bar(
                label=tuple(_Line(line.strip(), y + 14 + _LINE * at) for at, line in enumerate(words)),
                y=y,
                length=_length(count, each.base),
                figures=f"{count}（{percent(count, each.base)}）",
                none=column == NONE,
                before=f"前回 {shown.counts[column]}（{percent(shown.counts[column], shown.base)}）"
                if shown
                else "",
                before_length=_length(shown.counts[column], shown.base) if shown else 0,
            )
        )
        y += max(_LINE * len(words), 32 if shown else 18) + 8
    notes = tuple(_Line(words, y + 16 + 18 * at) for at, words in enumerate(_notes(each)))
    return _Chart(
        *(each.question.id, heading, base, base_y, tuple(bars), axis_top - 4, y - 4, notes),
        height=y + 18 * len(notes) + 24,
        top=top,
    )


def _length(count: int, base: int) -> float:
    return _LONGEST * count / base if base else 0


def _notes(each: QuestionReport) -> list[str]:
    said = []
    if each.figures:
        said.append(f"合計 {each.figures.total}、平均 {each.figures.mean}、中央値 {each.figures.median}")
    if isinstance(each.before, NotComparable) and NOT_COMPARABLE[each.before.reason]:
        said.append(NOT_COMPARABLE[each.before.reason] + "。")
    return said


# ---- tables --------------------------------------------------------------------------------------------------------


def _rows(each: QuestionReport) -> list[dict[str, str]]:
    rows = []
    before = each.before if isinstance(each.before, Before) else None
    for column, count in (*each.options, (NONE, each.none)):
        shown = before if before and column in before.counts else None
        change = shown.change(column, count, each.base) if shown else None
        rows.append(
            {
                "head": column_head(each.question, column),
                "count": str(count),
                "share": percent(count, each.base),
                "before_count": str(shown.counts[column]) if shown else "",
                "before": percent(shown.counts[column], shown.base) if shown else "",
                "change": change_words(change) if change is not None else "",
            }
        )
    blank = {"share": "", "before_count": "", "before": "", "change": ""}
    whole = {"head": "母数", "count": str(each.base), **blank}
    if before:
        whole["before_count"] = str(before.base)
    return [*rows, whole, {"head": "非該当", "count": str(each.not_asked), **blank}]


def _table(report: Report, table: CrossTable) -> dict[str, object]:
    return {
        "title": TITLES["ja"][table.attribute],
        "questions": [
            {
                "id": each.question.id,
                "text": each.question.text,
                "heads": [column_head(each.question, column) for column in _columns(each)],
                "rows": [*(_group_row(each, group) for group in table.groups), _whole_row(report, each)],
            }
            for each in report.questions
        ],
    }


def _columns(each: QuestionReport) -> list[str]:
    return [*(column for column, _ in each.options), NONE, NOT_ASKED]


def _group_row(each: QuestionReport, group: Group) -> dict[str, object]:
    base, counts = group.base(each.question.id), group.counts[each.question.id]
    head = _head(group.electorate, group.answered, group.undeliverable, base)
    figures = [_figure(counts[column], base, column) for column in _columns(each)]
    return {"name": group_words(group.name), "figures": head + figures}


def _whole_row(report: Report, each: QuestionReport) -> dict[str, object]:
    head = _head(report.electorate, report.answered, report.undeliverable, each.base)
    counts = {**each.counts, NOT_ASKED: each.not_asked}
    return {
        "name": "全体",
        "figures": head + [_figure(counts[column], each.base, column) for column in _columns(each)],
    }


def _head(electorate: int, answered: int, undeliverable: int, base: int | None) -> list[str]:
    head = [str(electorate), str(answered), str(undeliverable), percent(answered, electorate)]
    return [*head, WITHHELD if base is None else str(base)]


def _figure(count: int | None, base: int | None, column: str) -> str:
    if count is None:
        return WITHHELD
    return str(count) if base is None or column == NOT_ASKED else f"{count}（{percent(count, base)}）"
