"""A day alone at the top of a reply to a ballot that asks for one day: an answer, unless it may be a letter's or a quotation's."""

from __future__ import annotations

import pytest

from mailbot.core.reading.reply import read_reply
from mailbot.core.surveys.survey import Question, Reading
from tests.core.reading.test_reply import survey
from tests.mails.standard import TODAY, invitation, quoted

ONE_DAY = survey(Question("Q1", "基幹業務の移行完了（予定）日", "date", required=True))
SENT = invitation(ONE_DAY)
SIGNATURE = "\n\n++++++++++\n黒里町役場　総務課\n 第3回 産業まつり 1月17日(日)開催！\n++++++++++"


def read(text: str, quotation: str = "") -> Reading:
    return read_reply(ONE_DAY, f"{text}\n\n{quotation or quoted(SENT)}", [SENT], today=TODAY)


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2026/3/31", "2026-03-31"),
        ("令和9年1月4日", "2027-01-04"),
        ("R8.12.28", "2026-12-28"),
        ("２０２７年３月８日", "2027-03-08"),
        ("2027.2.1", "2027-02-01"),
        ("2026-03-02", "2026-03-02"),
        ("R9/1/12（火）", "2027-01-12"),
        ("令和八年十月十三日", "2026-10-13"),
        ("令和9年1月4日(予定)", "2027-01-04"),
        ("令和9年1月4日です。よろしくお願いします。", "2027-01-04"),
        ("回答：2027/2/1", "2027-02-01"),
        ("移行完了予定日：2027年1月25日\n2026年6月1日 5:20 ○○協議会 事務局:", "2027-01-25"),
        ("お世話になっております。長野市の山田です。\n2027/2/1\nよろしくお願いいたします。", "2027-02-01"),
        (f"2027/2/1{SIGNATURE}", "2027-02-01"),
        ("2027/2/1\n\niPhoneから送信", "2027-02-01"),
        ("事務局 御中\n\n2027/2/1\n\n長野市情報政策課　山田", "2027-02-01"),
        (f"{TODAY.isoformat()}", TODAY.isoformat()),  # nothing beside it: it is no letter's
        (f"お世話になっております。\n{TODAY.isoformat()}です。", TODAY.isoformat()),
    ],
)
def test_a_day_alone_is_the_answer(written: str, day: str) -> None:
    """A member presses Reply and types the day, as he would type 「2」 (ballot.md section 8)."""
    reading = read(written)
    assert reading.answers == {"Q1": day}
    assert reading.hold is None


WRITTEN = f"令和{TODAY.year - 2018}年{TODAY.month}月{TODAY.day}日"


@pytest.mark.parametrize(
    "written",
    [
        f"{WRITTEN}\n\n○○協議会 事務局 御中\n\n　　　　長野市長\n\n標記の件、別途回答します。",
        f"長情第123号\n{WRITTEN}",
        f"{WRITTEN}\n長野市情報政策課",
        f"{WRITTEN}\n\n長野市情報政策課　山田",
        f"お世話になっております。後日回答します。\n以上\n{WRITTEN}",
        "令和8年3月31日\n\n事務局 御中",
        "令和8年3月31日付けで照会のあった件",
        "12月1日付けのご照会の件です。",
        "契約日：\n2027/2/1",
        "契約日\n2027/2/1",
        "提出日\n\n2027/2/1",
        "会議は\n\n2027/2/1\n\nです。",
        "ご照会の締切は\n\n2027/2/1\n\nと理解しています。",
        "2027/2/1\n\nですが、変更になるかもしれません。",
        "2026年7月2日（木）",  # when the survey closes, as our mail says
        "発信：2027/2/1",
        "開始予定日：2027年1月25日",
        "移行完了予定日：2027年1月",
        "2026年6月1日 5:20 ○○協議会 事務局:",
        "2027/2/1提出",
        "2027/2/1(火)",
        "2027/2/1\n工事着手",
        "2027/2/1\nから順次移行",
        "2027/2/1～2027/3/1",
        "2027/2/1 10:00",
        "2027/2/1 10:00\n事務局 <jimu@example.jp>:",
        "2026年12月1日(火)\n10:12 事務局 <jimu@example.jp>:",
        "2026年12月1日(火)\n事務局 <jimu@example.jp> wrote:",
        "2026/12/01、事務局 さんは書きました:",
        "日付: 2027/2/1",
        "2027/2/30",
        "1/2",
        "(1/1)",
        "3/4",
        "2027年2月",
        "2027/2/1現在",
        "2027/2/1ごろ",
        "2027/2/1（予備日）2027/3/1",
        "2027/2/1（変更の可能性あり）",
        "--\n山田太郎\n2027.2.1",
        "_____\n差出人: 佐藤\n件名: 移行\n\n2027/2/1",
    ],
)
@pytest.mark.parametrize("quotation", ["", "none"])
def test_a_day_that_may_say_something_else_is_no_answer(written: str, quotation: str) -> None:
    """It may be the day of a letter, of a mail that is quoted, of another thing, or a page's number."""
    assert not any(read(written, "" if quotation else " ").answers.values())


def test_two_days_are_asked_about() -> None:
    """Neither counts, nor does one that the slot contradicts."""
    for written in (
        "2027/2/1\n2027/3/1",
        "2027/2/1\n\n2027/3/1",
        "2027/2/1\n\n税は後になります。\n\n2027/3/1（税）",
    ):
        assert not read(written).answers
    filled = quoted(SENT.replace("【Q1回答】[　　]", "【Q1回答】[ 2027/3/1 ]"))
    assert read("2027/2/1", filled).hold == "differ"
    assert read("2027/3/1", filled).answers == {"Q1": "2027-03-01"}
    letter = read(f"{WRITTEN}\n\n○○協議会 御中\n", filled)
    assert (letter.answers, letter.hold) == ({"Q1": "2027-03-01"}, None)
