"""Reading a bounce."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from mailbot.core.bounces.bounce import RecipientReport, read_bounce
from mailbot.core.bounces.complaint import read_complaint
from mailbot.core.mail.message import parse
from tests.drawing import given, st

OWN = Path(__file__).resolve().parents[2] / "bounces"  # written by us, after the forms of many makers
EXPECTED = json.loads((OWN / "expected.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_each_makers_form(name: str) -> None:
    """Who, for good or not, lost or only late, and why; nothing where nothing failed."""
    reports = read_bounce(parse((OWN / f"{name}.eml").read_bytes()))
    assert [
        {
            "address": report.address,
            "permanent": report.permanent,
            "failed": report.failed,
            "reason": report.reason,
        }
        for report in reports
    ] == EXPECTED[name]


def test_every_file_has_its_expectation() -> None:
    """A form without one would be tried by nobody."""
    assert {path.stem for path in OWN.glob("*.eml")} == set(EXPECTED)


def test_a_complaint_is_told_from_a_bounce() -> None:
    """Somebody pressed "spam" (RFC 5965): that is no failure."""
    complaints = [name for name in EXPECTED if read_complaint(parse((OWN / f"{name}.eml").read_bytes()))]
    assert complaints == ["not-complaint"]


def dsn(status: str) -> tuple[RecipientReport, ...]:
    raw = (
        "From: MAILER-DAEMON@mx.example.jp\r\nSubject: Undelivered Mail\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: text/plain\r\n\r\n<other@example.jp>: 550 5.7.1 in the prose\r\n"
        f"--b\r\nContent-Type: message/delivery-status\r\n\r\n{status}\r\n"
        "--b\r\nContent-Type: text/rfc822-headers\r\n\r\nSubject: x\r\n--b--\r\n"
    )
    return read_bounce(parse(raw.encode()))


def plain(text: str, sender: str = "MAILER-DAEMON@mx.example.jp") -> tuple[RecipientReport, ...]:
    subject = "failure notice" if sender.startswith("MAILER-DAEMON") else "Re: the meeting"
    return read_bounce(parse(f"From: {sender}\r\nSubject: {subject}\r\n\r\n{text}\r\n".encode()))


POSTFIX = """Reporting-MTA: dns; mx.example.jp\r
X-Postfix-Queue-ID: 1234\r
Arrival-Date: Mon, 22 Jun 2026 10:00:00 +0900 (JST)\r
\r
Final-Recipient: rfc822; yamada@city.example.jp\r
Original-Recipient: rfc822;yamada@city.example.jp\r
Action: failed\r
Status: 5.1.1\r
Remote-MTA: dns; mail.city.example.jp\r
Diagnostic-Code: smtp; 550 5.1.1 <yamada@city.example.jp>: Recipient address\r
    rejected: User unknown\r
"""


def test_failed_for_good() -> None:
    """A report of RFC 3464 names the recipient, the status and the remote server's words."""
    assert dsn(POSTFIX) == (
        RecipientReport(
            "yamada@city.example.jp",
            "5.1.1",
            "failed",
            "550 5.1.1 <yamada@city.example.jp>: Recipient address rejected: User unknown",
            permanent=True,
            reason="unknown",
        ),
    )


@pytest.mark.parametrize(
    ("action", "status", "permanent"),
    [
        ("failed", "5.1.1", True),
        ("Failed (x)", "5.2.2 (mailbox full)", True),
        ("delayed", "4.4.1", False),
        ("failed", "4.4.7", False),
        ("delayed", "5.1.1", False),
        ("delivered", "2.0.0", False),
        ("relayed", "2.0.0", False),
        ("failed", "nonsense", False),
    ],
)
def test_permanent(action: str, status: str, permanent: bool) -> None:
    """Only an action of failed with a status of 5 is for good; a 4, a delay and a success never are."""
    [report] = dsn(
        f"Reporting-MTA: dns; x\r\n\r\nFinal-Recipient: rfc822; a@b.jp\r\nAction: {action}\r\nStatus: {status}"
    )
    assert report.permanent is permanent
    assert report.address == "a@b.jp"


def test_several_recipients() -> None:
    """Each recipient has a report; the group about the whole message is none."""
    group = "Final-Recipient: rfc822; %s@b.jp\r\nAction: %s\r\nStatus: %s"
    reports = dsn(
        "Reporting-MTA: dns; x\r\n\r\n"
        + group % ("one", "failed", "5.1.1")
        + "\r\n\r\n"
        + group % ("two", "delayed", "4.2.2")
    )
    assert [(report.address, report.permanent) for report in reports] == [
        ("one@b.jp", True),
        ("two@b.jp", False),
    ]


@pytest.mark.parametrize(
    ("text", "address", "status", "permanent"),
    [
        ("Hi. This is qmail.\r\n<a@b.jp>:\r\n550 5.1.1 no mailbox here", "a@b.jp", "5.1.1", True),
        ("<a@b.jp>: host mx said: 550 User unknown", "a@b.jp", "5.1.1", True),
        ("<a@b.jp>: 450 4.2.0 greylisted", "a@b.jp", "4.2.0", False),
        ("<a@b.jp>: 451 try again", "a@b.jp", None, False),
        ("no such user here", None, "5.1.1", True),
        ("宛先不明のため配送できませんでした <a@b.jp>", "a@b.jp", "5.1.1", True),
    ],
)
def test_prose(text: str, address: str | None, status: str | None, permanent: bool) -> None:
    """A mail server's bounce without a report is read by the first line that states a code."""
    [report] = plain(text)
    assert (report.address, report.status, report.permanent) == (address, status, permanent)


@pytest.mark.parametrize(
    "text",
    [
        "ただいま休暇中です。内線は5.1.1です。",
        "I am away until 5.1.2026",
        "no such user here",
        "<a@b.jp>: 550 x",
    ],
)
def test_a_person_is_no_bounce(text: str) -> None:
    """A vacation note that lands at the return path, or a person's mail, reports nothing."""
    assert plain(text, "yamada@city.example.jp") == ()


@pytest.mark.parametrize("text", ["nothing here", "Version 12.5.1.1.3", "at 10.5.1", "1550 members"])
def test_no_code(text: str) -> None:
    """Numbers that only look like a status are none."""
    assert plain(text) == ()


@given(
    st.lists(
        st.sampled_from(
            ["Final-Recipient:", "Status:", "5.1.1", ";", "\r\n", " ", "Action: failed", "\x00", "あ"]
        )
    )
)
def test_never_raises(pieces: list[str]) -> None:
    """Whatever a bounce holds, reading it ends with reports or none."""
    dsn("".join(pieces))
    plain("".join(pieces))


@pytest.mark.parametrize(
    "unit",
    [
        "<",
        "<a@",
        "user ",
        "mailbox ",
        "a@b.jp ",
        "<a@b.jp>: 550 5.1.1 user unknown\r\n",
        "user a@b.jp\r\n",
        "5.1.1 ",
        "user is " * 20 + "a@b.jp\r\n",
        "recipient: a@b.jp\r\n",
        "メールボックス",
        "Final-Recipient: rfc822; a@b.jp\r\n",
        "Final-Recipient:\r\n",
        "original message\r\n",
        "+2B",
    ],
)
def test_hostile_bounces_are_quick(unit: str) -> None:
    """A megabyte of anything costs little, in prose and in a report, and names at most 200 recipients."""
    text = unit * (1_000_000 // len(unit))
    start = time.process_time()
    assert len(plain(text)) <= 200
    assert len(dsn(text)) <= 200
    assert len(dsn("\r\n\r\n".join(["Final-Recipient: rfc822; a@b.jp\r\nStatus: 5.1.1"] * 20_000))) <= 200
    assert time.process_time() - start < 2
