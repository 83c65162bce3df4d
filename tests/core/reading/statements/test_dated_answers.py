"""Answers to a meeting's poll by day."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from mailbot.core.events.meeting import Meeting, poll_of
from mailbot.core.members.audience import Selector
from mailbot.core.reading.reply import read_reply
from mailbot.core.reading.statements.dated_answers import named_by_day
from mailbot.core.surveys.ballot import ballot_lines
from mailbot.core.surveys.survey import Share
from tests.mails.standard import STANDARD

TOKYO = ZoneInfo("Asia/Tokyo")
MEETING = Meeting(
    key="B27-01",
    title="第1回役員会",
    members=Selector(everyone=True),
    place="都市会館",
    quorum=Share(1, 2, "electorate", more_than=True),
    candidates=tuple(datetime(2027, 2, day, hour, tzinfo=TOKYO) for day, hour in ((2, 14), (3, 10), (5, 14))),
    poll_opens=datetime(2027, 1, 12, 10, tzinfo=TOKYO),
    poll_closes=datetime(2027, 1, 19, 17, tzinfo=TOKYO),
)
POLL = poll_of(MEETING, TOKYO, "ja")
assert POLL is not None
SENT = "\n".join(ballot_lines(POLL, "B27-01-P-202011", 1))
QUOTED = "\n\n事務局 さんは書きました:\n" + "".join(f"> {line}\n" for line in SENT.splitlines())


def marks(text: str) -> str:
    """Return what a reply says of each candidate: ○×△, and - where it is asked."""
    assert POLL is not None
    known = (SENT,)
    reading = read_reply(
        POLL, named_by_day(POLL, text + QUOTED, known), known, today=date(2027, 1, 12), language="ja"
    )
    said = {"1": "○", "2": "△", "3": "×"}
    return "".join(
        said[(reading.answers.get(one.id) or ("",))[0]] if one.id in reading.answers else "-"
        for one in POLL.questions
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2/2 ○\n2/3 ×\n2/5 △", "○×△"),
        ("2月2日（火）○\n2月3日（水）△\n2月5日（金）×", "○△×"),
        ("2/2(火) 14:00～ ○\n2/3(水) 10:00～ ×\n2/5(金) 14:00～16:00 ○", "○×○"),
        ("2/2 出席できます\n2/3 欠席\n2/5 調整すれば可", "○×△"),
        ("2/2：○ 2/3：× 2/5：△", "○×△"),
        ("２月２日（火）：○、２月３日（水）：×、２月５日（金）：△", "○×△"),
        ("・2027年2月2日(火)14時〜 可\n・2月3日(水)10時〜 不可\n・2月5日(金)14時 ○", "○×○"),
        ("2/3 ×", "-×-"),
        ("Q1 ○\nQ2 ×\nQ3 △", "○×△"),
        ("Q1：三角　Q2：バツ　Q3：丸", "△×○"),
        ("Q1 調整すれば出席できる\nQ2 出席できない\nQ3 出席できる", "△×○"),
        ("2/2 OK\n2/3 NG\n2/5 NG", "○××"),
        ("2/2 ○\n2/3 ×（議会のため）\n2/5 △（15時以降なら可）", "○×△"),
        ("2/2を×に変更します。", "×--"),
        ("候補日について回答します。\n\n①　○\n②　△\n③　×", "○△×"),
        ("3日とも出席可能です。", "○○○"),
        ("いずれの日も出席できません。", "×××"),
        ("候補日のうち、2月3日は議会のため出席できません。ほかの日は出席できます。", "○×○"),
        ("2/2は○です。2/3は×です。2/5は△です。", "○×△"),
        ("2月3日は議会のため出席できます。", "---"),
        ("2月3日は議会が入らなければ出席できません。", "---"),
        ("2月3日は午前中の会議のため出席できません。", "---"),
        ("2月2日は出席できます。後日変更するかもしれません。", "---"),
        ("お世話になっております。いずれの日も出席可能です。", "○○○"),
        ("2月2日 ○、2月3日 ○、2月5日 ×　です。", "○○×"),
        ("すべて×でお願いします。", "×××"),
        ("全日程、出席可能です。", "○○○"),
        ("いずれの日も都合がつきます。", "○○○"),
        ("3日とも都合がつきません。申し訳ございません。", "×××"),
        ("オールOKです！", "○○○"),
        ("2/2と2/3は○、2/5は×です。", "○○×"),
        ("2/2、2/5は○", "○-○"),
        ("2/2は○、その他の日は×", "○××"),
        ("2日○、3日×、5日○", "○×○"),
        ("第1候補○　第2候補○　第3候補△", "○○△"),
        ("令和9年2月2日(火)14:00　○\n令和9年2月3日(水)10:00　○\n令和9年2月5日(金)14:00　×", "○○×"),
        ("2月2日（火）14時～　出席\n2月3日（水）10時～　欠席\n2月5日（金）14時～　出席", "○×○"),
        ("2/3以外は出席可", "○×○"),
        ("2/2と2/3以外は出席可", "××○"),
        ("2月2日（火）のみ出席できます。", "○××"),
    ],
)
def test_a_day_names_its_candidate(text: str, said: str) -> None:
    """With or without weekday and hour, a line each or all on one."""
    assert marks(text) == said


@pytest.mark.parametrize(
    "text",
    [
        *("3日○", "4日○", "第4候補○", "令和8年2月2日 ○", "2/2と2/4は○", "2/2 2/3は○", "1日目○"),
        *(
            "2/4以外は出席可",
            "2/3以外は△",
            "2/3以外は×",
            "2/2のみ△",
            "その他の日は○",
            "2/2以外はまだ分かりません",
        ),
        *(
            "2/2は○、2/3は未定",
            "2/2と2/3は△（どちらか）",
            "全日程、調整中です。",
            "2/2と2/3のどちらかは○",
            "2日か3日○",
        ),
        *("2月2日は出席するかもしれません。", "2/2のみ○、2/3は△", "全日○か×"),
        "2/2(水) ○",
        "2/2 15:00 ○",
        "2/4 ○",
        "2/2 ○（遅れます）",
        "2/2 2名",
        "2026/2/2 ○",
        "2日とも出席できます",
        "① ○\n② △",
        "いずれかの日なら出席できます。",
        "Q1 ○△",
        "○△×",
    ],
)
def test_what_is_no_candidate_is_asked_back(text: str) -> None:
    """Another weekday, hour, day or year, and what stands beside other words."""
    assert marks(text) == "---"


@pytest.mark.parametrize(
    "marks_in_slots", [("✕", "△", "〇"), ("NG", "▲", "⭕"), ("出席できない", "三角", "まる")]
)
def test_marks_in_the_slots(marks_in_slots: tuple[str, str, str]) -> None:
    """In any of their shapes, and in the words by which our mail explains them."""
    filled = SENT
    for number, mark in enumerate(marks_in_slots, 1):
        filled = filled.replace(f"【Q{number}回答】[　　]", f"【Q{number}回答】[ {mark} ]")
    quoted = "".join(f"> {line}\n" for line in filled.splitlines())
    assert POLL is not None
    reading = read_reply(
        POLL, named_by_day(POLL, quoted, (SENT,)), (SENT,), today=date(2027, 1, 12), language="ja"
    )
    assert reading.answers == {"Q1": ("3",), "Q2": ("2",), "Q3": ("1",)}


def test_no_other_survey_is_touched() -> None:
    """A day there is an answer, or prose."""
    assert named_by_day(STANDARD, "2/2 ○", ()) == "2/2 ○"


@pytest.mark.parametrize(
    "text", ["2/2のみ出席できます。\n2/3 △", "2/2以外は出席可\n2/2 △", "2/2 △\n2/2のみ○"]
)
def test_a_line_of_one_day_beside_another(text: str) -> None:
    """What one line says of all days does not outdo what another says of one."""
    assert "△" not in marks(text)
    assert "-" in marks(text)
