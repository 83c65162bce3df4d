"""The decoder of ballot.md section 5 as tables of cases."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mailbot.core.mail import japanese
from mailbot.core.mail.japanese import Decoded, decode
from tests.drawing import given, st


def jis(text: str) -> bytes:
    """Encode as Windows does under the label iso-2022-jp (CP50220), vendor characters included."""
    out = b""
    for character in text:
        code = character.encode("cp932")
        if len(code) == 1 and code[0] < 0x80:
            out += code
        elif len(code) == 1:
            out += b"\x1b(I" + bytes([code[0] - 0x80]) + b"\x1b(B"
        else:
            lead, trail = code[0] - (0x40 if code[0] >= 0xE0 else 0), code[1]
            first = (lead - 0x81) * 2 + 0x21 + (trail >= 0x9F)
            second = trail - (0x7E if trail >= 0x9F else 0x1F if trail < 0x7F else 0x20)
            out += b"\x1b$B" + bytes([first, second]) + b"\x1b(B"
    return out


VENDOR = "①Ⅰ㈱髙№℡～－∥"
PLAIN = "利用していない（ご意見）ソ表十"


@pytest.mark.parametrize(
    ("content", "declared", "text", "charset"),
    [
        (jis("Q1 ② ㈱髙"), "iso-2022-jp", "Q1 ② ㈱髙", "iso-2022-jp"),
        (jis(VENDOR), "csISO2022JP", VENDOR, "iso-2022-jp"),
        (b"\x1b$@;?@.\x1b(J 2", "ISO-2022-JP", "賛成 2", "iso-2022-jp"),
        (b"\x1b(IC=D\x1b(B", "iso-2022-jp", "ﾃｽﾄ", "iso-2022-jp"),
        (b"\x0eC=D\x0f ok \x1b$B;?\x1b(B", "iso-2022-jp", "ﾃｽﾄ ok 賛", "iso-2022-jp"),
        (b"\xc3\xbd\xc4 \x1b$B;?\x1b(B", "iso-2022-jp", "ﾃｽﾄ 賛", "iso-2022-jp"),
        (b"\x1b$(D0!\x1b(B\x1b$B;?\x1b(B", "iso-2022-jp", "丂賛", "iso-2022-jp"),
        (b"\x1b$B;?\n@.\x1b(B", "iso-2022-jp", "賛\n成", "iso-2022-jp"),
        ((PLAIN + VENDOR).encode("cp932"), "shift_jis", PLAIN + VENDOR, "cp932"),
        ((PLAIN + VENDOR).encode("cp932"), "x-sjis", PLAIN + VENDOR, "cp932"),
        ((PLAIN + VENDOR).encode("cp932"), '"Windows-31J"', PLAIN + VENDOR, "cp932"),
        ("賛成〜−".encode("euc_jp"), "euc-jp", "賛成～－", "euc-jp"),
        (b"\xad\xa2\xad\xea\xfc\xe2\x8f\xf4\xfd\x8e\xca\x8f\xb0\xa1", "EUC-JP", "②㈱髙\ufa2dﾊ丂", "euc-jp"),
        (b"\x8f\xf3\xf3\x8f\xf4\xac\x8f\xf4\xfe", "euc-jp", "ⅰ№黑", "euc-jp"),
        (jis(PLAIN), None, PLAIN, "iso-2022-jp"),
        (jis(PLAIN), "us-ascii", PLAIN, "iso-2022-jp"),
        (PLAIN.encode(), None, PLAIN, "utf-8"),
        (PLAIN.encode(), "us-ascii", PLAIN, "utf-8"),
        (PLAIN.encode("cp932"), None, PLAIN, "cp932"),
        ("ﾃｽﾄ".encode("cp932"), None, "ﾃｽﾄ", "cp932"),
        (b"\xef\xbb\xbfQ1 2", None, "Q1 2", "us-ascii"),
        ("漢字".encode("gb18030"), "gb2312", "漢字", "gb18030"),
        ("臺灣".encode("big5"), "Big5", "臺灣", "big5hkscs"),
        ("한국".encode("euc_kr"), "ks_c_5601-1987", "한국", "cp949"),
        ("café".encode("latin-1"), "iso-8859-1", "café", "cp1252"),
        ("“café”".encode("cp1252"), "windows-1252", "“café”", "cp1252"),
        ("Привет".encode("koi8-r"), "koi8-r", "Привет", "koi8_r"),
    ],
)
def test_labels_that_hold(content: bytes, declared: str | None, text: str, charset: str) -> None:
    """Each charset of the table is read with its vendor characters, under each of its names."""
    assert decode(content, declared) == Decoded(text, charset, clean=True)


@pytest.mark.parametrize(
    "label", ["iso-2022-jp", "shift_jis", "euc-jp", "utf-8", "iso-8859-1", "x-unknown", None]
)
@pytest.mark.parametrize("encode", [str.encode, lambda text: text.encode("cp932"), jis])
def test_labels_that_lie(label: str | None, encode: Callable[[str], bytes]) -> None:
    """Bytes that contradict their label are read by the one charset that fits."""
    text = "【Q1回答】[ ２ ]　利用していない"
    decoded = decode(encode(text), label)
    assert (decoded.text, decoded.clean) == (text, True)


@pytest.mark.parametrize(
    ("content", "declared"),
    [
        ("はい".encode("euc_jp"), "utf-8"),  # also whole in CP932, as half-width kana
        ("はい".encode("euc_jp"), None),
        (b"\x1b$B;?@\x1b(B", "iso-2022-jp"),
        (b"\x1b$B;?\xff\xff\x1b(B", "iso-2022-jp"),
        (b"\x1b$B)!\x1b(B", "iso-2022-jp"),
        (b"\x1b[31m\x1b$B;?\x1b(B", "iso-2022-jp"),
        (b"\xff\xfe\x00\x80 1", "utf-8"),
        (b"\x82", "shift_jis"),
        (b"\x80\xff\xa0", None),
        (b"\xa4\xff", "euc-jp"),
    ],
)
def test_what_no_table_reads_is_marked(content: bytes, declared: str | None) -> None:
    """Damaged bytes, and bytes with two meanings, are never called clean and never vanish."""
    decoded = decode(content, declared)
    assert not decoded.clean
    assert decoded.text


@pytest.mark.parametrize(
    "label", ["punycode", "idna", "zlib_codec", "rot13", "utf-7", "unicode_escape", "hex", "\0"]
)
def test_codecs_that_are_no_charsets_are_unreachable(label: str) -> None:
    """A label outside the allow-list counts as no label."""
    assert decode(b"+ADw-script+AD4- \\u0041 abc-", label).text == "+ADw-script+AD4- \\u0041 abc-"


def test_every_allowed_label_has_its_codec() -> None:
    """No label of the list can raise a LookupError."""
    for label in japanese._LABELS:
        assert decode(b"\xa4\xcf abc \x1b", label).text


JAPANESE = st.text(st.sampled_from("abc019 \nあんアヴー亜腕弌熙。、（）①㈱Ⅷ髙ﾊﾟ～－∥〇○"))


@given(JAPANESE)
def test_japanese_survives_each_charset(text: str) -> None:
    """What a client encodes in a charset of the table comes back as it was."""
    assert decode(jis(text), "iso-2022-jp").text == text
    assert decode(text.encode("cp932"), "shift_jis").text == text
    assert decode(text.encode(), "utf-8").text == text


@given(st.text(st.sampled_from("abc019 \nあんアヴー亜腕弌熙。、（）ﾊ○")))
def test_euc_survives(text: str) -> None:
    """What a client encodes in EUC-JP comes back as it was."""
    assert decode(text.encode("euc_jp"), "euc-jp").text == text


@given(
    st.binary(max_size=200), st.sampled_from(["iso-2022-jp", "shift_jis", "euc-jp", "utf-8", "hz", "x", None])
)
def test_decode_never_raises(content: bytes, declared: str | None) -> None:
    """Any bytes under any label give text, and none when and only when there were none."""
    decoded = decode(content + b"x", declared)
    assert decoded.text
