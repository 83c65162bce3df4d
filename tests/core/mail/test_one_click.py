"""What counts as the POST of RFC 8058, and what is only near it."""

from __future__ import annotations

import pytest

from mailbot.core.mail.one_click import is_one_click, read_form

URLENCODED = "application/x-www-form-urlencoded"
PART = b'--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n'


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (URLENCODED, b"List-Unsubscribe=One-Click"),
        (URLENCODED + "; charset=UTF-8", b"List-Unsubscribe=One%2DClick"),
        ("", b"List-Unsubscribe=One-Click"),
        ("multipart/form-data; boundary=b", PART),
        ('Multipart/Form-Data; boundary="b"', b"preamble\r\n" + PART),
    ],
)
def test_one_click(kind: str, body: bytes) -> None:
    """Both encodings of RFC 8058 section 3.2, and no stated one."""
    assert is_one_click(read_form(kind, body))


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (URLENCODED, b""),
        (URLENCODED, b"List-Unsubscribe=one-click"),
        (URLENCODED, b"list-unsubscribe=One-Click"),
        (URLENCODED, b"List-Unsubscribe=One-Click&x=1"),
        (URLENCODED, b"List-Unsubscribe"),
        (URLENCODED, b"\xff=\xff"),
        (URLENCODED, b"&" * 100),
        ("application/json", b'{"List-Unsubscribe": "One-Click"}'),
        ("multipart/form-data", PART),
        ("multipart/form-data; boundary=c", PART),
        ("multipart/form-data; boundary=b", PART.replace(b"One-Click", b"No")),
        ("multipart/form-data; boundary=b", PART.replace(b"form-data", b"attachment")),
        ("multipart/form-data; boundary=b", b"--b\r\n\r\nOne-Click\r\n--b--\r\n"),
        ("multipart/form-data; boundary=あ", PART),
    ],
)
def test_near_misses(kind: str, body: bytes) -> None:
    """Exactly this, or nothing is done."""
    assert not is_one_click(read_form(kind, body))
