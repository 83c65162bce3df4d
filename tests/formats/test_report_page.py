"""The report as a page and as charts: made for print, whole without anything else, everything escaped."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from xml.etree import ElementTree as ET

from mailbot.core.surveys.cross_table import Elector
from mailbot.core.surveys.report import Report, make_report
from mailbot.core.surveys.survey import Question
from mailbot.core.surveys.tally import Vote
from mailbot.formats.report_page import ReportPages
from mailbot.resources import templates_folder
from tests.formats.test_report_files import BODIES, NOW, report
from tests.mails.standard import STANDARD

PAGES = ReportPages(templates_folder())
SVG = "{http://www.w3.org/2000/svg}"
NASTY = '<script>alert("1")</script>&\'"'


def nasty() -> Report:
    """Return a report in which everybody wrote markup, the secretariat too."""
    questions = (Question("Q1", NASTY, "single", (NASTY, "乙" * 60)), Question("Q2", NASTY, "text"))
    survey = replace(STANDARD, title=NASTY, questions=questions, mode="named")
    bodies = [replace(body, name=NASTY, prefecture=NASTY) for body in BODIES]
    votes = [Vote(body.code, {"Q1": ("1",), "Q2": NASTY}) for body in bodies]
    made = make_report(survey, "closed", [Elector(body) for body in bodies], votes, at=NOW)
    assert isinstance(made, Report)
    return made


def test_one_chart_for_each_question_with_values_and_base() -> None:
    """Bars with their label, count and share; the base, those who gave no answer, and the time before."""
    files = PAGES.chart_files(report([]))
    assert list(files) == ["S26-014-Q1.svg", "S26-014-Q2.svg", "S26-014-Q3.svg"]
    chart = ET.fromstring(files["S26-014-Q1.svg"])
    said = [text.text for text in chart.iter(f"{SVG}text")]
    assert {"1. 利用している", "12（50.0%）", "無回答", "0（0.0%）", "前回 5（50.0%）"} <= set(said)
    assert any(text is not None and "母数 24" in text and "S25-010、母数 10" in text for text in said)
    whole = ET.fromstring(PAGES.charts(report([])))
    assert len(list(whole.iter(f"{SVG}g"))) == 3


def test_charts_fit_the_page_and_need_no_colour() -> None:
    """A chart is as wide as A4 leaves room; its bars are grey or hatched, and no text runs out of it."""
    for made in (report([]), nasty()):
        chart = ET.fromstring(PAGES.charts(made))
        assert chart.get("width") == "170mm"
        _, _, width, height = map(float, (chart.get("viewBox") or "").split())
        for box in chart.iter(f"{SVG}rect"):
            fill = box.get("fill") or ""
            assert fill.startswith("url(#") or len(set(fill[1:])) == 1
        assert height > 0
        for text in chart.iter(f"{SVG}text"):
            left = float(text.get("x") or 0)
            assert 0 <= left <= width - 60


def test_what_people_wrote_is_text() -> None:
    """No markup of a member or of a title survives, in the charts and in the page."""
    for written in (PAGES.page(nasty()), PAGES.charts(nasty())):
        assert "<script" not in written
        assert "&lt;script&gt;" in written


def test_the_page_loads_nothing() -> None:
    """One file: its policy allows its own style sheet by its hash, and nothing else."""
    page = PAGES.page(report(["ご意見です"]))
    style = page.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}'" in page
    assert not re.search(r"(?:src|href)=|url\(\s*['\"]?http|@import| on[a-z]+=| style=", page)
    assert "ご意見です" in page
    assert "@page { size: A4" in page


def test_the_page_has_every_table_with_the_whole_below() -> None:
    """By kind, prefecture and population, each question with its base; the last row is everybody."""
    page = PAGES.page(report([]))
    for title in ("種別ごとの結果", "都道府県ごとの結果", "人口規模ごとの結果"):
        assert title in page
    assert page.count('<tr class="whole"><th scope="row">全体</th><td>30</td><td>24</td>') == 9
    assert "区分ごとの表はありません" in PAGES.page(report([], mode="sealed"))
