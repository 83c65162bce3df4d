"""A stranger's field leaves in the form that a header may have, and says the same."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.headerregistry import Address

import pytest

from mailbot.core.mail.mended_field import mended_field

YAMADA = Address("山田 太郎", addr_spec="yamada@city.nagano.example.jp")
BARE = Address("", addr_spec="sato@city.ueda.example.jp")


def addresses(value: bytes, name: bytes = b"To") -> list[Address]:
    field = mended_field(name + b": " + value + b"\r\n")
    assert field.isascii()
    assert max(len(line) for line in field.split(b"\r\n")) <= 998
    return list(message_from_bytes(field + b"\r\n", policy=policy.default)[name.decode()].addresses)


@pytest.mark.parametrize("charset", ["utf-8", "cp932", "iso2022_jp"])
@pytest.mark.parametrize(
    "value",
    [
        "山田 太郎 <yamada@city.nagano.example.jp>, sato@city.ueda.example.jp",
        "山田 太郎<yamada@city.nagano.example.jp>,sato@city.ueda.example.jp",
        '"山田 太郎"<yamada@city.nagano.example.jp>, <sato@city.ueda.example.jp>',
        "yamada@city.nagano.example.jp (山田 太郎), sato@city.ueda.example.jp",
        "情報政策部会: 山田 太郎 <yamada@city.nagano.example.jp>, sato@city.ueda.example.jp;",
    ],
)
def test_raw_japanese_beside_an_address(value: str, charset: str) -> None:
    """A name in raw Japanese becomes encoded words; the address beside it stays one that Reply-all reaches."""
    assert addresses(value.encode(charset)) == [YAMADA, BARE]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("会員各位:;", []),
        ("会員各位", []),
        ("山田@city.nagano.example.jp, sato@city.ueda.example.jp", [BARE]),
        ("市役所 <a@日本.example.jp>", [Address("市役所", addr_spec="a@xn--wgv71a.example.jp")]),
        ('"佐藤, 花子" <a@b.example.jp>', [Address("佐藤, 花子", addr_spec="a@b.example.jp")]),
        ("会議室 <a@b.example.jp", [Address("会議室", addr_spec="a@b.example.jp")]),
    ],
)
def test_what_is_no_common_mailbox(value: str, expected: list[Address]) -> None:
    """A group stays a group, and an address that cannot leave names nobody else (RFC 6857)."""
    assert addresses(value.encode()) == expected


def test_many_addresses_on_one_line() -> None:
    """A line of addresses that SMTP cannot carry is folded between them, with their encoded names as they were."""
    word = b"=?iso-2022-jp?B?GyRCOzNFRBsoQg==?="
    glued = b",".join(b"m%03d@city.example.jp" % n for n in range(90))
    assert [a.addr_spec for a in addresses(glued)] == [f"m{n:03d}@city.example.jp" for n in range(90)]
    named = b", ".join(word + b" <m%03d@city.example.jp>" % n for n in range(90))
    assert addresses(named) == [Address("山田", addr_spec=f"m{n:03d}@city.example.jp") for n in range(90)]
    quoted = b",".join(b'"a, b" <m%03d@city.example.jp>' % n for n in range(90))
    assert addresses(quoted) == [Address("a, b", addr_spec=f"m{n:03d}@city.example.jp") for n in range(90)]


def test_long_references() -> None:
    """References that a program neither folded nor parted keep every id: threads hang on them."""
    ids = [b"<%d.reply@mail.example.jp>" % n for n in range(200)]
    for glue in (b"", b" "):
        field = mended_field(b"References: " + glue.join(ids) + b"\r\n")
        assert field.partition(b":")[2].split() == ids


def test_a_long_subject_in_encoded_words() -> None:
    """Encoded words on one line of thousands of octets are folded, not encoded again."""
    field = mended_field(b"Subject: " + b" ".join([b"=?utf-8?B?5Lu25ZCN?="] * 80) + b"\r\n")
    assert message_from_bytes(field, policy=policy.default)["Subject"] == "件名" * 80


def test_a_file_name_of_raw_bytes() -> None:
    """A parameter keeps its name and its quotes, and the others their values."""
    field = mended_field('Content-Type: text/plain;charset=utf-8;name="見積 書.txt"\r\n'.encode())
    assert field.startswith(b'Content-Type: text/plain;charset=utf-8;name="=?utf-8?B?')
    assert field.endswith(b'?="\r\n')


def test_a_sound_field_stays_as_it_is() -> None:
    """What may leave keeps its bytes, folds and all."""
    field = b"To: a@b.jp,\r\n\t=?iso-2022-jp?B?GyRCOzNFRBsoQg==?= <c@d.jp>\r\n"
    assert mended_field(field) == field


@pytest.mark.parametrize(
    "value", ["(" * 9_000, "<" * 9_000, '"' * 9_000, "あ," * 9_000, "あ:" * 900, "あ<(" * 900]
)
def test_hostile_values(value: str) -> None:
    """Whatever stands in the field, what leaves is one field of short lines (promises.md attack 6)."""
    for name in ("To", "References", "Content-Type", "X-Other"):
        field = mended_field(f"{name}: {value}\r\n".encode())
        assert field.isascii()
        assert all(line.startswith(b" ") for line in field.split(b"\r\n")[1:-1])
        assert max(len(line) for line in field.split(b"\r\n")) <= 998
