"""A MIME entity as it stands in bytes."""

from __future__ import annotations

import pytest

from mailbot.core.mail.entity import (
    canonical,
    content_type,
    decode_transfer,
    encode_transfer,
    field_name,
    field_value,
    join_entity,
    split_entity,
    split_multipart,
    transfer_encoding,
    with_field,
)
from mailbot.core.mail.mime import read_head
from tests.drawing import given, st


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"a\r\nb\r\n", b"a\r\nb\r\n"),
        (b"a\nb\n", b"a\r\nb\r\n"),
        (b"a\rBcc: x\r\n", b"a Bcc: x\r\n"),
        (b"a\r\r\nb", b"a \r\nb"),
        (b"a\x00b", b"ab"),
        (b"\r\x00\n.\r\x00\n", b"\r\n.\r\n"),
    ],
)
def test_canonical(raw: bytes, expected: bytes) -> None:
    """Lines end with CRLF; a lone CR is a blank, never a new line; NUL is gone."""
    assert canonical(raw) == expected


def test_split_entity() -> None:
    """Fields keep their folds byte for byte; the head ends at an empty line."""
    long = b"N" * 77 + b": x\r\n y\r\n"
    fields, body = split_entity(
        b"From x Mon\r\nA: 1\r\n\t2 \r\n \r\n" + long + b"B :3\r\n\r\nbody\r\n\r\nmore"
    )
    assert fields == [b"A: 1\r\n\t2 \r\n", b"B:3\r\n"]
    assert body == b"body\r\n\r\nmore"
    assert split_entity(b"\r\nonly body") == ([], b"only body")
    assert split_entity(b"A: 1") == ([b"A: 1\r\n"], b"")
    assert split_entity(b"From x") == ([], b"")


@pytest.mark.parametrize("line", [b"no field here", b": x", b"b\xc3\xa9: 4", b"From y: z", b"> quoted: no"])
def test_the_head_ends_before_what_is_no_field(line: bytes) -> None:
    """As it does for the parser that decides: no text of the author is lost, no field is seen by one of both only."""
    content = b"A: 1\r\n" + line + b"\r\nB: 2\r\n\r\nbody\r\n"
    fields, body = split_entity(content)
    assert fields == [b"A: 1\r\n"]
    assert body == line + b"\r\nB: 2\r\n\r\nbody\r\n"
    mail = content.replace(b"\r\n", b"\n")
    head, start = read_head(mail)
    rest = mail[start:]
    assert [name for name, _ in head.fields] == ["A"]
    assert rest == body.replace(b"\r\n", b"\n")


def test_fields() -> None:
    """A field is found in any letter case, unfolded, and replaced where it stood."""
    fields = [b"A: 1\r\n 2\r\n", b"B: x\r\n", b"a: 3\r\n"]
    assert field_value(fields, "a") == "1 2"
    assert field_value(fields, "c") == ""
    assert with_field(fields, "A", "9") == [b"A: 9\r\n", b"B: x\r\n"]
    assert with_field(fields, "C", "9") == [*fields, b"C: 9\r\n"]
    assert field_name(b"X-Y: 1\r\n") == "x-y"
    assert join_entity(fields, b"z") == b"A: 1\r\n 2\r\nB: x\r\na: 3\r\n\r\nz"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"", ("text/plain", {})),
        (b"Text/Plain", ("text/plain", {})),
        (b'text/plain; charset="ISO-2022-JP"', ("text/plain", {"charset": "ISO-2022-JP"})),
        (
            b"text/plain;\r\n charset=utf-8; format=flowed",
            ("text/plain", {"charset": "utf-8", "format": "flowed"}),
        ),
        (b'multipart/mixed; boundary="a;b=\\"c\\""', ("multipart/mixed", {"boundary": 'a;b="c"'})),
    ],
)
def test_content_type(value: bytes, expected: tuple[str, dict[str, str]]) -> None:
    """Type and parameters are read from the first Content-Type; without one it is plain text."""
    assert content_type([b"Content-Type: " + value + b"\r\n"]) == expected


@given(st.binary(max_size=500), st.sampled_from(["base64", "quoted-printable", "8bit", ""]))
def test_transfer_round_trip(content: bytes, encoding: str) -> None:
    """What is encoded and decoded again is the same text, and its lines are short."""
    text = canonical(content).replace(b" \r\n", b"\r\n")
    encoded = encode_transfer(encoding, text)
    assert decode_transfer(encoding, encoded) == text
    if encoding in {"base64", "quoted-printable"}:
        assert encoded.isascii()
        assert all(len(line) <= 76 for line in encoded.split(b"\r\n"))
        assert encoded.count(b"\n") == encoded.count(b"\r\n")


def test_unknown_transfer_encoding() -> None:
    """An encoding that nobody knows is left alone; damaged base64 is read as far as it goes or not at all."""
    assert decode_transfer("x-uuencode", b"abc") is None
    assert decode_transfer("base64", b"YQ") == b"a"
    assert decode_transfer("base64", b"Y") is None
    assert transfer_encoding([b"Content-Transfer-Encoding: BASE64 (why)\r\n"]) == "base64"


MULTIPART = b"preamble\r\n--x\r\n\r\none\r\n--xy\r\n--x  \r\nA: 1\r\n\r\ntwo\r\n--x--\r\nepilogue\r\n--x\r\n"


def test_split_multipart() -> None:
    """Parts stand between delimiter lines; what only begins like one is text, and the rest is kept around them."""
    parts, around = split_multipart(MULTIPART, "x")
    assert parts == [b"\r\none\r\n--xy", b"A: 1\r\n\r\ntwo"]
    assert around == [b"preamble\r\n--x\r\n", b"\r\n--x  \r\n", b"\r\n--x--\r\nepilogue\r\n--x\r\n"]
    assert split_multipart(b"--x\r\n\r\nunclosed", "x") == ([b"\r\nunclosed"], [b"--x\r\n", b""])
    assert split_multipart(b"no parts", "x") == ([], [b"no parts"])


@given(st.lists(st.sampled_from([b"--x", b"--x--", b"\r\n", b"y", b" ", b"--"]), max_size=30))
def test_split_multipart_loses_nothing(pieces: list[bytes]) -> None:
    """Joined again, parts and what is around them are the body, whatever it was."""
    body = b"".join(pieces)
    parts, around = split_multipart(body, "x")
    assert len(around) == len(parts) + 1
    joined = around[0] + b"".join(part + after for part, after in zip(parts, around[1:], strict=True))
    assert joined == body
