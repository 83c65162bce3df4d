"""When an event is over the office gets the list of those who said they come, and answers by reply who did."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, time, timedelta

import pytest

from mailbot.core.events.event import Event
from mailbot.core.members.register import Body
from mailbot.flows.events.announce_event import announce_event
from mailbot.flows.events.cancel_event import cancel_event
from mailbot.flows.events.enter_attendance import enter_attendance
from mailbot.flows.runs.count_mails import count_mails
from mailbot.store.events import attendances
from mailbot.store.office import journal
from mailbot.store.runs import occurrences
from mailbot.store.runs.occurrences import Occurrence
from tests.flows.post_office import (
    BODIES,
    CONTACTS,
    EVENT,
    KARUIZAWA,
    MATSUMOTO,
    NAGANO,
    OFFICE,
    SATO,
    STRANGER,
    TAKAHASHI,
    TOKYO,
    UEDA,
    YAMADA,
    Copy,
    PostOffice,
    in_english,
)

KEY = EVENT.key
HELD = replace(EVENT, starts=time(10), ends=time(15), notices=EVENT.notices[:1])
ENDS = datetime(2026, 10, 22, 15, 0, tzinfo=TOKYO)


def seminar(office: PostOffice, event: Event = HELD) -> None:
    """Announce the seminar; Nagano (2) and Matsumoto (1) have seats, Karuizawa (1) waits."""
    office.apply(event)
    with office.database.write() as connection:
        announce_event(connection, office.site, KEY, 0, office.now)
    notices = {copy.to: copy for copy in office.copies("event_notice")}
    office.reply(notices[YAMADA], "参加 2名 山田太郎、鈴木花子")
    office.reply(notices[SATO], "参加")
    office.reply(notices[TAKAHASHI], "参加")
    office.copies()


@pytest.fixture
def asked(office: PostOffice) -> Copy:
    """What the office gets when the seminar is over."""
    seminar(office)
    return next(copy for copy in office.go_on(ENDS) if copy.kind == "attendance")


def entered(office: PostOffice) -> dict[str, int]:
    """Return what stands."""
    with office.database.read() as connection:
        return attendances.of_event(connection, KEY)


def answer(office: PostOffice) -> str:
    """Return what the office is answered, without the breaks that wrapping made."""
    (copy,) = office.copies()
    assert (copy.kind, copy.to) == ("office_answer", OFFICE)
    return re.sub(r"\s", "", copy.text)


def test_the_list_comes_once_when_the_event_is_over(office: PostOffice) -> None:
    """Who has a seat and who waits, with names; not before the end, not again."""
    office.apply(HELD)
    run = Occurrence(f"event:{KEY}:attendance", "2026-10-22T15:00:00", ENDS)
    with office.database.read() as connection:
        assert count_mails(connection, run) == 0
    seminar(office)
    with office.database.read() as connection:
        assert count_mails(connection, run) == 1
    assert all(copy.kind != "attendance" for copy in office.go_on(ENDS - timedelta(minutes=1)))
    (mail,) = [copy for copy in office.go_on(ENDS) if copy.kind == "attendance"]
    assert (mail.to, mail["Subject"]) == (OFFICE, f"【ご出席の確認】第1回トピックスセミナー [{KEY}]")
    text = mail.text.replace("\r", "")
    assert "　202011 長野市（長野県）　2名　山田太郎、鈴木花子\n　202029 松本市（長野県）　1名\n" in text
    assert "■ 空き待ちのままの団体\n　203211 軽井沢町（長野県）　1名\n" in text
    assert office.go_on(ENDS + timedelta(days=1)) == []


def test_who_was_there_in_words(office: PostOffice, asked: Copy) -> None:
    """All as they said, but one; another body came; each line is answered with what stands now, and how to take it back."""
    entry = office.command(asked, "全員出席\n欠席 松本市\n当日参加 上田市 2名\nよろしくお願いします。")
    assert (entry.state, entry.reason) == ("answered", f"3 commands done, 0 lines not, for {OFFICE}")
    assert entered(office) == {NAGANO: 2, MATSUMOTO: 0, UEDA: 2}
    said = answer(office)
    assert f"{KEY}にご出席とお返事のあった2団体を、お返事のとおり3名の出席と記録しました。" in said
    assert f"{KEY}の欠席として、松本市を記録しました。これで記録は、出席1団体2名、欠席1団体です。" in said
    assert f"（例「出席{KEY}松本市」）" in said
    assert (
        f"{KEY}の当日参加として、上田市2名と記録しました。これで記録は、出席2団体4名、欠席1団体です。" in said
    )
    with office.database.read() as connection:
        lines = [entry.line for entry in journal.every(connection)]
    own = [line for line in lines if line.what == "event.attendance"]
    assert [(line.who, line.about) for line in own] == [(OFFICE, KEY)] * 3


def test_the_opposite_word_takes_it_back(office: PostOffice, asked: Copy) -> None:
    """In reply to the answer, which is about the same event without its key being written."""
    office.command(asked, "出席 202011 1名、松本市\n当日参加 軽井沢町 1名")
    assert entered(office) == {NAGANO: 1, MATSUMOTO: 1, KARUIZAWA: 1}
    (told,) = office.copies()
    assert told["Subject"].endswith(f"[{KEY}]")
    office.command(told, "欠席 軽井沢町\n欠席 松本市\n出席 松本市\n出席 長野市")
    assert entered(office) == {NAGANO: 2, MATSUMOTO: 1, KARUIZAWA: 0}
    (told,) = office.copies()
    office.command(told, "長野市は来られませんでした。")
    (told,) = office.copies()
    assert told["Subject"] == f"【事務局】行えませんでした [{KEY}]"  # and its answer is about the same event
    office.command(told, "全員欠席")
    assert entered(office) == {NAGANO: 0, MATSUMOTO: 0, KARUIZAWA: 0}
    assert f"（例「全員出席{KEY}」）" in answer(office)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("出席 上田市", "上田市からは、ご出席のお返事がありません。"),
        ("欠席 上田市", "上田市は、出席としていません。"),
        ("当日参加 長野市 1名", "おいでになった合計の人数でお書きください"),
        ("当日参加 上田市", "「当日参加 上田市 2名」のように"),
        ("欠席 松本市 1名", "団体の名前かコードでお書きください"),
        ("欠席 札幌市", "「札幌市」に当たる団体が、名簿にありません。"),
        ("欠席 松本市、202029", "松本市が2回書かれています。"),
        ("出席 N26-99 長野市", "N26-99 という研修会・会議はありません。"),
        ("みなさんお元気でした", "指示として読み取れませんでした"),
    ],
)
def test_what_is_not_understood_changes_nothing(office: PostOffice, asked: Copy, line: str, why: str) -> None:
    """The line is named with the reason, and the lines below it wait for a word that is."""
    office.command(asked, f"{line}\n全員出席")
    assert entered(office) == {}
    said = answer(office)
    assert "次の行は行っておりません。・" + "".join(line.split()) in said
    assert "".join(why.split()) in said


def test_a_name_that_two_bodies_share(office: PostOffice, asked: Copy) -> None:
    """No guess: it is asked which, and the prefecture or the code says it."""
    office.register((*BODIES, Body("132063", "松本市", "city", "東京都")), CONTACTS)
    office.command(asked, "欠席 松本市")
    assert "「松本市」に当たる団体は、東京都松本市132063、長野県松本市202029です。" in answer(office)
    (told,) = [copy for copy in office.all_copies() if copy.kind == "office_answer"]
    office.command(told, "欠席 N26-07 長野県 松本市")
    assert entered(office) == {MATSUMOTO: 0}


def test_only_the_office_says_who_was_there(office: PostOffice, asked: Copy) -> None:
    """A reply from another address, or one that nobody vouches for, waits for the office."""
    assert office.command(asked, "全員出席", STRANGER).state == "held"
    assert office.reply(asked, "全員出席").state == "held"
    assert entered(office) == {}


def test_a_mail_about_something_else_needs_the_key(office: PostOffice, asked: Copy) -> None:
    """「全員出席」 in reply to a report is asked back; with the key it is done, in whatever case."""
    assert office.post(STRANGER).state == "held"
    (other,) = office.copies("office_held")
    office.command(other, "全員出席")
    assert "どの研修会・会議のことか分かりません。" in answer(office)
    assert asked.kind == "attendance"
    assert office.post(STRANGER).state == "held"
    (other,) = office.copies("office_held")
    office.command(other, "全員出席 n26-07")
    assert entered(office) == {NAGANO: 2, MATSUMOTO: 1}


def test_not_before_the_event_and_not_when_it_is_not_held(office: PostOffice) -> None:
    """One sentence; and nobody is asked who was at an event that was cancelled or never announced."""
    seminar(office)
    assert office.post(STRANGER).state == "held"
    (other,) = office.copies("office_held")
    office.command(other, f"全員出席 {KEY}")
    assert f"{KEY}はまだ始まっていません。" in answer(office)
    with office.database.write() as connection:
        cancel_event(connection, office.site, KEY, "", office.now)
    office.copies()
    assert office.go_on(ENDS) == []
    assert office.post(STRANGER).state == "held"
    (other,) = office.copies("office_held")
    office.command(other, f"全員出席 {KEY}")
    assert f"{KEY}は中止になっています。" in answer(office)


def test_nobody_is_asked_where_nothing_is_to_be_said(office: PostOffice) -> None:
    """Never announced, nobody with a seat, or all entered at the terminal already: no mail, and the run is done."""
    office.apply(replace(HELD, notices=()))
    assert office.go_on(ENDS) == []
    office.now = ENDS - timedelta(days=60)
    office.apply(replace(HELD, key="N26-08"))
    with office.database.write() as connection:
        announce_event(connection, office.site, "N26-08", 0, office.now)
    (notice, *_) = office.copies("event_notice")
    office.reply(notice, "参加 1名 山田太郎")
    office.copies()
    office.now = ENDS
    with office.database.write() as connection:
        enter_attendance(connection, office.site, "N26-08", ("全員",), ENDS)
    assert all(copy.kind != "attendance" for copy in office.go_on(ENDS))
    with office.database.read() as connection:
        (run,) = occurrences.done(connection, "event:N26-08:attendance")
    assert run.note == "0 on the list that the office got"


def test_a_moved_event_is_asked_about_at_its_new_end(office: PostOffice) -> None:
    """The question moves with the event; without a written end it comes at 17:00."""
    seminar(office)
    office.apply(replace(HELD, date=HELD.date + timedelta(days=1), ends=None))
    office.copies()
    assert office.go_on(ENDS + timedelta(hours=20)) == []
    (mail,) = office.go_on(ENDS + timedelta(days=1, hours=2))
    assert mail.kind == "attendance"


def test_how_an_event_stands(office: PostOffice, asked: Copy) -> None:
    """「状況 N26-07」 answers with its figures."""
    office.command(asked, f"状況 {KEY}")
    assert (
        "4団体にご案内し、ご出席が2団体3名、空き待ちが1団体、ご欠席が0団体で、ほかの1団体は決まっていません。"
        in answer(office)
    )


def test_in_english(office: PostOffice) -> None:
    """The list and the words."""
    seminar(office)
    english = in_english(office)
    english._seen = office._seen
    (mail,) = [copy for copy in english.go_on(ENDS) if copy.kind == "attendance"]
    assert "  202011 長野市 (長野県)  2  山田太郎, 鈴木花子" in mail.text
    english.command(mail, "all attended\nabsent 202029\njoined 202037 2 people")
    assert entered(english) == {NAGANO: 2, MATSUMOTO: 0, UEDA: 2}
    (told,) = english.copies()
    assert "Now 4 people of 2 bodies were there, and 1 bodies were absent." in " ".join(told.text.split())
