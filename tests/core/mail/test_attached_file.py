"""A file of a mail under a harmless name: what a stranger called it is never a path, a device, or the start of a field."""

from __future__ import annotations

import pytest

from mailbot.core.mail.attached_file import attached_files, content_of, harmless_name
from mailbot.core.mail.message import parse

NAMES = [  # as its mail has it, as it is kept
    ("名簿.xlsx", "名簿.xlsx"),
    ("../../etc/passwd", "_._etc_passwd"),
    ("C:\\a\\b.exe", "C__a_b.exe"),
    ("a\x00b.txt", "a b.txt"),
    ('x"; filename="y.exe', "x_; filename=_y.exe"),
    ("a\r\nSet-Cookie: x=1.txt", "a Set-Cookie_ x=1.txt"),
    ("invoice\u202egpj.exe", "invoice gpj.exe"),
    ("in\u200bvisible\ufeff.pdf", "in_visible_.pdf"),
    (".htaccess", "htaccess"),
    ("....", "file-1.pdf"),
    ("..", "file-1.pdf"),
    (" ", "file-1.pdf"),
    (None, "file-1.pdf"),
    ("CON", "_CON"),
    ("nul.txt", "_nul.txt"),
    ("Com1.tar.gz", "_Com1.tar.gz"),
    ("console.txt", "console.txt"),
    ("a.txt. . .", "a.txt"),
    ("%2e%2e%2fa", "_2e_2e_2fa"),
    ("長" * 300 + ".docx", "長" * 95 + ".docx"),
    ("x." + "y" * 300, "x." + "y" * 98),
    ("<script>.svg", "_script_.svg"),
]


@pytest.mark.parametrize(("given", "kept"), NAMES)
def test_a_name_harms_nobody(given: str | None, kept: str) -> None:
    """It stays what a person would know it by, with its ending, and is no more than a name."""
    assert harmless_name(given, "application/pdf", 1) == kept


def test_the_field_has_the_name_in_both_forms() -> None:
    """ASCII in quotes, and whole in RFC 8187's form; neither can be left."""
    (file,) = attached_files(parse(_mail("=?utf-8?Q?=E5=90=8D=E7=B0=BF'=22;a.xlsx?=", "application/x")))
    assert file.disposition == (
        "attachment; filename=\"_____a.xlsx\"; filename*=UTF-8''%E5%90%8D%E7%B0%BF%27_%3Ba.xlsx"
    )


def test_files_are_those_that_are_named() -> None:
    """In the order in which a mail's attachments are named; the text that its author typed is none of them."""
    message = parse(_mail("a.html", "text/html", "attachment"))
    (file,) = attached_files(message)
    assert (file.place, file.name, file.kind, file.size) == (1, "a.html", "text/html", 8)
    assert [content_of(message, place) for place in (0, 1, 2)] == [None, (file, b"<b>x</b>"), None]
    assert message.attachments == ("a.html",)


def _mail(name: str, kind: str, disposition: str = "attachment") -> bytes:
    return (
        "From: a@example.jp\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n"
        f'--b\r\nContent-Type: {kind}; name="{name}"\r\nContent-Disposition: {disposition}\r\n\r\n<b>x</b>\r\n--b--\r\n'
    ).encode()
