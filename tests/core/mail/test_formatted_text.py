"""The HTML form of a mail beside its plain one."""

from __future__ import annotations

import pytest

from mailbot.core.mail.formatted_text import formatted_text
from mailbot.core.mail.message import parse
from tests.core.mail.test_readable_text import two_forms


def test_the_formatted_text() -> None:
    """The HTML of a mail with two forms can be compared; one form alone has nothing beside it."""
    assert formatted_text(parse(two_forms("Q1 3\nQ1 2", "<p><s>Q1 3</s></p><p>Q1 2</p>"))) == "~~Q1 3~~\nQ1 2"
    assert formatted_text(parse(b"Content-Type: text/html\n\n<p>Q1 2</p>")) == ""
    assert formatted_text(parse(b"Content-Type: text/plain\n\nQ1 2")) == ""
    picture = f'<img src="data:image/png;base64,{"A" * 400_000}">'
    assert formatted_text(parse(two_forms("Q1 2", f"{picture}<p>Q1 3</p>"))) == "Q1 3"
    for page in ("<p>Q1 2</p>" * 7_000, "x" * 300_001):
        assert formatted_text(parse(two_forms("Q1 2", page))) is None


@pytest.mark.parametrize(
    ("page", "plain", "repeats"),
    [
        (
            "<html><head><title>x</title></head><body><p>Q1 2</p><p>&nbsp;&gt; 引用</p></body></html>",
            "Q1 2\n\n> > 引用",
            True,
        ),
        ("<!-- note --><style>p {color: red}</style><DIV>Q1 2</DIV>", "Q1 2", True),
        ("<p>Q1 2</p>", "Q1 3", False),
        ("<p>Q1 <s>2</s></p>", "Q1 2", False),
        ("<p>Q1 <span style='text-decoration: line-through'>2</span></p>", "Q1 2", False),
        ("<p style='DISPLAY: none'>Q1 2</p>", "Q1 2", False),
        ("<p>Q1 ○</p>", "Q1", False),
        ("<p>Q1 2</p><!-- no end: Q1 3", "Q1 2", True),
        ("<p>Q1 2</p><hr><p>差出人: 事務局</p>", f"Q1 2\n{'_' * 32}\n差出人: 事務局\n", True),
        ("<p>Q1 2</p><p>Q2 [1]</p>", f"Q1 2\nQ2 [{'_' * 32}1]\n", False),
    ],
)
def test_an_html_form_that_only_repeats_the_plain_one_is_not_read_again(
    page: str, plain: str, repeats: bool
) -> None:
    """Equal characters without markup that takes words away; anything else is read as well."""
    raw = (
        "From: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=x\r\n\r\n"
        f"--x\r\nContent-Type: text/plain; charset=UTF-8\r\n\r\n{plain}\r\n"
        f"--x\r\nContent-Type: text/html; charset=UTF-8\r\n\r\n{page}\r\n--x--\r\n"
    )
    assert (formatted_text(parse(raw.encode())) == "") is repeats
