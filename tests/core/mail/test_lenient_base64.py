"""Base64 as mail has it, at once and bit by bit."""

from __future__ import annotations

import pytest

from mailbot.core.mail import lenient_base64
from mailbot.core.mail.lenient_base64 import base64_pieces, from_base64
from tests.drawing import given, st


@pytest.mark.parametrize(
    ("content", "whole"),
    [(b"YQ", b"a"), (b"YQ==YWI=\nYWJj", b"aababc"), (b"Y W-I\xff=", b"ab"), (b"YWJjZ", b"abc"), (b"=", b"")],
)
def test_base64_as_mail_has_it(content: bytes, whole: bytes) -> None:
    """Missing padding, padding in the middle and foreign characters lose no byte."""
    assert from_base64(content) == whole


@given(st.text("AbYQ=\n-", max_size=40).map(str.encode), st.integers(1, 9))
def test_base64_is_the_same_bit_by_bit(content: bytes, at_once: int) -> None:
    """However a file is cut to be decoded, it has the bytes that it has at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lenient_base64, "_BASE64_AT_ONCE", at_once)
        assert b"".join(base64_pieces(b"==" + content + b"==", 2, 2 + len(content))) == from_base64(content)
