"""The plan's weekly mail: what goes out, to how many, what was late; and the office moves it by reply."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta

import pytest
from sqlalchemy import delete

from mailbot.core.office.run_change import RunChange
from mailbot.core.refusal import Refusal
from mailbot.flows.runs.change_run import change_run
from mailbot.flows.runs.keep_up import keep_up
from mailbot.flows.runs.run_due import run_due
from mailbot.show.show_schedule import schedule_rows
from mailbot.store.runs import occurrences
from mailbot.store.tables import journal
from tests.flows.office.test_settle_act import RESOLUTION
from tests.flows.post_office import EVENT, OFFICE, SURVEY, TOKYO, Copy, PostOffice, in_english

MONDAY = datetime(2026, 6, 29, 8, 30, tzinfo=TOKYO)
LATER = replace(
    SURVEY,
    key="S26-015",
    title="行政手続のオンライン化に関する照会",
    opens=datetime(2026, 7, 5, 9, tzinfo=TOKYO),
    closes=datetime(2026, 7, 17, 17, tzinfo=TOKYO),
    reminders=(),
)
EXPECTED = """\
事務局 ご担当者様

6月29日（月）から7月5日（日）までの予定と、その後1か月の予定を
お知らせします。

■ 今週の予定（7月5日（日）まで）

　6月29日（月）9時　P-0002
　　S26-014の再度のお願い　4通
　　「LG.JPドメインの利用について」

　7月2日（木）17時　P-0003
　　S26-014の調査の締切　4通
　　「LG.JPドメインの利用について」

　7月5日（日）9時　P-0004
　　S26-015の調査の開始　4通
　　「行政手続のオンライン化に関する照会」
　　※役所の休みの日です。

■ その後の予定（7月29日（水）まで）

　7月17日（金）17時　P-0005
　　S26-015の調査の締切　4通
　　「行政手続のオンライン化に関する照会」

■ 先週の様子
　予定どおりに行ったもの　1件
　遅れたもの、行わなかったものはありません。

【予定を動かすとき】　このメールに返信して、本文の先頭に、
　1行に1つお書きください。
　日を改めるときは「P-0012 延期 7/9 10:00」
　見送るときは「P-0012 見送り」
　すぐに送るときは「P-0012 送信」
　元の予定に戻すときは「P-0012 取消」
　送っている途中で止めるときは「停止 N26-07」
　締切を延ばすときは「延期 S26-014 7/9」
　番号は例です。時刻は Asia/Tokyo のものです。
　返信できるのは、このメールを受け取った方だけです
　（14日の間に1回）。
"""


def written(office: PostOffice, moment: datetime) -> list[Copy]:
    """Return the plan's mails that a look at this moment brings."""
    office.now = moment
    keep_up(office.database, office.site, moment)
    return office.copies("plan")


@pytest.fixture
def planned(office: PostOffice) -> PostOffice:
    """A survey that is open since Monday of the week before, another to come, and an event in autumn."""
    office.now = datetime(2026, 6, 17, 9, tzinfo=TOKYO)
    office.apply(replace(SURVEY, opens=datetime(2026, 6, 23, 9, tzinfo=TOKYO)), LATER, EVENT)
    run_due(office.database, office.site, datetime(2026, 6, 23, 9, tzinfo=TOKYO))
    return office


def test_it_reads_as_a_secretary_would_have_written_it(planned: PostOffice) -> None:
    """This week, the month behind it and the week before it, with days of the week, numbers of mails and what to note."""
    planned.copies()
    (mail,) = written(planned, MONDAY)
    assert mail["Subject"] == "【予定】6月29日（月）からの1週間 3件"
    assert mail.to == OFFICE
    assert mail.text.replace("\r\n", "\n") == EXPECTED


def test_a_resolution_is_no_survey_to_its_readers(office: PostOffice) -> None:
    """Not in the plan, not in the report of a run that was late, not in what is said of a change."""
    opens, closes = (datetime(2026, 7, day, 9, tzinfo=TOKYO) for day in (6, 17))
    office.apply(replace(RESOLUTION, opens=opens, closes=closes))
    with office.database.write() as connection:
        (opening, *_) = occurrences.between(connection, office.now, closes)
        with pytest.raises(Refusal, match="K26-02の書面表決の開始は、見送れません"):
            change_run(connection, office.site, opening.number, RunChange("skip"), office.now, by=OFFICE)
        (row,) = schedule_rows(connection, office.site, [], [opening])
        assert row["what"] == "K26-02の書面表決の開始"
    (plan,) = written(office, MONDAY)
    assert plan.says("K26-02の書面表決の開始")
    office.look(closes + timedelta(days=1))
    reports = office.copies("office_report")
    assert reports[0].says("K26-02の書面表決の開始")
    assert not any("調査" in copy.text for copy in (plan, *reports))


def test_it_names_words_that_stand_beside_answers(planned: PostOffice) -> None:
    """No rule knows all that takes an answer back; so a person reads them before the result is published."""
    invitation = planned.copies("invitation")[0]
    planned.now = datetime(2026, 6, 24, 9, tzinfo=TOKYO)
    planned.reply(invitation, "Q1 2\n\n夏に庁舎が移りました。")
    (mail,) = written(planned, MONDAY)
    assert (
        "■ お答えに添えられた文\n　この1週間に、お答えのほかに文のあるメールが1通ありました"
        in mail.text.replace("\r", "")
    )
    assert "（S26-014 1通）" in mail.text


def test_it_comes_once_on_the_first_business_day_of_the_week(planned: PostOffice) -> None:
    """Not before its time, not twice, not on Tuesday; after a Monday off it comes on Tuesday."""
    assert written(planned, MONDAY - timedelta(minutes=1)) == []
    assert len(written(planned, MONDAY)) == 1
    assert written(planned, MONDAY + timedelta(hours=3)) == []
    assert written(planned, MONDAY + timedelta(days=1)) == []
    assert written(planned, datetime(2026, 7, 20, 9, tzinfo=TOKYO)) == []  # 海の日
    assert len(written(planned, datetime(2026, 7, 21, 9, tzinfo=TOKYO))) == 1


def test_nothing_planned_is_no_mail_and_it_can_be_off(office: PostOffice) -> None:
    """A folder without surveys and events says nothing each Monday."""
    assert written(office, MONDAY) == []
    office.apply(LATER)
    office.site = replace(office.site, plan_at=None)
    assert written(office, MONDAY) == []
    office.site = replace(office.site, plan_at=time(9))
    assert len(written(office, MONDAY + timedelta(hours=1))) == 1


def test_a_folder_set_up_after_its_time_gets_it_a_week_later(office: PostOffice) -> None:
    """What was planned on that day, in a folder of that day, is no news to the office; a look on a bare database says nothing."""
    with office.database.write() as connection:  # nobody had done anything before
        connection.execute(delete(journal))
    assert written(office, MONDAY + timedelta(minutes=1)) == []
    office.now = MONDAY + timedelta(hours=1)
    office.apply(LATER)
    assert written(office, MONDAY + timedelta(hours=2)) == []
    assert len(written(office, MONDAY + timedelta(days=7))) == 1


def test_each_person_of_the_office_moves_it_by_reply(planned: PostOffice) -> None:
    """Each has a reply address of his own; a line each for a run, and the answer says what was done."""
    planned.site = replace(planned.site, desk=(OFFICE, "kaicho@example.jp"))
    mails = written(planned, MONDAY)
    assert {mail.to for mail in mails} == {OFFICE, "kaicho@example.jp"}
    first = next(mail for mail in mails if mail.to == OFFICE)
    assert planned.command(first, "P-0002 見送り\nP-0004 延期 7/6 9:00").state == "answered"
    answer = "".join(planned.only_copy("office_answer").text.split())
    assert "S26-014の再度のお願いを見送りました。" in answer
    assert "S26-015の調査の開始を、2026年7月6日（月）9時00分に延期しました。" in answer
    assert run_due(planned.database, planned.site, MONDAY + timedelta(hours=2)) == 0
    (next_week,) = [one for one in written(planned, MONDAY + timedelta(days=7)) if one.to == OFFICE]
    assert "ご指示により見送りました。" in next_week.text


def test_what_was_moved_asked_or_not_published_is_said(office: PostOffice) -> None:
    """A run that a person moved, one that waits for a word, and a date whose holidays nobody knows yet."""
    far = datetime(2028, 1, 11, 9, tzinfo=TOKYO)
    office.apply(EVENT, replace(LATER, opens=far, closes=far + timedelta(days=14)))
    first = EVENT.notices[0].at
    assert first is not None
    office.now = first + timedelta(days=4)
    office.look()
    with office.database.write() as connection:
        number = occurrences.due(connection, datetime(2026, 12, 1, tzinfo=TOKYO))[0].number
        change = RunChange("postpone", datetime(2026, 10, 16, 10, tzinfo=TOKYO))
        change_run(connection, office.site, number, change, office.now, by=OFFICE)
    office.copies()
    (mail,) = written(office, datetime(2026, 10, 5, 9, tzinfo=TOKYO))
    assert "お決めいただきたいこと 1件" in mail["Subject"]
    assert "定義では10月19日（月）10時の予定です。" in mail.text
    (mail,) = written(office, datetime(2028, 1, 4, 9, tzinfo=TOKYO))
    assert "2028年の祝日はまだ公表されていません" in "".join(mail.text.split())


def test_in_english(planned: PostOffice) -> None:
    """The same in English."""
    english = in_english(planned)
    english._seen = planned._seen
    (mail,) = written(english, MONDAY)
    assert mail["Subject"] == "Plan: 3 runs in the week from Mon 29 Jun"
    assert "Thu 2 Jul, 17:00  P-0003" in mail.text
