"""Whether a mail was sent by a machine."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from mailbot.core.mail.automatic import absent_until, automatic, is_notice, seems_automatic
from mailbot.core.mail.message import parse

PERSON = "yamada@city.example.jp"


def reason(head: str, mail_from: str = PERSON) -> str | None:
    raw = f"From: {PERSON}\r\nSubject: x\r\n{head}\r\n\r\nbody\r\n"
    return automatic(parse(raw.encode()), mail_from)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("Auto-Submitted: auto-replied", "Auto-Submitted: auto-replied"),
        ("Auto-Submitted: auto-generated; owner-email=a@b", "Auto-Submitted: auto-generated"),
        ("AUTO-SUBMITTED: Auto-Notified (x)", "Auto-Submitted: auto-notified"),
        ("Content-Type: multipart/report; report-type=delivery-status; boundary=b", "multipart/report"),
        ("X-Autoreply: yes", "X-Autoreply"),
        ("X-Autorespond: vacation", "X-Autorespond"),
    ],
)
def test_automatic(head: str, expected: str) -> None:
    """RFC 3834's field, a report, or a responder's own mark makes a mail automatic."""
    assert reason(head) == expected


@pytest.mark.parametrize(
    "head",
    [
        "X-Other: 1",
        "Auto-Submitted: no",
        "Auto-Submitted: No (a person)",
        "Precedence: bulk",
        "Precedence: list",
        "X-Auto-Response-Suppress: All",
        "X-Autoreply: no",
        "List-Id: <desk.city.example.jp>",
    ],
)
def test_not_automatic(head: str) -> None:
    """A group address that adds Precedence, or a wish not to be answered, does not take a member's vote away."""
    assert reason(head) is None


@pytest.mark.parametrize("mail_from", ["", "<>", " "])
def test_null_sender(mail_from: str) -> None:
    """A mail that must not be answered was not sent by a person."""
    assert reason("X-Other: 1", mail_from) == "null envelope sender"


@pytest.mark.parametrize("sender", ["MAILER-DAEMON@mx.example.jp", "postmaster@example.jp"])
def test_machines(sender: str) -> None:
    """A mail server speaks for itself, whether in From or in the envelope."""
    assert reason("X-Other: 1", sender) == f"from {sender.partition('@')[0].lower()}"
    message = parse(f"From: Mail <{sender}>\r\n\r\nbody\r\n".encode())
    assert automatic(message, PERSON) == f"from {sender.partition('@')[0].lower()}"


def test_the_field_comes_first() -> None:
    """Of several reasons the sender's own word is named."""
    assert reason("Auto-Submitted: auto-replied\r\nX-Autoreply: yes", "") == "Auto-Submitted: auto-replied"


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("自動応答: 【調査S26-014】", True),
        ("自動返信：不在にしております", True),
        ("【不在】Re: 調査", True),
        ("夏季休暇のお知らせ", True),
        ("Automatic reply: survey", True),
        ("Out of Office: survey", True),
        ("Re: 【調査S26-014】LG.JPドメインの利用", False),
        ("不在者投票について", False),
        ("vacationing", False),
        ("", False),
    ],
)
def test_subject_hint(subject: str, expected: bool) -> None:
    """Words of the subject are a hint for the reader of the reply, and no reason by themselves."""
    assert seems_automatic(subject) is expected
    assert reason(f"X-Subject: {subject}") is None


@pytest.mark.parametrize(
    "subject",
    [
        "自動返信: 点検",
        "【自動返信】点検",
        "（自動応答）",
        "不在通知",
        "不在のお知らせ",
        "Automatic reply: x",
        "Out of the office",
        "Auto-Reply",
    ],
)
def test_the_beginning_of_a_note(subject: str) -> None:
    """A program that says nowhere else that it is one begins its Subject so."""
    assert is_notice(subject)


@pytest.mark.parametrize(
    "subject",
    [
        "自動返信の設定について",
        "職員の休暇の取扱い",
        "不在者投票について",
        "担当者不在時の連絡先",
        "自動応答システムの導入",
        "vacation",
        "",
    ],
)
def test_what_is_only_about_absence(subject: str) -> None:
    """A post about vacations, absent voters or answering machines is a post."""
    assert not is_notice(subject)


NOW = datetime(2026, 6, 18, 9, 0, tzinfo=ZoneInfo("Asia/Tokyo"))


@pytest.mark.parametrize(
    ("subject", "text", "until"),
    [
        ("自動応答", "6月25日（木）まで不在にしております。", NOW.replace(day=25, hour=23, minute=59)),
        (
            "自動応答",
            "休暇期間：２０２６年６月１８日～２０２６年６月２５日",
            NOW.replace(day=25, hour=23, minute=59),
        ),
        ("自動応答", "6/18(木)から6/25(木)の間、休みます。", NOW.replace(day=25, hour=23, minute=59)),
        ("自動応答", "ただいま不在にしております。", NOW + timedelta(days=7)),
        ("不在通知", "お急ぎの方は係長まで。", NOW + timedelta(days=7)),
        ("Automatic reply", "I am out of the office.", NOW + timedelta(days=7)),
        ("自動応答", "お問い合わせを受け付けました。3営業日のうちにお答えします。", None),
        ("受信確認", "受け付けました。\n> 貴団体に特別休暇はありますか\n★★ 回答欄\n休暇", None),
    ],
)
def test_until_when_somebody_is_away(subject: str, text: str, until: datetime | None) -> None:
    """To the day that is named, a week where none is; who only confirms each mail is not away, whatever he quotes of ours."""
    assert absent_until(subject, text, NOW) == until
