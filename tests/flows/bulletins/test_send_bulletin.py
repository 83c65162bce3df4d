"""The mail magazine: to each reader once, by its list and beside it, at its time, with a way out of it alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from mailbot.core.bulletins.bulletin import Bulletin
from mailbot.core.lists.mailing_list import MailingList
from mailbot.core.mail.token import leave_token
from mailbot.core.members.audience import Selector
from mailbot.core.refusal import Refusal
from mailbot.flows.bulletins.cancel_bulletin import CalledBack, cancel_bulletin
from mailbot.flows.bulletins.send_bulletin import SentBulletin, send_bulletin
from mailbot.flows.bulletins.try_bulletin import try_bulletin
from mailbot.flows.events.announce_event import announce_event
from mailbot.flows.events.cancel_event import cancel_event
from mailbot.flows.members.obey_link import obey_link
from mailbot.flows.members.set_member import set_member
from mailbot.flows.runs.run_due import run_due
from mailbot.store.bulletins import bulletins
from mailbot.store.bulletins.bulletins import StoredBulletin
from mailbot.store.lists import lists
from mailbot.store.members import other_addresses
from mailbot.store.runs import occurrences
from tests.flows.post_office import (
    EVENT,
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

BODY = """\
## 年末のごあいさつ

今年もお世話になりました。[報告書](https://example.jp/2026)を公開しました。
"""
DAYORI = MailingList(
    "dayori", "協議会だより", "announce", Selector(tags=("security",)), reply_to="author", leave=True
)
AT = datetime(2026, 6, 19, 10, 0, tzinfo=TOKYO)
ISSUE = Bulletin("M26-06", "6月号", BODY, list="dayori", audience=(Selector(kinds=("city",)),), sends=AT)


def apply(office: PostOffice, *values: Bulletin) -> None:
    """Apply the magazine's list and these issues."""
    office.apply(DAYORI, *values)


def send(office: PostOffice, key: str = ISSUE.key, undo_minutes: int = 0) -> SentBulletin:
    """Send an issue by hand."""
    with office.database.write() as connection:
        return send_bulletin(
            connection, office.site, key, office.now, by="command line", undo_minutes=undo_minutes
        )


def cancel(office: PostOffice, key: str = ISSUE.key) -> CalledBack:
    """Call an issue back."""
    with office.database.write() as connection:
        return cancel_bulletin(connection, office.site, key, office.now, by="command line")


def stands(office: PostOffice, key: str = ISSUE.key) -> StoredBulletin:
    """Return an issue as it is stored."""
    with office.database.read() as connection:
        stored = bulletins.load(connection, key)
    assert stored is not None
    return stored


def click(office: PostOffice, copy: Copy) -> None:
    """Follow the link of List-Unsubscribe in a copy."""
    token = leave_token(office.site.key, "dayori", copy.id)
    assert token in copy["List-Unsubscribe"]
    with office.database.write() as connection:
        assert obey_link(connection, office.site, token, None, office.now) is not None


def test_each_reader_gets_one(office: PostOffice) -> None:
    """The list's members first, then whom the audience names; who is both has one copy, from the magazine."""
    apply(office, ISSUE)
    sent = send(office)
    copies = office.copies("bulletin")
    assert [copy.to for copy in copies] == [SATO, SUZUKI, YAMADA, TANAKA]
    assert (sent.copies, sent.readers.by_way, sent.readers.doubled) == (4, (3, 1), 3)
    copy = copies[0]
    assert copy["Subject"] == "【協議会だより 第1号】6月号"
    assert (copy["From"], copy["Reply-To"]) == (
        "協議会だより <dayori@ml.example.jp>",
        f"全国協議会 事務局 <{OFFICE}>",
    )
    assert copy.mail_from == "dayori-bounces"
    assert [part.get_content_type() for part in copy.mail.walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]
    assert "■ 年末のごあいさつ" in copy.text
    assert "　https://example.jp/2026" in copy.text
    assert "dayori-leave@ml.example.jp" in copy.text
    with pytest.raises(Refusal, match="went out 2026-06-18 10:00 already"):
        send(office)
    assert office.copies() == []


def test_a_person_with_two_addresses_gets_one(office: PostOffice) -> None:
    """His department's address, which the audience names too, is his; and it gets none once he has left."""
    with office.database.write() as connection:
        other_addresses.add(connection, SATO, "joho@city.matsumoto.lg.jp")
    department = Selector(emails=("joho@city.matsumoto.lg.jp",))
    apply(
        office, replace(ISSUE, audience=(department,)), replace(ISSUE, key="M26-07", audience=(department,))
    )
    send(office)
    copies = office.copies("bulletin")
    assert [copy.to for copy in copies] == [SATO, SUZUKI, YAMADA]
    click(office, copies[0])
    send(office, "M26-07")
    assert {copy.to for copy in office.copies("bulletin")} == {SUZUKI, YAMADA}


def test_it_leaves_at_its_time_once(office: PostOffice) -> None:
    """By the due-table; a day too late it stays here, and the office is asked."""
    apply(office, ISSUE, replace(ISSUE, key="M26-07", sends=AT + timedelta(days=10)))
    assert run_due(office.database, office.site, AT - timedelta(seconds=1)) == 0
    assert run_due(office.database, office.site, AT) == 1
    assert len(office.copies("bulletin")) == 4
    assert run_due(office.database, office.site, AT + timedelta(minutes=1)) == 0
    assert run_due(office.database, office.site, AT + timedelta(days=12)) == 1
    told = office.copies()
    assert [copy.kind for copy in told] == ["office_report"]
    assert "送信" in told[0].text  # by a word of the office it still goes out
    assert stands(office, "M26-07").state == "draft"


def test_what_is_late_says_so(office: PostOffice) -> None:
    """Within a day it leaves, with a line of apology at its top."""
    apply(office, ISSUE)
    run_due(office.database, office.site, AT + timedelta(hours=3))
    assert "遅れました" in office.copies("bulletin")[0].text


def test_one_click_stops_the_magazine_alone(office: PostOffice) -> None:
    """Of a member of the list, and of a reader whom the audience named; both stay on their other lists."""
    apply(office, ISSUE, replace(ISSUE, key="M26-07"))
    send(office)
    by_address = {copy.to: copy for copy in office.copies("bulletin")}
    click(office, by_address[SATO])
    click(office, by_address[TANAKA])
    assert {copy.to for copy in office.copies("member_answer")} == {SATO, TANAKA}
    sent = send(office, "M26-07")
    assert {copy.to for copy in office.copies("bulletin")} == {SUZUKI, YAMADA}
    assert sent.readers.left == 2
    with office.database.read() as connection:
        for address in (SATO, TANAKA):
            assert lists.is_member(connection, "kaigi", address)


def test_a_reader_comes_back(office: PostOffice) -> None:
    """The answer to the click takes it back, also of a reader who is no member."""
    apply(office, ISSUE, replace(ISSUE, key="M26-07"))
    send(office)
    (copy,) = [copy for copy in office.copies("bulletin") if copy.to == TANAKA]
    click(office, copy)
    told = office.only_copy("member_answer")
    office.reply(told, "取消")
    office.copies()
    send(office, "M26-07")
    assert TANAKA in {copy.to for copy in office.copies("bulletin")}


def test_copies_are_called_back(office: PostOffice) -> None:
    """In the minutes that they wait all of them, and the number is free again; once they are out, none."""
    apply(office, ISSUE, replace(ISSUE, key="M26-07"))
    send(office, undo_minutes=10)
    assert cancel(office) == CalledBack(withdrawn=4, out=0)
    assert {copy.state for copy in office.copies("bulletin")} == {"withdrawn"}
    assert stands(office).state == "cancelled"
    with pytest.raises(Refusal, match="was called back already"):
        cancel(office)
    with pytest.raises(Refusal, match="give what is to go out a key of its own"):
        send(office)
    assert send(office, "M26-07").number == 1


def test_a_draft_is_called_back_for_good(office: PostOffice) -> None:
    """Its planned run does nothing."""
    apply(office, ISSUE)
    assert cancel(office) == CalledBack(0, 0)
    assert run_due(office.database, office.site, AT) == 0
    assert office.copies() == []
    with office.database.read() as connection:
        (run,) = occurrences.between(connection, AT, AT + timedelta(minutes=1))
    assert run.state == "skipped"


def test_who_gets_digests_gets_the_issue_in_one(office: PostOffice) -> None:
    """It is kept as a post of its list; who rests gets nothing, though the audience names him too."""
    apply(office, ISSUE)
    with office.database.write() as connection:
        for address, mode in ((SATO, "digest"), (SUZUKI, "none")):
            set_member(connection, office.site, "dayori", address, office.now, mode=mode)
    send(office)
    assert {copy.to for copy in office.copies("bulletin")} == {YAMADA, TANAKA}
    assert stands(office).post == 1


def test_sections_are_merged_in(office: PostOffice) -> None:
    """Coming events and open surveys that are for everybody, and the new posts of an open list; not the officers' own.

    What was cancelled is coming no more.
    """
    issue = replace(ISSUE, sections=("events", "surveys", "posts kaigi"))
    apply(office, issue)
    office.open_survey()
    board = replace(EVENT, key="B26-01", title="役員会", audience=Selector(tags=("officer",)))
    gone = replace(EVENT, key="N26-08", title="中止の研修会")
    office.apply(EVENT, board, gone)
    with office.database.write() as connection:
        for key in (EVENT.key, board.key, gone.key):
            announce_event(connection, office.site, key, 0, office.now)
        cancel_event(connection, office.site, gone.key, "台風", office.now)
    office.post(SUZUKI, to="kaigi@ml.example.jp", subject="標準化の移行時期")
    office.copies()
    office.pass_time(timedelta(minutes=1))
    send(office)
    text = office.copies("bulletin")[0].text.replace("\r", "")
    assert "■ 今後の予定\n・第1回トピックスセミナー\n" in text.replace("\n\n", "\n")
    assert "2026年10月22日（木）【時間未定】" in text
    assert "LG.JPドメインの利用について [S26-014]" in text
    assert "■ 新着（電子会議室）" in text
    assert "標準化の移行時期（鈴木一郎）" in text
    assert "役員会" not in text
    assert "中止の研修会" not in text


def test_a_standing_bulletin_sends_an_issue_each_time(office: PostOffice) -> None:
    """On the first business day of each month, numbered, with what is new since the last; nothing new is no issue."""
    standing = replace(
        ISSUE,
        key="M",
        title="今月の予定",
        audience=(),
        sends=None,
        every="毎月第1営業日 10:00",
        sections=("posts kaigi",),
    )
    assert office.apply(DAYORI, standing)[-1] == "+ bulletin M: 今月の予定"
    assert office.apply(DAYORI, standing) == ()
    found = []
    for month, posts in ((7, 1), (8, 0), (9, 2)):
        for number in range(posts):
            office.post(SUZUKI, to="kaigi@ml.example.jp", subject=f"{month}月の話題{number}")
        office.copies()
        due = datetime(2026, month, 3 if month == 8 else 1, 10, 0, tzinfo=TOKYO)
        office.now = due
        assert run_due(office.database, office.site, due) == 1
        found.append(office.copies())
        office.pass_time(timedelta(minutes=1))
    assert [[copy["Subject"] for copy in copies if copy.kind == "bulletin"][:1] for copies in found] == [
        ["【協議会だより 第1号】今月の予定"],
        [],
        ["【協議会だより 第2号】今月の予定"],
    ]
    assert (
        "nothing is new in its sections"
        in next(copy for copy in found[1] if copy.kind == "office_report").text
    )
    assert "7月の話題" not in found[2][0].text
    assert "9月の話題1" in found[2][0].text
    assert office.apply(DAYORI, standing) == ()
    assert stands(office, "M-260901").number == 2
    with pytest.raises(Refusal, match="goes out by its rule"):
        send(office, "M")
    assert stands(office, "M").bulletin.sends == datetime(2026, 10, 1, 10, 0, tzinfo=TOKYO)


def test_a_trial_goes_to_the_panel_alone(office: PostOffice) -> None:
    """Marked in its Subject, without a way out that would be the panel's; nothing is counted, nothing is sent."""
    apply(office, replace(ISSUE, test_to=("panel@example.jp", "Panel@example.jp")))
    with office.database.write() as connection:
        try_bulletin(connection, office.site, ISSUE.key, (), office.now, by="command line")
    copy = office.only_copy("bulletin_trial")
    assert copy["Subject"] == "【試し送り】【協議会だより 第1号】6月号"
    assert copy["List-Unsubscribe"] == ""
    assert stands(office).state == "draft"
    apply(office, replace(ISSUE, test_to=()))
    with office.database.write() as connection, pytest.raises(Refusal, match="nobody is named"):
        try_bulletin(connection, office.site, ISSUE.key, (), office.now, by="command line")
    with office.database.write() as connection, pytest.raises(Refusal, match="'panel' is not a mail address"):
        try_bulletin(connection, office.site, ISSUE.key, ("panel",), office.now, by="command line")


def test_in_iso_2022_jp(office: PostOffice) -> None:
    """The text leaves in seven bits, for readers whose programs know nothing else."""
    apply(office, replace(ISSUE, charset="iso-2022-jp"))
    send(office)
    copy = office.copies("bulletin")[0]
    part = copy.mail.get_body(("plain",))
    assert part is not None
    assert (part.get_content_charset(), part["Content-Transfer-Encoding"]) == ("iso-2022-jp", "7bit")
    assert "■ 年末のごあいさつ" in part.get_content()


def test_who_wants_plain_text_gets_that_alone(office: PostOffice) -> None:
    """No HTML beside it."""
    apply(office, ISSUE)
    with office.database.write() as connection:
        set_member(connection, office.site, "dayori", SATO, office.now, profile="plain")
    send(office)
    kinds = {copy.to: copy.mail.get_content_type() for copy in office.copies("bulletin")}
    assert kinds[SATO] == "text/plain"
    assert kinds[YAMADA] == "multipart/alternative"


def test_what_went_out_does_not_change(office: PostOffice) -> None:
    """A draft does; one line each."""
    apply(office, ISSUE)
    assert office.apply(DAYORI, replace(ISSUE, title="夏号")) == ("~ bulletin M26-06: title",)
    send(office)
    with pytest.raises(Refusal, match="went out; `title` can no longer change"):
        apply(office, ISSUE)


def test_nobody_is_no_audience(office: PostOffice) -> None:
    """A bulletin that nobody would get is refused with what to look at."""
    apply(office, Bulletin("M26-09", "空", BODY, audience=(Selector(tags=("nobody",)),)))
    with pytest.raises(Refusal, match="nobody would get it"):
        send(office, "M26-09")


def test_without_a_list_it_is_the_offices_own_mail(office: PostOffice) -> None:
    """No List fields, no way out that leads nowhere; a duty letter to the register."""
    apply(office, Bulletin("M26-09", "会費のご案内", BODY, audience=(Selector(everyone=True),), number=3))
    send(office, "M26-09")
    copies = office.copies("bulletin")
    assert {copy.to for copy in copies} == {YAMADA, SUZUKI, SATO, TANAKA, TAKAHASHI}
    assert copies[0]["Subject"] == "会費のご案内"
    assert copies[0]["List-Unsubscribe"] == ""
    assert copies[0]["From"].endswith(f"<{OFFICE}>")
    assert "配信の停止" not in copies[0].text
