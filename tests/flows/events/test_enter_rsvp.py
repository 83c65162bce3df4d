"""The office enters whether a body comes that said so by telephone; the body hears of it, and can correct it in reply."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, time, timedelta

import pytest

from mailbot.core.events.event import Event, rsvp_of
from mailbot.core.surveys.ledger import LedgerRow, standings
from mailbot.flows.events.announce_event import announce_event
from mailbot.flows.events.cancel_event import cancel_event
from mailbot.store.surveys import ledgers
from tests.flows.post_office import (
    EVENT,
    MATSUMOTO,
    NAGANO,
    OFFICE,
    SATO,
    STRANGER,
    TAKAHASHI,
    TOKYO,
    YAMADA,
    Copy,
    PostOffice,
    in_english,
)

KEY = EVENT.key
HELD = replace(EVENT, starts=time(10), ends=time(15), notices=EVENT.notices[:1])
BEGINS = datetime(2026, 10, 22, 10, 0, tzinfo=TOKYO)


@pytest.fixture
def notices(office: PostOffice) -> dict[str, Copy]:
    """What the bodies were sent, by address."""
    return announced(office)


def announced(office: PostOffice, event: Event = HELD) -> dict[str, Copy]:
    """Announce the event, for three people."""
    office.apply(event)
    with office.database.write() as connection:
        announce_event(connection, office.site, KEY, 0, office.now)
    return {copy.to: copy for copy in office.copies("event_notice")}


def told(office: PostOffice, notices: dict[str, Copy]) -> Copy:
    """Return what the office was told of a reply from an unknown address; it may reply to that."""
    office.reply(notices[TAKAHASHI], "出席", STRANGER)
    return next(copy for copy in office.copies() if copy.kind == "office_held")


def row_of(office: PostOffice, code: str) -> LedgerRow:
    """Return what stands for a body."""
    with office.database.read() as connection:
        return standings(ledgers.rows(connection, KEY))[code].row


def answer(office: PostOffice) -> tuple[str, list[Copy]]:
    """Return what the office is answered, without the breaks of wrapping, and the other mails."""
    copies = office.copies()
    (own,) = [copy for copy in copies if copy.kind == "office_answer"]
    return re.sub(r"\s", "", own.text), [copy for copy in copies if copy is not own]


def test_who_telephones_comes(office: PostOffice, notices: dict[str, Copy]) -> None:
    """In the ledger with the reason and who entered it; the body is sent a receipt and corrects it by its slot."""
    asked = told(office, notices)
    office.command(asked, f"代理 {KEY} 202029 出席　2名　佐藤一郎、髙橋花　電話 6/18 佐藤様")
    row = row_of(office, MATSUMOTO)
    said = rsvp_of(row.answers)
    assert (row.status, said.people, said.names) == ("attending", 2, ("佐藤一郎", "髙橋花"))
    assert (row.rule, row.by, row.author, row.reason) == (
        "desk 代理",
        OFFICE,
        "",
        "代理入力：電話 6/18 佐藤様",
    )
    text, (receipt,) = answer(office)
    assert "松本市のご出欠を入力しました（第1版、ご出席2名佐藤一郎、髙橋花）" in text
    assert (receipt.kind, receipt.to) == ("rsvp_receipt", SATO)
    assert receipt["Subject"] == f"【出欠・代理入力】第1回トピックスセミナー（2名） [{KEY}]"
    assert "電話 6/18 佐藤様" in receipt.text
    assert "空き待ちから" not in receipt.text
    office.reply(receipt, "1名に変更します")
    assert rsvp_of(row_of(office, MATSUMOTO).answers).people == 1


@pytest.mark.parametrize("words", ["欠席", "Q1=2", "不参加"])
def test_who_telephones_does_not_come_and_the_first_who_waits_does(
    office: PostOffice, notices: dict[str, Copy], words: str
) -> None:
    """A seat is given up as by a reply; nobody is told that an offer had run out."""
    asked = told(office, notices)
    office.reply(notices[SATO], "出席 3名")
    office.reply(notices[YAMADA], "出席 1名")
    assert row_of(office, NAGANO).status == "waiting"
    office.copies()
    office.command(asked, f"代理 {KEY} 202029 {words} 電話 6/18 佐藤様")
    assert (row_of(office, MATSUMOTO).status, row_of(office, NAGANO).status) == ("declined", "attending")
    text, others = answer(office)
    assert "第2版、ご欠席" in text
    assert {copy.to for copy in others} == {SATO, YAMADA}


def test_who_telephones_when_all_seats_are_taken_waits(office: PostOffice, notices: dict[str, Copy]) -> None:
    """In the order of arrival, and the office hears so."""
    asked = told(office, notices)
    office.reply(notices[SATO], "出席 3名")
    office.copies()
    office.command(asked, f"代理 {KEY} 20201 Q1=1 Q2=1名 電話 6/18 山田様")
    assert row_of(office, NAGANO).status == "waiting"
    assert "満席のため空き待ち1名" in answer(office)[0]


def test_after_the_deadline_until_it_begins(office: PostOffice, notices: dict[str, Copy]) -> None:
    """The office may still enter one; once it has begun, who was there is entered otherwise."""
    office.now = BEGINS - timedelta(hours=20)
    asked = told(office, notices)
    office.command(asked, f"代理 {KEY} 202029 出席 電話 10/21 佐藤様")
    assert row_of(office, MATSUMOTO).status == "attending"
    (mail,) = [copy for copy in office.copies() if copy.kind == "office_answer"]
    office.now = BEGINS
    office.command(mail, f"代理 {KEY} 202029 欠席 電話 10/22 佐藤様")
    assert row_of(office, MATSUMOTO).status == "attending"
    assert "もう始まっています" in answer(office)[0]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("202029 出席 2名 佐藤一郎", "人数（2名）と氏名（1名分）が合いません"),
        ("202029 出席か欠席か未定 電話 6/18 佐藤様", "ご出席かどうかを読み取れません"),
        ("202029 欠席 2名", "「出席2名山田太郎、鈴木花子」「欠席」のようにお書きください"),
        ("202029 Q1=2 Q2=2名", "ご欠席と、おいでになる人数の両方"),
        ("202029 Q1=3", "番号"),
        ("202028 出席", "検査数字"),
        ("131016 出席", "お尋ねしていません"),
    ],
)
def test_what_cannot_be_read_whole_is_not_entered(
    office: PostOffice, notices: dict[str, Copy], words: str, why: str
) -> None:
    """Each is one sentence, and nothing is changed."""
    asked = told(office, notices)
    office.command(asked, f"代理 {KEY} {words}" + ("" if "電話" in words else " 電話 6/18 佐藤様"))
    text, others = answer(office)
    assert why in text
    assert others == []
    with office.database.read() as connection:
        assert MATSUMOTO not in standings(ledgers.rows(connection, KEY))


def test_a_survey_takes_no_words_and_an_event_must_be_announced(office: PostOffice) -> None:
    """Neither a survey's answers in words, nor an RSVP to what is planned or cancelled."""
    notices = announced(office)
    office.open_survey()
    office.apply(HELD, replace(HELD, key="N26-08"))
    office.command(told(office, notices), "代理 S26-014 202029 出席 電話 6/18 佐藤様")
    mail = office.only_copy("office_answer")
    assert "S26-014は調査です" in re.sub(r"\s", "", mail.text)
    office.command(mail, "代理 n26-08 202029 出席 電話 6/18 佐藤様")
    mail = office.only_copy("office_answer")
    assert "N26-08のご案内は、まだ送っていません" in re.sub(r"\s", "", mail.text)
    with office.database.write() as connection:
        cancel_event(connection, office.site, KEY, "", office.now)
    office.copies()
    office.command(mail, f"代理 {KEY} 202029 出席 電話 6/18 佐藤様")
    assert "中止になっています" in answer(office)[0]


def test_in_english(office: PostOffice) -> None:
    """The same in English."""
    office = in_english(office)
    notices = announced(office)
    office.reply(notices[TAKAHASHI], "attending", STRANGER)
    asked = next(copy for copy in office.copies() if copy.kind == "office_held")
    office.command(asked, f"enter {KEY} 202029 attending 1 person phone 6/18 Sato")
    assert row_of(office, MATSUMOTO).status == "attending"
    copies = office.copies()
    text = re.sub(r"\s+", " ", next(copy for copy in copies if copy.kind == "office_answer").text)
    assert "(version 1, attending (1))" in text
    receipt = next(copy for copy in copies if copy.kind == "rsvp_receipt")
    assert receipt["Subject"].startswith("Entered for you: ")
