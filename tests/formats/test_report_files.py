"""Reports as CSV and .xlsx: what a member wrote is text, and every spreadsheet in Japan opens it."""

from __future__ import annotations

import csv
import io
import zipfile
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import openpyxl
import pytest

from mailbot.core.calendar import moment_words
from mailbot.core.members.register import Body
from mailbot.core.surveys.cross_table import Elector
from mailbot.core.surveys.report import BodyVote, Report, make_report
from mailbot.core.surveys.survey import Answers
from mailbot.core.surveys.tally import Vote
from mailbot.formats.report_files import encoded, facts, write_csv, write_raw_csv, write_xlsx
from tests.mails.standard import STANDARD

NOW = datetime(2026, 7, 2, 17, 0, tzinfo=ZoneInfo("Asia/Tokyo"))
FORMULAS = [
    *("=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", " =1", "＝1", "＋1", "－1", "＠1"),
    *("\u200b=1", "\ufeff@1", "\u2060+1", "'=1", "\x0b=1"),
]
WORDS = [*FORMULAS, "髙橋①です", "普通の意見\n二行目", "絵文字😀", "\x00\x1b[31m赤"]
BODIES = [Body(f"{at:06d}", f"第{at}市", "city", "長野県", 1000 * at) for at in range(30)]


def report(texts: list[str], **survey: object) -> Report:
    """Return a report in which so many bodies wrote these words."""
    votes = []
    for at, body in enumerate(BODIES[:24]):
        answers: Answers = {
            "Q1": (str(at % 2 + 1),),
            "Q2": ("1", "3"),
            "Q3": texts[at] if at < len(texts) else None,
        }
        votes.append(Vote(body.code, answers))
    wanted = replace(STANDARD, **survey)  # type: ignore[arg-type]
    earlier = (replace(STANDARD, key="S25-010"), votes[:10])
    made = make_report(wanted, "closed", [Elector(b) for b in BODIES], votes, at=NOW, earlier=earlier)
    assert isinstance(made, Report)
    return made


def lines(text: str) -> list[dict[str, str]]:
    """Return CSV as a spreadsheet reads it."""
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_csv_has_every_figure_with_its_base() -> None:
    """One line for each column of each question, of the whole and of each group."""
    rows = lines(write_csv(report([])))
    whole = [row for row in rows if row["表"] == "全体" and row["設問"] == "Q1"]
    assert [(row["項目"], row["件数"], row["母数"], row["割合（％）"]) for row in whole] == [
        ("1. 利用している", "12", "24", "50.0"),
        ("2. 利用していない", "12", "24", "50.0"),
        ("3. 検討中", "0", "24", "0.0"),
        ("無回答", "0", "24", "0.0"),
        ("非該当", "0", "24", ""),
    ]
    assert [row["増減（ポイント）"] for row in whole[:3]] == ["0.0", "0.0", "0.0"]
    kinds = [
        row["区分"] for row in rows if row["表"] == "種別" and row["設問"] == "Q1" and row["項目"] == "無回答"
    ]
    assert kinds == ["市", "町", "村", "区", "都道府県", "その他・未分類"]


@pytest.mark.parametrize("words", FORMULAS)
def test_no_cell_of_csv_runs(words: str) -> None:
    """What a spreadsheet would take for a formula gets an apostrophe, also behind what nobody sees."""
    (row,) = [row for row in lines(write_csv(report([words]))) if row["表"] == "自由記述"]
    assert row["内容"].startswith("'")


def test_csv_opens_in_japan() -> None:
    """UTF-8 has its byte order mark; in CP932 a character that it lacks is 〓, and they are counted."""
    text = write_csv(report(WORDS))
    raw, missing = encoded(text, "utf-8")
    assert raw.startswith(b"\xef\xbb\xbf")
    assert missing == 0
    raw, missing = encoded(text, "cp932")
    back = raw.decode("cp932")
    assert "髙橋①です" in back
    assert "絵文字〓" in back
    assert missing == len([char for char in text if char in "😀\u200b\ufeff\u2060"])
    assert "\x1b" not in text


def test_raw_data_numbers_answers_as_the_codebook_does() -> None:
    """One line a body, with the codes of the sheet 符号表."""
    votes = [BodyVote(BODIES[0], "counted", 2, {"Q1": ("2",), "Q2": ("1", "3"), "Q3": "=1"})]
    votes.append(BodyVote(BODIES[1], "", 0, {}))
    first, second = lines(write_raw_csv(report([]), votes))
    assert (first["団体コード"], first["状態"], first["版"]) == ("000000", "集計済み", "2")
    assert [value for name, value in first.items() if name.startswith("Q")] == ["2", "1,3", "'=1"]
    assert (second["状態"], second["人口"]) == ("未回答", "1000")


def test_the_workbook_prints_and_holds_no_formula() -> None:
    """Sheets with frozen and repeated heads on A4; every word of a member is a string, marked as such."""
    votes = [BodyVote(BODIES[at], "counted", 1, {"Q3": words}) for at, words in enumerate(WORDS)]
    raw = write_xlsx(report(WORDS), votes)
    book = openpyxl.load_workbook(io.BytesIO(raw))
    assert book.sheetnames == ["集計", "種別", "都道府県", "人口規模", "自由記述", "符号表", "団体別"]
    assert write_xlsx(report([])).startswith(b"PK")
    for sheet in book:
        assert sheet.page_setup.paperSize == 9
        assert sheet.freeze_panes is not None
        assert sheet.print_title_rows
        for row in sheet.iter_rows():
            assert all(cell.data_type in {"s", "n"} for cell in row)
    said = [cell for cell in book["自由記述"]["D"] if cell.value in {"=1+1", "＝1", "@SUM(1)"}]
    assert len(said) == 3
    assert all(cell.quotePrefix for cell in said)
    with zipfile.ZipFile(io.BytesIO(raw)) as parts:
        assert not any(b"<f>" in parts.read(name) for name in parts.namelist() if "sheet" in name)


def test_the_workbook_has_no_body_unless_asked() -> None:
    """Without raw votes there is no sheet of bodies, and no name of one in the rest."""
    book = openpyxl.load_workbook(io.BytesIO(write_xlsx(report(WORDS))))
    assert "団体別" not in book.sheetnames
    cells = [cell.value for sheet in book for row in sheet.iter_rows() for cell in row]
    assert not any(isinstance(value, str) and "第3市" in value for value in cells)
    rows = [[cell.value for cell in row][:7] for row in book["種別"].iter_rows(min_row=4, max_row=10)]
    assert [row[0] for row in rows] == ["市", "町", "村", "区", "都道府県", "その他・未分類", "全体"]
    assert rows[-1][1:3] == [30, 24]


def test_what_stands_above_the_figures() -> None:
    """Who was asked, who answered, what is withheld and why, in sentences."""
    said = dict(facts(report([])))
    assert said["回答"] == "24（回答率 80.0%）"
    assert said["前回"] == "S25-010"
    assert said["状態"] == f"終了　{moment_words(NOW, 'ja')}現在"
    assert "途中経過" in dict(facts(replace(report([]), state="open")))["状態"]
    assert "無記名の調査です" in str(facts(report([], mode="sealed")))
    assert "伏せた数" not in str(facts(report([], mode="named")))
