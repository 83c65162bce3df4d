"""Columns and line breaks of Japanese and English text (core/mail/wrap.py)."""

from __future__ import annotations

import pytest

from mailbot.core.mail.wrap import COLUMNS, columns, wrap


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 0),
        ("abc", 3),
        ("調査", 4),
        ("ｱｲｳ", 3),
        ("★→○", 6),
        ("（A）", 5),
        ("か\u3099", 2),
        ("a\u200bb", 2),
    ],
)
def test_columns(text: str, expected: int) -> None:
    """Full-width characters take two columns, half-width kana one, combining marks none."""
    assert columns(text) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("短い行", ("短い行",)),
        ("一二三四五六七八九十壱弐", ("一二三四五六七八九十", "壱弐")),
        ("一二三四五六七八九十。壱", ("一二三四五六七八九", "十。壱")),  # no 。 at the beginning of a line
        ("一二三四五六七八九（十）", ("一二三四五六七八九", "（十）")),  # no （ at the end of a line
        ("  一二三四五六七八九十壱", ("  一二三四五六七八九", "  十壱")),  # the indent is kept
        ("one two three four five", ("one two three four", "five")),
        ("見よ https://example.jp/a/b/c/d/e/f を", ("見よ", "https://example.jp/a/b/c/d/e/f", "を")),
    ],
)
def test_wrap(line: str, expected: tuple[str, ...]) -> None:
    """Lines are broken where Japanese may be broken, never inside a word or an address of ASCII."""
    assert wrap(line, 20) == expected


@pytest.mark.parametrize(
    "line", ["長" * 2000, "、" * 2000, "（" * 2000, "x" * 2000, " " * 2000 + "x", "a、" * 1000]
)
def test_nothing_is_lost_and_every_line_fits_a_mail(line: str) -> None:
    """Whatever the text, its characters all stand in the lines, and no line is too long for a mail."""
    lines = wrap(line)
    assert "".join(lines).replace(" ", "") == line.replace(" ", "")
    assert max(len(each.encode()) for each in lines) <= 998 or line.startswith(" ")


def test_every_line_of_a_long_text_fits() -> None:
    """In columns, too."""
    assert all(columns(each) <= COLUMNS for each in wrap("長い文章です、" * 100))
