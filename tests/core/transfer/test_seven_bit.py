"""Downgrading a message for a next hop without 8BITMIME."""

from __future__ import annotations

import time
from email import message_from_bytes
from email.message import Message

import pytest

from mailbot.core.transfer.seven_bit import seven_bit, short_lines
from tests.drawing import given, st

JAPANESE = "標準化の移行時期について\r\n".encode()
MIXED = (
    b"Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    b"caf\xc3\xa9 preamble\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    + JAPANESE
    + b"--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>ascii only</p>\r\n"
    b"--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    + b"caf\xc3\xa9 and many more words that are plain\r\n\r\n--b--\r\n"
)


def leaves(content: bytes) -> list[Message]:
    return [part for part in message_from_bytes(content).walk() if not part.is_multipart()]


def payload(part: Message) -> bytes:
    found = part.get_payload(decode=True)
    assert isinstance(found, bytes)
    return found


def test_plain_ascii_is_untouched() -> None:
    """What is seven-bit already stays as it is."""
    content = b"Subject: x\r\n\r\nabc\r\n"
    assert seven_bit(content) is content


def test_one_part() -> None:
    """Japanese text becomes base64, text with a few accents quoted-printable; the head else stays."""
    japanese = seven_bit(b"A: 1\r\nContent-Transfer-Encoding: 8bit\r\nB: 2\r\n\r\n" + JAPANESE)
    assert japanese.startswith(b"A: 1\r\nContent-Transfer-Encoding: base64\r\nB: 2\r\n\r\n")
    assert payload(leaves(japanese)[0]) == JAPANESE
    accents = seven_bit(b"A: 1\r\n\r\n" + b"plain words, caf\xc3\xa9\r\n" * 3)
    assert b"Content-Transfer-Encoding: quoted-printable\r\n" in accents
    assert b"caf=C3=A9" in accents


def test_mixed() -> None:
    """Only leaves with 8-bit bytes are encoded, also inside an attached message, and containers say 7bit."""
    result = seven_bit(MIXED)
    assert result.isascii()
    assert message_from_bytes(result)["Content-Transfer-Encoding"] == "7bit"
    before, after = leaves(MIXED), leaves(result)
    assert [payload(part) for part in after] == [payload(part) for part in before]
    assert [part["Content-Transfer-Encoding"] for part in after] == ["base64", None, "quoted-printable"]
    assert seven_bit(result) == result


def test_damaged_base64_loses_no_letter() -> None:
    """A base64 part with stray bytes is folded anew, not decoded and cut."""
    content = b"Content-Transfer-Encoding: base64\r\n\r\nYWJj\x80\r\nZGVm\r\n"
    assert seven_bit(content).endswith(b"\r\n\r\nYWJjZGVm\r\n")


def test_delivery_status_is_never_encoded() -> None:
    """message/delivery-status must stay readable (RFC 3464); what cannot be carried becomes a question mark."""
    content = b"Content-Type: message/delivery-status\r\n\r\nStatus: \xe3\x81\x82\r\n"
    assert seven_bit(content) == b"Content-Type: message/delivery-status\r\n\r\nStatus: ???\r\n"


def test_short_lines() -> None:
    """A leaf with a line that SMTP cannot carry is encoded; its content stays whole."""
    text = b"x" * 5000 + b"\r\nend\r\n"
    content = b"A: 1\r\n\r\n" + text
    result = short_lines(content)
    assert max(map(len, result.split(b"\r\n"))) <= 998
    assert payload(leaves(result)[0]) == text
    folded = short_lines(b"Content-Transfer-Encoding: base64\r\n\r\n" + b"YWJj" * 1000 + b"\r\n")
    assert max(map(len, folded.split(b"\r\n"))) == 76
    assert payload(leaves(folded)[0]) == b"abc" * 1000
    multipart = (
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
        + b"p" * 2000
        + b"\r\n--b\r\n\r\none\r\n--b--\r\n"
    )
    assert max(map(len, short_lines(multipart).split(b"\r\n"))) <= 998
    assert short_lines(MIXED) is MIXED


@pytest.mark.parametrize("lines", [[998], [998, 998, 1], [1, 998], [0, 0, 998]])
def test_a_line_may_have_998_octets(lines: list[int]) -> None:
    """RFC 5322 section 2.1.1: so many stay as they are, with a line end behind them or not; one more does not."""
    for end in (b"", b"\r\n"):
        content = b"To: a@b.jp\r\n\r\n" + b"\r\n".join(b"x" * length for length in lines) + end
        longer = content.replace(b"x" * 998, b"x" * 999, 1)
        assert (short_lines(content) == content, short_lines(longer) == longer) == (True, False)


@given(
    st.lists(
        st.sampled_from([b"--b", b"--b--", b"\r\n", b"x" * 999, b"\xe3\x81\x82", b": ", b"Content-Type"])
    )
)
def test_any_body(pieces: list[bytes]) -> None:
    """Whatever the body holds, it leaves in seven bits and short lines."""
    body = b"".join(pieces) + b"\r\n"
    content = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + body
    assert short_lines(content).count(b"\n") >= body.count(b"\n")
    seven_bit(content)


def test_deep_nesting_is_quick() -> None:
    """A thousand nested multiparts and ten thousand parts end in reasonable time."""
    start = time.process_time()
    nested = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(1000)
    )
    seven_bit(nested + b"\r\n\xe3\x81\x82\r\n")
    wide = b"--b\r\n\r\n\xe3\x81\x82\r\n" * 10_000
    seven_bit(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + wide)
    assert time.process_time() - start < 1
