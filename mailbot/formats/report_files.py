"""A survey's report as files that people open in a spreadsheet: CSV (UTF-8 or CP932) and .xlsx."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from mailbot.core.calendar import moment_words
from mailbot.core.surveys.comparison import Before, NotComparable
from mailbot.core.surveys.cross_table import TITLES, CrossTable, Group
from mailbot.core.surveys.group_words import group_words
from mailbot.core.surveys.report import WITHHELD, BodyVote, QuestionReport, Report, tenths
from mailbot.core.surveys.survey import Answer, Question
from mailbot.core.surveys.tally import NONE, NOT_ASKED, column_head, column_words, columns_of

if TYPE_CHECKING:
    from openpyxl.cell.cell import Cell
    from openpyxl.worksheet.worksheet import Worksheet

Value = str | int | Fraction | None  # a share of 100 is exact until it is written with one decimal
Line = Sequence[Value]

_INVISIBLE = r"\s\x00-\x1f\x7f-\x9f\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff"
# What a spreadsheet would run, even after characters that nobody sees (promises.md attack 12).
_FORMULA = re.compile(rf"[\t\r]|[{_INVISIBLE}']*[=+\-@＝＋－＠﹢﹣﹦﹫]")
# What XML cannot hold.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff\ud800-\udfff]")
_SHEET_NAME = re.compile(r"[\[\]:*?/\\]")  # what no sheet's name may hold
_MISSING = "〓"  # stands for a character that CP932 does not have
_LONGEST = 32_000  # characters; a spreadsheet's cell holds 32,767

_CSV_HEAD = (
    *(
        "表",
        "区分",
        "対象",
        "回答",
        "未達",
        "回答率（％）",
        "設問",
        "設問文",
        "項目",
        "件数",
        "母数",
        "割合（％）",
    ),
    *("前回の件数", "前回の母数", "前回の割合（％）", "増減（ポイント）", "内容"),
)
_RAW_HEAD = ("団体コード", "団体名", "種別", "都道府県", "人口", "状態", "版")
_STATUS = {
    "": "未回答", "counted": "集計済み", "partial": "一部集計済み", "held": "保留", "late": "期限後",
    "withdrawn": "取下げ", "declined": "回答しない",
}  # fmt: skip
_TYPES = {
    "single": "1つ選ぶ", "multi": "いくつでも選ぶ", "yesno": "はい・いいえ", "number": "数字", "date": "日付",
    "text": "自由記述", "rating": "段階評価",
}  # fmt: skip
NOT_COMPARABLE = {
    "new": "前回はお尋ねしていない問いです", "type": "前回とは答え方が違うため、比べられません",
    "options": "前回とは選択肢が違うため、比べられません", "text": "",
}  # fmt: skip


# ---- CSV -----------------------------------------------------------------------------------------------------------


def write_csv(report: Report) -> str:
    """Return the report as CSV: one line for each figure of the whole and of each group, then the free answers."""
    return _csv((_CSV_HEAD, *_csv_lines(report)))


def write_raw_csv(report: Report, votes: Sequence[BodyVote]) -> str:
    """Return the answers of each body as CSV, for the office alone."""
    return _csv(_raw_lines(report, votes))


def table_csv(lines: Iterable[Line]) -> str:
    """Return any table as CSV; no cell is a formula, whatever somebody wrote."""
    return _csv(lines)


def encoded(text: str, encoding: Literal["utf-8", "cp932"]) -> tuple[bytes, int]:
    """Return CSV as bytes, and how many characters became 〓 because CP932 does not have them.

    UTF-8 gets a byte order mark, without which spreadsheets in Japan take it for CP932.
    """
    if encoding == "utf-8":
        return text.encode("utf-8-sig"), 0
    missing = [char for char in text if not _in_cp932(char)]
    for char in set(missing):
        text = text.replace(char, _MISSING)
    return text.encode("cp932"), len(missing)


def _in_cp932(char: str) -> bool:
    try:
        return char.encode("cp932").decode("cp932") == char
    except UnicodeError:
        return False


def _csv(lines: Iterable[Line]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerows([_csv_cell(cell) for cell in line] for line in lines)
    return text.getvalue()


def _csv_cell(cell: Value) -> str:
    match cell:
        case None:
            return ""
        case Fraction():
            return _number(cell)
        case int():
            return str(cell)
    text = _plain(cell)
    return f"'{text}" if _FORMULA.match(text) else text


def _plain(text: str) -> str:
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))[:_LONGEST]


def _number(value: Fraction) -> str:
    size = tenths(abs(value))
    return f"-{size}" if value < 0 and size != "0.0" else size


def change_words(change: Fraction) -> str:
    """Return by how many points a share moved, with its sign: +12.3, -0.5, ±0.0."""
    size = tenths(abs(change))
    if size == "0.0":
        return "±0.0"
    return f"+{size}" if change > 0 else f"-{size}"


def _csv_lines(report: Report) -> Iterator[Line]:
    whole = ("全体", "全体", report.electorate, report.answered, report.undeliverable)
    whole_rate = _share(report.answered, report.electorate)
    for each in report.questions:
        for column, count in _all_columns(each):
            share = None if column == NOT_ASKED else _share(count, each.base)
            figures = (count, each.base, share, *_before(each, column), None)
            yield (*whole, whole_rate, *_asked(each.question, column), *figures)
    for table in report.tables:
        for group in table.groups:
            yield from _group_lines(report, TITLES["ja"][table.attribute], group)
    for each in report.questions:
        for text in each.texts:
            blank = (None,) * 4
            yield (
                *("自由記述", text.body),
                *blank,
                *(each.question.id, each.question.text),
                *blank,
                *blank,
                text.words,
            )


def _group_lines(report: Report, title: str, group: Group) -> Iterator[Line]:
    head = (title, group_words(group.name), group.electorate, group.answered, group.undeliverable)
    rate = _share(group.answered, group.electorate)
    for each in report.questions:
        base, counts = group.base(each.question.id), group.counts[each.question.id]
        for column, _ in _all_columns(each):
            count = counts[column]
            share = None if column == NOT_ASKED else _share_or_withheld(count, base)
            figures = (_or_withheld(count), _or_withheld(base), share)
            yield (*head, rate, *_asked(each.question, column), *figures, *(None,) * 5)


def _asked(question: Question, column: str) -> list[Value]:
    return [question.id, question.text, column_head(question, column)]


def _all_columns(each: QuestionReport) -> list[tuple[str, int]]:
    return [*each.options, (NONE, each.none), (NOT_ASKED, each.not_asked)]


def _before(each: QuestionReport, column: str) -> list[Value]:
    """Return last time's count, base and share and the change in points; blanks where there is nothing to compare."""
    if not isinstance(each.before, Before) or column not in each.before.counts:
        return [None] * 4
    count, base = each.before.counts[column], each.before.base
    return [count, base, _share(count, base), each.before.change(column, each.counts[column], each.base)]


def _share(part: int, whole: int) -> Fraction | None:
    return Fraction(100 * part, whole) if whole else None


def _share_or_withheld(part: int | None, whole: int | None) -> Value:
    return WITHHELD if part is None or whole is None else _share(part, whole)


def _or_withheld(count: int | None) -> Value:
    return WITHHELD if count is None else count


def _raw_lines(report: Report, votes: Sequence[BodyVote]) -> Iterator[Line]:
    yield (*_RAW_HEAD, *(f"{each.question.id} {each.question.text}" for each in report.questions))
    for vote in votes:
        body = vote.body
        head = (body.code, body.name, group_words(body.kind), body.prefecture, body.population)
        status = _STATUS.get(vote.status, vote.status)
        answers = (_raw_answer(vote.answers.get(each.question.id)) for each in report.questions)
        yield (*head, status, vote.version, *answers)


def _raw_answer(answer: Answer) -> str:
    """Return an answer as the codebook numbers it: 2, or 1,3; words, dates and figures as they are."""
    if answer is None:
        return ""
    return ",".join(answer) if isinstance(answer, tuple) else answer


# ---- .xlsx ---------------------------------------------------------------------------------------------------------


def write_xlsx(report: Report, votes: Sequence[BodyVote] | None = None) -> bytes:
    """Return the report as a workbook that prints on A4; with votes also the answers of each body.

    No cell of it is a formula, whatever a member wrote.
    """
    import openpyxl  # noqa: PLC0415  costs a tenth of a second that only this format should pay

    book = openpyxl.Workbook()
    first = book.active
    assert first is not None
    book.remove(first)
    _sheet(book.create_sheet("集計"), _summary(report), (6, 44, 12, 12, 12, 12, 14), head=_head_of(report))
    for attribute in ("kind", "prefecture", "population"):
        table = report.table(attribute)
        if table is not None:
            _cross_sheet(book.create_sheet(TITLES["ja"][table.attribute]), report, table)
    texts = [("設問", "設問文", "団体", "内容"), *_texts(report)]
    _sheet(book.create_sheet("自由記述"), texts, (6, 30, 16, 70), head=1)
    _sheet(book.create_sheet("符号表"), list(_codebook(report)), (8, 44, 16, 10, 44), head=1)
    if votes is not None:
        widths = (*(11, 16, 14, 10, 11, 12, 5), *[18] * len(report.questions))
        _sheet(book.create_sheet("団体別"), list(_raw_lines(report, votes)), widths, head=1, landscape=True)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def table_xlsx(title: str, lines: Sequence[Line], widths: Sequence[int]) -> bytes:
    """Return any table, its first line the head, as a workbook that prints on A4; no cell is a formula."""
    import openpyxl  # noqa: PLC0415  see write_xlsx

    book = openpyxl.Workbook()
    first = book.active
    assert first is not None
    book.remove(first)
    _sheet(book.create_sheet(_SHEET_NAME.sub(" ", title)[:31]), lines, widths, head=1, landscape=True)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


_STATE = {"planned": "開始前", "open": "実施中（途中経過）", "closed": "終了"}
_SUMMARY_HEAD: Line = ("設問", "項目", "件数", "母数", "割合（％）", "前回（％）", "増減（ポイント）")


def facts(report: Report) -> list[tuple[str, str]]:
    """Return what stands above every report: whose it is, who was asked, who answered, what is left out."""
    rate = _share(report.answered, report.electorate)
    reached = _share(report.answered, report.electorate - report.undeliverable)
    said = [
        ("調査", f"{report.survey.key}　{report.survey.title}"),
        ("状態", f"{_STATE[report.state]}　{moment_words(report.at, 'ja')}現在"),
        ("対象", str(report.electorate)),
        ("回答", f"{report.answered}（回答率 {_number(rate)}%）" if rate is not None else "0"),
        (
            "未達",
            f"{report.undeliverable}（除いた回答率 {_number(reached)}%）" if reached is not None else "0",
        ),
    ]
    if report.earlier:
        said.append(("前回", report.earlier))
    return said + [("注", note) for note in notes(report)]


def notes(report: Report) -> list[str]:
    """Return what a reader of the figures must know, in sentences."""
    said = []
    if report.smallest > 1 and report.tables:
        said.append(
            f"{WITHHELD}は伏せた数です。お答えが{report.smallest}団体未満の区分と、1件から{report.smallest - 1}件の数、"
            "またそれらが差し引きで分かる数は出しておりません。"
            "種別、人口規模、都道府県の順に決め、後の表ほど多く伏せます。"
        )
    if not report.tables:
        said.append("無記名の調査です。どの団体のお答えかを結び付けられないため、区分ごとの表はありません。")
    if any(each.question.type == "multi" for each in report.questions):
        said.append("複数回答の問いの割合は、お尋ねした団体数を母数とし、合計は100%になりません。")
    if report.earlier_missing:
        said.append(f"前回の調査 {report.earlier_missing} の記録がないため、比較はありません。")
    return said


def _head_of(report: Report) -> int:
    return len(facts(report)) + 2


def _summary(report: Report) -> list[Line]:
    lines: list[Line] = [*facts(report), (), _SUMMARY_HEAD]
    for each in report.questions:
        reason = each.before.reason if isinstance(each.before, NotComparable) else "text"
        lines.append((each.question.id, each.question.text, None, None, None, None, NOT_COMPARABLE[reason]))
        for column, count in _all_columns(each):
            share = None if column == NOT_ASKED else _share(count, each.base)
            before = _before(each, column)[2:]
            lines.append((None, column_head(each.question, column), count, each.base, share, *before))
        if each.figures:
            said = f"合計 {each.figures.total}、平均 {each.figures.mean}、中央値 {each.figures.median}"
            lines.append((None, said))
    return lines


def _texts(report: Report) -> list[Line]:
    return [
        (each.question.id, each.question.text, text.body, text.words)
        for each in report.questions
        for text in each.texts
    ]


def _codebook(report: Report) -> Iterator[Line]:
    yield ("設問", "設問文", "答え方", "符号", "意味")
    for each in report.questions:
        question = each.question
        when = "、".join(f"{other}が{'か'.join(numbers)}" for other, numbers in question.when)
        kind = _TYPES[question.type] + (f"（{when}の方のみ）" if when else "")
        yield (question.id, question.text, kind, None, None)
        if question.type in {"text", "number", "date"}:
            yield (
                None,
                None,
                None,
                "（値）",
                "書かれたとおり" if question.type == "text" else "読み取った値",
            )
        else:
            for column in columns_of(question):
                if column != NONE:
                    yield (None, None, None, column, column_words(question, column))
        yield (None, None, None, "（空欄）", "無回答、または非該当")


def _cross_sheet(sheet: Worksheet, report: Report, table: CrossTable) -> None:
    """Write a cross table: groups down, questions across, each question a page wide when printed."""
    from openpyxl.worksheet.pagebreak import Break  # noqa: PLC0415  see write_xlsx

    title = TITLES["ja"][table.attribute]
    heads: list[list[Value]] = [[title, "対象", "回答", "未達", "回答率（％）"], [""] * 5, [""] * 5]
    for each in report.questions:
        sheet.col_breaks.append(Break(id=len(heads[0])))
        labels = [column_head(each.question, column) for column, _ in _all_columns(each)]
        heads[0] += [f"{each.question.id} {each.question.text}", *[""] * (2 * len(labels) - 1)]
        heads[1] += [word for label in labels for word in (label, "")]
        heads[2] += ["件数", "％"] * (len(labels) - 1) + ["件数", "母数"]
    groups = [_group_line(report, group) for group in table.groups]
    lines: list[Line] = [*heads, *groups, _whole_line(report), ()]
    lines += [(note,) for note in notes(report)]
    _sheet(sheet, lines, (18, 8, 8, 8, 10, *[9] * (len(heads[0]) - 5)), head=3, landscape=True, fixed=5)
    at = 6
    for each in report.questions:
        wide = 2 * len(_all_columns(each))
        sheet.merge_cells(start_row=1, end_row=1, start_column=at, end_column=at + wide - 1)
        for label in range(at, at + wide, 2):
            sheet.merge_cells(start_row=2, end_row=2, start_column=label, end_column=label + 1)
        at += wide
    sheet.row_dimensions[2].height = 48
    sheet.page_setup.scale = 65


def _group_line(report: Report, group: Group) -> list[Value]:
    line: list[Value] = [group_words(group.name), group.electorate, group.answered, group.undeliverable]
    line.append(_share(group.answered, group.electorate))
    for each in report.questions:
        base = group.base(each.question.id)
        counts = group.counts[each.question.id]
        for column, _ in _all_columns(each)[:-1]:
            line += [_or_withheld(counts[column]), _share_or_withheld(counts[column], base)]
        line += [_or_withheld(counts[NOT_ASKED]), _or_withheld(base)]
    return line


def _whole_line(report: Report) -> list[Value]:
    line: list[Value] = ["全体", report.electorate, report.answered, report.undeliverable]
    line.append(_share(report.answered, report.electorate))
    for each in report.questions:
        for _, count in _all_columns(each)[:-1]:
            line += [count, _share(count, each.base)]
        line += [each.not_asked, each.base]
    return line


def _sheet(
    sheet: Worksheet,
    lines: Sequence[Line],
    widths: Sequence[int],
    *,
    head: int,
    landscape: bool = False,
    fixed: int = 0,
) -> None:
    """Write lines into a sheet: `head` lines stay in view and are printed on each page, as do `fixed` columns."""
    from openpyxl.cell.cell import Cell  # noqa: PLC0415  see write_xlsx
    from openpyxl.styles import Alignment, Font, PatternFill  # noqa: PLC0415
    from openpyxl.utils import get_column_letter  # noqa: PLC0415
    from openpyxl.worksheet.header_footer import HeaderFooterItem, _HeaderFooterPart  # noqa: PLC0415
    from openpyxl.worksheet.properties import PageSetupProperties  # noqa: PLC0415

    bold, grey, wrapped = (
        Font(bold=True),
        PatternFill("solid", fgColor="E6E6E6"),
        Alignment(wrap_text=True, vertical="top"),
    )
    for row, line in enumerate(lines, 1):
        for column, value in enumerate(line, 1):
            cell = sheet.cell(row, column)
            if not isinstance(cell, Cell):
                continue
            if value is not None:
                _put(cell, value)
            cell.alignment = wrapped if len(line) > 1 else Alignment()
            if row <= head:
                cell.font = bold
                cell.fill = grey
    for column, width in enumerate(widths, 1):
        sheet.column_dimensions[get_column_letter(column)].width = width
    sheet.freeze_panes = f"{get_column_letter(fixed + 1)}{head + 1}"
    sheet.print_title_rows = f"1:{head}"
    if fixed:
        sheet.print_title_cols = f"A:{get_column_letter(fixed)}"
    sheet.page_setup.paperSize = 9  # A4
    sheet.page_setup.orientation = "landscape" if landscape else "portrait"
    if not fixed:
        sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
        sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.oddFooter = HeaderFooterItem(center=_HeaderFooterPart(text="&P / &N"))


def _put(cell: Cell, value: str | int | Fraction) -> None:
    """Write a value; text is text, whatever it begins with."""
    if isinstance(value, Fraction):
        cell.value = float(_number(value))
        cell.number_format = "0.0"
    elif isinstance(value, int):
        cell.value = value
        cell.number_format = "#,##0"
    else:
        text = _plain(value)
        if not text:
            return
        cell.value = text
        cell.data_type = "s"
        if _FORMULA.match(text):
            cell.quotePrefix = True
