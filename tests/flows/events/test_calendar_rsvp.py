"""An invitation for calendar programs, and what they answer (RFC 5546, RFC 6047)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time
from typing import Any

import icalendar
import pytest

from mailbot.core.events.event import begins, rsvp_of
from mailbot.core.refusal import Refusal
from mailbot.flows.events.announce_event import announce_event
from mailbot.flows.events.cancel_event import cancel_event
from mailbot.flows.rehearse import rehearse
from mailbot.store.mail.inbox import InboxEntry
from tests.flows.post_office import (
    EVENT,
    MATSUMOTO,
    NAGANO,
    OFFICE,
    SATO,
    STRANGER,
    TANAKA,
    TOKYO,
    UEDA,
    YAMADA,
    Copy,
    PostOffice,
)

KEY = EVENT.key
INVITED = replace(EVENT, starts=time(10), ends=time(15), calendar="request")


@pytest.fixture
def notices(office: PostOffice) -> dict[str, Copy]:
    """The invitations by address; the event has room for three people."""
    office.apply(INVITED)
    with office.database.write() as connection:
        announce_event(connection, office.site, KEY, 0, office.now)
    return {copy.to: copy for copy in office.copies("event_notice")}


def calendar_of(copy: Copy) -> icalendar.Calendar:
    """Return the calendar part of a copy."""
    (part,) = [part for part in copy.mail.walk() if part.get_content_type() == "text/calendar"]
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    assert all(len(line) <= 75 for line in content.split(b"\r\n"))
    calendar = icalendar.Calendar.from_ical(content)
    assert isinstance(calendar, icalendar.Calendar)
    assert part.get_param("method") == calendar["METHOD"]
    assert part.get_content_disposition() is None
    assert copy.mail.get_content_type() == "multipart/alternative"
    return calendar


def entry(copy: Copy) -> Any:
    """Return the entry of a copy's calendar part."""
    (event,) = calendar_of(copy).walk("VEVENT")
    assert isinstance(event, icalendar.Event)
    return event


def answer(
    office: PostOffice, copy: Copy, partstat: str, *, mail_from: str | None = None, **how: str
) -> InboxEntry:
    """Answer an invitation as a calendar program does; `how`: what `calendar_mail` can be told."""
    raw, to = calendar_mail(office, copy, partstat, **how)
    return office.hand_in(raw, to, mail_from=mail_from)


def calendar_mail(
    office: PostOffice,
    copy: Copy,
    partstat: str,
    *,
    author: str | None = None,
    attendee: str = "someone@example.net",
    method: str = "REPLY",
    uid: str | None = None,
    to: str | None = None,
    comment: str = "",
    **fields: str,
) -> tuple[bytes, str]:
    """Return the mail by which a calendar program answers an invitation, and the address that it goes to."""
    asked = entry(copy)
    lines = [
        "BEGIN:VCALENDAR",
        "PRODID:-//Somebody//Calendar//EN",
        "VERSION:2.0",
        f"METHOD:{method}",
        "BEGIN:VEVENT",
        f"UID:{uid or asked['UID']}",
        f"SEQUENCE:{asked['SEQUENCE']}",
        f"DTSTART:{asked.decoded('DTSTART'):%Y%m%dT%H%M%S}",
        "DTSTAMP:20260902T003011Z",
        f"ORGANIZER:{asked['ORGANIZER']}",
        f"ATTENDEE;PARTSTAT={partstat}:mailto:{attendee}",
        *([f"COMMENT:{comment}"] if comment else []),
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    to = to or str(asked["ORGANIZER"]).removeprefix("mailto:")
    head = office.mail(author or copy.to, to, "", f"承諾: {copy['Subject']}", **fields)
    body = "\r\n".join(lines).encode() + b"\r\n"
    kind = f'Content-Type: text/calendar; charset="UTF-8"; method={method}\r\n'.encode()
    lines_of_head = [
        line for line in head.split(b"\r\n\r\n")[0].split(b"\r\n") if not line.lower().startswith(b"content-")
    ]
    return b"\r\n".join(
        lines_of_head
    ) + b"\r\n" + kind + b"Content-Transfer-Encoding: 8bit\r\n\r\n" + body, to


def standing(office: PostOffice, code: str = NAGANO) -> tuple[str, int]:
    """Return where a body stands."""
    row = office.stands(KEY)[code].row
    return row.status, rsvp_of(row.answers).people if row.status in {"attending", "waiting"} else 0


def test_each_recipient_has_an_invitation_of_his_own(office: PostOffice, notices: dict[str, Copy]) -> None:
    """METHOD:REQUEST in an alternative part, with his own UID, his address, and an organizer that answers reach."""
    own = entry(notices[YAMADA])
    assert calendar_of(notices[YAMADA])["METHOD"] == "REQUEST"
    assert own["UID"] != entry(notices[SATO])["UID"]
    assert own["UID"].startswith("n26-07.")
    assert own["ATTENDEE"] == f"mailto:{YAMADA}"
    assert own["ATTENDEE"].params["PARTSTAT"] == "NEEDS-ACTION"
    assert own["ORGANIZER"] == f"mailto:{office.reply_address(notices[YAMADA])}"
    assert own["ORGANIZER"].params["CN"] == "全国協議会 事務局"
    assert "【Q1回答】" in notices[YAMADA].text


@pytest.mark.parametrize(
    ("partstat", "status"), [("ACCEPTED", "attending"), ("DECLINED", "declined"), ("TENTATIVE", "later")]
)
def test_a_calendars_answer_is_an_rsvp(
    office: PostOffice, notices: dict[str, Copy], partstat: str, status: str
) -> None:
    """Accept, Decline and Tentative count, whatever address the program names as the attendee."""
    assert answer(office, notices[YAMADA], partstat).state == "answered"
    assert standing(office)[0] == status
    receipt = office.only_copy("rsvp_receipt")
    assert receipt.to == YAMADA
    assert "text/calendar" not in receipt.mail.as_string()  # nothing that a program would answer again


def test_the_token_in_the_uid_decides_whose_answer_it_is(
    office: PostOffice, notices: dict[str, Copy]
) -> None:
    """An answer that comes to another token, or to a role of the service, counts for the body of its UID."""
    to = office.reply_address(notices[SATO])
    assert answer(office, notices[YAMADA], "ACCEPTED", to=to).state == "answered"
    assert set(office.stands(KEY)) == {NAGANO}
    assert answer(office, notices[SATO], "DECLINED", to="robot@kaitou.example.jp").state == "answered"
    assert standing(office, "202029") == ("declined", 0)


def test_an_automatic_mail_of_a_calendar_counts(office: PostOffice, notices: dict[str, Copy]) -> None:
    """Some services send a person's click as an automatic mail; with the null sender it counts and is not answered."""
    answer(office, notices[YAMADA], "ACCEPTED", Auto_Submitted="auto-generated", mail_from="")
    assert standing(office) == ("attending", 1)
    assert office.copies() == []


def test_a_comment_is_kept(office: PostOffice, notices: dict[str, Copy]) -> None:
    """What was written beside the answer stands in the ledger."""
    answer(office, notices[YAMADA], "ACCEPTED", comment="昼食は不要です")
    assert office.stands(KEY)[NAGANO].row.remarks == {"Q1": "昼食は不要です"}


def test_number_and_names_outlive_an_accept(office: PostOffice, notices: dict[str, Copy]) -> None:
    """Who wrote 2名 and then presses Accept comes with two."""
    office.reply(notices[YAMADA], "Q1 1\nQ2 2名 山田太郎、鈴木花子")
    answer(office, notices[YAMADA], "ACCEPTED")
    assert standing(office) == ("attending", 2)


def test_an_accept_beyond_the_last_seat_waits(office: PostOffice, notices: dict[str, Copy]) -> None:
    """The calendar says accepted, so the receipt must say that he waits."""
    office.reply(notices[SATO], "Q1 1\nQ2 3名")
    office.copies()
    answer(office, notices[YAMADA], "ACCEPTED")
    assert standing(office) == ("waiting", 1)
    assert "空き待ち" in office.only_copy("rsvp_receipt")["Subject"]


def test_after_the_deadline_a_calendar_may_decline(office: PostOffice, notices: dict[str, Copy]) -> None:
    """As with words: a decline counts until the event begins, an Accept by who has no seat is late."""
    answer(office, notices[YAMADA], "ACCEPTED")
    office.copies()
    assert INVITED.rsvp_until is not None
    office.now = INVITED.rsvp_until
    answer(office, notices[YAMADA], "ACCEPTED")
    assert standing(office) == ("attending", 1)
    assert "【出欠・ご出席】" in office.only_copy("rsvp_receipt")["Subject"]
    answer(office, notices[YAMADA], "DECLINED")
    assert standing(office)[0] == "declined"
    assert "始まる前ですのでお受けしました" in office.only_copy("rsvp_receipt").text
    answer(office, notices[SATO], "ACCEPTED")
    assert standing(office, MATSUMOTO)[0] == "late"
    assert "ご出席をご希望のときは、下記のお問い合わせ先へ" in office.only_copy("rsvp_receipt").text
    answer(office, notices[TANAKA], "TENTATIVE")
    assert standing(office, UEDA)[0] == "late"
    assert [copy.to for copy in office.copies("rsvp_receipt")] == [TANAKA]
    office.now = begins(INVITED, TOKYO)
    answer(office, notices[SATO], "DECLINED")
    assert standing(office, MATSUMOTO)[0] == "late"


def test_a_stranger_with_the_token_waits_for_the_office(office: PostOffice, notices: dict[str, Copy]) -> None:
    """As with words (ballot.md section 10); the office admits it as it was read."""
    held = answer(office, notices[YAMADA], "ACCEPTED", author=STRANGER)
    assert held.state == "held"
    assert office.only_copy("office_held").to == OFFICE


def test_another_time_proposed_is_answered_by_a_sentence(
    office: PostOffice, notices: dict[str, Copy]
) -> None:
    """COUNTER changes nothing; its author hears that the time stands."""
    assert answer(office, notices[YAMADA], "TENTATIVE", method="COUNTER").state == "answered"
    assert office.ledger(KEY) == []
    told = office.only_copy("calendar_answer")
    assert told.to == YAMADA
    assert "別の日時のご提案をいただきました" in told.text


@pytest.mark.parametrize(
    "uid", ["040000008200E00074C5B7101A82E008", "n26-07.0000000000000000000@kaitou.example.jp"]
)
def test_an_answer_about_another_entry_is_answered_by_a_sentence(
    office: PostOffice, notices: dict[str, Copy], uid: str
) -> None:
    """A UID that we did not give counts for nobody."""
    assert answer(office, notices[YAMADA], "ACCEPTED", uid=uid).state == "answered"
    assert office.ledger(KEY) == []
    assert "当方からお送りした予定のものでは" in office.only_copy("calendar_answer").text


@pytest.mark.parametrize(
    ("how", "outcome"),
    [
        ({"method": "COUNTER"}, "ignored: no answers a calendar's mail that is no RSVP; its author is told"),
        (
            {"uid": "040000008200E00074C5B7101A82E008"},
            "ignored: no answers a calendar's mail that is no RSVP; its author is told",
        ),
        ({}, "counted: Q1=('1',) お答えを数えました"),
    ],
)
def test_rehearsing_a_calendars_mail_tells_what_it_is_worth(
    office: PostOffice, notices: dict[str, Copy], how: dict[str, str], outcome: str
) -> None:
    """As when it comes: only a REPLY about our own entry is an RSVP."""
    raw, to = calendar_mail(office, notices[YAMADA], "ACCEPTED", **how)
    with office.database.read() as connection:
        found = rehearse(connection, office.site, raw, to, YAMADA, office.now)
    assert found.outcome == outcome
    assert office.ledger(KEY) == []


def test_an_answer_neither_yes_nor_no_is_asked_back(office: PostOffice, notices: dict[str, Copy]) -> None:
    """A delegation says nothing of who comes."""
    answer(office, notices[YAMADA], "DELEGATED")
    assert standing(office)[0] == "unclear"
    assert "ご出席かご欠席かがありませんでした" in office.only_copy("rsvp_receipt").text


def test_an_accept_of_the_time_before_the_change_is_asked_back(
    office: PostOffice, notices: dict[str, Copy]
) -> None:
    """Nobody is taken to come on a day that he did not see; who declined the old day is not asked again."""
    office.apply(replace(INVITED, date=date(2026, 11, 5)))
    office.copies()
    answer(office, notices[YAMADA], "ACCEPTED")
    assert standing(office)[0] == "unclear"
    assert "変更前の日時へのものでした" in office.only_copy("rsvp_receipt").text
    answer(office, notices[SATO], "DECLINED")
    assert standing(office, "202029")[0] == "declined"


def test_a_change_keeps_uid_and_raises_sequence(office: PostOffice, notices: dict[str, Copy]) -> None:
    """RFC 5546: the same UID, a higher SEQUENCE, and what each has answered so far."""
    office.reply(notices[SATO], "Q1 2")
    answer(office, notices[YAMADA], "ACCEPTED")
    office.copies()
    office.apply(replace(INVITED, date=date(2026, 11, 5)))
    changes = {copy.to: copy for copy in office.copies("event_change")}
    assert entry(changes[YAMADA])["UID"] == entry(notices[YAMADA])["UID"]
    assert entry(changes[YAMADA])["SEQUENCE"] == 1
    assert entry(changes[YAMADA])["ATTENDEE"].params["PARTSTAT"] == "ACCEPTED"
    assert entry(changes[SATO])["ATTENDEE"].params["PARTSTAT"] == "DECLINED"


def test_a_cancellation_names_each_ones_own_entry(office: PostOffice, notices: dict[str, Copy]) -> None:
    """METHOD:CANCEL with the recipient's UID; an Accept that comes later is answered by a sentence."""
    with office.database.write() as connection:
        cancel_event(connection, office.site, KEY, "", office.now)
    told = {copy.to: copy for copy in office.copies("event_cancelled")}
    assert calendar_of(told[YAMADA])["METHOD"] == "CANCEL"
    assert entry(told[YAMADA])["UID"] == entry(notices[YAMADA])["UID"]
    answer(office, notices[YAMADA], "ACCEPTED")
    assert "お受けしておりません" in office.only_copy("event_cancelled").text


def test_how_calendars_are_used_cannot_change_once_entries_are_out(
    office: PostOffice, notices: dict[str, Copy]
) -> None:
    """The UIDs would be others, and a change would leave the old entries standing."""
    with pytest.raises(Refusal, match="`calendar` can no longer change"):
        office.apply(replace(INVITED, calendar="publish"))


def test_no_calendar_file_where_none_is_wanted(office: PostOffice) -> None:
    """`calendar: none`: one plain text."""
    office.apply(replace(INVITED, calendar="none"))
    with office.database.write() as connection:
        announce_event(connection, office.site, KEY, 0, office.now)
    assert {copy.mail.get_content_type() for copy in office.copies("event_notice")} == {"text/plain"}


def test_an_address_too_long_for_a_line_is_folded(office: PostOffice) -> None:
    """No line of a calendar part is above 75 octets, however long the recipient's address is (RFC 5545 3.1)."""
    long = "kikaku.joho.seisaku." + "x" * 40 + "@" + "sub." * 20 + "city.nagano.lg.jp"
    office.apply(INVITED)
    with office.database.write() as connection:
        announce_event(connection, office.site, KEY, 0, office.now)
        connection.exec_driver_sql(f"UPDATE delivery SET address = '{long}'")
    copy = office.copies("event_notice")[0]
    assert entry(copy)["ATTENDEE"] == f"mailto:{long}"


@pytest.mark.parametrize(
    ("partstat", "comment", "status", "people"),
    [
        ("ACCEPTED", "2名で参加します。", "attending", 2),
        ("ACCEPTED", "よろしくお願いします", "attending", 1),
        ("ACCEPTED", "都合により欠席します", "unclear", 0),
        ("DECLINED", "2名で参加します。", "unclear", 0),
        ("ACCEPTED", "議会が入らなければ出席します。", "unclear", 0),
        ("ACCEPTED", "何かありましたらご連絡ください。", "attending", 1),
    ],
)
def test_words_beside_a_calendars_answer(
    *, office: PostOffice, notices: dict[str, Copy], partstat: str, comment: str, status: str, people: int
) -> None:
    """The number that a comment states counts; a comment that says the reverse of the click is asked back."""
    answer(office, notices[YAMADA], partstat, comment=comment)
    row = office.ledger(KEY, NAGANO)[-1]
    assert (row.status, rsvp_of(row.answers).people) == (status, people)
    assert office.only_copy("rsvp_receipt").to == YAMADA
