"""Who comes, as files: no formula, no character lost, and badges that print (attendance_files.py)."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import date, time
from html.parser import HTMLParser

import openpyxl

from mailbot.core.events.attendance import Attendee
from mailbot.core.events.event import Event
from mailbot.core.members.audience import Selector
from mailbot.formats.attendance_files import attendance_csv, attendance_xlsx, badge_page
from mailbot.formats.report_files import encoded
from mailbot.resources import templates_folder

EVENT = Event(
    key="N26-07",
    title="第1回トピックスセミナー <&>",
    date=date(2026, 10, 22),
    starts=time(10),
    ends=time(15),
    place="有明",
    audience=Selector(everyone=True),
    notices=(),
)
NAGANO = Attendee(
    "202011", "長野市", "長野県", "attending", 2, ("=HYPERLINK(1)", "髙橋﨑子"), "昼食\r\n不要", 1
)
MATSUMOTO = Attendee("202029", "松本市", "長野県", "waiting", 1, ())


def test_csv_for_spreadsheets_in_japan() -> None:
    """A byte order mark, or CP932 with 〓 for what it has not; a formula is text."""
    text = attendance_csv([MATSUMOTO, NAGANO])
    content, missing = encoded(text, "utf-8")
    assert content.startswith(b"\xef\xbb\xbf")
    assert missing == 0
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    assert rows[1] == ["1", "202011", "長野市", "長野県", "'=HYPERLINK(1)", "出席", "昼食\n不要", "1名"]
    assert rows[2][4:] == ["髙橋﨑子", "出席", "", ""]
    assert rows[3][:6] == ["3", "202029", "松本市", "長野県", "", "空き待ち"]
    assert "髙橋﨑子" in encoded(text, "cp932")[0].decode("cp932")


def test_a_workbook_without_formulas() -> None:
    """Every cell is what it shows."""
    book = openpyxl.load_workbook(io.BytesIO(attendance_xlsx(EVENT, [NAGANO, MATSUMOTO])))
    sheet = book.active
    assert sheet is not None
    assert sheet["E2"].value == "=HYPERLINK(1)"
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n"}
    assert sheet.title == "N26-07 出席者"


def test_badges_for_everybody_who_has_a_seat() -> None:
    """Ten on a sheet; a name is text, and a badge without one is to be written on."""
    many = [replace(NAGANO, code=f"{number:06d}", people=3) for number in range(4)]
    page = badge_page(templates_folder(), EVENT, [*many, MATSUMOTO])
    assert page.count('class="badge"') == 12
    assert page.count('class="sheet"') == 2
    assert page.count("name blank") == 4
    assert "松本市" not in page
    assert "<&>" not in page
    assert "<script" not in page
    HTMLParser().feed(page)


def test_badges_of_nobody() -> None:
    """The page says so."""
    assert "まだありません" in badge_page(templates_folder(), EVENT, [MATSUMOTO])
