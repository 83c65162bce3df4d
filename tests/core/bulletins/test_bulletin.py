"""Bulletins: who gets one, which number it has, and what in its text cannot be sent."""

from __future__ import annotations

from datetime import date

import pytest

from mailbot.core.bulletins.bulletin import Reader, headline, next_number, once, text_faults


def test_nobody_gets_it_twice() -> None:
    """One mailbox reached by three ways, or one person with two addresses, is one reader, by the first way."""
    readers = [
        Reader("b@city.example.jp", 2),
        Reader("A@city.example.jp", 1, "yamada"),
        Reader("a@city.example.jp", 0),
        Reader("yamada@city.example.jp", 2, "yamada"),
        Reader("left@city.example.jp", 1),
    ]
    chosen, doubled = once(readers, {"left@city.example.jp"})
    assert [(one.address, one.way) for one in chosen] == [("a@city.example.jp", 0), ("b@city.example.jp", 2)]
    assert doubled == 2


def test_the_number_goes_on_from_the_last() -> None:
    """Unless the issue states one."""
    assert next_number(None, []) == 1
    assert next_number(None, [1, 2, 7]) == 8
    assert next_number(12, [1, 2]) == 12


def test_the_subject_names_magazine_and_number() -> None:
    """A bulletin without a magazine has its title alone."""
    assert headline("12月号", "協議会だより", 12, "ja") == "【協議会だより 第12号】12月号"
    assert headline("12月号", "協議会だより", None, "ja") == "【協議会だより】12月号"
    assert headline("December", "News", 12, "en") == "[News no. 12] December"
    assert headline("お知らせ", "", 3, "ja") == "お知らせ"


@pytest.mark.parametrize(
    ("text", "charset", "found"),
    [
        ("12月3日（木）に開きます", "utf-8", ""),
        ("12月3日（金）に開きます", "utf-8", "2026年12月3日は木曜日です"),
        ("１２月３日（金曜日）", "utf-8", "2026年12月3日は木曜日です"),
        ("1/14(木)", "utf-8", ""),
        ("2月30日（月）", "utf-8", "という日付はありません"),
        ("令和8年12月3日（木）", "utf-8", ""),
        ("2025年12月3日（木）", "utf-8", "2025年12月3日は水曜日です"),
        ("外字\ue000です", "utf-8", "外字です"),
        ("鐘\x07", "utf-8", "制御文字"),
        ("①㈱髙", "utf-8", ""),
        ("①", "iso-2022-jp", "「①」は ISO-2022-JP で送れません"),
        ("会議　■◆・→〜", "iso-2022-jp", ""),
    ],
)
def test_what_cannot_survive_is_named(text: str, charset: str, found: str) -> None:
    """A character that the readers cannot see, a day that does not exist, a weekday that is another."""
    faults = text_faults(f"一行目\n{text}", charset, date(2026, 12, 1), "ja")  # type: ignore[arg-type]
    assert [fault.line for fault in faults] == ([2] * len(faults))
    assert (found in " ".join(fault.sentence for fault in faults)) if found else faults == []
