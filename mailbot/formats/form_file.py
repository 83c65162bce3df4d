"""The survey's form as an .xlsx file: written, and read again when strangers send it back (ballot.md section 14).

Nothing in a received file is computed, followed or run. A file that is not plainly a form of ours gives nothing: it
is then an attachment like any other, which the office looks at.
"""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING

from mailbot.core.calendar import Language
from mailbot.core.mail.message import Message, Part
from mailbot.core.reading.statements.answer_form import ANSWER, MARK, Cell, Sheet, choices, form_rows
from mailbot.core.surveys.survey import Survey

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

MOST_FILES = 3  # attached workbooks of one mail that are looked into
MOST_BYTES = 1_000_000  # of a file, as attached
MOST_UNPACKED = 1_000_000  # bytes of all that is packed in it; Excel makes some 60 KB of a form
MOST_ENTRIES = 64
MOST_ROWS, MOST_COLUMNS = 500, 12  # more of a sheet is nothing of ours

_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_ZIP = b"PK\x03\x04"
# What is read of a workbook, and at most how many tags of it: openpyxl takes up to half a millisecond for one.
_READ = (
    (re.compile(r"\[content_types\]\.xml|_rels/\.rels|xl/workbook\.xml|xl/_rels/workbook\.xml\.rels"), 400),
    (re.compile(r"xl/styles\.xml"), 4_000),
    (re.compile(r"xl/sharedstrings\.xml|xl/worksheets/[a-z0-9]{1,20}\.xml"), 20_000),
)
# Parts of a workbook that ours never has, and that may run: it is not opened.
_NOT_OURS = re.compile(r"vbaproject|externallinks/|activex|embeddings/|macrosheets/", re.IGNORECASE)
# Parts in which somebody may have written beside the cells: the office looks at it.
_BESIDE_CELLS = re.compile(r"xl/(?:comments|threadedcomments|drawings|media|charts|diagrams)", re.IGNORECASE)
_ENCODING = re.compile(rb"""<\?xml[^>]{0,200}encoding\s*=\s*["']([^"']{1,40})["']""")
_UTF_8 = {b"utf-8", b"us-ascii"}

_WIDTHS = (7, 46, 34, 40)
_SHEET_NAMES: dict[Language, str] = {"ja": "回答様式", "en": "Form"}


def read_forms(message: Message) -> tuple[Sheet, ...]:
    """Return the forms of ours that are attached to a mail; costs a second or so at the most, whatever is attached."""
    candidates = [part for part in message.parts if _may_be_form(part)][:MOST_FILES]
    return tuple(sheet for part in candidates if (sheet := read_form(part.content)) is not None)


def _may_be_form(part: Part) -> bool:
    named = (part.filename or "").lower().endswith(".xlsx") or part.content_type == _TYPE
    return named and part.content.startswith(_ZIP) and len(part.content) <= MOST_BYTES


def read_form(content: bytes) -> Sheet | None:
    """Return the one sheet of a form of ours; None for any other file, and for one that is not harmless."""
    import openpyxl  # noqa: PLC0415  costs a tenth of a second that only a form should pay

    try:
        with warnings.catch_warnings(action="ignore"):  # on styles and extensions that do not matter here
            copy, names = _harmless(content)
            book = openpyxl.load_workbook(copy, read_only=True, keep_links=False)
            if len(book.sheetnames) != 1:
                return None
            sheet = book.worksheets[0]
            rows = tuple(
                tuple(_text(cell.value, cell.data_type) for cell in row)
                for row in sheet.iter_rows(max_row=MOST_ROWS + 1, max_col=MOST_COLUMNS + 1)
            )
    except Exception:  # noqa: BLE001  whatever the zip and XML parsers below openpyxl raise
        return None
    rows = _trimmed(rows)
    if len(rows) > MOST_ROWS or any(len(row) > MOST_COLUMNS for row in rows):
        return None
    first = rows[0][0] if rows and rows[0] else None
    if first is None or not first.startswith(f"{MARK} "):
        return None
    return Sheet(rows, more=any(_BESIDE_CELLS.match(name) for name in names))


def _harmless(content: bytes) -> tuple[io.BytesIO, set[str]]:
    """Return a copy of a workbook with nothing but its cells and styles, and the names of all that was packed in it.

    The copy has no document types (XXE, billion laughs). Raises ValueError for a file that unpacks to too much, or that
    holds macros, links to other files or embedded files.
    """
    copy = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as packed, zipfile.ZipFile(copy, "w") as plain:
        entries = packed.infolist()
        names = {entry.filename.lower() for entry in entries}
        # A zip file reads no more of an entry than its directory says: what is declared bounds what is unpacked.
        if len(entries) > MOST_ENTRIES or sum(entry.file_size for entry in entries) > MOST_UNPACKED:
            raise ValueError("it unpacks to too much")
        if len(names) < len(entries) or any(_NOT_OURS.search(name) for name in names):
            raise ValueError("it holds macros, links or files, or two entries of one name")
        for entry in entries:
            name = entry.filename.lower()
            most = next((most for pattern, most in _READ if pattern.fullmatch(name)), None)
            if most is not None:
                plain.writestr(entry.filename, _plain_xml(packed.read(entry), most))
    copy.seek(0)
    return copy, names


def _plain_xml(content: bytes, most_tags: int) -> bytes:
    """Return XML in UTF-8 without a document type, of so many tags. Raises ValueError for any other."""
    declared = _ENCODING.match(content.removeprefix(b"\xef\xbb\xbf"))
    if b"\x00" in content or (declared is not None and declared[1].lower() not in _UTF_8):
        raise ValueError("its XML is not UTF-8")
    if content.count(b"<") > most_tags:
        raise ValueError("it holds more than any form of ours")
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content or b"macroEnabled" in content:
        raise ValueError("its XML declares a document type, or macros")
    return content


def _text(value: object, kind: str) -> Cell:
    """Return a cell as a person would write it; None for a formula or an error."""
    if kind in {"f", "e"}:
        return None
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return "TRUE" if value else "FALSE"
        case int() | float():
            return _figure(Decimal(str(value)))
        case datetime() if value.time() == time():
            return f"{value:%Y/%m/%d}"
        case date():
            return value.isoformat()
    return str(value)


def _figure(value: Decimal) -> str:
    """Return a number without an exponent, and without the .0 that a spreadsheet gives to every figure."""
    if not value.is_finite():
        return str(value)
    whole = value == value.to_integral_value()
    return f"{value.quantize(Decimal(1)):f}" if whole and abs(value) < 10**20 else f"{value:f}"


def _trimmed(rows: tuple[tuple[Cell, ...], ...]) -> tuple[tuple[Cell, ...], ...]:
    """Leave out the blank cells at the end of each row and the blank rows at the end."""
    kept = [tuple(_until_blank(row)) for row in rows]
    while kept and not kept[-1]:
        del kept[-1]
    return tuple(kept)


def _until_blank(row: tuple[Cell, ...]) -> Iterator[Cell]:
    last = max((at for at, cell in enumerate(row) if cell != ""), default=-1)
    yield from row[: last + 1]


def write_form(survey: Survey, language: Language) -> bytes:
    """Return the survey's form as a workbook: only the answers' cells can be written in, and they hold plain text."""
    import openpyxl  # noqa: PLC0415  see read_form
    from openpyxl.worksheet.properties import PageSetupProperties  # noqa: PLC0415

    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = _SHEET_NAMES[language]
    rows = form_rows(survey, language)
    _fill(sheet, rows, first=len(rows) - len(survey.questions) + 1)
    _offer_choices(sheet, survey, language, first=len(rows) - len(survey.questions) + 1)
    sheet.protection.sheet = True  # without a password: against slips, not against people
    sheet.protection.formatRows = sheet.protection.formatColumns = False
    sheet.page_setup.paperSize, sheet.page_setup.orientation = 9, "landscape"  # A4
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.print_title_rows = f"{len(rows) - len(survey.questions)}:{len(rows) - len(survey.questions)}"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _fill(sheet: Worksheet, rows: tuple[tuple[str, ...], ...], *, first: int) -> None:
    """Write the cells; `first` is the row of the first question."""
    from openpyxl.cell.cell import Cell as SheetCell  # noqa: PLC0415  see read_form
    from openpyxl.styles import Alignment, Border, Font, PatternFill, Protection, Side  # noqa: PLC0415
    from openpyxl.utils import get_column_letter  # noqa: PLC0415

    thin = Side(style="thin", color="999999")
    for at, row in enumerate(rows, 1):
        for column, text in enumerate(row, 1):
            cell = sheet.cell(at, column)
            assert isinstance(cell, SheetCell)
            if text:
                cell.value = text
                cell.data_type = "s"  # text, whatever it begins with
            cell.alignment = Alignment(wrap_text=at >= first, vertical="top")
            if at >= first - 1:
                cell.border = Border(thin, thin, thin, thin)
            if at >= first and column == ANSWER + 1:
                cell.number_format = "@"  # else 1-3 becomes a day in January
                cell.fill = PatternFill("solid", fgColor="FFF9D6")
                cell.protection = Protection(locked=False)
    sheet["A1"].font = Font(size=8, color="999999")
    sheet["A2"].font = Font(bold=True, size=14)
    for cell in sheet[first - 1]:
        cell.font, cell.fill = Font(bold=True), PatternFill("solid", fgColor="E6E6E6")
    for column, width in enumerate(_WIDTHS, 1):
        sheet.column_dimensions[get_column_letter(column)].width = width
    sheet.freeze_panes = f"A{first}"


def _offer_choices(sheet: Worksheet, survey: Survey, language: Language, *, first: int) -> None:
    """Let a question with one answer be answered from a list; what is typed beside it (「2（来年度から）」) is taken too."""
    from openpyxl.worksheet.datavalidation import DataValidation  # noqa: PLC0415  see read_form

    for row, question in enumerate(survey.questions, first):
        offered = choices(question, language)
        if not offered:
            continue
        lists = (f'"{",".join(each)}"' for each in (offered, [one.partition(" ")[0] for one in offered]))
        fitting = next((one for one in lists if len(one) <= _LONGEST_LIST), None)
        if fitting is not None:
            validation = DataValidation("list", formula1=fitting, allow_blank=True, showErrorMessage=False)
            validation.add(f"{'ABCD'[ANSWER]}{row}")
            sheet.add_data_validation(validation)


_LONGEST_LIST = 255  # characters of a list that Excel takes, with its quotation marks
