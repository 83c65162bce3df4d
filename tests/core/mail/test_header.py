"""Writing header fields."""

from __future__ import annotations

from email.header import decode_header, make_header
from email.parser import BytesParser
from email.policy import default

import pytest

from mailbot.core.mail.header import clean, encode_address, encode_phrase, encode_text, header_line
from mailbot.core.mail.mailing import field
from tests.drawing import given, st


def read_back(value: str) -> str:
    return str(make_header(decode_header(value.replace("\r\n", ""))))


@pytest.mark.parametrize(
    "text",
    [
        "plain words",
        "標準化の移行時期について",
        "[room:00123] Re: 標準化の移行時期について お尋ね",
        "LG.JPドメイン と LGWAN の 利用",
        "長い" * 300,
        "𠮷野家" * 40,
        "a =?utf-8?q?x?= b",
        "a" * 2000,
        "",
    ],
)
def test_encode_text_reads_back(text: str) -> None:
    """A mail program shows what was written, and no line is longer than 76 columns where words are encoded."""
    wire = header_line("Subject", text).decode("ascii")
    name, _, value = wire.partition(":")
    assert name == "Subject"
    assert wire.endswith("\r\n")
    assert all(len(line) <= 76 for line in wire.split("\r\n"))
    assert read_back(value.strip()) == text


def test_encoded_words_hold_whole_characters() -> None:
    """Each encoded word can be decoded on its own, and has at most 75 octets."""
    for word in encode_text("情報政策課の𠮷田です" * 20, column=9).split():
        assert len(word) <= 75
        [(data, charset)] = decode_header(word)
        assert charset == "utf-8"
        assert isinstance(data, bytes)
        assert "\ufffd" not in data.decode()


def test_ascii_words_stay_raw() -> None:
    """A tag that filters look for can be read on the wire."""
    assert encode_text("[room:00123] Re: 件名").startswith("[room:00123] Re: =?utf-8?B?")


def test_field_marks_stay_raw() -> None:
    """Each recipient's own value is filled in later, so its mark is never encoded; touching ASCII stays with it."""
    number = field("number")
    value = encode_text(f"【調査】利用（7/2締切）[S26-014-{number}]")
    assert value.endswith(f" [S26-014-{number}]")
    assert read_back(value.replace(number, "13201")) == "【調査】利用（7/2締切） [S26-014-13201]"
    assert encode_text(f"<{number}>") == f"<{number}>"
    assert encode_text(f"{number}あ{number}").count("\x00") == 4


@pytest.mark.parametrize(
    "hostile",
    [
        "x\r\nBcc: evil@x",
        "x\nBcc: evil@x",
        "x\rBcc: evil@x",
        "x\r\n\r\nbody",
        "x\u2028Bcc: evil@x",
        "x\x85Bcc: evil@x",
        "x\x0bBcc: evil@x",
        "x\x1cBcc: evil@x",
        "x\x00Bcc: evil@x",
        "x\x00\r\nBcc: evil@x\x00",
        "=?utf-8?q?x=0D=0ABcc:_evil=40x?=",
        "あ\r\nBcc: evil@x",
        "x\ud83dBcc: evil@x",
    ],
)
def test_no_value_makes_a_field(hostile: str) -> None:
    """Whatever a value holds, the head has the fields that we wrote and no other (promises.md attack 5)."""
    head = (
        header_line("Subject", hostile)
        + f"From: {encode_address(hostile, 'a@example.jp', column=6)}\r\n".encode("ascii")
        + f"List-Id: {encode_phrase(hostile, '<room.ml.example.jp>', column=9)}\r\n\r\nbody".encode("ascii")
    )
    mail = BytesParser(policy=default).parsebytes(head)
    assert mail.keys() == ["Subject", "From", "List-Id"]
    assert mail.get_payload() == "body"
    assert b"\x00" not in head
    assert not mail.defects


@given(st.text(max_size=200), st.integers(min_value=0, max_value=40))
def test_any_text(text: str, column: int) -> None:
    """Any text leaves as ASCII lines, each of which after the first begins with a blank and is not empty."""
    lines = encode_text(clean(text), column=column).split("\r\n")
    assert all(line.isascii() and line.isprintable() for line in lines)
    assert all(line.startswith(" ") and line.strip() for line in lines[1:])
    assert read_back("\r\n".join(lines)) == " ".join(part for part in clean(text).split(" ") if part)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("", "<a@example.jp>"),
        ("Yamada Taro", "Yamada Taro <a@example.jp>"),
        ("Yamada, T.", '"Yamada, T." <a@example.jp>'),
        ('a "b" \\', '"a \\"b\\" \\\\" <a@example.jp>'),
        ("a@b", '"a@b" <a@example.jp>'),
        ("山田", "=?utf-8?B?5bGx55Sw?= <a@example.jp>"),
    ],
)
def test_encode_address(name: str, expected: str) -> None:
    """A name is written bare, quoted or encoded, as it needs."""
    assert encode_address(name, "a@example.jp") == expected


def test_encode_long_name() -> None:
    """A long name is folded before the address, and read back whole."""
    value = encode_address(
        "情報セキュリティ部会（長野県市町村自治振興組合）via 会議室", "room@ml.example.jp", column=6
    )
    assert all(len(line) <= 76 for line in value.split("\r\n"))
    assert "情報セキュリティ部会（長野県市町村自治振興組合）via 会議室" in read_back(value)


@pytest.mark.parametrize("address", ["", "a", "a@b\r\nBcc: c@d", "a@b>, <c@d", "a\x00@b"])
def test_no_address_is_guessed(address: str) -> None:
    """What is no address is refused rather than mended into somebody else's."""
    with pytest.raises(ValueError, match="not a mail address"):
        encode_address("x", address)
