"""A meeting of the officers: asked for a date, fixed by the office, invited, with proxies, quorum and draft minutes."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from mailbot.core.events.meeting import Meeting
from mailbot.core.members.audience import Selector
from mailbot.core.refusal import Refusal
from mailbot.core.surveys.survey import Reminder, Share
from mailbot.flows.events.command_meeting import meeting_status
from mailbot.flows.events.count_meeting import MeetingFigures, count_meeting
from mailbot.flows.events.fix_meeting import fix_meeting
from mailbot.flows.events.mail_meeting_minutes import meeting_minutes
from mailbot.flows.events.propose_dates import propose_dates
from mailbot.store.events import meetings
from tests.flows.post_office import (
    KARUIZAWA,
    MATSUMOTO,
    NAGANO,
    OFFICE,
    SATO,
    TAKAHASHI,
    TANAKA,
    TOKYO,
    UEDA,
    YAMADA,
    Copy,
    PostOffice,
    in_english,
)


def at(day: int, hour: int = 10, month: int = 7) -> datetime:
    """Return a moment of that summer."""
    return datetime(2026, month, day, hour, 0, tzinfo=TOKYO)


MEETING = Meeting(
    key="B26-01",
    title="第1回役員会",
    members=Selector(everyone=True),
    place="都市会館",
    quorum=Share(1, 2, "electorate", more_than=True),
    candidates=(at(7, 14), at(8, 14), at(9, 14)),
    poll_opens=at(19, 10, 6),
    poll_closes=at(26, 17, 6),
    agenda=("事業報告", "来年度の計画"),
    material=("https://example.jp/shiryo",),
    chair=NAGANO,
)


def flat(text: str) -> str:
    """Return a text without the breaks that wrapping made."""
    return re.sub(r"\r?\n\u3000*", "", text)


def figures(office: PostOffice) -> MeetingFigures:
    """Return the meeting in figures."""
    with office.database.read() as connection:
        stored = meetings.load(connection, MEETING.key)
        assert stored is not None
        return count_meeting(connection, stored)


def invited(office: PostOffice) -> dict[str, Copy]:
    """Fix the meeting for its second candidate; returns the invitations by address."""
    office.apply(MEETING)
    with office.database.write() as connection:
        fix_meeting(connection, office.site, MEETING.key, at(8, 14), office.now, by="command line")
    return {copy.to: copy for copy in office.copies("event_notice")}


def status(office: PostOffice) -> str:
    """Return what the office is told of where the meeting stands."""
    with office.database.read() as connection:
        stored = meetings.load(connection, "B26-01")
        assert stored is not None
        return meeting_status(connection, office.site, stored)


def test_from_the_poll_to_the_minutes(office: PostOffice) -> None:
    """○△× by reply, the best date to the office, 決定, 出席 and 委任 by reply, the draft when it has ended; who was there, by reply."""
    assert office.apply(MEETING) == ("+ meeting B26-01: 第1回役員会",)
    asked = {copy.to: copy for copy in office.go_on(at(19, 10, 6)) if copy.kind == "invitation"}
    assert set(asked) == {YAMADA, SATO, TANAKA, TAKAHASHI}
    assert asked[YAMADA]["Subject"] == "【日程調整】第1回役員会の日程（6/26締切） [B26-01-P]"
    assert "次の日程調整に、お答えをお願いいたします。" in asked[YAMADA].text
    assert "調査" not in asked[YAMADA].text
    assert "2026年7月7日（火）14時00分〜16時00分" in asked[YAMADA].text
    office.reply(asked[YAMADA], "7/7 ○\n7/8 ○\n7月9日（木） ×")
    for address, marks in ((SATO, "×○△"), (TANAKA, "△○○")):
        slots = {f"Q{number}": mark for number, mark in enumerate(marks, 1)}
        assert office.reply(asked[address], "", slots=slots).state == "voted"
    receipts = office.copies()
    assert {copy.kind for copy in receipts} == {"vote_receipt"}
    assert {copy["Subject"].partition("】")[0] for copy in receipts} == {"【日程調整・受付"}

    (proposal,) = [copy for copy in office.go_on(at(26, 17, 6) + timedelta(minutes=2)) if copy.to == OFFICE]
    assert proposal.kind == "meeting_proposal"
    text = proposal.text.replace("\r", "")
    assert text.index("2. 2026年7月8日") < text.index("1. 2026年7月7日") < text.index("3. 2026年7月9日")
    assert "←おすすめ" in text.split("\n")[[line.startswith("2. ") for line in text.split("\n")].index(True)]
    assert "○ 3　△ 0　× 0" in text
    assert "お返事のない団体　軽井沢町" in text
    office.command(proposal, "決定 B26-01 2")
    out = office.copies()
    assert "2026年7月8日（水）14時00分〜16時00分に決め、4団体にご案内を送ります" in flat(out[-1].text)
    notices = {copy.to: copy for copy in out if copy.kind == "event_notice"}
    assert set(notices) == {YAMADA, SATO, TANAKA, TAKAHASHI}
    for words in (
        "2026年7月8日（水）14時00分〜16時00分",
        "1. 事業報告",
        "https://example.jp/shiryo",
        "「委任 議長」",
    ):
        assert words in notices[SATO].text

    office.reply(notices[YAMADA], "出席 1名 山田太郎")
    office.reply(notices[SATO], "委任 議長")
    office.reply(notices[TANAKA], "欠席")
    here = figures(office).attendance
    assert (here.attending, here.declined, here.silent) == ((NAGANO,), (UEDA,), (KARUIZAWA,))
    assert [one.code for one in here.proxies] == [MATSUMOTO]
    assert (here.quorum.count, here.quorum.least, here.quorum.reached) == (2, 3, False)
    office.reply(notices[TAKAHASHI], "委任 上田市")
    assert "出席1、委任1、受任者のご出席がなく数に入らない委任1、欠席1、お返事なし0。" in status(office)
    office.reply(notices[TAKAHASHI], "出席 1名 高橋")
    assert figures(office).attendance.quorum.reached
    office.copies()

    (minutes,) = office.go_on(at(8, 16))
    assert (minutes.kind, minutes.to) == ("meeting_minutes", OFFICE)
    assert "【議事録案】第1回役員会 [B26-01]" in minutes["Subject"]
    text = flat(minutes.text)
    assert "会員4団体のうち、出席2団体、委任1団体、計3団体" in text
    assert "定足数3団体　成立" in text
    assert "松本市 → 議長" in text
    assert "(1) 事業報告" in text

    office.command(minutes, "欠席 長野市\n当日参加 上田市 1名")
    assert office.only_copy("office_answer")["Subject"] == "【事務局】2件を行いました [B26-01]"
    here = figures(office).attendance
    assert (here.attending, here.declined) == ((UEDA, KARUIZAWA), (NAGANO,))
    assert (here.proxies, [one.code for one in here.idle]) == ((), [MATSUMOTO])  # the chair was not there
    assert not here.quorum.reached
    with office.database.write() as connection:
        assert "定足数3団体　不成立" in flat(
            meeting_minutes(connection, office.site, MEETING.key, office.now)
        )


def test_a_poll_whose_mails_were_headed_as_a_survey_is_still_answered(office: PostOffice) -> None:
    """A reply to 【調査】 of before counts as any other."""
    office.apply(MEETING)
    asked = {copy.to: copy for copy in office.go_on(at(19, 10, 6)) if copy.kind == "invitation"}
    subject = "Re: 【調査】第1回役員会の日程（6/26締切） [B26-01-P]"
    to = office.reply_address(asked[YAMADA])
    assert office.hand_in(office.mail(YAMADA, to, "Q1 ○\nQ2 ○\nQ3 ×", subject), to).state == "voted"


def test_a_proxy_is_answered_and_ends_when_its_giver_comes(office: PostOffice) -> None:
    """It says whether its holder attends; who answers 出席 later has given none."""
    notices = invited(office)
    office.reply(notices[SATO], "上田市に委任します")
    (told,) = office.copies("meeting_proxy")
    assert told.to == SATO
    assert "松本市から上田市への委任を承りました" in flat(told.text)
    assert "ご出席はまだ確かめられていません" in flat(told.text)
    assert [one.code for one in figures(office).attendance.idle] == [MATSUMOTO]
    office.reply(notices[TANAKA], "出席 1名 田中")
    assert [one.code for one in figures(office).attendance.proxies] == [MATSUMOTO]
    office.reply(told, "出席 1名 佐藤")
    here = figures(office).attendance
    assert here.proxies == here.idle == ()
    assert MATSUMOTO in here.attending


def held(office: PostOffice) -> list[tuple[str, str]]:
    """Return to whom a word about a proxy that he holds went, and the word."""
    return [(copy.to, flat(copy.text)) for copy in office.copies("meeting_proxy_held")]


def test_who_holds_a_proxy_hears_of_it(office: PostOffice) -> None:
    """From whom, how many, how it ends, and that it counts where he comes; once for each change, and at its end."""
    notices = invited(office)
    office.copies()
    office.reply(notices[SATO], "委任 上田市")
    ((to, text),) = held(office)
    assert to == TANAKA
    for words in (
        "松本市から貴団体への委任を、",
        "ご出席にならないと、この委任は定足数に数えられません",
        "松本市が「出席」と返信するか、ほかへ委任なさると、この委任は終わります",
        "いま1団体の分です。（松本市）",
        "2026年7月8日（水）14時00分〜16時00分",
    ):
        assert words in text
    office.reply(notices[SATO], "委任 上田市")
    assert held(office) == []
    office.reply(notices[TANAKA], "出席 1名 田中")
    office.reply(notices[TAKAHASHI], "委任 上田市")
    ((to, text),) = held(office)
    assert "ご出席をもって、軽井沢町の分も定足数に数えます" in text
    assert "いま2団体の分です。（松本市、軽井沢町）" in text
    office.reply(notices[SATO], "委任 長野市")
    moved = dict(held(office))
    assert "松本市から貴団体への委任は、" in moved[TANAKA]
    assert "終わりました" in moved[TANAKA]
    assert "いま1団体の分です。（軽井沢町）" in moved[TANAKA]
    assert "松本市から貴団体への委任を、" in moved[YAMADA]
    office.reply(notices[SATO], "出席 1名 佐藤")
    ((to, text),) = held(office)
    assert to == YAMADA
    assert "終わりました" in text
    assert "いまありません" in text
    office.reply(notices[SATO], "出席 2名 佐藤、鈴木")
    assert held(office) == []


def test_a_holder_answers_the_mail_that_tells_him(office: PostOffice) -> None:
    """A reply to it is his answer to the invitation; the chair, who may hold hundreds, is told of none."""
    notices = invited(office)
    office.copies()
    office.reply(notices[SATO], "委任 上田市")
    (told,) = office.copies("meeting_proxy_held")
    office.reply(told, "出席 1名 田中")
    assert [one.code for one in figures(office).attendance.proxies] == [MATSUMOTO]
    office.reply(notices[TAKAHASHI], "委任 議長")
    assert held(office) == []
    english = in_english(office)
    english.reply(notices[SATO], "proxy to 長野市")
    assert "You hold a proxy" in english.copies("meeting_proxy_held")[-1]["Subject"]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("委任 松本市", "ご自身の団体には委任できません"),
        ("委任 札幌市", "に当たる団体が、表決権のある会員に見当たりません"),
        ("委任 軽井沢町", "ご自身が委任なさっています"),
    ],
)
def test_a_proxy_that_cannot_be_is_refused_in_a_sentence(office: PostOffice, words: str, why: str) -> None:
    """To oneself, to nobody, to one who gave his own away; nothing is recorded."""
    notices = invited(office)
    office.reply(notices[TAKAHASHI], "委任 議長")
    office.copies()
    office.reply(notices[SATO], words)
    assert why in flat(office.only_copy("meeting_proxy").text)
    assert [one.code for one in figures(office).attendance.idle] == [KARUIZAWA]


def test_a_proxy_behind_an_absence_is_no_mere_absence(office: PostOffice) -> None:
    """「欠席します。長野市に委任します。」 gives the vote; who names nobody is absent, and is asked to whom."""
    notices = invited(office)
    office.reply(notices[YAMADA], "出席 1名 山田太郎")
    office.copies()
    office.reply(notices[SATO], "都合により欠席します。長野市に委任します。")
    (told,) = office.copies("meeting_proxy")
    assert told.text.startswith("松本市 ")
    assert "松本市から長野市への委任を承りました" in flat(told.text)
    assert "2026年7月8日（水）14時00分〜16時00分" in told.text
    office.reply(notices[TANAKA], "欠席します。委任状を提出します。")
    receipt, asked = office.copies()
    assert (receipt.kind, asked.kind) == ("rsvp_receipt", "meeting_proxy")
    assert "どなたへの委任かを読み取れませんでした" in flat(asked.text)
    assert "委任を記録しておりません" in asked.text
    here = figures(office).attendance
    assert ([one.code for one in here.proxies], here.declined) == ([MATSUMOTO], (UEDA,))
    office.reply(asked, "委任 議長")
    assert [one.code for one in figures(office).attendance.proxies] == [MATSUMOTO, UEDA]


@pytest.mark.parametrize("place", ["head", "slot"])
def test_a_proxy_in_the_slot_counts_as_one_at_the_top(office: PostOffice, place: str) -> None:
    """「【Q2回答】[議長に委任]」 beside 欠席 gives the vote; it was kept as a remark on who comes, and said nothing."""
    notices = invited(office)
    ballot = notices[SATO].text.replace("【Q1回答】[　　]", "【Q1回答】[欠席]")
    slot = ballot.replace("【Q2回答】[　　]", "【Q2回答】[議長に委任]")
    quoted = "".join(f"> {line}\n" for line in slot.splitlines())
    office.reply(notices[SATO], quoted if place == "slot" else "欠席します。議長に委任します。")
    assert office.only_copy("meeting_proxy").text.startswith("松本市 ")
    assert [one.code for one in figures(office).attendance.idle] == [MATSUMOTO]


@pytest.mark.parametrize(
    ("partstat", "given"), [("ACCEPTED", []), ("TENTATIVE", []), ("DECLINED", [MATSUMOTO])]
)
def test_a_proxy_beside_a_calendars_answer(office: PostOffice, partstat: str, given: list[str]) -> None:
    """Beside a Decline it is one; an Accept says the reverse, and its author is asked which of the two he means."""
    notice = invited(office)[SATO]
    (part,) = [each for each in notice.mail.walk() if each.get_content_type() == "text/calendar"]
    entry = bytes(part.get_payload(decode=True) or b"").decode().replace("\r\n ", "")
    uid = next(line for line in entry.splitlines() if line.startswith("UID:"))
    lines = [
        *("BEGIN:VCALENDAR", "VERSION:2.0", "METHOD:REPLY", "BEGIN:VEVENT", uid, "DTSTAMP:20260902T003011Z"),
        *(f"ATTENDEE;PARTSTAT={partstat}:mailto:{SATO}", "END:VEVENT", "END:VCALENDAR", ""),
    ]
    to = str(notice["Reply-To"]).partition("<")[2].rstrip(">")
    head, _, _ = office.mail(SATO, to, "議長に委任します。\n", "承諾").partition(b"\r\n\r\n")
    kept = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"content-")]
    kind = 'Content-Type: text/{}; charset="UTF-8"\r\nContent-Transfer-Encoding: 8bit\r\n\r\n'
    raw = b"\r\n".join(
        [
            *kept,
            b'Content-Type: multipart/alternative; boundary="apart"\r\n',
            b"--apart",
            kind.format("plain").encode() + "議長に委任します。\r\n".encode(),
            b"--apart",
            kind.format("calendar").encode() + "\r\n".join(lines).encode(),
            b"--apart--",
            b"",
        ]
    )
    office.hand_in(raw, to)
    assert ("どちらかをお書きください" in flat(office.only_copy("meeting_proxy").text)) == (not given)
    assert [one.code for one in figures(office).attendance.idle] == given


def test_who_holds_a_proxy_gives_none(office: PostOffice) -> None:
    """No chains and no circles; and nothing after the meeting has begun."""
    notices = invited(office)
    office.reply(notices[SATO], "委任 上田市")
    office.copies()
    office.reply(notices[TANAKA], "委任 議長")
    assert "ほかの会員から委任を受けています" in flat(office.only_copy("meeting_proxy").text)
    office.now = at(8, 14)
    office.reply(notices[TAKAHASHI], "委任 議長")
    assert "会議の始まりを過ぎている" in flat(office.only_copy("meeting_proxy").text)


def test_a_meeting_with_a_time_invites_by_plan(office: PostOffice) -> None:
    """Nobody is asked for the date; once its members are invited it moves by 決定 alone, and all hear of it."""
    fixed = replace(
        MEETING, candidates=(), poll_opens=None, poll_closes=None, at=at(8, 14), invite=at(22, 10, 6)
    )
    office.apply(fixed)
    assert {copy.kind for copy in office.go_on(at(22, 10, 6))} == {"event_notice"}
    with pytest.raises(Refusal, match=r"`at` can no longer change\. To move it: mailbot meetings fix"):
        office.apply(replace(fixed, at=at(9, 14)))
    assert office.apply(replace(fixed, agenda=("事業報告",))) == ("~ meeting B26-01: agenda (4 are told)",)
    office.copies()
    with office.database.write() as connection:
        moved = fix_meeting(connection, office.site, MEETING.key, at(10, 14), office.now, by="command line")
    assert (moved.moved, moved.invited) == (True, 4)
    assert {copy.kind for copy in office.copies()} == {"event_change"}


def test_who_was_being_asked_for_the_date_is_asked_no_more_once_it_is_fixed(office: PostOffice) -> None:
    """No reminder of the poll goes out behind the invitation; the office is told that it ends, an answer to it that it has ended."""
    asking = replace(MEETING, reminders=(Reminder(at=at(24, 10, 6)),))
    office.apply(asking)
    asked = {copy.to: copy for copy in office.go_on(at(19, 10, 6)) if copy.kind == "invitation"}
    office.reply(asked[YAMADA], "", slots={"Q1": "○", "Q2": "○", "Q3": "×"})
    assert office.only_copy("vote_receipt").to == YAMADA
    with office.database.write() as connection:
        propose_dates(connection, office.site, MEETING.key, office.now)
    proposal = office.only_copy("meeting_proposal")
    office.now = at(22, 10, 6)
    office.command(proposal, "決定 B26-01 2")
    out = office.copies()
    assert "日程のお尋ね（B26-01-P）は、これで締め切ります。" in flat(out[-1].text)
    assert {copy.kind for copy in out} == {"event_notice", "office_answer"}
    assert office.go_on(at(26, 17, 6) + timedelta(minutes=2)) == []
    office.reply(asked[SATO], "", slots={"Q1": "○", "Q2": "○", "Q3": "○"})
    assert "締切の後" in flat(office.copies()[0].text)
    assert [one.yes for one in figures(office).dates] == [(NAGANO,), (NAGANO,), ()]


def test_a_poll_that_is_not_open_when_the_date_is_fixed_never_opens(office: PostOffice) -> None:
    """The office knew the date by itself; nobody is asked for it, also not after the next change of the file."""
    invited(office)
    office.apply(replace(MEETING, agenda=("事業報告",)))
    office.copies()
    assert office.go_on(at(26, 17, 6) + timedelta(minutes=2)) == []


def test_a_meeting_is_not_fixed_for_nonsense(office: PostOffice) -> None:
    """A time that is past, one over midnight, the same again, none at all: one sentence each."""
    invited(office)
    for starts, why in (
        (at(1, 10, 6), "過ぎています"),
        (at(9, 23), "翌日にかかります"),
        (at(8, 14), "もうその日時に決まっています"),
        (None, "日時が決まっていません"),
    ):
        with office.database.write() as connection, pytest.raises(Refusal, match=why):
            fix_meeting(connection, office.site, MEETING.key, starts, office.now, by="command line")


def test_the_draft_of_the_minutes_is_there_at_any_time(office: PostOffice) -> None:
    """Before the meeting it shows who has said that he comes."""
    invited(office)
    with office.database.write() as connection:
        assert "お返事なし" in meeting_minutes(connection, office.site, MEETING.key, office.now)
