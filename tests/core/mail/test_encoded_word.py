"""Header fields of every form that mail programs write, as tables of cases."""

from __future__ import annotations

import pytest

from mailbot.core.mail.encoded_word import decode_header
from tests.drawing import given, st


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain", "plain"),
        ("=?utf-8?B?6LOb5oiQ?=", "賛成"),
        ("Re: =?ISO-2022-JP?B?GyRCOz9ALhsoQg==?= (x)", "Re: 賛成 (x)"),
        ("=?iso-2022-jp?B?GyRCJCI=?=\r\n =?iso-2022-jp?B?JCQbKEI=?=", "あい"),  # no escape at the seam
        ("=?utf-8?B?6LOb5g==?= =?UTF-8?B?iJA=?=", "賛成"),  # a character split between words
        ("=?shift_jis?Q?=8E^=90=AC?=", "賛成"),
        ("=?utf-8?q?a_b=3Fc?d?=", "a b?c?d"),
        ("=?utf-8*ja?Q?x?=", "x"),
        ("=?utf-8?Q?a?= =?iso-2022-jp?B?GyRCJCIbKEI=?= b", "aあ b"),
        ('"=?utf-8?B?6LOb5oiQ?=" <a@b>', '"賛成" <a@b>'),
        ("=?utf-8?X?abc?=", "=?utf-8?X?abc?="),
        ("=?utf-8?B?6LOb5oiQ", "=?utf-8?B?6LOb5oiQ"),
        ("=?utf-8?B?6LOb5oiQ?", "=?utf-8?B?6LOb5oiQ?"),
        ("=?punycode?Q?abc-?=", "abc-"),
        (b"\x8e^\x90\xac", "賛成"),
        ("賛成", "賛成"),
        (b"\x1b$B;?@.\x1b(B", "賛成"),
        ("\udce8\udcb3\udc9b", "賛"),
        ("=?utf-8?q?x=0D=0ABcc:_evil=40x?=", "x  Bcc: evil@x"),
        ("x\r\nBcc: evil@x", "x Bcc: evil@x"),
        ("x\u2028Bcc\x85B\x0bB\x1cB\0y", "x Bcc B B B y"),
    ],
)
def test_header_words(value: str | bytes, text: str) -> None:
    """Header words are decoded one charset at a time, joined where they were split, kept on one line."""
    assert decode_header(value) == text


@given(st.text() | st.binary())
def test_decode_header_gives_one_printable_line(value: str | bytes) -> None:
    """No header value raises, and none brings a line end or a control character along."""
    text = decode_header(value)
    assert len(text.splitlines()) <= 1
    assert "\0" not in text
    text.encode()
