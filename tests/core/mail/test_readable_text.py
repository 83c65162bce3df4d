"""The text that its author typed: soft line ends joined, the form that says something taken."""

from __future__ import annotations

import pytest

from mailbot.core.mail.message import parse
from mailbot.core.mail.readable_text import MAX_FLOWED, unflowed


@pytest.mark.parametrize(
    ("text", "delete_space", "unfolded"),
    [
        ("a \nb\nc", False, "a b\nc"),
        ("賛 \n成", True, "賛成"),
        ("> a \n> b\n>> c \nd", False, "> a b\n> > c \nd"),
        ("-- \nname \nx", False, "-- \nname x"),
        (" >a\n  b", False, ">a\n b"),
    ],
)
def test_format_flowed(text: str, delete_space: bool, unfolded: str) -> None:
    """Soft line breaks are joined within one level of quotation (RFC 3676)."""
    assert unflowed(text, delete_space=delete_space) == unfolded


def test_a_very_long_flowed_text_keeps_its_last_lines() -> None:
    """Behind so many lines soft line ends stay as they are; nothing is lost."""
    text = "a \n" * MAX_FLOWED + "b \nc"
    assert unflowed(text, delete_space=False) == "a " * MAX_FLOWED + "\nb \nc"


def two_forms(plain: str, page: str) -> bytes:
    return (
        "Content-Type: multipart/alternative; boundary=b\n\n"
        f"--b\nContent-Type: text/plain; charset=utf-8\n\n{plain}\n"
        f"--b\nContent-Type: text/html; charset=utf-8\n\n{page}\n--b--\n"
    ).encode()


@pytest.mark.parametrize(
    "plain",
    [
        "",
        "このメールはHTML形式です。HTML対応のソフトでご覧ください。",
        "This is an HTML message.",
        "Please view this mail in HTML.",
    ],
)
def test_a_plain_part_that_only_points_to_html(plain: str) -> None:
    """A plain part that says nothing of its own does not hide the other form."""
    assert parse(two_forms(plain, "<p>Q1 2</p>")).text == "Q1 2"


@pytest.mark.parametrize("plain", ["Q1 2", "HTML形式のメールは受信できません。\n" * 10])
def test_a_plain_part_that_says_something(plain: str) -> None:
    """The plain part is the text of a mail with two forms."""
    assert parse(two_forms(plain, "<p>Q1 3</p>")).text.strip() == plain.strip()
