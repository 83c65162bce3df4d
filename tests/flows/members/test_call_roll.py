"""The roll-call 名簿確認: who is asked, what counts as a word, who is reminded, and how a successor is named."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from mailbot.core.members.roll_call import RollCall
from mailbot.core.refusal import Refusal
from mailbot.flows.members.call_roll import plan_roll_call
from mailbot.store.members import members, roll_calls
from mailbot.store.office import journal
from mailbot.store.tables import delivery
from tests.flows.post_office import (
    KARUIZAWA,
    MATSUMOTO,
    NAGANO,
    OFFICE,
    SATO,
    SUZUKI,
    TAKAHASHI,
    TANAKA,
    TOKYO,
    YAMADA,
    Copy,
    PostOffice,
)

OPENS = datetime(2026, 6, 18, 11, 0, tzinfo=TOKYO)
CLOSES = datetime(2026, 7, 3, 17, 0, tzinfo=TOKYO)
NEW = "kobayashi@city.nagano.lg.jp"


def plan(office: PostOffice, opens: datetime = OPENS, closes: datetime = CLOSES) -> RollCall:
    """Plan a roll-call."""
    with office.database.write() as connection:
        return plan_roll_call(connection, office.site, opens, closes, office.now)


@pytest.fixture
def asked(office: PostOffice) -> dict[str, Copy]:
    """The mails of a roll-call that has opened, by their addresses."""
    plan(office)
    office.now = OPENS
    assert office.look() == 1
    return {copy.to: copy for copy in office.copies("roll_call")}


def answers(office: PostOffice) -> dict[str, str]:
    """Return what each body has said."""
    with office.database.read() as connection:
        return {entry.code: entry.answer for entry in roll_calls.entries(connection, "2026-06-18")}


def test_the_primary_contact_of_each_body_is_asked_once(office: PostOffice, asked: dict[str, Copy]) -> None:
    """With what is registered of the body, deputies too; a second scan asks nobody again."""
    assert set(asked) == {YAMADA, SATO, TANAKA, TAKAHASHI}
    text = asked[YAMADA].text
    assert asked[YAMADA]["Subject"] == "【お願い】名簿のご確認（2026年7月3日（金）まで）"
    assert "1. 情報政策課 山田太郎" in text
    assert "2. 情報政策課 鈴木一郎" in text
    assert SUZUKI in text
    assert office.look() == 0
    assert office.copies("roll_call") == []


@pytest.mark.parametrize(
    "words",
    [
        "はい",
        "はい。",
        "確認しました",
        "変更ありません",
        "異動はございません。",
        "登録に変更なし",
        "はい、変更ありません。",
        "はい\n\n長野市 情報政策課 山田太郎\n電話 026-000-0000",
    ],
)
def test_a_plain_word_at_the_top_confirms(office: PostOffice, asked: dict[str, Copy], words: str) -> None:
    """はい, or that nothing has changed."""
    assert office.reply(asked[YAMADA], words).state == "answered"
    assert answers(office)[NAGANO] == "confirmed"
    assert "ご登録のとおりと承りました" in office.only_copy("member_answer").text


@pytest.mark.parametrize(
    ("words", "answer", "state"),
    [
        ("", "", "answered"),  # he is told how
        ("後任 小林一茶", "", "answered"),  # his address is missing
        ("後任は来週決まります", "other", "held"),
        ("課の名前がデジタル推進課に変わりました。", "other", "held"),
        ("いいえ", "other", "held"),
        ("はい\n課の名前がデジタル推進課に変わりました。", "other", "held"),
        ("確認しました。\n4月に担当が代わる予定です。", "other", "held"),
    ],
)
def test_nothing_else_confirms(
    office: PostOffice, asked: dict[str, Copy], words: str, answer: str, state: str
) -> None:
    """An untouched quotation is no word; what a person must read goes to the office."""
    assert office.reply(asked[YAMADA], words).state == state
    assert answers(office)[NAGANO] == answer


def test_who_sends_it_back_as_it_was_is_asked_in_a_mail_that_he_can_answer(
    office: PostOffice, asked: dict[str, Copy]
) -> None:
    """What he answers to that counts as to the first."""
    office.reply(asked[YAMADA], "")
    again = office.only_copy("roll_call")
    assert "何も書かれていませんでした" in again.text
    office.reply(again, "はい")
    assert answers(office)[NAGANO] == "confirmed"


def test_the_office_reads_what_was_said_and_puts_it_aside_as_done(
    office: PostOffice, asked: dict[str, Copy]
) -> None:
    """His own words stand in its mail, without ours; 採用 says that the register is right now."""
    office.reply(asked[YAMADA], "課の名前がデジタル推進課に変わりました。")
    held = office.only_copy("office_held")
    assert f"[名簿確認 {NAGANO}]" in held["Subject"]
    assert "差出人の書いたこと\r\n　課の名前がデジタル推進課に変わりました。\r\n\r\n" in held.text
    assert "返送" not in held.text
    number = re.search(r"U-\d+", held["Subject"])
    assert number is not None
    office.command(held, f"{number[0]} 採用")
    assert "1件を行いました" in office.only_copy("office_answer")["Subject"]
    assert answers(office)[NAGANO] == "confirmed"


def test_a_roll_call_outside_spring_does_not_speak_of_a_new_year(office: PostOffice) -> None:
    """It may be called at any time."""
    plan(office)
    office.now = OPENS
    office.look()
    assert "年度の始め" not in office.copies("roll_call")[0].text


def test_a_successor_is_named_and_asked_before_anything_moves(
    office: PostOffice, asked: dict[str, Copy]
) -> None:
    """By the way that 後任 always goes: the new address confirms, the old one is told."""
    office.reply(asked[YAMADA], f"後任 {NEW} 小林一茶")
    assert answers(office)[NAGANO] == "named"
    question = next(copy for copy in office.all_copies() if copy.kind == "confirm_address")
    assert question.to == NEW
    with office.database.read() as connection:
        assert members.people_at(connection, NEW) == []
    office.reply(question, "承認", NEW)
    with office.database.read() as connection:
        assert members.people_at(connection, NEW)[0].contact.name == "小林一茶"
    assert YAMADA in {copy.to for copy in office.all_copies() if copy.kind == "address_changed"}


def test_only_the_asked_address_answers(office: PostOffice, asked: dict[str, Copy]) -> None:
    """A reply from another one may be the successor: the office reads it, and nothing is confirmed."""
    assert office.reply(asked[YAMADA], "はい", NEW).state == "held"
    assert office.only_copy("office_held").to == OFFICE
    assert answers(office)[NAGANO] == ""


def test_who_has_not_answered_is_reminded(office: PostOffice, asked: dict[str, Copy]) -> None:
    """Seven and two business days before the close; who answered, or cannot be reached, is left alone."""
    office.reply(asked[YAMADA], "はい")
    office.reply(asked[SATO], "相違ありません")
    office.copies()
    for at in (datetime(2026, 6, 24, 9, 0, tzinfo=TOKYO), datetime(2026, 7, 1, 9, 0, tzinfo=TOKYO)):
        office.now = at - timedelta(minutes=1)
        assert office.look() == 0
        office.now = at
        assert office.look() == 1
        reminded = office.copies("roll_call")
        assert {copy.to for copy in reminded} == {TANAKA, TAKAHASHI}
        assert reminded[0]["Subject"].startswith("【再度のお願い】")


def test_an_address_that_cannot_be_reached_is_not_reminded(
    office: PostOffice, asked: dict[str, Copy]
) -> None:
    """The office sees it in the answers in place of silence."""
    with office.database.write() as connection:
        connection.execute(update(delivery).where(delivery.c.address == YAMADA).values(state="failed"))
        assert roll_calls.unreached(connection, OPENS) == {YAMADA}
    office.now = datetime(2026, 6, 24, 9, 0, tzinfo=TOKYO)
    office.look()
    assert YAMADA not in {copy.to for copy in office.copies("roll_call")}


def test_an_answer_after_the_close_is_too_late(office: PostOffice, asked: dict[str, Copy]) -> None:
    """He is told so."""
    office.now = CLOSES
    assert office.reply(asked[YAMADA], "はい").state == "discarded"
    assert answers(office)[NAGANO] == ""


def test_what_cannot_be_planned(office: PostOffice) -> None:
    """Each refusal says what is wrong."""
    with pytest.raises(Refusal, match="not after its opening"):
        plan(office, OPENS, OPENS)
    plan(office)
    with pytest.raises(Refusal, match="the roll-call 2026-06-18 runs until 2026-07-03 17:00"):
        plan(office, OPENS + timedelta(days=1))


def test_bodies_that_have_no_contact_are_not_asked(office: PostOffice, asked: dict[str, Copy]) -> None:
    """Who was asked stands in the register's own words."""
    assert set(answers(office)) == {NAGANO, MATSUMOTO, "202037", KARUIZAWA}


def test_the_journal_keeps_a_roll_call(office: PostOffice, asked: dict[str, Copy]) -> None:
    """Planned, opened, and each answer with whose word it was."""
    office.reply(asked[SATO], "はい")
    office.reply(asked[YAMADA], f"後任 {NEW} 小林")
    with office.database.read() as connection:
        lines = [one.line for one in journal.every(connection, about="rollcall 2026-06-18")]
    assert [(one.what, one.who, one.detail) for one in lines] == [
        ("rollcall.planned", "command line", "2026-06-18 11:00 to 2026-07-03 17:00"),
        ("rollcall.opened", "schedule", "4 asked"),
        ("rollcall.answered", SATO, f"{MATSUMOTO} confirmed"),
        ("rollcall.answered", YAMADA, f"{NAGANO} named {NEW}"),
    ]
