"""RSVP forms, people as members write them, seats and changes (core/events/event.py)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from datetime import time as clock
from zoneinfo import ZoneInfo

import pytest

from mailbot.core.events.event import (
    Event,
    EventChange,
    Rsvp,
    begins,
    event_changes,
    is_weighty,
    read_people,
    rsvp_apart,
    rsvp_deadline,
    rsvp_form,
    rsvp_of,
    rsvp_problems,
    seat,
    time_words,
)
from mailbot.core.members.audience import Selector
from mailbot.core.surveys.survey import Answers

TOKYO = ZoneInfo("Asia/Tokyo")
SEMINAR = Event(
    key="N26-07",
    title="第1回トピックスセミナー",
    date=date(2026, 10, 22),
    starts=None,
    ends=None,
    place="有明・東京ビッグサイト",
    audience=Selector(everyone=True),
    notices=(),
    rsvp_until=datetime(2026, 10, 9, 17, 0, tzinfo=TOKYO),
    capacity=80,
)
FIXED = replace(SEMINAR, starts=clock(10, 0), ends=clock(15, 0))


def test_form_offers_to_answer_later_only_while_the_time_is_undecided() -> None:
    """An event whose time is undecided may be answered when the time is decided; a fixed one may not."""
    assert rsvp_form(SEMINAR).question("Q1").options == ("出席", "欠席", "時間が決まってから返事")
    assert rsvp_form(FIXED).question("Q1").options == ("出席", "欠席")
    assert rsvp_form(FIXED, "en").question("Q1").options == ("attending", "not attending")


def test_form_is_a_survey_of_attendance_and_people() -> None:
    """The RSVP form has a required single choice and a text for number and names, asked of those who attend."""
    form = rsvp_form(SEMINAR)
    assert [(q.id, q.type, q.required) for q in form.questions] == [
        ("Q1", "single", True),
        ("Q2", "text", False),
    ]
    assert form.question("Q2").when == (("Q1", ("1",)),)
    assert (form.key, form.closes) == ("N26-07", SEMINAR.rsvp_until)


@pytest.mark.parametrize(
    ("text", "people", "names"),
    [
        ("2名 山田太郎、鈴木花子", 2, ("山田太郎", "鈴木花子")),
        ("山田太郎", 1, ("山田太郎",)),
        ("３名", 3, ()),
        ("3", 3, ()),
        ("2 Taro Yamada, Hanako Suzuki", 2, ("Taro Yamada", "Hanako Suzuki")),
        ("2 people: Taro Yamada and Hanako Suzuki", 2, ("Taro Yamada", "Hanako Suzuki")),
        ("Taro Yamada", 1, ("Taro Yamada",)),
        ("2名　山田　太郎、鈴木　花子", 2, ("山田 太郎", "鈴木 花子")),
        ("2名山田太郎・鈴木花子", 2, ("山田太郎", "鈴木花子")),
        ("2名（山田太郎、鈴木花子）", 2, ("山田太郎", "鈴木花子")),
        ("二名 山田太郎と鈴木花子", 2, ("山田太郎", "鈴木花子")),
        ("山田太郎、鈴木花子", 2, ("山田太郎", "鈴木花子")),
        ("山田太郎、鈴木花子の2名です。", 2, ("山田太郎", "鈴木花子")),
        ("山田太郎、鈴木花子　計2名", 2, ("山田太郎", "鈴木花子")),
        ("2名\n山田太郎\n鈴木花子", 2, ("山田太郎", "鈴木花子")),
        ("人数：2名　氏名：山田太郎，鈴木花子", 2, ("山田太郎", "鈴木花子")),
        ("山田太郎が出席します。", 1, ("山田太郎",)),
        ("1名です", 1, ()),
        ("情報政策課 山田太郎", 1, ("情報政策課 山田太郎",)),
        ("2名 山田太郎 鈴木花子丸", 2, ("山田太郎", "鈴木花子丸")),
        ("1名 髙橋﨑太", 1, ("髙橋﨑太",)),
        ("2名 未定", 2, ()),
        (
            "・3名 山田太郎、鈴木花子、佐藤一郎",
            3,
            ("山田太郎", "鈴木花子", "佐藤一郎"),
        ),  # from our own filled slot
        ("ジョン・スミス", 1, ("ジョン・スミス",)),
        ("1名 さとうみと", 1, ("さとうみと",)),
        ("（2名）", 2, ()),
        ("山田太郎（1名）", 1, ("山田太郎",)),
        ("山田太郎、鈴木花子（2名）", 2, ("山田太郎", "鈴木花子")),
        ("（山田太郎、鈴木花子）", 2, ("山田太郎", "鈴木花子")),
        ("1名 林由美子（はやし　ゆみこ）", 1, ("林由美子(はやし ゆみこ)",)),
        ("課長　山田太郎（公用車で参ります）", 1, ("課長 山田太郎",)),
        ("1名 山田太郎 当日は電車で参ります", 1, ("山田太郎",)),
        ("3名（氏名は当日名簿を持参）", 3, ()),
        ("3名 氏名は追ってご連絡いたします。", 3, ()),
    ],
)
def test_a_number_and_names_are_read_as_written(text: str, people: int, names: tuple[str, ...]) -> None:
    """A number, names, or both in agreement are read; names keep the characters they were written in."""
    assert read_people(text) == (people, names)


@pytest.mark.parametrize(
    ("line", "apart"),
    [
        ("出席 1名", "Q2 1名\nQ1 出席"),
        ("出席　１名", "Q2 １名\nQ1 出席"),
        ("出席します。1名です。", "Q2 1名です。\nQ1 出席します。"),
        ("出席 2名 山田太郎、鈴木花子", "Q2 2名 山田太郎、鈴木花子\nQ1 出席"),
        ("出席（2名）", "Q2 （2名）\nQ1 出席"),
        ("2名出席します", "Q2 2名\nQ1 出席します"),
        ("Q1 出席：1名", "Q2 1名\nQ1 出席"),
        ("Q1 1（2名）", "Q2 （2名）\nQ1 1"),
        ("1. 出席 1名", "Q2 1名\nQ1 出席"),
        ("> 【Q1回答】[出席 1名]", "> Q2 1名\n> 【Q1回答】[出席]"),
        ("Attending, 2 people", "Q2 2 people\nQ1 Attending"),
        # Not both answers, and not one thing:
        ("出席", "出席"),
        ("1名", "1名"),
        ("出席者 1名", "出席者 1名"),
        ("欠席 1名", "欠席 1名"),
        ("1名出席、1名欠席", "1名出席、1名欠席"),
        ("1 1名", "1 1名"),
    ],
)
def test_both_answers_on_one_line(line: str, apart: str) -> None:
    """Who comes and how many, on one line, are two answers; our own line stays as we sent it."""
    assert rsvp_apart(line) == apart
    assert rsvp_apart(line, (line.removeprefix("> "),)) == line


@pytest.mark.parametrize(
    "text",
    [
        "",
        "　",
        "0名",
        "3名 山田太郎、鈴木花子",
        "1名 山田太郎、鈴木花子",
        "山田太郎ほか2名",
        "山田太郎 他",
        "数名",
        "未定",
        "2〜3名",
        "2名か3名",
        "約10名",
        "あとで連絡します",
        "山田さんは行けますか？",
        "2名 山田太郎、�木花子",
        "2名 山田太郎、〓木花子",
        "山田太郎 鈴木花子",  # one person or two
        "Suzuki, Hanako",  # one person or two
        "2名 山田 太郎",
        "同上",
        "03-1234-5678",
        "taro@city.example.jp",
        "山" * 41,
        "山田太郎、" * 300,
        "1000名",
        "3名（人数は後日連絡）",
        *("a few of us", "both of us", "not yet known", "some colleagues"),
        "3名（後日変更の可能性あり）",
        "氏名は追って連絡します",
    ],
)
def test_unclear_people_are_asked_back(text: str) -> None:
    """What is neither a number nor names, or where both disagree, is asked back, never guessed."""
    with pytest.raises(ValueError, match="お書きください"):
        read_people(text)
    with pytest.raises(ValueError, match="Please write"):
        read_people(text, "en")


def test_disagreement_is_named() -> None:
    """The sentence about a disagreement says both figures."""
    with pytest.raises(ValueError, match="人数（3名）と氏名（2名分）が合いません"):
        read_people("3名 山田太郎、鈴木花子")


@pytest.mark.parametrize(
    ("answers", "rsvp"),
    [
        ({"Q1": ("1",), "Q2": "2名 山田太郎、鈴木花子"}, Rsvp("attending", 2, ("山田太郎", "鈴木花子"))),
        ({"Q1": ("1",)}, Rsvp("attending", 1)),
        ({"Q1": ("1",), "Q2": None}, Rsvp("attending", 1)),
        ({"Q1": ("1",), "Q2": "　"}, Rsvp("attending", 1)),
        ({"Q1": ("1",), "Q2": "たぶん行けます"}, Rsvp("unclear", 0)),
        ({"Q1": ("2",)}, Rsvp("declined", 0)),
        ({"Q1": ("2",), "Q2": "なし"}, Rsvp("declined", 0)),
        ({"Q1": ("3",)}, Rsvp("later", 0)),
        ({"Q1": None}, Rsvp("unclear", 0)),
        ({"Q2": "2名"}, Rsvp("unclear", 0)),
        ({}, Rsvp("unclear", 0)),
    ],
)
def test_an_rsvp_says_who_comes_or_why_it_is_unclear(answers: Answers, rsvp: Rsvp) -> None:
    """An RSVP says attending with its people, declined, later, or is unclear; an unclear one says why."""
    assert rsvp_of(answers) == rsvp
    for language in ("ja", "en"):
        problems = rsvp_problems(answers, language)
        assert bool(problems) is (rsvp.status == "unclear")


@pytest.mark.parametrize(
    ("capacity", "taken", "wanted", "expected"),
    [
        (80, 0, 1, "attending"),
        (80, 78, 2, "attending"),
        (80, 78, 3, "waiting"),
        (80, 81, 1, "waiting"),  # two seats are left, but three people wait before
        (80, 80, 1, "waiting"),
        (None, 5000, 9, "attending"),
    ],
)
def test_seats_in_strict_order(capacity: int | None, taken: int, wanted: int, expected: str) -> None:
    """Seats go in order of arrival; nobody passes a group that waits."""
    assert seat(replace(SEMINAR, capacity=capacity), taken, wanted) == expected


def test_the_time_is_written_out_or_undecided() -> None:
    """The time is written out, or stands as undecided beside the date."""
    assert time_words(SEMINAR) == "2026年10月22日（木）【時間未定】"
    assert time_words(FIXED) == "2026年10月22日（木）10時00分〜15時00分"
    assert time_words(replace(FIXED, ends=None)) == "2026年10月22日（木）10時00分〜"
    assert time_words(SEMINAR, "en") == "Thursday, 22 October 2026 [time undecided]"
    assert time_words(FIXED, "en") == "Thursday, 22 October 2026, 10:00 to 15:00"


def test_changes_are_said_in_words() -> None:
    """Each changed fact has its old and its new value; what a member does not see is no change."""
    assert event_changes(SEMINAR, FIXED) == (
        EventChange(
            "日時", ("2026年10月22日（木）【時間未定】",), ("2026年10月22日（木）10時00分〜15時00分",)
        ),
    )
    moved = replace(FIXED, place="長野市", capacity=None)
    assert event_changes(FIXED, moved) == (
        EventChange("会場", ("有明・東京ビッグサイト",), ("長野市",)),
        EventChange("定員", ("80名",), ("なし",)),
    )
    assert event_changes(FIXED, moved, "en")[1] == EventChange("Capacity", ("80",), ("none",))
    assert event_changes(FIXED, FIXED) == ()


def test_a_changed_programme_is_told_by_the_lines_that_differ() -> None:
    """Only the lines of the programme that went and came are told, each in its order."""
    old = replace(FIXED, programme="基調講演\n事例報告\n意見交換")
    new = replace(FIXED, programme="基調講演\n事例報告　長野市\n意見交換")
    assert event_changes(old, new) == (EventChange("内容", ("事例報告",), ("事例報告　長野市",)),)
    assert event_changes(FIXED, new)[0].before == ()


def test_another_time_or_none_at_all_concerns_everybody() -> None:
    """A new day, a decided time and a cancellation are for all who were asked; a new place is for who comes."""
    assert is_weighty(SEMINAR, FIXED)
    assert is_weighty(FIXED, replace(FIXED, date=date(2026, 10, 23)))
    assert is_weighty(FIXED, replace(FIXED, cancelled="台風のため"))
    assert not is_weighty(FIXED, replace(FIXED, place="長野市"))


def test_deadline_and_beginning() -> None:
    """Without a deadline RSVPs are taken until the event begins; with the time undecided, until its day begins."""
    assert rsvp_deadline(SEMINAR, TOKYO) == SEMINAR.rsvp_until
    assert rsvp_deadline(replace(FIXED, rsvp_until=None), TOKYO) == begins(FIXED, TOKYO)
    assert begins(FIXED, TOKYO) == datetime(2026, 10, 22, 10, 0, tzinfo=TOKYO)
    assert begins(SEMINAR, TOKYO) == datetime(2026, 10, 22, 0, 0, tzinfo=TOKYO)
