"""Reading a complaint (RFC 5965)."""

from __future__ import annotations

import time

import pytest

from mailbot.core.bounces.complaint import read_complaint
from mailbot.core.mail.message import parse

TOKEN = "2z" + "0123456789abcdef"


def arf(report: str, returned: str, *, declared: str = "message/feedback-report") -> bytes:
    """Return a report of abuse."""
    return (
        "From: feedback@provider.example.com\r\nSubject: FW: hello\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/report; report-type=feedback-report; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: text/plain\r\n\r\nThis is an abuse report.\r\n"
        f"--b\r\nContent-Type: {declared}\r\n\r\n{report}\r\n"
        f"--b\r\nContent-Type: message/rfc822\r\n\r\n{returned}\r\n--b--\r\n"
    ).encode()


def test_our_tokens_name_the_copy_where_the_provider_does_not() -> None:
    """The return path and List-Unsubscribe of the mail that comes back hold them."""
    report = "Feedback-Type: abuse\r\nOriginal-Rcpt-To: <redacted>\r\nVersion: 1"
    returned = (
        f"Return-Path: <security-bounces+{TOKEN}@ml.example.jp>\r\n"
        f"List-Unsubscribe: <mailto:security-leave+{TOKEN}@ml.example.jp>\r\nSubject: hello\r\n\r\nx"
    )
    complaint = read_complaint(parse(arf(report, returned)))
    assert complaint is not None
    assert (complaint.kind, complaint.recipient) == ("abuse", None)
    assert complaint.bounce_tokens == (TOKEN,)
    assert complaint.leave_tokens == (("security", TOKEN),)


def test_a_recipient_that_is_stated() -> None:
    """Some providers name him."""
    complaint = read_complaint(parse(arf("Feedback-Type: Fraud\r\nOriginal-Rcpt-To: <a@b.jp>", "x")))
    assert complaint is not None
    assert (complaint.kind, complaint.recipient) == ("fraud", "a@b.jp")


def test_a_report_without_its_own_part_is_one() -> None:
    """The type of the whole mail says so."""
    assert read_complaint(parse(arf("x", "y", declared="text/plain"))) is not None


@pytest.mark.parametrize("raw", [b"", b"Subject: abuse\r\n\r\nFeedback-Type: abuse\r\n"])
def test_another_mail_is_none(raw: bytes) -> None:
    """Words alone make no complaint."""
    assert read_complaint(parse(raw)) is None


def test_hostile_complaints_are_quick() -> None:
    """A megabyte of what looks like tokens costs little."""
    start = time.process_time()
    for unit in ("bounce+0123456789abcdefg@", "a" * 31 + "-leave+", "bounce+", "Feedback-Type:"):
        complaint = read_complaint(parse(arf(unit * 20_000, unit * 20_000)))
        assert complaint is not None
        assert len(complaint.bounce_tokens) <= 50
    assert time.process_time() - start < 2
