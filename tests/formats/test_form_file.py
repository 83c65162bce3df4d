"""A form comes back as it was filled in; a file that is none, or means harm, gives nothing, in a bounded time."""

from __future__ import annotations

import io
import re
import time
import zipfile
from collections.abc import Callable
from datetime import date, datetime

import openpyxl
import pytest

from mailbot.core.reading.statements.answer_form import form_rows, stated_in_forms
from mailbot.formats.form_file import (
    MOST_COLUMNS,
    MOST_ROWS,
    MOST_UNPACKED,
    read_form,
    read_forms,
    write_form,
)
from tests.flows.post_office import SURVEY
from tests.workbooks import XLSX, filled, repacked, with_files

SHEET = "xl/worksheets/sheet1.xml"
Files = dict[str, bytes]


def cells(content: bytes) -> object:
    """Return what the answers' cells of a file say."""
    sheet = read_form(content)
    assert sheet is not None
    return stated_in_forms(SURVEY, [sheet], "ja")


@pytest.mark.parametrize("language", ["ja", "en"])
def test_what_is_written_is_read(language: str) -> None:
    """The form that we write is the grid that core prints, with nothing in its answers' cells."""
    assert language in {"ja", "en"}
    sheet = read_form(write_form(SURVEY, "ja" if language == "ja" else "en"))
    assert sheet is not None
    printed = form_rows(SURVEY, "ja" if language == "ja" else "en")
    width = max(map(len, printed))
    assert [(*row, *[""] * (width - len(row))) for row in sheet.rows] == [
        (*row, *[""] * (width - len(row))) for row in printed
    ]


def test_only_the_answers_can_be_written_in() -> None:
    """The sheet is protected but for the answers' cells, which hold text as typed, and single choices have a list."""
    sheet = openpyxl.load_workbook(io.BytesIO(write_form(SURVEY, "ja"))).active
    assert sheet is not None
    assert sheet.protection.sheet
    free = [cell.coordinate for row in sheet.iter_rows() for cell in row if not cell.protection.locked]
    assert free == ["D5", "D6", "D7"]
    assert {sheet[name].number_format for name in free} == {"@"}
    (offered,) = sheet.data_validations.dataValidation
    assert (str(offered.sqref), offered.formula1) == ("D5", '"1 利用している,2 利用していない,3 検討中"')


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("2 利用していない", "2 利用していない"),
        (2, "2"),
        (2.0, "2"),
        (2.5, "2.5"),
        (1e21, "1000000000000000000000"),
        (True, "TRUE"),
        (date(2026, 7, 2), "2026/07/02"),
        (datetime(2026, 7, 2, 9, 30), "2026-07-02T09:30:00"),
        ("=1+1", None),
        ('=HYPERLINK("http://evil.test","2")', None),
        ("#REF!", None),
        (None, ""),
        ("", ""),
    ],
)
def test_a_cell_is_read_as_a_person_sees_it(value: object, read: str | None) -> None:
    """Figures have no .0 and no exponent, days are days, and a formula or an error is nothing that anybody computes."""
    assert cells(filled(SURVEY, {"Q1": value})) == {"Q1": read, "Q2": "", "Q3": ""}


def test_a_form_as_excel_saves_it_is_read() -> None:
    """Japanese Excel keeps texts in a table of its own, with their readings (furigana), which are no part of them."""

    def as_excel(files: Files) -> None:
        texts = re.findall(rb"<is><t[^>]*>(.*?)</t></is>", files[SHEET], re.DOTALL)
        for number, text in enumerate(texts):
            inline = re.search(rb't="inlineStr"><is><t[^>]*>' + re.escape(text) + rb"</t></is>", files[SHEET])
            assert inline is not None
            files[SHEET] = files[SHEET].replace(inline[0], b't="s"><v>%d</v>' % number, 1)
        entries = b"".join(
            b'<si><t>%s</t><rPh sb="0" eb="2"><t>\xe3\x83\xa8\xe3\x83\x9f</t></rPh><phoneticPr fontId="1"/></si>'
            % text
            for text in texts
        )
        space = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
        declared = b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\r\n'
        files["xl/sharedStrings.xml"] = declared + b'<sst xmlns="' + space + b'">' + entries + b"</sst>"
        kind = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
        override = b'<Override PartName="/xl/sharedStrings.xml" ContentType="' + kind + b'"/></Types>'
        files["[Content_Types].xml"] = files["[Content_Types].xml"].replace(b"</Types>", override)
        files["xl/printerSettings/printerSettings1.bin"] = b"\x00\x01A\x004\x00"
        files["docProps/app.xml"] = declared + b"<Properties/>"

    content = repacked(filled(SURVEY, {"Q1": "2 利用していない", "Q3": "検討します"}), as_excel)
    assert b"inlineStr" not in zipfile.ZipFile(io.BytesIO(content)).read(SHEET)
    assert cells(content) == {"Q1": "2 利用していない", "Q2": "", "Q3": "検討します"}


def test_which_files_are_looked_into() -> None:
    """A workbook is known by its name or its type, and is one; a renamed .csv, .xlsm or .xls is an attachment."""
    form = filled(SURVEY, {"Q1": "2"})
    assert len(read_forms(with_files("", ("回答.XLSX", form), subtype="octet-stream"))) == 1
    assert len(read_forms(with_files("", ("回答", form)))) == 1
    for name, content, subtype in (
        ("a.xlsm", form, "vnd.ms-excel.sheet.macroEnabled.12"),
        ("a.zip", form, "zip"),
        ("a.xlsx", b"Q1,2\r\n", XLSX),
        ("a.xlsx", b"\xd0\xcf\x11\xe0" + bytes(600), XLSX),
        ("a.xlsx", form + bytes(1_000_000), XLSX),
        ("a.xlsx", form[:2_000], XLSX),
        ("a.xlsx", b"PK\x03\x04", XLSX),
    ):
        assert read_forms(with_files("", (name, content), subtype=subtype)) == ()


def test_another_workbook_is_no_form() -> None:
    """A workbook without our mark in its first cell, or with a second sheet, gives nothing."""
    book = openpyxl.Workbook()
    out = io.BytesIO()
    book.save(out)
    assert read_form(out.getvalue()) is None
    book = openpyxl.load_workbook(io.BytesIO(filled(SURVEY, {"Q1": "2"})))
    book.create_sheet("別紙")
    out = io.BytesIO()
    book.save(out)
    assert read_form(out.getvalue()) is None


def _into_sheet(files: Files, before: bytes, added: bytes) -> None:
    assert before in files[SHEET]
    files[SHEET] = files[SHEET].replace(before, added + before, 1)


def _many_styles(files: Files) -> None:
    at = files["xl/styles.xml"].index(b"<xf ")
    files["xl/styles.xml"] = files["xl/styles.xml"][:at] + b"<xf/>" * 150_000 + files["xl/styles.xml"][at:]


def _many_sheets(files: Files) -> None:
    sheets = b"".join(b'<sheet name="s%d" sheetId="%d" r:id="rId1"/>' % (n, n) for n in range(9, 9_000))
    files["xl/workbook.xml"] = files["xl/workbook.xml"].replace(b"</sheets>", sheets + b"</sheets>")


def _external_entity(files: Files) -> None:
    doctype = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>'
    files[SHEET] = doctype + files[SHEET].replace(b"<t>Q1</t>", b"<t>&e;</t>")


def _laughs(files: Files) -> None:
    lines = b"".join(b'<!ENTITY l%d "%s">' % (n + 1, b"&l%d;" % n * 10) for n in range(9))
    files[SHEET] = (
        b'<!DOCTYPE x [<!ENTITY l0 "ha">' + lines + b"]>" + files[SHEET].replace(b"<t>Q1</t>", b"<t>&l9;</t>")
    )


def _other_encoding(files: Files) -> None:
    text = '<?xml version="1.0" encoding="UTF-16"?>' + files[SHEET].decode()
    files[SHEET] = text.encode("utf-16")


def _says_latin(files: Files) -> None:
    files[SHEET] = b"<?xml version='1.0' encoding='iso-8859-1'?>" + files[SHEET]


def _add(name: str, content: bytes = b"x") -> Callable[[Files], None]:
    def change(files: Files) -> None:
        files[name] = content

    return change


ATTACKS: dict[str, Callable[[Files], None]] = {
    "a bomb": _add("xl/media/image1.png", bytes(MOST_UNPACKED)),
    "many entries": lambda files: files.update({f"xl/{n}.bin": b"" for n in range(100)}),
    "macros": _add("xl/vbaProject.bin"),
    "links to other files": _add("xl/externalLinks/externalLink1.xml"),
    "an embedded file": _add("xl/embeddings/oleObject1.bin"),
    "an ActiveX control": _add("xl/activeX/activeX1.bin"),
    "an old macro sheet": _add("xl/macrosheets/sheet1.xml"),
    "a macro workbook by its type": lambda files: files.update(
        {
            "[Content_Types].xml": files["[Content_Types].xml"].replace(
                b"sheet.main", b"sheet.macroEnabled.main"
            )
        }
    ),
    "an external entity": _external_entity,
    "a billion laughs": _laughs,
    "UTF-16": _other_encoding,
    "another encoding": _says_latin,
    "many cells in a row": lambda files: _into_sheet(
        files, b"</sheetData>", b"<row>" + b"<c/>" * 200_000 + b"</row>"
    ),
    "many rows": lambda files: _into_sheet(files, b"</sheetData>", b"<row/>" * 150_000),
    "many styles": _many_styles,
    "many sheets": _many_sheets,
    "no sheet": lambda files: files.__delitem__(SHEET),
    "no XML": _add(SHEET, b"<<<"),
    "a deep tree": lambda files: _into_sheet(files, b"</sheetData>", b"<a>" * 90_000 + b"</a>" * 90_000),
}


@pytest.mark.sampled(4)
@pytest.mark.parametrize("attack", ATTACKS)
def test_what_means_harm_gives_nothing(attack: str) -> None:
    """Macros, links, entities, bombs and huge tables are not opened: the office sees such a mail as before."""
    content = repacked(filled(SURVEY, {"Q1": "2"}), ATTACKS[attack])
    begins = time.process_time()
    assert read_form(content) is None
    assert time.process_time() - begins < 1.5


def _merges(files: Files) -> None:
    areas = b'<mergeCells count="1">' + b'<mergeCell ref="A900:XFD1048576"/>' * 9_000 + b"</mergeCells>"
    _into_sheet(files, b"<dataValidations", areas)


def _conditions(files: Files) -> None:
    rule = b'<cfRule type="expression" priority="1"><formula>1</formula></cfRule>'
    _into_sheet(
        files,
        b"<dataValidations",
        b'<conditionalFormatting sqref="A1">' + rule * 4_000 + b"</conditionalFormatting>",
    )


@pytest.mark.parametrize("change", [_merges, _conditions])
def test_what_is_only_large_is_read_in_a_bounded_time(change: Callable[[Files], None]) -> None:
    """The most that the limits leave costs below a second."""
    content = repacked(filled(SURVEY, {"Q1": "2"}), change)
    begins = time.process_time()
    read_form(content)
    assert time.process_time() - begins < 1.5


def test_a_large_sheet_is_no_form() -> None:
    """Rows and columns beyond what any form of ours has are not read."""
    far = {f"A{MOST_ROWS + 1}": "x"}
    assert read_form(filled(SURVEY, {}, far)) is None
    sheet = read_form(filled(SURVEY, {}, {"L5": "x"}))
    assert sheet is not None
    assert stated_in_forms(SURVEY, [sheet], "ja") == "form-changed"
    assert read_form(filled(SURVEY, {}, {"M5": "x"})) is None
    assert MOST_COLUMNS == 12


@pytest.mark.parametrize("name", ["xl/comments1.xml", "xl/drawings/drawing1.xml", "xl/media/image1.png"])
def test_what_stands_beside_the_cells_is_not_passed_over(name: str) -> None:
    """A comment, a text box or a picture may say anything: a person looks at such a form."""
    content = repacked(filled(SURVEY, {"Q1": "2"}), _add(name))
    assert cells(content) == "form-changed"


def test_two_entries_of_one_name_are_no_form() -> None:
    """A file of which two programs read two different sheets is not opened."""
    content = io.BytesIO(filled(SURVEY, {"Q1": "2"}))
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(content, "a") as packed:
        packed.writestr(SHEET, b"<worksheet/>")
    assert read_form(content.getvalue()) is None


def test_a_size_that_lies_is_found_out() -> None:
    """An entry that unpacks to more than its directory says is cut there, and its sum is wrong."""
    content = filled(SURVEY, {"Q1": "2"})
    bomb = repacked(content, lambda files: _into_sheet(files, b"</sheetData>", b" " * 50_000_000))
    with zipfile.ZipFile(io.BytesIO(bomb)) as packed:
        size = packed.getinfo(SHEET).file_size
    lying = bomb.replace(size.to_bytes(4, "little"), (20_000).to_bytes(4, "little"))
    assert len(lying) < 200_000
    begins = time.process_time()
    assert read_form(lying) is None
    assert time.process_time() - begins < 1
