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
    ("line", "expected"),
    [
        ("ご担当の方の確認が必要です。", ("ご担当の方の確認が", "必要です。")),  # not 「す。」
        ("本文の先頭にお書きください。", ("本文の先頭に", "お書きください。")),
        ("事務局が取扱いを決めます。", ("事務局が取扱いを", "決めます。")),
        ("　事務局が取扱いを決めますよ", ("　事務局が取扱いを", "　決めますよ")),
        ("一二三四五六七八九十。", ("一二三四五六七", "八九十。")),  # no phrase begins near
        ("一二三四五六七八九十壱弐参肆", ("一二三四五六七八九十", "壱弐参肆")),  # enough
        ("一二三四五、（六七八九。", ("一二三四五、", "（六七八九。")),
        ("one two three four to", ("one two three", "four to")),
        ("https://example.jp/aa は", ("https://example.jp/aa", "は")),  # nothing to take from an address
    ],
)
def test_the_last_line_is_no_rest_of_a_word(line: str, expected: tuple[str, ...]) -> None:
    """It has four characters, of whole phrases where one begins near; what may not begin or end a line does not."""
    assert wrap(line, 20, balanced=True) == expected


@pytest.mark.parametrize("line", ["ご担当の方の確認が必要です。" * count for count in range(1, 30)])
def test_balanced_lines_hold_the_same_and_fit(line: str) -> None:
    """Nothing is lost, and no line is wider."""
    lines = wrap(line, 40, balanced=True)
    assert "".join(lines) == line
    assert all(columns(each) <= 40 for each in lines)
    assert len(lines) == 1 or columns(lines[-1]) >= 8


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
