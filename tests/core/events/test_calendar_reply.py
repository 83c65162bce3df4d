"""What calendar programs answer (core/events/calendar_reply.py): the shapes of real ones, and what strangers may send."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import date
from datetime import time as clock
from zoneinfo import ZoneInfo

import pytest

from mailbot.core.events.calendar_reply import (
    CalendarReply,
    is_outdated,
    read_calendar_reply,
    uid_key_and_token,
)
from mailbot.core.events.event import Event, calendar_answers
from mailbot.core.mail.message import parse
from mailbot.core.mail.token import calendar_token, read_calendar_token
from mailbot.core.members.audience import Selector
from tests.drawing import given, st

TOKYO = ZoneInfo("Asia/Tokyo")
UID = "n26-07.1h2abcdefgh0123456@kaitou.example.jp"
EVENT = Event(
    key="N26-07",
    title="第1回トピックスセミナー",
    date=date(2026, 10, 22),
    starts=clock(10),
    ends=clock(15),
    place="有明",
    audience=Selector(everyone=True),
    notices=(),
)
GOOGLE = f"""\
BEGIN:VCALENDAR
PRODID:-//Google Inc//Google Calendar 70.9054//EN
VERSION:2.0
CALSCALE:GREGORIAN
METHOD:REPLY
BEGIN:VEVENT
DTSTART:20261022T010000Z
DTEND:20261022T060000Z
DTSTAMP:20260902T003011Z
ORGANIZER;CN=全国協議会 事務局:mailto:token@kaitou.example.jp
UID:{UID}
ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED;CN=Taro Y
 amada;X-NUM-GUESTS=1:mailto:taro@gmail.com
SEQUENCE:1
STATUS:CONFIRMED
SUMMARY:第1回トピックスセミナー
COMMENT:途中で退席します\\, よろしくお願いします\\n山田
END:VEVENT
END:VCALENDAR
"""
EXCHANGE = f"""\
BEGIN:VCALENDAR
METHOD:REPLY
PRODID:Microsoft Exchange Server 2010
VERSION:2.0
BEGIN:VTIMEZONE
TZID:Tokyo Standard Time
BEGIN:STANDARD
DTSTART:16010101T000000
TZOFFSETFROM:+0900
TZOFFSETTO:+0900
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
ATTENDEE;PARTSTAT=TENTATIVE;CN="山田; 太郎":MAILTO:Yamada@City.Nagano.lg.jp
COMMENT;LANGUAGE=ja-JP:
UID:{UID}
SUMMARY;LANGUAGE=ja-JP:仮の予定: 第1回トピックスセミナー
DTSTART;TZID=Tokyo Standard Time:20261022T100000
DTEND;TZID=Tokyo Standard Time:20261022T150000
CLASS:PUBLIC
PRIORITY:5
DTSTAMP:20260902T003011Z
TRANSP:OPAQUE
STATUS:CONFIRMED
SEQUENCE:0
X-MICROSOFT-CDO-APPT-SEQUENCE:0
END:VEVENT
END:VCALENDAR
"""
APPLE = f"""\
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Apple Inc.//Mac OS X 14.0//EN
METHOD:REPLY
BEGIN:VEVENT
UID:{UID}
DTSTAMP:20260902T003011Z
DTSTART;VALUE=DATE:20261022
ATTENDEE;CUTYPE=INDIVIDUAL;PARTSTAT=DECLINED:mailto:someone.else@example.net
END:VEVENT
END:VCALENDAR
"""


def mail(calendar: str, *, root: bool = False) -> bytes:
    """Return a mail with this calendar part, as base64."""
    head = 'Content-Type: text/calendar; charset="UTF-8"; method=REPLY\nContent-Transfer-Encoding: base64\n\n'
    part = head + base64.encodebytes(calendar.replace("\n", "\r\n").encode()).decode()
    if root:
        return f"From: a@example.jp\nMIME-Version: 1.0\n{part}".encode()
    return (
        "From: a@example.jp\nMIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=x\n\n"
        f"--x\nContent-Type: text/plain; charset=UTF-8\n\n承諾\n--x\n{part}\n--x--\n"
    ).encode()


@pytest.mark.parametrize("root", [False, True])
@pytest.mark.parametrize(
    ("calendar", "expected"),
    [
        (GOOGLE, ("ACCEPTED", "taro@gmail.com", "途中で退席します, よろしくお願いします\n山田", 1, 1)),
        (EXCHANGE, ("TENTATIVE", "Yamada@City.Nagano.lg.jp", "", 0, 0)),
        (APPLE, ("DECLINED", "someone.else@example.net", "", None, 0)),
    ],
    ids=["google", "exchange", "apple"],
)
def test_the_answers_of_real_programs(calendar: str, expected: tuple[object, ...], root: bool) -> None:
    """Accept, Tentative and Decline are read with UID, attendee, comment, SEQUENCE and guests."""
    reply = read_calendar_reply(parse(mail(calendar, root=root)))
    assert reply is not None
    assert (reply.method, reply.uid) == ("REPLY", UID)
    assert (reply.partstat, reply.attendee, reply.comment, reply.sequence, reply.guests) == expected


def test_a_line_folded_within_a_character_is_read() -> None:
    """Programs fold at octets, not at characters."""
    raw = GOOGLE.replace("COMMENT:途中で", "COMMENT:途").encode()
    cut = raw.index("途".encode()) + 1
    raw = raw[:cut] + b"\r\n " + raw[cut:]
    head = (
        b"From: a@example.jp\nContent-Type: text/calendar; charset=UTF-8\nContent-Transfer-Encoding: 8bit\n\n"
    )
    reply = read_calendar_reply(parse(head + raw))
    assert reply is not None
    assert reply.comment.startswith("途退席")


@pytest.mark.parametrize("method", ["REQUEST", "PUBLISH", "CANCEL", "REFRESH", ""])
def test_what_is_no_answer(method: str) -> None:
    """An invitation that somebody forwards to us, or quotes whole, is no answer."""
    assert read_calendar_reply(parse(mail(GOOGLE.replace("METHOD:REPLY", f"METHOD:{method}")))) is None


@given(st.text(alphabet='BEGINVCALENDRTUIDPSO:;="\n \\,x@.0', max_size=400))
def test_any_calendar_is_read_without_harm(text: str) -> None:
    """Whatever stands in a calendar part, reading it never raises."""
    read_calendar_reply(parse(mail(f"BEGIN:VCALENDAR\nMETHOD:REPLY\nBEGIN:VEVENT\n{text}\nEND:VEVENT\n")))


def test_the_uid_names_the_recipient() -> None:
    """The token in the UID is a ballot's, in any case of letters; without our key nobody makes one."""
    token = calendar_token(b"k" * 32, 70_001)
    assert uid_key_and_token(f"N26-07.{token.upper()}@KAITOU.example.jp", "kaitou.example.jp") == (
        "n26-07",
        token.upper(),
    )
    assert read_calendar_token((b"k" * 32,), token.upper()) == 70_001
    assert read_calendar_token((b"x" * 32,), token) is None
    assert uid_key_and_token(f"n26-07.{token}@elsewhere.example.jp", "kaitou.example.jp") is None
    assert uid_key_and_token("040000008200E00074C5B7101A82E008", "kaitou.example.jp") is None


def reply(sequence: int | None, starts: str) -> CalendarReply:
    """Return an Accept of this SEQUENCE and DTSTART."""
    return CalendarReply("REPLY", UID, "ACCEPTED", sequence=sequence, starts=starts)


@pytest.mark.parametrize(
    ("answer", "outdated"),
    [
        (reply(1, "20261022T010000Z"), False),  # the newest
        (reply(None, ""), False),  # a program that says nothing of it
        (reply(0, "20261022T010000Z"), False),  # another place since, but the same time
        (reply(0, "20261022T100000"), False),
        (reply(0, "20261023T010000Z"), True),  # another time since
        (reply(0, "20261022"), True),  # the time was undecided
        (reply(0, ""), True),
        (reply(0, "99999999"), True),
    ],
)
def test_an_answer_to_an_older_time(answer: CalendarReply, outdated: bool) -> None:
    """An older SEQUENCE is an answer to another time only where DTSTART is another one."""
    assert is_outdated(answer, EVENT, 1, TOKYO) is outdated


def test_an_answer_while_the_time_is_undecided() -> None:
    """The entry of an undecided time is a day."""
    assert not is_outdated(reply(0, "20261022"), replace(EVENT, starts=None, ends=None), 1, TOKYO)


def test_a_calendar_keeps_the_number_that_was_written_in_words() -> None:
    """Accept says one attendee and guests; number and names written before are not lost."""
    assert calendar_answers("ACCEPTED", 0, {}) == {"Q1": ("1",)}
    assert calendar_answers("ACCEPTED", 2, {}) == {"Q1": ("1",), "Q2": "3名"}
    assert calendar_answers("ACCEPTED", 2, {"Q2": "2名 山田、鈴木"}) == {"Q1": ("1",)}
    assert calendar_answers("DECLINED", 0, {}) == {"Q1": ("2",)}
    assert calendar_answers("TENTATIVE", 0, {}) == {"Q1": ("3",)}
    assert calendar_answers("DELEGATED", 0, {}) is None
